/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The walk through a keepalived.conf: the defaults of global_defs first, wherever they stand, then
 * the instances in order, then names and identities that must be unique. Everything that is met is
 * either carried over or has a message; nothing disappears in silence.
 */

#include <string.h>

#include "config-file.h"
#include "config-write.h"
#include "keepalived-map.h"
#include "settings-builder.h"
#include "values.h"

#define KEEPALIVED_SIZE_MAX (8 * 1024 * 1024)

const char *keepalived_severity_to_string(KeepalivedSeverity severity)
{
	static const char *const names[] = {
		[KEEPALIVED_NOTE] = "note",
		[KEEPALIVED_DROPPED] = "dropped",
		[KEEPALIVED_ELECTION] = "election",
	};

	return names[severity];
}

void keepalived_message_free(KeepalivedMessage *message)
{
	g_free(message->file);
	g_free(message->text);
	g_free(message);
}

void keepalived_instance_free(KeepalivedInstance *instance)
{
	g_free(instance->name);
	g_free(instance->original_name);
	g_free(instance->file);
	g_ptr_array_unref(instance->pairs);
	settings_unref(instance->settings);
	g_free(instance);
}

void keepalived_say(KeepalivedImport *import, guint line, KeepalivedSeverity severity,
		    const char *format, ...)
{
	KeepalivedMessage *message = g_new0(KeepalivedMessage, 1);
	va_list arguments;

	va_start(arguments, format);
	message->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	message->file = g_strdup(import->path);
	message->line = line;
	message->severity = severity;
	g_ptr_array_add(import->messages, message);
}

char *keepalived_show(const char *word)
{
	return value_show(word, 64);
}

gboolean keepalived_is_programmed(KeepalivedImport *import, const KeepalivedNode *node)
{
	const char *what = NULL;

	if (node->words[0][0] == '@')
		what = "conditional lines (@)";
	else if (node->words[0][0] == '~')
		what = "sequences (~)";
	for (char **word = node->words; !what && *word; word++)
		if (strchr(*word, '$'))
			what = "parameters ($)";
	if (!what)
		return FALSE;
	keepalived_say(import, node->line, KEEPALIVED_ELECTION,
		       "%s are not supported; write the line out", what);
	return TRUE;
}

void keepalived_refuse(KeepalivedImport *import, KeepalivedScope scope, const KeepalivedNode *node)
{
	const KeepalivedWord *word = keepalived_word_find(scope, node->words[0]);
	g_autofree char *shown = keepalived_show(node->words[0]);

	if (word)
		keepalived_say(import, node->line, word->severity, "%s: %s", shown, word->why);
	else
		keepalived_say(import, node->line,
			       scope == KEEPALIVED_SCOPE_INSTANCE ? KEEPALIVED_ELECTION
								  : KEEPALIVED_DROPPED,
			       "%s: not carried over: no such directive is known", shown);
}

static void read_global_byte(KeepalivedImport *import, const KeepalivedNode *node, guint8 minimum,
			     guint8 maximum, guint8 *value)
{
	g_autofree char *why = NULL;

	if (value_parse_byte(node->words[1] ? node->words[1] : "", minimum, maximum, value, &why))
		return;
	keepalived_say(import, node->line, KEEPALIVED_ELECTION, "%s: %s; it is left out",
		       node->words[0], why);
}

void keepalived_read_seconds(KeepalivedImport *import, const KeepalivedNode *node, guint most,
			     gboolean fraction, guint64 *usec)
{
	const char *text = node->words[1] ? node->words[1] : "";
	const char *digits = fraction ? "0123456789." : "0123456789";
	g_autofree char *shown = keepalived_show(text);
	g_autofree char *why = NULL;
	guint64 value;

	if (text[strspn(text, digits)] == '\0' && value_parse_timespan(text, &value, &why) &&
	    value <= most * (guint64)G_USEC_PER_SEC)
		*usec = value;
	else
		keepalived_say(import, node->line,
			       fraction ? KEEPALIVED_ELECTION : KEEPALIVED_DROPPED,
			       "%s %s: must be a %snumber of seconds from 0 to %u; it is left out, "
			       "as in keepalived",
			       node->words[0], shown, fraction ? "" : "whole ", most);
}

void keepalived_read_group(KeepalivedImport *import, const KeepalivedNode *node, VrrpAddress *group)
{
	const char *text = node->words[1] ? node->words[1] : "";
	g_autofree char *shown = keepalived_show(text);
	g_autofree char *why = NULL;

	if (!value_parse_group(text, group, &why))
		keepalived_say(import, node->line, KEEPALIVED_ELECTION, "%s %s: %s; it is left out",
			       node->words[0], shown, why);
}

/* The directive says the family, and keepalived skips a group of the other one. */
static void read_global_group(KeepalivedImport *import, const KeepalivedNode *node,
			      VrrpFamily family, VrrpAddress *group)
{
	VrrpAddress read = { 0 };

	keepalived_read_group(import, node, &read);
	if (read.family == family)
		*group = read;
	else if (read.family != VRRP_FAMILY_NONE)
		keepalived_say(import, node->line, KEEPALIVED_ELECTION,
			       "%s: the group is of the other family; it is left out",
			       node->words[0]);
}

/* Delays and groups. FALSE where @node is none of them. */
static gboolean read_global_default(KeepalivedImport *import, const KeepalivedNode *node)
{
	if (strcmp(node->words[0], "vrrp_startup_delay") == 0)
		keepalived_read_seconds(import, node, KEEPALIVED_DELAY_MAX, TRUE,
					&import->startup_delay_usec);
	else if (strcmp(node->words[0], "vrrp_garp_master_refresh") == 0)
		keepalived_read_seconds(import, node, KEEPALIVED_DELAY_MAX, FALSE,
					&import->refresh_usec);
	else if (strcmp(node->words[0], "vrrp_mcast_group4") == 0)
		read_global_group(import, node, VRRP_FAMILY_IPV4, &import->group4);
	else if (strcmp(node->words[0], "vrrp_mcast_group6") == 0)
		read_global_group(import, node, VRRP_FAMILY_IPV6, &import->group6);
	else
		return FALSE;
	return TRUE;
}

static void read_global(KeepalivedImport *import, const KeepalivedNode *node)
{
	g_autofree char *why = NULL;

	if (keepalived_is_programmed(import, node) || read_global_default(import, node))
		return;
	if (strcmp(node->words[0], "vrrp_version") == 0)
		read_global_byte(import, node, 2, 3, &import->version);
	else if (strcmp(node->words[0], "vrrp_down_timer_adverts") == 0)
		read_global_byte(import, node, 1, 100, &import->missed_adverts);
	else if (strcmp(node->words[0], "v3_checksum_as_v2") != 0)
		keepalived_refuse(import, KEEPALIVED_SCOPE_GLOBAL, node);
	else if (!node->words[1])
		import->message_checksum = TRUE;
	else if (!value_parse_boolean(node->words[1], &import->message_checksum, &why))
		keepalived_say(import, node->line, KEEPALIVED_ELECTION, "%s: %s; it is left out",
			       node->words[0], why);
}

static gboolean is_block(const KeepalivedNode *node, const char *name)
{
	return strcmp(node->words[0], name) == 0 && node->children;
}

static void read_globals(KeepalivedImport *import, const KeepalivedNode *root)
{
	for (guint i = 0; i < root->children->len; i++) {
		const KeepalivedNode *node = root->children->pdata[i];

		for (guint j = 0; is_block(node, "global_defs") && j < node->children->len; j++)
			read_global(import, node->children->pdata[j]);
	}
}

/* Whatever @original is, the result is a valid name; it may be one that is taken. */
static char *make_name(const char *original)
{
	g_autoptr(GString) name = g_string_new(original);

	for (gsize i = 0; i < name->len; i++)
		if (!g_ascii_isalnum(name->str[i]) && !strchr("_.-", name->str[i]))
			name->str[i] = '_';
	if (name->len == 0 || !g_ascii_isalnum(name->str[0]))
		g_string_prepend(name, "vrrp");
	if (name->len > SETTINGS_NAME_MAX)
		g_string_truncate(name, SETTINGS_NAME_MAX);
	return g_string_free(g_steal_pointer(&name), FALSE);
}

static gboolean name_is_taken(const GPtrArray *instances, const char *name)
{
	for (guint i = 0; i < instances->len; i++)
		if (strcmp(((const KeepalivedInstance *)instances->pdata[i])->name, name) == 0)
			return TRUE;
	return FALSE;
}

static char *map_name(KeepalivedImport *import, const KeepalivedNode *node,
		      const GPtrArray *instances)
{
	g_autofree char *base = make_name(node->words[1]);
	g_autofree char *name = g_strdup(base);
	g_autofree char *shown = keepalived_show(node->words[1]);

	for (guint i = 2; name_is_taken(instances, name); i++) {
		g_autofree char *suffix = g_strdup_printf("_%u", i);

		g_free(name);
		name = g_strdup_printf("%.*s%s", SETTINGS_NAME_MAX - (int)strlen(suffix), base,
				       suffix);
	}
	if (strcmp(name, node->words[1]) != 0)
		keepalived_say(import, node->line, KEEPALIVED_NOTE,
			       "vrrp_instance '%s' is called %s here, since names hold only "
			       "letters, digits, '_', '.' and '-' and have at most %d characters",
			       shown, name, SETTINGS_NAME_MAX);
	return g_steal_pointer(&name);
}

/* keepalived reads the first of several with one name. */
static gboolean is_repeated(KeepalivedImport *import, const KeepalivedNode *node,
			    GHashTable *originals)
{
	g_autofree char *shown = keepalived_show(node->words[1]);

	if (g_hash_table_add(originals, node->words[1]))
		return FALSE;
	keepalived_say(import, node->line, KEEPALIVED_NOTE,
		       "vrrp_instance '%s' is there twice; this one is left out, as in keepalived",
		       shown);
	return TRUE;
}

static gboolean identity_is_taken(KeepalivedImport *import, const KeepalivedInstance *instance,
				  const GPtrArray *instances)
{
	for (guint i = 0; i < instances->len; i++) {
		const KeepalivedInstance *other = instances->pdata[i];

		if (!settings_same_identity(instance->settings, other->settings))
			continue;
		keepalived_say(import, instance->line, KEEPALIVED_ELECTION,
			       "%s is left out: %s has the same interface and virtual_router_id",
			       instance->name, other->name);
		return TRUE;
	}
	return FALSE;
}

static void read_instance(KeepalivedImport *import, const KeepalivedNode *node,
			  GHashTable *originals, GPtrArray *instances)
{
	g_autofree char *name = NULL;
	KeepalivedInstance *instance;

	if (!node->words[1] || !node->children) {
		keepalived_say(import, node->line, KEEPALIVED_ELECTION,
			       "vrrp_instance needs a name and a block; it is left out");
		return;
	}
	if (keepalived_is_programmed(import, node) || is_repeated(import, node, originals))
		return;
	name = map_name(import, node, instances);
	instance = keepalived_map_instance(import, node, name);
	if (!instance)
		return;
	if (identity_is_taken(import, instance, instances))
		keepalived_instance_free(instance);
	else
		g_ptr_array_add(instances, instance);
}

static void read_root(KeepalivedImport *import, const KeepalivedNode *root, GPtrArray *instances)
{
	g_autoptr(GHashTable) originals = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < root->children->len; i++) {
		const KeepalivedNode *node = root->children->pdata[i];

		if (is_block(node, "global_defs"))
			continue;
		if (strcmp(node->words[0], "vrrp_instance") == 0)
			read_instance(import, node, originals, instances);
		else if (!keepalived_is_programmed(import, node))
			keepalived_refuse(import, KEEPALIVED_SCOPE_FILE, node);
	}
}

static int compare_lines(gconstpointer a, gconstpointer b)
{
	const KeepalivedMessage *x = *(const KeepalivedMessage *const *)a;
	const KeepalivedMessage *y = *(const KeepalivedMessage *const *)b;

	return (x->line > y->line) - (x->line < y->line);
}

GPtrArray *keepalived_import_text(const char *path, const char *text, gsize length,
				  GPtrArray **ret_messages, GError **error)
{
	g_autoptr(KeepalivedNode) root = keepalived_lex(path, text, length, error);
	KeepalivedImport import = { .path = path, .version = 2 };
	GPtrArray *instances;

	if (!root)
		return NULL;
	import.messages = g_ptr_array_new_with_free_func((GDestroyNotify)keepalived_message_free);
	instances = g_ptr_array_new_with_free_func((GDestroyNotify)keepalived_instance_free);
	read_globals(&import, root);
	read_root(&import, root, instances);
	g_ptr_array_sort(import.messages, compare_lines);
	*ret_messages = import.messages;
	return instances;
}

GPtrArray *keepalived_import(const char *path, GPtrArray **ret_messages, GError **error)
{
	GPtrArray *instances;
	gsize length;
	mode_t mode;
	char *text = config_file_read(path, KEEPALIVED_SIZE_MAX, &length, &mode, error);

	if (!text) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	instances = keepalived_import_text(path, text, length, ret_messages, error);
	explicit_bzero(text, length);
	g_free(text);
	return instances;
}

char *keepalived_instance_render(const KeepalivedInstance *instance)
{
	g_autofree char *file = g_path_get_basename(instance->file);
	g_autofree char *shown_file = keepalived_show(file);
	g_autofree char *shown_name = keepalived_show(instance->original_name);
	GString *text = g_string_sized_new(4096);

	g_string_append_printf(text, "# vrrp_instance %s, from %s line %u\n\n[Instance]\n",
			       shown_name, shown_file, instance->line);
	for (guint i = 0; i < instance->pairs->len; i++) {
		const KeepalivedPair *pair = instance->pairs->pdata[i];
		g_autofree char *value = config_escape_value(pair->value);

		g_string_append_printf(text, "%s=%s\n", pair->key, value);
	}
	return g_string_free(text, FALSE);
}
