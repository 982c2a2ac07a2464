/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who has joined what. A membership makes the interface accept the group and tells snooping
 * switches by IGMP; the receive sockets themselves join nothing and hear every group that anybody
 * on this host has joined (IP_MULTICAST_ALL). Holders are datagram sockets without a port: nothing
 * is ever delivered to them. Owned by the engine's thread.
 */

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine-membership.h"

#define GROUP 0xe0000012u /* 224.0.0.18 */

void engine_membership_init(EngineMembership *membership)
{
	for (unsigned i = 0; i < ENGINE_HOLDERS_MAX; i++)
		membership->holders[i] = (EngineHolder){ .fd = -1 };
}

void engine_membership_deinit(EngineMembership *membership)
{
	for (unsigned i = 0; i < ENGINE_HOLDERS_MAX; i++)
		if (membership->holders[i].fd >= 0)
			close(membership->holders[i].fd);
	engine_membership_init(membership);
}

static int change(int fd, int option, int32_t interface_index)
{
	struct ip_mreqn request = { .imr_multiaddr.s_addr = htonl(GROUP),
				    .imr_ifindex = interface_index };

	return setsockopt(fd, IPPROTO_IP, option, &request, sizeof request) < 0 ? -errno : 0;
}

static int join_on(EngineHolder *holder, int32_t interface_index)
{
	int r;

	if (holder->fd < 0) {
		holder->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (holder->fd < 0)
			return -errno;
	}
	r = change(holder->fd, IP_ADD_MEMBERSHIP, interface_index);
	if (r == 0)
		holder->used++;
	return r;
}

static void close_if_unused(EngineHolder *holder)
{
	if (holder->used > 0 || holder->fd < 0)
		return;
	close(holder->fd);
	*holder = (EngineHolder){ .fd = -1 };
}

int engine_membership_join(EngineMembership *membership, int32_t interface_index)
{
	for (int i = 0; i < ENGINE_HOLDERS_MAX; i++) {
		EngineHolder *holder = &membership->holders[i];
		int r;

		if (holder->full || holder->used >= ENGINE_HOLDER_MEMBERSHIPS)
			continue;
		r = join_on(holder, interface_index);
		if (r == 0)
			return i;
		if (r == -ENOBUFS && holder->used > 0) {
			holder->full = true;
			continue;
		}
		close_if_unused(holder);
		return r;
	}
	return -ENOBUFS;
}

void engine_membership_leave(EngineMembership *membership, int32_t interface_index, int holder)
{
	EngineHolder *h = &membership->holders[holder];

	(void)change(h->fd, IP_DROP_MEMBERSHIP, interface_index);
	h->used--;
	h->full = false;
	close_if_unused(h);
}
