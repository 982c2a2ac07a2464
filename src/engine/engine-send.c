/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Packets out: adverts on one raw socket with the IP header included, announcements on one packet
 * socket. Both collect what one turn of the loop yields and send it with one call, because calls
 * and wake-ups cost more than packets; a full batch is sent at once. A packet that the kernel
 * refuses is counted and skipped; the next advert is the retry.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/pkt_sched.h>
#include <net/ethernet.h>

#include "engine-internal.h"

#define SEND_BUFFER (4 * 1024 * 1024)

static const VrrpAddress group = { .family = VRRP_FAMILY_IPV4, .bytes = { 224, 0, 0, 18 } };

/* --- Adverts --------------------------------------------------------------------------------- */

static void send_failed(Engine *engine, EngineInstance *instance, int error, VrrpTime now)
{
	instance_count(&instance->shared.counters.counters[COUNTER_SEND_ERRORS]);
	engine_note_instance(engine, instance, NOTE_SEND_ERROR, NULL, error, now);
}

static void count_sent(EngineSend *send, unsigned i)
{
	InstanceCounters *counters = &send->owners[i].instance->shared.counters;

	if (!send->owners[i].counts)
		return;
	instance_count(&counters->counters[COUNTER_ADVERTS_SENT]);
	if (send->owners[i].priority == 0)
		instance_count(&counters->counters[COUNTER_PRIORITY_ZERO_SENT]);
}

static void flush_adverts(Engine *engine, VrrpTime now)
{
	EngineSend *send = &engine->send;
	unsigned done = 0;

	while (done < send->count) {
		int r = sendmmsg(engine->send_fd, send->messages + done, send->count - done,
				 MSG_DONTWAIT);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			/* The error is the first packet's; the rest may be fine. */
			send_failed(engine, send->owners[done].instance, -errno, now);
			done++;
			continue;
		}
		for (int i = 0; i < r; i++)
			count_sent(send, done++);
	}
	send->count = 0;
}

static void address_message(EngineSend *send, unsigned i, const VrrpAddress *target,
			    int32_t interface_index)
{
	struct msghdr *header = &send->messages[i].msg_hdr;
	struct in_pktinfo info = { .ipi_ifindex = interface_index };
	struct cmsghdr *c;

	send->targets[i] = (struct sockaddr_in){ .sin_family = AF_INET };
	memcpy(&send->targets[i].sin_addr, target->bytes, 4);
	*header = (struct msghdr){
		.msg_name = &send->targets[i],
		.msg_namelen = sizeof send->targets[i],
		.msg_iov = &send->vectors[i],
		.msg_iovlen = 1,
	};
	if (interface_index == 0)
		return; /* unicast without an interface: the kernel's routes decide */
	header->msg_control = send->control[i];
	header->msg_controllen = sizeof send->control[i];
	c = CMSG_FIRSTHDR(header);
	c->cmsg_level = IPPROTO_IP;
	c->cmsg_type = IP_PKTINFO;
	c->cmsg_len = CMSG_LEN(sizeof info);
	memcpy(CMSG_DATA(c), &info, sizeof info);
}

static void queue_advert(Engine *engine, EngineInstance *instance, const VrrpPacketContent *content,
			 bool counts, VrrpTime now)
{
	EngineSend *send = &engine->send;
	unsigned i;
	int size;

	if (send->count == ENGINE_SEND_BATCH)
		flush_adverts(engine, now);
	i = send->count;
	size = vrrp_packet_encode_ipv4(content, send->buffers[i], sizeof send->buffers[i]);
	if (size < 0) {
		send_failed(engine, instance, size, now);
		return;
	}
	send->vectors[i] = (struct iovec){ .iov_base = send->buffers[i], .iov_len = (size_t)size };
	address_message(send, i, &content->destination, instance->interface_index);
	send->owners[i].instance = instance;
	send->owners[i].priority = content->priority;
	send->owners[i].counts = counts;
	send->count++;
}

/* One number for an advert, to however many peers it goes. Returns false where the numbers are used
 * up. */
static bool next_number(Engine *engine, EngineInstance *instance, uint32_t *ret_number)
{
	uint32_t number = vrrp_replay_next(&instance->replay);

	if (number == 0) {
		engine_instance_fault(instance, VRRP_FAULT_AUTH_NUMBER, true);
		return false;
	}
	engine_instance_reserve(engine, instance);
	*ret_number = number;
	return true;
}

void engine_send_advert(Engine *engine, EngineInstance *instance, uint8_t priority, VrrpTime now)
{
	const InstanceConfig *config = instance->config;
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	VrrpPacketContent content = {
		.source = instance->source,
		.destination = group,
		.ttl = config->ttl,
		.version = config->parameters.version,
		.vrid = config->vrid,
		.priority = priority,
		.interval_nsec = config->parameters.interval_nsec,
		.auth = config->auth,
		.unicast = config->unicast,
		.checksum = instance->checksum_form,
		.addresses = addresses,
		.address_count = config->advert_count,
	};
	bool counts = true;

	if (content.address_count > VRRP_ADDRESSES_MAX)
		content.address_count = VRRP_ADDRESSES_MAX;
	for (size_t i = 0; i < content.address_count; i++)
		addresses[i] = config->addresses[i].address;
	memcpy(content.key, config->key, sizeof content.key);
	if (config->auth == VRRP_AUTH_AH && !next_number(engine, instance, &content.ah_number))
		return;
	if (!config->unicast)
		queue_advert(engine, instance, &content, counts, now);
	for (uint32_t i = 0; config->unicast && i < config->peer_count; i++) {
		/* The same list of peers may be given to all nodes. */
		if (engine_links_own(&engine->links, &config->peers[i]))
			continue;
		content.destination = config->peers[i];
		queue_advert(engine, instance, &content, counts, now);
		counts = false;
	}
	explicit_bzero(content.key, sizeof content.key);
}

/* --- Announcements --------------------------------------------------------------------------- */

static void flush_announcements(Engine *engine, VrrpTime now)
{
	EngineAnnounce *announce = &engine->announce;
	unsigned done = 0;

	while (done < announce->count) {
		int r = sendmmsg(engine->announce_fd, announce->messages + done,
				 announce->count - done, MSG_DONTWAIT);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			send_failed(engine, announce->owners[done], -errno, now);
			done++;
			continue;
		}
		for (int i = 0; i < r; i++)
			instance_count(
				&announce->owners[done++]
					 ->shared.counters.counters[COUNTER_ANNOUNCEMENTS_SENT]);
	}
	announce->count = 0;
}

static void queue_announcement(Engine *engine, EngineInstance *instance, const EngineLink *link,
			       const VrrpAddress *address, bool reply, VrrpTime now)
{
	EngineAnnounce *announce = &engine->announce;
	unsigned i;

	if (announce->count == ENGINE_ANNOUNCE_BATCH)
		flush_announcements(engine, now);
	i = announce->count++;
	engine_arp_build(link->mac, address, reply, announce->frames[i]);
	announce->vectors[i] = (struct iovec){ .iov_base = announce->frames[i],
					       .iov_len = sizeof announce->frames[i] };
	announce->targets[i] = (struct sockaddr_ll){ .sll_family = AF_PACKET,
						     .sll_protocol = htons(ETHERTYPE_ARP),
						     .sll_ifindex = link->index,
						     .sll_halen = ETHER_ADDR_LEN };
	memset(announce->targets[i].sll_addr, 0xff, ETHER_ADDR_LEN);
	announce->messages[i].msg_hdr = (struct msghdr){
		.msg_name = &announce->targets[i],
		.msg_namelen = sizeof announce->targets[i],
		.msg_iov = &announce->vectors[i],
		.msg_iovlen = 1,
	};
	announce->owners[i] = instance;
}

void engine_send_announcements(Engine *engine, EngineInstance *instance, uint8_t round,
			       VrrpTime now)
{
	const InstanceConfig *config = instance->config;
	bool reply = round % 2 == 1;

	for (uint32_t i = 0; i < config->address_count; i++) {
		const VrrpInterfaceAddress *address = &config->addresses[i];
		const char *device =
			address->device[0] != '\0' ? address->device : config->interface;
		EngineLink *link = engine_links_by_name(&engine->links, device);

		/* Only links with Ethernet addresses have ARP caches to correct. */
		if (!link || link->mac_length != sizeof link->mac ||
		    address->address.family != VRRP_FAMILY_IPV4)
			continue;
		queue_announcement(engine, instance, link, &address->address, reply, now);
	}
}

/* --- Both ------------------------------------------------------------------------------------ */

/* Adverts first: they are what other routers wait for. */
void engine_send_flush(Engine *engine, VrrpTime now)
{
	flush_adverts(engine, now);
	flush_announcements(engine, now);
}

int engine_send_open(Engine *engine)
{
	int one = 1, zero = 0, size = SEND_BUFFER, priority = TC_PRIO_CONTROL;

	engine->send_fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (engine->send_fd < 0)
		return -errno;
	if (setsockopt(engine->send_fd, IPPROTO_IP, IP_HDRINCL, &one, sizeof one) < 0 ||
	    setsockopt(engine->send_fd, IPPROTO_IP, IP_MULTICAST_LOOP, &zero, sizeof zero) < 0)
		return -errno;
	/* Best effort: ahead of the host's other traffic, and more room than for a few hundred
	 * adverts. */
	(void)setsockopt(engine->send_fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority);
	(void)setsockopt(engine->send_fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);

	/* Protocol 0: it receives nothing. */
	engine->announce_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (engine->announce_fd < 0)
		return -errno;
	(void)setsockopt(engine->announce_fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	return 0;
}
