/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Lists of addresses with their interfaces. They are short (an instance's addresses), so they are
 * searched one by one. A list owns its memory and nothing else.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "netlink-places.h"

VrrpAddress netlink_place_far_end(const VrrpInterfaceAddress *address)
{
	return address->has_peer ? address->peer : address->address;
}

bool netlink_prefix_equal(const VrrpAddress *a, const VrrpAddress *b, unsigned prefix_length)
{
	unsigned bytes = prefix_length / 8, bits = prefix_length % 8;

	if (a->family != b->family || prefix_length > 8 * vrrp_address_size(*a))
		return false;
	if (memcmp(a->bytes, b->bytes, bytes) != 0)
		return false;
	return bits == 0 || ((a->bytes[bytes] ^ b->bytes[bytes]) & (0xff00u >> bits)) == 0;
}

bool netlink_place_same(const VrrpInterfaceAddress *a, const VrrpInterfaceAddress *b)
{
	VrrpAddress far_a = netlink_place_far_end(a), far_b = netlink_place_far_end(b);

	if (vrrp_address_compare(&a->address, &b->address) != 0 ||
	    a->address.family != b->address.family)
		return false;
	if (a->address.family == VRRP_FAMILY_IPV6)
		return true;
	return a->prefix_length == b->prefix_length &&
	       netlink_prefix_equal(&far_a, &far_b, a->prefix_length);
}

bool netlink_places_contain(const NetlinkPlaces *places, const NetlinkPlace *place)
{
	for (size_t i = 0; i < places->count; i++)
		if (places->list[i].index == place->index &&
		    netlink_place_same(&places->list[i].address, &place->address))
			return true;
	return false;
}

int netlink_places_add(NetlinkPlaces *places, int32_t index, const VrrpInterfaceAddress *address)
{
	NetlinkPlace place = { .index = index, .address = *address };

	if (netlink_places_contain(places, &place))
		return 0;
	if (places->count == places->allocated) {
		size_t n = places->allocated ? 2 * places->allocated : 8;
		NetlinkPlace *list = realloc(places->list, n * sizeof(*list));

		if (!list)
			return -ENOMEM;
		places->list = list;
		places->allocated = n;
	}
	places->list[places->count++] = place;
	return 0;
}

int netlink_places_add_all(NetlinkPlaces *places, const NetlinkPlaces *other)
{
	int r = 0;

	for (size_t i = 0; i < other->count && r == 0; i++)
		r = netlink_places_add(places, other->list[i].index, &other->list[i].address);
	return r;
}

void netlink_places_clear(NetlinkPlaces *places)
{
	free(places->list);
	*places = (NetlinkPlaces){ 0 };
}
