/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * AcceptMode=no (RFC 9568 6.1, 6.4.3): a master that does not own the addresses forwards what is
 * sent through them and takes nothing for its own, but goes on answering ARP and neighbour
 * discovery. The kernel has no such mode for an address, so one table of ours drops the packets on
 * their way to a local socket. ARP never comes there; what is forwarded neither; and the host
 * itself reaches its addresses through lo.
 *
 *   table inet vrrpd {
 *     chain input { type filter hook input priority filter;
 *       iif lo accept
 *       icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
 *       ip daddr @addresses4 counter drop
 *       ip6 daddr @addresses6 counter drop
 *       ip6 daddr . iif @link_local6 counter drop } }
 *
 * An address is refused on every interface, since a packet may come in on another one than it lives
 * on; only a link-local address is another one on another interface.
 *
 * The order: in the table before on the host, out of the table after it has left, also while the
 * host is silent. A change is one transaction with the elements alone. If the kernel refuses it,
 * somebody changed the table, and it is made anew as a whole, in one transaction too. The same is
 * done when the kernel tells of a foreign change (`nft flush ruleset` is how most hosts load their
 * rules), at most every HEAL_PAUSE: with two programs that want it otherwise there is no peace.
 *
 * Where the kernel refuses the whole table, the addresses are held all the same: traffic through
 * them matters more than what the host would have refused. It is a fault, and tried every second.
 *
 * The table is there only while an address needs it, and whoever finds one at the start removes it.
 *
 * Owned by the netlink thread; it allocates.
 */

/* The C library's first: the kernel's yield to it, not the other way round. */
#include <netinet/icmp6.h>

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <libnftnl/chain.h>
#include <libnftnl/set.h>
#include <libnftnl/table.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "netlink-filter-rules.h"
#include "netlink-filter.h"

#define NEVER               INT64_MAX
#define RETRY_NSEC          INT64_C(1000000000)
#define HEAL_PAUSE_NSEC     INT64_C(100000000)
#define ELEMENTS_A_MESSAGE  256
#define CHAIN               "input"
#define LINK_LOCAL_KEY_SIZE 20 /* address, index of the interface */

enum { SET_ADDRESSES4, SET_ADDRESSES6, SET_LINK_LOCAL6, _SET_MAX };

/* The types are nft's, so that it can list the sets: ipv4_addr, ipv6_addr, and ipv6_addr .
 * iface_index.
 */
static const struct {
	const char *name;
	uint32_t type;
	uint32_t key_size;
} sets[_SET_MAX] = {
	[SET_ADDRESSES4] = { "addresses4", 7, 4 },
	[SET_ADDRESSES6] = { "addresses6", 8, 16 },
	[SET_LINK_LOCAL6] = { "link_local6", (8 << 6) | 20, LINK_LOCAL_KEY_SIZE },
};

void netlink_filter_open(NetlinkFilter *filter)
{
	*filter = (NetlinkFilter){ .due_nsec = NEVER };
	/* Where it fails there is no socket, and every commit says so. */
	(void)netlink_nftables_open(&filter->nftables);
}

void netlink_filter_close(NetlinkFilter *filter)
{
	netlink_nftables_close(&filter->nftables);
	free(filter->entries);
	*filter = (NetlinkFilter){ .due_nsec = NEVER };
}

static int64_t now_nsec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void put_table(NetlinkFilter *filter, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = netlink_nftables_message(&filter->nftables, type, flags);
	struct nftnl_table *table = nftnl_table_alloc();

	if (message && table) {
		(void)nftnl_table_set_str(table, NFTNL_TABLE_NAME, NETLINK_FILTER_TABLE);
		nftnl_table_nlmsg_build_payload(message, table);
		netlink_nftables_append(&filter->nftables, message);
	} else {
		netlink_nftables_fail(&filter->nftables, -ENOMEM);
	}
	nftnl_table_free(table);
}

static struct nftnl_set *set_new(unsigned i)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		return NULL;
	(void)nftnl_set_set_str(set, NFTNL_SET_TABLE, NETLINK_FILTER_TABLE);
	(void)nftnl_set_set_str(set, NFTNL_SET_NAME, sets[i].name);
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	return set;
}

static void put_set(NetlinkFilter *filter, unsigned i)
{
	struct nlmsghdr *message =
		netlink_nftables_message(&filter->nftables, NFT_MSG_NEWSET, NLM_F_CREATE);
	struct nftnl_set *set = set_new(i);

	if (message && set) {
		nftnl_set_set_u32(set, NFTNL_SET_ID, i + 1);
		nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, sets[i].type);
		nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, sets[i].key_size);
		nftnl_set_nlmsg_build_payload(message, set);
		netlink_nftables_append(&filter->nftables, message);
	} else {
		netlink_nftables_fail(&filter->nftables, -ENOMEM);
	}
	nftnl_set_free(set);
}

static void put_chain(NetlinkFilter *filter)
{
	struct nlmsghdr *message =
		netlink_nftables_message(&filter->nftables, NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (message && chain) {
		(void)nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, NETLINK_FILTER_TABLE);
		(void)nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, CHAIN);
		(void)nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, "filter");
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, NF_INET_LOCAL_IN);
		nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, 0);
		nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
		nftnl_chain_nlmsg_build_payload(message, chain);
		netlink_nftables_append(&filter->nftables, message);
	} else {
		netlink_nftables_fail(&filter->nftables, -ENOMEM);
	}
	nftnl_chain_free(chain);
}

/* At most ELEMENTS_A_MESSAGE of the entries for the set @i, from *@position on. */
static void put_some_elements(NetlinkFilter *filter, uint16_t type, unsigned i,
			      const NetlinkFilterEntry *entries, size_t count, size_t *position)
{
	struct nftnl_set *set = set_new(i);
	struct nlmsghdr *message;
	unsigned taken = 0;

	for (; set && *position < count && taken < ELEMENTS_A_MESSAGE; ++*position) {
		const NetlinkFilterEntry *entry = &entries[*position];
		struct nftnl_set_elem *element;

		if (entry->set != i)
			continue;
		element = nftnl_set_elem_alloc();
		if (!element)
			break;
		(void)nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, entry->key, sets[i].key_size);
		nftnl_set_elem_add(set, element);
		taken++;
	}
	if (!set || (*position < count && taken < ELEMENTS_A_MESSAGE)) {
		netlink_nftables_fail(&filter->nftables, -ENOMEM);
		*position = count;
	} else if (taken > 0) {
		message = netlink_nftables_message(&filter->nftables, type,
						   type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0);
		if (message) {
			nftnl_set_elems_nlmsg_build_payload(message, set);
			netlink_nftables_append(&filter->nftables, message);
		}
	}
	nftnl_set_free(set); /* with the elements */
}

/* @type is NFT_MSG_NEWSETELEM or NFT_MSG_DELSETELEM. */
static void put_elements(NetlinkFilter *filter, uint16_t type, const NetlinkFilterEntry *entries,
			 size_t count)
{
	for (unsigned i = 0; i < _SET_MAX; i++)
		for (size_t position = 0; position < count;)
			put_some_elements(filter, type, i, entries, count, &position);
}

static void put_rules(NetlinkFilter *filter)
{
	NetlinkFilterRules rules = { .nftables = &filter->nftables,
				     .table = NETLINK_FILTER_TABLE,
				     .chain = CHAIN };

	netlink_filter_rules_accept_loopback(&rules);
	netlink_filter_rules_accept_icmp6(&rules, ND_NEIGHBOR_SOLICIT);
	netlink_filter_rules_accept_icmp6(&rules, ND_NEIGHBOR_ADVERT);
	netlink_filter_rules_drop(&rules, VRRP_FAMILY_IPV4, false, sets[SET_ADDRESSES4].name);
	netlink_filter_rules_drop(&rules, VRRP_FAMILY_IPV6, false, sets[SET_ADDRESSES6].name);
	netlink_filter_rules_drop(&rules, VRRP_FAMILY_IPV6, true, sets[SET_LINK_LOCAL6].name);
}

static void settle(NetlinkFilter *filter, int error)
{
	filter->error = error;
	filter->installed = error == 0 && filter->count > 0;
	filter->due_nsec = error == 0 ? NEVER : now_nsec() + RETRY_NSEC;
}

/* The whole table, or none where nothing is to be refused, whatever was there. */
static void install(NetlinkFilter *filter)
{
	/* Before, so that nothing goes unheard. */
	int r = netlink_nftables_listen(&filter->nftables, filter->count > 0);

	if (filter->count == 0) {
		settle(filter, netlink_filter_flush(filter));
		return;
	}
	netlink_nftables_begin(&filter->nftables);
	/* In one transaction: what is to be deleted has to exist. */
	put_table(filter, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	put_table(filter, NFT_MSG_DELTABLE, 0);
	put_table(filter, NFT_MSG_NEWTABLE, NLM_F_CREATE);
	for (unsigned i = 0; i < _SET_MAX; i++)
		put_set(filter, i);
	put_elements(filter, NFT_MSG_NEWSETELEM, filter->entries, filter->count);
	put_chain(filter);
	put_rules(filter);
	if (r < 0)
		netlink_nftables_fail(&filter->nftables, r);
	settle(filter, netlink_nftables_commit(&filter->nftables));
	if (filter->error == 0)
		filter->installed_nsec = now_nsec();
}

/* These entries are new, or gone from the list. */
static void change(NetlinkFilter *filter, uint16_t type, const NetlinkFilterEntry *entries,
		   size_t count)
{
	int r = -ENOENT;

	if (count == 0)
		return;
	if (filter->installed && filter->count > 0) {
		netlink_nftables_begin(&filter->nftables);
		put_elements(filter, type, entries, count);
		r = netlink_nftables_commit(&filter->nftables);
	}
	if (r < 0)
		install(filter);
}

static bool same_element(const NetlinkFilterEntry *a, const NetlinkFilterEntry *b)
{
	return a->set == b->set && memcmp(a->key, b->key, sizeof(a->key)) == 0;
}

/* Returns false where the address cannot be on the host: its interface is missing. */
static bool entry_init(NetlinkFilterEntry *entry, NetlinkSocket *socket, const NetlinkJob *job,
		       const VrrpInterfaceAddress *address)
{
	bool link_local = vrrp_address_is_link_local(&address->address);
	int32_t index = job->interface_index;

	*entry = (NetlinkFilterEntry){ .instance = job->instance };
	entry->set = link_local                                    ? SET_LINK_LOCAL6
		     : address->address.family == VRRP_FAMILY_IPV6 ? SET_ADDRESSES6
								   : SET_ADDRESSES4;
	memcpy(entry->key, address->address.bytes, vrrp_address_size(address->address));
	if (!link_local)
		return true;
	if (address->device[0] != '\0')
		index = netlink_socket_interface_index(socket, address->device);
	memcpy(entry->key + 16, &index, sizeof(index));
	return index > 0;
}

static int append(NetlinkFilterEntry **list, size_t *count, size_t *allocated,
		  const NetlinkFilterEntry *entry)
{
	if (*count == *allocated) {
		size_t n = *allocated ? 2 * *allocated : 16;
		NetlinkFilterEntry *grown = realloc(*list, n * sizeof(*grown));

		if (!grown)
			return -ENOMEM;
		*list = grown;
		*allocated = n;
	}
	(*list)[(*count)++] = *entry;
	return 0;
}

static bool wants_filter(const NetlinkJob *job)
{
	return job->config && job->config->no_accept && job->wanted != VRRP_ADDRESSES_ABSENT;
}

/* Whether the list has it, for @instance or, where that is NULL, for any. */
static bool has_entry(const NetlinkFilter *filter, const NetlinkFilterEntry *entry,
		      const EngineInstance *instance)
{
	for (size_t i = 0; i < filter->count; i++)
		if (same_element(&filter->entries[i], entry) &&
		    (!instance || filter->entries[i].instance == instance))
			return true;
	return false;
}

void netlink_filter_before(NetlinkFilter *filter, NetlinkSocket *socket, const NetlinkJob *job)
{
	NetlinkFilterEntry *fresh = NULL;
	size_t count = 0, allocated = 0;
	int r = 0;

	if (!wants_filter(job))
		return;
	for (uint32_t i = 0; i < job->config->address_count; i++) {
		NetlinkFilterEntry entry;

		if (!entry_init(&entry, socket, job, &job->config->addresses[i]) ||
		    has_entry(filter, &entry, job->instance))
			continue;
		if (!has_entry(filter, &entry, NULL))
			r = append(&fresh, &count, &allocated, &entry);
		if (r == 0)
			r = append(&filter->entries, &filter->count, &filter->allocated, &entry);
		if (r < 0)
			break;
	}
	change(filter, NFT_MSG_NEWSETELEM, fresh, count);
	if (r < 0)
		settle(filter, r);
	free(fresh);
}

static bool still_wanted(const NetlinkFilterEntry *entry, NetlinkSocket *socket,
			 const NetlinkJob *job)
{
	NetlinkFilterEntry wanted;

	if (!wants_filter(job))
		return false;
	for (uint32_t i = 0; i < job->config->address_count; i++)
		if (entry_init(&wanted, socket, job, &job->config->addresses[i]) &&
		    same_element(&wanted, entry))
			return true;
	return false;
}

void netlink_filter_after(NetlinkFilter *filter, NetlinkSocket *socket, const NetlinkJob *job,
			  int error)
{
	NetlinkFilterEntry *gone = NULL;
	size_t kept = 0, count = 0, allocated = 0;
	int r = 0;

	/* What could not be taken away is still there; the next try comes here again. */
	if (error < 0 && wants_filter(job))
		return;
	for (size_t i = 0; i < filter->count; i++) {
		const NetlinkFilterEntry *entry = &filter->entries[i];

		if (entry->instance == job->instance && !still_wanted(entry, socket, job))
			r = r < 0 ? r : append(&gone, &count, &allocated, entry);
		else
			filter->entries[kept++] = *entry;
	}
	filter->count = kept;
	for (kept = 0; kept < count;)
		if (has_entry(filter, &gone[kept], NULL))
			gone[kept] = gone[--count];
		else
			kept++;
	if (r < 0)
		install(filter);
	else
		change(filter, NFT_MSG_DELSETELEM, gone, count);
	free(gone);
}

int netlink_filter_error(const NetlinkFilter *filter, const NetlinkJob *job)
{
	return wants_filter(job) ? filter->error : 0;
}

int netlink_filter_flush(NetlinkFilter *filter)
{
	int r;

	netlink_nftables_begin(&filter->nftables);
	put_table(filter, NFT_MSG_DELTABLE, 0);
	r = netlink_nftables_commit(&filter->nftables);
	/* Not there, or a kernel that cannot have it. */
	return r == -ENOENT || r == -EOPNOTSUPP ? 0 : r;
}

bool netlink_filter_heal(NetlinkFilter *filter, bool readable, int64_t now)
{
	int before = filter->error;

	if (readable && netlink_nftables_changed(&filter->nftables, NETLINK_FILTER_TABLE) &&
	    filter->installed) {
		filter->installed = false;
		filter->due_nsec = filter->installed_nsec + HEAL_PAUSE_NSEC;
	}
	if (now < filter->due_nsec)
		return false;
	install(filter);
	return filter->error != before;
}
