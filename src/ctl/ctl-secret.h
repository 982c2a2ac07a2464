/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A secret that is typed, or comes from a pipe. */

#include <glib.h>

/* Reads one line from stdin; asks with @prompt and without echo where that is a terminal. Returns
 * NULL, and says why on stderr. The caller frees it with ctl_secret_free(). */
char *ctl_secret_read(const char *prompt);
/* Wipes it first. Accepts NULL. */
void ctl_secret_free(char *secret);
