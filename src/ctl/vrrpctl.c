/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl, the command line of vrrpd. It has no powers of its own: what it shows and does, any
 * client of the bus can, and whether a caller may do it is decided by the daemon with polkit. This
 * file knows the verbs, and calls one.
 */

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl-agent.h"
#include "ctl-options.h"
#include "ctl-terminal.h"
#include "ctl-words.h"
#include "ctl.h"

#define ANY         G_MAXUINT
#define HELP_COLUMN 30

typedef struct Verb {
	const char *name;
	CtlVerb run;
	guint minimum, maximum; /* number of arguments */
	guint options;          /* CtlOptionGroup bits that it takes */
	guint before_command;   /* arguments before a command that it runs; 0: it runs none */
	const char *arguments;
	const char *help;
} Verb;

/* clang-format off */
static const Verb verbs[] = {
	{ "list", verb_list, 0, ANY, 0, 0, "[PATTERN...]",
	  "One line for each instance (the default)" },
	{ "status", verb_status, 0, ANY, 0, 0, "[PATTERN...]", "Everything about instances" },
	{ "show", verb_show, 1, 1, CTL_OPTIONS_SHOW, 0, "NAME", "Properties, for programs" },
	{ "monitor", verb_monitor, 0, ANY, CTL_OPTIONS_MONITOR, 0, "[PATTERN...]",
	  "Print transitions as they happen" },
	{ "wait", verb_wait, 2, 2, 0, 0, "NAME STATE", "Wait until an instance is in a state" },
	{ "is-master", verb_is_master, 1, 1, 0, 0, "NAME",
	  "Succeed where this host is the master" },
	{ "statistics", verb_statistics, 0, ANY, 0, 0, "[PATTERN...]", "Print the counters" },
	{ "metrics", verb_metrics, 0, 0, 0, 0, "", "Print everything in OpenMetrics' format" },
	{ "add", verb_add, 1, ANY, CTL_OPTIONS_CHANGE, 0, "NAME KEY=VALUE...", "Add an instance" },
	{ "set", verb_set, 2, ANY, CTL_OPTIONS_CHANGE, 0, "NAME KEY=VALUE...",
	  "Change settings of an instance" },
	{ "remove", verb_remove, 1, ANY, CTL_OPTIONS_CHANGE, 0, "NAME...", "Remove instances" },
	{ "enable", verb_enable, 1, ANY, CTL_OPTIONS_CHANGE, 0, "NAME...",
	  "Let instances take part" },
	{ "disable", verb_disable, 1, ANY, CTL_OPTIONS_CHANGE, 0, "NAME...",
	  "Let instances no longer take part" },
	{ "failover", verb_failover, 1, 1, CTL_OPTIONS_FAILOVER, 0, "NAME",
	  "Hand mastership to another router" },
	{ "hold", verb_hold, 2, ANY, CTL_OPTIONS_HOLD, 1, "NAME -- COMMAND...",
	  "Stay out of mastership while a command runs" },
	{ "set-priority", verb_set_priority, 2, 2, 0, 0, "NAME PRIORITY",
	  "Override the priority until vrrpd restarts" },
	{ "announce", verb_announce, 1, 1, 0, 0, "NAME", "Announce the addresses again" },
	{ "reload", verb_reload, 0, 0, 0, 0, "",
	  "Read the settings again and apply what changed" },
	{ "check", verb_check, 0, ANY, 0, 0, "[PATH...]", "Check settings; needs no daemon" },
	{ "import", verb_import, 1, 1, CTL_OPTIONS_IMPORT | CTL_OPTIONS_CHANGE, 0, "FILE",
	  "Turn a keepalived.conf into instances" },
};
/* clang-format on */

static void print_help(void)
{
	printf("vrrpctl [OPTIONS...] VERB ...\n\n"
	       "Look at and control the VRRP instances of vrrpd.\n"
	       "\nVerbs:\n");
	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
		g_autofree char *usage =
			g_strdup_printf("  %s %s", verbs[i].name, verbs[i].arguments);

		printf("%-*s %s\n", HELP_COLUMN, usage, verbs[i].help);
	}
	ctl_options_print();
	printf("\nSee vrrpctl(1).\n");
}

void ctl_error(const char *format, ...)
{
	g_autofree char *text = NULL, *printable = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	printable = ctl_words_printable(text);
	fflush(stdout);
	fprintf(stderr, "%s\n", printable);
}

void ctl_error_at(const char *file, guint line, const char *text)
{
	if (line > 0)
		ctl_error("%s:%u: %s", file, line, text);
	else
		ctl_error("%s: %s", file, text);
}

static const Verb *find_verb(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
		if (g_str_equal(verbs[i].name, name))
			return &verbs[i];
	return NULL;
}

static void explain_unknown_verb(const char *name)
{
	const char *names[G_N_ELEMENTS(verbs) + 1] = {};
	g_autofree char *known = NULL;
	const char *nearest;

	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++)
		names[i] = verbs[i].name;
	nearest = ctl_words_nearest(names, name);
	known = g_strjoinv(", ", (char **)names);
	if (nearest)
		ctl_error("There is no verb '%s'. Did you mean '%s'?", name, nearest);
	else
		ctl_error("There is no verb '%s'.", name);
	ctl_error("The verbs are: %s.", known);
}

/* For ctl_options_parse() */
static guint command_place(const char *name)
{
	const Verb *verb = find_verb(name);

	return verb && verb->before_command ? 1 + verb->before_command : 0;
}

static gboolean check_arguments(const Verb *verb, const CtlCommandLine *line, guint count)
{
	g_autofree char *foreign = ctl_options_foreign(line, verb->options);

	if (count < verb->minimum || count > verb->maximum) {
		ctl_error("%s: too %s arguments. Usage: vrrpctl %s%s%s", verb->name,
			  count < verb->minimum ? "few" : "many", verb->name,
			  *verb->arguments ? " " : "", verb->arguments);
		return FALSE;
	}
	if (foreign)
		ctl_error("%s: there is no option %s here, see vrrpctl --help.", verb->name,
			  foreign);
	return !foreign;
}

static CtlExit run_verb(Ctl *ctl, const CtlCommandLine *line)
{
	char **words = (char **)line->words->pdata;
	const char *name = words[0] ? words[0] : "list";
	char **arguments = words[0] ? words + 1 : words;
	const Verb *verb = find_verb(name);
	CtlExit exit_code;

	if (!verb)
		explain_unknown_verb(name);
	if (!verb || !check_arguments(verb, line, g_strv_length(arguments)))
		return CTL_USAGE;
	exit_code = verb->run(ctl, arguments);
	ctl_agent_close();
	sd_bus_flush_close_unref(ctl->bus);
	return exit_code;
}

static CtlExit run(Ctl *ctl, CtlCommandLine *line, int argc, char **argv)
{
	if (!ctl_options_parse(ctl, line, argc, argv, command_place)) {
		ctl_error("See vrrpctl --help.");
		return CTL_USAGE;
	}
	if (line->help) {
		print_help();
		return CTL_OK;
	}
	if (line->version) {
		printf("vrrpctl %s\n", VRRPD_VERSION);
		return CTL_OK;
	}
	return run_verb(ctl, line);
}

int main(int argc, char **argv)
{
	Ctl ctl = { .legend = TRUE, .pager = TRUE, .ask_password = TRUE };
	CtlCommandLine line = {};
	CtlExit exit_code;

	setlocale(LC_ALL, "");
	ctl_terminal_init();
	ctl.properties = g_ptr_array_new_with_free_func(g_free);
	exit_code = run(&ctl, &line, argc, argv);
	g_ptr_array_unref(ctl.properties);
	g_clear_pointer(&line.words, g_ptr_array_unref);
	if (!ctl_terminal_finish()) {
		ctl_error("Failed to write the output.");
		return CTL_FAILED;
	}
	return exit_code;
}
