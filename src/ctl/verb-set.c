/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl add and vrrpctl set: an instance from settings on the command line, and other values for
 * some of its settings. The daemon checks, applies and writes the file, or changes nothing.
 */

#include "ctl-change.h"
#include "ctl-instance.h"

CtlExit verb_add(Ctl *ctl, char **arguments)
{
	g_autofree char *text = g_strdup_printf("%s was added%s.", arguments[0],
						ctl->runtime ? " until vrrpd restarts" : "");
	g_autoptr(CtlSettings) settings = NULL;
	g_autofree char *path = NULL;
	CtlExit exit_code;

	settings = ctl_settings_parse(arguments[0], arguments + 1, &exit_code);
	if (!settings)
		return exit_code;
	if (ctl_change_add(ctl, arguments[0], settings, &path) < 0)
		return CTL_FAILED;
	return ctl_instance_report(ctl, path, text);
}

CtlExit verb_set(Ctl *ctl, char **arguments)
{
	g_autofree char *doing = g_strdup_printf("change %s", arguments[0]);
	g_autofree char *text = g_strdup_printf("%s was changed%s.", arguments[0],
						ctl->runtime ? " until vrrpd restarts" : "");
	g_autoptr(CtlSettings) settings = NULL;
	g_autofree char *path = NULL;
	CtlExit exit_code;

	settings = ctl_settings_parse(arguments[0], arguments + 1, &exit_code);
	if (!settings)
		return exit_code;
	if (ctl_bus_find_instance(ctl, arguments[0], doing, &path) < 0 ||
	    ctl_change_update(ctl, arguments[0], path, settings, ctl_change_flags(ctl)) < 0)
		return CTL_FAILED;
	return ctl_instance_report(ctl, path, text);
}
