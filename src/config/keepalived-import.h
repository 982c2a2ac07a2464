/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Reads a keepalived.conf and gives instances in our terms, and a message for each thing that could
 * not be carried over as it stands. It writes nothing, and no message ever holds a key.
 */

#include "settings.h"

typedef enum KeepalivedSeverity {
	KEEPALIVED_NOTE,     /* harmless */
	KEEPALIVED_DROPPED,  /* not carried over; does not change who is master */
	KEEPALIVED_ELECTION, /* not carried over, and somebody else may be master because of it */
} KeepalivedSeverity;

/* "note", "dropped", "election" */
const char *keepalived_severity_to_string(KeepalivedSeverity severity);

typedef struct KeepalivedMessage {
	char *file;
	guint line;
	KeepalivedSeverity severity;
	char *text; /* one line, without file and line */
} KeepalivedMessage;

void keepalived_message_free(KeepalivedMessage *message);

typedef struct KeepalivedPair {
	const char *key; /* from the schema */
	char *value;     /* in file syntax; may be the secret key */
} KeepalivedPair;

typedef struct KeepalivedInstance {
	char *name;          /* a valid instance name */
	char *original_name; /* as in keepalived.conf */
	char *file;
	guint line;
	GPtrArray *pairs; /* KeepalivedPair *, in the order of the manual */
	Settings *settings;
} KeepalivedInstance;

void keepalived_instance_free(KeepalivedInstance *instance);

/* Returns the instances (KeepalivedInstance *, in the file's order) and all messages
 * (KeepalivedMessage *, ordered by line). An instance that cannot be expressed is left out, with a
 * message of severity KEEPALIVED_ELECTION. NULL and @error
 * ("FILE:LINE: ...") where the file cannot be read or its braces or quotes do not match; then
 * @ret_messages is untouched. */
GPtrArray *keepalived_import(const char *path, GPtrArray **ret_messages, GError **error);

/* The same from memory; @path is only for messages. */
GPtrArray *keepalived_import_text(const char *path, const char *text, gsize length,
				  GPtrArray **ret_messages, GError **error);

/* The instance as the text of a key file, the secret key included: for a file of mode 0640 only.
 * The caller frees it, and wipes it first. */
char *keepalived_instance_render(const KeepalivedInstance *instance);
