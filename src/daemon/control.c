/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The control thread: the model, the bus, and the ends of the rings that talk to the engine. It
 * allocates and frees all that the other threads use, reads and writes files, and may take its
 * time: whatever happens here delays no packet. It starts the other threads and is the last to end.
 */

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <glib-unix.h>
#include <systemd/sd-daemon.h>

#include "control-log.h"
#include "control.h"
#include "log.h"

#define LATENESS_PERIOD_SEC    1
#define BACKLOG_PERIOD_MSEC    10
#define STATUS_TEXT_DELAY_MSEC 100
#define BUS_FLUSH_USEC         G_USEC_PER_SEC

static ModelReloadResult *operation_reload(Model *model, gboolean check_only)
{
	return control_reload(model->daemon, check_only);
}

static guint64 operation_reject_count(const Model *model, VrrpReject reject)
{
	const Control *control = model->daemon;

	return engine_reject_count(control->engine, reject);
}

static const ModelOperations operations = {
	.add = control_add,
	.update = control_update,
	.confirm = control_confirm,
	.remove = control_remove,
	.set_priority = control_set_priority,
	.announce = control_announce,
	.reset_statistics = control_reset_statistics,
	.hold = control_hold,
	.failover = control_failover,
	.reload = operation_reload,
	.reject_count = operation_reject_count,
	.log = &log_control,
};

/* --- Commands -------------------------------------------------------------------------------- */

static gboolean on_backlog(gpointer userdata)
{
	Control *control = userdata;

	while (!g_queue_is_empty(control->backlog)) {
		if (ring_push(&control->exchange.commands, g_queue_peek_head(control->backlog)) < 0)
			return G_SOURCE_CONTINUE;
		g_free(g_queue_pop_head(control->backlog));
	}
	control->sources[2] = 0;
	return G_SOURCE_REMOVE;
}

void control_push(Control *control, const Command *command)
{
	if (g_queue_is_empty(control->backlog) &&
	    ring_push(&control->exchange.commands, command) == 0)
		return;
	g_queue_push_tail(control->backlog, g_memdup2(command, sizeof *command));
	if (control->sources[2] == 0)
		control->sources[2] = g_timeout_add(BACKLOG_PERIOD_MSEC, on_backlog, control);
}

/* --- Service manager ------------------------------------------------------------------------- */

static gboolean on_status_text(gpointer userdata)
{
	Control *control = userdata;
	guint master = 0, backup = 0, total = g_hash_table_size(control->model.instances);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, control->model.instances);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const ModelInstance *model = value;

		master += model->status.state == VRRP_STATE_MASTER;
		backup += model->status.state == VRRP_STATE_BACKUP;
	}
	sd_notifyf(0, "STATUS=%u instance%s: %u master, %u backup, %u initialize", total,
		   total == 1 ? "" : "s", master, backup, total - master - backup);
	control->sources[5] = 0;
	return G_SOURCE_REMOVE;
}

/* A thousand transitions at once are one line. */
void control_update_status_text(Control *control)
{
	if (control->sources[5] == 0)
		control->sources[5] =
			g_timeout_add(STATUS_TEXT_DELAY_MSEC, on_status_text, control);
}

static gboolean on_second(gpointer userdata)
{
	Control *control = userdata;

	control->model.max_lateness_usec =
		engine_max_lateness_nsec(control->engine) / VRRP_NSEC_PER_USEC;
	return G_SOURCE_CONTINUE;
}

static gboolean on_signal(gint fd, GIOCondition condition, gpointer userdata)
{
	Control *control = userdata;
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof info) != sizeof info)
		return G_SOURCE_CONTINUE;
	if (info.ssi_signo == SIGHUP) {
		model_reload_result_free(control_reload(control, FALSE));
	} else {
		control_stop(control);
	}
	return G_SOURCE_CONTINUE;
}

static int signals_attach(Control *control)
{
	sigset_t signals;
	int fd;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0)
		return -errno;
	control->signal_fd = fd;
	control->sources[3] = g_unix_fd_add(fd, G_IO_IN, on_signal, control);
	return 0;
}

/* --- Life ------------------------------------------------------------------------------------ */

static gboolean start_threads(Control *control)
{
	int r;

	r = exchange_init(&control->exchange);
	if (r >= 0)
		r = netlink_new(&control->exchange, &(NetlinkOptions){ .real_time = true },
				&control->netlink);
	if (r >= 0)
		r = engine_new(&control->exchange, &(EngineOptions){ .real_time = true },
			       &control->engine);
	if (r < 0) {
		control_log_start_failed("Failed to open the network sockets", r,
					 "The daemon needs CAP_NET_ADMIN and CAP_NET_RAW.");
		return FALSE;
	}
	r = netlink_start(control->netlink);
	if (r >= 0) {
		r = engine_start(control->engine);
		/* The engine would have ended the other thread. */
		if (r < 0)
			(void)ring_push(&control->exchange.jobs,
					&(NetlinkJob){ .type = NETLINK_JOB_STOP });
	}
	if (r < 0) {
		control_log_start_failed("Failed to start a thread", r, "");
		return FALSE;
	}
	return TRUE;
}

Control *control_new(const ControlOptions *options)
{
	Control *control = g_new0(Control, 1);
	int r;

	control->options = *options;
	control->signal_fd = -1;
	control->loop = g_main_loop_new(NULL, FALSE);
	control->backlog = g_queue_new();
	control->by_id = g_hash_table_new(g_int64_hash, g_int64_equal);
	control->answers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	control->model.instances =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL,
				      (GDestroyNotify)control_model_instance_free);
	control->model.errors = g_ptr_array_new();
	control->model.operations = &operations;
	control->model.daemon = control;

	r = signals_attach(control);
	if (r < 0) {
		control_log_start_failed("Failed to listen for signals", r, "");
		return control_free(control);
	}
	if (!start_threads(control))
		return control_free(control);
	control_events_attach(control);
	control->sources[4] = g_timeout_add_seconds(LATENESS_PERIOD_SEC, on_second, control);
	control->bus = bus_new(&control->model);
	model_reload_result_free(control_reload(control, FALSE));
	return control;
}

int control_run(Control *control)
{
	g_main_loop_run(control->loop);
	if (control->exit_status == 0)
		control_log_stopped();
	return control->exit_status;
}

void control_stop(Control *control)
{
	if (!control->stopping)
		control_log_stopping();
	control->stopping = TRUE;
	sd_notify(0, "STOPPING=1");
	/* Sent again by a second signal: then nobody waits for a successor. */
	control_push(control, &(Command){ .type = COMMAND_STOP });
}

Control *control_free(Control *control)
{
	control_events_detach(control);
	for (guint i = 2; i < G_N_ELEMENTS(control->sources); i++)
		g_clear_handle_id(&control->sources[i], g_source_remove);
	/* The bus first: it still reads the model, and what it has queued should leave. */
	control->bus = bus_free(control->bus, BUS_FLUSH_USEC);
	control_answer_all(control, -ECANCELED);
	control->engine = engine_free(control->engine);
	control->netlink = netlink_free(control->netlink);
	exchange_deinit(&control->exchange);
	g_hash_table_unref(control->model.instances);
	g_ptr_array_unref(control->model.errors);
	g_hash_table_unref(control->by_id);
	g_hash_table_unref(control->answers);
	g_queue_free_full(control->backlog, g_free);
	g_main_loop_unref(control->loop);
	if (control->signal_fd >= 0)
		close(control->signal_fd);
	g_free(control);
	return NULL;
}
