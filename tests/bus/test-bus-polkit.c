/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who may: what polkit is asked, what its answers become, and what happens when a caller, an
 * instance or polkit itself goes away in the middle. The polkit here says what the test wants.
 */

#include <unistd.h>

#include "fixture.h"

static char *call_failover(Fixture *fixture, guint64 hold_usec, guint32 flags)
{
	return fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			    g_variant_new("(tu)", hold_usec, flags));
}

static void test_polkit_answers(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	char *text;

	instance->status.state = VRRP_STATE_MASTER;
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_NO;
	text = call_failover(fixture, 0, 0);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_free(text);
	fixture_assert_contains(
		g_ptr_array_index(fixture->questions, 0),
		"'" BUS_ACTION_OPERATE "', {'verb': 'failover', 'instance': 'lan', "
		"'interface': 'eth0', 'vrid': '1', 'family': 'ipv4', "
		"'polkit.message': 'Authentication is required to hand over the addresses "
		"of the virtual router $(instance).'}, 0, ");
	fixture->verdict = VERDICT_CHALLENGE;
	text = call_failover(fixture, 0, 0);
	g_assert_cmpstr(text, ==,
			"ERROR org.freedesktop.DBus.Error.InteractiveAuthorizationRequired");
	g_free(text);
	fixture->verdict = VERDICT_DISMISSED;
	text = call_failover(fixture, 0, 0);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_free(text);
	fixture_call_async(fixture->client, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Failover",
			   g_variant_new("(tu)", G_GUINT64_CONSTANT(0), 0),
			   G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, &text);
	text = NULL;
	fixture_wait(text);
	g_free(text);
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 3), "$(instance).'}, 1, ");
	g_assert_cmpuint(fixture->failovers, ==, 0);
	fixture_free(fixture);
}

/* The form is checked before polkit is asked, the state after. */
static void test_order_of_checks(void)
{
	Fixture *fixture = fixture_new_with_name();
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
	Fixture *fixture = fixture_new_with_name();
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
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 0),
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
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	char *text = NULL;

	instance->status.state = VRRP_STATE_MASTER;
	fixture_call_async(fixture->client, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Failover",
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
	Fixture *fixture = fixture_new_with_name();
	char *texts[17] = { NULL };

	fixture_add_instance(fixture, "lan", 1);
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_SILENCE;
	for (guint i = 0; i < G_N_ELEMENTS(texts); i++)
		fixture_call_async(fixture->client, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Failover",
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
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	char *text = NULL;

	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_SILENCE;
	fixture_call_async(fixture->client, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Failover",
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
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);
	char *text = NULL;

	instance->status.state = VRRP_STATE_MASTER;
	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_SILENCE;
	fixture_call_async(fixture->client, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Failover",
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

/* --- GetPermissions -------------------------------------------------------------------------- */

#define PERMISSIONS(operate, configure, secrets)                                             \
	"({'" BUS_ACTION_OPERATE "': '" operate "', '" BUS_ACTION_CONFIGURE "': '" configure \
	"', '" BUS_ACTION_READ_SECRETS "': '" secrets "'},)"

static void get_permissions_async(Fixture *fixture, char **ret_text)
{
	fixture_call_async(fixture->client, BUS_PATH, BUS_INTERFACE_MANAGER, "GetPermissions", NULL,
			   G_DBUS_CALL_FLAGS_ALLOW_INTERACTIVE_AUTHORIZATION, ret_text);
}

static void test_permissions(void)
{
	static const struct {
		Verdict verdict;
		const char *text;
	} rows[] = {
		{ VERDICT_NO, PERMISSIONS("no", "no", "no") },
		{ VERDICT_YES, PERMISSIONS("yes", "yes", "yes") },
		{ VERDICT_CHALLENGE, PERMISSIONS("auth", "auth", "auth") },
	};
	Fixture *fixture = fixture_new_with_name();

	fixture_start_polkit(fixture);
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		char *text = NULL;

		fixture->verdict = rows[i].verdict;
		get_permissions_async(fixture, &text);
		fixture_wait(text);
		g_assert_cmpstr(text, ==, rows[i].text);
		g_free(text);
	}
	/* Nobody is bothered, whatever the caller allows. */
	g_assert_cmpuint(fixture->questions->len, ==, 9);
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 0),
				"'" BUS_ACTION_OPERATE "', {}, 0, ");
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 1),
				"'" BUS_ACTION_CONFIGURE "', {}, 0, ");
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 2),
				"'" BUS_ACTION_READ_SECRETS "', {}, 0, ");
	fixture_free(fixture);
}

static void test_permissions_without_polkit(void)
{
	Fixture *fixture = fixture_new_with_name();
	char *text = NULL;

	get_permissions_async(fixture, &text);
	fixture_wait(text);
	g_assert_cmpstr(text, ==,
			getuid() == 0 ? PERMISSIONS("yes", "yes", "yes")
				      : PERMISSIONS("no", "no", "no"));
	g_free(text);
	fixture_free(fixture);
}

/* polkit dies in the middle: what is not known is a no. */
static void test_permissions_polkit_dies(void)
{
	Fixture *fixture = fixture_new_with_name();
	char *text = NULL;

	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_YES;
	fixture->silent_after = 1;
	get_permissions_async(fixture, &text);
	fixture_wait(fixture->questions->len == 2);
	fixture_stop_polkit(fixture);
	fixture_wait(text);
	g_assert_cmpstr(text, ==, PERMISSIONS("yes", "no", "no"));
	g_free(text);
	fixture_free(fixture);
}

static void test_permissions_caller_leaves(void)
{
	Fixture *fixture = fixture_new_with_name();
	char *text = NULL;

	fixture_start_polkit(fixture);
	fixture->verdict = VERDICT_SILENCE;
	get_permissions_async(fixture, &text);
	fixture_wait(fixture->questions->len == 1);
	g_dbus_connection_close_sync(fixture->client, NULL, NULL);
	fixture_wait(fixture->cancelled == 1);
	fixture_wait(text);
	g_free(text);
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	g_test_add_func("/bus/polkit/answers", test_polkit_answers);
	g_test_add_func("/bus/polkit/order-of-checks", test_order_of_checks);
	g_test_add_func("/bus/polkit/reload", test_reload);
	g_test_add_func("/bus/polkit/absent", test_without_polkit);
	g_test_add_func("/bus/polkit/limit-and-departure", test_limit_and_departure);
	g_test_add_func("/bus/polkit/instance-goes", test_instance_goes_meanwhile);
	g_test_add_func("/bus/polkit/polkit-dies", test_polkit_dies_meanwhile);
	g_test_add_func("/bus/permissions/answers", test_permissions);
	g_test_add_func("/bus/permissions/without-polkit", test_permissions_without_polkit);
	g_test_add_func("/bus/permissions/polkit-dies", test_permissions_polkit_dies);
	g_test_add_func("/bus/permissions/caller-leaves", test_permissions_caller_leaves);
	return g_test_run();
}
