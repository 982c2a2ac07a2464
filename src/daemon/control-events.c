/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the engine says, applied to the model one at a time: a transition carries the status right
 * after it, so that the bus shows each state with its signal even when the next one has happened
 * already. Notes come before events, because an instance that is gone must not take its last
 * transition with it. Runs on the control thread only; never waits.
 */

#include <glib-unix.h>
#include <time.h>

#include <arpa/inet.h>
#include <net/if.h>

#include <systemd/sd-daemon.h>

#include "config-build.h"
#include "control.h"
#include "state-store.h"

#define NOTES_PER_TURN 4096

static guint64 boottime_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (guint64)now.tv_sec * VRRP_NSEC_PER_SECOND + (guint64)now.tv_nsec;
}

static const char *address_text(const VrrpAddress *address, char buffer[INET6_ADDRSTRLEN])
{
	int family = address->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET;

	if (address->family == VRRP_FAMILY_NONE ||
	    !inet_ntop(family, address->bytes, buffer, INET6_ADDRSTRLEN))
		return "unknown";
	return buffer;
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

/* --- Notes ----------------------------------------------------------------------------------- */

static void log_transition(const ModelInstance *model, const Note *note)
{
	g_autofree char *vrid = g_strdup_printf("%u", model->settings->vrid);
	const char *state = vrrp_state_to_string(note->transition.state);
	const char *old = vrrp_state_to_string(note->transition.old);
	const char *reason = vrrp_reason_to_string(note->transition.reason);

	g_log_structured("vrrpd", G_LOG_LEVEL_MESSAGE, "VRRP_INSTANCE", model->name,
			 "VRRP_INTERFACE", model->settings->interface, "VRRP_VRID", vrid,
			 "VRRP_FAMILY", vrrp_family_to_string(model->settings->family),
			 "VRRP_STATE", state, "VRRP_OLD_STATE", old, "VRRP_REASON", reason,
			 "MESSAGE", "%s -> %s (%s)", old, state, reason);
}

static void on_transition(Control *control, ModelInstance *model, const Note *note)
{
	take_status(model, &note->status);
	log_transition(model, note);
	bus_instance_transition(control->bus, model, note->transition.state, note->transition.old,
				note->transition.reason, note->transition.number);
	control_update_status_text(control);
}

static void log_reject(const ModelInstance *model, const Note *note)
{
	char source[INET6_ADDRSTRLEN], interface[IF_NAMESIZE] = "?";

	if_indextoname((unsigned)note->interface_index, interface);
	g_log_structured(
		"vrrpd", G_LOG_LEVEL_WARNING, "VRRP_INSTANCE", model ? model->name : "",
		"VRRP_PEER", address_text(&note->address, source), "VRRP_REJECT",
		vrrp_reject_to_string(note->reject), "MESSAGE",
		"Packets from %s on %s (VRID %u) are dropped: %s. Said at most once a minute.",
		address_text(&note->address, source), interface, note->vrid,
		vrrp_reject_to_string(note->reject));
}

static void log_instance_note(const ModelInstance *model, const Note *note)
{
	char peer[INET6_ADDRSTRLEN];

	address_text(&note->address, peer);
	switch (note->type) {
	case NOTE_CONFLICT:
		g_log_structured("vrrpd", G_LOG_LEVEL_WARNING, "VRRP_INSTANCE", model->name,
				 "VRRP_PEER", peer, "MESSAGE", "A second master was heard: %s.",
				 peer);
		break;
	case NOTE_ADDRESS_LIST:
		g_log_structured("vrrpd", G_LOG_LEVEL_WARNING, "VRRP_INSTANCE", model->name,
				 "VRRP_PEER", peer, "MESSAGE",
				 "%s advertises other addresses than VirtualAddresses= here.",
				 peer);
		break;
	case NOTE_ADDRESS_ERROR:
		g_log_structured("vrrpd", G_LOG_LEVEL_WARNING, "VRRP_INSTANCE", model->name,
				 "MESSAGE", "The kernel refused to change the addresses: %s.",
				 g_strerror(-note->error));
		break;
	case NOTE_SEND_ERROR:
		g_log_structured("vrrpd", G_LOG_LEVEL_WARNING, "VRRP_INSTANCE", model->name,
				 "MESSAGE", "An advert could not be sent: %s.",
				 g_strerror(-note->error));
		break;
	default:
		break;
	}
}

static void on_note(Control *control, const Note *note)
{
	ControlInstance *instance = g_hash_table_lookup(control->by_id, &note->instance_id);

	if (note->type == NOTE_OVERRUN)
		g_message("%s",
			  note->error == 0
				  ? "Network changes came faster than they could be read; "
				    "everything is read anew."
				  : "Packets came faster than they could be read; some were lost.");
	else if (note->type == NOTE_REJECT)
		log_reject(instance ? instance->model : NULL, note);
	else if (!instance)
		return; /* gone meanwhile */
	else if (note->type == NOTE_TRANSITION)
		on_transition(control, instance->model, note);
	else
		log_instance_note(instance->model, note);
}

/* --- Events ---------------------------------------------------------------------------------- */

static void on_dirty(Control *control, ControlInstance *instance)
{
	InstanceStatus status;
	InstanceShared *shared = instance->model->shared;

	/* Cleared before the read: what the engine writes from here on makes a new event. */
	atomic_store(&shared->dirty, false);
	slot_read(&shared->status, shared->status_words, &status, sizeof status);
	/* A transition that is still on its way brings its own status, and its signal with it. */
	if (status.transitions != instance->model->status.transitions)
		return;
	take_status(instance->model, &status);
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
		g_log_structured("vrrpd", G_LOG_LEVEL_WARNING, "VRRP_INSTANCE",
				 instance->model->name, "MESSAGE",
				 "The authentication number cannot be saved; after a restart peers "
				 "may take our "
				 "adverts for replays until they are heard: %s",
				 error->message);
	instance->save_failed = TRUE;
}

static ControlInstance *find(Control *control, EngineInstance *engine)
{
	guint64 id = engine_instance_id(engine);

	return g_hash_table_lookup(control->by_id, &id);
}

static void on_started(Control *control)
{
	control->model.real_time = engine_real_time(control->engine);
	g_info("Real-time scheduling: %s.",
	       control->model.real_time ? "granted" : "not granted (RLIMIT_RTPRIO)");
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
		control_failover_done(control, event->cookie, event->error);
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
		g_critical("The engine failed: %s.", g_strerror(-event->error));
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
		g_warning("%" G_GUINT64_FORMAT " notes of the engine were lost.", lost_total);
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
