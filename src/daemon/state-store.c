/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What must outlive the daemon: per instance the AH number up to which adverts may have been sent
 * (design rule 9). One small file each, replaced as a whole, so that a power failure leaves the old
 * or the new number. A file that cannot be read counts as absent: the clock then seeds the numbers.
 */

#include "state-store.h"

static char *number_path(const char *directory, const char *name)
{
	g_autofree char *file = g_strconcat(name, ".ah-number", NULL);

	return g_build_filename(directory, file, NULL);
}

guint32 state_store_read_number(const char *directory, const char *name)
{
	g_autofree char *path = number_path(directory, name);
	g_autofree char *text = NULL;
	guint64 number;

	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	g_strchomp(text);
	if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32, &number, NULL))
		return 0;
	return (guint32)number;
}

gboolean state_store_write_number(const char *directory, const char *name, guint32 number,
				  GError **error)
{
	g_autofree char *path = number_path(directory, name);
	g_autofree char *text = g_strdup_printf("%" G_GUINT32_FORMAT "\n", number);

	return g_file_set_contents_full(path, text, -1,
					G_FILE_SET_CONTENTS_CONSISTENT |
						G_FILE_SET_CONTENTS_DURABLE,
					0600, error);
}
