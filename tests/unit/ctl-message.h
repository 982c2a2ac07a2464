/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Messages of libsystemd, made on a connection that leads nowhere, for the tests of what vrrpctl
 * makes of them.
 */

#include <glib.h>
#include <stdarg.h>
#include <sys/socket.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

typedef struct Fixture {
	sd_bus *bus;
	int peer;
} Fixture;

static void set_up(Fixture *fixture, gconstpointer data)
{
	sd_id128_t id;
	int fds[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), ==, 0);
	g_assert_cmpint(sd_bus_new(&fixture->bus), >=, 0);
	g_assert_cmpint(sd_bus_set_fd(fixture->bus, fds[0], fds[0]), >=, 0);
	g_assert_cmpint(sd_id128_randomize(&id), >=, 0);
	g_assert_cmpint(sd_bus_set_server(fixture->bus, TRUE, id), >=, 0);
	g_assert_cmpint(sd_bus_start(fixture->bus), >=, 0);
	fixture->peer = fds[1];
}

static void tear_down(Fixture *fixture, gconstpointer data)
{
	close(fixture->peer);
	sd_bus_close_unref(fixture->bus);
}

/* What @append makes of one value; @types and @arguments as for sd_bus_message_appendv(). */
static char *message_text(Fixture *fixture, int (*append)(GString *text, sd_bus_message *message),
			  const char *types, va_list arguments)
{
	sd_bus_message *message = NULL;
	GString *text = g_string_new(NULL);

	g_assert_cmpint(sd_bus_message_new_signal(fixture->bus, &message, "/x", "x.y", "Z"), >=, 0);
	g_assert_cmpint(sd_bus_message_appendv(message, types, arguments), >=, 0);
	g_assert_cmpint(sd_bus_message_seal(message, 1, 0), >=, 0);
	g_assert_cmpint(sd_bus_message_rewind(message, TRUE), >=, 0);
	g_assert_cmpint(append(text, message), >=, 0);
	g_assert_cmpint(sd_bus_message_at_end(message, TRUE), >, 0);
	sd_bus_message_unref(message);
	return g_string_free(text, FALSE);
}
