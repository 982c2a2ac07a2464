/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vrrp-time.h"
#include "vrrp-types.h"

/* Skew_Time. Version 3: (256 - @priority) * @master_interval_nsec / 256 (RFC 9568 6.1);
 * version 2: (256 - @priority) / 256 s (RFC 3768 6.1). Exact to the nanosecond. */
uint64_t vrrp_timing_skew_nsec(uint8_t version, uint8_t priority, uint64_t master_interval_nsec);

/* Master_Down_Interval: @missed_adverts * interval + Skew_Time; the RFC's factor is 3. */
uint64_t vrrp_timing_master_down_nsec(uint8_t version, uint8_t priority, uint8_t missed_adverts,
				      uint64_t master_interval_nsec);

/* How long a leaving master waits for a successor: the longest Skew_Time that a peer can have
 * (priority 1) plus max(100 ms, interval), at most 5 s. */
uint64_t vrrp_timing_release_nsec(uint8_t version, uint64_t interval_nsec);

/* How long silenced addresses go on receiving: 50 ms + 0.1 ms per address, at most 1 s. */
uint64_t vrrp_timing_linger_nsec(uint32_t address_count);

/* The least distance between two unscheduled adverts of one instance: max(10 ms, interval / 4). */
uint64_t vrrp_timing_unscheduled_nsec(uint64_t interval_nsec);
