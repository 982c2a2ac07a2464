/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the engine and the netlink thread are told about an instance. Control allocates it as one
 * block, hands it over with a command, and must not touch it again until the engine gives it back
 * (ENGINE_EVENT_CONFIG_RETURNED or _GONE). Nobody writes it in between, so any thread may read it.
 * It holds the key: it is wiped when freed.
 */

#include "core/vrrp-address.h"
#include "core/vrrp-fsm.h"

#define INSTANCE_PEERS_MAX 32

typedef struct InstanceConfig {
	char name[65];
	char interface[VRRP_INTERFACE_NAME_SIZE]; /* "" : unicast without an interface */
	uint8_t family;                           /* VrrpFamily */
	uint8_t vrid;
	bool track_interface;
	bool no_accept;      /* a master takes nothing for its own that is sent to the addresses */
	bool unicast;        /* there are peers */
	bool held_out;       /* starts with a hold (COMMAND_ADD) */
	uint8_t ttl;         /* sent: 255 for multicast */
	uint8_t minimum_ttl; /* accepted */
	VrrpParameters parameters;
	VrrpAuth auth;
	uint8_t key[VRRP_KEY_SIZE];
	VrrpChecksum checksum;
	VrrpAddress source; /* family 0: the interface's primary that no instance holds */
	VrrpAddress group;  /* where multicast goes; family 0: vrrp_group(family) */
	uint32_t peer_count;
	VrrpAddress peers[INSTANCE_PEERS_MAX];
	uint32_t ah_saved;      /* from the state directory; 0: nothing saved */
	uint32_t ah_seed;       /* proposed by the clock where nothing is saved; 0: none */
	uint32_t advert_count;  /* how many of @addresses are in adverts: the first ones */
	uint32_t address_count; /* all that the master holds */
	VrrpInterfaceAddress addresses[]; /* in the order of the adverts; then the excluded ones, of
					   * either family */
} InstanceConfig;
