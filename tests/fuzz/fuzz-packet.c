/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Any bytes as a packet from the wire, judged by the rules of many instances; the same bytes once
 * more with checksum and signature made right, since no fuzzer guesses those; and any bytes as an
 * advert to send, which must come back as it was. What is accepted must make sense: the target
 * aborts where it does not.
 */

#include <stdlib.h>
#include <string.h>

#include "core/vrrp-auth.h"
#include "core/vrrp-packet.h"
#include "core/vrrp-time.h"

enum {
	IP_HEADER = 20,
	MESSAGE_HEADER = 8,
};

static const uint8_t key[VRRP_KEY_SIZE] = "secret";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static bool inside(const uint8_t *data, size_t size, const uint8_t *part, size_t part_size)
{
	return part >= data && part + part_size <= data + size;
}

static void require_sense(const uint8_t *data, size_t size, const VrrpPacket *packet,
			  const VrrpPacketRules *rules)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];

	require(packet->version == rules->version && packet->type == 1);
	require(packet->vrid == rules->vrid && packet->count > 0);
	require(packet->interval_nsec >= VRRP_NSEC_PER_CENTI);
	require(packet->interval_nsec <= 255 * VRRP_NSEC_PER_SECOND);
	require(packet->ttl >= rules->minimum_ttl);
	require(inside(data, size, packet->ip, packet->ip_header_length));
	require(inside(data, size, packet->message, packet->message_length));
	require(inside(packet->message, packet->message_length, packet->addresses,
		       packet->count * 4u));
	require((packet->ah != NULL) == (rules->auth == VRRP_AUTH_AH));
	require((packet->checksum_form == VRRP_CHECKSUM_AUTO) == (packet->version == 2));
	for (unsigned i = 0; i < packet->count; i++) {
		addresses[i] = (VrrpAddress){ .family = VRRP_FAMILY_IPV4 };
		memcpy(addresses[i].bytes, packet->addresses + 4 * i, 4);
	}
	require(vrrp_packet_same_addresses(packet, addresses, packet->count));
}

/* By the rules of every kind of instance that the packet could be for. */
static void judge(const uint8_t *data, size_t size)
{
	VrrpPacket packet;
	VrrpReject reject = vrrp_packet_parse_ipv4(data, size, &packet);
	VrrpPacketRules rules = { .family = VRRP_FAMILY_IPV4,
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
	uint16_t sum;

	if (vrrp_packet_parse_ipv4(data, size, &packet) != VRRP_REJECT_NONE)
		return;
	message = data + (packet.message - data);
	message[6] = message[7] = 0;
	sum = vrrp_packet_checksum(0, message, packet.message_length);
	message[6] = (uint8_t)(sum >> 8);
	message[7] = (uint8_t)sum;
	if (!packet.ah)
		return;
	ah = data + (packet.ah - data);
	memcpy(ah + 4, packet.source.bytes, 4);
	vrrp_auth_icv(key, packet.destination.bytes[0] < 0xe0, packet.ip, packet.ip_header_length,
		      ah, message, packet.message_length, ah + 12);
}

/* The bytes as the fields of an advert. */
static void round_trip(const uint8_t *data, size_t size)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX + 1] = { 0 };
	uint8_t buffer[VRRP_PACKET_MAX];
	VrrpPacketContent content = { .addresses = addresses, .ttl = 255 };
	VrrpPacketRules rules = { .family = VRRP_FAMILY_IPV4, .priority = 100 };
	VrrpPacket packet;
	int length;

	if (size < 20)
		return;
	content.version = data[0] & 3;
	content.auth = (VrrpAuth)((data[0] >> 2 & 3) % 3);
	content.unicast = data[0] >> 4 & 1;
	content.checksum = (VrrpChecksum)((data[0] >> 5 & 3) % 3);
	content.vrid = data[1];
	content.priority = data[2];
	content.address_count = data[3] + (data[4] & 1u);
	content.interval_nsec = (uint64_t)(data[4] << 8 | data[5]) * VRRP_NSEC_PER_CENTI;
	content.ah_number = (uint32_t)(data[6] << 16 | data[7]);
	content.source = (VrrpAddress){ .family = VRRP_FAMILY_IPV4 };
	memcpy(content.source.bytes, data + 8, 4);
	content.destination =
		(VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { 224, 0, 0, 18 } };
	if (content.unicast)
		memcpy(content.destination.bytes, "\x0a\x00\x00\x01", 4);
	memcpy(content.key, data + 12, 8);
	for (size_t i = 0; i < content.address_count; i++) {
		addresses[i].family = VRRP_FAMILY_IPV4;
		addresses[i].bytes[0] = data[i % size];
		addresses[i].bytes[3] = (uint8_t)i;
	}

	length = vrrp_packet_encode_ipv4(&content, buffer, sizeof buffer);
	if (length < 0)
		return;
	rules.version = content.version;
	rules.auth = content.auth;
	rules.unicast = content.unicast;
	rules.vrid = content.vrid;
	rules.minimum_ttl = 255;
	rules.interval_nsec = content.interval_nsec;
	rules.peers = &content.source;
	rules.peer_count = 1;
	memcpy(rules.key, content.key, sizeof rules.key);
	require(vrrp_packet_parse_ipv4(buffer, (size_t)length, &packet) == VRRP_REJECT_NONE);
	require(vrrp_packet_check(&packet, &rules) == VRRP_REJECT_NONE);
	require_sense(buffer, (size_t)length, &packet, &rules);
	require(packet.priority == content.priority);
	require(packet.interval_nsec == content.interval_nsec);
	require(vrrp_packet_same_addresses(&packet, addresses, content.address_count));
	require(content.auth != VRRP_AUTH_AH || packet.ah_number == content.ah_number);
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
