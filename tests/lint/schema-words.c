/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Prints the settings that work, a line each: the key, and the words that it takes beside numbers
 * and text. For tests that are not in C.
 */

#include <stdio.h>

#include "config/schema.h"

int main(void)
{
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	for (gsize i = 0; i < count; i++) {
		if (keys[i].flags & SCHEMA_UNSUPPORTED)
			continue;
		fputs(keys[i].name, stdout);
		if (keys[i].type == SCHEMA_BOOLEAN)
			fputs(" yes no", stdout);
		/* A small range is a choice of words. */
		for (guint n = keys[i].minimum;
		     keys[i].type == SCHEMA_BYTE && keys[i].maximum - keys[i].minimum < 2 &&
		     n <= keys[i].maximum;
		     n++)
			printf(" %u", n);
		for (const char *const *choice = keys[i].choices; choice && *choice; choice++)
			printf(" %s", *choice);
		if (keys[i].flags & SCHEMA_SECRET)
			fputs(" -", stdout);
		putchar('\n');
	}
	return 0;
}
