/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* The highest AH number that instance @name may have sent, or 0 where nothing (readable) is saved.
 */
guint32 state_store_read_number(const char *directory, const char *name);
/* Durable when it returns TRUE. */
gboolean state_store_write_number(const char *directory, const char *name, guint32 number,
				  GError **error);
