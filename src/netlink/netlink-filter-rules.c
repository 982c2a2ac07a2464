/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The rules of the filter as nf_tables expressions: load something into a register, compare it or
 * look it up, and a verdict. Written as nft writes them, so that `nft list table` shows them as a
 * person would.
 *
 * Owned by the netlink thread; it allocates.
 */

/* The C library's first: the kernel's yield to it, not the other way round. */
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <stdio.h> /* libnftnl/expr.h needs it */

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <net/if_arp.h>
#include <stddef.h>

#include "netlink-filter-rules.h"

/* Registers of 4 bytes: an address of either family, and what follows an IPv6 address in a key. */
#define REGISTER       NFT_REG32_00
#define REGISTER_AFTER NFT_REG32_04

/* A rule, and whether memory sufficed so far. */
typedef struct Rule {
	const NetlinkFilterRules *rules;
	struct nftnl_rule *rule;
	bool failed;
} Rule;

static Rule rule_begin(const NetlinkFilterRules *rules)
{
	Rule rule = { .rules = rules, .rule = nftnl_rule_alloc() };

	rule.failed = !rule.rule;
	if (!rule.failed) {
		(void)nftnl_rule_set_str(rule.rule, NFTNL_RULE_TABLE, rules->table);
		(void)nftnl_rule_set_str(rule.rule, NFTNL_RULE_CHAIN, rules->chain);
	}
	return rule;
}

static void rule_end(Rule *rule)
{
	struct nlmsghdr *message = netlink_nftables_message(rule->rules->nftables, NFT_MSG_NEWRULE,
							    NLM_F_CREATE | NLM_F_APPEND);

	if (message && !rule->failed) {
		nftnl_rule_nlmsg_build_payload(message, rule->rule);
		netlink_nftables_append(rule->rules->nftables, message);
	} else {
		netlink_nftables_fail(rule->rules->nftables, -ENOMEM);
	}
	if (rule->rule)
		nftnl_rule_free(rule->rule);
}

/* A new expression, owned by the rule, or NULL. */
static struct nftnl_expr *add(Rule *rule, const char *name)
{
	struct nftnl_expr *expression = rule->failed ? NULL : nftnl_expr_alloc(name);

	if (expression)
		nftnl_rule_add_expr(rule->rule, expression);
	else
		rule->failed = true;
	return expression;
}

static void load_meta(Rule *rule, uint32_t key, uint32_t target)
{
	struct nftnl_expr *expression = add(rule, "meta");

	if (!expression)
		return;
	nftnl_expr_set_u32(expression, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_META_DREG, target);
}

static void load_payload(Rule *rule, uint32_t base, size_t offset, size_t size)
{
	struct nftnl_expr *expression = add(rule, "payload");

	if (!expression)
		return;
	nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_OFFSET, (uint32_t)offset);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_LEN, (uint32_t)size);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_PAYLOAD_DREG, REGISTER);
}

static void require(Rule *rule, const void *value, size_t size)
{
	struct nftnl_expr *expression = add(rule, "cmp");

	if (!expression)
		return;
	nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_SREG, REGISTER);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_CMP_OP, NFT_CMP_EQ);
	(void)nftnl_expr_set(expression, NFTNL_EXPR_CMP_DATA, value, (uint32_t)size);
}

static void require_family(Rule *rule, VrrpFamily family)
{
	uint8_t protocol = family == VRRP_FAMILY_IPV6 ? NFPROTO_IPV6 : NFPROTO_IPV4;

	load_meta(rule, NFT_META_NFPROTO, REGISTER);
	require(rule, &protocol, sizeof(protocol));
}

static void decide(Rule *rule, uint32_t verdict)
{
	struct nftnl_expr *expression = add(rule, "immediate");

	if (!expression)
		return;
	nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expression, NFTNL_EXPR_IMM_VERDICT, verdict);
}

void netlink_filter_rules_accept_loopback(const NetlinkFilterRules *rules)
{
	Rule rule = rule_begin(rules);
	uint16_t type = ARPHRD_LOOPBACK;

	load_meta(&rule, NFT_META_IIFTYPE, REGISTER);
	require(&rule, &type, sizeof(type));
	decide(&rule, NF_ACCEPT);
	rule_end(&rule);
}

void netlink_filter_rules_accept_icmp6(const NetlinkFilterRules *rules, uint8_t type)
{
	Rule rule = rule_begin(rules);
	uint8_t protocol = IPPROTO_ICMPV6;

	require_family(&rule, VRRP_FAMILY_IPV6);
	load_meta(&rule, NFT_META_L4PROTO, REGISTER);
	require(&rule, &protocol, sizeof(protocol));
	load_payload(&rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, sizeof(type));
	require(&rule, &type, sizeof(type));
	decide(&rule, NF_ACCEPT);
	rule_end(&rule);
}

void netlink_filter_rules_drop(const NetlinkFilterRules *rules, VrrpFamily family,
			       bool with_interface, const char *set)
{
	Rule rule = rule_begin(rules);
	struct nftnl_expr *lookup;

	require_family(&rule, family);
	if (family == VRRP_FAMILY_IPV6)
		load_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct ip6_hdr, ip6_dst),
			     sizeof(struct in6_addr));
	else
		load_payload(&rule, NFT_PAYLOAD_NETWORK_HEADER, offsetof(struct iphdr, daddr),
			     sizeof(struct in_addr));
	if (with_interface)
		load_meta(&rule, NFT_META_IIF, REGISTER_AFTER);
	lookup = add(&rule, "lookup");
	if (lookup) {
		nftnl_expr_set_u32(lookup, NFTNL_EXPR_LOOKUP_SREG, REGISTER);
		(void)nftnl_expr_set_str(lookup, NFTNL_EXPR_LOOKUP_SET, set);
	}
	(void)add(&rule, "counter");
	decide(&rule, NF_DROP);
	rule_end(&rule);
}
