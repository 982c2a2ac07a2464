/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

#include "bus.h"

/* Adds org.freedesktop.LogControl1 to @connection, where the model has a log. 0 or negative errno.
 */
int bus_log_control_attach(Bus *bus, sd_bus *connection);
