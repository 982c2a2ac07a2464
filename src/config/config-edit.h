/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Changes keys in the text of an instance file, and nothing else: comments, order and the lines of
 * other keys stay as their author wrote them.
 */

#include "settings.h"

typedef struct ConfigChange {
	const char *key;   /* of the schema */
	const char *value; /* in file syntax, without escapes; "" takes the line away */
} ConfigChange;

/* @text, "" for a new file, must be one in which config_file_parse() finds no fault. New keys come
 * behind the last one. The result may hold the secret key: wipe it, then free it. */
char *config_edit(const char *text, const ConfigChange *changes, gsize count);
