/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl remove, enable and disable: for one instance or several. One that fails does not keep the
 * others from being done; the exit status tells.
 */

#include <stdio.h>

#include "bus/bus-names.h"
#include "ctl-agent.h"
#include "ctl-change.h"
#include "ctl-json.h"

typedef struct Action {
	const char *member;
	const char *verb; /* behind "Failed to" */
	const char *done; /* behind "NAME was" */
} Action;

static gboolean act(Ctl *ctl, const Action *action, const char *name)
{
	g_autofree char *doing = g_strdup_printf("%s %s", action->verb, name);
	g_autofree char *path = NULL;
	CtlCall call = { NULL, BUS_INTERFACE_INSTANCE, action->member, doing,
			 BUS_ACTION_CONFIGURE };

	if (ctl_bus_find_instance(ctl, name, doing, &path) < 0)
		return FALSE;
	call.path = path;
	ctl_agent_open(ctl);
	if (ctl_bus_call(ctl, &call, NULL, "u", ctl_change_flags(ctl)) < 0)
		return FALSE;
	if (!ctl->quiet && ctl->json == CTL_JSON_OFF)
		printf("%s was %s%s.\n", name, action->done,
		       ctl->runtime ? " until vrrpd restarts" : "");
	return TRUE;
}

static CtlExit act_on_all(Ctl *ctl, const Action *action, char **names)
{
	g_autoptr(GString) json = g_string_new(NULL);
	gboolean complete = TRUE;

	ctl_json_open(json, '[');
	for (; *names; names++) {
		gboolean done = act(ctl, action, *names);

		complete = complete && done;
		ctl_json_open(json, '{');
		ctl_json_pair_string(json, "Name", *names);
		ctl_json_key(json, "Done");
		ctl_json_boolean(json, done);
		ctl_json_close(json, '}');
	}
	ctl_json_close(json, ']');
	if (ctl->json != CTL_JSON_OFF)
		ctl_json_print(ctl, json->str);
	return complete ? CTL_OK : CTL_FAILED;
}

CtlExit verb_remove(Ctl *ctl, char **arguments)
{
	return act_on_all(ctl, &(Action){ "Remove", "remove", "removed" }, arguments);
}

CtlExit verb_enable(Ctl *ctl, char **arguments)
{
	return act_on_all(ctl, &(Action){ "Enable", "enable", "enabled" }, arguments);
}

CtlExit verb_disable(Ctl *ctl, char **arguments)
{
	return act_on_all(ctl, &(Action){ "Disable", "disable", "disabled" }, arguments);
}
