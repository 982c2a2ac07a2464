/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Questions whose answers grow with the number of instances wait here for their turn, so that
 * everything else on the bus comes first.
 */

#include <glib.h>
#include <systemd/sd-bus.h>

#define BUS_DUMPS_PER_SENDER_MAX 16
#define BUS_DUMPS_TOTAL_MAX      1024

typedef struct BusDumps BusDumps;

/* Answers from the default main context. @userdata is for the answers. */
BusDumps *bus_dumps_new(void *userdata);
/* Accepts NULL, returns NULL. */
BusDumps *bus_dumps_free(BusDumps *dumps);

/* Hears from now on who leaves @bus, until bus_dumps_forget_all(). */
void bus_dumps_watch(BusDumps *dumps, sd_bus *bus);

/* Has @answer called with @request later, as a method handler: a negative result becomes the reply.
 * A handler returns what this returns. Negative: there are too many already, and @error says so. */
int bus_dumps_ask(BusDumps *dumps, sd_bus_message *request, sd_bus_message_handler_t answer,
		  sd_bus_error *error);
/* The bus is gone, and everybody who asked with it. */
void bus_dumps_forget_all(BusDumps *dumps);
