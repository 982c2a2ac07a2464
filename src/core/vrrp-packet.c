/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Received packets: first taken apart, then judged by the rules of the instance that they are for.
 * Every way to be wrong has a reason of its own, and the first one in a fixed order is given. The
 * bytes are a stranger's: nothing is read before its length was checked, and nothing is believed
 * that the caller's rules do not demand. The IP header's own checksum is the kernel's business,
 * which verifies it before a raw socket sees the packet. Nothing here may change what it was given
 * or remember anything from one packet to the next.
 */

#include <string.h>

#include "vrrp-auth.h"
#include "vrrp-packet.h"
#include "vrrp-time.h"

enum {
	IPV4_HEADER_SIZE = 20,
	IPV4_MORE_FRAGMENTS_AND_OFFSET = 0x3fff,
	HEADER_SIZE = 8,        /* of the message, both versions */
	AUTH_DATA_SIZE = 8,     /* at the end of a version 2 message */
	HMAC_TRAILER_SIZE = 28, /* keepalived 2.4's auth_hmac */
	AH_NEXT_HEADER = 0,
	AH_LENGTH = 1,
	AH_LENGTH_WORDS = VRRP_AH_SIZE / 4 - 2, /* RFC 2402 2.2 */
	AH_SPI = 4,
	AH_NUMBER = 8,
	AH_ICV = 12,
	TYPE_ADVERTISEMENT = 1,
};

static uint16_t get_be16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static uint32_t get_be32(const uint8_t *p)
{
	return (uint32_t)get_be16(p) << 16 | get_be16(p + 2);
}

/* --- Checksums ------------------------------------------------------------------------------- */

static uint64_t sum_words(uint64_t sum, const uint8_t *data, size_t size)
{
	for (; size > 1; data += 2, size -= 2)
		sum += get_be16(data);
	if (size > 0)
		sum += (uint64_t)data[0] << 8;
	return sum;
}

uint16_t vrrp_packet_checksum(uint32_t sum, const uint8_t *data, size_t size)
{
	uint64_t total = sum_words(sum, data, size);

	while (total >> 16)
		total = (total & 0xffff) + (total >> 16);
	return (uint16_t)~total;
}

uint32_t vrrp_packet_pseudo_header_sum(const VrrpAddress *source, const VrrpAddress *destination,
				       size_t message_length)
{
	uint64_t sum = sum_words(0, source->bytes, vrrp_address_size(*source));

	sum = sum_words(sum, destination->bytes, vrrp_address_size(*destination));
	return (uint32_t)(sum + VRRP_PROTOCOL + message_length);
}

/* --- Parsing --------------------------------------------------------------------------------- */

static VrrpAddress address_from(VrrpFamily family, const uint8_t *bytes)
{
	VrrpAddress address = { .family = (uint8_t)family };

	memcpy(address.bytes, bytes, vrrp_address_size(address));
	return address;
}

static VrrpReject parse_message(VrrpPacket *packet, const uint8_t *data, size_t size)
{
	if (size < HEADER_SIZE)
		return VRRP_REJECT_TRUNCATED;
	packet->message = data;
	packet->message_length = size;
	packet->version = data[0] >> 4;
	packet->type = data[0] & 0xf;
	packet->vrid = data[1];
	packet->priority = data[2];
	packet->count = data[3];
	if (packet->version == 2) {
		packet->auth_type = data[4];
		packet->interval_nsec = data[5] * VRRP_NSEC_PER_SECOND;
	} else if (packet->version == 3) {
		/* The four bits before it are reserved and ignored (RFC 9568 5.2.6). */
		packet->interval_nsec = (get_be16(data + 4) & 0xfffu) * VRRP_NSEC_PER_CENTI;
	}
	return VRRP_REJECT_NONE;
}

/* The reserved field is ignored, though it is part of what the ICV covers. */
static VrrpReject parse_auth_header(VrrpPacket *packet, const uint8_t *data, size_t size)
{
	if (size < VRRP_AH_SIZE || data[AH_NEXT_HEADER] != VRRP_PROTOCOL ||
	    data[AH_LENGTH] != AH_LENGTH_WORDS)
		return VRRP_REJECT_AUTH_HEADER;
	packet->ah = data;
	packet->ah_spi = get_be32(data + AH_SPI);
	packet->ah_number = get_be32(data + AH_NUMBER);
	return parse_message(packet, data + VRRP_AH_SIZE, size - VRRP_AH_SIZE);
}

VrrpReject vrrp_packet_parse_ipv4(const uint8_t *data, size_t size, VrrpPacket *ret)
{
	size_t header_length, total_length;

	*ret = (VrrpPacket){ 0 };
	if (size < IPV4_HEADER_SIZE || data[0] >> 4 != 4)
		return VRRP_REJECT_IP_HEADER;
	ret->ttl = data[8];
	ret->source = address_from(VRRP_FAMILY_IPV4, data + 12);
	ret->destination = address_from(VRRP_FAMILY_IPV4, data + 16);

	header_length = (data[0] & 0xfu) * 4u;
	total_length = get_be16(data + 2); /* what follows it is padding of the link */
	if (header_length < IPV4_HEADER_SIZE || header_length > total_length || total_length > size)
		return VRRP_REJECT_IP_HEADER;
	/* The kernel puts fragments together; one that comes through is none of ours. */
	if (get_be16(data + 6) & IPV4_MORE_FRAGMENTS_AND_OFFSET)
		return VRRP_REJECT_IP_HEADER;

	ret->protocol = data[9];
	ret->ip = data;
	ret->ip_header_length = header_length;
	switch (ret->protocol) {
	case VRRP_PROTOCOL:
		return parse_message(ret, data + header_length, total_length - header_length);
	case VRRP_PROTOCOL_AH:
		return parse_auth_header(ret, data + header_length, total_length - header_length);
	default:
		return VRRP_REJECT_IP_HEADER;
	}
}

VrrpReject vrrp_packet_parse_ipv6(const uint8_t *message, size_t size, const VrrpAddress *source,
				  const VrrpAddress *destination, uint8_t hop_limit,
				  VrrpPacket *ret)
{
	*ret = (VrrpPacket){
		.source = *source,
		.destination = *destination,
		.ttl = hop_limit,
		.protocol = VRRP_PROTOCOL,
	};
	return parse_message(ret, message, size);
}

/* --- Judging --------------------------------------------------------------------------------- */

/* Not for one host alone: multicast, and IPv4's broadcast with it. */
static bool is_for_many(const VrrpAddress *address)
{
	return vrrp_address_is_multicast(address) ||
	       (address->family == VRRP_FAMILY_IPV4 && address->bytes[0] >= 0xe0);
}

static bool is_group(const VrrpPacketRules *rules, const VrrpAddress *address)
{
	VrrpAddress group = rules->group;

	if (group.family == VRRP_FAMILY_NONE)
		group = vrrp_group(rules->family);
	return vrrp_address_compare(address, &group) == 0;
}

static bool is_peer(const VrrpPacketRules *rules, const VrrpAddress *source)
{
	for (size_t i = 0; i < rules->peer_count; i++)
		if (rules->peers[i].family == source->family &&
		    vrrp_address_compare(&rules->peers[i], source) == 0)
			return true;
	return false;
}

static VrrpReject check_way(const VrrpPacket *packet, const VrrpPacketRules *rules)
{
	if (packet->source.family != rules->family || packet->destination.family != rules->family)
		return VRRP_REJECT_DESTINATION;
	if (rules->unicast ? is_for_many(&packet->destination)
			   : !is_group(rules, &packet->destination))
		return VRRP_REJECT_DESTINATION;
	if (rules->unicast && !is_peer(rules, &packet->source))
		return VRRP_REJECT_UNKNOWN_PEER;
	if (packet->ttl < rules->minimum_ttl) /* R1 */
		return VRRP_REJECT_TTL;
	return VRRP_REJECT_NONE;
}

/* Exact, which is stricter than R4: what follows an advert is not part of it, and could only
 * mislead. */
static VrrpReject check_length(const VrrpPacket *packet)
{
	size_t expected = HEADER_SIZE + packet->count * vrrp_address_size(packet->source);

	if (packet->version == 2)
		expected += AUTH_DATA_SIZE;
	if (packet->message_length == expected)
		return VRRP_REJECT_NONE;
	return packet->message_length == expected + HMAC_TRAILER_SIZE ? VRRP_REJECT_HMAC_TRAILER
								      : VRRP_REJECT_LENGTH;
}

/* What the packet says about itself must be what the instance was told to demand (R14): an AH
 * before a message that does not speak of one, or the other way round, is a mismatch as well. */
static bool auth_type_matches(const VrrpPacket *packet, VrrpAuth demanded)
{
	return packet->auth_type == demanded &&
	       (packet->protocol == VRRP_PROTOCOL_AH) == (demanded == VRRP_AUTH_AH);
}

static bool find_checksum_form(VrrpPacket *packet)
{
	const uint8_t *data = packet->message;
	size_t length = packet->message_length;

	packet->checksum_form = VRRP_CHECKSUM_AUTO;
	if (packet->version == 2)
		return vrrp_packet_checksum(0, data, length) == 0;
	if (vrrp_packet_checksum(vrrp_packet_pseudo_header_sum(&packet->source,
							       &packet->destination, length),
				 data, length) == 0)
		packet->checksum_form = VRRP_CHECKSUM_PSEUDO_HEADER;
	else if (packet->source.family == VRRP_FAMILY_IPV4 &&
		 vrrp_packet_checksum(0, data, length) == 0)
		packet->checksum_form = VRRP_CHECKSUM_MESSAGE_ONLY;
	return packet->checksum_form != VRRP_CHECKSUM_AUTO;
}

static VrrpReject check_message(VrrpPacket *packet, const VrrpPacketRules *rules)
{
	VrrpReject reject;

	/* R2; version 2 is not there over IPv6, whatever the rules say. */
	if (packet->version != rules->version ||
	    (packet->version == 2 && packet->source.family == VRRP_FAMILY_IPV6))
		return VRRP_REJECT_VERSION;
	if (packet->type != TYPE_ADVERTISEMENT) /* R3 */
		return VRRP_REJECT_TYPE;
	if (packet->vrid != rules->vrid) /* R6 */
		return VRRP_REJECT_VRID;
	reject = check_length(packet); /* R4 */
	if (reject != VRRP_REJECT_NONE)
		return reject;
	if (!auth_type_matches(packet, rules->auth)) /* R14 */
		return VRRP_REJECT_AUTH_TYPE;
	if (!find_checksum_form(packet)) /* R5 */
		return VRRP_REJECT_CHECKSUM;
	if (packet->count == 0) /* R7 */
		return VRRP_REJECT_COUNT_ZERO;
	if (packet->interval_nsec == 0) /* R8 */
		return VRRP_REJECT_INTERVAL_ZERO;
	if (packet->version == 2 && packet->interval_nsec != rules->interval_nsec) /* R12 */
		return VRRP_REJECT_INTERVAL;
	packet->addresses = packet->message + HEADER_SIZE;
	return VRRP_REJECT_NONE;
}

static VrrpReject check_auth_header(const VrrpPacket *packet, const VrrpPacketRules *rules)
{
	uint8_t icv[VRRP_ICV_SIZE];

	vrrp_auth_icv(rules->key, rules->unicast, packet->ip, packet->ip_header_length, packet->ah,
		      packet->message, packet->message_length, icv);
	if (!vrrp_auth_equal(icv, packet->ah + AH_ICV, sizeof icv))
		return VRRP_REJECT_AUTH_KEY;
	/* Signed, but for somebody else. */
	return packet->ah_spi == get_be32(packet->source.bytes) ? VRRP_REJECT_NONE
								: VRRP_REJECT_AUTH_HEADER;
}

static VrrpReject check_key(const VrrpPacket *packet, const VrrpPacketRules *rules)
{
	const uint8_t *data;

	switch (rules->auth) {
	case VRRP_AUTH_NONE:
		return VRRP_REJECT_NONE;
	case VRRP_AUTH_PASS:
		data = packet->message + packet->message_length - AUTH_DATA_SIZE;
		return vrrp_auth_equal(data, rules->key, AUTH_DATA_SIZE) ? VRRP_REJECT_NONE
									 : VRRP_REJECT_AUTH_KEY;
	case VRRP_AUTH_AH:
		return check_auth_header(packet, rules);
	}
	return VRRP_REJECT_AUTH_TYPE;
}

VrrpReject vrrp_packet_check(VrrpPacket *packet, const VrrpPacketRules *rules)
{
	VrrpReject reject = check_way(packet, rules);

	if (reject == VRRP_REJECT_NONE)
		reject = check_message(packet, rules);
	if (reject == VRRP_REJECT_NONE)
		reject = check_key(packet, rules);
	if (reject == VRRP_REJECT_NONE && rules->version == 2 && rules->priority == 255) /* R11 */
		reject = VRRP_REJECT_OWNER;
	return reject;
}

static bool is_address(const VrrpAddress *address, VrrpFamily family, const uint8_t *bytes)
{
	return address->family == family &&
	       memcmp(address->bytes, bytes, vrrp_address_size(*address)) == 0;
}

bool vrrp_packet_same_addresses(const VrrpPacket *packet, const VrrpAddress *addresses,
				size_t count)
{
	VrrpFamily family = packet->source.family;
	size_t size = vrrp_address_size(packet->source);
	bool matched[VRRP_ADDRESSES_MAX] = { false };

	if (count != packet->count)
		return false;
	for (size_t i = 0; i < count; i++) {
		const uint8_t *bytes = packet->addresses + i * size;
		size_t tried = 0, j = i; /* almost always the order is the same */

		while (tried < count && (matched[j] || !is_address(&addresses[j], family, bytes))) {
			j = (j + 1) % count;
			tried++;
		}
		if (tried == count)
			return false;
		matched[j] = true;
	}
	return true;
}

bool vrrp_packet_leads_link_local(const VrrpPacket *packet)
{
	VrrpAddress first;

	if (packet->source.family != VRRP_FAMILY_IPV6)
		return true;
	first = address_from(VRRP_FAMILY_IPV6, packet->addresses);
	return vrrp_address_is_link_local(&first);
}
