/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Where a value is written to: a D-Bus message, a JSON text, or plain bytes that are compared with
 * earlier ones. So each property is written down once, and the three can never differ.
 */

#include <systemd/sd-bus.h>

#include "bus-json.h"

typedef struct BusSinkOperations BusSinkOperations;

/* A D-Bus body while it is marshalled. */
#define BUS_WIRE_DEPTH 16
typedef struct BusWire {
	guint8 *data;
	guint length;
	guint room; /* of @data */
	guint depth;
	struct {
		guint length_at; /* one more than where its length stands; 0: it has none */
		guint start;     /* of its first element */
	} containers[BUS_WIRE_DEPTH];
} BusWire;

typedef struct BusSink {
	const BusSinkOperations *operations;
	union {
		sd_bus_message *message;
		BusJson *json;
		GByteArray *bytes;
		BusWire *wire;
	};
	int error; /* the first one; what comes later is ignored */
} BusSink;

BusSink bus_sink_message(sd_bus_message *message);
BusSink bus_sink_json(BusJson *json);
BusSink bus_sink_bytes(GByteArray *bytes);
/* As D-Bus has it on the wire, in this machine's byte order. @wire is initialised; it must outlive
 * the sink, and be cleared. */
BusSink bus_sink_wire(BusWire *wire);
void bus_wire_clear(BusWire *wire);

/* Text that is not UTF-8 is repaired: the message bus would drop us for it. NULL is "". */
void bus_sink_string(BusSink *sink, const char *value);
void bus_sink_path(BusSink *sink, const char *value);
void bus_sink_signature(BusSink *sink, const char *value);
void bus_sink_boolean(BusSink *sink, gboolean value);
void bus_sink_byte(BusSink *sink, guint8 value);
void bus_sink_int32(BusSink *sink, gint32 value);
void bus_sink_uint32(BusSink *sink, guint32 value);
void bus_sink_uint64(BusSink *sink, guint64 value);
/* A uint64 whose change alone is not announced. */
void bus_sink_volatile(BusSink *sink, guint64 value);
/* @contents is the type of an element. */
void bus_sink_open_array(BusSink *sink, const char *contents);
void bus_sink_close_array(BusSink *sink);
void bus_sink_open_struct(BusSink *sink, const char *contents);
void bus_sink_close_struct(BusSink *sink);
/* A dictionary with strings as keys: @contents is "{sX}", @types is "sX". */
void bus_sink_open_dictionary(BusSink *sink, const char *contents);
void bus_sink_close_dictionary(BusSink *sink);
void bus_sink_open_entry(BusSink *sink, const char *types, const char *key);
/* The same with an object path as the key. */
void bus_sink_open_path_entry(BusSink *sink, const char *types, const char *path);
void bus_sink_close_entry(BusSink *sink);
/* Around a value of another type. JSON has no such thing. */
void bus_sink_open_variant(BusSink *sink, const char *contents);
void bus_sink_close_variant(BusSink *sink);
/* The key of the next member of a struct, for JSON, where a struct is an object. */
void bus_sink_field(BusSink *sink, const char *name);
/* An array of strings; NULL is an empty one. */
void bus_sink_strings(BusSink *sink, const char *const *values);

/* A property of an object. */
typedef struct BusProperty {
	const char *name;
	const char *signature;
	void (*put)(BusSink *sink, void *object);
} BusProperty;
