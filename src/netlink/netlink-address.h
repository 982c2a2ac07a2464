/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Adding and removing addresses, many at a time. Whatever can be done is done; the first error is
 * returned.
 */

#include "netlink-places.h"
#include "netlink-snapshot.h"
#include "netlink-socket.h"

typedef struct NetlinkKernel {
	NetlinkSocket socket;
	NetlinkSnapshot snapshot;
	int32_t loopback; /* index of lo */
} NetlinkKernel;

/* Adds each address to its interface, tagged as ours. One that is there already and ours is left as
 * it is, or given the settings that differ; one that is there and not ours is -EADDRINUSE and left
 * alone. */
int netlink_address_add(NetlinkKernel *kernel, const NetlinkPlaces *places);

/* Removes each address from its interface if it is there and ours. Never takes another address with
 * it. */
int netlink_address_remove(NetlinkKernel *kernel, const NetlinkPlaces *places);

/* As netlink_address_remove, but each is on lo, as a single address, before it goes: the host goes
 * on receiving what is sent to it. One that the host has there of its own is as good. None of
 * @places may be on lo itself. */
int netlink_address_move_to_loopback(NetlinkKernel *kernel, const NetlinkPlaces *places);
/* Removes what the former put on lo. */
int netlink_address_remove_loopback(NetlinkKernel *kernel, const NetlinkPlaces *places);

/* Appends to @ret those of @places that are on their interface now and ours. */
int netlink_address_find_ours(NetlinkKernel *kernel, const NetlinkPlaces *places,
			      NetlinkPlaces *ret);

/* Whether the host has an address of its own in the prefix of @place on that interface. From the
 * snapshot, which the caller loaded. */
bool netlink_address_host_shares(const NetlinkKernel *kernel, const NetlinkPlace *place);

/* Removes every address that is ours, wherever it is. */
int netlink_address_flush(NetlinkKernel *kernel);
