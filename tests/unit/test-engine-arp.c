/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Gratuitous ARP frames, byte by byte.
 */

#include <glib.h>

#include "engine/engine-arp.h"

static const uint8_t mac[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };
static const VrrpAddress address = { .family = VRRP_FAMILY_IPV4, .bytes = { 192, 168, 120, 3 } };

static void test_request(void)
{
	static const uint8_t expected[ENGINE_ARP_SIZE] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x11, 0x22, 0x33, 0x44, /* Ethernet */
		0x55, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6,    4,    0x00, 0x01, /* a request */
		0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 192,  168,  120,  3,          /* sender */
		0,    0,    0,    0,    0,    0,    192,  168,  120,  3,          /* target */
	};
	uint8_t frame[ENGINE_ARP_SIZE];

	engine_arp_build(mac, &address, false, frame);
	g_assert_cmpmem(frame, sizeof frame, expected, sizeof expected);
}

static void test_reply(void)
{
	static const uint8_t expected[ENGINE_ARP_SIZE] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02, 0x11, 0x22, 0x33, 0x44, /* Ethernet */
		0x55, 0x08, 0x06, 0x00, 0x01, 0x08, 0x00, 6,    4,    0x00, 0x02, /* a reply */
		0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 192,  168,  120,  3,          /* sender */
		0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 192,  168,  120,  3,          /* target */
	};
	uint8_t frame[ENGINE_ARP_SIZE];

	engine_arp_build(mac, &address, true, frame);
	g_assert_cmpmem(frame, sizeof frame, expected, sizeof expected);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/engine-arp/request", test_request);
	g_test_add_func("/engine-arp/reply", test_reply);
	return g_test_run();
}
