/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Settings as a dictionary on the bus. A value has the key's D-Bus type, or any other integer type
 * where that is one, or is a string in file syntax; "" brings the default back.
 */

#include <glib.h>
#include <systemd/sd-bus.h>

#include "config/settings.h"

/* Reads the a{sv} that comes next in @request, with each value checked by itself: nothing is
 * compared with what an instance has. *@ret_values (ModelValue *) belongs to the caller, and may
 * hold the secret, which is wiped with it. Negative: @error names the key, the value (never of a
 * secret) and what would be valid. */
int bus_settings_read(sd_bus_message *request, GPtrArray **ret_values, sd_bus_error *error);

/* The settings of an instance @name that has nothing but @values. Negative where they do not go
 * together: @error says why. */
int bus_settings_make(const char *name, const GPtrArray *values, Settings **ret_settings,
		      sd_bus_error *error);

/* Appends an a{sv} of every key that is supported and no secret. */
int bus_settings_append(sd_bus_message *reply, const Settings *settings);
/* The same of the secrets alone; the caller has marked @reply as sensitive. */
int bus_settings_append_secrets(sd_bus_message *reply, const Settings *settings);
