/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Writes instance files so that a reader sees the old file or the new one and a crash leaves one of
 * them: a temporary file in the same directory, fsync, rename, fsync of the directory. Mode 0640,
 * group of the directory.
 */

#include <glib.h>

/* With @replace an existing file is replaced; without it, that is an error (G_FILE_ERROR_EXIST). On
 * error the directory is as it was. */
gboolean config_write_file(const char *path, const char *text, gboolean replace, GError **error);

/* @value as it is written behind "KEY=" in a key file. The caller frees it. */
char *config_escape_value(const char *value);
