/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Any text as a keepalived.conf. What comes out must be sound: valid and different names, key files
 * that the loader takes and that give the same settings again, and messages of one line that name a
 * line of the file.
 */

#include <glib.h>
#include <stdint.h>
#include <string.h>

#include "config/config-file.h"
#include "config/keepalived-import.h"
#include "config/settings-builder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(const char *text)
{
	g_assert_true(g_utf8_validate(text, -1, NULL));
	g_assert_null(strchr(text, '\n'));
}

static void check_instance(const KeepalivedInstance *instance)
{
	g_autofree char *text = keepalived_instance_render(instance);
	g_autoptr(GPtrArray) faults =
		g_ptr_array_new_with_free_func((GDestroyNotify)config_fault_free);
	g_autoptr(GPtrArray) entries = config_file_parse(text, strlen(text), faults);
	g_autoptr(SettingsBuilder) builder = settings_builder_new(instance->name);
	g_autoptr(Settings) settings = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(settings_name_is_valid(instance->name));
	g_assert_cmpuint(faults->len, ==, 0);
	for (guint i = 0; i < entries->len; i++) {
		const ConfigEntry *entry = entries->pdata[i];

		settings_builder_set(builder, entry->key, entry->value, &error);
		g_assert_no_error(error);
	}
	settings = settings_builder_finish(builder, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(settings_equal(settings, instance->settings));
}

static guint count_lines(const uint8_t *data, size_t size)
{
	guint lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autoptr(GPtrArray) messages = NULL, instances = NULL;
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
	g_autoptr(GError) error = NULL;
	guint lines = count_lines(data, size);

	instances = keepalived_import_text("fuzz", (const char *)data, size, &messages, &error);
	if (!instances) {
		g_assert_null(messages);
		check_text(error->message);
		return 0;
	}
	for (guint i = 0; i < messages->len; i++) {
		const KeepalivedMessage *message = messages->pdata[i];

		check_text(message->text);
		g_assert_cmpuint(message->line, >=, 1);
		g_assert_cmpuint(message->line, <=, lines);
	}
	for (guint i = 0; i < instances->len; i++) {
		KeepalivedInstance *instance = instances->pdata[i];

		check_instance(instance);
		g_assert_true(g_hash_table_add(names, instance->name));
	}
	return 0;
}
