/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The commands of monitor --exec=.
 *
 * Each instance has one place for what is to be told next. A state that comes while the command for
 * the state before still runs goes there, over whatever waited there: so a slow command never lags
 * behind by more than one state, and is always run for the last one. What it did not get to see is
 * counted. No shell is involved: an environment variable is a variable, whatever is in it. The
 * command gets nothing of ours but stdout and stderr.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ctl-exec.h"

/* A thousand instances may change at once. */
#define RUNNING_MAX 32

typedef struct Told {
	char *state, *old, *reason;
	guint64 number;
	guint64 missed;
} Told;

typedef struct Slot {
	char *name;
	char *last; /* the state that the command was told last; NULL: none yet */
	Told *next; /* what it is to be told; NULL: nothing */
	GPid pid;   /* 0: it does not run */
	int pidfd;  /* of it */
} Slot;

struct CtlExec {
	char **argv;
	GHashTable *slots; /* name -> Slot * */
	GQueue waiting;    /* Slot *: those with something to tell whose command does not run */
	guint running;
};

static void told_free(Told *told)
{
	if (!told)
		return;
	g_free(told->state);
	g_free(told->old);
	g_free(told->reason);
	g_free(told);
}

static void slot_free(gpointer data)
{
	Slot *slot = data;

	if (slot->pid > 0)
		close(slot->pidfd);
	told_free(slot->next);
	g_free(slot->last);
	g_free(slot->name);
	g_free(slot);
}

CtlExec *ctl_exec_new(const char *command)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *program = NULL;
	g_auto(GStrv) argv = NULL;
	CtlExec *exec;

	if (!g_shell_parse_argv(command, NULL, &argv, &error)) {
		ctl_error("--exec=%s: %s", command, error->message);
		return NULL;
	}
	program = g_find_program_in_path(argv[0]);
	if (!program) {
		ctl_error("--exec=%s: there is no program '%s'.", command, argv[0]);
		return NULL;
	}
	exec = g_new0(CtlExec, 1);
	exec->argv = g_steal_pointer(&argv);
	exec->slots = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, slot_free);
	return exec;
}

void ctl_exec_free(CtlExec *exec)
{
	if (!exec)
		return;
	g_queue_clear(&exec->waiting);
	g_hash_table_unref(exec->slots);
	g_strfreev(exec->argv);
	g_free(exec);
}

/* --- One command ----------------------------------------------------------------------------- */

static char **environment_for(const Slot *slot)
{
	const Told *told = slot->next;
	g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, told->number);
	g_autofree char *missed = g_strdup_printf("%" G_GUINT64_FORMAT, told->missed);
	char **envp = g_get_environ();

	envp = g_environ_setenv(envp, "VRRP_INSTANCE", slot->name, TRUE);
	envp = g_environ_setenv(envp, "VRRP_STATE", told->state, TRUE);
	envp = g_environ_setenv(envp, "VRRP_OLD_STATE", told->old, TRUE);
	envp = g_environ_setenv(envp, "VRRP_REASON", told->reason, TRUE);
	envp = g_environ_setenv(envp, "VRRP_TRANSITION", number, TRUE);
	envp = g_environ_setenv(envp, "VRRP_MISSED", missed, TRUE);
	return envp;
}

static void start(CtlExec *exec, Slot *slot)
{
	g_auto(GStrv) envp = environment_for(slot);
	g_autoptr(GError) error = NULL;

	if (!g_spawn_async(NULL, exec->argv, envp, G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD,
			   NULL, NULL, &slot->pid, &error)) {
		ctl_error("%s: %s", slot->name, error->message);
		slot->pid = 0;
	} else {
		slot->pidfd = pidfd_open(slot->pid, 0);
		exec->running++;
	}
	g_free(slot->last);
	slot->last = g_steal_pointer(&slot->next->state);
	told_free(g_steal_pointer(&slot->next));
}

static void explain_end(const CtlExec *exec, const Slot *slot, int status)
{
	if (WIFSIGNALED(status))
		ctl_error("%s: %s was ended by signal %d (%s).", slot->name, exec->argv[0],
			  WTERMSIG(status), strsignal(WTERMSIG(status)));
	else if (WEXITSTATUS(status) != 0)
		ctl_error("%s: %s failed with exit status %d.", slot->name, exec->argv[0],
			  WEXITSTATUS(status));
}

static void reap(CtlExec *exec, Slot *slot)
{
	int status;

	if (slot->pid == 0 || waitpid(slot->pid, &status, WNOHANG) != slot->pid)
		return;
	explain_end(exec, slot, status);
	close(slot->pidfd);
	slot->pid = 0;
	exec->running--;
	if (slot->next)
		g_queue_push_tail(&exec->waiting, slot);
}

/* --- All of them ----------------------------------------------------------------------------- */

static Slot *slot_of(CtlExec *exec, const char *name)
{
	Slot *slot = g_hash_table_lookup(exec->slots, name);

	if (slot)
		return slot;
	slot = g_new0(Slot, 1);
	slot->name = g_strdup(name);
	g_hash_table_insert(exec->slots, slot->name, slot);
	return slot;
}

static void start_waiting(CtlExec *exec)
{
	while (exec->running < RUNNING_MAX && !g_queue_is_empty(&exec->waiting))
		start(exec, g_queue_pop_head(&exec->waiting));
}

void ctl_exec_add(CtlExec *exec, const CtlTransition *transition)
{
	Slot *slot = slot_of(exec, transition->name);
	Told *told;

	/* The daemon is back, and all is as the command knows it. */
	if (!transition->old && !slot->next && g_strcmp0(slot->last, transition->state) == 0)
		return;
	told = g_new0(Told, 1);
	told->state = g_strdup(transition->state);
	told->old = g_strdup(transition->old ? transition->old : slot->last ? slot->last : "");
	told->reason = g_strdup(transition->reason);
	told->number = transition->number;
	told->missed = transition->missed;
	if (slot->next)
		told->missed += slot->next->missed + 1;
	else if (slot->pid == 0)
		g_queue_push_tail(&exec->waiting, slot);
	told_free(slot->next);
	slot->next = told;
	start_waiting(exec);
}

void ctl_exec_forget(CtlExec *exec, const char *name)
{
	Slot *slot = g_hash_table_lookup(exec->slots, name);

	if (!slot)
		return;
	/* If it comes again it begins anew. */
	g_clear_pointer(&slot->last, g_free);
}

void ctl_exec_prepare(const CtlExec *exec, GArray *descriptors)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, exec->slots);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const Slot *slot = value;
		struct pollfd fd = { .fd = slot->pidfd, .events = POLLIN };

		if (slot->pid > 0)
			g_array_append_val(descriptors, fd);
	}
}

void ctl_exec_dispatch(CtlExec *exec)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, exec->slots);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		reap(exec, value);
	start_waiting(exec);
}
