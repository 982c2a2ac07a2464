/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl monitor: one line for each transition, until it is interrupted.
 *
 * It must never leave a reader with a wrong picture: it begins with the states as they are, says
 * when transitions were missed (their numbers have a gap), when the daemon or the bus goes and
 * comes, and shows all states again after that. What was printed is complete at the end of every
 * line.
 */

#include <stdio.h>
#include <stdlib.h>

#include "bus/bus-names.h"
#include "ctl-exec.h"
#include "ctl-instance.h"
#include "ctl-json.h"
#include "ctl-terminal.h"
#include "ctl-watch.h"
#include "ctl-words.h"

typedef struct Monitor {
	Ctl *ctl;
	char **patterns;
	GHashTable *numbers; /* name -> guint64 *, the last transition that was seen */
	CtlExec *exec;       /* NULL: no command */
	gboolean absent;     /* it was said that the daemon is not there */
} Monitor;

#define REFRESHING "read the states"

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
	if (monitor->ctl->quiet)
		return;
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

static void current(const Monitor *monitor, const CtlInstance *instance)
{
	const CtlTransition transition = { .name = instance->name,
					   .state = instance->state,
					   .reason = instance->last_reason,
					   .number = instance->transitions };

	if (!monitor->ctl->quiet)
		tell_current(monitor, instance);
	if (monitor->exec)
		ctl_exec_add(monitor->exec, &transition);
}

static void tell_transition(const Monitor *monitor, const CtlTransition *transition)
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

static void changed(const Monitor *monitor, const CtlTransition *transition)
{
	if (!monitor->ctl->quiet)
		tell_transition(monitor, transition);
	if (monitor->exec)
		ctl_exec_add(monitor->exec, transition);
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
	CtlTransition transition;
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
	changed(monitor, &transition);
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
	if (monitor->exec && !added)
		ctl_exec_forget(monitor->exec, name);
	return 0;
}

static const CtlWatchMatch matches[] = {
	{ "type='signal',sender='" BUS_NAME "',interface='" BUS_INTERFACE_INSTANCE
	  "',member='StateChanged',path_namespace='" BUS_PATH_INSTANCE "'",
	  on_state_changed },
	{ "type='signal',sender='" BUS_NAME "',interface='" BUS_INTERFACE_MANAGER
	  "',member='InstanceAdded',path='" BUS_PATH "'",
	  on_instance },
	{ "type='signal',sender='" BUS_NAME "',interface='" BUS_INTERFACE_MANAGER
	  "',member='InstanceRemoved',path='" BUS_PATH "'",
	  on_instance },
};

/* --- Running --------------------------------------------------------------------------------- */

static void gone(gpointer userdata, CtlWatchGone what)
{
	static const char *const texts[][2] = {
		[CTL_WATCH_DAEMON_ENDED] = { "DaemonGone", "vrrpd has gone" },
		[CTL_WATCH_DAEMON_ABSENT] = { "DaemonGone",
					      "vrrpd is not running; waiting for it" },
		[CTL_WATCH_BUS_ENDED] = { "BusGone", "the system bus has gone; waiting for it" },
	};
	Monitor *monitor = userdata;

	tell(monitor, texts[what][0], NULL, texts[what][1]);
	monitor->absent = TRUE;
}

static int refresh(gpointer userdata, sd_bus_error *error)
{
	Monitor *monitor = userdata;
	g_autoptr(GPtrArray) instances = NULL;
	int r = ctl_instances_fetch(monitor->ctl, REFRESHING, error, &instances);

	if (r < 0)
		return r;
	if (monitor->absent)
		tell(monitor, "DaemonAppeared", NULL, "vrrpd is there");
	monitor->absent = FALSE;
	g_hash_table_remove_all(monitor->numbers);
	for (guint i = 0; i < instances->len; i++) {
		const CtlInstance *instance = instances->pdata[i];

		if (!ctl_name_matches(monitor->patterns, instance->name))
			continue;
		current(monitor, instance);
		remember(monitor, instance->name, instance->transitions);
	}
	return 0;
}

static void prepare(gpointer userdata, GArray *descriptors)
{
	const Monitor *monitor = userdata;

	if (monitor->exec)
		ctl_exec_prepare(monitor->exec, descriptors);
}

static void dispatch(gpointer userdata)
{
	const Monitor *monitor = userdata;

	if (monitor->exec)
		ctl_exec_dispatch(monitor->exec);
}

CtlExit verb_monitor(Ctl *ctl, char **arguments)
{
	Monitor monitor = { .ctl = ctl, .patterns = arguments };
	CtlWatch watch = { .ctl = ctl,
			   .doing = REFRESHING,
			   .matches = matches,
			   .matches_count = G_N_ELEMENTS(matches),
			   .refresh = refresh,
			   .gone = gone,
			   .prepare = prepare,
			   .dispatch = dispatch,
			   .until_unread = TRUE,
			   .userdata = &monitor };
	CtlExit exit_code;

	if (ctl->exec) {
		monitor.exec = ctl_exec_new(ctl->exec);
		if (!monitor.exec)
			return CTL_FAILED;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	monitor.numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	exit_code = ctl_watch_run(&watch);
	g_hash_table_unref(monitor.numbers);
	ctl_exec_free(monitor.exec);
	return exit_code;
}
