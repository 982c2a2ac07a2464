/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Watches the daemon for as long as a verb wants to. It never asks again and again: it waits for
 * signals, for the owner of the name, for the descriptors of the verb. Only a bus that has gone
 * must be tried once a second, since nothing would tell that it is back.
 */

#include <stdio.h>
#include <unistd.h>

#include "bus/bus-names.h"
#include "ctl-watch.h"

#define RECONNECT_MSEC 1000

static guint64 now_usec(void)
{
	return (guint64)g_get_monotonic_time();
}

void ctl_watch_finish(CtlWatch *watch, CtlExit exit_code)
{
	watch->finished = TRUE;
	watch->exit_code = exit_code;
}

static void gone(CtlWatch *watch, CtlWatchGone what)
{
	if (!watch->absent)
		watch->gone(watch->userdata, what);
	watch->absent = TRUE;
}

static gboolean has_passed(const CtlWatch *watch)
{
	return watch->deadline_usec != 0 && now_usec() >= watch->deadline_usec;
}

static void check_deadline(CtlWatch *watch)
{
	if (!watch->finished && has_passed(watch))
		ctl_watch_finish(watch, CTL_TIMED_OUT);
}

static int on_owner_changed(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	CtlWatch *watch = userdata;
	const char *name, *old, *new;

	if (sd_bus_message_read(message, "sss", &name, &old, &new) < 0 ||
	    !g_str_equal(name, BUS_NAME))
		return 0;
	if (*old)
		gone(watch, CTL_WATCH_DAEMON_ENDED);
	watch->stale = *new != '\0';
	return 0;
}

static int subscribe(CtlWatch *watch)
{
	static const char *const owner =
		"type='signal',sender='org.freedesktop.DBus',interface='org.freedesktop.DBus',"
		"member='NameOwnerChanged',path='/org/freedesktop/DBus',arg0='" BUS_NAME "'";
	int r = sd_bus_add_match(watch->ctl->bus, NULL, owner, on_owner_changed, watch);

	for (guint i = 0; i < watch->matches_count && r >= 0; i++)
		r = sd_bus_add_match(watch->ctl->bus, NULL, watch->matches[i].rule,
				     watch->matches[i].handler, watch->userdata);
	return r;
}

static int connect_bus(CtlWatch *watch)
{
	int r = ctl_bus_open(watch->ctl);

	if (r < 0)
		return r;
	watch->stale = TRUE;
	return subscribe(watch);
}

/* Returns 0, also where the daemon is not there; or negative errno. */
static int refresh(CtlWatch *watch)
{
	const CtlCall call = { .doing = watch->doing };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	watch->stale = FALSE;
	r = watch->refresh(watch->userdata, &error);
	if (r >= 0) {
		watch->absent = FALSE;
	} else if (watch->finished || has_passed(watch)) {
		r = 0;
	} else if (ctl_bus_is_absent(&error) ||
		   sd_bus_error_has_name(&error, SD_BUS_ERROR_NO_REPLY)) {
		/* It went, or goes at this moment; NameOwnerChanged tells when it is back. */
		gone(watch, CTL_WATCH_DAEMON_ABSENT);
		r = 0;
	} else if (sd_bus_is_open(watch->ctl->bus) > 0) {
		ctl_bus_explain(watch->ctl, &call, &error, r);
		/* It hangs; what it says later is worth waiting for. */
		if (sd_bus_error_has_name(&error, SD_BUS_ERROR_TIMEOUT)) {
			watch->stale = TRUE;
			r = 0;
		} else {
			ctl_watch_finish(watch, CTL_FAILED);
		}
	}
	sd_bus_error_free(&error);
	return r;
}

/* Rounded up to whole milliseconds; -1 where there is no limit. */
static int milliseconds_until(guint64 until_usec)
{
	guint64 now = now_usec();

	if (until_usec == UINT64_MAX)
		return -1;
	return until_usec <= now ? 0 : (int)MIN((until_usec - now) / 1000 + 1, G_MAXINT);
}

static void dispatch(CtlWatch *watch)
{
	if (watch->dispatch)
		watch->dispatch(watch->userdata);
}

/* Waits for at most @limit_usec (CLOCK_MONOTONIC). @bus may be NULL. */
static void wait_for_events(CtlWatch *watch, sd_bus *bus, guint64 limit_usec)
{
	g_autoptr(GArray) fds = g_array_new(FALSE, TRUE, sizeof(struct pollfd));
	/* A negative descriptor is left out by poll(). */
	struct pollfd own[] = {
		{ .fd = bus ? sd_bus_get_fd(bus) : -1, .events = 0 },
		{ .fd = watch->until_unread ? STDOUT_FILENO : -1, .events = 0 },
	};

	if (bus)
		own[0].events = (short)MAX(sd_bus_get_events(bus), 0);
	if (watch->deadline_usec != 0)
		limit_usec = MIN(limit_usec, watch->deadline_usec);
	g_array_append_vals(fds, own, G_N_ELEMENTS(own));
	if (watch->prepare)
		watch->prepare(watch->userdata, fds);
	poll((struct pollfd *)(void *)fds->data, fds->len, milliseconds_until(limit_usec));
	dispatch(watch);
	if (g_array_index(fds, struct pollfd, 1).revents & (POLLERR | POLLHUP | POLLNVAL) &&
	    !watch->finished)
		ctl_watch_finish(watch, CTL_OK);
	check_deadline(watch);
}

/* Returns 0 where it is finished, negative errno where the bus went. */
static int run(CtlWatch *watch)
{
	while (!watch->finished) {
		sd_bus *bus = watch->ctl->bus;
		uint64_t until = UINT64_MAX;
		int r = watch->stale ? refresh(watch) : sd_bus_process(bus, NULL);

		if (r < 0 && !watch->finished)
			return r;
		check_deadline(watch);
		if (watch->until_unread && ferror(stdout))
			ctl_watch_finish(watch, CTL_OK); /* main says that it failed */
		/* A refresh may have queued signals: they come before any wait. */
		if (r == 0 && !watch->stale && !watch->finished &&
		    sd_bus_get_timeout(bus, &until) >= 0 && sd_bus_get_events(bus) >= 0)
			wait_for_events(watch, bus, until);
	}
	return 0;
}

static void reconnect(CtlWatch *watch)
{
	while (!watch->finished && connect_bus(watch) < 0) {
		guint64 next = now_usec() + RECONNECT_MSEC * 1000;

		ctl_bus_close(watch->ctl);
		while (!watch->finished && now_usec() < next)
			wait_for_events(watch, NULL, next);
	}
}

CtlExit ctl_watch_run(CtlWatch *watch)
{
	int r = connect_bus(watch);

	if (r < 0) {
		sd_bus_error none = SD_BUS_ERROR_NULL;

		ctl_bus_explain(watch->ctl, &(CtlCall){ .doing = watch->doing }, &none, r);
		return CTL_FAILED;
	}
	while (run(watch) < 0) {
		ctl_bus_close(watch->ctl);
		gone(watch, CTL_WATCH_BUS_ENDED);
		reconnect(watch);
	}
	return watch->exit_code;
}
