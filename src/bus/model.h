/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Control's own picture of the daemon, from which every read on the bus is answered, and the few
 * things that the bus may ask for. The daemon (src/daemon) fills and changes it and tells the bus
 * with bus_*; the bus only reads it and calls the operations. Everything here belongs to the
 * control thread.
 */

#include <glib.h>

#include "config/config-load.h"
#include "exchange/instance-status.h"

typedef struct ModelInstance {
	char *name;
	char *fragment_path;
	Settings *settings;    /* as running */
	gboolean running;      /* FALSE where disabled: then @status is zero and @shared NULL */
	InstanceStatus status; /* the last that the engine reported */
	guint64 state_since_realtime_usec;
	guint64 state_since_monotonic_usec;
	InstanceShared
		*shared; /* counters and times of peers, read relaxed; NULL where not running */
	void *daemon;    /* the daemon's own */
} ModelInstance;

typedef struct ModelReloadResult {
	GStrv added, changed, removed; /* names */
	GPtrArray *errors;             /* ConfigError * */
} ModelReloadResult;

/* Called once, with 0 or negative errno (-ENOENT no peer, -ENOTCONN not master, -EBUSY, -ETIMEDOUT,
 * -ECANCELED). */
typedef void (*ModelDone)(void *userdata, int error);

typedef struct Model Model;

typedef struct ModelOperations {
	/* Asks the engine; @done comes later, also when the instance goes meanwhile. */
	void (*failover)(Model *model, ModelInstance *instance, guint64 hold_usec, ModelDone done,
			 void *userdata);
	/* Reads the files and applies the difference, or only compares where @check_only. The
	 * caller frees the result. */
	ModelReloadResult *(*reload)(Model *model, gboolean check_only);
	/* How many packets that belong to no instance were dropped because of @reject. */
	guint64 (*reject_count)(const Model *model, VrrpReject reject);
} ModelOperations;

struct Model {
	GHashTable *instances; /* name -> ModelInstance * */
	GPtrArray *errors;     /* ConfigError * of the last load: the property ConfigErrors */
	gboolean real_time;
	guint64 max_lateness_usec; /* updated by the daemon about once a second */
	const ModelOperations *operations;
	void *daemon;
};

void model_reload_result_free(ModelReloadResult *result); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelReloadResult, model_reload_result_free)
