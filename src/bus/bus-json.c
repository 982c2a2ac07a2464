/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A JSON writer that is as small as Describe() needs: objects, arrays, strings, booleans and
 * integers, in one pass, without white space. Integers are written in full; readers that keep them
 * as doubles lose digits above 2^53, which no time in microseconds reaches. It does not check that
 * keys and brackets come in order: its only caller walks a fixed table.
 */

#include "bus-json.h"

void bus_json_init(BusJson *json)
{
	json->text = g_string_new(NULL);
	json->comma = FALSE;
}

char *bus_json_finish(BusJson *json)
{
	return g_string_free(g_steal_pointer(&json->text), FALSE);
}

static void separate(BusJson *json)
{
	if (json->comma)
		g_string_append_c(json->text, ',');
	json->comma = TRUE;
}

void bus_json_open(BusJson *json, char bracket)
{
	separate(json);
	g_string_append_c(json->text, bracket);
	json->comma = FALSE;
}

void bus_json_close(BusJson *json, char bracket)
{
	g_string_append_c(json->text, bracket);
	json->comma = TRUE;
}

static void append_escaped(GString *text, const char *value)
{
	static const char *const short_forms[32] = {
		['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r",
	};

	g_string_append_c(text, '"');
	for (const char *p = value; *p; p++) {
		const char *plain = p;
		guchar c;

		while ((c = (guchar)*p) >= 0x20 && c != '"' && c != '\\')
			p++;
		g_string_append_len(text, plain, p - plain);
		if (c == '\0')
			break;
		if (c == '"' || c == '\\')
			g_string_append_printf(text, "\\%c", c);
		else if (short_forms[c])
			g_string_append(text, short_forms[c]);
		else
			g_string_append_printf(text, "\\u%04x", c);
	}
	g_string_append_c(text, '"');
}

void bus_json_key(BusJson *json, const char *key)
{
	separate(json);
	append_escaped(json->text, key);
	g_string_append_c(json->text, ':');
	json->comma = FALSE;
}

void bus_json_string(BusJson *json, const char *value)
{
	separate(json);
	append_escaped(json->text, value);
}

void bus_json_boolean(BusJson *json, gboolean value)
{
	separate(json);
	g_string_append(json->text, value ? "true" : "false");
}

void bus_json_unsigned(BusJson *json, guint64 value)
{
	separate(json);
	g_string_append_printf(json->text, "%" G_GUINT64_FORMAT, value);
}

void bus_json_signed(BusJson *json, gint64 value)
{
	separate(json);
	g_string_append_printf(json->text, "%" G_GINT64_FORMAT, value);
}
