/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Packets that others made: each is understood, and each that we could have sent ourselves is made
 * again, byte for byte. Where a packet fails here, the other implementation is right and we are
 * wrong.
 */

#include <glib.h>
#include <string.h>

#include "core/vrrp-packet.h"
#include "core/vrrp-time.h"
#include "golden.h"
#include "pcap.h"

#define SECOND VRRP_NSEC_PER_SECOND
#define MSEC   VRRP_NSEC_PER_MSEC

static VrrpAddress ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { a, b, c, d } };
}

/* A golden packet and what it says. */
typedef struct Golden {
	const char *hex;
	VrrpPacketContent content;
	VrrpAddress addresses[3];
} Golden;

static VrrpPacketRules rules_for(const VrrpPacketContent *content)
{
	VrrpPacketRules rules = {
		.family = VRRP_FAMILY_IPV4,
		.version = content->version,
		.vrid = content->vrid,
		.priority = 100,
		.minimum_ttl = 255,
		.unicast = content->unicast,
		.auth = content->auth,
		.interval_nsec = content->interval_nsec,
		.peers = &content->source,
		.peer_count = 1,
	};

	memcpy(rules.key, content->key, sizeof rules.key);
	return rules;
}

static void check_golden(const Golden *golden)
{
	gsize size;
	g_autofree uint8_t *bytes = golden_bytes(golden->hex, &size);
	uint8_t encoded[VRRP_PACKET_MAX];
	VrrpPacketContent content = golden->content;
	VrrpPacketRules rules = rules_for(&content);
	VrrpPacket packet;
	int length;

	g_assert_cmpint(vrrp_packet_parse_ipv4(bytes, size, &packet), ==, VRRP_REJECT_NONE);
	g_assert_cmpint(vrrp_packet_check(&packet, &rules), ==, VRRP_REJECT_NONE);
	g_assert_cmpint(packet.version, ==, content.version);
	g_assert_cmpint(packet.type, ==, 1);
	g_assert_cmpint(packet.vrid, ==, content.vrid);
	g_assert_cmpint(packet.priority, ==, content.priority);
	g_assert_cmpint(packet.ttl, ==, 255);
	g_assert_cmpuint(packet.interval_nsec, ==, content.interval_nsec);
	g_assert_cmpint(packet.count, ==, content.address_count);
	g_assert_cmpint(packet.checksum_form, ==, content.checksum);
	g_assert_cmpint(vrrp_address_compare(&packet.source, &content.source), ==, 0);
	g_assert_cmpint(vrrp_address_compare(&packet.destination, &content.destination), ==, 0);
	if (content.auth == VRRP_AUTH_AH)
		g_assert_cmpuint(packet.ah_number, ==, content.ah_number);
	content.addresses = golden->addresses;
	g_assert_true(vrrp_packet_same_addresses(&packet, golden->addresses, packet.count));

	memset(encoded, 0xa5, sizeof encoded);
	length = vrrp_packet_encode_ipv4(&content, encoded, sizeof encoded);
	g_assert_cmpint(length, >, 0);
	g_assert_cmpmem(encoded, (gsize)length, bytes, size);
}

#define FROM_KEEPALIVED .source = ipv4(10, 9, 0, 1), .ttl = 255
#define TO_GROUP        .destination = ipv4(224, 0, 0, 18)

static void test_keepalived_ah(void)
{
	Golden golden = {
		.hex = GOLDEN_AH_MULTICAST,
		.content = { FROM_KEEPALIVED, TO_GROUP, .version = 2, .vrid = 51, .priority = 100,
			     .interval_nsec = SECOND, .auth = VRRP_AUTH_AH, .key = "secret",
			     .ah_number = 1, .address_count = 1 },
		.addresses = { ipv4(10, 9, 0, 100) },
	};

	check_golden(&golden);
	golden.hex = GOLDEN_AH_MULTICAST_2;
	golden.content.ah_number = 2;
	golden.content.interval_nsec = SECOND;
	check_golden(&golden);
	golden.hex = GOLDEN_AH_MULTICAST_6;
	golden.content.ah_number = 6;
	golden.content.priority = 0;
	check_golden(&golden);
}

static void test_keepalived_ah_unicast(void)
{
	Golden golden = {
		.hex = GOLDEN_AH_UNICAST_2,
		.content = { FROM_KEEPALIVED, .destination = ipv4(10, 9, 0, 2), .version = 2,
			     .vrid = 52, .priority = 90, .interval_nsec = SECOND,
			     .auth = VRRP_AUTH_AH, .unicast = true, .ah_number = 1,
			     .address_count = 2 },
		.addresses = { ipv4(10, 9, 0, 101), ipv4(10, 9, 0, 102) },
	};

	memcpy(golden.content.key, "longerth", VRRP_KEY_SIZE);
	check_golden(&golden);
	golden.hex = GOLDEN_AH_UNICAST_3;
	golden.content.destination = ipv4(10, 9, 0, 3);
	check_golden(&golden);
}

static void test_keepalived_pass(void)
{
	Golden golden = {
		.hex = GOLDEN_PASS,
		.content = { FROM_KEEPALIVED, TO_GROUP, .version = 2, .vrid = 53, .priority = 90,
			     .interval_nsec = SECOND, .auth = VRRP_AUTH_PASS, .key = "abc",
			     .address_count = 1 },
		.addresses = { ipv4(10, 9, 0, 103) },
	};

	check_golden(&golden);
}

static void test_keepalived_v3(void)
{
	Golden golden = {
		.hex = GOLDEN_V3_MULTICAST,
		.content = { FROM_KEEPALIVED, TO_GROUP, .version = 3, .vrid = 54, .priority = 90,
			     .interval_nsec = 500 * MSEC, .checksum = VRRP_CHECKSUM_PSEUDO_HEADER,
			     .address_count = 1 },
		.addresses = { ipv4(10, 9, 0, 104) },
	};

	check_golden(&golden);
	golden.hex = GOLDEN_V3_UNICAST;
	golden.content.vrid = 55;
	golden.content.unicast = true;
	golden.content.destination = ipv4(10, 9, 0, 2);
	golden.addresses[0] = ipv4(10, 9, 0, 105);
	check_golden(&golden);
}

/* --- Messages worked out from the RFCs ------------------------------------------------------- */

static void check_message(const char *hex, uint8_t version, VrrpChecksum form)
{
	const VrrpAddress addresses[] = { ipv4(192, 0, 2, 1), ipv4(192, 0, 2, 2) };
	VrrpPacketContent content = { .source = ipv4(192, 0, 2, 251),
				      TO_GROUP,
				      .ttl = 255,
				      .version = version,
				      .vrid = 10,
				      .priority = 200,
				      .interval_nsec = SECOND,
				      .checksum = form,
				      .addresses = addresses,
				      .address_count = 2 };
	VrrpPacketRules rules = rules_for(&content);
	gsize size;
	g_autofree uint8_t *message = golden_bytes(hex, &size);
	uint8_t encoded[VRRP_PACKET_MAX];
	VrrpPacket packet;
	int length = vrrp_packet_encode_ipv4(&content, encoded, sizeof encoded);

	g_assert_cmpint(length, >, 20);
	g_assert_cmpmem(encoded + 20, (gsize)length - 20, message, size);
	g_assert_cmpint(vrrp_packet_parse_ipv4(encoded, (size_t)length, &packet), ==,
			VRRP_REJECT_NONE);
	g_assert_cmpint(vrrp_packet_check(&packet, &rules), ==, VRRP_REJECT_NONE);
	g_assert_cmpint(packet.checksum_form, ==, form);
}

static void test_messages(void)
{
	check_message(GOLDEN_MESSAGE_V2, 2, VRRP_CHECKSUM_AUTO);
	check_message(GOLDEN_MESSAGE_V3, 3, VRRP_CHECKSUM_MESSAGE_ONLY);
	check_message(GOLDEN_MESSAGE_V3_PSEUDO, 3, VRRP_CHECKSUM_PSEUDO_HEADER);
}

/* --- Captures -------------------------------------------------------------------------------- */

typedef struct Capture {
	const char *file;
	VrrpPacketRules rules;
	unsigned addresses;
	unsigned seen;
	unsigned goodbyes;
	unsigned again; /* how many we made byte for byte */
} Capture;

/* keepalived counts the identification apart from the number; where they are equal so far, we make
 * the same packet. */
static void encode_again(Capture *capture, const VrrpPacket *packet, const uint8_t *ip, gsize size)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	uint8_t encoded[VRRP_PACKET_MAX];
	unsigned identification = (unsigned)(ip[4] << 8 | ip[5]);
	VrrpPacketContent content = {
		.source = packet->source,
		.destination = packet->destination,
		.ttl = packet->ttl,
		.version = packet->version,
		.vrid = packet->vrid,
		.priority = packet->priority,
		.interval_nsec = packet->interval_nsec,
		.auth = capture->rules.auth,
		.unicast = capture->rules.unicast,
		.checksum = packet->checksum_form,
		.ah_number = packet->ah ? packet->ah_number : identification,
		.addresses = addresses,
		.address_count = packet->count,
	};
	int length;

	memcpy(content.key, capture->rules.key, sizeof content.key);
	for (unsigned i = 0; i < packet->count; i++) {
		const uint8_t *bytes = packet->addresses + 4 * i;

		addresses[i] = ipv4(bytes[0], bytes[1], bytes[2], bytes[3]);
	}
	if (content.ah_number != identification)
		return;
	length = vrrp_packet_encode_ipv4(&content, encoded, sizeof encoded);
	g_assert_cmpmem(encoded, (gsize)length, ip, size);
	capture->again++;
}

static void check_frame(const uint8_t *frame, gsize size, void *userdata)
{
	Capture *capture = userdata;
	VrrpPacket packet;
	gsize total;

	g_assert_cmpuint(size, >, 14);
	if (frame[12] != 0x08 || frame[13] != 0x00)
		return; /* the announcements */
	/* With what the link appended: short frames are padded. */
	g_assert_cmpint(vrrp_packet_parse_ipv4(frame + 14, size - 14, &packet), ==,
			VRRP_REJECT_NONE);
	g_assert_cmpint(vrrp_packet_check(&packet, &capture->rules), ==, VRRP_REJECT_NONE);
	g_assert_cmpint(packet.count, ==, capture->addresses);
	g_assert_cmpint(packet.addresses[3], ==, 3);
	capture->seen++;
	if (packet.priority == 0)
		capture->goodbyes++;
	total = (gsize)(frame[14 + 2] << 8 | frame[14 + 3]);
	encode_again(capture, &packet, frame + 14, total);
}

static void test_captures(void)
{
	const VrrpAddress peers[] = { ipv4(192, 168, 120, 1), ipv4(192, 168, 120, 2) };
	Capture captures[] = {
		{ "v2-ah-multicast.pcap",
		  { .version = 2, .auth = VRRP_AUTH_AH, .key = "1111", .interval_nsec = SECOND } },
		{ "v2-ah-unicast-advert4.pcap",
		  { .version = 2,
		    .auth = VRRP_AUTH_AH,
		    .key = "1111",
		    .unicast = true,
		    .interval_nsec = 4 * SECOND } },
		{ "v2-noauth-multicast-3vips.pcap",
		  { .version = 2, .interval_nsec = SECOND },
		  .addresses = 3 },
		{ "v2-noauth-multicast.pcap", { .version = 2, .interval_nsec = SECOND } },
		{ "v2-pass-multicast.pcap",
		  { .version = 2,
		    .auth = VRRP_AUTH_PASS,
		    .key = "1111",
		    .interval_nsec = SECOND } },
		{ "v2-pass-unicast.pcap",
		  { .version = 2,
		    .auth = VRRP_AUTH_PASS,
		    .key = "1111",
		    .unicast = true,
		    .interval_nsec = SECOND } },
		{ "v3-ipv4-multicast-100ms.pcap", { .version = 3 } },
		{ "v3-ipv4-multicast-1s.pcap", { .version = 3 } },
		{ "v3-ipv4-preempt-100ms.pcap", { .version = 3 } },
		{ "v3-ipv4-unicast-1s.pcap", { .version = 3, .unicast = true } },
		{ "v3-ipv4-vmac-1s.pcap", { .version = 3 } },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(captures); i++) {
		Capture *capture = &captures[i];

		if (capture->addresses == 0)
			capture->addresses = 1;
		capture->rules.family = VRRP_FAMILY_IPV4;
		capture->rules.vrid = 10;
		capture->rules.priority = 100;
		capture->rules.minimum_ttl = 255;
		capture->rules.peers = peers;
		capture->rules.peer_count = G_N_ELEMENTS(peers);
		pcap_foreach(capture->file, check_frame, capture);
		g_test_message("%s: %u adverts, %u made again", capture->file, capture->seen,
			       capture->again);
		g_assert_cmpuint(capture->seen, >=, 5);
		g_assert_cmpuint(capture->goodbyes, ==, 1);
		/* All of them, or, with AH, those of the first master. */
		if (capture->rules.auth == VRRP_AUTH_AH)
			g_assert_cmpuint(capture->again, ==, 4);
		else
			g_assert_cmpuint(capture->again, ==, capture->seen);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/packet/keepalived/ah", test_keepalived_ah);
	g_test_add_func("/packet/keepalived/ah-unicast", test_keepalived_ah_unicast);
	g_test_add_func("/packet/keepalived/pass", test_keepalived_pass);
	g_test_add_func("/packet/keepalived/v3", test_keepalived_v3);
	g_test_add_func("/packet/messages", test_messages);
	g_test_add_func("/packet/captures", test_captures);
	return g_test_run();
}
