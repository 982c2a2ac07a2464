/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Packets in.
 *
 * For each of the protocols 112 and 51 over IPv4, and for 112 over IPv6, there are two raw sockets.
 * The filter of the main one passes what an instance here could want; only its packets reach a
 * state machine, it has a large buffer, and it is read until it is empty before any timer expires:
 * a master must not be declared dead while its adverts wait to be read. The filter of the stray one
 * passes the rest: a foreign VRID, an unknown peer. Those are counted and noted, nothing else, with
 * a small buffer, a small budget and after everything else, so that a busy or hostile segment costs
 * the protocol nothing.
 *
 * A raw socket of IPv6 delivers the message alone. Its addresses, its hop limit and its interface
 * come beside it; a packet without them is not judged. What follows is the same for both families.
 *
 * A packet that is dropped is counted under its reason: on the instance that it was meant for, or
 * on the engine where none could be found. Packets from this host itself are neither.
 */

#include <errno.h>
#include <string.h>

#include <arpa/inet.h>

#include "engine-internal.h"

#define RECEIVE_BUFFER (8 * 1024 * 1024)
#define STRAY_BUFFER   (64 * 1024)

/* --- Judging --------------------------------------------------------------------------------- */

typedef struct Arrival {
	VrrpPacket packet;
	VrrpAddress destination; /* IPv6, beside the message; family 0: not told */
	int hop_limit;           /* -1: not told */
	int32_t interface_index;
	bool stray;
	VrrpTime now; /* when it was read */
	VrrpTime at;  /* when it came, by the kernel's clock: Master_Down_Timer counts from here */
} Arrival;

static void note_reject(Engine *engine, const EngineInstance *instance, const Arrival *arrival,
			VrrpReject reject)
{
	const VrrpPacket *packet = &arrival->packet;
	uint64_t suppressed;
	Note note;

	/* Before the first instance came and after the last one went, adverts of our own peers look
	 * like strangers'. To say so would be wrong, and would silence what is to be said about
	 * them in the next minute. */
	if (reject == VRRP_REJECT_VRID && (engine->instance_count == 0 || engine->stopping))
		return;
	if (!engine_limiter_allow(&engine->reject_limiter,
				  engine_limiter_key(NOTE_REJECT, &packet->source, 0), arrival->now,
				  &suppressed))
		return;
	memset(&note, 0, sizeof note);
	note.type = NOTE_REJECT;
	note.instance_id = instance ? instance->id : 0;
	note.time_nsec = arrival->now.nsec;
	note.address = packet->source;
	note.interface_index = arrival->interface_index;
	note.vrid = packet->vrid;
	note.reject = reject;
	note.number = suppressed;
	tape_push(&engine->exchange->notes, &note);
}

/* @instance is NULL where none was found. */
static void drop(Engine *engine, EngineInstance *instance, const Arrival *arrival,
		 VrrpReject reject)
{
	instance_count(instance ? &instance->shared.counters.rejects[reject]
				: &engine->rejects[reject]);
	note_reject(engine, instance, arrival, reject);
}

static EngineInstance *find_multicast(Engine *engine, const Arrival *arrival)
{
	VrrpTableKey key = vrrp_table_key_multicast((uint32_t)arrival->interface_index,
						    (VrrpFamily)arrival->packet.destination.family,
						    arrival->packet.vrid);

	return vrrp_table_find(&engine->table, &key);
}

static EngineInstance *find_unicast(Engine *engine, const Arrival *arrival)
{
	VrrpTableKey key = vrrp_table_key_unicast(arrival->packet.source, arrival->packet.vrid);

	return vrrp_table_find(&engine->table, &key);
}

/* Whom the packet is for. Where it is for nobody: whom it most likely was meant for, so that the
 * counter is found where one looks for it, or NULL. The reason is NONE where the instance's own
 * rules are to judge. */
static EngineInstance *find(Engine *engine, const Arrival *arrival, VrrpReject *ret_reject)
{
	const VrrpPacket *packet = &arrival->packet;
	bool to_group = vrrp_address_is_multicast(&packet->destination);
	EngineInstance *instance;

	*ret_reject = VRRP_REJECT_NONE;
	instance = to_group ? find_multicast(engine, arrival) : find_unicast(engine, arrival);
	if (instance)
		return instance;
	/* To the group, but the instance is unicast, or the other way round: the rules say
	 * "destination". */
	instance = to_group ? find_unicast(engine, arrival) : find_multicast(engine, arrival);
	if (instance)
		return instance;
	if (to_group || engine->unicast_count[packet->vrid] == 0) {
		*ret_reject = VRRP_REJECT_VRID;
		return NULL;
	}
	*ret_reject = VRRP_REJECT_UNKNOWN_PEER;
	instance = engine->unicast_only[packet->vrid];
	return instance && instance->config->family == packet->destination.family ? instance : NULL;
}

static int peer_index(const InstanceConfig *config, const VrrpAddress *source)
{
	for (uint32_t i = 0; i < config->peer_count; i++)
		if (vrrp_address_compare(&config->peers[i], source) == 0)
			return (int)i;
	return -1;
}

/* A listed peer whose packets come from too far away is a mistake in the settings of one of the
 * two: worth a fault. */
static void note_peer_ttl(Engine *engine, EngineInstance *instance, const Arrival *arrival,
			  bool bad)
{
	int peer = instance->config->unicast ? peer_index(instance->config, &arrival->packet.source)
					     : -1;
	uint32_t before = instance->peers_ttl_bad;

	if (peer < 0)
		return;
	if (bad)
		instance->peers_ttl_bad |= UINT32_C(1) << peer;
	else
		instance->peers_ttl_bad &= ~(UINT32_C(1) << peer);
	if (instance->peers_ttl_bad == before)
		return;
	engine_instance_fault(instance, VRRP_FAULT_PEER_TTL, instance->peers_ttl_bad != 0);
	engine_instance_settle(engine, instance, arrival->now);
}

static VrrpReject check_number(Engine *engine, EngineInstance *instance, const VrrpPacket *packet)
{
	const VrrpFsm *fsm = &instance->fsm;
	/* Who waits for a successor was master a moment ago: a recorded advert must not pass for
	 * one. */
	bool heard = fsm->master_heard || vrrp_fsm_releasing(fsm);
	bool from_master =
		fsm->master_heard && vrrp_address_compare(&packet->source, &fsm->master) == 0;

	if (instance->rules.auth != VRRP_AUTH_AH)
		return VRRP_REJECT_NONE;
	if (!vrrp_replay_check(&instance->replay, packet->ah_number, fsm->state, heard,
			       from_master))
		return VRRP_REJECT_REPLAY;
	vrrp_replay_heard(&instance->replay, packet->ah_number);
	engine_instance_reserve(engine, instance);
	return VRRP_REJECT_NONE;
}

/* --- Accepted packets ------------------------------------------------------------------------ */

static bool list_source_is_new(EngineInstance *instance, const VrrpAddress *source)
{
	unsigned known = instance->list_source_count;

	for (unsigned i = 0; i < known && i < ENGINE_LIST_SOURCES; i++)
		if (vrrp_address_compare(&instance->list_sources[i], source) == 0)
			return false;
	instance->list_sources[known % ENGINE_LIST_SOURCES] = *source;
	instance->list_source_count++;
	return true;
}

/* Never a reason to drop (design rule 6): counted, and said once for each sender. */
static void compare_lists(Engine *engine, EngineInstance *instance, const Arrival *arrival)
{
	const VrrpPacket *packet = &arrival->packet;
	bool same = packet->count == instance->config->advert_count &&
		    engine_instance_list_fingerprint(packet->addresses, packet->count,
						     vrrp_address_size(packet->source)) ==
			    instance->list_fingerprint;

	/* An IPv6 list has to begin with a link-local address (RFC 9568 5.2.9). Counted; a list
	 * that is ours is not another one. */
	if (same && vrrp_packet_leads_link_local(packet))
		return;
	instance_count(&instance->shared.counters.counters[COUNTER_ADDRESS_LIST_ERRORS]);
	if (!same && list_source_is_new(instance, &packet->source))
		engine_note_instance(engine, instance, NOTE_ADDRESS_LIST, &packet->source, 0,
				     arrival->now);
}

static void remember_peer(EngineInstance *instance, const Arrival *arrival)
{
	int peer = peer_index(instance->config, &arrival->packet.source);

	if (peer < 0)
		return;
	instance->peer_priority[peer] = arrival->packet.priority;
	atomic_store_explicit(&instance->shared.counters.peer_last_heard_nsec[peer],
			      arrival->now.nsec, memory_order_relaxed);
}

/* An instance's time never runs backwards: what it did after the packet came, but before it was
 * read, stays done. */
static VrrpTime step_time(const EngineInstance *instance, const Arrival *arrival)
{
	return arrival->at.nsec > instance->stepped_at.nsec ? arrival->at : instance->stepped_at;
}

static void accept_advert(Engine *engine, EngineInstance *instance, const Arrival *arrival)
{
	const VrrpPacket *packet = &arrival->packet;
	InstanceCounters *counters = &instance->shared.counters;

	instance_count(&counters->counters[COUNTER_ADVERTS_RECEIVED]);
	if (packet->priority == 0)
		instance_count(&counters->counters[COUNTER_PRIORITY_ZERO_RECEIVED]);
	engine_foreign_heard(&instance->foreign, &packet->source, packet->priority, arrival->now);
	compare_lists(engine, instance, arrival);
	if (instance->config->checksum == VRRP_CHECKSUM_AUTO && packet->version == 3 &&
	    packet->checksum_form != VRRP_CHECKSUM_AUTO)
		instance->checksum_form = packet->checksum_form;
	if (instance->config->unicast) {
		remember_peer(instance, arrival);
		note_peer_ttl(engine, instance, arrival, false);
	}
	engine_instance_step(engine, instance,
			     &(VrrpEvent){ .type = VRRP_EVENT_ADVERT,
					   .advert = { .source = packet->source,
						       .priority = packet->priority,
						       .interval_nsec = packet->interval_nsec } },
			     step_time(instance, arrival));
}

static void take(Engine *engine, Arrival *arrival, VrrpReject parsed)
{
	EngineInstance *instance;
	VrrpReject reject;

	if (arrival->stray && engine->unfiltered)
		return;
	if (arrival->packet.source.family != VRRP_FAMILY_NONE &&
	    engine_links_own(&engine->links, &arrival->packet.source))
		return;
	if (parsed != VRRP_REJECT_NONE) {
		drop(engine, NULL, arrival, parsed);
		return;
	}
	instance = find(engine, arrival, &reject);
	if (reject == VRRP_REJECT_NONE)
		reject = vrrp_packet_check(&arrival->packet, &instance->rules);
	if (reject == VRRP_REJECT_TTL)
		note_peer_ttl(engine, instance, arrival, true);
	/* A stray that is good after all came while the filters changed; the main socket has it
	 * too. */
	if (reject == VRRP_REJECT_NONE && arrival->stray)
		return;
	if (reject == VRRP_REJECT_NONE)
		reject = check_number(engine, instance, &arrival->packet);
	if (reject == VRRP_REJECT_NONE)
		accept_advert(engine, instance, arrival);
	else
		drop(engine, instance, arrival, reject);
}

/* --- Reading --------------------------------------------------------------------------------- */

static void count_overflow(Engine *engine, EngineSocket *socket, uint32_t overflows, VrrpTime now)
{
	uint64_t suppressed;
	Note note;

	if (overflows == socket->overflows)
		return;
	engine->lost_packets += overflows - socket->overflows;
	socket->overflows = overflows;
	if (socket->stray ||
	    !engine_limiter_allow(&engine->limiter, engine_limiter_key(NOTE_OVERRUN, NULL, 1), now,
				  &suppressed))
		return;
	memset(&note, 0, sizeof note);
	note.type = NOTE_OVERRUN;
	note.time_nsec = now.nsec;
	note.error = 1;
	note.number = engine->lost_packets;
	engine->lost_packets = 0;
	tape_push(&engine->exchange->notes, &note);
}

static int64_t timespec_nsec(const struct timespec *time)
{
	return (int64_t)time->tv_sec * (int64_t)VRRP_NSEC_PER_SECOND + time->tv_nsec;
}

static void read_control_ipv6(const struct cmsghdr *c, Arrival *arrival)
{
	struct in6_pktinfo info;

	if (c->cmsg_type == IPV6_PKTINFO) {
		memcpy(&info, CMSG_DATA(c), sizeof info);
		arrival->interface_index = (int32_t)info.ipi6_ifindex;
		arrival->destination.family = VRRP_FAMILY_IPV6;
		memcpy(arrival->destination.bytes, &info.ipi6_addr, 16);
	} else if (c->cmsg_type == IPV6_HOPLIMIT) {
		memcpy(&arrival->hop_limit, CMSG_DATA(c), sizeof arrival->hop_limit);
	}
}

static void read_control(Engine *engine, EngineSocket *socket, struct msghdr *message,
			 int64_t real_nsec, Arrival *arrival)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == IPPROTO_IPV6) {
			read_control_ipv6(c, arrival);
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			struct in_pktinfo info;

			memcpy(&info, CMSG_DATA(c), sizeof info);
			arrival->interface_index = info.ipi_ifindex;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			uint32_t overflows;

			memcpy(&overflows, CMSG_DATA(c), sizeof overflows);
			count_overflow(engine, socket, overflows, arrival->now);
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_TIMESTAMPNS) {
			struct timespec stamp;

			memcpy(&stamp, CMSG_DATA(c), sizeof stamp);
			arrival->at =
				engine_stamp_time(timespec_nsec(&stamp), real_nsec, arrival->now);
		}
	}
}

static VrrpReject parse(const EngineReceive *receive, unsigned i, Arrival *arrival)
{
	const struct mmsghdr *message = &receive->messages[i];
	VrrpAddress source = { .family = VRRP_FAMILY_IPV6 };

	if (!message->msg_hdr.msg_name)
		return vrrp_packet_parse_ipv4(receive->buffers[i], message->msg_len,
					      &arrival->packet);
	/* Truncated control data, which the kernel has room for, would be a mistake of ours. */
	if (arrival->destination.family == VRRP_FAMILY_NONE || arrival->hop_limit < 0)
		return VRRP_REJECT_IP_HEADER;
	memcpy(source.bytes, &receive->sources[i].sin6_addr, 16);
	return vrrp_packet_parse_ipv6(receive->buffers[i], message->msg_len, &source,
				      &arrival->destination, (uint8_t)arrival->hop_limit,
				      &arrival->packet);
}

/* Reads one batch of at most @limit. Returns how many packets there were. */
static unsigned read_batch(Engine *engine, EngineSocket *socket, unsigned limit, VrrpTime *ret_now)
{
	EngineReceive *receive = &engine->receive;
	bool ipv6 = socket->family == VRRP_FAMILY_IPV6;
	struct timespec real;
	int count;

	for (unsigned i = 0; i < limit; i++)
		receive->messages[i].msg_hdr = (struct msghdr){
			.msg_name = ipv6 ? &receive->sources[i] : NULL,
			.msg_namelen = ipv6 ? sizeof receive->sources[i] : 0,
			.msg_iov = &receive->vectors[i],
			.msg_iovlen = 1,
			.msg_control = receive->control[i],
			.msg_controllen = sizeof receive->control[i],
		};
	count = recvmmsg(socket->fd, receive->messages, limit, MSG_DONTWAIT, NULL);
	*ret_now = engine_now();
	(void)clock_gettime(CLOCK_REALTIME, &real);
	for (int i = 0; i < count; i++) {
		Arrival arrival = {
			.stray = socket->stray, .hop_limit = -1, .now = *ret_now, .at = *ret_now
		};

		read_control(engine, socket, &receive->messages[i].msg_hdr, timespec_nsec(&real),
			     &arrival);
		take(engine, &arrival, parse(receive, (unsigned)i, &arrival));
	}
	return count > 0 ? (unsigned)count : 0;
}

static VrrpTime drain_socket(Engine *engine, EngineSocket *socket)
{
	VrrpTime now = { 0 };

	socket->ready = false;
	for (unsigned batch = 0; batch < ENGINE_RECEIVE_BUDGET; batch++)
		if (read_batch(engine, socket, ENGINE_RECEIVE_BATCH, &now) < ENGINE_RECEIVE_BATCH)
			break;
	return now;
}

VrrpTime engine_receive_drain(Engine *engine, bool all)
{
	VrrpTime now = engine_now();

	for (unsigned i = ENGINE_SOCKET_VRRP; i < ENGINE_SOCKET_STRAY_VRRP; i++)
		if (engine->sockets[i].fd >= 0 && (all || engine->sockets[i].ready))
			now = drain_socket(engine, &engine->sockets[i]);
	return now;
}

/* Read-ability is told once (EPOLLONESHOT); while more than the budget waits, the kernel's small
 * buffer may overflow, and what does not fit is not counted. */
void engine_receive_strays(Engine *engine, VrrpTime now)
{
	bool more = false;
	VrrpTime read_at;

	if (!vrrp_time_reached(engine->stray_at, now))
		return;
	for (unsigned i = ENGINE_SOCKET_STRAY_VRRP; i < _ENGINE_SOCKET_MAX; i++) {
		EngineSocket *socket = &engine->sockets[i];

		if (!socket->ready)
			continue;
		if (read_batch(engine, socket, ENGINE_STRAY_BUDGET, &read_at) ==
		    ENGINE_STRAY_BUDGET) {
			more = true;
			continue;
		}
		socket->ready = false;
		engine_watch_stray(engine, socket);
	}
	engine->stray_at = more ? vrrp_time_add(now, ENGINE_STRAY_PAUSE_NSEC) : (VrrpTime){ 0 };
}

/* What comes beside the packet: its interface, and for IPv6 what was in its header. The checksum of
 * IPv6 is the core's matter too (IPV6_CHECKSUM is off unless set). */
static int ask_for_header(const EngineSocket *s)
{
	int r, one = 1;

	if (s->family == VRRP_FAMILY_IPV4) {
		r = setsockopt(s->fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one);
	} else {
		r = setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one);
		if (r == 0)
			r = setsockopt(s->fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof one);
	}
	return r;
}

static int open_socket(EngineSocket *s)
{
	int one = 1, size = s->stray ? STRAY_BUFFER : RECEIVE_BUFFER;
	int family = s->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET;

	s->fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, s->protocol);
	if (s->fd < 0)
		/* A kernel without IPv6 has no IPv6 addresses, and its instances say so. */
		return family == AF_INET6 && errno == EAFNOSUPPORT ? 0 : -errno;
	if (ask_for_header(s) < 0 ||
	    setsockopt(s->fd, SOL_SOCKET, SO_RXQ_OVFL, &one, sizeof one) < 0 ||
	    setsockopt(s->fd, SOL_SOCKET, SO_TIMESTAMPNS, &one, sizeof one) < 0)
		return -errno;
	/* Without CAP_NET_ADMIN as much as net.core.rmem_max allows. */
	if (setsockopt(s->fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0)
		(void)setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	return 0;
}

int engine_receive_open(Engine *engine)
{
	EngineReceive *receive = &engine->receive;

	for (unsigned i = 0; i < _ENGINE_SOCKET_MAX; i++) {
		EngineSocket *socket = &engine->sockets[i];
		int r;

		socket->protocol = i == ENGINE_SOCKET_AH || i == ENGINE_SOCKET_STRAY_AH
					   ? VRRP_PROTOCOL_AH
					   : VRRP_PROTOCOL;
		socket->family = i == ENGINE_SOCKET_VRRP_IPV6 || i == ENGINE_SOCKET_STRAY_VRRP_IPV6
					 ? VRRP_FAMILY_IPV6
					 : VRRP_FAMILY_IPV4;
		socket->stray = i >= ENGINE_SOCKET_STRAY_VRRP;
		r = open_socket(socket);
		if (r < 0)
			return r;
	}
	for (unsigned i = 0; i < ENGINE_RECEIVE_BATCH; i++)
		receive->vectors[i] = (struct iovec){ .iov_base = receive->buffers[i],
						      .iov_len = sizeof receive->buffers[i] };
	return 0;
}
