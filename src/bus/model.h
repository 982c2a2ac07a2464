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
#include "config/schema.h"
#include "exchange/instance-status.h"

/* Who keeps an instance out of mastership. */
typedef struct ModelHolder {
	char *reason; /* as the holder gave it */
	char *sender; /* its unique name on the bus when it asked */
	guint64 since_realtime_usec;
} ModelHolder;

typedef struct ModelInstance {
	char *name;
	char *fragment_path;   /* "" where there is no file */
	Settings *settings;    /* as running */
	Settings *next;        /* as it will be once it has left its former self; usually NULL */
	gboolean unsaved;      /* the files say something else, or nothing */
	guint64 confirm_token; /* a change is undone unless it is confirmed by this; 0: none */
	GPtrArray *holders;    /* ModelHolder *, in the order of their coming; never NULL */
	gboolean running;      /* FALSE where disabled: then @status is zero and @shared NULL */
	InstanceStatus status; /* the last that the engine reported */
	guint64 state_since_realtime_usec;
	guint64 state_since_monotonic_usec;
	InstanceShared
		*shared; /* counters and times of peers, read relaxed; NULL where not running */
	/* What the counters were at the last reset; zero where there was none. */
	guint64 counter_baseline[_INSTANCE_COUNTER_MAX];
	guint64 reject_baseline[_VRRP_REJECT_MAX];
	void *daemon; /* the daemon's own */
} ModelInstance;

typedef struct ModelReloadResult {
	GStrv added, changed, removed; /* names */
	GPtrArray *errors;             /* ConfigError * */
} ModelReloadResult;

/* Called once, with 0 or negative errno (-ENOENT no peer, -ENOTCONN not master, -EBUSY, -ETIMEDOUT,
 * -ECANCELED). */
typedef void (*ModelDone)(void *userdata, int error);

/* Called once. @fd is what the holder gets, or -1 with a negative errno as for ModelDone; it is
 * closed after the call, so whoever hands it on duplicates it. */
typedef void (*ModelHoldDone)(void *userdata, int error, int fd);

/* One key of a change. */
typedef struct ModelValue {
	const SchemaKey *key; /* a supported one */
	char *text; /* in file syntax; "" brings the default back; may be the secret key */
} ModelValue;

ModelValue *model_value_new(const SchemaKey *key, const char *text);
void model_value_free(ModelValue *value); /* wipes the text */

/* Why a change is refused. The text is for the caller, names the key and the value, and never holds
 * a secret. */
#define MODEL_ERROR (model_error_quark())
GQuark model_error_quark(void);

typedef enum ModelError {
	MODEL_ERROR_INSTANCE_EXISTS,
	MODEL_ERROR_INVALID_SETTING, /* a value, or all of them together */
	MODEL_ERROR_CONFLICT,        /* with another instance, or with a file that would win */
	MODEL_ERROR_NOT_MASTER,
	MODEL_ERROR_BUSY,         /* an unconfirmed change, a stop, too many instances or holders */
	MODEL_ERROR_WRITE_FAILED, /* then nothing has changed */
	MODEL_ERROR_UNKNOWN_TOKEN,
} ModelError;

/* The flags of the mutating methods, as on the bus. */
typedef enum ModelFlags {
	MODEL_FLAG_RUNTIME = 1 << 0, /* not written to a file */
	MODEL_FLAG_REPLACE = 1 << 1, /* what is not given gets its default */
	MODEL_FLAG_CONFIRM = 1 << 2, /* undone unless confirmed; the file is written then */
} ModelFlags;

#define MODEL_CONFIRM_SEC 30

typedef struct Model Model;

/* The log, as org.freedesktop.LogControl1 shows it. */
typedef struct ModelLog {
	const char *const *levels;  /* the words that may be set; NULL at the end */
	const char *const *targets; /* the same */
	const char *(*level)(void); /* one of @levels */
	const char *(*target)(void);
	void (*set_level)(const char *level);
	void (*set_target)(const char *target);
} ModelLog;

typedef struct ModelOperations {
	/* All of these carry a change out, or change nothing and say why (MODEL_ERROR). Files are
	 * on the disk when they return. @values: ModelValue *, each valid by itself. */
	gboolean (*add)(Model *model, const char *name, const GPtrArray *values, guint flags,
			GError **error);
	/* *@ret_token is 0, or with MODEL_FLAG_CONFIRM the number for @confirm. */
	gboolean (*update)(Model *model, ModelInstance *instance, const GPtrArray *values,
			   guint flags, guint64 *ret_token, GError **error);
	gboolean (*confirm)(Model *model, guint64 token, GError **error);
	/* The instance may still be there for a while: it hands over first. */
	gboolean (*remove)(Model *model, ModelInstance *instance, guint flags, GError **error);
	/* @priority 0 ends the override. */
	gboolean (*set_priority)(Model *model, ModelInstance *instance, guint8 priority,
				 GError **error);
	gboolean (*announce)(Model *model, ModelInstance *instance, GError **error);
	void (*reset_statistics)(Model *model, ModelInstance *instance);
	/* As failover, without a limit in time: the hold ends when the last copy of the descriptor
	 * is closed. @done comes at once where the instance is not master. */
	void (*hold)(Model *model, ModelInstance *instance, const char *reason, const char *sender,
		     ModelHoldDone done, void *userdata);
	/* Asks the engine; @done comes later, also when the instance goes meanwhile. */
	void (*failover)(Model *model, ModelInstance *instance, guint64 hold_usec, ModelDone done,
			 void *userdata);
	/* Reads the files and applies the difference, or only compares where @check_only. The
	 * caller frees the result. */
	ModelReloadResult *(*reload)(Model *model, gboolean check_only);
	/* How many packets that belong to no instance were dropped because of @reject. */
	guint64 (*reject_count)(const Model *model, VrrpReject reject);
	const ModelLog *log; /* NULL: cannot be controlled */
} ModelOperations;

struct Model {
	GHashTable *instances; /* name -> ModelInstance * */
	GPtrArray *errors;     /* ConfigError * of the last load: the property ConfigErrors */
	gboolean real_time;
	guint64 max_lateness_usec; /* updated by the daemon about once a second */
	const ModelOperations *operations;
	void *daemon;
};

/* What the instance has, or is about to have: what Update starts from. */
const Settings *model_instance_settings(const ModelInstance *instance);
ModelHolder *model_holder_new(const char *reason, const char *sender);
void model_holder_free(ModelHolder *holder);

void model_reload_result_free(ModelReloadResult *result); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ModelReloadResult, model_reload_result_free)
