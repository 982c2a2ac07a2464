/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Instants and spans. An instant is a struct, a span is a plain count of nanoseconds whose name
 * ends in _nsec: the compiler refuses to mix them, and 1/256 of a second (3 906 250 ns) is exact.
 * The core never asks what time it is; whoever calls it says so.
 */

#include <stdbool.h>
#include <stdint.h>

typedef struct VrrpTime {
	uint64_t nsec; /* on a clock that never jumps; the daemon uses CLOCK_BOOTTIME */
} VrrpTime;

#define VRRP_TIME_NEVER      ((VrrpTime){ UINT64_MAX })
#define VRRP_NSEC_PER_USEC   UINT64_C(1000)
#define VRRP_NSEC_PER_MSEC   UINT64_C(1000000)
#define VRRP_NSEC_PER_CENTI  UINT64_C(10000000)
#define VRRP_NSEC_PER_SECOND UINT64_C(1000000000)

static inline bool vrrp_time_is_never(VrrpTime t)
{
	return t.nsec == UINT64_MAX;
}

/* Saturates: later than anything representable is never. */
static inline VrrpTime vrrp_time_add(VrrpTime t, uint64_t span_nsec)
{
	return (VrrpTime){ t.nsec > UINT64_MAX - span_nsec ? UINT64_MAX : t.nsec + span_nsec };
}

/* How long from @earlier to @later; 0 where @later is not later. */
static inline uint64_t vrrp_time_since(VrrpTime later, VrrpTime earlier)
{
	return later.nsec > earlier.nsec ? later.nsec - earlier.nsec : 0;
}

static inline bool vrrp_time_reached(VrrpTime deadline, VrrpTime now)
{
	return deadline.nsec <= now.nsec;
}

static inline VrrpTime vrrp_time_min(VrrpTime a, VrrpTime b)
{
	return a.nsec < b.nsec ? a : b;
}
