/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The counters of the instances. */

#include "ctl-bus.h"

typedef struct CtlCounter {
	char *name; /* as in org.vrrpd1(5) */
	guint64 value;
} CtlCounter;

/* All counters of all instances, in one call: path of the object -> GArray of CtlCounter. Returns 0
 * or negative errno; explains an error on stderr. The caller unrefs the table. */
int ctl_statistics_fetch(Ctl *ctl, const char *doing, GHashTable **ret);
/* Those of one instance. */
int ctl_statistics_fetch_one(Ctl *ctl, const char *path, const char *doing, GArray **ret);
