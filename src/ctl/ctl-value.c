/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Values as text, for those who read with cut and grep. Whatever a program must take apart again
 * without a doubt is printed as JSON instead: here a text may hold the separator.
 */

#include <errno.h>

#include "ctl-value.h"
#include "ctl-words.h"

static int append_basic(GString *text, sd_bus_message *message, char type)
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
	g_autofree char *printable = NULL;
	char number[G_ASCII_DTOSTR_BUF_SIZE];

	if (r < 0)
		return r;
	if (type == 'b')
		g_string_append(text, value.b ? "yes" : "no");
	else if (type == 'y')
		g_string_append_printf(text, "%u", value.y);
	else if (type == 'n')
		g_string_append_printf(text, "%d", value.n);
	else if (type == 'q')
		g_string_append_printf(text, "%u", value.q);
	else if (type == 'i')
		g_string_append_printf(text, "%d", value.i);
	else if (type == 'u')
		g_string_append_printf(text, "%u", value.u);
	else if (type == 'x')
		g_string_append_printf(text, "%" G_GINT64_FORMAT, value.x);
	else if (type == 't')
		g_string_append_printf(text, "%" G_GUINT64_FORMAT, value.t);
	else if (type == 'd')
		g_string_append(text, g_ascii_dtostr(number, sizeof number, value.d));
	else if (type == 's' || type == 'o' || type == 'g')
		g_string_append(text, printable = ctl_words_printable(value.s));
	else
		return -EOPNOTSUPP;
	return 0;
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
