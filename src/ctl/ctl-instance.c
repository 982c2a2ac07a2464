/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reads properties from the bus by a table. A property that is missing or has another type than it
 * had when this was written is left at its empty value, so that a newer or older daemon can still
 * be looked at.
 */

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "bus/bus-names.h"
#include "ctl-instance.h"
#include "ctl-json.h"

typedef struct Field {
	const char *name;
	const char *signature;
	gsize offset;
} Field;

#define FIELD(name, signature, member)                                \
	{                                                             \
		name, signature, G_STRUCT_OFFSET(CtlInstance, member) \
	}

static const Field fields[] = {
	FIELD("AddressFamily", "s", family),
	FIELD("AdvertisementInterval", "t", interval_usec),
	FIELD("AuthenticationType", "s", authentication),
	FIELD("ChecksumForm", "s", checksum_form),
	FIELD("Description", "s", description),
	FIELD("EffectivePriority", "y", effective_priority),
	FIELD("Enabled", "b", enabled),
	FIELD("Faults", "as", faults),
	FIELD("ForeignRouters", "as", foreign_routers),
	FIELD("FragmentPath", "s", fragment_path),
	FIELD("Holders", "a(sst)", holders),
	FIELD("InstalledAddresses", "as", installed_addresses),
	FIELD("Interface", "s", interface),
	FIELD("InterfaceIndex", "i", interface_index),
	FIELD("LastReason", "s", last_reason),
	FIELD("MasterAddress", "s", master_address),
	FIELD("MasterAdvertisementInterval", "t", master_interval_usec),
	FIELD("MasterDownInterval", "t", master_down_usec),
	FIELD("MasterPriority", "y", master_priority),
	FIELD("Name", "s", name),
	FIELD("Peers", "a(syt)", peers),
	FIELD("Preempt", "b", preempt),
	FIELD("Priority", "y", priority),
	FIELD("Releasing", "b", releasing),
	FIELD("SkewTime", "t", skew_usec),
	FIELD("SourceAddress", "s", source_address),
	FIELD("State", "s", state),
	FIELD("StateSince", "t", state_since_usec),
	FIELD("Transitions", "t", transitions),
	FIELD("UnicastPeers", "as", unicast_peers),
	FIELD("Unsaved", "b", unsaved),
	FIELD("Version", "y", version),
	FIELD("VirtualAddresses", "as", virtual_addresses),
	FIELD("VirtualRouterId", "y", vrid),
};

static void peer_free(gpointer data)
{
	CtlPeer *peer = data;

	g_free(peer->address);
	g_free(peer);
}

static void holder_free(gpointer data)
{
	CtlHolder *holder = data;

	g_free(holder->reason);
	g_free(holder->sender);
	g_free(holder);
}

static gpointer field_of(CtlInstance *instance, const Field *field)
{
	return (char *)instance + field->offset;
}

/* Gives every string and list its empty value. */
static CtlInstance *instance_new(const char *path)
{
	CtlInstance *instance = g_new0(CtlInstance, 1);

	instance->path = g_strdup(path);
	instance->enabled = TRUE;
	instance->peers = g_ptr_array_new_with_free_func(peer_free);
	instance->holders = g_ptr_array_new_with_free_func(holder_free);
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (g_str_equal(fields[i].signature, "s"))
			*(char **)field_of(instance, &fields[i]) = g_strdup("");
		else if (g_str_equal(fields[i].signature, "as"))
			*(GStrv *)field_of(instance, &fields[i]) = g_new0(char *, 1);
	return instance;
}

void ctl_instance_free(CtlInstance *instance)
{
	if (!instance)
		return;
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (g_str_equal(fields[i].signature, "s"))
			g_free(*(char **)field_of(instance, &fields[i]));
		else if (g_str_equal(fields[i].signature, "as"))
			g_strfreev(*(GStrv *)field_of(instance, &fields[i]));
	g_ptr_array_unref(instance->peers);
	g_ptr_array_unref(instance->holders);
	g_free(instance->path);
	g_free(instance->json);
	g_free(instance);
}

static int read_string(sd_bus_message *message, char **field)
{
	const char *value;
	int r = sd_bus_message_read_basic(message, 's', &value);

	if (r < 0)
		return r;
	g_free(*field);
	*field = g_strdup(value);
	return 0;
}

static int read_strings(sd_bus_message *message, GStrv *field)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	const char *value;
	int r = sd_bus_message_enter_container(message, 'a', "s");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read_basic(message, 's', &value)) > 0)
		g_ptr_array_add(list, g_strdup(value));
	if (r < 0)
		return r;
	g_ptr_array_add(list, NULL);
	g_strfreev(*field);
	*field = (GStrv)g_ptr_array_steal(list, NULL);
	return sd_bus_message_exit_container(message);
}

static int read_peers(sd_bus_message *message, GPtrArray *peers)
{
	const char *address;
	guint8 priority;
	guint64 last_heard;
	int r = sd_bus_message_enter_container(message, 'a', "(syt)");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(message, "(syt)", &address, &priority, &last_heard)) > 0) {
		CtlPeer *peer = g_new0(CtlPeer, 1);

		peer->address = g_strdup(address);
		peer->priority = priority;
		peer->last_heard_usec = last_heard;
		g_ptr_array_add(peers, peer);
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_holders(sd_bus_message *message, GPtrArray *holders)
{
	const char *reason, *sender;
	guint64 since;
	int r = sd_bus_message_enter_container(message, 'a', "(sst)");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(message, "(sst)", &reason, &sender, &since)) > 0) {
		CtlHolder *holder = g_new0(CtlHolder, 1);

		holder->reason = g_strdup(reason);
		holder->sender = g_strdup(sender);
		holder->since_usec = since;
		g_ptr_array_add(holders, holder);
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_field(sd_bus_message *message, CtlInstance *instance, const Field *field)
{
	gpointer place = field_of(instance, field);

	if (g_str_equal(field->signature, "s"))
		return read_string(message, place);
	if (g_str_equal(field->signature, "as"))
		return read_strings(message, place);
	if (g_str_equal(field->signature, "a(syt)"))
		return read_peers(message, *(GPtrArray **)place);
	if (g_str_equal(field->signature, "a(sst)"))
		return read_holders(message, *(GPtrArray **)place);
	return sd_bus_message_read_basic(message, field->signature[0], place);
}

static const Field *find_field(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(fields); i++)
		if (g_str_equal(fields[i].name, name))
			return &fields[i];
	return NULL;
}

static int read_property(sd_bus_message *message, CtlInstance *instance)
{
	const Field *field;
	const char *name, *contents;
	int r = sd_bus_message_read_basic(message, 's', &name);

	if (r < 0)
		return r;
	field = find_field(name);
	r = sd_bus_message_peek_type(message, NULL, &contents);
	if (r < 0)
		return r;
	if (!field || g_strcmp0(field->signature, contents) != 0)
		return sd_bus_message_skip(message, "v");
	r = sd_bus_message_enter_container(message, 'v', contents);
	if (r < 0)
		return r;
	r = read_field(message, instance, field);
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int ctl_instance_property_json(GString *json, sd_bus_message *message, const char *name)
{
	static const struct {
		const char *name, *signature;
		const char *fields[4]; /* as in the daemon's Describe() */
	} structs[] = {
		{ "Peers", "a(syt)", { "Address", "Priority", "LastHeard", NULL } },
		{ "Holders", "a(sst)", { "Reason", "BusName", "Since", NULL } },
	};
	const char *contents;
	int r = sd_bus_message_peek_type(message, NULL, &contents);

	if (r < 0)
		return r;
	ctl_json_key(json, name);
	for (guint i = 0; i < G_N_ELEMENTS(structs); i++) {
		if (!g_str_equal(name, structs[i].name) ||
		    g_strcmp0(contents, structs[i].signature) != 0)
			continue;
		r = sd_bus_message_enter_container(message, 'v', contents);
		if (r < 0)
			return r;
		r = ctl_json_structs(json, message, structs[i].fields);
		return r < 0 ? r : sd_bus_message_exit_container(message);
	}
	return ctl_json_message(json, message);
}

/* a{sv}, which is read twice: once for programs, once for people */
static int read_properties(sd_bus_message *message, CtlInstance *instance)
{
	g_autoptr(GString) json = g_string_new(NULL);
	int r = sd_bus_message_enter_container(message, 'a', "{sv}");

	if (r < 0)
		return r;
	ctl_json_open(json, '{');
	while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		const char *key;

		r = sd_bus_message_read_basic(message, 's', &key);
		if (r < 0)
			return r;
		r = ctl_instance_property_json(json, message, key);
		if (r < 0)
			return r;
		r = sd_bus_message_rewind(message, FALSE);
		if (r < 0)
			return r;
		r = read_property(message, instance);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	ctl_json_close(json, '}');
	instance->json = g_strdup(json->str);
	return sd_bus_message_exit_container(message);
}

/* a{sa{sv}}; sets *ret to NULL where the object is no instance */
static int read_interfaces(sd_bus_message *message, const char *path, CtlInstance **ret)
{
	g_autoptr(CtlInstance) instance = NULL;
	const char *interface;
	int r = sd_bus_message_enter_container(message, 'a', "{sa{sv}}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, 'e', "sa{sv}")) > 0) {
		r = sd_bus_message_read_basic(message, 's', &interface);
		if (r < 0)
			return r;
		if (!instance && g_str_equal(interface, BUS_INTERFACE_INSTANCE)) {
			instance = instance_new(path);
			r = read_properties(message, instance);
		} else {
			r = sd_bus_message_skip(message, "a{sv}");
		}
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	if (r < 0)
		return r;
	*ret = g_steal_pointer(&instance);
	return sd_bus_message_exit_container(message);
}

static int read_objects(sd_bus_message *message, GPtrArray *instances)
{
	int r = sd_bus_message_enter_container(message, 'a', "{oa{sa{sv}}}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, 'e', "oa{sa{sv}}")) > 0) {
		CtlInstance *instance = NULL;
		const char *path;

		r = sd_bus_message_read_basic(message, 'o', &path);
		if (r < 0)
			return r;
		r = read_interfaces(message, path, &instance);
		if (r < 0)
			return r;
		if (instance)
			g_ptr_array_add(instances, instance);
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r;
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	const CtlInstance *const *x = a, *const *y = b;

	return strverscmp((*x)->name, (*y)->name);
}

int ctl_instances_fetch(Ctl *ctl, const char *doing, sd_bus_error *error, GPtrArray **ret)
{
	const CtlCall call = { BUS_PATH, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects",
			       doing };
	g_autoptr(GPtrArray) instances =
		g_ptr_array_new_with_free_func((GDestroyNotify)ctl_instance_free);
	g_autoptr(sd_bus_message) reply = NULL;
	int r = error ? ctl_bus_try(ctl, &call, error, &reply, NULL)
		      : ctl_bus_call(ctl, &call, &reply, NULL);

	if (r < 0)
		return r;
	r = read_objects(reply, instances);
	if (r < 0) {
		ctl_bus_bad_reply(call.member, r);
		return r;
	}
	g_ptr_array_sort(instances, by_name);
	*ret = g_steal_pointer(&instances);
	return 0;
}

int ctl_instance_fetch(Ctl *ctl, const char *path, const char *doing, CtlInstance **ret)
{
	const CtlCall call = { path, "org.freedesktop.DBus.Properties", "GetAll", doing };
	g_autoptr(CtlInstance) instance = instance_new(path);
	g_autoptr(sd_bus_message) reply = NULL;
	int r = ctl_bus_call(ctl, &call, &reply, "s", BUS_INTERFACE_INSTANCE);

	if (r < 0)
		return r;
	r = read_properties(reply, instance);
	if (r < 0) {
		ctl_bus_bad_reply(call.member, r);
		return r;
	}
	*ret = g_steal_pointer(&instance);
	return 0;
}

CtlExit ctl_instance_report(Ctl *ctl, const char *path, const char *text)
{
	g_autoptr(CtlInstance) instance = NULL;

	if (ctl->json == CTL_JSON_OFF) {
		if (!ctl->quiet)
			puts(text);
		return CTL_OK;
	}
	if (ctl_instance_fetch(ctl, path, "read what came of it", &instance) < 0)
		return CTL_FAILED;
	ctl_json_print(ctl, instance->json);
	return CTL_OK;
}

gboolean ctl_name_matches(char **patterns, const char *name)
{
	if (!patterns[0])
		return TRUE;
	for (; *patterns; patterns++)
		if (fnmatch(*patterns, name, 0) == 0)
			return TRUE;
	return FALSE;
}

static gboolean any_matches(const GPtrArray *instances, const char *pattern)
{
	for (guint i = 0; i < instances->len; i++) {
		const CtlInstance *instance = instances->pdata[i];

		if (fnmatch(pattern, instance->name, 0) == 0)
			return TRUE;
	}
	return FALSE;
}

gboolean ctl_instances_select(GPtrArray *instances, char **patterns)
{
	gboolean all = TRUE;

	for (char **p = patterns; *p; p++)
		if (!any_matches(instances, *p)) {
			ctl_error("There is no instance '%s'.", *p);
			all = FALSE;
		}
	for (guint i = instances->len; i > 0; i--) {
		const CtlInstance *instance = instances->pdata[i - 1];

		if (!ctl_name_matches(patterns, instance->name))
			g_ptr_array_remove_index(instances, i - 1);
	}
	return all;
}
