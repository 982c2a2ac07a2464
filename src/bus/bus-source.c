/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An sd_bus in a GLib main loop.
 *
 * sd-bus says anew before each poll which descriptor it wants, for which events, and until when;
 * the descriptor may change (while it waits for a socket, it is an inotify's) and a message may lie
 * parsed in its queue while the socket is silent. So prepare() asks all three every time and keeps
 * nothing from the last turn. It only assigns GPollFD.events: telling the main context of a change
 * would wake it up again at once, for ever. check() may be skipped by GLib when another thread
 * attaches a source; nothing here depends on it.
 *
 * Dispatch is bounded by number and by time. Without that, one client that floods the bus would
 * keep the loop here for seconds. sd_bus_process() must not be re-entered: no handler may run a
 * main loop of its own or make a blocking call. Both clocks are CLOCK_MONOTONIC in microseconds.
 */

#include <poll.h>

#include "bus-source.h"

typedef struct BusSource {
	GSource base;
	sd_bus *bus;
	GPollFD poll;
	gboolean polled; /* @poll is in the context */
	guint64 until;   /* UINT64_MAX: never */
	int error;       /* of a getter, for dispatch */
	BusSourceClosed closed;
	void *userdata;
} BusSource;

static void follow_descriptor(BusSource *source, int fd)
{
	if (source->polled && source->poll.fd == fd)
		return;
	if (source->polled)
		g_source_remove_poll(&source->base, &source->poll);
	source->poll.fd = fd;
	source->poll.revents = 0;
	g_source_add_poll(&source->base, &source->poll);
	source->polled = TRUE;
}

static gboolean source_prepare(GSource *base, gint *timeout)
{
	BusSource *source = (BusSource *)base;
	int fd = sd_bus_get_fd(source->bus), events = sd_bus_get_events(source->bus), r;
	guint64 now;

	r = sd_bus_get_timeout(source->bus, &source->until);
	source->error = fd < 0 ? fd : events < 0 ? events : r < 0 ? r : 0;
	if (source->error < 0)
		return TRUE;

	follow_descriptor(source, fd);
	source->poll.events = (gushort)events; /* POLLIN and G_IO_IN are the same bits */
	*timeout = -1;
	if (source->until == UINT64_MAX)
		return FALSE;
	now = (guint64)g_get_monotonic_time();
	if (source->until <= now)
		return TRUE;
	*timeout = (gint)MIN((source->until - now + 999) / 1000, G_MAXINT);
	return FALSE;
}

static gboolean source_check(GSource *base)
{
	BusSource *source = (BusSource *)base;

	return source->error < 0 || source->poll.revents != 0 ||
	       (source->until != UINT64_MAX && source->until <= (guint64)g_get_monotonic_time());
}

static gboolean source_dispatch(GSource *base, GSourceFunc callback, gpointer userdata)
{
	BusSource *source = (BusSource *)base;
	gint64 end = g_get_monotonic_time() + BUS_SOURCE_BUDGET_USEC;
	int r = source->error;

	for (guint n = 0; r == 0 && n < BUS_SOURCE_BUDGET && !g_source_is_destroyed(base); n++) {
		r = sd_bus_process(source->bus, NULL);
		if (r == 0 || g_get_monotonic_time() >= end)
			break;
		r = MIN(r, 0);
	}
	if (r >= 0)
		return G_SOURCE_CONTINUE;
	source->closed(source->userdata, r);
	return G_SOURCE_REMOVE;
}

static void source_finalize(GSource *base)
{
	BusSource *source = (BusSource *)base;

	sd_bus_unref(source->bus);
}

static GSourceFuncs source_functions = {
	.prepare = source_prepare,
	.check = source_check,
	.dispatch = source_dispatch,
	.finalize = source_finalize,
};

GSource *bus_source_new(sd_bus *bus, BusSourceClosed closed, void *userdata)
{
	GSource *base = g_source_new(&source_functions, sizeof(BusSource));
	BusSource *source = (BusSource *)base;

	g_source_set_name(base, "sd-bus");
	source->bus = sd_bus_ref(bus);
	source->closed = closed;
	source->userdata = userdata;
	return base;
}
