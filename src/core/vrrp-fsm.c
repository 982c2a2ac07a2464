/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The state machine of one virtual router (RFC 9568 6.4; RFC 3768 6.4 where version 2 differs),
 * with one phase that the RFC does not have: a router that leaves mastership goes on answering
 * until it hears its successor, and goes on receiving for a little longer, so that a planned
 * handover loses no packet.
 *
 * Owned by whoever embeds the VrrpFsm; nobody else writes it. Everything that happens comes in as
 * an event, the kernel's answer to a request included; everything that is to be done goes out as an
 * action. The machine must never assume that an action has succeeded, read a clock, or remember
 * anything outside the struct. S1 to S14 in the comments number the rows of the RFC's state tables,
 * as RFCs.md and the tests do.
 */

#include <errno.h>
#include <string.h>

#include "vrrp-fsm.h"
#include "vrrp-timing.h"

#define ANNOUNCE_CONFLICT_NSEC VRRP_NSEC_PER_SECOND
/* How long after start or link-up a router may not know yet that there is a master. */
#define UNSETTLED_NSEC (60 * VRRP_NSEC_PER_SECOND)

/* Early and often enough that a lost frame does not matter, late enough that a switch that was
 * still learning hears one. */
static const uint64_t announce_schedule_nsec[] = {
	0,
	20 * VRRP_NSEC_PER_MSEC,
	100 * VRRP_NSEC_PER_MSEC,
	500 * VRRP_NSEC_PER_MSEC,
	2 * VRRP_NSEC_PER_SECOND,
	5 * VRRP_NSEC_PER_SECOND,
};

#define ANNOUNCE_ROUNDS (sizeof(announce_schedule_nsec) / sizeof(announce_schedule_nsec[0]))

/* One call of vrrp_fsm_step. */
typedef struct Step {
	VrrpFsm *fsm;
	VrrpTime now;
	VrrpActions *actions;
} Step;

static void act(Step *step, VrrpAction action)
{
	/* No event yields more than six actions; the bound keeps a mistake from writing outside. */
	if (step->actions->count < VRRP_ACTIONS_MAX)
		step->actions->list[step->actions->count++] = action;
}

static void send_advert(Step *step, uint8_t priority)
{
	act(step, (VrrpAction){ .type = VRRP_ACTION_SEND_ADVERT, .priority = priority });
}

static void want_addresses(Step *step, VrrpAddresses addresses)
{
	if (step->fsm->wanted == addresses)
		return;
	step->fsm->wanted = addresses;
	act(step, (VrrpAction){ .type = VRRP_ACTION_ADDRESSES, .addresses = addresses });
}

static void transition(Step *step, VrrpState state, VrrpReason reason)
{
	VrrpFsm *fsm = step->fsm;
	VrrpState old = fsm->state;

	fsm->state = state;
	fsm->last_reason = reason;
	fsm->state_since = step->now;
	fsm->transitions++;
	act(step, (VrrpAction){ .type = VRRP_ACTION_TRANSITION,
				.transition = { .state = state, .old = old, .reason = reason } });
}

static void finish_failover(Step *step, int error)
{
	if (!step->fsm->failover_pending)
		return;
	step->fsm->failover_pending = false;
	act(step, (VrrpAction){ .type = VRRP_ACTION_FAILOVER_DONE, .error = error });
}

static bool preempts(const VrrpFsm *fsm)
{
	return !fsm->held_out && !fsm->holding &&
	       (fsm->parameters.preempt || fsm->parameters.priority == 255);
}

/* --- Announcements --------------------------------------------------------------------------- */

static VrrpTime refresh_time(const Step *step)
{
	uint64_t refresh = step->fsm->parameters.announce_refresh_nsec;

	return refresh > 0 ? vrrp_time_add(step->now, refresh) : VRRP_TIME_NEVER;
}

/* The schedule always runs from its start: a client that missed the last rounds gets the dense ones
 * again. */
static void start_announcing(Step *step)
{
	step->fsm->announce_start = step->now;
	step->fsm->announce_round = 0;
	step->fsm->next_announce =
		step->fsm->parameters.announce_count > 0 ? step->now : refresh_time(step);
}

/* Sends the round that is due. Rounds that a late wake-up missed are not made up for: one frame
 * says it all. */
static void announce_if_due(Step *step)
{
	VrrpFsm *fsm = step->fsm;
	uint8_t rounds = fsm->parameters.announce_count;

	if (!vrrp_time_reached(fsm->next_announce, step->now))
		return;
	act(step, (VrrpAction){ .type = VRRP_ACTION_ANNOUNCE, .round = fsm->announce_round });
	if (rounds > ANNOUNCE_ROUNDS)
		rounds = ANNOUNCE_ROUNDS;
	do {
		/* Afterwards the two forms go on in turn. */
		fsm->announce_round = fsm->announce_round < UINT8_MAX - 1 ? fsm->announce_round + 1
									  : UINT8_MAX - 2;
		fsm->next_announce =
			fsm->announce_round < rounds
				? vrrp_time_add(fsm->announce_start,
						announce_schedule_nsec[fsm->announce_round])
				: refresh_time(step);
	} while (vrrp_time_reached(fsm->next_announce, step->now));
}

/* Clients may have heard the other master's announcements: tell them again, but not for each of its
 * adverts. */
static void announce_after_conflict(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	if (fsm->held != VRRP_ADDRESSES_PRESENT)
		return; /* the schedule starts once the addresses are there */
	if (fsm->conflict_announced &&
	    vrrp_time_since(step->now, fsm->last_conflict_announce) < ANNOUNCE_CONFLICT_NSEC)
		return;
	fsm->conflict_announced = true;
	fsm->last_conflict_announce = step->now;
	start_announcing(step);
	announce_if_due(step);
}

/* --- Entering and leaving states ------------------------------------------------------------- */

static void set_master_down(Step *step, bool skewed)
{
	VrrpFsm *fsm = step->fsm;

	fsm->skewed = skewed;
	fsm->master_down_base = step->now;
	fsm->master_down = vrrp_time_add(step->now, skewed ? vrrp_fsm_skew_nsec(fsm)
							   : vrrp_fsm_master_down_nsec(fsm));
}

/* The last point of the grid that is at most an interval away; later than now. */
static VrrpTime next_on_grid(const VrrpFsm *fsm, VrrpTime now)
{
	uint64_t interval = fsm->parameters.interval_nsec;
	uint64_t phase = fsm->parameters.grid_phase_nsec % interval;

	/* Everything before the first phase is rounded to an interval from now: no underflow at
	 * boot. */
	if (now.nsec < interval)
		return vrrp_time_add(now, interval);
	return vrrp_time_add(now, interval - (now.nsec - phase) % interval);
}

static void become_master(Step *step, VrrpReason reason)
{
	VrrpFsm *fsm = step->fsm;
	/* Not where a request to take them away is still under way: the kernel will say when they
	 * are back. */
	bool there = fsm->held == VRRP_ADDRESSES_PRESENT && fsm->wanted == VRRP_ADDRESSES_PRESENT;

	/* The advert first: it is what stops the other candidates. */
	send_advert(step, fsm->parameters.priority);
	fsm->release = VRRP_RELEASE_NONE;
	fsm->release_deadline = VRRP_TIME_NEVER;
	fsm->master_down = VRRP_TIME_NEVER;
	fsm->master_heard = false;
	fsm->holding = false;
	fsm->preempt_at = VRRP_TIME_NEVER;
	fsm->master = fsm->source;
	fsm->master_priority = fsm->parameters.priority;
	fsm->master_interval_nsec = fsm->parameters.interval_nsec;
	fsm->next_advert = next_on_grid(fsm, step->now);
	fsm->unscheduled_sent = false;
	fsm->conflict_announced = false;
	fsm->announce_round = 0;
	fsm->next_announce = VRRP_TIME_NEVER;
	want_addresses(step, VRRP_ADDRESSES_PRESENT);
	transition(step, VRRP_STATE_MASTER, reason);
	finish_failover(step, -ENOENT);
	if (there) {
		start_announcing(step);
		announce_if_due(step);
	}
}

static void leave_master(Step *step, VrrpState state, VrrpReason reason)
{
	VrrpFsm *fsm = step->fsm;

	fsm->next_advert = VRRP_TIME_NEVER;
	fsm->next_announce = VRRP_TIME_NEVER;
	fsm->master = (VrrpAddress){ 0 };
	fsm->master_priority = 0;
	fsm->master_heard = false;
	fsm->down_reason = VRRP_REASON_NO_RESPONSE;
	fsm->master_interval_nsec = fsm->parameters.interval_nsec;
	transition(step, state, reason);
}

static void become_backup(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	fsm->master_interval_nsec = fsm->parameters.interval_nsec;
	fsm->master = (VrrpAddress){ 0 };
	fsm->master_priority = 0;
	fsm->master_heard = false;
	fsm->down_reason = VRRP_REASON_NO_RESPONSE;
	set_master_down(step, false);
	transition(step, VRRP_STATE_BACKUP, VRRP_REASON_STARTUP);
}

/* S1, S2 */
static void start_if_possible(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	if (!fsm->started || fsm->state != VRRP_STATE_INITIALIZE ||
	    (fsm->faults & VRRP_FAULTS_BLOCKING) || !vrrp_time_reached(fsm->not_before, step->now))
		return;
	fsm->calm_at = vrrp_time_add(step->now, UNSETTLED_NSEC);
	fsm->yielded = false;
	if (fsm->parameters.priority == 255 && !fsm->held_out)
		become_master(step, VRRP_REASON_OWNER);
	else
		become_backup(step);
}

/* --- Releasing ------------------------------------------------------------------------------- */

static void release_wait(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	fsm->release = VRRP_RELEASE_WAITING;
	fsm->release_deadline =
		vrrp_time_add(step->now, vrrp_timing_release_nsec(fsm->parameters.version,
								  fsm->parameters.interval_nsec));
}

static void release_linger(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	fsm->release = VRRP_RELEASE_LINGERING;
	fsm->release_deadline =
		vrrp_time_add(step->now, vrrp_timing_linger_nsec(fsm->parameters.address_count));
	want_addresses(step, VRRP_ADDRESSES_SILENT);
	finish_failover(step, 0);
}

static void release_end(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	fsm->release = VRRP_RELEASE_NONE;
	fsm->release_deadline = VRRP_TIME_NEVER;
	if (fsm->stopping)
		act(step, (VrrpAction){ .type = VRRP_ACTION_RELEASED });
}

static void release_remove(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	bool confirmed = fsm->wanted == VRRP_ADDRESSES_ABSENT && fsm->held == VRRP_ADDRESSES_ABSENT;

	fsm->release_deadline = VRRP_TIME_NEVER;
	want_addresses(step, VRRP_ADDRESSES_ABSENT);
	if (confirmed)
		release_end(step);
	else
		fsm->release = VRRP_RELEASE_REMOVING;
}

static void release_expired(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	/* Nobody came. A failover takes back what it gave away; whoever leaves for good must not
	 * hold on. */
	if (fsm->release == VRRP_RELEASE_WAITING && fsm->state == VRRP_STATE_BACKUP)
		become_master(step, VRRP_REASON_NO_RESPONSE);
	else
		release_remove(step);
}

/* --- Events ---------------------------------------------------------------------------------- */

static void on_stop(Step *step, VrrpReason reason)
{
	VrrpFsm *fsm = step->fsm;
	VrrpState state = fsm->state;

	fsm->started = false;
	fsm->stopping = true;
	if (state == VRRP_STATE_MASTER) { /* S10 */
		send_advert(step, 0);
		leave_master(step, VRRP_STATE_INITIALIZE, reason);
		release_wait(step);
		return;
	}
	finish_failover(step, -ECANCELED);
	fsm->master_down = VRRP_TIME_NEVER;
	if (state == VRRP_STATE_BACKUP) /* S4 */
		transition(step, VRRP_STATE_INITIALIZE, reason);
	if (fsm->release == VRRP_RELEASE_NONE)
		release_end(step);
}

static VrrpReason reason_of_faults(uint32_t faults)
{
	if (faults & VRRP_FAULT_INTERFACE_MISSING)
		return VRRP_REASON_INTERFACE_MISSING;
	if (faults & VRRP_FAULT_INTERFACE_DOWN)
		return VRRP_REASON_INTERFACE_DOWN;
	if (faults & VRRP_FAULT_NO_SOURCE_ADDRESS)
		return VRRP_REASON_NO_SOURCE_ADDRESS;
	if (faults & VRRP_FAULT_AUTH_NUMBER)
		return VRRP_REASON_AUTHENTICATION;
	return VRRP_REASON_ADDRESS_LOST;
}

/* Delays do not add up: the later end counts. */
static void delay_start(VrrpFsm *fsm, VrrpTime until)
{
	if (until.nsec > fsm->not_before.nsec)
		fsm->not_before = until;
}

/* With a blocking fault nothing can be sent any more, so there is no goodbye, and nobody could hear
 * the addresses answer: they go at once. Only where the addresses were lost the wire is as good as
 * ever, and the goodbye spares the others the wait. */
static void on_faults(Step *step, uint32_t faults)
{
	VrrpFsm *fsm = step->fsm;
	VrrpState state = fsm->state;
	bool recovered = (fsm->faults & VRRP_FAULTS_BLOCKING) && !(faults & VRRP_FAULTS_BLOCKING);

	fsm->faults = faults;
	if (recovered && fsm->started)
		delay_start(fsm, vrrp_time_add(step->now, fsm->parameters.link_up_delay_nsec));
	if (!(faults & VRRP_FAULTS_BLOCKING)) {
		start_if_possible(step);
		return;
	}
	finish_failover(step, -ECANCELED);
	fsm->master_down = VRRP_TIME_NEVER;
	if (state == VRRP_STATE_MASTER) {
		if ((faults & VRRP_FAULTS_BLOCKING) == VRRP_FAULT_ADDRESS_LOST)
			send_advert(step, 0);
		leave_master(step, VRRP_STATE_INITIALIZE, reason_of_faults(faults));
	} else if (state == VRRP_STATE_BACKUP) {
		transition(step, VRRP_STATE_INITIALIZE, reason_of_faults(faults));
	}
	if (state == VRRP_STATE_MASTER || fsm->release == VRRP_RELEASE_WAITING ||
	    fsm->release == VRRP_RELEASE_LINGERING)
		release_remove(step);
}

static void on_parameters(Step *step, const VrrpParameters *parameters)
{
	VrrpFsm *fsm = step->fsm;
	bool interval_changed = fsm->parameters.interval_nsec != parameters->interval_nsec;

	fsm->parameters = *parameters;
	if (fsm->state == VRRP_STATE_MASTER) {
		fsm->master_priority = parameters->priority;
		fsm->master_interval_nsec = parameters->interval_nsec;
		if (interval_changed)
			fsm->next_advert =
				vrrp_time_min(fsm->next_advert, next_on_grid(fsm, step->now));
	} else if (fsm->state == VRRP_STATE_BACKUP) {
		/* Version 2 goes by its own interval; version 3 by the master's, once there is one.
		 */
		if (parameters->version == 2 || !fsm->master_heard)
			fsm->master_interval_nsec = parameters->interval_nsec;
		if (!vrrp_time_is_never(fsm->master_down))
			fsm->master_down =
				vrrp_time_add(fsm->master_down_base,
					      fsm->skewed ? vrrp_fsm_skew_nsec(fsm)
							  : vrrp_fsm_master_down_nsec(fsm));
	}
}

static void on_addresses_done(Step *step, VrrpAddresses held, int error)
{
	VrrpFsm *fsm = step->fsm;
	bool announced = fsm->announce_round > 0 && fsm->state == VRRP_STATE_MASTER;

	if (error == 0)
		fsm->held = held;
	/* Until they come back there is nothing to announce. */
	if (error == 0 && held != VRRP_ADDRESSES_PRESENT)
		fsm->next_announce = VRRP_TIME_NEVER;
	/* An answer to a request that is no longer the last one changes nothing else. */
	if (held == VRRP_ADDRESSES_PRESENT && fsm->state == VRRP_STATE_MASTER) {
		/* On an error some of the addresses may be there: announce them, but not again for
		 * each retry. */
		if (error == 0 || !announced) {
			start_announcing(step);
			announce_if_due(step);
		}
	} else if (held == VRRP_ADDRESSES_ABSENT && fsm->release == VRRP_RELEASE_REMOVING) {
		/* A router that leaves for good cannot wait for a kernel that refuses. */
		if (error == 0 || fsm->stopping)
			release_end(step);
	}
}

static void give_away(Step *step, VrrpReason reason)
{
	send_advert(step, 0);
	leave_master(step, VRRP_STATE_BACKUP, reason);
	/* Master_Down_Timer stays off: until a successor is heard the end of the release decides.
	 */
	step->fsm->failover_pending = true;
	release_wait(step);
}

static void on_failover(Step *step, uint64_t hold_nsec)
{
	VrrpFsm *fsm = step->fsm;

	if (fsm->state != VRRP_STATE_MASTER)
		return;
	fsm->holding = true;
	fsm->hold_until = hold_nsec > 0 ? vrrp_time_add(step->now, hold_nsec) : VRRP_TIME_NEVER;
	give_away(step, VRRP_REASON_FAILOVER);
}

/* A hold that ends needs nothing else: the next advert of a lesser master is S8 again. */
static void on_hold(Step *step, bool hold)
{
	step->fsm->held_out = hold;
	if (hold && step->fsm->state == VRRP_STATE_MASTER)
		give_away(step, VRRP_REASON_HOLD);
}

static void note_master(VrrpFsm *fsm, const VrrpEvent *event)
{
	fsm->master = event->advert.source;
	fsm->master_priority = event->advert.priority;
	fsm->master_heard = true;
}

static void learn_interval(VrrpFsm *fsm, const VrrpEvent *event)
{
	fsm->master_interval_nsec = fsm->parameters.version == 2 ? fsm->parameters.interval_nsec
								 : event->advert.interval_nsec;
}

/* PreemptDelay: the lesser master's adverts count like anybody's until the delay is over, so that
 * its death is noticed meanwhile; the timer never runs beyond that moment. */
static void wait_to_preempt(Step *step, const VrrpEvent *event)
{
	VrrpFsm *fsm = step->fsm;

	if (vrrp_time_is_never(fsm->preempt_at))
		fsm->preempt_at = vrrp_time_add(step->now, fsm->parameters.preempt_delay_nsec);
	fsm->down_reason = VRRP_REASON_NO_RESPONSE;
	learn_interval(fsm, event);
	set_master_down(step, false);
	if (fsm->preempt_at.nsec <= fsm->master_down.nsec) {
		fsm->master_down = fsm->preempt_at;
		fsm->down_reason = VRRP_REASON_PRIORITY;
	}
}

static void on_advert_in_backup(Step *step, const VrrpEvent *event)
{
	VrrpFsm *fsm = step->fsm;

	if (fsm->holding && vrrp_time_reached(fsm->hold_until, step->now))
		fsm->holding = false;
	if (event->advert.priority == 0) { /* S6 */
		fsm->holding = false;
		fsm->down_reason = VRRP_REASON_PRIORITY_ZERO;
		set_master_down(step, true);
		return;
	}
	note_master(fsm, event);
	if (!preempts(fsm) || event->advert.priority >= fsm->parameters.priority) { /* S7 */
		fsm->down_reason = VRRP_REASON_NO_RESPONSE;
		fsm->preempt_at = VRRP_TIME_NEVER;
		learn_interval(fsm, event);
		set_master_down(step, false);
		return;
	}
	if (fsm->parameters.preempt_delay_nsec > 0) {
		wait_to_preempt(step, event);
		return;
	}
	/* S8: the timer runs on; but a router that waits for its successor has none yet, and starts
	 * it now. */
	fsm->down_reason = VRRP_REASON_PRIORITY;
	if (vrrp_time_is_never(fsm->master_down))
		set_master_down(step, false);
}

static void send_unscheduled(Step *step, bool rearm)
{
	VrrpFsm *fsm = step->fsm;
	uint64_t distance = vrrp_timing_unscheduled_nsec(fsm->parameters.interval_nsec);

	if (fsm->unscheduled_sent && vrrp_time_since(step->now, fsm->last_unscheduled) < distance)
		return;
	fsm->unscheduled_sent = true;
	fsm->last_unscheduled = step->now;
	send_advert(step, fsm->parameters.priority);
	if (rearm)
		fsm->next_advert = next_on_grid(fsm, step->now);
}

static void tell_conflict(Step *step, const VrrpEvent *event, bool yielded)
{
	act(step, (VrrpAction){ .type = VRRP_ACTION_CONFLICT,
				.conflict = { .peer = event->advert.source, .yielded = yielded } });
}

/* When the next advert should have left, the peers have lost patience by now: this thread was away
 * (rule 13). */
static bool has_stalled(const Step *step)
{
	const VrrpFsm *fsm = step->fsm;

	return vrrp_time_since(step->now, fsm->next_advert) >=
	       (fsm->parameters.missed_adverts - 1u) * fsm->parameters.interval_nsec;
}

/* A router that must not preempt, and became master only because it could not know better: it has
 * just come (rule 12), or was away and somebody took over (rule 13). */
static bool yields_to_anybody(const Step *step)
{
	const VrrpFsm *fsm = step->fsm;
	bool unsettled = !vrrp_time_reached(fsm->calm_at, step->now) && !fsm->yielded &&
			 fsm->last_reason == VRRP_REASON_NO_RESPONSE;

	return !fsm->parameters.preempt && fsm->parameters.priority < 255 &&
	       (unsettled || has_stalled(step));
}

static void yield_to(Step *step, const VrrpEvent *event, VrrpReason reason)
{
	VrrpFsm *fsm = step->fsm;

	leave_master(step, VRRP_STATE_BACKUP, reason);
	tell_conflict(step, event, true);
	note_master(fsm, event);
	learn_interval(fsm, event);
	set_master_down(step, false);
	release_linger(step);
}

static void on_advert_in_master(Step *step, const VrrpEvent *event)
{
	VrrpFsm *fsm = step->fsm;
	uint8_t priority = event->advert.priority;
	bool equal = priority == fsm->parameters.priority;

	if (priority == 0) { /* S12 */
		send_unscheduled(step, true);
		announce_after_conflict(step);
		return;
	}
	if (priority > fsm->parameters.priority ||
	    (equal && vrrp_address_compare(&event->advert.source, &fsm->source) > 0)) { /* S13 */
		yield_to(step, event,
			 equal ? VRRP_REASON_ADDRESS_ORDER : VRRP_REASON_HIGHER_PRIORITY);
		return;
	}
	if (yields_to_anybody(step)) {
		fsm->yielded = true;
		yield_to(step, event, VRRP_REASON_NO_PREEMPT);
		return;
	}
	if (fsm->parameters.version == 3) /* S14; version 2 only discards */
		send_unscheduled(step, false);
	announce_after_conflict(step);
	tell_conflict(step, event, false);
}

static void on_advert(Step *step, const VrrpEvent *event)
{
	VrrpFsm *fsm = step->fsm;

	if (fsm->release == VRRP_RELEASE_WAITING && event->advert.priority > 0)
		release_linger(step);
	if (fsm->state == VRRP_STATE_BACKUP)
		on_advert_in_backup(step, event);
	else if (fsm->state == VRRP_STATE_MASTER)
		on_advert_in_master(step, event);
}

static void on_timer(Step *step)
{
	VrrpFsm *fsm = step->fsm;

	if (fsm->state == VRRP_STATE_INITIALIZE)
		start_if_possible(step);
	if (fsm->state == VRRP_STATE_BACKUP &&
	    vrrp_time_reached(fsm->master_down, step->now)) /* S5 */
		become_master(step, fsm->down_reason);
	else if (vrrp_time_reached(fsm->release_deadline, step->now))
		release_expired(step);

	if (fsm->state != VRRP_STATE_MASTER)
		return;
	if (vrrp_time_reached(fsm->next_advert, step->now)) { /* S11 */
		/* Others may have taken over and gone again meanwhile. */
		if (has_stalled(step) && fsm->held == VRRP_ADDRESSES_PRESENT)
			start_announcing(step);
		send_advert(step, fsm->parameters.priority);
		/* From the deadline, not from now, so that adverts do not drift; adverts that a
		 * stall missed are not made up for. */
		fsm->next_advert = vrrp_time_add(fsm->next_advert, fsm->parameters.interval_nsec);
		if (vrrp_time_reached(fsm->next_advert, step->now))
			fsm->next_advert = next_on_grid(fsm, step->now);
	}
	announce_if_due(step);
}

static void on_announce(Step *step)
{
	if (step->fsm->state != VRRP_STATE_MASTER || step->fsm->held != VRRP_ADDRESSES_PRESENT)
		return;
	start_announcing(step);
	announce_if_due(step);
}

/* --- Public ---------------------------------------------------------------------------------- */

void vrrp_fsm_init(VrrpFsm *fsm, const VrrpParameters *parameters)
{
	memset(fsm, 0, sizeof *fsm);
	fsm->parameters = *parameters;
	fsm->master_interval_nsec = parameters->interval_nsec;
	fsm->down_reason = VRRP_REASON_NO_RESPONSE;
	fsm->master_down = VRRP_TIME_NEVER;
	fsm->next_advert = VRRP_TIME_NEVER;
	fsm->release_deadline = VRRP_TIME_NEVER;
	fsm->next_announce = VRRP_TIME_NEVER;
	fsm->hold_until = VRRP_TIME_NEVER;
	fsm->preempt_at = VRRP_TIME_NEVER;
}

bool vrrp_fsm_delayed(const VrrpFsm *fsm)
{
	return fsm->started && fsm->state == VRRP_STATE_INITIALIZE &&
	       !(fsm->faults & VRRP_FAULTS_BLOCKING);
}

void vrrp_fsm_step(VrrpFsm *fsm, const VrrpEvent *event, VrrpTime now, VrrpActions *actions)
{
	Step step = { .fsm = fsm, .now = now, .actions = actions };

	actions->count = 0;
	switch (event->type) {
	case VRRP_EVENT_START:
		fsm->started = true;
		fsm->stopping = false;
		delay_start(fsm, vrrp_time_add(now, fsm->parameters.startup_delay_nsec));
		start_if_possible(&step);
		break;
	case VRRP_EVENT_STOP:
		on_stop(&step, event->reason);
		break;
	case VRRP_EVENT_TIMER:
		on_timer(&step);
		break;
	case VRRP_EVENT_ADVERT:
		on_advert(&step, event);
		break;
	case VRRP_EVENT_FAULTS:
		on_faults(&step, event->faults);
		break;
	case VRRP_EVENT_SOURCE:
		fsm->source = event->source;
		if (fsm->state == VRRP_STATE_MASTER)
			fsm->master = event->source;
		break;
	case VRRP_EVENT_PARAMETERS:
		on_parameters(&step, &event->parameters);
		break;
	case VRRP_EVENT_ADDRESSES_DONE:
		on_addresses_done(&step, event->addresses.held, event->addresses.error);
		break;
	case VRRP_EVENT_FAILOVER:
		on_failover(&step, event->hold_nsec);
		break;
	case VRRP_EVENT_HOLD:
		on_hold(&step, event->hold);
		break;
	case VRRP_EVENT_ANNOUNCE:
		on_announce(&step);
		break;
	}
}

VrrpTime vrrp_fsm_deadline(const VrrpFsm *fsm)
{
	VrrpTime deadline = fsm->release_deadline;

	if (vrrp_fsm_delayed(fsm))
		deadline = vrrp_time_min(deadline, fsm->not_before);
	if (fsm->state == VRRP_STATE_BACKUP)
		deadline = vrrp_time_min(deadline, fsm->master_down);
	if (fsm->state == VRRP_STATE_MASTER)
		deadline = vrrp_time_min(deadline,
					 vrrp_time_min(fsm->next_advert, fsm->next_announce));
	return deadline;
}

uint64_t vrrp_fsm_skew_nsec(const VrrpFsm *fsm)
{
	return vrrp_timing_skew_nsec(fsm->parameters.version, fsm->parameters.priority,
				     fsm->master_interval_nsec);
}

uint64_t vrrp_fsm_master_down_nsec(const VrrpFsm *fsm)
{
	return vrrp_timing_master_down_nsec(fsm->parameters.version, fsm->parameters.priority,
					    fsm->parameters.missed_adverts,
					    fsm->master_interval_nsec);
}
