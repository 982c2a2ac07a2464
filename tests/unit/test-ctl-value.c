/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Values of the bus as lines of text. The messages are real ones of libsystemd, made on a
 * connection that leads nowhere.
 */

#include "ctl-message.h"
#include "ctl/ctl-value.h"

/* The text of one value; @types and the rest as for sd_bus_message_append(). */
static char *text_of(Fixture *fixture, const char *types, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, types);
	text = message_text(fixture, ctl_value_append, types, arguments);
	va_end(arguments);
	return text;
}

#define assert_text(expected, ...)                                     \
	do {                                                           \
		g_autofree char *text = text_of(fixture, __VA_ARGS__); \
		g_assert_cmpstr(text, ==, expected);                   \
	} while (0)

static void test_basic_types(Fixture *fixture, gconstpointer data)
{
	assert_text("255", "y", 255);
	assert_text("yes", "b", 1);
	assert_text("no", "b", 0);
	assert_text("-32768", "n", -32768);
	assert_text("65535", "q", 65535);
	assert_text("-2147483648", "i", G_MININT32);
	assert_text("4294967295", "u", G_MAXUINT32);
	assert_text("-9223372036854775808", "x", G_MININT64);
	assert_text("18446744073709551615", "t", G_MAXUINT64);
	assert_text("0.25", "d", 0.25);
	assert_text("/a/b", "o", "/a/b");
	assert_text("a{sv}", "g", "a{sv}");
	assert_text("a b;c", "s", "a b;c");
	assert_text("", "s", "");
}

static void test_containers(Fixture *fixture, gconstpointer data)
{
	assert_text("7", "v", "y", 7);
	assert_text("", "as", 0);
	assert_text("a;b c", "as", 2, "a", "b c");
	assert_text("192.0.2.1 100 5;192.0.2.2 0 0", "a(syt)", 2, "192.0.2.1", 100,
		    G_GUINT64_CONSTANT(5), "192.0.2.2", 0, G_GUINT64_CONSTANT(0));
	assert_text("a=1;b=yes", "a{sv}", 2, "a", "y", 1, "b", "b", 1);
	assert_text("x;y", "v", "as", 2, "x", "y");
}

/* One line each, whatever somebody has put into a description. */
static void test_nothing_steers_the_terminal(Fixture *fixture, gconstpointer data)
{
	assert_text("a?b?[2J?c", "s", "a\nb\033[2J\177c");
	assert_text("??;\303\244", "as", 2, "\302\233", "\303\244");
}

static void test_the_end(Fixture *fixture, gconstpointer data)
{
	g_autoptr(sd_bus_message) message = NULL;
	g_autoptr(GString) text = g_string_new(NULL);

	g_assert_cmpint(sd_bus_message_new_signal(fixture->bus, &message, "/x", "x.y", "Z"), >=, 0);
	g_assert_cmpint(sd_bus_message_seal(message, 1, 0), >=, 0);
	g_assert_cmpint(ctl_value_append(text, message), <, 0);
	g_assert_cmpstr(text->str, ==, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(path, test) g_test_add(path, Fixture, NULL, set_up, test, tear_down)
	ADD("/ctl-value/basic-types", test_basic_types);
	ADD("/ctl-value/containers", test_containers);
	ADD("/ctl-value/nothing-steers-the-terminal", test_nothing_steers_the_terminal);
	ADD("/ctl-value/the-end", test_the_end);
#undef ADD
	return g_test_run();
}
