/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The spans of the protocol, as functions of the settings (RFC 9568 6.1, RFC 3768 6.1) and of our
 * own rules for the handover. All in nanoseconds: a Skew_Time rounded to centiseconds is zero at
 * short intervals, and routers of different priority would then take over together. Nothing here
 * may remember anything or know what time it is.
 */

#include "vrrp-timing.h"

#define RELEASE_LEAST_NSEC       (100 * VRRP_NSEC_PER_MSEC)
#define RELEASE_MOST_NSEC        (5 * VRRP_NSEC_PER_SECOND)
#define LINGER_BASE_NSEC         (50 * VRRP_NSEC_PER_MSEC)
#define LINGER_ADDRESS_NSEC      (100 * VRRP_NSEC_PER_USEC)
#define LINGER_MOST_NSEC         VRRP_NSEC_PER_SECOND
#define UNSCHEDULED_LEAST_NSEC   (10 * VRRP_NSEC_PER_MSEC)
#define UNSCHEDULED_PER_INTERVAL 4

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

uint64_t vrrp_timing_skew_nsec(uint8_t version, uint8_t priority, uint64_t master_interval_nsec)
{
	/* Version 2 counts 1/256 s whatever the interval is. */
	uint64_t unit_nsec = version == 2 ? VRRP_NSEC_PER_SECOND : master_interval_nsec;

	/* Multiplied first: an interval of 10 ms is no multiple of 256 ns. */
	return (256u - priority) * unit_nsec / 256u;
}

uint64_t vrrp_timing_master_down_nsec(uint8_t version, uint8_t priority, uint8_t missed_adverts,
				      uint64_t master_interval_nsec)
{
	return missed_adverts * master_interval_nsec +
	       vrrp_timing_skew_nsec(version, priority, master_interval_nsec);
}

uint64_t vrrp_timing_release_nsec(uint8_t version, uint64_t interval_nsec)
{
	return least(RELEASE_MOST_NSEC, vrrp_timing_skew_nsec(version, 1, interval_nsec) +
						most(RELEASE_LEAST_NSEC, interval_nsec));
}

uint64_t vrrp_timing_linger_nsec(uint32_t address_count)
{
	return least(LINGER_MOST_NSEC, LINGER_BASE_NSEC + address_count * LINGER_ADDRESS_NSEC);
}

uint64_t vrrp_timing_unscheduled_nsec(uint64_t interval_nsec)
{
	return most(UNSCHEDULED_LEAST_NSEC, interval_nsec / UNSCHEDULED_PER_INTERVAL);
}
