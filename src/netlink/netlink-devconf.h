/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The interface settings of IPv4 (net.ipv4.conf.INTERFACE.*) by rtnetlink, and the borrowed one:
 * arp_ignore.
 */

#include <linux/ip.h>

#include "netlink-socket.h"

/* @id is an IPV4_DEVCONF_*. Return 0 or negative errno (-ENODEV: no such interface). */
int netlink_devconf_get(NetlinkSocket *socket, int32_t index, int id, uint32_t *ret);
int netlink_devconf_set(NetlinkSocket *socket, int32_t index, int id, uint32_t value);

typedef struct NetlinkQuiet {
	struct NetlinkQuietInterface {
		int32_t index;
		unsigned users;
		bool changed; /* it was 0 and we made it 1 */
	} * list;
	size_t count;
	size_t allocated;
} NetlinkQuiet;

/* From now on the interface answers ARP only for addresses that are configured on it, until as many
 * releases as holds came. A setting that already keeps it from that is left alone. Returns 0 or
 * negative errno, and then holds nothing. */
int netlink_quiet_hold(NetlinkQuiet *quiet, NetlinkSocket *socket, int32_t index);
/* The last one restores what was there, unless somebody changed it meanwhile. An interface that is
 * gone is no error. */
int netlink_quiet_release(NetlinkQuiet *quiet, NetlinkSocket *socket, int32_t index);
void netlink_quiet_clear(NetlinkQuiet *quiet);
