/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

/* Writes one JSON text (RFC 8259) from front to back. The caller opens and closes in the right
 * order. */
typedef struct BusJson {
	GString *text;
	gboolean comma; /* a value stands right before */
} BusJson;

void bus_json_init(BusJson *json);
/* The text; the caller frees it. */
char *bus_json_finish(BusJson *json);

void bus_json_open(BusJson *json, char bracket); /* '{' or '[' */
void bus_json_close(BusJson *json, char bracket);
void bus_json_key(BusJson *json, const char *key);
/* Valid UTF-8 only. */
void bus_json_string(BusJson *json, const char *value);
void bus_json_boolean(BusJson *json, gboolean value);
void bus_json_unsigned(BusJson *json, guint64 value);
void bus_json_signed(BusJson *json, gint64 value);
