/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the engine knows about the host's links and addresses. Fixed capacity; every lookup is by
 * hash, so a packet costs the same on a host with one interface and on one with ten thousand.
 */

#include "core/vrrp-address.h"
#include "netlink/netlink-monitor.h"

enum {
	ENGINE_LINKS_MAX = 16384, /* links beyond are not seen: instances on them stay faulted */
	ENGINE_ADDRESSES_MAX =
		32768, /* the host's own addresses; ours (IFA_PROTO) are not kept here */
	ENGINE_LINK_BUCKETS = 8192,
	ENGINE_ADDRESS_BUCKETS = 16384,
	ENGINE_LINK_GROUPS = 8,        /* different multicast groups on one link */
	ENGINE_ADDRESS_PROTOCOL = 112, /* IFA_PROTO of the addresses that instances hold */
};

typedef struct EngineAddress {
	VrrpAddress address;
	uint8_t prefix_length;
	uint8_t scope;
	bool secondary;
	bool tentative;
	bool lesser;     /* IPv6: deprecated or temporary; a source only where there is no other */
	uint32_t listed; /* how many instances have it in their list: never a source then */
	uint32_t generation;
	int32_t link; /* slot, -1: this entry is free */
	int32_t next_on_link;
	int32_t next_in_bucket;
} EngineAddress;

/* A membership. */
typedef struct EngineGroup {
	VrrpAddress address; /* family 0: this entry is free */
	int16_t holder;      /* -1: not joined */
	uint32_t members;    /* instances that want it */
} EngineGroup;

typedef struct EngineLink {
	int32_t index; /* 0: this entry is free */
	char name[VRRP_INTERFACE_NAME_SIZE];
	bool up;
	bool running;
	uint8_t mac_length;
	uint8_t mac[6]; /* all zero where the link's addresses have another length */
	EngineGroup groups[ENGINE_LINK_GROUPS];
	uint32_t generation;
	int32_t first_address;
	int32_t next_by_index;
	int32_t next_by_name;
} EngineLink;

typedef struct EngineLinks {
	uint32_t generation; /* of the last full synchronisation */
	int32_t swept;       /* how far engine_links_sweep has come */
	int32_t free_link;
	int32_t free_address;
	int32_t by_index[ENGINE_LINK_BUCKETS];
	int32_t by_name[ENGINE_LINK_BUCKETS];
	int32_t by_address[ENGINE_ADDRESS_BUCKETS];
	EngineLink links[ENGINE_LINKS_MAX];
	EngineAddress addresses[ENGINE_ADDRESSES_MAX];
} EngineLinks;

/* What one change meant. Nothing at all where @changed is false. */
typedef struct EngineLinksEvent {
	bool changed;
	bool returned; /* the link runs again, or is new and runs */
	bool mac_changed;
	int32_t index;
	bool gone; /* the link is; @lost_groups are what it had joined */
	EngineGroup lost_groups[ENGINE_LINK_GROUPS];
	EngineAddress *added; /* an address that was not there before: its @listed is the caller's
				 to fill */
	char name[VRRP_INTERFACE_NAME_SIZE];
	char old_name[VRRP_INTERFACE_NAME_SIZE]; /* "" where it was not renamed */
} EngineLinksEvent;

void engine_links_init(EngineLinks *links);
/* Takes one notification in. Ignores what does not fit (capacity, an address on an unknown link).
 */
void engine_links_apply(EngineLinks *links, const NetlinkChange *change, EngineLinksEvent *ret);

/* Full synchronisation: begin, then both dumps through engine_links_apply, and after each dump
 * sweep until false. What the dump did not mention is gone. */
void engine_links_begin(EngineLinks *links);
bool engine_links_sweep(EngineLinks *links, NetlinkDump dump, EngineLinksEvent *ret);

/* NULL where there is none. */
EngineLink *engine_links_by_index(EngineLinks *links, int32_t index);
EngineLink *engine_links_by_name(EngineLinks *links, const char *name);
/* Whether the host has @address on any link. */
bool engine_links_own(const EngineLinks *links, const VrrpAddress *address);
/* Adds @delta to the count of instances that list @address. Returns true where the host has that
 * address. */
bool engine_links_list(EngineLinks *links, const VrrpAddress *address, int delta);
/* The IPv4 address to send from: primary before secondary, scope global before link, in the
 * kernel's order, never one that an instance lists unless @listed_too (the owner of an address).
 * Family 0 where there is none. */
VrrpAddress engine_links_source_ipv4(const EngineLinks *links, const EngineLink *link,
				     bool listed_too);
/* The same for IPv6: the link-local address (RFC 9568 5.1.2.1), or where @global, for peers that
 * are not on the link, one of global scope. Never one that duplicate address detection has not
 * passed; a deprecated or temporary one only where there is no other. */
VrrpAddress engine_links_source_ipv6(const EngineLinks *links, const EngineLink *link, bool global,
				     bool listed_too);
/* The link's entry for @group; where it has none a free one is taken for it. NULL where none is
 * free. */
EngineGroup *engine_links_group(EngineLink *link, const VrrpAddress *group);
