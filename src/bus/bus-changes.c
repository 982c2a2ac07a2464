/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * PropertiesChanged. Whoever changes the model only says which instance; what has changed is found
 * here, by comparing each property with what was last announced. So nothing is announced twice,
 * nothing is forgotten, and many changes in one turn of the loop are one signal.
 *
 * A reader that is slow must not make the daemon grow: above QUEUE_HOLD messages on their way,
 * changes wait and go on being merged; above QUEUE_DROP, transitions are not signalled either, and
 * the gap in Transitions tells. While there is no bus nothing is kept: whoever comes later reads
 * the present values first.
 */

#include <string.h>

#include "bus-private.h"

#define QUEUE_HOLD       1024
#define QUEUE_DROP       10000
#define HOLD_MSEC        20
#define OBJECTS_PER_TURN 256

/* --- Snapshots ------------------------------------------------------------------------------- */

void bus_snapshot_clear(BusSnapshot *snapshot)
{
	g_clear_pointer(&snapshot->bytes, g_byte_array_unref);
	g_clear_pointer(&snapshot->ends, g_array_unref);
}

static BusSnapshot snapshot_make(const BusProperty *properties, guint count, void *object)
{
	BusSnapshot snapshot = {
		.bytes = g_byte_array_new(),
		.ends = g_array_sized_new(FALSE, FALSE, sizeof(guint32), count),
	};
	BusSink sink = bus_sink_bytes(snapshot.bytes);

	for (guint i = 0; i < count; i++) {
		guint32 end;

		properties[i].put(&sink, object);
		end = snapshot.bytes->len;
		g_array_append_val(snapshot.ends, end);
	}
	return snapshot;
}

static gboolean same_value(const BusSnapshot *a, const BusSnapshot *b, guint i)
{
	guint32 a_start = i == 0 ? 0 : g_array_index(a->ends, guint32, i - 1);
	guint32 b_start = i == 0 ? 0 : g_array_index(b->ends, guint32, i - 1);
	guint32 a_size = g_array_index(a->ends, guint32, i) - a_start;
	guint32 b_size = g_array_index(b->ends, guint32, i) - b_start;

	return a_size == b_size &&
	       memcmp(a->bytes->data + a_start, b->bytes->data + b_start, a_size) == 0;
}

/* Announces what differs from @announced, and replaces it. */
static void announce(Bus *bus, const char *path, const char *interface,
		     const BusProperty *properties, guint count, void *object,
		     BusSnapshot *announced)
{
	sd_bus *connection = bus_connection_ready(bus->connection);
	BusSnapshot present;
	g_autofree char **names = NULL;
	guint n = 0;

	if (!connection)
		return;
	present = snapshot_make(properties, count, object);
	names = g_new0(char *, count + 1);
	for (guint i = 0; announced->bytes && i < count; i++)
		if (!same_value(announced, &present, i))
			names[n++] = (char *)properties[i].name;
	bus_snapshot_clear(announced);
	*announced = present;
	if (n > 0)
		(void)sd_bus_emit_properties_changed_strv(connection, path, interface, names);
}

static void announce_manager(Bus *bus)
{
	bus->manager_changed = FALSE;
	announce(bus, BUS_PATH, BUS_INTERFACE_MANAGER, bus_manager_properties,
		 bus_manager_property_count, bus, &bus->manager_announced);
}

/* --- The queue ------------------------------------------------------------------------------- */

static gboolean on_flush(gpointer userdata);

static void schedule(Bus *bus)
{
	if (bus->flush != 0 || (!bus->manager_changed && g_queue_is_empty(&bus->changed)))
		return;
	if (bus_connection_queued(bus->connection) > QUEUE_HOLD)
		bus->flush = g_timeout_add(HOLD_MSEC, on_flush, bus);
	else
		bus->flush = g_idle_add_full(G_PRIORITY_DEFAULT, on_flush, bus, NULL);
}

static gboolean on_flush(gpointer userdata)
{
	Bus *bus = userdata;

	bus->flush = 0;
	if (bus_connection_queued(bus->connection) <= QUEUE_HOLD) {
		for (guint n = 0; n < OBJECTS_PER_TURN && !g_queue_is_empty(&bus->changed); n++)
			bus_changes_flush_instance(bus, g_queue_peek_head(&bus->changed));
		if (bus->manager_changed)
			announce_manager(bus);
	}
	schedule(bus);
	return G_SOURCE_REMOVE;
}

void bus_changes_queue(Bus *bus, BusInstance *instance)
{
	if (!bus_connection_ready(bus->connection))
		return;
	if (!instance->changed)
		g_queue_push_tail_link(&bus->changed, &instance->link);
	instance->changed = TRUE;
	schedule(bus);
}

void bus_changes_queue_manager(Bus *bus)
{
	if (!bus_connection_ready(bus->connection))
		return;
	bus->manager_changed = TRUE;
	schedule(bus);
}

void bus_changes_drop(Bus *bus, BusInstance *instance)
{
	if (instance->changed)
		g_queue_unlink(&bus->changed, &instance->link);
	instance->changed = FALSE;
}

void bus_changes_flush_instance(Bus *bus, BusInstance *instance)
{
	bus_changes_drop(bus, instance);
	announce(bus, instance->path, BUS_INTERFACE_INSTANCE, bus_instance_properties,
		 bus_instance_property_count, instance, &instance->announced);
}

void bus_changes_capture(BusInstance *instance)
{
	bus_snapshot_clear(&instance->announced);
	instance->announced =
		snapshot_make(bus_instance_properties, bus_instance_property_count, instance);
}

void bus_changes_restart(Bus *bus)
{
	for (GTreeNode *node = g_tree_node_first(bus->by_name); node; node = g_tree_node_next(node))
		bus_changes_capture(g_tree_node_value(node));
	bus_snapshot_clear(&bus->manager_announced);
	bus->manager_announced =
		snapshot_make(bus_manager_properties, bus_manager_property_count, bus);
}

void bus_changes_stop(Bus *bus)
{
	while (!g_queue_is_empty(&bus->changed))
		bus_changes_drop(bus, g_queue_peek_head(&bus->changed));
	bus->manager_changed = FALSE;
	g_clear_handle_id(&bus->flush, g_source_remove);
}

gboolean bus_changes_overflow(Bus *bus)
{
	return bus_connection_queued(bus->connection) > QUEUE_DROP;
}
