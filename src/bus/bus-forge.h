/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#include "bus-sink.h"

/*
 * Makes a reply for sd-bus from a body that is marshalled already (bus_sink_wire), many times
 * faster than libsystemd would write the same values one by one.
 */

typedef struct BusForge BusForge;

/* Returns NULL where the system refuses it. */
BusForge *bus_forge_new(void);
/* Accepts NULL, returns NULL. */
BusForge *bus_forge_free(BusForge *forge);

/* The reply to @request, of one value of type @signature, which is @body. The caller unrefs it, and
 * sends it with sd_bus_send() on the bus of @request. 0 or negative errno. */
int bus_forge_reply(BusForge *forge, sd_bus_message *request, const char *signature,
		    const BusWire *body, sd_bus_message **ret_reply);
