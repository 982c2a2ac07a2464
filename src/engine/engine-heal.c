/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Healing: what a master holds comes back when somebody else deletes it.
 *
 * The kernel's notification is only a reason to look. Our own jobs delete addresses too, and
 * notifications are read late, so it is the netlink thread that finds out what is missing, and
 * restores it in the same job. What it restored is announced again, because whoever deleted the
 * address may have had others learn another place for it.
 *
 * Whoever deletes it again and again is answered more slowly each time, and at last left alone: the
 * instance faults, says goodbye, and another router takes over. After a minute it tries again.
 *
 * On an interface that is down or gone there is nothing to heal. Runs on the engine's thread.
 */

#include <errno.h>
#include <string.h>

#include "engine-internal.h"

static const uint64_t delays_nsec[] = {
	0,
	20 * VRRP_NSEC_PER_MSEC,
	100 * VRRP_NSEC_PER_MSEC,
	500 * VRRP_NSEC_PER_MSEC,
};

void engine_heal_init(EngineInstance *instance)
{
	instance->heal = (EngineHeal){ .due = VRRP_TIME_NEVER,
				       .wait_until = VRRP_TIME_NEVER,
				       .fault_until = VRRP_TIME_NEVER };
}

static bool holds(const EngineInstance *instance)
{
	return instance->wanted == VRRP_ADDRESSES_PRESENT &&
	       instance->fsm.held == VRRP_ADDRESSES_PRESENT;
}

/* --- What happened --------------------------------------------------------------------------- */

void engine_heal_note(Engine *engine, const VrrpAddress *address)
{
	if (engine->heal_count < ENGINE_HEAL_BATCH)
		engine->heal_lost[engine->heal_count] = *address;
	if (engine->heal_count <= ENGINE_HEAL_BATCH)
		engine->heal_count++;
}

void engine_heal_note_all(Engine *engine)
{
	engine->heal_count = ENGINE_HEAL_BATCH + 1;
}

static bool lost_one(const Engine *engine, const InstanceConfig *config)
{
	if (engine->heal_count > ENGINE_HEAL_BATCH)
		return true;
	for (uint32_t i = 0; i < config->address_count; i++)
		for (uint32_t k = 0; k < engine->heal_count; k++)
			if (memcmp(&config->addresses[i].address, &engine->heal_lost[k],
				   sizeof engine->heal_lost[k]) == 0)
				return true;
	return false;
}

static void forget_old_losses(EngineHeal *heal, VrrpTime now)
{
	unsigned old = 0;

	while (old < heal->loss_count &&
	       vrrp_time_since(now, heal->losses[old]) >= ENGINE_HEAL_WINDOW_NSEC)
		old++;
	heal->loss_count -= old;
	memmove(heal->losses, heal->losses + old, heal->loss_count * sizeof heal->losses[0]);
}

static void look_in(EngineHeal *heal, uint64_t nsec, VrrpTime now)
{
	heal->due = vrrp_time_min(heal->due, vrrp_time_add(now, nsec));
}

/* One pass for all that was lost in one read: a handover takes addresses away by the thousand. */
void engine_heal_look(Engine *engine, VrrpTime now)
{
	unsigned last = sizeof delays_nsec / sizeof delays_nsec[0] - 1;

	for (uint32_t i = 0; engine->heal_count > 0 && i < engine->instance_count; i++) {
		EngineInstance *instance = engine->instances[i];
		EngineHeal *heal = &instance->heal;

		if (!holds(instance) || !lost_one(engine, instance->config))
			continue;
		forget_old_losses(heal, now);
		look_in(heal, delays_nsec[heal->loss_count < last ? heal->loss_count : last], now);
		if (vrrp_time_reached(engine_heal_deadline(instance), now))
			engine_heal_timer(engine, instance, now);
		engine_instance_settle(engine, instance, now);
	}
	engine->heal_count = 0;
}

static bool same_prefix(const VrrpInterfaceAddress *address, const EngineAddress *host)
{
	unsigned bytes = host->prefix_length / 8, bits = host->prefix_length % 8;

	if (host->prefix_length != address->prefix_length ||
	    host->address.family != address->address.family)
		return false;
	if (memcmp(host->address.bytes, address->address.bytes, bytes) != 0)
		return false;
	return bits == 0 || ((host->address.bytes[bytes] ^ address->address.bytes[bytes]) &
			     (0xff00u >> bits)) == 0;
}

void engine_heal_learn(Engine *engine, EngineInstance *instance, bool anew, VrrpTime now)
{
	const InstanceConfig *config = instance->config;
	EngineHeal *heal = &instance->heal;

	if (anew) {
		heal->beside = (HealSet){ 0 };
		heal->wait_until = VRRP_TIME_NEVER;
		heal->singles = false;
	}
	if (instance->wanted != VRRP_ADDRESSES_PRESENT)
		return;
	for (uint32_t i = 0; i < config->address_count; i++) {
		const VrrpInterfaceAddress *address = &config->addresses[i];
		const char *name = address->device[0] != '\0' ? address->device : config->interface;
		EngineLink *link = engine_links_by_name(&engine->links, name);

		for (int32_t k = link ? link->first_address : -1; k >= 0;
		     k = engine->links.addresses[k].next_on_link)
			if (same_prefix(address, &engine->links.addresses[k]))
				heal_set_add(&heal->beside, i);
	}
	if (heal->wait_until.nsec != VRRP_TIME_NEVER.nsec || heal->singles) {
		look_in(heal, 0, now);
		engine_instance_settle(engine, instance, now);
	}
}

/* --- What is done ---------------------------------------------------------------------------- */

VrrpTime engine_heal_deadline(const EngineInstance *instance)
{
	const EngineHeal *heal = &instance->heal;
	VrrpTime deadline = heal->fault_until;

	/* One job at a time; the end of that one sets the timer anew. */
	if (!instance->job_running)
		deadline = vrrp_time_min(deadline, vrrp_time_min(heal->due, heal->wait_until));
	return deadline;
}

static bool on_dead_link(Engine *engine, const EngineInstance *instance)
{
	EngineLink *link = engine_links_by_index(&engine->links, instance->interface_index);

	return instance->config->interface[0] != '\0' && (!link || !link->up);
}

static void begin(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	EngineHeal *heal = &instance->heal;
	NetlinkJob job = {
		.type = NETLINK_JOB_HEAL,
		.instance = instance,
		.config = instance->config,
		.heal = &heal->job,
		.interface_index = instance->interface_index,
		.wanted = VRRP_ADDRESSES_PRESENT,
	};

	heal->job.beside = heal->beside;
	heal->job.single = heal->singles || vrrp_time_reached(heal->wait_until, now);
	heal->due = VRRP_TIME_NEVER;
	if (vrrp_time_reached(heal->wait_until, now))
		heal->wait_until = VRRP_TIME_NEVER;
	/* Whatever is to be done to the addresses anyway brings them back. */
	if (!holds(instance) || instance->job_needed || on_dead_link(engine, instance)) {
		heal->wait_until = VRRP_TIME_NEVER;
		return;
	}
	if (ring_push(&engine->exchange->jobs, &job) < 0)
		look_in(heal, ENGINE_RETRY_NSEC, now);
	else
		instance->job_running = true;
}

void engine_heal_timer(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	EngineHeal *heal = &instance->heal;

	if (vrrp_time_reached(heal->fault_until, now)) {
		heal->fault_until = VRRP_TIME_NEVER;
		heal->loss_count = 0;
		engine_instance_fault(instance, VRRP_FAULT_ADDRESS_LOST, false);
	}
	if (!instance->job_running &&
	    (vrrp_time_reached(heal->due, now) || vrrp_time_reached(heal->wait_until, now)))
		begin(engine, instance, now);
}

static void tell(Engine *engine, const EngineInstance *instance, const HealSet *set, int error,
		 VrrpTime now)
{
	for (uint32_t i = 0; i < instance->config->address_count; i++) {
		Note note;

		if (!heal_set_has(set, i))
			continue;
		memset(&note, 0, sizeof note);
		note.type = NOTE_ADDRESS_LOST;
		note.instance_id = instance->id;
		note.time_nsec = now.nsec;
		note.interface_index = instance->interface_index;
		note.vrid = instance->config->vrid;
		note.address = instance->config->addresses[i].address;
		note.error = error;
		tape_push(&engine->exchange->notes, &note);
	}
}

/* Returns true where it was once too often. */
static bool count_loss(EngineInstance *instance, uint32_t addresses, VrrpTime now)
{
	EngineHeal *heal = &instance->heal;

	for (uint32_t i = 0; i < addresses; i++)
		instance_count(&instance->shared.counters.counters[COUNTER_ADDRESSES_LOST]);
	forget_old_losses(heal, now);
	heal->losses[heal->loss_count++] = now;
	return heal->loss_count > ENGINE_HEAL_LOSSES;
}

static void give_up(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	EngineHeal *heal = &instance->heal;

	tell(engine, instance, &heal->job.restored, -ECANCELED, now);
	tell(engine, instance, &heal->job.absent, -ECANCELED, now);
	heal->due = heal->wait_until = VRRP_TIME_NEVER;
	heal->loss_count = 0;
	heal->fault_until = vrrp_time_add(now, ENGINE_HEAL_FAULT_NSEC);
	engine_instance_fault(instance, VRRP_FAULT_ADDRESS_LOST, true);
}

static void on_missing(Engine *engine, EngineInstance *instance, bool waits, int error,
		       VrrpTime now)
{
	static const HealSet none;
	EngineHeal *heal = &instance->heal;

	/* What was counted as lost when the wait began is not lost again. */
	if (!waits && !heal->job.single && count_loss(instance, heal->job.missing, now)) {
		give_up(engine, instance, now);
		return;
	}
	tell(engine, instance, &heal->job.restored, 0, now);
	if (error < 0) {
		tell(engine, instance, &heal->job.absent, error, now);
		look_in(heal, delays_nsec[3], now);
	}
	if (heal->job.waiting && !waits)
		heal->wait_until = vrrp_time_add(now, ENGINE_HEAL_HOST_NSEC);
	if (memcmp(&heal->job.restored, &none, sizeof none) != 0)
		engine_instance_step(engine, instance, &(VrrpEvent){ .type = VRRP_EVENT_ANNOUNCE },
				     now);
}

void engine_heal_done(Engine *engine, const NetlinkDone *done, VrrpTime now)
{
	EngineInstance *instance = done->instance;
	EngineHeal *heal = &instance->heal;
	bool waits = heal->wait_until.nsec != VRRP_TIME_NEVER.nsec;

	if (!holds(instance))
		return;
	heal->singles = heal->job.singles;
	if (!heal->job.waiting)
		heal->wait_until = VRRP_TIME_NEVER;
	if (done->error < 0) {
		instance_count(&instance->shared.counters.counters[COUNTER_ADDRESS_JOBS_FAILED]);
		engine_note_instance(engine, instance, NOTE_ADDRESS_ERROR, NULL, done->error, now);
	}
	if (heal->job.missing > 0)
		on_missing(engine, instance, waits, done->error, now);
}
