/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * When a packet came: what of the kernel's stamps is believed, and what is not.
 */

#include <glib.h>

#include "engine/engine-stamp.h"

#define REAL INT64_C(1700000000000000000)
#define MSEC ((int64_t)VRRP_NSEC_PER_MSEC)

static const VrrpTime now = { 500 * VRRP_NSEC_PER_SECOND };

static void expect_age(int64_t age_nsec, uint64_t believed_nsec)
{
	VrrpTime at = engine_stamp_time(REAL - age_nsec, REAL, now);

	g_assert_cmpuint(vrrp_time_since(now, at), ==, believed_nsec);
	g_assert_cmpuint(at.nsec, <=, now.nsec);
}

static void test_believed(void)
{
	expect_age(0, 0);
	expect_age(1, 1);
	expect_age(3 * MSEC, 3 * VRRP_NSEC_PER_MSEC);
	expect_age(20 * MSEC, 20 * VRRP_NSEC_PER_MSEC);
}

/* The clock was set back or forward meanwhile, or the daemon was stopped. */
static void test_not_believed(void)
{
	expect_age(20 * MSEC + 1, 0);
	expect_age(86400 * 1000 * MSEC, 0);
	expect_age(-1, 0);
	expect_age(-86400 * 1000 * MSEC, 0);
}

/* Our clock begins at boot: no moment is before that. */
static void test_boot(void)
{
	VrrpTime early = { 5 };

	g_assert_cmpuint(engine_stamp_time(REAL - 5, REAL, early).nsec, ==, 0);
	g_assert_cmpuint(engine_stamp_time(REAL - 6, REAL, early).nsec, ==, 5);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/engine-stamp/believed", test_believed);
	g_test_add_func("/engine-stamp/not-believed", test_not_believed);
	g_test_add_func("/engine-stamp/boot", test_boot);
	return g_test_run();
}
