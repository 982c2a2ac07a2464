/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The notification parser that the engine reads with: rtnetlink messages in, link and address
 * changes out. No allocation, no blocking; messages that do not come from the kernel are ignored.
 */

#include "core/vrrp-address.h"

typedef enum NetlinkChangeType {
	NETLINK_CHANGE_LINK, /* new or changed */
	NETLINK_CHANGE_LINK_GONE,
	NETLINK_CHANGE_ADDRESS, /* new or changed */
	NETLINK_CHANGE_ADDRESS_GONE,
	NETLINK_CHANGE_DUMP_DONE,        /* the answer to netlink_monitor_request has ended */
	NETLINK_CHANGE_DUMP_INTERRUPTED, /* it misses something: ask again once DUMP_DONE, which
					    still follows, is here */
} NetlinkChangeType;

typedef struct NetlinkChange {
	NetlinkChangeType type;
	int32_t interface_index;
	/* links */
	char name[VRRP_INTERFACE_NAME_SIZE];
	bool up;      /* IFF_UP */
	bool running; /* IFF_UP and operational: carrier, not lowerlayerdown */
	uint8_t mac_length;
	uint8_t mac[32];
	/* addresses */
	VrrpAddress address;
	uint8_t prefix_length;
	uint8_t scope;
	uint8_t protocol; /* IFA_PROTO, 0 where the kernel has none */
	bool secondary;   /* IFA_F_SECONDARY; IPv4 only */
	bool tentative;   /* not usable yet, or failed */
	char label[VRRP_INTERFACE_NAME_SIZE];
	VrrpAddress peer;                /* family 0: none */
	VrrpAddress broadcast;           /* family 0: none */
	uint32_t flags;                  /* IFA_F_* */
	uint32_t preferred_lifetime_sec; /* UINT32_MAX: for ever */
} NetlinkChange;

typedef enum NetlinkDump {
	NETLINK_DUMP_LINKS,
	NETLINK_DUMP_ADDRESSES,
} NetlinkDump;

/* Opens a non-blocking socket that hears link and address changes of both families, with a large
 * receive buffer. Returns the descriptor or negative errno. */
int netlink_monitor_open(void);
/* Asks for all links or all addresses; the answers arrive like notifications. One dump at a time.
 */
int netlink_monitor_request(int fd, NetlinkDump dump);

typedef void (*NetlinkChangeHandler)(void *userdata, const NetlinkChange *change);

/* Reads what is there (at most @budget datagrams) and calls @handler for each change. Returns the
 * number of datagrams read, 0 when there was nothing, -ENOBUFS on an overrun (resynchronise), or
 * another negative errno. */
int netlink_monitor_read(int fd, unsigned budget, NetlinkChangeHandler handler, void *userdata);

/* The same for one datagram in memory: what the fuzzer calls. */
void netlink_monitor_parse(const void *data, size_t size, NetlinkChangeHandler handler,
			   void *userdata);
