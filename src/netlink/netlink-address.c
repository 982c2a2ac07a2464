/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Adding and removing addresses.
 *
 * Ours are told from the host's by IFA_PROTO (Linux 5.18; an older kernel keeps no tag, so there an
 * address that a dead daemon left is taken for the host's own: -EADDRINUSE, and it stays). An
 * address without the tag is never changed.
 *
 * Adding is tried first and looked into only when the kernel says that the address exists: this is
 * the moment in which a backup takes over, and a dump would make it later. Removing looks first,
 * since a request cannot say "only if ours".
 *
 * The primary address of a subnet takes its secondaries with it when it goes, unless
 * promote_secondaries is set. So ours go in the order secondaries, primaries; and where others
 * would go with them, the setting is lent to the interface for the time of the removal.
 *
 * The kernel changes neither the label nor the broadcast address of an IPv4 address that exists.
 * Where they differ the address is taken away and given anew, and stays on lo meanwhile so that the
 * host never stops receiving.
 *
 * Owned by the netlink thread.
 */

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "netlink-address.h"
#include "netlink-devconf.h"
#include "netlink-settle.h"
#include "netlink.h"

static int first_error(int so_far, int now)
{
	return so_far < 0 ? so_far : now;
}

static uint8_t kernel_family(const VrrpAddress *address)
{
	return address->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET;
}

static int put_address(struct nl_msg *message, int type, const VrrpAddress *address)
{
	return nla_put(message, type, (int)vrrp_address_size(*address), address->bytes);
}

/* Duplicate address detection would keep a new master from its IPv6 address for a second or more,
 * and find the old one, which still answers (RFC 9568 8.2.2). */
static uint32_t wanted_flags(const VrrpInterfaceAddress *address)
{
	bool nodad = address->nodad || address->address.family == VRRP_FAMILY_IPV6;

	return (address->home ? IFA_F_HOMEADDRESS : 0u) | (nodad ? IFA_F_NODAD : 0u) |
	       (address->noprefixroute ? IFA_F_NOPREFIXROUTE : 0u);
}

static int fill_common(struct nl_msg *message, int32_t index, const VrrpInterfaceAddress *address)
{
	VrrpAddress far_end = netlink_place_far_end(address);
	struct ifaddrmsg header = { .ifa_family = kernel_family(&address->address),
				    .ifa_prefixlen = address->prefix_length,
				    .ifa_scope = address->scope,
				    .ifa_index = (unsigned)index };

	if (nlmsg_append(message, &header, sizeof(header), NLMSG_ALIGNTO) < 0 ||
	    put_address(message, IFA_LOCAL, &address->address) < 0 ||
	    put_address(message, IFA_ADDRESS, &far_end) < 0)
		return -ENOMEM;
	return 0;
}

static int batch_add(NetlinkBatch *batch, int flags, int32_t index,
		     const VrrpInterfaceAddress *address)
{
	struct nl_msg *message = netlink_batch_add(batch, RTM_NEWADDR, NLM_F_CREATE | flags);
	int r = message ? fill_common(message, index, address) : -ENOMEM;

	if (r == 0)
		r = nla_put_u8(message, IFA_PROTO, NETLINK_ADDRESS_PROTOCOL);
	if (r == 0 && wanted_flags(address) != 0)
		r = nla_put_u32(message, IFA_FLAGS, wanted_flags(address));
	if (r == 0 && address->has_broadcast)
		r = put_address(message, IFA_BROADCAST, &address->broadcast);
	if (r == 0 && address->label[0] != '\0')
		r = nla_put_string(message, IFA_LABEL, address->label);
	if (r == 0 && address->has_preferred_lifetime) {
		struct ifa_cacheinfo info = { .ifa_prefered = address->preferred_lifetime_sec,
					      .ifa_valid = UINT32_MAX };

		r = nla_put(message, IFA_CACHEINFO, sizeof(info), &info);
	}
	return r < 0 ? -ENOMEM : 0;
}

static int batch_remove(NetlinkBatch *batch, const NetlinkEntry *entry)
{
	struct nl_msg *message = netlink_batch_add(batch, RTM_DELADDR, 0);
	VrrpInterfaceAddress address = { .address = entry->address.address,
					 .prefix_length = entry->address.prefix_length,
					 .has_peer = entry->address.peer.family != VRRP_FAMILY_NONE,
					 .peer = entry->address.peer };

	return message ? fill_common(message, entry->address.interface_index, &address) : -ENOMEM;
}

/* The same address on lo. */
static VrrpInterfaceAddress single_address(const VrrpAddress *address)
{
	return (VrrpInterfaceAddress){
		.address = *address,
		.prefix_length = (uint8_t)(8 * vrrp_address_size(*address)),
		/* Never chosen as a source, and kept silent by arp_ignore=3 too. */
		.scope = RT_SCOPE_HOST,
		.nodad = true,
	};
}

static int load(NetlinkKernel *kernel, const NetlinkPlace *place)
{
	return netlink_snapshot_load(&kernel->snapshot, &kernel->socket, place->index,
				     (VrrpFamily)place->address.address.family);
}

static bool is_ours(const NetlinkEntry *entry)
{
	return entry->address.protocol == NETLINK_ADDRESS_PROTOCOL;
}

static bool in_subnet(const NetlinkEntry *entry, const NetlinkEntry *primary)
{
	VrrpAddress a = entry->address.peer.family ? entry->address.peer : entry->address.address;
	VrrpAddress b =
		primary->address.peer.family ? primary->address.peer : primary->address.address;

	return entry->address.interface_index == primary->address.interface_index &&
	       entry->address.prefix_length == primary->address.prefix_length &&
	       netlink_prefix_equal(&a, &b, primary->address.prefix_length);
}

/* Whether a primary that is to go on the interface has secondaries that are to stay. */
static bool needs_promotion(const NetlinkSnapshot *snapshot, int32_t index)
{
	for (size_t i = 0; i < snapshot->count; i++) {
		const NetlinkEntry *primary = &snapshot->entries[i];

		if (!primary->doomed || primary->address.secondary ||
		    primary->address.interface_index != index)
			continue;
		for (size_t k = 0; k < snapshot->count; k++) {
			const NetlinkEntry *entry = &snapshot->entries[k];

			if (!entry->doomed && entry->address.secondary && in_subnet(entry, primary))
				return true;
		}
	}
	return false;
}

/* Whether the kernel's answer to a request of a removal is what was wanted. */
static bool removal_failed(const struct nlmsghdr *request, int result)
{
	if (request->nlmsg_type == RTM_NEWADDR)
		return result < 0 && result != -EEXIST;
	/* Gone meanwhile, or the interface is. */
	return result < 0 && result != -EADDRNOTAVAIL && result != -ENODEV;
}

static int batch_move(NetlinkKernel *kernel, NetlinkBatch *batch, const NetlinkEntry *entry)
{
	VrrpInterfaceAddress single = single_address(&entry->address.address);
	int r = batch_add(batch, NLM_F_EXCL, kernel->loopback, &single);

	return first_error(r, batch_remove(batch, entry));
}

/* Sends the removal of the doomed entries of one interface: secondaries first, so that they need no
 * promotion. Where they move to lo, each goes as soon as it is there. */
static int remove_doomed(NetlinkKernel *kernel, int32_t index, bool to_loopback)
{
	NetlinkSnapshot *snapshot = &kernel->snapshot;
	NetlinkBatch batch = { 0 };
	int r = 0;

	for (unsigned primaries = 0; primaries < 2; primaries++) {
		for (size_t i = 0; i < snapshot->count && r == 0; i++) {
			const NetlinkEntry *entry = &snapshot->entries[i];

			if (!entry->doomed || entry->address.interface_index != index ||
			    entry->address.secondary != (primaries == 0))
				continue;
			r = to_loopback ? batch_move(kernel, &batch, entry)
					: batch_remove(&batch, entry);
		}
	}
	r = first_error(r, netlink_socket_run(&kernel->socket, &batch));
	for (size_t i = 0; i < batch.count; i++)
		if (removal_failed(nlmsg_hdr(batch.messages[i]), batch.results[i]))
			r = first_error(r, batch.results[i]);
	netlink_batch_clear(&batch);
	return r;
}

/* As remove_doomed, with promote_secondaries lent to the interface. Without it nothing is removed.
 */
static int remove_promoting(NetlinkKernel *kernel, int32_t index, bool to_loopback)
{
	uint32_t former;
	int r = netlink_devconf_get(&kernel->socket, index, IPV4_DEVCONF_PROMOTE_SECONDARIES,
				    &former);

	if (r == 0 && former == 0)
		r = netlink_devconf_set(&kernel->socket, index, IPV4_DEVCONF_PROMOTE_SECONDARIES,
					1);
	if (r < 0)
		return r == -ENODEV ? 0 : r;
	r = remove_doomed(kernel, index, to_loopback);
	if (former == 0) {
		int restored = netlink_devconf_set(&kernel->socket, index,
						   IPV4_DEVCONF_PROMOTE_SECONDARIES, 0);

		if (restored != -ENODEV)
			r = first_error(r, restored);
	}
	return r;
}

static int remove_from_interface(NetlinkKernel *kernel, int32_t index, bool to_loopback)
{
	bool promote = needs_promotion(&kernel->snapshot, index);
	int r = promote ? remove_promoting(kernel, index, to_loopback)
			: remove_doomed(kernel, index, to_loopback);

	/* Who became primary, or what failed and stays, only the kernel knows. */
	if (promote || r < 0)
		netlink_snapshot_forget(&kernel->snapshot, index);
	else
		netlink_snapshot_drop_doomed(&kernel->snapshot, index);
	return r;
}

static NetlinkEntry *next_doomed(NetlinkSnapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->count; i++)
		if (snapshot->entries[i].doomed)
			return &snapshot->entries[i];
	return NULL;
}

static int remove_places(NetlinkKernel *kernel, const NetlinkPlaces *places, bool to_loopback)
{
	NetlinkEntry *entry;
	int r = 0;

	for (size_t i = 0; i < places->count; i++) {
		r = first_error(r, load(kernel, &places->list[i]));
		entry = netlink_snapshot_find(&kernel->snapshot, &places->list[i]);
		if (entry && is_ours(entry))
			entry->doomed = true;
	}
	while ((entry = next_doomed(&kernel->snapshot)) != NULL)
		r = first_error(r, remove_from_interface(kernel, entry->address.interface_index,
							 to_loopback));
	if (to_loopback)
		netlink_snapshot_forget(&kernel->snapshot, kernel->loopback);
	return r;
}

int netlink_address_remove(NetlinkKernel *kernel, const NetlinkPlaces *places)
{
	return remove_places(kernel, places, false);
}

/* A preferred lifetime that is neither 0 nor for ever runs down, and IPv4 does not tell it for an
 * address that is valid for ever, as ours are. */
static bool lifetime_is(const NetlinkChange *now, const VrrpInterfaceAddress *wanted)
{
	uint32_t lifetime =
		wanted->has_preferred_lifetime ? wanted->preferred_lifetime_sec : UINT32_MAX;
	uint32_t left = now->flags & IFA_F_DEPRECATED ? 0 : now->preferred_lifetime_sec;

	if (lifetime == 0 || lifetime == UINT32_MAX || left == 0)
		return left == lifetime;
	return left <= lifetime || wanted->address.family == VRRP_FAMILY_IPV4;
}

/* Whether what cannot be changed in place is as wanted. Without a label the kernel's is the
 * interface's name. */
static bool settings_are(const NetlinkChange *now, const VrrpInterfaceAddress *wanted)
{
	uint32_t flags = wanted_flags(wanted) & IFA_F_NOPREFIXROUTE;

	if (now->prefix_length != wanted->prefix_length ||
	    (now->flags & IFA_F_NOPREFIXROUTE) != flags)
		return false;
	if (wanted->address.family == VRRP_FAMILY_IPV6)
		return true;
	if (now->scope != wanted->scope ||
	    wanted->has_broadcast != (now->broadcast.family != VRRP_FAMILY_NONE))
		return false;
	if (wanted->has_broadcast && vrrp_address_compare(&now->broadcast, &wanted->broadcast) != 0)
		return false;
	return wanted->label[0] != '\0' ? strcmp(now->label, wanted->label) == 0
					: strchr(now->label, ':') == NULL;
}

/* Adds each with @flags; @batch has one result per place and is the caller's to clear. */
static int run_additions(NetlinkKernel *kernel, const NetlinkPlaces *places, int flags,
			 NetlinkBatch *batch)
{
	NetlinkSettle settle;
	int r = 0;

	for (size_t i = 0; i < places->count && r == 0; i++)
		r = batch_add(batch, flags, places->list[i].index, &places->list[i].address);
	if (r == 0) {
		netlink_settle_begin(&settle, places);
		r = netlink_socket_run(&kernel->socket, batch);
		netlink_settle_end(&settle, places, batch->results);
	}
	for (size_t i = 0; i < places->count; i++)
		netlink_snapshot_forget(&kernel->snapshot, places->list[i].index);
	return r;
}

/* Adds each; those for which the kernel said @tolerated go to @ret_others (may be NULL: then they
 * are fine). */
static int add_places(NetlinkKernel *kernel, const NetlinkPlaces *places, int flags, int tolerated,
		      NetlinkPlaces *ret_others)
{
	NetlinkBatch batch = { 0 };
	int r = run_additions(kernel, places, flags, &batch);

	for (size_t i = 0; i < batch.count; i++) {
		const NetlinkPlace *place = &places->list[i];

		if (batch.results[i] == 0)
			continue;
		if (batch.results[i] != tolerated)
			r = first_error(r, batch.results[i]);
		else if (ret_others)
			r = first_error(r, netlink_places_add(ret_others, place->index,
							      &place->address));
	}
	netlink_batch_clear(&batch);
	return r;
}

/* Takes ours away and gives them anew; lo has them in between. */
static int rebuild(NetlinkKernel *kernel, const NetlinkPlaces *places)
{
	int r = netlink_address_move_to_loopback(kernel, places);

	r = first_error(r, add_places(kernel, places, NLM_F_EXCL, 0, NULL));
	return first_error(r, netlink_address_remove_loopback(kernel, places));
}

/* Sorts what exists already: right, to be changed in place, to be rebuilt, or the host's own. */
static int settle_existing(NetlinkKernel *kernel, const NetlinkPlaces *existing)
{
	NetlinkPlaces in_place = { 0 }, anew = { 0 };
	int r = 0;

	for (size_t i = 0; i < existing->count; i++) {
		const NetlinkPlace *place = &existing->list[i];
		NetlinkEntry *entry;
		NetlinkPlaces *list = NULL;

		r = first_error(r, load(kernel, place));
		entry = netlink_snapshot_find(&kernel->snapshot, place);
		if (!entry || !is_ours(entry))
			r = first_error(r, -EADDRINUSE);
		else if (!settings_are(&entry->address, &place->address))
			list = &anew;
		else if (!lifetime_is(&entry->address, &place->address))
			list = &in_place;
		if (list)
			r = first_error(r, netlink_places_add(list, place->index, &place->address));
	}
	if (in_place.count > 0)
		r = first_error(r, add_places(kernel, &in_place, NLM_F_REPLACE, 0, NULL));
	if (anew.count > 0)
		r = first_error(r, rebuild(kernel, &anew));
	netlink_places_clear(&in_place);
	netlink_places_clear(&anew);
	return r;
}

int netlink_address_add(NetlinkKernel *kernel, const NetlinkPlaces *places)
{
	NetlinkPlaces existing = { 0 };
	int r = add_places(kernel, places, NLM_F_EXCL, -EEXIST, &existing);

	if (existing.count > 0)
		r = first_error(r, settle_existing(kernel, &existing));
	netlink_places_clear(&existing);
	return r;
}

/* What is configured on lo anyway is left out. */
static int loopback_places(NetlinkKernel *kernel, const NetlinkPlaces *places, NetlinkPlaces *ret)
{
	int r = 0;

	for (size_t i = 0; i < places->count && r == 0; i++) {
		VrrpInterfaceAddress single = single_address(&places->list[i].address.address);

		if (places->list[i].index != kernel->loopback)
			r = netlink_places_add(ret, kernel->loopback, &single);
	}
	return r;
}

/* IPv4 may go from the interface in the moment in which it is on lo; IPv6 has to settle there
 * first. */
int netlink_address_move_to_loopback(NetlinkKernel *kernel, const NetlinkPlaces *places)
{
	NetlinkPlaces settling = { 0 };
	int r = 0;

	for (size_t i = 0; i < places->count && r == 0; i++) {
		VrrpInterfaceAddress single = single_address(&places->list[i].address.address);

		if (single.address.family == VRRP_FAMILY_IPV6)
			r = netlink_places_add(&settling, kernel->loopback, &single);
	}
	if (settling.count > 0)
		r = first_error(r, add_places(kernel, &settling, NLM_F_EXCL, -EEXIST, NULL));
	netlink_places_clear(&settling);
	return first_error(r, remove_places(kernel, places, true));
}

int netlink_address_remove_loopback(NetlinkKernel *kernel, const NetlinkPlaces *places)
{
	NetlinkPlaces singles = { 0 };
	int r = loopback_places(kernel, places, &singles);

	r = first_error(r, netlink_address_remove(kernel, &singles));
	netlink_places_clear(&singles);
	return r;
}

int netlink_address_find_ours(NetlinkKernel *kernel, const NetlinkPlaces *places,
			      NetlinkPlaces *ret)
{
	int r = 0;

	for (size_t i = 0; i < places->count; i++) {
		const NetlinkPlace *place = &places->list[i];
		NetlinkEntry *entry;

		r = first_error(r, load(kernel, place));
		entry = netlink_snapshot_find(&kernel->snapshot, place);
		if (entry && is_ours(entry))
			r = first_error(r, netlink_places_add(ret, place->index, &place->address));
	}
	return r;
}

bool netlink_address_host_shares(const NetlinkKernel *kernel, const NetlinkPlace *place)
{
	const NetlinkEntry wanted = { .address = {
					      .interface_index = place->index,
					      .address = place->address.address,
					      .prefix_length = place->address.prefix_length,
				      } };

	for (size_t i = 0; i < kernel->snapshot.count; i++) {
		const NetlinkEntry *entry = &kernel->snapshot.entries[i];

		if (!is_ours(entry) && !entry->address.secondary && in_subnet(&wanted, entry))
			return true;
	}
	return false;
}

int netlink_address_flush(NetlinkKernel *kernel)
{
	NetlinkSnapshot *snapshot = &kernel->snapshot;
	NetlinkPlaces ours = { 0 };
	int r;

	netlink_snapshot_clear(snapshot);
	r = netlink_snapshot_load(snapshot, &kernel->socket, 0, VRRP_FAMILY_IPV4);
	r = first_error(r, netlink_snapshot_load(snapshot, &kernel->socket, 0, VRRP_FAMILY_IPV6));
	for (size_t i = 0; i < snapshot->count; i++) {
		const NetlinkChange *now = &snapshot->entries[i].address;
		VrrpInterfaceAddress address = { .address = now->address,
						 .prefix_length = now->prefix_length,
						 .has_peer = now->peer.family != VRRP_FAMILY_NONE,
						 .peer = now->peer };

		if (is_ours(&snapshot->entries[i]))
			r = first_error(r,
					netlink_places_add(&ours, now->interface_index, &address));
	}
	netlink_snapshot_clear(snapshot);
	r = first_error(r, netlink_address_remove(kernel, &ours));
	netlink_places_clear(&ours);
	return r;
}
