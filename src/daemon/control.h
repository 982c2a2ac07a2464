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

typedef struct Control Control;

struct Control {
	Model model; /* model.daemon is the Control */
	ControlOptions options;
	GMainLoop *loop;
	Bus *bus;
	Exchange exchange;
	Engine *engine;
	Netlink *netlink;
	GHashTable *by_id;   /* guint64 * -> ControlInstance * */
	GHashTable *answers; /* guint64 * (cookie) -> who waits for the engine's answer */
	GQueue *backlog;     /* Command *: what did not fit into the ring */
	guint hold_count;    /* of all instances */
	guint leaving;       /* instances that are on their way out */
	guint64 last_id;
	guint64 last_cookie;
	guint sources[6]; /* events, notes, backlog, signals, lateness, status text */
	gboolean started; /* the engine runs, the first load is behind us */
	gboolean stopping;
	int signal_fd;
	int exit_status;
};

/* A change that is undone unless it is confirmed. */
typedef struct ControlPending {
	guint limit; /* source */
	Settings *before;
	GPtrArray *values; /* ModelValue * */
	guint flags;
} ControlPending;

/* The daemon's part of a ModelInstance (ModelInstance.daemon). */
typedef struct ControlInstance {
	guint64 id;
	Control *control;
	ModelInstance *model;
	EngineInstance *engine;  /* NULL where not running */
	gboolean leaving;        /* COMMAND_REMOVE was sent, GONE has not come */
	gboolean waiting;        /* another instance, the same router, has to leave first */
	gboolean forget;         /* ... and then it leaves the model */
	gboolean save_failed;    /* said so in the log */
	gboolean master_told;    /* who is master was said since the last transition */
	Settings *saved;         /* as the files were when they were last applied; NULL: none */
	guint8 priority;         /* instead of the setting; 0: none */
	ControlPending *pending; /* with ModelInstance.confirm_token */
	GPtrArray *holds;        /* Hold *, beside ModelInstance.holders */
	GQueue hold_calls;       /* HoldCall *: the first one is with the engine */
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
/* @settings is referenced; @saved: it is what the file says. Returns the new instance, which runs
 * if it is enabled. */
ModelInstance *control_add_instance(Control *control, const char *name, const char *fragment_path,
				    Settings *settings, gboolean saved);
/* In place where that can be; else it leaves, and comes back with them. */
void control_change_instance(Control *control, ModelInstance *model, Settings *settings);
/* It leaves, and then the model. */
void control_remove_instance(Control *control, ModelInstance *model);
/* The settings that the instance has or is about to have; NULL where it is about to go. */
const Settings *control_upcoming_settings(const ModelInstance *model);
/* What the files say is now @settings, which is referenced; may be NULL. */
void control_set_saved(ModelInstance *model, Settings *settings);
/* Tells the engine of what is not in the settings. */
void control_refresh_config(Control *control, ControlInstance *instance);
/* The engine gave @instance back. */
void control_instance_gone(Control *control, ControlInstance *instance);
void control_model_instance_free(ModelInstance *instance);

/* control-reload.c: the files */
/* NULL-terminated, lowest precedence first; the caller frees the array only. */
const char **control_directories(const Control *control);
/* Loads the files and applies the difference, or only compares. */
ModelReloadResult *control_reload(Control *control, gboolean check_only);

/* control-settings.c: changes that come over the bus; see ModelOperations */
gboolean control_add(Model *model, const char *name, const GPtrArray *values, guint flags,
		     GError **error);
gboolean control_update(Model *model, ModelInstance *instance, const GPtrArray *values, guint flags,
			guint64 *ret_token, GError **error);
gboolean control_confirm(Model *model, guint64 token, GError **error);
gboolean control_remove(Model *model, ModelInstance *instance, guint flags, GError **error);
/* Nobody can confirm any more. */
void control_pending_drop(ControlInstance *instance);

/* control-operate.c: what needs no settings; see ModelOperations */
void control_failover(Model *model, ModelInstance *instance, guint64 hold_usec, ModelDone done,
		      void *userdata);
gboolean control_set_priority(Model *model, ModelInstance *instance, guint8 priority,
			      GError **error);
gboolean control_announce(Model *model, ModelInstance *instance, GError **error);
void control_reset_statistics(Model *model, ModelInstance *instance);
/* The engine is to answer a command: returns its cookie. @done is called once. */
guint64 control_await(Control *control, ModelDone done, void *userdata);
void control_answered(Control *control, guint64 cookie, int error);
void control_answer_all(Control *control, int error);

/* control-holds.c: who keeps an instance out of mastership */
void control_hold(Model *model, ModelInstance *instance, const char *reason, const char *sender,
		  ModelHoldDone done, void *userdata);
/* The instance is about to be freed: its holds end, and whoever waits gets -ECANCELED. */
void control_holds_drop(ControlInstance *instance);
