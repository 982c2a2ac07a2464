/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Transactions of nf_tables over nfnetlink. The kernel carries one out inside send(), so when that
 * returns all answers already wait in the receive buffer, and nothing here waits for anything else.
 *
 * A transaction is one datagram. Only its last message asks for an acknowledgement; the kernel
 * reports an error of any of them unasked, and of the whole at the message that begins it.
 *
 * What others change comes on a second socket, so that a large rule set which somebody loads never
 * stands between a request and its answer. Our own changes are told from theirs by the port.
 *
 * Owned by the netlink thread; it allocates.
 */

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <libnftnl/common.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink-nftables.h"

#define MESSAGE_ROOM   (64 * 1024)
#define SEND_BUFFER    (16 * 1024 * 1024) /* a datagram must fit: tens of thousands of elements */
#define RECEIVE_BUFFER (1024 * 1024)

static int open_socket(struct mnl_socket **ret)
{
	struct mnl_socket *opened = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	int send = SEND_BUFFER, receive = RECEIVE_BUFFER, one = 1, fd;

	if (!opened)
		return -errno;
	if (mnl_socket_bind(opened, 0, MNL_SOCKET_AUTOPID) < 0) {
		int r = -errno;

		(void)mnl_socket_close(opened);
		return r;
	}
	fd = mnl_socket_get_fd(opened);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof(send));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive));
	/* An error without a copy of the request. */
	(void)mnl_socket_setsockopt(opened, NETLINK_CAP_ACK, &one, sizeof(one));
	*ret = opened;
	return 0;
}

int netlink_nftables_open(NetlinkNftables *nftables)
{
	NetlinkNftables opened = { 0 };
	int r = open_socket(&opened.requests);

	if (r == 0)
		r = open_socket(&opened.changes);
	if (r < 0)
		netlink_nftables_close(&opened);
	*nftables = opened;
	return r;
}

void netlink_nftables_close(NetlinkNftables *nftables)
{
	if (nftables->requests)
		(void)mnl_socket_close(nftables->requests);
	if (nftables->changes)
		(void)mnl_socket_close(nftables->changes);
	free(nftables->data);
	*nftables = (NetlinkNftables){ 0 };
}

void netlink_nftables_fail(NetlinkNftables *nftables, int error)
{
	if (nftables->error == 0)
		nftables->error = error;
}

/* Room for one more message of any size. */
static unsigned char *reserve(NetlinkNftables *nftables)
{
	size_t needed = nftables->size + MESSAGE_ROOM;

	if (needed > nftables->allocated) {
		unsigned char *data = realloc(nftables->data, 2 * needed);

		if (!data) {
			netlink_nftables_fail(nftables, -ENOMEM);
			return NULL;
		}
		nftables->data = data;
		nftables->allocated = 2 * needed;
	}
	return nftables->data + nftables->size;
}

void netlink_nftables_append(NetlinkNftables *nftables, const struct nlmsghdr *message)
{
	nftables->last = nftables->size;
	nftables->size += NLMSG_ALIGN(message->nlmsg_len);
}

void netlink_nftables_begin(NetlinkNftables *nftables)
{
	unsigned char *room;

	nftables->size = 0;
	nftables->error = 0;
	nftables->first = ++nftables->sequence;
	room = reserve(nftables);
	if (room)
		netlink_nftables_append(nftables, nftnl_batch_begin((char *)room, nftables->first));
}

struct nlmsghdr *netlink_nftables_message(NetlinkNftables *nftables, uint16_t type, uint16_t flags)
{
	unsigned char *room = reserve(nftables);

	if (!room)
		return NULL;
	return nftnl_nlmsg_build_hdr((char *)room, type, NFPROTO_INET, flags, ++nftables->sequence);
}

static int message_error(const struct nlmsghdr *message)
{
	int32_t error = 0;

	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(message), sizeof(error));
	return error;
}

/* The first error among the answers that wait; 0 only if the message @last was acknowledged. */
static int collect(NetlinkNftables *nftables, uint32_t last)
{
	int fd = mnl_socket_get_fd(nftables->requests), error = 0;
	bool acknowledged = false;
	ssize_t n;

	while ((n = recv(fd, nftables->data, nftables->allocated, MSG_DONTWAIT)) > 0) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)(const void *)nftables->data;

		for (int left = (int)n; NLMSG_OK(message, (unsigned)left);
		     message = NLMSG_NEXT(message, left)) {
			uint32_t i = message->nlmsg_seq - nftables->first;

			if (message->nlmsg_type != NLMSG_ERROR || i > last - nftables->first)
				continue;
			if (error == 0)
				error = message_error(message);
			if (message->nlmsg_seq == last)
				acknowledged = true;
		}
	}
	return error < 0 ? error : acknowledged ? 0 : -EIO;
}

int netlink_nftables_commit(NetlinkNftables *nftables)
{
	uint32_t last = nftables->sequence;
	unsigned char *room;
	ssize_t n;

	if (!nftables->requests)
		return -EOPNOTSUPP;
	room = reserve(nftables);
	if (nftables->error < 0)
		return nftables->error;
	((struct nlmsghdr *)(void *)(nftables->data + nftables->last))->nlmsg_flags |= NLM_F_ACK;
	netlink_nftables_append(nftables, nftnl_batch_end((char *)room, ++nftables->sequence));
	do
		n = mnl_socket_sendto(nftables->requests, nftables->data, nftables->size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : collect(nftables, last);
}

int netlink_nftables_listen(NetlinkNftables *nftables, bool listen)
{
	int group = NFNLGRP_NFTABLES;

	if (!nftables->changes)
		return -EOPNOTSUPP;
	if (nftables->listening == listen)
		return 0;
	if (mnl_socket_setsockopt(nftables->changes,
				  listen ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP, &group,
				  sizeof(group)) < 0)
		return -errno;
	nftables->listening = listen;
	return 0;
}

int netlink_nftables_fd(const NetlinkNftables *nftables)
{
	return nftables->changes ? mnl_socket_get_fd(nftables->changes) : -1;
}

/* The name of the table is the first attribute of every kind of message. */
static bool concerns(const struct nlmsghdr *message, const char *name)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *attribute;

	if (message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    (message->nlmsg_type & 0xff) == NFT_MSG_NEWGEN ||
	    mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    header->nfgen_family != NFPROTO_INET)
		return false;
	mnl_attr_for_each(attribute, message, sizeof(*header))
	{
		if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME &&
		    mnl_attr_validate(attribute, MNL_TYPE_NUL_STRING) >= 0)
			return strcmp(mnl_attr_get_str(attribute), name) == 0;
	}
	return false;
}

bool netlink_nftables_changed(NetlinkNftables *nftables, const char *name)
{
	uint32_t own = mnl_socket_get_portid(nftables->requests);
	int fd = mnl_socket_get_fd(nftables->changes);
	bool changed = false;
	ssize_t n;

	nftables->size = 0;
	if (!reserve(nftables))
		return true;
	for (;;) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)(const void *)nftables->data;

		n = recv(fd, nftables->data, nftables->allocated, MSG_DONTWAIT);
		if (n < 0 && (errno == ENOBUFS || errno == EINTR)) {
			changed = changed || errno == ENOBUFS; /* who knows what was lost */
			continue;
		}
		if (n <= 0)
			return changed;
		for (int left = (int)n; NLMSG_OK(message, (unsigned)left);
		     message = NLMSG_NEXT(message, left))
			if (message->nlmsg_pid != own && concerns(message, name))
				changed = true;
	}
}
