/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A hash table from where a packet came in to the instance that it is for: chains through entries
 * that are embedded in the caller's objects, a fixed array of buckets that is the caller's too.
 * Owned by one thread. It must never allocate, and never decide anything but whether two keys are
 * equal. Keys come from the settings, so nobody on the wire can choose them to collide.
 */

#include <errno.h>
#include <string.h>

#include "vrrp-table.h"

static uint32_t mix(uint32_t hash, uint32_t value)
{
	hash = (hash ^ value) * UINT32_C(0x9E3779B1); /* 2^32 divided by the golden ratio */
	return hash ^ hash >> 15;
}

static uint32_t hash_key(const VrrpTableKey *key)
{
	uint32_t hash = mix(0, key->interface);

	hash = mix(hash, (uint32_t)key->vrid << 8 | key->peer.family);
	for (size_t i = 0; i < vrrp_address_size(key->peer); i += sizeof(uint32_t)) {
		uint32_t word;

		memcpy(&word, key->peer.bytes + i, sizeof word);
		hash = mix(hash, word);
	}
	return hash;
}

static bool same_key(const VrrpTableKey *a, const VrrpTableKey *b)
{
	return a->interface == b->interface && a->vrid == b->vrid &&
	       a->peer.family == b->peer.family && vrrp_address_compare(&a->peer, &b->peer) == 0;
}

static VrrpTableEntry **bucket_of(const VrrpTable *table, const VrrpTableKey *key)
{
	return &table->buckets[hash_key(key) & table->mask];
}

VrrpTableKey vrrp_table_key_multicast(uint32_t interface, VrrpFamily family, uint8_t vrid)
{
	return (VrrpTableKey){ .interface = interface,
			       .vrid = vrid,
			       .peer = { .family = (uint8_t)family } };
}

VrrpTableKey vrrp_table_key_unicast(VrrpAddress peer, uint8_t vrid)
{
	return (VrrpTableKey){ .vrid = vrid, .peer = peer };
}

void vrrp_table_init(VrrpTable *table, VrrpTableEntry **buckets, uint32_t bucket_count)
{
	memset(buckets, 0, bucket_count * sizeof(VrrpTableEntry *));
	*table = (VrrpTable){ .buckets = buckets, .mask = bucket_count - 1 };
}

int vrrp_table_insert(VrrpTable *table, VrrpTableEntry *entry, VrrpTableKey key, void *owner)
{
	VrrpTableEntry **bucket = bucket_of(table, &key);

	for (VrrpTableEntry *other = *bucket; other; other = other->next)
		if (same_key(&other->key, &key))
			return -EEXIST;
	*entry = (VrrpTableEntry){ .key = key, .next = *bucket, .owner = owner, .linked = true };
	*bucket = entry;
	return 0;
}

void vrrp_table_remove(VrrpTable *table, VrrpTableEntry *entry)
{
	VrrpTableEntry **link;

	if (!entry->linked)
		return;
	link = bucket_of(table, &entry->key);
	while (*link != entry)
		link = &(*link)->next;
	*link = entry->next;
	entry->next = NULL;
	entry->linked = false;
}

void *vrrp_table_find(const VrrpTable *table, const VrrpTableKey *key)
{
	for (VrrpTableEntry *entry = *bucket_of(table, key); entry; entry = entry->next)
		if (same_key(&entry->key, key))
			return entry->owner;
	return NULL;
}
