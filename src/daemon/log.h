/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where messages go: to the journal with all their fields where stderr is the journal, as plain
 * lines to stderr elsewhere; the bus may say otherwise. Everybody logs through g_log_structured()
 * and its macros; only the control thread may.
 */

#include <glib.h>

#include "bus/model.h"

/* The words of syslog, the most urgent first, and of systemd; NULL at the end. */
extern const char *const log_levels[];  /* emerg ... debug */
extern const char *const log_targets[]; /* auto, journal, console, null */
/* The same for the bus. */
extern const ModelLog log_control;

/* @level is one of log_levels. Returns FALSE for any other word. */
gboolean log_open(const char *level);
/* What is less urgent than @level is dropped. Returns FALSE, and changes nothing, for a word that
 * is not one of log_levels. */
gboolean log_set_level(const char *level);
/* The same with log_targets. */
gboolean log_set_target(const char *target);
