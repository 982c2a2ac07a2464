/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A router for the tests of the state machine: the machine, a clock that the test moves, and the
 * actions of the last step as text, so that a failure reads as what happened.
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

G_GNUC_UNUSED static VrrpAddress address(uint8_t last)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { 192, 0, 2, last } };
}

G_GNUC_UNUSED static void describe(GString *text, const VrrpAction *action)
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
		g_string_append_printf(text, "%s %u",
				       action->conflict.yielded ? "yielded" : "conflict",
				       action->conflict.peer.bytes[3]);
		break;
	case VRRP_ACTION_RELEASED:
		g_string_append(text, "released");
		break;
	}
}

G_GNUC_UNUSED static void step(Router *router, const VrrpEvent *event)
{
	VrrpActions actions;

	vrrp_fsm_step(&router->fsm, event, router->now, &actions);
	g_string_truncate(router->text, 0);
	for (unsigned i = 0; i < actions.count; i++)
		describe(router->text, &actions.list[i]);
}

#define expect(router, string) g_assert_cmpstr((router)->text->str, ==, string)

G_GNUC_UNUSED static Router *router_new(uint8_t version, uint8_t priority)
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

G_GNUC_UNUSED static void router_free(Router *router)
{
	g_string_free(router->text, TRUE);
	g_free(router);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC(Router, router_free)

G_GNUC_UNUSED static void start(Router *router)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_START });
}

G_GNUC_UNUSED static void stop(Router *router, VrrpReason reason)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_STOP, .reason = reason });
}

G_GNUC_UNUSED static void after(Router *router, uint64_t nsec)
{
	router->now = vrrp_time_add(router->now, nsec);
}

/* Moves the clock to the deadline, which must be @nsec away, and lets it expire. */
G_GNUC_UNUSED static void expire_after(Router *router, uint64_t nsec)
{
	g_assert_cmpuint(vrrp_fsm_deadline(&router->fsm).nsec - router->now.nsec, ==, nsec);
	after(router, nsec);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
}

G_GNUC_UNUSED static void advert_interval(Router *router, uint8_t source, uint8_t priority,
					  uint64_t interval_nsec)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_ADVERT,
				   .advert = { .source = address(source),
					       .priority = priority,
					       .interval_nsec = interval_nsec } });
}

G_GNUC_UNUSED static void advert(Router *router, uint8_t source, uint8_t priority)
{
	advert_interval(router, source, priority, SECOND);
}

G_GNUC_UNUSED static void done(Router *router, VrrpAddresses held)
{
	step(router,
	     &(VrrpEvent){ .type = VRRP_EVENT_ADDRESSES_DONE, .addresses = { .held = held } });
}

G_GNUC_UNUSED static void failed(Router *router, VrrpAddresses held)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_ADDRESSES_DONE,
				   .addresses = { .held = held, .error = -EPERM } });
}

G_GNUC_UNUSED static void faults(Router *router, uint32_t bits)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_FAULTS, .faults = bits });
}

G_GNUC_UNUSED static void failover(Router *router, uint64_t hold_nsec)
{
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_FAILOVER, .hold_nsec = hold_nsec });
}

/* A router of priority 100 that became master because nobody answered, its addresses in place. */
G_GNUC_UNUSED static Router *master_new(uint8_t version)
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
G_GNUC_UNUSED static void settle(Router *router)
{
	while (!vrrp_time_is_never(router->fsm.next_announce)) {
		router->now = vrrp_fsm_deadline(&router->fsm);
		step(router, &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	}
}
