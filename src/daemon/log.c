/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The log writer. GLib carries structured fields to it; it drops what is below the wanted level and
 * hands the rest to the journal or writes one line to stderr. It must never block on anything but
 * stderr itself, and never sees a secret: callers keep keys out of messages.
 */

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static GLogLevelFlags lowest_level = G_LOG_LEVEL_INFO;
static gboolean to_journal;

static const struct {
	const char *name;
	GLogLevelFlags level;
} levels[] = {
	{ "debug", G_LOG_LEVEL_DEBUG },    { "info", G_LOG_LEVEL_INFO },
	{ "notice", G_LOG_LEVEL_MESSAGE }, { "warning", G_LOG_LEVEL_WARNING },
	{ "err", G_LOG_LEVEL_CRITICAL },
};

static const char *field(const GLogField *fields, gsize count, const char *key)
{
	for (gsize i = 0; i < count; i++)
		if (strcmp(fields[i].key, key) == 0 && fields[i].length < 0)
			return fields[i].value;
	return NULL;
}

static GLogWriterOutput write_log(GLogLevelFlags level, const GLogField *fields, gsize count,
				  gpointer userdata)
{
	const char *instance, *message;

	/* A smaller value is more urgent. */
	if ((level & G_LOG_LEVEL_MASK) > lowest_level)
		return G_LOG_WRITER_HANDLED;
	if (to_journal)
		return g_log_writer_journald(level, fields, count, NULL);
	instance = field(fields, count, "VRRP_INSTANCE");
	message = field(fields, count, "MESSAGE");
	if (instance && *instance)
		fprintf(stderr, "vrrpd: %s: %s\n", instance, message ? message : "");
	else
		fprintf(stderr, "vrrpd: %s\n", message ? message : "");
	return G_LOG_WRITER_HANDLED;
}

gboolean log_open(const char *level)
{
	for (gsize i = 0; i < G_N_ELEMENTS(levels); i++) {
		if (strcmp(levels[i].name, level) != 0)
			continue;
		lowest_level = levels[i].level;
		to_journal = g_log_writer_is_journald(STDERR_FILENO);
		setvbuf(stderr, NULL, _IOLBF, 0);
		g_log_set_writer_func(write_log, NULL, NULL);
		return TRUE;
	}
	return FALSE;
}
