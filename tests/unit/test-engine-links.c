/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of links and addresses: what each notification means, and that a resynchronisation ends
 * with exactly what the dumps said, whatever was missed.
 */

#include <glib.h>
#include <string.h>

#include <linux/rtnetlink.h>

#include "engine/engine-links.h"

typedef struct Fixture {
	EngineLinks *links;
	EngineLinksEvent event;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
	f->links = g_new0(EngineLinks, 1);
	engine_links_init(f->links);
}

static void teardown(Fixture *f, gconstpointer data)
{
	g_free(f->links);
}

static VrrpAddress ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { a, b, c, d } };
}

static void link_is(Fixture *f, int32_t index, const char *name, bool running)
{
	NetlinkChange change = { .type = NETLINK_CHANGE_LINK,
				 .interface_index = index,
				 .up = true,
				 .running = running,
				 .mac_length = 6,
				 .mac = { 2, 0, 0, 0, 0, (uint8_t)index } };

	g_strlcpy(change.name, name, sizeof change.name);
	engine_links_apply(f->links, &change, &f->event);
}

static void link_gone(Fixture *f, int32_t index)
{
	NetlinkChange change = { .type = NETLINK_CHANGE_LINK_GONE, .interface_index = index };

	engine_links_apply(f->links, &change, &f->event);
}

static NetlinkChange address_change(int32_t index, VrrpAddress address)
{
	return (NetlinkChange){ .type = NETLINK_CHANGE_ADDRESS,
				.interface_index = index,
				.address = address,
				.prefix_length = 24 };
}

static void address_is(Fixture *f, int32_t index, VrrpAddress address)
{
	NetlinkChange change = address_change(index, address);

	engine_links_apply(f->links, &change, &f->event);
}

static void address_gone(Fixture *f, int32_t index, VrrpAddress address)
{
	NetlinkChange change = address_change(index, address);

	change.type = NETLINK_CHANGE_ADDRESS_GONE;
	engine_links_apply(f->links, &change, &f->event);
}

static void assert_source(Fixture *f, const char *name, VrrpAddress expected)
{
	const EngineLink *link = engine_links_by_name(f->links, name);
	VrrpAddress source;

	g_assert_nonnull(link);
	source = engine_links_source_ipv4(f->links, link, false);
	g_assert_cmpmem(&source, sizeof source, &expected, sizeof expected);
}

static void test_link_life(Fixture *f, gconstpointer data)
{
	link_is(f, 7, "eth0", false);
	g_assert_true(f->event.changed);
	g_assert_false(f->event.returned);
	g_assert_cmpstr(f->event.name, ==, "eth0");
	link_is(f, 7, "eth0", false);
	g_assert_false(f->event.changed);
	link_is(f, 7, "eth0", true);
	g_assert_true(f->event.changed);
	g_assert_true(f->event.returned);
	g_assert_true(engine_links_by_name(f->links, "eth0") == engine_links_by_index(f->links, 7));
	g_assert_cmpint(engine_links_by_index(f->links, 7)->mac[5], ==, 7);
	link_gone(f, 7);
	g_assert_true(f->event.changed);
	g_assert_true(f->event.gone);
	for (unsigned i = 0; i < ENGINE_LINK_GROUPS; i++)
		g_assert_cmpint(f->event.lost_groups[i].address.family, ==, VRRP_FAMILY_NONE);
	g_assert_null(engine_links_by_name(f->links, "eth0"));
	g_assert_null(engine_links_by_index(f->links, 7));
	link_gone(f, 7);
	g_assert_false(f->event.changed);
}

static void test_rename(Fixture *f, gconstpointer data)
{
	link_is(f, 7, "eth0", true);
	link_is(f, 7, "wan", true);
	g_assert_true(f->event.changed);
	g_assert_cmpstr(f->event.old_name, ==, "eth0");
	g_assert_cmpstr(f->event.name, ==, "wan");
	g_assert_null(engine_links_by_name(f->links, "eth0"));
	g_assert_cmpint(engine_links_by_name(f->links, "wan")->index, ==, 7);
}

static void test_mac_change(Fixture *f, gconstpointer data)
{
	NetlinkChange change = { .type = NETLINK_CHANGE_LINK,
				 .interface_index = 7,
				 .name = "eth0",
				 .up = true,
				 .running = true,
				 .mac_length = 6,
				 .mac = { 2, 9, 9, 9, 9, 9 } };

	link_is(f, 7, "eth0", true);
	engine_links_apply(f->links, &change, &f->event);
	g_assert_true(f->event.mac_changed);
	g_assert_cmpint(engine_links_by_index(f->links, 7)->mac[1], ==, 9);
	/* An InfiniBand address is not an Ethernet address. */
	change.mac_length = 20;
	engine_links_apply(f->links, &change, &f->event);
	g_assert_cmpint(engine_links_by_index(f->links, 7)->mac_length, ==, 20);
	g_assert_cmpint(engine_links_by_index(f->links, 7)->mac[1], ==, 0);
}

static void test_lost_membership(Fixture *f, gconstpointer data)
{
	VrrpAddress group = vrrp_group(VRRP_FAMILY_IPV4), group6 = vrrp_group(VRRP_FAMILY_IPV6);
	EngineLink *link;

	link_is(f, 7, "eth0", true);
	link = engine_links_by_index(f->links, 7);
	engine_links_group(link, &group)->holder = 3;
	engine_links_group(link, &group6)->holder = 4;
	link_gone(f, 7);
	g_assert_true(f->event.gone);
	g_assert_cmpint(f->event.index, ==, 7);
	g_assert_cmpint(f->event.lost_groups[0].holder, ==, 3);
	g_assert_cmpmem(&f->event.lost_groups[0].address, sizeof group, &group, sizeof group);
	g_assert_cmpint(f->event.lost_groups[1].holder, ==, 4);
	g_assert_cmpmem(&f->event.lost_groups[1].address, sizeof group, &group6, sizeof group);
	link_is(f, 7, "eth0", true);
	link_is(f, 7, "eth0", false);
	g_assert_false(f->event.gone);
}

static void test_groups(Fixture *f, gconstpointer data)
{
	VrrpAddress group = vrrp_group(VRRP_FAMILY_IPV6);
	EngineGroup *first;
	EngineLink *link;

	link_is(f, 7, "eth0", true);
	link = engine_links_by_index(f->links, 7);
	first = engine_links_group(link, &group);
	g_assert_cmpint(first->holder, ==, -1);
	g_assert_cmpuint(first->members, ==, 0);
	for (uint8_t i = 1; i < ENGINE_LINK_GROUPS; i++) {
		group = ipv4(239, 0, 0, i);
		g_assert_nonnull(engine_links_group(link, &group));
	}
	group = ipv4(239, 0, 0, 99);
	g_assert_null(engine_links_group(link, &group));
	group = vrrp_group(VRRP_FAMILY_IPV6);
	g_assert_true(engine_links_group(link, &group) == first);
	/* A free place among others that are not. */
	*first = (EngineGroup){ 0 };
	group = ipv4(239, 0, 0, 2);
	g_assert_true(engine_links_group(link, &group) == first + 2);
	group = ipv4(239, 0, 0, 99);
	g_assert_true(engine_links_group(link, &group) == first);
}

static VrrpAddress ipv6(uint16_t first, uint8_t last)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV6,
			      .bytes = { (uint8_t)(first >> 8), (uint8_t)first, [15] = last } };
}

static void address_is_ipv6(Fixture *f, VrrpAddress address, uint32_t flags, bool tentative)
{
	NetlinkChange change = address_change(7, address);

	change.scope = address.bytes[0] == 0xfe ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
	change.flags = flags;
	change.tentative = tentative;
	engine_links_apply(f->links, &change, &f->event);
}

static void assert_source_ipv6(Fixture *f, bool global, VrrpAddress expected)
{
	VrrpAddress source = engine_links_source_ipv6(f->links, engine_links_by_index(f->links, 7),
						      global, false);

	g_assert_cmpmem(&source, sizeof source, &expected, sizeof expected);
}

static void test_source_ipv6(Fixture *f, gconstpointer data)
{
	VrrpAddress none = { 0 }, listed = ipv6(0xfe80, 3);

	link_is(f, 7, "eth0", true);
	address_is(f, 7, ipv4(10, 0, 0, 1));
	address_is_ipv6(f, ipv6(0x2001, 1), 0, false);
	assert_source_ipv6(f, false, none);
	assert_source_ipv6(f, true, ipv6(0x2001, 1));
	assert_source(f, "eth0", ipv4(10, 0, 0, 1));

	address_is_ipv6(f, ipv6(0xfe80, 1), IFA_F_TENTATIVE, true);
	assert_source_ipv6(f, false, none);
	address_is_ipv6(f, ipv6(0xfe80, 1), IFA_F_TENTATIVE | IFA_F_DADFAILED, true);
	assert_source_ipv6(f, false, none);
	address_is_ipv6(f, ipv6(0xfe80, 1), IFA_F_DEPRECATED, false);
	g_assert_true(f->event.changed);
	assert_source_ipv6(f, false, ipv6(0xfe80, 1));
	address_is_ipv6(f, ipv6(0xfe80, 2), 0, false);
	assert_source_ipv6(f, false, ipv6(0xfe80, 2));
	address_gone(f, 7, ipv6(0xfe80, 2));
	address_is_ipv6(f, ipv6(0xfe80, 1), 0, false);
	g_assert_true(f->event.changed);
	/* The virtual router's own link-local address, put there by a hand. */
	address_is_ipv6(f, listed, 0, false);
	address_gone(f, 7, ipv6(0xfe80, 1));
	engine_links_list(f->links, &listed, 1);
	assert_source_ipv6(f, false, none);

	/* A privacy address only where there is no other. */
	address_gone(f, 7, ipv6(0x2001, 1));
	address_is_ipv6(f, ipv6(0x2001, 9), IFA_F_TEMPORARY, false);
	assert_source_ipv6(f, true, ipv6(0x2001, 9));
	address_is_ipv6(f, ipv6(0x2001, 8), 0, false);
	assert_source_ipv6(f, true, ipv6(0x2001, 8));
}

static void test_source_order(Fixture *f, gconstpointer data)
{
	NetlinkChange change;

	link_is(f, 7, "eth0", true);
	assert_source(f, "eth0", (VrrpAddress){ 0 });

	change = address_change(7, ipv4(10, 0, 0, 9));
	change.secondary = true;
	engine_links_apply(f->links, &change, &f->event);
	assert_source(f, "eth0", ipv4(10, 0, 0, 9));

	change = address_change(7, ipv4(169, 254, 0, 1));
	change.scope = RT_SCOPE_LINK;
	engine_links_apply(f->links, &change, &f->event);
	assert_source(f, "eth0", ipv4(169, 254, 0, 1));

	change = address_change(7, ipv4(127, 0, 0, 2));
	change.scope = RT_SCOPE_HOST;
	engine_links_apply(f->links, &change, &f->event);
	address_is(f, 7, ipv4(10, 0, 0, 2));
	address_is(f, 7, ipv4(10, 0, 0, 1));
	/* The kernel's order, not the number's. */
	assert_source(f, "eth0", ipv4(10, 0, 0, 2));
	address_gone(f, 7, ipv4(10, 0, 0, 2));
	assert_source(f, "eth0", ipv4(10, 0, 0, 1));
}

static void test_source_is_never_ours(Fixture *f, gconstpointer data)
{
	NetlinkChange change = address_change(7, ipv4(10, 0, 0, 100));
	const EngineLink *link;
	VrrpAddress source;

	link_is(f, 7, "eth0", true);
	change.protocol = ENGINE_ADDRESS_PROTOCOL;
	engine_links_apply(f->links, &change, &f->event);
	g_assert_false(f->event.changed);
	g_assert_false(engine_links_own(f->links, &change.address));
	assert_source(f, "eth0", (VrrpAddress){ 0 });

	/* One that an instance lists, put there by somebody else. */
	address_is(f, 7, ipv4(10, 0, 0, 101));
	g_assert_nonnull(f->event.added);
	g_assert_true(engine_links_list(
		f->links, &(VrrpAddress){ ipv4(10, 0, 0, 101).family, { 10, 0, 0, 101 } }, 1));
	assert_source(f, "eth0", (VrrpAddress){ 0 });
	link = engine_links_by_name(f->links, "eth0");
	source = engine_links_source_ipv4(f->links, link, true);
	g_assert_cmpint(source.bytes[3], ==, 101);
	source = ipv4(10, 0, 0, 101);
	engine_links_list(f->links, &source, -1);
	assert_source(f, "eth0", ipv4(10, 0, 0, 101));
	source = ipv4(10, 0, 0, 102);
	g_assert_false(engine_links_list(f->links, &source, 1));
}

/* An address that turns into one of ours stops being the host's. */
static void test_becomes_ours(Fixture *f, gconstpointer data)
{
	NetlinkChange change = address_change(7, ipv4(10, 0, 0, 1));

	link_is(f, 7, "eth0", true);
	address_is(f, 7, ipv4(10, 0, 0, 1));
	g_assert_true(engine_links_own(f->links, &change.address));
	change.protocol = ENGINE_ADDRESS_PROTOCOL;
	engine_links_apply(f->links, &change, &f->event);
	g_assert_true(f->event.changed);
	g_assert_false(engine_links_own(f->links, &change.address));
}

static void test_addresses_go_with_the_link(Fixture *f, gconstpointer data)
{
	VrrpAddress address = ipv4(10, 0, 0, 1);

	address_is(f, 7, address);
	g_assert_false(f->event.changed); /* on a link that is not known */
	link_is(f, 7, "eth0", true);
	link_is(f, 8, "eth1", true);
	address_is(f, 7, address);
	address_is(f, 8, address);
	link_gone(f, 7);
	g_assert_true(engine_links_own(f->links, &address));
	link_gone(f, 8);
	g_assert_false(engine_links_own(f->links, &address));
}

static unsigned sweep(Fixture *f, NetlinkDump dump)
{
	unsigned swept = 0;

	while (engine_links_sweep(f->links, dump, &f->event)) {
		g_assert_true(f->event.changed);
		swept++;
	}
	return swept;
}

static void test_resynchronise(Fixture *f, gconstpointer data)
{
	VrrpAddress kept = ipv4(10, 0, 0, 1), lost = ipv4(10, 0, 0, 2), fresh = ipv4(10, 0, 0, 3);

	link_is(f, 7, "eth0", true);
	link_is(f, 8, "eth1", true);
	link_is(f, 9, "eth2", true);
	address_is(f, 7, kept);
	address_is(f, 7, lost);
	address_is(f, 8, lost);

	/* eth1 has gone and come back under another number; eth2 stayed; 10.0.0.2 went. None of it
	 * was heard. */
	engine_links_begin(f->links);
	link_is(f, 7, "eth0", true);
	link_is(f, 9, "eth2", true);
	link_is(f, 11, "eth1", true);
	g_assert_cmpint(engine_links_by_name(f->links, "eth1")->index, ==, 11);
	g_assert_cmpuint(sweep(f, NETLINK_DUMP_LINKS), ==, 1);
	g_assert_null(engine_links_by_index(f->links, 8));
	g_assert_cmpint(engine_links_by_name(f->links, "eth1")->index, ==, 11);
	address_is(f, 7, kept);
	address_is(f, 11, fresh);
	g_assert_cmpuint(sweep(f, NETLINK_DUMP_ADDRESSES), ==, 1);
	g_assert_true(engine_links_own(f->links, &kept));
	g_assert_true(engine_links_own(f->links, &fresh));
	g_assert_false(engine_links_own(f->links, &lost));
	g_assert_cmpuint(sweep(f, NETLINK_DUMP_LINKS), ==, 0);
}

/* More than there is room for: what does not fit is not seen, and everything fits again when room
 * is made. */
static void test_full(Fixture *f, gconstpointer data)
{
	char name[VRRP_INTERFACE_NAME_SIZE];

	for (int round = 0; round < 2; round++) {
		for (int32_t i = 1; i <= ENGINE_LINKS_MAX; i++) {
			g_snprintf(name, sizeof name, "m%d", i);
			link_is(f, i, name, true);
			g_assert_true(f->event.changed);
		}
		link_is(f, ENGINE_LINKS_MAX + 1, "late", true);
		g_assert_false(f->event.changed);
		g_assert_null(engine_links_by_name(f->links, "late"));
		for (int i = 0; i < ENGINE_ADDRESSES_MAX; i++) {
			address_is(f, 1 + i % 2000, ipv4(10, 1, (uint8_t)(i >> 8), (uint8_t)i));
			g_assert_nonnull(f->event.added);
		}
		address_is(f, 1, ipv4(10, 99, 0, 1));
		g_assert_false(f->event.changed);
		for (int32_t i = 1; i <= ENGINE_LINKS_MAX; i++) {
			link_gone(f, i);
			g_assert_true(f->event.changed);
		}
	}
}

#define ADD(name, function) \
	g_test_add("/engine-links/" name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("link-life", test_link_life);
	ADD("rename", test_rename);
	ADD("mac-change", test_mac_change);
	ADD("lost-membership", test_lost_membership);
	ADD("groups", test_groups);
	ADD("source-ipv6", test_source_ipv6);
	ADD("source-order", test_source_order);
	ADD("source-is-never-ours", test_source_is_never_ours);
	ADD("becomes-ours", test_becomes_ours);
	ADD("addresses-go-with-the-link", test_addresses_go_with_the_link);
	ADD("resynchronise", test_resynchronise);
	ADD("full", test_full);
	return g_test_run();
}
