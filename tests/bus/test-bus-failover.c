/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Failover and Hold: calls that wait for another router. The test is the engine: it reports when
 * and what it wants, also after everybody has gone.
 */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <gio/gunixfdlist.h>

#include "fixture.h"

/* --- Failover -------------------------------------------------------------------------------- */

static Fixture *new_with_failover(ModelInstance **ret_instance, char **ret_text)
{
	Fixture *fixture = fixture_new_with_name();
	guint before = fixture->failovers;

	*ret_instance = fixture_add_instance(fixture, "lan", 1);
	(*ret_instance)->status.state = VRRP_STATE_MASTER;
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_YES;
	fixture_call_async(fixture->client, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			   g_variant_new("(tu)", G_GUINT64_CONSTANT(5000000), 0),
			   G_DBUS_CALL_FLAGS_NONE, ret_text);
	fixture_wait(fixture->failovers == before + 1);
	g_assert_cmpuint(fixture->failover_hold_usec, ==, 5000000);
	return fixture;
}

static void test_failover_results(void)
{
	static const struct {
		int result;
		const char *text;
	} rows[] = {
		{ 0, "()" },
		{ -ENOENT, "ERROR " BUS_ERROR_NO_PEER },
		{ -ENOTCONN, "ERROR " BUS_ERROR_NOT_MASTER },
		{ -EBUSY, "ERROR " BUS_ERROR_BUSY },
		{ -ECANCELED, "ERROR " BUS_ERROR_BUSY },
		{ -ETIMEDOUT, "ERROR " BUS_ERROR_NO_PEER },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		ModelInstance *instance;
		char *text = NULL;
		Fixture *fixture = new_with_failover(&instance, &text);

		g_assert_null(text);
		fixture->failover_done(fixture->failover_userdata, rows[i].result);
		fixture_wait(text);
		g_assert_cmpstr(text, ==, rows[i].text);
		g_free(text);
		fixture_free(fixture);
	}
}

static void test_failover_outlives_instance(void)
{
	ModelInstance *instance;
	char *text = NULL;
	Fixture *fixture = new_with_failover(&instance, &text);

	fixture_remove_instance(fixture, instance);
	fixture->failover_done(fixture->failover_userdata, -ECANCELED);
	fixture_wait(text);
	g_assert_cmpstr(text, ==, "ERROR " BUS_ERROR_BUSY);
	g_free(text);
	fixture_free(fixture);
}

static void test_failover_outlives_bus(void)
{
	ModelInstance *instance;
	char *text = NULL;
	Fixture *fixture = new_with_failover(&instance, &text);
	ModelDone done = fixture->failover_done;
	void *userdata = fixture->failover_userdata;

	fixture_free(fixture);
	done(userdata, 0); /* must not touch what is gone */
	fixture_wait(text);
	g_assert_cmpstr(text, !=, "()");
	g_free(text);
}

static void test_bus_restart(void)
{
	ModelInstance *instance;
	char *text = NULL;
	Fixture *fixture = new_with_failover(&instance, &text);
	gint64 start;
	int changed;

	fixture_kill_bus_daemon(fixture);
	fixture_wait(text); /* GDBus noticed */
	g_free(text);
	fixture_transition(fixture, instance, VRRP_STATE_BACKUP, VRRP_REASON_FAILOVER);
	fixture->failover_done(fixture->failover_userdata, 0);
	/* Without a bus for longer than the longest pause between two attempts. */
	start = g_get_monotonic_time();
	fixture_wait(g_get_monotonic_time() > start + 1700 * 1000);

	fixture_start_bus_daemon(fixture);
	fixture_connect_client(fixture);
	start = g_get_monotonic_time();
	fixture_wait_for_name(fixture);
	g_test_message("The name was back after %d ms.",
		       (int)((g_get_monotonic_time() - start) / 1000));
	g_assert_cmpint(g_get_monotonic_time() - start, <, G_USEC_PER_SEC);

	/* What happened meanwhile is not repeated; what happens now is compared with now. */
	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	instance->status.master_priority = 100;
	bus_instance_changed(fixture->bus, instance);
	fixture_settle(fixture);
	changed = fixture_find_signal(fixture, 0, "PropertiesChanged " FIXTURE_LAN);
	fixture_assert_contains(fixture_signal_at(fixture, changed),
				"{'MasterPriority': <byte 0x64>}");
	g_ptr_array_set_size(fixture->signals, 0);
	fixture_transition(fixture, instance, VRRP_STATE_MASTER, VRRP_REASON_NO_RESPONSE);
	fixture_settle(fixture);
	changed = fixture_find_signal(fixture, 0, "PropertiesChanged " FIXTURE_LAN);
	fixture_assert_contains(fixture_signal_at(fixture, changed), "'State': <'master'>");
	fixture_assert_contains(fixture_signal_at(fixture, changed + 1), "StateChanged ");
	fixture_free(fixture);
}

/* --- Hold ------------------------------------------------------------------------------------ */

/* What came of a call of Hold. */
typedef struct Hold {
	gboolean over;
	int fd; /* -1: an error */
	char *text;
} Hold;

static void on_hold(GObject *connection, GAsyncResult *result, gpointer userdata)
{
	Hold *hold = userdata;
	g_autoptr(GUnixFDList) list = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_with_unix_fd_list_finish(G_DBUS_CONNECTION(connection),
								&list, result, &error);

	hold->over = TRUE;
	hold->fd = -1;
	if (!reply) {
		g_autofree char *name = g_dbus_error_get_remote_error(error);

		hold->text = g_strdup(name ? name : error->message);
		return;
	}
	hold->text = g_variant_print(reply, FALSE);
	g_assert_nonnull(list);
	hold->fd = g_unix_fd_list_get(list, 0, NULL);
}

static void call_hold(Fixture *fixture, const char *reason, guint32 flags, Hold *hold)
{
	*hold = (Hold){ .fd = -1 };
	g_dbus_connection_call_with_unix_fd_list(fixture->client, BUS_NAME, FIXTURE_LAN,
						 BUS_INTERFACE_INSTANCE, "Hold",
						 g_variant_new("(su)", reason, flags), NULL,
						 G_DBUS_CALL_FLAGS_NONE, 30000, NULL, NULL, on_hold,
						 hold);
}

static Fixture *new_with_hold(ModelInstance **ret_instance, Hold *hold)
{
	Fixture *fixture = fixture_new_with_name();

	*ret_instance = fixture_add_instance(fixture, "lan", 1);
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_YES;
	call_hold(fixture, "new disk", 0, hold);
	fixture_wait(fixture->hold_done);
	g_assert_false(hold->over);
	return fixture;
}

/* The two ends of what a holder gets: the daemon's, and the one that is handed out. */
static void make_pipe(int ends[2])
{
	g_assert_cmpint(pipe2(ends, O_CLOEXEC | O_NONBLOCK), ==, 0);
}

static gboolean is_held(int end)
{
	struct pollfd pfd = { .fd = end, .events = POLLIN };

	return poll(&pfd, 1, 0) == 0;
}

static void test_hold_form(void)
{
	Fixture *fixture = fixture_new_with_name();
	g_autofree char *longest = g_strnfill(200, 'x'), *longer = g_strnfill(201, 'x');
	const char *const bad[] = { "", longer, "two\nlines", "bell\a", "zero\xe2\x80\x8bwidth" };
	Hold hold;

	fixture_add_instance(fixture, "lan", 1);
	fixture_start_polkit(fixture);
	for (guint i = 0; i <= G_N_ELEMENTS(bad); i++) {
		call_hold(fixture, i < G_N_ELEMENTS(bad) ? bad[i] : "ok",
			  i < G_N_ELEMENTS(bad) ? 0 : 1, &hold);
		fixture_wait(hold.over);
		g_assert_cmpstr(hold.text, ==, "org.freedesktop.DBus.Error.InvalidArgs");
		g_free(hold.text);
	}
	g_assert_cmpuint(fixture->questions->len, ==, 0);
	call_hold(fixture, longest, 0, &hold);
	fixture_wait(hold.over);
	g_assert_cmpstr(hold.text, ==, "org.freedesktop.DBus.Error.AccessDenied");
	g_free(hold.text);
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 0),
				"'" BUS_ACTION_OPERATE "', {'verb': 'hold', 'instance': 'lan', ");
	g_assert_null(fixture_asked(fixture));
	fixture_free(fixture);
}

static void test_hold_ends_with_the_descriptor(void)
{
	ModelInstance *instance;
	Hold hold;
	Fixture *fixture = new_with_hold(&instance, &hold);
	g_autofree char *asked =
		g_strconcat("hold lan new disk ",
			    g_dbus_connection_get_unique_name(fixture->client), NULL);
	int ends[2], copy;

	g_assert_cmpstr(fixture_asked(fixture), ==, asked);
	make_pipe(ends);
	fixture->hold_done(fixture->hold_userdata, 0, ends[1]);
	close(ends[1]);
	g_assert_true(is_held(ends[0]));
	fixture_wait(hold.over);
	g_assert_cmpstr(hold.text, ==, "(0,)");
	fixture_settle(fixture);
	g_assert_true(is_held(ends[0]));
	copy = dup(hold.fd);
	close(hold.fd);
	g_assert_true(is_held(ends[0]));
	close(copy);
	g_assert_false(is_held(ends[0]));
	close(ends[0]);
	g_free(hold.text);
	fixture_free(fixture);
}

static void test_hold_results(void)
{
	static const struct {
		int result;
		const char *text;
	} rows[] = {
		{ -ENOENT, BUS_ERROR_NO_PEER }, { -ETIMEDOUT, BUS_ERROR_NO_PEER },
		{ -EBUSY, BUS_ERROR_BUSY },     { -ECANCELED, BUS_ERROR_BUSY },
		{ -EUSERS, BUS_ERROR_BUSY },    { -EMFILE, "org.freedesktop.DBus.Error.Failed" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		ModelInstance *instance;
		Hold hold;
		Fixture *fixture = new_with_hold(&instance, &hold);

		fixture->hold_done(fixture->hold_userdata, rows[i].result, -1);
		fixture_wait(hold.over);
		g_assert_cmpstr(hold.text, ==, rows[i].text);
		g_free(hold.text);
		fixture_free(fixture);
	}
}

/* Whoever asked has left, or the instance has, or the bus: nobody keeps a copy. */
static void test_hold_of_nobody(void)
{
	for (guint i = 0; i < 3; i++) {
		ModelInstance *instance;
		Hold hold;
		Fixture *fixture = new_with_hold(&instance, &hold);
		ModelHoldDone done = fixture->hold_done;
		void *userdata = fixture->hold_userdata;
		int ends[2];

		make_pipe(ends);
		if (i == 0) {
			g_dbus_connection_close_sync(fixture->client, NULL, NULL);
			fixture_connect_client(fixture);
			fixture_settle(fixture);
		} else if (i == 1) {
			fixture_remove_instance(fixture, instance);
		} else {
			fixture_free(fixture);
		}
		done(userdata, 0, ends[1]);
		close(ends[1]);
		fixture_wait(hold.over);
		if (i == 1)
			close(hold.fd);
		else
			g_assert_cmpint(hold.fd, ==, -1);
		fixture_wait(!is_held(ends[0]));
		close(ends[0]);
		g_free(hold.text);
		if (i != 2)
			fixture_free(fixture);
	}
}

/* --- Both ------------------------------------------------------------------------------------ */

/* The engine says nothing. What it says later reaches nobody. */
static void test_limit(void)
{
	Hold hold;
	ModelInstance *instance;
	Fixture *fixture = new_with_hold(&instance, &hold);
	gint64 start = g_get_monotonic_time();
	char *text = NULL;
	int ends[2];

	instance->status.state = VRRP_STATE_MASTER;
	fixture_call_async(fixture->client, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			   g_variant_new("(tu)", G_GUINT64_CONSTANT(0), 0), G_DBUS_CALL_FLAGS_NONE,
			   &text);
	fixture_wait(hold.over && text);
	g_assert_cmpint(g_get_monotonic_time() - start, >, 15 * G_USEC_PER_SEC);
	g_assert_cmpint(g_get_monotonic_time() - start, <, 25 * G_USEC_PER_SEC);
	g_assert_cmpstr(hold.text, ==, BUS_ERROR_NO_PEER);
	g_assert_cmpstr(text, ==, "ERROR " BUS_ERROR_NO_PEER);
	fixture->failover_done(fixture->failover_userdata, 0);
	make_pipe(ends);
	fixture->hold_done(fixture->hold_userdata, 0, ends[1]);
	close(ends[1]);
	g_assert_false(is_held(ends[0]));
	close(ends[0]);
	g_free(hold.text);
	g_free(text);
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	g_test_add_func("/bus/failover/results", test_failover_results);
	g_test_add_func("/bus/failover/outlives-instance", test_failover_outlives_instance);
	g_test_add_func("/bus/failover/outlives-bus", test_failover_outlives_bus);
	g_test_add_func("/bus/connection/restart", test_bus_restart);
	g_test_add_func("/bus/hold/form", test_hold_form);
	g_test_add_func("/bus/hold/descriptor", test_hold_ends_with_the_descriptor);
	g_test_add_func("/bus/hold/results", test_hold_results);
	g_test_add_func("/bus/hold/nobody", test_hold_of_nobody);
	g_test_add_func("/bus/failover/limit", test_limit);
	return g_test_run();
}
