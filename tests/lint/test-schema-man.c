/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Holds vrrpd.instance(5) and the schema together: every supported key has its entry, in the order
 * of the schema, which begins with the range and the default; every other key is named as not
 * supported yet; and the page knows no key that the schema does not know. org.vrrpd1(5) has a table
 * of their types on the bus.
 */

#include <glib.h>
#include <string.h>

#include "config/schema.h"

static GStrv read_page(const char *name)
{
	g_autofree char *path = g_build_filename(MAN_DIR, name, NULL);
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;

	g_file_get_contents(path, &text, NULL, &error);
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
	g_auto(GStrv) lines = read_page("vrrpd.instance.5.rst");
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
	g_auto(GStrv) lines = read_page("vrrpd.instance.5.rst");
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

/* The rows between the second and the third line of '='. */
static void test_types(void)
{
	g_auto(GStrv) lines = read_page("org.vrrpd1.5.rst");
	gsize count, next = 0;
	const SchemaKey *keys = schema_keys(&count);
	char **line = lines;

	while (*line && !g_regex_match_simple("^Key +Type$", *line, 0, 0))
		line++;
	g_assert_nonnull(*line);
	for (line += 2; *line && (*line)[0] != '='; line++) {
		g_autofree char *row = NULL;

		while (next < count && (keys[next].flags & SCHEMA_UNSUPPORTED))
			next++;
		row = next < count ? g_strdup_printf("%-27s ``%s``", keys[next].name,
						     keys[next].signature)
				   : g_strdup("(no key)");
		g_assert_cmpstr(*line, ==, row);
		next++;
	}
	while (next < count && (keys[next].flags & SCHEMA_UNSUPPORTED))
		next++;
	g_assert_cmpuint(next, ==, count);
}

/* What vrrpd.instance(5) says of types, in a sentence, is how it is. */
static void test_signatures(void)
{
	static const char *const signatures[] = { [SCHEMA_BOOLEAN] = "b",
						  [SCHEMA_BYTE] = "y",
						  [SCHEMA_TIMESPAN] = "t",
						  [SCHEMA_STRING] = "s",
						  [SCHEMA_LIST] = "as" };
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	for (gsize i = 0; i < count; i++)
		g_assert_cmpstr(keys[i].signature, ==, signatures[keys[i].type]);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schema-man/entries", test_entries);
	g_test_add_func("/schema-man/unsupported", test_unsupported);
	g_test_add_func("/schema-man/types", test_types);
	g_test_add_func("/schema-man/signatures", test_signatures);
	return g_test_run();
}
