/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Any text as an instance file. What our scanner takes without complaint, GKeyFile must read in the
 * same way; what the builder takes must survive being written and read again; and every complaint
 * must be one line of UTF-8, since it goes to the journal and the bus.
 */

#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "config/config-file.h"
#include "config/config-write.h"
#include "config/schema.h"
#include "config/settings-builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_null(strchr(text, '\n'));
}

/* GKeyFile keeps space at the end of a line, which we take for layout; both are without it here. */
static void compare_with_glib(const char *text, size_t size, const GPtrArray *entries)
{
	g_autoptr(GKeyFile) file = g_key_file_new();
	g_autoptr(GError) error = NULL;

	g_key_file_load_from_data(file, text, size, G_KEY_FILE_NONE, &error);
	g_assert_no_error(error);
	for (guint i = 0; i < entries->len; i++) {
		const ConfigEntry *entry = entries->pdata[i];
		g_autofree char *ours = g_strchomp(g_strdup(entry->value));
		g_autofree char *theirs = NULL;

		if (schema_find(entry->key)->type == SCHEMA_LIST)
			continue; /* the escapes of a list are undone by splitting it */
		theirs = g_key_file_get_string(file, "Instance", entry->key, &error);
		g_assert_no_error(error);
		g_assert_cmpstr(ours, ==, g_strchomp(theirs));
	}
}

/* Everything but the secret, which is never formatted, through file syntax and back. */
static void check_round_trip(const Settings *settings, const char *secret)
{
	g_autoptr(GString) text = g_string_new("[Instance]\n");
	g_autoptr(GPtrArray) faults =
		g_ptr_array_new_with_free_func((GDestroyNotify)config_fault_free);
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(SettingsBuilder) builder = settings_builder_new(settings->name);
	g_autoptr(Settings) again = NULL;
	g_autoptr(GError) error = NULL;
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	for (gsize i = 0; i < count; i++) {
		g_autofree char *value = schema_format(&keys[i], settings);
		g_autofree char *escaped = value ? config_escape_value(value) : NULL;

		if (escaped)
			g_string_append_printf(text, "%s=%s\n", keys[i].name, escaped);
	}
	entries = config_file_parse(text->str, text->len, faults);
	g_assert_cmpuint(faults->len, ==, 0);
	for (guint i = 0; i < entries->len; i++) {
		const ConfigEntry *entry = entries->pdata[i];

		settings_builder_set(builder, entry->key, entry->value, &error);
		g_assert_no_error(error);
	}
	g_assert_true(settings_builder_set(builder, "AuthenticationKey", secret, NULL));
	again = settings_builder_finish(builder, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(settings_equal(settings, again));
}

/* Returns whether all keys are known. */
static gboolean build(SettingsBuilder *builder, const GPtrArray *entries, const char **ret_secret)
{
	gboolean known = TRUE;

	for (guint i = 0; i < entries->len; i++) {
		const ConfigEntry *entry = entries->pdata[i];
		g_autoptr(GError) error = NULL;

		known = known && schema_find(entry->key);
		if (!settings_builder_set(builder, entry->key, entry->value, &error))
			check_text(error->message);
		else if (strcmp(entry->key, "AuthenticationKey") == 0)
			*ret_secret = entry->value;
	}
	return known;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GPtrArray) faults =
		g_ptr_array_new_with_free_func((GDestroyNotify)config_fault_free);
	g_autoptr(GPtrArray) problems =
		g_ptr_array_new_with_free_func((GDestroyNotify)settings_problem_free);
	g_autoptr(GPtrArray) entries = config_file_parse((const char *)data, size, faults);
	g_autoptr(SettingsBuilder) builder = settings_builder_new("fuzz");
	g_autoptr(Settings) settings = NULL;
	const char *secret = "";
	gboolean known = build(builder, entries, &secret);

	for (guint i = 0; i < faults->len; i++)
		check_text(((const ConfigFault *)faults->pdata[i])->text);
	if (known && faults->len == 0)
		compare_with_glib((const char *)data, size, entries);
	settings = settings_builder_finish(builder, problems, NULL);
	g_assert_cmpint(settings == NULL, ==, problems->len > 0);
	for (guint i = 0; i < problems->len; i++)
		check_text(((const SettingsProblem *)problems->pdata[i])->text);
	if (settings)
		check_round_trip(settings, secret);
	return 0;
}
