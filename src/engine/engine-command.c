/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What control asks for, and what it gets back. Commands are read only once the host's links and
 * addresses are known and the leftovers of an earlier daemon are gone: until then they wait in the
 * ring.
 *
 * An instance that has left is given back at the end of the turn, after everything that still
 * points to it (packets in the send batch, tables) has let go; from then on it belongs to control
 * again and may be freed at any moment.
 */

#include <errno.h>
#include <string.h>

#include "engine-internal.h"

static void on_add(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	VrrpParameters parameters;

	vrrp_heap_node_init(&instance->node);
	instance->retry_at = VRRP_TIME_NEVER;
	engine_heal_init(instance);
	if (engine->stopping || engine_registry_add(engine, instance) < 0) {
		engine_event(engine,
			     &(EngineEvent){ .type = ENGINE_EVENT_GONE, .instance = instance });
		return;
	}
	engine_instance_configure(instance, instance->config);
	parameters = engine_instance_parameters(instance);
	vrrp_fsm_init(&instance->fsm, &parameters);
	engine_registry_peers(engine, instance, true);
	engine_registry_list(engine, instance->config, 1);
	engine->filter_dirty = true;
	engine_environment_update(engine, instance, now);
	if (instance->config->held_out)
		engine_instance_step(engine, instance,
				     &(VrrpEvent){ .type = VRRP_EVENT_HOLD, .hold = true }, now);
	engine_instance_step(engine, instance, &(VrrpEvent){ .type = VRRP_EVENT_START }, now);
}

static void on_remove(Engine *engine, EngineInstance *instance, VrrpReason reason, VrrpTime now)
{
	if (instance->fsm.stopping)
		return;
	engine_job_drop_replacement(engine, instance);
	engine_instance_step(engine, instance,
			     &(VrrpEvent){ .type = VRRP_EVENT_STOP, .reason = reason }, now);
}

static void answer(Engine *engine, const Command *command, int error)
{
	engine_event(engine, &(EngineEvent){ .type = ENGINE_EVENT_FAILOVER_DONE,
					     .instance = command->instance,
					     .cookie = command->cookie,
					     .error = error });
}

static void on_failover(Engine *engine, const Command *command, VrrpTime now)
{
	EngineInstance *instance = command->instance;

	if (instance->fsm.failover_pending || instance->fsm.state != VRRP_STATE_MASTER) {
		answer(engine, command, instance->fsm.failover_pending ? -EBUSY : -ENOTCONN);
		return;
	}
	instance->failover_cookie = command->cookie;
	engine_instance_step(
		engine, instance,
		&(VrrpEvent){ .type = VRRP_EVENT_FAILOVER, .hold_nsec = command->hold_nsec }, now);
}

static void on_hold(Engine *engine, const Command *command, VrrpTime now)
{
	EngineInstance *instance = command->instance;
	bool master = instance->fsm.state == VRRP_STATE_MASTER;

	if (command->hold && instance->fsm.failover_pending) {
		answer(engine, command, -EBUSY);
		return;
	}
	if (command->hold && master)
		instance->failover_cookie = command->cookie;
	else
		answer(engine, command, 0);
	engine_instance_step(engine, instance,
			     &(VrrpEvent){ .type = VRRP_EVENT_HOLD, .hold = command->hold }, now);
}

/* The second time nobody waits for a successor: to the machine the wait is over. */
static void cut_release_short(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	if (instance->fsm.release != VRRP_RELEASE_WAITING &&
	    instance->fsm.release != VRRP_RELEASE_LINGERING)
		return;
	if (instance->fsm.release_deadline.nsec > now.nsec)
		now = instance->fsm.release_deadline;
	engine_instance_step(engine, instance, &(VrrpEvent){ .type = VRRP_EVENT_TIMER }, now);
}

static void on_stop(Engine *engine, VrrpTime now)
{
	bool again = engine->stopping;

	engine->stopping = true;
	/* Nobody leaves the array here: that is done at the end of the turn. */
	for (uint32_t i = 0; i < engine->instance_count; i++)
		if (again)
			cut_release_short(engine, engine->instances[i], now);
		else
			on_remove(engine, engine->instances[i], VRRP_REASON_SHUTDOWN, now);
}

static void on_command(Engine *engine, const Command *command, VrrpTime now)
{
	switch (command->type) {
	case COMMAND_ADD:
		on_add(engine, command->instance, now);
		break;
	case COMMAND_REPLACE:
		engine_job_replace(engine, command->instance, command->config, now);
		break;
	case COMMAND_REMOVE:
		on_remove(engine, command->instance, command->reason, now);
		break;
	case COMMAND_FAILOVER:
		on_failover(engine, command, now);
		break;
	case COMMAND_HOLD:
		on_hold(engine, command, now);
		break;
	case COMMAND_ANNOUNCE:
		engine_instance_step(engine, command->instance,
				     &(VrrpEvent){ .type = VRRP_EVENT_ANNOUNCE }, now);
		break;
	case COMMAND_STOP:
		on_stop(engine, now);
		break;
	}
}

void engine_commands(Engine *engine, VrrpTime now)
{
	Command command;
	unsigned budget = ENGINE_COMMAND_BUDGET;

	ring_acknowledge(&engine->exchange->commands);
	while (budget > 0 && ring_pop(&engine->exchange->commands, &command)) {
		on_command(engine, &command, now);
		budget--;
	}
	engine->more_commands = budget == 0;
}

void engine_mark_gone(Engine *engine, EngineInstance *instance)
{
	if (instance->gone)
		return;
	instance->gone = true;
	instance->next_gone = engine->gone;
	engine->gone = instance;
}

static void give_back(Engine *engine, EngineInstance *instance)
{
	engine_environment_leave(engine, instance);
	engine_registry_place(engine, instance, 0);
	engine_registry_peers(engine, instance, false);
	engine_registry_list(engine, instance->config, -1);
	engine_registry_remove(engine, instance);
	vrrp_heap_remove(&engine->heap, &instance->node);
	engine_event(engine, &(EngineEvent){ .type = ENGINE_EVENT_GONE, .instance = instance });
}

void engine_reap(Engine *engine)
{
	while (engine->gone) {
		EngineInstance *instance = engine->gone;

		engine->gone = instance->next_gone;
		give_back(engine, instance);
	}
}
