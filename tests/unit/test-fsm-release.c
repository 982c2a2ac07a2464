/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Leaving mastership: the releasing phase, failover, faults, and a kernel that is slow or refuses.
 */

#include "fsm-router.h"

static void test_s10_master_shutdown(void)
{
	g_autoptr(Router) router = master_new(3);

	settle(router);
	stop(router, VRRP_REASON_SHUTDOWN);
	expect(router, "advert 0, master>initialize shutdown");
	g_assert_true(vrrp_fsm_releasing(&router->fsm));
	/* Answers until the successor is heard, */
	after(router, 500 * MSEC);
	advert(router, 20, 50);
	expect(router, "silent");
	done(router, VRRP_ADDRESSES_SILENT);
	/* goes on receiving for 50 ms + 0.1 ms for its address, */
	expire_after(router, 50100 * 1000);
	expect(router, "absent");
	g_assert_true(vrrp_fsm_releasing(&router->fsm));
	/* and is done when the kernel says so. */
	done(router, VRRP_ADDRESSES_ABSENT);
	expect(router, "released");
	g_assert_false(vrrp_fsm_releasing(&router->fsm));
}

static void test_s10_nobody_comes(void)
{
	g_autoptr(Router) router = master_new(3);

	stop(router, VRRP_REASON_DISABLED);
	expect(router, "advert 0, master>initialize disabled");
	advert(router, 20, 0); /* another one that leaves is no successor */
	expect(router, "");
	/* The longest Skew_Time, 255/256 s, and an interval. */
	expire_after(router, 996093750 + SECOND);
	expect(router, "absent");
	failed(router, VRRP_ADDRESSES_ABSENT); /* a kernel that refuses cannot keep the daemon from
						  ending */
	expect(router, "released");
}

static void test_addresses_refused(void)
{
	g_autoptr(Router) router = router_new(3, 255);

	start(router);
	failed(router, VRRP_ADDRESSES_PRESENT); /* some may be there: announced, */
	expect(router, "announce 0");
	failed(router, VRRP_ADDRESSES_PRESENT); /* but not again for each retry, */
	expect(router, "");
	done(router, VRRP_ADDRESSES_PRESENT); /* until all are */
	expect(router, "announce 0");
	/* The next mastership announces anew. */
	faults(router, VRRP_FAULT_INTERFACE_DOWN);
	done(router, VRRP_ADDRESSES_ABSENT);
	faults(router, 0);
	failed(router, VRRP_ADDRESSES_PRESENT);
	expect(router, "announce 0");
}

static void test_late_answer(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	/* Lost the election while the kernel was still at work: its answer announces nothing. */
	start(router);
	expire_after(router, 3609375000);
	advert(router, 20, 200);
	expect(router, "master>backup higher-priority, yielded 20, silent");
	done(router, VRRP_ADDRESSES_PRESENT);
	expect(router, "");
	done(router, VRRP_ADDRESSES_SILENT);
	expire_after(router, 50100 * 1000);
	expect(router, "absent");
}

static void test_faults(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	faults(router, VRRP_FAULT_INTERFACE_MISSING);
	start(router);
	expect(router, ""); /* waits */
	faults(router, VRRP_FAULT_INTERFACE_DOWN);
	expect(router, "");
	faults(router, VRRP_FAULT_PEER_TTL); /* is only shown */
	expect(router, "initialize>backup startup");
	faults(router, VRRP_FAULT_NO_SOURCE_ADDRESS);
	expect(router, "backup>initialize no-source-address");
	faults(router, 0);
	expect(router, "initialize>backup startup");
	expire_after(router, 3609375000);
	done(router, VRRP_ADDRESSES_PRESENT);
	/* A dead link: nothing can be said, the addresses go at once. */
	faults(router, VRRP_FAULT_INTERFACE_DOWN | VRRP_FAULT_NO_SOURCE_ADDRESS);
	expect(router, "master>initialize interface-down, absent");
	g_assert_true(vrrp_fsm_releasing(&router->fsm));
	done(router, VRRP_ADDRESSES_ABSENT);
	expect(router, "");
	g_assert_false(vrrp_fsm_releasing(&router->fsm));
	stop(router, VRRP_REASON_SHUTDOWN);
	expect(router, "released");
}

static void test_fault_while_releasing(void)
{
	g_autoptr(Router) router = master_new(3);

	stop(router, VRRP_REASON_SHUTDOWN);
	faults(router, VRRP_FAULT_INTERFACE_MISSING);
	expect(router, "absent");
	done(router, VRRP_ADDRESSES_ABSENT);
	expect(router, "released");
}

static void test_failover(void)
{
	g_autoptr(Router) router = master_new(3);

	failover(router, 0);
	expect(router, "advert 0, master>backup failover");
	after(router, 700 * MSEC);
	advert(router, 20, 50);
	expect(router, "silent, failover done");
	done(router, VRRP_ADDRESSES_SILENT);
	expire_after(router, 50100 * 1000);
	done(router, VRRP_ADDRESSES_ABSENT);
	/* Does not bounce: the lower priority of the new master is good enough, */
	for (int i = 0; i < 20; i++) {
		after(router, SECOND);
		advert(router, 20, 50);
		g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==,
				 3609375000);
	}
	/* until it says goodbye. */
	advert(router, 20, 0);
	expire_after(router, 609375000);
	expect(router, "advert 100, present, backup>master priority-zero");
	g_assert_false(router->fsm.holding);
}

static void test_failover_silence(void)
{
	g_autoptr(Router) router = master_new(3);

	failover(router, 0);
	advert(router, 20, 50);
	done(router, VRRP_ADDRESSES_SILENT);
	expire_after(router, 50100 * 1000);
	done(router, VRRP_ADDRESSES_ABSENT);
	expire_after(router, 3609375000 - 50100 * 1000);
	expect(router, "advert 100, present, backup>master no-response");
}

static void test_failover_hold_time(void)
{
	g_autoptr(Router) router = master_new(3);

	failover(router, 10 * SECOND);
	advert(router, 20, 50);
	done(router, VRRP_ADDRESSES_SILENT);
	expire_after(router, 50100 * 1000);
	done(router, VRRP_ADDRESSES_ABSENT);
	for (int i = 0; i < 9; i++) {
		after(router, SECOND);
		advert(router, 20, 50);
	}
	after(router,
	      SECOND); /* the hold is over: adverts of the lower priority no longer set the timer */
	advert(router, 20, 50);
	g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==, 2609375000);
}

static void test_failover_no_peer(void)
{
	g_autoptr(Router) router = master_new(3);

	failover(router, 0);
	expire_after(router, 996093750 + SECOND);
	expect(router, "advert 100, backup>master no-response, failover no-peer, announce 0");
	g_assert_cmpint(router->fsm.wanted, ==, VRRP_ADDRESSES_PRESENT);
	g_assert_false(vrrp_fsm_releasing(&router->fsm));
}

static void test_failover_limit(void)
{
	g_autoptr(Router) router = router_new(2, 255);

	router->fsm.parameters.interval_nsec = 255 * SECOND;
	start(router);
	done(router, VRRP_ADDRESSES_PRESENT);
	settle(router);
	failover(router, 0);
	expire_after(router, 5 * SECOND);
	expect(router, "advert 255, backup>master no-response, failover no-peer, announce 0");
}

static void test_failover_interrupted(void)
{
	g_autoptr(Router) stopped = master_new(3), faulty = master_new(3),
			  backup = router_new(3, 100);

	failover(stopped, 0);
	stop(stopped, VRRP_REASON_SHUTDOWN);
	expect(stopped, "failover canceled, backup>initialize shutdown");
	advert(stopped, 20, 50);
	expect(stopped, "silent");

	failover(faulty, 0);
	faults(faulty, VRRP_FAULT_INTERFACE_DOWN);
	expect(faulty, "failover canceled, backup>initialize interface-down, absent");

	start(backup);
	failover(backup, 0); /* only in master */
	expect(backup, "");
	g_assert_cmpint(backup->fsm.state, ==, VRRP_STATE_BACKUP);
}

static void test_successor_dies_while_lingering(void)
{
	g_autoptr(Router) router = master_new(3);

	failover(router, 0);
	advert(router, 20, 50);
	advert(router, 20, 0);
	done(router, VRRP_ADDRESSES_SILENT);
	expire_after(router, 50100 * 1000);
	expect(router, "absent");
	/* The kernel is still removing when the timer runs out. */
	expire_after(router, 609375000 - 50100 * 1000);
	expect(router, "advert 100, present, backup>master priority-zero");
	done(router, VRRP_ADDRESSES_ABSENT); /* the late answer */
	expect(router, "");
	done(router, VRRP_ADDRESSES_PRESENT);
	expect(router, "announce 0");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fsm-release/s10-master-shutdown", test_s10_master_shutdown);
	g_test_add_func("/fsm-release/s10-nobody-comes", test_s10_nobody_comes);
	g_test_add_func("/fsm-release/addresses-refused", test_addresses_refused);
	g_test_add_func("/fsm-release/late-answer", test_late_answer);
	g_test_add_func("/fsm-release/faults", test_faults);
	g_test_add_func("/fsm-release/fault-while-releasing", test_fault_while_releasing);
	g_test_add_func("/fsm-release/failover", test_failover);
	g_test_add_func("/fsm-release/failover-silence", test_failover_silence);
	g_test_add_func("/fsm-release/failover-hold-time", test_failover_hold_time);
	g_test_add_func("/fsm-release/failover-no-peer", test_failover_no_peer);
	g_test_add_func("/fsm-release/failover-limit", test_failover_limit);
	g_test_add_func("/fsm-release/failover-interrupted", test_failover_interrupted);
	g_test_add_func("/fsm-release/successor-dies-while-lingering",
			test_successor_dies_while_lingering);
	return g_test_run();
}
