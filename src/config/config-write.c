/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Atomic writing. The temporary file has a hidden name, so that a reload in the middle does not see
 * it, and its mode and group are set before the name exists: at no time can anybody read a key who
 * may not. On every error the temporary file is gone.
 */

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config-write.h"

#define FILE_MODE 0640

static gboolean fail(const char *what, const char *path, int error_number, GError **error)
{
	g_set_error(error, G_FILE_ERROR, g_file_error_from_errno(error_number), "%s: %s: %s", path,
		    what, g_strerror(error_number));
	return FALSE;
}

/* The daemon reads through the group, so it must be the directory's even where that has no
 * set-group-id bit. */
static gboolean give_group(int fd, int directory, const char *path, GError **error)
{
	struct stat parent, file;

	if (fstat(directory, &parent) < 0 || fstat(fd, &file) < 0)
		return fail("cannot be examined", path, errno, error);
	if (parent.st_gid != file.st_gid && fchown(fd, (uid_t)-1, parent.st_gid) < 0)
		return fail("cannot be given the group of its directory", path, errno, error);
	if (fchmod(fd, FILE_MODE) < 0)
		return fail("cannot be given its mode", path, errno, error);
	return TRUE;
}

static gboolean write_all(int fd, const char *path, const char *text, GError **error)
{
	gsize length = strlen(text);

	while (length > 0) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return fail("cannot be written", path, errno, error);
		text += n;
		length -= (gsize)n;
	}
	if (fsync(fd) < 0)
		return fail("cannot be written", path, errno, error);
	return TRUE;
}

static gboolean put_in_place(int directory, const char *temporary, const char *name,
			     const char *path, gboolean replace, GError **error)
{
	if (renameat2(directory, temporary, directory, name, replace ? 0 : RENAME_NOREPLACE) < 0)
		return fail(errno == EEXIST ? "is already there" : "cannot be written", path, errno,
			    error);
	if (fsync(directory) < 0)
		return fail("its directory cannot be written", path, errno, error);
	return TRUE;
}

gboolean config_write_file(const char *path, const char *text, gboolean replace, GError **error)
{
	g_autofree char *directory_name = g_path_get_dirname(path);
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *temporary = NULL;
	gboolean ok;
	int directory, fd;

	directory = open(directory_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return fail("cannot be opened", directory_name, errno, error);
	temporary = g_strdup_printf(".%s.%08x%08x", name, g_random_int(), g_random_int());
	fd = openat(directory, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    S_IRUSR | S_IWUSR);
	if (fd < 0) {
		ok = fail("cannot be created", path, errno, error);
		close(directory);
		return ok;
	}
	ok = give_group(fd, directory, path, error) && write_all(fd, path, text, error) &&
	     put_in_place(directory, temporary, name, path, replace, error);
	if (!ok)
		(void)unlinkat(directory, temporary, 0);
	close(fd);
	close(directory);
	return ok;
}

/* Space at the ends would be taken for layout. */
char *config_escape_value(const char *value)
{
	GString *text = g_string_new(NULL);
	gsize length = strlen(value);

	for (gsize i = 0; i < length; i++) {
		gboolean at_end = i == 0 || i == length - 1;

		if (value[i] == '\\')
			g_string_append(text, "\\\\");
		else if (value[i] == '\n')
			g_string_append(text, "\\n");
		else if (value[i] == '\r')
			g_string_append(text, "\\r");
		else if (value[i] == '\t')
			g_string_append(text, "\\t");
		else if (value[i] == ' ' && at_end)
			g_string_append(text, "\\s");
		else
			g_string_append_c(text, value[i]);
	}
	return g_string_free(text, FALSE);
}
