/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From a dictionary on the bus to settings in file syntax, and back. Everything that is true of a
 * value alone is checked here, before anybody is asked whether the caller may: so a caller learns
 * of a slip without a password, and learns nothing else, since nothing here looks at an instance.
 * The work is bounded: by the number of keys, because no key may come twice, and by the length of
 * a list and of a text.
 *
 * A secret passes through in memory that is wiped, and never into an error.
 */

#include <string.h>

#include "bus-error.h"
#include "bus-names.h"
#include "bus-settings.h"
#include "config/schema.h"
#include "config/settings-builder.h"
#include "config/values.h"
#include "model.h"

#define TEXT_MAX     (64 * 1024)
#define LIST_MAX     1024
#define INTEGERS     "ynqiuxt"
#define SHOWN_LENGTH 100

/* --- What is refused ------------------------------------------------------------------------- */

static int refuse(sd_bus_error *error, const SchemaKey *key, const char *value, const char *why)
{
	g_autofree char *shown = NULL;

	if (!value || (key->flags & SCHEMA_SECRET))
		return sd_bus_error_setf(error, BUS_ERROR_INVALID_SETTING, "%s: %s", key->name,
					 why);
	shown = value_show(value, SHOWN_LENGTH);
	return sd_bus_error_setf(error, BUS_ERROR_INVALID_SETTING, "%s=%s: %s", key->name, shown,
				 why);
}

static int refuse_type(sd_bus_error *error, const SchemaKey *key, const char *signature)
{
	gboolean number = strchr(INTEGERS, key->signature[0]) || key->type == SCHEMA_BOOLEAN;
	g_autofree char *range = schema_describe_range(key);

	return sd_bus_error_setf(error, BUS_ERROR_INVALID_SETTING,
				 "%s: has the D-Bus type '%s'; valid is '%s'%s%s (%s)", key->name,
				 signature, key->signature, number ? ", an integer type" : "",
				 strcmp(key->signature, "s") == 0 ? "" : ", or 's' in file syntax",
				 range);
}

static int check_text(sd_bus_error *error, const SchemaKey *key, const char *text)
{
	if (strlen(text) > TEXT_MAX)
		return refuse(error, key, text, "is too long: valid are at most 65536 bytes");
	for (const char *p = text; *p; p = g_utf8_next_char(p))
		if (g_unichar_iscntrl(g_utf8_get_char(p)))
			return refuse(error, key, text,
				      "must be one line without control characters");
	return 0;
}

/* --- Reading --------------------------------------------------------------------------------- */

static int read_string(sd_bus_message *request, const SchemaKey *key, ModelValue **ret,
		       sd_bus_error *error)
{
	const char *text;
	int r;

	r = sd_bus_message_read_basic(request, 's', &text);
	if (r >= 0)
		r = check_text(error, key, text);
	if (r >= 0)
		*ret = model_value_new(key, text);
	return r;
}

static int read_item(sd_bus_message *request, const SchemaKey *key, GString *list,
		     sd_bus_error *error)
{
	g_autofree char *stripped = NULL;
	const char *item;
	int r;

	r = sd_bus_message_read_basic(request, 's', &item);
	if (r <= 0)
		return r;
	r = check_text(error, key, item);
	if (r < 0)
		return r;
	stripped = g_strstrip(g_strdup(item));
	if (*stripped == '\0')
		return refuse(error, key, item, "has an empty entry; leave it out");
	if (list->len > 0)
		g_string_append_c(list, ';');
	for (const char *p = stripped; *p; p++) {
		if (*p == ';')
			g_string_append_c(list, '\\');
		g_string_append_c(list, *p);
	}
	return 1;
}

static int read_list(sd_bus_message *request, const SchemaKey *key, ModelValue **ret,
		     sd_bus_error *error)
{
	g_autoptr(GString) list = g_string_new(NULL);
	guint count = 0;
	int r;

	r = sd_bus_message_enter_container(request, 'a', "s");
	while (r >= 0 && (r = read_item(request, key, list, error)) > 0)
		if (++count > LIST_MAX || list->len > TEXT_MAX)
			return refuse(error, key, NULL,
				      "has too many entries: valid are at most 1024, and 65536 "
				      "bytes in all");
	if (r >= 0)
		r = sd_bus_message_exit_container(request);
	if (r >= 0)
		*ret = model_value_new(key, list->str);
	return r;
}

static int read_boolean(sd_bus_message *request, const SchemaKey *key, ModelValue **ret)
{
	int value, r;

	r = sd_bus_message_read_basic(request, 'b', &value);
	if (r >= 0)
		*ret = model_value_new(key, value ? "yes" : "no");
	return r;
}

/* Of any integer type; *@ret_negative where it is in the upper half of what is signed. */
static int read_number(sd_bus_message *request, char type, guint64 *ret_number,
		       gboolean *ret_negative)
{
	union {
		guint8 y;
		gint16 n;
		guint16 q;
		gint32 i;
		guint32 u;
		gint64 x;
		guint64 t;
	} value;
	gint64 number = 0;
	int r;

	r = sd_bus_message_read_basic(request, type, &value);
	if (r < 0)
		return r;
	switch (type) {
	case 'y':
		number = value.y;
		break;
	case 'n':
		number = value.n;
		break;
	case 'q':
		number = value.q;
		break;
	case 'i':
		number = value.i;
		break;
	case 'u':
		number = value.u;
		break;
	default:
		number = value.x; /* 't' has the same bits */
	}
	*ret_negative = type != 't' && number < 0;
	*ret_number = (guint64)number;
	return 1;
}

static int read_integer(sd_bus_message *request, char type, const SchemaKey *key, ModelValue **ret)
{
	g_autofree char *text = NULL;
	gboolean negative;
	guint64 number;
	int r;

	r = read_number(request, type, &number, &negative);
	if (r < 0)
		return r;
	if (negative)
		text = g_strdup_printf("%" G_GINT64_FORMAT, (gint64)number);
	else if (key->type == SCHEMA_TIMESPAN)
		text = value_format_timespan(number);
	else if (key->type == SCHEMA_BYTE && number == 0 && key->minimum > 0 && key->choices)
		text = g_strdup(key->choices[0]); /* as bus_settings_append() writes it */
	else
		text = g_strdup_printf("%" G_GUINT64_FORMAT, number);
	*ret = model_value_new(key, text);
	return 1;
}

static int read_variant(sd_bus_message *request, const SchemaKey *key, ModelValue **ret,
			sd_bus_error *error)
{
	const char *signature;
	char type;
	int r;

	r = sd_bus_message_peek_type(request, &type, &signature);
	if (r >= 0)
		r = sd_bus_message_enter_container(request, 'v', signature);
	if (r < 0)
		return r;
	if (strcmp(signature, "s") == 0)
		r = read_string(request, key, ret, error);
	else if (strcmp(signature, "as") == 0 && key->type == SCHEMA_LIST)
		r = read_list(request, key, ret, error);
	else if (strcmp(signature, "b") == 0 && key->type == SCHEMA_BOOLEAN)
		r = read_boolean(request, key, ret);
	else if (strlen(signature) == 1 && strchr(INTEGERS, *signature) &&
		 (key->type == SCHEMA_BOOLEAN || key->type == SCHEMA_BYTE ||
		  key->type == SCHEMA_TIMESPAN))
		r = read_integer(request, *signature, key, ret);
	else
		r = refuse_type(error, key, signature);
	return r < 0 ? r : sd_bus_message_exit_container(request);
}

static int fail(sd_bus_error *error, const GError *why)
{
	gboolean unknown = g_error_matches(why, SETTINGS_ERROR, SETTINGS_ERROR_UNKNOWN_KEY);

	return sd_bus_error_set(error,
				unknown ? BUS_ERROR_UNKNOWN_SETTING : BUS_ERROR_INVALID_SETTING,
				why->message);
}

/* Tries it on @scratch, which knows what each key takes. */
static int read_entry(sd_bus_message *request, GPtrArray *values, SettingsBuilder *scratch,
		      sd_bus_error *error)
{
	const SchemaKey *key;
	const char *name;
	ModelValue *value = NULL;
	g_autoptr(GError) why = NULL;
	int r;

	r = sd_bus_message_read_basic(request, 's', &name);
	if (r < 0)
		return r;
	key = schema_find(name);
	if (!key) {
		settings_builder_set(scratch, name, "", &why);
		return fail(error, why);
	}
	if (key->flags & SCHEMA_UNSUPPORTED)
		return refuse(error, key, NULL, "is not supported yet; leave it out");
	for (guint i = 0; i < values->len; i++)
		if (((const ModelValue *)values->pdata[i])->key == key)
			return refuse(error, key, NULL, "is there twice; give one value");
	r = read_variant(request, key, &value, error);
	if (value)
		g_ptr_array_add(values, value);
	if (r < 0)
		return r;
	if (!settings_builder_set(scratch, name, value->text, &why))
		return fail(error, why);
	return 0;
}

int bus_settings_read(sd_bus_message *request, GPtrArray **ret_values, sd_bus_error *error)
{
	g_autoptr(GPtrArray) values =
		g_ptr_array_new_with_free_func((GDestroyNotify)model_value_free);
	g_autoptr(SettingsBuilder) scratch = settings_builder_new("scratch");
	int r;

	r = sd_bus_message_enter_container(request, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(request, 'e', "sv")) > 0) {
		r = read_entry(request, values, scratch, error);
		if (r >= 0)
			r = sd_bus_message_exit_container(request);
	}
	if (r >= 0)
		r = sd_bus_message_exit_container(request);
	if (r >= 0)
		*ret_values = g_steal_pointer(&values);
	return r;
}

int bus_settings_make(const char *name, const GPtrArray *values, Settings **ret_settings,
		      sd_bus_error *error)
{
	g_autoptr(SettingsBuilder) builder = settings_builder_new(name);
	g_autoptr(GError) why = NULL;

	for (guint i = 0; i < values->len; i++) {
		const ModelValue *value = values->pdata[i];

		if (!settings_builder_set(builder, value->key->name, value->text, &why))
			return fail(error, why);
	}
	*ret_settings = settings_builder_finish(builder, NULL, &why);
	return *ret_settings ? 0 : fail(error, why);
}

/* --- Writing --------------------------------------------------------------------------------- */

static int append_boolean(sd_bus_message *reply, const char *text)
{
	gboolean value = FALSE;
	g_autofree char *why = NULL;

	value_parse_boolean(text, &value, &why);
	return sd_bus_message_append(reply, "v", "b", value);
}

/* A word, as "auto", is 0, which no such key has as a number. */
static int append_byte(sd_bus_message *reply, const SchemaKey *key, const char *text)
{
	guint8 value = 0;
	g_autofree char *why = NULL;

	value_parse_byte(text, key->minimum, key->maximum, &value, &why);
	return sd_bus_message_append(reply, "v", "y", value);
}

static int append_timespan(sd_bus_message *reply, const char *text)
{
	guint64 usec = 0;
	g_autofree char *why = NULL;

	value_parse_timespan(text, &usec, &why);
	return sd_bus_message_append(reply, "v", "t", usec);
}

static int append_list(sd_bus_message *reply, const char *text)
{
	g_auto(GStrv) items = value_split_list(text);
	int r;

	r = sd_bus_message_open_container(reply, 'v', "as");
	if (r >= 0)
		r = sd_bus_message_append_strv(reply, items);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_value(sd_bus_message *reply, const SchemaKey *key, const char *text)
{
	switch (key->type) {
	case SCHEMA_BOOLEAN:
		return append_boolean(reply, text);
	case SCHEMA_BYTE:
		return append_byte(reply, key, text);
	case SCHEMA_TIMESPAN:
		return append_timespan(reply, text);
	case SCHEMA_LIST:
		return append_list(reply, text);
	case SCHEMA_STRING:
	default:
		return sd_bus_message_append(reply, "v", "s", text);
	}
}

static int append_entry(sd_bus_message *reply, const SchemaKey *key, const char *text)
{
	int r;

	r = sd_bus_message_open_container(reply, 'e', "sv");
	if (r >= 0)
		r = sd_bus_message_append_basic(reply, 's', key->name);
	if (r >= 0)
		r = append_value(reply, key, text);
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_settings_append(sd_bus_message *reply, const Settings *settings)
{
	gsize count;
	const SchemaKey *keys = schema_keys(&count);
	int r;

	r = sd_bus_message_open_container(reply, 'a', "{sv}");
	for (gsize i = 0; r >= 0 && i < count; i++) {
		g_autofree char *text = schema_format(&keys[i], settings);

		if (text)
			r = append_entry(reply, &keys[i], text);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}

int bus_settings_append_secrets(sd_bus_message *reply, const Settings *settings)
{
	char key[VRRP_KEY_SIZE + 1] = "";
	int r;

	r = sd_bus_message_open_container(reply, 'a', "{sv}");
	if (r >= 0 && settings->has_key) {
		memcpy(key, settings->key, VRRP_KEY_SIZE);
		r = sd_bus_message_append(reply, "{sv}", "AuthenticationKey", "s", key);
		explicit_bzero(key, sizeof key);
	}
	return r < 0 ? r : sd_bus_message_close_container(reply);
}
