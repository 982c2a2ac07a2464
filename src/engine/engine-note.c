/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The limiter for what the engine tells the log. Whoever can send packets decides how many are
 * wrong, so neither the memory nor the lines may follow their number: a small set-associative table
 * and a cap per second. The table belongs to the engine's thread.
 */

#include "engine-note.h"

static uint64_t mix(uint64_t hash, uint64_t value)
{
	hash = (hash ^ value) * UINT64_C(0x9e3779b97f4a7c15);
	return hash ^ (hash >> 29);
}

uint64_t engine_limiter_key(unsigned kind, const VrrpAddress *address, uint64_t id)
{
	uint64_t hash = mix(UINT64_C(0x243f6a8885a308d3), kind);

	hash = mix(hash, id);
	if (address)
		for (size_t i = 0; i < sizeof address->bytes; i++)
			hash = mix(hash, address->bytes[i]);
	return hash != 0 ? hash : 1;
}

/* The key's entry, or the one to use for it: nobody is forgotten for a key that is not said after
 * all. */
static EngineLimiterEntry *find_entry(EngineLimiter *limiter, uint64_t key)
{
	EngineLimiterEntry *set = limiter->entries[key % ENGINE_LIMITER_SETS];
	EngineLimiterEntry *oldest = &set[0];

	for (unsigned way = 0; way < ENGINE_LIMITER_WAYS; way++) {
		if (set[way].key == key)
			return &set[way];
		if (set[way].last.nsec < oldest->last.nsec)
			oldest = &set[way];
	}
	return oldest;
}

bool engine_limiter_allow(EngineLimiter *limiter, uint64_t key, VrrpTime now,
			  uint64_t *ret_suppressed)
{
	EngineLimiterEntry *entry = find_entry(limiter, key);
	uint64_t second = now.nsec / VRRP_NSEC_PER_SECOND;

	if (entry->key == key && vrrp_time_since(now, entry->last) < ENGINE_LIMITER_DISTANCE_NSEC) {
		entry->suppressed++;
		return false;
	}
	if (second != limiter->second) {
		limiter->second = second;
		limiter->said = 0;
	}
	if (limiter->said >= ENGINE_LIMITER_PER_SECOND)
		return false;
	limiter->said++;
	*ret_suppressed = entry->key == key ? entry->suppressed : 0;
	*entry = (EngineLimiterEntry){ .key = key, .last = now };
	return true;
}
