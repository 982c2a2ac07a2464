/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Addresses: a bare one, and one with everything that `ip address add` takes behind it.
 *
 * The words and their meaning are iproute2's, so that a line can be copied from a shell. What the
 * kernel would refuse or quietly ignore is refused here, where a person reads the reason. The
 * canonical form has one order of words: two addresses are the same exactly where their strings
 * are. Of IPv6 what ip-address(8) knows for IPv4 alone is refused: the kernel would not look at it.
 */

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "values.h"

static gboolean refuse(char **ret_why, const char *why)
{
	*ret_why = g_strdup(why);
	return FALSE;
}

static guint32 to_host(const VrrpAddress *address)
{
	guint32 network;

	memcpy(&network, address->bytes, sizeof network);
	return ntohl(network);
}

static VrrpAddress from_host(guint32 host)
{
	VrrpAddress address = { .family = VRRP_FAMILY_IPV4 };
	guint32 network = htonl(host);

	memcpy(address.bytes, &network, sizeof network);
	return address;
}

/* Reads an address of any kind. */
static gboolean parse_any(const char *text, VrrpAddress *ret_address, char **ret_why)
{
	VrrpAddress address = { .family = VRRP_FAMILY_IPV6 };
	struct in_addr ipv4;

	if (inet_pton(AF_INET6, text, address.bytes) == 1) {
		*ret_address = address;
		return TRUE;
	}
	if (strchr(text, ':') && strchr(text, '%'))
		return refuse(ret_why,
			      "must be without a zone (%...): the device is said elsewhere");
	if (inet_pton(AF_INET, text, &ipv4) != 1)
		return refuse(ret_why, "must be an address such as 192.0.2.1 or 2001:db8::1");
	*ret_address = from_host(ntohl(ipv4.s_addr));
	return TRUE;
}

/* Neither unspecified, loopback, nor IPv4 in disguise (RFC 4291 2.5). */
static gboolean is_ipv6_host(const VrrpAddress *address)
{
	struct in6_addr ipv6;

	memcpy(&ipv6, address->bytes, sizeof ipv6);
	return !IN6_IS_ADDR_UNSPECIFIED(&ipv6) && !IN6_IS_ADDR_LOOPBACK(&ipv6) &&
	       !IN6_IS_ADDR_V4MAPPED(&ipv6) && !IN6_IS_ADDR_MULTICAST(&ipv6);
}

static gboolean is_ipv4_host(const VrrpAddress *address)
{
	guint32 host = to_host(address);

	return host != INADDR_ANY && host != INADDR_BROADCAST && !IN_MULTICAST(host);
}

gboolean value_parse_address(const char *text, VrrpAddress *ret_address, char **ret_why)
{
	g_autofree char *copy = g_strstrip(g_strdup(text));
	VrrpAddress address;

	if (!parse_any(copy, &address, ret_why))
		return FALSE;
	if (address.family == VRRP_FAMILY_IPV6 ? !is_ipv6_host(&address) : !is_ipv4_host(&address))
		return refuse(ret_why, "must be the address of a host");
	*ret_address = address;
	return TRUE;
}

gboolean value_parse_group(const char *text, VrrpAddress *ret_address, char **ret_why)
{
	g_autofree char *copy = g_strstrip(g_strdup(text));
	VrrpAddress address;

	if (!parse_any(copy, &address, ret_why))
		return FALSE;
	if (!vrrp_address_is_multicast(&address))
		return refuse(ret_why, "must be a multicast group such as 224.0.0.18 or ff02::12");
	if (address.family == VRRP_FAMILY_IPV6 && (address.bytes[1] & 0xf) < 2)
		return refuse(ret_why, "must be a group that leaves the host, such as ff02::12");
	*ret_address = address;
	return TRUE;
}

char *value_format_address(const VrrpAddress *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address->family != VRRP_FAMILY_NONE)
		inet_ntop(address->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET, address->bytes,
			  text, sizeof text);
	return g_strdup(text);
}

static guint length_of_host(const VrrpAddress *address)
{
	return (guint)vrrp_address_size(*address) * 8;
}

/* Splits ADDR[/LEN]; @ret_length is -1 where there is no LEN. */
static gboolean parse_prefix(const char *text, VrrpAddress *ret_address, int *ret_length,
			     char **ret_why)
{
	const char *slash = strchr(text, '/');
	g_autofree char *host = slash ? g_strndup(text, (gsize)(slash - text)) : g_strdup(text);
	guint64 length = 0;
	guint most;

	if (!value_parse_address(host, ret_address, ret_why))
		return FALSE;
	most = length_of_host(ret_address);
	if (slash && !g_ascii_string_to_unsigned(slash + 1, 10, 0, most, &length, NULL)) {
		*ret_why = g_strdup_printf("the prefix length must be from 0 to %u", most);
		return FALSE;
	}
	*ret_length = slash ? (int)length : -1;
	return TRUE;
}

/* An address that is being read; broadcast and prefix length depend on words that come later. */
typedef struct Draft {
	VrrpInterfaceAddress address;
	int length, peer_length;
	gboolean has_scope;
	char broadcast_sign; /* '+' or '-', 0 for neither */
} Draft;

static gboolean is_ipv6(const Draft *draft)
{
	return draft->address.address.family == VRRP_FAMILY_IPV6;
}

static gboolean parse_broadcast(Draft *draft, const char *text, char **ret_why)
{
	if (is_ipv6(draft))
		return refuse(ret_why, "IPv6 has no broadcast; take brd out");
	if (strcmp(text, "+") == 0 || strcmp(text, "-") == 0) {
		draft->broadcast_sign = text[0];
		return TRUE;
	}
	if (!parse_any(text, &draft->address.broadcast, ret_why))
		return FALSE;
	if (draft->address.broadcast.family != VRRP_FAMILY_IPV4)
		return refuse(ret_why, "brd must be an IPv4 address");
	draft->address.has_broadcast = true;
	return TRUE;
}

static gboolean parse_device(Draft *draft, const char *text, char **ret_why)
{
	return value_parse_interface(text, draft->address.device, ret_why);
}

static gboolean parse_label(Draft *draft, const char *text, char **ret_why)
{
	if (is_ipv6(draft))
		return refuse(ret_why, "the kernel has labels for IPv4 only; take label out");
	if (strlen(text) >= sizeof draft->address.label)
		return refuse(ret_why, "a label has at most 15 bytes");
	g_strlcpy(draft->address.label, text, sizeof draft->address.label);
	return TRUE;
}

typedef struct Scope {
	const char *name;
	guint8 value;
} Scope;

static const Scope scopes[] = {
	{ "global", RT_SCOPE_UNIVERSE }, { "site", RT_SCOPE_SITE },       { "link", RT_SCOPE_LINK },
	{ "host", RT_SCOPE_HOST },       { "nowhere", RT_SCOPE_NOWHERE },
};

/* The kernel takes it from the address. */
static guint8 scope_of_ipv6(const VrrpAddress *address)
{
	if (vrrp_address_is_link_local(address))
		return RT_SCOPE_LINK;
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0xc0 ? RT_SCOPE_SITE
									       : RT_SCOPE_UNIVERSE;
}

static gboolean parse_scope(Draft *draft, const char *text, char **ret_why)
{
	g_autofree char *ignored = NULL;

	draft->has_scope = TRUE;
	for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++)
		if (strcmp(text, scopes[i].name) == 0) {
			draft->address.scope = scopes[i].value;
			return TRUE;
		}
	if (value_parse_byte(text, 0, 255, &draft->address.scope, &ignored))
		return TRUE;
	return refuse(ret_why, "the scope must be global, link, host or a number from 0 to 255");
}

static gboolean parse_peer(Draft *draft, const char *text, char **ret_why)
{
	draft->address.has_peer = true;
	if (!parse_prefix(text, &draft->address.peer, &draft->peer_length, ret_why))
		return FALSE;
	if (draft->address.peer.family != draft->address.address.family)
		return refuse(ret_why, "the address and its peer are of different families");
	return TRUE;
}

static gboolean parse_preferred_lifetime(Draft *draft, const char *text, char **ret_why)
{
	guint64 seconds = G_MAXUINT32;

	if (strcmp(text, "forever") != 0 &&
	    !g_ascii_string_to_unsigned(text, 10, 0, G_MAXUINT32 - 1, &seconds, NULL))
		return refuse(ret_why, "preferred_lft must be a number of seconds or forever");
	draft->address.has_preferred_lifetime = true;
	draft->address.preferred_lifetime_sec = (guint32)seconds;
	return TRUE;
}

static gboolean set_home(Draft *draft, const char *text, char **ret_why)
{
	return draft->address.home = true;
}

static gboolean set_nodad(Draft *draft, const char *text, char **ret_why)
{
	return draft->address.nodad = true;
}

static gboolean set_noprefixroute(Draft *draft, const char *text, char **ret_why)
{
	return draft->address.noprefixroute = true;
}

typedef struct Word {
	const char *name;
	gboolean takes_value;
	gboolean (*parse)(Draft *draft, const char *text, char **ret_why);
} Word;

static const Word words[] = {
	{ "brd", TRUE, parse_broadcast },
	{ "broadcast", TRUE, parse_broadcast },
	{ "dev", TRUE, parse_device },
	{ "label", TRUE, parse_label },
	{ "scope", TRUE, parse_scope },
	{ "peer", TRUE, parse_peer },
	{ "home", FALSE, set_home },
	{ "nodad", FALSE, set_nodad },
	{ "preferred_lft", TRUE, parse_preferred_lifetime },
	{ "noprefixroute", FALSE, set_noprefixroute },
};

/* Index of the word with this name, or -1; brd and broadcast are one word and share the first
 * index. */
static int find_word(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (strcmp(name, words[i].name) == 0)
			return words[i].parse == parse_broadcast ? 0 : (int)i;
	return -1;
}

/* Reads everything behind the address. */
static gboolean parse_words(Draft *draft, char **tokens, char **ret_why)
{
	guint seen = 0;

	for (; *tokens; tokens++) {
		int index = find_word(*tokens);
		const Word *word = &words[MAX(index, 0)];

		if (index < 0)
			return refuse(ret_why,
				      "behind the address only brd, dev, label, scope, peer, home, "
				      "nodad, preferred_lft and noprefixroute are known");
		if (word->takes_value && !tokens[1]) {
			*ret_why = g_strdup_printf("'%s' needs a value", word->name);
			return FALSE;
		}
		if (seen & (1u << index)) {
			*ret_why = g_strdup_printf("'%s' is there twice", word->name);
			return FALSE;
		}
		seen |= 1u << index;
		if (!word->parse(draft, word->takes_value ? *++tokens : NULL, ret_why))
			return FALSE;
	}
	return TRUE;
}

/* The prefix length belongs to the peer where there is one, as in ip-address(8). */
static gboolean settle_length(Draft *draft, char **ret_why)
{
	if (draft->length >= 0 && draft->peer_length >= 0 && draft->length != draft->peer_length)
		return refuse(ret_why, "the address and its peer have different prefix lengths");
	if (draft->length < 0)
		draft->length = draft->peer_length;
	draft->address.prefix_length =
		(guint8)(draft->length < 0 ? length_of_host(&draft->address.address)
					   : (guint)draft->length);
	return TRUE;
}

/* What `ip address show` prints may be copied; it says nothing that the address does not. */
static gboolean settle_scope(Draft *draft, char **ret_why)
{
	if (!is_ipv6(draft))
		return TRUE;
	if (draft->has_scope && draft->address.scope != scope_of_ipv6(&draft->address.address))
		return refuse(ret_why, "the kernel takes the scope from an IPv6 address; take "
				       "scope out");
	draft->address.scope = RT_SCOPE_UNIVERSE;
	return TRUE;
}

static gboolean settle_broadcast(Draft *draft, char **ret_why)
{
	guint length = draft->address.prefix_length;
	guint32 host;

	if (draft->broadcast_sign == '\0')
		return TRUE;
	if (length > 30)
		return refuse(ret_why, "brd + and brd - need a prefix length of at most 30");
	host = to_host(draft->address.has_peer ? &draft->address.peer : &draft->address.address);
	if (draft->broadcast_sign == '+')
		host |= G_MAXUINT32 >> length;
	else
		host &= ~(G_MAXUINT32 >> length);
	draft->address.broadcast = from_host(host);
	draft->address.has_broadcast = true;
	return TRUE;
}

gboolean value_parse_interface_address(const char *text, VrrpInterfaceAddress *ret_address,
				       char **ret_why)
{
	g_autofree char *copy = g_strdup(text);
	g_autoptr(GPtrArray) tokens = g_ptr_array_new();
	Draft draft = { .length = -1, .peer_length = -1 };
	char *position = NULL;

	for (char *token = strtok_r(copy, " \t", &position); token;
	     token = strtok_r(NULL, " \t", &position))
		g_ptr_array_add(tokens, token);
	if (tokens->len == 0)
		return refuse(ret_why, "must be an address such as 192.0.2.1/24 or 2001:db8::1/64");
	g_ptr_array_add(tokens, NULL);

	if (!parse_prefix(tokens->pdata[0], &draft.address.address, &draft.length, ret_why) ||
	    !parse_words(&draft, (char **)tokens->pdata + 1, ret_why) ||
	    !settle_length(&draft, ret_why) || !settle_scope(&draft, ret_why) ||
	    !settle_broadcast(&draft, ret_why))
		return FALSE;
	*ret_address = draft.address;
	return TRUE;
}

static void append_address(GString *text, const char *word, const VrrpAddress *address)
{
	g_autofree char *formatted = value_format_address(address);

	g_string_append_printf(text, "%s%s", word, formatted);
}

static void append_scope(GString *text, guint8 scope)
{
	if (scope == RT_SCOPE_UNIVERSE)
		return;
	for (gsize i = 0; i < G_N_ELEMENTS(scopes); i++)
		if (scopes[i].value == scope) {
			g_string_append_printf(text, " scope %s", scopes[i].name);
			return;
		}
	g_string_append_printf(text, " scope %u", scope);
}

char *value_format_interface_address(const VrrpInterfaceAddress *address)
{
	GString *text = g_string_new(NULL);

	append_address(text, "", &address->address);
	g_string_append_printf(text, "/%u", address->prefix_length);
	if (address->has_broadcast)
		append_address(text, " brd ", &address->broadcast);
	if (address->device[0])
		g_string_append_printf(text, " dev %s", address->device);
	if (address->label[0])
		g_string_append_printf(text, " label %s", address->label);
	append_scope(text, address->scope);
	if (address->has_peer)
		append_address(text, " peer ", &address->peer);
	if (address->home)
		g_string_append(text, " home");
	if (address->nodad)
		g_string_append(text, " nodad");
	if (address->has_preferred_lifetime && address->preferred_lifetime_sec == G_MAXUINT32)
		g_string_append(text, " preferred_lft forever");
	else if (address->has_preferred_lifetime)
		g_string_append_printf(text, " preferred_lft %u", address->preferred_lifetime_sec);
	if (address->noprefixroute)
		g_string_append(text, " noprefixroute");
	return g_string_free(text, FALSE);
}

gboolean value_check_label(const VrrpInterfaceAddress *address, const char *interface,
			   char **ret_why)
{
	const char *device = address->device[0] ? address->device : interface;

	if (address->label[0] == '\0' || g_str_has_prefix(address->label, device))
		return TRUE;
	*ret_why = g_strdup_printf("the label must begin with the device's name, %s", device);
	return FALSE;
}
