/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The host's links and addresses, as the notifications tell them.
 *
 * The engine's thread owns this. Entries live in two fixed arrays and hang in hash chains by their
 * slot number, so nothing is allocated. A link's addresses are kept in the kernel's order, because
 * the first one is the primary.
 *
 * Addresses that carry our own IFA_PROTO are left out on purpose: they are what instances hold,
 * they come and go by the thousand, and none of them may ever become a source address.
 *
 * After an overrun the kernel has told us only a part. Then everything is asked for again; entries
 * that a dump does not mention have an old generation and are swept.
 */

#include <string.h>

#include <linux/rtnetlink.h>

#include "engine-links.h"

static uint32_t hash_bytes(const void *data, size_t size)
{
	const uint8_t *bytes = data;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash ^ (hash >> 15);
}

static int32_t *index_bucket(EngineLinks *links, int32_t index)
{
	return &links->by_index[(uint32_t)index % ENGINE_LINK_BUCKETS];
}

static int32_t *name_bucket(EngineLinks *links, const char *name)
{
	return &links->by_name[hash_bytes(name, strlen(name)) % ENGINE_LINK_BUCKETS];
}

static uint32_t address_bucket(const VrrpAddress *address)
{
	return hash_bytes(address->bytes, vrrp_address_size(*address)) % ENGINE_ADDRESS_BUCKETS;
}

static bool address_equal(const VrrpAddress *a, const VrrpAddress *b)
{
	return a->family == b->family && vrrp_address_compare(a, b) == 0;
}

void engine_links_init(EngineLinks *links)
{
	links->generation = 0;
	links->swept = 0;
	links->free_link = 0;
	links->free_address = 0;
	memset(links->by_index, 0xff, sizeof links->by_index);
	memset(links->by_name, 0xff, sizeof links->by_name);
	memset(links->by_address, 0xff, sizeof links->by_address);
	for (int32_t i = 0; i < ENGINE_LINKS_MAX; i++)
		links->links[i] = (EngineLink){
			.next_by_index = i + 1 < ENGINE_LINKS_MAX ? i + 1 : -1,
		};
	for (int32_t i = 0; i < ENGINE_ADDRESSES_MAX; i++)
		links->addresses[i] = (EngineAddress){
			.link = -1,
			.next_in_bucket = i + 1 < ENGINE_ADDRESSES_MAX ? i + 1 : -1,
		};
}

EngineLink *engine_links_by_index(EngineLinks *links, int32_t index)
{
	for (int32_t i = *index_bucket(links, index); i >= 0; i = links->links[i].next_by_index)
		if (links->links[i].index == index)
			return &links->links[i];
	return NULL;
}

EngineLink *engine_links_by_name(EngineLinks *links, const char *name)
{
	for (int32_t i = *name_bucket(links, name); i >= 0; i = links->links[i].next_by_name)
		if (strcmp(links->links[i].name, name) == 0)
			return &links->links[i];
	return NULL;
}

bool engine_links_own(const EngineLinks *links, const VrrpAddress *address)
{
	int32_t i = links->by_address[address_bucket(address)];

	for (; i >= 0; i = links->addresses[i].next_in_bucket)
		if (address_equal(&links->addresses[i].address, address))
			return true;
	return false;
}

bool engine_links_list(EngineLinks *links, const VrrpAddress *address, int delta)
{
	int32_t i = links->by_address[address_bucket(address)];
	bool found = false;

	for (; i >= 0; i = links->addresses[i].next_in_bucket)
		if (address_equal(&links->addresses[i].address, address)) {
			links->addresses[i].listed += (uint32_t)delta;
			found = true;
		}
	return found;
}

/* Secondary addresses of IPv4 and lesser ones of IPv6 are the second choice. */
static VrrpAddress find_source(const EngineLinks *links, const EngineLink *link, VrrpFamily family,
			       uint8_t scope, bool second_choice, bool listed_too)
{
	for (int32_t i = link->first_address; i >= 0; i = links->addresses[i].next_on_link) {
		const EngineAddress *address = &links->addresses[i];

		if (address->address.family == family && !address->tentative &&
		    (listed_too || address->listed == 0) && address->scope == scope &&
		    (second_choice || (!address->secondary && !address->lesser)))
			return address->address;
	}
	return (VrrpAddress){ 0 };
}

VrrpAddress engine_links_source_ipv4(const EngineLinks *links, const EngineLink *link,
				     bool listed_too)
{
	static const struct {
		uint8_t scope;
		bool secondary_too;
	} order[] = {
		{ RT_SCOPE_UNIVERSE, false },
		{ RT_SCOPE_LINK, false },
		{ RT_SCOPE_UNIVERSE, true },
		{ RT_SCOPE_LINK, true },
	};

	for (size_t pass = 0; pass < sizeof order / sizeof order[0]; pass++) {
		VrrpAddress source = find_source(links, link, VRRP_FAMILY_IPV4, order[pass].scope,
						 order[pass].secondary_too, listed_too);

		if (source.family != VRRP_FAMILY_NONE)
			return source;
	}
	return (VrrpAddress){ 0 };
}

VrrpAddress engine_links_source_ipv6(const EngineLinks *links, const EngineLink *link, bool global,
				     bool listed_too)
{
	uint8_t scope = global ? RT_SCOPE_UNIVERSE : RT_SCOPE_LINK;
	VrrpAddress source = find_source(links, link, VRRP_FAMILY_IPV6, scope, false, listed_too);

	if (source.family == VRRP_FAMILY_NONE)
		source = find_source(links, link, VRRP_FAMILY_IPV6, scope, true, listed_too);
	return source;
}

EngineGroup *engine_links_group(EngineLink *link, const VrrpAddress *group)
{
	EngineGroup *unused = NULL;

	for (unsigned i = 0; i < ENGINE_LINK_GROUPS; i++) {
		if (address_equal(&link->groups[i].address, group))
			return &link->groups[i];
		if (!unused && link->groups[i].address.family == VRRP_FAMILY_NONE)
			unused = &link->groups[i];
	}
	if (unused)
		*unused = (EngineGroup){ .address = *group, .holder = -1 };
	return unused;
}

static int32_t link_slot(const EngineLinks *links, const EngineLink *link)
{
	return (int32_t)(link - links->links);
}

/* Takes @slot out of one of the two chains that it is in; @head is where that chain begins. */
static void unchain_link(EngineLinks *links, int32_t *head, int32_t slot, bool by_name)
{
	int32_t *at = head;

	while (*at >= 0 && *at != slot)
		at = by_name ? &links->links[*at].next_by_name : &links->links[*at].next_by_index;
	if (*at == slot)
		*at = by_name ? links->links[slot].next_by_name : links->links[slot].next_by_index;
}

static void remove_address(EngineLinks *links, int32_t slot)
{
	EngineAddress *address = &links->addresses[slot];
	int32_t *at = &links->links[address->link].first_address;

	while (*at >= 0 && *at != slot)
		at = &links->addresses[*at].next_on_link;
	if (*at == slot)
		*at = address->next_on_link;

	at = &links->by_address[address_bucket(&address->address)];
	while (*at >= 0 && *at != slot)
		at = &links->addresses[*at].next_in_bucket;
	if (*at == slot)
		*at = address->next_in_bucket;

	address->link = -1;
	address->next_in_bucket = links->free_address;
	links->free_address = slot;
}

static void describe(const EngineLink *link, EngineLinksEvent *ret)
{
	ret->changed = true;
	ret->index = link->index;
	memcpy(ret->name, link->name, sizeof ret->name);
}

static void remove_link(EngineLinks *links, EngineLink *link, EngineLinksEvent *ret)
{
	int32_t slot = link_slot(links, link);

	describe(link, ret);
	ret->gone = true;
	memcpy(ret->lost_groups, link->groups, sizeof ret->lost_groups);
	while (link->first_address >= 0)
		remove_address(links, link->first_address);
	unchain_link(links, index_bucket(links, link->index), slot, false);
	unchain_link(links, name_bucket(links, link->name), slot, true);
	*link = (EngineLink){ .next_by_index = links->free_link };
	links->free_link = slot;
}

static EngineLink *add_link(EngineLinks *links, const NetlinkChange *change)
{
	int32_t slot = links->free_link;
	EngineLink *link;
	int32_t *bucket;

	if (slot < 0)
		return NULL;
	link = &links->links[slot];
	links->free_link = link->next_by_index;
	*link = (EngineLink){ .index = change->interface_index, .first_address = -1 };
	memcpy(link->name, change->name, sizeof link->name);
	bucket = index_bucket(links, link->index);
	link->next_by_index = *bucket;
	*bucket = slot;
	bucket = name_bucket(links, link->name);
	link->next_by_name = *bucket;
	*bucket = slot;
	return link;
}

static void rename_link(EngineLinks *links, EngineLink *link, const char *name,
			EngineLinksEvent *ret)
{
	int32_t slot = link_slot(links, link);
	int32_t *bucket;

	memcpy(ret->old_name, link->name, sizeof ret->old_name);
	unchain_link(links, name_bucket(links, link->name), slot, true);
	memcpy(link->name, name, sizeof link->name);
	bucket = name_bucket(links, link->name);
	link->next_by_name = *bucket;
	*bucket = slot;
	ret->changed = true;
}

static void apply_link(EngineLinks *links, const NetlinkChange *change, EngineLinksEvent *ret)
{
	EngineLink *link = engine_links_by_index(links, change->interface_index);
	uint8_t mac[6] = { 0 };

	if (change->mac_length == sizeof mac)
		memcpy(mac, change->mac, sizeof mac);
	if (!link) {
		link = add_link(links, change);
		if (!link)
			return;
		ret->changed = true;
	} else if (strcmp(link->name, change->name) != 0) {
		rename_link(links, link, change->name, ret);
	}
	if (link->up != change->up || link->running != change->running)
		ret->changed = true;
	ret->returned = change->running && !link->running;
	ret->mac_changed = !ret->changed && memcmp(link->mac, mac, sizeof mac) != 0;
	ret->changed = ret->changed || ret->mac_changed;
	link->up = change->up;
	link->running = change->running;
	link->mac_length = change->mac_length;
	memcpy(link->mac, mac, sizeof mac);
	link->generation = links->generation;
	if (ret->changed)
		describe(link, ret);
}

static int32_t find_address(const EngineLinks *links, int32_t link, const NetlinkChange *change)
{
	int32_t i = links->links[link].first_address;

	for (; i >= 0; i = links->addresses[i].next_on_link)
		if (links->addresses[i].prefix_length == change->prefix_length &&
		    address_equal(&links->addresses[i].address, &change->address))
			return i;
	return -1;
}

static int32_t add_address(EngineLinks *links, int32_t link, const NetlinkChange *change)
{
	int32_t slot = links->free_address;
	int32_t *at = &links->links[link].first_address;
	EngineAddress *address;
	uint32_t bucket;

	if (slot < 0)
		return -1;
	address = &links->addresses[slot];
	links->free_address = address->next_in_bucket;
	bucket = address_bucket(&change->address);
	*address = (EngineAddress){ .address = change->address,
				    .prefix_length = change->prefix_length,
				    .link = link,
				    .next_on_link = -1,
				    .next_in_bucket = links->by_address[bucket] };
	links->by_address[bucket] = slot;
	while (*at >= 0)
		at = &links->addresses[*at].next_on_link;
	*at = slot;
	return slot;
}

static void apply_address(EngineLinks *links, const NetlinkChange *change, EngineLinksEvent *ret)
{
	EngineLink *link = engine_links_by_index(links, change->interface_index);
	bool lesser = change->address.family == VRRP_FAMILY_IPV6 &&
		      (change->flags & (IFA_F_DEPRECATED | IFA_F_TEMPORARY)) != 0;
	EngineAddress *address;
	int32_t slot;

	if (!link || vrrp_address_size(change->address) == 0)
		return;
	slot = find_address(links, link_slot(links, link), change);
	if (change->type == NETLINK_CHANGE_ADDRESS_GONE ||
	    change->protocol == ENGINE_ADDRESS_PROTOCOL) {
		/* One that became ours is gone as a source. */
		if (slot >= 0) {
			remove_address(links, slot);
			describe(link, ret);
		}
		return;
	}
	if (slot < 0) {
		slot = add_address(links, link_slot(links, link), change);
		if (slot < 0)
			return;
		ret->added = &links->addresses[slot];
		describe(link, ret);
	}
	address = &links->addresses[slot];
	if (address->scope != change->scope || address->secondary != change->secondary ||
	    address->tentative != change->tentative || address->lesser != lesser)
		describe(link, ret);
	address->scope = change->scope;
	address->secondary = change->secondary;
	address->tentative = change->tentative;
	address->lesser = lesser;
	address->generation = links->generation;
}

void engine_links_apply(EngineLinks *links, const NetlinkChange *change, EngineLinksEvent *ret)
{
	EngineLink *link;

	*ret = (EngineLinksEvent){ 0 };
	switch (change->type) {
	case NETLINK_CHANGE_LINK:
		if (change->interface_index > 0)
			apply_link(links, change, ret);
		break;
	case NETLINK_CHANGE_LINK_GONE:
		link = engine_links_by_index(links, change->interface_index);
		if (link)
			remove_link(links, link, ret);
		break;
	case NETLINK_CHANGE_ADDRESS:
	case NETLINK_CHANGE_ADDRESS_GONE:
		apply_address(links, change, ret);
		break;
	case NETLINK_CHANGE_DUMP_DONE:
	case NETLINK_CHANGE_DUMP_INTERRUPTED:
		break;
	}
}

void engine_links_begin(EngineLinks *links)
{
	links->generation++;
	links->swept = 0;
}

bool engine_links_sweep(EngineLinks *links, NetlinkDump dump, EngineLinksEvent *ret)
{
	*ret = (EngineLinksEvent){ 0 };
	while (dump == NETLINK_DUMP_LINKS && links->swept < ENGINE_LINKS_MAX) {
		EngineLink *link = &links->links[links->swept++];

		if (link->index != 0 && link->generation != links->generation) {
			remove_link(links, link, ret);
			return true;
		}
	}
	while (dump == NETLINK_DUMP_ADDRESSES && links->swept < ENGINE_ADDRESSES_MAX) {
		EngineAddress *address = &links->addresses[links->swept++];

		if (address->link >= 0 && address->generation != links->generation) {
			describe(&links->links[address->link], ret);
			remove_address(links, (int32_t)(address - links->addresses));
			return true;
		}
	}
	links->swept = 0;
	return false;
}
