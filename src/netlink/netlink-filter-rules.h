/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The rules of the filter, each appended to the transaction that is being written.
 */

#include "core/vrrp-types.h"
#include "netlink-nftables.h"

typedef struct NetlinkFilterRules {
	NetlinkNftables *nftables;
	const char *table;
	const char *chain;
} NetlinkFilterRules;

/* What comes in on lo is accepted. */
void netlink_filter_rules_accept_loopback(const NetlinkFilterRules *rules);
/* ICMPv6 of this type is accepted. */
void netlink_filter_rules_accept_icmp6(const NetlinkFilterRules *rules, uint8_t type);
/* What is sent to an address of the set is dropped and counted. With @with_interface the set has
 * (address, index of the incoming interface). */
void netlink_filter_rules_drop(const NetlinkFilterRules *rules, VrrpFamily family,
			       bool with_interface, const char *set);
