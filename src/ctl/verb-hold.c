/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl hold: keeps an instance out of mastership while a command runs, as systemd-inhibit(1)
 * keeps a host awake. The hold is a descriptor: it ends with this process, whatever ends it, and so
 * it must never get into the command, whose children may live on. The command is ended with this
 * process too: it was not to run without the hold.
 */

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bus/bus-names.h"
#include "ctl-agent.h"
#include "ctl-watch.h"

/* As a shell says it. */
#define EXIT_NOT_EXECUTABLE 126
#define EXIT_NOT_FOUND      127
#define EXIT_SIGNAL         128

typedef struct Hold {
	CtlWatch watch;
	const char *name;
	char *doing;
	char *why;
	char **argv;
	int descriptor; /* the hold; -1: there is none at present */
	pid_t pid;
	int pidfd;
	int signals;
	gboolean ended;
	int status; /* where it has ended, as from waitpid() */
} Hold;

/* --- The hold -------------------------------------------------------------------------------- */

static int take_descriptor(sd_bus_message *reply)
{
	int descriptor, r = sd_bus_message_read(reply, "h", &descriptor);

	if (r < 0)
		return r;
	descriptor = fcntl(descriptor, F_DUPFD_CLOEXEC, 3); /* the reply closes its own */
	return descriptor < 0 ? -errno : descriptor;
}

static int take_hold(Hold *hold, sd_bus_error *error)
{
	CtlCall call = { NULL, BUS_INTERFACE_INSTANCE, "Hold", hold->doing, BUS_ACTION_OPERATE };
	g_autoptr(sd_bus_message) reply = NULL;
	g_autofree char *path = NULL;
	int r = ctl_bus_try_find(hold->watch.ctl, hold->name, error, &path);

	if (r < 0)
		return r;
	call.path = path;
	r = ctl_bus_try(hold->watch.ctl, &call, error, &reply, "su", hold->why, (uint32_t)0);
	if (r < 0)
		return r;
	r = take_descriptor(reply);
	if (r < 0)
		return r;
	hold->descriptor = r;
	return 0;
}

/* Explains an error on stderr. */
static int take_first_hold(Hold *hold)
{
	Ctl *ctl = hold->watch.ctl;
	const CtlCall call = { .doing = hold->doing, .action = BUS_ACTION_OPERATE };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = ctl_bus_open(ctl);

	if (r >= 0) {
		ctl_agent_open(ctl);
		r = take_hold(hold, &error);
	}
	if (r < 0)
		ctl_bus_explain(ctl, &call, &error, r);
	sd_bus_error_free(&error);
	return r;
}

static void drop_hold(Hold *hold)
{
	if (hold->descriptor >= 0)
		close(hold->descriptor);
	hold->descriptor = -1;
}

/* --- While the command runs ------------------------------------------------------------------ */

static void gone(gpointer userdata, CtlWatchGone what)
{
	Hold *hold = userdata;

	if (what == CTL_WATCH_BUS_ENDED) /* the daemon still has the other end */
		return;
	ctl_error("vrrpd has gone: %s is not held until it is back.", hold->name);
	drop_hold(hold);
}

/* The daemon is there, again: it knows nothing of a hold from before. */
static int refresh(gpointer userdata, sd_bus_error *error)
{
	Hold *hold = userdata;
	Ctl *ctl = hold->watch.ctl;
	const CtlCall call = { .doing = hold->doing, .action = BUS_ACTION_OPERATE };
	int r = hold->descriptor >= 0 ? 0 : take_hold(hold, error);

	if (r >= 0) {
		if (hold->watch.absent && !ctl->quiet)
			ctl_error("vrrpd is back: %s is held.", hold->name);
		return 0;
	}
	if (ctl_bus_is_absent(error) || sd_bus_error_has_name(error, SD_BUS_ERROR_NO_REPLY) ||
	    sd_bus_is_open(ctl->bus) <= 0)
		return r;
	/* The command goes on: it cannot be undone. */
	ctl_bus_explain(ctl, &call, error, r);
	return 0;
}

/* What the terminal sends went to the command too; what a process sends came here only. */
static void forward_signals(const Hold *hold)
{
	struct signalfd_siginfo info;

	while (read(hold->signals, &info, sizeof info) == sizeof info)
		if (info.ssi_code <= 0 && !hold->ended)
			kill(hold->pid, (int)info.ssi_signo);
}

static CtlExit exit_of(int status)
{
	return (CtlExit)(WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_SIGNAL + WTERMSIG(status));
}

static void dispatch(gpointer userdata)
{
	Hold *hold = userdata;

	if (!hold->ended && waitpid(hold->pid, &hold->status, WNOHANG) == hold->pid) {
		hold->ended = TRUE;
		ctl_watch_finish(&hold->watch, exit_of(hold->status));
	}
	forward_signals(hold);
}

static void prepare(gpointer userdata, GArray *descriptors)
{
	const Hold *hold = userdata;
	const struct pollfd fds[] = { { .fd = hold->pidfd, .events = POLLIN },
				      { .fd = hold->signals, .events = POLLIN } };

	g_array_append_vals(descriptors, fds, G_N_ELEMENTS(fds));
}

/* --- The command ----------------------------------------------------------------------------- */

static G_GNUC_NORETURN void run_command(char **argv, const sigset_t *mask, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	sigprocmask(SIG_SETMASK, mask, NULL);
	execvp(argv[0], argv);
	ctl_error("Failed to run %s: %s", argv[0], g_strerror(errno));
	_exit(errno == ENOENT ? EXIT_NOT_FOUND : EXIT_NOT_EXECUTABLE);
}

static int start_command(Hold *hold)
{
	static const int forwarded[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 };
	pid_t parent = getpid();
	sigset_t ours, before;

	sigemptyset(&ours);
	for (guint i = 0; i < G_N_ELEMENTS(forwarded); i++)
		sigaddset(&ours, forwarded[i]);
	sigprocmask(SIG_BLOCK, &ours, &before);
	hold->signals = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
	if (hold->signals < 0)
		return -errno;
	fflush(stdout);
	hold->pid = fork();
	if (hold->pid == 0)
		run_command(hold->argv, &before, parent);
	if (hold->pid < 0)
		return -errno;
	hold->pidfd = pidfd_open(hold->pid, 0);
	return hold->pidfd < 0 ? -errno : 0;
}

static CtlExit run_while_held(Hold *hold)
{
	int r = start_command(hold);
	CtlExit exit_code;

	if (r < 0) {
		ctl_error("Failed to run %s: %s", hold->argv[0], g_strerror(-r));
		return CTL_FAILED;
	}
	exit_code = ctl_watch_run(&hold->watch);
	if (!hold->ended) { /* the bus cannot be watched, but the hold is there */
		while (waitpid(hold->pid, &hold->status, 0) < 0 && errno == EINTR)
			;
		exit_code = exit_of(hold->status);
	}
	close(hold->pidfd);
	close(hold->signals);
	return exit_code;
}

static gboolean can_hold(const Ctl *ctl, const char *name)
{
	if (!ctl->host)
		return TRUE;
	ctl_error("Failed to hold %s: a hold cannot be passed over ssh.", name);
	ctl_error("Hint: run it there: ssh %s vrrpctl hold %s -- COMMAND...", ctl->host, name);
	return FALSE;
}

/* Before mastership is given away for nothing. */
static gboolean is_there(const char *program)
{
	g_autofree char *found = g_find_program_in_path(program);

	if (!found)
		ctl_error("Failed to run %s: there is no such program. Nothing is held.", program);
	return found != NULL;
}

CtlExit verb_hold(Ctl *ctl, char **arguments)
{
	Hold hold = { .name = arguments[0], .argv = arguments + 1, .descriptor = -1 };
	g_autofree char *program = g_path_get_basename(arguments[1]);
	g_autofree char *doing = g_strdup_printf("hold %s", arguments[0]);
	g_autofree char *why =
		ctl->why ? g_strdup(ctl->why) : g_strdup_printf("vrrpctl hold: %.100s", program);
	CtlExit exit_code;

	if (!can_hold(ctl, hold.name))
		return CTL_FAILED;
	if (!is_there(arguments[1]))
		return (CtlExit)EXIT_NOT_FOUND;
	hold.doing = doing;
	hold.why = why;
	hold.watch = (CtlWatch){ .ctl = ctl,
				 .doing = doing,
				 .refresh = refresh,
				 .gone = gone,
				 .prepare = prepare,
				 .dispatch = dispatch,
				 .userdata = &hold };
	if (take_first_hold(&hold) < 0)
		return CTL_FAILED;
	ctl_agent_close();
	exit_code = run_while_held(&hold);
	drop_hold(&hold);
	return exit_code;
}
