/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The words that vrrpctl has for people: times, spans, reasons, faults, and the guess what was
 * meant. They must be right at their borders, and no reason or fault of the core may be without
 * one.
 */

#include <locale.h>

#include "core/vrrp-types.h"
#include "ctl/ctl-words.h"

#define SECOND ((guint64)G_USEC_PER_SEC)

static void test_ago(void)
{
	static const struct {
		guint64 seconds;
		const char *text;
	} cases[] = {
		{ 0, "just now" },   { 1, "1s ago" },         { 59, "59s ago" },
		{ 60, "1min ago" },  { 61, "1min 1s ago" },   { 3600, "1h ago" },
		{ 3601, "1h ago" },  { 7500, "2h 5min ago" }, { 86400, "1d ago" },
		{ 86459, "1d ago" }, { 90000, "1d 1h ago" },  { 400 * 86400, "400d ago" },
	};
	guint64 now = 2000000000 * SECOND;

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = ctl_words_ago(now - cases[i].seconds * SECOND, now);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

/* A clock that was set back must not make it wrap. */
static void test_ago_of_the_future(void)
{
	g_autofree char *text = ctl_words_ago(5 * SECOND, 4 * SECOND);

	g_assert_cmpstr(text, ==, "just now");
}

static void test_span(void)
{
	static const struct {
		guint64 usec;
		const char *text;
	} cases[] = {
		{ 0, "0ms" },
		{ 1, "0.001ms" },
		{ 999, "0.999ms" },
		{ 1000, "1ms" },
		{ 609375, "609.375ms" },
		{ 999999, "999.999ms" },
		{ 1000000, "1s" },
		{ 3609375, "3.609s" },
		{ 3609500, "3.61s" },
		{ 12594000, "12.594s" },
		{ 40950000, "40.95s" },
		{ 100 * SECOND, "100s" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = ctl_words_span(cases[i].usec);

		g_assert_cmpstr(text, ==, cases[i].text);
	}
}

static void test_dates(void)
{
	guint64 usec = 1795520134 * SECOND + 7;
	g_autofree char *date = ctl_words_date(usec);
	g_autofree char *stamp = ctl_words_timestamp(usec);
	g_autofree char *never = ctl_words_date(G_MAXUINT64);

	g_assert_cmpstr(date, ==, "Tue 2026-11-24 11:35:34 UTC");
	g_assert_cmpstr(stamp, ==, "2026-11-24 11:35:34.000007");
	g_assert_cmpstr(never, ==, "unknown");
}

/* A reason that vrrpctl has no words for is shown as it is. */
static void test_reasons(void)
{
	for (unsigned i = 0; i < _VRRP_REASON_MAX; i++) {
		const char *reason = vrrp_reason_to_string(i);
		const char *text = ctl_words_reason(reason);

		g_assert_nonnull(text);
		g_assert_cmpstr(text, !=, reason);
	}
	g_assert_cmpstr(ctl_words_reason("of-tomorrow"), ==, "of-tomorrow");
}

static void test_faults(void)
{
	static const VrrpFault faults[] = {
#define X(id, bit, text) id,
		VRRP_FAULTS(X)
#undef X
	};

	for (guint i = 0; i < G_N_ELEMENTS(faults); i++)
		g_assert_nonnull(ctl_words_fault(vrrp_fault_to_string(faults[i])));
	g_assert_null(ctl_words_fault("of-tomorrow"));
}

static void test_nearest(void)
{
	static const char *const words[] = { "list", "status", "monitor", "failover", NULL };

	g_assert_cmpstr(ctl_words_nearest(words, "lst"), ==, "list");
	g_assert_cmpstr(ctl_words_nearest(words, "LIST"), ==, "list");
	g_assert_cmpstr(ctl_words_nearest(words, "m"), ==, "monitor");
	g_assert_cmpstr(ctl_words_nearest(words, "fail-over"), ==, "failover");
	g_assert_null(ctl_words_nearest(words, "x"));
	g_assert_null(ctl_words_nearest(words, ""));
	g_assert_null(ctl_words_nearest(words, "reload"));
}

static void test_printable(void)
{
	static const struct {
		const char *text, *printable;
	} cases[] = {
		{ "plain", "plain" },
		{ "\033[2J\n\177", "?[2J??" },
		{ "gr\303\274n \342\227\217", "gr\303\274n \342\227\217" },
		{ "\302\233x", "??x" }, /* CSI in one character */
		{ "\377", "\357\277\275" },
	};

	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *printable = ctl_words_printable(cases[i].text);

		g_assert_cmpstr(printable, ==, cases[i].printable);
	}
}

int main(int argc, char **argv)
{
	g_setenv("TZ", "UTC", TRUE);
	setlocale(LC_ALL, "C");
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ctl-words/ago", test_ago);
	g_test_add_func("/ctl-words/ago-of-the-future", test_ago_of_the_future);
	g_test_add_func("/ctl-words/span", test_span);
	g_test_add_func("/ctl-words/dates", test_dates);
	g_test_add_func("/ctl-words/reasons", test_reasons);
	g_test_add_func("/ctl-words/faults", test_faults);
	g_test_add_func("/ctl-words/nearest", test_nearest);
	g_test_add_func("/ctl-words/printable", test_printable);
	return g_test_run();
}
