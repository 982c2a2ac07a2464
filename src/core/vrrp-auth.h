/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vrrp-packet.h"

enum {
	VRRP_AH_BLOCK = 1024, /* numbers saved ahead at a time */
};
#define VRRP_AH_NUMBER_MAX \
	UINT32_C(0xF0000000) /* above it the instance faults: numbers never wrap */

/* The ICV of a packet as keepalived makes it: HMAC-MD5 cut to 12 bytes, over the IP header with its
 * mutable fields zeroed (the TTL only for unicast), the AH with a zero ICV, and the message.
 * @ip is @ip_length bytes long (20 to 60), @ah points to VRRP_AH_SIZE bytes followed by the
 * message. */
void vrrp_auth_icv(const uint8_t key[VRRP_KEY_SIZE], bool unicast, const uint8_t *ip,
		   size_t ip_length, const uint8_t *ah, const uint8_t *message,
		   size_t message_length, uint8_t ret_icv[VRRP_ICV_SIZE]);

/* Compares in constant time. */
bool vrrp_auth_equal(const uint8_t *a, const uint8_t *b, size_t size);

/* The AH numbers of one instance, sent and heard (design rule 9). */
typedef struct VrrpReplay {
	uint32_t sent;     /* the last number sent, or what was saved in the state directory */
	uint32_t heard;    /* the highest valid number heard from anybody */
	uint32_t followed; /* the last one that was accepted: in backup, where the master has got to
			    */
	uint32_t saved_to; /* numbers up to here are saved: after a restart sending begins above it
			    */
} VrrpReplay;

/* @saved is what the state directory holds (0: nothing), @seed what the clock proposes where
 * nothing is saved. */
void vrrp_replay_init(VrrpReplay *replay, uint32_t saved, uint32_t seed);

/* May a packet with @number be believed? Above everything sent and heard: yes, always. Otherwise
 * only in backup: where no master is heard (@master_heard false), so that a router whose counter
 * was lost can come back, and from then on, from the master that is heard (@from_master), what is
 * above its last number. Our own numbers may be far above those of a healthy master: they are saved
 * ahead, or come from the clock. A master believes no such number, whoever sends it: a recorded
 * advert cannot depose anybody. Does not change @replay. */
bool vrrp_replay_check(const VrrpReplay *replay, uint32_t number, VrrpState state,
		       bool master_heard, bool from_master);

/* Notes a number that was accepted. */
void vrrp_replay_heard(VrrpReplay *replay, uint32_t number);

/* The next number to send: above everything sent and heard. Returns 0 where the numbers are used
 * up. */
uint32_t vrrp_replay_next(VrrpReplay *replay);

/* Must more numbers be saved? Returns the new upper end to write to the state directory, or 0.
 * Noted as saved at once: the number after a crash is at most one block too low, and only if the
 * write failed. */
uint32_t vrrp_replay_reserve(VrrpReplay *replay);
