/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * One form for all complaints about files, the one that editors jump to: FILE:LINE: TEXT. They go
 * to stderr, so that what a verb has to say on stdout can be used by a program.
 */

#include <string.h>

#include "ctl-json.h"
#include "ctl-report.h"

#define WARNING_PREFIX "warning: "

static void problem_free(gpointer data)
{
	CtlProblem *problem = data;

	g_free(problem->file);
	g_free(problem->text);
	g_free(problem);
}

GPtrArray *ctl_problems_new(void)
{
	return g_ptr_array_new_with_free_func(problem_free);
}

void ctl_problems_add(GPtrArray *problems, const char *file, guint line, const char *severity,
		      const char *text)
{
	CtlProblem *problem = g_new0(CtlProblem, 1);

	problem->file = g_strdup(file);
	problem->line = line;
	problem->severity = severity;
	problem->text = g_strdup(text);
	g_ptr_array_add(problems, problem);
}

int ctl_problems_read(sd_bus_message *message, GPtrArray **ret)
{
	g_autoptr(GPtrArray) problems = ctl_problems_new();
	const char *file, *text;
	guint32 line;
	int r = sd_bus_message_enter_container(message, 'a', "(sus)");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(message, "(sus)", &file, &line, &text)) > 0) {
		gboolean warning = g_str_has_prefix(text, WARNING_PREFIX);

		ctl_problems_add(problems, file, line, warning ? "warning" : "error",
				 warning ? text + strlen(WARNING_PREFIX) : text);
	}
	if (r < 0)
		return r;
	*ret = g_steal_pointer(&problems);
	return sd_bus_message_exit_container(message);
}

void ctl_problems_print(const GPtrArray *problems)
{
	for (guint i = 0; i < problems->len; i++) {
		const CtlProblem *problem = problems->pdata[i];
		g_autofree char *text = NULL;

		if (g_str_equal(problem->severity, "error")) {
			ctl_error_at(problem->file, problem->line, problem->text);
			continue;
		}
		text = g_strdup_printf("%s: %s", problem->severity, problem->text);
		ctl_error_at(problem->file, problem->line, text);
	}
}

void ctl_problems_json(GString *json, const GPtrArray *problems)
{
	ctl_json_open(json, '[');
	for (guint i = 0; i < problems->len; i++) {
		const CtlProblem *problem = problems->pdata[i];

		ctl_json_open(json, '{');
		ctl_json_pair_string(json, "File", problem->file);
		ctl_json_pair_unsigned(json, "Line", problem->line);
		ctl_json_pair_string(json, "Severity", problem->severity);
		ctl_json_pair_string(json, "Text", problem->text);
		ctl_json_close(json, '}');
	}
	ctl_json_close(json, ']');
}

guint ctl_problems_count(const GPtrArray *problems, const char *severity)
{
	guint count = 0;

	for (guint i = 0; i < problems->len; i++)
		count += g_str_equal(((CtlProblem *)problems->pdata[i])->severity, severity);
	return count;
}

gboolean ctl_problems_any_error(const GPtrArray *problems)
{
	return ctl_problems_count(problems, "error") > 0;
}
