/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The announcement of an IPv6 address, as a frame: what gratuitous ARP is for IPv4. Nothing here
 * sends.
 */

#include <string.h>

#include <net/ethernet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>

#include "core/vrrp-packet.h"
#include "engine-nd.h"

#define ICMP_SIZE    32 /* the advertisement and its option */
#define ICMP_OFFSET  (ENGINE_ND_SIZE - ICMP_SIZE)
#define FLAGS        0xa0 /* Router and Override */
#define OPTION_UNITS 1    /* of eight bytes */

static uint8_t *put(uint8_t *at, const void *data, size_t size)
{
	memcpy(at, data, size);
	return at + size;
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

/* RFC 8200 8.1; the pseudo-header of the core is that of VRRP. */
static uint16_t checksum(const uint8_t frame[ENGINE_ND_SIZE])
{
	uint32_t pseudo_header = ICMP_SIZE + IPPROTO_ICMPV6;

	/* Source, target and message lie in a row. */
	return vrrp_packet_checksum(pseudo_header, frame + ICMP_OFFSET - 32, 32 + ICMP_SIZE);
}

void engine_nd_build(const uint8_t mac[6], const VrrpAddress *address,
		     uint8_t ret_frame[ENGINE_ND_SIZE])
{
	static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	uint8_t *at = ret_frame;

	memset(ret_frame, 0, ENGINE_ND_SIZE);
	at = put(at, all_nodes_mac, sizeof all_nodes_mac);
	at = put(at, mac, 6);
	at = put16(at, ETHERTYPE_IPV6);
	*at = 6 << 4;
	at = put16(at + 4, ICMP_SIZE);
	*at++ = IPPROTO_ICMPV6;
	*at++ = 255;
	at = put(at, address->bytes, 16);
	at = put(at, all_nodes, sizeof all_nodes);
	at[0] = ND_NEIGHBOR_ADVERT;
	at[4] = FLAGS;
	at = put(at + 8, address->bytes, 16);
	*at++ = ND_OPT_TARGET_LINKADDR;
	*at++ = OPTION_UNITS;
	put(at, mac, 6);
	put16(ret_frame + ICMP_OFFSET + 2, checksum(ret_frame));
}
