/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * An instance as an object on the bus: org.vrrpd1.Instance and org.vrrpd1.Statistics below
 * /org/vrrpd1/instance. There is one vtable for all of them; an object is found by its path when it
 * is asked for, so that coming and going registers nothing and leaks nothing. Only the path that
 * sd_bus_path_encode() makes is an instance's, not every path that decodes to its name. Reads are
 * answered from the model and wait for nobody.
 */

#include "bus-private.h"

static int reply_property(sd_bus_message *reply, void (*put)(BusSink *, void *), void *object)
{
	BusSink sink = bus_sink_message(reply);

	put(&sink, object);
	return sink.error;
}

#define X(id, name, signature, flag)                                                     \
	static int get_##id(sd_bus *connection, const char *path, const char *interface, \
			    const char *property, sd_bus_message *reply, void *userdata, \
			    sd_bus_error *error)                                         \
	{                                                                                \
		return reply_property(reply, bus_instance_put_##id, userdata);           \
	}
BUS_INSTANCE_PROPERTIES(X)
#undef X

/* --- Methods --------------------------------------------------------------------------------- */

void bus_describe_properties(BusJson *json, const BusProperty *properties, guint count,
			     void *object)
{
	BusSink sink = bus_sink_json(json);

	for (guint i = 0; i < count; i++) {
		bus_json_key(json, properties[i].name);
		properties[i].put(&sink, object);
	}
}

void bus_instance_describe(BusJson *json, BusInstance *instance)
{
	BusSink sink = bus_sink_json(json);

	bus_json_open(json, '{');
	bus_describe_properties(json, bus_instance_properties, bus_instance_property_count,
				instance);
	bus_json_key(json, "Statistics");
	bus_instance_put_statistics(&sink, instance);
	bus_json_close(json, '}');
}

static int method_describe(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	g_autofree char *text = NULL;
	BusJson json;

	bus_json_init(&json);
	bus_instance_describe(&json, userdata);
	text = bus_json_finish(&json);
	return sd_bus_reply_method_return(request, "s", text);
}

static int method_get_statistics(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return bus_reply(request, bus_instance_put_statistics, userdata);
}

/* --- Objects --------------------------------------------------------------------------------- */

static const sd_bus_vtable instance_vtable[] = {
	SD_BUS_VTABLE_START(0),
#define X(id, name, signature, flag) \
	SD_BUS_PROPERTY(name, signature, get_##id, 0, SD_BUS_VTABLE_PROPERTY_##flag),
	BUS_INSTANCE_PROPERTIES(X)
#undef X
		SD_BUS_METHOD_WITH_ARGS("GetSettings", SD_BUS_NO_ARGS,
					SD_BUS_RESULT("a{sv}", settings),
					bus_instance_method_get_settings,
					SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Update", SD_BUS_ARGS("a{sv}", settings, "u", flags),
				SD_BUS_RESULT("t", token), bus_instance_method_update,
				SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
	SD_BUS_METHOD_WITH_ARGS("GetSecrets", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{sv}", secrets),
				bus_instance_method_get_secrets,
				SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
	SD_BUS_METHOD_WITH_ARGS("Remove", SD_BUS_ARGS("u", flags), SD_BUS_NO_RESULT,
				bus_instance_method_runtime, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Enable", SD_BUS_ARGS("u", flags), SD_BUS_NO_RESULT,
				bus_instance_method_runtime, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Disable", SD_BUS_ARGS("u", flags), SD_BUS_NO_RESULT,
				bus_instance_method_runtime, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Failover", SD_BUS_ARGS("t", hold_usec, "u", flags),
				SD_BUS_NO_RESULT, bus_instance_method_failover,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Hold", SD_BUS_ARGS("s", reason, "u", flags),
				SD_BUS_RESULT("h", hold), bus_instance_method_hold,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("SetPriority", SD_BUS_ARGS("y", priority, "u", flags),
				SD_BUS_NO_RESULT, bus_instance_method_set_priority,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Announce", SD_BUS_ARGS("u", flags), SD_BUS_NO_RESULT,
				bus_instance_method_no_flags, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
				method_describe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS(
		"StateChanged",
		SD_BUS_ARGS("s", new_state, "s", old_state, "s", reason, "t", number), 0),
	SD_BUS_SIGNAL_WITH_ARGS("AddressLost", SD_BUS_ARGS("s", address, "b", restored), 0),
	SD_BUS_SIGNAL_WITH_ARGS("PeerConflict", SD_BUS_ARGS("s", address, "s", action), 0),
	SD_BUS_VTABLE_END,
};

static const sd_bus_vtable statistics_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_METHOD_WITH_ARGS("Get", SD_BUS_NO_ARGS, SD_BUS_RESULT("a{st}", counters),
				method_get_statistics, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reset", SD_BUS_ARGS("u", flags), SD_BUS_NO_RESULT,
				bus_instance_method_no_flags, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_VTABLE_END,
};

static int find_instance(sd_bus *connection, const char *path, const char *interface,
			 void *userdata, void **ret_found, sd_bus_error *error)
{
	BusInstance *instance = bus_find_by_path(userdata, path);

	if (!instance)
		return 0;
	*ret_found = instance;
	return 1;
}

static int enumerate_instances(sd_bus *connection, const char *prefix, void *userdata,
			       char ***ret_nodes, sd_bus_error *error)
{
	Bus *bus = userdata;
	/* libsystemd frees it with free(); GLib's allocator is malloc(). */
	char **nodes = g_new0(char *, g_hash_table_size(bus->by_path) + 1);
	GHashTableIter iter;
	gpointer path;

	g_hash_table_iter_init(&iter, bus->by_path);
	for (guint i = 0; g_hash_table_iter_next(&iter, &path, NULL); i++)
		nodes[i] = g_strdup(path);
	*ret_nodes = nodes;
	return 1;
}

int bus_instance_attach(Bus *bus, sd_bus *connection)
{
	int r;

	r = sd_bus_add_fallback_vtable(connection, NULL, BUS_PATH_INSTANCE, BUS_INTERFACE_INSTANCE,
				       instance_vtable, find_instance, bus);
	if (r >= 0)
		r = sd_bus_add_fallback_vtable(connection, NULL, BUS_PATH_INSTANCE,
					       BUS_INTERFACE_STATISTICS, statistics_vtable,
					       find_instance, bus);
	if (r >= 0)
		r = sd_bus_add_node_enumerator(connection, NULL, BUS_PATH_INSTANCE,
					       enumerate_instances, bus);
	return r;
}
