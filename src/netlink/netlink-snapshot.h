/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The addresses that interfaces have now, read when they are first asked for.
 */

#include "netlink-monitor.h"
#include "netlink-places.h"
#include "netlink-socket.h"

typedef struct NetlinkEntry {
	NetlinkChange address; /* NETLINK_CHANGE_ADDRESS */
	bool doomed;           /* about to be deleted */
} NetlinkEntry;

typedef struct NetlinkSnapshot {
	NetlinkEntry *entries;
	size_t count;
	size_t allocated;
	struct NetlinkLoaded {
		int32_t index;
		uint8_t family;
	} * loaded; /* which interfaces are in it, each for one family */
	size_t loaded_count;
	size_t loaded_allocated;
} NetlinkSnapshot;

/* Reads the addresses of one family on one interface, or of all for 0, unless they are there. An
 * interface that is gone has none. Returns 0 or negative errno. */
int netlink_snapshot_load(NetlinkSnapshot *snapshot, NetlinkSocket *socket, int32_t index,
			  VrrpFamily family);
/* The interface's addresses changed: they will be read again. */
void netlink_snapshot_forget(NetlinkSnapshot *snapshot, int32_t index);
void netlink_snapshot_clear(NetlinkSnapshot *snapshot);

/* The entry that the kernel takes for @place's address, or NULL. Valid until the next load, forget
 * or removal. */
NetlinkEntry *netlink_snapshot_find(NetlinkSnapshot *snapshot, const NetlinkPlace *place);
/* The doomed entries of one interface are deleted. */
void netlink_snapshot_drop_doomed(NetlinkSnapshot *snapshot, int32_t index);
