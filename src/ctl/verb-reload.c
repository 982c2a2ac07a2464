/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl reload: has the daemon read its files, and tells what came of it. Errors cost only the
 * instances that they are about, so a reload that reports some has still applied the rest; the exit
 * code tells them from a clean one, since `systemctl reload` goes by it.
 */

#include <stdio.h>
#include <string.h>

#include "bus/bus-names.h"
#include "ctl-agent.h"
#include "ctl-bus.h"
#include "ctl-json.h"
#include "ctl-report.h"

typedef struct Reload {
	GStrv added, changed, removed;
	GPtrArray *errors; /* CtlProblem * */
} Reload;

static void reload_clear(Reload *reload)
{
	g_strfreev(reload->added);
	g_strfreev(reload->changed);
	g_strfreev(reload->removed);
	g_clear_pointer(&reload->errors, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reload, reload_clear)

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strverscmp(*(const char *const *)a, *(const char *const *)b);
}

static int read_names(sd_bus_message *reply, GStrv *ret)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
	const char *name;
	int r = sd_bus_message_enter_container(reply, 'a', "s");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read_basic(reply, 's', &name)) > 0)
		g_ptr_array_add(names, g_strdup(name));
	if (r < 0)
		return r;
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	*ret = (GStrv)g_ptr_array_steal(names, NULL);
	return sd_bus_message_exit_container(reply);
}

static int read_reply(sd_bus_message *reply, Reload *reload)
{
	int r = read_names(reply, &reload->added);

	if (r < 0)
		return r;
	r = read_names(reply, &reload->changed);
	if (r < 0)
		return r;
	r = read_names(reply, &reload->removed);
	if (r < 0)
		return r;
	return ctl_problems_read(reply, &reload->errors);
}

static void print_names(const char *what, GStrv names)
{
	g_autofree char *joined = g_strjoinv(" ", names);

	if (names[0])
		printf("%s: %s\n", what, joined);
}

static void print_text(const Ctl *ctl, const Reload *reload)
{
	if (!ctl->quiet) {
		print_names("Added", reload->added);
		print_names("Changed", reload->changed);
		print_names("Removed", reload->removed);
		if (!reload->added[0] && !reload->changed[0] && !reload->removed[0])
			puts("Nothing changed.");
	}
	ctl_problems_print(reload->errors);
}

static void json_names(GString *json, const char *key, GStrv names)
{
	ctl_json_key(json, key);
	ctl_json_open(json, '[');
	for (; *names; names++)
		ctl_json_string(json, *names);
	ctl_json_close(json, ']');
}

static void print_json(const Ctl *ctl, const Reload *reload)
{
	g_autoptr(GString) json = g_string_new(NULL);

	ctl_json_open(json, '{');
	json_names(json, "Added", reload->added);
	json_names(json, "Changed", reload->changed);
	json_names(json, "Removed", reload->removed);
	ctl_json_key(json, "Errors");
	ctl_problems_json(json, reload->errors);
	ctl_json_close(json, '}');
	ctl_json_print(ctl, json->str);
}

CtlExit verb_reload(Ctl *ctl, char **arguments)
{
	const CtlCall call = { BUS_PATH, BUS_INTERFACE_MANAGER, "Reload", "reload the settings",
			       BUS_ACTION_CONFIGURE };
	g_autoptr(sd_bus_message) reply = NULL;
	g_auto(Reload) reload = {};
	int r;

	ctl_agent_open(ctl);
	if (ctl_bus_call(ctl, &call, &reply, "u", (uint32_t)0) < 0)
		return CTL_FAILED;
	r = read_reply(reply, &reload);
	if (r < 0)
		return ctl_bus_bad_reply(call.member, r);
	if (ctl->json != CTL_JSON_OFF)
		print_json(ctl, &reload);
	else
		print_text(ctl, &reload);
	return ctl_problems_any_error(reload.errors) ? CTL_FAILED : CTL_OK;
}
