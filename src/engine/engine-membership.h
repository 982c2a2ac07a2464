/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Memberships of 224.0.0.18, one per interface, on sockets that do nothing else: the kernel allows
 * a socket only net.ipv4.igmp_max_memberships of them, 20 by default.
 */

#include <stdbool.h>
#include <stdint.h>

enum {
	ENGINE_HOLDERS_MAX = 512,
	ENGINE_HOLDER_MEMBERSHIPS = 20,
};

typedef struct EngineHolder {
	int fd; /* -1: not open */
	uint8_t used;
	bool full; /* the kernel allows fewer than we thought */
} EngineHolder;

typedef struct EngineMembership {
	EngineHolder holders[ENGINE_HOLDERS_MAX];
} EngineMembership;

void engine_membership_init(EngineMembership *membership);
void engine_membership_deinit(EngineMembership *membership);
/* Joins on the interface. Returns the holder to leave with, or negative errno. */
int engine_membership_join(EngineMembership *membership, int32_t interface_index);
/* Also for an interface that is gone: its entry would count against the limit for ever. */
void engine_membership_leave(EngineMembership *membership, int32_t interface_index, int holder);
