/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What this process did to the kernel for each instance, and the job that changes it.
 */

#include "exchange/messages.h"
#include "netlink-address.h"
#include "netlink-devconf.h"

typedef struct NetlinkHoldings {
	void *root; /* a tree by instance */
	NetlinkQuiet quiet;
} NetlinkHoldings;

/* Carries out a NETLINK_JOB_ADDRESSES. Returns 0 or the first error; whatever could be done is
 * done. */
int netlink_holdings_apply(NetlinkHoldings *holdings, NetlinkKernel *kernel, const NetlinkJob *job);
/* Carries out a NETLINK_JOB_HEAL, and fills what of job->heal is its answer. Returns 0 or the first
 * error. */
int netlink_holdings_heal(NetlinkHoldings *holdings, NetlinkKernel *kernel, const NetlinkJob *job);
/* Forgets, and leaves the kernel as it is. */
void netlink_holdings_clear(NetlinkHoldings *holdings);
