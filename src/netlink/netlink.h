/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The netlink thread: jobs in, completions out, and blocking in between. Everything that changes
 * the kernel's network configuration happens here, so that the kernel's lock delays nobody else.
 */

#include "exchange/messages.h"

/* What our addresses carry as IFA_PROTO: the IP protocol number of VRRP. */
#define NETLINK_ADDRESS_PROTOCOL 112

typedef struct Netlink Netlink;

typedef struct NetlinkOptions {
	bool real_time;
} NetlinkOptions;

/* Opens the socket in the caller's network namespace. Returns 0 or negative errno. @exchange must
 * outlive it. */
int netlink_new(Exchange *exchange, const NetlinkOptions *options, Netlink **ret);
/* Starts the thread, all signals blocked, and returns once it has its scheduling policy. Returns 0
 * or negative errno. */
int netlink_start(Netlink *netlink);
/* Whether the kernel granted real-time scheduling; after netlink_start. */
bool netlink_real_time(const Netlink *netlink);
/* Waits for the thread's end (NETLINK_JOB_STOP) and frees. Accepts NULL, returns NULL. */
Netlink *netlink_free(Netlink *netlink);
