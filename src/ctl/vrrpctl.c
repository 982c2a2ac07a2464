/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl, the command line of vrrpd. It has no powers of its own: what it shows and does, any
 * client of the bus can, and whether a caller may do it is decided by the daemon with polkit. This
 * file reads the command line and calls a verb; an option that a verb does not know is an error,
 * never ignored.
 */

#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/values.h"
#include "ctl-agent.h"
#include "ctl-terminal.h"
#include "ctl-words.h"
#include "ctl.h"

#define DAY_USEC (24 * 3600 * (guint64)G_USEC_PER_SEC)

enum {
	OPTION_VERSION = 0x100,
	OPTION_JSON,
	OPTION_NO_PAGER,
	OPTION_NO_LEGEND,
	OPTION_NO_ASK_PASSWORD,
	OPTION_TIMEOUT,
	OPTION_HOLD,
	OPTION_OUTPUT,
	OPTION_DRY_RUN,
	OPTION_REPLACE,
	OPTION_ACCEPT_CHANGES,
};

/* Options that belong to one verb. */
typedef enum OwnOption {
	OWN_HOLD = 1 << 0,
	OWN_OUTPUT = 1 << 1,
	OWN_DRY_RUN = 1 << 2,
	OWN_REPLACE = 1 << 3,
	OWN_ACCEPT_CHANGES = 1 << 4,
} OwnOption;

static const struct {
	const char *name;
	guint bit;
} own_options[] = {
	{ "--hold=", OWN_HOLD },
	{ "--output=", OWN_OUTPUT },
	{ "--dry-run", OWN_DRY_RUN },
	{ "--replace", OWN_REPLACE },
	{ "--accept-changes", OWN_ACCEPT_CHANGES },
};

#define ANY G_MAXUINT

static const struct Verb {
	const char *name;
	CtlVerb run;
	guint minimum, maximum; /* number of arguments */
	guint own;              /* OwnOption bits that it takes */
	const char *arguments;
} verbs[] = {
	{ "list", verb_list, 0, ANY, 0, "[PATTERN...]" },
	{ "status", verb_status, 0, ANY, 0, "[PATTERN...]" },
	{ "monitor", verb_monitor, 0, ANY, 0, "[PATTERN...]" },
	{ "failover", verb_failover, 1, 1, OWN_HOLD, "NAME" },
	{ "reload", verb_reload, 0, 0, 0, "" },
	{ "check", verb_check, 0, ANY, 0, "[PATH...]" },
	{ "import", verb_import, 1, 1, OWN_OUTPUT | OWN_DRY_RUN | OWN_REPLACE | OWN_ACCEPT_CHANGES,
	  "FILE" },
};

static void print_help(void)
{
	printf("vrrpctl [OPTIONS...] VERB ...\n\n"
	       "Look at and control the VRRP instances of vrrpd.\n"
	       "\nVerbs:\n"
	       "  list [PATTERN...]      One line for each instance (the default)\n"
	       "  status [PATTERN...]    Everything about instances\n"
	       "  monitor [PATTERN...]   Print transitions as they happen\n"
	       "  failover NAME          Hand mastership to another router\n"
	       "  reload                 Read the settings again and apply what changed\n"
	       "  check [PATH...]        Check settings; needs no daemon\n"
	       "  import FILE            Turn a keepalived.conf into instances; needs no daemon\n"
	       "\nOptions:\n"
	       "  -h, --help             Show this help\n"
	       "      --version          Show the version\n"
	       "      --json=MODE        Print JSON: pretty, short or off\n"
	       "  -j                     --json=pretty on a terminal, --json=short otherwise\n"
	       "      --no-pager         Do not page long output\n"
	       "      --no-legend        Do not print headers and footers\n"
	       "      --no-ask-password  Let polkit not ask for a password\n"
	       "      --timeout=SPAN     Wait so long for an answer of vrrpd\n"
	       "  -q, --quiet            Say only what went wrong\n"
	       "\nOptions of failover:\n"
	       "      --hold=SPAN        Do not take mastership back for so long\n"
	       "\nOptions of import:\n"
	       "  -o, --output=DIR       Write DIR/NAME.conf\n"
	       "  -n, --dry-run          Show what would be written, and write nothing\n"
	       "      --replace          Replace existing files\n"
	       "      --accept-changes   Write although somebody else may become master\n"
	       "\nSee vrrpctl(1).\n");
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

static gboolean parse_json(const char *word, CtlJsonMode *ret)
{
	static const char *const words[] = { "off", "short", "pretty" };

	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (g_str_equal(word, words[i])) {
			*ret = (CtlJsonMode)i;
			return TRUE;
		}
	ctl_error("--json=%s: valid is pretty, short or off.", word);
	return FALSE;
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

/* What was read, beside the options themselves. */
typedef struct CommandLine {
	guint own; /* OwnOption bits that were given */
	gboolean help, version;
} CommandLine;

/* Returns FALSE, and said why, where the option is wrong. */
static gboolean take_own_option(Ctl *ctl, CommandLine *line, int option)
{
	switch (option) {
	case OPTION_HOLD:
		line->own |= OWN_HOLD;
		return parse_span("--hold", optarg, 365, TRUE, &ctl->hold_usec);
	case 'o':
	case OPTION_OUTPUT:
		line->own |= OWN_OUTPUT;
		ctl->output = optarg;
		return TRUE;
	case 'n':
	case OPTION_DRY_RUN:
		line->own |= OWN_DRY_RUN;
		ctl->dry_run = TRUE;
		return TRUE;
	case OPTION_REPLACE:
		line->own |= OWN_REPLACE;
		ctl->replace = TRUE;
		return TRUE;
	case OPTION_ACCEPT_CHANGES:
		line->own |= OWN_ACCEPT_CHANGES;
		ctl->accept_changes = TRUE;
		return TRUE;
	default: /* getopt said what is wrong */
		return FALSE;
	}
}

static gboolean take_option(Ctl *ctl, CommandLine *line, int option)
{
	switch (option) {
	case 'h':
		line->help = TRUE;
		return TRUE;
	case OPTION_VERSION:
		line->version = TRUE;
		return TRUE;
	case OPTION_JSON:
		return parse_json(optarg, &ctl->json);
	case 'j':
		ctl->json = ctl_terminal_is_terminal() ? CTL_JSON_PRETTY : CTL_JSON_SHORT;
		return TRUE;
	case OPTION_NO_PAGER:
		ctl->pager = FALSE;
		return TRUE;
	case OPTION_NO_LEGEND:
		ctl->legend = FALSE;
		return TRUE;
	case OPTION_NO_ASK_PASSWORD:
		ctl->ask_password = FALSE;
		return TRUE;
	case OPTION_TIMEOUT:
		return parse_span("--timeout", optarg, 1, FALSE, &ctl->timeout_usec);
	case 'q':
		ctl->quiet = TRUE;
		return TRUE;
	default:
		return take_own_option(ctl, line, option);
	}
}

static gboolean parse_options(Ctl *ctl, CommandLine *line, int argc, char **argv)
{
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, OPTION_VERSION },
		{ "json", required_argument, NULL, OPTION_JSON },
		{ "no-pager", no_argument, NULL, OPTION_NO_PAGER },
		{ "no-legend", no_argument, NULL, OPTION_NO_LEGEND },
		{ "no-ask-password", no_argument, NULL, OPTION_NO_ASK_PASSWORD },
		{ "timeout", required_argument, NULL, OPTION_TIMEOUT },
		{ "quiet", no_argument, NULL, 'q' },
		{ "hold", required_argument, NULL, OPTION_HOLD },
		{ "output", required_argument, NULL, OPTION_OUTPUT },
		{ "dry-run", no_argument, NULL, OPTION_DRY_RUN },
		{ "replace", no_argument, NULL, OPTION_REPLACE },
		{ "accept-changes", no_argument, NULL, OPTION_ACCEPT_CHANGES },
		{},
	};
	int option;

	while ((option = getopt_long(argc, argv, "hjqo:n", options, NULL)) >= 0)
		if (!take_option(ctl, line, option))
			return FALSE;
	return TRUE;
}

static const struct Verb *find_verb(const char *name)
{
	const char *names[G_N_ELEMENTS(verbs) + 1] = {};
	g_autofree char *known = NULL;
	const char *nearest;

	for (guint i = 0; i < G_N_ELEMENTS(verbs); i++) {
		if (g_str_equal(verbs[i].name, name))
			return &verbs[i];
		names[i] = verbs[i].name;
	}
	nearest = ctl_words_nearest(names, name);
	known = g_strjoinv(", ", (char **)names);
	if (nearest)
		ctl_error("There is no verb '%s'. Did you mean '%s'?", name, nearest);
	else
		ctl_error("There is no verb '%s'.", name);
	ctl_error("The verbs are: %s.", known);
	return NULL;
}

static gboolean check_arguments(const struct Verb *verb, const CommandLine *line, guint count)
{
	if (count < verb->minimum || count > verb->maximum) {
		ctl_error("%s: too %s arguments. Usage: vrrpctl %s%s%s", verb->name,
			  count < verb->minimum ? "few" : "many", verb->name,
			  *verb->arguments ? " " : "", verb->arguments);
		return FALSE;
	}
	for (guint i = 0; i < G_N_ELEMENTS(own_options); i++)
		if (line->own & own_options[i].bit & ~verb->own) {
			ctl_error("%s: there is no option %s here, see vrrpctl --help.", verb->name,
				  own_options[i].name);
			return FALSE;
		}
	return TRUE;
}

static CtlExit run_verb(Ctl *ctl, const CommandLine *line, char **arguments)
{
	const struct Verb *verb = find_verb(arguments[0] ? arguments[0] : "list");
	CtlExit exit_code;

	if (arguments[0])
		arguments++;
	if (!verb || !check_arguments(verb, line, g_strv_length(arguments)))
		return CTL_USAGE;
	exit_code = verb->run(ctl, arguments);
	ctl_agent_close();
	sd_bus_flush_close_unref(ctl->bus);
	return exit_code;
}

int main(int argc, char **argv)
{
	Ctl ctl = { .legend = TRUE, .pager = TRUE, .ask_password = TRUE };
	CommandLine line = {};
	CtlExit exit_code = CTL_OK;

	setlocale(LC_ALL, "");
	ctl_terminal_init();
	if (!parse_options(&ctl, &line, argc, argv)) {
		ctl_error("See vrrpctl --help.");
		return CTL_USAGE;
	}
	if (line.help)
		print_help();
	else if (line.version)
		printf("vrrpctl %s\n", VRRPD_VERSION);
	else
		exit_code = run_verb(&ctl, &line, argv + optind);
	if (!ctl_terminal_finish()) {
		ctl_error("Failed to write the output.");
		return CTL_FAILED;
	}
	return exit_code;
}
