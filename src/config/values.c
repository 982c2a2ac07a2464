/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Parsers for single values: booleans, bytes, time spans, interface names, lists. Addresses are in
 * value-address.c.
 *
 * They are strict, because a value that is understood by half is worse than one that is refused:
 * there is no trailing rubbish, no wrapping of numbers, and no rounding. They know nothing of keys
 * or files; whoever calls puts the place in front of the reason. They must never put the value into
 * the reason, since it may be a secret.
 */

#include <string.h>

#include "values.h"

#define USEC_PER_MSEC   G_GUINT64_CONSTANT(1000)
#define USEC_PER_SECOND G_GUINT64_CONSTANT(1000000)
#define FRACTION_DIGITS 8 /* 10^8 days in microseconds still fit into 64 bits */

static gboolean refuse(char **ret_why, const char *why)
{
	*ret_why = g_strdup(why);
	return FALSE;
}

/* Is @text, but for the space around it, one of @words (any case)? */
static gboolean is_one_of(const char *text, const char *const *words)
{
	g_autofree char *copy = g_strstrip(g_strdup(text));

	for (; *words; words++)
		if (g_ascii_strcasecmp(copy, *words) == 0)
			return TRUE;
	return FALSE;
}

gboolean value_parse_boolean(const char *text, gboolean *ret_value, char **ret_why)
{
	static const char *const yes[] = { "1", "yes", "y", "true", "t", "on", NULL };
	static const char *const no[] = { "0", "no", "n", "false", "f", "off", NULL };

	if (is_one_of(text, yes))
		*ret_value = TRUE;
	else if (is_one_of(text, no))
		*ret_value = FALSE;
	else
		return refuse(ret_why, "must be yes or no");
	return TRUE;
}

gboolean value_parse_byte(const char *text, guint8 minimum, guint8 maximum, guint8 *ret_value,
			  char **ret_why)
{
	g_autofree char *copy = g_strstrip(g_strdup(text));
	guint64 number;

	if (!g_ascii_string_to_unsigned(copy, 10, minimum, maximum, &number, NULL)) {
		*ret_why =
			g_strdup_printf("must be a whole number from %u to %u", minimum, maximum);
		return FALSE;
	}
	*ret_value = (guint8)number;
	return TRUE;
}

typedef struct Unit {
	const char *name;
	guint64 usec;
} Unit;

static const Unit units[] = {
	/* The first of each size is the one that is written. */
	{ "d", 86400 * USEC_PER_SECOND },
	{ "h", 3600 * USEC_PER_SECOND },
	{ "min", 60 * USEC_PER_SECOND },
	{ "s", USEC_PER_SECOND },
	{ "ms", USEC_PER_MSEC },
	{ "us", 1 },
	{ "day", 86400 * USEC_PER_SECOND },
	{ "days", 86400 * USEC_PER_SECOND },
	{ "hour", 3600 * USEC_PER_SECOND },
	{ "hours", 3600 * USEC_PER_SECOND },
	{ "hr", 3600 * USEC_PER_SECOND },
	{ "minute", 60 * USEC_PER_SECOND },
	{ "minutes", 60 * USEC_PER_SECOND },
	{ "m", 60 * USEC_PER_SECOND },
	{ "second", USEC_PER_SECOND },
	{ "seconds", USEC_PER_SECOND },
	{ "sec", USEC_PER_SECOND },
	{ "msec", USEC_PER_MSEC },
	{ "usec", 1 },
	{ "µs", 1 }, /* the micro sign */
	{ "μs", 1 }, /* the Greek letter */
};

#define UNITS_WRITTEN 6

/* Reads one number; @ret_scale is 10 to the power of the digits behind the point. */
static gboolean parse_number(const char **cursor, guint64 *ret_number, guint64 *ret_scale)
{
	const char *p = *cursor;
	guint64 number = 0, scale = 1;
	gboolean point = FALSE, digits = FALSE;

	for (;; p++) {
		if (*p == '.' && !point) {
			point = TRUE;
			continue;
		}
		if (!g_ascii_isdigit(*p))
			break;
		digits = TRUE;
		if (!g_uint64_checked_mul(&number, number, 10) ||
		    !g_uint64_checked_add(&number, number, (guint64)(*p - '0')))
			return FALSE;
		if (point)
			scale *= 10;
		if (scale > 100000000)
			return FALSE;
	}
	if (!digits || (point && scale == 1))
		return FALSE;

	*cursor = p;
	*ret_number = number;
	*ret_scale = scale;
	return TRUE;
}

/* Reads a unit's name; none at all means seconds, and only for the last number. */
static gboolean parse_unit(const char **cursor, guint64 *ret_usec)
{
	const char *p = *cursor;
	gsize length = 0;

	while (p[length] && !g_ascii_isspace(p[length]) && !g_ascii_isdigit(p[length]) &&
	       p[length] != '.')
		length++;
	if (length == 0 && *p == '\0') {
		*ret_usec = USEC_PER_SECOND;
		return TRUE;
	}
	for (gsize i = 0; i < G_N_ELEMENTS(units); i++)
		if (strlen(units[i].name) == length && strncmp(units[i].name, p, length) == 0) {
			*cursor = p + length;
			*ret_usec = units[i].usec;
			return TRUE;
		}
	return FALSE;
}

static const char *skip_space(const char *p)
{
	while (g_ascii_isspace(*p))
		p++;
	return p;
}

gboolean value_parse_timespan(const char *text, guint64 *ret_usec, char **ret_why)
{
	const char *malformed = "must be a time span such as 4s, 250ms or 1min 30s";
	const char *p = skip_space(text);
	guint64 total = 0;

	if (*p == '\0')
		return refuse(ret_why, malformed);
	while (*p) {
		guint64 number, scale, unit, part;

		if (!parse_number(&p, &number, &scale))
			return refuse(ret_why, malformed);
		p = skip_space(p);
		if (!parse_unit(&p, &unit))
			return refuse(ret_why, malformed);
		if (!g_uint64_checked_mul(&part, number, unit))
			return refuse(ret_why, "is too long");
		if (part % scale != 0)
			return refuse(ret_why, "must be a whole number of microseconds");
		if (!g_uint64_checked_add(&total, total, part / scale))
			return refuse(ret_why, "is too long");
		p = skip_space(p);
	}
	*ret_usec = total;
	return TRUE;
}

char *value_format_timespan(guint64 usec)
{
	GString *text = g_string_new(NULL);

	for (gsize i = 0; i < UNITS_WRITTEN; i++) {
		guint64 count = usec / units[i].usec;

		if (count == 0)
			continue;
		usec %= units[i].usec;
		g_string_append_printf(text, "%s%" G_GUINT64_FORMAT "%s", text->len ? " " : "",
				       count, units[i].name);
	}
	return g_string_free(text->len ? text : g_string_append_c(text, '0'), FALSE);
}

gboolean value_check_interval(guint8 version, guint64 usec, char **ret_why)
{
	const guint64 centisecond = USEC_PER_SECOND / 100;

	if (version == 2) {
		if (usec % USEC_PER_SECOND != 0 || usec < USEC_PER_SECOND ||
		    usec > 255 * USEC_PER_SECOND)
			return refuse(ret_why,
				      "version 2 carries whole seconds only, from 1s to 255s");
		return TRUE;
	}
	if (usec % centisecond != 0 || usec < centisecond || usec > 4095 * centisecond)
		return refuse(ret_why,
			      "version 3 carries steps of 10ms only, from 10ms to 40s 950ms");
	return TRUE;
}

gboolean value_parse_interface(const char *text, char ret_name[VRRP_INTERFACE_NAME_SIZE],
			       char **ret_why)
{
	g_autofree char *name = g_strstrip(g_strdup(text));

	if (*name == '\0')
		return refuse(ret_why, "must be the name of a network interface");
	if (strlen(name) >= VRRP_INTERFACE_NAME_SIZE)
		return refuse(ret_why, "an interface name has at most 15 bytes");
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return refuse(ret_why, "is not a valid interface name");
	for (const char *p = name; *p; p++)
		if (*p == '/' || *p == ':' || g_ascii_isspace(*p) || g_ascii_iscntrl(*p))
			return refuse(ret_why,
				      "an interface name holds no '/', ':' or white space");

	memset(ret_name, 0, VRRP_INTERFACE_NAME_SIZE);
	memcpy(ret_name, name, strlen(name));
	return TRUE;
}

GStrv value_split_list(const char *text)
{
	g_autoptr(GPtrArray) items = g_ptr_array_new();
	g_autoptr(GString) item = g_string_new(NULL);

	for (const char *p = text;; p++) {
		if (p[0] == '\\' && p[1] == ';') {
			g_string_append_c(item, ';');
			p++;
			continue;
		}
		if (*p != ';' && *p != '\0') {
			g_string_append_c(item, *p);
			continue;
		}
		g_strstrip(item->str);
		if (item->str[0] != '\0')
			g_ptr_array_add(items, g_strdup(item->str));
		g_string_truncate(item, 0);
		if (*p == '\0')
			break;
	}
	g_ptr_array_add(items, NULL);
	return (GStrv)g_ptr_array_free(g_steal_pointer(&items), FALSE);
}

char *value_show(const char *text, guint length)
{
	char keep[129] = "";
	g_autofree char *valid = g_utf8_make_valid(text, -1);
	g_autofree char *escaped = NULL, *start = NULL;

	for (guint i = 0; i < 128; i++)
		keep[i] = (char)(128 + i);
	escaped = g_strescape(valid, keep);
	if (g_utf8_strlen(escaped, -1) <= (glong)length)
		return g_steal_pointer(&escaped);
	start = g_utf8_substring(escaped, 0, (glong)length);
	return g_strconcat(start, "...", NULL);
}
