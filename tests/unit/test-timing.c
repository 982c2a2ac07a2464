/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The protocol's spans against values worked out by hand: a wrong rounding here lets two routers
 * take over at once, and no other test would see it.
 */

#include <glib.h>

#include "core/vrrp-time.h"
#include "core/vrrp-timing.h"

#define MSEC   VRRP_NSEC_PER_MSEC
#define USEC   VRRP_NSEC_PER_USEC
#define CENTI  VRRP_NSEC_PER_CENTI
#define SECOND VRRP_NSEC_PER_SECOND

static void test_down(void)
{
	static const struct {
		uint8_t version, priority;
		uint64_t interval_nsec, skew_nsec, down_nsec;
	} rows[] = {
		{ 3, 100, 100 * CENTI, 609375 * USEC, 3609375 * USEC },
		{ 3, 200, 100 * CENTI, 218750 * USEC, 3218750 * USEC },
		{ 3, 100, 10 * CENTI, 60937500, 360937500 },
		{ 3, 100, 1 * CENTI, 6093750, 36093750 },
		{ 3, 254, 1 * CENTI, 78125, 30078125 },
		{ 3, 255, 1 * CENTI, 39062, 30039062 }, /* and a half */
		{ 3, 1, 4095 * CENTI, 40790039062, 163640039062 },
		{ 2, 100, 1 * SECOND, 609375 * USEC, 3609375 * USEC },
		{ 2, 100, 4 * SECOND, 609375 * USEC, 12609375 * USEC }, /* not by the interval */
		{ 2, 254, 255 * SECOND, 7812500, 765007812500 },
		{ 2, 1, 1 * SECOND, 996093750, 3996093750 },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_assert_cmpuint(vrrp_timing_skew_nsec(rows[i].version, rows[i].priority,
						       rows[i].interval_nsec),
				 ==, rows[i].skew_nsec);
		g_assert_cmpuint(vrrp_timing_master_down_nsec(rows[i].version, rows[i].priority, 3,
							      rows[i].interval_nsec),
				 ==, rows[i].down_nsec);
	}
}

/* The better router is always the earlier one, at the shortest interval too. */
static void test_order(void)
{
	for (unsigned priority = 1; priority < 255; priority++)
		for (unsigned version = 2; version <= 3; version++)
			g_assert_cmpuint(vrrp_timing_skew_nsec((uint8_t)version, (uint8_t)priority,
							       CENTI),
					 >,
					 vrrp_timing_skew_nsec((uint8_t)version,
							       (uint8_t)(priority + 1), CENTI));
}

static void test_missed_adverts(void)
{
	g_assert_cmpuint(vrrp_timing_master_down_nsec(3, 100, 30, 10 * CENTI), ==, 3060937500);
	g_assert_cmpuint(vrrp_timing_master_down_nsec(3, 100, 255, 4095 * CENTI), ==,
			 255 * 4095 * CENTI + 24953906250);
}

static void test_release(void)
{
	g_assert_cmpuint(vrrp_timing_release_nsec(3, SECOND), ==, 1996093750);
	g_assert_cmpuint(vrrp_timing_release_nsec(3, CENTI), ==, 109960937);
	g_assert_cmpuint(vrrp_timing_release_nsec(3, 100 * MSEC), ==, 199609375);
	g_assert_cmpuint(vrrp_timing_release_nsec(3, 4 * SECOND), ==, 5 * SECOND);
	g_assert_cmpuint(vrrp_timing_release_nsec(2, SECOND), ==, 1996093750);
	g_assert_cmpuint(vrrp_timing_release_nsec(2, 4 * SECOND), ==, 4996093750);
	g_assert_cmpuint(vrrp_timing_release_nsec(2, 255 * SECOND), ==, 5 * SECOND);
}

static void test_linger(void)
{
	g_assert_cmpuint(vrrp_timing_linger_nsec(0), ==, 50 * MSEC);
	g_assert_cmpuint(vrrp_timing_linger_nsec(1), ==, 50100 * USEC);
	g_assert_cmpuint(vrrp_timing_linger_nsec(200), ==, 70 * MSEC);
	g_assert_cmpuint(vrrp_timing_linger_nsec(9500), ==, SECOND);
	g_assert_cmpuint(vrrp_timing_linger_nsec(9501), ==, SECOND);
	g_assert_cmpuint(vrrp_timing_linger_nsec(UINT32_MAX), ==, SECOND);
}

static void test_unscheduled(void)
{
	g_assert_cmpuint(vrrp_timing_unscheduled_nsec(CENTI), ==, 10 * MSEC);
	g_assert_cmpuint(vrrp_timing_unscheduled_nsec(4 * CENTI), ==, 10 * MSEC);
	g_assert_cmpuint(vrrp_timing_unscheduled_nsec(5 * CENTI), ==, 12500 * USEC);
	g_assert_cmpuint(vrrp_timing_unscheduled_nsec(SECOND), ==, 250 * MSEC);
}

static void test_time(void)
{
	VrrpTime never = VRRP_TIME_NEVER, late = { UINT64_MAX - 5 }, early = { 10 };

	g_assert_true(vrrp_time_is_never(vrrp_time_add(never, 1)));
	g_assert_true(vrrp_time_is_never(vrrp_time_add(late, 6)));
	g_assert_cmpuint(vrrp_time_add(late, 4).nsec, ==, UINT64_MAX - 1);
	g_assert_cmpuint(vrrp_time_since(late, early), ==, UINT64_MAX - 15);
	g_assert_cmpuint(vrrp_time_since(early, late), ==, 0);
	g_assert_true(vrrp_time_reached(early, early));
	g_assert_false(vrrp_time_reached(late, early));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/timing/down", test_down);
	g_test_add_func("/timing/order", test_order);
	g_test_add_func("/timing/missed-adverts", test_missed_adverts);
	g_test_add_func("/timing/release", test_release);
	g_test_add_func("/timing/linger", test_linger);
	g_test_add_func("/timing/unscheduled", test_unscheduled);
	g_test_add_func("/timing/time", test_time);
	return g_test_run();
}
