/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where messages go: to the journal with all their fields where stderr is the journal, as plain
 * lines to stderr elsewhere. Everybody logs through g_log_structured() and its macros; only the
 * control thread may.
 */

#include <glib.h>

/* @level is debug, info, notice, warning or err. Returns FALSE for any other word. */
gboolean log_open(const char *level);
