/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Writing JSON. There is one writer, which is compact, and one layout, which works on the text: so
 * what the daemon's Describe() returns is laid out exactly like what is built here. Numbers stay
 * numbers whatever their size, names are those of the bus, and nothing depends on the locale.
 */

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ctl-json.h"

static void separate(GString *json)
{
	char last = json->len > 0 ? json->str[json->len - 1] : '\0';

	if (last != '\0' && last != '{' && last != '[' && last != ':')
		g_string_append_c(json, ',');
}

void ctl_json_open(GString *json, char bracket)
{
	separate(json);
	g_string_append_c(json, bracket);
}

void ctl_json_close(GString *json, char bracket)
{
	g_string_append_c(json, bracket);
}

static void append_quoted(GString *json, const char *value)
{
	g_string_append_c(json, '"');
	for (const char *c = value; *c; c++)
		if (*c == '"' || *c == '\\')
			g_string_append_printf(json, "\\%c", *c);
		else if (*c == '\n')
			g_string_append(json, "\\n");
		else if (*c == '\t')
			g_string_append(json, "\\t");
		else if ((guchar)*c < 0x20 || *c == 0x7f)
			g_string_append_printf(json, "\\u%04x", (guchar)*c);
		else
			g_string_append_c(json, *c);
	g_string_append_c(json, '"');
}

void ctl_json_key(GString *json, const char *key)
{
	ctl_json_string(json, key);
	g_string_append_c(json, ':');
}

void ctl_json_string(GString *json, const char *value)
{
	g_autofree char *valid = value ? g_utf8_make_valid(value, -1) : NULL;

	separate(json);
	if (valid)
		append_quoted(json, valid);
	else
		g_string_append(json, "null");
}

void ctl_json_unsigned(GString *json, guint64 value)
{
	separate(json);
	g_string_append_printf(json, "%" G_GUINT64_FORMAT, value);
}

static void append_signed(GString *json, gint64 value)
{
	separate(json);
	g_string_append_printf(json, "%" G_GINT64_FORMAT, value);
}

void ctl_json_boolean(GString *json, gboolean value)
{
	separate(json);
	g_string_append(json, value ? "true" : "false");
}

void ctl_json_pair_string(GString *json, const char *key, const char *value)
{
	ctl_json_key(json, key);
	ctl_json_string(json, value);
}

void ctl_json_pair_unsigned(GString *json, const char *key, guint64 value)
{
	ctl_json_key(json, key);
	ctl_json_unsigned(json, value);
}

static void append_double(GString *json, double value)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];

	separate(json);
	/* JSON has neither infinities nor NaN. */
	g_string_append(json,
			value - value == 0 ? g_ascii_dtostr(buffer, sizeof buffer, value) : "null");
}

static int append_basic(GString *json, sd_bus_message *message, char type)
{
	union {
		uint8_t y;
		int b;
		int16_t n;
		uint16_t q;
		int32_t i;
		uint32_t u;
		int64_t x;
		uint64_t t;
		double d;
		const char *s;
	} value = {};
	int r = sd_bus_message_read_basic(message, type, &value);

	if (r < 0)
		return r;
	switch (type) {
	case 'y':
		ctl_json_unsigned(json, value.y);
		return 0;
	case 'b':
		ctl_json_boolean(json, value.b);
		return 0;
	case 'n':
		append_signed(json, value.n);
		return 0;
	case 'q':
		ctl_json_unsigned(json, value.q);
		return 0;
	case 'i':
	case 'h':
		append_signed(json, value.i);
		return 0;
	case 'u':
		ctl_json_unsigned(json, value.u);
		return 0;
	case 'x':
		append_signed(json, value.x);
		return 0;
	case 't':
		ctl_json_unsigned(json, value.t);
		return 0;
	case 'd':
		append_double(json, value.d);
		return 0;
	default:
		ctl_json_string(json, value.s);
		return 0;
	}
}

/* The key of a dict entry: JSON wants a string. */
static int append_key(GString *json, sd_bus_message *message)
{
	g_autoptr(GString) key = g_string_new(NULL);
	int r = ctl_json_message(key, message);

	if (r < 0)
		return r;
	if (key->str[0] == '"') {
		separate(json);
		g_string_append(json, key->str);
	} else {
		ctl_json_string(json, key->str);
	}
	g_string_append_c(json, ':');
	return 0;
}

static int append_entry(GString *json, sd_bus_message *message, const char *contents)
{
	int r = sd_bus_message_enter_container(message, SD_BUS_TYPE_DICT_ENTRY, contents);

	if (r < 0)
		return r;
	r = append_key(json, message);
	if (r < 0)
		return r;
	r = ctl_json_message(json, message);
	if (r < 0)
		return r;
	return sd_bus_message_exit_container(message);
}

static int append_elements(GString *json, sd_bus_message *message, gboolean entries,
			   const char *contents)
{
	g_autofree char *inner =
		entries ? g_strndup(contents + 1, strlen(contents) - 2) : g_strdup(contents);

	for (;;) {
		int r = sd_bus_message_at_end(message, FALSE);

		if (r != 0)
			return MIN(r, 0);
		r = entries ? append_entry(json, message, inner) : ctl_json_message(json, message);
		if (r < 0)
			return r;
	}
}

static int append_container(GString *json, sd_bus_message *message, char type, const char *contents)
{
	gboolean entries = type == SD_BUS_TYPE_ARRAY && contents[0] == '{';
	int r = sd_bus_message_enter_container(message, type, contents);

	if (r < 0)
		return r;
	if (type == SD_BUS_TYPE_VARIANT) {
		r = ctl_json_message(json, message);
	} else {
		ctl_json_open(json, entries ? '{' : '[');
		r = append_elements(json, message, entries, contents);
		ctl_json_close(json, entries ? '}' : ']');
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int ctl_json_message(GString *json, sd_bus_message *message)
{
	const char *contents;
	char type;
	int r = sd_bus_message_peek_type(message, &type, &contents);

	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	if (type == SD_BUS_TYPE_ARRAY || type == SD_BUS_TYPE_STRUCT || type == SD_BUS_TYPE_VARIANT)
		return append_container(json, message, type, contents);
	r = append_basic(json, message, type);
	return MIN(r, 0);
}

int ctl_json_structs(GString *json, sd_bus_message *message, const char *const *names)
{
	const char *contents;
	int r = sd_bus_message_enter_container(message, 'a', NULL);

	ctl_json_open(json, '[');
	while (r >= 0 && (r = sd_bus_message_peek_type(message, NULL, &contents)) > 0) {
		r = sd_bus_message_enter_container(message, 'r', contents);
		ctl_json_open(json, '{');
		for (guint i = 0; r >= 0 && names[i]; i++) {
			ctl_json_key(json, names[i]);
			r = ctl_json_message(json, message);
		}
		ctl_json_close(json, '}');
		r = r < 0 ? r : sd_bus_message_exit_container(message);
	}
	ctl_json_close(json, ']');
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

static void append_line(GString *out, guint depth)
{
	g_string_append_c(out, '\n');
	for (guint i = 0; i < depth; i++)
		g_string_append_c(out, '\t');
}

/* Copies the string that starts at @c; returns its closing quote. */
static const char *copy_string(GString *out, const char *c)
{
	g_string_append_c(out, *c++);
	for (; *c && *c != '"'; c++) {
		g_string_append_c(out, *c);
		if (*c == '\\' && c[1])
			g_string_append_c(out, *++c);
	}
	g_string_append_c(out, '"');
	return *c ? c : c - 1;
}

static char *lay_out(const char *text, gboolean pretty)
{
	GString *out = g_string_new(NULL);
	guint depth = 0;

	for (const char *c = text; *c; c++) {
		gboolean opens = *c == '{' || *c == '[', closes = *c == '}' || *c == ']';
		gboolean empty = opens && (c[1] == '}' || c[1] == ']');

		if (g_ascii_isspace(*c))
			continue;
		if (*c == '"') {
			c = copy_string(out, c);
			continue;
		}
		if (closes && depth > 0)
			depth--;
		if (closes && pretty)
			append_line(out, depth);
		g_string_append_c(out, *c);
		if (empty) {
			g_string_append_c(out, *++c);
			continue;
		}
		depth += opens;
		if (pretty && (opens || *c == ','))
			append_line(out, depth);
		else if (pretty && *c == ':')
			g_string_append_c(out, ' ');
	}
	return g_string_free(out, FALSE);
}

void ctl_json_print(const Ctl *ctl, const char *text)
{
	g_autofree char *out = lay_out(text, ctl->json == CTL_JSON_PRETTY);

	puts(out);
}
