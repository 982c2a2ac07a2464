/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The addresses that an instance holds, as jobs for the netlink thread.
 *
 * An instance has at most one job under way; what is wanted meanwhile is kept, and only the latest
 * counts. The settings are lent to the netlink thread with a job, so they change only between two
 * jobs, and the old ones go back to control when nobody reads them any more. A job that fails is
 * tried again every second for as long as its result is wanted.
 *
 * Where the interface is gone its addresses went with it, and asking the kernel would only bring an
 * error: that job is complete at once.
 */

#include <errno.h>
#include <string.h>

#include "engine-internal.h"

static void return_config(Engine *engine, EngineInstance *instance, const InstanceConfig *config)
{
	engine_event(engine, &(EngineEvent){ .type = ENGINE_EVENT_CONFIG_RETURNED,
					     .instance = instance,
					     .config = config });
}

static void return_previous(Engine *engine, EngineInstance *instance)
{
	if (!instance->previous)
		return;
	return_config(engine, instance, instance->previous);
	instance->previous = NULL;
}

static bool elsewhere(const InstanceConfig *config)
{
	for (uint32_t i = 0; i < config->address_count; i++)
		if (config->addresses[i].device[0] != '\0' &&
		    strcmp(config->addresses[i].device, config->interface) != 0)
			return true;
	return false;
}

/* Whether the kernel can still hold any of the addresses. */
static bool kernel_matters(const EngineInstance *instance)
{
	return instance->interface_index != 0 || elsewhere(instance->config) ||
	       (instance->previous && elsewhere(instance->previous));
}

static void begin(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	NetlinkJob job = {
		.type = NETLINK_JOB_ADDRESSES,
		.instance = instance,
		.config = instance->config,
		.previous = instance->previous,
		.interface_index = instance->interface_index,
		.wanted = instance->wanted,
	};

	if (instance->job_running || !instance->job_needed)
		return;
	instance->retry_at = VRRP_TIME_NEVER;
	if (!kernel_matters(instance)) {
		instance->job_needed = false;
		instance->job_instant = true;
		instance->address_error = 0;
		engine_instance_fault(instance, VRRP_FAULT_ADDRESS, false);
		engine_instance_fault(instance, VRRP_FAULT_FILTER, false);
		return_previous(engine, instance);
		return;
	}
	if (ring_push(&engine->exchange->jobs, &job) < 0) {
		/* The ring has room for every instance; should it ever be full, wait rather than
		 * lose the job. */
		instance->retry_at = vrrp_time_add(now, ENGINE_RETRY_NSEC);
		return;
	}
	instance->job_needed = false;
	instance->job_running = true;
}

void engine_job_want(Engine *engine, EngineInstance *instance, VrrpAddresses wanted, VrrpTime now)
{
	instance->wanted = wanted;
	instance->job_needed = true;
	instance->job_instant = false;
	begin(engine, instance, now);
}

void engine_job_retry(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	instance->job_needed = true;
	begin(engine, instance, now);
}

static bool same_addresses(const InstanceConfig *a, const InstanceConfig *b)
{
	return a->address_count == b->address_count && a->no_accept == b->no_accept &&
	       memcmp(a->addresses, b->addresses, a->address_count * sizeof a->addresses[0]) == 0;
}

static void apply_replacement(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	const InstanceConfig *old = instance->config, *config = instance->replacement;
	bool holds = instance->wanted != VRRP_ADDRESSES_ABSENT ||
		     instance->fsm.held != VRRP_ADDRESSES_ABSENT;

	instance->replacement = NULL;
	engine_registry_list(engine, old, -1);
	engine_registry_peers(engine, instance, false);
	engine_instance_configure(instance, config);
	engine_registry_peers(engine, instance, true);
	engine_registry_list(engine, config, 1);
	engine_instance_fault(instance, VRRP_FAULT_PEER_TTL, false);
	if (config->auth != VRRP_AUTH_AH)
		engine_instance_fault(instance, VRRP_FAULT_AUTH_NUMBER, false);

	if (holds && !same_addresses(old, config)) {
		instance->previous = old;
		instance->job_needed = true;
		begin(engine, instance, now);
	} else {
		return_config(engine, instance, old);
	}
	engine_environment_update(engine, instance, now);
	engine_instance_step(engine, instance,
			     &(VrrpEvent){ .type = VRRP_EVENT_PARAMETERS,
					   .parameters = engine_instance_parameters(instance) },
			     now);
}

void engine_job_replace(Engine *engine, EngineInstance *instance, const InstanceConfig *config,
			VrrpTime now)
{
	if (instance->fsm.stopping) {
		return_config(engine, instance, config);
		return;
	}
	engine_job_drop_replacement(engine, instance);
	instance->replacement = config;
	if (!instance->job_running)
		apply_replacement(engine, instance, now);
}

void engine_job_drop_replacement(Engine *engine, EngineInstance *instance)
{
	if (!instance->replacement)
		return;
	return_config(engine, instance, instance->replacement);
	instance->replacement = NULL;
}

static void on_filter(Engine *engine, EngineInstance *instance, int error, VrrpTime now)
{
	engine_instance_fault(instance, VRRP_FAULT_FILTER, error != 0);
	if (error != 0)
		engine_note_instance(engine, instance, NOTE_FILTER_ERROR, NULL, error, now);
}

/* It came back, or was lost, without a job of an instance. */
static void on_filter_of_all(Engine *engine, int error, VrrpTime now)
{
	for (uint32_t i = 0; i < engine->instance_count; i++) {
		EngineInstance *instance = engine->instances[i];

		if (!instance->config->no_accept || instance->fsm.held == VRRP_ADDRESSES_ABSENT)
			continue;
		on_filter(engine, instance, error, now);
		engine_instance_settle(engine, instance, now);
	}
}

static void on_result(Engine *engine, EngineInstance *instance, const NetlinkDone *done,
		      VrrpTime now)
{
	bool superseded = instance->job_needed;

	/* What is not wanted any more may fail: with an interface, for example, that has gone
	 * meanwhile. */
	if (!superseded) {
		instance->address_error = done->error;
		engine_instance_fault(instance, VRRP_FAULT_ADDRESS, done->error != 0);
		on_filter(engine, instance, done->filter_error, now);
	}
	if (done->error == 0)
		return;
	instance_count(&instance->shared.counters.counters[COUNTER_ADDRESS_JOBS_FAILED]);
	engine_note_instance(engine, instance, NOTE_ADDRESS_ERROR, NULL, done->error, now);
	if (!superseded)
		instance->retry_at = vrrp_time_add(now, ENGINE_RETRY_NSEC);
}

static void on_heal(Engine *engine, const NetlinkDone *done, VrrpTime now)
{
	EngineInstance *instance = done->instance;

	instance->job_running = false;
	engine_heal_done(engine, done, now);
	if (!instance->replacement)
		begin(engine, instance, now);
	engine_instance_settle(engine, instance, now);
	if (instance->replacement && !instance->job_running)
		apply_replacement(engine, instance, now);
}

static void on_addresses(Engine *engine, const NetlinkDone *done, VrrpTime now)
{
	EngineInstance *instance = done->instance;

	instance->job_running = false;
	return_previous(engine, instance);
	on_result(engine, instance, done, now);
	engine_heal_learn(engine, instance, true, now);
	/* The next job before the news of this one, so that the netlink thread has work as early as
	 * can be; but new settings first, since a job must be about them. */
	if (!instance->replacement)
		begin(engine, instance, now);
	engine_instance_step(engine, instance,
			     &(VrrpEvent){
				     .type = VRRP_EVENT_ADDRESSES_DONE,
				     .addresses = { .held = done->wanted, .error = done->error } },
			     now);
	if (instance->replacement && !instance->job_running)
		apply_replacement(engine, instance, now);
}

void engine_job_done(Engine *engine, const NetlinkDone *done, VrrpTime now)
{
	if (done->type == NETLINK_JOB_ADDRESSES)
		on_addresses(engine, done, now);
	else if (done->type == NETLINK_JOB_HEAL)
		on_heal(engine, done, now);
	else if (done->type == NETLINK_JOB_FLUSH_STALE)
		engine->flushed = true;
	else if (done->type == NETLINK_JOB_FILTER)
		on_filter_of_all(engine, done->filter_error, now);
}
