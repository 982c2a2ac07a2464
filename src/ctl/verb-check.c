/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl check: reads the files as the daemon would, with the same code, and needs no daemon. It
 * changes nothing.
 */

#include <stdio.h>

#include "config/config-load.h"
#include "ctl-json.h"
#include "ctl-report.h"

static GPtrArray *collect_problems(const ConfigSet *set)
{
	GPtrArray *problems = ctl_problems_new();

	for (guint i = 0; i < set->errors->len; i++) {
		const ConfigError *error = set->errors->pdata[i];

		ctl_problems_add(problems, error->file, error->line,
				 error->name ? "error" : "warning", error->text);
	}
	return problems;
}

/* Several errors may be about one instance. */
static guint count_broken(const ConfigSet *set)
{
	g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < set->errors->len; i++) {
		const ConfigError *error = set->errors->pdata[i];

		if (error->name && *error->name)
			g_hash_table_add(names, error->name);
	}
	return g_hash_table_size(names);
}

static void print_counts(const ConfigSet *set)
{
	guint fine = g_hash_table_size(set->sources), broken = count_broken(set);

	printf("%u instance%s fine.\n", fine, fine == 1 ? " is" : "s are");
	if (broken > 0)
		printf("%u instance%s errors.\n", broken, broken == 1 ? " has" : "s have");
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(*(const char *const *)a, *(const char *const *)b);
}

static void print_json(const Ctl *ctl, const ConfigSet *set, const GPtrArray *problems)
{
	g_autoptr(GString) json = g_string_new(NULL);
	g_autofree char **names = (char **)g_hash_table_get_keys_as_array(set->sources, NULL);

	qsort(names, g_hash_table_size(set->sources), sizeof *names, by_text);
	ctl_json_open(json, '{');
	ctl_json_key(json, "Instances");
	ctl_json_open(json, '[');
	for (char **name = names; *name; name++)
		ctl_json_string(json, *name);
	ctl_json_close(json, ']');
	ctl_json_key(json, "Errors");
	ctl_problems_json(json, problems);
	ctl_json_close(json, '}');
	ctl_json_print(ctl, json->str);
}

CtlExit verb_check(Ctl *ctl, char **arguments)
{
	static const char *const directories[] = { "/usr/lib/vrrpd", "/run/vrrpd", "/etc/vrrpd",
						   NULL };
	g_autoptr(ConfigSet) set = arguments[0] ? config_load_paths((const char *const *)arguments)
						: config_load(directories);
	g_autoptr(GPtrArray) problems = collect_problems(set);

	if (ctl->json != CTL_JSON_OFF) {
		print_json(ctl, set, problems);
	} else {
		ctl_problems_print(problems);
		if (!ctl->quiet)
			print_counts(set);
	}
	return ctl_problems_any_error(problems) ? CTL_FAILED : CTL_OK;
}
