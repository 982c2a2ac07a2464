/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Transactions of nf_tables, blocking, one at a time, and what others change in a table.
 */

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct NetlinkNftables {
	struct mnl_socket *requests;
	struct mnl_socket *changes;
	unsigned char *data; /* the transaction that is being written */
	size_t size;
	size_t allocated;
	size_t last; /* where its last message begins */
	uint32_t sequence;
	uint32_t first; /* sequence number of the transaction's first message */
	int error;      /* of the transaction so far */
	bool listening;
} NetlinkNftables;

/* Opens both sockets in the caller's network namespace. Returns 0 or negative errno; on an error
 * nothing is to be closed, and every transaction fails with it. */
int netlink_nftables_open(NetlinkNftables *nftables);
void netlink_nftables_close(NetlinkNftables *nftables);

/* A transaction: begin, then for each message _message, libnftnl's payload, _append; then _commit.
 */
void netlink_nftables_begin(NetlinkNftables *nftables);
/* The header of a message for the family inet with room for 64 KiB behind it, or NULL where there
 * is no memory: then the commit fails. @type is an NFT_MSG_*. */
struct nlmsghdr *netlink_nftables_message(NetlinkNftables *nftables, uint16_t type, uint16_t flags);
void netlink_nftables_append(NetlinkNftables *nftables, const struct nlmsghdr *message);
/* Makes the commit fail with @error. */
void netlink_nftables_fail(NetlinkNftables *nftables, int error);
/* All of it or nothing. Returns 0 or the negative errno of the first message that was refused:
 * -EOPNOTSUPP where the kernel has no nf_tables, -EPERM without CAP_NET_ADMIN. */
int netlink_nftables_commit(NetlinkNftables *nftables);

/* From now on changes are told, or no longer. Returns 0 or negative errno. */
int netlink_nftables_listen(NetlinkNftables *nftables, bool listen);
/* Readable when somebody changed something; -1 where there is no socket. */
int netlink_nftables_fd(const NetlinkNftables *nftables);
/* Reads what was told. Returns whether anybody else may have changed the table @name of the family
 * inet, or anything in it. */
bool netlink_nftables_changed(NetlinkNftables *nftables, const char *name);
