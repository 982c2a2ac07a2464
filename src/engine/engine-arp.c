/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The announcement of an IPv4 address, as a frame. Nothing here sends.
 */

#include <string.h>

#include <net/ethernet.h>
#include <net/if_arp.h>

#include "engine-arp.h"

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

void engine_arp_build(const uint8_t mac[6], const VrrpAddress *address, bool reply,
		      uint8_t ret_frame[ENGINE_ARP_SIZE])
{
	static const uint8_t broadcast[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	static const uint8_t unset[6];
	uint8_t *at = ret_frame;

	at = put(at, broadcast, sizeof broadcast);
	at = put(at, mac, 6);
	at = put16(at, ETHERTYPE_ARP);
	at = put16(at, ARPHRD_ETHER);
	at = put16(at, ETHERTYPE_IP);
	*at++ = 6;
	*at++ = 4;
	at = put16(at, reply ? ARPOP_REPLY : ARPOP_REQUEST);
	at = put(at, mac, 6);
	at = put(at, address->bytes, 4);
	/* In a request the target is asked for; in a reply it is whom the cache entry is about (RFC
	 * 5944 4.6). */
	at = put(at, reply ? mac : unset, 6);
	put(at, address->bytes, 4);
}
