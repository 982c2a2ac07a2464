/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Holds: somebody wants the router out of mastership, for as long as there is somebody else.
 */

#include "fsm-router.h"

static void hold(Router *router, bool on)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_HOLD, .hold = on });
}

static uint64_t left(const Router *router)
{
	return vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec;
}

/* From master to a backup that holds, with router 20 (priority 50) as master. */
static Router *held_new(void)
{
	Router *router = master_new(3);

	hold(router, true);
	expect(router, "advert 0, master>backup hold");
	advert(router, 20, 50);
	expect(router, "silent, failover done");
	done(router, VRRP_ADDRESSES_SILENT);
	expire_after(router, 50100 * 1000);
	done(router, VRRP_ADDRESSES_ABSENT);
	return router;
}

static void test_hold_and_end(void)
{
	g_autoptr(Router) router = held_new();

	/* Without a limit in time, whatever the other's priority. */
	for (int i = 0; i < 1000; i++) {
		after(router, SECOND);
		advert(router, 20, 50);
		g_assert_cmpuint(left(router), ==, 3609375000);
	}
	hold(router, false);
	expect(router, "");
	g_assert_cmpint(router->fsm.state, ==, VRRP_STATE_BACKUP);
	/* From here on its adverts do not keep us down. */
	after(router, SECOND);
	advert(router, 20, 50);
	expire_after(router, 2609375000);
	expect(router, "advert 100, present, backup>master priority");
}

static void test_nobody_else(void)
{
	g_autoptr(Router) router = master_new(3);

	hold(router, true);
	expire_after(router, 996093750 + SECOND);
	expect(router, "advert 100, backup>master no-response, failover no-peer, announce 0");
	g_assert_cmpint(router->fsm.wanted, ==, VRRP_ADDRESSES_PRESENT);
}

/* The service comes before the hold: when the other one goes, this one serves. */
static void test_master_goes(void)
{
	g_autoptr(Router) silent = held_new(), leaving = held_new();

	after(silent, SECOND);
	advert(silent, 20, 50);
	expire_after(silent, 3609375000);
	expect(silent, "advert 100, present, backup>master no-response");
	advert(leaving, 20, 0);
	expire_after(leaving, 609375000);
	expect(leaving, "advert 100, present, backup>master priority-zero");
	/* The hold is still there: a better one may come, and stays master. */
	done(leaving, VRRP_ADDRESSES_PRESENT);
	advert(leaving, 20, 200);
	expect(leaving, "master>backup higher-priority, yielded 20, silent");
	done(leaving, VRRP_ADDRESSES_SILENT);
	after(leaving, SECOND);
	advert(leaving, 20, 50);
	g_assert_cmpuint(vrrp_fsm_deadline(&leaving->fsm).nsec, !=, VRRP_TIME_NEVER.nsec);
	g_assert_cmpuint(leaving->fsm.master_down.nsec - leaving->now.nsec, ==, 3609375000);
}

static void test_in_backup(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	start(router);
	hold(router, true);
	expect(router, "");
	for (int i = 0; i < 10; i++) {
		after(router, SECOND);
		advert(router, 20, 50);
		g_assert_cmpuint(left(router), ==, 3609375000);
	}
}

/* An owner that starts held waits like everybody else; and serves where nobody does. */
static void test_owner_starts_held(void)
{
	g_autoptr(Router) router = router_new(3, 255);

	hold(router, true);
	start(router);
	expect(router, "initialize>backup startup");
	advert(router, 20, 50);
	g_assert_cmpuint(left(router), ==, 3 * SECOND + SECOND / 256);
	expire_after(router, 3 * SECOND + SECOND / 256);
	expect(router, "advert 255, present, backup>master no-response");
}

static void test_not_canceled_by_failover_hold(void)
{
	g_autoptr(Router) router = held_new();

	/* The end of a failover's hold is not the end of this one. */
	router->fsm.holding = true;
	router->fsm.hold_until = router->now;
	after(router, SECOND);
	advert(router, 20, 50);
	g_assert_false(router->fsm.holding);
	g_assert_cmpuint(left(router), ==, 3609375000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fsm-hold/hold-and-end", test_hold_and_end);
	g_test_add_func("/fsm-hold/nobody-else", test_nobody_else);
	g_test_add_func("/fsm-hold/master-goes", test_master_goes);
	g_test_add_func("/fsm-hold/in-backup", test_in_backup);
	g_test_add_func("/fsm-hold/owner-starts-held", test_owner_starts_held);
	g_test_add_func("/fsm-hold/not-canceled-by-failover-hold",
			test_not_canceled_by_failover_hold);
	return g_test_run();
}
