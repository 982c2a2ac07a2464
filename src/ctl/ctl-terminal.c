/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The terminal. A pager can start other programs, so where vrrpctl runs with more rights than the
 * person who called it (sudo, pkexec, su) it must never be anything but less in its secure mode;
 * SYSTEMD_PAGERSECURE decides otherwise, as it does for systemctl.
 */

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "config/values.h"
#include "ctl-terminal.h"

static gboolean on_terminal, colors, utf8;
static pid_t pager;

static gboolean want_colors(void)
{
	const char *wish = g_getenv("SYSTEMD_COLORS");
	gboolean yes;

	if (wish && *wish) {
		g_autofree char *why = NULL;

		if (value_parse_boolean(wish, &yes, &why))
			return yes;
		/* "16", "256": how many. "auto-16": where it is a terminal. */
		if (g_ascii_isdigit(wish[0]))
			return TRUE;
	} else if (g_getenv("NO_COLOR") && *g_getenv("NO_COLOR")) {
		return FALSE;
	}
	return on_terminal && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

void ctl_terminal_init(void)
{
	on_terminal = isatty(STDOUT_FILENO) == 1;
	colors = want_colors();
	utf8 = g_str_equal(nl_langinfo(CODESET), "UTF-8");
}

gboolean ctl_terminal_is_terminal(void)
{
	return on_terminal;
}

const char *ctl_terminal_color(CtlColor color)
{
	static const char *const sequences[] = {
		[CTL_COLOR_NONE] = "",
		[CTL_COLOR_BOLD] = "\033[0;1;39m",
		[CTL_COLOR_GREY] = "\033[0;90m",
		[CTL_COLOR_GREEN] = "\033[0;1;32m",
		[CTL_COLOR_YELLOW] = "\033[0;1;33m",
		[CTL_COLOR_RED] = "\033[0;1;31m",
	};

	return colors ? sequences[color] : "";
}

const char *ctl_terminal_reset(CtlColor color)
{
	return colors && color != CTL_COLOR_NONE ? "\033[0m" : "";
}

const char *ctl_terminal_dot(void)
{
	return utf8 ? "\342\227\217" : "*";
}

static gboolean pager_must_be_secure(void)
{
	const char *wish = g_getenv("SYSTEMD_PAGERSECURE");
	uid_t owner;

	if (wish) {
		g_autofree char *why = NULL;
		gboolean secure;

		return !value_parse_boolean(wish, &secure, &why) || secure;
	}
	if (g_getenv("SUDO_UID") || g_getenv("PKEXEC_UID") || getuid() != geteuid())
		return TRUE;
	return sd_pid_get_owner_uid(0, &owner) >= 0 && owner != geteuid();
}

/* NULL: none is wanted. */
static const char *choose_pager(gboolean secure)
{
	const char *program = secure ? NULL : g_getenv("SYSTEMD_PAGER");

	if (!program && !secure)
		program = g_getenv("PAGER");
	if (!program)
		return "less";
	return *program && !g_str_equal(program, "cat") ? program : NULL;
}

static G_GNUC_NORETURN void run_pager(char **argv, gboolean secure, int input, pid_t parent)
{
	const char *options = g_getenv("SYSTEMD_LESS");

	dup2(input, STDIN_FILENO);
	setenv("LESS", options ? options : "FRSXMK", 1);
	if (secure)
		setenv("LESSSECURE", "1", 1);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	execvp(argv[0], argv);
	/* Without the pager that was asked for, plain output is better than none. */
	execlp("cat", "cat", NULL);
	_exit(EXIT_FAILURE);
}

void ctl_terminal_page(const Ctl *ctl)
{
	gboolean secure = pager_must_be_secure();
	const char *program = choose_pager(secure);
	g_auto(GStrv) argv = NULL;
	pid_t parent = getpid();
	int pipes[2];

	if (!on_terminal || !ctl->pager || !program || g_strcmp0(g_getenv("TERM"), "dumb") == 0)
		return;
	if (!g_shell_parse_argv(program, NULL, &argv, NULL) || pipe2(pipes, O_CLOEXEC) < 0)
		return;
	fflush(stdout);
	pager = fork();
	if (pager == 0)
		run_pager(argv, secure, pipes[0], parent);
	if (pager > 0) {
		dup2(pipes[1], STDOUT_FILENO);
		/* Somebody who leaves the pager early has seen enough. */
		signal(SIGPIPE, SIG_IGN);
	}
	close(pipes[0]);
	close(pipes[1]);
}

gboolean ctl_terminal_finish(void)
{
	gboolean written = fflush(stdout) == 0 && !ferror(stdout);

	if (pager <= 0)
		return written;
	/* The pager sees the end only when nobody holds the pipe any more. */
	fclose(stdout);
	while (waitpid(pager, NULL, 0) < 0 && errno == EINTR)
		;
	pager = 0;
	return TRUE;
}
