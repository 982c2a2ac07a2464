/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Classic BPF programs for the raw sockets (design rule 10): a pure function from what the
 * instances want to instructions.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/filter.h>

#include "core/vrrp-types.h"

#define ENGINE_FILTER_MAX 4096 /* BPF_MAXINSNS */

/* What the instances of this host want. All arrays are sorted and without doubles
 * (engine_filter_sort). */
typedef struct EngineFilterInput {
	uint8_t family; /* VrrpFamily: of the socket */
	const uint32_t
		*pairs; /* of the multicast instances: engine_filter_pair, or VRIDs where @coarse */
	size_t pair_count;
	const uint32_t *sources; /* of the unicast instances: engine_filter_source of the peers; not
				    used where @coarse */
	size_t source_count;
	uint32_t unicast_vrids[8]; /* of the unicast instances, a bit each */
	bool coarse; /* look at VRIDs only: the way out for programs that would be too long */
} EngineFilterInput;

static inline uint32_t engine_filter_pair(int32_t interface_index, uint8_t vrid)
{
	return (uint32_t)interface_index << 8 | vrid;
}

/* Four bytes for an address: itself in host order, or the exclusive or of IPv6's four words. Peers
 * that have it in common cost a packet that the engine itself must drop, nothing else. */
uint32_t engine_filter_source(const VrrpAddress *address);

/* Sorts ascending and drops doubles; returns the new count. Allocates nothing. */
size_t engine_filter_sort(uint32_t *values, size_t count);

/* Writes the program for IP protocol @protocol (112 or 51). It passes what an instance could want,
 * or, where @stray, all the rest; but an AH that precedes something else than VRRP is not ours and
 * passes neither. Returns the number of instructions, or 0 where they would be more than @capacity.
 */
size_t engine_filter_build(const EngineFilterInput *input, uint8_t protocol, bool stray,
			   struct sock_filter *program, size_t capacity);
