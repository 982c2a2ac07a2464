/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

/* At most so many messages, and at most so long, in one turn of the loop. */
#define BUS_SOURCE_BUDGET      16
#define BUS_SOURCE_BUDGET_USEC 500

/* The bus is closed or broken: @error is a negative errno. The source is removed when this returns;
 * it may unref the bus. */
typedef void (*BusSourceClosed)(void *userdata, int error);

/* A source that drives @bus, of which it takes a reference. The caller attaches and unrefs it. */
GSource *bus_source_new(sd_bus *bus, BusSourceClosed closed, void *userdata);
