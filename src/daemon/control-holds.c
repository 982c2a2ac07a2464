/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who keeps an instance out of mastership, and for how long: as long as somebody has the write end
 * of a pipe open. So a holder that dies, however it dies, holds nothing. The instance is handed
 * over for the first holder; while the engine is at that, the others wait in a queue. The holds
 * outlive a restart of the instance inside the daemon, but not the daemon.
 */

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <glib-unix.h>

#include "control-log.h"
#include "control.h"

/* So that holders cannot use up the descriptors. */
#define HOLDS_PER_INSTANCE_MAX 64
#define HOLDS_MAX              256

typedef struct Hold {
	ControlInstance *instance;
	ModelHolder *holder; /* in ModelInstance.holders, which owns it */
	int fd;              /* our end */
	guint source;
} Hold;

typedef struct HoldCall {
	ControlInstance *instance;
	ModelHolder *holder;
	ModelHoldDone done;
	void *userdata;
} HoldCall;

static void tell_engine(ControlInstance *instance, gboolean hold, guint64 cookie)
{
	control_push(instance->control, &(Command){ .type = COMMAND_HOLD,
						    .instance = instance->engine,
						    .hold = hold,
						    .cookie = cookie });
}

static void let_go(ControlInstance *instance)
{
	if (instance->model->holders->len == 0 && instance->engine && !instance->leaving)
		tell_engine(instance, FALSE, 0);
}

static void hold_free(Hold *hold)
{
	hold->instance->control->hold_count--;
	g_clear_handle_id(&hold->source, g_source_remove);
	close(hold->fd);
	g_free(hold);
}

static gboolean on_closed(gint fd, GIOCondition condition, gpointer userdata)
{
	Hold *hold = userdata;
	ControlInstance *instance = hold->instance;
	ModelInstance *model = instance->model;
	ModelHolder *holder = hold->holder;
	guint index;

	hold->source = 0;
	g_ptr_array_remove(instance->holds, hold);
	hold_free(hold);
	if (g_ptr_array_find(model->holders, holder, &index))
		(void)g_ptr_array_steal_index(model->holders, index);
	control_log_hold_ended(model, holder);
	model_holder_free(holder);
	let_go(instance);
	bus_instance_changed(instance->control->bus, model);
	return G_SOURCE_REMOVE;
}

/* Returns the holder's end, or negative errno. Takes @holder. */
static int begin_hold(ControlInstance *instance, ModelHolder *holder)
{
	Hold *hold;
	int fds[2];

	if (pipe2(fds, O_CLOEXEC | O_NONBLOCK) < 0) {
		int r = -errno;

		model_holder_free(holder);
		return r;
	}
	hold = g_new0(Hold, 1);
	hold->instance = instance;
	hold->holder = holder;
	hold->fd = fds[0];
	/* Not for reading: what a holder writes is nobody's, and must not wake us. */
	hold->source = g_unix_fd_add(fds[0], G_IO_HUP | G_IO_ERR, on_closed, hold);
	g_ptr_array_add(instance->holds, hold);
	g_ptr_array_add(instance->model->holders, holder);
	instance->control->hold_count++;
	control_log_hold_begun(instance->model, holder);
	bus_instance_changed(instance->control->bus, instance->model);
	return fds[1];
}

static void finish_call(HoldCall *call, int error)
{
	int fd = -1;

	if (error == 0) {
		fd = begin_hold(call->instance, call->holder);
		error = fd < 0 ? fd : 0;
	} else {
		model_holder_free(call->holder);
	}
	call->done(call->userdata, error, error == 0 ? fd : -1);
	if (fd >= 0)
		close(fd);
	g_free(call);
}

static void on_answer(void *userdata, int error);

static void run_calls(ControlInstance *instance)
{
	while (!g_queue_is_empty(&instance->hold_calls)) {
		if (instance->engine && !instance->leaving) {
			tell_engine(instance, TRUE,
				    control_await(instance->control, on_answer, instance));
			return;
		}
		/* It is out of mastership, and starts that way. */
		finish_call(g_queue_pop_head(&instance->hold_calls), 0);
	}
}

/* Answers come before the engine gives the instance back. */
static void on_answer(void *userdata, int error)
{
	ControlInstance *instance = userdata;

	finish_call(g_queue_pop_head(&instance->hold_calls), error);
	if (error < 0)
		let_go(instance);
	run_calls(instance);
}

void control_hold(Model *model, ModelInstance *instance, const char *reason, const char *sender,
		  ModelHoldDone done, void *userdata)
{
	Control *control = model->daemon;
	ControlInstance *own = instance->daemon;
	gboolean idle = g_queue_is_empty(&own->hold_calls);
	HoldCall *call;

	if (control->stopping || own->forget) {
		done(userdata, -ECANCELED, -1);
		return;
	}
	if (control->hold_count >= HOLDS_MAX ||
	    own->holds->len + own->hold_calls.length >= HOLDS_PER_INSTANCE_MAX) {
		done(userdata, -EUSERS, -1);
		return;
	}
	call = g_new0(HoldCall, 1);
	call->instance = own;
	call->holder = model_holder_new(reason, sender);
	call->done = done;
	call->userdata = userdata;
	g_queue_push_tail(&own->hold_calls, call);
	if (idle)
		run_calls(own);
}

void control_holds_drop(ControlInstance *instance)
{
	while (!g_queue_is_empty(&instance->hold_calls))
		finish_call(g_queue_pop_head(&instance->hold_calls), -ECANCELED);
	for (guint i = 0; i < instance->holds->len; i++)
		hold_free(instance->holds->pdata[i]);
	g_ptr_array_set_size(instance->holds, 0);
}
