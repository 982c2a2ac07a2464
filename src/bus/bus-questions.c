/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which method needs which authorization: one table. A handler that changes something validates the
 * form of its arguments, calls bus_authorize() and returns; the rest of its work is in the
 * continuation that stands here. A method that is not in the table can not be authorized, so that
 * nothing is allowed by being forgotten.
 */

#include <errno.h>

#include "bus-private.h"

/* What a person is asked, where polkit asks one. polkit fills the name in from the details. */
#define ASK(what) "Authentication is required to " what " the virtual router $(instance)."

static const struct {
	const char *interface, *member;
	const char *action;
	const char *verb;
	const char *message; /* NULL: the action's own */
	gboolean creates;    /* the instance is not there yet */
	BusPolkitAllowed allowed;
} questions[] = {
	{ BUS_INTERFACE_MANAGER, "Reload", BUS_ACTION_CONFIGURE, "reload", NULL, FALSE,
	  bus_manager_reload_allowed },
	{ BUS_INTERFACE_MANAGER, "AddInstance", BUS_ACTION_CONFIGURE, "add", ASK("add"), TRUE,
	  bus_add_instance_allowed },
	{ BUS_INTERFACE_MANAGER, "Confirm", BUS_ACTION_CONFIGURE, "confirm",
	  ASK("keep the new settings of"), FALSE, bus_confirm_allowed },
	{ BUS_INTERFACE_INSTANCE, "Update", BUS_ACTION_CONFIGURE, "update",
	  ASK("change the settings of"), FALSE, bus_update_allowed },
	{ BUS_INTERFACE_INSTANCE, "Remove", BUS_ACTION_CONFIGURE, "remove", ASK("remove"), FALSE,
	  bus_remove_allowed },
	{ BUS_INTERFACE_INSTANCE, "Enable", BUS_ACTION_CONFIGURE, "enable", ASK("enable"), FALSE,
	  bus_enable_allowed },
	{ BUS_INTERFACE_INSTANCE, "Disable", BUS_ACTION_CONFIGURE, "disable", ASK("disable"), FALSE,
	  bus_disable_allowed },
	{ BUS_INTERFACE_INSTANCE, "GetSecrets", BUS_ACTION_READ_SECRETS, "get-secrets",
	  ASK("read the authentication key of"), FALSE, bus_get_secrets_allowed },
	{ BUS_INTERFACE_INSTANCE, "Failover", BUS_ACTION_OPERATE, "failover",
	  ASK("hand over the addresses of"), FALSE, bus_failover_allowed },
	{ BUS_INTERFACE_INSTANCE, "Hold", BUS_ACTION_OPERATE, "hold",
	  ASK("hand over, and hold back,"), FALSE, bus_hold_allowed },
	{ BUS_INTERFACE_INSTANCE, "SetPriority", BUS_ACTION_OPERATE, "set-priority",
	  ASK("change the priority of"), FALSE, bus_set_priority_allowed },
	{ BUS_INTERFACE_INSTANCE, "Announce", BUS_ACTION_OPERATE, "announce",
	  ASK("announce the addresses of"), FALSE, bus_announce_allowed },
	{ BUS_INTERFACE_STATISTICS, "Reset", BUS_ACTION_OPERATE, "reset",
	  ASK("reset the counters of"), FALSE, bus_reset_allowed },
};

int bus_authorize(Bus *bus, sd_bus_message *request, const Settings *about, sd_bus_error *error)
{
	for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
		BusPolkitQuestion question = {
			.action = questions[i].action,
			.verb = questions[i].verb,
			.creates = questions[i].creates,
			.allowed = questions[i].allowed,
		};

		if (sd_bus_message_is_method_call(request, questions[i].interface,
						  questions[i].member) <= 0)
			continue;
		if (about) {
			question.message = questions[i].message;
			question.instance = about->name;
			question.interface = about->interface;
			question.vrid = about->vrid;
			question.family = vrrp_family_to_string(about->family);
		}
		return bus_polkit_ask(bus->polkit, request, &question, error);
	}
	return -EACCES;
}

int bus_authorize_instance(const BusInstance *instance, sd_bus_message *request,
			   sd_bus_error *error)
{
	return bus_authorize(instance->bus, request, instance->model->settings, error);
}
