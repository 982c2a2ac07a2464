/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The methods of an instance that read its settings or change something, but for those that wait
 * for another router (bus-failover.c). Each comes in two halves with one reader of its arguments:
 * the handler, which checks their form and has polkit asked, and the continuation, which starts
 * from the beginning when the answer is yes, because the instance may have gone or changed.
 *
 * What a change means, whether it is one at all, and whether it fits, is the daemon's to say
 * (ModelOperations). Nothing here compares a value with what the instance has: so a guessed key
 * costs the same, and is answered alike, whether it is right or wrong.
 */

#include "bus-error.h"
#include "bus-private.h"
#include "bus-settings.h"

/* The instance that @request is about, which may have gone while polkit was asked. */
static int find(Bus *bus, sd_bus_message *request, BusInstance **ret, sd_bus_error *error)
{
	BusInstance *instance = bus_find_by_path(bus, sd_bus_message_get_path(request));

	if (!instance)
		return bus_error_no_such_instance(error, sd_bus_message_get_path(request));
	*ret = instance;
	return 0;
}

static int finish(sd_bus_message *request, gboolean done, const GError *why, sd_bus_error *error)
{
	return done ? sd_bus_reply_method_return(request, "") : bus_error_model(error, why);
}

/* --- Settings -------------------------------------------------------------------------------- */

int bus_instance_method_get_settings(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	BusInstance *instance = userdata;
	sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(request, &reply);
	if (r >= 0)
		r = bus_settings_append(reply, model_instance_settings(instance->model));
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r;
}

int bus_instance_method_get_secrets(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return bus_authorize_instance(userdata, request, error);
}

int bus_get_secrets_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	BusInstance *instance = NULL;
	sd_bus_message *reply = NULL;
	int r;

	r = find(userdata, request, &instance, error);
	if (r < 0)
		return r;
	r = sd_bus_message_new_method_return(request, &reply);
	if (r >= 0)
		r = sd_bus_message_sensitive(reply);
	if (r >= 0)
		r = bus_settings_append_secrets(reply, model_instance_settings(instance->model));
	if (r >= 0)
		r = sd_bus_message_send(reply);
	sd_bus_message_unref(reply);
	return r;
}

/* --- Update ---------------------------------------------------------------------------------- */

#define UPDATE_FLAGS (BUS_FLAG_RUNTIME | BUS_FLAG_REPLACE | BUS_FLAG_CONFIRM)

static int read_update(sd_bus_message *request, GPtrArray **ret_values, guint32 *ret_flags,
		       sd_bus_error *error)
{
	g_autoptr(GPtrArray) values = NULL;
	guint32 flags;
	int r;

	r = bus_settings_read(request, &values, error);
	if (r >= 0)
		r = sd_bus_message_read_basic(request, 'u', &flags);
	if (r < 0)
		return r;
	if (flags & ~UPDATE_FLAGS)
		return bus_error_flags(
			error, flags,
			"the sum of any of 1 (not written to a file), 2 (what is "
			"not given gets its default) and 4 (undone unless confirmed)");
	*ret_values = g_steal_pointer(&values);
	*ret_flags = flags;
	return 0;
}

int bus_instance_method_update(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	g_autoptr(GPtrArray) values = NULL;
	guint32 flags = 0;
	int r;

	r = read_update(request, &values, &flags, error);
	return r < 0 ? r : bus_authorize_instance(userdata, request, error);
}

int bus_update_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	BusInstance *instance = NULL;
	g_autoptr(GPtrArray) values = NULL;
	g_autoptr(GError) why = NULL;
	guint64 token = 0;
	guint32 flags = 0;
	int r;

	r = read_update(request, &values, &flags, error);
	if (r >= 0)
		r = find(bus, request, &instance, error);
	if (r < 0)
		return r;
	if (!bus->model->operations->update(bus->model, instance->model, values, flags, &token,
					    &why))
		return bus_error_model(error, why);
	return sd_bus_reply_method_return(request, "t", token);
}

/* --- Enable, Disable, Remove ----------------------------------------------------------------- */

static int read_runtime(sd_bus_message *request, guint32 *ret_flags, sd_bus_error *error)
{
	guint32 flags;
	int r;

	r = sd_bus_message_read_basic(request, 'u', &flags);
	if (r < 0)
		return r;
	if (flags & ~BUS_FLAG_RUNTIME)
		return bus_error_flags(error, flags, "0, or 1 (not written to a file)");
	*ret_flags = flags;
	return 0;
}

/* Of Enable, Disable and Remove. */
int bus_instance_method_runtime(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	guint32 flags = 0;
	int r;

	r = read_runtime(request, &flags, error);
	return r < 0 ? r : bus_authorize_instance(userdata, request, error);
}

static int set_enabled(Bus *bus, sd_bus_message *request, const char *enabled, sd_bus_error *error)
{
	BusInstance *instance = NULL;
	g_autoptr(GPtrArray) values =
		g_ptr_array_new_with_free_func((GDestroyNotify)model_value_free);
	g_autoptr(GError) why = NULL;
	guint64 token = 0;
	gboolean done;
	guint32 flags = 0;
	int r;

	r = read_runtime(request, &flags, error);
	if (r >= 0)
		r = find(bus, request, &instance, error);
	if (r < 0)
		return r;
	g_ptr_array_add(values, model_value_new(schema_find("Enabled"), enabled));
	done = bus->model->operations->update(bus->model, instance->model, values, flags, &token,
					      &why);
	return finish(request, done, why, error);
}

int bus_enable_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return set_enabled(userdata, request, "yes", error);
}

int bus_disable_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return set_enabled(userdata, request, "no", error);
}

int bus_remove_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	BusInstance *instance = NULL;
	g_autoptr(GError) why = NULL;
	gboolean done;
	guint32 flags = 0;
	int r;

	r = read_runtime(request, &flags, error);
	if (r >= 0)
		r = find(bus, request, &instance, error);
	if (r < 0)
		return r;
	/* @instance may be gone after this. */
	done = bus->model->operations->remove(bus->model, instance->model, flags, &why);
	return finish(request, done, why, error);
}

/* --- SetPriority, Announce, Reset ------------------------------------------------------------ */

static int read_priority(sd_bus_message *request, guint8 *ret_priority, sd_bus_error *error)
{
	guint8 priority;
	guint32 flags;
	int r;

	r = sd_bus_message_read(request, "yu", &priority, &flags);
	if (r < 0)
		return r;
	if (priority == G_MAXUINT8)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
					"priority=255: valid is 1 to 254, or 0 to go back to the "
					"setting; 255 is for the owner of the addresses, by the "
					"setting Priority.");
	if (flags & ~BUS_FLAG_RUNTIME)
		return bus_error_flags(error, flags, "0 or 1, which are the same here");
	*ret_priority = priority;
	return 0;
}

int bus_instance_method_set_priority(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	guint8 priority = 0;
	int r;

	r = read_priority(request, &priority, error);
	return r < 0 ? r : bus_authorize_instance(userdata, request, error);
}

int bus_set_priority_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	BusInstance *instance = NULL;
	g_autoptr(GError) why = NULL;
	guint8 priority = 0;
	gboolean done;
	int r;

	r = read_priority(request, &priority, error);
	if (r >= 0)
		r = find(bus, request, &instance, error);
	if (r < 0)
		return r;
	done = bus->model->operations->set_priority(bus->model, instance->model, priority, &why);
	return finish(request, done, why, error);
}

/* Of a method whose only argument is flags, and there are none. */
static int read_no_flags(sd_bus_message *request, sd_bus_error *error)
{
	guint32 flags;
	int r;

	r = sd_bus_message_read_basic(request, 'u', &flags);
	if (r < 0)
		return r;
	return flags == 0 ? 0 : bus_error_flags(error, flags, "0 only");
}

/* Of Announce and Reset. */
int bus_instance_method_no_flags(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	int r = read_no_flags(request, error);

	return r < 0 ? r : bus_authorize_instance(userdata, request, error);
}

int bus_announce_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	BusInstance *instance = NULL;
	g_autoptr(GError) why = NULL;
	gboolean done;
	int r;

	r = read_no_flags(request, error);
	if (r >= 0)
		r = find(bus, request, &instance, error);
	if (r < 0)
		return r;
	done = bus->model->operations->announce(bus->model, instance->model, &why);
	return finish(request, done, why, error);
}

int bus_reset_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	BusInstance *instance = NULL;
	int r;

	r = read_no_flags(request, error);
	if (r >= 0)
		r = find(bus, request, &instance, error);
	if (r < 0)
		return r;
	bus->model->operations->reset_statistics(bus->model, instance->model);
	return sd_bus_reply_method_return(request, "");
}
