/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * /org/vrrpd1: org.vrrpd1.Manager and the ObjectManager. Every handler looks at each object at most
 * once; lists come in the order of names. What is read here is control's own copy, so that no read
 * ever reaches the engine.
 */

#include <string.h>

#include "bus-error.h"
#include "bus-private.h"

#define API_VERSION 1u

/* --- Properties ------------------------------------------------------------------------------ */

static void put_version(BusSink *sink, void *object)
{
	bus_sink_string(sink, VRRPD_VERSION);
}

static void put_api_version(BusSink *sink, void *object)
{
	bus_sink_uint32(sink, API_VERSION);
}

static void put_instance_count(BusSink *sink, void *object)
{
	bus_sink_uint32(sink, g_hash_table_size(((Bus *)object)->by_path));
}

static void put_master_count(BusSink *sink, void *object)
{
	bus_sink_uint32(sink, ((Bus *)object)->master_count);
}

static void put_errors(BusSink *sink, const GPtrArray *errors)
{
	bus_sink_open_array(sink, "(sus)");
	for (guint i = 0; errors && i < errors->len; i++) {
		const ConfigError *error = g_ptr_array_index(errors, i);
		/* It costs no instance anything, and a client must be able to tell. */
		g_autofree char *warning =
			error->name ? NULL : g_strconcat("warning: ", error->text, NULL);

		bus_sink_open_struct(sink, "sus");
		bus_sink_field(sink, "File");
		bus_sink_string(sink, error->file);
		bus_sink_field(sink, "Line");
		bus_sink_uint32(sink, error->line);
		bus_sink_field(sink, "Text");
		bus_sink_string(sink, warning ? warning : error->text);
		bus_sink_close_struct(sink);
	}
	bus_sink_close_array(sink);
}

static void put_config_errors(BusSink *sink, void *object)
{
	put_errors(sink, ((Bus *)object)->model->errors);
}

static void put_real_time(BusSink *sink, void *object)
{
	bus_sink_boolean(sink, ((Bus *)object)->model->real_time);
}

static void put_max_lateness(BusSink *sink, void *object)
{
	bus_sink_uint64(sink, ((Bus *)object)->model->max_lateness_usec);
}

#define MANAGER_PROPERTIES(X)                                    \
	X(version, "Version", "s", CONST)                        \
	X(api_version, "ApiVersion", "u", CONST)                 \
	X(instance_count, "InstanceCount", "u", EMITS_CHANGE)    \
	X(master_count, "MasterCount", "u", EMITS_CHANGE)        \
	X(config_errors, "ConfigErrors", "a(sus)", EMITS_CHANGE) \
	X(real_time, "RealTime", "b", EMITS_CHANGE)              \
	X(max_lateness, "MaxLateness", "t", EMITS_CHANGE)

const BusProperty bus_manager_properties[] = {
#define X(id, name, signature, flag) { name, signature, put_##id },
	MANAGER_PROPERTIES(X)
#undef X
};
const guint bus_manager_property_count = G_N_ELEMENTS(bus_manager_properties);

#define X(id, name, signature, flag)                                                     \
	static int get_##id(sd_bus *connection, const char *path, const char *interface, \
			    const char *property, sd_bus_message *reply, void *userdata, \
			    sd_bus_error *error)                                         \
	{                                                                                \
		BusSink sink = bus_sink_message(reply);                                  \
                                                                                         \
		put_##id(&sink, userdata);                                               \
		return sink.error;                                                       \
	}
MANAGER_PROPERTIES(X)
#undef X

/* --- Reading methods ------------------------------------------------------------------------- */

static void put_list_entry(BusSink *sink, BusInstance *instance)
{
	bus_sink_open_struct(sink, "sosyssy");
	bus_instance_put_name(sink, instance);
	bus_sink_path(sink, instance->path);
	bus_instance_put_interface(sink, instance);
	bus_instance_put_vrid(sink, instance);
	bus_instance_put_family(sink, instance);
	bus_instance_put_state(sink, instance);
	bus_instance_put_effective_priority(sink, instance);
	bus_sink_close_struct(sink);
}

static void put_list(BusSink *sink, void *object)
{
	const Bus *bus = object;

	bus_sink_open_array(sink, "(sosyssy)");
	for (GTreeNode *node = g_tree_node_first(bus->by_name); node; node = g_tree_node_next(node))
		put_list_entry(sink, g_tree_node_value(node));
	bus_sink_close_array(sink);
}

static int method_list_instances(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return bus_reply(request, put_list, userdata);
}

static int method_get_instance(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	BusInstance *instance;
	const char *name;
	int r;

	r = sd_bus_message_read(request, "s", &name);
	if (r < 0)
		return r;
	instance = bus_find_by_name(userdata, name);
	if (!instance)
		return bus_error_no_such_instance(error, name);
	return sd_bus_reply_method_return(request, "o", instance->path);
}

/* What belongs to no instance: a foreign VRID, and what is wrong before the VRID is known. */
static void put_statistics(BusSink *sink, const Model *model)
{
	bus_sink_open_dictionary(sink, "{st}");
	for (guint i = VRRP_REJECT_NONE + 1; i < _VRRP_REJECT_MAX; i++) {
		bus_sink_open_entry(sink, "st", vrrp_reject_to_counter(i));
		bus_sink_uint64(sink, model->operations->reject_count(model, i));
		bus_sink_close_entry(sink);
	}
	bus_sink_close_dictionary(sink);
}

static int answer_describe(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	g_autofree char *text = NULL;
	BusJson json;
	BusSink sink = bus_sink_json(&json);

	bus_json_init(&json);
	bus_json_open(&json, '{');
	bus_describe_properties(&json, bus_manager_properties, bus_manager_property_count, bus);
	bus_json_key(&json, "Statistics");
	put_statistics(&sink, bus->model);
	bus_json_key(&json, "Instances");
	bus_json_open(&json, '[');
	for (GTreeNode *node = g_tree_node_first(bus->by_name); node; node = g_tree_node_next(node))
		bus_instance_describe(&json, g_tree_node_value(node));
	bus_json_close(&json, ']');
	bus_json_close(&json, '}');
	text = bus_json_finish(&json);
	if (strlen(text) > BUS_REPLY_MAX)
		return bus_error_too_long(error);
	return sd_bus_reply_method_return(request, "s", text);
}

static int method_describe(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return bus_dumps_ask(((Bus *)userdata)->dumps, request, answer_describe, error);
}

static void put_all_statistics(BusSink *sink, void *object)
{
	const Bus *bus = object;

	bus_sink_open_dictionary(sink, "{oa{st}}");
	for (GTreeNode *node = g_tree_node_first(bus->by_name); node;
	     node = g_tree_node_next(node)) {
		BusInstance *instance = g_tree_node_value(node);

		bus_sink_open_path_entry(sink, "oa{st}", instance->path);
		bus_instance_put_statistics(sink, instance);
		bus_sink_close_entry(sink);
	}
	bus_sink_close_dictionary(sink);
}

static int answer_statistics(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return bus_reply(request, put_all_statistics, userdata);
}

static int method_get_statistics(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return bus_dumps_ask(((Bus *)userdata)->dumps, request, answer_statistics, error);
}

/* --- Reload ---------------------------------------------------------------------------------- */

static int method_reload(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	guint32 flags;
	int r;

	r = sd_bus_message_read(request, "u", &flags);
	if (r < 0)
		return r;
	if (flags & ~BUS_RELOAD_CHECK_ONLY)
		return bus_error_flags(error, flags, "0, or 2 to check only");
	return bus_authorize(userdata, request, NULL, error);
}

static void put_reload_result(BusSink *sink, void *object)
{
	const ModelReloadResult *result = object;

	bus_sink_strings(sink, (const char *const *)result->added);
	bus_sink_strings(sink, (const char *const *)result->changed);
	bus_sink_strings(sink, (const char *const *)result->removed);
	put_errors(sink, result->errors);
}

int bus_manager_reload_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	g_autoptr(ModelReloadResult) result = NULL;
	guint32 flags;
	int r;

	r = sd_bus_message_read(request, "u", &flags);
	if (r < 0)
		return r;
	result = bus->model->operations->reload(bus->model, (flags & BUS_RELOAD_CHECK_ONLY) != 0);
	return bus_reply(request, put_reload_result, result);
}

/* --- Object ---------------------------------------------------------------------------------- */

static const sd_bus_vtable manager_vtable[] = {
	SD_BUS_VTABLE_START(0),
#define X(id, name, signature, flag) \
	SD_BUS_PROPERTY(name, signature, get_##id, 0, SD_BUS_VTABLE_PROPERTY_##flag),
	MANAGER_PROPERTIES(X)
#undef X
		SD_BUS_METHOD_WITH_ARGS("ListInstances", SD_BUS_NO_ARGS,
					SD_BUS_RESULT("a(sosyssy)", instances),
					method_list_instances, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetInstance", SD_BUS_ARGS("s", name), SD_BUS_RESULT("o", path),
				method_get_instance, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("FindInstance", SD_BUS_ARGS("s", interface, "y", vrid, "s", family),
				SD_BUS_RESULT("o", path), bus_manager_method_find_instance,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("AddInstance",
				SD_BUS_ARGS("s", name, "a{sv}", settings, "u", flags),
				SD_BUS_RESULT("o", path), bus_manager_method_add_instance,
				SD_BUS_VTABLE_UNPRIVILEGED | SD_BUS_VTABLE_SENSITIVE),
	SD_BUS_METHOD_WITH_ARGS("Confirm", SD_BUS_ARGS("t", token), SD_BUS_NO_RESULT,
				bus_manager_method_confirm, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetPermissions", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("a{ss}", permissions),
				bus_manager_method_get_permissions, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Reload", SD_BUS_ARGS("u", flags),
				SD_BUS_RESULT("as", added, "as", changed, "as", removed, "a(sus)",
					      errors),
				method_reload, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("Describe", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
				method_describe, SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_METHOD_WITH_ARGS("GetStatistics", SD_BUS_NO_ARGS,
				SD_BUS_RESULT("a{oa{st}}", counters), method_get_statistics,
				SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_SIGNAL_WITH_ARGS("InstanceAdded", SD_BUS_ARGS("s", name, "o", path), 0),
	SD_BUS_SIGNAL_WITH_ARGS("InstanceRemoved", SD_BUS_ARGS("s", name, "o", path), 0),
	SD_BUS_SIGNAL("ConfigReloaded", "", 0),
	SD_BUS_VTABLE_END,
};

int bus_manager_attach(Bus *bus, sd_bus *connection)
{
	int r;

	r = bus_objects_attach(bus, connection);
	if (r >= 0)
		r = sd_bus_add_object_vtable(connection, NULL, BUS_PATH, BUS_INTERFACE_MANAGER,
					     manager_vtable, bus);
	return r;
}
