/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The unsolicited neighbour advertisement, byte by byte. The checksum was computed apart from the
 * code.
 */

#include <glib.h>

#include "engine/engine-nd.h"

/* clang-format off */
static const uint8_t expected[ENGINE_ND_SIZE] = {
	/* Ethernet, to all nodes */
	0x33, 0x33, 0, 0, 0, 1, 0x02, 0x11, 0x22, 0x33, 0x44, 0x55, 0x86, 0xdd,
	/* IPv6: 32 bytes of ICMPv6 with hop limit 255 */
	0x60, 0, 0, 0, 0, 32, 58, 255,
	0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3,
	0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
	/* a neighbour advertisement: router, override */
	136, 0, 0x12, 0x8e, 0xa0, 0, 0, 0,
	0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3,
	/* the target's link-layer address */
	2, 1, 0x02, 0x11, 0x22, 0x33, 0x44, 0x55,
};
/* clang-format on */

static void test_frame(void)
{
	static const uint8_t mac[6] = { 0x02, 0x11, 0x22, 0x33, 0x44, 0x55 };
	static const VrrpAddress address = { .family = VRRP_FAMILY_IPV6,
					     .bytes = { 0x20, 0x01, 0x0d, 0xb8, [15] = 3 } };
	uint8_t frame[ENGINE_ND_SIZE];

	engine_nd_build(mac, &address, frame);
	g_assert_cmpmem(frame, sizeof frame, expected, sizeof expected);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/engine-nd/frame", test_frame);
	return g_test_run();
}
