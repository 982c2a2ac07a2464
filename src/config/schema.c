/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of all settings, and the few questions that others ask it. A new setting is one entry
 * here, a field in Settings, and where no existing kind fits, a pair of functions in
 * schema-fields.c. Entries that say SCHEMA_UNSUPPORTED are promises of the file format: the names
 * are taken, and whoever uses one is told that it does not work yet.
 */

#include <string.h>

#include "schema-fields.h"

#define FIELD(member) .offset = offsetof(Settings, member)
#define NOT_YET       .flags = SCHEMA_UNSUPPORTED

#define BOOLEAN       .signature = "b", .type = SCHEMA_BOOLEAN
#define BYTE          .signature = "y", .type = SCHEMA_BYTE
#define TIMESPAN      .signature = "t", .type = SCHEMA_TIMESPAN
#define STRING        .signature = "s", .type = SCHEMA_STRING
#define LIST          .signature = "as", .type = SCHEMA_LIST

static const char *const auto_words[] = { "auto", NULL };
static const char *const family_words[] = { "ipv4", "ipv6", NULL };
static const char *const auth_words[] = { "none", "pass", "ah", NULL };
static const char *const checksum_words[] = { "auto", "pseudo-header", "message-only", NULL };

/* clang-format off */
static const SchemaKey keys[] = {
	{ .name = "Description", STRING, .default_text = "", FIELD(description),
	  .parse = schema_parse_description, .format = schema_format_string,
	  .summary = "A line of text for people" },
	{ .name = "Enabled", BOOLEAN, .default_text = "yes", FIELD(enabled),
	  .parse = schema_parse_boolean, .format = schema_format_boolean,
	  .summary = "Whether the instance takes part" },
	{ .name = "Interface", STRING, .default_text = "", FIELD(interface),
	  .parse = schema_parse_interface, .format = schema_format_string,
	  .summary = "The network interface; required for multicast" },
	{ .name = "VirtualRouterId", BYTE, .minimum = 1, .maximum = 255, .flags = SCHEMA_REQUIRED,
	  .default_text = "", FIELD(vrid),
	  .parse = schema_parse_byte, .format = schema_format_byte,
	  .summary = "The VRID that all routers of this virtual router share" },
	{ .name = "AddressFamily", STRING, .choices = family_words, .default_text = "",
	  .parse = schema_parse_family, .format = schema_format_family,
	  .summary = "The address family; by default that of the addresses" },
	{ .name = "Version", BYTE, .minimum = 2, .maximum = 3, .default_text = "3", FIELD(version),
	  .parse = schema_parse_byte, .format = schema_format_byte,
	  .summary = "The version of the protocol; 2 is for IPv4 only" },
	{ .name = "Priority", BYTE, .minimum = 1, .maximum = 255, .default_text = "100",
	  FIELD(priority),
	  .parse = schema_parse_byte, .format = schema_format_byte,
	  .summary = "The highest priority becomes master; 255 is the address owner" },
	{ .name = "AdvertisementInterval", TIMESPAN, .default_text = "1s",
	  .parse = schema_parse_interval, .format = schema_format_interval,
	  .summary = "How often the master sends; every router must have the same in version 2" },
	{ .name = "VirtualAddresses", LIST, .flags = SCHEMA_REQUIRED, .default_text = "",
	  .parse = schema_parse_addresses, .format = schema_format_addresses,
	  .summary = "The addresses that the master holds, as for ip address add" },
	{ .name = "ExcludedAddresses", LIST, NOT_YET, .default_text = "",
	  .summary = "Addresses that the master holds but does not advertise" },
	{ .name = "VirtualRoutes", LIST, NOT_YET, .default_text = "",
	  .summary = "Routes that the master holds, as for ip route add" },
	{ .name = "VirtualRules", LIST, NOT_YET, .default_text = "",
	  .summary = "Rules that the master holds, as for ip rule add" },
	{ .name = "SourceAddress", STRING, .default_text = "",
	  .parse = schema_parse_source, .format = schema_format_source,
	  .summary = "The source of adverts; by default the interface's primary address" },
	{ .name = "UnicastPeers", LIST, .default_text = "",
	  .parse = schema_parse_peers, .format = schema_format_peers,
	  .summary = "Send to these routers, and accept only from them, instead of multicast" },
	{ .name = "UnicastTtl", BYTE, .minimum = 1, .maximum = 255, .default_text = "255",
	  FIELD(unicast_ttl),
	  .parse = schema_parse_byte, .format = schema_format_byte,
	  .summary = "The TTL of unicast adverts" },
	{ .name = "UnicastMinTtl", BYTE, .minimum = 1, .maximum = 255, .choices = auto_words,
	  .default_text = "auto", FIELD(unicast_minimum_ttl),
	  .parse = schema_parse_byte_or_auto, .format = schema_format_byte_or_auto,
	  .summary = "The least TTL of unicast adverts that is accepted" },
	{ .name = "MulticastGroup", STRING, .default_text = "",
	  .parse = schema_parse_group, .format = schema_format_group,
	  .summary = "The multicast group; by default the RFC's" },
	{ .name = "Preempt", BOOLEAN, .default_text = "yes", FIELD(preempt),
	  .parse = schema_parse_boolean, .format = schema_format_boolean,
	  .summary = "Whether to take over from a master of lower priority" },
	{ .name = "PreemptDelay", TIMESPAN, .default_text = "0", FIELD(preempt_delay_usec),
	  .parse = schema_parse_delay, .format = schema_format_timespan,
	  .summary = "How long to wait before preempting" },
	{ .name = "StartupDelay", TIMESPAN, .default_text = "0", FIELD(startup_delay_usec),
	  .parse = schema_parse_delay, .format = schema_format_timespan,
	  .summary = "How long to wait after the start before taking part" },
	{ .name = "LinkUpDelay", TIMESPAN, .default_text = "0", FIELD(link_up_delay_usec),
	  .parse = schema_parse_delay, .format = schema_format_timespan,
	  .summary = "How long to wait after the link came up before taking part" },
	{ .name = "MissedAdverts", BYTE, .minimum = 1, .maximum = 100, .default_text = "3",
	  FIELD(missed_adverts),
	  .parse = schema_parse_byte, .format = schema_format_byte,
	  .summary = "How many adverts must be missing before a backup takes over" },
	{ .name = "TrackInterface", BOOLEAN, .default_text = "yes", FIELD(track_interface),
	  .parse = schema_parse_boolean, .format = schema_format_boolean,
	  .summary = "Whether a link that is down keeps the instance from taking part" },
	{ .name = "AcceptMode", BOOLEAN, .default_text = "yes", FIELD(accept_mode),
	  .parse = schema_parse_boolean, .format = schema_format_boolean,
	  .summary = "Whether the master accepts traffic to the virtual addresses" },
	{ .name = "VirtualMac", BOOLEAN, NOT_YET, .default_text = "no",
	  .summary = "Whether the addresses sit on a device with the protocol's MAC address" },
	{ .name = "VirtualMacDevice", STRING, NOT_YET, .default_text = "",
	  .summary = "The name of that device; by default a generated one" },
	{ .name = "VirtualMacSysctls", BOOLEAN, NOT_YET, .default_text = "no",
	  .summary = "Whether sysctls that stand in its way may be changed" },
	{ .name = "AuthenticationType", STRING, .choices = auth_words, .default_text = "none",
	  .parse = schema_parse_auth_type, .format = schema_format_auth_type,
	  .summary = "The authentication of version 2" },
	{ .name = "AuthenticationKey", STRING, .flags = SCHEMA_SECRET, .default_text = "",
	  .parse = schema_parse_auth_key,
	  .summary = "The key for it, at most 8 bytes" },
	{ .name = "Checksum", STRING, .choices = checksum_words, .default_text = "auto",
	  .parse = schema_parse_checksum, .format = schema_format_checksum,
	  .summary = "How the checksum of version 3 over IPv4 is made" },
	{ .name = "SyncGroup", STRING, NOT_YET, .default_text = "",
	  .summary = "The group of instances that are master together" },
	{ .name = "Track", LIST, NOT_YET, .default_text = "",
	  .summary = "What else must be healthy" },
	{ .name = "AnnounceCount", BYTE, .minimum = 0, .maximum = 6, .default_text = "6",
	  FIELD(announce_count),
	  .parse = schema_parse_byte, .format = schema_format_byte,
	  .summary = "How many gratuitous ARPs announce a new master" },
	{ .name = "AnnounceRefresh", TIMESPAN, .default_text = "0", FIELD(announce_refresh_usec),
	  .parse = schema_parse_refresh, .format = schema_format_timespan,
	  .summary = "How often a master announces itself again" },
};
/* clang-format on */

const SchemaKey *schema_keys(gsize *ret_count)
{
	*ret_count = G_N_ELEMENTS(keys);
	return keys;
}

const SchemaKey *schema_find(const char *name)
{
	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

#define NEAREST_LENGTH_MAX 40

/* The least number of characters to insert, delete, replace or swap with the next one, whatever
 * their case. Both strings are at most NEAREST_LENGTH_MAX long. */
static guint distance(const char *a, const char *b)
{
	guint rows[3][NEAREST_LENGTH_MAX + 1];
	guint *before = rows[0], *above = rows[1], *row = rows[2];
	guint length = (guint)strlen(b);

	for (guint j = 0; j <= length; j++)
		above[j] = j;
	for (guint i = 1; a[i - 1]; i++) {
		guint *spare = before;

		row[0] = i;
		for (guint j = 1; j <= length; j++) {
			char x = g_ascii_tolower(a[i - 1]), y = g_ascii_tolower(b[j - 1]);
			guint best = MIN(above[j], row[j - 1]) + 1;

			best = MIN(best, above[j - 1] + (x != y));
			if (i > 1 && j > 1 && x == g_ascii_tolower(b[j - 2]) &&
			    y == g_ascii_tolower(a[i - 2]))
				best = MIN(best, before[j - 2] + 1);
			row[j] = best;
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[length];
}

const char *schema_nearest(const char *name)
{
	gsize length = strlen(name);
	const char *nearest = NULL;
	guint least = G_MAXUINT;

	if (length > NEAREST_LENGTH_MAX)
		return NULL;
	for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
		guint d = distance(name, keys[i].name);

		/* "Prio" is far from "Priority" by letters, and yet that is what was meant. */
		if (length >= 3 && g_ascii_strncasecmp(name, keys[i].name, length) == 0)
			d = 1;
		if (d < least) {
			least = d;
			nearest = keys[i].name;
		}
	}
	return least <= 1 + length / 3 ? nearest : NULL;
}

char *schema_format(const SchemaKey *key, const Settings *settings)
{
	return key->format ? key->format(key, settings) : NULL;
}

/* "none, pass or ah" */
static char *join_choices(const char *const *choices)
{
	GString *text = g_string_new(choices[0]);

	for (guint i = 1; choices[i]; i++)
		g_string_append_printf(text, "%s%s", choices[i + 1] ? ", " : " or ", choices[i]);
	return g_string_free(text, FALSE);
}

char *schema_describe_range(const SchemaKey *key)
{
	g_autofree char *choices = key->choices ? join_choices(key->choices) : NULL;

	switch (key->type) {
	case SCHEMA_BOOLEAN:
		return g_strdup("yes or no");
	case SCHEMA_BYTE:
		return g_strdup_printf("%u to %u%s%s", key->minimum, key->maximum,
				       choices ? " or " : "", choices ? choices : "");
	case SCHEMA_TIMESPAN:
		return g_strdup("a time span");
	case SCHEMA_LIST:
		return g_strdup("a list");
	case SCHEMA_STRING:
	default:
		return choices ? g_steal_pointer(&choices) : g_strdup("text");
	}
}
