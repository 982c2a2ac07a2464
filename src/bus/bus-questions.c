/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which method needs which authorization: one table. A handler that changes something validates the
 * form of its arguments, calls bus_authorize() and returns; the rest of its work is in the
 * continuation that stands here. A method that is not in the table can not be authorized, so that
 * nothing is allowed by being forgotten.
 */

#include <errno.h>

#include "bus-private.h"

static const struct {
	const char *interface, *member;
	const char *action;
	const char *verb;
	BusPolkitAllowed allowed;
} questions[] = {
	{ BUS_INTERFACE_MANAGER, "Reload", BUS_ACTION_CONFIGURE, "reload",
	  bus_manager_reload_allowed },
	{ BUS_INTERFACE_INSTANCE, "Failover", BUS_ACTION_OPERATE, "failover",
	  bus_failover_allowed },
};

int bus_authorize(Bus *bus, sd_bus_message *request, const BusInstance *instance,
		  sd_bus_error *error)
{
	for (guint i = 0; i < G_N_ELEMENTS(questions); i++) {
		BusPolkitQuestion question = {
			.action = questions[i].action,
			.verb = questions[i].verb,
			.allowed = questions[i].allowed,
		};

		if (sd_bus_message_is_method_call(request, questions[i].interface,
						  questions[i].member) <= 0)
			continue;
		if (instance) {
			question.instance = instance->model->name;
			question.interface = instance->model->settings->interface;
			question.vrid = instance->model->settings->vrid;
			question.family = vrrp_family_to_string(instance->model->settings->family);
		}
		return bus_polkit_ask(bus->polkit, request, &question, error);
	}
	return -EACCES;
}
