/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What must hold in every network, whatever happens in it. The rules look at packets, at what the
 * kernel holds and at what a state machine says aloud; how it came to that they must not ask, or
 * they would repeat its mistakes. The first rule that is broken ends the run.
 */

#include <stdarg.h>

#include "core/vrrp-timing.h"
#include "sim.h"

/* More for each router, and the clock never moves again. */
#define STEPS_AT_ONCE_MAX 2000u

static char name_of(const SimRouter *router)
{
	return (char)('A' + router->index);
}

void sim_violate(Sim *sim, const char *format, ...)
{
	va_list arguments;

	if (sim->violation)
		return;
	va_start(arguments, format);
	sim->violation = g_strdup_vprintf(format, arguments);
	va_end(arguments);
}

void sim_rules_boot(SimRouter *router)
{
	router->backup_since = VRRP_TIME_NEVER;
	router->present_since = VRRP_TIME_NEVER;
	router->successor_at = VRRP_TIME_NEVER;
	router->goodbye_until = VRRP_TIME_NEVER;
	router->heard_at = VRRP_TIME_NEVER;
	router->failover_at = VRRP_TIME_NEVER;
	router->held = false;
	router->lower_heard = false;
	router->goodbye_heard = false;
}

void sim_rules_before(SimRouter *router)
{
	router->was_master = router->fsm.state == VRRP_STATE_MASTER;
}

void sim_rules_failover(SimRouter *router)
{
	if (router->fsm.state == VRRP_STATE_MASTER)
		router->failover_at = router->sim->now;
}

static void shift(VrrpTime *time, uint64_t nsec)
{
	if (!vrrp_time_is_never(*time))
		*time = vrrp_time_add(*time, nsec);
}

void sim_rules_pause(SimRouter *router, uint64_t nsec)
{
	shift(&router->present_since, nsec);
	shift(&router->successor_at, nsec);
	shift(&router->goodbye_until, nsec);
	shift(&router->failover_at, nsec);
}

/* --- Packets that were accepted -------------------------------------------------------------- */

static uint64_t skew_nsec(const SimRouter *router)
{
	/* RFC 9568 6.1: by the master's interval, which version 2 has in common. */
	uint64_t unit = router->parameters.version == 2 ? VRRP_NSEC_PER_SECOND
							: router->fsm.master_interval_nsec;

	return (256u - router->parameters.priority) * unit / 256u;
}

/* A recorded number must not depose a master (nor may one that came twice). */
static void check_number(SimRouter *router, const VrrpPacket *packet)
{
	if (!packet->ah)
		return;
	if (router->fsm.state == VRRP_STATE_MASTER && packet->ah_number <= router->highest_number)
		sim_violate(router->sim, "%c believed number %u as master, knowing %u",
			    name_of(router), packet->ah_number, router->highest_number);
	router->highest_number = MAX(router->highest_number, packet->ah_number);
}

void sim_rules_number(SimRouter *router, uint32_t number)
{
	if (number <= router->highest_number)
		sim_violate(router->sim, "%c sends number %u, but %u was used", name_of(router),
			    number, router->highest_number);
	router->highest_number = number;
}

void sim_rules_advert(SimRouter *router, const VrrpPacket *packet)
{
	Sim *sim = router->sim;

	check_number(router, packet);
	if (packet->priority > 0 && vrrp_time_is_never(router->successor_at))
		router->successor_at = sim->now; /* only counts where it is no master */
	if (router->fsm.state != VRRP_STATE_BACKUP)
		return;
	if (packet->priority == 0) {
		router->goodbye_heard = true;
		router->goodbye_until =
			vrrp_time_add(sim->now, skew_nsec(router) + sim->config.lateness_nsec + 1);
		return;
	}
	/* Anything else that is said makes the goodbye void: S7 starts the timer anew, S8 lets it
	 * run. */
	router->goodbye_until = VRRP_TIME_NEVER;
	if (packet->priority >= router->parameters.priority ||
	    (!router->parameters.preempt && router->parameters.priority < 255) || router->held) {
		router->heard_at = sim->now;
		router->heard_interval = packet->interval_nsec;
		router->goodbye_heard = false;
	} else {
		router->lower_heard = true;
	}
}

/* --- What the state machines do -------------------------------------------------------------- */

/* A backup takes over because nobody with a higher claim was heard for three intervals, or because
 * it was invited. */
static void check_takeover(const SimRouter *router, VrrpReason reason)
{
	Sim *sim = router->sim;
	bool heard = !vrrp_time_is_never(router->heard_at);
	uint64_t silent = vrrp_time_since(sim->now, router->heard_at);
	uint64_t patience = router->parameters.missed_adverts * router->parameters.interval_nsec;

	if (router->advert_step != sim->steps)
		sim_violate(sim, "%c became master without an advert", name_of(router));
	if (!heard && !router->goodbye_heard && !vrrp_time_is_never(router->backup_since) &&
	    vrrp_time_since(sim->now, router->backup_since) < patience)
		sim_violate(sim, "%c became master before it had listened", name_of(router));
	if (sim->quiet)
		sim_violate(sim, "%c became master though nothing had happened", name_of(router));
	if (heard && !router->goodbye_heard &&
	    silent < router->parameters.missed_adverts * router->heard_interval)
		sim_violate(sim,
			    "%c became master %" G_GUINT64_FORMAT
			    " ms after a better one was heard",
			    name_of(router), silent / VRRP_NSEC_PER_MSEC);
	if (reason == VRRP_REASON_PRIORITY && !router->lower_heard)
		sim_violate(sim, "%c says it preempted, but whom?", name_of(router));
	if (reason == VRRP_REASON_PRIORITY_ZERO && !router->goodbye_heard)
		sim_violate(sim, "%c says a master left, but none did", name_of(router));
}

/* A master yields to a higher claim that it just heard, or because it was told to. */
static void check_yield(const SimRouter *router, const VrrpEvent *event)
{
	Sim *sim = router->sim;
	uint8_t own = router->parameters.priority;
	int order;

	if (event->type == VRRP_EVENT_FAULTS)
		return;
	if (event->type == VRRP_EVENT_FAILOVER || event->type == VRRP_EVENT_HOLD ||
	    event->type == VRRP_EVENT_STOP) { /* S10 */
		if (router->goodbye_step != sim->steps)
			sim_violate(sim, "%c left without a goodbye", name_of(router));
		return;
	}
	if (sim->quiet)
		sim_violate(sim, "%c yielded though nothing had happened", name_of(router));
	if (event->type != VRRP_EVENT_ADVERT) {
		sim_violate(sim, "%c yielded to nobody", name_of(router));
		return;
	}
	/* It came late, or was away, and must not preempt. */
	if (router->fsm.last_reason == VRRP_REASON_NO_PREEMPT && !router->parameters.preempt &&
	    own < 255)
		return;
	order = vrrp_address_compare(&event->advert.source, &router->source);
	if (event->advert.priority < own || (event->advert.priority == own && order <= 0))
		sim_violate(sim, "%c yielded to a lower claim", name_of(router));
}

static void check_transition(SimRouter *router, const VrrpAction *action, const VrrpEvent *event)
{
	VrrpState old = action->transition.old, new = action->transition.state;

	if (old == new)
		sim_violate(router->sim, "%c went nowhere", name_of(router));
	if (old == VRRP_STATE_BACKUP && new == VRRP_STATE_MASTER)
		check_takeover(router, action->transition.reason);
	if (old == VRRP_STATE_MASTER)
		check_yield(router, event);
	router->goodbye_until = VRRP_TIME_NEVER;
	router->heard_at = VRRP_TIME_NEVER;
	router->goodbye_heard = false;
	router->lower_heard = false;
	router->backup_since = VRRP_TIME_NEVER;
	/* Whoever is still releasing may take the addresses back earlier, where nobody came. */
	if (new == VRRP_STATE_BACKUP && !vrrp_fsm_releasing(&router->fsm))
		router->backup_since = router->sim->now;
	if (event->type == VRRP_EVENT_ADVERT && new == VRRP_STATE_BACKUP) {
		router->heard_at = router->sim->now;
		router->heard_interval = event->advert.interval_nsec;
	}
}

/* Deadlines are absolute: however late a timer was served, the next advert is not late because of
 * it. */
static void check_advert(SimRouter *router, const VrrpAction *action, const VrrpEvent *event)
{
	Sim *sim = router->sim;
	const VrrpParameters *parameters = &router->parameters;
	uint64_t late = (sim->now.nsec - parameters->grid_phase_nsec) % parameters->interval_nsec;

	router->advert_step = sim->steps;
	if (action->priority == 0)
		router->goodbye_step = sim->steps;
	/* The first one after a pause is as late as it is. */
	if (event->type == VRRP_EVENT_TIMER && router->was_master &&
	    late > sim->config.lateness_nsec &&
	    sim->now.nsec > router->paused_until.nsec + sim->config.lateness_nsec)
		sim_violate(sim, "%c drifts", name_of(router));
}

void sim_rules_action(SimRouter *router, const VrrpAction *action, const VrrpEvent *event)
{
	Sim *sim = router->sim;

	switch (action->type) {
	case VRRP_ACTION_SEND_ADVERT:
		check_advert(router, action, event);
		break;
	case VRRP_ACTION_TRANSITION:
		check_transition(router, action, event);
		break;
	case VRRP_ACTION_ANNOUNCE:
		if (router->kernel != VRRP_ADDRESSES_PRESENT && !sim->kernel_refused)
			sim_violate(sim, "%c announced what it does not have", name_of(router));
		break;
	case VRRP_ACTION_FAILOVER_DONE:
		if (vrrp_time_is_never(router->failover_at))
			sim_violate(sim, "%c answered a failover twice", name_of(router));
		router->failover_at = VRRP_TIME_NEVER;
		break;
	default:
		break;
	}
}

/* --- At any moment --------------------------------------------------------------------------- */

/* What the kernel may take: a job that was under way, and the one that is wanted. */
static uint64_t jobs_nsec(const SimRouter *router)
{
	const SimConfig *config = &router->sim->config;
	uint64_t retries = router->sim->kernel_refused ? 60 * VRRP_NSEC_PER_SECOND : 0;

	return 2 * (config->job_nsec + config->lateness_nsec) + retries;
}

/* How long the addresses may be there without mastership: until a successor must have spoken up,
 * and the kernel's time. */
static uint64_t release_limit_nsec(const SimRouter *router)
{
	return vrrp_timing_release_nsec(router->parameters.version,
					router->parameters.interval_nsec) +
	       vrrp_timing_linger_nsec(router->parameters.address_count) + jobs_nsec(router) +
	       VRRP_NSEC_PER_MSEC;
}

void sim_rules_after(SimRouter *router)
{
	Sim *sim = router->sim;
	bool stray = router->alive && router->kernel != VRRP_ADDRESSES_ABSENT &&
		     router->fsm.state != VRRP_STATE_MASTER;

	if (!stray)
		router->present_since = VRRP_TIME_NEVER;
	else if (vrrp_time_is_never(router->present_since))
		router->present_since = sim->now;
	if (!stray || router->kernel != VRRP_ADDRESSES_PRESENT)
		router->successor_at = VRRP_TIME_NEVER;
	if (vrrp_fsm_releasing(&router->fsm) && router->fsm.state == VRRP_STATE_MASTER)
		sim_violate(sim, "%c is master and releasing", name_of(router));
}

static void check_router(SimRouter *router)
{
	Sim *sim = router->sim;

	if (!router->alive)
		return;
	if (!vrrp_time_is_never(router->present_since) &&
	    vrrp_time_since(sim->now, router->present_since) > release_limit_nsec(router))
		sim_violate(sim, "%c holds the address without being master", name_of(router));
	if (!vrrp_time_is_never(router->successor_at) &&
	    vrrp_time_since(sim->now, router->successor_at) > jobs_nsec(router))
		sim_violate(sim, "%c answers beside another master", name_of(router));
	if (!vrrp_time_is_never(router->failover_at) &&
	    vrrp_time_since(sim->now, router->failover_at) > release_limit_nsec(router))
		sim_violate(sim, "%c owes an answer to a failover", name_of(router));
	/* S6 */
	if (!vrrp_time_is_never(router->goodbye_until) && router->fsm.state == VRRP_STATE_BACKUP &&
	    router->goodbye_until.nsec < sim->now.nsec)
		sim_violate(sim, "%c heard priority 0 and did not take over", name_of(router));
}

void sim_rules_tick(Sim *sim)
{
	if (sim->now.nsec != sim->last_tick.nsec) {
		sim->last_tick = sim->now;
		sim->steps_before = sim->steps;
	}
	if (sim->steps - sim->steps_before > STEPS_AT_ONCE_MAX * (unsigned)sim->router_count)
		sim_violate(sim, "time stands still");
	for (int i = 0; i < sim->router_count; i++)
		check_router(&sim->routers[i]);
}

/* --- Once settled ---------------------------------------------------------------------------- */

static bool takes_part(const SimRouter *router)
{
	return router->alive && router->link_up && router->fsm.started;
}

static bool better(const SimRouter *a, const SimRouter *b)
{
	int order = vrrp_address_compare(&a->source, &b->source);

	if (a->parameters.priority != b->parameters.priority)
		return a->parameters.priority > b->parameters.priority;
	return order > 0;
}

/* All routers that reach @first, itself included. Equal priorities: whoever is master stays it (RFC
 * 9568 6.4.2 does not compare addresses in backup), so only the priority makes one the best. */
static void check_component(Sim *sim, const SimRouter *first, bool best)
{
	const SimRouter *master = NULL, *candidate = NULL;

	for (int i = 0; i < sim->router_count; i++) {
		const SimRouter *router = &sim->routers[i];

		if (!takes_part(router) || router->group != first->group)
			continue;
		if (!candidate || better(router, candidate))
			candidate = router;
		if (router->fsm.state != VRRP_STATE_MASTER)
			continue;
		if (master)
			sim_violate(sim, "%c and %c are both master", name_of(master),
				    name_of(router));
		master = router;
	}
	if (!master)
		sim_violate(sim, "nobody is master where %c is", name_of(first));
	else if (best && master->parameters.priority != candidate->parameters.priority)
		sim_violate(sim, "%c is master, but %c is better", name_of(master),
			    name_of(candidate));
}

void sim_rules_settled(Sim *sim, bool best)
{
	for (int i = 0; i < sim->router_count; i++) {
		const SimRouter *router = &sim->routers[i];
		bool master = router->alive && router->fsm.state == VRRP_STATE_MASTER;

		if (takes_part(router))
			check_component(sim, router, best);
		if (master && router->kernel != VRRP_ADDRESSES_PRESENT)
			sim_violate(sim, "%c is master without the address", name_of(router));
		if (!master && router->kernel != VRRP_ADDRESSES_ABSENT &&
		    (router->alive || !sim->kernel_refused)) /* whoever left did what it could */
			sim_violate(sim, "%c has the address and is no master", name_of(router));
		if (master && !takes_part(router))
			sim_violate(sim, "%c is master and takes no part", name_of(router));
		if (sim->quiet && router->rejected[VRRP_REJECT_REPLAY] != router->replays_before)
			sim_violate(sim, "%c takes a healthy peer for a recording",
				    name_of(router));
	}
}

void sim_rules_quiet(Sim *sim)
{
	sim->quiet = true;
	for (int i = 0; i < sim->router_count; i++)
		sim->routers[i].replays_before = sim->routers[i].rejected[VRRP_REJECT_REPLAY];
}
