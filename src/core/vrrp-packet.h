/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vrrp-types.h"

enum {
	VRRP_PROTOCOL = 112,      /* IP protocol number of VRRP */
	VRRP_PROTOCOL_AH = 51,    /* ... and of the authentication header */
	VRRP_ADDRESSES_MAX = 255, /* the count field is a byte */
	VRRP_AH_SIZE = 24,
	VRRP_ICV_SIZE = 12,
	/* The largest packet that we send or accept: IPv4 with options, AH, and 255 IPv6 addresses.
	 */
	VRRP_PACKET_MAX = 60 + VRRP_AH_SIZE + 8 + 16 * VRRP_ADDRESSES_MAX + 8,
};

/* A received packet, taken apart but not yet judged. The pointers point into the caller's buffer.
 */
typedef struct VrrpPacket {
	VrrpAddress source;
	VrrpAddress destination;
	uint8_t ttl;      /* IPv6: the hop limit */
	uint8_t protocol; /* VRRP_PROTOCOL, or VRRP_PROTOCOL_AH where an AH precedes the message */
	uint8_t version;
	uint8_t type;
	uint8_t vrid;
	uint8_t priority;
	uint8_t count;          /* of addresses */
	uint8_t auth_type;      /* version 2 */
	uint64_t interval_nsec; /* as on the wire, seconds or centiseconds */
	uint32_t ah_spi;        /* host order */
	uint32_t ah_number;     /* host order */
	const uint8_t *ip;      /* the IP header; NULL for IPv6, whose header the kernel keeps */
	size_t ip_header_length;
	const uint8_t *ah;      /* NULL without AH */
	const uint8_t *message; /* the VRRP header and what follows */
	size_t message_length;
	const uint8_t *addresses; /* count * 4 or 16 bytes, inside message; valid after
				     vrrp_packet_check */
	VrrpChecksum
		checksum_form; /* set by vrrp_packet_check: which form matched (version 3, IPv4) */
} VrrpPacket;

/* What one instance expects of the packets addressed to it. */
typedef struct VrrpPacketRules {
	uint8_t family; /* VrrpFamily */
	uint8_t version;
	uint8_t vrid;
	uint8_t priority; /* own effective priority: a v2 owner discards everything (checklist R11)
			   */
	uint8_t minimum_ttl; /* 255 for multicast */
	bool unicast;
	VrrpAddress group; /* of a multicast instance; family 0: vrrp_group(family) */
	VrrpAuth auth;
	uint8_t key[VRRP_KEY_SIZE];
	uint64_t interval_nsec;   /* own; compared in version 2 only */
	const VrrpAddress *peers; /* the accepted sources of a unicast instance */
	size_t peer_count;
} VrrpPacketRules;

/* What vrrp_packet_encode writes. */
typedef struct VrrpPacketContent {
	VrrpAddress source;
	VrrpAddress destination;
	uint8_t ttl;
	uint8_t version;
	uint8_t vrid;
	uint8_t priority;
	uint64_t interval_nsec;
	VrrpAuth auth;
	uint8_t key[VRRP_KEY_SIZE];
	uint32_t ah_number; /* goes into the AH; its low 16 bits, never 0, become the IP
			       identification */
	bool unicast; /* AH: the TTL is hashed as zero for unicast, as it stands for multicast */
	VrrpChecksum checksum; /* version 3, IPv4; AUTO means pseudo-header */
	const VrrpAddress *addresses;
	size_t address_count;
} VrrpPacketContent;

/* Takes an IPv4 packet apart, from its IP header on. Verifies only what is needed to find the
 * instance: the IP header (ihl, total length, fragment), the form of the AH, and that a VRRP header
 * is complete. Returns VRRP_REJECT_NONE, _IP_HEADER, _AUTH_HEADER or _TRUNCATED; on an error @ret
 * holds what was readable (source and TTL wherever there was an IP header), the rest is zero. Never
 * reads outside @data. */
VrrpReject vrrp_packet_parse_ipv4(const uint8_t *data, size_t size, VrrpPacket *ret);

/* The same for IPv6, where a raw socket delivers the message without the IP header: what was in it
 * comes from the kernel beside it (recvmsg's address, IPV6_PKTINFO, IPV6_HOPLIMIT). There is no AH
 * over IPv6. Returns VRRP_REJECT_NONE or _TRUNCATED; then @ret holds the source, the destination
 * and the hop limit. Both addresses must be of IPv6. */
VrrpReject vrrp_packet_parse_ipv6(const uint8_t *message, size_t size, const VrrpAddress *source,
				  const VrrpAddress *destination, uint8_t hop_limit,
				  VrrpPacket *ret);

/* Judges a parsed packet by the rules of one instance, in the order destination, unknown peer, TTL,
 * version, type, VRID, length (an HMAC trailer has its own reason), auth type, checksum, count,
 * interval, key, owner: RFC 9568 7.1, RFC 3768 7.1, and design rules 6 to 9. Sets
 * @packet->addresses and
 * ->checksum_form. Sequence numbers are not judged here: vrrp_replay_check does that afterwards. */
VrrpReject vrrp_packet_check(VrrpPacket *packet, const VrrpPacketRules *rules);

/* Are the addresses of a checked packet those of @addresses, in whatever order? Lists that differ
 * are never a reason to drop (design rule 6): this is for counting and for telling the
 * administrator. */
bool vrrp_packet_same_addresses(const VrrpPacket *packet, const VrrpAddress *addresses,
				size_t count);

/* Does the address list of a checked packet begin as RFC 9568 5.2.9 wants it? Over IPv6 that is
 * with a link-local address (checklist R9); over IPv4 every list does. A list that does not is
 * processed all the same, since keepalived sends such: the caller counts it as an error of the
 * address list. */
bool vrrp_packet_leads_link_local(const VrrpPacket *packet);

/* Writes a complete IPv4 packet, IP header included (for IP_HDRINCL), signed where @content says
 * so. Returns its size, or -ENOSPC, or -EINVAL where the fields do not fit the version. */
int vrrp_packet_encode_ipv4(const VrrpPacketContent *content, uint8_t *buffer, size_t size);

/* Writes a message for a raw IPv6 socket, which makes the IP header itself: the source
 * (IPV6_PKTINFO), the destination and the hop limit are the caller's to say again in sendmsg. The
 * checksum is complete; where the socket has IPV6_CHECKSUM set, the kernel writes the same one.
 * Version 3 without authentication only; @content->checksum and ->ttl do not matter. Returns its
 * size, or -ENOSPC, or -EINVAL. */
int vrrp_packet_encode_ipv6(const VrrpPacketContent *content, uint8_t *buffer, size_t size);

/* The partial sum of the pseudo-header for a message of @message_length bytes: RFC 8200 8.1, and
 * RFC 5798 5.2.8 for IPv4, are the same sum. */
uint32_t vrrp_packet_pseudo_header_sum(const VrrpAddress *source, const VrrpAddress *destination,
				       size_t message_length);

/* The Internet checksum over @data, in host order; @sum is a partial sum to start from. */
uint16_t vrrp_packet_checksum(uint32_t sum, const uint8_t *data, size_t size);
