/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * All instances from the configuration directories: /usr/lib/vrrpd, /run/vrrpd, /etc/vrrpd (each
 * with instances/ below), the later ones overriding the earlier by file name, with drop-ins in
 * NAME.conf.d. A broken file never hides the others. A symbolic link to /dev/null takes an
 * instance, or a drop-in, of a lower directory away.
 */

#include "settings.h"

typedef struct ConfigError {
	char *file;
	guint line; /* 0 where it is the whole file */
	char *text; /* one line: the key, the value, what would be valid */
	char *name; /* the instance that keeps its former settings because of this ("" for a whole
		     * directory); NULL for a mere warning */
} ConfigError;

void config_error_free(ConfigError *error);

typedef struct ConfigSource {
	char *name;
	char *fragment_path; /* the main file */
	Settings *settings;
} ConfigSource;

typedef struct ConfigSet {
	GHashTable
		*sources; /* name -> ConfigSource *, valid instances only, disabled ones included */
	GPtrArray *errors;   /* ConfigError *: errors and warnings, ordered by file and line */
	gboolean incomplete; /* a directory could not be read: an instance that is missing here may
			      * still exist, so none may be removed because of this set */
} ConfigSet;

void config_set_free(ConfigSet *set); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfigSet, config_set_free)

/* Reads instances/ in @directories (lowest precedence first; missing ones are fine). Never fails as
 * a whole. Rules that need to see all instances (two with one interface, family and VRID) are
 * checked here too: the later name by byte order is the error. */
ConfigSet *config_load(const char *const *directories);

/* Reads single files (with their drop-ins beside them), directories of files, and configuration
 * directories, for `vrrpctl check`. A path that is not there is an error. */
ConfigSet *config_load_paths(const char *const *paths);

/* Instance @name as config_load() would read it if its main file, @path, held @text. Returns new
 * settings, or NULL. What is wrong with it is appended to @errors (ConfigError *); so is each of
 * @keys (ends with NULL) that a drop-in decides, whatever @text says. */
Settings *config_preview(const char *const *directories, const char *name, const char *path,
			 const char *text, const char *const *keys, GPtrArray *errors);
