/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "config/settings.h"
#include "exchange/instance-config.h"

/* What the engine is told for @settings. @ah_saved is from the state directory (0: nothing saved).
 * Never NULL. */
InstanceConfig *config_build(const Settings *settings, guint32 ah_saved);
/* Wipes the key and frees. Accepts NULL. */
void config_build_free(InstanceConfig *config);
