/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The methods that change something: what each asks polkit and the model for, in which order, what
 * becomes of the model's refusals, and what happens where the instance has gone meanwhile.
 */

#include "fixture.h"

#define INVALID_ARGS "ERROR org.freedesktop.DBus.Error.InvalidArgs"
#define DENIED       "ERROR org.freedesktop.DBus.Error.AccessDenied"

typedef struct Row {
	const char *path, *interface, *method;
	const char *arguments; /* valid ones */
	const char *bad[3];    /* in form */
	const char *action, *verb;
	const char *asked; /* of the model */
	const char *reply;
} Row;

#define LAN FIXTURE_LAN, BUS_INTERFACE_INSTANCE
#define TOP BUS_PATH, BUS_INTERFACE_MANAGER

static const Row rows[] = {
	{ LAN,
	  "Update",
	  "({'Priority': <byte 9>}, uint32 5)",
	  { "(@a{sv} {}, uint32 8)" },
	  BUS_ACTION_CONFIGURE,
	  "update",
	  "update lan 5 Priority=9",
	  "(77,)" },
	{ LAN,
	  "Update",
	  "(@a{sv} {}, uint32 7)",
	  { "({'X': <1>}, uint32 0)" },
	  BUS_ACTION_CONFIGURE,
	  "update",
	  "update lan 7",
	  "(77,)" },
	{ LAN,
	  "Enable",
	  "(uint32 0,)",
	  { "(uint32 2,)", "(uint32 4,)" },
	  BUS_ACTION_CONFIGURE,
	  "enable",
	  "update lan 0 Enabled=yes",
	  "()" },
	{ LAN,
	  "Disable",
	  "(uint32 1,)",
	  { "(uint32 2,)", "(uint32 4,)" },
	  BUS_ACTION_CONFIGURE,
	  "disable",
	  "update lan 1 Enabled=no",
	  "()" },
	{ LAN,
	  "Remove",
	  "(uint32 1,)",
	  { "(uint32 2,)", "(uint32 4,)" },
	  BUS_ACTION_CONFIGURE,
	  "remove",
	  "remove lan 1",
	  "()" },
	{ LAN,
	  "SetPriority",
	  "(byte 254, uint32 0)",
	  { "(byte 255, uint32 0)", "(byte 1, uint32 2)" },
	  BUS_ACTION_OPERATE,
	  "set-priority",
	  "set-priority lan 254",
	  "()" },
	{ LAN,
	  "SetPriority",
	  "(byte 0, uint32 1)",
	  { "(byte 0, uint32 4)" },
	  BUS_ACTION_OPERATE,
	  "set-priority",
	  "set-priority lan 0",
	  "()" },
	{ LAN,
	  "Announce",
	  "(uint32 0,)",
	  { "(uint32 1,)" },
	  BUS_ACTION_OPERATE,
	  "announce",
	  "announce lan",
	  "()" },
	{ FIXTURE_LAN,
	  BUS_INTERFACE_STATISTICS,
	  "Reset",
	  "(uint32 0,)",
	  { "(uint32 1,)" },
	  BUS_ACTION_OPERATE,
	  "reset",
	  "reset lan",
	  "()" },
	{ TOP,
	  "Confirm",
	  "(uint64 77,)",
	  { "(uint64 0,)" },
	  BUS_ACTION_CONFIGURE,
	  "confirm",
	  "confirm 77",
	  "()" },
};

/* Floating, as a call takes its arguments. */
static GVariant *parse(const char *text)
{
	return g_variant_new_parsed(text);
}

static char *call(Fixture *fixture, const Row *row, const char *arguments)
{
	return fixture_call(fixture, row->path, row->interface, row->method, parse(arguments));
}

/* An instance "lan" with an unconfirmed change. */
static Fixture *new_with_instance(Verdict verdict)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instance = fixture_add_instance(fixture, "lan", 1);

	instance->confirm_token = fixture->token = 77;
	fixture_start_polkit(fixture);
	fixture->verdict = verdict;
	return fixture;
}

/* --- In which order -------------------------------------------------------------------------- */

static void test_form_comes_first(void)
{
	Fixture *fixture = new_with_instance(VERDICT_NO);

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++)
		for (guint j = 0; j < G_N_ELEMENTS(rows[i].bad) && rows[i].bad[j]; j++) {
			g_autofree char *text = call(fixture, &rows[i], rows[i].bad[j]);

			if (!g_str_equal(text, "ERROR " BUS_ERROR_UNKNOWN_SETTING))
				g_assert_cmpstr(text, ==, INVALID_ARGS);
			fixture_assert_contains(fixture_error(), ": ");
		}
	g_assert_cmpuint(fixture->questions->len, ==, 0);
	g_assert_null(fixture_asked(fixture));
	fixture_free(fixture);
}

static void test_polkit_comes_second(void)
{
	Fixture *fixture = new_with_instance(VERDICT_NO);

	/* Whatever the model would say, it is not asked. */
	fixture->refusal = MODEL_ERROR_BUSY;
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = call(fixture, &rows[i], rows[i].arguments);
		g_autofree char *question = g_strdup_printf(
			"'%s', {'verb': '%s', 'instance': 'lan', 'interface': 'eth0', 'vrid': '1', "
			"'family': 'ipv4', 'polkit.message': 'Authentication is required to ",
			rows[i].action, rows[i].verb);

		g_assert_cmpstr(text, ==, DENIED);
		g_assert_cmpuint(fixture->questions->len, ==, i + 1);
		fixture_assert_contains(g_ptr_array_index(fixture->questions, i), question);
		fixture_assert_contains(g_ptr_array_index(fixture->questions, i),
					" the virtual router $(instance).'}");
	}
	g_assert_null(fixture_asked(fixture));
	fixture_free(fixture);
}

static void test_model_comes_last(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		Fixture *fixture = new_with_instance(VERDICT_YES);
		g_autofree char *text = call(fixture, &rows[i], rows[i].arguments);

		g_assert_cmpstr(text, ==, rows[i].reply);
		g_assert_cmpstr(fixture_asked(fixture), ==, rows[i].asked);
		g_assert_cmpuint(fixture->asked->len, ==, 1);
		fixture_free(fixture);
	}
}

/* polkit is still thinking when the instance goes. */
static void test_instance_goes_meanwhile(void)
{
	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		Fixture *fixture = new_with_instance(VERDICT_SILENCE);
		char *text = NULL;

		fixture_call_async(fixture->client, rows[i].path, rows[i].interface, rows[i].method,
				   parse(rows[i].arguments), G_DBUS_CALL_FLAGS_NONE, &text);
		fixture_wait(fixture->questions->len == 1);
		fixture_remove_instance(fixture,
					g_hash_table_lookup(fixture->model.instances, "lan"));
		fixture_wait(text);
		g_assert_cmpstr(text, ==, "ERROR " BUS_ERROR_NO_SUCH_INSTANCE);
		fixture_wait(fixture->cancelled == 1);
		g_assert_null(fixture_asked(fixture));
		g_free(text);
		fixture_free(fixture);
	}
}

/* The instance of that name is another router by the time polkit says yes to what it was told. */
static void test_instance_moves_meanwhile(void)
{
	Fixture *fixture = new_with_instance(VERDICT_SILENCE);
	ModelInstance *lan = g_hash_table_lookup(fixture->model.instances, "lan");
	ModelInstance *other = fixture_add_instance(fixture, "other", 2);
	char *text = NULL;

	fixture_call_async(fixture->client, LAN, "Announce", parse("(uint32 0,)"),
			   G_DBUS_CALL_FLAGS_NONE, &text);
	fixture_wait(fixture->questions->len == 1);
	bus_instance_changed(fixture->bus, lan);
	fixture_settle(fixture);
	g_assert_null(text);
	settings_unref(lan->settings);
	lan->settings = settings_ref(other->settings);
	bus_instance_changed(fixture->bus, lan);
	fixture_wait(text);
	g_assert_cmpstr(text, ==, "ERROR " BUS_ERROR_BUSY);
	g_assert_null(fixture_asked(fixture));
	g_free(text);
	fixture_free(fixture);
}

/* --- What the model says --------------------------------------------------------------------- */

static void test_refusals(void)
{
	static const struct {
		int refusal;
		const char *error;
	} errors[] = {
		{ MODEL_ERROR_INSTANCE_EXISTS, "ERROR " BUS_ERROR_INSTANCE_EXISTS },
		{ MODEL_ERROR_INVALID_SETTING, "ERROR " BUS_ERROR_INVALID_SETTING },
		{ MODEL_ERROR_CONFLICT, "ERROR " BUS_ERROR_CONFLICT },
		{ MODEL_ERROR_NOT_MASTER, "ERROR " BUS_ERROR_NOT_MASTER },
		{ MODEL_ERROR_BUSY, "ERROR " BUS_ERROR_BUSY },
		{ MODEL_ERROR_WRITE_FAILED, "ERROR " BUS_ERROR_WRITE_FAILED },
		{ MODEL_ERROR_UNKNOWN_TOKEN, INVALID_ARGS },
		{ 99, "ERROR org.freedesktop.DBus.Error.Failed" },
	};
	Fixture *fixture = new_with_instance(VERDICT_YES);

	for (guint e = 0; e < G_N_ELEMENTS(errors); e++) {
		fixture->refusal = errors[e].refusal;
		for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
			g_autofree char *message =
				g_strdup_printf("refused: %d", errors[e].refusal);
			g_autofree char *text = NULL;

			if (g_str_equal(rows[i].method, "Reset"))
				continue; /* cannot be refused */
			text = call(fixture, &rows[i], rows[i].arguments);
			g_assert_cmpstr(text, ==, errors[e].error);
			g_assert_cmpstr(fixture_error(), ==, message);
		}
	}
	fixture_free(fixture);
}

static GVariant *new_arguments(const char *name)
{
	g_autofree char *text =
		g_strdup_printf("('%s', {'Interface': <'eth1'>, 'VirtualRouterId': <byte 9>, "
				"'VirtualAddresses': <['192.0.2.9']>}, uint32 0)",
				name);

	return parse(text);
}

static void test_add_refused(void)
{
	Fixture *fixture = new_with_instance(VERDICT_YES);
	g_autofree char *text = NULL;

	fixture->refusal = MODEL_ERROR_INSTANCE_EXISTS;
	text = fixture_call(fixture, TOP, "AddInstance", new_arguments("lan"));
	g_assert_cmpstr(text, ==, "ERROR " BUS_ERROR_INSTANCE_EXISTS);
	fixture_free(fixture);
}

/* A question about what is yet to come does not end with a former bearer of the name. */
static void test_add_outlives_namesake(void)
{
	Fixture *fixture = new_with_instance(VERDICT_SILENCE);
	char *text = NULL;

	fixture_call_async(fixture->client, TOP, "AddInstance", new_arguments("lan"),
			   G_DBUS_CALL_FLAGS_NONE, &text);
	fixture_wait(fixture->questions->len == 1);
	fixture_remove_instance(fixture, g_hash_table_lookup(fixture->model.instances, "lan"));
	fixture_settle(fixture);
	g_assert_null(text);
	fixture->verdict = VERDICT_YES;
	fixture_answer(fixture);
	fixture_wait(text);
	g_assert_cmpstr(text, ==, "('" FIXTURE_LAN "',)");
	g_free(text);
	fixture_free(fixture);
}

/* --- Confirm --------------------------------------------------------------------------------- */

static void test_confirm_unknown(void)
{
	Fixture *fixture = new_with_instance(VERDICT_NO);
	char *text;

	/* Nobody is told whether a number is waited for who may not confirm it. */
	text = fixture_call(fixture, TOP, "Confirm", parse("(uint64 78,)"));
	g_assert_cmpstr(text, ==, DENIED);
	g_free(text);
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 0), "{'verb': 'confirm'}");
	fixture->verdict = VERDICT_YES;
	fixture->refusal = MODEL_ERROR_UNKNOWN_TOKEN;
	text = fixture_call(fixture, TOP, "Confirm", parse("(uint64 78,)"));
	g_assert_cmpstr(text, ==, INVALID_ARGS);
	g_free(text);
	fixture_free(fixture);
}

/* --- FindInstance ---------------------------------------------------------------------------- */

static void test_find(void)
{
	static const char *const finds[][2] = {
		{ "('eth0', byte 1, 'ipv4')", "('" FIXTURE_LAN "',)" },
		{ "('eth0', byte 2, 'ipv4')", "('" BUS_PATH_INSTANCE "/wan_2e2',)" },
		{ "('eth0', byte 3, 'ipv4')", "ERROR " BUS_ERROR_NO_SUCH_INSTANCE },
		{ "('eth1', byte 1, 'ipv4')", "ERROR " BUS_ERROR_NO_SUCH_INSTANCE },
		{ "('', byte 1, 'ipv4')", "ERROR " BUS_ERROR_NO_SUCH_INSTANCE },
		{ "('eth0', byte 1, 'ipv6')", "ERROR " BUS_ERROR_NO_SUCH_INSTANCE },
		{ "('eth0', byte 0, 'ipv4')", INVALID_ARGS },
		{ "('eth0', byte 1, 'ipx')", INVALID_ARGS },
		{ "('eth0', byte 1, '')", INVALID_ARGS },
		{ "('sixteen-bytes-xx', byte 1, 'ipv4')", INVALID_ARGS },
		{ "('a/b', byte 1, 'ipv4')", INVALID_ARGS },
	};
	Fixture *fixture = new_with_instance(VERDICT_NO);

	fixture_add_instance(fixture, "wan.2", 2);
	for (guint i = 0; i < G_N_ELEMENTS(finds); i++) {
		g_autofree char *text =
			fixture_call(fixture, TOP, "FindInstance", parse(finds[i][0]));

		g_assert_cmpstr(text, ==, finds[i][1]);
	}
	g_assert_cmpuint(fixture->questions->len, ==, 0);
	fixture_free(fixture);
}

/* --- Reset ----------------------------------------------------------------------------------- */

static void test_reset(void)
{
	Fixture *fixture = new_with_instance(VERDICT_YES);
	ModelInstance *instance = g_hash_table_lookup(fixture->model.instances, "lan");
	char *text;

	instance->shared->counters.counters[COUNTER_ADVERTS_SENT] = 7;
	instance->shared->counters.counters[COUNTER_ADVERTS_RECEIVED] = 4;
	instance->shared->counters.rejects[VRRP_REJECT_TTL] = 3;
	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_STATISTICS, "Reset",
			    parse("(uint32 0,)"));
	g_assert_cmpstr(text, ==, "()");
	g_free(text);
	instance->shared->counters.counters[COUNTER_ADVERTS_SENT] = 9;
	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_STATISTICS, "Get", NULL);
	fixture_assert_contains(text, "'AdvertisementsSent': 2");
	fixture_assert_contains(text, "'AdvertisementsReceived': 4");
	fixture_assert_contains(text, "'IpTtlErrors': 0");
	g_free(text);
	/* It runs anew, with counters of its own. */
	instance->shared->counters.counters[COUNTER_ADVERTS_SENT] = 1;
	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Describe", NULL);
	fixture_assert_contains(text, "\"AdvertisementsSent\":0");
	g_free(text);
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	g_test_add_func("/bus/methods/form-first", test_form_comes_first);
	g_test_add_func("/bus/methods/polkit-second", test_polkit_comes_second);
	g_test_add_func("/bus/methods/model-last", test_model_comes_last);
	g_test_add_func("/bus/methods/instance-goes", test_instance_goes_meanwhile);
	g_test_add_func("/bus/methods/instance-moves", test_instance_moves_meanwhile);
	g_test_add_func("/bus/methods/refusals", test_refusals);
	g_test_add_func("/bus/methods/add-refused", test_add_refused);
	g_test_add_func("/bus/methods/add-outlives-namesake", test_add_outlives_namesake);
	g_test_add_func("/bus/methods/confirm-unknown", test_confirm_unknown);
	g_test_add_func("/bus/methods/find", test_find);
	g_test_add_func("/bus/methods/reset", test_reset);
	return g_test_run();
}
