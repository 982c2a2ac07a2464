/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the engine says, applied to the model one at a time: a transition carries the status right
 * after it, so that the bus shows each state with its signal even when the next one has happened
 * already. Notes come before events, because an instance that is gone must not take its last
 * transition with it. Runs on the control thread only; never waits.
 */

#include <glib-unix.h>
#include <time.h>

#include <systemd/sd-daemon.h>

#include "config-build.h"
#include "control-log.h"
#include "control.h"
#include "state-store.h"

#define NOTES_PER_TURN 4096

static guint64 boottime_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (guint64)now.tv_sec * VRRP_NSEC_PER_SECOND + (guint64)now.tv_nsec;
}

static void take_status(ModelInstance *model, const InstanceStatus *status)
{
	guint64 ago_usec = 0, now = boottime_nsec();

	if (status->transitions != model->status.transitions) {
		if (status->state_since_nsec < now)
			ago_usec = (now - status->state_since_nsec) / VRRP_NSEC_PER_USEC;
		model->state_since_realtime_usec = (guint64)g_get_real_time() - ago_usec;
		model->state_since_monotonic_usec = (guint64)g_get_monotonic_time() - ago_usec;
	}
	model->status = *status;
}

/* Once after each transition: two masters at once would fill the log. */
static void tell_master(ControlInstance *instance)
{
	const InstanceStatus *status = &instance->model->status;

	if (instance->master_told || status->state != VRRP_STATE_BACKUP ||
	    status->master_address.family == VRRP_FAMILY_NONE ||
	    vrrp_address_compare(&status->master_address, &status->source_address) == 0)
		return;
	instance->master_told = TRUE;
	control_log_master(instance->model);
}

/* --- Notes ----------------------------------------------------------------------------------- */

static void on_transition(Control *control, ModelInstance *model, const Note *note)
{
	take_status(model, &note->status);
	control_log_transition(model, note);
	((ControlInstance *)model->daemon)->master_told = FALSE;
	tell_master(model->daemon);
	bus_instance_transition(control->bus, model, note->transition.state, note->transition.old,
				note->transition.reason, note->transition.number);
	control_update_status_text(control);
}

static void on_note(Control *control, const Note *note)
{
	ControlInstance *instance = g_hash_table_lookup(control->by_id, &note->instance_id);

	if (instance && note->type == NOTE_CONFLICT)
		bus_instance_conflict(control->bus, instance->model, &note->address,
				      note->error > 0);
	if (instance && note->type == NOTE_ADDRESS_LOST)
		bus_instance_address_lost(control->bus, instance->model, &note->address,
					  note->error == 0);
	if (note->type == NOTE_CONFLICT && note->error > 0)
		return; /* every preemption looks like this: the transition says it */
	if (note->type != NOTE_TRANSITION)
		control_log_note(instance ? instance->model : NULL, note);
	else if (instance) /* else it is gone meanwhile */
		on_transition(control, instance->model, note);
}

/* --- Events ---------------------------------------------------------------------------------- */

static void on_dirty(Control *control, ControlInstance *instance)
{
	InstanceStatus status;
	guint32 faults;
	InstanceShared *shared = instance->model->shared;

	/* Cleared before the read: what the engine writes from here on makes a new event. */
	atomic_store(&shared->dirty, false);
	slot_read(&shared->status, shared->status_words, &status, sizeof status);
	/* A transition that is still on its way brings its own status, and its signal with it. */
	if (status.transitions != instance->model->status.transitions)
		return;
	faults = instance->model->status.faults;
	take_status(instance->model, &status);
	control_log_faults(instance->model, faults);
	tell_master(instance);
	bus_instance_changed(control->bus, instance->model);
}

/* After lost notes: there will be no transitions to wait for. */
static void read_all(Control *control)
{
	GHashTableIter iter;
	gpointer value;
	InstanceStatus status;

	g_hash_table_iter_init(&iter, control->by_id);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ModelInstance *model = ((ControlInstance *)value)->model;

		slot_read(&model->shared->status, model->shared->status_words, &status,
			  sizeof status);
		take_status(model, &status);
		bus_instance_changed(control->bus, model);
	}
}

static void save_number(Control *control, ControlInstance *instance, guint32 number)
{
	g_autoptr(GError) error = NULL;

	if (state_store_write_number(control->options.state_directory, instance->model->name,
				     number, &error)) {
		instance->save_failed = FALSE;
		return;
	}
	if (!instance->save_failed)
		control_log_number_unsaved(instance->model, error->message);
	instance->save_failed = TRUE;
}

static ControlInstance *find(Control *control, EngineInstance *engine)
{
	guint64 id = engine_instance_id(engine);

	return g_hash_table_lookup(control->by_id, &id);
}

static void on_started(Control *control)
{
	control->started = TRUE;
	control->model.real_time = engine_real_time(control->engine);
	control_log_started(control);
	sd_notify(0, "READY=1");
	control_update_status_text(control);
}

static void on_event(Control *control, const EngineEvent *event)
{
	switch (event->type) {
	case ENGINE_EVENT_STARTED:
		on_started(control);
		break;
	case ENGINE_EVENT_DIRTY:
		on_dirty(control, find(control, event->instance));
		break;
	case ENGINE_EVENT_CONFIG_RETURNED:
		config_build_free((InstanceConfig *)event->config);
		break;
	case ENGINE_EVENT_FAILOVER_DONE:
		control_answered(control, event->cookie, event->error);
		break;
	case ENGINE_EVENT_AH_RESERVE:
		save_number(control, find(control, event->instance), event->number);
		break;
	case ENGINE_EVENT_GONE:
		control_instance_gone(control, find(control, event->instance));
		break;
	case ENGINE_EVENT_STOPPED:
		g_main_loop_quit(control->loop);
		break;
	case ENGINE_EVENT_FAILED:
		control_log_engine_failed(event->error);
		control->exit_status = 1;
		g_main_loop_quit(control->loop);
		break;
	}
}

static gboolean on_wake(gint fd, GIOCondition condition, gpointer userdata)
{
	Control *control = userdata;
	guint64 lost, lost_total = 0;
	guint32 pending;
	EngineEvent event;
	Note note;

	ring_acknowledge(&control->exchange.events);
	tape_acknowledge(&control->exchange.notes);
	/* Counted first: whatever note belongs before these events is on the tape already. */
	pending = ring_pending(&control->exchange.events);
	for (guint i = 0; tape_pop(&control->exchange.notes, &note, &lost); i++) {
		lost_total += lost;
		on_note(control, &note);
		if (i >= NOTES_PER_TURN)
			break; /* a tape that is written faster than it is read must not hold the
				  events back */
	}
	if (lost_total > 0) {
		control_log_notes_lost(lost_total);
		read_all(control);
	}
	while (pending-- > 0 && ring_pop(&control->exchange.events, &event))
		on_event(control, &event);
	return G_SOURCE_CONTINUE;
}

void control_events_attach(Control *control)
{
	control->sources[0] = g_unix_fd_add_full(G_PRIORITY_HIGH, control->exchange.events.wake_fd,
						 G_IO_IN, on_wake, control, NULL);
	control->sources[1] = g_unix_fd_add_full(G_PRIORITY_HIGH, control->exchange.notes.wake_fd,
						 G_IO_IN, on_wake, control, NULL);
}

void control_events_detach(Control *control)
{
	g_clear_handle_id(&control->sources[0], g_source_remove);
	g_clear_handle_id(&control->sources[1], g_source_remove);
}
