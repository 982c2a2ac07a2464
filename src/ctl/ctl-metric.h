/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Writes the text format of OpenMetrics 1.0. A family first, then its samples. */

#include <glib.h>

typedef struct CtlMetric CtlMetric;

CtlMetric *ctl_metric_new(void);
void ctl_metric_free(CtlMetric *metric); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlMetric, ctl_metric_free)

/* @type: gauge, counter, info, stateset. A name that ends in _seconds has this unit. */
void ctl_metric_family(CtlMetric *metric, const char *name, const char *type, const char *help);
/* A sample of the family; @suffix is "_total" for a counter, "_info", or "". Labels follow, then
 * the value. */
void ctl_metric_begin(CtlMetric *metric, const char *suffix);
void ctl_metric_label(CtlMetric *metric, const char *name, const char *value);
void ctl_metric_label_unsigned(CtlMetric *metric, const char *name, guint value);
void ctl_metric_unsigned(CtlMetric *metric, guint64 value);
void ctl_metric_seconds(CtlMetric *metric, guint64 usec);
/* Writes the last line. Returns all of it, which belongs to @metric. */
const char *ctl_metric_finish(CtlMetric *metric);
