/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A host with the netlink thread on it: the test stands in the engine's place.
 */

#include <arpa/inet.h>
#include <poll.h>
#include <unistd.h>

#include "namespace.h"
#include "netlink-host.h"
#include "netlink/netlink-monitor.h"

void fixture_start(Fixture *f)
{
	g_assert_cmpint(exchange_init(&f->exchange), ==, 0);
	g_assert_cmpint(netlink_new(&f->exchange, &(NetlinkOptions){ .real_time = true },
				    &f->netlink),
			==, 0);
	g_assert_cmpint(netlink_start(f->netlink), ==, 0);
}

void fixture_stop(Fixture *f)
{
	NetlinkJob job = { .type = NETLINK_JOB_STOP };

	g_assert_cmpint(ring_push(&f->exchange.jobs, &job), ==, 0);
	f->netlink = netlink_free(f->netlink);
	exchange_deinit(&f->exchange);
}

/* A host with 192.168.120.1/21 on eno1. */
void fixture_set_up(Fixture *f, gconstpointer unused)
{
	namespace_enter_fresh();
	namespace_do("ip link add eno1 type veth peer name lan0");
	namespace_do("ip link set lan0 up");
	namespace_do("ip link set eno1 up");
	namespace_do("ip address add 192.168.120.1/21 brd + dev eno1");
	fixture_start(f);
}

void fixture_tear_down(Fixture *f, gconstpointer unused)
{
	fixture_stop(f);
}

VrrpAddress ip(const char *text)
{
	VrrpAddress address = { .family = strchr(text, ':') ? VRRP_FAMILY_IPV6 : VRRP_FAMILY_IPV4 };

	g_assert_cmpint(inet_pton(address.family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET, text,
				  address.bytes),
			==, 1);
	return address;
}

VrrpInterfaceAddress plain(const char *text, uint8_t prefix_length)
{
	return (VrrpInterfaceAddress){ .address = ip(text), .prefix_length = prefix_length };
}

/* As the seed's node has it. */
VrrpInterfaceAddress seed_address(void)
{
	VrrpInterfaceAddress a = plain(VIP, 21);

	a.has_broadcast = true;
	a.broadcast = ip("192.168.127.255");
	strcpy(a.device, "eno1");
	strcpy(a.label, "eno1:vip");
	return a;
}

InstanceConfig *config_new(size_t count, const VrrpInterfaceAddress *addresses)
{
	InstanceConfig *config = g_malloc0(sizeof(*config) + count * sizeof(*addresses));

	config->advert_count = config->address_count = (uint32_t)count;
	memcpy(config->addresses, addresses, count * sizeof(*addresses));
	return config;
}

/* An instance is known by its address only. */
EngineInstance *instance(unsigned number)
{
	static char names[16];

	return (EngineInstance *)&names[number];
}

int run_job(Fixture *f, const NetlinkJob *job)
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

int apply(Fixture *f, unsigned number, const InstanceConfig *config, VrrpAddresses wanted)
{
	NetlinkJob job = { .type = NETLINK_JOB_ADDRESSES,
			   .instance = instance(number),
			   .config = config,
			   .interface_index = (int32_t)if_nametoindex("eno1"),
			   .wanted = wanted };

	return run_job(f, &job);
}

int replace(Fixture *f, unsigned number, const InstanceConfig *config,
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

int flush(Fixture *f)
{
	NetlinkJob job = { .type = NETLINK_JOB_FLUSH_STALE };

	return run_job(f, &job);
}

char *addresses_of(const char *interface)
{
	return namespace_run("ip -4 -o address show dev %s", interface);
}

unsigned count_addresses(const char *interface)
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
	bool interrupted;
} Tagged;

static void count_change(void *userdata, const NetlinkChange *change)
{
	Tagged *tagged = userdata;

	if (change->type == NETLINK_CHANGE_DUMP_INTERRUPTED)
		tagged->interrupted = true;
	else if (change->type == NETLINK_CHANGE_DUMP_DONE)
		tagged->done = true;
	else if (change->interface_index == tagged->index &&
		 change->protocol == NETLINK_ADDRESS_PROTOCOL)
		tagged->count++;
}

static Tagged tagged_dump(const char *interface)
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
	return tagged;
}

unsigned count_tagged(const char *interface)
{
	Tagged tagged;

	do
		tagged = tagged_dump(interface);
	while (tagged.interrupted);
	return tagged.count;
}

static void trace_change(void *userdata, const NetlinkChange *change)
{
	Trace *trace = userdata;
	char name[IF_NAMESIZE] = "?";

	/* Of IPv6 the kernel has its own to tell, whenever it likes. */
	if ((change->type != NETLINK_CHANGE_ADDRESS &&
	     change->type != NETLINK_CHANGE_ADDRESS_GONE) ||
	    change->address.family != VRRP_FAMILY_IPV4)
		return;
	if_indextoname((unsigned)change->interface_index, name);
	g_string_append_printf(trace->text, "%s%c%s", trace->text->len ? " " : "",
			       change->type == NETLINK_CHANGE_ADDRESS ? '+' : '-', name);
}

/* The kernel has told everything by the time a job is done, so what is there now is all there is.
 */
const char *trace_take(Trace *trace)
{
	int r;

	g_string_truncate(trace->text, 0);
	while ((r = netlink_monitor_read(trace->fd, 16, trace_change, trace)) > 0)
		continue;
	g_assert_cmpint(r, ==, 0);
	return trace->text->str;
}

void trace_init(Trace *trace)
{
	trace->fd = netlink_monitor_open();
	g_assert_cmpint(trace->fd, >=, 0);
	trace->text = g_string_new(NULL);
}

void trace_deinit(Trace *trace)
{
	close(trace->fd);
	g_string_free(trace->text, TRUE);
}
