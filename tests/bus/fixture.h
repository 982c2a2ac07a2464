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
	guint silent_after;   /* so many questions; 0: never */
	GPtrArray *questions; /* "action sender-flags details" */
	GPtrArray *unanswered;
	guint cancelled;

	ModelDone failover_done; /* of the last call of the operation failover */
	void *failover_userdata;
	guint64 failover_hold_usec;
	guint failovers;
	guint reloads;
	gboolean reload_check_only;

	/* Of the other operations: what was asked, as "update lan 4 Priority=120 Enabled=yes", and
	 * what comes of it: a MODEL_ERROR, or success below 0. */
	GPtrArray *asked;
	int refusal;
	guint64 token; /* that update hands out */
	ModelHoldDone hold_done;
	void *hold_userdata;
} Fixture;

#define FIXTURE_LAN    BUS_PATH_INSTANCE "/lan"
#define FIXTURE_SECRET "hunter2!" /* the key of every instance; must never be seen on the bus */

Fixture *fixture_new(void);
/* The same, with the name on the bus. */
Fixture *fixture_new_with_name(void);
void fixture_free(Fixture *fixture);

void fixture_start_bus_daemon(Fixture *fixture);
void fixture_kill_bus_daemon(Fixture *fixture);
/* A client, or a polkit, on the bus that runs now. */
void fixture_connect_client(Fixture *fixture);
void fixture_start_polkit(Fixture *fixture);
void fixture_stop_polkit(Fixture *fixture);
/* Answers, with the verdict of now, what VERDICT_SILENCE left unanswered. */
void fixture_answer(Fixture *fixture);

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

/* Returns the reply as text, or "ERROR name"; then fixture_error() is its text. The caller frees
 * it. */
char *fixture_call(Fixture *fixture, const char *path, const char *interface, const char *method,
		   GVariant *arguments);
/* The same without waiting: *@ret_text is set when the reply comes. */
void fixture_call_async(GDBusConnection *client, const char *path, const char *interface,
			const char *method, GVariant *arguments, GDBusCallFlags flags,
			char **ret_text);
/* What came with the last error. */
const char *fixture_error(void);
/* Waits for the name on a bus that was started again. */
void fixture_wait_for_name(Fixture *fixture);
const char *fixture_signal_at(Fixture *fixture, int i);
void fixture_assert_contains(const char *text, const char *part);
void fixture_assert_lacks(const char *text, const char *part);
/* What was asked of the model, the last one; NULL: nothing. */
const char *fixture_asked(Fixture *fixture);
/* The first signal from @from on that begins with @prefix; its index, or -1. */
int fixture_find_signal(Fixture *fixture, guint from, const char *prefix);

/* An instance in the model and on the bus. */
ModelInstance *fixture_add_instance(Fixture *fixture, const char *name, guint8 vrid);
void fixture_remove_instance(Fixture *fixture, ModelInstance *instance);
/* A transition as the daemon reports one. */
void fixture_transition(Fixture *fixture, ModelInstance *instance, VrrpState state,
			VrrpReason reason);
