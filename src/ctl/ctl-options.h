/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The options of the command line, each declared once: what it is called, which verbs take it, what
 * --help says, and what it does.
 */

#include "ctl.h"

/* Options that do not make sense everywhere belong to a group; a verb takes some groups. */
typedef enum CtlOptionGroup {
	CTL_OPTIONS_ANY = 0, /* every verb */
	CTL_OPTIONS_SHOW = 1 << 0,
	CTL_OPTIONS_MONITOR = 1 << 1,
	CTL_OPTIONS_CHANGE = 1 << 2,
	CTL_OPTIONS_FAILOVER = 1 << 3,
	CTL_OPTIONS_HOLD = 1 << 4,
	CTL_OPTIONS_IMPORT = 1 << 5,
} CtlOptionGroup;

typedef struct CtlCommandLine {
	GPtrArray *words; /* char *, not owned: the verb and its arguments; ends with NULL */
	guint64 given;    /* which options: a bit for each entry of the table */
	gboolean help, version;
} CtlCommandLine;

/* How many words, the verb included, come before a command whose words are its own, options and
 * all; 0: there is none. */
typedef guint (*CtlCommandPlace)(const char *verb);

/* Fills @ctl and @line, whose words the caller unrefs. Returns FALSE, and says why on stderr. */
gboolean ctl_options_parse(Ctl *ctl, CtlCommandLine *line, int argc, char **argv,
			   CtlCommandPlace place);
/* Prints the options of all groups, for --help. */
void ctl_options_print(void);
/* An option of @line that does not belong to @groups, "--hold="; NULL: none. The caller frees it.
 */
char *ctl_options_foreign(const CtlCommandLine *line, guint groups);
