/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Values as text, for those who read with cut and grep. Whatever a program must take apart again
 * without a doubt is printed as JSON instead: here a text may hold the separator.
 */

#include <errno.h>

#include "ctl-json.h"
#include "ctl-value.h"
#include "ctl-words.h"

/* Numbers are written as in JSON. */
static int append_number(GString *text, sd_bus_message *message)
{
	g_autoptr(GString) json = g_string_new(NULL);
	int r = ctl_json_message(json, message);

	if (r >= 0)
		g_string_append_len(text, json->str, (gssize)json->len);
	return r;
}

static int append_basic(GString *text, sd_bus_message *message, char type)
{
	g_autofree char *printable = NULL;
	const char *word;
	int yes, r;

	if (type == 'b') {
		r = sd_bus_message_read_basic(message, type, &yes);
		if (r >= 0)
			g_string_append(text, yes ? "yes" : "no");
		return r;
	}
	if (type != 's' && type != 'o' && type != 'g')
		return append_number(text, message);
	r = sd_bus_message_read_basic(message, type, &word);
	if (r < 0)
		return r;
	printable = ctl_words_printable(word);
	g_string_append(text, printable);
	return r;
}

static int append_container(GString *text, sd_bus_message *message, char type, const char *contents)
{
	char separator = type == SD_BUS_TYPE_ARRAY ? ';' : type == SD_BUS_TYPE_STRUCT ? ' ' : '=';
	int r = sd_bus_message_enter_container(message, type, contents);

	if (r < 0)
		return r;
	for (gboolean first = TRUE;; first = FALSE) {
		r = sd_bus_message_at_end(message, FALSE);
		if (r != 0)
			break;
		if (!first)
			g_string_append_c(text, separator);
		r = ctl_value_append(text, message);
		if (r < 0)
			break;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int ctl_value_append(GString *text, sd_bus_message *message)
{
	const char *contents;
	char type;
	int r = sd_bus_message_peek_type(message, &type, &contents);

	if (r <= 0)
		return r < 0 ? r : -ENODATA;
	if (contents)
		return append_container(text, message, type, contents);
	return append_basic(text, message, type);
}
