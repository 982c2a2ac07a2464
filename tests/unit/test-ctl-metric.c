/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The text format of OpenMetrics, to the letter. That a strict parser takes all that vrrpctl prints
 * is tried with the daemon; here are the values that no daemon has on a quiet day.
 */

#include "ctl/ctl-metric.h"

static void test_families(void)
{
	g_autoptr(CtlMetric) metric = ctl_metric_new();

	ctl_metric_family(metric, "up", "gauge", "Whether.");
	ctl_metric_begin(metric, "");
	ctl_metric_unsigned(metric, 1);
	ctl_metric_family(metric, "sent", "counter", "How many.");
	ctl_metric_begin(metric, "_total");
	ctl_metric_label(metric, "a", "x");
	ctl_metric_label_unsigned(metric, "b", 7);
	ctl_metric_unsigned(metric, G_MAXUINT64);
	ctl_metric_begin(metric, "_total");
	ctl_metric_label(metric, "a", "");
	ctl_metric_unsigned(metric, 0);
	ctl_metric_family(metric, "late_seconds", "gauge", "How late.");
	ctl_metric_begin(metric, "");
	ctl_metric_seconds(metric, 1000002);
	ctl_metric_begin(metric, "");
	ctl_metric_label(metric, "a", "y");
	ctl_metric_seconds(metric, 0);
	g_assert_cmpstr(ctl_metric_finish(metric), ==,
			"# TYPE up gauge\n# HELP up Whether.\nup 1\n"
			"# TYPE sent counter\n# HELP sent How many.\n"
			"sent_total{a=\"x\",b=\"7\"} 18446744073709551615\nsent_total{a=\"\"} 0\n"
			"# TYPE late_seconds gauge\n# UNIT late_seconds seconds\n"
			"# HELP late_seconds How late.\nlate_seconds 1.000002\n"
			"late_seconds{a=\"y\"} 0.000000\n# EOF\n");
}

static void test_escapes(void)
{
	g_autoptr(CtlMetric) metric = ctl_metric_new();

	ctl_metric_family(metric, "x", "info", "a\\b\nc\"d");
	ctl_metric_begin(metric, "_info");
	ctl_metric_label(metric, "l", "a\\b\nc\"d\377\303\244");
	ctl_metric_unsigned(metric, 1);
	g_assert_cmpstr(ctl_metric_finish(metric), ==,
			"# TYPE x info\n# HELP x a\\\\b\\nc\\\"d\n"
			"x_info{l=\"a\\\\b\\nc\\\"d\357\277\275\303\244\"} 1\n# EOF\n");
}

static void test_nothing(void)
{
	g_autoptr(CtlMetric) metric = ctl_metric_new();

	g_assert_cmpstr(ctl_metric_finish(metric), ==, "# EOF\n");
	ctl_metric_free(NULL);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ctl-metric/families", test_families);
	g_test_add_func("/ctl-metric/escapes", test_escapes);
	g_test_add_func("/ctl-metric/nothing", test_nothing);
	return g_test_run();
}
