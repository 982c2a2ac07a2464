/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The sinks. Errors stick: whoever writes a value need not look at each step, and asks once
 * at the end. Bytes need not be read back, they are only compared, so every value is written with a
 * fixed size or a terminating zero and brackets mark where lists end. A sink is made on the stack
 * and owns nothing.
 */

#include <errno.h>
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
	gboolean is_text = type == SD_BUS_TYPE_STRING || type == SD_BUS_TYPE_OBJECT_PATH ||
			   type == SD_BUS_TYPE_SIGNATURE;

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

/* --- Bytes on the wire ----------------------------------------------------------------------- */

static guint8 *wire_extend(BusWire *wire, guint alignment, guint size)
{
	guint padding = -wire->length % alignment;
	guint8 *at;

	if (wire->room - wire->length < padding + size) {
		wire->room = 2 * MAX(wire->room, 1024) + padding + size;
		wire->data = g_realloc(wire->data, wire->room);
	}
	at = wire->data + wire->length;
	for (guint i = 0; i < padding; i++)
		*at++ = 0;
	wire->length += padding + size;
	return at;
}

static void wire_text(BusWire *wire, const char *text)
{
	guint32 length = (guint32)strlen(text);
	guint8 *at = wire_extend(wire, 4, length + 5);

	memcpy(at, &length, 4);
	memcpy(at + 4, text, length + 1);
}

static void wire_signature(BusWire *wire, const char *signature)
{
	guint8 length = (guint8)strlen(signature);
	guint8 *at = wire_extend(wire, 1, length + 2u);

	*at = length;
	memcpy(at + 1, signature, length + 1u);
}

static guint alignment_of(char type)
{
	switch (type) {
	case SD_BUS_TYPE_BYTE:
	case SD_BUS_TYPE_SIGNATURE:
	case SD_BUS_TYPE_VARIANT:
		return 1;
	case SD_BUS_TYPE_UINT64:
	case SD_BUS_TYPE_STRUCT_BEGIN:
	case SD_BUS_TYPE_DICT_ENTRY_BEGIN:
		return 8;
	default:
		return 4;
	}
}

static int wire_basic(BusSink *sink, char type, const void *value)
{
	gsize size;

	switch (type) {
	case SD_BUS_TYPE_STRING:
	case SD_BUS_TYPE_OBJECT_PATH:
		wire_text(sink->wire, value);
		return 0;
	case SD_BUS_TYPE_SIGNATURE:
		wire_signature(sink->wire, value);
		return 0;
	default:
		size = size_of(type);
		memcpy(wire_extend(sink->wire, (guint)size, (guint)size), value, size);
		return 0;
	}
}

static int wire_open(BusSink *sink, char type, const char *contents)
{
	BusWire *wire = sink->wire;

	if (wire->depth == BUS_WIRE_DEPTH)
		return -E2BIG;
	wire->containers[wire->depth++].length_at = 0;
	switch (type) {
	case SD_BUS_TYPE_VARIANT:
		wire_signature(wire, contents);
		return 0;
	case SD_BUS_TYPE_ARRAY:
	case TYPE_DICTIONARY:
		/* The length comes later. */
		wire_extend(wire, 4, 4);
		wire->containers[wire->depth - 1].length_at = wire->length - 4 + 1;
		wire_extend(wire, alignment_of(*contents), 0);
		wire->containers[wire->depth - 1].start = wire->length;
		return 0;
	default:
		wire_extend(wire, 8, 0);
		return 0;
	}
}

static int wire_close(BusSink *sink, char type)
{
	BusWire *wire = sink->wire;
	guint length_at, length;

	if (wire->depth == 0)
		return -EINVAL;
	length_at = wire->containers[--wire->depth].length_at;
	if (length_at == 0)
		return 0;
	length = wire->length - wire->containers[wire->depth].start;
	memcpy(wire->data + length_at - 1, &length, 4);
	return 0;
}

static const BusSinkOperations wire_operations = {
	.basic = wire_basic,
	.open = wire_open,
	.close = wire_close,
	.field = no_field,
};

BusSink bus_sink_wire(BusWire *wire)
{
	*wire = (BusWire){ 0 };
	return (BusSink){ .operations = &wire_operations, .wire = wire };
}

void bus_wire_clear(BusWire *wire)
{
	g_clear_pointer(&wire->data, g_free);
	wire->length = wire->room = 0;
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

void bus_sink_signature(BusSink *sink, const char *value)
{
	basic(sink, SD_BUS_TYPE_SIGNATURE, value);
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
