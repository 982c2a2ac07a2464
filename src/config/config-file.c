/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A scanner for key files that knows its line numbers. It keeps to what GKeyFile reads, so that any
 * tool that writes key files can write ours; a fuzz target holds the two against each other. Values
 * are never put into messages here, and lines that make no sense are not quoted: either could be
 * the secret key.
 */

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-file.h"
#include "schema.h"
#include "values.h"

#define GROUP "Instance"

static void entry_free(gpointer data)
{
	ConfigEntry *entry = data;

	g_free(entry->key);
	explicit_bzero(entry->value, strlen(entry->value));
	g_free(entry->value);
	g_free(entry);
}

void config_fault_free(ConfigFault *fault)
{
	g_free(fault->text);
	g_free(fault);
}

/* Reads until the end or the limit; one byte more than the limit tells that the file is too long.
 */
static gboolean read_all(int fd, gsize limit, GString *text, GError **error)
{
	while (text->len <= limit) {
		char buffer[4096];
		ssize_t n = read(fd, buffer, sizeof buffer);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
				    "cannot be read: %s", g_strerror(errno));
			return FALSE;
		}
		if (n == 0)
			return TRUE;
		g_string_append_len(text, buffer, n);
		explicit_bzero(buffer, sizeof buffer);
	}
	g_set_error(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
		    "is larger than %" G_GSIZE_FORMAT " KiB", limit / 1024);
	return FALSE;
}

char *config_file_read(const char *path, gsize limit, gsize *ret_length, mode_t *ret_mode,
		       GError **error)
{
	g_autoptr(GString) text = NULL;
	struct stat status;
	gboolean ok;
	/* O_NONBLOCK: a pipe in the directory must not stop the daemon. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0 || fstat(fd, &status) < 0) {
		g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(errno),
			    "cannot be read: %s", g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	if (!S_ISREG(status.st_mode)) {
		close(fd);
		g_set_error_literal(error, G_FILE_ERROR, G_FILE_ERROR_FAILED,
				    "is not a regular file");
		return NULL;
	}
	/* Large enough at once, so that growing leaves no copies of the key behind. */
	text = g_string_sized_new((gsize)CLAMP(status.st_size, 0, (off_t)limit) + 4096 + 1);
	ok = read_all(fd, limit, text, error);
	close(fd);
	if (!ok) {
		explicit_bzero(text->str, text->len);
		return NULL;
	}
	*ret_length = text->len;
	*ret_mode = status.st_mode;
	return g_string_free(g_steal_pointer(&text), FALSE);
}

typedef enum Group {
	GROUP_NONE,     /* before the first */
	GROUP_INSTANCE, /* in ours */
	GROUP_UNKNOWN,  /* in another: already complained about, its keys are not looked at */
} Group;

typedef struct Scan {
	GPtrArray *entries, *faults;
	GHashTable *lines; /* key -> line of its first appearance */
	Group group;
	guint group_line;
	guint line;
} Scan;

static void G_GNUC_PRINTF(2, 3) complain(Scan *scan, const char *format, ...)
{
	ConfigFault *fault = g_new0(ConfigFault, 1);
	va_list arguments;

	va_start(arguments, format);
	fault->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	fault->line = scan->line;
	g_ptr_array_add(scan->faults, fault);
}

static void scan_group(Scan *scan, const char *line)
{
	gsize length = strlen(line);
	g_autofree char *name = NULL, *escaped = NULL;

	if (line[length - 1] != ']' || length < 3 || strcspn(line + 1, "[]") != length - 2) {
		scan->group = GROUP_UNKNOWN;
		complain(scan, "a group is written [" GROUP "]");
		return;
	}
	name = g_strndup(line + 1, length - 2);
	if (strcmp(name, GROUP) != 0) {
		escaped = value_show(name, 64);
		scan->group = GROUP_UNKNOWN;
		complain(scan, "[%s]: no such group; the only one is [" GROUP "]", escaped);
		return;
	}
	scan->group = GROUP_INSTANCE;
	if (scan->group_line)
		complain(scan, "[" GROUP "] is there twice, first in line %u", scan->group_line);
	else
		scan->group_line = scan->line;
}

/* Removes the escapes; in a list "\;" stays, since only splitting can tell it from ';'. NULL where
 * an escape is not known. */
static char *unescape(const char *text, gboolean is_list)
{
	g_autofree char *value = g_malloc(strlen(text) + 1);
	char *out = value;

	for (const char *p = text; *p; p++) {
		static const char known[] = "sntr\\", meaning[] = " \n\t\r\\";
		const char *found;

		if (*p != '\\') {
			*out++ = *p;
			continue;
		}
		p++;
		if (*p == ';' && is_list) {
			*out++ = '\\';
			*out++ = ';';
			continue;
		}
		found = *p ? strchr(known, *p) : NULL;
		if (!found)
			return NULL;
		*out++ = meaning[found - known];
	}
	*out = '\0';
	return g_steal_pointer(&value);
}

static void scan_pair(Scan *scan, const char *line, const char *equals)
{
	g_autofree char *key = g_strchomp(g_strndup(line, (gsize)(equals - line)));
	const SchemaKey *schema = schema_find(key);
	g_autofree char *escaped = value_show(key, 64);
	g_autofree char *value = NULL;
	guint first = GPOINTER_TO_UINT(g_hash_table_lookup(scan->lines, key));
	ConfigEntry *entry;

	if (*key == '\0') {
		complain(scan, "there is no key in front of '='");
		return;
	}
	if (first) {
		complain(scan, "%s: is there twice, first in line %u", escaped, first);
		return;
	}
	g_hash_table_insert(scan->lines, g_strdup(key), GUINT_TO_POINTER(scan->line));

	for (equals++; g_ascii_isspace(*equals); equals++)
		;
	value = unescape(equals, schema && schema->type == SCHEMA_LIST);
	if (!value) {
		complain(scan,
			 "%s: after a backslash only s, n, t, r%s and another backslash are "
			 "known",
			 escaped, schema && schema->type == SCHEMA_LIST ? ", ';'" : "");
		return;
	}
	entry = g_new0(ConfigEntry, 1);
	entry->line = scan->line;
	entry->key = g_steal_pointer(&key);
	entry->value = g_steal_pointer(&value);
	g_ptr_array_add(scan->entries, entry);
}

/* @line has no space around it. */
static void scan_line(Scan *scan, const char *line)
{
	const char *equals = strchr(line, '=');

	if (*line == '\0' || *line == '#')
		return;
	if (*line == '[') {
		scan_group(scan, line);
	} else if (scan->group == GROUP_UNKNOWN) {
		return;
	} else if (!equals) {
		complain(scan, "is neither KEY=VALUE nor [" GROUP "] nor a comment with '#'");
	} else if (scan->group == GROUP_NONE) {
		complain(scan, "there must be a line [" GROUP "] before the first key");
		scan->group = GROUP_UNKNOWN;
	} else {
		scan_pair(scan, line, equals);
	}
}

GPtrArray *config_file_parse(const char *text, gsize length, GPtrArray *faults)
{
	g_autoptr(GHashTable) lines = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	Scan scan = { .entries = g_ptr_array_new_with_free_func(entry_free),
		      .faults = faults,
		      .lines = lines };
	const char *end = text + length;
	guint faults_before = faults->len;

	for (const char *p = text; p < end;) {
		const char *newline = memchr(p, '\n', (gsize)(end - p));
		gsize size = (gsize)((newline ? newline : end) - p);
		char *line;

		scan.line++;
		if (!g_utf8_validate_len(p, size, NULL)) {
			complain(&scan, "is not text in UTF-8");
		} else {
			line = g_strstrip(g_strndup(p, size));
			scan_line(&scan, line);
			explicit_bzero(line, size);
			g_free(line);
		}
		if (!newline)
			break;
		p = newline + 1;
	}
	if (!scan.group_line && faults->len == faults_before) {
		scan.line = 0;
		complain(&scan, "there is no group [" GROUP "]");
	}
	return scan.entries;
}
