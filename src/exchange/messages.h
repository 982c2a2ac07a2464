/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the three threads say to each other.
 *
 *   control --Command--> engine --NetlinkJob--> netlink
 *   control <--EngineEvent, Transition-- engine <--NetlinkDone-- netlink
 *
 * Pointers in a message lend their object to the receiver; the comment at each says until when.
 * Commands, events, jobs and completions are never lost: every one of them is bounded by the number
 * of instances, and the rings are made for that. Transitions may be overwritten when control does
 * not read for long; InstanceStatus.transitions shows the gap.
 */

#include "instance-config.h"
#include "instance-status.h"
#include "ring.h"

#define INSTANCES_MAX 8192

typedef struct EngineInstance EngineInstance; /* engine/engine-instance.h */

typedef enum CommandType {
	COMMAND_ADD,     /* @instance starts; the engine has it until ENGINE_EVENT_GONE */
	COMMAND_REPLACE, /* @instance continues with @config (same interface, family, VRID, version,
			  * peers or not); the old config comes back with
			  * ENGINE_EVENT_CONFIG_RETURNED */
	COMMAND_REMOVE,  /* @instance leaves because of @reason, hands over, and comes back with
			    ENGINE_EVENT_GONE */
	COMMAND_FAILOVER, /* @hold_nsec; answered by ENGINE_EVENT_FAILOVER_DONE with @cookie */
	COMMAND_HOLD, /* @hold; answered as COMMAND_FAILOVER is, at once where the instance is not
		       * master or @hold is false */
	COMMAND_ANNOUNCE,
	COMMAND_STOP, /* all instances leave (shutdown); ENGINE_EVENT_STOPPED follows after the last
		       * GONE, then the engine thread ends */
} CommandType;

typedef struct Command {
	CommandType type;
	EngineInstance *instance;
	const InstanceConfig *config;
	VrrpReason reason;
	uint64_t hold_nsec;
	bool hold;
	uint64_t cookie;
} Command;

typedef enum EngineEventType {
	ENGINE_EVENT_STARTED, /* links and addresses of the host are known, sockets are open */
	ENGINE_EVENT_DIRTY,   /* @instance: the status slot changed other than by a transition */
	ENGINE_EVENT_CONFIG_RETURNED, /* @instance does not use @config any more: free it */
	ENGINE_EVENT_FAILOVER_DONE,   /* @cookie, @error: 0, -ENOENT (no peer), -ECANCELED, -EBUSY,
					 -ENOTCONN (not master) */
	ENGINE_EVENT_AH_RESERVE,      /* @instance: write @number to the state directory */
	ENGINE_EVENT_GONE, /* @instance and its config are control's again, nothing of it is in the
			      kernel */
	ENGINE_EVENT_STOPPED,
	ENGINE_EVENT_FAILED, /* the engine cannot go on: @error; the daemon must end */
} EngineEventType;

typedef struct EngineEvent {
	EngineEventType type;
	EngineInstance *instance;
	const InstanceConfig *config;
	uint64_t cookie;
	uint32_t number;
	int error;
} EngineEvent;

/* A note for the log, lossy like transitions, already limited by the engine to one per source and
 * minute. */
typedef enum NoteType {
	NOTE_TRANSITION, /* @transition; @status is the status right after it */
	NOTE_REJECT,   /* a packet from @address was dropped: @reject; @instance_id 0 where none was
			  found */
	NOTE_CONFLICT, /* a second master at @address; @error: 1 where it wins, 0 where we do */
	NOTE_ADDRESS_LIST, /* @address sends another address list than ours (logged once per source)
			    */
	NOTE_ADDRESS_ERROR, /* the kernel refused: @error */
	NOTE_ADDRESS_LOST, /* @address was deleted from outside; @error: 0 where it is back. Each of
			    * them is told: they are bounded by the fault that too many raise */
	NOTE_FILTER_ERROR, /* traffic to the addresses is not refused: @error */
	NOTE_SEND_ERROR,   /* sendmmsg said @error */
	NOTE_OVERRUN, /* @error: 0 for netlink (full resynchronisation), 1 for packets (@number of
			 them) */
} NoteType;

typedef struct Note {
	NoteType type;
	uint64_t instance_id; /* from engine_instance_new */
	uint64_t time_nsec;   /* CLOCK_BOOTTIME */
	VrrpAddress address;
	int32_t interface_index;
	uint8_t vrid;
	VrrpReject reject;
	int error;
	uint64_t number;
	struct {
		uint8_t state; /* VrrpState */
		uint8_t old;
		uint8_t reason; /* VrrpReason */
		uint64_t number;
	} transition;
	InstanceStatus status;
} Note;

typedef enum NetlinkJobType {
	NETLINK_JOB_ADDRESSES,   /* bring @config's addresses on @interface_index to @wanted. Where
				  * @previous is set, addresses of it that @config has not are removed
				  * (COMMAND_REPLACE) */
	NETLINK_JOB_FLUSH_STALE, /* remove every address that carries our IFA_PROTO: leftovers of a
				    dead daemon */
	NETLINK_JOB_HEAL,   /* look whether @config's addresses are there, and restore those that
			     * somebody deleted: see @heal */
	NETLINK_JOB_AWAKE,  /* a job is about to come: stay awake for it until @until_nsec; ends
			       when one is there */
	NETLINK_JOB_STOP,   /* the thread ends; there is no completion */
	NETLINK_JOB_FILTER, /* never a job; an unasked completion: the filter of all instances is
			     * as @filter_error says now */
} NetlinkJobType;

/* One bit for each of a config's addresses; those beyond are healed, but not told one by one. */
#define HEAL_ADDRESSES_MAX 512

typedef struct HealSet {
	uint8_t bits[HEAL_ADDRESSES_MAX / 8];
} HealSet;

static inline bool heal_set_has(const HealSet *set, uint32_t i)
{
	return i < HEAL_ADDRESSES_MAX && (set->bits[i / 8] & (1u << (i % 8)));
}

static inline void heal_set_add(HealSet *set, uint32_t i)
{
	if (i < HEAL_ADDRESSES_MAX)
		set->bits[i / 8] = (uint8_t)(set->bits[i / 8] | (1u << (i % 8)));
}

/* What a NETLINK_JOB_HEAL is told, and what it found. */
typedef struct NetlinkHeal {
	HealSet beside;   /* in: the host had an address of this one's prefix, which must be its
			   * interface's primary again before this one may be there */
	bool single;      /* in: it does not come back; restore without a prefix */
	bool waiting;     /* out: some wait for it */
	bool singles;     /* out: some are there without their prefix */
	uint32_t missing; /* out: how many were not there */
	HealSet restored; /* out */
	HealSet absent;   /* out: not there, and not restored */
} NetlinkHeal;

typedef struct NetlinkJob {
	NetlinkJobType type;
	EngineInstance *instance;       /* returned with the completion, not looked into */
	const InstanceConfig *config;   /* lent until the completion */
	const InstanceConfig *previous; /* NULL, or lent until the completion */
	NetlinkHeal *heal;              /* of NETLINK_JOB_HEAL, lent until the completion */
	int32_t interface_index;
	VrrpAddresses wanted;
	uint64_t until_nsec; /* CLOCK_BOOTTIME */
} NetlinkJob;

typedef struct NetlinkDone {
	NetlinkJobType type;
	EngineInstance *instance;
	VrrpAddresses wanted;
	int error;        /* 0 or negative errno; on an error whatever could be done is done */
	int filter_error; /* 0 or negative errno: why traffic to the addresses is not refused,
			   * although it should be */
} NetlinkDone;

/* One of each, made by the daemon before the threads start. */
typedef struct Exchange {
	Ring commands; /* control -> engine */
	Ring events;   /* engine -> control */
	Tape notes;    /* engine -> control */
	Ring jobs;     /* engine -> netlink */
	Ring done;     /* netlink -> engine */
} Exchange;

int exchange_init(Exchange *exchange);
void exchange_deinit(Exchange *exchange);
