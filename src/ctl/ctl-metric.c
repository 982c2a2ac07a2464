/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The grammar of OpenMetrics, and nothing of what is measured. It is a text until the end, so that
 * a reader never gets a half.
 */

#include "ctl-metric.h"

struct CtlMetric {
	GString *text;
	char *family;
	gboolean labels; /* the sample has one already */
};

CtlMetric *ctl_metric_new(void)
{
	CtlMetric *metric = g_new0(CtlMetric, 1);

	metric->text = g_string_new(NULL);
	return metric;
}

void ctl_metric_free(CtlMetric *metric)
{
	if (!metric)
		return;
	g_string_free(metric->text, TRUE);
	g_free(metric->family);
	g_free(metric);
}

/* As in a label's value; in a help text quotes may be escaped too. */
static void append_escaped(GString *text, const char *value)
{
	g_autofree char *valid = g_utf8_make_valid(value, -1);

	for (const char *c = valid; *c; c++)
		if (*c == '\n')
			g_string_append(text, "\\n");
		else if (*c == '"' || *c == '\\')
			g_string_append_printf(text, "\\%c", *c);
		else
			g_string_append_c(text, *c);
}

void ctl_metric_family(CtlMetric *metric, const char *name, const char *type, const char *help)
{
	g_free(metric->family);
	metric->family = g_strdup(name);
	g_string_append_printf(metric->text, "# TYPE %s %s\n", name, type);
	if (g_str_has_suffix(name, "_seconds"))
		g_string_append_printf(metric->text, "# UNIT %s seconds\n", name);
	g_string_append_printf(metric->text, "# HELP %s ", name);
	append_escaped(metric->text, help);
	g_string_append_c(metric->text, '\n');
}

void ctl_metric_begin(CtlMetric *metric, const char *suffix)
{
	g_string_append_printf(metric->text, "%s%s", metric->family, suffix);
	metric->labels = FALSE;
}

void ctl_metric_label(CtlMetric *metric, const char *name, const char *value)
{
	g_string_append_printf(metric->text, "%c%s=\"", metric->labels ? ',' : '{', name);
	append_escaped(metric->text, value);
	g_string_append_c(metric->text, '"');
	metric->labels = TRUE;
}

void ctl_metric_label_unsigned(CtlMetric *metric, const char *name, guint value)
{
	g_autofree char *text = g_strdup_printf("%u", value);

	ctl_metric_label(metric, name, text);
}

void ctl_metric_unsigned(CtlMetric *metric, guint64 value)
{
	g_string_append_printf(metric->text, "%s %" G_GUINT64_FORMAT "\n",
			       metric->labels ? "}" : "", value);
}

void ctl_metric_seconds(CtlMetric *metric, guint64 usec)
{
	g_string_append_printf(metric->text, "%s %" G_GUINT64_FORMAT ".%06u\n",
			       metric->labels ? "}" : "", usec / G_USEC_PER_SEC,
			       (guint)(usec % G_USEC_PER_SEC));
}

const char *ctl_metric_finish(CtlMetric *metric)
{
	g_string_append(metric->text, "# EOF\n");
	return metric->text->str;
}
