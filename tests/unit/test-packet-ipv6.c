/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Adverts over IPv6: the message alone, with what the kernel says beside it. One valid advert and
 * each way to spoil it, the vector worked out from RFC 9568, and what keepalived sends.
 */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/vrrp-packet.h"
#include "core/vrrp-time.h"
#include "golden.h"
#include "pcap.h"

#define SECOND VRRP_NSEC_PER_SECOND
#define CENTI  VRRP_NSEC_PER_CENTI

static VrrpAddress ipv6(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint8_t last)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV6, .bytes = { a, b, c, d, [15] = last } };
}

#define LINK_LOCAL(last) ipv6(0xfe, 0x80, 0, 0, last)
#define GLOBAL(last)     ipv6(0x20, 0x01, 0x0d, 0xb8, last)
#define GROUP            ipv6(0xff, 0x02, 0, 0, 0x12)

/* An advert and the instance that receives it. */
typedef struct Exchange {
	VrrpAddress addresses[2];
	VrrpAddress peers[2];
	VrrpAddress source, destination; /* as the kernel says them */
	uint8_t hop_limit;
	VrrpPacketContent content;
	VrrpPacketRules rules;
	uint8_t bytes[VRRP_PACKET_MAX];
	size_t size;
	VrrpPacket packet;
} Exchange;

static void encode(Exchange *exchange)
{
	int length = vrrp_packet_encode_ipv6(&exchange->content, exchange->bytes,
					     sizeof exchange->bytes);

	g_assert_cmpint(length, >, 0);
	exchange->size = (size_t)length;
	exchange->source = exchange->content.source;
	exchange->destination = exchange->content.destination;
	exchange->hop_limit = exchange->content.ttl;
}

static void exchange_init(Exchange *exchange, bool unicast)
{
	*exchange = (Exchange){
		.addresses = { LINK_LOCAL(1), GLOBAL(1) },
		.peers = { GLOBAL(0xc7), GLOBAL(0xc8) },
		.content = { .source = unicast ? GLOBAL(0xc8) : LINK_LOCAL(0xc8),
			     .destination = unicast ? GLOBAL(0xc9) : GROUP,
			     .ttl = 255,
			     .version = 3,
			     .vrid = 10,
			     .priority = 100,
			     .interval_nsec = SECOND,
			     .unicast = unicast,
			     .address_count = 2 },
		.rules = { .family = VRRP_FAMILY_IPV6,
			   .version = 3,
			   .vrid = 10,
			   .priority = 90,
			   .minimum_ttl = 255,
			   .unicast = unicast,
			   .interval_nsec = SECOND,
			   .peer_count = unicast ? 2 : 0 },
	};
	exchange->content.addresses = exchange->addresses;
	exchange->rules.peers = exchange->peers;
	encode(exchange);
}

static VrrpReject judge(Exchange *exchange)
{
	/* A copy of exactly this size: whoever reads beyond it meets the sanitizer. */
	g_autofree uint8_t *copy = g_memdup2(exchange->bytes, exchange->size);
	VrrpReject reject = vrrp_packet_parse_ipv6(copy, exchange->size, &exchange->source,
						   &exchange->destination, exchange->hop_limit,
						   &exchange->packet);

	if (reject == VRRP_REJECT_NONE)
		reject = vrrp_packet_check(&exchange->packet, &exchange->rules);
	return reject;
}

#define assert_judged(exchange, reason) \
	g_assert_cmpstr(vrrp_reject_to_string(judge(exchange)), ==, vrrp_reject_to_string(reason))

/* Makes the checksum right again after the message was changed. */
static void fix_checksum(Exchange *exchange)
{
	uint32_t pseudo = vrrp_packet_pseudo_header_sum(&exchange->source, &exchange->destination,
							exchange->size);
	uint16_t sum;

	exchange->bytes[6] = exchange->bytes[7] = 0;
	sum = vrrp_packet_checksum(pseudo, exchange->bytes, exchange->size);
	exchange->bytes[6] = (uint8_t)(sum >> 8);
	exchange->bytes[7] = (uint8_t)sum;
}

/* --- What is accepted ------------------------------------------------------------------------ */

static void test_accepted(void)
{
	Exchange exchange;

	for (int unicast = 0; unicast < 2; unicast++) {
		exchange_init(&exchange, unicast);
		assert_judged(&exchange, VRRP_REJECT_NONE);
		g_assert_cmpuint(exchange.packet.count, ==, 2);
		g_assert_cmpuint(exchange.packet.priority, ==, 100);
		g_assert_cmpuint(exchange.packet.interval_nsec, ==, SECOND);
		g_assert_cmpint(exchange.packet.checksum_form, ==, VRRP_CHECKSUM_PSEUDO_HEADER);
		g_assert_null(exchange.packet.ip);
		exchange.content.priority = 0;
		encode(&exchange);
		assert_judged(&exchange, VRRP_REJECT_NONE);
	}
}

static void test_golden(void)
{
	Exchange exchange;
	gsize size;
	g_autofree uint8_t *message = golden_bytes(GOLDEN_MESSAGE_V3_IPV6, &size);

	exchange_init(&exchange, false);
	g_assert_cmpmem(exchange.bytes, exchange.size, message, size);
}

static void test_largest(void)
{
	static VrrpAddress many[VRRP_ADDRESSES_MAX];
	Exchange exchange;

	for (unsigned i = 0; i < VRRP_ADDRESSES_MAX; i++)
		many[i] = LINK_LOCAL((uint8_t)i);
	exchange_init(&exchange, false);
	exchange.content.addresses = many;
	exchange.content.address_count = VRRP_ADDRESSES_MAX;
	encode(&exchange);
	g_assert_cmpuint(exchange.size, ==, 8 + 16 * VRRP_ADDRESSES_MAX);
	assert_judged(&exchange, VRRP_REJECT_NONE);
}

/* keepalived sends lists without a link-local address: they are processed (R9). */
static void test_link_local_first(void)
{
	static const struct {
		VrrpAddress first;
		bool leads;
	} cases[] = {
		{ { VRRP_FAMILY_IPV6, { 0xfe, 0x80 } }, true },
		{ { VRRP_FAMILY_IPV6, { 0xfe, 0xbf, 0xff } }, true },
		{ { VRRP_FAMILY_IPV6, { 0xfe, 0xc0 } }, false },
		{ { VRRP_FAMILY_IPV6, { 0xfe, 0x7f } }, false },
		{ { VRRP_FAMILY_IPV6, { 0xff, 0x80 } }, false },
		{ { VRRP_FAMILY_IPV6, { 0x20, 0x01 } }, false },
	};
	Exchange exchange;

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree uint8_t *copy = NULL;

		exchange_init(&exchange, false);
		exchange.addresses[0] = cases[i].first;
		exchange.addresses[1] = LINK_LOCAL(1);
		encode(&exchange);
		copy = g_memdup2(exchange.bytes, exchange.size);
		g_assert_cmpint(vrrp_packet_parse_ipv6(copy, exchange.size, &exchange.source,
						       &exchange.destination, 255,
						       &exchange.packet),
				==, VRRP_REJECT_NONE);
		g_assert_cmpint(vrrp_packet_check(&exchange.packet, &exchange.rules), ==,
				VRRP_REJECT_NONE);
		g_assert_cmpint(vrrp_packet_leads_link_local(&exchange.packet), ==, cases[i].leads);
	}
}

static void test_same_addresses(void)
{
	VrrpAddress turned[] = { GLOBAL(1), LINK_LOCAL(1) };
	VrrpAddress other[] = { LINK_LOCAL(1), GLOBAL(2) };
	g_autofree uint8_t *copy = NULL;
	Exchange exchange;

	exchange_init(&exchange, false);
	copy = g_memdup2(exchange.bytes, exchange.size);
	g_assert_cmpint(vrrp_packet_parse_ipv6(copy, exchange.size, &exchange.source,
					       &exchange.destination, 255, &exchange.packet),
			==, VRRP_REJECT_NONE);
	g_assert_cmpint(vrrp_packet_check(&exchange.packet, &exchange.rules), ==, VRRP_REJECT_NONE);
	g_assert_true(vrrp_packet_same_addresses(&exchange.packet, exchange.addresses, 2));
	g_assert_true(vrrp_packet_same_addresses(&exchange.packet, turned, 2));
	g_assert_false(vrrp_packet_same_addresses(&exchange.packet, other, 2));
}

/* MulticastGroup: that group, and not the RFC's. */
static void test_group(void)
{
	Exchange exchange;

	exchange_init(&exchange, false);
	exchange.rules.group = ipv6(0xff, 0x02, 0, 0, 0x77);
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	exchange.content.destination = exchange.rules.group;
	encode(&exchange);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	exchange.rules.group.family = VRRP_FAMILY_NONE;
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
}

/* --- What is rejected ------------------------------------------------------------------------ */

static void test_truncated(void)
{
	Exchange exchange;

	exchange_init(&exchange, false);
	for (size_t size = exchange.size - 1; size > 0; size--) {
		exchange.size = size;
		assert_judged(&exchange, size < 8 ? VRRP_REJECT_TRUNCATED : VRRP_REJECT_LENGTH);
		g_assert_cmpint(vrrp_address_compare(&exchange.packet.source, &exchange.source), ==,
				0);
		g_assert_cmpuint(exchange.packet.ttl, ==, 255);
	}
	for (size_t more = 1; more < 60; more++) {
		exchange_init(&exchange, false);
		exchange.size += more;
		assert_judged(&exchange,
			      more == 28 ? VRRP_REJECT_HMAC_TRAILER : VRRP_REJECT_LENGTH);
	}
}

static void test_destination(void)
{
	Exchange exchange;

	exchange_init(&exchange, true);
	exchange.rules.unicast = false;
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	exchange_init(&exchange, false);
	exchange.rules.unicast = true;
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	exchange_init(&exchange, false);
	exchange.destination.bytes[15] = 0x05; /* OSPF's group */
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	/* The first byte alone must not make an address one of IPv4's multicast. */
	exchange_init(&exchange, true);
	exchange.content.destination = ipv6(0xfd, 0, 0, 0, 1);
	encode(&exchange);
	assert_judged(&exchange, VRRP_REJECT_NONE);
}

/* The same VRID over IPv4 is another router (S16). */
static void test_family(void)
{
	Exchange exchange;

	exchange_init(&exchange, false);
	exchange.rules.family = VRRP_FAMILY_IPV4;
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
}

static void test_unknown_peer(void)
{
	Exchange exchange;

	exchange_init(&exchange, true);
	exchange.rules.peer_count = 1;
	assert_judged(&exchange, VRRP_REJECT_UNKNOWN_PEER);
	exchange.rules.peer_count = 2;
	exchange.peers[1].family = VRRP_FAMILY_IPV4;
	assert_judged(&exchange, VRRP_REJECT_UNKNOWN_PEER);
}

static void test_hop_limit(void)
{
	Exchange exchange;

	exchange_init(&exchange, false);
	exchange.hop_limit = 254;
	assert_judged(&exchange, VRRP_REJECT_TTL);
	/* keepalived's unicast. */
	exchange_init(&exchange, true);
	exchange.hop_limit = 64;
	assert_judged(&exchange, VRRP_REJECT_TTL);
	exchange.rules.minimum_ttl = 64;
	assert_judged(&exchange, VRRP_REJECT_NONE);
}

/* There is no version 2 over IPv6, even where the rules would take it. */
static void test_version(void)
{
	Exchange exchange;

	for (unsigned version = 0; version < 16; version++) {
		exchange_init(&exchange, false);
		exchange.bytes[0] = (uint8_t)(version << 4 | 1);
		fix_checksum(&exchange);
		assert_judged(&exchange, version == 3 ? VRRP_REJECT_NONE : VRRP_REJECT_VERSION);
		exchange.rules.version = 2;
		assert_judged(&exchange, VRRP_REJECT_VERSION);
	}
}

static void test_fields(void)
{
	static const struct {
		size_t offset;
		uint8_t value;
		VrrpReject reject;
	} spoiled[] = {
		{ 0, 0x32, VRRP_REJECT_TYPE }, { 1, 11, VRRP_REJECT_VRID },
		{ 3, 1, VRRP_REJECT_LENGTH },  { 5, 0, VRRP_REJECT_INTERVAL_ZERO },
		{ 4, 0xf0, VRRP_REJECT_NONE }, /* R10 */
	};
	Exchange exchange;

	for (size_t i = 0; i < G_N_ELEMENTS(spoiled); i++) {
		exchange_init(&exchange, false);
		exchange.bytes[spoiled[i].offset] = spoiled[i].value;
		fix_checksum(&exchange);
		assert_judged(&exchange, spoiled[i].reject);
	}
	exchange_init(&exchange, false);
	exchange.size = 8;
	exchange.bytes[3] = 0;
	fix_checksum(&exchange);
	assert_judged(&exchange, VRRP_REJECT_COUNT_ZERO);
	exchange_init(&exchange, false);
	exchange.rules.auth = VRRP_AUTH_AH;
	assert_judged(&exchange, VRRP_REJECT_AUTH_TYPE);
}

/* Each bit of the message and of both addresses is covered (RFC 8200 8.1); the sum over the message
 * alone is not one of the forms. */
static void test_checksum(void)
{
	Exchange exchange;
	uint16_t sum;

	exchange_init(&exchange, true);
	exchange.rules.peers = &exchange.source;
	exchange.rules.peer_count = 1;
	for (size_t i = 0; i < exchange.size; i++)
		for (int bit = 0; bit < 8; bit++) {
			exchange.bytes[i] ^= (uint8_t)(1 << bit);
			g_assert_cmpint(judge(&exchange), !=, VRRP_REJECT_NONE);
			exchange.bytes[i] ^= (uint8_t)(1 << bit);
		}
	for (size_t i = 0; i < 16; i++) {
		exchange.source.bytes[i] ^= 1;
		assert_judged(&exchange, VRRP_REJECT_CHECKSUM);
		exchange.source.bytes[i] ^= 1;
		exchange.destination.bytes[i] ^= 1;
		assert_judged(&exchange, VRRP_REJECT_CHECKSUM);
		exchange.destination.bytes[i] ^= 1;
	}
	assert_judged(&exchange, VRRP_REJECT_NONE);

	exchange.bytes[6] = exchange.bytes[7] = 0;
	sum = vrrp_packet_checksum(0, exchange.bytes, exchange.size);
	exchange.bytes[6] = (uint8_t)(sum >> 8);
	exchange.bytes[7] = (uint8_t)sum;
	assert_judged(&exchange, VRRP_REJECT_CHECKSUM);
}

/* --- What is not written --------------------------------------------------------------------- */

static void assert_refused(const Exchange *exchange)
{
	uint8_t buffer[VRRP_PACKET_MAX] = { 0 };

	g_assert_cmpint(vrrp_packet_encode_ipv6(&exchange->content, buffer, sizeof buffer), ==,
			-EINVAL);
	g_assert_cmpint(buffer[0], ==, 0);
}

static void test_refuses(void)
{
	uint8_t exact[8 + 32];
	Exchange exchange;

	exchange_init(&exchange, false);
	exchange.content.version = 2;
	assert_refused(&exchange);
	exchange_init(&exchange, false);
	exchange.content.auth = VRRP_AUTH_PASS;
	assert_refused(&exchange);
	exchange_init(&exchange, false);
	exchange.addresses[1].family = VRRP_FAMILY_IPV4;
	assert_refused(&exchange);
	exchange_init(&exchange, false);
	exchange.content.source.family = VRRP_FAMILY_IPV4;
	assert_refused(&exchange);
	exchange_init(&exchange, false);
	exchange.content.destination = vrrp_group(VRRP_FAMILY_IPV4);
	assert_refused(&exchange);
	exchange_init(&exchange, false);
	exchange.content.address_count = 0;
	assert_refused(&exchange);
	exchange_init(&exchange, false);
	exchange.content.interval_nsec = 4096 * CENTI;
	assert_refused(&exchange);

	exchange_init(&exchange, false);
	g_assert_cmpint(vrrp_packet_encode_ipv6(&exchange.content, exact, sizeof exact), ==,
			sizeof exact);
	g_assert_cmpint(vrrp_packet_encode_ipv6(&exchange.content, exact, sizeof exact - 1), ==,
			-ENOSPC);
}

/* IPv4's choice of the checksum means nothing here. */
static void test_one_checksum(void)
{
	uint8_t buffer[VRRP_PACKET_MAX];
	Exchange exchange;

	exchange_init(&exchange, false);
	exchange.content.checksum = VRRP_CHECKSUM_MESSAGE_ONLY;
	g_assert_cmpint(vrrp_packet_encode_ipv6(&exchange.content, buffer, sizeof buffer), >, 0);
	g_assert_cmpmem(buffer, exchange.size, exchange.bytes, exchange.size);
}

/* --- Captures -------------------------------------------------------------------------------- */

enum {
	ETHERNET = 14,
	IPV6_HEADER = 40,
};

typedef struct Capture {
	const char *file;
	bool unicast;
	uint8_t hop_limit;
	unsigned seen;
	unsigned goodbyes;
} Capture;

static VrrpAddress address_at(const uint8_t *bytes)
{
	VrrpAddress address = { .family = VRRP_FAMILY_IPV6 };

	memcpy(address.bytes, bytes, 16);
	return address;
}

/* keepalived's bytes are accepted, and we make the same ones of what was read. */
static void check_frame(const uint8_t *frame, gsize size, void *userdata)
{
	const uint8_t *ip = frame + ETHERNET, *message = ip + IPV6_HEADER;
	Capture *capture = userdata;
	VrrpAddress source, destination, addresses[2];
	VrrpPacketRules rules = { .family = VRRP_FAMILY_IPV6,
				  .version = 3,
				  .vrid = 10,
				  .priority = 100,
				  .minimum_ttl = capture->hop_limit,
				  .unicast = capture->unicast,
				  .peers = &source,
				  .peer_count = 1 };
	VrrpPacketContent content = { .version = 3, .addresses = addresses, .address_count = 2 };
	uint8_t encoded[VRRP_PACKET_MAX];
	VrrpPacket packet;
	gsize length;
	int again;

	if (size < ETHERNET + IPV6_HEADER || frame[12] != 0x86 || frame[13] != 0xdd ||
	    ip[6] != VRRP_PROTOCOL)
		return; /* the announcements */
	length = (gsize)(ip[4] << 8 | ip[5]);
	source = address_at(ip + 8);
	destination = address_at(ip + 24);
	g_assert_cmpuint(ip[7], ==, capture->hop_limit);
	g_assert_cmpint(vrrp_packet_parse_ipv6(message, length, &source, &destination, ip[7],
					       &packet),
			==, VRRP_REJECT_NONE);
	g_assert_cmpint(vrrp_packet_check(&packet, &rules), ==, VRRP_REJECT_NONE);
	g_assert_cmpuint(packet.count, ==, 2);
	g_assert_true(vrrp_packet_leads_link_local(&packet));

	for (unsigned i = 0; i < 2; i++)
		addresses[i] = address_at(packet.addresses + 16 * i);
	content.source = source;
	content.destination = destination;
	content.vrid = packet.vrid;
	content.priority = packet.priority;
	content.interval_nsec = packet.interval_nsec;
	again = vrrp_packet_encode_ipv6(&content, encoded, sizeof encoded);
	g_assert_cmpint(again, >, 0);
	g_assert_cmpmem(encoded, (gsize)again, message, length);
	capture->seen++;
	capture->goodbyes += packet.priority == 0;
}

static void test_captures(void)
{
	Capture captures[] = {
		{ .file = "v3-ipv6-multicast-1s.pcap", .hop_limit = 255 },
		{ .file = "v3-ipv6-unicast-1s.pcap", .hop_limit = 64, .unicast = true },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(captures); i++) {
		pcap_foreach(captures[i].file, check_frame, &captures[i]);
		g_assert_cmpuint(captures[i].seen, >=, 5);
		g_assert_cmpuint(captures[i].goodbyes, ==, 1);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/packet-ipv6/accepted", test_accepted);
	g_test_add_func("/packet-ipv6/golden", test_golden);
	g_test_add_func("/packet-ipv6/largest", test_largest);
	g_test_add_func("/packet-ipv6/link-local-first", test_link_local_first);
	g_test_add_func("/packet-ipv6/same-addresses", test_same_addresses);
	g_test_add_func("/packet-ipv6/group", test_group);
	g_test_add_func("/packet-ipv6/truncated", test_truncated);
	g_test_add_func("/packet-ipv6/destination", test_destination);
	g_test_add_func("/packet-ipv6/family", test_family);
	g_test_add_func("/packet-ipv6/unknown-peer", test_unknown_peer);
	g_test_add_func("/packet-ipv6/hop-limit", test_hop_limit);
	g_test_add_func("/packet-ipv6/version", test_version);
	g_test_add_func("/packet-ipv6/fields", test_fields);
	g_test_add_func("/packet-ipv6/checksum", test_checksum);
	g_test_add_func("/packet-ipv6/refuses", test_refuses);
	g_test_add_func("/packet-ipv6/one-checksum", test_one_checksum);
	g_test_add_func("/packet-ipv6/captures", test_captures);
	return g_test_run();
}
