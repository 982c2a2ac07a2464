/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * How a program changes instance files: the text that comes of it, which of several directories is
 * written, and what is refused because a reload would not take it.
 */

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config-load.h"
#include "config/config-store.h"
#include "config/settings-builder.h"

/* --- Text ------------------------------------------------------------------------------------ */

static void expect_edit(const char *text, const ConfigChange *changes, gsize count,
			const char *wanted)
{
	g_autofree char *result = config_edit(text, changes, count);

	g_assert_cmpstr(result, ==, wanted);
}

static void test_edit(void)
{
	const ConfigChange changes[] = { { "Priority", "120" },
					 { "Preempt", "" },
					 { "Description", " a\\b\n" } };

	expect_edit(
		"# mine\n[Instance]\n  Priority = 100   \n# why\nPreempt=no\nVersion=2\n\n# end",
		changes, 3,
		"# mine\n[Instance]\nPriority=120\n# why\nVersion=2\n"
		"Description=\\sa\\\\b\\n\n\n# end\n");
	expect_edit("", changes, 1, "[Instance]\nPriority=120\n");
	expect_edit("#x\n[Instance]\n#y\n", changes, 1, "#x\n[Instance]\nPriority=120\n#y\n");
	expect_edit("[Instance]\nPreempt=no\n", changes + 1, 1, "[Instance]\n");
	/* The last key goes, a new one comes. */
	expect_edit("[Instance]\nPreempt=no\n", changes, 2, "[Instance]\nPriority=120\n");
	expect_edit("[Instance]\nVersion=2\n", changes, 0, "[Instance]\nVersion=2\n");
}

/* --- Files ----------------------------------------------------------------------------------- */

typedef struct Fixture {
	char *root;
	const char *directories[4]; /* lib, run, etc */
} Fixture;

static char *path_of(const Fixture *fixture, const char *name)
{
	return g_build_filename(fixture->root, name, NULL);
}

static void put(const Fixture *fixture, const char *name, const char *text)
{
	g_autofree char *path = path_of(fixture, name);
	g_autofree char *directory = g_path_get_dirname(path);

	g_assert_cmpint(g_mkdir_with_parents(directory, 0755), ==, 0);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void expect_file(const Fixture *fixture, const char *name, const char *wanted)
{
	g_autofree char *path = path_of(fixture, name);
	g_autofree char *text = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	g_assert_cmpstr(text, ==, wanted);
}

static void setup(Fixture *fixture, gconstpointer data)
{
	static const char *const names[] = { "lib", "run", "etc" };

	fixture->root = g_dir_make_tmp("vrrpd-store-XXXXXX", NULL);
	g_assert_nonnull(fixture->root);
	for (guint i = 0; i < 3; i++) {
		g_autofree char *path =
			g_build_filename(fixture->root, names[i], "instances", NULL);

		g_assert_cmpint(g_mkdir_with_parents(path, 0755), ==, 0);
		fixture->directories[i] = g_build_filename(fixture->root, names[i], NULL);
	}
}

static void remove_tree(const char *path)
{
	g_autoptr(GDir) dir =
		g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *child = g_build_filename(path, name, NULL);

		remove_tree(child);
	}
	g_assert_cmpint(g_remove(path), ==, 0);
}

static void teardown(Fixture *fixture, gconstpointer data)
{
	remove_tree(fixture->root);
	for (guint i = 0; i < 3; i++)
		g_free((char *)fixture->directories[i]);
	g_free(fixture->root);
}

#define MINIMUM "Interface=eth0\nVirtualRouterId=7\nVirtualAddresses=192.0.2.1/24\n"

static Settings *settings_new(const char *priority, const char *key)
{
	g_autoptr(SettingsBuilder) builder = settings_builder_new("a");
	g_autoptr(GError) error = NULL;
	Settings *settings;

	settings_builder_set(builder, "Interface", "eth0", &error);
	settings_builder_set(builder, "VirtualRouterId", "7", &error);
	settings_builder_set(builder, "VirtualAddresses", "192.0.2.1/24", &error);
	settings_builder_set(builder, "Priority", priority, &error);
	if (key) {
		settings_builder_set(builder, "Version", "2", &error);
		settings_builder_set(builder, "AuthenticationType", "ah", &error);
		settings_builder_set(builder, "AuthenticationKey", key, &error);
	}
	settings = settings_builder_finish(builder, NULL, &error);
	g_assert_no_error(error);
	return settings;
}

static void write_priority(const Fixture *fixture, const char *priority, const char *key,
			   int wanted)
{
	const ConfigChange change = { "Priority", priority };
	g_autoptr(Settings) whole = settings_new(priority, key);
	g_autoptr(GError) error = NULL;
	g_autofree char *path =
		config_store_write(fixture->directories, "a", &change, 1, whole, &error);
	g_autofree char *etc = path_of(fixture, "etc/instances/a.conf");

	if (wanted >= 0) {
		g_assert_error(error, CONFIG_STORE_ERROR, wanted);
		g_assert_null(path);
	} else {
		g_assert_no_error(error);
		g_assert_cmpstr(path, ==, etc);
	}
}

static void test_new_file(Fixture *fixture, gconstpointer data)
{
	struct stat status;
	g_autofree char *path = path_of(fixture, "etc/instances/a.conf");

	write_priority(fixture, "120", "s3cret", -1);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpint(status.st_mode & 07777, ==, 0640);
	{
		g_autoptr(ConfigSet) set = config_load(fixture->directories);
		g_autoptr(Settings) wanted = settings_new("120", "s3cret");
		const ConfigSource *source = g_hash_table_lookup(set->sources, "a");

		g_assert_cmpuint(set->errors->len, ==, 0);
		g_assert_true(settings_equal(source->settings, wanted));
	}
}

static void test_keeps_the_rest(Fixture *fixture, gconstpointer data)
{
	put(fixture, "etc/instances/a.conf", "[Instance]\n# mine\n" MINIMUM "Priority=100\n");
	write_priority(fixture, "120", NULL, -1);
	expect_file(fixture, "etc/instances/a.conf",
		    "[Instance]\n# mine\n" MINIMUM "Priority=120\n");
}

/* A file below is copied, not touched. */
static void test_lower_directory(Fixture *fixture, gconstpointer data)
{
	put(fixture, "lib/instances/a.conf", "[Instance]\n#lib\n" MINIMUM);
	write_priority(fixture, "120", NULL, -1);
	expect_file(fixture, "lib/instances/a.conf", "[Instance]\n#lib\n" MINIMUM);
	expect_file(fixture, "etc/instances/a.conf", "[Instance]\n#lib\n" MINIMUM "Priority=120\n");
}

static void test_drop_in_wins(Fixture *fixture, gconstpointer data)
{
	const char *text = "[Instance]\n" MINIMUM;

	put(fixture, "etc/instances/a.conf", text);
	put(fixture, "run/instances/a.conf.d/x.conf", "[Instance]\nPriority=50\n");
	write_priority(fixture, "120", NULL, CONFIG_STORE_ERROR_CONFLICT);
	expect_file(fixture, "etc/instances/a.conf", text);
}

static void test_broken_file(Fixture *fixture, gconstpointer data)
{
	const char *syntax = "[Instance]\nnonsense\n", *value = "[Instance]\nVersion=9\n" MINIMUM;

	put(fixture, "etc/instances/a.conf", syntax);
	write_priority(fixture, "120", NULL, CONFIG_STORE_ERROR_CONFLICT);
	expect_file(fixture, "etc/instances/a.conf", syntax);
	put(fixture, "etc/instances/a.conf", value);
	write_priority(fixture, "120", NULL, CONFIG_STORE_ERROR_CONFLICT);
	expect_file(fixture, "etc/instances/a.conf", value);
}

static void test_no_directory(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, "etc/instances");

	g_assert_cmpint(g_rmdir(path), ==, 0);
	write_priority(fixture, "120", NULL, CONFIG_STORE_ERROR_FAILED);
}

static void expect_removed(const Fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(ConfigSet) set = NULL;
	g_autofree char *found = NULL;

	g_assert_true(config_store_remove(fixture->directories, "a", &error));
	g_assert_no_error(error);
	set = config_load(fixture->directories);
	g_assert_cmpuint(g_hash_table_size(set->sources), ==, 0);
	g_assert_cmpuint(set->errors->len, ==, 0);
	found = config_store_find(fixture->directories, "a");
	g_assert_null(found);
}

static void test_remove(Fixture *fixture, gconstpointer data)
{
	g_autofree char *path = path_of(fixture, "etc/instances/a.conf");

	put(fixture, "etc/instances/a.conf", "[Instance]\n" MINIMUM);
	put(fixture, "etc/instances/a.conf.d/x.conf", "[Instance]\nPriority=50\n");
	expect_removed(fixture);
	g_assert_false(g_file_test(path, G_FILE_TEST_EXISTS));
	expect_removed(fixture); /* twice is once */
}

static void test_remove_lower(Fixture *fixture, gconstpointer data)
{
	put(fixture, "lib/instances/a.conf", "[Instance]\n" MINIMUM);
	put(fixture, "etc/instances/a.conf", "[Instance]\n" MINIMUM);
	expect_removed(fixture);
	expect_file(fixture, "lib/instances/a.conf", "[Instance]\n" MINIMUM);
	/* What was hidden can be written again. */
	write_priority(fixture, "120", NULL, -1);
	expect_file(fixture, "etc/instances/a.conf",
		    "[Instance]\nInterface=eth0\nVirtualRouterId=7\nPriority=120\n"
		    "VirtualAddresses=192.0.2.1/24\n");
}

#define ADD(name, function) \
	g_test_add("/config-store/" name, Fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/config-store/edit", test_edit);
	ADD("new-file", test_new_file);
	ADD("keeps-the-rest", test_keeps_the_rest);
	ADD("lower-directory", test_lower_directory);
	ADD("drop-in-wins", test_drop_in_wins);
	ADD("broken-file", test_broken_file);
	ADD("no-directory", test_no_directory);
	ADD("remove", test_remove);
	ADD("remove-lower", test_remove_lower);
	return g_test_run();
}
