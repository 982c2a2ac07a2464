/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <systemd/sd-bus.h>

#define BUS_POLKIT_PER_SENDER_MAX 16
#define BUS_POLKIT_TOTAL_MAX      1024

typedef struct BusPolkit BusPolkit;

/* The sender of @request may do it. The request is rewound: read its arguments, look the object up
 * again, check the state, act. 0 or positive: replied, or a reply comes later; negative: @error, or
 * that errno, becomes the reply. */
typedef int (*BusPolkitAllowed)(sd_bus_message *request, void *userdata, sd_bus_error *error);

/* All strings are copied. */
typedef struct BusPolkitQuestion {
	const char *action;
	const char *verb;
	const char *message;  /* what a person is asked; NULL: as the action says */
	const char *instance; /* NULL: not about one; then the next four do not count */
	const char *interface;
	guint8 vrid;
	const char *family;
	gboolean creates; /* it is not there yet, so it cannot go meanwhile */
	BusPolkitAllowed allowed;
} BusPolkitQuestion;

/* @userdata is for the questions' @allowed. */
BusPolkit *bus_polkit_new(void *userdata);
BusPolkit *bus_polkit_free(BusPolkit *polkit);

/* A handler of a method returns what this returns. Negative: not asked, and @error says why. */
int bus_polkit_ask(BusPolkit *polkit, sd_bus_message *request, const BusPolkitQuestion *question,
		   sd_bus_error *error);
/* Answers @request with a{ss}: for each of our actions whether the sender may do it without being
 * asked (yes), after authentication (auth), or not at all (no). Nobody is asked for a password. A
 * handler of a method returns what this returns. */
int bus_polkit_survey(BusPolkit *polkit, sd_bus_message *request, sd_bus_error *error);
/* The instance is about to go: questions about it are answered with NoSuchInstance. */
void bus_polkit_forget_instance(BusPolkit *polkit, const char *name);
/* The bus is gone, and everybody who asked with it. */
void bus_polkit_forget_all(BusPolkit *polkit);
