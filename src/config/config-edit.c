/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The parser says in which line each key stands; those lines are replaced, all others are copied
 * byte by byte. The text is made large enough at once, so that growing leaves no copies of the key
 * behind.
 */

#include <string.h>

#include "config-edit.h"
#include "config-file.h"
#include "config-write.h"

#define GROUP_LINE "[Instance]\n"

typedef struct Edit {
	const ConfigChange *changes;
	gsize count;
	gboolean *done;     /* the change has its line */
	GPtrArray *entries; /* ConfigEntry * */
	guint last_line;    /* of an entry; new keys come behind it */
	GString *result;
} Edit;

static void append_change(Edit *edit, gsize i)
{
	g_autofree char *value = config_escape_value(edit->changes[i].value);

	edit->done[i] = TRUE;
	if (*value)
		g_string_append_printf(edit->result, "%s=%s\n", edit->changes[i].key, value);
	explicit_bzero(value, strlen(value));
}

static void append_new(Edit *edit)
{
	for (gsize i = 0; i < edit->count; i++)
		if (!edit->done[i])
			append_change(edit, i);
}

/* Returns FALSE where the line is none of a key that changes. */
static gboolean replace_line(Edit *edit, guint line)
{
	for (guint k = 0; k < edit->entries->len; k++) {
		const ConfigEntry *entry = edit->entries->pdata[k];

		if (entry->line != line)
			continue;
		for (gsize i = 0; i < edit->count; i++)
			if (g_str_equal(edit->changes[i].key, entry->key)) {
				append_change(edit, i);
				return TRUE;
			}
		return FALSE;
	}
	return FALSE;
}

static gboolean is_group_line(const char *line, gsize length)
{
	g_autofree char *copy = g_strstrip(g_strndup(line, length));

	return copy[0] == '[';
}

/* Behind which line new keys are to come where there is no key yet. */
static guint find_group_line(const char *text)
{
	guint line = 0;

	while (*text) {
		gsize length = strcspn(text, "\n");

		line++;
		if (is_group_line(text, length))
			return line;
		text += length + (text[length] == '\n');
	}
	return 0;
}

static void copy_lines(Edit *edit, const char *text)
{
	guint line = 0;

	while (*text) {
		gsize length = strcspn(text, "\n");

		line++;
		if (!replace_line(edit, line)) {
			g_string_append_len(edit->result, text, (gssize)length);
			g_string_append_c(edit->result, '\n');
		}
		if (line == edit->last_line)
			append_new(edit);
		text += length + (text[length] == '\n');
	}
}

static gsize room(const char *text, const ConfigChange *changes, gsize count)
{
	gsize size = strlen(text) + sizeof GROUP_LINE + 2;

	for (gsize i = 0; i < count; i++)
		size += strlen(changes[i].key) + 2 * strlen(changes[i].value) + 3;
	return size;
}

char *config_edit(const char *text, const ConfigChange *changes, gsize count)
{
	g_autoptr(GPtrArray) faults =
		g_ptr_array_new_with_free_func((GDestroyNotify)config_fault_free);
	g_autoptr(GPtrArray) entries = NULL;
	g_autofree gboolean *done = g_new0(gboolean, count + 1);
	Edit edit = { .changes = changes, .count = count, .done = done };

	if (*text == '\0')
		text = GROUP_LINE;
	entries = config_file_parse(text, strlen(text), faults);
	edit.entries = entries;
	edit.result = g_string_sized_new(room(text, changes, count));
	edit.last_line = entries->len > 0
				 ? ((const ConfigEntry *)entries->pdata[entries->len - 1])->line
				 : find_group_line(text);
	copy_lines(&edit, text);
	return g_string_free(edit.result, FALSE);
}
