/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the netlink thread must leave alone, and what it must clear away: the host's own addresses,
 * others that depend on ours, arp_ignore, and the leftovers of a daemon that died.
 */

#include <errno.h>
#include <poll.h>

#include "lib/namespace.h"
#include "lib/netlink-host.h"

/* The kernel's own refusals come back, and the others of the list are there. */
static void test_host_address(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress list[] = { plain("192.168.120.7", 21), seed_address(),
					plain("192.168.120.8", 21) };
	g_autofree InstanceConfig *config = config_new(3, list);

	namespace_do("ip address add 192.168.120.3/21 dev eno1 label eno1:own");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, -EADDRINUSE);
	assert_shows("eno1", "192.168.120.7/");
	assert_shows("eno1", "192.168.120.8/");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	assert_shows("eno1", "eno1:own");
	assert_lacks("lo", VIP);
	assert_shows("lo", "192.168.120.7/32");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	assert_shows("eno1", "inet 192.168.120.3/21 scope global secondary eno1:own");
	g_assert_cmpuint(count_tagged("eno1"), ==, 0);
}

/* Deleted by a hand, and given back without the tag: it is the host's now. */
static void test_address_taken_over_by_host(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);

	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0); /* it has looked */
	namespace_do("ip address del 192.168.120.3/21 dev eno1");
	namespace_do("ip address add 192.168.120.3/21 dev eno1");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	assert_shows("eno1", "192.168.120.3/21");
}

/* A host without an address of the subnet: ours is primary, and foreign ones that came later must
 * survive it. */
static void test_primary_keeps_others(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress list[] = { seed_address(), plain("192.168.120.4", 21) };
	g_autofree InstanceConfig *config = config_new(2, list);

	namespace_do("ip address flush dev eno1");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	namespace_do("ip address add 192.168.120.1/21 dev eno1");
	assert_shows("eno1", "192.168.120.1/21 scope global secondary");
	g_assert_cmpuint(namespace_get_conf("eno1", "promote_secondaries"), ==, 0);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	assert_shows("eno1", "inet 192.168.120.1/21 scope global eno1");
	g_assert_cmpuint(count_addresses("eno1"), ==, 1);
	g_assert_cmpuint(namespace_get_conf("eno1", "promote_secondaries"), ==, 0);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
}

/* Two instances share a subnet in which the host has no address: each goes alone, in one burst. */
static void test_primary_keeps_other_instances(Fixture *f, gconstpointer unused)
{
	enum { N = 8 };
	g_autofree InstanceConfig *configs[N] = { NULL };
	NetlinkDone done;

	namespace_do("ip address flush dev eno1");
	for (unsigned i = 0; i < N; i++) {
		g_autofree char *text = g_strdup_printf("192.168.120.%u", 10 + i);
		VrrpInterfaceAddress address = plain(text, 21);

		configs[i] = config_new(1, &address);
		g_assert_cmpint(apply(f, i, configs[i], VRRP_ADDRESSES_PRESENT), ==, 0);
	}
	for (unsigned i = 0; i < N - 1; i++) {
		NetlinkJob job = { .type = NETLINK_JOB_ADDRESSES,
				   .instance = instance(i),
				   .config = configs[i],
				   .interface_index = (int32_t)if_nametoindex("eno1"),
				   .wanted = VRRP_ADDRESSES_ABSENT };

		g_assert_cmpint(ring_push(&f->exchange.jobs, &job), ==, 0);
	}
	for (unsigned i = 0; i < N - 1;) {
		struct pollfd wait = { .fd = f->exchange.done.wake_fd, .events = POLLIN };

		g_assert_cmpint(poll(&wait, 1, DONE_MSEC), ==, 1);
		ring_acknowledge(&f->exchange.done);
		for (; ring_pop(&f->exchange.done, &done); i++)
			g_assert_cmpint(done.error, ==, 0);
	}
	g_assert_cmpuint(count_addresses("eno1"), ==, 1);
	assert_shows("eno1", "192.168.120.17/21");
	for (unsigned i = 0; i < N; i++)
		g_clear_pointer(&configs[i], g_free);
}

/* What a dead daemon left goes, whatever state it was in; the rest stays. */
static void test_flush_stale(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress first = seed_address(), second = plain("192.168.120.4", 21);
	VrrpInterfaceAddress third = plain("10.9.9.9", 24);
	g_autofree InstanceConfig *a = config_new(1, &first), *b = config_new(1, &second);
	g_autofree InstanceConfig *c = config_new(1, &third);

	g_assert_cmpint(apply(f, 0, a, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 1, b, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 1, b, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpint(apply(f, 2, c, VRRP_ADDRESSES_PRESENT), ==, 0);
	namespace_do("ip address add 10.9.9.1/24 dev eno1"); /* secondary to a stale primary */
	fixture_stop(f);
	fixture_start(f);
	assert_shows("eno1", VIP_LINE);
	assert_shows("lo", "192.168.120.4/32");
	g_assert_cmpint(flush(f), ==, 0);
	g_assert_cmpuint(count_tagged("eno1"), ==, 0);
	g_assert_cmpuint(count_tagged("lo"), ==, 0);
	assert_shows("eno1", "192.168.120.1/21");
	assert_shows("eno1", "10.9.9.1/24 scope global eno1");
	g_assert_cmpint(flush(f), ==, 0);
	g_assert_cmpuint(count_addresses("eno1"), ==, 2);
}

/* A process that knows nothing of them removes, keeps or silences what another one left, by the
 * tag. */
static void test_adopted(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);
	Trace trace;

	trace_init(&trace);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	fixture_stop(f);
	fixture_start(f);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+eno1");
	fixture_stop(f);
	fixture_start(f);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	assert_shows("lo", VIP);
	fixture_stop(f);
	fixture_start(f);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	assert_lacks("eno1", VIP);
	assert_lacks("lo", VIP);
	trace_deinit(&trace);
}

static void test_arp_ignore_is_counted(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress first = seed_address(), second = plain("192.168.120.4", 21);
	g_autofree InstanceConfig *a = config_new(1, &first), *b = config_new(1, &second);

	g_assert_cmpint(apply(f, 0, a, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 1, b, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 0, a, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpint(apply(f, 1, b, VRRP_ADDRESSES_SILENT), ==, 0);
	g_assert_cmpint(apply(f, 1, b, VRRP_ADDRESSES_SILENT), ==, 0); /* counts once */
	g_assert_cmpint(apply(f, 0, a, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, 1);
	g_assert_cmpint(apply(f, 1, b, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, 0);
}

/* What the administrator set, before or meanwhile, stays. */
static void test_arp_ignore_of_others(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);

	for (unsigned value = 1; value <= 2; value++) {
		namespace_set_conf("eno1", "arp_ignore", value);
		g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
		g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
		g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, value);
		g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
		g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, value);
	}
	namespace_set_conf("eno1", "arp_ignore", 0);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	namespace_set_conf("eno1", "arp_ignore", 8);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	g_assert_cmpuint(namespace_get_conf("eno1", "arp_ignore"), ==, 8);
}

/* An address that the host has on lo of its own is used and left. */
static void test_host_address_on_lo(Fixture *f, gconstpointer unused)
{
	VrrpInterfaceAddress address = seed_address();
	g_autofree InstanceConfig *config = config_new(1, &address);

	namespace_do("ip address add 192.168.120.3/32 dev lo");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_PRESENT), ==, 0);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_SILENT), ==, 0);
	assert_lacks("eno1", VIP);
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	assert_shows("lo", "192.168.120.3/32");
}

int main(int argc, char **argv)
{
	static const struct {
		const char *path;
		void (*function)(Fixture *f, gconstpointer unused);
	} tests[] = {
		{ "/netlink/host-address", test_host_address },
		{ "/netlink/host-takes-over", test_address_taken_over_by_host },
		{ "/netlink/primary-keeps-others", test_primary_keeps_others },
		{ "/netlink/primary-keeps-instances", test_primary_keeps_other_instances },
		{ "/netlink/flush-stale", test_flush_stale },
		{ "/netlink/adopted", test_adopted },
		{ "/netlink/arp-ignore/counted", test_arp_ignore_is_counted },
		{ "/netlink/arp-ignore/others", test_arp_ignore_of_others },
		{ "/netlink/host-address-on-lo", test_host_address_on_lo },
	};

	g_test_init(&argc, &argv, NULL);
	namespace_require();
	for (size_t i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add(tests[i].path, Fixture, NULL, fixture_set_up, tests[i].function,
			   fixture_tear_down);
	return g_test_run();
}
