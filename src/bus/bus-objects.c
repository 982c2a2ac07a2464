/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The ObjectManager at /org/vrrpd1. libsystemd makes its signals and its place in introspection;
 * GetManagedObjects, which it would answer on the spot, is taken out of its hands by a callback at
 * the same path, for libsystemd asks callbacks first. So the answer waits for its turn like every
 * long one. It is written from the same table as everything else that tells properties, and names
 * the same interfaces as libsystemd does in InterfacesAdded.
 */

#include "bus-private.h"

#define OBJECT_MANAGER "org.freedesktop.DBus.ObjectManager"

/* Of every object; they have no properties. */
static const char *const standard_interfaces[] = {
	"org.freedesktop.DBus.Peer",
	"org.freedesktop.DBus.Introspectable",
	"org.freedesktop.DBus.Properties",
};

/* --- One object ------------------------------------------------------------------------------ */

static void put_properties(BusSink *sink, const BusProperty *properties, guint count, void *object)
{
	bus_sink_open_dictionary(sink, "{sv}");
	for (guint i = 0; i < count; i++) {
		bus_sink_open_entry(sink, "sv", properties[i].name);
		bus_sink_open_variant(sink, properties[i].signature);
		properties[i].put(sink, object);
		bus_sink_close_variant(sink);
		bus_sink_close_entry(sink);
	}
	bus_sink_close_dictionary(sink);
}

static void put_interface(BusSink *sink, const char *interface, const BusProperty *properties,
			  guint count, void *object)
{
	bus_sink_open_entry(sink, "sa{sv}", interface);
	put_properties(sink, properties, count, object);
	bus_sink_close_entry(sink);
}

static void put_instance(BusSink *sink, BusInstance *instance)
{
	bus_sink_open_path_entry(sink, "oa{sa{sv}}", instance->path);
	bus_sink_open_dictionary(sink, "{sa{sv}}");
	for (guint i = 0; i < G_N_ELEMENTS(standard_interfaces); i++)
		put_interface(sink, standard_interfaces[i], NULL, 0, NULL);
	put_interface(sink, BUS_INTERFACE_INSTANCE, bus_instance_properties,
		      bus_instance_property_count, instance);
	put_interface(sink, BUS_INTERFACE_STATISTICS, NULL, 0, NULL);
	bus_sink_close_dictionary(sink);
	bus_sink_close_entry(sink);
}

/* --- All of them ----------------------------------------------------------------------------- */

static void put_objects(BusSink *sink, void *object)
{
	const Bus *bus = object;

	bus_sink_open_dictionary(sink, "{oa{sa{sv}}}");
	for (GTreeNode *node = g_tree_node_first(bus->by_name); node; node = g_tree_node_next(node))
		put_instance(sink, g_tree_node_value(node));
	bus_sink_close_dictionary(sink);
}

static int answer_objects(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return bus_dumps_reply(((Bus *)userdata)->dumps, request, "a{oa{sa{sv}}}", put_objects,
			       userdata, error);
}

/* --- Object ---------------------------------------------------------------------------------- */

static int on_call(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;

	if (sd_bus_message_is_method_call(request, OBJECT_MANAGER, "GetManagedObjects") <= 0)
		return 0;
	if (!sd_bus_message_has_signature(request, ""))
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
					"GetManagedObjects has no arguments.");
	return bus_dumps_ask(bus->dumps, request, answer_objects, error);
}

int bus_objects_attach(Bus *bus, sd_bus *connection)
{
	int r;

	r = sd_bus_add_object(connection, NULL, BUS_PATH, on_call, bus);
	if (r >= 0)
		r = sd_bus_add_object_manager(connection, NULL, BUS_PATH);
	return r;
}
