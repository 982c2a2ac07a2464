/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Questions whose answers grow with the number of instances wait here for their turn, so that
 * everything else on the bus comes first.
 */

#include <glib.h>
#include <systemd/sd-bus.h>

#include "bus-sink.h"

#define BUS_DUMPS_PER_SENDER_MAX 16
#define BUS_DUMPS_TOTAL_MAX      1024
/* The message bus drops a connection that sends a message above 32 MiB (max_message_size). */
#define BUS_DUMPS_SIZE_MAX (31u << 20)

typedef struct BusDumps BusDumps;

/* Answers from the default main context. @userdata is for the answers. */
BusDumps *bus_dumps_new(void *userdata);
/* Accepts NULL, returns NULL. */
BusDumps *bus_dumps_free(BusDumps *dumps);

/* @bus is there: hears from now on who leaves it, until bus_dumps_forget_all(), and sees to it that
 * what the bus does not read is queued where it can be seen. */
void bus_dumps_watch(BusDumps *dumps, sd_bus *bus);

/* Has @answer called with @request later, as a method handler: a negative result becomes the reply.
 * A handler returns what this returns. Negative: there are too many already, and @error says so. */
int bus_dumps_ask(BusDumps *dumps, sd_bus_message *request, sd_bus_message_handler_t answer,
		  sd_bus_error *error);
/* For an answer: replies with the one value of type @signature that @put writes of @object. Returns
 * what a method handler returns. */
int bus_dumps_reply(BusDumps *dumps, sd_bus_message *request, const char *signature,
		    void (*put)(BusSink *sink, void *object), void *object, sd_bus_error *error);
/* The bus is gone, and everybody who asked with it. */
void bus_dumps_forget_all(BusDumps *dumps);
