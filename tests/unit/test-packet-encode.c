/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the encoder refuses, how much space it wants, and the fields that it makes up itself. That
 * what it writes is what others expect is the business of test-packet-golden.c, and that we
 * understand it ourselves of test-packet.c.
 */

#include <errno.h>
#include <glib.h>
#include <string.h>

#include "core/vrrp-packet.h"
#include "packet-fixture.h"

#define CENTI VRRP_NSEC_PER_CENTI

/* Through the receiver of the fixture. */
static void assert_understood(Exchange *exchange)
{
	g_assert_cmpint(vrrp_packet_parse_ipv4(exchange->bytes, exchange->size, &exchange->packet),
			==, VRRP_REJECT_NONE);
	g_assert_cmpint(vrrp_packet_check(&exchange->packet, &exchange->rules), ==,
			VRRP_REJECT_NONE);
}

static void assert_refused(const VrrpPacketContent *content)
{
	uint8_t buffer[VRRP_PACKET_MAX], untouched[VRRP_PACKET_MAX];

	memset(buffer, 0x5a, sizeof buffer);
	memset(untouched, 0x5a, sizeof untouched);
	g_assert_cmpint(vrrp_packet_encode_ipv4(content, buffer, sizeof buffer), ==, -EINVAL);
	g_assert_cmpmem(buffer, sizeof buffer, untouched, sizeof untouched);
}

#define assert_refuses(version, auth, field, value)            \
	G_STMT_START                                           \
	{                                                      \
		Exchange spoiled;                              \
		exchange_init(&spoiled, version, auth, false); \
		spoiled.content.field = value;                 \
		assert_refused(&spoiled.content);              \
	}                                                      \
	G_STMT_END

static void test_encode_refuses(void)
{
	VrrpAddress ipv6 = { .family = VRRP_FAMILY_IPV6 };
	Exchange exchange;

	assert_refuses(3, VRRP_AUTH_NONE, version, 4);
	assert_refuses(3, VRRP_AUTH_NONE, vrid, 0);
	assert_refuses(3, VRRP_AUTH_NONE, address_count, 0);
	assert_refuses(3, VRRP_AUTH_NONE, address_count, 256);
	assert_refuses(3, VRRP_AUTH_NONE, source, ipv6);
	assert_refuses(3, VRRP_AUTH_NONE, destination, ipv6);
	assert_refuses(3, VRRP_AUTH_NONE, interval_nsec, 0);
	assert_refuses(3, VRRP_AUTH_NONE, interval_nsec, CENTI + 1);
	assert_refuses(3, VRRP_AUTH_NONE, interval_nsec, 4096 * CENTI);
	assert_refuses(2, VRRP_AUTH_NONE, interval_nsec, 100 * CENTI + 1);
	assert_refuses(2, VRRP_AUTH_NONE, interval_nsec, 256 * SECOND);
	assert_refuses(3, VRRP_AUTH_NONE, auth, VRRP_AUTH_PASS);
	assert_refuses(3, VRRP_AUTH_NONE, auth, VRRP_AUTH_AH);
	assert_refuses(2, VRRP_AUTH_AH, ah_number, 0);

	exchange_init(&exchange, 3, VRRP_AUTH_NONE, false);
	exchange.addresses[1] = ipv6;
	assert_refused(&exchange.content);
}

static void test_encode_space(void)
{
	static const VrrpAuth auths[] = { VRRP_AUTH_NONE, VRRP_AUTH_PASS, VRRP_AUTH_AH };

	for (size_t i = 0; i < G_N_ELEMENTS(auths); i++) {
		Exchange exchange;
		g_autofree uint8_t *exact = NULL, *small = NULL;

		exchange_init(&exchange, 2, auths[i], false);
		exact = g_malloc(exchange.size);
		small = g_malloc0(exchange.size);
		g_assert_cmpint(vrrp_packet_encode_ipv4(&exchange.content, exact, exchange.size),
				==, (int)exchange.size);
		g_assert_cmpint(vrrp_packet_encode_ipv4(&exchange.content, small,
							exchange.size - 1),
				==, -ENOSPC);
		g_assert_cmpint(small[0], ==, 0);
	}
}

/* The most that fits into the count: 255 addresses, with everything in front of them. */
static void test_encode_largest(void)
{
	Exchange exchange;
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];

	for (unsigned i = 0; i < VRRP_ADDRESSES_MAX; i++)
		addresses[i] = ipv4(10, 0, 0, (uint8_t)i);
	exchange_init(&exchange, 2, VRRP_AUTH_AH, false);
	exchange.content.addresses = addresses;
	exchange.content.address_count = VRRP_ADDRESSES_MAX;
	encode(&exchange);
	g_assert_cmpuint(exchange.size, ==, IP + AH + 8 + 4 * 255 + 8);
	assert_understood(&exchange);
	g_assert_cmpint(exchange.packet.count, ==, 255);
}

/* The kernel would replace an identification of zero, and the ICV would be wrong then. */
static void test_encode_identification(void)
{
	Exchange exchange;

	exchange_init(&exchange, 2, VRRP_AUTH_AH, false);
	exchange.content.ah_number = 0x20000;
	encode(&exchange);
	g_assert_cmpint(exchange.bytes[4] << 8 | exchange.bytes[5], ==, 1);
	assert_understood(&exchange);
	g_assert_cmpuint(exchange.packet.ah_number, ==, 0x20000);
	exchange.content.ah_number = 0x21234;
	encode(&exchange);
	g_assert_cmphex(exchange.bytes[4] << 8 | exchange.bytes[5], ==, 0x1234);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/packet-encode/refuses", test_encode_refuses);
	g_test_add_func("/packet-encode/space", test_encode_space);
	g_test_add_func("/packet-encode/largest", test_encode_largest);
	g_test_add_func("/packet-encode/identification", test_encode_identification);
	return g_test_run();
}
