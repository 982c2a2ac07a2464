/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Waiting until an IPv6 address that was just added also works.
 */

#include "netlink-places.h"
#include "netlink-socket.h"

typedef struct NetlinkSettle {
	int fd; /* -1: there is nothing to wait for */
} NetlinkSettle;

/* Before the addresses of @places are added. */
void netlink_settle_begin(NetlinkSettle *settle, const NetlinkPlaces *places);
/* Returns when the host receives what is sent to those IPv6 addresses of @places whose result is 0,
 * or after 100 ms. @results is as long as @places, and belongs to the requests that added them. */
void netlink_settle_end(NetlinkSettle *settle, const NetlinkPlaces *places, const int *results);
