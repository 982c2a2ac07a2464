/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The control thread's object: it owns the model, the bus, and its ends of the rings.
 */

#include "bus/bus.h"
#include "engine/engine.h"
#include "netlink/netlink.h"

typedef struct ControlOptions {
	const char *config_directory;  /* /etc/vrrpd */
	const char *runtime_directory; /* /run/vrrpd */
	const char *state_directory;   /* /var/lib/vrrpd */
} ControlOptions;

typedef struct Control {
	Model model; /* model.daemon is the Control */
	ControlOptions options;
	GMainLoop *loop;
	Bus *bus;
	Exchange exchange;
	Engine *engine;
	Netlink *netlink;
	GHashTable *by_id;     /* guint64 * -> ControlInstance * */
	GHashTable *failovers; /* guint64 * (cookie) -> waiting callers */
	GQueue *backlog;       /* Command *: what did not fit into the ring */
	guint leaving;         /* instances that are on their way out */
	guint64 last_id;
	guint64 last_cookie;
	guint sources[6]; /* events, notes, backlog, signals, lateness, status text */
	gboolean started; /* the engine runs, the first load is behind us */
	gboolean stopping;
	int signal_fd;
	int exit_status;
} Control;

/* The daemon's part of a ModelInstance (ModelInstance.daemon). */
typedef struct ControlInstance {
	guint64 id;
	ModelInstance *model;
	EngineInstance *engine; /* NULL where not running */
	gboolean leaving;       /* COMMAND_REMOVE was sent, GONE has not come */
	gboolean waiting;       /* another instance, the same router, has to leave first */
	gboolean forget;        /* ... and then it leaves the model */
	gboolean save_failed;   /* said so in the log */
} ControlInstance;

/* control.c: life of the daemon */
/* Opens everything and starts the threads. Returns NULL after logging why. */
Control *control_new(const ControlOptions *options);
/* Runs until the daemon has stopped; returns the exit status. */
int control_run(Control *control);
/* First call: hand over and stop. Second call: do not wait for a successor. */
void control_stop(Control *control);
Control *control_free(Control *control);
void control_push(Control *control, const Command *command);
/* STATUS= for the service manager, soon. */
void control_update_status_text(Control *control);

/* control-events.c: what the engine says */
void control_events_attach(Control *control);
void control_events_detach(Control *control);

/* control-instances.c: settings to running instances */
/* Loads the files and applies the difference, or only compares. */
ModelReloadResult *control_reload(Control *control, gboolean check_only);
/* The engine gave @instance back. */
void control_instance_gone(Control *control, ControlInstance *instance);
void control_failover(Model *model, ModelInstance *instance, guint64 hold_usec, ModelDone done,
		      void *userdata);
void control_failover_done(Control *control, guint64 cookie, int error);
void control_failover_cancel_all(Control *control);
void control_model_instance_free(ModelInstance *instance);
