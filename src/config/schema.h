/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Every setting of an instance, declared once. Key files, the D-Bus dictionary, vrrpctl, the man
 * page's test, completions and the fuzz dictionary walk this table; nothing else knows a key's
 * name.
 */

#include "settings.h"

typedef enum SchemaType {
	SCHEMA_BOOLEAN,
	SCHEMA_BYTE,
	SCHEMA_TIMESPAN, /* microseconds on the bus */
	SCHEMA_STRING,
	SCHEMA_LIST, /* of strings; ';'-separated in files */
} SchemaType;

typedef enum SchemaFlags {
	SCHEMA_REQUIRED = 1 << 0,    /* there is no default */
	SCHEMA_SECRET = 1 << 1,      /* never shown, logged or formatted */
	SCHEMA_UNSUPPORTED = 1 << 2, /* declared, and refused until a release makes it work */
} SchemaFlags;

typedef struct SchemaKey SchemaKey;

struct SchemaKey {
	const char *name;
	const char *signature; /* D-Bus type */
	SchemaType type;
	guint flags;
	guint8 minimum, maximum;    /* SCHEMA_BYTE only */
	const char *const *choices; /* words that are valid, beside the range; NULL: none */
	const char *default_text;   /* in file syntax; "" where it is empty or required */
	const char *summary;        /* one line for manuals */
	/* Both NULL where SCHEMA_UNSUPPORTED, the second where SCHEMA_SECRET. @parse changes
	 * settings that are still being built, takes "" as the default, and otherwise obeys the
	 * rules of values.h. */
	gboolean (*parse)(const SchemaKey *key, const char *text, Settings *settings,
			  char **ret_why);
	char *(*format)(const SchemaKey *key, const Settings *settings);
	gsize offset; /* of the field that @parse and @format use, where one field is enough */
};

/* The table, in the order of the manual. */
const SchemaKey *schema_keys(gsize *ret_count);
/* NULL where there is no such key. Names are compared exactly. */
const SchemaKey *schema_find(const char *name);
/* The known key that is spelled most like @name, for error messages; NULL where nothing comes near.
 */
const char *schema_nearest(const char *name);
/* The value in file syntax, "" where it is empty; lists are joined with ';'. NULL for secrets and
 * for what is not supported yet. The caller frees it. */
char *schema_format(const SchemaKey *key, const Settings *settings);
/* What is valid, in words: "1 to 255", "none, pass or ah", "yes or no". The caller frees it. */
char *schema_describe_range(const SchemaKey *key);
