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
#include "netlink.h"

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

/* --- Healing --------------------------------------------------------------------------------- */

typedef struct Patient {
	NetlinkPlace place;
	NetlinkPlace single; /* the same without its prefix */
	uint32_t number;     /* in the config */
	bool beside;         /* not without the host's own address */
} Patient;

static bool is_there(NetlinkKernel *kernel, const NetlinkPlace *place)
{
	NetlinkEntry *entry = netlink_snapshot_find(&kernel->snapshot, place);

	return entry && entry->address.protocol == NETLINK_ADDRESS_PROTOCOL;
}

static int put(NetlinkKernel *kernel, const NetlinkPlace *place, bool present)
{
	NetlinkPlaces one = { 0 };
	int r = netlink_places_add(&one, place->index, &place->address);

	if (r == 0)
		r = present ? netlink_address_add(kernel, &one)
			    : netlink_address_remove(kernel, &one);
	netlink_places_clear(&one);
	return r;
}

/* Where it belongs, unless it would be the primary of a prefix that is the host's: whoever deletes
 * a primary address deletes the secondaries with it, so the host would lose its own when this one
 * leaves. The kernel is asked again after the addition, since the host's may have gone meanwhile.
 */
static int restore(NetlinkKernel *kernel, const Patient *patient, bool *ret_back)
{
	NetlinkEntry *entry;
	int r = put(kernel, &patient->place, true);

	if (r < 0)
		return r;
	if (patient->beside) {
		r = netlink_snapshot_load(&kernel->snapshot, &kernel->socket, patient->place.index,
					  VRRP_FAMILY_IPV4);
		entry = r < 0 ? NULL : netlink_snapshot_find(&kernel->snapshot, &patient->place);
		if (!entry || !entry->address.secondary)
			return first_error(r, put(kernel, &patient->place, false));
	}
	*ret_back = true;
	return patient->beside ? put(kernel, &patient->single, false) : 0;
}

static int restore_single(NetlinkKernel *kernel, Holding *holding, const Patient *patient,
			  bool *ret_back)
{
	int r = put(kernel, &patient->single, true);

	if (r < 0)
		return r;
	*ret_back = true;
	return netlink_places_add(&holding->places, patient->single.index,
				  &patient->single.address);
}

static int heal_one(NetlinkKernel *kernel, Holding *holding, NetlinkHeal *heal,
		    const Patient *patient)
{
	bool single = false, back = false, host;
	int r = netlink_snapshot_load(&kernel->snapshot, &kernel->socket, patient->place.index,
				      (VrrpFamily)patient->place.address.address.family);

	if (r < 0 || is_there(kernel, &patient->place))
		return r;
	single = patient->beside && is_there(kernel, &patient->single);
	host = !patient->beside || netlink_address_host_shares(kernel, &patient->place);
	if (host)
		r = restore(kernel, patient, &back);
	else if (heal->single && !single)
		r = restore_single(kernel, holding, patient, &back);
	heal->singles = heal->singles || (patient->beside && (single || back) && !host);
	if (single)
		return r;
	heal->missing++;
	heal->waiting = heal->waiting || (!back && r == 0);
	heal_set_add(back ? &heal->restored : &heal->absent, patient->number);
	return r;
}

int netlink_holdings_heal(NetlinkHoldings *holdings, NetlinkKernel *kernel, const NetlinkJob *job)
{
	Holding *holding = holding_find(holdings, job->instance);
	NetlinkHeal *heal = job->heal;
	int r = 0;

	heal->waiting = heal->singles = false;
	heal->missing = 0;
	heal->restored = heal->absent = (HealSet){ 0 };
	if (!holding || holding->held != VRRP_ADDRESSES_PRESENT)
		return 0;
	netlink_snapshot_clear(&kernel->snapshot);
	for (uint32_t i = 0; i < job->config->address_count; i++) {
		const VrrpInterfaceAddress *address = &job->config->addresses[i];
		Patient patient = { .place = { .index = job->interface_index, .address = *address },
				    .number = i };

		if (address->device[0] != '\0')
			patient.place.index =
				netlink_socket_interface_index(&kernel->socket, address->device);
		if (patient.place.index <= 0)
			continue; /* the interface is gone, and its addresses with it */
		patient.single = patient.place;
		patient.single.address.prefix_length = 32;
		patient.single.address.noprefixroute = true;
		patient.single.address.has_broadcast = false;
		patient.beside = address->address.family == VRRP_FAMILY_IPV4 &&
				 address->prefix_length < 32 && !address->has_peer &&
				 heal_set_has(&heal->beside, i);
		r = first_error(r, heal_one(kernel, holding, heal, &patient));
	}
	return r;
}

void netlink_holdings_clear(NetlinkHoldings *holdings)
{
	tdestroy(holdings->root, holding_free);
	holdings->root = NULL;
	netlink_quiet_clear(&holdings->quiet);
}
