/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl announce and vrrpctl set-priority: the small interventions of an operator. Both change
 * what runs and no setting.
 */

#include "bus/bus-names.h"
#include "config/values.h"
#include "ctl-agent.h"
#include "ctl-instance.h"

CtlExit verb_announce(Ctl *ctl, char **arguments)
{
	g_autofree char *doing = g_strdup_printf("announce %s", arguments[0]);
	g_autofree char *text = g_strdup_printf("%s announces its addresses.", arguments[0]);
	g_autofree char *path = NULL;
	CtlCall call = { NULL, BUS_INTERFACE_INSTANCE, "Announce", doing, BUS_ACTION_OPERATE };

	if (ctl_bus_find_instance(ctl, arguments[0], doing, &path) < 0)
		return CTL_FAILED;
	call.path = path;
	ctl_agent_open(ctl);
	if (ctl_bus_call(ctl, &call, NULL, "u", (uint32_t)0) < 0)
		return CTL_FAILED;
	return ctl_instance_report(ctl, path, text);
}

CtlExit verb_set_priority(Ctl *ctl, char **arguments)
{
	g_autofree char *doing = g_strdup_printf("set the priority of %s", arguments[0]);
	g_autofree char *path = NULL, *text = NULL, *why = NULL;
	CtlCall call = { NULL, BUS_INTERFACE_INSTANCE, "SetPriority", doing, BUS_ACTION_OPERATE };
	guint8 priority;

	if (!value_parse_byte(arguments[1], 0, 254, &priority, &why)) {
		ctl_error("set-priority %s: %s. 0 ends the override.", arguments[1], why);
		return CTL_USAGE;
	}
	if (ctl_bus_find_instance(ctl, arguments[0], doing, &path) < 0)
		return CTL_FAILED;
	call.path = path;
	ctl_agent_open(ctl);
	if (ctl_bus_call(ctl, &call, NULL, "yu", (int)priority, (uint32_t)0) < 0)
		return CTL_FAILED;
	text = priority ? g_strdup_printf("%s has priority %u until vrrpd restarts.", arguments[0],
					  priority)
			: g_strdup_printf("%s has the priority of its settings.", arguments[0]);
	return ctl_instance_report(ctl, path, text);
}
