/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl statistics: the counters. People see those that are not zero, a line each, so that grep
 * and sort find what they look for; programs get all of them.
 */

#include <stdio.h>

#include "ctl-instance.h"
#include "ctl-json.h"
#include "ctl-statistics.h"
#include "ctl-table.h"

#define DOING "read the counters"

static void add_rows(CtlTable *table, const CtlInstance *instance, const GArray *counters)
{
	for (guint i = 0; i < counters->len; i++) {
		const CtlCounter *counter = &g_array_index(counters, CtlCounter, i);

		if (counter->value == 0)
			continue;
		ctl_table_add(table, CTL_COLOR_BOLD, instance->name);
		ctl_table_add(table, CTL_COLOR_NONE, counter->name);
		ctl_table_add_format(table, CTL_COLOR_NONE, "%" G_GUINT64_FORMAT, counter->value);
	}
}

static void print_table(const Ctl *ctl, const GPtrArray *instances, GHashTable *all)
{
	static const char *const headers[] = { "INSTANCE", "COUNTER", ">VALUE", NULL };
	g_autoptr(CtlTable) table = ctl_table_new(headers);

	for (guint i = 0; i < instances->len; i++) {
		const CtlInstance *instance = instances->pdata[i];
		const GArray *counters = g_hash_table_lookup(all, instance->path);

		if (counters)
			add_rows(table, instance, counters);
	}
	if (!ctl_table_is_empty(table))
		ctl_table_print(table, ctl->legend);
	if (ctl->legend)
		printf("%s%u instance%s listed. Counters that are zero are left out.\n",
		       ctl_table_is_empty(table) ? "" : "\n", instances->len,
		       instances->len == 1 ? "" : "s");
}

static void print_json(const Ctl *ctl, const GPtrArray *instances, GHashTable *all)
{
	g_autoptr(GString) json = g_string_new(NULL);

	ctl_json_open(json, '[');
	for (guint i = 0; i < instances->len; i++) {
		const CtlInstance *instance = instances->pdata[i];
		const GArray *counters = g_hash_table_lookup(all, instance->path);

		ctl_json_open(json, '{');
		ctl_json_pair_string(json, "Name", instance->name);
		ctl_json_key(json, "Statistics");
		ctl_json_open(json, '{');
		for (guint j = 0; counters && j < counters->len; j++) {
			const CtlCounter *counter = &g_array_index(counters, CtlCounter, j);

			ctl_json_pair_unsigned(json, counter->name, counter->value);
		}
		ctl_json_close(json, '}');
		ctl_json_close(json, '}');
	}
	ctl_json_close(json, ']');
	ctl_json_print(ctl, json->str);
}

CtlExit verb_statistics(Ctl *ctl, char **arguments)
{
	g_autoptr(GPtrArray) instances = NULL;
	g_autoptr(GHashTable) all = NULL;
	gboolean complete;

	if (ctl_instances_fetch(ctl, DOING, NULL, &instances) < 0 ||
	    ctl_statistics_fetch(ctl, DOING, &all) < 0)
		return CTL_FAILED;
	complete = ctl_instances_select(instances, arguments);
	if (ctl->json != CTL_JSON_OFF) {
		print_json(ctl, instances, all);
	} else {
		ctl_terminal_page(ctl);
		print_table(ctl, instances, all);
	}
	return complete ? CTL_OK : CTL_FAILED;
}
