/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How each setting gets from its text into Settings and back. One pair of functions per kind of
 * field.
 *
 * A parser sees one key only: what depends on several keys (the interval and the version, a label
 * and the interface) is settings-builder.c's. Empty text never gets to a parser whose key has a
 * default other than "": the builder has put the default in its place.
 */

#include <errno.h>
#include <string.h>

#include "schema-fields.h"
#include "values.h"

static gpointer field(const SchemaKey *key, const Settings *settings)
{
	return (char *)settings + key->offset;
}

gboolean schema_parse_boolean(const SchemaKey *key, const char *text, Settings *settings,
			      char **ret_why)
{
	return value_parse_boolean(text, field(key, settings), ret_why);
}

char *schema_format_boolean(const SchemaKey *key, const Settings *settings)
{
	return g_strdup(*(const gboolean *)field(key, settings) ? "yes" : "no");
}

gboolean schema_parse_byte(const SchemaKey *key, const char *text, Settings *settings,
			   char **ret_why)
{
	if (*text == '\0') { /* required: no default, 0 is "not there" */
		*(guint8 *)field(key, settings) = 0;
		return TRUE;
	}
	return value_parse_byte(text, key->minimum, key->maximum, field(key, settings), ret_why);
}

char *schema_format_byte(const SchemaKey *key, const Settings *settings)
{
	guint8 value = *(const guint8 *)field(key, settings);

	return g_strdup_printf("%u", value);
}

gboolean schema_parse_byte_or_auto(const SchemaKey *key, const char *text, Settings *settings,
				   char **ret_why)
{
	g_autofree char *why = NULL;

	if (strcmp(text, "auto") == 0) {
		*(guint8 *)field(key, settings) = 0;
		return TRUE;
	}
	if (value_parse_byte(text, key->minimum, key->maximum, field(key, settings), &why))
		return TRUE;
	*ret_why = g_strdup_printf("%s, or auto", why);
	return FALSE;
}

char *schema_format_byte_or_auto(const SchemaKey *key, const Settings *settings)
{
	return *(const guint8 *)field(key, settings) == 0 ? g_strdup("auto")
							  : schema_format_byte(key, settings);
}

/* Longer than this is a mistake in the unit. */
#define DELAY_USEC_MAX (UINT64_C(24) * 3600 * G_USEC_PER_SEC)
/* More often is a flood, not a reminder. */
#define REFRESH_USEC_MIN G_USEC_PER_SEC

gboolean schema_parse_delay(const SchemaKey *key, const char *text, Settings *settings,
			    char **ret_why)
{
	guint64 usec;

	if (!value_parse_timespan(text, &usec, ret_why))
		return FALSE;
	if (usec > DELAY_USEC_MAX) {
		*ret_why = g_strdup("must be at most 1d");
		return FALSE;
	}
	*(guint64 *)field(key, settings) = usec;
	return TRUE;
}

gboolean schema_parse_refresh(const SchemaKey *key, const char *text, Settings *settings,
			      char **ret_why)
{
	guint64 usec;

	if (!value_parse_timespan(text, &usec, ret_why))
		return FALSE;
	if (usec > DELAY_USEC_MAX || (usec > 0 && usec < REFRESH_USEC_MIN)) {
		*ret_why = g_strdup("must be 0 (never), or 1s to 1d");
		return FALSE;
	}
	*(guint64 *)field(key, settings) = usec;
	return TRUE;
}

char *schema_format_timespan(const SchemaKey *key, const Settings *settings)
{
	return value_format_timespan(*(const guint64 *)field(key, settings));
}

static void replace_string(const SchemaKey *key, Settings *settings, const char *text)
{
	char **string = field(key, settings);

	g_free(*string);
	*string = g_strdup(text);
}

char *schema_format_string(const SchemaKey *key, const Settings *settings)
{
	return g_strdup(*(char *const *)field(key, settings));
}

gboolean schema_parse_description(const SchemaKey *key, const char *text, Settings *settings,
				  char **ret_why)
{
	for (const char *p = text; *p; p++)
		if (g_ascii_iscntrl(*p)) {
			*ret_why = g_strdup("must be one line without control characters");
			return FALSE;
		}
	replace_string(key, settings, text);
	return TRUE;
}

gboolean schema_parse_interface(const SchemaKey *key, const char *text, Settings *settings,
				char **ret_why)
{
	char name[VRRP_INTERFACE_NAME_SIZE] = "";

	if (*text && !value_parse_interface(text, name, ret_why))
		return FALSE;
	replace_string(key, settings, name);
	return TRUE;
}

/* Empty is "that of the addresses": the builder knows them. */
gboolean schema_parse_family(const SchemaKey *key, const char *text, Settings *settings,
			     char **ret_why)
{
	int family = *text == '\0' ? VRRP_FAMILY_NONE : vrrp_family_from_string(text);

	if (family < 0) {
		*ret_why = g_strdup("must be ipv4 or ipv6");
		return FALSE;
	}
	settings->family = (VrrpFamily)family;
	return TRUE;
}

char *schema_format_family(const SchemaKey *key, const Settings *settings)
{
	return g_strdup(vrrp_family_to_string(settings->family));
}

gboolean schema_parse_interval(const SchemaKey *key, const char *text, Settings *settings,
			       char **ret_why)
{
	return value_parse_timespan(text, &settings->interval_usec, ret_why);
}

char *schema_format_interval(const SchemaKey *key, const Settings *settings)
{
	return value_format_timespan(settings->interval_usec);
}

/* Puts the item in front of the reason, where there are several. */
static char *blame_item(const char *item, char *why)
{
	g_autofree char *owned = why;
	g_autofree char *escaped = value_show(item, 64);

	return g_strdup_printf("in '%s': %s", escaped, owned);
}

gboolean schema_parse_addresses(const SchemaKey *key, const char *text, Settings *settings,
				char **ret_why)
{
	g_auto(GStrv) items = value_split_list(text);
	g_autoptr(GArray) addresses = g_array_new(FALSE, FALSE, sizeof(VrrpInterfaceAddress));
	g_autoptr(GPtrArray) strings = g_ptr_array_new_with_free_func(g_free);

	for (char **item = items; *item; item++) {
		VrrpInterfaceAddress address;

		if (!value_parse_interface_address(*item, &address, ret_why)) {
			*ret_why = blame_item(*item, *ret_why);
			return FALSE;
		}
		g_array_append_val(addresses, address);
		g_ptr_array_add(strings, value_format_interface_address(&address));
	}
	g_array_unref(settings->addresses);
	settings->addresses = g_steal_pointer(&addresses);
	g_ptr_array_unref(settings->address_strings);
	settings->address_strings = g_steal_pointer(&strings);
	return TRUE;
}

char *schema_format_addresses(const SchemaKey *key, const Settings *settings)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < settings->address_strings->len; i++)
		g_string_append_printf(text, "%s%s", i ? ";" : "",
				       (const char *)settings->address_strings->pdata[i]);
	return g_string_free(text, FALSE);
}

gboolean schema_parse_source(const SchemaKey *key, const char *text, Settings *settings,
			     char **ret_why)
{
	if (*text == '\0') {
		settings->source = (VrrpAddress){ 0 };
		return TRUE;
	}
	return value_parse_address(text, &settings->source, ret_why);
}

char *schema_format_source(const SchemaKey *key, const Settings *settings)
{
	return value_format_address(&settings->source);
}

gboolean schema_parse_group(const SchemaKey *key, const char *text, Settings *settings,
			    char **ret_why)
{
	if (*text == '\0') {
		settings->group = (VrrpAddress){ 0 };
		return TRUE;
	}
	return value_parse_group(text, &settings->group, ret_why);
}

char *schema_format_group(const SchemaKey *key, const Settings *settings)
{
	return value_format_address(&settings->group);
}

gboolean schema_parse_peers(const SchemaKey *key, const char *text, Settings *settings,
			    char **ret_why)
{
	g_auto(GStrv) items = value_split_list(text);
	g_autoptr(GArray) peers = g_array_new(FALSE, FALSE, sizeof(VrrpAddress));

	/* ";" or blanks are not the same as no list: multicast must not come out of a slip. */
	if (*text && !*items) {
		*ret_why = g_strdup("must hold at least one address, or be left out for multicast");
		return FALSE;
	}
	for (char **item = items; *item; item++) {
		VrrpAddress peer;

		if (!value_parse_address(*item, &peer, ret_why)) {
			*ret_why = blame_item(*item, *ret_why);
			return FALSE;
		}
		g_array_append_val(peers, peer);
	}
	g_array_unref(settings->peers);
	settings->peers = g_steal_pointer(&peers);
	return TRUE;
}

char *schema_format_peers(const SchemaKey *key, const Settings *settings)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < settings->peers->len; i++) {
		g_autofree char *peer =
			value_format_address(&g_array_index(settings->peers, VrrpAddress, i));

		g_string_append_printf(text, "%s%s", i ? ";" : "", peer);
	}
	return g_string_free(text, FALSE);
}

gboolean schema_parse_auth_type(const SchemaKey *key, const char *text, Settings *settings,
				char **ret_why)
{
	int type = vrrp_auth_from_string(text);

	if (type < 0) {
		*ret_why = g_strdup("must be none, pass or ah");
		return FALSE;
	}
	settings->auth = (VrrpAuth)type;
	return TRUE;
}

char *schema_format_auth_type(const SchemaKey *key, const Settings *settings)
{
	return g_strdup(vrrp_auth_to_string(settings->auth));
}

gboolean schema_parse_auth_key(const SchemaKey *key, const char *text, Settings *settings,
			       char **ret_why)
{
	gsize length = strlen(text);

	if (length > VRRP_KEY_SIZE) {
		*ret_why = g_strdup_printf("must have at most %d bytes", VRRP_KEY_SIZE);
		return FALSE;
	}
	explicit_bzero(settings->key, sizeof settings->key);
	memcpy(settings->key, text, length);
	settings->has_key = length > 0;
	return TRUE;
}

gboolean schema_parse_checksum(const SchemaKey *key, const char *text, Settings *settings,
			       char **ret_why)
{
	int form = vrrp_checksum_from_string(text);

	if (form < 0) {
		*ret_why = g_strdup("must be auto, pseudo-header or message-only");
		return FALSE;
	}
	settings->checksum = (VrrpChecksum)form;
	return TRUE;
}

char *schema_format_checksum(const SchemaKey *key, const Settings *settings)
{
	return g_strdup(vrrp_checksum_to_string(settings->checksum));
}
