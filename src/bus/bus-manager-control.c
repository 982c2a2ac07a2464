/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The methods of org.vrrpd1.Manager that change something, and the two that answer a question about
 * one thing: FindInstance and GetPermissions. They are built as those of an instance are (see
 * bus-instance-control.c). AddInstance is the one place where what polkit is told of an instance
 * comes from the caller; it is taken from the finished settings, so that no spelling of a value can
 * pass a rule that another would not.
 */

#include <string.h>

#include "bus-error.h"
#include "bus-private.h"
#include "bus-settings.h"
#include "config/values.h"

#define SHOWN_LENGTH 80

/* --- FindInstance ---------------------------------------------------------------------------- */

static gboolean is_router(const Settings *settings, const char *interface, guint8 vrid,
			  VrrpFamily family)
{
	return settings->vrid == vrid && settings->family == family &&
	       g_str_equal(settings->interface, interface);
}

static int refuse_interface(sd_bus_error *error, const char *interface, const char *why)
{
	g_autofree char *shown = value_show(interface, SHOWN_LENGTH);

	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "interface='%s': %s.", shown,
				 why);
}

static int read_router(sd_bus_message *request, const char **ret_interface, guint8 *ret_vrid,
		       VrrpFamily *ret_family, sd_bus_error *error)
{
	char name[VRRP_INTERFACE_NAME_SIZE];
	const char *interface, *family_name;
	g_autofree char *why = NULL, *shown = NULL;
	int family, r;
	guint8 vrid;

	r = sd_bus_message_read(request, "sys", &interface, &vrid, &family_name);
	if (r < 0)
		return r;
	if (*interface && !value_parse_interface(interface, name, &why))
		return refuse_interface(error, interface, why);
	if (vrid == 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
					"vrid=0: valid is 1 to 255.");
	family = vrrp_family_from_string(family_name);
	if (family < 0) {
		shown = value_show(family_name, SHOWN_LENGTH);
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
					 "family='%s': valid is ipv4 or ipv6.", shown);
	}
	*ret_interface = interface;
	*ret_vrid = vrid;
	*ret_family = (VrrpFamily)family;
	return 0;
}

int bus_manager_method_find_instance(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	const char *interface = "";
	VrrpFamily family = VRRP_FAMILY_NONE;
	guint8 vrid = 0;
	int r;

	r = read_router(request, &interface, &vrid, &family, error);
	if (r < 0)
		return r;
	for (GTreeNode *node = g_tree_node_first(bus->by_name); node;
	     node = g_tree_node_next(node)) {
		const BusInstance *instance = g_tree_node_value(node);

		if (is_router(instance->model->settings, interface, vrid, family))
			return sd_bus_reply_method_return(request, "o", instance->path);
	}
	return sd_bus_error_setf(error, BUS_ERROR_NO_SUCH_INSTANCE,
				 "There is no instance with the virtual router id %u and %s on "
				 "'%s'. ListInstances names them all.",
				 vrid, vrrp_family_to_string(family), interface);
}

/* --- GetPermissions -------------------------------------------------------------------------- */

int bus_manager_method_get_permissions(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	return bus_polkit_survey(((Bus *)userdata)->polkit, request, error);
}

/* --- AddInstance ----------------------------------------------------------------------------- */

static int read_add(sd_bus_message *request, const char **ret_name, GPtrArray **ret_values,
		    guint32 *ret_flags, sd_bus_error *error)
{
	g_autoptr(GPtrArray) values = NULL;
	const char *name;
	guint32 flags;
	int r;

	r = sd_bus_message_read_basic(request, 's', &name);
	if (r < 0)
		return r;
	if (!settings_name_is_valid(name))
		return bus_error_invalid_name(error, name);
	r = bus_settings_read(request, &values, error);
	if (r >= 0)
		r = sd_bus_message_read_basic(request, 'u', &flags);
	if (r < 0)
		return r;
	if (flags & ~BUS_FLAG_RUNTIME)
		return bus_error_flags(error, flags, "0, or 1 (not written to a file)");
	*ret_name = name;
	*ret_values = g_steal_pointer(&values);
	*ret_flags = flags;
	return 0;
}

int bus_manager_method_add_instance(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	g_autoptr(GPtrArray) values = NULL;
	g_autoptr(Settings) settings = NULL;
	const char *name;
	guint32 flags;
	int r;

	r = read_add(request, &name, &values, &flags, error);
	if (r >= 0)
		r = bus_settings_make(name, values, &settings, error);
	return r < 0 ? r : bus_authorize(userdata, request, settings, error);
}

int bus_add_instance_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	g_autoptr(GPtrArray) values = NULL;
	g_autoptr(GError) why = NULL;
	const BusInstance *instance;
	const char *name;
	guint32 flags;
	int r;

	r = read_add(request, &name, &values, &flags, error);
	if (r < 0)
		return r;
	if (!bus->model->operations->add(bus->model, name, values, flags, &why))
		return bus_error_model(error, why);
	instance = bus_find_by_name(bus, name);
	if (!instance)
		return bus_error_no_such_instance(error, name);
	return sd_bus_reply_method_return(request, "o", instance->path);
}

/* --- Confirm --------------------------------------------------------------------------------- */

static const Settings *find_waiting(const Bus *bus, guint64 token)
{
	for (GTreeNode *node = g_tree_node_first(bus->by_name); node;
	     node = g_tree_node_next(node)) {
		const BusInstance *instance = g_tree_node_value(node);

		if (instance->model->confirm_token == token)
			return instance->model->settings;
	}
	return NULL;
}

static int read_confirm(sd_bus_message *request, guint64 *ret_token, sd_bus_error *error)
{
	guint64 token;
	int r;

	r = sd_bus_message_read_basic(request, 't', &token);
	if (r < 0)
		return r;
	if (token == 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_INVALID_ARGS,
					"token=0: valid is what Update with flag 4 returned.");
	*ret_token = token;
	return 0;
}

/* Whether a change waits for this token is not told before the question is answered: where none
 * does, the question is about no instance. */
int bus_manager_method_confirm(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	guint64 token = 0;
	int r;

	r = read_confirm(request, &token, error);
	return r < 0 ? r : bus_authorize(userdata, request, find_waiting(userdata, token), error);
}

int bus_confirm_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	g_autoptr(GError) why = NULL;
	guint64 token = 0;
	int r;

	r = read_confirm(request, &token, error);
	if (r < 0)
		return r;
	if (!bus->model->operations->confirm(bus->model, token, &why))
		return bus_error_model(error, why);
	return sd_bus_reply_method_return(request, "");
}
