/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The daemon's side of the system bus as the rest of the daemon sees it: it is told what happened
 * to the model, and does the rest. The bus keeps its own list of objects, so that an instance is on
 * the bus exactly from bus_instance_added() to bus_instance_removed(), whether or not there is a
 * bus meanwhile. It never changes the model, and never waits.
 */

#include "bus-log-control.h"
#include "bus-private.h"
#include "config/values.h"

#define LATENESS_SEC 1

BusInstance *bus_find_by_name(const Bus *bus, const char *name)
{
	return g_tree_lookup(bus->by_name, name);
}

BusInstance *bus_find_by_path(const Bus *bus, const char *path)
{
	return g_hash_table_lookup(bus->by_path, path);
}

int bus_reply(sd_bus_message *request, void (*put)(BusSink *sink, void *object), void *object)
{
	sd_bus_message *reply = NULL;
	BusSink sink;
	int r;

	r = sd_bus_message_new_method_return(request, &reply);
	if (r < 0)
		return r;
	sink = bus_sink_message(reply);
	put(&sink, object);
	r = sink.error < 0 ? sink.error : sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r;
}

/* --- The connection comes and goes ----------------------------------------------------------- */

static int on_attach(void *userdata, sd_bus *connection)
{
	Bus *bus = userdata;
	int r;

	r = bus_manager_attach(bus, connection);
	if (r >= 0)
		r = bus_instance_attach(bus, connection);
	return r < 0 ? r : bus_log_control_attach(bus, connection);
}

static void on_ready(void *userdata)
{
	Bus *bus = userdata;

	bus_dumps_watch(bus->dumps, bus_connection_ready(bus->connection));
	bus_polkit_watch(bus->polkit, bus_connection_ready(bus->connection));
	bus_changes_restart(bus);
}

static void on_detach(void *userdata)
{
	Bus *bus = userdata;

	bus_changes_stop(bus);
	bus_polkit_forget_all(bus->polkit);
	bus_dumps_forget_all(bus->dumps);
	bus_failover_forget_all(bus);
}

static const BusConnectionHandlers connection_handlers = {
	.attach = on_attach,
	.ready = on_ready,
	.detach = on_detach,
};

/* --- The model changes ----------------------------------------------------------------------- */

static void count_master(BusInstance *instance, gboolean master)
{
	Bus *bus = instance->bus;

	if (master == instance->master)
		return;
	bus->master_count += master ? 1 : -1u;
	instance->master = master;
	bus_changes_queue_manager(bus);
}

static gboolean is_master(const BusInstance *instance)
{
	return instance->model->status.state == VRRP_STATE_MASTER;
}

static void instance_free(BusInstance *instance)
{
	bus_snapshot_clear(&instance->announced);
	settings_unref(instance->known);
	g_free(instance->path);
	g_free(instance);
}

void bus_instance_added(Bus *bus, ModelInstance *model)
{
	sd_bus *connection = bus_connection_ready(bus->connection);
	BusInstance *instance = g_new0(BusInstance, 1);
	char *path = NULL;

	if (sd_bus_path_encode(BUS_PATH_INSTANCE, model->name, &path) < 0)
		g_error("Out of memory."); /* the only way to fail; GLib ends for it too */
	instance->bus = bus;
	instance->model = model;
	instance->path = path;
	instance->known = settings_ref(model->settings);
	instance->link.data = instance;
	g_tree_insert(bus->by_name, model->name, instance);
	g_hash_table_insert(bus->by_path, instance->path, instance);
	count_master(instance, is_master(instance));
	bus_changes_queue_manager(bus);
	if (!connection)
		return;
	bus_changes_capture(instance);
	(void)sd_bus_emit_object_added(connection, path);
	(void)sd_bus_emit_signal(connection, BUS_PATH, BUS_INTERFACE_MANAGER, "InstanceAdded", "so",
				 model->name, path);
}

void bus_instance_removed(Bus *bus, ModelInstance *model)
{
	sd_bus *connection = bus_connection_ready(bus->connection);
	BusInstance *instance = bus_find_by_name(bus, model->name);

	bus_polkit_forget_instance(bus->polkit, model->name);
	bus_changes_drop(bus, instance);
	count_master(instance, FALSE);
	bus_changes_queue_manager(bus);
	if (connection) {
		/* While the object can still be found: libsystemd looks which interfaces it has. */
		(void)sd_bus_emit_object_removed(connection, instance->path);
		(void)sd_bus_emit_signal(connection, BUS_PATH, BUS_INTERFACE_MANAGER,
					 "InstanceRemoved", "so", model->name, instance->path);
	}
	g_hash_table_remove(bus->by_path, instance->path);
	g_tree_remove(bus->by_name, model->name);
}

/* Whoever may operate the one on eth1 may not find himself operating another. */
static void compare_identity(BusInstance *instance)
{
	Settings *settings = instance->model->settings;

	if (settings == instance->known)
		return;
	if (!settings_same_identity(settings, instance->known))
		bus_polkit_instance_moved(instance->bus->polkit, instance->model->name);
	settings_unref(instance->known);
	instance->known = settings_ref(settings);
}

void bus_instance_changed(Bus *bus, ModelInstance *model)
{
	BusInstance *instance = bus_find_by_name(bus, model->name);

	compare_identity(instance);
	count_master(instance, is_master(instance));
	bus_changes_queue(bus, instance);
}

void bus_instance_transition(Bus *bus, ModelInstance *model, VrrpState state, VrrpState old,
			     VrrpReason reason, guint64 number)
{
	sd_bus *connection = bus_connection_ready(bus->connection);
	BusInstance *instance = bus_find_by_name(bus, model->name);

	count_master(instance, is_master(instance));
	if (!connection)
		return;
	if (bus_changes_overflow(bus)) {
		bus_changes_queue(bus, instance);
		return;
	}
	bus_changes_flush_instance(bus, instance);
	(void)sd_bus_emit_signal(connection, instance->path, BUS_INTERFACE_INSTANCE, "StateChanged",
				 "ssst", vrrp_state_to_string(state), vrrp_state_to_string(old),
				 vrrp_reason_to_string(reason), number);
}

void bus_instance_conflict(Bus *bus, ModelInstance *model, const VrrpAddress *peer,
			   gboolean yielded)
{
	sd_bus *connection = bus_connection_ready(bus->connection);
	const BusInstance *instance = bus_find_by_name(bus, model->name);
	g_autofree char *address = value_format_address(peer);

	/* It repeats itself for as long as there are two. */
	if (connection && !bus_changes_overflow(bus))
		(void)sd_bus_emit_signal(connection, instance->path, BUS_INTERFACE_INSTANCE,
					 "PeerConflict", "ss", address,
					 yielded ? "yielded" : "kept");
}

void bus_instance_address_lost(Bus *bus, ModelInstance *model, const VrrpAddress *lost,
			       gboolean restored)
{
	sd_bus *connection = bus_connection_ready(bus->connection);
	const BusInstance *instance = bus_find_by_name(bus, model->name);
	g_autofree char *address = value_format_address(lost);

	if (connection && !bus_changes_overflow(bus))
		(void)sd_bus_emit_signal(connection, instance->path, BUS_INTERFACE_INSTANCE,
					 "AddressLost", "sb", address, (int)restored);
}

void bus_config_reloaded(Bus *bus)
{
	sd_bus *connection = bus_connection_ready(bus->connection);

	bus_changes_queue_manager(bus);
	if (connection)
		(void)sd_bus_emit_signal(connection, BUS_PATH, BUS_INTERFACE_MANAGER,
					 "ConfigReloaded", "");
}

static gboolean on_second(gpointer userdata)
{
	/* The daemon writes the lateness into the model without a word. */
	bus_changes_queue_manager(userdata);
	return G_SOURCE_CONTINUE;
}

/* --- Life ------------------------------------------------------------------------------------ */

static gint by_name(gconstpointer a, gconstpointer b, gpointer userdata)
{
	return strcmp(a, b);
}

Bus *bus_new(Model *model)
{
	Bus *bus = g_new0(Bus, 1);

	bus->model = model;
	bus->by_name = g_tree_new_full(by_name, NULL, NULL, (GDestroyNotify)instance_free);
	bus->by_path = g_hash_table_new(g_str_hash, g_str_equal);
	bus->failovers = g_hash_table_new(NULL, NULL);
	bus->polkit = bus_polkit_new(bus);
	bus->dumps = bus_dumps_new(bus);
	g_queue_init(&bus->changed);
	bus->lateness = g_timeout_add_seconds(LATENESS_SEC, on_second, bus);
	bus->connection = bus_connection_new(&connection_handlers, bus);
	return bus;
}

Bus *bus_free(Bus *bus, guint64 flush_usec)
{
	if (!bus)
		return NULL;
	g_clear_handle_id(&bus->lateness, g_source_remove);
	bus->connection = bus_connection_free(bus->connection, flush_usec);
	bus->polkit = bus_polkit_free(bus->polkit);
	bus->dumps = bus_dumps_free(bus->dumps);
	g_hash_table_unref(bus->failovers);
	g_hash_table_unref(bus->by_path);
	g_tree_unref(bus->by_name);
	bus_snapshot_clear(&bus->manager_announced);
	g_free(bus);
	return NULL;
}
