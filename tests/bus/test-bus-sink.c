/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What is written to the sinks: JSON with every character that needs care, text that is not UTF-8,
 * and bytes that differ exactly where the values do.
 */

#include "bus/bus-sink.h"

static char *json_of(void (*put)(BusSink *sink))
{
	BusJson json;
	BusSink sink;

	bus_json_init(&json);
	sink = bus_sink_json(&json);
	put(&sink);
	g_assert_cmpint(sink.error, ==, 0);
	return bus_json_finish(&json);
}

static GBytes *bytes_of(void (*put)(BusSink *sink))
{
	GByteArray *bytes = g_byte_array_new();
	BusSink sink = bus_sink_bytes(bytes);

	put(&sink);
	return g_byte_array_free_to_bytes(bytes);
}

static void put_everything(BusSink *sink)
{
	static const char *const words[] = { "a", "b", NULL };

	bus_sink_open_struct(sink, "sbyiutasas");
	bus_sink_field(sink, "Text");
	bus_sink_string(sink, "x");
	bus_sink_field(sink, "Yes");
	bus_sink_boolean(sink, 2);
	bus_sink_field(sink, "Byte");
	bus_sink_byte(sink, 255);
	bus_sink_field(sink, "Signed");
	bus_sink_int32(sink, -1);
	bus_sink_field(sink, "Unsigned");
	bus_sink_uint32(sink, 4294967295u);
	bus_sink_field(sink, "Long");
	bus_sink_uint64(sink, UINT64_MAX);
	bus_sink_field(sink, "Words");
	bus_sink_strings(sink, words);
	bus_sink_field(sink, "None");
	bus_sink_strings(sink, NULL);
	bus_sink_close_struct(sink);
}

static void test_json_values(void)
{
	g_autofree char *text = json_of(put_everything);

	g_assert_cmpstr(text, ==,
			"{\"Text\":\"x\",\"Yes\":true,\"Byte\":255,\"Signed\":-1,"
			"\"Unsigned\":4294967295,\"Long\":18446744073709551615,"
			"\"Words\":[\"a\",\"b\"],\"None\":[]}");
}

static void put_dictionary(BusSink *sink)
{
	bus_sink_open_dictionary(sink, "{st}");
	bus_sink_open_entry(sink, "st", "one");
	bus_sink_uint64(sink, 1);
	bus_sink_close_entry(sink);
	bus_sink_open_entry(sink, "st", "two");
	bus_sink_uint64(sink, 2);
	bus_sink_close_entry(sink);
	bus_sink_close_dictionary(sink);
}

static void test_json_dictionary(void)
{
	g_autofree char *text = json_of(put_dictionary);

	g_assert_cmpstr(text, ==, "{\"one\":1,\"two\":2}");
}

static const char *string_to_put;

static void put_string(BusSink *sink)
{
	bus_sink_string(sink, string_to_put);
}

static void test_json_strings(void)
{
	static const struct {
		const char *value, *json;
	} rows[] = {
		{ NULL, "\"\"" },
		{ "", "\"\"" },
		{ "a\"b\\c/d", "\"a\\\"b\\\\c/d\"" },
		{ "\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\"" },
		{ "\x01\x1f\x7f", "\"\\u0001\\u001f\x7f\"" },
		{ "\303\274\360\237\230\200", "\"\303\274\360\237\230\200\"" },
		{ "\xff<", "\"\357\277\275<\"" },
		{ "\xed\xa0\x80", "\"\357\277\275\357\277\275\357\277\275\"" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = NULL;

		string_to_put = rows[i].value;
		text = json_of(put_string);
		g_assert_cmpstr(text, ==, rows[i].json);
	}
}

static guint8 byte_to_put;
static guint64 time_to_put;

static void put_peer(BusSink *sink)
{
	bus_sink_open_array(sink, "(syt)");
	bus_sink_open_struct(sink, "syt");
	bus_sink_string(sink, string_to_put);
	bus_sink_byte(sink, byte_to_put);
	bus_sink_volatile(sink, time_to_put);
	bus_sink_close_struct(sink);
	bus_sink_close_array(sink);
}

static void test_comparison(void)
{
	g_autoptr(GBytes) first = NULL, time = NULL, byte = NULL, string = NULL, all = NULL;

	string_to_put = "192.0.2.1";
	first = bytes_of(put_peer);
	time_to_put = 5;
	time = bytes_of(put_peer);
	byte_to_put = 1;
	byte = bytes_of(put_peer);
	string_to_put = "192.0.2.2";
	string = bytes_of(put_peer);
	all = bytes_of(put_everything);
	g_assert_true(g_bytes_equal(first, time));
	g_assert_false(g_bytes_equal(time, byte));
	g_assert_false(g_bytes_equal(byte, string));
	g_assert_cmpuint(g_bytes_get_size(all), >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bus/sink/json-values", test_json_values);
	g_test_add_func("/bus/sink/json-dictionary", test_json_dictionary);
	g_test_add_func("/bus/sink/json-strings", test_json_strings);
	g_test_add_func("/bus/sink/comparison", test_comparison);
	return g_test_run();
}
