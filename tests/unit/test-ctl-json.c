/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * JSON from D-Bus messages, and its layout. The messages are real ones of libsystemd, made on a
 * connection that leads nowhere; every type of D-Bus must come out as RFC 8259 wants it, since
 * programs read this.
 */

#include <math.h>
#include <string.h>

#include "ctl-message.h"
#include "ctl/ctl-json.h"

/* The JSON of one value; @types and the rest as for sd_bus_message_append(). */
static char *json_of(Fixture *fixture, const char *types, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, types);
	text = message_text(fixture, ctl_json_message, types, arguments);
	va_end(arguments);
	return text;
}

#define assert_json(expected, ...)                                     \
	do {                                                           \
		g_autofree char *text = json_of(fixture, __VA_ARGS__); \
		g_assert_cmpstr(text, ==, expected);                   \
	} while (0)

static void test_basic_types(Fixture *fixture, gconstpointer data)
{
	assert_json("255", "y", 255);
	assert_json("true", "b", 1);
	assert_json("false", "b", 0);
	assert_json("-32768", "n", -32768);
	assert_json("65535", "q", 65535);
	assert_json("-2147483648", "i", G_MININT32);
	assert_json("4294967295", "u", G_MAXUINT32);
	assert_json("-9223372036854775808", "x", G_MININT64);
	assert_json("18446744073709551615", "t", G_MAXUINT64);
	assert_json("0.25", "d", 0.25);
	assert_json("null", "d", (double)INFINITY);
	assert_json("null", "d", (double)NAN);
	assert_json("\"/a/b\"", "o", "/a/b");
	assert_json("\"a{sv}\"", "g", "a{sv}");
}

static void test_strings(Fixture *fixture, gconstpointer data)
{
	assert_json("\"\"", "s", "");
	assert_json("\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"", "s", "a\"b\\c\n\t\001\177");
	assert_json("\"gr\303\274n\"", "s", "gr\303\274n");
}

static void test_containers(Fixture *fixture, gconstpointer data)
{
	assert_json("[]", "as", 0);
	assert_json("[\"a\",\"b\"]", "as", 2, "a", "b");
	assert_json("{}", "a{sv}", 0);
	assert_json("{\"a\":1,\"b\":[]}", "a{sv}", 2, "a", "u", 1, "b", "as", 0);
	assert_json("{\"1\":\"x\",\"2\":\"y\"}", "a{us}", 2, 1, "x", 2, "y");
	assert_json("[\"a\",[1,true]]", "(s(yb))", "a", 1, 1);
	assert_json("[[\"a\",1],[\"b\",2]]", "a(sy)", 2, "a", 1, "b", 2);
	assert_json("\"x\"", "v", "v", "s", "x");
	assert_json("[[1,2],[],[3]]", "aai", 3, 2, 1, 2, 0, 1, 3);
}

static void test_named_structs(Fixture *fixture, gconstpointer data)
{
	static const char *const names[] = { "A", "B", NULL };
	g_autoptr(GString) json = g_string_new(NULL);
	g_autoptr(sd_bus_message) message = NULL;

	g_assert_cmpint(sd_bus_message_new_signal(fixture->bus, &message, "/x", "x.y", "Z"), >=, 0);
	g_assert_cmpint(sd_bus_message_append(message, "a(sy)a(sy)", 2, "a", 1, "b", 2, 0), >=, 0);
	g_assert_cmpint(sd_bus_message_seal(message, 1, 0), >=, 0);
	g_assert_cmpint(sd_bus_message_rewind(message, TRUE), >=, 0);
	g_assert_cmpint(ctl_json_structs(json, message, names), >=, 0);
	g_assert_cmpint(ctl_json_structs(json, message, names), >=, 0);
	g_assert_cmpstr(json->str, ==, "[{\"A\":\"a\",\"B\":1},{\"A\":\"b\",\"B\":2}],[]");
}

/* The layout goes to stdout, so it is looked at from outside; g_test's patterns know '*' only. */
static void check_print(CtlJsonMode mode, const char *text, const char *pattern)
{
	const Ctl ctl = { .json = mode };

	if (g_test_subprocess()) {
		ctl_json_print(&ctl, text);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stdout(pattern);
}

static void test_short(void)
{
	check_print(CTL_JSON_SHORT,
		    " { \"a b\" : [ 1 , { } , [\n] ] , \"c\\\"}\" : \"{ [ , : \" }\n",
		    "*{\"a b\":[1,{},[]],\"c\\\"}\":\"{ [ , : \"}\n*");
}

static void test_pretty(void)
{
	check_print(CTL_JSON_PRETTY, "{\"a\":[1,{\"b\":[]}],\"c\":{},\"d\":\"x,\\\\\"}",
		    "*{\n\t\"a\": [\n\t\t1,\n\t\t{\n\t\t\t\"b\": []\n\t\t}\n\t],\n"
		    "\t\"c\": {},\n\t\"d\": \"x,\\\\\"\n}\n*");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) \
	g_test_add("/ctl-json/" name, Fixture, NULL, set_up, function, tear_down)
	ADD("basic-types", test_basic_types);
	ADD("strings", test_strings);
	ADD("containers", test_containers);
	ADD("named-structs", test_named_structs);
	g_test_add_func("/ctl-json/short", test_short);
	g_test_add_func("/ctl-json/pretty", test_pretty);
	return g_test_run();
}
