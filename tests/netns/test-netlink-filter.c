/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * AcceptMode=no on the netlink thread: the nftables table comes with the addresses and goes with
 * them, says what it should, and survives what others do to it. What it lets through is shown with
 * packets here for IPv6, and for IPv4 in test_accept.py.
 */

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
#include <poll.h>

#include "lib/namespace.h"
#include "lib/netlink-host.h"

#define WAIT(condition)                                                             \
	G_STMT_START                                                                \
	{                                                                           \
		gint64 end_ = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;         \
		while (!(condition)) {                                              \
			if (g_get_monotonic_time() > end_)                          \
				g_error("not in time: %s", G_STRINGIFY(condition)); \
			g_usleep(2000);                                             \
		}                                                                   \
	}                                                                           \
	G_STMT_END

static char *ruleset(void)
{
	return namespace_run("nft list ruleset");
}

static bool has(const char *text)
{
	g_autofree char *rules = ruleset();

	return strstr(rules, text) != NULL;
}

static bool has_table(void)
{
	return has("table inet vrrpd");
}

/* The set's elements, as nft shows them in one line. */
static bool set_has(const char *set, const char *text)
{
	g_autofree char *shown = namespace_run("nft list set inet vrrpd %s", set);

	return strstr(shown, text) != NULL;
}

static InstanceConfig *refusing(size_t count, const VrrpInterfaceAddress *addresses)
{
	InstanceConfig *config = config_new(count, addresses);

	config->no_accept = true;
	return config;
}

static InstanceConfig *refusing_one(const char *text, uint8_t prefix_length)
{
	VrrpInterfaceAddress address = plain(text, prefix_length);

	address.nodad = true;
	return refusing(1, &address);
}

static NetlinkDone next_done(Fixture *f)
{
	struct pollfd wait = { .fd = f->exchange.done.wake_fd, .events = POLLIN };
	NetlinkDone done;

	while (!ring_pop(&f->exchange.done, &done)) {
		g_assert_cmpint(poll(&wait, 1, DONE_MSEC), ==, 1);
		ring_acknowledge(&f->exchange.done);
	}
	return done;
}

/* It comes and goes with the addresses; silent counts as being there. */
static void test_life(Fixture *f, gconstpointer unused)
{
	g_autofree InstanceConfig *config = refusing_one(VIP, 21);
	static const char *const lines[] = {
		"type filter hook input priority filter; policy accept;",
		"iiftype loopback accept",
		"icmpv6 type nd-neighbor-solicit accept",
		"icmpv6 type nd-neighbor-advert accept",
		"ip daddr @addresses4 counter packets 0 bytes 0 drop",
		"ip6 daddr @addresses6 counter packets 0 bytes 0 drop",
		"ip6 daddr . iif @link_local6 counter packets 0 bytes 0 drop",
	};

	g_assert_false(has_table());
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	assert_shows("eno1", VIP);
	for (gsize i = 0; i < G_N_ELEMENTS(lines); i++)
		if (!has(lines[i])) {
			g_autofree char *rules = ruleset();

			g_error("no '%s' in: %s", lines[i], rules);
		}
	g_assert_true(set_has("addresses4", "elements = { " VIP " }"));
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	assert_shows("lo", VIP);
	g_assert_true(set_has("addresses4", VIP));
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_false(has_table());
}

/* Without the setting there is no table. */
static void test_accepting(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = plain(VIP, 21);
	g_autofree InstanceConfig *config = config_new(1, &address);

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_false(has_table());
}

/* The setting and the addresses of a master change. */
static void test_replaced(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress first = plain(VIP, 21), second = plain("192.168.120.4", 21);
	g_autofree InstanceConfig *accepting = config_new(1, &first);
	g_autofree InstanceConfig *one = refusing(1, &first), *other = refusing(1, &second);

	g_assert_cmpint(apply(f, 0, accepting, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(replace(f, 0, one, accepting), ==, 0);
	g_assert_true(set_has("addresses4", VIP));
	g_assert_cmpint(replace(f, 0, other, one), ==, 0);
	g_assert_true(set_has("addresses4", "elements = { 192.168.120.4 }"));
	g_assert_cmpint(replace(f, 0, accepting, other), ==, 0);
	g_assert_false(has_table());
	assert_shows("eno1", VIP);
}

/* Instances share the table, and one address may be on two interfaces. */
static void test_shared(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress both[] = { plain(VIP, 32), plain("192.168.120.4", 32) };
	g_autofree InstanceConfig *a = refusing(1, both), *b = refusing(2, both);

	strcpy(b->addresses[0].device, "lan0");
	g_assert_cmpint(apply(f, 0, a, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 1, b, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_true(set_has("addresses4", "elements = { " VIP ", 192.168.120.4 }"));
	g_assert_cmpint(apply(f, 1, b, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_true(set_has("addresses4", "elements = { " VIP " }"));
	g_assert_cmpint(apply(f, 0, a, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_false(has_table());
}

/* As many as need several messages, in both kinds of change. */
static void test_many(Fixture *f, gconstpointer unused)
{
	enum { N = 600 };
	g_autofree VrrpInterfaceAddress *list = g_new0(VrrpInterfaceAddress, N);
	g_autofree InstanceConfig *few = refusing_one("192.168.120.250", 32), *many = NULL;

	for (unsigned i = 0; i < N; i++) {
		g_autofree char *text = g_strdup_printf("10.1.%u.%u", i / 250, i % 250 + 1);

		list[i] = plain(text, 32);
	}
	many = refusing(N, list);
	g_assert_cmpint(apply(f, 0, few, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 1, many, VRRP_ADDRESSES_PRESENT), ==, 0);
	for (unsigned i = 0; i < N; i += 7)
		namespace_do("nft get element inet vrrpd addresses4 { 10.1.%u.%u }", i / 250,
			     i % 250 + 1);
	namespace_do("nft flush ruleset");
	WAIT(has_table());
	namespace_do("nft get element inet vrrpd addresses4 { 10.1.2.100, 10.1.0.1 }");
	g_assert_cmpint(apply(f, 1, many, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_true(set_has("addresses4", "elements = { 192.168.120.250 }"));
}

static bool shows(const char *table)
{
	g_autofree char *shown = namespace_run("nft -s list table inet vrrpd");

	return g_str_equal(shown, table);
}

/* Whatever part of it somebody takes away or adds, and only then. */
static void test_healed(Fixture *f, gconstpointer unused)
{
	g_autofree InstanceConfig *config = refusing_one(VIP, 21);
	g_autofree char *whole = NULL;

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	whole = namespace_run("nft -s list table inet vrrpd");
	namespace_do("nft flush ruleset");
	WAIT(has_table());
	namespace_do("nft flush chain inet vrrpd input");
	WAIT(has("ip daddr @addresses4"));
	namespace_do("nft delete element inet vrrpd addresses4 { " VIP " }");
	WAIT(set_has("addresses4", VIP));
	namespace_do("nft insert rule inet vrrpd input accept");
	WAIT(shows(whole));

	/* Others' tables are theirs; ours keeps its handle when they change. */
	{
		g_autofree char *before = namespace_run("nft -a list table inet vrrpd");
		g_autofree char *after = NULL;

		namespace_do("nft add table inet other");
		namespace_do("nft add chain inet other input");
		namespace_do("nft delete table inet other");
		g_usleep(200000); /* longer than the pause between two repairs */
		after = namespace_run("nft -a list table inet vrrpd");
		g_assert_cmpstr(before, ==, after);
	}
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_false(has_table());
}

/* A dead daemon left it, with a table for the next one to find. */
static void test_leftover(Fixture *f, gconstpointer unused)
{
	g_autofree InstanceConfig *config = refusing_one(VIP, 21);

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	fixture_stop(f);
	g_assert_true(has_table());
	fixture_start(f);
	g_assert_cmpint(flush(f), ==, 0);
	g_assert_false(has_table());
	assert_lacks("eno1", VIP);
	g_assert_cmpint(flush(f), ==, 0);

	/* And one that nobody flushed is taken over as it should be. */
	namespace_do("nft add table inet vrrpd");
	namespace_do("nft add chain inet vrrpd input { type filter hook forward priority 0; }");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_true(has("hook input"));
	g_assert_false(has("hook forward"));
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
}

/* A table of that name which belongs to a running program: the kernel refuses ours. */
static struct mnl_socket *occupy(void)
{
	struct mnl_socket *owner = mnl_socket_open(NETLINK_NETFILTER);
	struct nftnl_table *table = nftnl_table_alloc();
	g_autofree char *buffer = g_malloc0(4096);
	char *end = buffer;
	struct nlmsghdr *message;

	g_assert_cmpint(mnl_socket_bind(owner, 0, MNL_SOCKET_AUTOPID), ==, 0);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, "vrrpd");
	nftnl_table_set_u32(table, NFTNL_TABLE_FLAGS, NFT_TABLE_F_OWNER);
	end += nftnl_batch_begin(end, 1)->nlmsg_len;
	message = nftnl_nlmsg_build_hdr(end, NFT_MSG_NEWTABLE, NFPROTO_INET,
					NLM_F_CREATE | NLM_F_ACK, 2);
	nftnl_table_nlmsg_build_payload(message, table);
	end += message->nlmsg_len;
	end += nftnl_batch_end(end, 3)->nlmsg_len;
	g_assert_cmpint(mnl_socket_sendto(owner, buffer, (size_t)(end - buffer)), >, 0);
	nftnl_table_free(table);
	g_assert_true(has_table());
	return owner;
}

/* It is said, the addresses are there all the same, and it is put right once that is possible. */
static void test_refused(Fixture *f, gconstpointer unused)
{
	g_autofree InstanceConfig *config = refusing_one(VIP, 21);
	NetlinkJob job = { .type = NETLINK_JOB_ADDRESSES,
			   .instance = instance(0),
			   .config = config,
			   .interface_index = (int32_t)if_nametoindex("eno1"),
			   .wanted = VRRP_ADDRESSES_PRESENT };
	struct mnl_socket *owner = occupy();
	NetlinkDone done;

	g_assert_cmpint(ring_push(&f->exchange.jobs, &job), ==, 0);
	done = next_done(f);
	g_assert_cmpint(done.type, ==, NETLINK_JOB_ADDRESSES);
	g_assert_cmpint(done.error, ==, 0);
	g_assert_cmpint(done.filter_error, ==, -EPERM);
	assert_shows("eno1", VIP);
	mnl_socket_close(owner); /* its table goes with it */
	done = next_done(f);
	g_assert_cmpint(done.type, ==, NETLINK_JOB_FILTER);
	g_assert_cmpint(done.filter_error, ==, 0);
	g_assert_true(set_has("addresses4", VIP));

	/* Lost again while nobody asks: told too. */
	namespace_do("nft delete table inet vrrpd");
	WAIT(has_table());
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_false(has_table());
}

static bool ping6(const Neighbour *neighbour, const char *address)
{
	g_autofree char *shown =
		namespace_run("sh -c 'nsenter --net --target %d ping -6 -c 1 -W 1 %s || true'",
			      neighbour->pid, address);

	return strstr(shown, " 0% packet loss") != NULL;
}

static bool neighbour_knows(const Neighbour *neighbour, const char *address)
{
	g_autofree char *shown = namespace_run(
		"nsenter --net --target %d ip -6 neigh show to %s nud reachable nud delay nud "
		"probe nud stale",
		neighbour->pid, address);

	return strstr(shown, "lladdr") != NULL;
}

/* Refused from outside, resolved all the same, reached from the host itself; a link-local address
 * is that of its interface. */
static void test_ipv6(void)
{
	Fixture f = { 0 };
	Neighbour neighbour;
	g_autofree InstanceConfig *global = refusing_one("fd00::3", 64);
	g_autofree InstanceConfig *local = refusing_one("fe80::3", 64);

	namespace_enter_fresh();
	neighbour_init(&neighbour);
	namespace_do("ip address add fd00::1/64 dev eno1 nodad");
	neighbour_do(&neighbour, "ip address add fd00::9/64 dev lan0 nodad");
	neighbour_do(&neighbour, "ip address add fe80::9/64 dev lan0 nodad");
	fixture_start(&f);
	g_assert_cmpint(apply(&f, 0, global, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(&f, 1, local, VRRP_ADDRESSES_PRESENT), ==, 0);
	WAIT(ping6(&neighbour, "fd00::1"));
	g_assert_false(ping6(&neighbour, "fd00::3"));
	g_assert_true(neighbour_knows(&neighbour, "fd00::3"));
	g_assert_false(ping6(&neighbour, "fe80::3%lan0"));
	g_assert_true(neighbour_knows(&neighbour, "fe80::3"));
	namespace_do("ping -6 -c 1 -W 5 fd00::3");
	namespace_do("ping -6 -c 1 -W 5 fe80::3%%eno1");
	namespace_do("nft get element inet vrrpd link_local6 { fe80::3 . eno1 }");
	g_assert_cmpint(apply(&f, 0, global, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpint(apply(&f, 1, local, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_false(has_table());
	fixture_stop(&f);
	neighbour_deinit(&neighbour);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*function)(Fixture *f, gconstpointer unused);
	} tests[] = {
		{ "/netlink/filter/life", test_life },
		{ "/netlink/filter/accepting", test_accepting },
		{ "/netlink/filter/replaced", test_replaced },
		{ "/netlink/filter/shared", test_shared },
		{ "/netlink/filter/many", test_many },
		{ "/netlink/filter/healed", test_healed },
		{ "/netlink/filter/leftover", test_leftover },
		{ "/netlink/filter/refused", test_refused },
	};

	g_test_init(&argc, &argv, NULL);
	namespace_require();
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, fixture_set_up, tests[i].function,
			   fixture_tear_down);
	g_test_add_func("/netlink/filter/ipv6", test_ipv6);
	return g_test_run();
}
