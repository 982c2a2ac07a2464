/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reads the command line. One table says everything about an option, so that --help cannot promise
 * what is not there. An option that a verb does not know is an error, never ignored; and behind
 * the name of a command that vrrpctl is to run, nothing is read as an option of ours.
 */

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "config/values.h"
#include "ctl-options.h"
#include "ctl-terminal.h"

#define DAY_USEC    (24 * 3600 * (guint64)G_USEC_PER_SEC)

#define LONG_FIRST  0x100 /* code of the first option; the others follow */
#define ORDINARY    1     /* getopt's code for a word that is no option */
#define HELP_COLUMN 30

typedef struct Option Option;

struct Option {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* as --help shows it; NULL: takes none */
	guint group;          /* CtlOptionGroup */
	gboolean (*take)(const Option *option, Ctl *ctl, CtlCommandLine *line,
			 const char *argument);
	const char *help;
	gsize offset; /* in Ctl, of what take_true() and its like set */
};

/* --- What they do ---------------------------------------------------------------------------- */

static gboolean take_true(const Option *option, Ctl *ctl, CtlCommandLine *line,
			  const char *argument)
{
	G_STRUCT_MEMBER(gboolean, ctl, option->offset) = TRUE;
	return TRUE;
}

static gboolean take_false(const Option *option, Ctl *ctl, CtlCommandLine *line,
			   const char *argument)
{
	G_STRUCT_MEMBER(gboolean, ctl, option->offset) = FALSE;
	return TRUE;
}

static gboolean take_text(const Option *option, Ctl *ctl, CtlCommandLine *line,
			  const char *argument)
{
	G_STRUCT_MEMBER(const char *, ctl, option->offset) = argument;
	return TRUE;
}

static gboolean take_help(const Option *option, Ctl *ctl, CtlCommandLine *line,
			  const char *argument)
{
	line->help = TRUE;
	return TRUE;
}

static gboolean take_version(const Option *option, Ctl *ctl, CtlCommandLine *line,
			     const char *argument)
{
	line->version = TRUE;
	return TRUE;
}

static gboolean take_json(const Option *option, Ctl *ctl, CtlCommandLine *line,
			  const char *argument)
{
	static const char *const words[] = { "off", "short", "pretty" };

	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_str_equal(argument, words[i])) {
			ctl->json = (CtlJsonMode)i;
			return TRUE;
		}
	ctl_error("--json=%s: valid is pretty, short or off.", argument);
	return FALSE;
}

static gboolean take_j(const Option *option, Ctl *ctl, CtlCommandLine *line, const char *argument)
{
	ctl->json = ctl_terminal_is_terminal() ? CTL_JSON_PRETTY : CTL_JSON_SHORT;
	return TRUE;
}

/* A host that begins with '-' would be an option of ssh. */
static gboolean take_place(const char *option, const char *argument, const char **ret)
{
	if (*argument == '\0' || *argument == '-') {
		ctl_error("%s=%s: that is no name.", option, argument);
		return FALSE;
	}
	*ret = argument;
	return TRUE;
}

static gboolean take_host(const Option *option, Ctl *ctl, CtlCommandLine *line,
			  const char *argument)
{
	return take_place("--host", argument, &ctl->host);
}

static gboolean take_machine(const Option *option, Ctl *ctl, CtlCommandLine *line,
			     const char *argument)
{
	return take_place("--machine", argument, &ctl->machine);
}

static gboolean parse_span(const char *option, const char *text, guint days, gboolean zero_ok,
			   guint64 *ret)
{
	g_autofree char *why = NULL;
	guint64 usec;

	if (!value_parse_timespan(text, &usec, &why)) {
		ctl_error("%s=%s: %s.", option, text, why);
		return FALSE;
	}
	if ((usec == 0 && !zero_ok) || usec > days * DAY_USEC) {
		ctl_error("%s=%s: valid is %s to %ud.", option, text, zero_ok ? "0" : "1us", days);
		return FALSE;
	}
	*ret = usec;
	return TRUE;
}

static gboolean take_timeout(const Option *option, Ctl *ctl, CtlCommandLine *line,
			     const char *argument)
{
	return parse_span("--timeout", argument, 1, FALSE, &ctl->timeout_usec);
}

/* -p may be given several times, and names may be separated by commas. */
static gboolean take_property(const Option *option, Ctl *ctl, CtlCommandLine *line,
			      const char *argument)
{
	g_auto(GStrv) names = g_strsplit(argument, ",", -1);

	for (char **name = names; *name; name++) {
		if (**name == '\0') {
			ctl_error("--property=%s: a name is missing.", argument);
			return FALSE;
		}
		g_ptr_array_add(ctl->properties, g_strdup(*name));
	}
	return TRUE;
}

static gboolean take_hold(const Option *option, Ctl *ctl, CtlCommandLine *line,
			  const char *argument)
{
	return parse_span("--hold", argument, 365, TRUE, &ctl->hold_usec);
}

/* --- The table ------------------------------------------------------------------------------- */

/* clang-format off */
static const Option options[] = {
	{ "help", 'h', NULL, 0, take_help, "Show this help" },
	{ "version", 0, NULL, 0, take_version, "Show the version" },
	{ "host", 'H', "[USER@]HOST", 0, take_host, "Do it on another host, over ssh" },
	{ "machine", 'M', "MACHINE", 0, take_machine, "Do it in a container of this host" },
	{ "json", 0, "MODE", 0, take_json, "Print JSON: pretty, short or off" },
	{ NULL, 'j', NULL, 0, take_j, "--json=pretty on a terminal, --json=short otherwise" },
	{ "no-pager", 0, NULL, 0, take_false, "Do not page long output",
	  offsetof(Ctl, pager) },
	{ "no-legend", 0, NULL, 0, take_false, "Do not print headers and footers",
	  offsetof(Ctl, legend) },
	{ "no-ask-password", 0, NULL, 0, take_false,
	  "Let polkit not ask for a password",
	  offsetof(Ctl, ask_password) },
	{ "timeout", 0, "SPAN", 0, take_timeout, "Wait so long for an answer, or for a state" },
	{ "quiet", 'q', NULL, 0, take_true, "Say only what went wrong",
	  offsetof(Ctl, quiet) },
	{ "property", 'p', "NAME", CTL_OPTIONS_SHOW, take_property, "Show only this property" },
	{ "value", 0, NULL, CTL_OPTIONS_SHOW, take_true, "Print values without their names",
	  offsetof(Ctl, value) },
	{ "exec", 0, "COMMAND", CTL_OPTIONS_MONITOR, take_text, "Run a command for each transition",
	  offsetof(Ctl, exec) },
	{ "runtime", 0, NULL, CTL_OPTIONS_CHANGE, take_true, "Forget it when vrrpd restarts",
	  offsetof(Ctl, runtime) },
	{ "hold", 0, "SPAN", CTL_OPTIONS_FAILOVER, take_hold,
	  "Do not take mastership back for so long" },
	{ "why", 0, "TEXT", CTL_OPTIONS_HOLD, take_text, "What to tell those who wonder",
	  offsetof(Ctl, why) },
	{ "output", 'o', "DIR", CTL_OPTIONS_IMPORT, take_text,
	  "Write DIR/NAME.conf; needs no daemon",
	  offsetof(Ctl, output) },
	{ "dry-run", 'n', NULL, CTL_OPTIONS_IMPORT, take_true,
	  "Show what would be written, and write nothing",
	  offsetof(Ctl, dry_run) },
	{ "replace", 0, NULL, CTL_OPTIONS_IMPORT, take_true,
	  "Replace files or instances that exist",
	  offsetof(Ctl, replace) },
	{ "accept-changes", 0, NULL, CTL_OPTIONS_IMPORT, take_true,
	  "Go on although somebody else may become master",
	  offsetof(Ctl, accept_changes) },
};

G_STATIC_ASSERT(G_N_ELEMENTS(options) <= 64); /* a bit each in CtlCommandLine */

static const struct {
	guint group;
	const char *title;
} titles[] = {
	{ CTL_OPTIONS_ANY, "Options" },
	{ CTL_OPTIONS_SHOW, "Options of show" },
	{ CTL_OPTIONS_MONITOR, "Options of monitor" },
	{ CTL_OPTIONS_CHANGE, "Options of add, set, remove, enable, disable and import" },
	{ CTL_OPTIONS_FAILOVER, "Options of failover" },
	{ CTL_OPTIONS_HOLD, "Options of hold" },
	{ CTL_OPTIONS_IMPORT, "Options of import" },
};
/* clang-format on */

static void print_option(const Option *option)
{
	g_autoptr(GString) text = g_string_new("  ");

	if (option->letter)
		g_string_append_printf(text, "-%c%s", option->letter, option->name ? ", " : "");
	else
		g_string_append(text, "    ");
	if (option->name)
		g_string_append_printf(text, "--%s", option->name);
	if (option->argument)
		g_string_append_printf(text, "=%s", option->argument);
	printf("%-*s %s\n", HELP_COLUMN, text->str, option->help);
}

void ctl_options_print(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(titles); i++) {
		printf("\n%s:\n", titles[i].title);
		for (guint j = 0; j < G_N_ELEMENTS(options); j++)
			if (options[j].group == titles[i].group)
				print_option(&options[j]);
	}
}

/* --- Reading --------------------------------------------------------------------------------- */

/* Getopt's own forms. @letters begins with '-': words come in their order, options among them. */
static void describe_options(struct option *longs, GString *letters)
{
	g_string_assign(letters, "-");
	for (guint i = 0; i < G_N_ELEMENTS(options); i++) {
		const Option *option = &options[i];
		int has_argument = option->argument ? required_argument : no_argument;

		if (option->letter)
			g_string_append_printf(letters, "%c%s", option->letter,
					       option->argument ? ":" : "");
		if (option->name)
			*longs++ = (struct option){ option->name, has_argument, NULL,
						    LONG_FIRST + (int)i };
	}
	*longs = (struct option){};
}

static const Option *find_option(int code)
{
	if (code >= LONG_FIRST)
		return &options[code - LONG_FIRST];
	for (guint i = 0; i < G_N_ELEMENTS(options); i++)
		if (options[i].letter && options[i].letter == code)
			return &options[i];
	return NULL;
}

static gboolean take_option(Ctl *ctl, CtlCommandLine *line, int code)
{
	const Option *option = find_option(code);

	if (!option) /* getopt said what is wrong */
		return FALSE;
	line->given |= UINT64_C(1) << (option - options);
	return option->take(option, ctl, line, optarg);
}

static gboolean command_begins(const GPtrArray *words, CtlCommandPlace place)
{
	guint before = words->len > 0 ? place(words->pdata[0]) : 0;

	return before > 0 && words->len > before;
}

static gboolean check_places(const Ctl *ctl)
{
	if (!ctl->host || !ctl->machine)
		return TRUE;
	ctl_error("--host= and --machine= cannot be used together.");
	return FALSE;
}

gboolean ctl_options_parse(Ctl *ctl, CtlCommandLine *line, int argc, char **argv,
			   CtlCommandPlace place)
{
	struct option longs[G_N_ELEMENTS(options) + 1];
	g_autoptr(GString) letters = g_string_new(NULL);
	int code;

	describe_options(longs, letters);
	line->words = g_ptr_array_new();
	while (!command_begins(line->words, place) &&
	       (code = getopt_long(argc, argv, letters->str, longs, NULL)) >= 0) {
		if (code == ORDINARY)
			g_ptr_array_add(line->words, optarg);
		else if (!take_option(ctl, line, code))
			return FALSE;
	}
	for (char **word = argv + optind; *word; word++)
		g_ptr_array_add(line->words, *word);
	g_ptr_array_add(line->words, NULL);
	return check_places(ctl);
}

char *ctl_options_foreign(const CtlCommandLine *line, guint groups)
{
	for (guint i = 0; i < G_N_ELEMENTS(options); i++)
		if ((line->given >> i & 1) && (options[i].group & ~groups))
			return g_strdup_printf("--%s%s", options[i].name,
					       options[i].argument ? "=" : "");
	return NULL;
}
