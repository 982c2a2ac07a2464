/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The two calls that carry settings. Their messages may hold a key, so they are wiped, and nothing
 * of them is ever printed.
 */

#include "bus/bus-names.h"
#include "ctl-agent.h"
#include "ctl-change.h"

typedef struct Arguments {
	const char *name; /* NULL for Update */
	const CtlSettings *settings;
	guint32 flags;
} Arguments;

guint32 ctl_change_flags(const Ctl *ctl)
{
	return ctl->runtime ? BUS_FLAG_RUNTIME : 0;
}

static int append_arguments(sd_bus_message *message, const void *data)
{
	const Arguments *arguments = data;
	int r = arguments->name ? sd_bus_message_append(message, "s", arguments->name) : 0;

	if (r < 0)
		return r;
	r = ctl_settings_append(arguments->settings, message);
	if (r < 0)
		return r;
	return sd_bus_message_append(message, "u", arguments->flags);
}

int ctl_change_add(Ctl *ctl, const char *name, const CtlSettings *settings, char **ret_path)
{
	g_autofree char *doing = g_strdup_printf("add %s", name);
	const CtlCall call = { BUS_PATH, BUS_INTERFACE_MANAGER, "AddInstance", doing,
			       BUS_ACTION_CONFIGURE };
	const Arguments arguments = { name, settings, ctl_change_flags(ctl) };
	g_autoptr(sd_bus_message) reply = NULL;
	const char *path;
	int r;

	ctl_agent_open(ctl);
	r = ctl_bus_call_with(ctl, &call, &reply, append_arguments, &arguments);
	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "o", &path);
	if (r < 0) {
		ctl_bus_bad_reply(call.member, r);
		return r;
	}
	*ret_path = g_strdup(path);
	return 0;
}

int ctl_change_update(Ctl *ctl, const char *name, const char *path, const CtlSettings *settings,
		      guint32 flags)
{
	g_autofree char *doing = g_strdup_printf("change %s", name);
	const CtlCall call = { path, BUS_INTERFACE_INSTANCE, "Update", doing,
			       BUS_ACTION_CONFIGURE };
	const Arguments arguments = { NULL, settings, flags };

	ctl_agent_open(ctl);
	return ctl_bus_call_with(ctl, &call, NULL, append_arguments, &arguments);
}
