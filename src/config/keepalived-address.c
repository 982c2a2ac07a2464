/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One line of virtual_ipaddress. Its words are those of `ip address add` plus a few of keepalived's
 * own; what keepalived ignores is left out here, too, and what only decorates an address must not
 * cost the address.
 */

#include <string.h>

#include "keepalived-map.h"
#include "values.h"

typedef enum Fate {
	FATE_KEEP,    /* one of ours */
	FATE_NOTE,    /* means nothing here */
	FATE_DROPPED, /* meant something */
} Fate;

typedef struct Word {
	const char *name;
	gboolean takes_value;
	Fate fate;
	const char *why;
} Word;

static const Word words[] = {
	{ "brd", TRUE, FATE_KEEP, NULL },
	{ "broadcast", TRUE, FATE_KEEP, NULL },
	{ "dev", TRUE, FATE_KEEP, NULL },
	{ "label", TRUE, FATE_KEEP, NULL },
	{ "scope", TRUE, FATE_KEEP, NULL },
	{ "peer", TRUE, FATE_KEEP, NULL },
	{ "home", FALSE, FATE_KEEP, NULL },
	{ "noprefixroute", FALSE, FATE_KEEP, NULL },
	{ "preferred_lft", TRUE, FATE_KEEP, NULL },
	{ "-nodad", FALSE, FATE_NOTE, "an address of a master is never checked for duplicates" },
	{ "no_track", FALSE, FATE_NOTE, "a lost address is always put back" },
	{ "track_group", TRUE, FATE_NOTE, "a lost address is always put back" },
	{ "use_vmac", FALSE, FATE_DROPPED, "virtual MAC addresses are not supported yet" },
	{ "mngtmpaddr", FALSE, FATE_NOTE,
	  "the kernel makes no temporary addresses of a virtual one" },
	{ "autojoin", FALSE, FATE_DROPPED, "joining a group on the address is not supported" },
};

static const Word *find_word(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(words[i].name, name) == 0)
			return &words[i];
	return NULL;
}

/* The device of the address, for the rule of labels. */
static const char *find_device(const KeepalivedNode *node, const char *interface)
{
	for (guint i = 1; node->words[i] && node->words[i + 1]; i++)
		if (strcmp(node->words[i], "dev") == 0)
			return node->words[i + 1];
	return interface;
}

/* Host addresses have no broadcast address to compute. */
static gboolean is_host(const char *address)
{
	const char *slash = strchr(address, '/');

	return !slash || strcmp(slash, "/31") == 0 || strcmp(slash, "/32") == 0;
}

/* Is this one of our words in a way that the parser of addresses would refuse, although the address
 * is fine without? */
static gboolean is_dispensable(KeepalivedImport *import, const KeepalivedNode *node,
			       const char *name, const char *value, const char *interface)
{
	g_autofree char *shown = keepalived_show(value);
	const char *device = find_device(node, interface);

	if (strchr(node->words[0], ':') &&
	    (strcmp(name, "label") == 0 || strcmp(name, "scope") == 0)) {
		keepalived_say(import, node->line, KEEPALIVED_NOTE,
			       "%s: left out, as in keepalived: IPv6 has none to choose", name);
		return TRUE;
	}
	if (g_str_has_prefix(name, "br") && (strcmp(value, "+") == 0 || strcmp(value, "-") == 0) &&
	    is_host(node->words[0])) {
		keepalived_say(import, node->line, KEEPALIVED_NOTE,
			       "%s %s: left out, as in keepalived: a host address has no broadcast",
			       name, value);
		return TRUE;
	}
	if (strcmp(name, "label") == 0 && !g_str_has_prefix(value, device)) {
		keepalived_say(import, node->line, KEEPALIVED_DROPPED,
			       "label %s: not carried over: it must begin with the device's name",
			       shown);
		return TRUE;
	}
	return FALSE;
}

/* Adds the word at @i, and its value, to @text or tells why not. Returns the index of the last word
 * that was used. */
static guint map_word(KeepalivedImport *import, const KeepalivedNode *node, guint i,
		      const char *interface, GString *text)
{
	const Word *word = find_word(node->words[i]);
	const char *value = word && word->takes_value ? node->words[i + 1] : NULL;
	g_autofree char *shown = keepalived_show(node->words[i]);

	if (!word) {
		keepalived_say(import, node->line, KEEPALIVED_NOTE,
			       "'%s' behind an address is left out, as in keepalived", shown);
		return i;
	}
	if (word->takes_value && !value) {
		keepalived_say(import, node->line, KEEPALIVED_DROPPED, "%s needs a value",
			       word->name);
		return i;
	}
	if (word->fate != FATE_KEEP)
		keepalived_say(import, node->line,
			       word->fate == FATE_NOTE ? KEEPALIVED_NOTE : KEEPALIVED_DROPPED,
			       "%s: not carried over: %s", word->name, word->why);
	else if (!value)
		g_string_append_printf(text, " %s", word->name);
	else if (!is_dispensable(import, node, word->name, value, interface))
		g_string_append_printf(text, " %s %s", word->name, value);
	return value ? i + 1 : i;
}

/* keepalived leaves these addresses out. */
static gboolean is_left_out(KeepalivedImport *import, const KeepalivedNode *node, VrrpFamily family)
{
	g_autofree char *shown = keepalived_show(node->words[0]);
	gboolean ipv6 = strchr(node->words[0], ':') != NULL;

	if (ipv6 != (family == VRRP_FAMILY_IPV6)) {
		keepalived_say(import, node->line, KEEPALIVED_NOTE,
			       "%s: left out, as in keepalived: the first address is %s", shown,
			       ipv6 ? "IPv4" : "IPv6");
		return TRUE;
	}
	for (guint i = 1; ipv6 && node->words[i]; i++)
		if (strcmp(node->words[i], "brd") == 0 ||
		    strcmp(node->words[i], "broadcast") == 0) {
			keepalived_say(import, node->line, KEEPALIVED_NOTE,
				       "%s: left out, as in keepalived: IPv6 has no broadcast",
				       shown);
			return TRUE;
		}
	return FALSE;
}

char *keepalived_map_address(KeepalivedImport *import, const KeepalivedNode *node,
			     const char *interface, VrrpFamily family)
{
	g_autoptr(GString) text = g_string_new(node->words[0]);
	g_autofree char *shown = keepalived_show(node->words[0]);
	g_autofree char *why = NULL;
	VrrpInterfaceAddress address;

	if (is_left_out(import, node, family))
		return NULL;
	for (guint i = 1; node->words[i]; i++)
		i = map_word(import, node, i, interface, text);
	if (!value_parse_interface_address(text->str, &address, &why)) {
		keepalived_say(import, node->line, KEEPALIVED_DROPPED,
			       "the address %s is left out: %s", shown, why);
		return NULL;
	}
	/* So that the host does not choose it as a source. */
	if (family == VRRP_FAMILY_IPV6 && address.prefix_length == 128 &&
	    !address.has_preferred_lifetime)
		address.has_preferred_lifetime = true;
	return value_format_interface_address(&address);
}
