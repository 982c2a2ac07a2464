/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Waiting on purpose: PreemptDelay, StartupDelay, LinkUpDelay, AnnounceRefresh; and who gives way
 * because it came late or was away.
 */

#include "fsm-router.h"

static uint64_t left(const Router *router)
{
	return vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec;
}

static void test_preempt_delay(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	router->fsm.parameters.preempt_delay_nsec = 10 * SECOND;
	start(router);
	for (int i = 0; i < 6; i++) {
		after(router, SECOND);
		advert(router, 20, 50);
		g_assert_cmpuint(left(router), ==, 3609375000);
	}
	/* 5 s after the first one: the timer does not run beyond the delay any more. */
	after(router, 2 * SECOND);
	advert(router, 20, 50);
	g_assert_cmpuint(left(router), ==, 3 * SECOND);
	after(router, SECOND);
	advert(router, 20, 50);
	expire_after(router, 2 * SECOND);
	expect(router, "advert 100, present, backup>master priority");
}

/* The delay is not for a master that dies, and begins anew after a better one. */
static void test_preempt_delay_interrupted(void)
{
	g_autoptr(Router) dead = router_new(3, 100), better = router_new(3, 100),
			  goodbye = router_new(3, 100);

	dead->fsm.parameters.preempt_delay_nsec = 100 * SECOND;
	start(dead);
	advert(dead, 20, 50);
	expire_after(dead, 3609375000);
	expect(dead, "advert 100, present, backup>master no-response");

	better->fsm.parameters.preempt_delay_nsec = 4 * SECOND;
	start(better);
	advert(better, 20, 50);
	after(better, 2 * SECOND);
	advert(better, 30, 200);
	after(better, SECOND);
	advert(better, 20, 50);
	g_assert_cmpuint(left(better), ==, 3609375000);
	after(better, 3 * SECOND);
	advert(better, 20, 50);
	expire_after(better, SECOND);
	expect(better, "advert 100, present, backup>master priority");

	goodbye->fsm.parameters.preempt_delay_nsec = 100 * SECOND;
	start(goodbye);
	advert(goodbye, 20, 50);
	advert(goodbye, 20, 0);
	expire_after(goodbye, 609375000);
	expect(goodbye, "advert 100, present, backup>master priority-zero");
}

static void test_startup_delay(void)
{
	g_autoptr(Router) router = router_new(3, 255);

	router->fsm.parameters.startup_delay_nsec = 30 * SECOND;
	start(router);
	expect(router, "");
	g_assert_true(vrrp_fsm_delayed(&router->fsm));
	after(router, 10 * SECOND);
	advert(router, 20, 50); /* not yet a router */
	expect(router, "");
	/* A fault in between does not make it shorter, nor longer. */
	faults(router, VRRP_FAULT_INTERFACE_DOWN);
	g_assert_false(vrrp_fsm_delayed(&router->fsm));
	g_assert_true(vrrp_time_is_never(vrrp_fsm_deadline(&router->fsm)));
	faults(router, 0);
	expect(router, "");
	expire_after(router, 20 * SECOND);
	expect(router, "advert 255, present, initialize>master owner");
}

static void test_startup_delay_stopped(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	router->fsm.parameters.startup_delay_nsec = 30 * SECOND;
	start(router);
	stop(router, VRRP_REASON_SHUTDOWN);
	expect(router, "released");
}

static void test_link_up_delay(void)
{
	g_autoptr(Router) router = router_new(3, 100);

	router->fsm.parameters.link_up_delay_nsec = 5 * SECOND;
	start(router); /* the link is up already: nothing to wait for */
	expect(router, "initialize>backup startup");
	faults(router, VRRP_FAULT_INTERFACE_DOWN);
	faults(router, 0);
	expect(router, "");
	after(router, 3 * SECOND);
	faults(router, VRRP_FAULT_INTERFACE_DOWN); /* flaps: from the beginning */
	after(router, 3 * SECOND);
	faults(router, 0);
	expect(router, "");
	expire_after(router, 5 * SECOND);
	expect(router, "initialize>backup startup");
}

static void test_announce_refresh(void)
{
	g_autoptr(Router) router = master_new(3), never = router_new(3, 100);

	router->fsm.parameters.announce_refresh_nsec = 7 * SECOND;
	/* Right after the last round of the schedule the first repetition is planned. */
	while (router->fsm.announce_round < 6) {
		router->now = vrrp_fsm_deadline(&router->fsm);
		step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	}
	for (int i = 0; i < 1000; i++) {
		uint8_t round = router->fsm.announce_round;

		g_assert_cmpuint(router->fsm.next_announce.nsec - router->now.nsec, ==, 7 * SECOND);
		do {
			router->now = vrrp_fsm_deadline(&router->fsm);
			step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
		} while (!strstr(router->text->str, "announce"));
		/* Both forms in turn. */
		g_assert_cmpuint((round + router->fsm.announce_round) % 2, ==, 1);
	}
	/* Only the repetitions. */
	never->fsm.parameters.announce_count = 0;
	never->fsm.parameters.announce_refresh_nsec = 7 * SECOND;
	start(never);
	expire_after(never, 3609375000);
	done(never, VRRP_ADDRESSES_PRESENT);
	expect(never, "");
	g_assert_cmpuint(never->fsm.next_announce.nsec - never->now.nsec, ==, 7 * SECOND);
}

static Router *late_master_new(void)
{
	Router *router = master_new(3);

	router->fsm.parameters.preempt = false;
	return router;
}

/* Rule 12: it could not hear the master yet, and must not preempt. */
static void test_came_late(void)
{
	g_autoptr(Router) router = late_master_new(), old = late_master_new(),
			  preempting = master_new(3);

	after(router, 50 * SECOND);
	settle(router);
	advert(router, 20, 50);
	expect(router, "master>backup no-preempt, yielded 20, silent");
	done(router, VRRP_ADDRESSES_SILENT);
	expire_after(router, 50100 * 1000);
	done(router, VRRP_ADDRESSES_ABSENT);
	/* Once: from here on it goes by the priority. */
	expire_after(router, 3609375000 - 50100 * 1000);
	expect(router, "advert 100, present, backup>master no-response");
	done(router, VRRP_ADDRESSES_PRESENT);
	advert(router, 20, 50);
	expect(router, "advert 100, announce 0, conflict 20");

	settle(old);
	while (vrrp_time_since(old->now, old->fsm.state_since) < 58 * SECOND) {
		old->now = vrrp_fsm_deadline(&old->fsm);
		step(old, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	}
	advert(old, 20, 50);
	expect(old, "advert 100, announce 0, conflict 20");

	settle(preempting);
	advert(preempting, 20, 50);
	expect(preempting, "advert 100, announce 0, conflict 20");
}

/* Rule 13: whoever waits in the queue took over while we were away. */
static void test_was_away(void)
{
	g_autoptr(Router) router = late_master_new(), preempting = master_new(3),
			  alone = master_new(3);

	settle(router);
	router->fsm.calm_at = router->now;
	after(router, SECOND + 1900 * MSEC); /* next_advert is at most a second ahead */
	advert(router, 20, 50);
	expect(router, "advert 100, announce 0, conflict 20");
	router->fsm.next_advert = vrrp_time_add(router->now, SECOND);
	after(router, SECOND + 2000 * MSEC);
	advert(router, 20, 50);
	expect(router, "master>backup no-preempt, yielded 20, silent");

	settle(preempting);
	after(preempting, 10 * SECOND);
	advert(preempting, 20, 50);
	expect(preempting, "advert 100, announce 0, conflict 20");

	/* Nobody: still master, and the clients are told. */
	settle(alone);
	after(alone, 10 * SECOND);
	step(alone, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	expect(alone, "advert 100, announce 0");
	g_assert_cmpuint(alone->fsm.next_advert.nsec - alone->now.nsec, <=, SECOND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/fsm-patience/preempt-delay", test_preempt_delay);
	g_test_add_func("/fsm-patience/preempt-delay-interrupted", test_preempt_delay_interrupted);
	g_test_add_func("/fsm-patience/startup-delay", test_startup_delay);
	g_test_add_func("/fsm-patience/startup-delay-stopped", test_startup_delay_stopped);
	g_test_add_func("/fsm-patience/link-up-delay", test_link_up_delay);
	g_test_add_func("/fsm-patience/announce-refresh", test_announce_refresh);
	g_test_add_func("/fsm-patience/came-late", test_came_late);
	g_test_add_func("/fsm-patience/was-away", test_was_away);
	return g_test_run();
}
