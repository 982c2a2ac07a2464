/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vrrp-types.h"

/* Where a packet belongs: (interface, family, VRID) for multicast, (source, VRID, family) for
 * unicast (interface 0). Intrusive: entries are embedded in the caller's objects, buckets are the
 * caller's array. */
typedef struct VrrpTableKey {
	uint32_t interface; /* index; 0 for unicast */
	uint8_t vrid;
	VrrpAddress peer; /* the source for unicast; for multicast only its family is set */
} VrrpTableKey;

typedef struct VrrpTableEntry {
	VrrpTableKey key;
	struct VrrpTableEntry *next;
	void *owner;
	bool linked;
} VrrpTableEntry;

typedef struct VrrpTable {
	VrrpTableEntry **buckets;
	uint32_t mask;
} VrrpTable;

VrrpTableKey vrrp_table_key_multicast(uint32_t interface, VrrpFamily family, uint8_t vrid);
VrrpTableKey vrrp_table_key_unicast(VrrpAddress peer, uint8_t vrid);

/* @bucket_count is a power of two; @buckets is zeroed here. */
void vrrp_table_init(VrrpTable *table, VrrpTableEntry **buckets, uint32_t bucket_count);
/* Returns 0, or -EEXIST where the key is taken. */
int vrrp_table_insert(VrrpTable *table, VrrpTableEntry *entry, VrrpTableKey key, void *owner);
/* Does nothing where the entry is not linked. */
void vrrp_table_remove(VrrpTable *table, VrrpTableEntry *entry);
/* Returns the owner, or NULL. */
void *vrrp_table_find(const VrrpTable *table, const VrrpTableKey *key);
