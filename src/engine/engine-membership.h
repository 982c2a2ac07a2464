/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Memberships of 224.0.0.18, ff02::12 and configured groups, on sockets that do nothing else: the
 * kernel allows a socket only net.ipv4.igmp_max_memberships of them, 20 by default.
 */

#include "core/vrrp-types.h"

enum {
	ENGINE_HOLDERS_MAX = 1024,
	ENGINE_HOLDER_MEMBERSHIPS = 20,
};

typedef struct EngineHolder {
	int fd; /* -1: not open */
	uint8_t family;
	uint8_t used;
	bool full; /* the kernel allows fewer than we thought */
} EngineHolder;

typedef struct EngineMembership {
	EngineHolder holders[ENGINE_HOLDERS_MAX];
} EngineMembership;

void engine_membership_init(EngineMembership *membership);
void engine_membership_deinit(EngineMembership *membership);
/* Joins @group on the interface. Returns the holder to leave with, or negative errno. */
int engine_membership_join(EngineMembership *membership, int32_t interface_index,
			   const VrrpAddress *group);
/* Also for an interface that is gone: its entry would count against the limit for ever. */
void engine_membership_leave(EngineMembership *membership, int32_t interface_index,
			     const VrrpAddress *group, int holder);
