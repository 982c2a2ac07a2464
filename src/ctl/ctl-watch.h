/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the verbs that stay have in common: they watch the bus, and go on when the daemon or the bus
 * ends and comes again.
 */

#include <poll.h>

#include "ctl-bus.h"

typedef enum CtlWatchGone {
	CTL_WATCH_DAEMON_ENDED,
	CTL_WATCH_DAEMON_ABSENT, /* it was not there when it was asked */
	CTL_WATCH_BUS_ENDED,
} CtlWatchGone;

typedef struct CtlWatchMatch {
	const char *rule;
	sd_bus_message_handler_t handler; /* gets CtlWatch.userdata */
} CtlWatchMatch;

typedef struct CtlWatch {
	Ctl *ctl;
	const char *doing; /* behind "Failed to" */
	const CtlWatchMatch *matches;
	guint matches_count;
	guint64 deadline_usec; /* CLOCK_MONOTONIC; 0: none */
	/* Reads what the signals change: at first, and whenever the daemon comes back. Returns 0,
	 * or negative errno and @error, which may be unset where it said why. */
	int (*refresh)(gpointer userdata, sd_bus_error *error);
	/* The daemon or the bus went. Not called again before a refresh. */
	void (*gone)(gpointer userdata, CtlWatchGone what);
	/* Further descriptors to wait for, and what to do after the wait. Both may be NULL. */
	void (*prepare)(gpointer userdata, GArray *descriptors);
	void (*dispatch)(gpointer userdata);
	gboolean until_unread; /* end when nobody reads stdout any more */
	gpointer userdata;

	gboolean finished;
	CtlExit exit_code; /* where it is finished */
	gboolean stale;    /* refresh() is to be called */
	gboolean absent;   /* gone() was called */
} CtlWatch;

/* Returns when ctl_watch_finish() was called, the deadline came (CTL_TIMED_OUT), nobody reads any
 * more (CTL_OK), or it cannot go on (CTL_FAILED, and it was said why). */
CtlExit ctl_watch_run(CtlWatch *watch);
/* For the functions above and the handlers. */
void ctl_watch_finish(CtlWatch *watch, CtlExit exit_code);
