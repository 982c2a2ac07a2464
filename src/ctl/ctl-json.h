/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * JSON (RFC 8259) for --json: built compact in a GString, from values or straight from D-Bus
 * messages, and laid out when it is printed. Commas come by themselves.
 */

#include "ctl.h"

/* @bracket is '{' or '[', and '}' or ']' to close it. */
void ctl_json_open(GString *json, char bracket);
void ctl_json_close(GString *json, char bracket);
/* The name of the member that follows. */
void ctl_json_key(GString *json, const char *key);
/* Any bytes: what is not UTF-8 becomes U+FFFD. NULL becomes null. */
void ctl_json_string(GString *json, const char *value);
void ctl_json_unsigned(GString *json, guint64 value);
void ctl_json_boolean(GString *json, gboolean value);
/* A member with a value. */
void ctl_json_pair_string(GString *json, const char *key, const char *value);
void ctl_json_pair_unsigned(GString *json, const char *key, guint64 value);

/* The next complete value of @message: variants show their value, arrays of dict entries become
 * objects, structs become arrays. Returns 0 or negative errno. */
int ctl_json_message(GString *json, sd_bus_message *message);

/* The same for an array of structs, whose fields get names (ending with NULL), as in the daemon's
 * Describe(). */
int ctl_json_structs(GString *json, sd_bus_message *message, const char *const *names);

/* Prints compact or indented JSON text with a newline, in the mode of @ctl. */
void ctl_json_print(const Ctl *ctl, const char *text);
