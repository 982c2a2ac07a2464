/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The three sinks. Errors stick: whoever writes a value need not look at each step, and asks once
 * at the end. Bytes need not be read back, they are only compared, so every value is written with a
 * fixed size or a terminating zero and brackets mark where lists end. A sink is made on the stack
 * and owns nothing.
 */

#include <string.h>

#include "bus-sink.h"

/* A container that D-Bus spells as an array of entries, and JSON as an object. */
#define TYPE_DICTIONARY 'D'

struct BusSinkOperations {
	/* @value: the string itself for 's' and 'o', else a pointer to the value (an int for 'b')
	 */
	int (*basic)(BusSink *sink, char type, const void *value);
	int (*open)(BusSink *sink, char type, const char *contents);
	int (*close)(BusSink *sink, char type);
	void (*field)(BusSink *sink, const char *name);
	gboolean keys_are_fields; /* and not values */
	gboolean is_comparison;
};

/* --- D-Bus ----------------------------------------------------------------------------------- */

static int message_basic(BusSink *sink, char type, const void *value)
{
	return sd_bus_message_append_basic(sink->message, type, value);
}

static int message_open(BusSink *sink, char type, const char *contents)
{
	if (type == TYPE_DICTIONARY)
		type = SD_BUS_TYPE_ARRAY;
	return sd_bus_message_open_container(sink->message, type, contents);
}

static int message_close(BusSink *sink, char type)
{
	return sd_bus_message_close_container(sink->message);
}

static void no_field(BusSink *sink, const char *name)
{
	/* Members of a struct have names in JSON only. */
}

static const BusSinkOperations message_operations = {
	.basic = message_basic,
	.open = message_open,
	.close = message_close,
	.field = no_field,
};

BusSink bus_sink_message(sd_bus_message *message)
{
	return (BusSink){ .operations = &message_operations, .message = message };
}

/* --- JSON ------------------------------------------------------------------------------------ */

static int json_basic(BusSink *sink, char type, const void *value)
{
	switch (type) {
	case SD_BUS_TYPE_BOOLEAN:
		bus_json_boolean(sink->json, *(const int *)value);
		return 0;
	case SD_BUS_TYPE_BYTE:
		bus_json_unsigned(sink->json, *(const guint8 *)value);
		return 0;
	case SD_BUS_TYPE_INT32:
		bus_json_signed(sink->json, *(const gint32 *)value);
		return 0;
	case SD_BUS_TYPE_UINT32:
		bus_json_unsigned(sink->json, *(const guint32 *)value);
		return 0;
	case SD_BUS_TYPE_UINT64:
		bus_json_unsigned(sink->json, *(const guint64 *)value);
		return 0;
	default:
		bus_json_string(sink->json, value);
		return 0;
	}
}

static int json_open(BusSink *sink, char type, const char *contents)
{
	if (type != SD_BUS_TYPE_DICT_ENTRY && type != SD_BUS_TYPE_VARIANT)
		bus_json_open(sink->json, type == SD_BUS_TYPE_ARRAY ? '[' : '{');
	return 0;
}

static int json_close(BusSink *sink, char type)
{
	if (type != SD_BUS_TYPE_DICT_ENTRY && type != SD_BUS_TYPE_VARIANT)
		bus_json_close(sink->json, type == SD_BUS_TYPE_ARRAY ? ']' : '}');
	return 0;
}

static void json_field(BusSink *sink, const char *name)
{
	bus_json_key(sink->json, name);
}

static const BusSinkOperations json_operations = {
	.basic = json_basic,
	.open = json_open,
	.close = json_close,
	.field = json_field,
	.keys_are_fields = TRUE,
};

BusSink bus_sink_json(BusJson *json)
{
	return (BusSink){ .operations = &json_operations, .json = json };
}

/* --- Bytes ----------------------------------------------------------------------------------- */

static gsize size_of(char type)
{
	switch (type) {
	case SD_BUS_TYPE_BYTE:
		return 1;
	case SD_BUS_TYPE_UINT64:
		return 8;
	default:
		return 4;
	}
}

static int bytes_basic(BusSink *sink, char type, const void *value)
{
	gboolean is_text = type == SD_BUS_TYPE_STRING || type == SD_BUS_TYPE_OBJECT_PATH;

	g_byte_array_append(sink->bytes, value,
			    (guint)(is_text ? strlen(value) + 1 : size_of(type)));
	return 0;
}

static int bytes_open(BusSink *sink, char type, const char *contents)
{
	g_byte_array_append(sink->bytes, (const guint8 *)"(", 1);
	return 0;
}

static int bytes_close(BusSink *sink, char type)
{
	g_byte_array_append(sink->bytes, (const guint8 *)")", 1);
	return 0;
}

static const BusSinkOperations bytes_operations = {
	.basic = bytes_basic,
	.open = bytes_open,
	.close = bytes_close,
	.field = no_field,
	.is_comparison = TRUE,
};

BusSink bus_sink_bytes(GByteArray *bytes)
{
	return (BusSink){ .operations = &bytes_operations, .bytes = bytes };
}

/* --- Values ---------------------------------------------------------------------------------- */

static void note(BusSink *sink, int r)
{
	if (r < 0 && sink->error == 0)
		sink->error = r;
}

static void basic(BusSink *sink, char type, const void *value)
{
	note(sink, sink->operations->basic(sink, type, value));
}

void bus_sink_string(BusSink *sink, const char *value)
{
	g_autofree char *valid = NULL;

	if (!value)
		value = "";
	else if (!g_utf8_validate(value, -1, NULL))
		value = valid = g_utf8_make_valid(value, -1);
	basic(sink, SD_BUS_TYPE_STRING, value);
}

void bus_sink_path(BusSink *sink, const char *value)
{
	basic(sink, SD_BUS_TYPE_OBJECT_PATH, value);
}

void bus_sink_boolean(BusSink *sink, gboolean value)
{
	basic(sink, SD_BUS_TYPE_BOOLEAN, &(int){ value != FALSE });
}

void bus_sink_byte(BusSink *sink, guint8 value)
{
	basic(sink, SD_BUS_TYPE_BYTE, &value);
}

void bus_sink_int32(BusSink *sink, gint32 value)
{
	basic(sink, SD_BUS_TYPE_INT32, &value);
}

void bus_sink_uint32(BusSink *sink, guint32 value)
{
	basic(sink, SD_BUS_TYPE_UINT32, &value);
}

void bus_sink_uint64(BusSink *sink, guint64 value)
{
	basic(sink, SD_BUS_TYPE_UINT64, &value);
}

void bus_sink_volatile(BusSink *sink, guint64 value)
{
	if (!sink->operations->is_comparison)
		bus_sink_uint64(sink, value);
}

void bus_sink_open_array(BusSink *sink, const char *contents)
{
	note(sink, sink->operations->open(sink, SD_BUS_TYPE_ARRAY, contents));
}

void bus_sink_close_array(BusSink *sink)
{
	note(sink, sink->operations->close(sink, SD_BUS_TYPE_ARRAY));
}

void bus_sink_open_struct(BusSink *sink, const char *contents)
{
	note(sink, sink->operations->open(sink, SD_BUS_TYPE_STRUCT, contents));
}

void bus_sink_close_struct(BusSink *sink)
{
	note(sink, sink->operations->close(sink, SD_BUS_TYPE_STRUCT));
}

void bus_sink_open_dictionary(BusSink *sink, const char *contents)
{
	note(sink, sink->operations->open(sink, TYPE_DICTIONARY, contents));
}

void bus_sink_close_dictionary(BusSink *sink)
{
	note(sink, sink->operations->close(sink, TYPE_DICTIONARY));
}

void bus_sink_open_entry(BusSink *sink, const char *types, const char *key)
{
	note(sink, sink->operations->open(sink, SD_BUS_TYPE_DICT_ENTRY, types));
	if (sink->operations->keys_are_fields)
		bus_sink_field(sink, key);
	else
		bus_sink_string(sink, key);
}

void bus_sink_open_path_entry(BusSink *sink, const char *types, const char *path)
{
	note(sink, sink->operations->open(sink, SD_BUS_TYPE_DICT_ENTRY, types));
	if (sink->operations->keys_are_fields)
		bus_sink_field(sink, path);
	else
		bus_sink_path(sink, path);
}

void bus_sink_close_entry(BusSink *sink)
{
	note(sink, sink->operations->close(sink, SD_BUS_TYPE_DICT_ENTRY));
}

void bus_sink_open_variant(BusSink *sink, const char *contents)
{
	note(sink, sink->operations->open(sink, SD_BUS_TYPE_VARIANT, contents));
}

void bus_sink_close_variant(BusSink *sink)
{
	note(sink, sink->operations->close(sink, SD_BUS_TYPE_VARIANT));
}

void bus_sink_field(BusSink *sink, const char *name)
{
	sink->operations->field(sink, name);
}

void bus_sink_strings(BusSink *sink, const char *const *values)
{
	bus_sink_open_array(sink, "s");
	for (guint i = 0; values && values[i]; i++)
		bus_sink_string(sink, values[i]);
	bus_sink_close_array(sink);
}
