/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How often something may be said: once a minute for each key, and a few times a second in all.
 * Fixed memory: with more keys than entries the longest silent is forgotten, and the limit per
 * second still holds.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/vrrp-time.h"
#include "core/vrrp-types.h"

enum {
	ENGINE_LIMITER_SETS = 64,
	ENGINE_LIMITER_WAYS = 4,
	ENGINE_LIMITER_PER_SECOND = 10,
};

#define ENGINE_LIMITER_DISTANCE_NSEC (60 * VRRP_NSEC_PER_SECOND)

typedef struct EngineLimiterEntry {
	uint64_t key; /* 0: free */
	VrrpTime last;
	uint64_t suppressed;
} EngineLimiterEntry;

typedef struct EngineLimiter {
	EngineLimiterEntry entries[ENGINE_LIMITER_SETS][ENGINE_LIMITER_WAYS];
	uint64_t second;
	unsigned said; /* in this second */
} EngineLimiter;

/* A key for @kind of message about @address and @id; either may be zero. */
uint64_t engine_limiter_key(unsigned kind, const VrrpAddress *address, uint64_t id);
/* May it be said now? *@ret_suppressed is how many were not since the last time; set only with
 * true. */
bool engine_limiter_allow(EngineLimiter *limiter, uint64_t key, VrrpTime now,
			  uint64_t *ret_suppressed);
