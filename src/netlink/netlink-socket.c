/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The blocking rtnetlink socket. The kernel carries out a request inside send(), so when send()
 * returns all answers already wait in the receive buffer; the time-out of recv() is for a kernel
 * that breaks this, never for work.
 *
 * One datagram holds many requests, and only the last one asks for an acknowledgement: the kernel
 * reports an error of any of them unasked. That makes an address cost a tenth of what a request of
 * its own costs. The datagram stays small enough that even an error for each request fits into the
 * receive buffer.
 *
 * Owned by the netlink thread alone.
 */

#include <errno.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "netlink-socket.h"

#define DATAGRAM_SIZE  (64 * 1024)
#define RECEIVE_BUFFER (1024 * 1024)
#define PER_DATAGRAM   128 /* requests */
#define REQUEST_SIZE   512 /* the largest that this program makes is a third of it */
#define TIMEOUT_SEC    5

#ifndef NETLINK_GET_STRICT_CHK
#define NETLINK_GET_STRICT_CHK 12
#endif

static void set_options(int fd)
{
	struct timeval timeout = { .tv_sec = TIMEOUT_SEC };
	int size = RECEIVE_BUFFER, one = 1;

	/* Each only makes things better where the kernel has it. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	/* An error without a copy of the request, and dumps of one interface. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &one, sizeof(one));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &one, sizeof(one));
}

int netlink_socket_open(NetlinkSocket *s)
{
	NetlinkSocket opened = { .fd = -1 };

	opened.buffer = malloc(DATAGRAM_SIZE);
	opened.socket = nl_socket_alloc();
	if (!opened.buffer || !opened.socket) {
		netlink_socket_close(&opened);
		return -ENOMEM;
	}
	errno = 0;
	if (nl_connect(opened.socket, NETLINK_ROUTE) < 0) {
		int r = errno > 0 ? -errno : -EIO; /* libnl's own codes are not errno's */

		netlink_socket_close(&opened);
		return r;
	}
	opened.fd = nl_socket_get_fd(opened.socket);
	set_options(opened.fd);
	*s = opened;
	return 0;
}

void netlink_socket_close(NetlinkSocket *s)
{
	nl_socket_free(s->socket); /* accepts NULL */
	free(s->buffer);
	*s = (NetlinkSocket){ .fd = -1 };
}

int32_t netlink_socket_interface_index(NetlinkSocket *s, const char *name)
{
	struct ifreq request = { 0 };
	size_t length = strnlen(name, sizeof(request.ifr_name));

	if (length == 0 || length >= sizeof(request.ifr_name))
		return 0;
	memcpy(request.ifr_name, name, length);
	/* On this socket and not a new one: it is bound to the right network namespace. */
	if (ioctl(s->fd, SIOCGIFINDEX, &request) < 0)
		return 0;
	return request.ifr_ifindex;
}

struct nl_msg *netlink_batch_add(NetlinkBatch *batch, int type, int flags)
{
	struct nl_msg *message;

	if (batch->count == batch->allocated) {
		size_t n = batch->allocated ? 2 * batch->allocated : 16;
		struct nl_msg **messages = realloc(batch->messages, n * sizeof(*messages));
		int *results;

		if (!messages)
			return NULL;
		batch->messages = messages;
		results = realloc(batch->results, n * sizeof(*results));
		if (!results)
			return NULL;
		batch->results = results;
		batch->allocated = n;
	}
	message = nlmsg_alloc_size(REQUEST_SIZE);
	if (!message)
		return NULL;
	if (!nlmsg_put(message, NL_AUTO_PORT, 0, type, 0, NLM_F_REQUEST | flags)) {
		nlmsg_free(message);
		return NULL;
	}
	batch->messages[batch->count] = message;
	batch->results[batch->count] = 0;
	batch->count++;
	return message;
}

void netlink_batch_clear(NetlinkBatch *batch)
{
	for (size_t i = 0; i < batch->count; i++)
		nlmsg_free(batch->messages[i]);
	free(batch->messages);
	free(batch->results);
	*batch = (NetlinkBatch){ 0 };
}

/* One datagram from the kernel. Returns its size or negative errno. */
static ssize_t receive(NetlinkSocket *s)
{
	for (;;) {
		struct sockaddr_nl sender = { 0 };
		socklen_t length = sizeof(sender);
		ssize_t n = recvfrom(s->fd, s->buffer, DATAGRAM_SIZE, MSG_TRUNC,
				     (struct sockaddr *)&sender, &length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (n > DATAGRAM_SIZE)
			return -EMSGSIZE;
		if (sender.nl_pid == 0)
			return n;
	}
}

static int message_error(const struct nlmsghdr *message)
{
	int32_t error = 0;

	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(message), sizeof(error));
	return error;
}

static int send_parts(NetlinkSocket *s, struct iovec *parts, size_t count)
{
	struct msghdr message = { .msg_iov = parts, .msg_iovlen = count };

	for (;;) {
		if (sendmsg(s->fd, &message, 0) >= 0)
			return 0;
		if (errno != EINTR)
			return -errno;
	}
}

/* Reads until the answer to the last of @count requests, whose first has @sequence, is there. */
static int collect_results(NetlinkSocket *s, uint32_t sequence, size_t count, int *results)
{
	for (;;) {
		ssize_t n = receive(s);
		const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)s->buffer;

		if (n < 0)
			return (int)n;
		for (int left = (int)n; NLMSG_OK(message, (unsigned)left);
		     message = NLMSG_NEXT(message, left)) {
			uint32_t i = message->nlmsg_seq - sequence;

			if (message->nlmsg_type != NLMSG_ERROR || i >= count)
				continue;
			results[i] = message_error(message);
			if (i == count - 1)
				return 0;
		}
	}
}

static int run_datagram(NetlinkSocket *s, struct nl_msg **messages, size_t count, int *results)
{
	struct iovec parts[PER_DATAGRAM];
	uint32_t sequence = s->sequence + 1;
	int r;

	for (size_t i = 0; i < count; i++) {
		struct nlmsghdr *header = nlmsg_hdr(messages[i]);

		header->nlmsg_seq = ++s->sequence;
		if (i == count - 1)
			header->nlmsg_flags |= NLM_F_ACK;
		parts[i] = (struct iovec){ .iov_base = header,
					   .iov_len = NLMSG_ALIGN(header->nlmsg_len) };
	}
	r = send_parts(s, parts, count);
	if (r == 0)
		r = collect_results(s, sequence, count, results);
	for (size_t i = 0; r < 0 && i < count; i++)
		if (results[i] == 0)
			results[i] = r;
	return r;
}

int netlink_socket_run(NetlinkSocket *s, NetlinkBatch *batch)
{
	int failed = 0;

	for (size_t i = 0; i < batch->count; i += PER_DATAGRAM) {
		size_t left = batch->count - i;
		int r = run_datagram(s, batch->messages + i,
				     left < PER_DATAGRAM ? left : PER_DATAGRAM, batch->results + i);

		if (r < 0)
			failed = r;
	}
	return failed;
}

int netlink_socket_query(NetlinkSocket *s, struct nl_msg *request, NetlinkMessageHandler handler,
			 void *userdata)
{
	struct nlmsghdr *header = nlmsg_hdr(request);
	struct iovec part = { .iov_base = header, .iov_len = NLMSG_ALIGN(header->nlmsg_len) };
	bool interrupted = false;
	int r;

	header->nlmsg_seq = ++s->sequence;
	r = send_parts(s, &part, 1);
	if (r < 0)
		return r;
	for (;;) {
		ssize_t n = receive(s);
		const struct nlmsghdr *message = (const struct nlmsghdr *)(const void *)s->buffer;

		if (n < 0)
			return (int)n;
		for (int left = (int)n; NLMSG_OK(message, (unsigned)left);
		     message = NLMSG_NEXT(message, left)) {
			if (message->nlmsg_seq != s->sequence)
				continue;
			if (message->nlmsg_flags & NLM_F_DUMP_INTR)
				interrupted = true;
			if (message->nlmsg_type == NLMSG_DONE ||
			    message->nlmsg_type == NLMSG_ERROR) {
				r = message_error(message);
				return r < 0 ? r : interrupted ? -EAGAIN : 0;
			}
			handler(userdata, message);
		}
	}
}
