/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A valid advert of each kind with the rules of the instance that receives it, for tests to spoil.
 */

#include <glib.h>

#include "core/vrrp-packet.h"
#include "core/vrrp-time.h"

#define SECOND VRRP_NSEC_PER_SECOND

enum {
	IP = 20, /* the size of the IP header */
	AH = VRRP_AH_SIZE,
};

static inline VrrpAddress ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { a, b, c, d } };
}

/* An advert and the instance that receives it. */
typedef struct Exchange {
	VrrpAddress addresses[2];
	VrrpAddress peers[2];
	VrrpPacketContent content;
	VrrpPacketRules rules;
	uint8_t bytes[VRRP_PACKET_MAX];
	size_t size;
	VrrpPacket packet;
} Exchange;

static inline void encode(Exchange *exchange)
{
	int length = vrrp_packet_encode_ipv4(&exchange->content, exchange->bytes,
					     sizeof exchange->bytes);

	g_assert_cmpint(length, >, 0);
	exchange->size = (size_t)length;
}

static inline void exchange_init(Exchange *exchange, uint8_t version, VrrpAuth auth, bool unicast)
{
	*exchange = (Exchange){
		.addresses = { ipv4(192, 0, 2, 1), ipv4(192, 0, 2, 2) },
		.peers = { ipv4(192, 0, 2, 250), ipv4(192, 0, 2, 251) },
		.content = { .source = ipv4(192, 0, 2, 251),
			     .destination = unicast ? ipv4(192, 0, 2, 252) : ipv4(224, 0, 0, 18),
			     .ttl = 255,
			     .version = version,
			     .vrid = 10,
			     .priority = 200,
			     .interval_nsec = SECOND,
			     .auth = auth,
			     .key = "secret",
			     .ah_number = 7,
			     .unicast = unicast,
			     .address_count = 2 },
		.rules = { .family = VRRP_FAMILY_IPV4,
			   .version = version,
			   .vrid = 10,
			   .priority = 100,
			   .minimum_ttl = 255,
			   .unicast = unicast,
			   .auth = auth,
			   .key = "secret",
			   .interval_nsec = SECOND,
			   .peer_count = unicast ? 2 : 0 },
	};
	exchange->content.addresses = exchange->addresses;
	exchange->rules.peers = exchange->peers;
	encode(exchange);
}
