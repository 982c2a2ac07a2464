/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The engine over IPv6: the same protocol with another socket, another source and another
 * announcement, beside IPv4 and apart from it.
 */

#include <string.h>

#include "engine/engine-internal.h"
#include "lib/engine-host.h"

typedef struct Fixture {
	Neighbour neighbour;
	Host host;
	Wire wire;
} Fixture;

static void setup(Fixture *f, gconstpointer data)
{
	namespace_enter_fresh();
	neighbour_init(&f->neighbour);
	namespace_do("ip address flush dev eno1 scope link");
	namespace_do("ip address add 192.168.120.1/21 dev eno1");
	namespace_do("ip address add fe80::1/64 dev eno1 nodad");
	wire_init(&f->wire, &f->neighbour);
	host_init(&f->host);
}

static void teardown(Fixture *f, gconstpointer data)
{
	host_deinit(&f->host);
	wire_deinit(&f->wire);
	neighbour_deinit(&f->neighbour);
}

#define WAIT_BESIDE(f, config, priority, condition) \
	HOST_WAIT(&(f)->host, (wire_advert(&(f)->wire, config, priority), condition))

#define WAIT_WIRE(f, condition) HOST_WAIT(&(f)->host, (wire_read(&(f)->wire), condition))

static InstanceConfig *config_new(void)
{
	return host_config(51, 2, "fe80::51", "2001:db8::3");
}

static InstanceConfig *patient(InstanceConfig *config)
{
	config->parameters.interval_nsec = VRRP_NSEC_PER_SECOND;
	return config;
}

static void test_alone(Fixture *f, gconstpointer data)
{
	Router *router = router_new(&f->host, config_new());
	VrrpAddress source = host_address("fe80::1"), group = host_address("ff02::12");
	VrrpAddress address = host_address("2001:db8::3");
	g_autofree char *shown = NULL;
	InstanceStatus status;

	WAIT_WIRE(f, f->wire.adverts > 2 &&
			     router_counter(router, COUNTER_ANNOUNCEMENTS_SENT) == 4 &&
			     f->wire.advertisements >= 4);
	status = router_status(router);
	g_assert_cmpint(status.state, ==, VRRP_STATE_MASTER);
	g_assert_cmpint(status.faults, ==, 0);
	g_assert_cmpmem(&status.source_address, sizeof source, &source, sizeof source);
	g_assert_cmpmem(&f->wire.advert.source, sizeof source, &source, sizeof source);
	g_assert_cmpmem(&f->wire.advert.destination, sizeof group, &group, sizeof group);
	g_assert_cmpint(f->wire.advert.ttl, ==, 255);
	g_assert_cmpint(f->wire.advert.count, ==, 2);
	/* The kernel's own have neither flag but Override. */
	g_assert_cmpint(f->wire.neighbour_flags, ==, 0xa0);
	g_assert_cmpmem(&f->wire.announced, sizeof address, &address, sizeof address);
	shown = namespace_run("ip -6 address show dev eno1");
	g_assert_nonnull(strstr(shown, "inet6 2001:db8::3/128 scope global nodad"));
	g_assert_nonnull(strstr(shown, "inet6 fe80::51/128 scope link nodad"));
	g_assert_cmpuint(router_counter(router, COUNTER_SEND_ERRORS), ==, 0);

	router_remove(&f->host, router);
	WAIT_WIRE(f, f->wire.advert.priority == 0);
	HOST_WAIT(&f->host, router->gone);
	g_assert_false(host_holds("eno1", "2001:db8::3"));
	g_assert_false(host_holds("lo", "2001:db8::3"));
	g_assert_true(host_holds("eno1", "fe80::1"));
}

/* It was master; another one comes: silent, then gone. */
static void test_yields(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = patient(config_new());
	VrrpAddress other = host_address("fe80::9");
	Router *router = router_new(&f->host, config);
	InstanceStatus status;

	HOST_WAIT(&f->host, host_holds("eno1", "2001:db8::3"));
	WAIT_BESIDE(f, config, 200, router_status(router).state == VRRP_STATE_BACKUP);
	WAIT_BESIDE(f, config, 200,
		    router_status(router).addresses_held == VRRP_ADDRESSES_ABSENT &&
			    !router_status(router).releasing);
	g_assert_false(host_holds("eno1", "2001:db8::3"));
	g_assert_false(host_holds("lo", "2001:db8::3"));
	status = router_status(router);
	g_assert_cmpint(status.last_reason, ==, VRRP_REASON_HIGHER_PRIORITY);
	g_assert_cmpmem(&status.master_address, sizeof other, &other, sizeof other);
	g_assert_cmpuint(router_counter(router, COUNTER_ADDRESS_LIST_ERRORS), ==, 0);
}

static void test_rejects(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = patient(config_new());
	Router *router = router_new(&f->host, config);
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	VrrpPacketContent content = wire_content(config, 200, addresses);
	guint64 strangers = engine_reject_count(f->host.engine, VRRP_REJECT_VRID);

	WAIT_BESIDE(f, config, 200, router_counter(router, COUNTER_ADVERTS_RECEIVED) > 2);
	content.ttl = 254;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_TTL) == 1);
	content.ttl = 255;
	content.destination = host_address("fe80::1");
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_DESTINATION) == 1);
	content.destination = host_address("ff02::12");
	content.vrid++;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, engine_reject_count(f->host.engine, VRRP_REJECT_VRID) == strangers + 1);
	HOST_WAIT(&f->host, f->host.notes[NOTE_REJECT] > 0);
	g_assert_cmpuint(f->host.last_note[NOTE_REJECT].address.family, ==, VRRP_FAMILY_IPV6);
	/* keepalived's lists: no link-local address in front, which is counted, and processed. */
	content.vrid--;
	content.addresses = addresses + 1;
	content.address_count = 1;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_counter(router, COUNTER_ADDRESS_LIST_ERRORS) == 1);
	g_assert_cmpuint(router_rejects(router, VRRP_REJECT_TTL), ==, 1);
}

/* Without a link-local address that has passed duplicate address detection there is nothing to send
 * from. */
static void test_source(Fixture *f, gconstpointer data)
{
	Router *router;
	VrrpAddress source = host_address("fe80::2");

	namespace_do("ip address del fe80::1/64 dev eno1");
	namespace_do("ip address add 2001:db8::1/64 dev eno1 nodad");
	router = router_new(&f->host, config_new());
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_NO_SOURCE_ADDRESS);
	g_assert_cmpint(router_status(router).state, ==, VRRP_STATE_INITIALIZE);
	namespace_do("ip address add fe80::2/64 dev eno1 nodad");
	HOST_WAIT(&f->host, router_status(router).state == VRRP_STATE_MASTER);
	WAIT_WIRE(f, f->wire.adverts > 0);
	g_assert_cmpmem(&f->wire.advert.source, sizeof source, &source, sizeof source);
	namespace_do("ip address del fe80::2/64 dev eno1");
	HOST_WAIT(&f->host, router_status(router).state == VRRP_STATE_INITIALIZE);
	g_assert_cmpint(router_status(router).last_reason, ==, VRRP_REASON_NO_SOURCE_ADDRESS);
}

/* Another router has our link-local address: detection finds it, and we stay out. */
static void test_duplicate(Fixture *f, gconstpointer data)
{
	Router *router;

	neighbour_do(&f->neighbour, "ip address add fe80::2/64 dev lan0 nodad");
	namespace_do("ip address del fe80::1/64 dev eno1");
	router = router_new(&f->host, config_new());
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_NO_SOURCE_ADDRESS);
	namespace_do("ip address add fe80::2/64 dev eno1");
	for (bool failed = false; !failed;) {
		g_autofree char *shown = namespace_run("ip -6 address show dev eno1");

		failed = strstr(shown, "dadfailed") != NULL;
		host_pump(&f->host, 20);
		g_assert_cmpint(router_status(router).faults, ==, VRRP_FAULT_NO_SOURCE_ADDRESS);
	}
	g_assert_cmpint(router_status(router).state, ==, VRRP_STATE_INITIALIZE);
}

static void unicast(InstanceConfig *config, const char *peer)
{
	config->unicast = true;
	config->ttl = 64;
	config->minimum_ttl = 64;
	config->peer_count = 1;
	config->peers[0] = host_address(peer);
}

static void test_unicast(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = config_new();
	VrrpAddress peer = host_address("fe80::9"), source = host_address("fe80::1");
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	VrrpPacketContent content;
	Router *router;

	neighbour_do(&f->neighbour, "ip address add fe80::9/64 dev lan0 nodad");
	unicast(config, "fe80::9");
	router = router_new(&f->host, config);
	WAIT_WIRE(f, f->wire.adverts > 2);
	g_assert_cmpmem(&f->wire.advert.destination, sizeof peer, &peer, sizeof peer);
	g_assert_cmpmem(&f->wire.advert.source, sizeof source, &source, sizeof source);
	g_assert_cmpint(f->wire.advert.ttl, ==, 64);
	content = wire_content(config, 50, addresses);
	content.source = host_address("fe80::8");
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_UNKNOWN_PEER) == 1);
	WAIT_BESIDE(f, config, 200, router_status(router).state == VRRP_STATE_BACKUP);
	g_assert_cmpint(router_status(router).peer_priority[0], ==, 200);
}

/* A peer with a global address is answered from one. */
static void test_global_unicast(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = config_new();
	VrrpAddress source = host_address("2001:db8::1");
	Router *router;

	namespace_do("ip address add 2001:db8::1/64 dev eno1 nodad");
	neighbour_do(&f->neighbour, "ip address add 2001:db8::9/64 dev lan0 nodad");
	unicast(config, "2001:db8::9");
	router = router_new(&f->host, config);
	WAIT_WIRE(f, f->wire.adverts > 2);
	g_assert_cmpmem(&f->wire.advert.source, sizeof source, &source, sizeof source);
	g_assert_cmpuint(router_counter(router, COUNTER_SEND_ERRORS), ==, 0);
}

/* One VRID on one interface: two routers that know nothing of each other. */
static void test_both_families(Fixture *f, gconstpointer data)
{
	InstanceConfig *config4 = patient(host_config(51, 2, "192.168.120.3", "2001:db8::4"));
	InstanceConfig *config6 = patient(config_new());
	Router *four, *six;

	config4->advert_count = 1; /* the other one is excluded, and of another family */
	four = router_new(&f->host, config4);
	six = router_new(&f->host, config6);
	WAIT_BESIDE(f, config6, 200, host_holds("eno1", "192.168.120.3"));
	g_assert_true(host_holds("eno1", "2001:db8::4"));
	WAIT_BESIDE(f, config6, 200, (wire_read(&f->wire), f->wire.advertisements >= 2));
	g_assert_cmpint(router_status(four).state, ==, VRRP_STATE_MASTER);
	g_assert_cmpint(router_status(six).state, ==, VRRP_STATE_BACKUP);
	g_assert_cmpuint(router_counter(four, COUNTER_ADVERTS_RECEIVED), ==, 0);
	g_assert_false(host_holds("eno1", "2001:db8::3"));
}

/* Another group than the RFC's is joined and left; adverts to the RFC's are for somebody else. */
static void test_group(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = patient(config_new());
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	VrrpPacketContent content;
	g_autofree char *joined = NULL, *left = NULL;
	Router *router;

	config->group = host_address("ff02::1234");
	router = router_new(&f->host, config);
	HOST_WAIT(&f->host, host_holds("eno1", "2001:db8::3"));
	joined = namespace_run("ip -6 maddress show dev eno1");
	g_assert_nonnull(strstr(joined, "ff02::1234"));
	g_assert_null(strstr(joined, "ff02::12\n"));
	WAIT_WIRE(f, f->wire.adverts > 0);
	g_assert_cmpmem(&f->wire.advert.destination, sizeof config->group, &config->group,
			sizeof config->group);
	content = wire_content(config, 200, addresses);
	content.destination = host_address("ff02::1"); /* which every host has joined */
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_DESTINATION) == 1);
	router_remove(&f->host, router);
	HOST_WAIT(&f->host, router->gone);
	left = namespace_run("ip -6 maddress show dev eno1");
	g_assert_null(strstr(left, "ff02::1234"));
}

#define ADD(name, function) \
	g_test_add("/engine-ipv6/" name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	namespace_require();
	ADD("alone", test_alone);
	ADD("yields", test_yields);
	ADD("rejects", test_rejects);
	ADD("source", test_source);
	ADD("duplicate", test_duplicate);
	ADD("unicast", test_unicast);
	ADD("global-unicast", test_global_unicast);
	ADD("both-families", test_both_families);
	ADD("group", test_group);
	return g_test_run();
}
