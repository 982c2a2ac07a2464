/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What keepalived makes of an instance once all its directives are read: defaults, what it rounds,
 * and what it leaves out because something else stands against it. Each was tried on 2.2.7 and gets
 * a message, because few people know. Nothing here may read the file again or write keys.
 */

#include <string.h>

#include "keepalived-draft.h"
#include "values.h"

guint keepalived_draft_line(const KeepalivedDraft *draft, const char *key)
{
	guint line = key ? GPOINTER_TO_UINT(g_hash_table_lookup(draft->lines, key)) : 0;

	return line ? line : draft->node->line;
}

/* What keepalived makes of state and priority together. */
static void complete_priority(KeepalivedDraft *draft)
{
	if (draft->priority == 0 && draft->master) {
		draft->priority = 255;
		note(draft, draft->state_line,
		     "state MASTER without a priority: keepalived takes 255, the address owner, "
		     "and so "
		     "does the import");
	} else if (draft->priority == 0) {
		draft->priority = 100;
	} else if (draft->priority < 255 && draft->master) {
		note(draft, draft->state_line,
		     "state MASTER: not carried over: with a priority below 255 it shortens "
		     "nothing in "
		     "keepalived either; the highest priority becomes master");
	} else if (draft->priority == 255 && !draft->master) {
		note(draft, keepalived_draft_line(draft, "Priority"),
		     "priority 255 is the address owner: it begins as master, whatever state says");
	}
}

/* Version 3 has none, and a half is none in keepalived. */
static void complete_authentication(KeepalivedDraft *draft)
{
	guint line = keepalived_draft_line(draft, "AuthenticationType");

	if (!draft->has_authentication)
		return;
	if (draft->version == 3)
		dropped(draft, line,
			"authentication: not carried over: version 3 has none; keepalived ignores "
			"it, too");
	else if (draft->auth == VRRP_AUTH_NONE || !draft->key || *draft->key == '\0')
		dropped(draft, line,
			"authentication without a valid auth_type and an auth_pass is left out, as "
			"in "
			"keepalived");
	else
		return;
	draft->auth = VRRP_AUTH_NONE;
}

static VrrpFamily find_family(const KeepalivedDraft *draft)
{
	const KeepalivedNode *first = draft->addresses->len ? draft->addresses->pdata[0] : NULL;

	return first && strchr(first->words[0], ':') ? VRRP_FAMILY_IPV6 : VRRP_FAMILY_IPV4;
}

static void complete_version(KeepalivedDraft *draft)
{
	if (draft->family == VRRP_FAMILY_IPV6 && draft->version == 2)
		election(
			draft, keepalived_draft_line(draft, "Version"),
			"version 2: it is for IPv4 only; the import writes 3, which routers with 2 "
			"do not understand");
	if (draft->family == VRRP_FAMILY_IPV6)
		draft->version = 3;
	else if (draft->version == 0)
		draft->version = draft->import->version;
}

/* keepalived skips peers and sources of the other family. */
static void complete_ways(KeepalivedDraft *draft)
{
	gboolean ipv6 = draft->family == VRRP_FAMILY_IPV6;
	guint line = keepalived_draft_line(draft, "SourceAddress");

	for (guint i = draft->peers->len; i-- > 0;)
		if ((strchr(draft->peers->pdata[i], ':') != NULL) != ipv6) {
			note(draft, keepalived_draft_line(draft, "UnicastPeers"),
			     "unicast_peer %s: left out, as in keepalived: it is of another family "
			     "than the addresses",
			     (const char *)draft->peers->pdata[i]);
			g_ptr_array_remove_index(draft->peers, i);
		}
	if (draft->source.family == VRRP_FAMILY_NONE)
		return;
	if (draft->source.family != draft->family)
		note(draft, line,
		     "the source address is left out, as in keepalived: it is of another family "
		     "than the addresses");
	else if (ipv6 && draft->peers->len == 0 && !vrrp_address_is_link_local(&draft->source))
		election(draft, line,
			 "the source address is left out: IPv6 multicast comes from the "
			 "interface's link-local address");
	else
		return;
	draft->source = (VrrpAddress){ 0 };
}

static void complete_group(KeepalivedDraft *draft)
{
	const KeepalivedImport *import = draft->import;
	VrrpAddress rfc = vrrp_group(draft->family);
	guint line = keepalived_draft_line(draft, "MulticastGroup");

	if (draft->group.family != VRRP_FAMILY_NONE && draft->peers->len > 0)
		note(draft, line, "mcast_dst_ip: left out, as in keepalived: there are peers");
	else if (draft->group.family != VRRP_FAMILY_NONE && draft->group.family != draft->family)
		election(draft, line,
			 "mcast_dst_ip: left out: it is of another family than the addresses");
	if (draft->group.family != draft->family)
		draft->group = draft->family == VRRP_FAMILY_IPV6 ? import->group6 : import->group4;
	if (draft->peers->len > 0 || vrrp_address_compare(&draft->group, &rfc) == 0)
		draft->group = (VrrpAddress){ 0 };
}

static void complete_preempt_delay(KeepalivedDraft *draft)
{
	guint line = keepalived_draft_line(draft, "PreemptDelay");

	if (draft->preempt_delay_usec == 0)
		return;
	if (draft->priority == 255)
		note(draft, line,
		     "preempt_delay: left out, as in keepalived: the address owner does not wait");
	else if (draft->master && draft->auth != VRRP_AUTH_AH)
		note(draft, line,
		     "preempt_delay: left out, as in keepalived: it needs state BACKUP");
	else if (draft->no_preempt)
		note(draft, line,
		     "preempt_delay: left out, as in keepalived, because of nopreempt");
	else
		return;
	draft->preempt_delay_usec = 0;
}

/* keepalived turns a MASTER with AH into a BACKUP first, so nopreempt works there. */
static void complete_preempt(KeepalivedDraft *draft)
{
	guint line = keepalived_draft_line(draft, "Preempt");

	if (!draft->no_preempt)
		return;
	if (draft->priority == 255)
		note(draft, line,
		     "nopreempt: left out, as in keepalived: the address owner always preempts");
	else if (draft->master && draft->auth != VRRP_AUTH_AH)
		note(draft, line, "nopreempt: left out, as in keepalived: it needs state BACKUP");
	else
		return;
	draft->no_preempt = FALSE;
}

/* Rounds to what the wire carries, half upwards, as keepalived does. */
static void complete_interval(KeepalivedDraft *draft)
{
	guint64 step = draft->version == 2 ? 1000000 : 10000;
	guint64 longest = draft->version == 2 ? 255 * step : 4095 * step;
	guint64 usec = (draft->interval_usec + step / 2) / step * step;
	g_autofree char *before = value_format_timespan(draft->interval_usec);
	g_autofree char *after = NULL;

	if (draft->interval_usec == 0)
		return;
	usec = CLAMP(usec, step, longest);
	after = value_format_timespan(usec);
	if (usec != draft->interval_usec)
		note(draft, keepalived_draft_line(draft, "AdvertisementInterval"),
		     "advert_int: version %u cannot carry %s; keepalived makes it %s, and so does "
		     "the import",
		     draft->version, before, after);
	draft->interval_usec = usec;
}

/* A TTL below 255 is most likely that of the peers as well, and keepalived does not look at it by
 * default. */
static void complete_ttl(KeepalivedDraft *draft)
{
	if (draft->family == VRRP_FAMILY_IPV6 && draft->peers->len > 0 && draft->unicast_ttl == 0) {
		draft->unicast_ttl = 64; /* the kernel's default: it is not set there */
		if (!draft->has_minimum_ttl)
			note(draft, keepalived_draft_line(draft, "UnicastPeers"),
			     "unicast_peer: UnicastTtl=64 and UnicastMinTtl=1 are written, since "
			     "keepalived sends 64 over IPv6");
		draft->minimum_ttl = draft->has_minimum_ttl ? draft->minimum_ttl : 1;
		draft->has_minimum_ttl = TRUE;
	}
	if (draft->unicast_ttl == 0 || draft->unicast_ttl == 255 || draft->has_minimum_ttl)
		return;
	draft->has_minimum_ttl = TRUE;
	draft->minimum_ttl = 1;
	note(draft, keepalived_draft_line(draft, "UnicastTtl"),
	     "unicast_ttl: UnicastMinTtl=1 is written as well, since the peers are likely to send "
	     "less "
	     "than 255, too");
}

void keepalived_complete(KeepalivedDraft *draft)
{
	draft->family = find_family(draft);
	complete_version(draft);
	if (draft->missed_adverts == 0)
		draft->missed_adverts = draft->import->missed_adverts;
	complete_priority(draft);
	complete_authentication(draft);
	complete_preempt(draft);
	complete_preempt_delay(draft);
	complete_ways(draft);
	complete_group(draft);
	complete_interval(draft);
	complete_ttl(draft);
}
