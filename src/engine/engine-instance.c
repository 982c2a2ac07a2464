/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One instance: its making on control's thread, and its steps on the engine's.
 *
 * A step runs the state machine once and carries its actions out in order. Carrying one out can
 * bring news for the same machine (authentication numbers used up, addresses that went with their
 * interface); that news waits until the actions are done and is told by the settling that follows,
 * so a step never happens inside a step. After settling the status is published if it differs, and
 * the timer is set anew.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "engine-internal.h"

/* --- Control's side -------------------------------------------------------------------------- */

EngineInstance *engine_instance_new(uint64_t id, const InstanceConfig *config)
{
	EngineInstance *instance = calloc(1, sizeof *instance);

	if (!instance)
		return NULL;
	instance->id = id;
	instance->config = config;
	return instance;
}

EngineInstance *engine_instance_free(EngineInstance *instance)
{
	if (!instance)
		return NULL;
	explicit_bzero(&instance->rules, sizeof instance->rules);
	free(instance);
	return NULL;
}

uint64_t engine_instance_id(const EngineInstance *instance)
{
	return instance->id;
}

const InstanceConfig *engine_instance_config(const EngineInstance *instance)
{
	return instance->config;
}

InstanceShared *engine_instance_shared(EngineInstance *instance)
{
	return &instance->shared;
}

/* --- The engine's side ----------------------------------------------------------------------- */

/* A sum, so that the order does not matter: other implementations sort their lists. */
uint64_t engine_instance_list_fingerprint(const uint8_t *addresses, size_t count, size_t size)
{
	uint64_t sum = count;

	for (size_t i = 0; i < count; i++) {
		uint64_t hash = UINT64_C(0xcbf29ce484222325);

		for (size_t k = 0; k < size; k++)
			hash = (hash ^ addresses[i * size + k]) * UINT64_C(0x100000001b3);
		sum += hash ^ (hash >> 31);
	}
	return sum;
}

static uint64_t config_fingerprint(const InstanceConfig *config)
{
	uint64_t sum = config->advert_count;

	for (uint32_t i = 0; i < config->advert_count; i++)
		/* Less the count of one, which the whole has already. */
		sum += engine_instance_list_fingerprint(config->addresses[i].address.bytes, 1,
							vrrp_address_size(
								config->addresses[i].address)) -
		       1;
	return sum;
}

VrrpParameters engine_instance_parameters(const EngineInstance *instance)
{
	VrrpParameters parameters = instance->config->parameters;

	/* Adverts that are due together leave together, but not so many at once that they overrun a
	 * peer's buffer. */
	parameters.grid_phase_nsec += instance->slot / ENGINE_GRID_GROUP * ENGINE_GRID_PHASE_NSEC;
	return parameters;
}

static void forget_peers(EngineInstance *instance)
{
	memset(instance->peer_priority, 0, sizeof instance->peer_priority);
	for (unsigned i = 0; i < INSTANCE_PEERS_MAX; i++)
		atomic_store_explicit(&instance->shared.counters.peer_last_heard_nsec[i], 0,
				      memory_order_relaxed);
}

void engine_instance_configure(EngineInstance *instance, const InstanceConfig *config)
{
	bool had_ah = instance->rules.auth == VRRP_AUTH_AH;
	bool same_peers = instance->config->peer_count == config->peer_count &&
			  memcmp(instance->config->peers, config->peers, sizeof config->peers) == 0;

	instance->config = config;
	instance->rules = (VrrpPacketRules){
		.family = config->family,
		.version = config->parameters.version,
		.vrid = config->vrid,
		.priority = config->parameters.priority,
		.minimum_ttl = config->minimum_ttl,
		.unicast = config->unicast,
		.group = config->group,
		.auth = config->auth,
		.interval_nsec = config->parameters.interval_nsec,
		.peers = config->peers,
		.peer_count = config->peer_count,
	};
	memcpy(instance->rules.key, config->key, sizeof instance->rules.key);
	instance->list_fingerprint = config_fingerprint(config);
	instance->list_source_count = 0;
	instance->peers_ttl_bad = 0;
	if (!same_peers)
		forget_peers(instance);
	if (config->checksum != VRRP_CHECKSUM_AUTO)
		instance->checksum_form = config->checksum;
	else if (instance->checksum_form == VRRP_CHECKSUM_AUTO)
		instance->checksum_form = VRRP_CHECKSUM_PSEUDO_HEADER;
	/* Numbers only grow, also over a change of the key. */
	if (config->auth == VRRP_AUTH_AH && !had_ah)
		vrrp_replay_init(&instance->replay, config->ah_saved, config->ah_seed);
}

void engine_instance_reserve(Engine *engine, EngineInstance *instance)
{
	uint32_t number = vrrp_replay_reserve(&instance->replay);

	if (number != 0)
		engine_event(engine, &(EngineEvent){ .type = ENGINE_EVENT_AH_RESERVE,
						     .instance = instance,
						     .number = number });
}

void engine_instance_fault(EngineInstance *instance, VrrpFault fault, bool present)
{
	if (present)
		instance->faults |= (uint32_t)fault;
	else
		instance->faults &= ~(uint32_t)fault;
}

void engine_instance_status(const EngineInstance *instance, InstanceStatus *ret)
{
	const VrrpFsm *fsm = &instance->fsm;

	/* The padding too: statuses are compared as memory, so they are also copied as memory. */
	memset(ret, 0, sizeof *ret);
	ret->state = (uint8_t)fsm->state;
	ret->last_reason = (uint8_t)fsm->last_reason;
	ret->releasing = vrrp_fsm_releasing(fsm);
	ret->effective_priority = fsm->parameters.priority;
	ret->master_priority = fsm->master_priority;
	ret->addresses_held = (uint8_t)fsm->held;
	ret->checksum_form = (uint8_t)instance->checksum_form;
	ret->started = fsm->started;
	ret->faults = fsm->faults | (vrrp_fsm_delayed(fsm) ? (uint32_t)VRRP_FAULT_DELAY : 0);
	ret->interface_index = instance->interface_index;
	ret->address_error = instance->address_error;
	ret->transitions = fsm->transitions;
	ret->state_since_nsec = fsm->state_since.nsec;
	ret->master_interval_nsec = fsm->master_interval_nsec;
	ret->master_down_nsec = vrrp_fsm_master_down_nsec(fsm);
	ret->skew_nsec = vrrp_fsm_skew_nsec(fsm);
	ret->master_address = fsm->master;
	ret->source_address = fsm->source;
	memcpy(ret->foreign, instance->foreign.addresses,
	       instance->foreign.count * sizeof ret->foreign[0]);
	memcpy(ret->peer_priority, instance->peer_priority, sizeof ret->peer_priority);
}

static void publish(Engine *engine, EngineInstance *instance)
{
	InstanceStatus status;

	engine_instance_status(instance, &status);
	if (memcmp(&status, &instance->published, sizeof status) == 0 && !instance->transitioned)
		return;
	memcpy(&instance->published, &status, sizeof status);
	slot_write(&instance->shared.status, instance->shared.status_words, &status, sizeof status);
	/* A transition brings its status with it. */
	if (!instance->transitioned && !atomic_exchange(&instance->shared.dirty, true))
		engine_event(engine,
			     &(EngineEvent){ .type = ENGINE_EVENT_DIRTY, .instance = instance });
	instance->transitioned = false;
}

static void step_once(Engine *engine, EngineInstance *instance, const VrrpEvent *event,
		      VrrpTime now)
{
	VrrpActions actions;
	unsigned transitions = 0;

	instance->stepped_at = now;
	vrrp_fsm_step(&instance->fsm, event, now, &actions);
	for (unsigned i = 0; i < actions.count; i++)
		transitions += actions.list[i].type == VRRP_ACTION_TRANSITION;
	for (unsigned i = 0; i < actions.count; i++) {
		if (actions.list[i].type == VRRP_ACTION_TRANSITION)
			transitions--;
		engine_action(engine, instance, &actions.list[i], transitions, now);
	}
}

void engine_instance_settle(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	/* Ends: a fault is told once, and an instant completion answers the last request only. */
	for (;;) {
		if (instance->faults != instance->faults_told) {
			instance->faults_told = instance->faults;
			step_once(engine, instance,
				  &(VrrpEvent){ .type = VRRP_EVENT_FAULTS,
						.faults = instance->faults },
				  now);
		} else if (instance->job_instant) {
			VrrpAddresses wanted = instance->wanted;

			instance->job_instant = false;
			step_once(engine, instance,
				  &(VrrpEvent){
					  .type = VRRP_EVENT_ADDRESSES_DONE,
					  .addresses = { .held = VRRP_ADDRESSES_ABSENT,
							 .error = wanted == VRRP_ADDRESSES_PRESENT
									  ? -ENODEV
									  : 0 } },
				  now);
		} else {
			break;
		}
	}
	engine_foreign_expire(&instance->foreign, vrrp_fsm_master_down_nsec(&instance->fsm), now);
	publish(engine, instance);
	if (instance->released && !instance->job_running && !instance->job_needed)
		engine_mark_gone(engine, instance);
	(void)vrrp_heap_set(&engine->heap, &instance->node,
			    instance->gone
				    ? VRRP_TIME_NEVER
				    : vrrp_time_min(vrrp_fsm_deadline(&instance->fsm),
						    vrrp_time_min(instance->retry_at,
								  engine_heal_deadline(instance))));
}

void engine_instance_step(Engine *engine, EngineInstance *instance, const VrrpEvent *event,
			  VrrpTime now)
{
	step_once(engine, instance, event, now);
	engine_instance_settle(engine, instance, now);
}

void engine_instance_timer(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	if (vrrp_time_reached(instance->retry_at, now))
		engine_job_retry(engine, instance, now);
	if (vrrp_time_reached(engine_heal_deadline(instance), now))
		engine_heal_timer(engine, instance, now);
	if (vrrp_time_reached(vrrp_fsm_deadline(&instance->fsm), now))
		step_once(engine, instance, &(VrrpEvent){ .type = VRRP_EVENT_TIMER }, now);
	engine_instance_settle(engine, instance, now);
}
