/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What all verbs of vrrpctl share: the options and the exit codes. A verb gets them with its
 * arguments, prints its result on stdout and every complaint on stderr, and returns the exit code.
 */

#include <glib.h>
#include <systemd/sd-bus.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC(sd_bus_message, sd_bus_message_unref)

typedef enum CtlExit {
	CTL_OK = 0,
	CTL_FAILED = 1,
	CTL_USAGE = 2,
	CTL_TIMED_OUT = 3, /* of wait only */
} CtlExit;

typedef enum CtlJsonMode {
	CTL_JSON_OFF,
	CTL_JSON_SHORT,  /* one line */
	CTL_JSON_PRETTY, /* indented */
} CtlJsonMode;

typedef struct Ctl {
	CtlJsonMode json;
	gboolean legend;       /* headers and footers */
	gboolean pager;        /* page long output on a terminal */
	gboolean ask_password; /* polkit may ask */
	gboolean quiet;        /* say only what went wrong */
	gboolean runtime;      /* change what runs, and no file */
	gboolean value;        /* show --value */
	GPtrArray *properties; /* show --property=: char *, in the order given; never NULL */
	const char *host;      /* --host=; NULL: this one */
	const char *machine;   /* --machine=; NULL: none */
	guint64 timeout_usec;  /* of a call, or of all that wait does; 0 is the default */
	guint64 hold_usec;     /* failover --hold=; 0 is as long as the new master lives */
	const char *why;       /* hold --why=; NULL where not given */
	const char *exec;      /* monitor --exec=; NULL where not given */
	const char *output;    /* import --output=; NULL where not given */
	gboolean dry_run;
	gboolean replace;
	gboolean accept_changes;
	sd_bus *bus; /* of ctl_bus_open(); closed by main */
} Ctl;

/* @arguments ends with NULL and does not hold the verb itself. */
typedef CtlExit (*CtlVerb)(Ctl *ctl, char **arguments);

CtlExit verb_list(Ctl *ctl, char **arguments);
CtlExit verb_status(Ctl *ctl, char **arguments);
CtlExit verb_show(Ctl *ctl, char **arguments);
CtlExit verb_monitor(Ctl *ctl, char **arguments);
CtlExit verb_wait(Ctl *ctl, char **arguments);
CtlExit verb_is_master(Ctl *ctl, char **arguments);
CtlExit verb_statistics(Ctl *ctl, char **arguments);
CtlExit verb_metrics(Ctl *ctl, char **arguments);
CtlExit verb_add(Ctl *ctl, char **arguments);
CtlExit verb_set(Ctl *ctl, char **arguments);
CtlExit verb_remove(Ctl *ctl, char **arguments);
CtlExit verb_enable(Ctl *ctl, char **arguments);
CtlExit verb_disable(Ctl *ctl, char **arguments);
CtlExit verb_failover(Ctl *ctl, char **arguments);
CtlExit verb_hold(Ctl *ctl, char **arguments);
CtlExit verb_set_priority(Ctl *ctl, char **arguments);
CtlExit verb_announce(Ctl *ctl, char **arguments);
CtlExit verb_reload(Ctl *ctl, char **arguments);
CtlExit verb_check(Ctl *ctl, char **arguments);
CtlExit verb_import(Ctl *ctl, char **arguments);

/* One line on stderr, after what stdout has so far. The newline is added. */
void ctl_error(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* "FILE:LINE: TEXT" on stderr; without the line where it is 0. */
void ctl_error_at(const char *file, guint line, const char *text);
