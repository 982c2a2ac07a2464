/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel acknowledges a new IPv6 address before it can be used: also where duplicate address
 * detection is off, its host route, without which nothing is received, comes from a work queue some
 * ten microseconds to a millisecond later. Whoever announces the address at once, or takes it away
 * elsewhere at once, loses packets.
 *
 * The notification of the address is sent at that moment and not before, so that is what is waited
 * for, on a socket opened for the purpose before the request is sent. The route follows under the
 * lock that the notification was sent under, before another request can change anything.
 *
 * Owned by the netlink thread. It is a help, never a condition: what does not come in time is not
 * waited for.
 */

#include <poll.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "netlink-monitor.h"
#include "netlink-settle.h"

#define WAIT_MSEC 100
#define BUDGET    64

typedef struct Waiting {
	const NetlinkPlaces *places;
	size_t left;
	bool *seen;
} Waiting;

static bool waits(const NetlinkPlace *place)
{
	return place->address.address.family == VRRP_FAMILY_IPV6;
}

void netlink_settle_begin(NetlinkSettle *settle, const NetlinkPlaces *places)
{
	settle->fd = -1;
	for (size_t i = 0; i < places->count && settle->fd < 0; i++)
		if (waits(&places->list[i])) {
			settle->fd = netlink_monitor_open();
			return;
		}
}

static void on_change(void *userdata, const NetlinkChange *change)
{
	Waiting *waiting = userdata;

	if (change->type != NETLINK_CHANGE_ADDRESS)
		return;
	for (size_t i = 0; i < waiting->places->count; i++) {
		const NetlinkPlace *place = &waiting->places->list[i];

		if (waiting->seen[i] || place->index != change->interface_index ||
		    place->address.address.family != change->address.family ||
		    vrrp_address_compare(&place->address.address, &change->address) != 0)
			continue;
		waiting->seen[i] = true;
		waiting->left--;
	}
}

static int64_t now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000) + now.tv_nsec / 1000000;
}

static void wait_for_all(int fd, Waiting *waiting)
{
	int64_t end = now_msec() + WAIT_MSEC;
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	while (waiting->left > 0) {
		int64_t left = end - now_msec();

		if (left <= 0 || poll(&poll_fd, 1, (int)left) < 0)
			return;
		if (netlink_monitor_read(fd, BUDGET, on_change, waiting) < 0)
			return;
	}
}

void netlink_settle_end(NetlinkSettle *settle, const NetlinkPlaces *places, const int *results)
{
	Waiting waiting = { .places = places };

	if (settle->fd < 0)
		return;
	waiting.seen = calloc(places->count, sizeof(bool));
	for (size_t i = 0; waiting.seen && i < places->count; i++) {
		waiting.seen[i] = !waits(&places->list[i]) || results[i] != 0;
		waiting.left += !waiting.seen[i];
	}
	wait_for_all(settle->fd, &waiting);
	free(waiting.seen);
	close(settle->fd);
	settle->fd = -1;
}
