/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the state machine's actions to the rest of the engine. Nothing here decides anything about
 * the protocol.
 */

#include <string.h>

#include "engine-internal.h"

void engine_note_instance(Engine *engine, const EngineInstance *instance, NoteType type,
			  const VrrpAddress *address, int error, VrrpTime now)
{
	Note note;
	uint64_t suppressed;

	/* Won and lost conflicts are limited each by itself. */
	unsigned kind = (unsigned)type + (error > 0 ? 256u : 0u);

	if (!engine_limiter_allow(&engine->limiter, engine_limiter_key(kind, address, instance->id),
				  now, &suppressed))
		return;
	memset(&note, 0, sizeof note);
	note.type = type;
	note.instance_id = instance->id;
	note.time_nsec = now.nsec;
	note.interface_index = instance->interface_index;
	note.vrid = instance->config->vrid;
	note.error = error;
	note.number = suppressed;
	if (address)
		note.address = *address;
	tape_push(&engine->exchange->notes, &note);
}

static void on_transition(Engine *engine, EngineInstance *instance, const VrrpAction *action,
			  unsigned transitions_after, VrrpTime now)
{
	Note note;

	if (action->transition.state == VRRP_STATE_MASTER)
		instance_count(&instance->shared.counters.counters[COUNTER_MASTER_TRANSITIONS]);
	memset(&note, 0, sizeof note);
	note.type = NOTE_TRANSITION;
	note.instance_id = instance->id;
	note.time_nsec = now.nsec;
	note.interface_index = instance->interface_index;
	note.vrid = instance->config->vrid;
	note.transition.state = (uint8_t)action->transition.state;
	note.transition.old = (uint8_t)action->transition.old;
	note.transition.reason = (uint8_t)action->transition.reason;
	note.transition.number = instance->fsm.transitions - transitions_after;
	engine_instance_status(instance, &note.status);
	/* Where one step makes two transitions the machine is past this one already. */
	note.status.state = note.transition.state;
	note.status.last_reason = note.transition.reason;
	note.status.transitions = note.transition.number;
	instance->transitioned = true;
	/* In the slot before the note can be read, so that the slot is never behind a note. */
	slot_write(&instance->shared.status, instance->shared.status_words, &note.status,
		   sizeof note.status);
	tape_push(&engine->exchange->notes, &note);
}

void engine_action(Engine *engine, EngineInstance *instance, const VrrpAction *action,
		   unsigned transitions_after, VrrpTime now)
{
	switch (action->type) {
	case VRRP_ACTION_SEND_ADVERT:
		engine_send_advert(engine, instance, action->priority, now);
		break;
	case VRRP_ACTION_ADDRESSES:
		engine_job_want(engine, instance, action->addresses, now);
		break;
	case VRRP_ACTION_ANNOUNCE:
		engine_send_announcements(engine, instance, action->round, now);
		break;
	case VRRP_ACTION_TRANSITION:
		on_transition(engine, instance, action, transitions_after, now);
		break;
	case VRRP_ACTION_FAILOVER_DONE:
		engine_event(engine, &(EngineEvent){ .type = ENGINE_EVENT_FAILOVER_DONE,
						     .instance = instance,
						     .cookie = instance->failover_cookie,
						     .error = action->error });
		break;
	case VRRP_ACTION_CONFLICT:
		/* To yield is what every preemption looks like from this side. */
		if (!action->conflict.yielded)
			instance_count(&instance->shared.counters.counters[COUNTER_CONFLICTS]);
		engine_note_instance(engine, instance, NOTE_CONFLICT, &action->conflict.peer,
				     action->conflict.yielded, now);
		break;
	case VRRP_ACTION_RELEASED:
		instance->released = true;
		break;
	}
}
