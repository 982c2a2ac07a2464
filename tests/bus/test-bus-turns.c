/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Long answers in a main loop that is never at rest: they come last, but they come. And those that
 * are longer than the bus allows.
 */

#include <string.h>

#include "fixture.h"

#define BELOW_USEC (200 * 1000)
#define SOON_USEC  (20 * G_USEC_PER_SEC)

/* Something of the priority of everything that is read from the bus, again and again. */
static gboolean be_busy(gpointer userdata)
{
	guint *turns = userdata;

	++*turns;
	return G_SOURCE_CONTINUE;
}

static const struct {
	const char *interface, *method;
	gboolean grows; /* with the settings */
} calls[] = {
	{ BUS_INTERFACE_MANAGER, "ListInstances", FALSE },
	{ BUS_INTERFACE_MANAGER, "GetStatistics", FALSE },
	{ BUS_INTERFACE_MANAGER, "Describe", TRUE },
	{ "org.freedesktop.DBus.ObjectManager", "GetManagedObjects", TRUE },
};

static gint64 time_of(Fixture *fixture, const char *interface, const char *method)
{
	gint64 start = g_get_monotonic_time();
	g_autofree char *text = fixture_call(fixture, BUS_PATH, interface, method, NULL);

	g_assert_false(g_str_has_prefix(text, "ERROR"));
	g_assert_nonnull(strstr(text, "lan"));
	return g_get_monotonic_time() - start;
}

static void test_busy_loop(void)
{
	Fixture *fixture = fixture_new_with_name();
	guint busy, turns = 0;

	fixture_add_instance(fixture, "lan", 10);
	busy = g_idle_add_full(G_PRIORITY_DEFAULT, be_busy, &turns, NULL);
	for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
		gint64 took = time_of(fixture, calls[i].interface, calls[i].method);

		g_assert_cmpint(took, >=, BELOW_USEC);
		g_assert_cmpint(took, <, SOON_USEC);
	}
	g_assert_cmpuint(turns, >, 1000);
	g_source_remove(busy);
	fixture_free(fixture);
}

/* The bus would drop the daemon for a message above 32 MiB. */
static void test_too_long(void)
{
	Fixture *fixture = fixture_new_with_name();
	ModelInstance *instances[4];

	for (guint i = 0; i < G_N_ELEMENTS(instances); i++) {
		g_autofree char *name = g_strdup_printf("lan%u", i);

		instances[i] = fixture_add_instance(fixture, name, (guint8)(10 + i));
		g_free(instances[i]->settings->description);
		/* Nobody is told, so that no signal is that long. */
		instances[i]->settings->description = g_strnfill(9 << 20, 'x');
	}
	for (guint i = 0; i < G_N_ELEMENTS(calls); i++) {
		g_autofree char *text =
			fixture_call(fixture, BUS_PATH, calls[i].interface, calls[i].method, NULL);

		if (calls[i].grows)
			g_assert_cmpstr(text, ==,
					"ERROR org.freedesktop.DBus.Error.LimitsExceeded");
		else
			g_assert_nonnull(strstr(text, "lan3"));
	}
	/* It is still there, and says what fits. */
	g_free(instances[0]->settings->description);
	instances[0]->settings->description = g_strdup("short");
	time_of(fixture, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
	fixture_free(fixture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/bus/turns/busy-loop", test_busy_loop);
	g_test_add_func("/bus/turns/too-long", test_too_long);
	return g_test_run();
}
