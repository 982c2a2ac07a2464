/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The netlink thread against a real kernel, each test in a fresh network namespace: what `ip
 * address` shows after each job, in which order it came about, and what a neighbour's ARP requests
 * and pings get.
 */

#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>

#include "lib/namespace.h"
#include "lib/netlink-host.h"

static void test_present_silent_absent(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	assert_shows("eno1", VIP_LINE);
	g_assert_cmpuint(count_tagged("eno1"), ==, 1);
	assert_shows("eno1", " secondary ");
	assert_shows("eno1", " eno1:vip");
	assert_lacks("lo", VIP);
	g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, 0);

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	assert_lacks("eno1", VIP);
	assert_shows("lo", "inet 192.168.120.3/32 scope host ");
	g_assert_cmpuint(count_tagged("lo"), ==, 1);
	g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, 1);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0); /* again: no change */
	assert_shows("lo", "inet 192.168.120.3/32 scope host ");

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	assert_shows("eno1", VIP_LINE);
	assert_lacks("lo", VIP);
	g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, 0);

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	assert_lacks("eno1", VIP);
	assert_lacks("lo", VIP);
	g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, 0);
	assert_shows("eno1", "inet 192.168.120.1/21 brd 192.168.127.255 scope global eno1");

	/* Absent where nothing is: no error. */
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
}

/* At no time is the address nowhere. */
static void test_order(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);
	Trace trace;

	trace_init(&trace);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+eno1");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+lo -eno1");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+eno1 -lo");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+lo -eno1");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "-lo");
	trace_deinit(&trace);
}

/* Where the host has no address of the subnet one of ours is primary: it goes last, or the others
 * would go with it before they are on lo. */
static void test_order_of_primary(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress list[] = { seed_address(), plain("192.168.120.4", 21),
					plain("192.168.120.5", 21) };
	g_autofree InstanceConfig *config = config_new(3, list);
	Trace trace;

	namespace_do("ip address flush dev eno1");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	trace_init(&trace);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+lo -eno1 +lo -eno1 +lo -eno1");
	trace_deinit(&trace);
}

/* A reload: the old one goes, the new one comes, the same one is not touched, a changed label keeps
 * its address. */
static void test_replace(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress before[] = { seed_address(), plain("192.168.120.4", 21),
					  plain("192.168.120.5", 21) };
	VrrpInterfaceAddress after[] = { seed_address(), plain("192.168.120.6", 21),
					 plain("192.168.120.5", 24) };
	g_autofree InstanceConfig *old = config_new(3, before), *new = config_new(3, after);
	g_autofree InstanceConfig *relabelled = NULL;
	Trace trace;

	g_assert_cmpint(apply(f, 0, old, VRRP_ADDRESSES_PRESENT), ==, 0);
	trace_init(&trace);
	g_assert_cmpint(replace(f, 0, new, old), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+eno1 +eno1 -eno1 -eno1");
	assert_shows("eno1", VIP_LINE);
	assert_lacks("eno1", "192.168.120.4/");
	assert_lacks("eno1", "192.168.120.5/21");
	assert_shows("eno1", "192.168.120.5/24");
	assert_shows("eno1", "192.168.120.6/21");

	strcpy(after[0].label, "eno1:other");
	relabelled = config_new(3, after);
	g_assert_cmpint(replace(f, 0, relabelled, new), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+lo -eno1 +eno1 -lo");
	assert_shows("eno1",
		     "inet 192.168.120.3/21 brd 192.168.127.255 scope global secondary eno1:other");
	g_free(g_steal_pointer(&relabelled));
	after[0].broadcast = ip("192.168.120.255");
	relabelled = config_new(3, after);
	g_assert_cmpint(replace(f, 0, relabelled, new), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+lo -eno1 +eno1 -lo");
	assert_shows("eno1",
		     "inet 192.168.120.3/21 brd 192.168.120.255 scope global secondary eno1:other");
	g_assert_cmpuint(count_addresses("eno1"), ==, 4);
	g_assert_cmpint(apply(f, 0, relabelled, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpuint(count_addresses("eno1"), ==, 1);
	trace_deinit(&trace);
}

/* Without @previous too, what this process put there and the new configuration lacks goes. */
static void test_replace_without_previous(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress a = plain("192.168.120.4", 21), b = plain("192.168.120.5", 21);
	g_autofree InstanceConfig *first = config_new(1, &a), *second = config_new(1, &b);

	g_assert_cmpint(apply(f, 0, first, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 0, second, VRRP_ADDRESSES_PRESENT), ==, 0);
	assert_lacks("eno1", "192.168.120.4/");
	assert_shows("eno1", "192.168.120.5/");
}

static void test_many(Fixture *f, gconstpointer unused)
{
	enum { N = 200 };
	VrrpInterfaceAddress list[N];
	g_autofree InstanceConfig *config = NULL;
	gint64 start, times[4];

	for (unsigned i = 0; i < N; i++) {
		g_autofree char *text = g_strdup_printf("192.168.121.%u", i + 1);

		list[i] = plain(text, 21);
	}
	config = config_new(N, list);
	for (unsigned i = 0; i < 4; i++) {
		static const VrrpAddresses states[] = { VRRP_ADDRESSES_PRESENT,
							VRRP_ADDRESSES_PRESENT,
							VRRP_ADDRESSES_SILENT,
							VRRP_ADDRESSES_ABSENT };
		static const unsigned on_eno1[] = { N + 1, N + 1, 1, 1 },
				      on_lo[] = { 1, 1, N + 1, 1 };

		start = g_get_monotonic_time();
		g_assert_cmpint(apply(f, 0, config, states[i]), ==, 0);
		times[i] = g_get_monotonic_time() - start;
		g_assert_cmpuint(count_addresses("eno1"), ==, on_eno1[i]);
		g_assert_cmpuint(count_addresses("lo"), ==, on_lo[i]);
		g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, i == 2);
	}
	g_test_message("200 addresses: present %.2f ms, again %.2f, silent %.2f, absent %.2f",
		       (double)times[0] / 1e3, (double)times[1] / 1e3, (double)times[2] / 1e3,
		       (double)times[3] / 1e3);
	/* One request and one answer each would take several times that. */
	g_assert_cmpint(times[0], <, 100000);
}

static void test_healing(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress list[] = { seed_address(), plain("192.168.120.4", 21) };
	g_autofree InstanceConfig *config = config_new(2, list);
	Trace trace;

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	namespace_do("ip address del 192.168.120.3/21 dev eno1");
	trace_init(&trace);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+eno1");
	assert_shows("eno1", VIP_LINE);
	trace_deinit(&trace);
}

static void test_missing_interface(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress list[] = { plain("192.168.120.4", 21), seed_address() };
	g_autofree InstanceConfig *config = NULL;

	strcpy(list[1].device, "eno7");
	config = config_new(2, list);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, -ENODEV);
	assert_shows("eno1", "192.168.120.4/21");
	namespace_do("ip link add eno7 type veth peer name lan7");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	assert_shows("eno7", "192.168.120.3/21");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpuint(namespace_get_conf("eno7", "arp_ignore"), ==, 1);
	namespace_do("ip link del eno7");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpuint(count_addresses("lo"), ==, 1);
	g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, 0);
	/* The instance's own interface is unknown: nothing to add to, nothing to remove. */
	namespace_do("ip link del eno1");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, -ENODEV);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
}

/* Re-created under the same name: the index differs, the addresses follow. */
static void test_interface_returns(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	namespace_do("ip link del eno1");
	namespace_do("ip link add eno1 type veth peer name lan0");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	assert_shows("eno1", VIP_LINE);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpuint(count_addresses("eno1"), ==, 0);
}

static void test_attributes(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress list[] = { plain("10.1.1.1", 32), plain("10.1.2.1", 24),
					plain("10.1.3.1", 24) };
	g_autofree InstanceConfig *config = NULL, *changed = NULL, *routed = NULL;
	Trace trace;

	list[0].has_peer = true;
	list[0].peer = ip("10.1.1.2");
	list[1].scope = RT_SCOPE_LINK;
	list[1].has_preferred_lifetime = true;
	list[2].noprefixroute = true;
	config = config_new(3, list);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	assert_shows("eno1", "inet 10.1.1.1 peer 10.1.1.2/32 scope global eno1");
	assert_shows("eno1", "inet 10.1.2.1/24 scope link deprecated eno1");
	assert_shows("eno1", "inet 10.1.3.1/24 scope global noprefixroute eno1");

	/* A lifetime is changed in place. */
	list[1].has_preferred_lifetime = false;
	changed = config_new(3, list);
	trace_init(&trace);
	g_assert_cmpint(replace(f, 0, changed, config), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+eno1");
	assert_shows("eno1", "inet 10.1.2.1/24 scope link eno1");

	/* The route of the prefix is not. */
	list[2].noprefixroute = false;
	routed = config_new(3, list);
	g_assert_cmpint(replace(f, 0, routed, changed), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+lo -eno1 +eno1 -lo");
	assert_shows("eno1", "inet 10.1.3.1/24 scope global eno1");
	g_assert_cmpint(apply(f, 0, routed, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpuint(count_addresses("eno1"), ==, 1);
	trace_deinit(&trace);
}

static void test_ipv6(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = plain("fd00::3", 64);
	g_autofree InstanceConfig *config = NULL;
	g_autofree char *present = NULL, *silent = NULL, *absent = NULL;

	address.nodad = true;
	config = config_new(1, &address);
	namespace_do("ip address add fd00::1/64 dev eno1 nodad");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	present = namespace_run("ip -6 -o address show dev eno1 to fd00::3");
	g_assert_nonnull(strstr(present, "inet6 fd00::3/64 scope global nodad"));
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	silent = namespace_run("ip -6 -o address show to fd00::3");
	g_assert_nonnull(strstr(silent, " lo "));
	g_assert_null(strstr(silent, "eno1"));
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	absent = namespace_run("ip -6 -o address show to fd00::3");
	g_assert_cmpstr(absent, ==, "");
}

/* What the rest of the network notices. */
static void test_neighbour(void)
{
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);
	Neighbour neighbour;
	Fixture f;

	namespace_enter_fresh();
	neighbour_init(&neighbour);
	namespace_do("ip address add 192.168.120.1/21 dev eno1");
	fixture_start(&f);
	g_assert_false(neighbour_arp(&neighbour, VIP, "192.168.120.1"));

	g_assert_cmpint(apply(&f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_true(neighbour_arp(&neighbour, VIP, "192.168.120.1"));
	g_assert_true(neighbour_ping(&neighbour, VIP, 5000));
	neighbour_do(&neighbour, "ip neighbour change %s dev lan0 nud permanent", VIP);

	g_assert_cmpint(apply(&f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_false(neighbour_arp(&neighbour, VIP, "192.168.120.1"));
	g_assert_true(neighbour_ping(&neighbour, VIP, 5000));

	g_assert_cmpint(apply(&f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_true(neighbour_arp(&neighbour, VIP, "192.168.120.1"));

	g_assert_cmpint(apply(&f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpint(apply(&f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_false(neighbour_arp(&neighbour, VIP, "192.168.120.1"));
	g_assert_true(neighbour_ping(&neighbour, "192.168.120.1", 5000));
	g_assert_false(neighbour_ping(&neighbour, VIP, 100));
	fixture_stop(&f);
	neighbour_deinit(&neighbour);
}

/* Completions of a burst are all there, in order, however many wait. */
static void test_burst(Fixture *f, gconstpointer unused)
{
	enum { N = 500 };
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);
	NetlinkDone done;

	for (unsigned i = 0; i < N; i++) {
		NetlinkJob job = { .type = NETLINK_JOB_ADDRESSES,
				   .instance = instance(0),
				   .config = config,
				   .interface_index = (int32_t)if_nametoindex("eno1"),
				   .wanted =
					   i % 2 ? VRRP_ADDRESSES_ABSENT : VRRP_ADDRESSES_PRESENT };

		g_assert_cmpint(ring_push(&f->exchange.jobs, &job), ==, 0);
	}
	for (unsigned i = 0; i < N;) {
		struct pollfd wait = { .fd = f->exchange.done.wake_fd, .events = POLLIN };

		g_assert_cmpint(poll(&wait, 1, DONE_MSEC), ==, 1);
		ring_acknowledge(&f->exchange.done);
		for (; ring_pop(&f->exchange.done, &done); i++) {
			g_assert_cmpint(done.error, ==, 0);
			g_assert_cmpint(done.wanted, ==,
					i % 2 ? VRRP_ADDRESSES_ABSENT : VRRP_ADDRESSES_PRESENT);
		}
	}
	assert_lacks("eno1", VIP);
}

static void test_never_started(void)
{
	Exchange exchange;
	Netlink *netlink = NULL;

	g_assert_cmpint(exchange_init(&exchange), ==, 0);
	g_assert_cmpint(netlink_new(&exchange, &(NetlinkOptions){ .real_time = false }, &netlink),
			==, 0);
	g_assert_null(netlink_free(netlink));
	g_assert_null(netlink_free(NULL));
	exchange_deinit(&exchange);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*function)(Fixture *f, gconstpointer unused);
	} tests[] = {
		{ "/netlink/present-silent-absent", test_present_silent_absent },
		{ "/netlink/order", test_order },
		{ "/netlink/order-of-primary", test_order_of_primary },
		{ "/netlink/replace", test_replace },
		{ "/netlink/replace-without-previous", test_replace_without_previous },
		{ "/netlink/many", test_many },
		{ "/netlink/healing", test_healing },
		{ "/netlink/missing-interface", test_missing_interface },
		{ "/netlink/interface-returns", test_interface_returns },
		{ "/netlink/attributes", test_attributes },
		{ "/netlink/ipv6", test_ipv6 },
		{ "/netlink/burst", test_burst },
	};

	g_test_init(&argc, &argv, NULL);
	namespace_require();
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, fixture_set_up, tests[i].function,
			   fixture_tear_down);
	g_test_add_func("/netlink/neighbour", test_neighbour);
	g_test_add_func("/netlink/never-started", test_never_started);
	return g_test_run();
}
