/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every rule for packets: one valid advert of each kind, and each way to spoil it, with the reason
 * that must be given. The last test proves that no reason was forgotten. What other implementations
 * send is in test-packet-golden.c.
 */

#include <glib.h>
#include <string.h>

#include "core/vrrp-auth.h"
#include "core/vrrp-packet.h"
#include "core/vrrp-time.h"
#include "packet-fixture.h"

#define CENTI VRRP_NSEC_PER_CENTI

/* Reasons that were given at least once, by all tests together. */
static bool reason_seen[_VRRP_REJECT_MAX];

static uint8_t *message_of(Exchange *exchange)
{
	return exchange->bytes + IP + (exchange->content.auth == VRRP_AUTH_AH ? AH : 0);
}

/* Makes the checksum right again after the message was changed. */
static void fix_checksum(Exchange *exchange)
{
	uint8_t *message = message_of(exchange);
	size_t length = exchange->size - (size_t)(message - exchange->bytes);
	uint16_t sum;

	message[6] = message[7] = 0;
	sum = vrrp_packet_checksum(0, message, length);
	message[6] = (uint8_t)(sum >> 8);
	message[7] = (uint8_t)sum;
}

static void set_size(Exchange *exchange, size_t size)
{
	exchange->size = size;
	exchange->bytes[2] = (uint8_t)(size >> 8);
	exchange->bytes[3] = (uint8_t)size;
}

static VrrpReject judge(Exchange *exchange)
{
	/* A copy of exactly this size: whoever reads beyond it meets the sanitizer. */
	g_autofree uint8_t *copy = g_memdup2(exchange->bytes, exchange->size);
	VrrpReject reject = vrrp_packet_parse_ipv4(copy, exchange->size, &exchange->packet);

	if (reject == VRRP_REJECT_NONE)
		reject = vrrp_packet_check(&exchange->packet, &exchange->rules);
	reason_seen[reject] = true;
	return reject;
}

#define assert_judged(exchange, reason) \
	g_assert_cmpstr(vrrp_reject_to_string(judge(exchange)), ==, vrrp_reject_to_string(reason))

/* --- What is accepted ------------------------------------------------------------------------ */

static void test_accepted(void)
{
	static const VrrpAuth auths[] = { VRRP_AUTH_NONE, VRRP_AUTH_PASS, VRRP_AUTH_AH };
	Exchange exchange;

	for (int unicast = 0; unicast < 2; unicast++) {
		exchange_init(&exchange, 3, VRRP_AUTH_NONE, unicast);
		assert_judged(&exchange, VRRP_REJECT_NONE);
		for (size_t i = 0; i < G_N_ELEMENTS(auths); i++) {
			exchange_init(&exchange, 2, auths[i], unicast);
			assert_judged(&exchange, VRRP_REJECT_NONE);
		}
	}
}

static void test_priority_zero(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.content.priority = 0;
	encode(&exchange);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpint(exchange.packet.priority, ==, 0);
}

/* Both forms, whatever we send ourselves (design rule 7). */
static void test_checksum_forms(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpint(exchange.packet.checksum_form, ==, VRRP_CHECKSUM_PSEUDO_HEADER);
	fix_checksum(&exchange);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpint(exchange.packet.checksum_form, ==, VRRP_CHECKSUM_MESSAGE_ONLY);

	exchange_init(&exchange, 2, VRRP_AUTH_NONE, false);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpint(exchange.packet.checksum_form, ==, VRRP_CHECKSUM_AUTO);
}

/* Short frames are padded by the link; the IP header says where the packet ends. */
static void test_padding(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	memset(exchange.bytes + exchange.size, 0xaa, 28);
	exchange.size += 28;
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpuint(exchange.packet.message_length, ==, 16);
}

static void test_ip_options(void)
{
	Exchange exchange;

	exchange_init(&exchange, 2, VRRP_AUTH_NONE, false);
	memmove(exchange.bytes + IP + 4, exchange.bytes + IP, exchange.size - IP);
	memcpy(exchange.bytes + IP, "\x94\x04\x00\x00", 4); /* router alert */
	exchange.bytes[0] = 0x46;
	set_size(&exchange, exchange.size + 4);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpuint(exchange.packet.ip_header_length, ==, 24);
}

/* R10 and the like: what is reserved is ignored. */
static void test_reserved(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	message_of(&exchange)[4] |= 0xf0;
	fix_checksum(&exchange);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpuint(exchange.packet.interval_nsec, ==, SECOND);

	/* DF is set by some; it is no fragment. */
	exchange.bytes[6] = 0x40;
	assert_judged(&exchange, VRRP_REJECT_NONE);
}

/* Version 3 learns another interval, it never drops for it (R12). */
static void test_interval_learned(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.content.interval_nsec = 4095 * CENTI;
	encode(&exchange);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpuint(exchange.packet.interval_nsec, ==, 4095 * CENTI);
	exchange.content.interval_nsec = CENTI;
	encode(&exchange);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	g_assert_cmpuint(exchange.packet.interval_nsec, ==, CENTI);
}

/* An owner hears other owners in version 3 (erratum 8298). */
static void test_owner_version_3(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.rules.priority = 255;
	assert_judged(&exchange, VRRP_REJECT_NONE);
}

static void test_lower_ttl_allowed(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, true);
	exchange.content.ttl = 64;
	exchange.rules.minimum_ttl = 64;
	encode(&exchange);
	assert_judged(&exchange, VRRP_REJECT_NONE);
	exchange.rules.minimum_ttl = 65;
	assert_judged(&exchange, VRRP_REJECT_TTL);
}

static void test_same_addresses(void)
{
	Exchange exchange;
	VrrpAddress turned[] = { ipv4(192, 0, 2, 2), ipv4(192, 0, 2, 1) };
	VrrpAddress other[] = { ipv4(192, 0, 2, 1), ipv4(192, 0, 2, 3) };
	VrrpAddress twice[] = { ipv4(192, 0, 2, 1), ipv4(192, 0, 2, 1) };
	g_autofree uint8_t *copy = NULL;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	copy = g_memdup2(exchange.bytes, exchange.size);
	g_assert_cmpint(vrrp_packet_parse_ipv4(copy, exchange.size, &exchange.packet), ==, 0);
	g_assert_cmpint(vrrp_packet_check(&exchange.packet, &exchange.rules), ==, 0);
	g_assert_true(vrrp_packet_same_addresses(&exchange.packet, exchange.addresses, 2));
	g_assert_true(vrrp_packet_same_addresses(&exchange.packet, turned, 2));
	g_assert_false(vrrp_packet_same_addresses(&exchange.packet, other, 2));
	g_assert_false(vrrp_packet_same_addresses(&exchange.packet, twice, 2));
	g_assert_false(vrrp_packet_same_addresses(&exchange.packet, exchange.addresses, 1));
	turned[0].family = VRRP_FAMILY_IPV6;
	g_assert_false(vrrp_packet_same_addresses(&exchange.packet, turned, 2));
	/* The other way round: the packet says one twice. */
	memcpy((uint8_t *)exchange.packet.addresses + 4, exchange.packet.addresses, 4);
	g_assert_false(vrrp_packet_same_addresses(&exchange.packet, exchange.addresses, 2));
	g_assert_true(vrrp_packet_same_addresses(&exchange.packet, twice, 2));
}

/* --- What is rejected ------------------------------------------------------------------------ */

static void test_ip_header(void)
{
	Exchange exchange;
	static const struct {
		size_t offset;
		uint8_t value;
	} spoiled[] = {
		{ 0, 0x65 }, /* IPv6 */
		{ 0, 0x44 }, /* a header of 16 bytes */
		{ 0, 0x4f }, /* a header longer than the packet */
		{ 2, 0x01 }, /* longer than what came */
		{ 3, 19 },   /* ends within the header */
		{ 6, 0x20 }, /* more fragments */
		{ 7, 0x01 }, /* a later fragment */
		{ 9, 6 },    /* TCP */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(spoiled); i++) {
		exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
		exchange.bytes[spoiled[i].offset] = spoiled[i].value;
		assert_judged(&exchange, VRRP_REJECT_IP_HEADER);
	}
	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.size = IP - 1;
	assert_judged(&exchange, VRRP_REJECT_IP_HEADER);
	g_assert_cmpint(exchange.packet.source.family, ==, VRRP_FAMILY_NONE);
}

/* Whatever is wrong with it, who sent it is said as far as it can be. */
static void test_source_of_bad_packets(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	set_size(&exchange, IP + 7);
	assert_judged(&exchange, VRRP_REJECT_TRUNCATED);
	g_assert_cmpint(vrrp_address_compare(&exchange.packet.source, &exchange.content.source), ==,
			0);
	g_assert_cmpint(exchange.packet.ttl, ==, 255);
	g_assert_null(exchange.packet.message);
}

static void test_truncated(void)
{
	Exchange exchange;

	for (int version = 2; version <= 3; version++) {
		exchange_init(&exchange, (uint8_t)version, VRRP_AUTH_NONE, false);
		for (size_t size = exchange.size - 1; size >= IP + 8; size--) {
			set_size(&exchange, size);
			assert_judged(&exchange, VRRP_REJECT_LENGTH);
		}
		for (size_t size = IP; size < IP + 8; size++) {
			set_size(&exchange, size);
			assert_judged(&exchange, VRRP_REJECT_TRUNCATED);
		}
	}
}

static void test_truncated_ah(void)
{
	Exchange exchange;

	exchange_init(&exchange, 2, VRRP_AUTH_AH, false);
	for (size_t size = exchange.size - 1; size >= IP; size--) {
		set_size(&exchange, size);
		assert_judged(&exchange, size < IP + AH       ? VRRP_REJECT_AUTH_HEADER
					 : size < IP + AH + 8 ? VRRP_REJECT_TRUNCATED
							      : VRRP_REJECT_LENGTH);
	}
}

static void test_length(void)
{
	Exchange exchange;

	for (int version = 2; version <= 3; version++)
		for (size_t more = 1; more < 60; more++) {
			exchange_init(&exchange, (uint8_t)version, VRRP_AUTH_NONE, false);
			memset(exchange.bytes + exchange.size, 0, more);
			set_size(&exchange, exchange.size + more);
			assert_judged(&exchange,
				      more == 28 ? VRRP_REJECT_HMAC_TRAILER : VRRP_REJECT_LENGTH);
		}
}

static void test_destination(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, true);
	exchange.rules.unicast = false; /* a multicast instance */
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.rules.unicast = true;
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.bytes[19] = 5; /* OSPF's group */
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	exchange_init(&exchange, 3, VRRP_AUTH_NONE, true);
	memset(exchange.bytes + 16, 0xff, 4); /* broadcast */
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.rules.family = VRRP_FAMILY_IPV6;
	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
}

static void test_unknown_peer(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, true);
	exchange.rules.peer_count = 1;
	assert_judged(&exchange, VRRP_REJECT_UNKNOWN_PEER);
	exchange.rules.peer_count = 0; /* an empty list lets nobody in */
	assert_judged(&exchange, VRRP_REJECT_UNKNOWN_PEER);
	exchange.rules.peer_count = 2;
	exchange.peers[1].family = VRRP_FAMILY_IPV6;
	assert_judged(&exchange, VRRP_REJECT_UNKNOWN_PEER);
}

static void test_ttl(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.bytes[8] = 254;
	assert_judged(&exchange, VRRP_REJECT_TTL);
}

static void test_version(void)
{
	Exchange exchange;

	for (unsigned version = 0; version < 16; version++) {
		exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
		message_of(&exchange)[0] = (uint8_t)(version << 4 | 1);
		fix_checksum(&exchange);
		assert_judged(&exchange, version == 3 ? VRRP_REJECT_NONE : VRRP_REJECT_VERSION);
	}
	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.rules.version = 2;
	assert_judged(&exchange, VRRP_REJECT_VERSION);
}

static void test_type(void)
{
	Exchange exchange;

	for (unsigned type = 0; type < 16; type++) {
		exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
		message_of(&exchange)[0] = (uint8_t)(3 << 4 | type);
		fix_checksum(&exchange);
		assert_judged(&exchange, type == 1 ? VRRP_REJECT_NONE : VRRP_REJECT_TYPE);
	}
}

static void test_vrid(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.rules.vrid = 11;
	assert_judged(&exchange, VRRP_REJECT_VRID);
}

/* What the type field and the header in front of the message say must both be what the instance
 * demands (R14). */
static void test_auth_type(void)
{
	static const VrrpAuth auths[] = { VRRP_AUTH_NONE, VRRP_AUTH_PASS, VRRP_AUTH_AH };
	Exchange exchange;

	for (size_t sent = 0; sent < G_N_ELEMENTS(auths); sent++) {
		for (size_t demanded = 0; demanded < G_N_ELEMENTS(auths); demanded++) {
			exchange_init(&exchange, 2, auths[sent], false);
			exchange.rules.auth = auths[demanded];
			assert_judged(&exchange,
				      sent == demanded ? VRRP_REJECT_NONE : VRRP_REJECT_AUTH_TYPE);
		}
		for (unsigned type = 0; type < 256; type++) {
			exchange_init(&exchange, 2, auths[sent], false);
			if (type == auths[sent])
				continue;
			message_of(&exchange)[4] = (uint8_t)type;
			fix_checksum(&exchange);
			assert_judged(&exchange, VRRP_REJECT_AUTH_TYPE);
		}
	}
	/* It says AH, but there is none. */
	exchange_init(&exchange, 2, VRRP_AUTH_NONE, false);
	exchange.rules.auth = VRRP_AUTH_AH;
	message_of(&exchange)[4] = VRRP_AUTH_AH;
	fix_checksum(&exchange);
	assert_judged(&exchange, VRRP_REJECT_AUTH_TYPE);
	/* Version 3 has no authentication: an instance that demands it accepts nothing. */
	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.rules.auth = VRRP_AUTH_PASS;
	assert_judged(&exchange, VRRP_REJECT_AUTH_TYPE);
}

/* Each single bit of each kind of message. The order of the rules may give another reason first,
 * but none gets through. */
static void test_checksum(void)
{
	Exchange exchange;

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	message_of(&exchange)[7] ^= 1;
	assert_judged(&exchange, VRRP_REJECT_CHECKSUM);
	exchange_init(&exchange, 2, VRRP_AUTH_NONE, false);
	message_of(&exchange)[6] ^= 1;
	assert_judged(&exchange, VRRP_REJECT_CHECKSUM);
	for (int version = 2; version <= 3; version++) {
		exchange_init(&exchange, (uint8_t)version, VRRP_AUTH_NONE, false);
		for (size_t i = IP; i < exchange.size; i++)
			for (int bit = 0; bit < 8; bit++) {
				exchange.bytes[i] ^= (uint8_t)(1 << bit);
				g_assert_cmpint(judge(&exchange), !=, VRRP_REJECT_NONE);
				exchange.bytes[i] ^= (uint8_t)(1 << bit);
			}
		assert_judged(&exchange, VRRP_REJECT_NONE);
	}
}

static void test_checksum_function(void)
{
	static const uint8_t odd[] = { 0x12, 0x34, 0x56 };
	static const uint8_t zero[] = { 0, 0 };
	g_autofree uint8_t *large = g_malloc(70000);

	g_assert_cmphex(vrrp_packet_checksum(0, odd, sizeof odd), ==, 0x97cb);
	g_assert_cmphex(vrrp_packet_checksum(0, zero, sizeof zero), ==, 0xffff);
	g_assert_cmphex(vrrp_packet_checksum(UINT32_MAX, zero, sizeof zero), ==, 0);
	memset(large, 0xff, 70000);
	g_assert_cmphex(vrrp_packet_checksum(UINT32_MAX, large, 70000), ==, 0);
}

static void test_count_zero(void)
{
	Exchange exchange;

	for (int version = 2; version <= 3; version++) {
		exchange_init(&exchange, (uint8_t)version, VRRP_AUTH_NONE, false);
		message_of(&exchange)[3] = 0;
		set_size(&exchange, exchange.size - 8);
		fix_checksum(&exchange);
		assert_judged(&exchange, VRRP_REJECT_COUNT_ZERO);
	}
}

static void test_interval(void)
{
	Exchange exchange;

	for (int version = 2; version <= 3; version++) {
		exchange_init(&exchange, (uint8_t)version, VRRP_AUTH_NONE, false);
		message_of(&exchange)[5] = 0;
		fix_checksum(&exchange);
		assert_judged(&exchange, VRRP_REJECT_INTERVAL_ZERO);
	}
	exchange_init(&exchange, 2, VRRP_AUTH_NONE, false);
	exchange.rules.interval_nsec = 2 * SECOND;
	assert_judged(&exchange, VRRP_REJECT_INTERVAL);
}

static void test_pass_key(void)
{
	Exchange exchange;

	exchange_init(&exchange, 2, VRRP_AUTH_PASS, false);
	for (int i = 0; i < VRRP_KEY_SIZE; i++) { /* the padding counts as well */
		exchange.rules.key[i] ^= 1;
		assert_judged(&exchange, VRRP_REJECT_AUTH_KEY);
		exchange.rules.key[i] ^= 1;
	}
	assert_judged(&exchange, VRRP_REJECT_NONE);
}

static void test_ah(void)
{
	Exchange exchange;

	for (int unicast = 0; unicast < 2; unicast++) {
		exchange_init(&exchange, 2, VRRP_AUTH_AH, unicast);
		exchange.rules.key[0] ^= 1;
		assert_judged(&exchange, VRRP_REJECT_AUTH_KEY);

		exchange_init(&exchange, 2, VRRP_AUTH_AH, unicast);
		exchange.bytes[IP + 11] ^= 1; /* the number is covered */
		assert_judged(&exchange, VRRP_REJECT_AUTH_KEY);

		/* Signed as for the other way of sending: the TTL is hashed or it is not. */
		exchange_init(&exchange, 2, VRRP_AUTH_AH, unicast);
		exchange.content.unicast = !unicast;
		encode(&exchange);
		assert_judged(&exchange, VRRP_REJECT_AUTH_KEY);
	}
	exchange_init(&exchange, 2, VRRP_AUTH_AH, false);
	exchange.bytes[IP] = 6; /* next header */
	assert_judged(&exchange, VRRP_REJECT_AUTH_HEADER);
	exchange_init(&exchange, 2, VRRP_AUTH_AH, false);
	exchange.bytes[IP + 1] = 5; /* length */
	assert_judged(&exchange, VRRP_REJECT_AUTH_HEADER);
}

/* Signed with the right key, but its SPI is not the sender. */
static void test_ah_spi(void)
{
	Exchange exchange;
	uint8_t icv[VRRP_ICV_SIZE];

	exchange_init(&exchange, 2, VRRP_AUTH_AH, false);
	exchange.bytes[IP + 7] ^= 1;
	vrrp_auth_icv(exchange.rules.key, false, exchange.bytes, IP, exchange.bytes + IP,
		      message_of(&exchange), exchange.size - IP - AH, icv);
	memcpy(exchange.bytes + IP + 12, icv, sizeof icv);
	assert_judged(&exchange, VRRP_REJECT_AUTH_HEADER);
}

static void test_owner_version_2(void)
{
	Exchange exchange;

	exchange_init(&exchange, 2, VRRP_AUTH_NONE, false);
	exchange.rules.priority = 255;
	assert_judged(&exchange, VRRP_REJECT_OWNER);
}

/* A packet with everything wrong: each repair brings out the next reason, in the order that the
 * header promises. */
static void test_order(void)
{
	Exchange exchange;
	uint8_t *message;

	exchange_init(&exchange, 2, VRRP_AUTH_PASS, true);
	message = message_of(&exchange);
	exchange.rules.priority = 255;
	exchange.rules.key[0] = 'S';
	exchange.rules.interval_nsec = 3 * SECOND;
	exchange.rules.auth = VRRP_AUTH_NONE;
	exchange.rules.unicast = false;
	exchange.rules.peer_count = 1;
	exchange.rules.vrid = 9;
	exchange.bytes[8] = 1;
	message[0] = 0x32;
	message[7] ^= 1;
	set_size(&exchange, exchange.size + 4);

	assert_judged(&exchange, VRRP_REJECT_DESTINATION);
	exchange.rules.unicast = true;
	assert_judged(&exchange, VRRP_REJECT_UNKNOWN_PEER);
	exchange.rules.peer_count = 2;
	assert_judged(&exchange, VRRP_REJECT_TTL);
	exchange.bytes[8] = 255;
	assert_judged(&exchange, VRRP_REJECT_VERSION);
	message[0] = 0x22;
	assert_judged(&exchange, VRRP_REJECT_TYPE);
	message[0] = 0x21;
	assert_judged(&exchange, VRRP_REJECT_VRID);
	exchange.rules.vrid = 10;
	assert_judged(&exchange, VRRP_REJECT_LENGTH);
	set_size(&exchange, exchange.size - 4);
	assert_judged(&exchange, VRRP_REJECT_AUTH_TYPE);
	exchange.rules.auth = VRRP_AUTH_PASS;
	assert_judged(&exchange, VRRP_REJECT_CHECKSUM);
	message[7] ^= 1;
	assert_judged(&exchange, VRRP_REJECT_INTERVAL);
	exchange.rules.interval_nsec = SECOND;
	assert_judged(&exchange, VRRP_REJECT_AUTH_KEY);
	exchange.rules.key[0] = 's';
	assert_judged(&exchange, VRRP_REJECT_OWNER);
	exchange.rules.priority = 254;
	assert_judged(&exchange, VRRP_REJECT_NONE);
}

/* Last: every reason was given by some packet above. A number that was used before is no matter of
 * one packet alone: that one is in test-auth.c. */
static void test_every_reason(void)
{
	for (int reason = 0; reason < _VRRP_REJECT_MAX; reason++)
		if (reason != VRRP_REJECT_REPLAY && !reason_seen[reason])
			g_error("no packet was rejected as \"%s\"",
				vrrp_reject_to_string((VrrpReject)reason));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/packet/accepted", test_accepted);
	g_test_add_func("/packet/priority-zero", test_priority_zero);
	g_test_add_func("/packet/checksum-forms", test_checksum_forms);
	g_test_add_func("/packet/padding", test_padding);
	g_test_add_func("/packet/ip-options", test_ip_options);
	g_test_add_func("/packet/reserved", test_reserved);
	g_test_add_func("/packet/interval-learned", test_interval_learned);
	g_test_add_func("/packet/owner-version-3", test_owner_version_3);
	g_test_add_func("/packet/lower-ttl-allowed", test_lower_ttl_allowed);
	g_test_add_func("/packet/same-addresses", test_same_addresses);
	g_test_add_func("/packet/ip-header", test_ip_header);
	g_test_add_func("/packet/source-of-bad-packets", test_source_of_bad_packets);
	g_test_add_func("/packet/truncated", test_truncated);
	g_test_add_func("/packet/truncated-ah", test_truncated_ah);
	g_test_add_func("/packet/length", test_length);
	g_test_add_func("/packet/destination", test_destination);
	g_test_add_func("/packet/unknown-peer", test_unknown_peer);
	g_test_add_func("/packet/ttl", test_ttl);
	g_test_add_func("/packet/version", test_version);
	g_test_add_func("/packet/type", test_type);
	g_test_add_func("/packet/vrid", test_vrid);
	g_test_add_func("/packet/auth-type", test_auth_type);
	g_test_add_func("/packet/checksum", test_checksum);
	g_test_add_func("/packet/checksum-function", test_checksum_function);
	g_test_add_func("/packet/count-zero", test_count_zero);
	g_test_add_func("/packet/interval", test_interval);
	g_test_add_func("/packet/pass-key", test_pass_key);
	g_test_add_func("/packet/ah", test_ah);
	g_test_add_func("/packet/ah-spi", test_ah_spi);
	g_test_add_func("/packet/owner-version-2", test_owner_version_2);
	g_test_add_func("/packet/order", test_order);
	g_test_add_func("/packet/every-reason", test_every_reason);
	return g_test_run();
}
