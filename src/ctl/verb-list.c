/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl list: one line for each instance with what matters first: who is master, since when, why,
 * and what is wrong. It reads all instances in one call, so the picture is of one moment.
 */

#include <stdio.h>

#include "ctl-instance.h"
#include "ctl-json.h"
#include "ctl-table.h"
#include "ctl-words.h"

static CtlColor state_color(const CtlInstance *instance)
{
	if (g_str_equal(instance->state, "master"))
		return CTL_COLOR_GREEN;
	if (g_str_equal(instance->state, "backup"))
		return CTL_COLOR_NONE;
	return instance->enabled ? CTL_COLOR_RED : CTL_COLOR_GREY;
}

/* Faults first, since they are what to act on. */
static void add_why(CtlTable *table, const CtlInstance *instance)
{
	g_autofree char *faults = g_strjoinv(",", instance->faults);

	if (*faults)
		ctl_table_add(table, CTL_COLOR_RED, faults);
	else if (!instance->enabled)
		ctl_table_add(table, CTL_COLOR_GREY, "disabled");
	else if (instance->releasing)
		ctl_table_add(table, CTL_COLOR_YELLOW, "releasing");
	else
		ctl_table_add(table, CTL_COLOR_NONE, instance->last_reason);
}

static void add_row(CtlTable *table, const CtlInstance *instance)
{
	g_autofree char *ago = ctl_words_ago(instance->state_since_usec, g_get_real_time());

	ctl_table_add(table, CTL_COLOR_BOLD, instance->name);
	ctl_table_add(table, state_color(instance), instance->state);
	ctl_table_add_format(table, CTL_COLOR_NONE, "%u",
			     instance->effective_priority ? instance->effective_priority
							  : instance->priority);
	ctl_table_add(table, CTL_COLOR_NONE, instance->interface);
	ctl_table_add_format(table, CTL_COLOR_NONE, "%u", instance->vrid);
	ctl_table_add(table, CTL_COLOR_NONE, instance->family);
	ctl_table_add(table, CTL_COLOR_NONE, instance->master_address);
	add_why(table, instance);
	ctl_table_add(table, CTL_COLOR_NONE, ago);
}

static void print_table(const Ctl *ctl, const GPtrArray *instances)
{
	static const char *const headers[] = { "INSTANCE", "STATE",  ">PRIORITY", "INTERFACE",
					       ">VRID",    "FAMILY", "MASTER",    "WHY",
					       "SINCE",    NULL };
	g_autoptr(CtlTable) table = ctl_table_new(headers);

	for (guint i = 0; i < instances->len; i++)
		add_row(table, instances->pdata[i]);
	if (instances->len > 0)
		ctl_table_print(table, ctl->legend);
	if (!ctl->legend)
		return;
	printf("%s%u instance%s listed.\n", instances->len > 0 ? "\n" : "", instances->len,
	       instances->len == 1 ? "" : "s");
}

static void print_json(const Ctl *ctl, const GPtrArray *instances)
{
	g_autoptr(GString) json = g_string_new("[");

	for (guint i = 0; i < instances->len; i++) {
		const CtlInstance *instance = instances->pdata[i];

		g_string_append_printf(json, "%s%s", i > 0 ? "," : "", instance->json);
	}
	ctl_json_close(json, ']');
	ctl_json_print(ctl, json->str);
}

CtlExit verb_list(Ctl *ctl, char **arguments)
{
	g_autoptr(GPtrArray) instances = NULL;
	gboolean complete;

	if (ctl_instances_fetch(ctl, "list the instances", NULL, &instances) < 0)
		return CTL_FAILED;
	complete = ctl_instances_select(instances, arguments);
	if (ctl->json != CTL_JSON_OFF) {
		print_json(ctl, instances);
	} else {
		ctl_terminal_page(ctl);
		print_table(ctl, instances);
	}
	return complete ? CTL_OK : CTL_FAILED;
}
