/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Addresses and where they belong: what the jobs are broken into.
 */

#include <stddef.h>

#include "core/vrrp-address.h"

typedef struct NetlinkPlace {
	int32_t index; /* of the interface */
	VrrpInterfaceAddress address;
} NetlinkPlace;

typedef struct NetlinkPlaces {
	NetlinkPlace *list;
	size_t count;
	size_t allocated;
} NetlinkPlaces;

/* Appends unless the place is there already. Returns 0 or -ENOMEM. */
int netlink_places_add(NetlinkPlaces *places, int32_t index, const VrrpInterfaceAddress *address);
/* Appends all of @other. Returns 0 or -ENOMEM. */
int netlink_places_add_all(NetlinkPlaces *places, const NetlinkPlaces *other);
bool netlink_places_contain(const NetlinkPlaces *places, const NetlinkPlace *place);
void netlink_places_clear(NetlinkPlaces *places);

/* The address of the other end, which is the address itself where there is no peer. */
VrrpAddress netlink_place_far_end(const VrrpInterfaceAddress *address);
/* Whether the first @prefix_length bits are equal. */
bool netlink_prefix_equal(const VrrpAddress *a, const VrrpAddress *b, unsigned prefix_length);
/* Whether the kernel takes both for one address: prefix, network of the far end, and the address
 * itself; for IPv6 only the address. */
bool netlink_place_same(const VrrpInterfaceAddress *a, const VrrpInterfaceAddress *b);
