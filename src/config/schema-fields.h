/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The parsers and formatters that schema.c's table points to; nobody else calls them. The contract
 * is SchemaKey's. */

#include "schema.h"

gboolean schema_parse_boolean(const SchemaKey *key, const char *text, Settings *settings,
			      char **ret_why);
gboolean schema_parse_byte(const SchemaKey *key, const char *text, Settings *settings,
			   char **ret_why);
gboolean schema_parse_byte_or_auto(const SchemaKey *key, const char *text, Settings *settings,
				   char **ret_why);
gboolean schema_parse_description(const SchemaKey *key, const char *text, Settings *settings,
				  char **ret_why);
gboolean schema_parse_interface(const SchemaKey *key, const char *text, Settings *settings,
				char **ret_why);
gboolean schema_parse_family(const SchemaKey *key, const char *text, Settings *settings,
			     char **ret_why);
gboolean schema_parse_interval(const SchemaKey *key, const char *text, Settings *settings,
			       char **ret_why);
gboolean schema_parse_addresses(const SchemaKey *key, const char *text, Settings *settings,
				char **ret_why);
gboolean schema_parse_source(const SchemaKey *key, const char *text, Settings *settings,
			     char **ret_why);
gboolean schema_parse_group(const SchemaKey *key, const char *text, Settings *settings,
			    char **ret_why);
char *schema_format_group(const SchemaKey *key, const Settings *settings);
gboolean schema_parse_peers(const SchemaKey *key, const char *text, Settings *settings,
			    char **ret_why);
gboolean schema_parse_auth_type(const SchemaKey *key, const char *text, Settings *settings,
				char **ret_why);
gboolean schema_parse_auth_key(const SchemaKey *key, const char *text, Settings *settings,
			       char **ret_why);
gboolean schema_parse_checksum(const SchemaKey *key, const char *text, Settings *settings,
			       char **ret_why);

gboolean schema_parse_delay(const SchemaKey *key, const char *text, Settings *settings,
			    char **ret_why);
gboolean schema_parse_refresh(const SchemaKey *key, const char *text, Settings *settings,
			      char **ret_why);

char *schema_format_timespan(const SchemaKey *key, const Settings *settings);
char *schema_format_boolean(const SchemaKey *key, const Settings *settings);
char *schema_format_byte(const SchemaKey *key, const Settings *settings);
char *schema_format_byte_or_auto(const SchemaKey *key, const Settings *settings);
char *schema_format_string(const SchemaKey *key, const Settings *settings);
char *schema_format_family(const SchemaKey *key, const Settings *settings);
char *schema_format_interval(const SchemaKey *key, const Settings *settings);
char *schema_format_addresses(const SchemaKey *key, const Settings *settings);
char *schema_format_source(const SchemaKey *key, const Settings *settings);
char *schema_format_peers(const SchemaKey *key, const Settings *settings);
char *schema_format_auth_type(const SchemaKey *key, const Settings *settings);
char *schema_format_checksum(const SchemaKey *key, const Settings *settings);
