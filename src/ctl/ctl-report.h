/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Problems with a place in a file, however they came here: from the daemon, from the loader, from
 * the importer.
 */

#include "ctl.h"

typedef struct CtlProblem {
	char *file;
	guint line; /* 0: the whole file */
	char *text;
	const char
		*severity; /* static; "error" and "warning" from files, others from the importer */
} CtlProblem;

/* An array of them; the caller unrefs it. */
GPtrArray *ctl_problems_new(void);
void ctl_problems_add(GPtrArray *problems, const char *file, guint line, const char *severity,
		      const char *text);

/* a(sus) of the bus, where a warning begins with "warning: ". Returns 0 or negative errno. */
int ctl_problems_read(sd_bus_message *message, GPtrArray **ret);

/* "FILE:LINE: TEXT" on stderr; "FILE:LINE: SEVERITY: TEXT" for what is no error. */
void ctl_problems_print(const GPtrArray *problems);
/* An array of objects with File, Line, Severity, Text. */
void ctl_problems_json(GString *json, const GPtrArray *problems);

guint ctl_problems_count(const GPtrArray *problems, const char *severity);
gboolean ctl_problems_any_error(const GPtrArray *problems);
