/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Adverts as bytes: over IPv4 from the IP header on, over IPv6 from the message on. Fields that the
 * wire cannot carry are refused, never rounded: an advert that says something else than the
 * settings would make other routers count wrongly. The buffer is the caller's; it must stay as it
 * was where something is refused.
 */

#include <errno.h>
#include <string.h>

#include "vrrp-auth.h"
#include "vrrp-packet.h"
#include "vrrp-time.h"

enum {
	IPV4_HEADER_SIZE = 20,
	IPV4_TOS = 0xc0, /* internetwork control, as routing protocols use */
	HEADER_SIZE = 8,
	AUTH_DATA_SIZE = 8,
	CHECKSUM = 6, /* in the message */
	AH_ICV = 12,
	TYPE_ADVERTISEMENT = 1,
};

static void put_be16(uint8_t *p, size_t value)
{
	p[0] = (uint8_t)(value >> 8);
	p[1] = (uint8_t)value;
}

static void put_be32(uint8_t *p, uint32_t value)
{
	put_be16(p, value >> 16);
	put_be16(p + 2, value & 0xffff);
}

/* The interval in the unit of the version, or 0 where that cannot say it. */
static uint16_t interval_on_wire(const VrrpPacketContent *content)
{
	uint64_t unit = content->version == 2 ? VRRP_NSEC_PER_SECOND : VRRP_NSEC_PER_CENTI;
	uint64_t most = content->version == 2 ? 255 : 4095;
	uint64_t interval = content->interval_nsec / unit;

	if (content->interval_nsec % unit != 0 || interval > most)
		return 0;
	return (uint16_t)interval;
}

static bool fits(const VrrpPacketContent *content, VrrpFamily family)
{
	if ((content->version != 2 && content->version != 3) || content->vrid == 0 ||
	    interval_on_wire(content) == 0)
		return false;
	if (content->version == 3 && content->auth != VRRP_AUTH_NONE)
		return false;
	if (content->version == 2 && family == VRRP_FAMILY_IPV6)
		return false;
	if (content->auth == VRRP_AUTH_AH && content->ah_number == 0)
		return false;
	if (content->source.family != family || content->destination.family != family)
		return false;
	if (content->address_count == 0 || content->address_count > VRRP_ADDRESSES_MAX)
		return false;
	for (size_t i = 0; i < content->address_count; i++)
		if (content->addresses[i].family != family)
			return false;
	return true;
}

static size_t message_size(const VrrpPacketContent *content)
{
	return HEADER_SIZE + content->address_count * vrrp_address_size(content->source) +
	       (content->version == 2 ? AUTH_DATA_SIZE : 0u);
}

static void write_message(const VrrpPacketContent *content, uint8_t *message, size_t length)
{
	size_t address_size = vrrp_address_size(content->source);
	uint8_t *next = message + HEADER_SIZE;
	uint32_t sum = 0;

	message[0] = (uint8_t)(content->version << 4 | TYPE_ADVERTISEMENT);
	message[1] = content->vrid;
	message[2] = content->priority;
	message[3] = (uint8_t)content->address_count;
	put_be16(message + 4, interval_on_wire(content));
	if (content->version == 2)
		message[4] = (uint8_t)content->auth;
	put_be16(message + CHECKSUM, 0);

	for (size_t i = 0; i < content->address_count; i++, next += address_size)
		memcpy(next, content->addresses[i].bytes, address_size);
	if (content->version == 2) {
		memset(next, 0, AUTH_DATA_SIZE);
		if (content->auth == VRRP_AUTH_PASS)
			memcpy(next, content->key, AUTH_DATA_SIZE);
	} else if (content->checksum != VRRP_CHECKSUM_MESSAGE_ONLY ||
		   content->source.family == VRRP_FAMILY_IPV6) {
		sum = vrrp_packet_pseudo_header_sum(&content->source, &content->destination,
						    length);
	}
	put_be16(message + CHECKSUM, vrrp_packet_checksum(sum, message, length));
}

static void write_ipv4_header(const VrrpPacketContent *content, uint8_t *ip, size_t total_length)
{
	uint16_t identification = (uint16_t)content->ah_number;

	memset(ip, 0, IPV4_HEADER_SIZE);
	ip[0] = 4 << 4 | IPV4_HEADER_SIZE / 4;
	ip[1] = IPV4_TOS;
	put_be16(ip + 2, total_length);
	/* The kernel would replace a zero, and the ICV covers it. */
	put_be16(ip + 4, identification > 0 ? identification : 1);
	ip[8] = content->ttl;
	ip[9] = content->auth == VRRP_AUTH_AH ? VRRP_PROTOCOL_AH : VRRP_PROTOCOL;
	memcpy(ip + 12, content->source.bytes, 4);
	memcpy(ip + 16, content->destination.bytes, 4);
	put_be16(ip + 10, vrrp_packet_checksum(0, ip, IPV4_HEADER_SIZE));
}

static void write_auth_header(const VrrpPacketContent *content, const uint8_t *ip, uint8_t *ah,
			      size_t message_length)
{
	ah[0] = VRRP_PROTOCOL;
	ah[1] = VRRP_AH_SIZE / 4 - 2;
	put_be16(ah + 2, 0);
	memcpy(ah + 4, content->source.bytes, 4); /* the SPI */
	put_be32(ah + 8, content->ah_number);
	vrrp_auth_icv(content->key, content->unicast, ip, IPV4_HEADER_SIZE, ah, ah + VRRP_AH_SIZE,
		      message_length, ah + AH_ICV);
}

int vrrp_packet_encode_ipv4(const VrrpPacketContent *content, uint8_t *buffer, size_t size)
{
	size_t ah_size = content->auth == VRRP_AUTH_AH ? VRRP_AH_SIZE : 0u;
	size_t length, total;

	if (!fits(content, VRRP_FAMILY_IPV4))
		return -EINVAL;
	length = message_size(content);
	total = IPV4_HEADER_SIZE + ah_size + length;
	if (total > size)
		return -ENOSPC;
	write_ipv4_header(content, buffer, total);
	write_message(content, buffer + IPV4_HEADER_SIZE + ah_size, length);
	if (ah_size > 0)
		write_auth_header(content, buffer, buffer + IPV4_HEADER_SIZE, length);
	return (int)total;
}

int vrrp_packet_encode_ipv6(const VrrpPacketContent *content, uint8_t *buffer, size_t size)
{
	size_t length;

	if (!fits(content, VRRP_FAMILY_IPV6))
		return -EINVAL;
	length = message_size(content);
	if (length > size)
		return -ENOSPC;
	write_message(content, buffer, length);
	return (int)length;
}
