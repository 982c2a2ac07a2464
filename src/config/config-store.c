/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A change is made on the text as it is on the disk now, so that an edit of the administrator that
 * was not reloaded yet is kept. Before anything is written the new text is read as a reload would
 * read it, drop-ins included: what a reload would refuse, or would not take from this file, is
 * never written.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-file.h"
#include "config-load.h"
#include "config-store.h"
#include "config-write.h"
#include "settings-builder.h"

G_DEFINE_QUARK(vrrpd - config - store - error, config_store_error)

static void wipe(char *text)
{
	if (text)
		explicit_bzero(text, strlen(text));
	g_free(text);
}

static char *path_in(const char *directory, const char *name)
{
	g_autofree char *file_name = g_strconcat(name, ".conf", NULL);

	return g_build_filename(directory, "instances", file_name, NULL);
}

static const char *last(const char *const *directories)
{
	while (directories[1])
		directories++;
	return *directories;
}

static gboolean is_mask(const char *path)
{
	g_autofree char *target = g_file_read_link(path, NULL);

	return g_strcmp0(target, "/dev/null") == 0;
}

char *config_store_find(const char *const *directories, const char *name)
{
	char *found = NULL;

	for (; *directories; directories++) {
		g_autofree char *path = path_in(*directories, name);
		struct stat status;

		if (lstat(path, &status) < 0)
			continue;
		g_free(found);
		found = is_mask(path) ? NULL : g_steal_pointer(&path);
	}
	return found;
}

static gboolean fail(GError **error, const char *path, int error_number)
{
	g_set_error(error, CONFIG_STORE_ERROR, CONFIG_STORE_ERROR_FAILED, "%s: %s", path,
		    g_strerror(error_number));
	return FALSE;
}

/* --- Writing --------------------------------------------------------------------------------- */

static void change_clear(gpointer data)
{
	wipe((char *)((ConfigChange *)data)->value);
}

/* Every key of @settings that is not the default. */
static GArray *all_keys(const Settings *settings)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(ConfigChange));
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	g_array_set_clear_func(changes, change_clear);
	for (gsize i = 0; i < count; i++) {
		ConfigChange change = { .key = keys[i].name,
					.value = settings_deviation(settings, &keys[i]) };

		if (change.value)
			g_array_append_val(changes, change);
	}
	return changes;
}

static char *edit_file(const char *path, const ConfigChange *changes, gsize count, GError **error)
{
	g_autoptr(GPtrArray) faults =
		g_ptr_array_new_with_free_func((GDestroyNotify)config_fault_free);
	g_autoptr(GPtrArray) entries = NULL;
	g_autoptr(GError) read_error = NULL;
	gsize length;
	mode_t mode;
	char *text = config_file_read(path, CONFIG_FILE_SIZE_MAX, &length, &mode, &read_error);
	char *result = NULL;

	if (!text) {
		g_set_error(error, CONFIG_STORE_ERROR, CONFIG_STORE_ERROR_FAILED, "%s: %s", path,
			    read_error->message);
		return NULL;
	}
	entries = config_file_parse(text, length, faults);
	if (faults->len > 0) {
		const ConfigFault *fault = faults->pdata[0];

		g_set_error(error, CONFIG_STORE_ERROR, CONFIG_STORE_ERROR_CONFLICT,
			    "%s:%u: %s; mend this first", path, fault->line, fault->text);
	} else {
		result = config_edit(text, changes, count);
	}
	explicit_bzero(text, length);
	g_free(text);
	return result;
}

static gboolean check(const char *const *directories, const char *name, const char *path,
		      const char *text, const ConfigChange *changes, gsize count, GError **error)
{
	g_autoptr(GPtrArray) errors =
		g_ptr_array_new_with_free_func((GDestroyNotify)config_error_free);
	g_autofree const char **keys = g_new0(const char *, count + 1);
	g_autoptr(Settings) settings = NULL;

	for (gsize i = 0; i < count; i++)
		keys[i] = changes[i].key;
	settings = config_preview(directories, name, path, text, keys, errors);
	for (guint i = 0; i < errors->len; i++) {
		const ConfigError *problem = errors->pdata[i];
		g_autofree char *line =
			problem->line > 0 ? g_strdup_printf(":%u", problem->line) : g_strdup("");

		if (!problem->name)
			continue; /* a warning */
		g_set_error(error, CONFIG_STORE_ERROR, CONFIG_STORE_ERROR_CONFLICT, "%s%s: %s",
			    problem->file, line, problem->text);
		return FALSE;
	}
	return TRUE;
}

/* Without @old there is nothing to keep, so all of @whole is written. */
static char *compose(const char *old, const ConfigChange *changes, gsize count,
		     const Settings *whole, GError **error)
{
	g_autoptr(GArray) all = NULL;

	if (old)
		return edit_file(old, changes, count, error);
	all = all_keys(whole);
	return config_edit("", (const ConfigChange *)(gpointer)all->data, all->len);
}

char *config_store_write(const char *const *directories, const char *name,
			 const ConfigChange *changes, gsize count, const Settings *whole,
			 GError **error)
{
	g_autofree char *path = path_in(last(directories), name);
	g_autofree char *old = config_store_find(directories, name);
	g_autoptr(GError) write_error = NULL;
	gboolean ok;
	char *text;

	text = compose(old, changes, count, whole, error);
	if (!text)
		return NULL;
	ok = check(directories, name, path, text, changes, count, error);
	if (ok && !config_write_file(path, text, TRUE, &write_error)) {
		g_set_error_literal(error, CONFIG_STORE_ERROR, CONFIG_STORE_ERROR_FAILED,
				    write_error->message);
		ok = FALSE;
	}
	wipe(text);
	return ok ? g_steal_pointer(&path) : NULL;
}

/* --- Removing -------------------------------------------------------------------------------- */

static gboolean hide(const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	g_autofree char *temporary =
		g_strdup_printf("%s/.mask.%08x%08x", directory, g_random_int(), g_random_int());

	if (symlink("/dev/null", temporary) < 0)
		return fail(error, path, errno);
	if (rename(temporary, path) < 0) {
		int saved_errno = errno;

		(void)unlink(temporary);
		return fail(error, path, saved_errno);
	}
	return TRUE;
}

/* What cannot be removed adds to nothing any more; the next load says so. */
static void remove_drop_ins(const char *path)
{
	g_autofree char *directory = g_strconcat(path, ".d", NULL);
	g_autoptr(GDir) dir = g_dir_open(directory, 0, NULL);
	const char *file_name;

	while (dir && (file_name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(directory, file_name, NULL);

		if (g_str_has_suffix(file_name, ".conf"))
			(void)unlink(file);
	}
	(void)rmdir(directory);
}

static gboolean sync_directory(const char *path, GError **error)
{
	g_autofree char *directory = g_path_get_dirname(path);
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int r = fd < 0 || fsync(fd) < 0 ? errno : 0;

	if (fd >= 0)
		close(fd);
	/* A directory that was never made holds nothing. */
	return r == 0 || r == ENOENT ? TRUE : fail(error, directory, r);
}

gboolean config_store_remove(const char *const *directories, const char *name, GError **error)
{
	g_autofree char *path = path_in(last(directories), name);
	gboolean below = FALSE;

	for (; directories[1]; directories++) {
		g_autofree char *lower = path_in(*directories, name);

		below |= g_file_test(lower, G_FILE_TEST_EXISTS);
	}
	if (below ? !hide(path, error) : unlink(path) < 0 && errno != ENOENT)
		return below ? FALSE : fail(error, path, errno);
	remove_drop_ins(path);
	return sync_directory(path, error);
}
