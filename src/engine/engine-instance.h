/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One instance as the engine's thread sees it. Control makes and frees it, and touches nothing but
 * the shared part while the engine has it.
 */

#include "core/vrrp-auth.h"
#include "core/vrrp-fsm.h"
#include "core/vrrp-heap.h"
#include "core/vrrp-packet.h"
#include "core/vrrp-table.h"
#include "engine-foreign.h"
#include "engine-heal.h"
#include "exchange/messages.h"

#define ENGINE_LIST_SOURCES 4 /* remembered senders of another address list */

struct EngineInstance {
	uint64_t id;
	const InstanceConfig *config;
	InstanceShared shared;

	VrrpFsm fsm;
	VrrpReplay replay;
	VrrpPacketRules rules;
	uint64_t list_fingerprint; /* of the configured addresses, whatever their order */
	VrrpChecksum checksum_form;
	InstanceStatus published; /* what the slot holds */
	uint8_t peer_priority[INSTANCE_PEERS_MAX];
	uint32_t
		peers_ttl_bad; /* a bit for each peer whose last packet had a TTL below the limit */

	uint32_t slot;        /* in Engine.instances */
	EngineInstance *next; /* on the same interface name */
	VrrpHeapNode node;    /* .deadline is the earlier of the fsm's and @retry_at */
	VrrpTableEntry entries[INSTANCE_PEERS_MAX];
	bool unicast_counted; /* in Engine.unicast_count */

	int32_t interface_index; /* 0: missing */
	VrrpAddress group;       /* that it is a member of on its link; family 0: of none */
	VrrpAddress source;      /* told to the fsm */
	uint32_t faults;         /* VrrpFault bits as they are */
	uint32_t faults_told;    /* ... as the fsm knows them */

	VrrpAddresses wanted;
	bool job_needed; /* @wanted or the lists changed since the last job began */
	bool job_running;
	bool job_instant;  /* the interface is gone: done without a job */
	int address_error; /* negative errno of the last job, or 0 */
	VrrpTime retry_at;
	VrrpTime stepped_at;               /* of the last event: time does not run backwards */
	const InstanceConfig *previous;    /* addresses to take away with the next or running job */
	const InstanceConfig *replacement; /* to become @config when no job runs */

	EngineForeign foreign;
	EngineHeal heal;
	uint64_t failover_cookie;
	bool transitioned; /* in the current step: its status travels with the note */
	bool released;     /* the fsm is done */
	bool gone;         /* on the list of those that go back to control */
	EngineInstance *next_gone;

	VrrpAddress list_sources[ENGINE_LIST_SOURCES];
	unsigned list_source_count;
};
