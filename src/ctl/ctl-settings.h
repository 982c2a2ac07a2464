/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* KEY=VALUE arguments, on their way to the daemon, which says what is valid. */

#include "ctl.h"

typedef struct CtlSettings CtlSettings;

/* From @arguments (ending with NULL). A secret that is "-" is read from stdin. Returns NULL, and
 * says why on stderr; *@ret_exit says how bad it is. @name is the instance, for the question. */
CtlSettings *ctl_settings_parse(const char *name, char **arguments, CtlExit *ret_exit);
CtlSettings *ctl_settings_new(void);
/* In file syntax; "" brings the default back. */
void ctl_settings_add(CtlSettings *settings, const char *key, const char *value);
void ctl_settings_free(CtlSettings *settings); /* accepts NULL; wipes the values */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlSettings, ctl_settings_free)

/* a{sv}. Returns 0 or negative errno. */
int ctl_settings_append(const CtlSettings *settings, sd_bus_message *message);
