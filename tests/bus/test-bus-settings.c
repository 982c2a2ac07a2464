/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Settings as a dictionary: which forms of a value are taken, what is said of the others, and that
 * all of it comes before polkit is asked. What is taken is seen in what reaches the model.
 */

#include <string.h>

#include "fixture.h"

#define INVALID "ERROR " BUS_ERROR_INVALID_SETTING
#define UNKNOWN "ERROR " BUS_ERROR_UNKNOWN_SETTING

static char *update(Fixture *fixture, GVariant *settings)
{
	return fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "Update",
			    g_variant_new("(@a{sv}u)", settings, 0));
}

static char *update_text(Fixture *fixture, const char *settings)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) parsed =
		g_variant_parse(G_VARIANT_TYPE("a{sv}"), settings, NULL, NULL, &error);

	g_assert_no_error(error);
	return update(fixture, parsed);
}

static Fixture *new_with_polkit(Verdict verdict)
{
	Fixture *fixture = fixture_new_with_name();

	fixture_add_instance(fixture, "lan", 1);
	fixture_start_polkit(fixture);
	fixture->verdict = verdict;
	return fixture;
}

/* --- What is taken --------------------------------------------------------------------------- */

static void test_forms(void)
{
	static const char *const rows[][2] = {
		{ "{}", "" },
		{ "{'Priority': <byte 120>}", " Priority=120" },
		{ "{'Priority': <int16 120>}", " Priority=120" },
		{ "{'Priority': <uint16 120>}", " Priority=120" },
		{ "{'Priority': <120>}", " Priority=120" },
		{ "{'Priority': <uint32 120>}", " Priority=120" },
		{ "{'Priority': <int64 120>}", " Priority=120" },
		{ "{'Priority': <uint64 120>}", " Priority=120" },
		{ "{'Priority': <'120'>}", " Priority=120" },
		{ "{'Priority': <''>}", " Priority=" },
		{ "{'UnicastMinTtl': <byte 0>}", " UnicastMinTtl=auto" },
		{ "{'UnicastMinTtl': <'auto'>}", " UnicastMinTtl=auto" },
		{ "{'UnicastMinTtl': <254>}", " UnicastMinTtl=254" },
		{ "{'AnnounceCount': <byte 0>}", " AnnounceCount=0" },
		{ "{'Enabled': <true>}", " Enabled=yes" },
		{ "{'Enabled': <false>}", " Enabled=no" },
		{ "{'Enabled': <byte 1>}", " Enabled=1" },
		{ "{'Enabled': <'off'>}", " Enabled=off" },
		{ "{'AdvertisementInterval': <uint64 250000>}", " AdvertisementInterval=250ms" },
		{ "{'AdvertisementInterval': <1000000>}", " AdvertisementInterval=1s" },
		{ "{'AdvertisementInterval': <'4'>}", " AdvertisementInterval=4" },
		{ "{'AdvertisementInterval': <'250ms'>}", " AdvertisementInterval=250ms" },
		{ "{'VirtualAddresses': <['192.0.2.9/24', ' 192.0.2.10 dev eth1 ']>}",
		  " VirtualAddresses=192.0.2.9/24;192.0.2.10 dev eth1" },
		{ "{'VirtualAddresses': <'192.0.2.9/24;192.0.2.10'>}",
		  " VirtualAddresses=192.0.2.9/24;192.0.2.10" },
		{ "{'UnicastPeers': <@as []>}", " UnicastPeers=" },
		{ "{'Description': <'\303\244 \"b\"; c'>}", " Description=\303\244 \"b\"; c" },
		{ "{'AuthenticationKey': <'k;=\\\\ y'>}", " AuthenticationKey=k;=\\ y" },
		{ "{'Priority': <byte 1>, 'Version': <byte 3>}", " Priority=1 Version=3" },
	};
	Fixture *fixture = new_with_polkit(VERDICT_YES);

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = update_text(fixture, rows[i][0]);
		g_autofree char *asked = g_strconcat("update lan 0", rows[i][1], NULL);

		g_assert_cmpstr(text, ==, "(0,)");
		g_assert_cmpstr(fixture_asked(fixture), ==, asked);
	}
	fixture_free(fixture);
}

static void test_get_settings(void)
{
	Fixture *fixture = new_with_polkit(VERDICT_YES);
	GVariant *settings, *back;
	g_autoptr(GVariant) reply = NULL;
	g_autofree char *text = NULL, *again = NULL, *asked = NULL;

	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "GetSettings", NULL);
	g_assert_cmpstr(text, ==,
			"({'Description': <'a \"test\"'>, 'Enabled': <true>, "
			"'Interface': <'eth0'>, 'VirtualRouterId': <byte 0x01>, "
			"'AddressFamily': <'ipv4'>, 'Version': <byte 0x02>, "
			"'Priority': <byte 0x6e>, 'AdvertisementInterval': <uint64 4000000>, "
			"'VirtualAddresses': <['192.0.2.3/24']>, 'SourceAddress': <''>, "
			"'UnicastPeers': <['192.0.2.1', '192.0.2.2']>, "
			"'UnicastTtl': <byte 0xff>, 'UnicastMinTtl': <byte 0x00>, "
			"'MulticastGroup': <''>, 'Preempt': <true>, 'PreemptDelay': <uint64 0>, "
			"'StartupDelay': <uint64 0>, 'LinkUpDelay': <uint64 0>, 'MissedAdverts': "
			"<byte 0x03>, "
			"'TrackInterface': <true>, 'AcceptMode': <true>, "
			"'AuthenticationType': <'ah'>, 'Checksum': <'auto'>, "
			"'AnnounceCount': <byte 0x06>, 'AnnounceRefresh': <uint64 0>},)");
	g_assert_cmpuint(fixture->questions->len, ==, 0);

	/* Update takes it back as it is. */
	reply = g_variant_parse(G_VARIANT_TYPE("(a{sv})"), text, NULL, NULL, NULL);
	settings = g_variant_get_child_value(reply, 0);
	back = settings;
	again = update(fixture, back);
	g_variant_unref(settings);
	g_assert_cmpstr(again, ==, "(0,)");
	fixture_assert_contains(fixture_asked(fixture), " UnicastMinTtl=auto ");
	fixture_assert_contains(fixture_asked(fixture), " AdvertisementInterval=4s ");
	fixture_assert_contains(fixture_asked(fixture), " UnicastPeers=192.0.2.1;192.0.2.2 ");
	fixture_free(fixture);
}

/* An instance that still leaves its former settings has the next ones already. */
static void test_get_settings_to_come(void)
{
	Fixture *fixture = new_with_polkit(VERDICT_NO);
	ModelInstance *other = fixture_add_instance(fixture, "other", 77);
	ModelInstance *lan = g_hash_table_lookup(fixture->model.instances, "lan");
	g_autofree char *text = NULL;

	lan->next = settings_ref(other->settings);
	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "GetSettings", NULL);
	fixture_assert_contains(text, "'VirtualRouterId': <byte 0x4d>");
	fixture_free(fixture);
}

/* --- What is refused ------------------------------------------------------------------------- */

static void test_refused(void)
{
	static const struct {
		const char *settings, *error;
		const char *parts[3]; /* of the text */
	} rows[] = {
		{ "{'Priorty': <byte 1>}", UNKNOWN, { "Priorty", "Priority" } },
		{ "{'Pri\\u0007': <byte 1>}", UNKNOWN, { "Pri\\007" } },
		{ "{'': <byte 1>}", UNKNOWN, { "no such key" } },
		{ "{'name': <'x'>}", UNKNOWN, { "name" } },
		{ "{'SyncGroup': <'x'>}", INVALID, { "SyncGroup", "not supported yet" } },
		{ "{'Priority': <byte 0>}", INVALID, { "Priority=0", "1 to 255" } },
		{ "{'Priority': <256>}", INVALID, { "Priority=256", "1 to 255" } },
		{ "{'Priority': <-5>}", INVALID, { "Priority=-5", "1 to 255" } },
		{ "{'Priority': <int64 -9223372036854775808>}",
		  INVALID,
		  { "Priority=-9223372036854775808", "1 to 255" } },
		{ "{'Priority': <uint64 18446744073709551615>}",
		  INVALID,
		  { "Priority=18446744073709551615", "1 to 255" } },
		{ "{'Priority': <'high'>}", INVALID, { "Priority=high", "1 to 255" } },
		{ "{'Priority': <'12\\n0'>}", INVALID, { "Priority=12\\n0", "control" } },
		{ "{'Priority': <1.5>}", INVALID, { "Priority", "'d'", "1 to 255" } },
		{ "{'Priority': <true>}", INVALID, { "Priority", "'b'", "'y'" } },
		{ "{'Priority': <['1']>}", INVALID, { "Priority", "'as'", "1 to 255" } },
		{ "{'Priority': <<byte 1>>}", INVALID, { "Priority", "'v'", "'y'" } },
		{ "{'Priority': <{'a': <1>}>}", INVALID, { "Priority", "'a{sv}'" } },
		{ "{'Priority': <objectpath '/'>}", INVALID, { "Priority", "'o'" } },
		{ "{'Enabled': <2>}", INVALID, { "Enabled=2", "yes or no" } },
		{ "{'Enabled': <'maybe'>}", INVALID, { "Enabled=maybe", "yes or no" } },
		{ "{'Description': <byte 1>}", INVALID, { "Description", "'y'", "'s'" } },
		{ "{'Description': <['a']>}", INVALID, { "Description", "'as'" } },
		{ "{'Description': <'a\\tb'>}", INVALID, { "a\\tb", "control characters" } },
		{ "{'Description': <'a\302\205b'>}", INVALID, { "control characters" } },
		{ "{'Interface': <'sixteen-bytes-xx'>}",
		  INVALID,
		  { "Interface=sixteen-bytes-xx", "15" } },
		{ "{'Interface': <'../eth0'>}", INVALID, { "Interface=../eth0" } },
		{ "{'Interface': <'..'>}", INVALID, { "Interface=.." } },
		{ "{'AdvertisementInterval': <-1>}", INVALID, { "AdvertisementInterval=-1" } },
		{ "{'AdvertisementInterval': <'soon'>}",
		  INVALID,
		  { "AdvertisementInterval=soon", "4s" } },
		{ "{'VirtualAddresses': <['192.0.2.9', 'x']>}",
		  INVALID,
		  { "VirtualAddresses", "'x'" } },
		{ "{'VirtualAddresses': <['192.0.2.9', ' ']>}",
		  INVALID,
		  { "VirtualAddresses", "empty entry" } },
		{ "{'VirtualAddresses': <['192.0.2.9;192.0.2.10']>}",
		  INVALID,
		  { "VirtualAddresses" } },
		{ "{'VirtualAddresses': <['192.0.2.9\\n']>}",
		  INVALID,
		  { "VirtualAddresses", "control" } },
		{ "{'VirtualAddresses': <[1, 2]>}", INVALID, { "VirtualAddresses", "'ai'" } },
		{ "{'UnicastPeers': <['192.0.2.300']>}",
		  INVALID,
		  { "UnicastPeers", "192.0.2.300" } },
		{ "{'AuthenticationType': <'md5'>}",
		  INVALID,
		  { "AuthenticationType=md5", "none, pass or ah" } },
		{ "{'AddressFamily': <'ipx'>}", INVALID, { "AddressFamily=ipx", "ipv4" } },
		{ "{'Checksum': <'crc'>}", INVALID, { "Checksum=crc", "auto, pseudo-header" } },
		{ "{'Priority': <byte 1>, 'Priority': <byte 2>}",
		  INVALID,
		  { "Priority", "twice" } },
		{ "{'AuthenticationKey': <'tell-nobody'>}",
		  INVALID,
		  { "AuthenticationKey: ", "8 bytes" } },
		{ "{'AuthenticationKey': <'tell\\nme'>}",
		  INVALID,
		  { "AuthenticationKey: ", "control" } },
		{ "{'AuthenticationKey': <byte 7>}",
		  INVALID,
		  { "AuthenticationKey: ", "'y'", "'s'" } },
		{ "{'AuthenticationKey': <b'tell'>}", INVALID, { "AuthenticationKey: ", "'ay'" } },
	};
	Fixture *fixture = new_with_polkit(VERDICT_YES);

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *text = update_text(fixture, rows[i].settings);

		g_test_message("%s: %s", rows[i].settings, fixture_error());
		g_assert_cmpstr(text, ==, rows[i].error);
		for (guint j = 0; j < G_N_ELEMENTS(rows[i].parts) && rows[i].parts[j]; j++)
			fixture_assert_contains(fixture_error(), rows[i].parts[j]);
		fixture_assert_lacks(fixture_error(), "tell");
	}
	g_assert_cmpuint(fixture->questions->len, ==, 0);
	g_assert_null(fixture_asked(fixture));
	fixture_free(fixture);
}

static GVariant *one_setting(const char *key, GVariant *value)
{
	GVariantBuilder builder;

	g_variant_builder_init(&builder, G_VARIANT_TYPE("a{sv}"));
	g_variant_builder_add(&builder, "{sv}", key, value);
	return g_variant_builder_end(&builder);
}

static GVariant *repeat(const char *text, guint count)
{
	GVariantBuilder list;

	g_variant_builder_init(&list, G_VARIANT_TYPE("as"));
	while (count-- > 0)
		g_variant_builder_add(&list, "s", text);
	return g_variant_builder_end(&list);
}

static char *wide(guint count)
{
	GString *text = g_string_new(NULL);

	while (count-- > 0)
		g_string_append(text, "\360\237\246\206");
	return g_string_free(text, FALSE);
}

/* However much comes, the answer is one short text. */
static void test_bounds(void)
{
	Fixture *fixture = new_with_polkit(VERDICT_YES);
	static const guint too_many[] = { 1025, 10000 };
	g_autofree char *long_text = g_strnfill(1 << 20, 'x'), *text = NULL;
	g_autofree char *wide_text = wide(1000);
	GVariantBuilder dictionary;

	for (guint i = 0; i < G_N_ELEMENTS(too_many); i++) {
		text = update(fixture,
			      one_setting("VirtualAddresses", repeat("10.0.0.1", too_many[i])));
		g_assert_cmpstr(text, ==, INVALID);
		fixture_assert_contains(fixture_error(), "VirtualAddresses: has too many entries");
		g_free(text);
	}
	/* Text of many bytes for one character is cut between two. */
	text = update(fixture, one_setting("Priority", g_variant_new_string(wide_text)));
	g_assert_cmpstr(text, ==, INVALID);
	fixture_assert_contains(fixture_error(), "Priority=\360\237\246\206\360\237\246\206");
	fixture_assert_lacks(fixture_error(), "\357\277\275");
	g_assert_cmpuint(strlen(fixture_error()), <, 500);
	g_free(text);

	text = update(fixture, one_setting("VirtualAddresses", repeat(long_text, 1)));
	g_assert_cmpstr(text, ==, INVALID);
	fixture_assert_contains(fixture_error(), "too long");
	g_assert_cmpuint(strlen(fixture_error()), <, 300);
	g_free(text);

	text = update(fixture, one_setting("Description", g_variant_new_string(long_text)));
	g_assert_cmpstr(text, ==, INVALID);
	fixture_assert_contains(fixture_error(), "Description=xxx");
	fixture_assert_contains(fixture_error(), "too long");
	g_assert_cmpuint(strlen(fixture_error()), <, 300);
	g_free(text);

	text = update(fixture, one_setting(long_text, g_variant_new_string("")));
	g_assert_cmpstr(text, ==, UNKNOWN);
	g_assert_cmpuint(strlen(fixture_error()), <, 300);
	g_free(text);

	text = fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "GetInstance",
			    g_variant_new("(s)", long_text));
	g_assert_cmpstr(text, ==, "ERROR " BUS_ERROR_NO_SUCH_INSTANCE);
	g_assert_cmpuint(strlen(fixture_error()), <, 300);
	g_free(text);

	g_variant_builder_init(&dictionary, G_VARIANT_TYPE("a{sv}"));
	for (guint i = 0; i < 10000; i++)
		g_variant_builder_add(&dictionary, "{sv}", "Priority", g_variant_new_byte(1));
	text = update(fixture, g_variant_builder_end(&dictionary));
	g_assert_cmpstr(text, ==, INVALID);
	fixture_assert_contains(fixture_error(), "twice");
	g_assert_cmpuint(fixture->questions->len, ==, 0);
	fixture_free(fixture);
}

/* --- AddInstance ----------------------------------------------------------------------------- */

#define COMPLETE \
	"{'Interface': <'eth1'>, 'VirtualRouterId': <' 9 '>, 'VirtualAddresses': <'192.0.2.9'>}"

static char *add(Fixture *fixture, const char *name, const char *settings, guint32 flags)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) parsed =
		g_variant_parse(G_VARIANT_TYPE("a{sv}"), settings, NULL, NULL, &error);

	g_assert_no_error(error);
	return fixture_call(fixture, BUS_PATH, BUS_INTERFACE_MANAGER, "AddInstance",
			    g_variant_new("(s@a{sv}u)", name, parsed, flags));
}

static void test_add(void)
{
	Fixture *fixture = new_with_polkit(VERDICT_YES);
	g_autofree char *text = add(fixture, "wan.2", COMPLETE, 1), *state = NULL;

	g_assert_cmpstr(text, ==, "('/org/vrrpd1/instance/wan_2e2',)");
	g_assert_cmpstr(fixture_asked(fixture), ==,
			"add wan.2 1 Interface=eth1 VirtualRouterId= 9  "
			"VirtualAddresses=192.0.2.9");
	/* What polkit hears is not the caller's spelling. */
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 0),
				"'" BUS_ACTION_CONFIGURE "', {'verb': 'add', 'instance': 'wan.2', "
				"'interface': 'eth1', 'vrid': '9', 'family': 'ipv4', ");
	state = fixture_call(fixture, BUS_PATH_INSTANCE "/wan_2e2",
			     "org.freedesktop.DBus.Properties", "Get",
			     g_variant_new("(ss)", BUS_INTERFACE_INSTANCE, "State"));
	g_assert_cmpstr(state, ==, "(<'backup'>,)");
	fixture_free(fixture);
}

static void test_add_refused(void)
{
	static const struct {
		const char *name, *settings;
		guint32 flags;
		const char *error, *part;
	} rows[] = {
		{ "", COMPLETE, 0, "ERROR org.freedesktop.DBus.Error.InvalidArgs", "name=''" },
		{ "a/b", COMPLETE, 0, "ERROR org.freedesktop.DBus.Error.InvalidArgs", "a/b" },
		{ "..", COMPLETE, 0, "ERROR org.freedesktop.DBus.Error.InvalidArgs", "'..'" },
		{ "a\nb", COMPLETE, 0, "ERROR org.freedesktop.DBus.Error.InvalidArgs", "a\\nb" },
		{ "\303\244", COMPLETE, 0, "ERROR org.freedesktop.DBus.Error.InvalidArgs",
		  "letters, digits" },
		{ "ok", COMPLETE, 2, "ERROR org.freedesktop.DBus.Error.InvalidArgs", "flags=2" },
		{ "ok", COMPLETE, 4, "ERROR org.freedesktop.DBus.Error.InvalidArgs", "flags=4" },
		{ "ok", "{'Priority': <0>}", 0, INVALID, "Priority=0" },
		{ "ok", "{}", 0, INVALID, "VirtualRouterId: required" },
		{ "ok", "{'VirtualRouterId': <9>, 'VirtualAddresses': <'192.0.2.9'>}", 0, INVALID,
		  "Interface: required" },
		{ "ok", "{'Interface': <'eth1'>, 'VirtualRouterId': <9>}", 0, INVALID,
		  "VirtualAddresses: required" },
		{ "ok",
		  "{'Interface': <'eth1'>, 'VirtualRouterId': <9>, 'VirtualAddresses': "
		  "<'192.0.2.9'>, 'AuthenticationKey': <'tell'>}",
		  0, INVALID, "AuthenticationType" },
	};
	Fixture *fixture = new_with_polkit(VERDICT_YES);
	g_autofree char *long_name = g_strnfill(300, 'n'), *text = NULL;

	for (guint i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *reply =
			add(fixture, rows[i].name, rows[i].settings, rows[i].flags);

		g_test_message("%s", fixture_error());
		g_assert_cmpstr(reply, ==, rows[i].error);
		fixture_assert_contains(fixture_error(), rows[i].part);
		fixture_assert_lacks(fixture_error(), "tell");
	}
	text = add(fixture, long_name, COMPLETE, 0);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.InvalidArgs");
	fixture_assert_contains(fixture_error(), "at most 64 characters");
	g_assert_cmpuint(strlen(fixture_error()), <, 300);
	g_assert_cmpuint(fixture->questions->len, ==, 0);
	g_assert_null(fixture_asked(fixture));
	fixture_free(fixture);
}

/* --- Secrets --------------------------------------------------------------------------------- */

static void test_get_secrets(void)
{
	Fixture *fixture = new_with_polkit(VERDICT_NO);
	ModelInstance *lan = g_hash_table_lookup(fixture->model.instances, "lan");
	char *text;

	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "GetSecrets", NULL);
	g_assert_cmpstr(text, ==, "ERROR org.freedesktop.DBus.Error.AccessDenied");
	g_free(text);
	fixture_assert_contains(g_ptr_array_index(fixture->questions, 0),
				"'" BUS_ACTION_READ_SECRETS
				"', {'verb': 'get-secrets', 'instance': 'lan', ");
	fixture->verdict = VERDICT_YES;
	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "GetSecrets", NULL);
	g_assert_cmpstr(text, ==, "({'AuthenticationKey': <'" FIXTURE_SECRET "'>},)");
	g_free(text);
	lan->settings->has_key = FALSE;
	text = fixture_call(fixture, FIXTURE_LAN, BUS_INTERFACE_INSTANCE, "GetSecrets", NULL);
	g_assert_cmpstr(text, ==, "({},)");
	g_free(text);
	fixture_free(fixture);
}

/* Right or wrong, the bus does not look: the same question, the same answer. */
static void test_guessed_key(void)
{
	static const char *const guesses[] = { FIXTURE_SECRET, "hunter2?" };
	static const Verdict verdicts[] = { VERDICT_NO, VERDICT_CHALLENGE, VERDICT_YES };
	Fixture *fixture = new_with_polkit(VERDICT_NO);

	for (guint v = 0; v < G_N_ELEMENTS(verdicts); v++) {
		g_autofree char *first = NULL, *first_error = NULL;

		fixture->verdict = verdicts[v];
		for (guint i = 0; i < G_N_ELEMENTS(guesses); i++) {
			g_autofree char *text =
				update(fixture, one_setting("AuthenticationKey",
							    g_variant_new_string(guesses[i])));

			if (i > 0) {
				g_assert_cmpstr(text, ==, first);
				g_assert_cmpstr(fixture_error(), ==, first_error);
			}
			g_free(first);
			first = g_strdup(text);
			g_free(first_error);
			first_error = g_strdup(fixture_error());
		}
	}
	g_assert_cmpuint(fixture->asked->len, ==, 2);
	g_assert_cmpuint(fixture->questions->len, ==, 6);
	for (guint i = 0; i < fixture->questions->len; i++)
		fixture_assert_lacks(g_ptr_array_index(fixture->questions, i), "hunter");
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_ERROR);
	g_test_add_func("/bus/settings/forms", test_forms);
	g_test_add_func("/bus/settings/get", test_get_settings);
	g_test_add_func("/bus/settings/get-to-come", test_get_settings_to_come);
	g_test_add_func("/bus/settings/refused", test_refused);
	g_test_add_func("/bus/settings/bounds", test_bounds);
	g_test_add_func("/bus/settings/add", test_add);
	g_test_add_func("/bus/settings/add-refused", test_add_refused);
	g_test_add_func("/bus/settings/secrets", test_get_secrets);
	g_test_add_func("/bus/settings/guessed-key", test_guessed_key);
	return g_test_run();
}
