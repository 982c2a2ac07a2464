/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The list of the other routers that were heard.
 */

#include <glib.h>

#include "engine/engine-foreign.h"

static VrrpAddress address(guint8 last)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { 192, 0, 2, last } };
}

static void heard(EngineForeign *foreign, guint8 last, guint8 priority, guint64 second)
{
	VrrpAddress source = address(last);

	engine_foreign_heard(foreign, &source, priority,
			     (VrrpTime){ second * VRRP_NSEC_PER_SECOND });
}

static void expire(EngineForeign *foreign, guint64 second)
{
	engine_foreign_expire(foreign, 3 * VRRP_NSEC_PER_SECOND,
			      (VrrpTime){ second * VRRP_NSEC_PER_SECOND });
}

static void expect(const EngineForeign *foreign, const char *wanted)
{
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0; i < foreign->count; i++)
		g_string_append_printf(text, " %u", foreign->addresses[i].bytes[3]);
	g_assert_cmpstr(text->str, ==, wanted);
}

static void test_comes_and_goes(void)
{
	EngineForeign foreign = { 0 };

	heard(&foreign, 9, 0, 10); /* who says goodbye first was never here */
	expect(&foreign, "");
	heard(&foreign, 2, 100, 10);
	heard(&foreign, 1, 100, 11);
	heard(&foreign, 2, 100, 12);
	expect(&foreign, " 2 1");
	expire(&foreign, 13);
	expect(&foreign, " 2 1");
	expire(&foreign, 14);
	expect(&foreign, " 2");
	heard(&foreign, 2, 0, 14);
	expect(&foreign, "");
}

static void test_full(void)
{
	EngineForeign foreign = { 0 };

	for (guint8 i = 1; i <= INSTANCE_FOREIGN_MAX; i++)
		heard(&foreign, i, 100, 10u + i);
	heard(&foreign, 1, 100, 30);
	heard(&foreign, 99, 100, 31); /* in the place of 2, silent for longest */
	expect(&foreign, " 1 3 4 5 6 7 8 99");
	expire(&foreign, 1000);
	expect(&foreign, "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/engine-foreign/comes-and-goes", test_comes_and_goes);
	g_test_add_func("/engine-foreign/full", test_full);
	return g_test_run();
}
