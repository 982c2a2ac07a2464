/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The test plays control: it owns the configs, counts what comes back, and must get back everything
 * it lent. It reads what the engine tells exactly as the daemon does, on one thread.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine-host.h"

/* --- The host -------------------------------------------------------------------------------- */

static Router *find(Host *host, guint64 id)
{
	return g_hash_table_lookup(host->routers, &id);
}

static void on_note(Host *host, const Note *note)
{
	Router *router = find(host, note->instance_id);

	host->notes[note->type]++;
	host->last_note[note->type] = *note;
	if (note->type != NOTE_TRANSITION || !router)
		return;
	g_assert_cmpuint(note->transition.number, ==, note->status.transitions);
	g_assert_cmpuint(note->transition.state, ==, note->status.state);
	router->status = note->status;
	g_array_append_val(router->reasons, note->transition.reason);
}

static void on_event(Host *host, const EngineEvent *event)
{
	Router *router = event->instance ? find(host, engine_instance_id(event->instance)) : NULL;

	switch (event->type) {
	case ENGINE_EVENT_STARTED:
		host->started = true;
		break;
	case ENGINE_EVENT_DIRTY:
		atomic_store(&engine_instance_shared(event->instance)->dirty, false);
		router->status = router_status(router);
		break;
	case ENGINE_EVENT_CONFIG_RETURNED:
		router->returned++;
		g_free((InstanceConfig *)event->config);
		break;
	case ENGINE_EVENT_FAILOVER_DONE:
		router->failovers++;
		router->failover_error = event->error;
		g_assert_cmpuint(event->cookie, ==, router->id + 1000);
		break;
	case ENGINE_EVENT_AH_RESERVE:
		g_assert_cmpuint(event->number, >, router->reserved);
		router->reserves++;
		router->reserved = event->number;
		break;
	case ENGINE_EVENT_GONE:
		router->gone = true;
		/* Everything that was lent has come back, and before the instance itself. */
		g_assert_cmpuint(router->returned, ==, router->replaced);
		g_free((InstanceConfig *)engine_instance_config(event->instance));
		router->instance = engine_instance_free(event->instance);
		break;
	case ENGINE_EVENT_STOPPED:
		host->stopped = true;
		break;
	case ENGINE_EVENT_FAILED:
		g_error("the engine failed: %s", g_strerror(-event->error));
	}
}

static void read_all(Host *host)
{
	EngineEvent event;
	guint32 pending;
	uint64_t lost;
	Note note;

	ring_acknowledge(&host->exchange.events);
	tape_acknowledge(&host->exchange.notes);
	/* As the daemon does: whatever note belongs before these events is on the tape already. */
	pending = ring_pending(&host->exchange.events);
	while (tape_pop(&host->exchange.notes, &note, &lost))
		on_note(host, &note);
	while (pending-- > 0 && ring_pop(&host->exchange.events, &event))
		on_event(host, &event);
}

void host_pump(Host *host, int msec)
{
	struct pollfd wait[] = {
		{ .fd = host->exchange.events.wake_fd, .events = POLLIN },
		{ .fd = host->exchange.notes.wake_fd, .events = POLLIN },
	};

	poll(wait, G_N_ELEMENTS(wait), msec);
	read_all(host);
}

static void router_free(gpointer data)
{
	Router *router = data;

	g_array_unref(router->reasons);
	g_free(router);
}

void host_init(Host *host)
{
	*host = (Host){ 0 };
	host->routers = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL, router_free);
	g_assert_cmpint(exchange_init(&host->exchange), ==, 0);
	g_assert_cmpint(engine_new(&host->exchange, &(EngineOptions){ .real_time = true },
				   &host->engine),
			==, 0);
	g_assert_cmpint(netlink_new(&host->exchange, &(NetlinkOptions){ .real_time = true },
				    &host->netlink),
			==, 0);
	g_assert_cmpint(netlink_start(host->netlink), ==, 0);
	g_assert_cmpint(engine_start(host->engine), ==, 0);
	HOST_WAIT(host, host->started);
}

static void push(Host *host, const Command *command)
{
	while (ring_push(&host->exchange.commands, command) < 0)
		host_pump(host, 10);
}

void host_deinit(Host *host)
{
	GHashTableIter iter;
	gpointer router;

	push(host, &(Command){ .type = COMMAND_STOP });
	/* Nobody to wait for. */
	push(host, &(Command){ .type = COMMAND_STOP });
	HOST_WAIT(host, host->stopped);
	g_hash_table_iter_init(&iter, host->routers);
	while (g_hash_table_iter_next(&iter, NULL, &router))
		g_assert_true(((Router *)router)->gone);
	host->engine = engine_free(host->engine);
	host->netlink = netlink_free(host->netlink);
	exchange_deinit(&host->exchange);
	g_hash_table_unref(host->routers);
}

VrrpAddress host_address(const char *text)
{
	bool ipv6 = strchr(text, ':') != NULL;
	VrrpAddress address = { .family = ipv6 ? VRRP_FAMILY_IPV6 : VRRP_FAMILY_IPV4 };

	g_assert_cmpint(inet_pton(ipv6 ? AF_INET6 : AF_INET, text, address.bytes), ==, 1);
	return address;
}

InstanceConfig *host_config(guint8 vrid, guint address_count, ...)
{
	InstanceConfig *config =
		g_malloc0(sizeof *config + address_count * sizeof config->addresses[0]);
	va_list addresses;

	g_snprintf(config->name, sizeof config->name, "r%u", vrid);
	g_strlcpy(config->interface, "eno1", sizeof config->interface);
	config->vrid = vrid;
	config->track_interface = true;
	config->ttl = 255;
	config->minimum_ttl = 255;
	config->parameters = (VrrpParameters){ .version = 3,
					       .priority = 100,
					       .missed_adverts = 3,
					       .announce_count = 2,
					       .preempt = true,
					       .address_count = address_count,
					       .interval_nsec = 100 * VRRP_NSEC_PER_MSEC };
	config->advert_count = config->address_count = address_count;
	va_start(addresses, address_count);
	for (guint i = 0; i < address_count; i++) {
		config->addresses[i].address = host_address(va_arg(addresses, const char *));
		config->addresses[i].prefix_length =
			(uint8_t)(8 * vrrp_address_size(config->addresses[i].address));
	}
	va_end(addresses);
	config->family = config->addresses[0].address.family;
	return config;
}

Router *router_new(Host *host, InstanceConfig *config)
{
	Router *router = g_new0(Router, 1);

	router->id = ++host->last_id;
	router->config = config;
	router->instance = engine_instance_new(router->id, config);
	router->reasons = g_array_new(FALSE, FALSE, 1);
	g_assert_nonnull(router->instance);
	g_hash_table_insert(host->routers, &router->id, router);
	push(host, &(Command){ .type = COMMAND_ADD, .instance = router->instance });
	return router;
}

void router_replace(Host *host, Router *router, InstanceConfig *config)
{
	router->config = config;
	router->replaced++;
	push(host,
	     &(Command){ .type = COMMAND_REPLACE, .instance = router->instance, .config = config });
}

void router_remove(Host *host, Router *router)
{
	router->removed = true;
	push(host, &(Command){ .type = COMMAND_REMOVE,
			       .instance = router->instance,
			       .reason = VRRP_REASON_SETTINGS });
}

void router_failover(Host *host, Router *router)
{
	push(host, &(Command){ .type = COMMAND_FAILOVER,
			       .instance = router->instance,
			       .cookie = router->id + 1000 });
}

void router_announce(Host *host, Router *router)
{
	push(host, &(Command){ .type = COMMAND_ANNOUNCE, .instance = router->instance });
}

InstanceStatus router_status(const Router *router)
{
	InstanceShared *shared = engine_instance_shared(router->instance);
	InstanceStatus status;

	slot_read(&shared->status, shared->status_words, &status, sizeof status);
	return status;
}

guint64 router_counter(const Router *router, InstanceCounter counter)
{
	return atomic_load_explicit(
		&engine_instance_shared(router->instance)->counters.counters[counter],
		memory_order_relaxed);
}

guint64 router_rejects(const Router *router, VrrpReject reject)
{
	return atomic_load_explicit(
		&engine_instance_shared(router->instance)->counters.rejects[reject],
		memory_order_relaxed);
}

int host_engine_thread(void)
{
	g_autoptr(GDir) tasks = g_dir_open("/proc/self/task", 0, NULL);
	const char *entry;

	while ((entry = g_dir_read_name(tasks))) {
		g_autofree char *path = g_strdup_printf("/proc/self/task/%s/comm", entry);
		g_autofree char *comm = NULL;

		if (g_file_get_contents(path, &comm, NULL, NULL) &&
		    g_str_equal(g_strchomp(comm), "vrrp-engine"))
			return (int)g_ascii_strtoll(entry, NULL, 10);
	}
	g_error("there is no engine thread");
}

bool host_holds(const char *interface, const char *address)
{
	g_autofree char *output = namespace_run("ip -o address show dev %s", interface);
	g_autofree char *wanted =
		g_strdup_printf("inet%s %s/", strchr(address, ':') ? "6" : "", address);

	return strstr(output, wanted) != NULL;
}

/* --- The wire -------------------------------------------------------------------------------- */

static int open_at(const Neighbour *neighbour, int family, int type, int protocol)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	g_assert_no_errno(home);
	g_assert_no_errno(setns(neighbour->netns, CLONE_NEWNET));
	fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol);
	g_assert_no_errno(fd);
	g_assert_no_errno(setns(home, CLONE_NEWNET));
	close(home);
	return fd;
}

/* The address of the caller's eno1, which changes when that is made anew. */
void wire_find_target(Wire *wire)
{
	struct ifreq request = { .ifr_name = "eno1" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	g_assert_no_errno(ioctl(fd, SIOCGIFHWADDR, &request));
	memcpy(wire->target, request.ifr_hwaddr.sa_data, sizeof wire->target);
	close(fd);
}

void wire_init(Wire *wire, const Neighbour *neighbour)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq name = { .ifr_name = "lan0" };
	int size = 4 * 1024 * 1024;

	*wire = (Wire){ .in = open_at(neighbour, AF_PACKET, SOCK_DGRAM, 0),
			.out = open_at(neighbour, AF_PACKET, SOCK_DGRAM, 0) };
	g_assert_no_errno(ioctl(wire->in, SIOCGIFINDEX, &name));
	wire->index = name.ifr_ifindex;
	link.sll_ifindex = wire->index;
	(void)setsockopt(wire->in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
	g_assert_no_errno(bind(wire->in, (struct sockaddr *)&link, sizeof link));
	wire_find_target(wire);
}

void wire_deinit(Wire *wire)
{
	close(wire->in);
	close(wire->out);
}

static VrrpAddress ipv6_at(const guint8 *bytes)
{
	VrrpAddress address = { .family = VRRP_FAMILY_IPV6 };

	memcpy(address.bytes, bytes, 16);
	return address;
}

static void take_ipv6(Wire *wire, const guint8 *data, size_t size)
{
	VrrpAddress source, destination;

	if (size < 64)
		return;
	source = ipv6_at(data + 8);
	destination = ipv6_at(data + 24);
	if (data[6] == IPPROTO_ICMPV6 && data[40] == 136 && destination.bytes[0] == 0xff) {
		wire->advertisements++;
		wire->neighbour_flags = data[44];
		wire->announced = ipv6_at(data + 48);
	} else if (data[6] == VRRP_PROTOCOL && size <= sizeof wire->packet) {
		memcpy(wire->packet, data, size);
		wire->packet_size = size;
		g_assert_cmpint(vrrp_packet_parse_ipv6(wire->packet + 40, size - 40, &source,
						       &destination, data[7], &wire->advert),
				==, VRRP_REJECT_NONE);
		wire->adverts++;
	}
}

static void take_frame(Wire *wire, const struct sockaddr_ll *from, const guint8 *data, size_t size)
{
	struct ether_arp arp;

	if (from->sll_pkttype == PACKET_OUTGOING)
		return;
	if (from->sll_protocol == htons(ETH_P_ARP) && size >= sizeof arp) {
		memcpy(&arp, data, sizeof arp);
		/* Gratuitous: about itself. */
		if (memcmp(arp.arp_spa, arp.arp_tpa, 4) != 0)
			return;
		wire->announcements[ntohs(arp.ea_hdr.ar_op) % 3]++;
		wire->announced = (VrrpAddress){ .family = VRRP_FAMILY_IPV4 };
		memcpy(wire->announced.bytes, arp.arp_spa, 4);
	} else if (from->sll_protocol == htons(ETH_P_IPV6)) {
		take_ipv6(wire, data, size);
	} else if (from->sll_protocol == htons(ETH_P_IP) && size <= sizeof wire->packet &&
		   size > 20 && (data[9] == VRRP_PROTOCOL || data[9] == VRRP_PROTOCOL_AH)) {
		memcpy(wire->packet, data, size);
		wire->packet_size = size;
		g_assert_cmpint(vrrp_packet_parse_ipv4(wire->packet, size, &wire->advert), ==,
				VRRP_REJECT_NONE);
		wire->adverts++;
	}
}

void wire_read(Wire *wire)
{
	guint8 data[2048];

	for (;;) {
		struct sockaddr_ll from = { 0 };
		socklen_t from_size = sizeof from;
		ssize_t n = recvfrom(wire->in, data, sizeof data, 0, (struct sockaddr *)&from,
				     &from_size);

		if (n < 0)
			return;
		take_frame(wire, &from, data, (size_t)n);
	}
}

void wire_send_raw(Wire *wire, const void *packet, size_t size, VrrpAddress destination)
{
	bool ipv6 = destination.family == VRRP_FAMILY_IPV6;
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ipv6 ? ETH_P_IPV6 : ETH_P_IP),
				  .sll_ifindex = wire->index,
				  .sll_halen = ETH_ALEN };

	if (destination.bytes[0] == 0xff)
		memcpy(to.sll_addr, (const guint8[]){ 0x33, 0x33, 0, 0, 0, 0x12 }, ETH_ALEN);
	else if (destination.bytes[0] == 224)
		memcpy(to.sll_addr, (const guint8[]){ 1, 0, 0x5e, 0, 0, 0x12 }, ETH_ALEN);
	else
		memcpy(to.sll_addr, wire->target, ETH_ALEN);
	/* A wire that is unplugged takes packets too, and loses them. */
	if (sendto(wire->out, packet, size, 0, (struct sockaddr *)&to, sizeof to) < 0)
		g_assert_true(errno == ENETDOWN || errno == ENOBUFS);
}

static int wire_encode_ipv6(const VrrpPacketContent *content, guint8 *packet, size_t size)
{
	int length = vrrp_packet_encode_ipv6(content, packet + 40, size - 40);

	g_assert_cmpint(length, >, 0);
	memset(packet, 0, 40);
	packet[0] = 6 << 4;
	packet[4] = (guint8)(length >> 8);
	packet[5] = (guint8)length;
	packet[6] = VRRP_PROTOCOL;
	packet[7] = content->ttl;
	memcpy(packet + 8, content->source.bytes, 16);
	memcpy(packet + 24, content->destination.bytes, 16);
	return length + 40;
}

void wire_send(Wire *wire, const VrrpPacketContent *content)
{
	guint8 packet[VRRP_PACKET_MAX];
	bool ipv6 = content->destination.family == VRRP_FAMILY_IPV6;
	int size = ipv6 ? wire_encode_ipv6(content, packet, sizeof packet)
			: vrrp_packet_encode_ipv4(content, packet, sizeof packet);

	g_assert_cmpint(size, >, 0);
	wire_send_raw(wire, packet, (size_t)size, content->destination);
}

VrrpPacketContent wire_content(const InstanceConfig *config, guint8 priority,
			       VrrpAddress *addresses)
{
	bool ipv6 = config->family == VRRP_FAMILY_IPV6;
	VrrpPacketContent content = {
		.source = host_address(ipv6 ? "fe80::9" : "192.168.120.9"),
		.destination = config->unicast ? host_address(ipv6 ? "fe80::1" : "192.168.120.1")
			       : config->group.family != VRRP_FAMILY_NONE
				       ? config->group
				       : vrrp_group((VrrpFamily)config->family),
		.ttl = 255,
		.version = config->parameters.version,
		.vrid = config->vrid,
		.priority = priority,
		.interval_nsec = config->parameters.interval_nsec,
		.auth = config->auth,
		.unicast = config->unicast,
		.addresses = addresses,
		.address_count = config->advert_count,
	};

	for (guint i = 0; i < config->address_count; i++)
		addresses[i] = config->addresses[i].address;
	memcpy(content.key, config->key, sizeof content.key);
	return content;
}

void wire_advert(Wire *wire, const InstanceConfig *config, guint8 priority)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	VrrpPacketContent content = wire_content(config, priority, addresses);

	wire_send(wire, &content);
}
