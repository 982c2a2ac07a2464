/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl monitor: one line for each transition, until it is interrupted.
 *
 * It must never leave a reader with a wrong picture: it begins with the states as they are, says
 * when transitions were missed (their numbers have a gap), when the daemon or the bus goes and
 * comes, and shows all states again after that. What was printed is complete at the end of every
 * line.
 */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "bus/bus-names.h"
#include "ctl-instance.h"
#include "ctl-json.h"
#include "ctl-terminal.h"
#include "ctl-words.h"

#define RECONNECT_USEC G_USEC_PER_SEC

typedef struct Monitor {
	Ctl *ctl;
	char **patterns;
	GHashTable *numbers; /* name -> guint64 *, the last transition that was seen */
	gboolean refresh;    /* the states must be read (again) */
	gboolean absent;     /* it was said that the daemon is not there */
} Monitor;

static const CtlCall refresh_call = { .doing = "read the states" };

/* --- Output ---------------------------------------------------------------------------------- */

/* Begins an event; the caller adds members and calls finish_json(). */
static GString *begin_json(const char *event)
{
	GString *json = g_string_new(NULL);

	ctl_json_open(json, '{');
	ctl_json_pair_unsigned(json, "Time", (guint64)g_get_real_time());
	ctl_json_pair_string(json, "Event", event);
	return json;
}

static void finish_json(const Monitor *monitor, GString *json)
{
	ctl_json_close(json, '}');
	ctl_json_print(monitor->ctl, json->str);
	g_string_free(json, TRUE);
}

static void print_time(void)
{
	g_autofree char *now = ctl_words_timestamp((guint64)g_get_real_time());

	printf("%s%s%s ", ctl_terminal_color(CTL_COLOR_GREY), now,
	       ctl_terminal_reset(CTL_COLOR_GREY));
}

/* Something that is not about one instance, or has no details. */
static void tell(const Monitor *monitor, const char *event, const char *name, const char *text)
{
	if (monitor->ctl->json != CTL_JSON_OFF) {
		GString *json = begin_json(event);

		if (name)
			ctl_json_pair_string(json, "Name", name);
		finish_json(monitor, json);
		return;
	}
	print_time();
	printf("%s%s%s\n", name ? name : "", name ? " " : "", text);
}

static CtlColor color_of(const char *state)
{
	return g_str_equal(state, "master")       ? CTL_COLOR_GREEN
	       : g_str_equal(state, "initialize") ? CTL_COLOR_RED
						  : CTL_COLOR_YELLOW;
}

static void tell_current(const Monitor *monitor, const CtlInstance *instance)
{
	CtlColor color = color_of(instance->state);
	g_autofree char *since = NULL;

	if (monitor->ctl->json != CTL_JSON_OFF) {
		GString *json = begin_json("CurrentState");

		ctl_json_pair_string(json, "Name", instance->name);
		ctl_json_pair_string(json, "State", instance->state);
		ctl_json_pair_string(json, "Reason", instance->last_reason);
		ctl_json_pair_unsigned(json, "StateSince", instance->state_since_usec);
		ctl_json_pair_unsigned(json, "Transition", instance->transitions);
		finish_json(monitor, json);
		return;
	}
	since = ctl_words_date(instance->state_since_usec);
	print_time();
	printf("%s is %s%s%s since %s (%s) #%" G_GUINT64_FORMAT "\n", instance->name,
	       ctl_terminal_color(color), instance->state, ctl_terminal_reset(color), since,
	       instance->last_reason, instance->transitions);
}

typedef struct Transition {
	const char *name, *state, *old, *reason;
	guint64 number;
	guint64 missed; /* transitions that were not seen before this one */
} Transition;

static void tell_transition(const Monitor *monitor, const Transition *transition)
{
	CtlColor color = color_of(transition->state);

	if (monitor->ctl->json != CTL_JSON_OFF) {
		GString *json = begin_json("StateChanged");

		ctl_json_pair_string(json, "Name", transition->name);
		ctl_json_pair_string(json, "State", transition->state);
		ctl_json_pair_string(json, "OldState", transition->old);
		ctl_json_pair_string(json, "Reason", transition->reason);
		ctl_json_pair_unsigned(json, "Transition", transition->number);
		ctl_json_pair_unsigned(json, "Missed", transition->missed);
		finish_json(monitor, json);
		return;
	}
	if (transition->missed > 0) {
		print_time();
		printf("%s %" G_GUINT64_FORMAT " transition%s missed\n", transition->name,
		       transition->missed, transition->missed == 1 ? " was" : "s were");
	}
	print_time();
	printf("%s %s -> %s%s%s (%s) #%" G_GUINT64_FORMAT "\n", transition->name, transition->old,
	       ctl_terminal_color(color), transition->state, ctl_terminal_reset(color),
	       transition->reason, transition->number);
}

/* --- Signals --------------------------------------------------------------------------------- */

static void remember(Monitor *monitor, const char *name, guint64 number)
{
	g_hash_table_replace(monitor->numbers, g_strdup(name), g_memdup2(&number, sizeof number));
}

static int on_state_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	Monitor *monitor = userdata;
	g_autofree char *name = NULL;
	Transition transition;
	const guint64 *last;
	char *decoded;

	if (sd_bus_path_decode(sd_bus_message_get_path(message), BUS_PATH_INSTANCE, &decoded) <= 0)
		return 0;
	name = g_strdup(decoded);
	free(decoded);
	if (sd_bus_message_read(message, "ssst", &transition.state, &transition.old,
				&transition.reason, &transition.number) < 0)
		return 0;
	if (!ctl_name_matches(monitor->patterns, name))
		return 0;
	last = g_hash_table_lookup(monitor->numbers, name);
	/* It was on the way when the states were read, which show it already. */
	if (last && transition.number <= *last)
		return 0;
	transition.name = name;
	transition.missed = last ? transition.number - *last - 1 : 0;
	tell_transition(monitor, &transition);
	remember(monitor, name, transition.number);
	return 0;
}

static int on_instance(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	gboolean added = sd_bus_message_is_signal(message, NULL, "InstanceAdded") > 0;
	Monitor *monitor = userdata;
	const char *name;

	if (sd_bus_message_read(message, "so", &name, NULL) < 0 ||
	    !ctl_name_matches(monitor->patterns, name))
		return 0;
	tell(monitor, added ? "InstanceAdded" : "InstanceRemoved", name,
	     added ? "was added" : "was removed");
	/* An instance that comes again counts from the beginning. */
	g_hash_table_remove(monitor->numbers, name);
	return 0;
}

static void daemon_gone(Monitor *monitor, const char *event, const char *text)
{
	if (!monitor->absent)
		tell(monitor, event, NULL, text);
	monitor->absent = TRUE;
	g_hash_table_remove_all(monitor->numbers);
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	Monitor *monitor = userdata;
	const char *name, *old, *new;

	if (sd_bus_message_read(message, "sss", &name, &old, &new) < 0 ||
	    !g_str_equal(name, BUS_NAME))
		return 0;
	if (*old)
		daemon_gone(monitor, "DaemonGone", "vrrpd has gone");
	monitor->refresh = *new != '\0';
	return 0;
}

static int subscribe(Monitor *monitor)
{
	static const struct {
		const char *rule;
		sd_bus_message_handler_t handler;
	} matches[] = {
		{ "type='signal',sender='" BUS_NAME "',interface='" BUS_INTERFACE_INSTANCE
		  "',member='StateChanged',path_namespace='" BUS_PATH_INSTANCE "'",
		  on_state_changed },
		{ "type='signal',sender='" BUS_NAME "',interface='" BUS_INTERFACE_MANAGER
		  "',member='InstanceAdded',path='" BUS_PATH "'",
		  on_instance },
		{ "type='signal',sender='" BUS_NAME "',interface='" BUS_INTERFACE_MANAGER
		  "',member='InstanceRemoved',path='" BUS_PATH "'",
		  on_instance },
		{ "type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
		  "member='NameOwnerChanged',path='/org/freedesktop/DBus',arg0='" BUS_NAME "'",
		  on_owner_changed },
	};

	for (guint i = 0; i < G_N_ELEMENTS(matches); i++) {
		int r = sd_bus_add_match(monitor->ctl->bus, NULL, matches[i].rule,
					 matches[i].handler, monitor);

		if (r < 0)
			return r;
	}
	return 0;
}

/* --- Running --------------------------------------------------------------------------------- */

static void show_states(Monitor *monitor, const GPtrArray *instances)
{
	if (monitor->absent)
		tell(monitor, "DaemonAppeared", NULL, "vrrpd is there");
	monitor->absent = FALSE;
	g_hash_table_remove_all(monitor->numbers);
	for (guint i = 0; i < instances->len; i++) {
		const CtlInstance *instance = instances->pdata[i];

		if (!ctl_name_matches(monitor->patterns, instance->name))
			continue;
		tell_current(monitor, instance);
		remember(monitor, instance->name, instance->transitions);
	}
}

/* Returns 0, also where the daemon is not there; or negative errno. */
static int refresh(Monitor *monitor)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	g_autoptr(GPtrArray) instances = NULL;
	int r;

	monitor->refresh = FALSE;
	r = ctl_instances_fetch(monitor->ctl, refresh_call.doing, &error, &instances);
	if (r >= 0) {
		show_states(monitor, instances);
	} else if (ctl_bus_is_absent(&error) ||
		   sd_bus_error_has_name(&error, SD_BUS_ERROR_NO_REPLY)) {
		/* It went, or goes at this moment; NameOwnerChanged tells when it is back. */
		daemon_gone(monitor, "DaemonGone", "vrrpd is not running; waiting for it");
		r = 0;
	} else {
		ctl_bus_explain(&refresh_call, &error, r);
		/* It hangs; what it says later is worth waiting for. */
		if (sd_bus_error_has_name(&error, SD_BUS_ERROR_TIMEOUT)) {
			monitor->refresh = TRUE;
			r = 0;
		}
	}
	sd_bus_error_free(&error);
	return r;
}

static int connect_bus(Monitor *monitor)
{
	int r = ctl_bus_open(monitor->ctl);

	if (r < 0)
		return r;
	monitor->refresh = TRUE;
	return subscribe(monitor);
}

/* Waits for the bus, or until nobody reads what is printed. Returns FALSE in the latter case. */
static gboolean wait_for_bus(sd_bus *bus)
{
	struct pollfd fds[] = { { .fd = sd_bus_get_fd(bus) }, { .fd = STDOUT_FILENO } };
	uint64_t until = UINT64_MAX;
	gint64 now = g_get_monotonic_time();
	int msec = -1, events = sd_bus_get_events(bus);

	if (fds[0].fd < 0 || events < 0 || sd_bus_get_timeout(bus, &until) < 0)
		return TRUE; /* sd_bus_process() says why */
	fds[0].events = (short)events;
	if (until != UINT64_MAX)
		msec = until <= (uint64_t)now ? 0 : (int)((until - (uint64_t)now) / 1000 + 1);
	poll(fds, G_N_ELEMENTS(fds), msec);
	return !(fds[1].revents & (POLLERR | POLLHUP | POLLNVAL));
}

/* Returns 0 where nobody reads any more, negative errno where the bus went. */
static int run(Monitor *monitor)
{
	for (;;) {
		int r = sd_bus_process(monitor->ctl->bus, NULL);

		if (r < 0)
			return r;
		if (monitor->refresh) {
			r = refresh(monitor);
			if (r < 0)
				return r;
			continue;
		}
		if (r == 0 && !wait_for_bus(monitor->ctl->bus))
			return 0;
		if (ferror(stdout))
			return 0;
	}
}

static void disconnect(Monitor *monitor)
{
	monitor->ctl->bus = sd_bus_close_unref(monitor->ctl->bus);
}

static void reconnect(Monitor *monitor)
{
	while (connect_bus(monitor) < 0) {
		disconnect(monitor);
		g_usleep(RECONNECT_USEC);
	}
}

static CtlExit run_forever(Monitor *monitor)
{
	int r = connect_bus(monitor);

	if (r < 0) {
		sd_bus_error none = SD_BUS_ERROR_NULL;

		ctl_bus_explain(&(CtlCall){ .doing = "monitor the instances" }, &none, r);
		return CTL_FAILED;
	}
	for (;;) {
		r = run(monitor);
		if (r >= 0)
			return CTL_OK;
		if (sd_bus_is_open(monitor->ctl->bus) > 0)
			return CTL_FAILED; /* refresh() said why */
		disconnect(monitor);
		daemon_gone(monitor, "BusGone", "the system bus has gone; waiting for it");
		reconnect(monitor);
	}
}

CtlExit verb_monitor(Ctl *ctl, char **arguments)
{
	Monitor monitor = { .ctl = ctl, .patterns = arguments };
	CtlExit exit_code;

	setvbuf(stdout, NULL, _IOLBF, 0);
	monitor.numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	exit_code = run_forever(&monitor);
	g_hash_table_unref(monitor.numbers);
	return exit_code;
}
