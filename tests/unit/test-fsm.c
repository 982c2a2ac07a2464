/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every row of the state tables (RFC 9568 6.4, RFC 3768 6.4) and of the releasing phase, one step at a time. The actions of
 * a step are compared as text, so that a failure reads as what happened.
 */

#include <errno.h>
#include <glib.h>

#include "core/vrrp-fsm.h"
#include "core/vrrp-timing.h"

#define SECOND VRRP_NSEC_PER_SECOND
#define MSEC   VRRP_NSEC_PER_MSEC

typedef struct Router {
	VrrpFsm fsm;
	VrrpTime now;
	GString *text; /* the actions of the last step */
} Router;

static VrrpAddress address(uint8_t last)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { 192, 0, 2, last } };
}

static void describe(GString *text, const VrrpAction *action)
{
	static const char *const addresses[] = { "absent", "present", "silent" };

	if (text->len > 0)
		g_string_append(text, ", ");
	switch (action->type) {
	case VRRP_ACTION_SEND_ADVERT:
		g_string_append_printf(text, "advert %u", action->priority);
		break;
	case VRRP_ACTION_ADDRESSES:
		g_string_append(text, addresses[action->addresses]);
		break;
	case VRRP_ACTION_ANNOUNCE:
		g_string_append_printf(text, "announce %u", action->round);
		break;
	case VRRP_ACTION_TRANSITION:
		g_string_append_printf(text, "%s>%s %s",
				       vrrp_state_to_string(action->transition.old),
				       vrrp_state_to_string(action->transition.state),
				       vrrp_reason_to_string(action->transition.reason));
		break;
	case VRRP_ACTION_FAILOVER_DONE:
		g_string_append_printf(text, "failover %s",
				       action->error == 0            ? "done"
				       : action->error == -ENOENT    ? "no-peer"
				       : action->error == -ECANCELED ? "canceled"
								     : "?");
		break;
	case VRRP_ACTION_CONFLICT:
		g_string_append_printf(text, "conflict %u", action->peer.bytes[3]);
		break;
	case VRRP_ACTION_RELEASED:
		g_string_append(text, "released");
		break;
	}
}

static void step(Router *router, const VrrpEvent *event)
{
	VrrpActions actions;

	vrrp_fsm_step(&router->fsm, event, router->now, &actions);
	g_string_truncate(router->text, 0);
	for (unsigned i = 0; i < actions.count; i++)
		describe(router->text, &actions.list[i]);
}

#define expect(router, string) g_assert_cmpstr((router)->text->str, ==, string)

static Router *router_new(uint8_t version, uint8_t priority)
{
	VrrpParameters parameters = { .version = version,
				      .priority = priority,
				      .missed_adverts = 3,
				      .announce_count = 6,
				      .preempt = true,
				      .address_count = 1,
				      .interval_nsec = SECOND };
	Router *router = g_new0(Router, 1);

	router->now.nsec = 1000 * SECOND;
	router->text = g_string_new(NULL);
	vrrp_fsm_init(&router->fsm, &parameters);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_SOURCE, .source = address(10) });
	expect(router, "");
	return router;
}

static void router_free(Router *router)
{
	g_string_free(router->text, TRUE);
	g_free(router);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Router, router_free)

static void start(Router *router)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_START });
}

static void stop(Router *router, VrrpReason reason)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_STOP, .reason = reason });
}

static void after(Router *router, uint64_t nsec)
{
	router->now = vrrp_time_add(router->now, nsec);
}

/* Moves the clock to the deadline, which must be @nsec away, and lets it expire. */
static void expire_after(Router *router, uint64_t nsec)
{
	g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==, nsec);
	after(router, nsec);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
}

static void advert_interval(Router *router, uint8_t source, uint8_t priority,
			    uint64_t interval_nsec)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_ADVERT,
				   .advert = { .source = address(source),
					       .priority = priority,
					       .interval_nsec = interval_nsec } });
}

static void advert(Router *router, uint8_t source, uint8_t priority)
{
	advert_interval(router, source, priority, SECOND);
}

static void done(Router *router, VrrpAddresses held)
{
	step(router,
	     &(VrrpEvent){ .type = VRRP_EVENT_ADDRESSES_DONE, .addresses = { .held = held } });
}

static void failed(Router *router, VrrpAddresses held)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_ADDRESSES_DONE,
				   .addresses = { .held = held, .error = -EPERM } });
}

static void faults(Router *router, uint32_t bits)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_FAULTS, .faults = bits });
}

static void failover(Router *router, uint64_t hold_nsec)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_FAILOVER, .hold_nsec = hold_nsec });
}

/* A router of priority 100 that became master because nobody answered, its addresses in place. */
static Router *master_new(uint8_t version)
{
	Router *router = router_new(version, 100);

	/* A grid on which this takeover lies, so that the first interval is a whole one. */
	router->fsm.parameters.grid_phase_nsec = 609375 * 1000;
	start(router);
	expire_after(router, 3 * SECOND + 609375 * 1000);
	expect(router, "advert 100, present, backup>master no-response");
	done(router, VRRP_ADDRESSES_PRESENT);
	expect(router, "announce 0");
	return router;
}

/* Runs the timer until the announcements are over; only adverts remain. */
static void settle(Router *router)
{
	while (!vrrp_time_is_never(router->fsm.next_announce)) {
		router->now = vrrp_fsm_deadline(&router->fsm);
		step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	}
}

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
	failed(router,
	       VRRP_ADDRESSES_ABSENT); /* a kernel that refuses cannot keep the daemon from ending */
	expect(router, "released");
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
	expect(router, "advert 100");
	g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==, SECOND);
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
	expect(router, "master>backup higher-priority, silent");
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
	expect(higher, "master>backup address-order, silent");
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
	/* At most one unscheduled advert in interval/4, announcements for that cause once a second (design rule 5). */
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

/* Master again while the kernel still takes the addresses away: nothing is announced before they are back. */
static void test_announce_after_return(void)
{
	g_autoptr(Router) router = master_new(3);

	settle(router);
	advert(router, 20, 200);
	expect(router, "master>backup higher-priority, silent");
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
	expect(router, "master>backup higher-priority, silent");
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
		/* A backup that is not releasing wants nothing from the kernel; a master always wants its addresses. */
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
	g_test_add_func("/fsm/s10-master-shutdown", test_s10_master_shutdown);
	g_test_add_func("/fsm/s10-nobody-comes", test_s10_nobody_comes);
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
	g_test_add_func("/fsm/addresses-refused", test_addresses_refused);
	g_test_add_func("/fsm/late-answer", test_late_answer);
	g_test_add_func("/fsm/faults", test_faults);
	g_test_add_func("/fsm/fault-while-releasing", test_fault_while_releasing);
	g_test_add_func("/fsm/failover", test_failover);
	g_test_add_func("/fsm/failover-silence", test_failover_silence);
	g_test_add_func("/fsm/failover-hold-time", test_failover_hold_time);
	g_test_add_func("/fsm/failover-no-peer", test_failover_no_peer);
	g_test_add_func("/fsm/failover-limit", test_failover_limit);
	g_test_add_func("/fsm/failover-interrupted", test_failover_interrupted);
	g_test_add_func("/fsm/successor-dies-while-lingering", test_successor_dies_while_lingering);
	g_test_add_func("/fsm/parameters", test_parameters);
	g_test_add_func("/fsm/parameters-keep-learned-interval",
			test_parameters_keep_learned_interval);
	g_test_add_func("/fsm/actions-never-overflow", test_actions_never_overflow);
	return g_test_run();
}
