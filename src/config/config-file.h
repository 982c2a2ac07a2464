/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One key file, line by line. The syntax is GKeyFile's (comments with '#', [groups], key=value, the
 * escapes \s \n \t \r \\, and "\;" in lists); unlike GKeyFile it keeps the line of every key, and
 * refuses what GKeyFile takes in silence: a second group of the same name, a key that is there
 * twice.
 */

#include <glib.h>
#include <sys/types.h>

#define CONFIG_FILE_SIZE_MAX (256 * 1024)

typedef struct ConfigEntry {
	guint line;
	char *key;   /* as written, whether known or not */
	char *value; /* without escapes; may be the secret key, so it is wiped */
} ConfigEntry;

typedef struct ConfigFault {
	guint line;
	char *text;
} ConfigFault;

/* Reads a regular file of at most @limit bytes; never waits on a device or a pipe. The text ends
 * with a zero that is not counted; the caller wipes it, as it may hold the secret key. The error's
 * text names the reason, not the file. */
char *config_file_read(const char *path, gsize limit, gsize *ret_length, mode_t *ret_mode,
		       GError **error);

/* The entries of the group [Instance] (ConfigEntry *), in order. What is wrong is appended to
 * @faults (ConfigFault *, with a free function); the rest of the file is read all the same. Unknown
 * keys are no fault here. */
GPtrArray *config_file_parse(const char *text, gsize length, GPtrArray *faults);

void config_fault_free(ConfigFault *fault);
