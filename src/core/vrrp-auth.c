/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The authentication header as keepalived speaks it: the integrity check value, and the numbers
 * that make a recorded packet worthless. It departs from RFC 2402 where keepalived does (the TTL of
 * a multicast packet is hashed), since nobody else speaks it. Keys and values are compared in
 * constant time and a key never stays behind on the stack. Saving the numbers is the caller's work;
 * this must never send one that was sent or heard before.
 */

#include <string.h>

#include <nettle/hmac.h>

#include "vrrp-auth.h"

enum {
	IP_TOS = 1,
	IP_FRAGMENT = 6,
	IP_TTL = 8,
	IP_CHECKSUM = 10,
	IP_HEADER_MAX = 60,
	AH_ICV = 12,
};

void vrrp_auth_icv(const uint8_t key[VRRP_KEY_SIZE], bool unicast, const uint8_t *ip,
		   size_t ip_length, const uint8_t *ah, const uint8_t *message,
		   size_t message_length, uint8_t ret_icv[VRRP_ICV_SIZE])
{
	static const uint8_t no_icv[VRRP_ICV_SIZE];
	uint8_t header[IP_HEADER_MAX];
	struct hmac_md5_ctx context;

	memcpy(header, ip, ip_length);
	header[IP_TOS] = 0;
	memset(header + IP_FRAGMENT, 0, 2);
	memset(header + IP_CHECKSUM, 0, 2);
	if (unicast)
		header[IP_TTL] = 0;

	hmac_md5_set_key(&context, VRRP_KEY_SIZE, key);
	hmac_md5_update(&context, ip_length, header);
	hmac_md5_update(&context, AH_ICV, ah);
	hmac_md5_update(&context, sizeof no_icv, no_icv);
	hmac_md5_update(&context, message_length, message);
	hmac_md5_digest(&context, VRRP_ICV_SIZE, ret_icv);
	explicit_bzero(&context, sizeof context);
}

bool vrrp_auth_equal(const uint8_t *a, const uint8_t *b, size_t size)
{
	volatile uint8_t difference = 0;

	for (size_t i = 0; i < size; i++)
		difference = difference | (uint8_t)(a[i] ^ b[i]);
	return difference == 0;
}

/* The highest number that anybody used, as far as we know. */
static uint32_t highest(const VrrpReplay *replay)
{
	return replay->sent > replay->heard ? replay->sent : replay->heard;
}

void vrrp_replay_init(VrrpReplay *replay, uint32_t saved, uint32_t seed)
{
	*replay = (VrrpReplay){ .sent = saved > 0 ? saved : seed, .saved_to = saved };
}

bool vrrp_replay_check(const VrrpReplay *replay, uint32_t number, VrrpState state,
		       bool master_heard, bool from_master)
{
	if (number > highest(replay))
		return true;
	if (state != VRRP_STATE_BACKUP)
		return false;
	return !master_heard || (from_master && number > replay->followed);
}

void vrrp_replay_heard(VrrpReplay *replay, uint32_t number)
{
	replay->followed = number;
	if (number > replay->heard)
		replay->heard = number;
}

uint32_t vrrp_replay_next(VrrpReplay *replay)
{
	uint32_t used = highest(replay);

	if (used >= VRRP_AH_NUMBER_MAX)
		return 0;
	replay->sent = used + 1;
	return replay->sent;
}

uint32_t vrrp_replay_reserve(VrrpReplay *replay)
{
	uint64_t used = highest(replay);
	uint64_t end = used + VRRP_AH_BLOCK;

	/* At half a block left: the write takes a while, and numbers go on being used. */
	if (used + VRRP_AH_BLOCK / 2 <= replay->saved_to)
		return 0;
	if (end > VRRP_AH_NUMBER_MAX)
		end = VRRP_AH_NUMBER_MAX;
	if (end <= replay->saved_to)
		return 0;
	replay->saved_to = (uint32_t)end;
	return replay->saved_to;
}
