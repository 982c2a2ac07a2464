/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl failover: hands mastership of one instance to another router, and says who has it. The
 * daemon answers when the new master was heard, so success means that it is done.
 */

#include <stdio.h>

#include "bus/bus-names.h"
#include "ctl-agent.h"
#include "ctl-instance.h"
#include "ctl-json.h"

static void print_json(const Ctl *ctl, const CtlInstance *instance)
{
	g_autoptr(GString) json = g_string_new(NULL);

	ctl_json_open(json, '{');
	ctl_json_pair_string(json, "Name", instance->name);
	ctl_json_pair_string(json, "State", instance->state);
	ctl_json_pair_string(json, "MasterAddress", instance->master_address);
	ctl_json_pair_unsigned(json, "MasterPriority", instance->master_priority);
	ctl_json_close(json, '}');
	ctl_json_print(ctl, json->str);
}

static void print_text(const CtlInstance *instance)
{
	if (*instance->master_address && instance->master_priority > 0)
		printf("%s: %s is master now (priority %u).\n", instance->name,
		       instance->master_address, instance->master_priority);
	else
		printf("%s: another router is master now.\n", instance->name);
}

CtlExit verb_failover(Ctl *ctl, char **arguments)
{
	const char *name = arguments[0];
	g_autofree char *doing = g_strdup_printf("fail over %s", name);
	g_autofree char *path = NULL;
	g_autoptr(CtlInstance) instance = NULL;
	CtlCall call = { NULL, BUS_INTERFACE_INSTANCE, "Failover", doing, BUS_ACTION_OPERATE };

	if (ctl_bus_find_instance(ctl, name, doing, &path) < 0)
		return CTL_FAILED;
	call.path = path;
	ctl_agent_open(ctl);
	if (ctl_bus_call(ctl, &call, NULL, "tu", (uint64_t)ctl->hold_usec, (uint32_t)0) < 0)
		return CTL_FAILED;
	if (ctl_instance_fetch(ctl, path, "read who is master now", &instance) < 0)
		return CTL_FAILED;
	if (ctl->json != CTL_JSON_OFF)
		print_json(ctl, instance);
	else if (!ctl->quiet)
		print_text(instance);
	return CTL_OK;
}
