/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What operators ask of a running instance: failover, another priority for a while, announcements,
 * counters that start anew. Nothing here is written to a file. What leaves belongs to the engine
 * alone: no command may be on its way to an instance that the engine gives back.
 */

#include "control-log.h"
#include "control.h"

/* --- Answers of the engine ------------------------------------------------------------------- */

typedef struct Answer {
	ModelDone done;
	void *userdata;
} Answer;

guint64 control_await(Control *control, ModelDone done, void *userdata)
{
	Answer *answer = g_new0(Answer, 1);
	guint64 *cookie = g_memdup2(&(guint64){ ++control->last_cookie }, sizeof *cookie);

	answer->done = done;
	answer->userdata = userdata;
	g_hash_table_insert(control->answers, cookie, answer);
	return *cookie;
}

void control_answered(Control *control, guint64 cookie, int error)
{
	Answer *answer = g_hash_table_lookup(control->answers, &cookie);
	ModelDone done;
	void *userdata;

	if (!answer)
		return; /* nobody waits for this one */
	done = answer->done;
	userdata = answer->userdata;
	g_hash_table_remove(control->answers, &cookie);
	done(userdata, error);
}

void control_answer_all(Control *control, int error)
{
	GHashTableIter iter;
	gpointer key;

	for (;;) {
		g_hash_table_iter_init(&iter, control->answers);
		if (!g_hash_table_iter_next(&iter, &key, NULL))
			return;
		control_answered(control, *(guint64 *)key, error);
	}
}

/* --- Operations ------------------------------------------------------------------------------ */

static gboolean is_running(const ControlInstance *instance)
{
	return instance->engine && !instance->leaving;
}

void control_failover(Model *model, ModelInstance *instance, guint64 hold_usec, ModelDone done,
		      void *userdata)
{
	Control *control = model->daemon;
	ControlInstance *own = instance->daemon;

	if (!is_running(own) || control->stopping) {
		done(userdata, control->stopping ? -ECANCELED : -ENOTCONN);
		return;
	}
	control_push(control, &(Command){ .type = COMMAND_FAILOVER,
					  .instance = own->engine,
					  .hold_nsec = hold_usec > G_MAXUINT64 / VRRP_NSEC_PER_USEC
							       ? 0
							       : hold_usec * VRRP_NSEC_PER_USEC,
					  .cookie = control_await(control, done, userdata) });
}

gboolean control_set_priority(Model *model, ModelInstance *instance, guint8 priority,
			      GError **error)
{
	ControlInstance *own = instance->daemon;

	if (priority != 0 && model_instance_settings(instance)->priority == 255) {
		g_set_error(
			error, MODEL_ERROR, MODEL_ERROR_CONFLICT,
			"priority=%u: '%s' is the owner of its addresses (Priority=255) and must "
			"stay that; change the setting Priority instead.",
			priority, instance->name);
		return FALSE;
	}
	if (own->priority == priority)
		return TRUE;
	own->priority = priority;
	control_log_priority_set(instance, priority);
	control_refresh_config(model->daemon, own);
	return TRUE;
}

gboolean control_announce(Model *model, ModelInstance *instance, GError **error)
{
	ControlInstance *own = instance->daemon;

	if (!is_running(own) || instance->status.state != VRRP_STATE_MASTER) {
		g_set_error(error, MODEL_ERROR, MODEL_ERROR_NOT_MASTER,
			    "'%s' is not master here: it has nothing to announce.", instance->name);
		return FALSE;
	}
	control_push(model->daemon,
		     &(Command){ .type = COMMAND_ANNOUNCE, .instance = own->engine });
	return TRUE;
}

void control_reset_statistics(Model *model, ModelInstance *instance)
{
	InstanceCounters *counters;

	if (!instance->shared)
		return;
	counters = &instance->shared->counters;
	for (guint i = 0; i < _INSTANCE_COUNTER_MAX; i++)
		instance->counter_baseline[i] =
			atomic_load_explicit(&counters->counters[i], memory_order_relaxed);
	for (guint i = 0; i < _VRRP_REJECT_MAX; i++)
		instance->reject_baseline[i] =
			atomic_load_explicit(&counters->rejects[i], memory_order_relaxed);
}
