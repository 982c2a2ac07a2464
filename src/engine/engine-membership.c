/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who has joined what. A membership makes the interface accept the group and tells snooping
 * switches by IGMP or MLD; the receive sockets themselves join nothing and hear every group that
 * anybody on this host has joined (IP_MULTICAST_ALL, IPV6_MULTICAST_ALL). A holder is of one
 * family. Holders are datagram sockets without a port: nothing is ever delivered to them. Owned by
 * the engine's thread.
 */

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine-membership.h"

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

static int change(int fd, bool join, int32_t interface_index, const VrrpAddress *group)
{
	struct ip_mreqn request = { .imr_ifindex = interface_index };
	struct ipv6_mreq request6 = { .ipv6mr_interface = (unsigned)interface_index };
	int r;

	if (group->family == VRRP_FAMILY_IPV6) {
		memcpy(&request6.ipv6mr_multiaddr, group->bytes, 16);
		r = setsockopt(fd, IPPROTO_IPV6, join ? IPV6_JOIN_GROUP : IPV6_LEAVE_GROUP,
			       &request6, sizeof request6);
	} else {
		memcpy(&request.imr_multiaddr, group->bytes, 4);
		r = setsockopt(fd, IPPROTO_IP, join ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP,
			       &request, sizeof request);
	}
	return r < 0 ? -errno : 0;
}

static int join_on(EngineHolder *holder, int32_t interface_index, const VrrpAddress *group)
{
	int r, family = group->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET;

	if (holder->fd < 0) {
		holder->fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		if (holder->fd < 0)
			return -errno;
		holder->family = group->family;
	}
	r = change(holder->fd, true, interface_index, group);
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

int engine_membership_join(EngineMembership *membership, int32_t interface_index,
			   const VrrpAddress *group)
{
	for (int i = 0; i < ENGINE_HOLDERS_MAX; i++) {
		EngineHolder *holder = &membership->holders[i];
		int r;

		if (holder->full || holder->used >= ENGINE_HOLDER_MEMBERSHIPS ||
		    (holder->fd >= 0 && holder->family != group->family))
			continue;
		r = join_on(holder, interface_index, group);
		if (r == 0)
			return i;
		if ((r == -ENOBUFS || r == -ENOMEM) && holder->used > 0) {
			holder->full = true;
			continue;
		}
		close_if_unused(holder);
		return r;
	}
	return -ENOBUFS;
}

void engine_membership_leave(EngineMembership *membership, int32_t interface_index,
			     const VrrpAddress *group, int holder)
{
	EngineHolder *h = &membership->holders[holder];

	(void)change(h->fd, false, interface_index, group);
	h->used--;
	h->full = false;
	close_if_unused(h);
}
