/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From keys and values to Settings. Setting a key tries it on a scratch object and keeps the text;
 * finishing makes the object from all texts and checks what only the whole can tell. It reports all
 * that is wrong, so that a person need not find the errors one by one. The texts may hold the
 * secret: they are wiped, and no message holds it.
 */

#include <string.h>

#include "schema.h"
#include "settings-builder.h"
#include "values.h"

G_DEFINE_QUARK(vrrpd - settings - error, settings_error)

struct SettingsBuilder {
	char *name;
	GHashTable *values; /* schema name -> text, as set; may hold the secret */
};

void settings_problem_free(SettingsProblem *problem)
{
	g_free(problem->text);
	g_free(problem);
}

/* The secret may be among them. */
static void free_value(gpointer value)
{
	explicit_bzero(value, strlen(value));
	g_free(value);
}

SettingsBuilder *settings_builder_new(const char *name)
{
	SettingsBuilder *builder = g_new0(SettingsBuilder, 1);

	builder->name = g_strdup(name);
	builder->values = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_value);
	return builder;
}

char *settings_deviation(const Settings *settings, const SchemaKey *key)
{
	g_autofree char *text = key->flags & SCHEMA_SECRET
					? g_strndup((const char *)settings->key, VRRP_KEY_SIZE)
					: schema_format(key, settings);

	/* The family follows the addresses, which are always there. */
	if (!text || *text == '\0' || g_str_equal(text, key->default_text) ||
	    g_str_equal(key->name, "AddressFamily"))
		return NULL;
	return g_steal_pointer(&text);
}

SettingsBuilder *settings_builder_new_from(const Settings *settings)
{
	SettingsBuilder *builder = settings_builder_new(settings->name);
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	for (gsize i = 0; i < count; i++) {
		char *text = settings_deviation(settings, &keys[i]);

		if (text)
			g_hash_table_insert(builder->values, (gpointer)keys[i].name, text);
	}
	return builder;
}

void settings_builder_free(SettingsBuilder *builder)
{
	if (!builder)
		return;
	g_free(builder->name);
	g_hash_table_unref(builder->values);
	g_free(builder);
}

/* Everything empty; the caller sets every key once. */
static Settings *draft_new(const char *name)
{
	Settings *draft = g_new0(Settings, 1);

	draft->ref_count = 1;
	draft->name = g_strdup(name);
	draft->description = g_strdup("");
	draft->interface = g_strdup("");
	draft->addresses = g_array_new(FALSE, FALSE, sizeof(VrrpInterfaceAddress));
	draft->address_strings = g_ptr_array_new_with_free_func(g_free);
	draft->peers = g_array_new(FALSE, FALSE, sizeof(VrrpAddress));
	return draft;
}

static gboolean refuse_unknown(const char *key, GError **error)
{
	g_autofree char *escaped = value_show(key, 64);
	const char *nearest = schema_nearest(key);

	if (nearest)
		g_set_error(error, SETTINGS_ERROR, SETTINGS_ERROR_UNKNOWN_KEY,
			    "%s: no such key; did you mean %s?", escaped, nearest);
	else
		g_set_error(error, SETTINGS_ERROR, SETTINGS_ERROR_UNKNOWN_KEY,
			    "%s: no such key; see vrrpd.instance(5)", escaped);
	return FALSE;
}

/* @value for a message: without control characters, not too long, and nothing at all of a secret.
 */
static char *show(const SchemaKey *key, const char *value)
{
	g_autofree char *escaped = NULL;

	if (key->flags & SCHEMA_SECRET)
		return g_strdup(key->name);
	escaped = value_show(value, 100);
	return g_strdup_printf("%s=%s", key->name, escaped);
}

gboolean settings_builder_set(SettingsBuilder *builder, const char *key, const char *value,
			      GError **error)
{
	const SchemaKey *schema = schema_find(key);
	const char *text = schema && *value == '\0' ? schema->default_text : value;
	g_autoptr(Settings) trial = NULL;
	g_autofree char *why = NULL;

	if (!schema)
		return refuse_unknown(key, error);
	if (schema->flags & SCHEMA_UNSUPPORTED) {
		g_set_error(error, SETTINGS_ERROR, SETTINGS_ERROR_NOT_SUPPORTED,
			    "%s: not supported yet; take the line out", key);
		return FALSE;
	}
	trial = draft_new(builder->name);
	if (!schema->parse(schema, text, trial, &why)) {
		g_autofree char *shown = show(schema, value);

		g_set_error(error, SETTINGS_ERROR, SETTINGS_ERROR_INVALID_VALUE, "%s: %s", shown,
			    why);
		return FALSE;
	}
	g_hash_table_insert(builder->values, (gpointer)schema->name, g_strdup(text));
	return TRUE;
}

/* The draft with all values; they were accepted one by one, so they are again. */
static Settings *draft_make(SettingsBuilder *builder)
{
	Settings *draft = draft_new(builder->name);
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	for (gsize i = 0; i < count; i++) {
		const char *text = g_hash_table_lookup(builder->values, keys[i].name);
		g_autofree char *why = NULL;

		if (keys[i].flags & SCHEMA_UNSUPPORTED)
			continue;
		if (!keys[i].parse(&keys[i], text ? text : keys[i].default_text, draft, &why))
			g_error("%s: %s", keys[i].name, why);
	}
	return draft;
}

static void G_GNUC_PRINTF(3, 4)
	complain(GPtrArray *problems, const char *key, const char *format, ...)
{
	SettingsProblem *problem = g_new0(SettingsProblem, 1);
	g_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	problem->key = key ? schema_find(key)->name : NULL;
	problem->text = key ? g_strdup_printf("%s: %s", key, text) : g_steal_pointer(&text);
	g_ptr_array_add(problems, problem);
}

static void check_name(const Settings *settings, GPtrArray *problems)
{
	g_autofree char *escaped = value_show(settings->name, 80);

	if (!settings_name_is_valid(settings->name))
		complain(problems, NULL,
			 "'%s' is not a valid instance name: it must begin with a letter or a "
			 "digit, hold only letters, digits, '_', '.' and '-', and have at most %d "
			 "characters",
			 escaped, SETTINGS_NAME_MAX);
}

/* Without a key the family is that of the first address. */
static void settle_family(Settings *settings)
{
	if (settings->family != VRRP_FAMILY_NONE)
		return;
	settings->family = VRRP_FAMILY_IPV4;
	if (settings->addresses->len > 0)
		settings->family =
			g_array_index(settings->addresses, VrrpInterfaceAddress, 0).address.family;
}

static const char *family_name(guint family)
{
	return family == VRRP_FAMILY_IPV6 ? "IPv6" : "IPv4";
}

static void check_router(const Settings *settings, GPtrArray *problems)
{
	g_autofree char *why = NULL;

	if (settings->vrid == 0)
		complain(problems, "VirtualRouterId", "required, a number from 1 to 255");
	if (settings->interface[0] == '\0' && settings->peers->len == 0)
		complain(problems, "Interface", "required, unless UnicastPeers is set");
	if (!value_check_interval(settings->version, settings->interval_usec, &why)) {
		g_autofree char *interval = value_format_timespan(settings->interval_usec);

		complain(problems, "AdvertisementInterval", "%s: %s", interval, why);
	}
	if (settings->checksum != VRRP_CHECKSUM_AUTO && settings->version != 3)
		complain(problems, "Checksum", "only version 3 has a choice; use auto");
	if (settings->family != VRRP_FAMILY_IPV6)
		return;
	if (settings->version == 2)
		complain(problems, "Version", "version 2 is for IPv4 only; set Version=3");
	if (settings->checksum != VRRP_CHECKSUM_AUTO)
		complain(problems, "Checksum", "there is no choice over IPv6; use auto");
}

static gboolean is_same(const VrrpAddress *a, const VrrpAddress *b)
{
	return a->family == b->family && vrrp_address_compare(a, b) == 0;
}

static void check_address(const Settings *settings, guint i, GPtrArray *problems)
{
	const VrrpInterfaceAddress *address =
		&g_array_index(settings->addresses, VrrpInterfaceAddress, i);
	const char *text = settings->address_strings->pdata[i];
	g_autofree char *why = NULL;

	if (address->address.family != settings->family)
		complain(problems, "VirtualAddresses",
			 "'%s' is not %s, and an advert carries one family; make it an instance of "
			 "its own, or put it into ExcludedAddresses",
			 text, family_name(settings->family));
	for (guint j = 0; j < i; j++)
		if (is_same(&address->address,
			    &g_array_index(settings->addresses, VrrpInterfaceAddress, j).address)) {
			complain(problems, "VirtualAddresses", "'%s' is there twice", text);
			break;
		}
	if (settings->interface[0] == '\0' && address->device[0] == '\0')
		complain(problems, "VirtualAddresses", "'%s' needs dev, as there is no Interface",
			 text);
	else if (!value_check_label(address, settings->interface, &why))
		complain(problems, "VirtualAddresses", "'%s': %s", text, why);
	/* The owner's addresses are its own, so it may send from one. */
	if (settings->priority != 255 && is_same(&address->address, &settings->source))
		complain(problems, "SourceAddress",
			 "must not be one of VirtualAddresses, since the other router takes them");
}

static void check_addresses(const Settings *settings, GPtrArray *problems)
{
	guint count = settings->addresses->len;

	if (count == 0)
		complain(problems, "VirtualAddresses", "required, at least one address");
	else if (count > VALUE_ADVERT_ADDRESSES_MAX)
		complain(problems, "VirtualAddresses",
			 "%u addresses, but an advert carries at most %d", count,
			 VALUE_ADVERT_ADDRESSES_MAX);
	else
		for (guint i = 0; i < count; i++)
			check_address(settings, i, problems);
}

static gboolean is_of_family(const Settings *settings, const VrrpAddress *address)
{
	return address->family == VRRP_FAMILY_NONE || address->family == settings->family;
}

static void check_source(const Settings *settings, GPtrArray *problems)
{
	if (!is_of_family(settings, &settings->source))
		complain(problems, "SourceAddress", "must be %s, as VirtualAddresses are",
			 family_name(settings->family));
	else if (settings->source.family == VRRP_FAMILY_IPV6 && settings->peers->len == 0 &&
		 !vrrp_address_is_link_local(&settings->source))
		complain(problems, "SourceAddress",
			 "must be a link-local address (fe80::/10): IPv6 multicast comes from one");
}

static void check_group(const Settings *settings, GPtrArray *problems)
{
	if (!is_of_family(settings, &settings->group))
		complain(problems, "MulticastGroup", "must be %s, as VirtualAddresses are",
			 family_name(settings->family));
}

static void check_peer(const Settings *settings, const VrrpAddress *peer, const char *text,
		       GPtrArray *problems)
{
	if (!is_of_family(settings, peer))
		complain(problems, "UnicastPeers", "%s must be %s, as VirtualAddresses are", text,
			 family_name(settings->family));
	else if (vrrp_address_is_link_local(peer) && settings->interface[0] == '\0')
		complain(problems, "UnicastPeers",
			 "%s is link-local and means nothing without Interface", text);
}

static void check_peers(const Settings *settings, GPtrArray *problems)
{
	guint count = settings->peers->len, others = 0;

	if (count > VALUE_PEERS_MAX) {
		complain(problems, "UnicastPeers", "%u peers, but at most %d are possible", count,
			 VALUE_PEERS_MAX);
		return;
	}
	for (guint i = 0; i < count; i++) {
		const VrrpAddress *peer = &g_array_index(settings->peers, VrrpAddress, i);
		g_autofree char *text = value_format_address(peer);

		check_peer(settings, peer, text, problems);
		others += !is_same(peer, &settings->source);
		for (guint j = 0; j < i; j++)
			if (is_same(peer, &g_array_index(settings->peers, VrrpAddress, j))) {
				complain(problems, "UnicastPeers", "%s is there twice", text);
				break;
			}
	}
	if (count > 0 && others == 0)
		complain(problems, "UnicastPeers",
			 "must hold another router; SourceAddress is our own address");
}

static void check_authentication(const Settings *settings, GPtrArray *problems)
{
	if (settings->auth != VRRP_AUTH_NONE && settings->version != 2)
		complain(problems, "AuthenticationType",
			 "version 3 has no authentication; set Version=2 or take the key out");
	if (settings->auth != VRRP_AUTH_NONE && !settings->has_key)
		complain(problems, "AuthenticationKey", "required with AuthenticationType=%s",
			 vrrp_auth_to_string(settings->auth));
	if (settings->auth == VRRP_AUTH_NONE && settings->has_key)
		complain(problems, "AuthenticationType",
			 "must be pass or ah where there is an AuthenticationKey");
}

Settings *settings_builder_finish(SettingsBuilder *builder, GPtrArray *problems, GError **error)
{
	g_autoptr(Settings) settings = draft_make(builder);
	g_autoptr(GPtrArray) found =
		g_ptr_array_new_with_free_func((GDestroyNotify)settings_problem_free);
	const SettingsProblem *first;

	settle_family(settings);
	check_name(settings, found);
	check_router(settings, found);
	check_addresses(settings, found);
	check_source(settings, found);
	check_group(settings, found);
	check_peers(settings, found);
	check_authentication(settings, found);
	if (found->len == 0)
		return g_steal_pointer(&settings);

	first = found->pdata[0];
	g_set_error_literal(error, SETTINGS_ERROR,
			    first->key ? SETTINGS_ERROR_INCONSISTENT : SETTINGS_ERROR_INVALID_NAME,
			    first->text);
	if (problems)
		g_ptr_array_extend_and_steal(problems, g_steal_pointer(&found));
	return NULL;
}
