/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The blocking rtnetlink socket of the netlink thread: batches of requests with a result each, and
 * queries.
 */

#include <netlink/netlink.h>
#include <netlink/msg.h>
#include <netlink/attr.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct NetlinkSocket {
	struct nl_sock *socket;
	int fd;
	uint32_t sequence;
	unsigned char *buffer; /* of one datagram */
} NetlinkSocket;

/* Opens it in the caller's network namespace. Returns 0 or negative errno; on an error nothing is
 * to be closed. */
int netlink_socket_open(NetlinkSocket *socket);
void netlink_socket_close(NetlinkSocket *socket);

/* Returns the index, or 0 where no interface has that name in the socket's namespace. */
int32_t netlink_socket_interface_index(NetlinkSocket *socket, const char *name);

/* Requests and what the kernel said to each: 0 or negative errno. */
typedef struct NetlinkBatch {
	struct nl_msg **messages;
	int *results;
	size_t count;
	size_t allocated;
} NetlinkBatch;

/* Appends a request that netlink_batch_clear frees; the caller fills it. NULL where there is no
 * memory. */
struct nl_msg *netlink_batch_add(NetlinkBatch *batch, int type, int flags);
void netlink_batch_clear(NetlinkBatch *batch);

/* Sends all requests in few datagrams, waits for the end of each datagram, and fills the results.
 * Requests are carried out in order, and one that fails does not keep the next one from being
 * tried. Returns 0, or negative errno where the socket itself failed: then all results that did not
 * arrive are that error. */
int netlink_socket_run(NetlinkSocket *socket, NetlinkBatch *batch);

typedef void (*NetlinkMessageHandler)(void *userdata, const struct nlmsghdr *message);

/* Sends one request that is answered by messages (a dump, or an object with NLM_F_ACK), calls
 * @handler for each of them. Returns 0, -EAGAIN where a dump was interrupted and must be repeated,
 * or the error that the kernel gave. */
int netlink_socket_query(NetlinkSocket *socket, struct nl_msg *request,
			 NetlinkMessageHandler handler, void *userdata);
