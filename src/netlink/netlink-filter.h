/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * AcceptMode=no: the nftables table that keeps the host from taking for its own what is sent to a
 * virtual address.
 */

#include "exchange/messages.h"
#include "netlink-nftables.h"
#include "netlink-socket.h"

#define NETLINK_FILTER_TABLE "vrrpd" /* of the family inet */

typedef struct NetlinkFilterEntry {
	const EngineInstance *instance;
	uint8_t set;     /* which of the table's sets */
	uint8_t key[20]; /* the element as it is in the set */
} NetlinkFilterEntry;

typedef struct NetlinkFilter {
	NetlinkNftables nftables;
	NetlinkFilterEntry *entries;
	size_t count;
	size_t allocated;
	bool installed;   /* the table is there, with all entries, as far as we know */
	int error;        /* why it is not */
	int64_t due_nsec; /* CLOCK_MONOTONIC: to be put right then; INT64_MAX: nothing to do */
	int64_t installed_nsec; /* when it was last made whole */
} NetlinkFilter;

/* In the caller's network namespace. Where there are no nftables, every later use says so in
 * @filter->error. */
void netlink_filter_open(NetlinkFilter *filter);
/* Forgets, and leaves the kernel as it is. */
void netlink_filter_close(NetlinkFilter *filter);

/* Before a NETLINK_JOB_ADDRESSES is carried out: what it brings to the host is refused already. */
void netlink_filter_before(NetlinkFilter *filter, NetlinkSocket *socket, const NetlinkJob *job);
/* After it: what is not on the host any more, or may be accepted now, is no longer refused. @error
 * is the job's. */
void netlink_filter_after(NetlinkFilter *filter, NetlinkSocket *socket, const NetlinkJob *job,
			  int error);
/* What that job has to report: 0 where it needs no filter. */
int netlink_filter_error(const NetlinkFilter *filter, const NetlinkJob *job);

/* Removes the table, whoever made it. Returns 0 or negative errno. */
int netlink_filter_flush(NetlinkFilter *filter);

/* To be called when netlink_nftables_fd() is readable and when due_nsec is over: puts right what
 * others changed or what failed before. Returns whether @error is another one now. */
bool netlink_filter_heal(NetlinkFilter *filter, bool readable, int64_t now_nsec);
