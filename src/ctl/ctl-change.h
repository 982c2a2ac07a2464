/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Adding an instance and changing its settings, for the verbs that do it. Errors are explained on
 * stderr; results are 0 or negative errno. */

#include "ctl-bus.h"
#include "ctl-settings.h"

/* BUS_FLAG_RUNTIME with --runtime. */
guint32 ctl_change_flags(const Ctl *ctl);
/* *@ret_path is the new object; the caller frees it. */
int ctl_change_add(Ctl *ctl, const char *name, const CtlSettings *settings, char **ret_path);
/* @flags: BUS_FLAG_* */
int ctl_change_update(Ctl *ctl, const char *name, const char *path, const CtlSettings *settings,
		      guint32 flags);
