/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Packets out: adverts of IPv4 on a raw socket with the IP header included, those of IPv6 on one
 * where the kernel makes the header from what is said beside the message; announcements on one
 * packet socket. All collect what one turn of the loop yields and send it with one call, because
 * calls and wake-ups cost more than packets; a full batch is sent at once. A packet that the kernel
 * refuses is counted and skipped; the next advert is the retry.
 */

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <linux/pkt_sched.h>
#include <net/ethernet.h>

#include "engine-internal.h"

#define SEND_BUFFER (4 * 1024 * 1024)

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

static void flush_adverts(Engine *engine, EngineSend *send, VrrpTime now)
{
	unsigned done = 0;

	while (done < send->count) {
		int r = sendmmsg(send->fd, send->messages + done, send->count - done, MSG_DONTWAIT);

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

static void add_control(EngineSend *send, unsigned i, int level, int type, const void *data,
			size_t size)
{
	struct msghdr *header = &send->messages[i].msg_hdr;
	struct cmsghdr *c = (struct cmsghdr *)(void *)(send->control[i] + header->msg_controllen);

	header->msg_control = send->control[i];
	header->msg_controllen += CMSG_SPACE(size);
	c->cmsg_level = level;
	c->cmsg_type = type;
	c->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(c), data, size);
}

static void address_message(EngineSend *send, unsigned i, const VrrpAddress *target,
			    int32_t interface_index)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	struct in_pktinfo info = { .ipi_ifindex = interface_index };

	memcpy(&address.sin_addr, target->bytes, 4);
	memcpy(&send->targets[i], &address, sizeof address);
	send->messages[i].msg_hdr.msg_namelen = sizeof address;
	/* Unicast without an interface: the kernel's routes decide. */
	if (interface_index != 0)
		add_control(send, i, IPPROTO_IP, IP_PKTINFO, &info, sizeof info);
}

static void address_message_ipv6(EngineSend *send, unsigned i, const VrrpPacketContent *content,
				 int32_t interface_index)
{
	struct in6_pktinfo info = { .ipi6_ifindex = (unsigned)interface_index };
	int hop_limit = content->ttl;

	send->targets[i] = (struct sockaddr_in6){ .sin6_family = AF_INET6,
						  .sin6_scope_id = (uint32_t)interface_index };
	memcpy(&send->targets[i].sin6_addr, content->destination.bytes, 16);
	memcpy(&info.ipi6_addr, content->source.bytes, 16);
	send->messages[i].msg_hdr.msg_namelen = sizeof send->targets[i];
	add_control(send, i, IPPROTO_IPV6, IPV6_PKTINFO, &info, sizeof info);
	add_control(send, i, IPPROTO_IPV6, IPV6_HOPLIMIT, &hop_limit, sizeof hop_limit);
}

static void queue_advert(Engine *engine, EngineInstance *instance, const VrrpPacketContent *content,
			 bool counts, VrrpTime now)
{
	bool ipv6 = content->destination.family == VRRP_FAMILY_IPV6;
	EngineSend *send = ipv6 ? &engine->send_ipv6 : &engine->send;
	unsigned i;
	int size;

	if (send->count == ENGINE_SEND_BATCH)
		flush_adverts(engine, send, now);
	i = send->count;
	size = ipv6 ? vrrp_packet_encode_ipv6(content, send->buffers[i], sizeof send->buffers[i])
		    : vrrp_packet_encode_ipv4(content, send->buffers[i], sizeof send->buffers[i]);
	if (size < 0) {
		send_failed(engine, instance, size, now);
		return;
	}
	send->vectors[i] = (struct iovec){ .iov_base = send->buffers[i], .iov_len = (size_t)size };
	send->messages[i].msg_hdr = (struct msghdr){ .msg_name = &send->targets[i],
						     .msg_iov = &send->vectors[i],
						     .msg_iovlen = 1 };
	if (ipv6)
		address_message_ipv6(send, i, content, instance->interface_index);
	else
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
		.destination = config->group.family != VRRP_FAMILY_NONE
				       ? config->group
				       : vrrp_group((VrrpFamily)config->family),
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
	bool ipv6 = address->family == VRRP_FAMILY_IPV6;
	uint16_t protocol = ipv6 ? ETHERTYPE_IPV6 : ETHERTYPE_ARP;
	unsigned i;

	if (announce->count == ENGINE_ANNOUNCE_BATCH)
		flush_announcements(engine, now);
	i = announce->count++;
	if (ipv6)
		engine_nd_build(link->mac, address, announce->frames[i]);
	else
		engine_arp_build(link->mac, address, reply, announce->frames[i]);
	announce->vectors[i] = (struct iovec){ .iov_base = announce->frames[i],
					       .iov_len = ipv6 ? ENGINE_ND_SIZE : ENGINE_ARP_SIZE };
	announce->targets[i] = (struct sockaddr_ll){ .sll_family = AF_PACKET,
						     .sll_protocol = htons(protocol),
						     .sll_ifindex = link->index,
						     .sll_halen = ETHER_ADDR_LEN };
	/* Where the frame goes: it begins with that. */
	memcpy(announce->targets[i].sll_addr, announce->frames[i], ETHER_ADDR_LEN);
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

		/* Only links with Ethernet addresses have caches to correct. */
		if (!link || link->mac_length != sizeof link->mac)
			continue;
		queue_announcement(engine, instance, link, &address->address, reply, now);
	}
}

/* --- Both ------------------------------------------------------------------------------------ */

/* Adverts first: they are what other routers wait for. */
void engine_send_flush(Engine *engine, VrrpTime now)
{
	flush_adverts(engine, &engine->send, now);
	flush_adverts(engine, &engine->send_ipv6, now);
	flush_announcements(engine, now);
}

/* Best effort: ahead of the host's other traffic, and more room than for a few hundred adverts. */
static void prefer(int fd)
{
	int size = SEND_BUFFER, priority = TC_PRIO_CONTROL;

	(void)setsockopt(fd, SOL_SOCKET, SO_PRIORITY, &priority, sizeof priority);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
}

/* This one would receive too; a filter that passes nothing keeps its buffer empty. */
static int open_ipv6(EngineSend *send)
{
	struct sock_filter nothing[] = { BPF_STMT(BPF_RET | BPF_K, 0) };
	struct sock_fprog program = { .len = 1, .filter = nothing };
	int zero = 0;

	send->fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, VRRP_PROTOCOL);
	if (send->fd < 0)
		return errno == EAFNOSUPPORT ? 0 : -errno;
	if (setsockopt(send->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0 ||
	    setsockopt(send->fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &zero, sizeof zero) < 0)
		return -errno;
	prefer(send->fd);
	return 0;
}

int engine_send_open(Engine *engine)
{
	int one = 1, zero = 0, size = SEND_BUFFER, r;

	engine->send.fd = socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);
	if (engine->send.fd < 0)
		return -errno;
	if (setsockopt(engine->send.fd, IPPROTO_IP, IP_HDRINCL, &one, sizeof one) < 0 ||
	    setsockopt(engine->send.fd, IPPROTO_IP, IP_MULTICAST_LOOP, &zero, sizeof zero) < 0)
		return -errno;
	prefer(engine->send.fd);
	r = open_ipv6(&engine->send_ipv6);
	if (r < 0)
		return r;

	/* Protocol 0: it receives nothing. */
	engine->announce_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (engine->announce_fd < 0)
		return -errno;
	(void)setsockopt(engine->announce_fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	return 0;
}
