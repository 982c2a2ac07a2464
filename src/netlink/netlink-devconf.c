/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Interface settings through RTM_GETLINK and RTM_SETLINK: the daemon has CAP_NET_ADMIN but may not
 * write /proc/sys.
 *
 * arp_ignore is one value for the whole interface, and several instances may need it at once. So it
 * is counted here, and the last one to let go restores it; if it no longer is what we made it,
 * somebody else wants it so and it stays. A daemon that dies in between (the 50 ms or so in which
 * an instance is silent) leaves it at 1. Nobody can tell later whether that 1 is ours, so it is
 * never reset by guess: an interface with it answers ARP for its own addresses as ever.
 *
 * What it cannot do: keep a second interface on the same segment from answering for an address that
 * is on lo.
 *
 * Owned by the netlink thread.
 */

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink-devconf.h"

#define ARP_IGNORE_FOREIGN 1 /* answer only for addresses of the interface that was asked */

typedef struct Get {
	int id;
	bool found;
	uint32_t value;
} Get;

/* The values come as an array of 32-bit words in the order of the identifiers, which count from 1.
 */
static void take_link(void *userdata, const struct nlmsghdr *message)
{
	Get *get = userdata;
	struct nlattr *families, *inet, *conf;

	if (message->nlmsg_type != RTM_NEWLINK ||
	    !nlmsg_valid_hdr(message, sizeof(struct ifinfomsg)))
		return;
	families = nlmsg_find_attr((struct nlmsghdr *)(uintptr_t)message, sizeof(struct ifinfomsg),
				   IFLA_AF_SPEC);
	if (!families)
		return;
	inet = nla_find(nla_data(families), nla_len(families), AF_INET);
	if (!inet)
		return;
	conf = nla_find(nla_data(inet), nla_len(inet), IFLA_INET_CONF);
	if (!conf || nla_len(conf) < get->id * (int)sizeof(get->value))
		return;
	memcpy(&get->value,
	       (const char *)nla_data(conf) + (size_t)(get->id - 1) * sizeof(get->value),
	       sizeof(get->value));
	get->found = true;
}

int netlink_devconf_get(NetlinkSocket *socket, int32_t index, int id, uint32_t *ret)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETLINK, NLM_F_REQUEST | NLM_F_ACK);
	Get get = { .id = id };
	int r = -ENOMEM;

	if (message && nlmsg_append(message, &link, sizeof(link), NLMSG_ALIGNTO) == 0 &&
	    nla_put_u32(message, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS) == 0)
		r = netlink_socket_query(socket, message, take_link, &get);
	nlmsg_free(message);
	if (r < 0)
		return r;
	if (!get.found)
		return -EOPNOTSUPP;
	*ret = get.value;
	return 0;
}

static int fill_set(struct nl_msg *message, int32_t index, int id, uint32_t value)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = index };
	struct nlattr *families, *inet, *conf;

	if (nlmsg_append(message, &link, sizeof(link), NLMSG_ALIGNTO) < 0)
		return -ENOMEM;
	families = nla_nest_start(message, IFLA_AF_SPEC);
	inet = families ? nla_nest_start(message, AF_INET) : NULL;
	conf = inet ? nla_nest_start(message, IFLA_INET_CONF) : NULL;
	if (!conf || nla_put_u32(message, id, value) < 0)
		return -ENOMEM;
	nla_nest_end(message, conf);
	nla_nest_end(message, inet);
	nla_nest_end(message, families);
	return 0;
}

int netlink_devconf_set(NetlinkSocket *socket, int32_t index, int id, uint32_t value)
{
	NetlinkBatch batch = { 0 };
	struct nl_msg *message = netlink_batch_add(&batch, RTM_SETLINK, 0);
	int r = message ? fill_set(message, index, id, value) : -ENOMEM;

	if (r == 0)
		r = netlink_socket_run(socket, &batch);
	if (r == 0)
		r = batch.results[0];
	netlink_batch_clear(&batch);
	return r;
}

static struct NetlinkQuietInterface *quiet_find(NetlinkQuiet *quiet, int32_t index)
{
	for (size_t i = 0; i < quiet->count; i++)
		if (quiet->list[i].index == index)
			return &quiet->list[i];
	return NULL;
}

/* Any value but 0 keeps the interface from answering for an address of scope host on lo. */
static int make_quiet(NetlinkSocket *socket, int32_t index, bool *ret_changed)
{
	uint32_t former;
	int r = netlink_devconf_get(socket, index, IPV4_DEVCONF_ARP_IGNORE, &former);

	if (r < 0)
		return r;
	if (former == 0)
		r = netlink_devconf_set(socket, index, IPV4_DEVCONF_ARP_IGNORE, ARP_IGNORE_FOREIGN);
	if (r == 0)
		*ret_changed = former == 0;
	return r;
}

int netlink_quiet_hold(NetlinkQuiet *quiet, NetlinkSocket *socket, int32_t index)
{
	struct NetlinkQuietInterface *entry = quiet_find(quiet, index);
	bool changed = false;
	int r;

	if (entry) {
		entry->users++;
		return 0;
	}
	if (quiet->count == quiet->allocated) {
		size_t n = quiet->allocated ? 2 * quiet->allocated : 8;

		entry = realloc(quiet->list, n * sizeof(*entry));
		if (!entry)
			return -ENOMEM;
		quiet->list = entry;
		quiet->allocated = n;
	}
	r = make_quiet(socket, index, &changed);
	if (r < 0)
		return r;
	quiet->list[quiet->count++] =
		(struct NetlinkQuietInterface){ .index = index, .users = 1, .changed = changed };
	return 0;
}

int netlink_quiet_release(NetlinkQuiet *quiet, NetlinkSocket *socket, int32_t index)
{
	struct NetlinkQuietInterface *entry = quiet_find(quiet, index);
	uint32_t now = 0;
	bool changed;
	int r = 0;

	if (!entry || --entry->users > 0)
		return 0;
	changed = entry->changed;
	*entry = quiet->list[--quiet->count];
	if (changed)
		r = netlink_devconf_get(socket, index, IPV4_DEVCONF_ARP_IGNORE, &now);
	if (r == 0 && changed && now == ARP_IGNORE_FOREIGN)
		r = netlink_devconf_set(socket, index, IPV4_DEVCONF_ARP_IGNORE, 0);
	return r == -ENODEV ? 0 : r;
}

void netlink_quiet_clear(NetlinkQuiet *quiet)
{
	free(quiet->list);
	*quiet = (NetlinkQuiet){ 0 };
}
