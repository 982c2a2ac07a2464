/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl wait: returns when an instance is in a state, or was in it for a moment. It asks once and
 * then listens, so it costs nothing while it waits, and no state is too short for it. While the
 * daemon restarts it goes on waiting; it gives up where the daemon is there and the instance is
 * not, since nobody may ever come then.
 */

#include <string.h>

#include "bus/bus-names.h"
#include "core/vrrp-types.h"
#include "ctl-watch.h"
#include "ctl-words.h"

#define CALL_USEC (25 * (guint64)G_USEC_PER_SEC)

typedef struct Wait {
	CtlWatch watch;
	const char *name;
	const char *state; /* the one to wait for */
	char *path;        /* of the object */
	char *last;        /* the state that was seen last; NULL: none */
} Wait;

static void saw(Wait *wait, const char *state)
{
	g_free(wait->last);
	wait->last = g_strdup(state);
	if (g_str_equal(state, wait->state) && !wait->watch.finished)
		ctl_watch_finish(&wait->watch, CTL_OK);
}

static void removed(Wait *wait)
{
	if (wait->watch.finished)
		return;
	ctl_error("Failed to wait: instance %s was removed.", wait->name);
	ctl_watch_finish(&wait->watch, CTL_FAILED);
}

/* --- Signals --------------------------------------------------------------------------------- */

static gboolean is_ours(const Wait *wait, sd_bus_message *message)
{
	return g_strcmp0(sd_bus_message_get_path(message), wait->path) == 0;
}

static int on_state_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	Wait *wait = userdata;
	const char *state;

	if (is_ours(wait, message) && sd_bus_message_read(message, "s", &state) >= 0)
		saw(wait, state);
	return 0;
}

/* StateChanged is left out where the daemon cannot get rid of its messages; this is not. */
static int on_properties_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	Wait *wait = userdata;
	const char *interface, *name, *state;

	if (!is_ours(wait, message) || sd_bus_message_read(message, "s", &interface) < 0 ||
	    !g_str_equal(interface, BUS_INTERFACE_INSTANCE) ||
	    sd_bus_message_enter_container(message, 'a', "{sv}") < 0)
		return 0;
	while (sd_bus_message_enter_container(message, 'e', "sv") > 0) {
		if (sd_bus_message_read(message, "s", &name) < 0)
			return 0;
		if (!g_str_equal(name, "State")) {
			if (sd_bus_message_skip(message, "v") < 0)
				return 0;
		} else if (sd_bus_message_read(message, "v", "s", &state) >= 0) {
			saw(wait, state);
			return 0;
		}
		if (sd_bus_message_exit_container(message) < 0)
			return 0;
	}
	return 0;
}

static int on_removed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	Wait *wait = userdata;
	const char *name;

	if (sd_bus_message_read(message, "s", &name) >= 0 && g_str_equal(name, wait->name))
		removed(wait);
	return 0;
}

static const CtlWatchMatch matches[] = {
	{ "type='signal',sender='" BUS_NAME "',interface='" BUS_INTERFACE_INSTANCE
	  "',member='StateChanged',path_namespace='" BUS_PATH_INSTANCE "'",
	  on_state_changed },
	{ "type='signal',sender='" BUS_NAME "',interface='org.freedesktop.DBus.Properties',"
	  "member='PropertiesChanged',path_namespace='" BUS_PATH_INSTANCE "'",
	  on_properties_changed },
	{ "type='signal',sender='" BUS_NAME "',interface='" BUS_INTERFACE_MANAGER
	  "',member='InstanceRemoved',path='" BUS_PATH "'",
	  on_removed },
};

/* --- Running --------------------------------------------------------------------------------- */

/* A call must not outlast what the caller is ready to wait. */
static void limit_calls(Wait *wait)
{
	guint64 now = (guint64)g_get_monotonic_time(), deadline = wait->watch.deadline_usec;

	if (deadline != 0)
		wait->watch.ctl->timeout_usec = deadline > now ? MIN(deadline - now, CALL_USEC) : 1;
}

static int refresh(gpointer userdata, sd_bus_error *error)
{
	Wait *wait = userdata;
	g_autofree char *state = NULL;
	int r;

	limit_calls(wait);
	g_clear_pointer(&wait->path, g_free);
	r = ctl_bus_try_find(wait->watch.ctl, wait->name, error, &wait->path);
	if (r < 0)
		return r;
	limit_calls(wait);
	r = ctl_bus_try_state(wait->watch.ctl, wait->path, error, &state);
	if (r >= 0)
		saw(wait, state);
	return r;
}

static void gone(gpointer userdata, CtlWatchGone what)
{
	static const char *const texts[] = {
		[CTL_WATCH_DAEMON_ENDED] = "vrrpd has gone; waiting for it.",
		[CTL_WATCH_DAEMON_ABSENT] = "vrrpd is not running; waiting for it.",
		[CTL_WATCH_BUS_ENDED] = "The system bus has gone; waiting for it.",
	};
	const Wait *wait = userdata;

	if (!wait->watch.ctl->quiet)
		ctl_error("%s", texts[what]);
}

static void explain_timeout(const Wait *wait, guint64 usec)
{
	g_autofree char *span = ctl_words_span(usec);

	if (wait->last && !wait->watch.absent)
		ctl_error("Failed to wait: after %s %s is %s, and was not %s.", span, wait->name,
			  wait->last, wait->state);
	else
		ctl_error("Failed to wait: after %s vrrpd still does not say what %s is.", span,
			  wait->name);
}

static gboolean is_state(const char *word)
{
	const char *words[_VRRP_STATE_MAX + 1] = {};
	g_autofree char *known = NULL;
	const char *nearest;

	if (vrrp_state_from_string(word) >= 0)
		return TRUE;
	for (guint i = 0; i < _VRRP_STATE_MAX; i++)
		words[i] = vrrp_state_to_string(i);
	known = g_strjoinv(", ", (char **)words);
	nearest = ctl_words_nearest(words, word);
	ctl_error("wait: there is no state '%s'. %s%s%sThe states are: %s.", word,
		  nearest ? "Did you mean '" : "", nearest ? nearest : "", nearest ? "'? " : "",
		  known);
	return FALSE;
}

CtlExit verb_wait(Ctl *ctl, char **arguments)
{
	g_autofree char *doing = g_strdup_printf("wait for %s", arguments[0]);
	guint64 limit = ctl->timeout_usec;
	Wait wait = { .name = arguments[0], .state = arguments[1] };
	CtlExit exit_code;

	if (!is_state(arguments[1]))
		return CTL_USAGE;
	wait.watch = (CtlWatch){ .ctl = ctl,
				 .doing = doing,
				 .matches = matches,
				 .matches_count = G_N_ELEMENTS(matches),
				 .refresh = refresh,
				 .gone = gone,
				 .userdata = &wait };
	if (limit > 0)
		wait.watch.deadline_usec = (guint64)g_get_monotonic_time() + limit;
	exit_code = ctl_watch_run(&wait.watch);
	if (exit_code == CTL_TIMED_OUT)
		explain_timeout(&wait, limit);
	g_free(wait.path);
	g_free(wait.last);
	return exit_code;
}
