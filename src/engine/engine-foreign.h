/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The other routers that claim an instance's addresses at present. In backup that is the master; in
 * master there should be none for longer than an election takes.
 */

#include "exchange/instance-status.h"
#include "core/vrrp-time.h"

typedef struct EngineForeign {
	VrrpAddress addresses[INSTANCE_FOREIGN_MAX]; /* in the order of their appearance */
	VrrpTime heard[INSTANCE_FOREIGN_MAX];
	unsigned count;
} EngineForeign;

/* A valid advert came. With @priority 0 its sender is gone. A new one takes the place of the one
 * that was silent for longest where there is no room. */
void engine_foreign_heard(EngineForeign *foreign, const VrrpAddress *source, uint8_t priority,
			  VrrpTime now);
/* Forgets who was silent for @age_nsec or longer. */
void engine_foreign_expire(EngineForeign *foreign, uint64_t age_nsec, VrrpTime now);
