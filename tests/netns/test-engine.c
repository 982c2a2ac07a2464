/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The engine with its netlink thread on a veth pair: what it sends, what it believes, what the
 * kernel holds, and that control gets back what it lent. The second router is played by packets
 * from the other end.
 */

#include <sched.h>
#include <string.h>
#include <unistd.h>

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
	namespace_do("ip address add 192.168.120.1/21 dev eno1");
	wire_init(&f->wire, &f->neighbour);
	host_init(&f->host);
}

static void teardown(Fixture *f, gconstpointer data)
{
	host_deinit(&f->host);
	wire_deinit(&f->wire);
	neighbour_deinit(&f->neighbour);
}

/* Waits for @condition while the other router goes on with its adverts. */
#define WAIT_BESIDE(f, config, priority, condition) \
	HOST_WAIT(&(f)->host, (wire_advert(&(f)->wire, config, priority), condition))

#define WAIT_WIRE(f, condition) HOST_WAIT(&(f)->host, (wire_read(&(f)->wire), condition))

/* For tests that must do something before the instance takes over, on a machine that has other
 * things to do. */
static InstanceConfig *patient(InstanceConfig *config)
{
	config->parameters.interval_nsec = VRRP_NSEC_PER_SECOND;
	return config;
}

static VrrpState state(const Router *router)
{
	return router_status(router).state;
}

static void test_alone(Fixture *f, gconstpointer data)
{
	Router *router = router_new(&f->host, host_config(51, 2, "192.168.120.3", "192.168.120.4"));
	VrrpAddress source = host_address("192.168.120.1");
	InstanceStatus status;

	WAIT_WIRE(f, f->wire.adverts > 2 && f->wire.announcements[1] == 2 &&
			     f->wire.announcements[2] == 2);
	g_assert_true(host_holds("eno1", "192.168.120.3"));
	g_assert_true(host_holds("eno1", "192.168.120.4"));
	status = router_status(router);
	g_assert_cmpint(status.state, ==, VRRP_STATE_MASTER);
	g_assert_cmpint(status.last_reason, ==, VRRP_REASON_NO_RESPONSE);
	g_assert_cmpint(status.addresses_held, ==, VRRP_ADDRESSES_PRESENT);
	g_assert_cmpint(status.faults, ==, 0);
	g_assert_cmpuint(status.transitions, ==, 2);
	g_assert_cmpmem(&status.source_address, sizeof source, &source, sizeof source);
	g_assert_cmpint(f->wire.advert.vrid, ==, 51);
	g_assert_cmpint(f->wire.advert.priority, ==, 100);
	g_assert_cmpint(f->wire.advert.ttl, ==, 255);
	g_assert_cmpint(f->wire.advert.count, ==, 2);
	g_assert_cmpuint(router_counter(router, COUNTER_ADVERTS_SENT), >=, f->wire.adverts);
	g_assert_cmpuint(router_counter(router, COUNTER_ANNOUNCEMENTS_SENT), ==, 4);
	g_assert_cmpuint(router_counter(router, COUNTER_MASTER_TRANSITIONS), ==, 1);
	g_assert_cmpuint(router_counter(router, COUNTER_SEND_ERRORS), ==, 0);

	router_remove(&f->host, router);
	WAIT_WIRE(f, f->wire.advert.priority == 0);
	HOST_WAIT(&f->host, router->gone);
	g_assert_false(host_holds("eno1", "192.168.120.3"));
	g_assert_true(host_holds("eno1", "192.168.120.1"));
}

static void test_second_of_two(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = patient(host_config(51, 1, "192.168.120.3"));
	VrrpAddress other = host_address("192.168.120.9");
	Router *router = router_new(&f->host, config);
	InstanceStatus status;

	WAIT_BESIDE(f, config, 200, router_counter(router, COUNTER_ADVERTS_RECEIVED) > 30);
	status = router_status(router);
	g_assert_cmpint(status.state, ==, VRRP_STATE_BACKUP);
	g_assert_cmpint(status.master_priority, ==, 200);
	g_assert_cmpmem(&status.master_address, sizeof other, &other, sizeof other);
	g_assert_false(host_holds("eno1", "192.168.120.3"));
	wire_read(&f->wire);
	g_assert_cmpuint(f->wire.adverts, ==, 0);

	/* It falls silent. */
	HOST_WAIT(&f->host, host_holds("eno1", "192.168.120.3"));
	g_assert_cmpint(state(router), ==, VRRP_STATE_MASTER);
	/* It returns: silent first, then gone. */
	WAIT_BESIDE(f, config, 200, state(router) == VRRP_STATE_BACKUP);
	WAIT_BESIDE(f, config, 200,
		    router_status(router).addresses_held == VRRP_ADDRESSES_ABSENT &&
			    !router_status(router).releasing);
	g_assert_false(host_holds("eno1", "192.168.120.3"));
	g_assert_cmpint(router_status(router).last_reason, ==, VRRP_REASON_HIGHER_PRIORITY);
}

static void send_broken(Fixture *f, const InstanceConfig *config, int what)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	VrrpPacketContent content = wire_content(config, 50, addresses);
	guint8 packet[VRRP_PACKET_MAX];
	int size;

	if (what == VRRP_REJECT_TTL)
		content.ttl = 254;
	if (what == VRRP_REJECT_VRID)
		content.vrid++;
	if (what == VRRP_REJECT_DESTINATION)
		content.destination = host_address("192.168.120.1");
	size = vrrp_packet_encode_ipv4(&content, packet, sizeof packet);
	g_assert_cmpint(size, >, 0);
	if (what == VRRP_REJECT_CHECKSUM)
		packet[26] ^= 1;
	if (what == VRRP_REJECT_VERSION)
		packet[20] = 0x71;
	if (what == VRRP_REJECT_TYPE)
		packet[20] = 0x32;
	wire_send_raw(&f->wire, packet, (size_t)size, content.destination);
}

static void test_rejects(Fixture *f, gconstpointer data)
{
	static const VrrpReject own[] = { VRRP_REJECT_TTL, VRRP_REJECT_CHECKSUM,
					  VRRP_REJECT_VERSION, VRRP_REJECT_TYPE,
					  VRRP_REJECT_DESTINATION };
	InstanceConfig *config = host_config(51, 1, "192.168.120.3");
	Router *router = router_new(&f->host, config);

	HOST_WAIT(&f->host, state(router) == VRRP_STATE_MASTER);
	for (guint i = 0; i < G_N_ELEMENTS(own); i++) {
		send_broken(f, config, own[i]);
		HOST_WAIT(&f->host, router_rejects(router, own[i]) == 1);
	}
	for (guint i = 0; i < _VRRP_REJECT_MAX; i++) {
		g_assert_cmpuint(router_rejects(router, i), <=, 1);
		g_assert_cmpuint(engine_reject_count(f->host.engine, i), ==, 0);
	}
	for (guint i = 0; i < 100; i++)
		send_broken(f, config, VRRP_REJECT_VRID);
	HOST_WAIT(&f->host, engine_reject_count(f->host.engine, VRRP_REJECT_VRID) == 100);
	g_assert_cmpuint(router_counter(router, COUNTER_ADVERTS_RECEIVED), ==, 0);
	g_assert_cmpint(state(router), ==, VRRP_STATE_MASTER);
	/* All from one source, so said once. */
	host_pump(&f->host, 0);
	g_assert_cmpuint(f->host.notes[NOTE_REJECT], ==, 1);
	g_assert_cmpint(f->host.last_note[NOTE_REJECT].reject, ==, VRRP_REJECT_TTL);
	g_assert_cmpint(f->host.last_note[NOTE_REJECT].instance_id, ==, router->id);
}

/* An address list that differs is counted, noted once and believed. */
static void test_address_list(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = patient(host_config(51, 2, "192.168.120.3", "192.168.120.4"));
	Router *router = router_new(&f->host, config);
	VrrpAddress addresses[VRRP_ADDRESSES_MAX], first;
	VrrpPacketContent content = wire_content(config, 200, addresses);

	HOST_WAIT(&f->host, state(router) == VRRP_STATE_BACKUP);
	first = addresses[0];
	addresses[0] = addresses[1];
	addresses[1] = first;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_counter(router, COUNTER_ADVERTS_RECEIVED) == 1);
	g_assert_cmpuint(router_counter(router, COUNTER_ADDRESS_LIST_ERRORS), ==, 0);
	addresses[0].bytes[3]++;
	wire_send(&f->wire, &content);
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_counter(router, COUNTER_ADVERTS_RECEIVED) == 3);
	HOST_WAIT(&f->host, f->host.notes[NOTE_ADDRESS_LIST] == 1);
	g_assert_cmpuint(router_counter(router, COUNTER_ADDRESS_LIST_ERRORS), ==, 2);
	g_assert_cmpint(router_status(router).master_priority, ==, 200);
}

/* The form of the checksum that was heard last is the form that is sent. */
static void test_checksum_form(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = patient(host_config(51, 1, "192.168.120.3"));
	Router *router = router_new(&f->host, config);
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	VrrpPacketContent content = wire_content(config, 200, addresses);
	VrrpPacketRules rules = { .family = VRRP_FAMILY_IPV4,
				  .version = 3,
				  .vrid = 51,
				  .priority = 100,
				  .minimum_ttl = 255 };

	HOST_WAIT(&f->host, state(router) == VRRP_STATE_BACKUP);
	g_assert_cmpint(router_status(router).checksum_form, ==, VRRP_CHECKSUM_PSEUDO_HEADER);
	content.checksum = VRRP_CHECKSUM_MESSAGE_ONLY;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_status(router).checksum_form == VRRP_CHECKSUM_MESSAGE_ONLY);
	WAIT_WIRE(f, f->wire.adverts > 0);
	g_assert_cmpint(vrrp_packet_check(&f->wire.advert, &rules), ==, VRRP_REJECT_NONE);
	g_assert_cmpint(f->wire.advert.checksum_form, ==, VRRP_CHECKSUM_MESSAGE_ONLY);
}

static InstanceConfig *unicast_config(guint8 vrid)
{
	InstanceConfig *config = host_config(vrid, 1, "192.168.120.3");

	config->unicast = true;
	config->peers[0] = host_address("192.168.120.1"); /* this host itself */
	config->peers[1] = host_address("192.168.120.9");
	config->peer_count = 2;
	return config;
}

static void test_unicast(Fixture *f, gconstpointer data)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	InstanceConfig *config = patient(unicast_config(51));
	VrrpPacketContent content = wire_content(config, 50, addresses);
	VrrpAddress other = host_address("192.168.120.9");
	Router *router;

	namespace_do("ip neighbour replace 192.168.120.9 lladdr "
		     "%02x:%02x:%02x:%02x:%02x:%02x dev eno1",
		     f->neighbour.mac[0], f->neighbour.mac[1], f->neighbour.mac[2],
		     f->neighbour.mac[3], f->neighbour.mac[4], f->neighbour.mac[5]);
	router = router_new(&f->host, config);
	WAIT_WIRE(f, f->wire.adverts > 1);
	g_assert_cmpmem(&f->wire.advert.destination, sizeof other, &other, sizeof other);
	g_assert_cmpuint(router_counter(router, COUNTER_SEND_ERRORS), ==, 0);

	content.source = host_address("192.168.120.8");
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_UNKNOWN_PEER) == 1);
	content.source = other;
	content.destination = host_address("224.0.0.18");
	/* Nobody here has joined the group, so the instance for it is needed to hear it. */
	router_new(&f->host, host_config(52, 1, "192.168.120.4"));
	HOST_WAIT(&f->host, (wire_send(&f->wire, &content),
			     router_rejects(router, VRRP_REJECT_DESTINATION) > 0));
	content.destination = host_address("192.168.120.1");
	content.ttl = 64;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_TTL) == 1);
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_PEER_TTL);
	g_assert_cmpint(state(router), ==, VRRP_STATE_MASTER);
	content.ttl = 255;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_status(router).faults == 0);
	g_assert_cmpint(router_status(router).peer_priority[1], ==, 50);
	g_assert_cmpint(router_status(router).peer_priority[0], ==, 0);
	/* Our own packets, sent back at us; the kernel would drop them as martians. */
	namespace_set_conf("eno1", "accept_local", 1);
	content.source = host_address("192.168.120.1");
	wire_send(&f->wire, &content);
	content.source = other;
	content.priority = 200;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, state(router) == VRRP_STATE_BACKUP);
	g_assert_cmpuint(router_counter(router, COUNTER_ADVERTS_RECEIVED), ==, 2);
	g_assert_cmpuint(router_rejects(router, VRRP_REJECT_UNKNOWN_PEER), ==, 1);
}

/* A list of peers may be the same on all nodes: the one that is this host gets nothing. */
static void test_only_peer_is_self(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = unicast_config(51);
	Router *router;

	config->peer_count = 1;
	router = router_new(&f->host, config);
	HOST_WAIT(&f->host, host_holds("eno1", "192.168.120.3"));
	g_assert_cmpint(state(router), ==, VRRP_STATE_MASTER);
	g_assert_cmpuint(router_counter(router, COUNTER_ADVERTS_SENT), ==, 0);
	g_assert_cmpuint(router_counter(router, COUNTER_SEND_ERRORS), ==, 0);
}

static void test_ah(Fixture *f, gconstpointer data)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	InstanceConfig *config = host_config(10, 1, "192.168.120.3");
	VrrpPacketContent content;
	Router *router;
	guint32 number;

	config->parameters.version = 2;
	config->parameters.interval_nsec = VRRP_NSEC_PER_SECOND;
	config->auth = VRRP_AUTH_AH;
	memcpy(config->key, "1111", 4);
	config->ah_saved = 5000;
	router = router_new(&f->host, config);
	WAIT_WIRE(f, f->wire.adverts == 1);
	g_assert_cmpint(f->wire.advert.protocol, ==, VRRP_PROTOCOL_AH);
	g_assert_cmpuint(f->wire.advert.ah_number, ==, 5001);
	HOST_WAIT(&f->host, router->reserves == 1);
	g_assert_cmpuint(router->reserved, >, 5001);

	/* A lower priority with a higher number: believed, and our numbers follow. */
	content = wire_content(config, 50, addresses);
	content.ah_number = 7000;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_counter(router, COUNTER_ADVERTS_RECEIVED) == 1);
	WAIT_WIRE(f, f->wire.advert.ah_number > 7000);
	/* Recorded adverts of a better router that is dead depose nobody. */
	content.priority = 200;
	for (number = 6000; number < 6010; number++) {
		content.ah_number = number;
		wire_send(&f->wire, &content);
	}
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_REPLAY) == 10);
	g_assert_cmpint(state(router), ==, VRRP_STATE_MASTER);
	memcpy(content.key, "2222", 4);
	content.ah_number = 8000;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_AUTH_KEY) == 1);
	content.auth = VRRP_AUTH_NONE;
	wire_send(&f->wire, &content);
	HOST_WAIT(&f->host, router_rejects(router, VRRP_REJECT_AUTH_TYPE) == 1);
	HOST_WAIT(&f->host, router->reserves == 2);
}

/* The numbers are used up: an instance that cannot prove itself must not be master. */
static void test_ah_used_up(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = host_config(10, 1, "192.168.120.3");
	Router *router;

	config->parameters.version = 2;
	config->parameters.interval_nsec = VRRP_NSEC_PER_SECOND;
	config->auth = VRRP_AUTH_AH;
	config->ah_saved = VRRP_AH_NUMBER_MAX - 1;
	router = router_new(&f->host, config);
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_AUTH_NUMBER);
	HOST_WAIT(&f->host, state(router) == VRRP_STATE_INITIALIZE &&
				    router_status(router).addresses_held == VRRP_ADDRESSES_ABSENT);
	wire_read(&f->wire);
	g_assert_cmpuint(f->wire.adverts, ==, 1);
}

static void test_replace(Fixture *f, gconstpointer data)
{
	Router *router = router_new(&f->host, host_config(51, 2, "192.168.120.3", "192.168.120.4"));
	InstanceConfig *config;
	guint adverts;

	HOST_WAIT(&f->host, host_holds("eno1", "192.168.120.4"));
	config = host_config(51, 2, "192.168.120.4", "192.168.120.5");
	config->parameters.priority = 120;
	router_replace(&f->host, router, config);
	HOST_WAIT(&f->host, router->returned == 1 && host_holds("eno1", "192.168.120.5"));
	g_assert_true(host_holds("eno1", "192.168.120.4"));
	g_assert_false(host_holds("eno1", "192.168.120.3"));
	WAIT_WIRE(f, f->wire.advert.priority == 120);
	g_assert_cmpint(f->wire.advert.message[11], ==, 4);
	g_assert_cmpint(router_status(router).effective_priority, ==, 120);
	/* Several at once: the latest wins, and every one comes back. */
	for (guint i = 0; i < 20; i++) {
		config = host_config(51, 1, i % 2 ? "192.168.120.6" : "192.168.120.7");
		router_replace(&f->host, router, config);
	}
	HOST_WAIT(&f->host, router->returned == 21 && host_holds("eno1", "192.168.120.6"));
	HOST_WAIT(&f->host, !host_holds("eno1", "192.168.120.7"));
	g_assert_false(host_holds("eno1", "192.168.120.5"));
	g_assert_cmpuint(router_status(router).transitions, ==, 2);
	wire_read(&f->wire);
	adverts = f->wire.adverts;
	WAIT_WIRE(f, f->wire.adverts > adverts && f->wire.advert.message[11] == 6);
}

static void test_link(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = host_config(51, 1, "192.168.120.3");
	Router *router = router_new(&f->host, config);

	HOST_WAIT(&f->host, host_holds("eno1", "192.168.120.3"));
	neighbour_do(&f->neighbour, "ip link set lan0 down");
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_INTERFACE_DOWN);
	g_assert_cmpint(state(router), ==, VRRP_STATE_INITIALIZE);
	HOST_WAIT(&f->host, !host_holds("eno1", "192.168.120.3"));
	neighbour_do(&f->neighbour, "ip link set lan0 up");
	HOST_WAIT(&f->host, router_status(router).faults == 0);
	WAIT_BESIDE(f, config, 200, router_counter(router, COUNTER_ADVERTS_RECEIVED) > 3);

	/* The interface goes and comes back as another one. */
	namespace_do("ip link del eno1");
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_INTERFACE_MISSING);
	g_assert_cmpint(router_status(router).interface_index, ==, 0);
	namespace_do("ip link add eno1 type veth peer name lan0 netns %d", f->neighbour.pid);
	neighbour_do(&f->neighbour, "ip address add 192.168.120.9/21 dev lan0");
	neighbour_do(&f->neighbour, "ip link set lan0 up");
	namespace_do("ip link set eno1 up");
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_NO_SOURCE_ADDRESS);
	namespace_do("ip address add 192.168.120.1/21 dev eno1");
	HOST_WAIT(&f->host, router_status(router).faults == 0);
	wire_deinit(&f->wire);
	wire_init(&f->wire, &f->neighbour);
	HOST_WAIT(&f->host, host_holds("eno1", "192.168.120.3"));
	WAIT_BESIDE(f, config, 200, state(router) == VRRP_STATE_BACKUP);
	g_assert_cmpint(router_status(router).last_reason, ==, VRRP_REASON_HIGHER_PRIORITY);
}

static void test_rename(Fixture *f, gconstpointer data)
{
	Router *router = router_new(&f->host, host_config(51, 1, "192.168.120.3"));

	HOST_WAIT(&f->host, host_holds("eno1", "192.168.120.3"));
	/* Since 6.3 the kernel renames an interface that is up. */
	namespace_do("ip link set eno1 down");
	namespace_do("ip link set eno1 name wan0");
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_INTERFACE_MISSING);
	namespace_do("ip link set wan0 name eno1");
	namespace_do("ip link set eno1 up");
	HOST_WAIT(&f->host,
		  state(router) == VRRP_STATE_MASTER && host_holds("eno1", "192.168.120.3"));
}

/* The primary address moves, and an address that an instance lists is never it. */
static void test_source(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = host_config(51, 1, "192.168.120.3");
	VrrpAddress wanted = host_address("192.168.120.2");
	Router *router = router_new(&f->host, config);

	HOST_WAIT(&f->host, state(router) == VRRP_STATE_MASTER);
	namespace_do("ip address add 192.168.120.3/24 dev eno1");
	namespace_do("ip address del 192.168.120.1/21 dev eno1");
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_NO_SOURCE_ADDRESS);
	namespace_do("ip address add 192.168.120.2/21 dev eno1");
	HOST_WAIT(&f->host, state(router) == VRRP_STATE_MASTER);
	g_assert_cmpmem(&router->status.source_address, sizeof wanted, &wanted, sizeof wanted);
	WAIT_WIRE(f, vrrp_address_compare(&f->wire.advert.source, &wanted) == 0);

	/* A configured source that the host has not. */
	config = host_config(51, 1, "192.168.120.3");
	config->source = host_address("192.168.120.66");
	router_replace(&f->host, router, config);
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_NO_SOURCE_ADDRESS);
	namespace_do("ip address add 192.168.120.66/21 dev lo");
	HOST_WAIT(&f->host, router_status(router).faults == 0);
}

/* What one instance lists is no source for another, until the first is gone. */
static void test_source_of_another(Fixture *f, gconstpointer data)
{
	VrrpAddress listed = host_address("192.168.120.3");
	InstanceConfig *config = host_config(52, 1, "192.168.120.4");
	Router *first, *second;

	namespace_do("ip address add 192.168.120.3/24 dev eno1");
	namespace_do("ip address del 192.168.120.1/21 dev eno1");
	second = router_new(&f->host, config);
	HOST_WAIT(&f->host, state(second) == VRRP_STATE_MASTER);
	first = router_new(&f->host, host_config(51, 1, "192.168.120.3"));
	HOST_WAIT(&f->host, router_status(first).faults == VRRP_FAULT_NO_SOURCE_ADDRESS);
	HOST_WAIT(&f->host, router_status(second).faults == VRRP_FAULT_NO_SOURCE_ADDRESS);
	router_remove(&f->host, first);
	HOST_WAIT(&f->host, first->gone);
	HOST_WAIT(&f->host, router_status(second).faults == 0);
	g_assert_cmpmem(&second->status.source_address, sizeof listed, &listed, sizeof listed);
	g_assert_true(host_holds("eno1", "192.168.120.3"));
}

/* Makes @thread one that runs only when nobody else wants the processor that it is bound to.
 * Returns that. */
static int make_idle(int thread)
{
	struct sched_param param = { 0 };
	cpu_set_t allowed, one;
	int cpu = 0;

	g_assert_no_errno(sched_getaffinity(0, sizeof allowed, &allowed));
	while (!CPU_ISSET(cpu, &allowed))
		cpu++;
	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	g_assert_no_errno(sched_setaffinity(thread, sizeof one, &one));
	g_assert_no_errno(sched_setscheduler(thread, SCHED_IDLE, &param));
	return cpu;
}

/* Notifications that come faster than they are read: everything is read anew, and nothing stays
 * wrong. */
static void test_overrun(Fixture *f, gconstpointer data)
{
	VrrpAddress wanted = host_address("192.168.120.2");
	Router *router = router_new(&f->host, host_config(51, 1, "192.168.120.3"));
	g_autofree char *batch = g_strdup_printf("%s/vrrp-overrun-%d", g_get_tmp_dir(), getpid());
	g_autoptr(GString) lines = g_string_new(NULL);
	int small = 1, cpu = make_idle(host_engine_thread());

	HOST_WAIT(&f->host, state(router) == VRRP_STATE_MASTER);
	for (guint i = 1; i < 250; i++)
		g_string_append_printf(lines, "address add 10.3.0.%u/32 dev br0\n", i);
	g_assert_true(g_file_set_contents(batch, lines->str, -1, NULL));
	/* An interface that goes takes its addresses along at one go: a burst that no reader keeps
	 * up with. */
	for (guint round = 0; f->host.notes[NOTE_OVERRUN] == 0; round++) {
		g_assert_cmpuint(round, <, 100);
		namespace_do("ip link add br0 type bridge");
		namespace_do("ip -batch %s", batch);
		g_assert_no_errno(setsockopt(f->host.engine->monitor_fd, SOL_SOCKET, SO_RCVBUF,
					     &small, sizeof small));
		namespace_do("taskset -c %d ip link del br0", cpu);
		host_pump(&f->host, 20);
	}
	unlink(batch);
	namespace_do("ip address del 192.168.120.1/21 dev eno1");
	namespace_do("ip address add 192.168.120.2/21 dev eno1");
	g_assert_cmpint(f->host.last_note[NOTE_OVERRUN].error, ==, 0);
	HOST_WAIT(&f->host, memcmp(&router->status.source_address, &wanted, sizeof wanted) == 0);
	namespace_do("ip link set eno1 down");
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_INTERFACE_DOWN);
}

/* The kernel takes no filter at all: slower, but nothing is lost and everything is counted. */
static void test_without_filters(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = patient(host_config(51, 1, "192.168.120.3"));
	Router *router;

	if (!g_file_test("/proc/sys/net/core/optmem_max", G_FILE_TEST_EXISTS)) {
		g_test_skip("this kernel has no optmem_max for each namespace");
		return;
	}
	namespace_do("sysctl -q -w net.core.optmem_max=64");
	router = router_new(&f->host, config);
	WAIT_BESIDE(f, config, 200, router_counter(router, COUNTER_ADVERTS_RECEIVED) > 0);
	send_broken(f, config, VRRP_REJECT_VRID);
	HOST_WAIT(&f->host, engine_reject_count(f->host.engine, VRRP_REJECT_VRID) == 1);
	g_assert_cmpint(router_status(router).master_priority, ==, 200);
}

static guint count_descriptors(void)
{
	g_autoptr(GDir) descriptors = g_dir_open("/proc/self/fd", 0, NULL);
	guint count = 0;

	while (g_dir_read_name(descriptors))
		count++;
	return count;
}

/* More interfaces than a socket may have memberships; they go and come back, and no membership
 * stays behind. */
static void test_memberships(Fixture *f, gconstpointer data)
{
	enum { LINKS = 25 };
	Router *routers[LINKS];
	guint descriptors = 0;

	for (guint i = 0; i < LINKS; i++) {
		InstanceConfig *config = host_config(51, 1, "192.168.120.3");

		g_snprintf(config->interface, sizeof config->interface, "lan%u", i);
		config->track_interface = false;
		routers[i] = router_new(&f->host, config);
		HOST_WAIT(&f->host,
			  router_status(routers[i]).faults == VRRP_FAULT_INTERFACE_MISSING);
	}
	for (guint round = 0; round < 3; round++) {
		for (guint i = 0; i < LINKS; i++) {
			namespace_do("ip link add lan%u type bridge", i);
			namespace_do("ip address add 10.0.%u.1/24 dev lan%u", i, i);
		}
		for (guint i = 0; i < LINKS; i++)
			HOST_WAIT(&f->host, router_status(routers[i]).faults == 0);
		if (round == 0)
			descriptors = count_descriptors();
		g_assert_cmpuint(count_descriptors(), ==, descriptors);
		for (guint i = 0; i < LINKS; i++)
			namespace_do("ip link del lan%u", i);
		for (guint i = 0; i < LINKS; i++)
			HOST_WAIT(&f->host,
				  router_status(routers[i]).faults == VRRP_FAULT_INTERFACE_MISSING);
	}
}

static void test_failover(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = patient(host_config(51, 1, "192.168.120.3"));
	Router *router = router_new(&f->host, config);

	router_failover(&f->host, router);
	HOST_WAIT(&f->host, router->failovers == 1);
	g_assert_cmpint(router->failover_error, ==, -ENOTCONN);
	HOST_WAIT(&f->host, host_holds("eno1", "192.168.120.3"));

	/* Nobody takes it: back to us. */
	router_failover(&f->host, router);
	router_failover(&f->host, router);
	HOST_WAIT(&f->host, router->failovers == 2);
	g_assert_cmpint(router->failover_error, ==, -EBUSY);
	HOST_WAIT(&f->host, router->failovers == 3);
	g_assert_cmpint(router->failover_error, ==, -ENOENT);
	g_assert_cmpint(state(router), ==, VRRP_STATE_MASTER);
	g_assert_true(host_holds("eno1", "192.168.120.3"));

	router_failover(&f->host, router);
	WAIT_WIRE(f, f->wire.advert.priority == 0);
	g_assert_true(host_holds("eno1", "192.168.120.3"));
	WAIT_BESIDE(f, config, 50, router->failovers == 4);
	g_assert_cmpint(router->failover_error, ==, 0);
	WAIT_BESIDE(f, config, 50, !router_status(router).releasing);
	g_assert_cmpint(state(router), ==, VRRP_STATE_BACKUP);
	g_assert_false(host_holds("eno1", "192.168.120.3"));
}

/* An address on a device that does not exist (yet): a fault that is shown, and tried again. */
static void test_address_error(Fixture *f, gconstpointer data)
{
	InstanceConfig *config = host_config(51, 2, "192.168.120.3", "10.1.1.1");
	Router *router;

	g_strlcpy(config->addresses[1].device, "eno7", VRRP_INTERFACE_NAME_SIZE);
	router = router_new(&f->host, config);
	HOST_WAIT(&f->host, router_status(router).faults == VRRP_FAULT_ADDRESS);
	g_assert_true(host_holds("eno1", "192.168.120.3"));
	g_assert_cmpint(router_status(router).address_error, <, 0);
	HOST_WAIT(&f->host, f->host.notes[NOTE_ADDRESS_ERROR] == 1);
	g_assert_cmpint(state(router), ==, VRRP_STATE_MASTER);
	namespace_do("ip link add eno7 type bridge");
	namespace_do("ip link set eno7 up");
	HOST_WAIT(&f->host, router_status(router).faults == 0);
	g_assert_cmpint(router_status(router).address_error, ==, 0);
	g_assert_true(host_holds("eno7", "10.1.1.1"));
	g_assert_cmpuint(router_counter(router, COUNTER_ADDRESS_JOBS_FAILED), >, 0);
}

/* As many as one interface can have, all master at 10 ms intervals, and gone again. */
static void test_many(Fixture *f, gconstpointer data)
{
	Router *routers[255];
	guint64 sent[255];
	char text[32];

	for (guint i = 0; i < 255; i++) {
		g_snprintf(text, sizeof text, "192.168.121.%u", i + 1);
		routers[i] = router_new(&f->host, host_config((guint8)(i + 1), 1, text));
	}
	for (guint i = 0; i < 255; i++)
		HOST_WAIT(&f->host,
			  router_status(routers[i]).addresses_held == VRRP_ADDRESSES_PRESENT);
	for (guint i = 0; i < 255; i++)
		sent[i] = router_counter(routers[i], COUNTER_ADVERTS_SENT);
	for (guint i = 0; i < 255; i++) {
		HOST_WAIT(&f->host, router_counter(routers[i], COUNTER_ADVERTS_SENT) > sent[i] + 3);
		g_assert_cmpuint(router_counter(routers[i], COUNTER_SEND_ERRORS), ==, 0);
	}
	for (guint i = 0; i < 255; i += 2) {
		WAIT_BESIDE(f, routers[i]->config, 200, state(routers[i]) == VRRP_STATE_BACKUP);
	}
	for (guint i = 0; i < 128; i++)
		router_remove(&f->host, routers[i]);
	for (guint i = 0; i < 128; i++)
		HOST_WAIT(&f->host, routers[i]->gone);
	g_assert_cmpuint(engine_reject_count(f->host.engine, VRRP_REJECT_VRID), ==, 0);
}

#define ADD(name, function) g_test_add("/engine/" name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	namespace_require();
	ADD("alone", test_alone);
	ADD("second-of-two", test_second_of_two);
	ADD("rejects", test_rejects);
	ADD("address-list", test_address_list);
	ADD("checksum-form", test_checksum_form);
	ADD("unicast", test_unicast);
	ADD("only-peer-is-self", test_only_peer_is_self);
	ADD("ah", test_ah);
	ADD("ah-used-up", test_ah_used_up);
	ADD("replace", test_replace);
	ADD("link", test_link);
	ADD("rename", test_rename);
	ADD("source", test_source);
	ADD("source-of-another", test_source_of_another);
	ADD("memberships", test_memberships);
	ADD("overrun", test_overrun);
	ADD("without-filters", test_without_filters);
	ADD("failover", test_failover);
	ADD("address-error", test_address_error);
	ADD("many", test_many);
	return g_test_run();
}
