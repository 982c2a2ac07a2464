/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpd: reads the command line, blocks the signals before any thread exists, and runs the control
 * thread.
 */

#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include <glib.h>

#include "control.h"
#include "log.h"

static char *config_directory, *runtime_directory, *state_directory, *log_level;
static gboolean show_version;

static const GOptionEntry entries[] = {
	{ "config-dir", 0, 0, G_OPTION_ARG_FILENAME, &config_directory,
	  "Read instances/*.conf below DIR (default: /etc/vrrpd)", "DIR" },
	{ "runtime-dir", 0, 0, G_OPTION_ARG_FILENAME, &runtime_directory,
	  "The same below DIR for settings until the next boot (default: /run/vrrpd)", "DIR" },
	{ "state-dir", 0, 0, G_OPTION_ARG_FILENAME, &state_directory,
	  "Keep what must outlive a restart in DIR (default: /var/lib/vrrpd)", "DIR" },
	{ "log-level", 0, 0, G_OPTION_ARG_STRING, &log_level,
	  "emerg, alert, crit, err, warning, notice, info or debug (default: info)", "LEVEL" },
	{ "version", 0, 0, G_OPTION_ARG_NONE, &show_version, "Show the version and exit", NULL },
	{ NULL },
};

static gboolean parse_options(int *argc, char ***argv)
{
	g_autoptr(GOptionContext) context =
		g_option_context_new("- keep IP addresses alive with VRRP");
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, entries, NULL);
	if (!g_option_context_parse(context, argc, argv, &error)) {
		g_printerr("vrrpd: %s. Try vrrpd --help.\n", error->message);
		return FALSE;
	}
	if (*argc > 1) {
		g_printerr("vrrpd: %s: no arguments are expected. Try vrrpd --help.\n", (*argv)[1]);
		return FALSE;
	}
	if (!log_open(log_level ? log_level : "info")) {
		g_printerr("vrrpd: --log-level=%s: use emerg, alert, crit, err, warning, notice, "
			   "info or debug.\n",
			   log_level);
		return FALSE;
	}
	return TRUE;
}

/* Before any thread exists, so that no other thread is ever interrupted. */
static void block_signals(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGHUP);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
}

int main(int argc, char **argv)
{
	Control *control;
	int status;

	block_signals();
	if (!parse_options(&argc, &argv))
		return 2;
	if (show_version) {
		g_print("vrrpd %s\n", VRRPD_VERSION);
		return EXIT_SUCCESS;
	}
	/* Keys are in memory: no core file, no ptrace by others of our uid. The sanitizers need
	 * ptrace. */
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	prctl(PR_SET_DUMPABLE, 0);
#endif
	control = control_new(&(ControlOptions){
		.config_directory = config_directory ? config_directory : "/etc/vrrpd",
		.runtime_directory = runtime_directory ? runtime_directory : "/run/vrrpd",
		.state_directory = state_directory ? state_directory : "/var/lib/vrrpd",
	});
	if (!control)
		return EXIT_FAILURE;
	status = control_run(control);
	control_free(control);
	return status;
}
