/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every row of the state tables (RFC 9568 6.4, RFC 3768 6.4), one step at a time. Leaving
 * mastership is in test-fsm-release.c.
 */

#include "fsm-router.h"

static void test_s1_owner(void)
{
	g_autoptr(Router) router = router_new(3, 255);

	start(router);
	expect(router, "advert 255, present, initialize>master owner");
	g_assert_cmpint(router->fsm.state, ==, VRRP_STATE_MASTER);
	done(router, VRRP_ADDRESSES_PRESENT);
	expect(router, "announce 0");
}

static void test_s2_backup(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	start(router);
	expect(router, "initialize>backup startup");
	g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==, 3609375000);
	g_assert_cmpuint(router->fsm.master_interval_nsec, ==, SECOND);
}

static void test_s4_backup_shutdown(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	start(router);
	stop(router, VRRP_REASON_SHUTDOWN);
	expect(router, "backup>initialize shutdown, released");
	g_assert_true(vrrp_time_is_never(vrrp_fsm_deadline(&router->fsm)));
}

static void test_s5_master_down(void)
{
	g_autoptr(Router) router = router_new(2, 200);

	start(router);
	expire_after(router, 3 * SECOND + 218750 * 1000);
	expect(router, "advert 200, present, backup>master no-response");
	g_assert_cmpuint(router->fsm.transitions, ==, 2);
	/* Nothing is announced before the kernel has the address. */
	g_assert_true(vrrp_time_is_never(router->fsm.next_announce));
}

static void test_s6_priority_zero(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	start(router);
	advert(router, 20, 200);
	after(router, 300 * MSEC);
	advert(router, 20, 0);
	expect(router, "");
	expire_after(router, 609375 * 1000);
	expect(router, "advert 100, present, backup>master priority-zero");
}

static void test_s7_learns(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	start(router);
	after(router, SECOND);
	advert_interval(router, 20, 100,
			100 * MSEC); /* equal priority counts, whatever the address */
	expect(router, "");
	g_assert_cmpuint(router->fsm.master_interval_nsec, ==, 100 * MSEC);
	g_assert_cmpuint(router->fsm.master.bytes[3], ==, 20);
	expire_after(router, 300 * MSEC + 60937500);
	expect(router, "advert 100, present, backup>master no-response");
	/* As master it goes by its own interval again: the next whole second. */
	g_assert_cmpuint(router->fsm.next_advert.nsec, ==, 1002 * SECOND);
}

static void test_s7_version_2(void)
{
	g_autoptr(Router) router = router_new(2, 100);

	start(router);
	advert_interval(router, 20, 200, 4 * SECOND);
	g_assert_cmpuint(router->fsm.master_interval_nsec, ==, SECOND);
}

static void test_s7_no_preempt(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	router->fsm.parameters.preempt = false;
	start(router);
	after(router, 2 * SECOND);
	advert(router, 20, 50);
	g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==, 3609375000);
	/* The owner preempts whatever Preempt says (6.1). */
	router->fsm.parameters.priority = 255;
	after(router, 2 * SECOND);
	advert(router, 20, 50);
	g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==, 1609375000);
}

static void test_s8_preempts(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	start(router);
	for (int i = 0; i < 3; i++) {
		after(router, SECOND);
		advert(router, 20, 50);
		expect(router, "");
	}
	g_assert_true(router->fsm.master_heard);
	g_assert_cmpuint(router->fsm.master_priority, ==, 50);
	expire_after(router, 609375 * 1000);
	expect(router, "advert 100, present, backup>master priority");
}

static void test_s11_adverts(void)
{
	g_autoptr(Router) router = master_new(3);

	settle(router);
	expire_after(router, SECOND);
	expect(router, "advert 100");
	/* A late wake-up does not move the following adverts. */
	after(router, SECOND + 40 * MSEC);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	expect(router, "advert 100");
	expire_after(router, SECOND - 40 * MSEC);
	expect(router, "advert 100");
	/* After a stall there is one advert, not one for each that was missed. */
	after(router, 10 * SECOND);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	expect(router, "advert 100, announce 0");
	g_assert_cmpuint(router->fsm.next_advert.nsec - router->now.nsec, ==, SECOND);
}

static void test_s12_priority_zero_in_master(void)
{
	g_autoptr(Router) router = master_new(3);

	settle(router);
	after(router, 100 * MSEC);
	advert(router, 20, 0);
	expect(router, "advert 100, announce 0");
	g_assert_cmpuint(router->fsm.next_advert.nsec - router->now.nsec, ==, 900 * MSEC);
}

static void test_s13_higher_priority(void)
{
	g_autoptr(Router) router = master_new(3);

	advert_interval(router, 20, 150, 2 * SECOND);
	expect(router, "master>backup higher-priority, yielded 20, silent");
	g_assert_cmpuint(router->fsm.master_interval_nsec, ==, 2 * SECOND);
	done(router, VRRP_ADDRESSES_SILENT);
	expire_after(router, 50100 * 1000);
	expect(router, "absent");
	done(router, VRRP_ADDRESSES_ABSENT);
	expect(router, "");
	g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==,
			 6 * SECOND + 1218750000 - 50100 * 1000);
}

static void test_s13_address_order(void)
{
	g_autoptr(Router) higher = master_new(3), lower = master_new(3);

	advert(higher, 200, 100); /* 200 > 10 as unsigned bytes */
	expect(higher, "master>backup address-order, yielded 200, silent");
	advert(lower, 9, 100);
	expect(lower, "advert 100, announce 0, conflict 9");
}

static void test_s14_losing_advert(void)
{
	g_autoptr(Router) router = master_new(3);
	VrrpTime next;

	settle(router);
	after(router, 100 * MSEC);
	next = router->fsm.next_advert;
	advert(router, 20, 50);
	expect(router, "advert 100, announce 0, conflict 20");
	g_assert_cmpuint(router->fsm.next_advert.nsec, ==, next.nsec); /* Adver_Timer runs on */
	/* At most one unscheduled advert in interval/4, announcements for that cause once a second
	 * (design rule 5). */
	after(router, 250 * MSEC - 1);
	advert(router, 20, 50);
	expect(router, "conflict 20");
	after(router, 1);
	advert(router, 20, 50);
	expect(router, "advert 100, conflict 20");
	after(router, 750 * MSEC);
	advert(router, 20, 50);
	expect(router, "advert 100, announce 0, conflict 20");
}

static void test_s14_version_2(void)
{
	g_autoptr(Router) router = master_new(2);

	settle(router);
	advert(router, 20, 50);
	expect(router, "announce 0, conflict 20");
}

/* Instances with one interval and phase send at the same moments, whenever they became master. */
static void test_grid(void)
{
	g_autoptr(Router) router = router_new(3, 255);
	VrrpParameters parameters;

	router->fsm.parameters.grid_phase_nsec = 70 * MSEC;
	router->fsm.parameters.interval_nsec = 100 * MSEC;
	router->now.nsec = 1000 * SECOND + 1;
	start(router);
	expire_after(router, 70 * MSEC - 1);
	expect(router, "advert 255");
	/* On the grid itself the interval is a whole one. */
	expire_after(router, 100 * MSEC);
	expect(router, "advert 255");
	/* In the first interval after boot there is no grid yet. */
	parameters = router->fsm.parameters;
	vrrp_fsm_init(&router->fsm, &parameters);
	router->now.nsec = 50 * MSEC;
	start(router);
	expire_after(router, 100 * MSEC);
}

static void test_announcements(void)
{
	static const uint64_t gaps_msec[] = { 20, 80, 400, 500, 1000, 1000, 1000, 1000 };
	static const char *const actions[] = { "announce 1", "announce 2", "announce 3",
					       "advert 100", "advert 100, announce 4" };
	g_autoptr(Router) router = master_new(3);

	for (guint i = 0; i < 4; i++) {
		expire_after(router, gaps_msec[i] * MSEC);
		expect(router, actions[i]);
	}
	expire_after(router, SECOND);
	expect(router, actions[4]);
	settle(router);
	expect(router, "advert 100, announce 5");
	/* One frame for all the rounds that a stall missed. */
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_ANNOUNCE });
	expect(router, "announce 0");
	after(router, 600 * MSEC);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	expect(router, "announce 1");
	g_assert_cmpuint(router->fsm.announce_round, ==, 4);
}

/* Master again while the kernel still takes the addresses away: nothing is announced before they
 * are back. */
static void test_announce_after_return(void)
{
	g_autoptr(Router) router = master_new(3);

	settle(router);
	advert(router, 20, 200);
	expect(router, "master>backup higher-priority, yielded 20, silent");
	advert(router, 20, 0);
	expire_after(router, 50100 * 1000);
	expect(router, "absent");
	expire_after(router, 609375 * 1000 - 50100 * 1000);
	expect(router, "advert 100, present, backup>master priority-zero");
	advert(router, 20, 50); /* a conflict announces, if there is anything to announce */
	done(router, VRRP_ADDRESSES_SILENT);
	expect(router, "");
	g_assert_true(vrrp_time_is_never(router->fsm.next_announce));
	done(router, VRRP_ADDRESSES_PRESENT);
	expect(router, "announce 0");
}

static void test_announce_count(void)
{
	g_autoptr(Router) one = router_new(3, 255), none = router_new(3, 255);

	one->fsm.parameters.announce_count = 1;
	none->fsm.parameters.announce_count = 0;
	start(one);
	start(none);
	done(one, VRRP_ADDRESSES_PRESENT);
	expect(one, "announce 0");
	g_assert_true(vrrp_time_is_never(one->fsm.next_announce));
	done(none, VRRP_ADDRESSES_PRESENT);
	expect(none, "");
}

static void test_parameters(void)
{
	g_autoptr(Router) master = master_new(3), backup = router_new(3, 100);
	VrrpParameters parameters = master->fsm.parameters;

	settle(master);
	parameters.interval_nsec = 100 * MSEC;
	parameters.priority = 120;
	step(master, &(VrrpEvent){ .type = VRRP_EVENT_PARAMETERS, .parameters = parameters });
	expect(master, "");
	expire_after(master, 100 * MSEC);
	expect(master, "advert 120");
	parameters.interval_nsec = 10 * SECOND; /* a longer one counts from the next advert on */
	step(master, &(VrrpEvent){ .type = VRRP_EVENT_PARAMETERS, .parameters = parameters });
	expire_after(master, 100 * MSEC);

	/* In backup the timer is set as if the new value had been there when it was last set. */
	start(backup);
	after(backup, 500 * MSEC);
	parameters = backup->fsm.parameters;
	parameters.priority = 200;
	step(backup, &(VrrpEvent){ .type = VRRP_EVENT_PARAMETERS, .parameters = parameters });
	expire_after(backup, 3218750000 - 500 * MSEC);
	expect(backup, "advert 200, present, backup>master no-response");
}

static void test_parameters_keep_learned_interval(void)
{
	g_autoptr(Router) backup = router_new(3, 100);
	VrrpParameters parameters = backup->fsm.parameters;

	start(backup);
	advert_interval(backup, 20, 200, 100 * MSEC);
	parameters.interval_nsec = 5 * SECOND;
	step(backup, &(VrrpEvent){ .type = VRRP_EVENT_PARAMETERS, .parameters = parameters });
	g_assert_cmpuint(backup->fsm.master_interval_nsec, ==, 100 * MSEC);
}

static void test_actions_never_overflow(void)
{
	g_autoptr(Router) router = router_new(3, 100);
	VrrpActions actions;
	unsigned most = 0;

	for (int i = 0; i < 200000; i++) {
		VrrpEvent event = {
			.type = (VrrpEventType)g_test_rand_int_range(0, VRRP_EVENT_ANNOUNCE + 1)
		};

		if (event.type == VRRP_EVENT_PARAMETERS || event.type == VRRP_EVENT_SOURCE)
			continue;
		if (event.type == VRRP_EVENT_ADVERT) {
			event.advert.source = address((uint8_t)g_test_rand_int_range(1, 20));
			event.advert.priority = (uint8_t)g_test_rand_int_range(0, 256);
			event.advert.interval_nsec = SECOND;
		} else if (event.type == VRRP_EVENT_FAULTS) {
			event.faults = (uint32_t)g_test_rand_int_range(0, 64) &
				       (uint32_t)g_test_rand_int_range(0, 64);
		} else if (event.type == VRRP_EVENT_ADDRESSES_DONE) {
			event.addresses.held = router->fsm.wanted;
		}
		after(router, (uint64_t)g_test_rand_int_range(0, 1000) * MSEC);
		vrrp_fsm_step(&router->fsm, &event, router->now, &actions);
		most = MAX(most, actions.count);
		/* A backup that is not releasing wants nothing from the kernel; a master always
		 * wants its addresses. */
		if (router->fsm.state == VRRP_STATE_MASTER)
			g_assert_cmpint(router->fsm.wanted, ==, VRRP_ADDRESSES_PRESENT);
		else if (!vrrp_fsm_releasing(&router->fsm))
			g_assert_cmpint(router->fsm.wanted, ==, VRRP_ADDRESSES_ABSENT);
	}
	g_assert_cmpuint(most, <=, VRRP_ACTIONS_MAX / 2);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fsm/s1-owner", test_s1_owner);
	g_test_add_func("/fsm/s2-backup", test_s2_backup);
	g_test_add_func("/fsm/s4-backup-shutdown", test_s4_backup_shutdown);
	g_test_add_func("/fsm/s5-master-down", test_s5_master_down);
	g_test_add_func("/fsm/s6-priority-zero", test_s6_priority_zero);
	g_test_add_func("/fsm/s7-learns", test_s7_learns);
	g_test_add_func("/fsm/s7-version-2", test_s7_version_2);
	g_test_add_func("/fsm/s7-s15-no-preempt", test_s7_no_preempt);
	g_test_add_func("/fsm/s8-preempts", test_s8_preempts);
	g_test_add_func("/fsm/s11-adverts", test_s11_adverts);
	g_test_add_func("/fsm/s12-priority-zero-in-master", test_s12_priority_zero_in_master);
	g_test_add_func("/fsm/s13-higher-priority", test_s13_higher_priority);
	g_test_add_func("/fsm/s13-address-order", test_s13_address_order);
	g_test_add_func("/fsm/s14-losing-advert", test_s14_losing_advert);
	g_test_add_func("/fsm/s14-version-2", test_s14_version_2);
	g_test_add_func("/fsm/grid", test_grid);
	g_test_add_func("/fsm/announcements", test_announcements);
	g_test_add_func("/fsm/announce-after-return", test_announce_after_return);
	g_test_add_func("/fsm/announce-count", test_announce_count);
	g_test_add_func("/fsm/parameters", test_parameters);
	g_test_add_func("/fsm/parameters-keep-learned-interval",
			test_parameters_keep_learned_interval);
	g_test_add_func("/fsm/actions-never-overflow", test_actions_never_overflow);
	return g_test_run();
}
