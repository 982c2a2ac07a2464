/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The schema is whole (every key of the design, each with what its readers rely on), and the
 * builder turns keys into settings: defaults, round trips through file syntax, refusals with their
 * texts, and the rules for the whole.
 */

#include <glib.h>
#include <string.h>

#include "config/config-claims.h"
#include "config/schema.h"
#include "config/settings-builder.h"
#include "config/values.h"

/* Name, D-Bus type and default of every key, and whether it works now: the contract with users of
 * files and bus. */
typedef struct Contract {
	const char *name, *signature, *default_text;
	gboolean supported;
} Contract;

static const Contract contract[] = {
	{ "Description", "s", "", TRUE },
	{ "Enabled", "b", "yes", TRUE },
	{ "Interface", "s", "", TRUE },
	{ "VirtualRouterId", "y", "", TRUE },
	{ "AddressFamily", "s", "", TRUE },
	{ "Version", "y", "3", TRUE },
	{ "Priority", "y", "100", TRUE },
	{ "AdvertisementInterval", "t", "1s", TRUE },
	{ "VirtualAddresses", "as", "", TRUE },
	{ "ExcludedAddresses", "as", "", FALSE },
	{ "VirtualRoutes", "as", "", FALSE },
	{ "VirtualRules", "as", "", FALSE },
	{ "SourceAddress", "s", "", TRUE },
	{ "UnicastPeers", "as", "", TRUE },
	{ "UnicastTtl", "y", "255", TRUE },
	{ "UnicastMinTtl", "y", "auto", TRUE },
	{ "MulticastGroup", "s", "", TRUE },
	{ "Preempt", "b", "yes", TRUE },
	{ "PreemptDelay", "t", "0", TRUE },
	{ "StartupDelay", "t", "0", TRUE },
	{ "LinkUpDelay", "t", "0", TRUE },
	{ "MissedAdverts", "y", "3", TRUE },
	{ "TrackInterface", "b", "yes", TRUE },
	{ "AcceptMode", "b", "yes", TRUE },
	{ "VirtualMac", "b", "no", FALSE },
	{ "VirtualMacDevice", "s", "", FALSE },
	{ "VirtualMacSysctls", "b", "no", FALSE },
	{ "AuthenticationType", "s", "none", TRUE },
	{ "AuthenticationKey", "s", "", TRUE },
	{ "Checksum", "s", "auto", TRUE },
	{ "SyncGroup", "s", "", FALSE },
	{ "Track", "as", "", FALSE },
	{ "AnnounceCount", "y", "6", TRUE },
	{ "AnnounceRefresh", "t", "0", TRUE },
};

static void test_contract(void)
{
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	g_assert_cmpuint(count, ==, G_N_ELEMENTS(contract));
	for (gsize i = 0; i < count; i++) {
		gboolean supported = !(keys[i].flags & SCHEMA_UNSUPPORTED);

		g_assert_cmpstr(keys[i].name, ==, contract[i].name);
		g_assert_cmpstr(keys[i].signature, ==, contract[i].signature);
		g_assert_cmpstr(keys[i].default_text, ==, contract[i].default_text);
		g_assert_cmpint(supported, ==, contract[i].supported);
		g_assert_true(schema_find(keys[i].name) == &keys[i]);
	}
	g_assert_null(schema_find("interface"));
	g_assert_null(schema_find(""));
}

static void test_entries(void)
{
	static const char *const signatures[] = {
		[SCHEMA_BOOLEAN] = "b", [SCHEMA_BYTE] = "y",  [SCHEMA_TIMESPAN] = "t",
		[SCHEMA_STRING] = "s",  [SCHEMA_LIST] = "as",
	};
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	for (gsize i = 0; i < count; i++) {
		const SchemaKey *key = &keys[i];
		gboolean supported = !(key->flags & SCHEMA_UNSUPPORTED);
		gboolean secret = (key->flags & SCHEMA_SECRET) != 0;
		g_autofree char *range = schema_describe_range(key);

		g_assert_cmpstr(key->signature, ==, signatures[key->type]);
		g_assert_cmpuint(strlen(key->summary), >, 10);
		g_assert_null(strchr(key->summary, '\n'));
		g_assert_cmpint(key->parse != NULL, ==, supported);
		g_assert_cmpint(key->format != NULL, ==, supported && !secret);
		if (key->type == SCHEMA_BYTE)
			g_assert_cmpuint(key->minimum, <, key->maximum);
		g_assert_cmpuint(strlen(range), >, 0);
		g_assert_cmpint(secret, ==, strcmp(key->name, "AuthenticationKey") == 0);
	}
}

static void test_range(void)
{
	g_autofree char *vrid = schema_describe_range(schema_find("VirtualRouterId"));
	g_autofree char *ttl = schema_describe_range(schema_find("UnicastMinTtl"));
	g_autofree char *auth = schema_describe_range(schema_find("AuthenticationType"));
	g_autofree char *preempt = schema_describe_range(schema_find("Preempt"));

	g_assert_cmpstr(vrid, ==, "1 to 255");
	g_assert_cmpstr(ttl, ==, "1 to 255 or auto");
	g_assert_cmpstr(auth, ==, "none, pass or ah");
	g_assert_cmpstr(preempt, ==, "yes or no");
}

static void test_nearest(void)
{
	g_assert_cmpstr(schema_nearest("Priorty"), ==, "Priority");
	g_assert_cmpstr(schema_nearest("priority"), ==, "Priority");
	g_assert_cmpstr(schema_nearest("Prio"), ==, "Priority");
	g_assert_cmpstr(schema_nearest("VirtualRouterID"), ==, "VirtualRouterId");
	g_assert_cmpstr(schema_nearest("UnicastPeer"), ==, "UnicastPeers");
	g_assert_cmpstr(schema_nearest("AuthentciationType"), ==, "AuthenticationType");
	g_assert_cmpstr(schema_nearest("VirtualAddress"), ==, "VirtualAddresses");
	g_assert_null(schema_nearest("Colour"));
	g_assert_null(schema_nearest(""));
	g_assert_null(schema_nearest("A-name-that-is-far-longer-than-any-key-could-ever-be"));
}

static SettingsBuilder *minimal(void)
{
	SettingsBuilder *builder = settings_builder_new("lan");

	g_assert_true(settings_builder_set(builder, "Interface", "eth0", NULL));
	g_assert_true(settings_builder_set(builder, "VirtualRouterId", "10", NULL));
	g_assert_true(settings_builder_set(builder, "VirtualAddresses", "192.0.2.1/24", NULL));
	return builder;
}

static void test_defaults(void)
{
	g_autoptr(SettingsBuilder) builder = minimal();
	g_autoptr(GError) error = NULL;
	g_autoptr(Settings) settings = settings_builder_finish(builder, NULL, &error);

	g_assert_no_error(error);
	g_assert_cmpstr(settings->name, ==, "lan");
	g_assert_cmpstr(settings->description, ==, "");
	g_assert_true(settings->enabled);
	g_assert_cmpstr(settings->interface, ==, "eth0");
	g_assert_cmpuint(settings->vrid, ==, 10);
	g_assert_cmpint(settings->family, ==, VRRP_FAMILY_IPV4);
	g_assert_cmpuint(settings->version, ==, 3);
	g_assert_cmpuint(settings->priority, ==, 100);
	g_assert_cmpuint(settings->interval_usec, ==, 1000000);
	g_assert_cmpuint(settings->addresses->len, ==, 1);
	g_assert_cmpstr(settings->address_strings->pdata[0], ==, "192.0.2.1/24");
	g_assert_cmpint(settings->source.family, ==, VRRP_FAMILY_NONE);
	g_assert_cmpuint(settings->peers->len, ==, 0);
	g_assert_cmpuint(settings->unicast_ttl, ==, 255);
	g_assert_cmpuint(settings->unicast_minimum_ttl, ==, 0);
	g_assert_true(settings->preempt);
	g_assert_cmpuint(settings->missed_adverts, ==, 3);
	g_assert_true(settings->track_interface);
	g_assert_true(settings->accept_mode);
	g_assert_cmpint(settings->auth, ==, VRRP_AUTH_NONE);
	g_assert_false(settings->has_key);
	g_assert_cmpint(settings->checksum, ==, VRRP_CHECKSUM_AUTO);
	g_assert_cmpuint(settings->announce_count, ==, 6);
}

/* A value other than the default for every supported key, in the form in which it is written back.
 */
static const char *const other_values[][2] = {
	{ "Description", "the office" },
	{ "Enabled", "no" },
	{ "Interface", "eno1" },
	{ "VirtualRouterId", "77" },
	{ "AddressFamily", "ipv4" },
	{ "Version", "2" },
	{ "Priority", "254" },
	{ "AdvertisementInterval", "4s" },
	{ "VirtualAddresses", "192.0.2.1/24 dev eno1 label eno1:a;192.0.2.2/32" },
	{ "SourceAddress", "192.0.2.9" },
	{ "UnicastPeers", "192.0.2.7;192.0.2.8" },
	{ "UnicastTtl", "64" },
	{ "UnicastMinTtl", "63" },
	{ "MulticastGroup", "224.0.0.81" },
	{ "Preempt", "no" },
	{ "PreemptDelay", "5min" },
	{ "StartupDelay", "1d" },
	{ "LinkUpDelay", "250ms" },
	{ "MissedAdverts", "5" },
	{ "TrackInterface", "no" },
	{ "AcceptMode", "no" },
	{ "AuthenticationType", "ah" },
	{ "AuthenticationKey", "12345678" },
	{ "Checksum", "auto" },
	{ "AnnounceCount", "2" },
	{ "AnnounceRefresh", "1min" },
};

static Settings *make_other(void)
{
	g_autoptr(SettingsBuilder) builder = settings_builder_new("other");
	g_autoptr(GError) error = NULL;
	Settings *settings;

	for (gsize i = 0; i < G_N_ELEMENTS(other_values); i++) {
		settings_builder_set(builder, other_values[i][0], other_values[i][1], &error);
		g_assert_no_error(error);
	}
	settings = settings_builder_finish(builder, NULL, &error);
	g_assert_no_error(error);
	return settings;
}

static void test_round_trip(void)
{
	g_autoptr(Settings) settings = make_other();
	gsize count, supported = 0;
	const SchemaKey *keys = schema_keys(&count);

	for (gsize i = 0; i < count; i++)
		supported += !(keys[i].flags & SCHEMA_UNSUPPORTED);
	g_assert_cmpuint(supported, ==, G_N_ELEMENTS(other_values));
	for (gsize i = 0; i < G_N_ELEMENTS(other_values); i++) {
		const SchemaKey *key = schema_find(other_values[i][0]);
		g_autofree char *text = schema_format(key, settings);

		g_assert_cmpstr(text, ==, key->flags & SCHEMA_SECRET ? NULL : other_values[i][1]);
	}
	g_assert_cmpmem(settings->key, 8, "12345678", 8);
	g_assert_null(schema_format(schema_find("Track"), settings));
}

/* Each field on its own makes settings differ, so none was forgotten in the comparison. */
static void test_equal(void)
{
	g_autoptr(Settings) a = make_other(), b = make_other();

	g_assert_true(settings_equal(a, b));
	g_assert_true(settings_same_router(a, b));
	for (gsize i = 0; i < G_N_ELEMENTS(other_values); i++) {
		const char *key = other_values[i][0];
		g_autoptr(SettingsBuilder) builder = settings_builder_new("other");
		g_autoptr(Settings) changed = NULL;
		g_autoptr(GError) error = NULL;
		const char *value = "";

		if (g_str_equal(key, "AddressFamily") || g_str_equal(key, "Checksum"))
			continue; /* only one value is possible here */
		for (gsize j = 0; j < G_N_ELEMENTS(other_values); j++)
			g_assert_true(settings_builder_set(builder, other_values[j][0],
							   other_values[j][1], NULL));
		if (g_str_equal(key, "VirtualRouterId"))
			value = "78";
		else if (g_str_equal(key, "VirtualAddresses"))
			value = "192.0.2.1/24 dev eno1 label eno1:a;192.0.2.2/31";
		else if (g_str_equal(key, "Interface"))
			value = "eno10";
		else if (g_str_equal(key, "AuthenticationKey"))
			value = "12345679";
		else if (g_str_equal(key, "AuthenticationType"))
			value = "pass";
		else if (g_str_equal(key, "Version"))
			g_assert_true(
				settings_builder_set(builder, "AuthenticationType", "", NULL) &&
				settings_builder_set(builder, "AuthenticationKey", "", NULL));
		g_assert_true(settings_builder_set(builder, key, value, NULL));
		changed = settings_builder_finish(builder, NULL, &error);
		g_assert_no_error(error);
		g_assert_false(settings_equal(a, changed));
	}
}

static void test_same_router(void)
{
	/* The first two are another identity on the wire as well. */
	static const char *const changes[][2] = {
		{ "Interface", "eth1" },
		{ "VirtualRouterId", "11" },
		{ "Version", "2" },
		{ "UnicastPeers", "192.0.2.9" },
		{ "MulticastGroup", "224.0.0.81" },
	};
	g_autoptr(SettingsBuilder) builder = minimal();
	g_autoptr(Settings) before = settings_builder_finish(builder, NULL, NULL);
	g_autoptr(Settings) priority = NULL;

	g_assert_true(settings_builder_set(builder, "Priority", "7", NULL));
	priority = settings_builder_finish(builder, NULL, NULL);
	g_assert_true(settings_same_router(before, priority));
	for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
		g_autoptr(SettingsBuilder) other = minimal();
		g_autoptr(Settings) after = NULL;

		g_assert_true(settings_builder_set(other, changes[i][0], changes[i][1], NULL));
		after = settings_builder_finish(other, NULL, NULL);
		g_assert_nonnull(after);
		g_assert_false(settings_same_router(before, after));
		g_assert_cmpint(settings_same_identity(before, after), ==, i >= 2);
	}
}

/* The family follows the addresses, also through a change of them; the same number of the other
 * family is another router (S16). */
static void test_family(void)
{
	g_autoptr(SettingsBuilder) builder = minimal();
	g_autoptr(Settings) four = settings_builder_finish(builder, NULL, NULL);
	g_autoptr(SettingsBuilder) next = settings_builder_new_from(four);
	g_autoptr(Settings) six = NULL, again = NULL;
	g_autoptr(SettingsBuilder) copy = NULL;
	g_autoptr(ConfigClaims) claims = config_claims_new();
	g_autofree char *text = NULL, *why = NULL;

	g_assert_true(
		settings_builder_set(next, "VirtualAddresses", "fe80::1;2001:db8::1/64", NULL));
	six = settings_builder_finish(next, NULL, NULL);
	g_assert_nonnull(six);
	g_assert_cmpint(six->family, ==, VRRP_FAMILY_IPV6);
	text = schema_format(schema_find("AddressFamily"), six);
	g_assert_cmpstr(text, ==, "ipv6");
	g_assert_null(settings_deviation(six, schema_find("AddressFamily")));
	g_assert_false(settings_same_identity(four, six));
	copy = settings_builder_new_from(six);
	again = settings_builder_finish(copy, NULL, NULL);
	g_assert_true(settings_equal(six, again));

	g_assert_true(config_claims_take(claims, four, NULL, &why));
	g_assert_true(config_claims_take(claims, six, NULL, &why));
	g_assert_false(config_claims_take(claims, again, NULL, &why));
	g_assert_cmpstr(why, ==,
			"VirtualRouterId: VRID 10 for ipv6 on eth0 is already the instance lan");
}

static void test_reset(void)
{
	g_autoptr(SettingsBuilder) builder = minimal();
	g_autoptr(Settings) settings = NULL;

	g_assert_true(settings_builder_set(builder, "Priority", "7", NULL));
	g_assert_true(settings_builder_set(builder, "Priority", "", NULL));
	g_assert_true(settings_builder_set(builder, "UnicastPeers", "192.0.2.9", NULL));
	g_assert_true(settings_builder_set(builder, "UnicastPeers", "", NULL));
	g_assert_true(settings_builder_set(builder, "UnicastMinTtl", "7", NULL));
	g_assert_true(settings_builder_set(builder, "UnicastMinTtl", "auto", NULL));
	settings = settings_builder_finish(builder, NULL, NULL);
	g_assert_cmpuint(settings->priority, ==, 100);
	g_assert_cmpuint(settings->peers->len, ==, 0);
	g_assert_cmpuint(settings->unicast_minimum_ttl, ==, 0);
}

typedef struct Refusal {
	const char *key, *value, *text;
	SettingsError code;
} Refusal;

static void test_refusals(void)
{
	static const Refusal refusals[] = {
		{ "Priorty", "7", "Priorty: no such key; did you mean Priority?",
		  SETTINGS_ERROR_UNKNOWN_KEY },
		{ "Colour", "7", "Colour: no such key; see vrrpd.instance(5)",
		  SETTINGS_ERROR_UNKNOWN_KEY },
		{ "Priority", "300", "Priority=300: must be a whole number from 1 to 255",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "Priority", "0", "Priority=0: must be a whole number from 1 to 255",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "Version", "4", "Version=4: must be a whole number from 2 to 3",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "AddressFamily", "ipx", "AddressFamily=ipx: must be ipv4 or ipv6",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "VirtualAddresses", "fe80::1;ff02::1",
		  "VirtualAddresses=fe80::1;ff02::1: in 'ff02::1': must be the address of a host",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "MulticastGroup", "192.0.2.1",
		  "MulticastGroup=192.0.2.1: must be a multicast group such as 224.0.0.18 or "
		  "ff02::12",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "UnicastPeers", ";",
		  "UnicastPeers=;: must hold at least one address, or be left out for multicast",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "UnicastMinTtl", "0",
		  "UnicastMinTtl=0: must be a whole number from 1 to 255, or auto",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "AnnounceCount", "7", "AnnounceCount=7: must be a whole number from 0 to 6",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "AuthenticationType", "AH", "AuthenticationType=AH: must be none, pass or ah",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "Checksum", "crc", "Checksum=crc: must be auto, pseudo-header or message-only",
		  SETTINGS_ERROR_INVALID_VALUE },
		{ "Description", "a\nb",
		  "Description=a\\nb: must be one line without control characters",
		  SETTINGS_ERROR_INVALID_VALUE },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(refusals); i++) {
		g_autoptr(SettingsBuilder) builder = minimal();
		g_autoptr(GError) error = NULL;
		g_autoptr(Settings) settings = NULL;

		g_assert_false(
			settings_builder_set(builder, refusals[i].key, refusals[i].value, &error));
		g_assert_error(error, SETTINGS_ERROR, (int)refusals[i].code);
		g_assert_cmpstr(error->message, ==, refusals[i].text);
		/* The refused value left no trace. */
		settings = settings_builder_finish(builder, NULL, NULL);
		g_assert_nonnull(settings);
	}
}

static void test_unsupported(void)
{
	gsize count;
	const SchemaKey *keys = schema_keys(&count);
	g_autoptr(SettingsBuilder) builder = minimal();
	guint refused = 0;

	for (gsize i = 0; i < count; i++) {
		g_autoptr(GError) error = NULL;
		g_autofree char *expected = NULL;

		if (!(keys[i].flags & SCHEMA_UNSUPPORTED))
			continue;
		expected =
			g_strdup_printf("%s: not supported yet; take the line out", keys[i].name);
		g_assert_false(
			settings_builder_set(builder, keys[i].name, keys[i].default_text, &error));
		g_assert_error(error, SETTINGS_ERROR, SETTINGS_ERROR_NOT_SUPPORTED);
		g_assert_cmpstr(error->message, ==, expected);
		refused++;
	}
	g_assert_cmpuint(refused, ==, 8);
}

static void test_secret(void)
{
	g_autoptr(SettingsBuilder) builder = minimal();
	g_autoptr(GError) error = NULL;

	g_assert_false(settings_builder_set(builder, "AuthenticationKey", "hunter2!!", &error));
	g_assert_cmpstr(error->message, ==, "AuthenticationKey: must have at most 8 bytes");
}

/* What is set on top of the minimal settings, and the problems that come of it, in order. */
typedef struct Whole {
	const char *pairs[5][2];
	const char *problems[4];
} Whole;

static const Whole wholes[] = {
	{ { { "VirtualRouterId", "" } }, { "VirtualRouterId: required, a number from 1 to 255" } },
	{ { { "Interface", "" } },
	  { "Interface: required, unless UnicastPeers is set",
	    "VirtualAddresses: '192.0.2.1/24' needs dev, as there is no Interface" } },
	{ { { "Interface", "" }, { "UnicastPeers", "192.0.2.9" } },
	  { "VirtualAddresses: '192.0.2.1/24' needs dev, as there is no Interface" } },
	{ { { "Interface", "" },
	    { "UnicastPeers", "192.0.2.9" },
	    { "VirtualAddresses", "192.0.2.1 dev v0" } },
	  { NULL } },
	{ { { "VirtualAddresses", "" } }, { "VirtualAddresses: required, at least one address" } },
	{ { { "VirtualAddresses", "192.0.2.1/24;192.0.2.1/32" } },
	  { "VirtualAddresses: '192.0.2.1/32' is there twice" } },
	{ { { "VirtualAddresses", "192.0.2.1/24 label eth1:x" } },
	  { "VirtualAddresses: '192.0.2.1/24 label eth1:x': the label must begin with the "
	    "device's name, eth0" } },
	{ { { "Version", "2" }, { "AdvertisementInterval", "500ms" } },
	  { "AdvertisementInterval: 500ms: version 2 carries whole seconds only, from 1s to "
	    "255s" } },
	{ { { "AdvertisementInterval", "255ms" } },
	  { "AdvertisementInterval: 255ms: version 3 carries steps of 10ms only, from 10ms to "
	    "40s 950ms" } },
	{ { { "AdvertisementInterval", "41s" } },
	  { "AdvertisementInterval: 41s: version 3 carries steps of 10ms only, from 10ms to "
	    "40s 950ms" } },
	{ { { "Version", "2" }, { "AdvertisementInterval", "41s" } }, { NULL } },
	{ { { "Version", "2" }, { "Checksum", "message-only" } },
	  { "Checksum: only version 3 has a choice; use auto" } },
	{ { { "AuthenticationType", "ah" }, { "AuthenticationKey", "1111" } },
	  { "AuthenticationType: version 3 has no authentication; set Version=2 or take the key "
	    "out" } },
	{ { { "Version", "2" }, { "AuthenticationType", "pass" } },
	  { "AuthenticationKey: required with AuthenticationType=pass" } },
	{ { { "Version", "2" }, { "AuthenticationKey", "1111" } },
	  { "AuthenticationType: must be pass or ah where there is an AuthenticationKey" } },
	{ { { "SourceAddress", "192.0.2.1" } },
	  { "SourceAddress: must not be one of VirtualAddresses, since the other router takes "
	    "them" } },
	{ { { "SourceAddress", "192.0.2.1" }, { "Priority", "255" } }, { NULL } },
	{ { { "UnicastPeers", "192.0.2.9" }, { "SourceAddress", "192.0.2.9" } },
	  { "UnicastPeers: must hold another router; SourceAddress is our own address" } },
	{ { { "UnicastPeers", "192.0.2.9;192.0.2.8" }, { "SourceAddress", "192.0.2.9" } },
	  { NULL } },
	{ { { "UnicastPeers", "192.0.2.9;192.0.2.8;192.0.2.9" } },
	  { "UnicastPeers: 192.0.2.9 is there twice" } },
	{ { { "VirtualAddresses", "fe80::1/64;2001:db8::1/64" } }, { NULL } },
	{ { { "VirtualAddresses", "fe80::1/64;192.0.2.1/24" } },
	  { "VirtualAddresses: '192.0.2.1/24' is not IPv6, and an advert carries one family; make "
	    "it "
	    "an instance of its own, or put it into ExcludedAddresses" } },
	{ { { "AddressFamily", "ipv6" } },
	  { "VirtualAddresses: '192.0.2.1/24' is not IPv6, and an advert carries one family; make "
	    "it "
	    "an instance of its own, or put it into ExcludedAddresses" } },
	{ { { "AddressFamily", "ipv4" }, { "VirtualAddresses", "fe80::1/64" } },
	  { "VirtualAddresses: 'fe80::1/64' is not IPv4, and an advert carries one family; make it "
	    "an instance of its own, or put it into ExcludedAddresses" } },
	{ { { "VirtualAddresses", "fe80::1/64" }, { "Version", "2" } },
	  { "Version: version 2 is for IPv4 only; set Version=3" } },
	{ { { "VirtualAddresses", "fe80::1/64" }, { "Checksum", "pseudo-header" } },
	  { "Checksum: there is no choice over IPv6; use auto" } },
	{ { { "VirtualAddresses", "fe80::1/64" }, { "SourceAddress", "192.0.2.9" } },
	  { "SourceAddress: must be IPv6, as VirtualAddresses are" } },
	{ { { "VirtualAddresses", "fe80::1/64" }, { "SourceAddress", "2001:db8::9" } },
	  { "SourceAddress: must be a link-local address (fe80::/10): IPv6 multicast comes from "
	    "one" } },
	{ { { "VirtualAddresses", "fe80::1/64" }, { "SourceAddress", "fe80::9" } }, { NULL } },
	{ { { "VirtualAddresses", "fe80::1/64" },
	    { "SourceAddress", "2001:db8::9" },
	    { "UnicastPeers", "2001:db8::8;2001:db8::9" } },
	  { NULL } },
	{ { { "VirtualAddresses", "fe80::1/64" }, { "UnicastPeers", "192.0.2.9" } },
	  { "UnicastPeers: 192.0.2.9 must be IPv6, as VirtualAddresses are" } },
	{ { { "UnicastPeers", "2001:db8::8" } },
	  { "UnicastPeers: 2001:db8::8 must be IPv4, as VirtualAddresses are" } },
	{ { { "Interface", "" },
	    { "VirtualAddresses", "fe80::1/64 dev v0" },
	    { "UnicastPeers", "fe80::9" } },
	  { "UnicastPeers: fe80::9 is link-local and means nothing without Interface" } },
	{ { { "MulticastGroup", "ff02::77" } },
	  { "MulticastGroup: must be IPv4, as VirtualAddresses are" } },
	{ { { "VirtualAddresses", "fe80::1/64" }, { "MulticastGroup", "ff02::77" } }, { NULL } },
	/* All that is wrong is told at once. */
	{ { { "VirtualRouterId", "" },
	    { "AdvertisementInterval", "1ms" },
	    { "VirtualAddresses", "" } },
	  { "VirtualRouterId: required, a number from 1 to 255",
	    "AdvertisementInterval: 1ms: version 3 carries steps of 10ms only, from 10ms to 40s "
	    "950ms",
	    "VirtualAddresses: required, at least one address" } },
};

static void check_whole(const Whole *whole)
{
	g_autoptr(SettingsBuilder) builder = minimal();
	g_autoptr(GPtrArray) problems =
		g_ptr_array_new_with_free_func((GDestroyNotify)settings_problem_free);
	g_autoptr(Settings) settings = NULL;
	g_autoptr(GError) error = NULL;
	guint count = 0;

	for (guint i = 0; whole->pairs[i][0]; i++)
		g_assert_true(settings_builder_set(builder, whole->pairs[i][0], whole->pairs[i][1],
						   NULL));
	settings = settings_builder_finish(builder, problems, &error);
	while (whole->problems[count])
		count++;
	for (guint i = 0; i < MIN(count, problems->len); i++) {
		const SettingsProblem *problem = problems->pdata[i];

		g_assert_cmpstr(problem->text, ==, whole->problems[i]);
		g_assert_true(g_str_has_prefix(problem->text, problem->key));
	}
	g_assert_cmpuint(problems->len, ==, count);
	g_assert_cmpint(settings == NULL, ==, count > 0);
	if (count > 0)
		g_assert_cmpstr(error->message, ==, whole->problems[0]);
	else
		g_assert_no_error(error);
}

static void test_wholes(void)
{
	for (gsize i = 0; i < G_N_ELEMENTS(wholes); i++)
		check_whole(&wholes[i]);
}

/* @count addresses, all different. */
static char *many(guint count, const char *prefix)
{
	GString *list = g_string_new(NULL);

	for (guint i = 0; i < count; i++)
		g_string_append_printf(list, "%s.%u.%u;", prefix, i / 250, 1 + i % 250);
	return g_string_free(list, FALSE);
}

static void check_count(const char *key, const char *prefix, guint limit, const char *text)
{
	g_autofree char *enough = many(limit, prefix);
	g_autofree char *too_many = many(limit + 1, prefix);
	g_autoptr(SettingsBuilder) builder = minimal();
	g_autoptr(Settings) fits = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_true(settings_builder_set(builder, key, enough, NULL));
	fits = settings_builder_finish(builder, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(settings_builder_set(builder, key, too_many, NULL));
	g_assert_null(settings_builder_finish(builder, NULL, &error));
	g_assert_cmpstr(error->message, ==, text);
}

static void test_counts(void)
{
	check_count("VirtualAddresses", "10.1", VALUE_ADVERT_ADDRESSES_MAX,
		    "VirtualAddresses: 256 addresses, but an advert carries at most 255");
	check_count("UnicastPeers", "10.2", VALUE_PEERS_MAX,
		    "UnicastPeers: 33 peers, but at most 32 are possible");
}

static void test_names(void)
{
	static const char *const good[] = { "a", "failover_test", "10net", "VI_1.b-c" };
	static const char *const bad[] = { "", "_a", "-a", ".a", "a b", "a/b", "\xc3\xa4" };
	g_autofree char *longest = g_strnfill(64, 'x');
	g_autofree char *too_long = g_strnfill(65, 'x');
	g_autoptr(SettingsBuilder) builder = settings_builder_new("a b");
	g_autoptr(GError) error = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(settings_name_is_valid(good[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(settings_name_is_valid(bad[i]));
	g_assert_true(settings_name_is_valid(longest));
	g_assert_false(settings_name_is_valid(too_long));

	g_assert_null(settings_builder_finish(builder, NULL, &error));
	g_assert_error(error, SETTINGS_ERROR, SETTINGS_ERROR_INVALID_NAME);
	g_assert_nonnull(strstr(error->message, "'a b' is not a valid instance name"));
}

static void test_reference(void)
{
	g_autoptr(SettingsBuilder) builder = minimal();
	Settings *settings = settings_builder_finish(builder, NULL, NULL);

	g_assert_true(settings_ref(settings) == settings);
	settings_unref(settings);
	g_assert_cmpstr(settings->name, ==, "lan");
	settings_unref(settings);
	settings_unref(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schema/contract", test_contract);
	g_test_add_func("/schema/entries", test_entries);
	g_test_add_func("/schema/range", test_range);
	g_test_add_func("/schema/nearest", test_nearest);
	g_test_add_func("/settings/defaults", test_defaults);
	g_test_add_func("/settings/round-trip", test_round_trip);
	g_test_add_func("/settings/equal", test_equal);
	g_test_add_func("/settings/same-router", test_same_router);
	g_test_add_func("/settings/family", test_family);
	g_test_add_func("/settings/reset", test_reset);
	g_test_add_func("/settings/refusals", test_refusals);
	g_test_add_func("/settings/unsupported", test_unsupported);
	g_test_add_func("/settings/secret", test_secret);
	g_test_add_func("/settings/wholes", test_wholes);
	g_test_add_func("/settings/counts", test_counts);
	g_test_add_func("/settings/names", test_names);
	g_test_add_func("/settings/reference", test_reference);
	return g_test_run();
}
