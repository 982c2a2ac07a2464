/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The objects on the bus, driven by hand: what is announced, in which order, and what happens when
 * a call, a caller, polkit or the bus goes away in the middle. A real dbus-daemon, a client of
 * another implementation, and a polkit that does what the test says.
 */

#include <signal.h>
#include <unistd.h>

#include "fixture.h"

#define PATH_LAN BUS_PATH_INSTANCE "/lan"

static Fixture *new_with_name(void)
{
	Fixture *fixture = fixture_new();
	char *text = NULL;

	/* Until the name is there. */
	do {
		g_free(text);
		text = fixture_call(fixture, BUS_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL);
	} while (!g_str_equal(text, "()"));
	g_free(text);
	return fixture;
}

static char *call_failover(Fixture *fixture, guint64 hold_usec, guint32 flags)
{
	return fixture_call(fixture, PATH_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			    g_variant_new("(tu)", hold_usec, flags));
}

static const char *signal_at(Fixture *fixture, int i)
{
	g_assert_cmpint(i, >=, 0);
	return g_ptr_array_index(fixture->signals, i);
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		g_error("'%s' is not in: %s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		g_error("'%s' is in: %s", part, text);
}

/* --- Reading --------------------------------------------------------------------------------- */

static void test_read(void)
{
	Fixture *fixture = new_with_name();
	g_autofree char *list = NULL, *path = NULL, *unknown = NULL, *state = NULL, *down = NULL;

	fixture_add_instance(fixture, "wan.2", 2);
	fixture_add_instance(fixture, "lan", 1);
	list = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "ListInstances", NULL);
	g_assert_cmpstr(list, ==,
			"([('lan', '/org/vrrpd1/instance/lan', 'eth0', 0x01, 'ipv4', 'backup', "
			"0x6e), ('wan.2', '/org/vrrpd1/instance/wan_2e2', 'eth0', 0x02, 'ipv4', "
			"'backup', 0x6e)],)");
	path = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "GetInstance",
			    g_variant_new("(s)", "wan.2"));
	g_assert_cmpstr(path, ==, "('/org/vrrpd1/instance/wan_2e2',)");
	unknown = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "GetInstance",
			       g_variant_new("(s)", "nothing"));
	g_assert_cmpstr(unknown, ==, "ERROR " BUS_ERROR_NO_SUCH_INSTANCE);
	/* Another spelling of the same name is not its path. */
	state = fixture_call(fixture, BUS_PATH_INSTANCE "/l_61n", "org.freedesktop.DBus.Properties",
			     "Get", g_variant_new("(ss)", BUS_INTERFACE_INSTANCE, "State"));
	g_assert_cmpstr(state, ==, "ERROR org.freedesktop.DBus.Error.UnknownObject");
	down = fixture_call(fixture, PATH_LAN, "org.freedesktop.DBus.Properties", "Get",
			    g_variant_new("(ss)", BUS_INTERFACE_INSTANCE, "MasterDownInterval"));
	g_assert_cmpstr(down, ==, "(<uint64 12570312>,)");
	fixture_free(fixture);
}

static void test_no_secrets(void)
{
	Fixture *fixture = new_with_name();
	g_autofree char *all = NULL, *objects = NULL, *text = NULL, *instance = NULL;

	fixture_add_instance(fixture, "lan", 1);
	all = fixture_call(fixture, PATH_LAN, "org.freedesktop.DBus.Properties", "GetAll",
			   g_variant_new("(s)", BUS_INTERFACE_INSTANCE));
	objects = fixture_call(fixture, BUS_PATH, "org.freedesktop.DBus.ObjectManager",
			       "GetManagedObjects", NULL);
	text = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "Describe", NULL);
	instance = fixture_call(fixture, PATH_LAN, BUS_INTERFACE_INSTANCE, "Describe", NULL);
	assert_contains(all, "'AuthenticationType': <'ah'>");
	assert_contains(objects, "'AuthenticationType': <'ah'>");
	assert_contains(text, "\"AuthenticationType\":\"ah\"");
	assert_contains(instance, "\"Description\":\"a \\\\\"test\\\\\"\"");
	/* Our own address is a peer to nobody. */
	assert_contains(all, "'Peers': <[('192.0.2.2', byte 0x00, uint64 0)]>");
	assert_contains(all, "'UnicastPeers': <['192.0.2.1', '192.0.2.2']>");
	assert_lacks(all, "hunter2");
	assert_lacks(objects, "hunter2");
	assert_lacks(text, "hunter2");
	assert_lacks(instance, "hunter2");
	fixture_free(fixture);
}

static void test_statistics(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	g_autofree char *text = NULL, *stopped = NULL;

	instance->shared->counters.counters[COUNTER_ADVERTS_SENT] = 7;
	instance->shared->counters.rejects[VRRP_REJECT_TTL] = 3;
	text = fixture_call(fixture, PATH_LAN, BUS_INTERFACE_STATISTICS, "Get", NULL);
	assert_contains(text, "'AdvertisementsSent': 7");
	assert_contains(text, "'IpTtlErrors': 3");
	g_clear_pointer(&instance->shared, g_free);
	instance->running = FALSE;
	stopped = fixture_call(fixture, PATH_LAN, BUS_INTERFACE_STATISTICS, "Get", NULL);
	assert_contains(stopped, "'AdvertisementsSent': 0");
	fixture_free(fixture);
}

/* --- Announcing ------------------------------------------------------------------------------ */

static void test_transition(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	int changed, state, again;

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	/* Two in one turn: neither is merged into the other. */
	fixture_transition(fixture, instance, VRRP_STATE_MASTER, VRRP_REASON_NO_RESPONSE);
	fixture_transition(fixture, instance, VRRP_STATE_BACKUP, VRRP_REASON_HIGHER_PRIORITY);
	fixture_settle(fixture);
	changed = fixture_find_signal(fixture, 0, "PropertiesChanged " PATH_LAN);
	assert_contains(signal_at(fixture, changed), "'State': <'master'>");
	assert_contains(signal_at(fixture, changed), "'LastReason': <'no-response'>");
	assert_contains(signal_at(fixture, changed), "'Transitions': <uint64 2>");
	assert_lacks(signal_at(fixture, changed), "Interface'");
	state = fixture_find_signal(fixture, 0, "StateChanged " PATH_LAN);
	g_assert_cmpint(state, ==, changed + 1);
	g_assert_cmpstr(signal_at(fixture, state), ==,
			"StateChanged " PATH_LAN " " BUS_INTERFACE_INSTANCE
			" ('master', 'backup', 'no-response', 2)");
	again = fixture_find_signal(fixture, (guint)state + 1, "PropertiesChanged " PATH_LAN);
	assert_contains(signal_at(fixture, again), "'State': <'backup'>");
	g_assert_cmpint(fixture_find_signal(fixture, (guint)again, "StateChanged " PATH_LAN), ==,
			again + 1);
	fixture_free(fixture);
}

static void test_merge(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	bus_instance_changed(fixture->bus, instance); /* nothing has */
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 0);

	for (guint8 i = 1; i <= 100; i++) {
		instance->status.master_priority = i;
		bus_instance_changed(fixture->bus, instance);
	}
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 1);
	g_assert_cmpstr(signal_at(fixture, 0), ==,
			"PropertiesChanged " PATH_LAN " org.freedesktop.DBus.Properties "
			"('" BUS_INTERFACE_INSTANCE "', {'MasterPriority': <byte 0x64>}, [])");
	fixture_free(fixture);
}

static void test_peers(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	g_autofree char *text = NULL;

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	instance->shared->counters.peer_last_heard_nsec[1] = 1000000;
	bus_instance_changed(fixture->bus, instance);
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 0);
	text = fixture_call(fixture, PATH_LAN, "org.freedesktop.DBus.Properties", "Get",
			    g_variant_new("(ss)", BUS_INTERFACE_INSTANCE, "Peers"));
	assert_lacks(text, "uint64 0)");

	instance->status.peer_priority[1] = 100;
	bus_instance_changed(fixture->bus, instance);
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 1);
	assert_contains(signal_at(fixture, 0), "'Peers': <[('192.0.2.2', byte 0x64, uint64 ");
	fixture_free(fixture);
}

static void test_come_and_go(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance;
	int added, removed;

	instance = fixture_add_instance(fixture, "lan", 1);
	fixture_transition(fixture, instance, VRRP_STATE_MASTER, VRRP_REASON_NO_RESPONSE);
	fixture_settle(fixture);
	added = fixture_find_signal(fixture, 0, "InterfacesAdded " BUS_PATH);
	assert_contains(signal_at(fixture, added),
			"'" BUS_INTERFACE_INSTANCE "': {'Name': <'lan'>");
	assert_contains(signal_at(fixture, added), "'" BUS_INTERFACE_STATISTICS "'");
	assert_contains(signal_at(fixture, added + 1), "InstanceAdded " BUS_PATH);
	added = fixture_find_signal(fixture, 0, "PropertiesChanged " BUS_PATH " ");
	assert_contains(signal_at(fixture, added), "'InstanceCount': <uint32 1>");
	assert_contains(signal_at(fixture, added), "'MasterCount': <uint32 1>");

	g_ptr_array_set_size(fixture->signals, 0);
	instance->status.master_priority = 9;
	bus_instance_changed(fixture->bus, instance);
	fixture_remove_instance(fixture, instance);
	fixture_settle(fixture);
	removed = fixture_find_signal(fixture, 0, "InterfacesRemoved " BUS_PATH);
	assert_contains(signal_at(fixture, removed), "'" BUS_INTERFACE_INSTANCE "'");
	assert_contains(signal_at(fixture, removed), "'" BUS_INTERFACE_STATISTICS "'");
	assert_contains(signal_at(fixture, removed + 1), "InstanceRemoved " BUS_PATH);
	g_assert_cmpint(fixture_find_signal(fixture, 0, "PropertiesChanged " PATH_LAN), ==, -1);
	removed = fixture_find_signal(fixture, 0, "PropertiesChanged " BUS_PATH " ");
	assert_contains(signal_at(fixture, removed), "'MasterCount': <uint32 0>");
	fixture_free(fixture);
}

/* Nobody reads for a while: neither changes nor transitions may pile up without end, and the last
 * state arrives. */
static void test_slow_bus(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	guint states = 0;
	int last = -1;

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	kill(fixture->daemon, SIGSTOP);
	for (guint i = 0; i < 40000; i++)
		fixture_transition(fixture, instance,
				   i % 2 == 0 ? VRRP_STATE_MASTER : VRRP_STATE_BACKUP,
				   VRRP_REASON_PRIORITY);
	instance->status.master_priority = 77;
	bus_instance_changed(fixture->bus, instance);
	kill(fixture->daemon, SIGCONT);
	do {
		fixture_settle(fixture);
		for (guint i = 0; i < fixture->signals->len; i++)
			if (strstr(signal_at(fixture, (int)i), "'MasterPriority': <byte 0x4d>"))
				last = (int)i;
	} while (last < 0);
	for (guint i = 0; i < fixture->signals->len; i++)
		states += g_str_has_prefix(signal_at(fixture, (int)i), "StateChanged ");
	/* PropertiesChanged and StateChanged in turn: 10,000 queued, and what 8 MiB of socket
	 * buffer hold. */
	g_assert_cmpuint(states, >, 5000);
	g_assert_cmpuint(states, <, 25000);
	assert_contains(signal_at(fixture, last), "'Transitions': <uint64 40001>");
	fixture_free(fixture);
}

/* --- Authorization --------------------------------------------------------------------------- */

static void test_polkit_answers(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	char *text;

	instance->status.state = VRRP_STATE_MASTER;
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_NO;
	text = call_failover(fixture, 0, 0);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_free(text);
	assert_contains(g_ptr_array_index(fixture->questions, 0),
			"'" BUS_ACTION_OPERATE "', {'verb': 'failover', 'instance': 'lan', "
			"'interface': 'eth0', 'vrid': '1', 'family': 'ipv4'}, 0, ");
	fixture->verdict = VERDICT_CHALLENGE;
	text = call_failover(fixture, 0, 0);
	g_assert_cmpstr(text, ==,
			"ERROR org.freedesktop.DBus.Error.InteractiveAuthorizationRequired");
	g_free(text);
	fixture->verdict = VERDICT_DISMISSED;
	text = call_failover(fixture, 0, 0);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_free(text);
	fixture_call_async(fixture->client, PATH_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			   g_variant_new("(tu)", G_GUINT64_CONSTANT(0), 0),
			   G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, &text);
	text = NULL;
	fixture_wait(text);
	g_free(text);
	assert_contains(g_ptr_array_index(fixture->questions, 3), "'family': 'ipv4'}, 1, ");
	g_assert_cmpuint(fixture->failovers, ==, 0);
	fixture_free(fixture);
}

/* The form is checked before polkit is asked, the state after. */
static void test_order_of_checks(void)
{
	Fixture *fixture = new_with_name();
	char *text;

	fixture_add_instance(fixture, "lan", 1);
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_NO;
	text = call_failover(fixture, 0, 1);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.InvalidArgs");
	g_free(text);
	text = call_failover(fixture, G_MAXUINT64, 0);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.InvalidArgs");
	g_free(text);
	g_assert_cmpuint(fixture->questions->len, ==, 0);
	text = call_failover(fixture, 0, 0);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_free(text);
	fixture->verdict = VERDICT_YES;
	text = call_failover(fixture, 0, 0);
	g_assert_cmpstr(text, ==, "ERROR " BUS_ERROR_NOT_MASTER);
	g_free(text);
	g_assert_cmpuint(fixture->failovers, ==, 0);
	fixture_free(fixture);
}

static void test_reload(void)
{
	Fixture *fixture = new_with_name();
	ConfigError broken = {
		.file = "/etc/vrrpd/instances/\xff.conf", .line = 3, .text = "bad", .name = "lan"
	};
	ConfigError warning = { .file = "/b.conf", .text = "readable" };
	char *text;

	fixture_start_polkit(fixture);
	g_ptr_array_add(fixture->model.errors, &broken);
	g_ptr_array_add(fixture->model.errors, &warning);
	text = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "Reload",
			    g_variant_new("(u)", 1));
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.InvalidArgs");
	g_free(text);
	text = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "Reload",
			    g_variant_new("(u)", 0));
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_free(text);
	g_assert_cmpuint(fixture->reloads, ==, 0);
	assert_contains(g_ptr_array_index(fixture->questions, 0),
			"'" BUS_ACTION_CONFIGURE "', {'verb': 'reload'}, 0, ");
	fixture->verdict = VERDICT_YES;
	text = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "Reload",
			    g_variant_new("(u)", BUS_RELOAD_CHECK_ONLY));
	g_assert_cmpstr(text, ==,
			"(['new'], ['other'], [], "
			"[('/etc/vrrpd/instances/\357\277\275.conf', 3, 'bad'), "
			"('/b.conf', 0, 'warning: readable')])");
	g_free(text);
	g_assert_cmpuint(fixture->reloads, ==, 1);
	g_assert_true(fixture->reload_check_only);
	bus_config_reloaded(fixture->bus);
	fixture_settle(fixture);
	g_assert_cmpint(fixture_find_signal(fixture, 0, "ConfigReloaded " BUS_PATH), >=, 0);
	fixture_free(fixture);
}

static void test_without_polkit(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	char *text = NULL;

	instance->status.state = VRRP_STATE_MASTER;
	fixture_call_async(fixture->client, PATH_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			   g_variant_new("(tu)", G_GUINT64_CONSTANT(7), 0), G_DBUS_CALL_FLAGS_NONE,
			   &text);
	fixture_wait(text || fixture->failovers);
	if (getuid() == 0) {
		g_assert_cmpuint(fixture->failover_hold_usec, ==, 7);
		fixture->failover_done(fixture->failover_userdata, 0);
		fixture_wait(text);
		g_assert_cmpstr(text, ==, "()");
	} else {
		g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	}
	g_free(text);
	fixture_free(fixture);
}

/* One sender may have so many questions open, and takes them with it when it leaves. */
static void test_limit_and_departure(void)
{
	Fixture *fixture = new_with_name();
	char *texts[17] = { NULL };

	fixture_add_instance(fixture, "lan", 1);
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_SILENCE;
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		fixture_call_async(fixture->client, PATH_LAN, BUS_INTERFACE_INSTANCE, "Failover",
				   g_variant_new("(tu)", G_GUINT64_CONSTANT(0), 0),
				   G_DBUS_CALL_FLAGS_NONE, &texts[i]);
	fixture_wait(texts[16]);
	g_assert_cmpstr(texts[16], ==, "ERROR org.freedesktop.DBus.Error.LimitsExceeded");
	fixture_wait(fixture->questions->len == 16);
	g_assert_null(texts[0]);

	g_dbus_connection_close_sync(fixture->client, NULL, NULL);
	fixture_wait(fixture->cancelled == 16);
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++) {
		fixture_wait(texts[i]);
		g_free(texts[i]);
	}
	/* Nothing of it is left behind: the next sender may ask. */
	fixture_connect_client(fixture);
	fixture->verdict = VERDICT_NO;
	texts[0] = call_failover(fixture, 0, 0);
	g_assert_cmpstr(texts[0], ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_free(texts[0]);
	fixture_free(fixture);
}

static void test_instance_goes_meanwhile(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	char *text = NULL;

	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_SILENCE;
	fixture_call_async(fixture->client, PATH_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			   g_variant_new("(tu)", G_GUINT64_CONSTANT(0), 0), G_DBUS_CALL_FLAGS_NONE,
			   &text);
	fixture_wait(fixture->questions->len == 1);
	fixture_remove_instance(fixture, instance);
	fixture_wait(text);
	g_assert_cmpstr(text, ==, "ERROR " BUS_ERROR_NO_SUCH_INSTANCE);
	fixture_wait(fixture->cancelled == 1);
	g_free(text);
	fixture_free(fixture);
}

static void test_polkit_dies_meanwhile(void)
{
	Fixture *fixture = new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	char *text = NULL;

	instance->status.state = VRRP_STATE_MASTER;
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_SILENCE;
	fixture_call_async(fixture->client, PATH_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			   g_variant_new("(tu)", G_GUINT64_CONSTANT(0), 0), G_DBUS_CALL_FLAGS_NONE,
			   &text);
	fixture_wait(fixture->questions->len == 1);
	fixture_stop_polkit(fixture);
	fixture_wait(text);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_assert_cmpuint(fixture->failovers, ==, 0);
	g_free(text);
	fixture_free(fixture);
}

/* --- Failover -------------------------------------------------------------------------------- */

static Fixture *new_with_failover(ModelInstance **ret_instance, char **ret_text)
{
	Fixture *fixture = new_with_name();
	guint before = fixture->failovers;

	*ret_instance = fixture_add_instance(fixture, "lan", 1);
	(*ret_instance)->status.state = VRRP_STATE_MASTER;
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_YES;
	fixture_call_async(fixture->client, PATH_LAN, BUS_INTERFACE_INSTANCE, "Failover",
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

/* --- The bus comes and goes ------------------------------------------------------------------ */

static void wait_for_name(Fixture *fixture)
{
	char *text;

	do {
		text = fixture_call(fixture, BUS_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL);
		if (g_str_equal(text, "()")) {
			g_free(text);
			return;
		}
		g_free(text);
	} while (TRUE);
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
	wait_for_name(fixture);
	g_test_message("The name was back after %d ms.",
		       (int)((g_get_monotonic_time() - start) / 1000));
	g_assert_cmpint(g_get_monotonic_time() - start, <, G_USEC_PER_SEC);

	/* What happened meanwhile is not repeated; what happens now is compared with now. */
	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	instance->status.master_priority = 100;
	bus_instance_changed(fixture->bus, instance);
	fixture_settle(fixture);
	changed = fixture_find_signal(fixture, 0, "PropertiesChanged " PATH_LAN);
	assert_contains(signal_at(fixture, changed), "{'MasterPriority': <byte 0x64>}");
	g_ptr_array_set_size(fixture->signals, 0);
	fixture_transition(fixture, instance, VRRP_STATE_MASTER, VRRP_REASON_NO_RESPONSE);
	fixture_settle(fixture);
	changed = fixture_find_signal(fixture, 0, "PropertiesChanged " PATH_LAN);
	assert_contains(signal_at(fixture, changed), "'State': <'master'>");
	assert_contains(signal_at(fixture, changed + 1), "StateChanged ");
	fixture_free(fixture);
}

static void count_warning(const char *domain, GLogLevelFlags level, const char *message,
			  gpointer userdata)
{
	guint *count = userdata;

	assert_contains(message, "another process has it");
	(*count)++;
}

static void test_name_is_taken(void)
{
	Fixture *fixture = fixture_new();
	g_autoptr(GVariant) taken = NULL, released = NULL;
	g_autofree char *text = NULL;
	guint warnings = 0,
	      handler = g_log_set_handler("vrrpd", G_LOG_LEVEL_WARNING, count_warning, &warnings);

	/* The bus of this fixture has not connected yet: its main loop has not run since. */
	taken = g_dbus_connection_call_sync(fixture->client, "org.freedesktop.DBus",
					    "/org/freedesktop/DBus", "org.freedesktop.DBus",
					    "RequestName", g_variant_new("(su)", BUS_NAME, 4), NULL,
					    G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_assert_true(g_variant_is_of_type(taken, G_VARIANT_TYPE("(u)")));
	fixture_wait(warnings > 0);
	released = g_dbus_connection_call_sync(fixture->client, "org.freedesktop.DBus",
					       "/org/freedesktop/DBus", "org.freedesktop.DBus",
					       "ReleaseName", g_variant_new("(s)", BUS_NAME), NULL,
					       G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_assert_nonnull(released);
	wait_for_name(fixture);
	text = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "ListInstances", NULL);
	g_assert_cmpstr(text, ==, "([],)");
	g_assert_cmpuint(warnings, ==, 1);
	g_log_remove_handler("vrrpd", handler);
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	g_test_add_func("/bus/objects/read", test_read);
	g_test_add_func("/bus/objects/no-secrets", test_no_secrets);
	g_test_add_func("/bus/objects/statistics", test_statistics);
	g_test_add_func("/bus/objects/transition", test_transition);
	g_test_add_func("/bus/objects/merge", test_merge);
	g_test_add_func("/bus/objects/peers", test_peers);
	g_test_add_func("/bus/objects/come-and-go", test_come_and_go);
	g_test_add_func("/bus/objects/slow-bus", test_slow_bus);
	g_test_add_func("/bus/polkit/answers", test_polkit_answers);
	g_test_add_func("/bus/polkit/order-of-checks", test_order_of_checks);
	g_test_add_func("/bus/polkit/reload", test_reload);
	g_test_add_func("/bus/polkit/absent", test_without_polkit);
	g_test_add_func("/bus/polkit/limit-and-departure", test_limit_and_departure);
	g_test_add_func("/bus/polkit/instance-goes", test_instance_goes_meanwhile);
	g_test_add_func("/bus/polkit/polkit-dies", test_polkit_dies_meanwhile);
	g_test_add_func("/bus/failover/results", test_failover_results);
	g_test_add_func("/bus/failover/outlives-instance", test_failover_outlives_instance);
	g_test_add_func("/bus/failover/outlives-bus", test_failover_outlives_bus);
	g_test_add_func("/bus/connection/restart", test_bus_restart);
	g_test_add_func("/bus/connection/name-is-taken", test_name_is_taken);
	return g_test_run();
}
