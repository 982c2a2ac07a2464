/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * pkttyagent(1) as a child of vrrpctl: it speaks for this process only, steps back where the
 * session has an agent of its own, and ends with us. Passwords go from it to polkit; vrrpctl never
 * sees one.
 */

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <systemd/sd-login.h>
#include <unistd.h>

#include "ctl-agent.h"

/* It registers within milliseconds. A broken one must not keep the administrator waiting. */
#define AGENT_START_MSEC 5000

static pid_t agent;

/* polkit looks at a fallback agent only after it asked the session for a better one: without a
 * session (su, a container) such an agent would never be used. */
static gboolean has_session(void)
{
	char *session = NULL;
	int r = sd_pid_get_session(0, &session);

	free(session);
	return r >= 0;
}

static G_GNUC_NORETURN void run_agent(int notify, pid_t parent)
{
	const char *fallback = has_session() ? "--fallback" : NULL;
	char number[16];

	g_snprintf(number, sizeof number, "%d", notify);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	execlp("pkttyagent", "pkttyagent", "--notify-fd", number, fallback, NULL);
	_exit(EXIT_FAILURE);
}

void ctl_agent_open(const Ctl *ctl)
{
	pid_t parent = getpid();
	int pipes[2];

	/* On another host somebody else is asked for authorization, whom no agent here can help. */
	if (agent > 0 || !ctl->ask_password || ctl->host || ctl->machine)
		return;
	if (geteuid() == 0 || !isatty(STDIN_FILENO))
		return;
	if (pipe(pipes) < 0)
		return;
	agent = fork();
	if (agent == 0) {
		close(pipes[0]);
		run_agent(pipes[1], parent);
	}
	close(pipes[1]);
	/* The agent closes its end when it is registered, or when it ends. */
	if (agent > 0)
		poll(&(struct pollfd){ .fd = pipes[0] }, 1, AGENT_START_MSEC);
	close(pipes[0]);
}

void ctl_agent_close(void)
{
	if (agent <= 0)
		return;
	/* It may be stopped by job control. */
	kill(agent, SIGTERM);
	kill(agent, SIGCONT);
	waitpid(agent, NULL, 0);
	agent = 0;
}
