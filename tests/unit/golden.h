/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Packets as others make them, from the IP header on: captured from keepalived 2.2.7, and four
 * messages worked out from the RFCs. Source 10.9.0.1 throughout.
 */

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* AH, key "secret", VRID 51, priority 100, 10.9.0.100, number 1, 2, and 6 with priority 0. */
#define GOLDEN_AH_MULTICAST                                            \
	"45c0004000010000ff33d0ad0a090001e0000012700400000a0900010000" \
	"000134e23a8c5e068820eaa8cc1f2133640102016e5d0a09006400000000" \
	"00000000"
#define GOLDEN_AH_MULTICAST_2                                          \
	"45c0004000020000ff33d0ac0a090001e0000012700400000a0900010000" \
	"00026b6490b5835c3843111dbf282133640102016e5d0a09006400000000" \
	"00000000"
#define GOLDEN_AH_MULTICAST_6                                          \
	"45c0004000060000ff33d0a80a090001e0000012700400000a0900010000" \
	"0006c5db99ed17b205d9bfff0fb7213300010201d25d0a09006400000000" \
	"00000000"
/* AH, key "longerth", VRID 52, priority 90, 10.9.0.101 and .102, number 1, to 10.9.0.2
 * and 10.9.0.3. */
#define GOLDEN_AH_UNICAST_2                                            \
	"45c0004400010000ff33a6b10a0900010a090002700400000a0900010000" \
	"0001648fa903b5abd035b17bcbdf21345a0202016deb0a0900650a090066" \
	"0000000000000000"
#define GOLDEN_AH_UNICAST_3                                            \
	"45c0004400010000ff33a6b00a0900010a090003700400000a0900010000" \
	"0001979358ea50af0f96181c4ee121345a0202016deb0a0900650a090066" \
	"0000000000000000"
/* PASS, key "abc", VRID 53, priority 90, 10.9.0.103. */
#define GOLDEN_PASS                                                    \
	"45c0002800010000ff70d0880a090001e000001221355a010101b4f50a09" \
	"00676162630000000000"
/* Version 3 with pseudo-header: VRID 54, priority 90, half a second, 10.9.0.104; VRID 55
 * to 10.9.0.2, 10.9.0.105. */
#define GOLDEN_V3_MULTICAST "45c0002000010000ff70d0900a090001e000001231365a0100327f8c0a090068"
#define GOLDEN_V3_UNICAST   "45c0002000010000ff70a6980a0900010a09000231375a01003255920a090069"

/* Messages: VRID 10, priority 200, one second, 192.0.2.1 and .2; from 192.0.2.251 to the group. */
#define GOLDEN_MESSAGE_V2        "210ac802000192edc0000201c00002020000000000000000"
#define GOLDEN_MESSAGE_V3        "310ac8020064828ac0000201c0000202"
#define GOLDEN_MESSAGE_V3_PSEUDO "310ac8020064defbc0000201c0000202"
/* VRID 10, priority 100, one second, fe80::1 and 2001:db8::1; from fe80::c8 to the group. */
#define GOLDEN_MESSAGE_V3_IPV6                                         \
	"310a640200643f5dfe80000000000000000000000000000120010db80000" \
	"00000000000000000001"

static inline uint8_t *golden_bytes(const char *hex, gsize *ret_size)
{
	gsize size = strlen(hex) / 2;
	uint8_t *bytes = g_malloc(size);

	for (gsize i = 0; i < size; i++)
		bytes[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 |
				     g_ascii_xdigit_value(hex[2 * i + 1]));
	*ret_size = size;
	return bytes;
}
