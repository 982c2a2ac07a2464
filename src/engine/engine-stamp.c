/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the kernel's clock to ours. The kernel stamps packets with CLOCK_REALTIME, which may be set
 * at any moment; our clock never jumps. So only the age of a stamp is used, and only where it is
 * one that a packet can have that was read at once. A stamp from the future or long past means that
 * the clock was set, or that we were stopped; then the time of reading is the better one.
 */

#include "engine-stamp.h"

#define AGE_NSEC_MAX ((int64_t)(20 * VRRP_NSEC_PER_MSEC))

VrrpTime engine_stamp_time(int64_t stamp_nsec, int64_t real_nsec, VrrpTime now)
{
	int64_t age = real_nsec - stamp_nsec;

	if (age <= 0 || age > AGE_NSEC_MAX || (uint64_t)age > now.nsec)
		return now;
	return (VrrpTime){ now.nsec - (uint64_t)age };
}
