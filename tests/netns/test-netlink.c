/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The netlink thread against a real kernel, each test in a fresh network namespace: what `ip address` shows after each
 * job, what a neighbour's ARP requests and pings get, and that nothing of the host's own is ever touched.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/namespace.h"
#include "netlink/netlink-monitor.h"
#include "netlink/netlink.h"

#define DONE_MSEC 20000
#define VIP       "192.168.120.3"
#define VIP_LINE  "inet 192.168.120.3/21 brd 192.168.127.255 scope global "

typedef struct Fixture {
	Exchange exchange;
	Netlink *netlink;
} Fixture;

static void fixture_start(Fixture *f)
{
	g_assert_cmpint(exchange_init(&f->exchange), ==, 0);
	g_assert_cmpint(netlink_new(&f->exchange, &(NetlinkOptions){ .real_time = true },
				    &f->netlink),
			==, 0);
	g_assert_cmpint(netlink_start(f->netlink), ==, 0);
}

static void fixture_stop(Fixture *f)
{
	NetlinkJob job = { .type = NETLINK_JOB_STOP };

	g_assert_cmpint(ring_push(&f->exchange.jobs, &job), ==, 0);
	f->netlink = netlink_free(f->netlink);
	exchange_deinit(&f->exchange);
}

/* A host with 192.168.120.1/21 on eno1. */
static void fixture_set_up(Fixture *f, gconstpointer unused)
{
	namespace_enter_fresh();
	namespace_do("ip link add eno1 type veth peer name lan0");
	namespace_do("ip link set lan0 up");
	namespace_do("ip link set eno1 up");
	namespace_do("ip address add 192.168.120.1/21 brd + dev eno1");
	fixture_start(f);
}

static void fixture_tear_down(Fixture *f, gconstpointer unused)
{
	fixture_stop(f);
}

static VrrpAddress ip(const char *text)
{
	VrrpAddress address = { .family = strchr(text, ':') ? VRRP_FAMILY_IPV6 : VRRP_FAMILY_IPV4 };

	g_assert_cmpint(inet_pton(address.family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET, text,
				  address.bytes),
			==, 1);
	return address;
}

static VrrpInterfaceAddress plain(const char *text, uint8_t prefix_length)
{
	return (VrrpInterfaceAddress){ .address = ip(text), .prefix_length = prefix_length };
}

/* As the seed's node has it. */
static VrrpInterfaceAddress seed_address(void)
{
	VrrpInterfaceAddress a = plain(VIP, 21);

	a.has_broadcast = true;
	a.broadcast = ip("192.168.127.255");
	strcpy(a.device, "eno1");
	strcpy(a.label, "eno1:vip");
	return a;
}

static InstanceConfig *config_new(size_t count, const VrrpInterfaceAddress *addresses)
{
	InstanceConfig *config = g_malloc0(sizeof(*config) + count * sizeof(*addresses));

	config->address_count = (uint32_t)count;
	memcpy(config->addresses, addresses, count * sizeof(*addresses));
	return config;
}

/* An instance is known by its address only. */
static EngineInstance *instance(unsigned number)
{
	static char names[16];

	return (EngineInstance *)&names[number];
}

static int run_job(Fixture *f, const NetlinkJob *job)
{
	struct pollfd wait = { .fd = f->exchange.done.wake_fd, .events = POLLIN };
	NetlinkDone done;

	g_assert_cmpint(ring_push(&f->exchange.jobs, job), ==, 0);
	do {
		g_assert_cmpint(poll(&wait, 1, DONE_MSEC), ==, 1);
		ring_acknowledge(&f->exchange.done);
	} while (!ring_pop(&f->exchange.done, &done));
	g_assert_cmpint(done.type, ==, job->type);
	g_assert_true(done.instance == job->instance);
	g_assert_cmpint(done.wanted, ==, job->wanted);
	return done.error;
}

static int apply(Fixture *f, unsigned number, const InstanceConfig *config, VrrpAddresses wanted)
{
	NetlinkJob job = { .type = NETLINK_JOB_ADDRESSES,
			   .instance = instance(number),
			   .config = config,
			   .interface_index = (int32_t)if_nametoindex("eno1"),
			   .wanted = wanted };

	return run_job(f, &job);
}

static int replace(Fixture *f, unsigned number, const InstanceConfig *config,
		   const InstanceConfig *previous)
{
	NetlinkJob job = { .type = NETLINK_JOB_ADDRESSES,
			   .instance = instance(number),
			   .config = config,
			   .previous = previous,
			   .interface_index = (int32_t)if_nametoindex("eno1"),
			   .wanted = VRRP_ADDRESSES_PRESENT };

	return run_job(f, &job);
}

static int flush(Fixture *f)
{
	NetlinkJob job = { .type = NETLINK_JOB_FLUSH_STALE };

	return run_job(f, &job);
}

static char *addresses_of(const char *interface)
{
	return namespace_run("ip -4 -o address show dev %s", interface);
}

static unsigned count_addresses(const char *interface)
{
	g_autofree char *output = addresses_of(interface);
	unsigned lines = 0;

	for (const char *p = output; (p = strchr(p, '\n')) != NULL; p++)
		lines++;
	return lines;
}

typedef struct Tagged {
	int32_t index;
	unsigned count;
	bool done;
} Tagged;

static void count_change(void *userdata, const NetlinkChange *change)
{
	Tagged *tagged = userdata;

	g_assert_cmpint(change->type, !=, NETLINK_CHANGE_DUMP_INTERRUPTED);
	if (change->type == NETLINK_CHANGE_DUMP_DONE)
		tagged->done = true;
	else if (change->interface_index == tagged->index &&
		 change->protocol == NETLINK_ADDRESS_PROTOCOL)
		tagged->count++;
}

/* How many addresses carry our IFA_PROTO; iproute2 of Debian 12 does not show it. */
static unsigned count_tagged(const char *interface)
{
	Tagged tagged = { .index = (int32_t)if_nametoindex(interface) };
	int fd = netlink_monitor_open();
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	g_assert_cmpint(netlink_monitor_request(fd, NETLINK_DUMP_ADDRESSES), ==, 0);
	while (!tagged.done) {
		g_assert_cmpint(poll(&wait, 1, DONE_MSEC), ==, 1);
		g_assert_cmpint(netlink_monitor_read(fd, 16, count_change, &tagged), >, 0);
	}
	close(fd);
	return tagged.count;
}

#define assert_shows(interface, text)                                                  \
	G_STMT_START                                                                   \
	{                                                                              \
		g_autofree char *shown_ = addresses_of(interface);                     \
		if (!strstr(shown_, text))                                             \
			g_error("%s does not have '%s': %s", interface, text, shown_); \
	}                                                                              \
	G_STMT_END

#define assert_lacks(interface, text)                                        \
	G_STMT_START                                                         \
	{                                                                    \
		g_autofree char *shown_ = addresses_of(interface);           \
		if (strstr(shown_, text))                                    \
			g_error("%s has '%s': %s", interface, text, shown_); \
	}                                                                    \
	G_STMT_END

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

/* The order of what the kernel did, as "+eno1 -lo ...". */
typedef struct Trace {
	int fd;
	GString *text;
} Trace;

static void trace_change(void *userdata, const NetlinkChange *change)
{
	Trace *trace = userdata;
	char name[IF_NAMESIZE] = "?";

	if (change->type != NETLINK_CHANGE_ADDRESS && change->type != NETLINK_CHANGE_ADDRESS_GONE)
		return;
	if_indextoname((unsigned)change->interface_index, name);
	g_string_append_printf(trace->text, "%s%c%s", trace->text->len ? " " : "",
			       change->type == NETLINK_CHANGE_ADDRESS ? '+' : '-', name);
}

/* The kernel has told everything by the time a job is done, so what is there now is all there is. */
static const char *trace_take(Trace *trace)
{
	int r;

	g_string_truncate(trace->text, 0);
	while ((r = netlink_monitor_read(trace->fd, 16, trace_change, trace)) > 0)
		continue;
	g_assert_cmpint(r, ==, 0);
	return trace->text->str;
}

static void trace_init(Trace *trace)
{
	trace->fd = netlink_monitor_open();
	g_assert_cmpint(trace->fd, >=, 0);
	trace->text = g_string_new(NULL);
}

static void trace_deinit(Trace *trace)
{
	close(trace->fd);
	g_string_free(trace->text, TRUE);
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

/* A reload: the old one goes, the new one comes, the same one is not touched, a changed label keeps its address. */
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
	after[0].broadcast = ip("192.168.120.255");
	relabelled = config_new(3, after);
	g_assert_cmpint(replace(f, 0, relabelled, new), ==, 0);
	g_assert_cmpstr(trace_take(&trace), ==, "+lo -eno1 +eno1 -lo");
	assert_shows("eno1", "inet 192.168.120.3/21 brd 192.168.120.255 scope global secondary "
			     "eno1:other");
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
	}
	g_test_message("200 addresses: present %.2f ms, again %.2f, silent %.2f, absent %.2f",
		       (double)times[0] / 1e3, (double)times[1] / 1e3, (double)times[2] / 1e3,
		       (double)times[3] / 1e3);
	/* One request and one answer each would take several times that. */
	g_assert_cmpint(times[0], <, 100000);
}

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
	namespace_do("ip address del 192.168.120.3/21 dev eno1");
	namespace_do("ip address add 192.168.120.3/21 dev eno1");
	g_assert_cmpint(apply(f, 0, config, VRRP_ADDRESSES_ABSENT), ==, 0);
	assert_shows("eno1", "192.168.120.3/21");
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

/* A host without an address of the subnet: ours is primary, and foreign ones that came later must survive it. */
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

/* A process that knows nothing of them removes, keeps or silences what another one left, by the tag. */
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
	g_autofree InstanceConfig *config = NULL, *changed = NULL;
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
	g_assert_cmpint(apply(f, 0, changed, VRRP_ADDRESSES_ABSENT), ==, 0);
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
		{ "/netlink/replace", test_replace },
		{ "/netlink/replace-without-previous", test_replace_without_previous },
		{ "/netlink/many", test_many },
		{ "/netlink/host-address", test_host_address },
		{ "/netlink/host-takes-over", test_address_taken_over_by_host },
		{ "/netlink/healing", test_healing },
		{ "/netlink/primary-keeps-others", test_primary_keeps_others },
		{ "/netlink/primary-keeps-instances", test_primary_keeps_other_instances },
		{ "/netlink/flush-stale", test_flush_stale },
		{ "/netlink/adopted", test_adopted },
		{ "/netlink/arp-ignore/counted", test_arp_ignore_is_counted },
		{ "/netlink/arp-ignore/others", test_arp_ignore_of_others },
		{ "/netlink/host-address-on-lo", test_host_address_on_lo },
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
