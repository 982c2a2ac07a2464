/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Any bytes as a packet from the wire, over IPv6 where they begin with its header, judged by the
 * rules of many instances; the same bytes once more with checksum and signature made right, since
 * no fuzzer guesses those; and any bytes as an advert to send, which must come back as it was. What
 * is accepted must make sense: the target aborts where it does not.
 */

#include <stdlib.h>
#include <string.h>

#include "core/vrrp-auth.h"
#include "core/vrrp-packet.h"
#include "core/vrrp-time.h"

enum {
	IPV6_HEADER = 40, /* ours only: the kernel keeps it, and says what was in it */
	IPV6_HOP_LIMIT = 7,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
};

static const uint8_t key[VRRP_KEY_SIZE] = "secret";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool is_ipv6(const uint8_t *data, size_t size)
{
	return size >= IPV6_HEADER && data[0] >> 4 == 6;
}

static VrrpAddress ipv6_at(const uint8_t *bytes)
{
	VrrpAddress address = { .family = VRRP_FAMILY_IPV6 };

	memcpy(address.bytes, bytes, 16);
	return address;
}

static VrrpReject parse(const uint8_t *data, size_t size, VrrpPacket *packet)
{
	VrrpAddress source, destination;

	if (!is_ipv6(data, size))
		return vrrp_packet_parse_ipv4(data, size, packet);
	source = ipv6_at(data + IPV6_SOURCE);
	destination = ipv6_at(data + IPV6_DESTINATION);
	return vrrp_packet_parse_ipv6(data + IPV6_HEADER, size - IPV6_HEADER, &source, &destination,
				      data[IPV6_HOP_LIMIT], packet);
}

static bool inside(const uint8_t *data, size_t size, const uint8_t *part, size_t part_size)
{
	return part >= data && part + part_size <= data + size;
}

static void require_sense(const uint8_t *data, size_t size, const VrrpPacket *packet,
			  const VrrpPacketRules *rules)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	size_t address_size = vrrp_address_size(packet->source);

	require(packet->version == rules->version && packet->type == 1);
	require(packet->vrid == rules->vrid && packet->count > 0);
	require(packet->interval_nsec >= VRRP_NSEC_PER_CENTI);
	require(packet->interval_nsec <= 255 * VRRP_NSEC_PER_SECOND);
	require(packet->ttl >= rules->minimum_ttl);
	require(packet->source.family == rules->family);
	require((packet->ip == NULL) == (rules->family == VRRP_FAMILY_IPV6));
	require(!packet->ip || inside(data, size, packet->ip, packet->ip_header_length));
	require(packet->version == 3 || rules->family == VRRP_FAMILY_IPV4);
	require(inside(data, size, packet->message, packet->message_length));
	require(inside(packet->message, packet->message_length, packet->addresses,
		       packet->count * address_size));
	require((packet->ah != NULL) == (rules->auth == VRRP_AUTH_AH));
	require((packet->checksum_form == VRRP_CHECKSUM_AUTO) == (packet->version == 2));
	for (unsigned i = 0; i < packet->count; i++) {
		addresses[i] = (VrrpAddress){ .family = rules->family };
		memcpy(addresses[i].bytes, packet->addresses + address_size * i, address_size);
	}
	require(vrrp_packet_leads_link_local(packet) ==
		(rules->family == VRRP_FAMILY_IPV4 || vrrp_address_is_link_local(&addresses[0])));
	require(vrrp_packet_same_addresses(packet, addresses, packet->count));
}

/* By the rules of every kind of instance that the packet could be for. */
static void judge(const uint8_t *data, size_t size)
{
	VrrpPacket packet;
	VrrpReject reject = parse(data, size, &packet);
	VrrpPacketRules rules = { .family = packet.source.family,
				  .vrid = packet.vrid,
				  .peers = &packet.source,
				  .peer_count = 1,
				  .interval_nsec = packet.interval_nsec };

	if (reject != VRRP_REJECT_NONE) {
		require(!packet.message && !packet.addresses);
		return;
	}
	memcpy(rules.key, key, sizeof key);
	for (unsigned kind = 0; kind < 2 * 3 * 2 * 2; kind++) {
		VrrpPacket judged = packet;

		rules.version = kind % 2 == 0 ? 2 : 3;
		rules.auth = (VrrpAuth)(kind / 2 % 3);
		rules.unicast = kind / 6 % 2;
		rules.priority = kind / 12 ? 255 : 100;
		rules.minimum_ttl = rules.unicast ? 1 : 255;
		if (vrrp_packet_check(&judged, &rules) != VRRP_REJECT_NONE)
			continue;
		require_sense(data, size, &judged, &rules);
	}
}

/* Makes right what no fuzzer finds by itself. */
static void seal(uint8_t *data, size_t size)
{
	VrrpPacket packet;
	uint8_t *message, *ah;
	uint32_t pseudo = 0;
	uint16_t sum;

	if (parse(data, size, &packet) != VRRP_REJECT_NONE)
		return;
	message = data + (packet.message - data);
	message[6] = message[7] = 0;
	if (packet.source.family == VRRP_FAMILY_IPV6)
		pseudo = vrrp_packet_pseudo_header_sum(&packet.source, &packet.destination,
						       packet.message_length);
	sum = vrrp_packet_checksum(pseudo, message, packet.message_length);
	message[6] = (uint8_t)(sum >> 8);
	message[7] = (uint8_t)sum;
	if (!packet.ah)
		return;
	ah = data + (packet.ah - data);
	memcpy(ah + 4, packet.source.bytes, 4);
	vrrp_auth_icv(key, packet.destination.bytes[0] < 0xe0, packet.ip, packet.ip_header_length,
		      ah, message, packet.message_length, ah + 12);
}

/* Four bytes make an address of either family. */
static VrrpAddress address_of(VrrpFamily family, const uint8_t *bytes)
{
	VrrpAddress address = { .family = (uint8_t)family };

	memcpy(address.bytes, bytes, 4);
	if (family == VRRP_FAMILY_IPV6)
		memcpy(address.bytes + 12, bytes, 4);
	return address;
}

static VrrpAddress destination_of(VrrpFamily family, bool unicast)
{
	if (!unicast)
		return vrrp_group(family);
	return address_of(family, (const uint8_t *)"\x0a\x00\x00\x01");
}

/* Over IPv6 with a header like that of the wire before the message. */
static int encode(const VrrpPacketContent *content, VrrpFamily family, uint8_t *buffer, size_t size)
{
	int length;

	if (family == VRRP_FAMILY_IPV4)
		return vrrp_packet_encode_ipv4(content, buffer, size);
	length = vrrp_packet_encode_ipv6(content, buffer + IPV6_HEADER, size - IPV6_HEADER);
	if (length < 0)
		return length;
	memset(buffer, 0, IPV6_HEADER);
	buffer[0] = 6 << 4;
	buffer[IPV6_HOP_LIMIT] = content->ttl;
	memcpy(buffer + IPV6_SOURCE, content->source.bytes, 16);
	memcpy(buffer + IPV6_DESTINATION, content->destination.bytes, 16);
	return IPV6_HEADER + length;
}

/* What was encoded is accepted, and says the same. */
static void require_same(const VrrpPacketContent *content, VrrpFamily family, const uint8_t *buffer,
			 size_t length)
{
	VrrpPacketRules rules = { .family = (uint8_t)family,
				  .version = content->version,
				  .auth = content->auth,
				  .unicast = content->unicast,
				  .vrid = content->vrid,
				  .priority = 100,
				  .minimum_ttl = 255,
				  .interval_nsec = content->interval_nsec,
				  .peers = &content->source,
				  .peer_count = 1 };
	VrrpPacket packet;

	memcpy(rules.key, content->key, sizeof rules.key);
	require(parse(buffer, length, &packet) == VRRP_REJECT_NONE);
	require(vrrp_packet_check(&packet, &rules) == VRRP_REJECT_NONE);
	require_sense(buffer, length, &packet, &rules);
	require(packet.priority == content->priority);
	require(packet.interval_nsec == content->interval_nsec);
	require(vrrp_packet_same_addresses(&packet, content->addresses, content->address_count));
	require(content->auth != VRRP_AUTH_AH || packet.ah_number == content->ah_number);
}

/* The bytes as the fields of an advert. */
static void round_trip(const uint8_t *data, size_t size)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX + 1] = { 0 };
	uint8_t buffer[VRRP_PACKET_MAX];
	VrrpPacketContent content = { .addresses = addresses, .ttl = 255 };
	VrrpFamily family;
	int length;

	if (size < 20)
		return;
	family = data[0] >> 7 ? VRRP_FAMILY_IPV6 : VRRP_FAMILY_IPV4;
	content.version = data[0] & 3;
	content.auth = (VrrpAuth)((data[0] >> 2 & 3) % 3);
	content.unicast = data[0] >> 4 & 1;
	content.checksum = (VrrpChecksum)((data[0] >> 5 & 3) % 3);
	content.vrid = data[1];
	content.priority = data[2];
	content.address_count = data[3] + (data[4] & 1u);
	content.interval_nsec = (uint64_t)(data[4] << 8 | data[5]) * VRRP_NSEC_PER_CENTI;
	content.ah_number = (uint32_t)(data[6] << 16 | data[7]);
	content.source = address_of(family, data + 8);
	content.destination = destination_of(family, content.unicast);
	memcpy(content.key, data + 12, 8);
	for (size_t i = 0; i < content.address_count; i++)
		addresses[i] =
			address_of(family, (const uint8_t[]){ data[i % size], 0, 0, (uint8_t)i });

	length = encode(&content, family, buffer, sizeof buffer);
	if (length >= 0)
		require_same(&content, family, buffer, (size_t)length);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *sealed;

	judge(data, size);
	round_trip(data, size);
	if (size == 0)
		return 0;
	sealed = malloc(size);
	require(sealed != NULL);
	memcpy(sealed, data, size);
	seal(sealed, size);
	judge(sealed, size);
	free(sealed);
	return 0;
}
