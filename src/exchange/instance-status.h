/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the engine tells about an instance. The engine writes, control reads; nothing here is a
 * secret.
 */

#include <stdatomic.h>

#include "core/vrrp-address.h"
#include "core/vrrp-types.h"
#include "instance-config.h"
#include "slot.h"

#define INSTANCE_FOREIGN_MAX 8

/* The latest status: copied as a whole through a slot under a sequence lock, and with every
 * transition. */
typedef struct InstanceStatus {
	uint8_t state;       /* VrrpState */
	uint8_t last_reason; /* VrrpReason */
	uint8_t releasing;
	uint8_t effective_priority;
	uint8_t master_priority;
	uint8_t addresses_held; /* VrrpAddresses: what the kernel confirmed */
	uint8_t checksum_form;  /* VrrpChecksum: what we send now */
	uint8_t started;
	uint32_t faults;         /* VrrpFault bits */
	int32_t interface_index; /* 0: missing */
	int32_t address_error;   /* negative errno of the last failed address job, or 0 */
	uint64_t transitions;
	uint64_t state_since_nsec; /* CLOCK_BOOTTIME */
	uint64_t master_interval_nsec;
	uint64_t master_down_nsec;
	uint64_t skew_nsec;
	VrrpAddress master_address; /* family 0: unknown */
	VrrpAddress source_address; /* family 0: none */
	/* Other routers that sent an advert with a priority within the last Master_Down_Interval,
	 * in the order of their appearance; family 0: no more. Where there are more, the latest. */
	VrrpAddress foreign[INSTANCE_FOREIGN_MAX];
	uint8_t peer_priority[INSTANCE_PEERS_MAX]; /* of the configured peers; 0: nothing heard yet
						    */
} InstanceStatus;

/* Counters by name; the second string is the name on the bus. The rejects have theirs in
 * vrrp-types.h. */
#define INSTANCE_COUNTERS(X)                                                   \
	X(COUNTER_ADVERTS_RECEIVED, "AdvertisementsReceived")                  \
	X(COUNTER_ADVERTS_SENT, "AdvertisementsSent")                          \
	X(COUNTER_PRIORITY_ZERO_RECEIVED, "PriorityZeroPacketsReceived")       \
	X(COUNTER_PRIORITY_ZERO_SENT, "PriorityZeroPacketsSent")               \
	X(COUNTER_MASTER_TRANSITIONS, "MasterTransitions")                     \
	X(COUNTER_ADDRESS_LIST_ERRORS,                                         \
	  "AddressListErrors") /* differing lists; processed all the same */   \
	X(COUNTER_SEND_ERRORS, "SendErrors")                                   \
	X(COUNTER_ANNOUNCEMENTS_SENT, "AnnouncementsSent")                     \
	X(COUNTER_CONFLICTS, "ConflictsSeen") /* adverts of a second master */ \
	X(COUNTER_ADDRESS_JOBS_FAILED, "AddressErrors")                        \
	X(COUNTER_ADDRESSES_LOST, "AddressesLost") /* deleted from outside */

typedef enum InstanceCounter {
#define X(id, text) id,
	INSTANCE_COUNTERS(X)
#undef X
		_INSTANCE_COUNTER_MAX,
} InstanceCounter;

/* Written by the engine only, read relaxed by anybody, never reset: a reset is a baseline kept by
 * control. */
typedef struct InstanceCounters {
	_Atomic uint64_t counters[_INSTANCE_COUNTER_MAX];
	_Atomic uint64_t rejects[_VRRP_REJECT_MAX];
	_Atomic uint64_t peer_last_heard_nsec[INSTANCE_PEERS_MAX]; /* CLOCK_BOOTTIME; 0: never */
} InstanceCounters;

/* What both sides share about one instance, for as long as the engine has it. */
typedef struct InstanceShared {
	Slot status; /* of one InstanceStatus */
	_Atomic uint64_t status_words[SLOT_WORDS(InstanceStatus)];
	atomic_bool dirty; /* set by the engine when it queues ENGINE_EVENT_DIRTY, cleared by
			      control before it reads */
	InstanceCounters counters;
} InstanceShared;

static inline void instance_count(_Atomic uint64_t *counter)
{
	/* Single writer: no read-modify-write needed. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
}
