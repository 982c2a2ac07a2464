/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The kernel's addresses in memory, so that a burst of jobs reads each interface once and not once
 * per job. It is right for as long as nobody else changes the interface, so it is thrown away
 * whenever the thread has nothing to do, and an interface's part of it whenever this thread did
 * there what it cannot foresee.
 *
 * Owned by the netlink thread.
 */

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink-snapshot.h"

#define DUMP_ATTEMPTS 20

/* Makes room for one more element of @size in an array. */
static int reserve(void **array, size_t count, size_t *allocated, size_t size)
{
	size_t n = *allocated ? 2 * *allocated : 16;
	void *grown;

	if (count < *allocated)
		return 0;
	grown = realloc(*array, n * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	*allocated = n;
	return 0;
}

typedef struct Load {
	NetlinkSnapshot *snapshot;
	int32_t index;
	VrrpFamily family;
	int error;
} Load;

static void take_change(void *userdata, const NetlinkChange *change)
{
	Load *load = userdata;
	NetlinkSnapshot *snapshot = load->snapshot;

	/* A kernel that does not know the filter sends all. */
	if (change->type != NETLINK_CHANGE_ADDRESS || change->address.family != load->family ||
	    (load->index != 0 && change->interface_index != load->index))
		return;
	if (reserve((void **)&snapshot->entries, snapshot->count, &snapshot->allocated,
		    sizeof(*snapshot->entries)) < 0) {
		load->error = -ENOMEM;
		return;
	}
	snapshot->entries[snapshot->count++] = (NetlinkEntry){ .address = *change };
}

static void take_message(void *userdata, const struct nlmsghdr *message)
{
	netlink_monitor_parse(message, message->nlmsg_len, take_change, userdata);
}

static int dump(NetlinkSocket *socket, Load *load)
{
	struct ifaddrmsg header = {
		.ifa_family = load->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET,
		.ifa_index = (unsigned)load->index,
	};
	struct nl_msg *message = nlmsg_alloc_simple(RTM_GETADDR, NLM_F_REQUEST | NLM_F_DUMP);
	int r;

	if (!message)
		return -ENOMEM;
	r = nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0
		    ? -ENOMEM
		    : netlink_socket_query(socket, message, take_message, load);
	nlmsg_free(message);
	return r < 0 ? r : load->error;
}

static bool is_loaded(const NetlinkSnapshot *snapshot, int32_t index, VrrpFamily family)
{
	for (size_t i = 0; i < snapshot->loaded_count; i++)
		if (snapshot->loaded[i].family == family &&
		    (snapshot->loaded[i].index == index || snapshot->loaded[i].index == 0))
			return true;
	return false;
}

int netlink_snapshot_load(NetlinkSnapshot *snapshot, NetlinkSocket *socket, int32_t index,
			  VrrpFamily family)
{
	size_t before = snapshot->count;
	int r = -EAGAIN;

	if (is_loaded(snapshot, index, family))
		return 0;
	if (reserve((void **)&snapshot->loaded, snapshot->loaded_count, &snapshot->loaded_allocated,
		    sizeof(*snapshot->loaded)) < 0)
		return -ENOMEM;
	for (unsigned i = 0; i < DUMP_ATTEMPTS && r == -EAGAIN; i++) {
		Load load = { .snapshot = snapshot, .index = index, .family = family };

		snapshot->count = before;
		r = dump(socket, &load);
	}
	if (r < 0)
		snapshot->count = before;
	if (r < 0 && r != -ENODEV)
		return r;
	snapshot->loaded[snapshot->loaded_count++] =
		(struct NetlinkLoaded){ .index = index, .family = (uint8_t)family };
	return 0;
}

void netlink_snapshot_forget(NetlinkSnapshot *snapshot, int32_t index)
{
	size_t kept = 0;

	for (size_t i = 0; i < snapshot->loaded_count; i++) {
		if (snapshot->loaded[i].index == 0) {
			netlink_snapshot_clear(snapshot); /* a part of "all" cannot be forgotten */
			return;
		}
		if (snapshot->loaded[i].index != index)
			snapshot->loaded[kept++] = snapshot->loaded[i];
	}
	snapshot->loaded_count = kept;
	kept = 0;
	for (size_t i = 0; i < snapshot->count; i++)
		if (snapshot->entries[i].address.interface_index != index)
			snapshot->entries[kept++] = snapshot->entries[i];
	snapshot->count = kept;
}

void netlink_snapshot_clear(NetlinkSnapshot *snapshot)
{
	free(snapshot->entries);
	free(snapshot->loaded);
	*snapshot = (NetlinkSnapshot){ 0 };
}

NetlinkEntry *netlink_snapshot_find(NetlinkSnapshot *snapshot, const NetlinkPlace *place)
{
	const VrrpAddress *wanted = &place->address.address;

	for (size_t i = 0; i < snapshot->count; i++) {
		NetlinkEntry *entry = &snapshot->entries[i];
		VrrpInterfaceAddress address;

		if (entry->address.interface_index != place->index ||
		    memcmp(&entry->address.address, wanted, sizeof(*wanted)) != 0)
			continue;
		address = (VrrpInterfaceAddress){
			.address = entry->address.address,
			.prefix_length = entry->address.prefix_length,
			.has_peer = entry->address.peer.family != VRRP_FAMILY_NONE,
			.peer = entry->address.peer,
		};
		if (netlink_place_same(&address, &place->address))
			return entry;
	}
	return NULL;
}

void netlink_snapshot_drop_doomed(NetlinkSnapshot *snapshot, int32_t index)
{
	size_t kept = 0;

	for (size_t i = 0; i < snapshot->count; i++)
		if (!snapshot->entries[i].doomed ||
		    snapshot->entries[i].address.interface_index != index)
			snapshot->entries[kept++] = snapshot->entries[i];
	snapshot->count = kept;
}
