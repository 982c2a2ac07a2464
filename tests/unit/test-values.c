/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The parsers of single values: what they take, what they refuse, that the reason is there and the
 * result untouched where they refuse, and that what is written is read back.
 */

#include <glib.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "config/values.h"
#include "exchange/instance-config.h"

/* The limit is the engine's; config may not include it, so this holds them together. */
static void test_limits(void)
{
	g_assert_cmpint(VALUE_PEERS_MAX, ==, INSTANCE_PEERS_MAX);
}

static void test_boolean(void)
{
	static const char *const yes[] = { "yes", "YES", "y", "1", "true", "t", "on", " yes " };
	static const char *const no[] = { "no", "No", "n", "0", "false", "f", "off" };
	static const char *const bad[] = { "", "2", "ja", "yes no", "y e s" };
	gboolean value;

	for (gsize i = 0; i < G_N_ELEMENTS(yes); i++) {
		g_autofree char *why = NULL;

		value = FALSE;
		g_assert_true(value_parse_boolean(yes[i], &value, &why));
		g_assert_true(value);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(no); i++) {
		g_autofree char *why = NULL;

		value = TRUE;
		g_assert_true(value_parse_boolean(no[i], &value, &why));
		g_assert_false(value);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *why = NULL;

		value = 17;
		g_assert_false(value_parse_boolean(bad[i], &value, &why));
		g_assert_cmpint(value, ==, 17);
		g_assert_cmpstr(why, ==, "must be yes or no");
	}
}

static void test_byte(void)
{
	static const char *const bad[] = { "",
					   "0",
					   "255",
					   "256",
					   "-1",
					   "+1",
					   "1.5",
					   "0x10",
					   "1 2",
					   "ten",
					   "18446744073709551617" };
	guint8 value = 0;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *why = NULL;

		value = 17;
		g_assert_false(value_parse_byte(bad[i], 1, 254, &value, &why));
		g_assert_cmpint(value, ==, 17);
		g_assert_cmpstr(why, ==, "must be a whole number from 1 to 254");
	}
	g_assert_true(value_parse_byte(" 254 ", 1, 254, &value, NULL));
	g_assert_cmpint(value, ==, 254);
	g_assert_true(value_parse_byte("1", 1, 254, &value, NULL));
	g_assert_cmpint(value, ==, 1);
}

typedef struct Span {
	const char *text;
	guint64 usec;
	const char *written;
} Span;

static void test_timespan(void)
{
	static const Span spans[] = {
		{ "4", 4000000, "4s" },
		{ "4s", 4000000, "4s" },
		{ " 4 s ", 4000000, "4s" },
		{ "250ms", 250000, "250ms" },
		{ "0.25", 250000, "250ms" },
		{ "1.5s", 1500000, "1s 500ms" },
		{ "40.95s", 40950000, "40s 950ms" },
		{ "1min 30s", 90000000, "1min 30s" },
		{ "1min30s", 90000000, "1min 30s" },
		{ "1m 30", 90000000, "1min 30s" },
		{ "2 hours", G_GUINT64_CONSTANT(7200000000), "2h" },
		{ "1d", G_GUINT64_CONSTANT(86400000000), "1d" },
		{ "7us", 7, "7us" },
		{ "7µs", 7, "7us" },
		{ "0", 0, "0" },
		{ "0.000001", 1, "1us" },
		{ "3 seconds", 3000000, "3s" },
		{ "1s 1ms 1us", 1001001, "1s 1ms 1us" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(spans); i++) {
		g_autofree char *why = NULL, *written = NULL;
		guint64 usec = 0, again = 1;

		g_assert_true(value_parse_timespan(spans[i].text, &usec, &why));
		g_assert_cmpuint(usec, ==, spans[i].usec);
		written = value_format_timespan(usec);
		g_assert_cmpstr(written, ==, spans[i].written);
		g_assert_true(value_parse_timespan(written, &again, &why));
		g_assert_cmpuint(again, ==, usec);
	}
}

static void test_timespan_bad(void)
{
	static const char *const bad[] = {
		"",
		" ",
		"s",
		"4x",
		"4 4",
		"-1s",
		"1..5",
		"1.",
		".",
		"1.5.2",
		"infinity",
		"4ss",
		"4s!",
		"1e3",
		"0.1us",
		"0.0000001",
		"1.123456789",
		"99999999999999999999s",
		"99999999999999d 1",
		"18446744073709551615us 1us",
		"1 min",
	};

	/* The last is fine, so that the loop is known to see the difference. */
	for (gsize i = 0; i + 1 < G_N_ELEMENTS(bad); i++) {
		g_autofree char *why = NULL;
		guint64 usec = 17;

		g_assert_false(value_parse_timespan(bad[i], &usec, &why));
		g_assert_cmpuint(usec, ==, 17);
		g_assert_nonnull(why);
	}
	g_assert_true(value_parse_timespan(bad[G_N_ELEMENTS(bad) - 1], &(guint64){ 0 }, NULL));
}

static void test_interval(void)
{
	static const guint64 two[] = { 1000000, 4000000, 255000000 };
	static const guint64 not_two[] = { 0, 500000, 1500000, 4000001, 256000000 };
	static const guint64 three[] = { 10000, 250000, 1000000, 40950000 };
	static const guint64 not_three[] = { 0, 1, 5000, 255000, 40960000, 41000000, 1000001 };

	for (gsize i = 0; i < G_N_ELEMENTS(two); i++)
		g_assert_true(value_check_interval(2, two[i], NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(three); i++)
		g_assert_true(value_check_interval(3, three[i], NULL));
	for (gsize i = 0; i < G_N_ELEMENTS(not_two); i++) {
		g_autofree char *why = NULL;

		g_assert_false(value_check_interval(2, not_two[i], &why));
		g_assert_nonnull(strstr(why, "version 2"));
	}
	for (gsize i = 0; i < G_N_ELEMENTS(not_three); i++) {
		g_autofree char *why = NULL;

		g_assert_false(value_check_interval(3, not_three[i], &why));
		g_assert_nonnull(strstr(why, "version 3"));
	}
}

static void test_interface(void)
{
	static const char *const bad[] = { "",     ".",   "..",   "eth0:1",
					   "a/b",  "a b", "a\tb", "sixteen-bytes-xx",
					   "a\x01" };
	char name[VRRP_INTERFACE_NAME_SIZE] = "kept";

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *why = NULL;

		g_assert_false(value_parse_interface(bad[i], name, &why));
		g_assert_nonnull(why);
		g_assert_cmpstr(name, ==, "kept");
	}
	g_assert_true(value_parse_interface(" eno1 ", name, NULL));
	g_assert_cmpstr(name, ==, "eno1");
	g_assert_true(value_parse_interface("fifteen-bytes-x", name, NULL));
	g_assert_cmpstr(name, ==, "fifteen-bytes-x");
	g_assert_true(value_parse_interface("v0.1@x", name, NULL));
}

static void test_list(void)
{
	g_auto(GStrv) items = value_split_list(" a ;b\\;c;; d e;");
	g_auto(GStrv) none = value_split_list(" ; ");
	static const char *const expected[] = { "a", "b;c", "d e", NULL };

	g_assert_cmpstrv(items, expected);
	g_assert_cmpint(g_strv_length(none), ==, 0);
}

static void test_address(void)
{
	static const char *const bad[] = {
		"",           "192.0.2",   "192.0.2.256",     "192.0.2.1/24", "0.0.0.0",
		"224.0.0.18", "239.1.1.1", "255.255.255.255", "example.org",  "010.0.0.1",
		"1.2.3.4 x"
	};
	g_autofree char *text = NULL, *none = NULL, *why = NULL;
	VrrpAddress address = { 0 };

	g_assert_true(value_parse_address(" 192.0.2.1 ", &address, NULL));
	g_assert_cmpint(address.family, ==, VRRP_FAMILY_IPV4);
	g_assert_cmpmem(address.bytes, 16, "\xc0\0\2\1\0\0\0\0\0\0\0\0\0\0\0\0", 16);
	text = value_format_address(&address);
	g_assert_cmpstr(text, ==, "192.0.2.1");
	none = value_format_address(&(VrrpAddress){ 0 });
	g_assert_cmpstr(none, ==, "");

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *reason = NULL;

		g_assert_false(value_parse_address(bad[i], &address, &reason));
		g_assert_nonnull(reason);
	}
	g_assert_cmpint(address.bytes[0], ==, 192);
	g_assert_false(value_parse_address("fe80::1%eth0", &address, &why));
	g_assert_cmpstr(why, ==, "must be without a zone (%...): the device is said elsewhere");
}

typedef struct Pair {
	const char *text, *written;
} Pair;

static void test_address_ipv6(void)
{
	static const char *const bad[] = { "::",
					   "::1",
					   "ff02::12",
					   "2001:db8::g",
					   "2001:db8",
					   "::ffff:192.0.2.1",
					   "2001:db8::1/64",
					   ":" };
	g_autofree char *text = NULL;
	VrrpAddress address = { 0 };

	g_assert_true(value_parse_address(" 2001:DB8:0:0::1 ", &address, NULL));
	g_assert_cmpint(address.family, ==, VRRP_FAMILY_IPV6);
	g_assert_cmpmem(address.bytes, 16, "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16);
	text = value_format_address(&address);
	g_assert_cmpstr(text, ==, "2001:db8::1");
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *why = NULL;

		g_assert_false(value_parse_address(bad[i], &address, &why));
		g_assert_nonnull(why);
	}
	g_assert_cmpint(address.bytes[15], ==, 1);
}

static void test_group(void)
{
	static const char *const good[] = { "224.0.0.18", "239.1.2.3", "ff02::12", "ff0e::1" };
	static const Pair bad[] = {
		{ "", "must be an address such as 192.0.2.1 or 2001:db8::1" },
		{ "192.0.2.1", "must be a multicast group such as 224.0.0.18 or ff02::12" },
		{ "255.255.255.255", "must be a multicast group such as 224.0.0.18 or ff02::12" },
		{ "fe80::1", "must be a multicast group such as 224.0.0.18 or ff02::12" },
		{ "ff01::12", "must be a group that leaves the host, such as ff02::12" },
		{ "ff10::12", "must be a group that leaves the host, such as ff02::12" },
	};
	VrrpAddress group = { 0 };

	for (gsize i = 0; i < G_N_ELEMENTS(good); i++) {
		g_autofree char *text = NULL, *why = NULL;

		g_assert_true(value_parse_group(good[i], &group, &why));
		text = value_format_address(&group);
		g_assert_cmpstr(text, ==, good[i]);
	}
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *why = NULL;

		g_assert_false(value_parse_group(bad[i].text, &group, &why));
		g_assert_cmpstr(why, ==, bad[i].written);
	}
}

/* The seed's own line, field by field. */
static void test_interface_address(void)
{
	const char *line = "192.168.120.3/21 brd 192.168.127.255 dev eno1 label eno1:vip";
	VrrpInterfaceAddress address;
	g_autofree char *why = NULL, *written = NULL, *host = NULL;

	g_assert_true(value_parse_interface_address(line, &address, &why));
	g_assert_cmpmem(address.address.bytes, 4, "\xc0\xa8\x78\x03", 4);
	g_assert_cmpint(address.prefix_length, ==, 21);
	g_assert_true(address.has_broadcast);
	g_assert_cmpmem(address.broadcast.bytes, 4, "\xc0\xa8\x7f\xff", 4);
	g_assert_cmpstr(address.device, ==, "eno1");
	g_assert_cmpstr(address.label, ==, "eno1:vip");
	g_assert_cmpint(address.scope, ==, RT_SCOPE_UNIVERSE);
	g_assert_false(address.has_peer || address.home || address.nodad || address.noprefixroute ||
		       address.has_preferred_lifetime);
	written = value_format_interface_address(&address);
	g_assert_cmpstr(written, ==, line);

	g_assert_true(value_parse_interface_address("192.0.2.1", &address, &why));
	g_assert_cmpint(address.prefix_length, ==, 32);
	g_assert_false(address.has_broadcast);
	host = value_format_interface_address(&address);
	g_assert_cmpstr(host, ==, "192.0.2.1/32");
}

static void test_interface_address_flags(void)
{
	VrrpInterfaceAddress address;
	g_autofree char *why = NULL;

	g_assert_true(value_parse_interface_address("192.0.2.1 scope link peer 192.0.2.9/28 home "
						    "nodad preferred_lft 7 noprefixroute",
						    &address, &why));
	g_assert_cmpint(address.scope, ==, RT_SCOPE_LINK);
	g_assert_true(address.has_peer && address.home && address.nodad && address.noprefixroute);
	g_assert_cmpint(address.peer.bytes[3], ==, 9);
	g_assert_cmpint(address.prefix_length, ==, 28);
	g_assert_true(address.has_preferred_lifetime);
	g_assert_cmpuint(address.preferred_lifetime_sec, ==, 7);

	g_assert_true(value_parse_interface_address("192.0.2.1 preferred_lft forever scope 77",
						    &address, &why));
	g_assert_cmpuint(address.preferred_lifetime_sec, ==, G_MAXUINT32);
	g_assert_cmpint(address.scope, ==, 77);
}

/* Words in another order, the signs of brd, and the spelling that comes out. */
static void test_interface_address_canonical(void)
{
	static const Pair pairs[] = {
		{ "10.1.2.3/20 brd +", "10.1.2.3/20 brd 10.1.15.255" },
		{ "10.1.2.3/20 broadcast -", "10.1.2.3/20 brd 10.1.0.0" },
		{ "10.1.2.3 peer 10.9.8.7/16 brd +", "10.1.2.3/16 brd 10.9.255.255 peer 10.9.8.7" },
		{ " 10.1.2.3/24\tlabel v0:x  dev v0 ", "10.1.2.3/24 dev v0 label v0:x" },
		{ "10.1.2.3/24 scope global", "10.1.2.3/24" },
		{ "2001:db8::1", "2001:db8::1/128" },
		{ "2001:DB8:0::1/64 nodad dev v0", "2001:db8::1/64 dev v0 nodad" },
		{ "fe80::1/64 scope link", "fe80::1/64" },
		{ "fec0::1/64 scope site", "fec0::1/64" },
		{ "2001:db8::1/0 scope global home noprefixroute preferred_lft 0",
		  "2001:db8::1/0 home preferred_lft 0 noprefixroute" },
		{ "2001:db8::1 peer 2001:db8::2/64", "2001:db8::1/64 peer 2001:db8::2" },
		{ "10.1.2.3/24 scope host", "10.1.2.3/24 scope host" },
		{ "10.1.2.3/24 noprefixroute home nodad", "10.1.2.3/24 home nodad noprefixroute" },
		{ "10.1.2.3/24 preferred_lft 0", "10.1.2.3/24 preferred_lft 0" },
		{ "10.1.2.3/24 preferred_lft forever", "10.1.2.3/24 preferred_lft forever" },
		{ "10.1.2.3/0", "10.1.2.3/0" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *why = NULL, *written = NULL, *again = NULL;
		VrrpInterfaceAddress address;

		g_assert_true(value_parse_interface_address(pairs[i].text, &address, &why));
		written = value_format_interface_address(&address);
		g_assert_cmpstr(written, ==, pairs[i].written);
		g_assert_true(value_parse_interface_address(written, &address, &why));
		again = value_format_interface_address(&address);
		g_assert_cmpstr(again, ==, written);
	}
}

static void test_interface_address_bad(void)
{
	static const Pair bad[] = {
		{ "", "must be an address such as 192.0.2.1/24 or 2001:db8::1/64" },
		{ "10.1.2.3/33", "the prefix length must be from 0 to 32" },
		{ "10.1.2.3/", "the prefix length must be from 0 to 32" },
		{ "10.1.2.3/24x", "the prefix length must be from 0 to 32" },
		{ "10.1.2/24", "must be an address such as 192.0.2.1 or 2001:db8::1" },
		{ "2001:db8::1/129", "the prefix length must be from 0 to 128" },
		{ "2001:db8::1/64 brd +", "IPv6 has no broadcast; take brd out" },
		{ "10.1.2.3/24 brd 2001:db8::1", "brd must be an IPv4 address" },
		{ "2001:db8::1/64 label eth0:x",
		  "the kernel has labels for IPv4 only; take label out" },
		{ "2001:db8::1/64 scope link",
		  "the kernel takes the scope from an IPv6 address; take scope out" },
		{ "fe80::1/64 scope global",
		  "the kernel takes the scope from an IPv6 address; take scope out" },
		{ "2001:db8::1/64 peer 10.1.2.3",
		  "the address and its peer are of different families" },
		{ "10.1.2.3/24 peer fe80::1",
		  "the address and its peer are of different families" },
		{ "ff02::12/64", "must be the address of a host" },
		{ "224.0.0.18/24", "must be the address of a host" },
		{ "10.1.2.3/24 brd", "'brd' needs a value" },
		{ "10.1.2.3/24 brd x", "must be an address such as 192.0.2.1 or 2001:db8::1" },
		{ "10.1.2.3/31 brd +", "brd + and brd - need a prefix length of at most 30" },
		{ "10.1.2.3/24 brd + broadcast +", "'brd' is there twice" },
		{ "10.1.2.3/24 dev eth0:1", "an interface name holds no '/', ':' or white space" },
		{ "10.1.2.3/24 dev a dev b", "'dev' is there twice" },
		{ "10.1.2.3/24 label sixteen-bytes-xx", "a label has at most 15 bytes" },
		{ "10.1.2.3/24 scope wide",
		  "the scope must be global, link, host or a number from 0 to 255" },
		{ "10.1.2.3/24 scope 256",
		  "the scope must be global, link, host or a number from 0 to 255" },
		{ "10.1.2.3/24 peer 10.9.9.9/28",
		  "the address and its peer have different prefix lengths" },
		{ "10.1.2.3/24 preferred_lft -1",
		  "preferred_lft must be a number of seconds or forever" },
		{ "10.1.2.3/24 nodad nodad", "'nodad' is there twice" },
		{ "10.1.2.3/24 10.1.2.4/24",
		  "behind the address only brd, dev, label, scope, peer, home, nodad, "
		  "preferred_lft and noprefixroute are known" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autofree char *why = NULL;
		VrrpInterfaceAddress address = { .prefix_length = 17 };

		g_assert_false(value_parse_interface_address(bad[i].text, &address, &why));
		g_assert_cmpstr(why, ==, bad[i].written);
		g_assert_cmpint(address.prefix_length, ==, 17);
	}
}

static void test_label(void)
{
	VrrpInterfaceAddress address;
	g_autofree char *why = NULL;

	g_assert_true(value_parse_interface_address("10.1.2.3 label eno1:vip", &address, NULL));
	g_assert_true(value_check_label(&address, "eno1", NULL));
	g_assert_false(value_check_label(&address, "eno2", &why));
	g_assert_cmpstr(why, ==, "the label must begin with the device's name, eno2");
	/* The device of the address is what counts. */
	g_assert_true(value_parse_interface_address("10.1.2.3 dev v0 label v0:x", &address, NULL));
	g_assert_true(value_check_label(&address, "eno1", NULL));
	g_assert_true(value_parse_interface_address("10.1.2.3", &address, NULL));
	g_assert_true(value_check_label(&address, "eno1", NULL));
}

static void test_show(void)
{
	g_autofree char *plain = value_show("größe", 5);
	g_autofree char *cut = value_show("größer", 5);
	g_autofree char *control = value_show("a\nb\x01", 64);
	g_autofree char *invalid = value_show("gr\xfcn", 64);

	g_assert_cmpstr(plain, ==, "größe");
	g_assert_cmpstr(cut, ==, "größe...");
	g_assert_cmpstr(control, ==, "a\\nb\\001");
	g_assert_true(g_utf8_validate(invalid, -1, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/values/limits", test_limits);
	g_test_add_func("/values/boolean", test_boolean);
	g_test_add_func("/values/byte", test_byte);
	g_test_add_func("/values/timespan", test_timespan);
	g_test_add_func("/values/timespan/bad", test_timespan_bad);
	g_test_add_func("/values/interval", test_interval);
	g_test_add_func("/values/interface", test_interface);
	g_test_add_func("/values/list", test_list);
	g_test_add_func("/values/address", test_address);
	g_test_add_func("/values/address-ipv6", test_address_ipv6);
	g_test_add_func("/values/group", test_group);
	g_test_add_func("/values/interface-address", test_interface_address);
	g_test_add_func("/values/interface-address/flags", test_interface_address_flags);
	g_test_add_func("/values/interface-address/canonical", test_interface_address_canonical);
	g_test_add_func("/values/interface-address/bad", test_interface_address_bad);
	g_test_add_func("/values/label", test_label);
	g_test_add_func("/values/show", test_show);
	return g_test_run();
}
