/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The files of one instance as a program changes them. @directories are those of config_load(),
 * lowest precedence first; the last one is written, the others are only read. Everything is on the
 * disk when these return, or nothing has changed.
 */

#include "config-edit.h"

#define CONFIG_STORE_ERROR (config_store_error_quark())
GQuark config_store_error_quark(void);

typedef enum ConfigStoreError {
	CONFIG_STORE_ERROR_CONFLICT, /* a file there says otherwise, or is broken */
	CONFIG_STORE_ERROR_FAILED,   /* the disk, or rights */
} ConfigStoreError;

/* The main file that counts for @name, or NULL where there is none or a link to /dev/null hides
 * it. The caller frees it. */
char *config_store_find(const char *const *directories, const char *name);

/* Changes the keys in @name's file. A file of a lower directory is copied first; where there is
 * none at all, @whole is written as a whole. Returns the file's path, which the caller frees. */
char *config_store_write(const char *const *directories, const char *name,
			 const ConfigChange *changes, gsize count, const Settings *whole,
			 GError **error);

/* Removes the file and its drop-ins from the last directory, and hides those of the others. */
gboolean config_store_remove(const char *const *directories, const char *name, GError **error);
