/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Secrets come in here, and never by the command line, which every user of the host can read. They
 * are read byte by byte, so that no buffer of stdio keeps them, and what follows the line is left
 * to others. The terminal gets its echo back whatever happens, an interrupt included.
 */

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "ctl-secret.h"
#include "ctl.h"

#define SECRET_MAX 1024

static volatile sig_atomic_t interrupted;

void ctl_secret_free(char *secret)
{
	if (!secret)
		return;
	explicit_bzero(secret, strlen(secret));
	g_free(secret);
}

/* Returns the number of bytes, or negative errno. */
static int read_line(char *line)
{
	int length = 0;

	for (;;) {
		char byte;
		ssize_t n = read(STDIN_FILENO, &byte, 1);

		if (interrupted)
			return -EINTR;
		if (n < 0)
			return -errno;
		if (n == 0 || byte == '\n')
			return length;
		if (length == SECRET_MAX)
			return -EMSGSIZE;
		if (byte == '\0')
			return -EINVAL;
		line[length++] = byte;
	}
}

static void on_signal(int number)
{
	interrupted = 1;
}

/* An interrupt ends the reading and nothing else, until the echo is back. */
static int read_without_echo(const char *prompt, char *line)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP };
	struct sigaction action = { .sa_handler = on_signal }, before[G_N_ELEMENTS(signals)];
	struct termios terminal, silent;
	int length;

	if (tcgetattr(STDIN_FILENO, &terminal) < 0)
		return -errno;
	silent = terminal;
	silent.c_lflag &= ~(tcflag_t)ECHO;
	for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], &action, &before[i]);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fprintf(stderr, "%s", prompt);
	fflush(stderr);
	length = read_line(line);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal);
	fputc('\n', stderr);
	for (guint i = 0; i < G_N_ELEMENTS(signals); i++)
		sigaction(signals[i], &before[i], NULL);
	return length;
}

char *ctl_secret_read(const char *prompt)
{
	char line[SECRET_MAX + 1] = "";
	char *secret = NULL;
	int length = isatty(STDIN_FILENO) ? read_without_echo(prompt, line) : read_line(line);

	if (length == -EMSGSIZE)
		ctl_error("Failed to read the key: the line has more than %d bytes.", SECRET_MAX);
	else if (length < 0)
		ctl_error("Failed to read the key: %s", g_strerror(-length));
	else if (length == 0)
		ctl_error("Failed to read the key: there is none. Hint: it is the first line of "
			  "stdin.");
	else
		secret = g_strndup(line, (gsize)length);
	explicit_bzero(line, sizeof line);
	return secret;
}
