/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* Each fills @error and returns a negative errno, so that a handler can return it. */
int bus_error_no_such_instance(sd_bus_error *error, const char *name);
int bus_error_flags(sd_bus_error *error, unsigned flags, const char *valid);
int bus_error_too_long(sd_bus_error *error);
/* @name cannot be an instance's. */
int bus_error_invalid_name(sd_bus_error *error, const char *name);
/* @result is what ModelOperations.failover, or .hold, reported: negative errno. */
int bus_error_failover(sd_bus_error *error, const char *name, int result);
int bus_error_hold(sd_bus_error *error, const char *name, int result);
/* @why is a MODEL_ERROR; its text becomes the error's. */
int bus_error_model(sd_bus_error *error, const GError *why);
