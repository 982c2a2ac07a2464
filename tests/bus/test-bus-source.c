/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The GSource around sd_bus, each of the ways in which such a thing goes wrong quietly: a loop that
 * spins, messages that stay in the queue because the socket is silent, a flood that starves
 * everything else, and an end that is told twice or never. Two sd_bus talk over a socket pair; only
 * one of them is in the main loop.
 */

#include <sys/socket.h>
#include <unistd.h>

#include "bus/bus-source.h"

typedef struct Pair {
	sd_bus *server; /* in the main loop */
	sd_bus *client; /* driven by hand */
	GSource *source;
	guint received;
	guint closed;
	int error;
} Pair;

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	Pair *pair = userdata;

	if (sd_bus_message_is_signal(message, "test.Test", "Ping") > 0)
		pair->received++;
	return 0;
}

static void on_closed(void *userdata, int error)
{
	Pair *pair = userdata;

	pair->closed++;
	pair->error = error;
}

static sd_bus *start(int fd, gboolean is_server)
{
	sd_bus *bus = NULL;
	sd_id128_t id;

	g_assert_cmpint(sd_id128_randomize(&id), >=, 0);
	g_assert_cmpint(sd_bus_new(&bus), >=, 0);
	g_assert_cmpint(sd_bus_set_fd(bus, fd, fd), >=, 0);
	if (is_server)
		g_assert_cmpint(sd_bus_set_server(bus, 1, id), >=, 0);
	g_assert_cmpint(sd_bus_set_anonymous(bus, 1), >=, 0);
	g_assert_cmpint(sd_bus_start(bus), >=, 0);
	return bus;
}

/* Both sides, until the handshake is over. */
static void shake_hands(Pair *pair)
{
	while (sd_bus_is_ready(pair->server) <= 0 || sd_bus_is_ready(pair->client) <= 0) {
		g_main_context_iteration(NULL, FALSE);
		while (sd_bus_process(pair->client, NULL) > 0)
			;
	}
}

static void pair_init(Pair *pair)
{
	int fds[2];

	*pair = (Pair){ 0 };
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), ==,
			0);
	pair->server = start(fds[0], TRUE);
	pair->client = start(fds[1], FALSE);
	pair->source = bus_source_new(pair->server, on_closed, pair);
	g_source_attach(pair->source, NULL);
	g_assert_cmpint(sd_bus_add_filter(pair->server, NULL, on_message, pair), >=, 0);
	shake_hands(pair);
}

static void pair_deinit(Pair *pair)
{
	g_source_destroy(pair->source);
	g_source_unref(pair->source);
	sd_bus_close_unref(pair->server);
	sd_bus_close_unref(pair->client);
}

static void send_pings(Pair *pair, guint count)
{
	for (guint i = 0; i < count; i++)
		g_assert_cmpint(sd_bus_emit_signal(pair->client, "/test", "test.Test", "Ping", "u",
						   i),
				>=, 0);
}

static gboolean on_limit(gpointer userdata)
{
	*(gboolean *)userdata = TRUE;
	return G_SOURCE_REMOVE;
}

/* Turns of the loop within 300 ms in which nothing happens. */
static void test_idle(void)
{
	gboolean over = FALSE;
	guint turns = 0;
	Pair pair;

	pair_init(&pair);
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_timeout_add(300, on_limit, &over);
	for (; !over; turns++)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(turns, <, 10);
	pair_deinit(&pair);
}

/* A synchronous call leaves what came before its reply parsed in the queue, and the socket silent.
 */
static void test_parsed_messages(void)
{
	gboolean over = FALSE;
	guint64 queued = 0;
	Pair pair;

	pair_init(&pair);
	send_pings(&pair, 5);
	/* Reads what is there, and gives up. */
	g_assert_cmpint(sd_bus_set_method_call_timeout(pair.server, 50000), >=, 0);
	g_assert_cmpint(sd_bus_call_method(pair.server, NULL, "/", "test.Test", "Nothing", NULL,
					   NULL, ""),
			<, 0);
	g_assert_cmpint(sd_bus_get_n_queued_read(pair.server, &queued), >=, 0);
	g_assert_cmpuint(queued, ==, 5);
	g_timeout_add_seconds(10, on_limit, &over);
	while (pair.received < 5 && !over)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(pair.received, ==, 5);
	if (!over)
		g_source_remove_by_user_data(&over);
	pair_deinit(&pair);
}

static gboolean do_nothing(gpointer userdata)
{
	return G_SOURCE_CONTINUE;
}

/* However much waits, one turn takes a bounded bite of it. */
static void test_budget(void)
{
	guint before, turns = 0, largest = 0, other;
	Pair pair;

	pair_init(&pair);
	other = g_idle_add_full(G_PRIORITY_DEFAULT, do_nothing, NULL, NULL);
	send_pings(&pair, 1000);
	while (pair.received < 1000) {
		while (sd_bus_process(pair.client, NULL) > 0)
			;
		before = pair.received;
		g_main_context_iteration(NULL, FALSE);
		largest = MAX(largest, pair.received - before);
		turns++;
	}
	g_assert_cmpuint(largest, <=, BUS_SOURCE_BUDGET);
	g_assert_cmpuint(turns, >=, 1000 / BUS_SOURCE_BUDGET);
	g_source_remove(other);
	pair_deinit(&pair);
}

static int slow_filter(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
	gint64 end = g_get_monotonic_time() + 2 * BUS_SOURCE_BUDGET_USEC;

	while (g_get_monotonic_time() < end)
		;
	return 0;
}

/* A handler that takes longer than the budget of time is alone in its turn. */
static void test_time_budget(void)
{
	guint before, largest = 0;
	Pair pair;

	pair_init(&pair);
	g_assert_cmpint(sd_bus_add_filter(pair.server, NULL, slow_filter, NULL), >=, 0);
	send_pings(&pair, 20);
	while (pair.received < 20) {
		before = pair.received;
		g_main_context_iteration(NULL, TRUE);
		largest = MAX(largest, pair.received - before);
	}
	g_assert_cmpuint(largest, ==, 1);
	pair_deinit(&pair);
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	*(guint *)userdata += sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) > 0;
	return 0;
}

/* A call that nobody answers ends at its time, although the socket stays silent. */
static void test_timeout(void)
{
	sd_bus_message *call = NULL;
	gint64 start = g_get_monotonic_time();
	guint replies = 0, turns = 0;
	Pair pair;

	pair_init(&pair);
	g_assert_cmpint(sd_bus_message_new_method_call(pair.server, &call, NULL, "/", "test.Test",
						       "Nothing"),
			>=, 0);
	g_assert_cmpint(sd_bus_call_async(pair.server, NULL, call, on_reply, &replies, 50000), >=,
			0);
	sd_bus_message_unref(call);
	for (; replies == 0 && g_get_monotonic_time() < start + 10 * G_USEC_PER_SEC; turns++)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(replies, ==, 1);
	g_assert_cmpuint(turns, <, 10);
	g_assert_cmpint(g_get_monotonic_time() - start, >=, 50000);
	pair_deinit(&pair);
}

static void test_end(void)
{
	Pair pair;

	pair_init(&pair);
	pair.client = sd_bus_close_unref(pair.client);
	while (pair.closed == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(pair.error, <, 0);
	g_assert_true(g_source_is_destroyed(pair.source));
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_assert_cmpuint(pair.closed, ==, 1);
	pair_deinit(&pair);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bus/source/idle", test_idle);
	g_test_add_func("/bus/source/parsed-messages", test_parsed_messages);
	g_test_add_func("/bus/source/budget", test_budget);
	g_test_add_func("/bus/source/time-budget", test_time_budget);
	g_test_add_func("/bus/source/timeout", test_timeout);
	g_test_add_func("/bus/source/end", test_end);
	return g_test_run();
}
