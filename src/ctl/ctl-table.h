/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Rows of cells in columns that are as wide as they must be. */

#include "ctl-terminal.h"

typedef struct CtlTable CtlTable;

/* @headers ends with NULL; one that begins with '>' is of a column that is aligned to the right. */
CtlTable *ctl_table_new(const char *const *headers);
void ctl_table_free(CtlTable *table); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlTable, ctl_table_free)

/* The next cell, row by row. An empty one is shown as "-", so that every row has the same number of
 * words. */
void ctl_table_add(CtlTable *table, CtlColor color, const char *text);
void ctl_table_add_format(CtlTable *table, CtlColor color, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

gboolean ctl_table_is_empty(const CtlTable *table);
/* Prints it on stdout; the headers only where @legend. */
void ctl_table_print(const CtlTable *table, gboolean legend);
