/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One vrrp_instance block: first its directives are collected in a draft, each by its own handler,
 * then the draft is completed (keepalived-complete.c) and becomes keys and values in the order of
 * the manual.
 *
 * The aim is the router that keepalived would have run, including what keepalived makes of values
 * that it does not like: it takes priority 255 for a MASTER without a priority, ignores nopreempt
 * for a MASTER, rounds intervals, cuts keys at 8 bytes, and leaves authentication out with
 * version 3. All of that was tried on 2.2.7, and all of it gets a message, because few people know.
 * The authentication key never gets into one.
 */

#include <string.h>

#include "keepalived-draft.h"
#include "schema.h"
#include "settings-builder.h"
#include "values.h"

static void set_line(KeepalivedDraft *draft, const char *key, const KeepalivedNode *node)
{
	g_hash_table_insert(draft->lines, (gpointer)key, GUINT_TO_POINTER(node->line));
}

/* The handlers have been promised a parameter where the table says so. */

static void read_state(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	g_autofree char *shown = keepalived_show(node->words[1]);

	draft->master = strcmp(node->words[1], "MASTER") == 0;
	if (!draft->master && strcmp(node->words[1], "BACKUP") != 0)
		note(draft, node->line,
		     "state %s: neither MASTER nor BACKUP; keepalived takes BACKUP", shown);
	draft->state_line = node->line;
}

static void read_interface(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	g_autofree char *why = NULL;

	set_line(draft, "Interface", node);
	if (!value_parse_interface(node->words[1], draft->interface, &why))
		election(draft, node->line, "interface: %s", why);
}

/* Reads a byte; keepalived takes its default where the value is not valid, and so do we. */
static void read_byte(KeepalivedDraft *draft, const KeepalivedNode *node, const char *key,
		      guint8 minimum, guint8 maximum, guint8 *value)
{
	g_autofree char *why = NULL;
	g_autofree char *shown = keepalived_show(node->words[1]);

	set_line(draft, key, node);
	if (!value_parse_byte(node->words[1], minimum, maximum, value, &why))
		election(draft, node->line, "%s %s: %s; it is left out", node->words[0], shown,
			 why);
}

static void read_vrid(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	read_byte(draft, node, "VirtualRouterId", 1, 255, &draft->vrid);
}

static void read_priority(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	g_autofree char *why = NULL;
	g_autofree char *shown = keepalived_show(node->words[1]);

	set_line(draft, "Priority", node);
	if (value_parse_byte(node->words[1], 1, 255, &draft->priority, &why))
		return;
	election(draft, node->line, "priority %s: %s; keepalived takes 100, and so does the import",
		 shown, why);
	draft->priority = 100;
}

static void read_version(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	read_byte(draft, node, "Version", 2, 3, &draft->version);
}

static void read_missed_adverts(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	read_byte(draft, node, "MissedAdverts", 1, 100, &draft->missed_adverts);
}

static void read_unicast_ttl(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	read_byte(draft, node, "UnicastTtl", 1, 255, &draft->unicast_ttl);
}

/* In seconds, with a fraction. */
static void read_interval(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	const char *text = node->words[1];
	g_autofree char *shown = keepalived_show(text);
	g_autofree char *why = NULL;
	guint64 usec = 0;

	set_line(draft, "AdvertisementInterval", node);
	if (text[strspn(text, "0123456789.")] == '\0' && value_parse_timespan(text, &usec, &why) &&
	    usec >= 10000 && usec <= 255000000)
		draft->interval_usec = usec;
	else
		election(draft, node->line,
			 "advert_int %s: must be from 0.01 to 255; keepalived takes 1, and so does "
			 "the import",
			 shown);
}

static void read_source(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	g_autofree char *why = NULL;

	set_line(draft, "SourceAddress", node);
	if (draft->source.family != VRRP_FAMILY_NONE)
		note(draft, node->line, "%s: a second source address; it replaces the first",
		     node->words[0]);
	if (!value_parse_address(node->words[1], &draft->source, &why))
		election(draft, node->line, "%s: %s; it is left out", node->words[0], why);
}

static void read_group(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	set_line(draft, "MulticastGroup", node);
	keepalived_read_group(draft->import, node, &draft->group);
}

static void read_preempt_delay(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	set_line(draft, "PreemptDelay", node);
	keepalived_read_seconds(draft->import, node, 1000, TRUE, &draft->preempt_delay_usec);
}

static void read_refresh(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	set_line(draft, "AnnounceRefresh", node);
	keepalived_read_seconds(draft->import, node, KEEPALIVED_DELAY_MAX, FALSE,
				&draft->refresh_usec);
}

static void read_no_preempt(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	draft->no_preempt = TRUE;
	set_line(draft, "Preempt", node);
}

static void read_preempt(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	draft->no_preempt = FALSE;
	set_line(draft, "Preempt", node);
}

static void read_ignore_link(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	draft->ignore_link = TRUE;
}

static void read_accept(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	draft->no_accept = FALSE;
}

static void read_no_accept(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	draft->no_accept = TRUE;
	set_line(draft, "AcceptMode", node);
}

static void read_checksum(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	g_autofree char *why = NULL;
	gboolean plain = TRUE;

	set_line(draft, "Checksum", node);
	if (node->words[1] && !value_parse_boolean(node->words[1], &plain, &why))
		election(draft, node->line, "%s: %s; it is left out", node->words[0], why);
	else
		draft->message_checksum = plain;
}

/* Cuts as keepalived does; the wire carries no more. */
static void read_key(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	const char *key = node->words[1];
	gsize length = strlen(key);

	if (draft->key)
		explicit_bzero(draft->key, strlen(draft->key));
	g_free(draft->key);
	draft->key = g_strndup(key, MIN(length, VRRP_KEY_SIZE));
	set_line(draft, "AuthenticationKey", node);
	if (length > VRRP_KEY_SIZE)
		note(draft, node->line,
		     "auth_pass is longer than %d bytes; it is cut there, as keepalived does",
		     VRRP_KEY_SIZE);
}

static void read_auth_type(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	if (strcmp(node->words[1], "PASS") == 0)
		draft->auth = VRRP_AUTH_PASS;
	else if (strcmp(node->words[1], "AH") == 0)
		draft->auth = VRRP_AUTH_AH;
	else
		election(
			draft, node->line,
			"auth_type is neither PASS nor AH; keepalived then uses no authentication, "
			"and so does the import");
	set_line(draft, "AuthenticationType", node);
}

/* Nothing of what stands here is ever quoted: a slip may have put the key anywhere. */
static void read_authentication(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	draft->has_authentication = TRUE;
	set_line(draft, "AuthenticationType", node);
	for (guint i = 0; i < node->children->len; i++) {
		const KeepalivedNode *child = node->children->pdata[i];
		gboolean is_type = strcmp(child->words[0], "auth_type") == 0;
		gboolean is_key = strcmp(child->words[0], "auth_pass") == 0;

		if ((is_type || is_key) && !child->words[1])
			election(draft, child->line, "%s needs a value", child->words[0]);
		else if (is_type)
			read_auth_type(draft, child);
		else if (is_key)
			read_key(draft, child);
		else
			election(draft, child->line,
				 "only auth_type and auth_pass are known in authentication");
	}
}

/* ADDRESS [min_ttl N] [max_ttl N]; without min_ttl keepalived accepts every TTL. There is one limit
 * for all peers here. */
static void read_peer_ttl(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	guint8 least = 1;

	for (guint i = 1; node->words[i]; i++) {
		g_autofree char *shown = keepalived_show(node->words[i]);
		g_autofree char *why = NULL;

		if (strcmp(node->words[i], "min_ttl") == 0 && node->words[i + 1]) {
			if (!value_parse_byte(node->words[++i], 0, 255, &least, &why))
				election(draft, node->line, "min_ttl: %s; it is left out", why);
			draft->has_minimum_ttl = TRUE;
		} else if (strcmp(node->words[i], "max_ttl") == 0 && node->words[i + 1]) {
			i++;
			dropped(draft, node->line,
				"max_ttl: not carried over: there is no upper limit");
		} else {
			note(draft, node->line, "'%s' behind a peer is left out, as in keepalived",
			     shown);
		}
	}
	least = MAX(least, 1);
	if (draft->has_minimum_ttl && draft->minimum_ttl && least != draft->minimum_ttl)
		dropped(draft, node->line,
			"min_ttl: there is one limit for all peers here; the least is taken");
	draft->minimum_ttl = draft->minimum_ttl ? MIN(least, draft->minimum_ttl) : least;
}

static void read_peers(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	draft->has_peer_block = TRUE;
	set_line(draft, "UnicastPeers", node);
	for (guint i = 0; i < node->children->len; i++) {
		const KeepalivedNode *child = node->children->pdata[i];
		g_autofree char *shown = keepalived_show(child->words[0]);
		g_autofree char *why = NULL;
		g_autofree char *peer = NULL;
		VrrpAddress address;

		if (keepalived_is_programmed(draft->import, child))
			continue;
		if (!value_parse_address(child->words[0], &address, &why)) {
			election(draft, child->line, "unicast_peer %s: %s; it is left out", shown,
				 why);
			continue;
		}
		read_peer_ttl(draft, child);
		peer = value_format_address(&address);
		if (g_ptr_array_find_with_equal_func(draft->peers, peer, g_str_equal, NULL))
			note(draft, child->line, "unicast_peer %s is there twice", peer);
		else
			g_ptr_array_add(draft->peers, g_steal_pointer(&peer));
	}
}

static void read_addresses(KeepalivedDraft *draft, const KeepalivedNode *node)
{
	set_line(draft, "VirtualAddresses", node);
	for (guint i = 0; i < node->children->len; i++)
		if (!keepalived_is_programmed(draft->import, node->children->pdata[i]))
			g_ptr_array_add(draft->addresses, node->children->pdata[i]);
}

typedef enum Form {
	FORM_FLAG,  /* may have a parameter, which is looked at where it means something */
	FORM_WORD,  /* needs one parameter */
	FORM_BLOCK, /* needs a block */
} Form;

typedef struct Handler {
	const char *name;
	Form form;
	gboolean repeatable;
	void (*read)(KeepalivedDraft *draft, const KeepalivedNode *node);
} Handler;

static const Handler handlers[] = {
	{ "state", FORM_WORD, FALSE, read_state },
	{ "interface", FORM_WORD, FALSE, read_interface },
	{ "virtual_router_id", FORM_WORD, FALSE, read_vrid },
	{ "priority", FORM_WORD, FALSE, read_priority },
	{ "version", FORM_WORD, FALSE, read_version },
	{ "advert_int", FORM_WORD, FALSE, read_interval },
	{ "down_timer_adverts", FORM_WORD, FALSE, read_missed_adverts },
	{ "unicast_ttl", FORM_WORD, FALSE, read_unicast_ttl },
	{ "unicast_src_ip", FORM_WORD, TRUE, read_source },
	{ "mcast_src_ip", FORM_WORD, TRUE, read_source },
	{ "mcast_dst_ip", FORM_WORD, FALSE, read_group },
	{ "preempt_delay", FORM_WORD, FALSE, read_preempt_delay },
	{ "garp_master_refresh", FORM_WORD, FALSE, read_refresh },
	{ "nopreempt", FORM_FLAG, FALSE, read_no_preempt },
	{ "preempt", FORM_FLAG, FALSE, read_preempt },
	{ "dont_track_primary", FORM_FLAG, FALSE, read_ignore_link },
	{ "accept", FORM_FLAG, FALSE, read_accept },
	{ "no_accept", FORM_FLAG, FALSE, read_no_accept },
	{ "v3_checksum_as_v2", FORM_FLAG, FALSE, read_checksum },
	{ "authentication", FORM_BLOCK, FALSE, read_authentication },
	{ "unicast_peer", FORM_BLOCK, TRUE, read_peers },
	{ "virtual_ipaddress", FORM_BLOCK, TRUE, read_addresses },
};

/* The form of a directive; keepalived ignores what is too much, and gives up where something is
 * missing. */
static gboolean check_form(KeepalivedDraft *draft, const Handler *handler,
			   const KeepalivedNode *node)
{
	guint expected = handler->form == FORM_BLOCK ? 1 : 2;

	if (handler->form == FORM_WORD && !node->words[1]) {
		election(draft, node->line, "%s needs a value", handler->name);
		return FALSE;
	}
	if (handler->form == FORM_BLOCK && !node->children) {
		election(draft, node->line, "%s needs a block in braces", handler->name);
		return FALSE;
	}
	if (handler->form != FORM_BLOCK && node->children)
		election(draft, node->line, "%s takes no block; the block is left out",
			 handler->name);
	if (handler->form != FORM_FLAG && g_strv_length(node->words) > expected)
		note(draft, node->line,
		     "%s: what stands behind it in the line is left out, as in keepalived",
		     handler->name);
	return TRUE;
}

static void read_directive(KeepalivedDraft *draft, const KeepalivedNode *node, guint32 *seen)
{
	for (guint i = 0; i < G_N_ELEMENTS(handlers); i++) {
		const Handler *handler = &handlers[i];

		if (strcmp(handler->name, node->words[0]) != 0)
			continue;
		/* A key may hold '$', so the block of authentication is not looked at. */
		if (keepalived_is_programmed(draft->import, node) ||
		    !check_form(draft, handler, node))
			return;
		if (!handler->repeatable && (*seen & (1u << i)))
			note(draft, node->line, "%s is there twice; the last one counts",
			     handler->name);
		*seen |= 1u << i;
		handler->read(draft, node);
		return;
	}
	if (!keepalived_is_programmed(draft->import, node))
		keepalived_refuse(draft->import, KEEPALIVED_SCOPE_INSTANCE, node);
}

static void draft_clear(KeepalivedDraft *draft)
{
	g_hash_table_unref(draft->lines);
	g_ptr_array_unref(draft->addresses);
	g_ptr_array_unref(draft->peers);
	if (draft->key)
		explicit_bzero(draft->key, strlen(draft->key));
	g_free(draft->key);
}

static void pair_free(gpointer data)
{
	KeepalivedPair *pair = data;

	explicit_bzero(pair->value, strlen(pair->value));
	g_free(pair->value);
	g_free(pair);
}

static void add_pair(KeepalivedInstance *instance, const char *key, const char *value)
{
	KeepalivedPair *pair = g_new0(KeepalivedPair, 1);

	pair->key = schema_find(key)->name;
	pair->value = g_strdup(value);
	g_ptr_array_add(instance->pairs, pair);
}

static void add_number(KeepalivedInstance *instance, const char *key, guint number)
{
	g_autofree char *text = g_strdup_printf("%u", number);

	add_pair(instance, key, text);
}

static void add_span(KeepalivedInstance *instance, const char *key, guint64 usec)
{
	g_autofree char *text = value_format_timespan(usec);

	if (usec > 0)
		add_pair(instance, key, text);
}

static gboolean leads_link_local(const char *list)
{
	g_autofree char *first = g_strndup(list, strcspn(list, "/;"));
	g_autofree char *why = NULL;
	VrrpAddress address;

	return value_parse_address(first, &address, &why) && vrrp_address_is_link_local(&address);
}

static void add_addresses(KeepalivedDraft *draft, KeepalivedInstance *instance)
{
	g_autoptr(GString) list = g_string_new(NULL);
	g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

	for (guint i = 0; i < draft->addresses->len; i++) {
		const KeepalivedNode *node = draft->addresses->pdata[i];
		g_autofree char *host = NULL;
		g_autofree char *address = keepalived_map_address(draft->import, node,
								  draft->interface, draft->family);

		if (!address)
			continue;
		host = g_strndup(address, strcspn(address, "/"));
		if (!g_hash_table_add(seen, g_steal_pointer(&host)))
			note(draft, node->line, "%s: is there twice; this one is left out",
			     address);
		else
			g_string_append_printf(list, "%s%s", list->len ? ";" : "", address);
	}
	if (list->len)
		add_pair(instance, "VirtualAddresses", list->str);
	if (draft->family == VRRP_FAMILY_IPV6 && list->len && !leads_link_local(list->str))
		note(draft, keepalived_draft_line(draft, "VirtualAddresses"),
		     "the first address is not link-local, as RFC 9568 wants it; some routers drop "
		     "such adverts, keepalived and vrrpd do not");
}

static void add_unicast(KeepalivedDraft *draft, KeepalivedInstance *instance)
{
	g_autofree char *peers = NULL;

	if (draft->peers->len == 0)
		return;
	g_ptr_array_add(draft->peers, NULL);
	peers = g_strjoinv(";", (char **)draft->peers->pdata);
	add_pair(instance, "UnicastPeers", peers);
	if (draft->unicast_ttl)
		add_number(instance, "UnicastTtl", draft->unicast_ttl);
	if (draft->has_minimum_ttl)
		add_number(instance, "UnicastMinTtl", draft->minimum_ttl);
}

/* In the order of the manual; what is the default in both programs is not written, but Version and
 * Priority always are. */
static void add_pairs(KeepalivedDraft *draft, KeepalivedInstance *instance)
{
	g_autofree char *interval = value_format_timespan(draft->interval_usec);
	g_autofree char *source = value_format_address(&draft->source);
	g_autofree char *group = value_format_address(&draft->group);

	if (draft->interface[0])
		add_pair(instance, "Interface", draft->interface);
	if (draft->vrid)
		add_number(instance, "VirtualRouterId", draft->vrid);
	add_number(instance, "Version", draft->version);
	add_number(instance, "Priority", draft->priority);
	if (draft->interval_usec)
		add_pair(instance, "AdvertisementInterval", interval);
	add_addresses(draft, instance);
	if (draft->source.family != VRRP_FAMILY_NONE)
		add_pair(instance, "SourceAddress", source);
	add_unicast(draft, instance);
	if (draft->group.family != VRRP_FAMILY_NONE)
		add_pair(instance, "MulticastGroup", group);
	if (draft->no_preempt)
		add_pair(instance, "Preempt", "no");
	add_span(instance, "PreemptDelay", draft->preempt_delay_usec);
	add_span(instance, "StartupDelay", draft->import->startup_delay_usec);
	if (draft->missed_adverts)
		add_number(instance, "MissedAdverts", draft->missed_adverts);
	if (draft->ignore_link)
		add_pair(instance, "TrackInterface", "no");
	if (draft->no_accept)
		add_pair(instance, "AcceptMode", "no");
	if (draft->auth != VRRP_AUTH_NONE) {
		add_pair(instance, "AuthenticationType", vrrp_auth_to_string(draft->auth));
		add_pair(instance, "AuthenticationKey", draft->key);
	}
	if (draft->message_checksum && draft->version == 3 && draft->family == VRRP_FAMILY_IPV4)
		add_pair(instance, "Checksum", "message-only");
	add_span(instance, "AnnounceRefresh", draft->refresh_usec);
}

/* The same checks as for a key file. FALSE, with messages, where the instance cannot be. */
static gboolean make_settings(KeepalivedDraft *draft, KeepalivedInstance *instance)
{
	g_autoptr(SettingsBuilder) builder = settings_builder_new(instance->name);
	g_autoptr(GPtrArray) problems =
		g_ptr_array_new_with_free_func((GDestroyNotify)settings_problem_free);

	for (guint i = 0; i < instance->pairs->len; i++) {
		const KeepalivedPair *pair = instance->pairs->pdata[i];
		g_autoptr(GError) error = NULL;

		if (settings_builder_set(builder, pair->key, pair->value, &error))
			continue;
		election(draft, keepalived_draft_line(draft, pair->key), "%s is left out: %s",
			 instance->name, error->message);
		return FALSE;
	}
	instance->settings = settings_builder_finish(builder, problems, NULL);
	for (guint i = 0; i < problems->len; i++) {
		const SettingsProblem *problem = problems->pdata[i];

		election(draft, keepalived_draft_line(draft, problem->key), "%s is left out: %s",
			 instance->name, problem->text);
	}
	return instance->settings != NULL;
}

/* What keepalived runs and we do not. */
static gboolean is_impossible(KeepalivedDraft *draft, const char *name)
{
	if (draft->has_peer_block && draft->peers->len == 0) {
		election(draft, keepalived_draft_line(draft, "UnicastPeers"),
			 "%s is left out: unicast_peer holds no address, and keepalived would use "
			 "multicast; write the peers, or take unicast_peer out",
			 name);
		return TRUE;
	}
	if (draft->auth != VRRP_AUTH_NONE && !g_utf8_validate(draft->key, -1, NULL)) {
		election(draft, keepalived_draft_line(draft, "AuthenticationKey"),
			 "%s is left out: auth_pass is cut in the middle of a character, which a "
			 "key "
			 "file cannot hold",
			 name);
		return TRUE;
	}
	return FALSE;
}

KeepalivedInstance *keepalived_map_instance(KeepalivedImport *import, const KeepalivedNode *node,
					    const char *name)
{
	KeepalivedDraft draft = {
		.import = import,
		.node = node,
		.message_checksum = import->message_checksum,
		.refresh_usec = import->refresh_usec,
		.lines = g_hash_table_new(g_str_hash, g_str_equal),
		.addresses = g_ptr_array_new(),
		.peers = g_ptr_array_new_with_free_func(g_free),
	};
	KeepalivedInstance *instance = NULL;
	guint32 seen = 0;

	for (guint i = 0; i < node->children->len; i++)
		read_directive(&draft, node->children->pdata[i], &seen);
	keepalived_complete(&draft);
	if (!is_impossible(&draft, name)) {
		instance = g_new0(KeepalivedInstance, 1);
		instance->name = g_strdup(name);
		instance->original_name = g_strdup(node->words[1]);
		instance->file = g_strdup(import->path);
		instance->line = node->line;
		instance->pairs = g_ptr_array_new_with_free_func(pair_free);
		add_pairs(&draft, instance);
		if (!make_settings(&draft, instance))
			g_clear_pointer(&instance, keepalived_instance_free);
	}
	draft_clear(&draft);
	return instance;
}
