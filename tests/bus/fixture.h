/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A bus of the test's own, with the daemon's side of it, a client that listens to everything, and a
 * polkit that says what the test wants. All of it runs in the default main context, one step after
 * the other.
 */

#include <gio/gio.h>

#include "bus/bus-names.h"
#include "bus/bus.h"

/* What the polkit here answers. */
typedef enum Verdict {
	VERDICT_NO,
	VERDICT_YES,
	VERDICT_CHALLENGE,
	VERDICT_DISMISSED,
	VERDICT_SILENCE,
} Verdict;

typedef struct Fixture {
	char *directory;
	char *socket_path;
	GPid daemon; /* dbus-daemon */
	Model model;
	Bus *bus;
	GDBusConnection *client;
	GPtrArray *signals; /* "Member interface path arguments" as they came */

	GDBusConnection *polkit;
	Verdict verdict;
	GPtrArray *questions; /* "action sender-flags details" */
	GPtrArray *unanswered;
	guint cancelled;

	ModelDone failover_done; /* of the last call of the operation failover */
	void *failover_userdata;
	guint64 failover_hold_usec;
	guint failovers;
	guint reloads;
	gboolean reload_check_only;
} Fixture;

Fixture *fixture_new(void);
void fixture_free(Fixture *fixture);

void fixture_start_bus_daemon(Fixture *fixture);
void fixture_kill_bus_daemon(Fixture *fixture);
/* A client, or a polkit, on the bus that runs now. */
void fixture_connect_client(Fixture *fixture);
void fixture_start_polkit(Fixture *fixture);
void fixture_stop_polkit(Fixture *fixture);

/* Runs the main loop until @condition is true; fails the test after 60 s. */
#define fixture_wait(condition)                                                                    \
	G_STMT_START                                                                               \
	{                                                                                          \
		gint64 fixture_end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;                 \
		while (!(condition)) {                                                             \
			if (g_get_monotonic_time() > fixture_end)                                  \
				g_error("%s:%d: not in 60 s: %s", __FILE__, __LINE__, #condition); \
			fixture_iterate();                                                         \
		}                                                                                  \
	}                                                                                          \
	G_STMT_END
/* One turn of the main loop, at most 5 ms long. */
void fixture_iterate(void);
/* Until everything that was sent to the client before this has arrived. */
void fixture_settle(Fixture *fixture);

/* Returns the reply as text, or "ERROR name". The caller frees it. */
char *fixture_call(Fixture *fixture, const char *path, const char *interface, const char *method,
		   GVariant *arguments);
/* The same without waiting: *@ret_text is set when the reply comes. */
void fixture_call_async(GDBusConnection *client, const char *path, const char *interface,
			const char *method, GVariant *arguments, GDBusCallFlags flags,
			char **ret_text);
/* The first signal from @from on that begins with @prefix; its index, or -1. */
int fixture_find_signal(Fixture *fixture, guint from, const char *prefix);

/* An instance in the model and on the bus. */
ModelInstance *fixture_add_instance(Fixture *fixture, const char *name, guint8 vrid);
void fixture_remove_instance(Fixture *fixture, ModelInstance *instance);
/* A transition as the daemon reports one. */
void fixture_transition(Fixture *fixture, ModelInstance *instance, VrrpState state,
			VrrpReason reason);
