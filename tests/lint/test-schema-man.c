/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Holds vrrpd.instance(5) and the schema together: every supported key has its entry, in the order
 * of the schema, which begins with the range and the default; every other key is named as not
 * supported yet; and the page knows no key that the schema does not know.
 */

#include <glib.h>
#include <string.h>

#include "config/schema.h"

static GStrv read_page(void)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents(MAN_DIR "/vrrpd.instance.5.rst", &text, NULL, &error);
	g_assert_no_error(error);
	return g_strsplit(text, "\n", -1);
}

/* How the entry of a key begins. */
static char *make_facts(const SchemaKey *key)
{
	g_autofree char *range = schema_describe_range(key);

	if (key->flags & SCHEMA_REQUIRED)
		return g_strdup_printf("    (%s; required) ", range);
	if (key->default_text[0] == '\0')
		return g_strdup_printf("    (%s; empty by default) ", range);
	return g_strdup_printf("    (%s; default %s) ", range, key->default_text);
}

static gboolean is_entry(const char *line)
{
	gsize length = strlen(line);

	return length > 1 && g_ascii_isupper(line[0]) && line[length - 1] == '=' &&
	       strspn(line, G_CSET_A_2_Z G_CSET_a_2_z) == length - 1;
}

static void test_entries(void)
{
	g_auto(GStrv) lines = read_page();
	gsize count, next = 0;
	const SchemaKey *keys = schema_keys(&count);

	for (char **line = lines; *line; line++) {
		g_autofree char *name = NULL, *facts = NULL;

		if (!is_entry(*line))
			continue;
		name = g_strndup(*line, strlen(*line) - 1);
		while (next < count && (keys[next].flags & SCHEMA_UNSUPPORTED))
			next++;
		g_assert_cmpstr(name, ==, next < count ? keys[next].name : "(no key)");
		facts = make_facts(&keys[next++]);
		if (!g_str_has_prefix(line[1], facts))
			g_error("%s= must begin with '%s'", name, facts);
	}
	while (next < count && (keys[next].flags & SCHEMA_UNSUPPORTED))
		next++;
	g_assert_cmpuint(next, ==, count);
}

/* The keys of the section, "A=, B=, C=." */
static void test_unsupported(void)
{
	g_auto(GStrv) lines = read_page();
	g_autoptr(GString) section = g_string_new(NULL);
	g_autoptr(GString) expected = g_string_new(NULL);
	gboolean inside = FALSE;
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	for (char **line = lines; *line; line++) {
		if (strcmp(*line, "NOT SUPPORTED YET") == 0)
			inside = TRUE;
		else if (strcmp(*line, "FILES AND PERMISSIONS") == 0)
			inside = FALSE;
		else if (inside && strchr(*line, '=') && (*line)[0] != '=')
			g_string_append_printf(section, "%s%s", section->len ? " " : "", *line);
	}
	for (gsize i = 0; i < count; i++)
		if (keys[i].flags & SCHEMA_UNSUPPORTED)
			g_string_append_printf(expected, "%s%s=", expected->len ? ", " : "",
					       keys[i].name);
	g_string_append_c(expected, '.');
	g_assert_cmpstr(section->str, ==, expected->str);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schema-man/entries", test_entries);
	g_test_add_func("/schema-man/unsupported", test_unsupported);
	return g_test_run();
}
