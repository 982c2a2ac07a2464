/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl is-master: the question of every script that shall run on one host only. The exit status
 * is the answer; nothing is printed but what went wrong, and a wrong answer is never "yes".
 */

#include "ctl-bus.h"

CtlExit verb_is_master(Ctl *ctl, char **arguments)
{
	g_autofree char *doing = g_strdup_printf("ask for the state of %s", arguments[0]);
	const CtlCall call = { .doing = doing };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	g_autofree char *path = NULL, *state = NULL;
	int r = ctl_bus_find_instance(ctl, arguments[0], doing, &path);

	if (r < 0)
		return CTL_FAILED;
	r = ctl_bus_try_state(ctl, path, &error, &state);
	if (r < 0)
		ctl_bus_explain(ctl, &call, &error, r);
	sd_bus_error_free(&error);
	return r >= 0 && g_str_equal(state, "master") ? CTL_OK : CTL_FAILED;
}
