/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The objects on the bus, driven by hand: what can be read, what is announced, in which order, and
 * who has the name. A real dbus-daemon, and a client of another implementation.
 */

#include <signal.h>

#include "fixture.h"

/* --- Reading --------------------------------------------------------------------------------- */

static void test_read(void)
{
	Fixture *fixture = fixture_new_with_name();
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
	down = fixture_call(fixture, FIXTURE_LAN, "org.freedesktop.DBus.Properties", "Get",
			    g_variant_new("(ss)", BUS_INTERFACE_INSTANCE, "MasterDownInterval"));
	g_assert_cmpstr(down, ==, "(<uint64 12570312>,)");
	fixture_free(fixture);
}

static void test_no_secrets(void)
{
	Fixture *fixture = fixture_new_with_name();
	g_autofree char *all = NULL, *objects = NULL, *text = NULL, *instance = NULL;

	fixture_add_instance(fixture, "lan", 1);
	all = fixture_call(fixture, FIXTURE_LAN, "org.freedesktop.DBus.Properties", "GetAll",
			   g_variant_new("(s)", BUS_INTERFACE_INSTANCE));
	objects = fixture_call(fixture, BUS_PATH, "org.freedesktop.DBus.ObjectManager",
			       "GetManagedObjects", NULL);
	text = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "Describe", NULL);
	instance = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Describe", NULL);
	fixture_assert_contains(all, "'AuthenticationType': <'ah'>");
	fixture_assert_contains(objects, "'AuthenticationType': <'ah'>");
	fixture_assert_contains(text, "\"AuthenticationType\":\"ah\"");
	fixture_assert_contains(instance, "\"Description\":\"a \\\\\"test\\\\\"\"");
	/* Our own address is a peer to nobody. */
	fixture_assert_contains(all, "'Peers': <[('192.0.2.2', byte 0x00, uint64 0)]>");
	fixture_assert_contains(all, "'UnicastPeers': <['192.0.2.1', '192.0.2.2']>");
	fixture_assert_lacks(all, "hunter2");
	fixture_assert_lacks(objects, "hunter2");
	fixture_assert_lacks(text, "hunter2");
	fixture_assert_lacks(instance, "hunter2");
	fixture_free(fixture);
}

static void test_statistics(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	g_autofree char *text = NULL, *stopped = NULL;

	instance->shared->counters.counters[COUNTER_ADVERTS_SENT] = 7;
	instance->shared->counters.rejects[VRRP_REJECT_TTL] = 3;
	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_STATISTICS, "Get", NULL);
	fixture_assert_contains(text, "'AdvertisementsSent': 7");
	fixture_assert_contains(text, "'IpTtlErrors': 3");
	g_clear_pointer(&instance->shared, g_free);
	instance->running = FALSE;
	stopped = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_STATISTICS, "Get", NULL);
	fixture_assert_contains(stopped, "'AdvertisementsSent': 0");
	fixture_free(fixture);
}

/* --- Announcing ------------------------------------------------------------------------------ */

static void test_transition(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	int changed, state, again;

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	/* Two in one turn: neither is merged into the other. */
	fixture_transition(fixture, instance, VRRP_STATE_MASTER, VRRP_REASON_NO_RESPONSE);
	fixture_transition(fixture, instance, VRRP_STATE_BACKUP, VRRP_REASON_HIGHER_PRIORITY);
	fixture_settle(fixture);
	changed = fixture_find_signal(fixture, 0, "PropertiesChanged " FIXTURE_LAN);
	fixture_assert_contains(fixture_signal_at(fixture, changed), "'State': <'master'>");
	fixture_assert_contains(fixture_signal_at(fixture, changed),
				"'LastReason': <'no-response'>");
	fixture_assert_contains(fixture_signal_at(fixture, changed), "'Transitions': <uint64 2>");
	fixture_assert_lacks(fixture_signal_at(fixture, changed), "Interface'");
	state = fixture_find_signal(fixture, 0, "StateChanged " FIXTURE_LAN);
	g_assert_cmpint(state, ==, changed + 1);
	g_assert_cmpstr(fixture_signal_at(fixture, state), ==,
			"StateChanged " FIXTURE_LAN " " BUS_INTERFACE_INSTANCE
			" ('master', 'backup', 'no-response', 2)");
	again = fixture_find_signal(fixture, (guint)state + 1, "PropertiesChanged " FIXTURE_LAN);
	fixture_assert_contains(fixture_signal_at(fixture, again), "'State': <'backup'>");
	g_assert_cmpint(fixture_find_signal(fixture, (guint)again, "StateChanged " FIXTURE_LAN), ==,
			again + 1);
	fixture_free(fixture);
}

static void test_merge(void)
{
	Fixture *fixture = fixture_new_with_name();
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
	g_assert_cmpstr(fixture_signal_at(fixture, 0), ==,
			"PropertiesChanged " FIXTURE_LAN " org.freedesktop.DBus.Properties "
			"('" BUS_INTERFACE_INSTANCE "', {'MasterPriority': <byte 0x64>}, [])");
	fixture_free(fixture);
}

static void test_peers(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	g_autofree char *text = NULL;

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	instance->shared->counters.peer_last_heard_nsec[1] = 1000000;
	bus_instance_changed(fixture->bus, instance);
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 0);
	text = fixture_call(fixture, FIXTURE_LAN, "org.freedesktop.DBus.Properties", "Get",
			    g_variant_new("(ss)", BUS_INTERFACE_INSTANCE, "Peers"));
	fixture_assert_lacks(text, "uint64 0)");

	instance->status.peer_priority[1] = 100;
	bus_instance_changed(fixture->bus, instance);
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 1);
	fixture_assert_contains(fixture_signal_at(fixture, 0),
				"'Peers': <[('192.0.2.2', byte 0x64, uint64 ");
	fixture_free(fixture);
}

static void test_come_and_go(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance;
	int added, removed;

	instance = fixture_add_instance(fixture, "lan", 1);
	fixture_transition(fixture, instance, VRRP_STATE_MASTER, VRRP_REASON_NO_RESPONSE);
	fixture_settle(fixture);
	added = fixture_find_signal(fixture, 0, "InterfacesAdded " BUS_PATH);
	fixture_assert_contains(fixture_signal_at(fixture, added),
				"'" BUS_INTERFACE_INSTANCE "': {'Name': <'lan'>");
	fixture_assert_contains(fixture_signal_at(fixture, added),
				"'" BUS_INTERFACE_STATISTICS "'");
	fixture_assert_contains(fixture_signal_at(fixture, added + 1), "InstanceAdded " BUS_PATH);
	added = fixture_find_signal(fixture, 0, "PropertiesChanged " BUS_PATH " ");
	fixture_assert_contains(fixture_signal_at(fixture, added), "'InstanceCount': <uint32 1>");
	fixture_assert_contains(fixture_signal_at(fixture, added), "'MasterCount': <uint32 1>");

	g_ptr_array_set_size(fixture->signals, 0);
	instance->status.master_priority = 9;
	bus_instance_changed(fixture->bus, instance);
	fixture_remove_instance(fixture, instance);
	fixture_settle(fixture);
	removed = fixture_find_signal(fixture, 0, "InterfacesRemoved " BUS_PATH);
	fixture_assert_contains(fixture_signal_at(fixture, removed),
				"'" BUS_INTERFACE_INSTANCE "'");
	fixture_assert_contains(fixture_signal_at(fixture, removed),
				"'" BUS_INTERFACE_STATISTICS "'");
	fixture_assert_contains(fixture_signal_at(fixture, removed + 1),
				"InstanceRemoved " BUS_PATH);
	g_assert_cmpint(fixture_find_signal(fixture, 0, "PropertiesChanged " FIXTURE_LAN), ==, -1);
	removed = fixture_find_signal(fixture, 0, "PropertiesChanged " BUS_PATH " ");
	fixture_assert_contains(fixture_signal_at(fixture, removed), "'MasterCount': <uint32 0>");
	fixture_free(fixture);
}

/* Nobody reads for a while: neither changes nor transitions may pile up without end, and the last
 * state arrives. */
static void test_slow_bus(void)
{
	Fixture *fixture = fixture_new_with_name();
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
			if (strstr(fixture_signal_at(fixture, (int)i),
				   "'MasterPriority': <byte 0x4d>"))
				last = (int)i;
	} while (last < 0);
	for (guint i = 0; i < fixture->signals->len; i++)
		states += g_str_has_prefix(fixture_signal_at(fixture, (int)i), "StateChanged ");
	/* PropertiesChanged and StateChanged in turn: 10,000 queued, and what 8 MiB of socket
	 * buffer hold. */
	g_assert_cmpuint(states, >, 5000);
	g_assert_cmpuint(states, <, 25000);
	fixture_assert_contains(fixture_signal_at(fixture, last), "'Transitions': <uint64 40001>");
	fixture_free(fixture);
}

/* --- What a change shows --------------------------------------------------------------------- */

static void test_unsaved_and_holders(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	ModelHolder *holder = model_holder_new("new disk", ":1.7");
	g_autofree char *json = NULL;
	int changed;

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	holder->since_realtime_usec = 5;
	g_ptr_array_add(instance->holders, holder);
	instance->unsaved = TRUE;
	bus_instance_changed(fixture->bus, instance);
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 1);
	changed = fixture_find_signal(fixture, 0, "PropertiesChanged " FIXTURE_LAN);
	fixture_assert_contains(fixture_signal_at(fixture, changed), "'Unsaved': <true>");
	fixture_assert_contains(fixture_signal_at(fixture, changed),
				"'Holders': <[('new disk', ':1.7', uint64 5)]>");
	json = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Describe", NULL);
	fixture_assert_contains(json, "\"Holders\":[{\"Reason\":\"new disk\",\"BusName\":\":1.7\","
				      "\"Since\":5}]");
	g_ptr_array_set_size(instance->holders, 0);
	bus_instance_changed(fixture->bus, instance);
	fixture_settle(fixture);
	fixture_assert_contains(fixture_signal_at(fixture, 1), "'Holders': <@a(sst) []>");
	fixture_free(fixture);
}

static void test_conflict(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	const VrrpAddress peer = { .family = VRRP_FAMILY_IPV4, .bytes = { 192, 0, 2, 77 } };

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	bus_instance_conflict(fixture->bus, instance, &peer, FALSE);
	bus_instance_conflict(fixture->bus, instance, &peer, TRUE);
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 2);
	g_assert_cmpstr(fixture_signal_at(fixture, 0), ==,
			"PeerConflict " FIXTURE_LAN " " BUS_INTERFACE_INSTANCE
			" ('192.0.2.77', 'kept')");
	fixture_assert_contains(fixture_signal_at(fixture, 1), "('192.0.2.77', 'yielded')");
	fixture_free(fixture);
}

static void test_address_lost(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	const VrrpAddress lost = { .family = VRRP_FAMILY_IPV4, .bytes = { 192, 0, 2, 77 } };

	fixture_settle(fixture);
	g_ptr_array_set_size(fixture->signals, 0);
	bus_instance_address_lost(fixture->bus, instance, &lost, TRUE);
	bus_instance_address_lost(fixture->bus, instance, &lost, FALSE);
	fixture_settle(fixture);
	g_assert_cmpuint(fixture->signals->len, ==, 2);
	g_assert_cmpstr(fixture_signal_at(fixture, 0), ==,
			"AddressLost " FIXTURE_LAN " " BUS_INTERFACE_INSTANCE
			" ('192.0.2.77', true)");
	fixture_assert_contains(fixture_signal_at(fixture, 1), "('192.0.2.77', false)");
	fixture_free(fixture);
}

/* --- The name -------------------------------------------------------------------------------- */

static guint warnings;

/* What is logged with fields reaches no handler but the writer. */
static GLogWriterOutput count_warning(GLogLevelFlags level, const GLogField *fields, gsize count,
				      gpointer userdata)
{
	for (gsize i = 0; level & G_LOG_LEVEL_WARNING && i < count; i++) {
		if (!g_str_equal(fields[i].key, "MESSAGE"))
			continue;
		fixture_assert_contains(fields[i].value, "another process has it");
		warnings++;
	}
	return g_log_writer_default(level, fields, count, userdata);
}

static void test_name_is_taken(void)
{
	Fixture *fixture = fixture_new();
	g_autoptr(GVariant) taken = NULL, released = NULL;
	g_autofree char *text = NULL;

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
	fixture_wait_for_name(fixture);
	text = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "ListInstances", NULL);
	g_assert_cmpstr(text, ==, "([],)");
	g_assert_cmpuint(warnings, ==, 1);
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	g_log_set_writer_func(count_warning, NULL, NULL);
	g_test_add_func("/bus/objects/read", test_read);
	g_test_add_func("/bus/objects/no-secrets", test_no_secrets);
	g_test_add_func("/bus/objects/statistics", test_statistics);
	g_test_add_func("/bus/objects/transition", test_transition);
	g_test_add_func("/bus/objects/merge", test_merge);
	g_test_add_func("/bus/objects/peers", test_peers);
	g_test_add_func("/bus/objects/come-and-go", test_come_and_go);
	g_test_add_func("/bus/objects/slow-bus", test_slow_bus);
	g_test_add_func("/bus/objects/unsaved-and-holders", test_unsaved_and_holders);
	g_test_add_func("/bus/objects/conflict", test_conflict);
	g_test_add_func("/bus/objects/address-lost", test_address_lost);
	g_test_add_func("/bus/connection/name-is-taken", test_name_is_taken);
	return g_test_run();
}
