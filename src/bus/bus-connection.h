/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

typedef struct BusConnection BusConnection;

typedef struct BusConnectionHandlers {
	/* A new sd_bus, not started yet: add objects. Negative errno: it is given up, and tried
	 * again later. */
	int (*attach)(void *userdata, sd_bus *bus);
	/* The bus has answered; from here on signals reach somebody. */
	void (*ready)(void *userdata);
	/* Drop every slot and message of the sd_bus. Called once for each attach that succeeded. */
	void (*detach)(void *userdata);
} BusConnectionHandlers;

/* Starts connecting at once, in the default main context. @handlers must outlive it. */
BusConnection *bus_connection_new(const BusConnectionHandlers *handlers, void *userdata);
/* Writes what is queued for at most @flush_usec, then closes. Accepts NULL, returns NULL. */
BusConnection *bus_connection_free(BusConnection *connection, guint64 flush_usec);
/* NULL while there is no bus that answers. */
sd_bus *bus_connection_ready(BusConnection *connection);
/* Messages that wait for the bus to read them. */
guint64 bus_connection_queued(BusConnection *connection);
