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

/* GLib has no level above critical but the one that ends the daemon. */
static const GLogLevelFlags lowest[] = {
	G_LOG_LEVEL_ERROR,   G_LOG_LEVEL_ERROR,   G_LOG_LEVEL_ERROR, G_LOG_LEVEL_CRITICAL,
	G_LOG_LEVEL_WARNING, G_LOG_LEVEL_MESSAGE, G_LOG_LEVEL_INFO,  G_LOG_LEVEL_DEBUG,
};
const char *const log_levels[] = { "emerg",  "alert", "crit",  "err", "warning",
				   "notice", "info",  "debug", NULL };

enum { TARGET_AUTO, TARGET_JOURNAL, TARGET_CONSOLE, TARGET_NULL };
const char *const log_targets[] = { "auto", "journal", "console", "null", NULL };

static guint level_now = 6, target_now = TARGET_AUTO;
static gboolean stderr_is_journal;

static gboolean find_word(const char *const *words, const char *word, guint *ret_index)
{
	for (guint i = 0; words[i]; i++) {
		if (strcmp(words[i], word) != 0)
			continue;
		*ret_index = i;
		return TRUE;
	}
	return FALSE;
}

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
	const char *message;

	/* A smaller value is more urgent. */
	if ((level & G_LOG_LEVEL_MASK) > lowest[level_now] || target_now == TARGET_NULL)
		return G_LOG_WRITER_HANDLED;
	if ((target_now == TARGET_JOURNAL || (target_now == TARGET_AUTO && stderr_is_journal)) &&
	    g_log_writer_journald(level, fields, count, NULL) == G_LOG_WRITER_HANDLED)
		return G_LOG_WRITER_HANDLED;
	message = field(fields, count, "MESSAGE");
	fprintf(stderr, "vrrpd: %s\n", message ? message : "");
	return G_LOG_WRITER_HANDLED;
}

gboolean log_set_level(const char *level)
{
	return find_word(log_levels, level, &level_now);
}

gboolean log_set_target(const char *target)
{
	return find_word(log_targets, target, &target_now);
}

gboolean log_open(const char *level)
{
	if (!log_set_level(level))
		return FALSE;
	stderr_is_journal = g_log_writer_is_journald(STDERR_FILENO);
	setvbuf(stderr, NULL, _IOLBF, 0);
	g_log_set_writer_func(write_log, NULL, NULL);
	return TRUE;
}

/* --- For the bus ----------------------------------------------------------------------------- */

static const char *get_level(void)
{
	return log_levels[level_now];
}

static const char *get_target(void)
{
	return log_targets[target_now];
}

static void set_level(const char *level)
{
	(void)log_set_level(level);
}

static void set_target(const char *target)
{
	(void)log_set_target(target);
}

const ModelLog log_control = {
	.levels = log_levels,
	.targets = log_targets,
	.level = get_level,
	.target = get_target,
	.set_level = set_level,
	.set_target = set_target,
};
