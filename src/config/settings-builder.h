/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Makes Settings: starts with the defaults, takes keys one by one in file syntax, and checks the
 * whole at the end. The result is immutable. Error texts name the key, the value (never a secret)
 * and what would be valid.
 */

#include "schema.h"
#include "settings.h"

#define SETTINGS_ERROR (settings_error_quark())
GQuark settings_error_quark(void);

typedef enum SettingsError {
	SETTINGS_ERROR_UNKNOWN_KEY,
	SETTINGS_ERROR_NOT_SUPPORTED,
	SETTINGS_ERROR_INVALID_VALUE,
	SETTINGS_ERROR_INVALID_NAME,
	SETTINGS_ERROR_INCONSISTENT, /* each value is fine, but not all of them together */
} SettingsError;

/* Something wrong with the settings as a whole. */
typedef struct SettingsProblem {
	const char *key; /* the key to change, from the schema; NULL where it is the name */
	char *text;      /* one line, the key included */
} SettingsProblem;

void settings_problem_free(SettingsProblem *problem);

typedef struct SettingsBuilder SettingsBuilder;

SettingsBuilder *settings_builder_new(const char *name);
/* Starts with @settings, the secret key included. */
SettingsBuilder *settings_builder_new_from(const Settings *settings);
void settings_builder_free(SettingsBuilder *builder); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(SettingsBuilder, settings_builder_free)

/* What has to be set for the key to be as in @settings: in file syntax, the secret key included;
 * NULL where the default gives the same. Wipe it, then free it. */
char *settings_deviation(const Settings *settings, const SchemaKey *key);

/* Sets one key; a later value of the same key replaces the earlier one, "" brings the default back.
 */
gboolean settings_builder_set(SettingsBuilder *builder, const char *key, const char *value,
			      GError **error);

/* Checks the whole. Returns new settings; or NULL, with the first problem in @error, and all of
 * them appended to @problems (SettingsProblem *, may be NULL). The builder can be used on
 * afterwards. */
Settings *settings_builder_finish(SettingsBuilder *builder, GPtrArray *problems, GError **error);
