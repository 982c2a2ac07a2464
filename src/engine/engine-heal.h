/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What an instance remembers about addresses that somebody else deleted.
 */

#include "exchange/messages.h"

#define ENGINE_HEAL_LOSSES      10 /* in the window; one more is a fault */
#define ENGINE_HEAL_WINDOW_NSEC (10 * VRRP_NSEC_PER_SECOND)
#define ENGINE_HEAL_FAULT_NSEC  (60 * VRRP_NSEC_PER_SECOND) /* how long that lasts */
#define ENGINE_HEAL_HOST_NSEC   (2 * VRRP_NSEC_PER_SECOND)  /* patience with the host's own */

typedef struct EngineHeal {
	NetlinkHeal job;     /* the netlink thread's while a job of this kind runs */
	HealSet beside;      /* addresses with one of the host's own in their prefix */
	VrrpTime due;        /* of the next look at the kernel */
	VrrpTime wait_until; /* for the host's own address; never: nothing waits */
	bool singles;        /* some are there without their prefix */
	VrrpTime fault_until;
	unsigned loss_count; /* of @losses, the oldest first */
	VrrpTime losses[ENGINE_HEAL_LOSSES + 1];
} EngineHeal;
