/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The addresses of one instance in the kernel: absent, present, or silent.
 *
 * Silent is how a former master leaves without losing a packet: the host still receives what others
 * send to the addresses, because senders learn of the new master a little later, but it no longer
 * answers who asks for them. The order of the steps is what matters:
 *
 *   to silent:          arp_ignore=1 on the interface; the address on lo; the address off the
 * interface. silent to present:  the address on the interface; off lo; arp_ignore back. silent to
 * absent:   the address off lo; arp_ignore back.
 *
 * At every instant the host has the address somewhere, and from the last step of "to silent" on,
 * its interface answers ARP only for addresses of its own. Neighbour discovery needs no such
 * setting: IPv6 answers only for addresses of the interface that was asked.
 *
 * A holding remembers where the addresses were put, since an interface may have another index, and
 * the configuration other addresses, by the time they have to go. What it does not know (another
 * process put it there) is found by its tag. The table is keyed by the instance's pointer, which is
 * never looked into.
 *
 * Owned by the netlink thread; it allocates.
 */

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "netlink-holding.h"

typedef struct Holding {
	const EngineInstance *instance;
	VrrpAddresses held;
	NetlinkPlaces
		places; /* on their interfaces, or when silent the ones that lo stands in for */
	NetlinkPlaces quiet; /* one per interface whose arp_ignore it counts on */
} Holding;

static int first_error(int so_far, int now)
{
	return so_far < 0 ? so_far : now;
}

static int compare_holdings(const void *a, const void *b)
{
	uintptr_t x = (uintptr_t)((const Holding *)a)->instance;
	uintptr_t y = (uintptr_t)((const Holding *)b)->instance;

	return x < y ? -1 : x > y;
}

static Holding *holding_find(NetlinkHoldings *holdings, const EngineInstance *instance)
{
	Holding key = { .instance = instance };
	Holding **found = tfind(&key, &holdings->root, compare_holdings);

	return found ? *found : NULL;
}

static Holding *holding_new(NetlinkHoldings *holdings, const EngineInstance *instance)
{
	Holding *holding = calloc(1, sizeof(*holding));

	if (!holding)
		return NULL;
	holding->instance = instance;
	if (!tsearch(holding, &holdings->root, compare_holdings)) {
		free(holding);
		return NULL;
	}
	return holding;
}

static void holding_free(void *data)
{
	Holding *holding = data;

	netlink_places_clear(&holding->places);
	netlink_places_clear(&holding->quiet);
	free(holding);
}

/* Where the addresses of @config belong. Those whose interface is missing are left out: -ENODEV,
 * and the rest is there. */
static int resolve(NetlinkKernel *kernel, const InstanceConfig *config, int32_t interface_index,
		   NetlinkPlaces *ret)
{
	int r = 0;

	for (uint32_t i = 0; config && i < config->address_count; i++) {
		const VrrpInterfaceAddress *address = &config->addresses[i];
		int32_t index = interface_index;

		if (address->device[0] != '\0')
			index = netlink_socket_interface_index(&kernel->socket, address->device);
		if (index <= 0)
			r = first_error(r, -ENODEV);
		else
			r = first_error(r, netlink_places_add(ret, index, address));
	}
	return r;
}

static int quiet_release_all(NetlinkHoldings *holdings, NetlinkKernel *kernel, Holding *holding)
{
	int r = 0;

	for (size_t i = 0; i < holding->quiet.count; i++)
		r = first_error(r, netlink_quiet_release(&holdings->quiet, &kernel->socket,
							 holding->quiet.list[i].index));
	netlink_places_clear(&holding->quiet);
	return r;
}

/* Makes the interface of @place quiet on behalf of @holding, once. */
static int quiet_hold(NetlinkHoldings *holdings, NetlinkKernel *kernel, Holding *holding,
		      const NetlinkPlace *place)
{
	static const VrrpInterfaceAddress any = { .address.family = VRRP_FAMILY_IPV4 };
	int r;

	for (size_t i = 0; i < holding->quiet.count; i++)
		if (holding->quiet.list[i].index == place->index)
			return 0;
	r = netlink_quiet_hold(&holdings->quiet, &kernel->socket, place->index);
	if (r < 0)
		return r;
	r = netlink_places_add(&holding->quiet, place->index, &any);
	if (r < 0)
		(void)netlink_quiet_release(&holdings->quiet, &kernel->socket, place->index);
	return r;
}

/* What is to go when only @wanted is to stay. */
static int difference(const NetlinkPlaces *places, const NetlinkPlaces *wanted, NetlinkPlaces *ret)
{
	int r = 0;

	for (size_t i = 0; i < places->count && r == 0; i++)
		if (!netlink_places_contain(wanted, &places->list[i]))
			r = netlink_places_add(ret, places->list[i].index,
					       &places->list[i].address);
	return r;
}

/* New ones first: an address whose prefix changed never vanishes. */
static int make_present(NetlinkHoldings *holdings, NetlinkKernel *kernel, Holding *holding,
			const NetlinkPlaces *wanted, const NetlinkPlaces *known)
{
	NetlinkPlaces others = { 0 };
	int r = netlink_address_add(kernel, wanted);

	if (holding->held == VRRP_ADDRESSES_SILENT)
		r = first_error(r, netlink_address_remove_loopback(kernel, known));
	r = first_error(r, difference(known, wanted, &others));
	r = first_error(r, netlink_address_remove(kernel, &others));
	r = first_error(r, quiet_release_all(holdings, kernel, holding));
	netlink_places_clear(&others);
	holding->held = VRRP_ADDRESSES_PRESENT;
	return r;
}

/* An interface that cannot be made quiet must not keep the address anywhere: two hosts would answer
 * for it. An address that is configured on lo itself cannot be silenced and stays until it is to be
 * absent. */
static int make_silent(NetlinkHoldings *holdings, NetlinkKernel *kernel, Holding *holding,
		       const NetlinkPlaces *known)
{
	NetlinkPlaces ours = { 0 }, moving = { 0 }, going = { 0 };
	int r = netlink_address_find_ours(kernel, known, &ours);

	for (size_t i = 0; i < ours.count; i++) {
		const NetlinkPlace *place = &ours.list[i];
		int quiet = 0;

		if (place->index == kernel->loopback)
			continue;
		if (place->address.address.family == VRRP_FAMILY_IPV4)
			quiet = quiet_hold(holdings, kernel, holding, place);
		r = first_error(r, quiet);
		r = first_error(r, netlink_places_add(quiet == 0 ? &moving : &going, place->index,
						      &place->address));
	}
	r = first_error(r, netlink_address_move_to_loopback(kernel, &moving));
	r = first_error(r, netlink_address_remove(kernel, &going));
	netlink_places_clear(&ours);
	netlink_places_clear(&moving);
	netlink_places_clear(&going);
	holding->held = VRRP_ADDRESSES_SILENT;
	return r;
}

static int make_absent(NetlinkHoldings *holdings, NetlinkKernel *kernel, Holding *holding,
		       const NetlinkPlaces *known)
{
	int r = netlink_address_remove(kernel, known);

	r = first_error(r, netlink_address_remove_loopback(kernel, known));
	r = first_error(r, quiet_release_all(holdings, kernel, holding));
	holding->held = VRRP_ADDRESSES_ABSENT;
	return r;
}

int netlink_holdings_apply(NetlinkHoldings *holdings, NetlinkKernel *kernel, const NetlinkJob *job)
{
	NetlinkPlaces wanted = { 0 }, known = { 0 };
	Holding *holding = holding_find(holdings, job->instance);
	int missing, r = 0;

	if (!holding)
		holding = holding_new(holdings, job->instance);
	if (!holding)
		return -ENOMEM;
	missing = resolve(kernel, job->config, job->interface_index, &wanted);
	/* What is about to go may be missing its interface: then it is gone. */
	(void)resolve(kernel, job->previous, job->interface_index, &known);
	r = first_error(netlink_places_add_all(&known, &wanted),
			netlink_places_add_all(&known, &holding->places));
	switch (job->wanted) {
	case VRRP_ADDRESSES_PRESENT:
		r = first_error(r, make_present(holdings, kernel, holding, &wanted, &known));
		r = first_error(r, missing);
		break;
	case VRRP_ADDRESSES_SILENT:
		r = first_error(r, make_silent(holdings, kernel, holding, &known));
		break;
	case VRRP_ADDRESSES_ABSENT:
		r = first_error(r, make_absent(holdings, kernel, holding, &known));
		break;
	}
	netlink_places_clear(&holding->places);
	holding->places = job->wanted == VRRP_ADDRESSES_SILENT ? known : wanted;
	netlink_places_clear(job->wanted == VRRP_ADDRESSES_SILENT ? &wanted : &known);
	if (holding->held == VRRP_ADDRESSES_ABSENT) {
		tdelete(holding, &holdings->root, compare_holdings);
		holding_free(holding);
	}
	return r;
}

void netlink_holdings_clear(NetlinkHoldings *holdings)
{
	tdestroy(holdings->root, holding_free);
	holdings->root = NULL;
	netlink_quiet_clear(&holdings->quiet);
}
