/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Imports keepalived.conf files and compares with what stands beside them: tests/data/import/X.conf
 * must give X.expected, which holds the key file of every instance, then every message. After a
 * wanted change, VRRPD_UPDATE_EXPECTED=1 writes the expected files anew; read the difference before
 * it is committed.
 */

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>

#include "config/config-file.h"
#include "config/keepalived-import.h"
#include "config/settings-builder.h"

#define FOLDER TEST_DATA_DIR "/import"
#define SEED   TEST_DATA_DIR "/seed"

static char *describe(const GPtrArray *instances, const GPtrArray *messages)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < instances->len; i++) {
		const KeepalivedInstance *instance = instances->pdata[i];
		g_autofree char *file = keepalived_instance_render(instance);

		g_string_append_printf(text, "==== %s.conf\n%s", instance->name, file);
	}
	g_string_append(text, "==== messages\n");
	for (guint i = 0; i < messages->len; i++) {
		const KeepalivedMessage *message = messages->pdata[i];
		g_autofree char *file = g_path_get_basename(message->file);

		g_assert_null(strchr(message->text, '\n'));
		g_string_append_printf(text, "%s:%u: %s: %s\n", file, message->line,
				       keepalived_severity_to_string(message->severity),
				       message->text);
	}
	return g_string_free(text, FALSE);
}

static char *describe_file(const char *path)
{
	g_autoptr(GPtrArray) messages = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) instances = keepalived_import(path, &messages, &error);
	g_autofree char *folder = g_path_get_dirname(path);

	if (instances)
		return describe(instances, messages);
	g_assert_true(g_str_has_prefix(error->message, folder));
	return g_strdup_printf("==== error\n%s\n", error->message + strlen(folder) + 1);
}

/* A rendered file is what the loader takes, and gives the settings that the importer gave. */
static void check_rendered(const KeepalivedInstance *instance)
{
	g_autofree char *text = keepalived_instance_render(instance);
	g_autoptr(GPtrArray) faults =
		g_ptr_array_new_with_free_func((GDestroyNotify)config_fault_free);
	g_autoptr(GPtrArray) entries = config_file_parse(text, strlen(text), faults);
	g_autoptr(SettingsBuilder) builder = settings_builder_new(instance->name);
	g_autoptr(Settings) settings = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_cmpuint(faults->len, ==, 0);
	g_assert_cmpuint(entries->len, ==, instance->pairs->len);
	for (guint i = 0; i < entries->len; i++) {
		const ConfigEntry *entry = entries->pdata[i];

		settings_builder_set(builder, entry->key, entry->value, &error);
		g_assert_no_error(error);
	}
	settings = settings_builder_finish(builder, NULL, &error);
	g_assert_no_error(error);
	g_assert_true(settings_equal(settings, instance->settings));
}

static void test_golden(gconstpointer data)
{
	g_autofree char *path = g_strconcat(FOLDER "/", data, ".conf", NULL);
	g_autofree char *expected_path = g_strconcat(FOLDER "/", data, ".expected", NULL);
	g_autofree char *expected = NULL;
	g_autofree char *found = describe_file(path);
	g_autoptr(GPtrArray) messages = NULL;
	g_autoptr(GPtrArray) instances = keepalived_import(path, &messages, NULL);
	g_autoptr(GError) error = NULL;

	for (guint i = 0; instances && i < instances->len; i++)
		check_rendered(instances->pdata[i]);
	if (g_getenv("VRRPD_UPDATE_EXPECTED")) {
		g_file_set_contents(expected_path, found, -1, &error);
		g_assert_no_error(error);
		return;
	}
	g_file_get_contents(expected_path, &expected, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(found, ==, expected);
}

/* One test for each file in the folder, so that a new one needs no line here. */
static void add_golden(void)
{
	g_autoptr(GDir) dir = g_dir_open(FOLDER, 0, NULL);
	const char *name;
	guint count = 0;

	g_assert_nonnull(dir);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = NULL;
		char *stem;

		if (!g_str_has_suffix(name, ".conf"))
			continue;
		stem = g_strndup(name, strlen(name) - strlen(".conf"));
		path = g_strconcat("/keepalived-import/golden/", stem, NULL);
		g_test_add_data_func_full(path, stem, test_golden, g_free);
		count++;
	}
	g_assert_cmpuint(count, >=, 5);
}

/* The two files that must work as they stand, field by field. */
static void check_seed(const char *path, guint8 priority, const char *peer, guint message_count)
{
	g_autoptr(GPtrArray) messages = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) instances = keepalived_import(path, &messages, &error);
	const KeepalivedInstance *instance;
	const Settings *settings;
	g_autofree char *text = NULL, *expected = NULL;

	g_assert_no_error(error);
	g_assert_cmpuint(instances->len, ==, 1);
	instance = instances->pdata[0];
	check_rendered(instance);
	g_assert_cmpstr(instance->name, ==, "failover_test");
	g_assert_cmpstr(instance->original_name, ==, "failover_test");
	settings = instance->settings;
	g_assert_cmpstr(settings->interface, ==, "eno1");
	g_assert_cmpuint(settings->vrid, ==, 10);
	g_assert_cmpuint(settings->version, ==, 2);
	g_assert_cmpuint(settings->priority, ==, priority);
	g_assert_cmpuint(settings->interval_usec, ==, 4000000);
	g_assert_cmpint(settings->auth, ==, VRRP_AUTH_AH);
	g_assert_cmpmem(settings->key, 8, "1111\0\0\0\0", 8);
	g_assert_cmpuint(settings->peers->len, ==, 1);

	text = keepalived_instance_render(instance);
	expected = g_strdup_printf(
		"# vrrp_instance failover_test, from %s line 2\n\n"
		"[Instance]\n"
		"Interface=eno1\n"
		"VirtualRouterId=10\n"
		"Version=2\n"
		"Priority=%u\n"
		"AdvertisementInterval=4s\n"
		"VirtualAddresses=192.168.120.3/21 brd 192.168.127.255 dev eno1 label eno1:vip\n"
		"UnicastPeers=%s\n"
		"AuthenticationType=ah\n"
		"AuthenticationKey=1111\n",
		strrchr(path, '/') + 1, priority, peer);
	g_assert_cmpstr(text, ==, expected);
	g_assert_cmpuint(messages->len, ==, message_count);
	for (guint i = 0; i < messages->len; i++)
		g_assert_cmpint(((const KeepalivedMessage *)messages->pdata[i])->severity, ==,
				KEEPALIVED_NOTE);
}

static void test_seed(void)
{
	check_seed(SEED "/node1.conf", 110, "192.168.120.2", 1); /* state MASTER */
	check_seed(SEED "/node2.conf", 100, "192.168.120.1", 0);
}

static void test_unreadable(void)
{
	g_autoptr(GPtrArray) messages = NULL;
	g_autoptr(GError) error = NULL;

	g_assert_null(keepalived_import("/does/not/exist.conf", &messages, &error));
	g_assert_null(messages);
	g_assert_cmpstr(error->message, ==,
			"/does/not/exist.conf: cannot be read: No such file or directory");
}

/* Old files have comments in all encodings; words must be UTF-8. */
static void test_encoding(void)
{
	static const char comment[] = "! gr\xfcn\nvrrp_instance a { # \xfc\ninterface eth0\n"
				      "virtual_router_id 1\nvirtual_ipaddress { 192.0.2.1 }\n}\n";
	static const char word[] = "\nvrrp_instance gr\xfcn {\n}\n";
	static const char zero[] = "\n\na\0b\n";
	g_autoptr(GPtrArray) messages = NULL, instances = NULL;
	g_autoptr(GError) error = NULL;

	instances = keepalived_import_text("k", comment, sizeof comment - 1, &messages, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(instances->len, ==, 1);
	g_assert_cmpuint(messages->len, ==, 0);
	g_assert_null(keepalived_import_text("k", word, sizeof word - 1, &messages, &error));
	g_assert_cmpstr(error->message, ==, "k:2: is not text in UTF-8");
	g_clear_error(&error);
	g_assert_null(keepalived_import_text("k", zero, sizeof zero - 1, &messages, &error));
	g_assert_cmpstr(error->message, ==, "k:3: is not text");
}

#define SECRET "hunter22"

/* Wherever the key slips to, it does not get into a message. */
static void test_secret(void)
{
	static const char *const blocks[] = {
		"auth_type AH\nauth_pass " SECRET "longer\n",
		"auth_type " SECRET "\nauth_pass x\n",
		"auth_type AH auth_pass " SECRET "\n",
		"auth_pass: " SECRET "\n",
		SECRET "\n",
		"auth_type PASS\n" SECRET " auth_pass\n",
		"auth_type AH\nauth_pass \"" SECRET "\n",
		"auth_type AH\nauth_pass " SECRET "\n}\n}\n",
		"auth_type AH\nauth_pass { " SECRET " }\n",
		"auth_type AH\nauth_pass hunter2\xc3\xa4\n",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(blocks); i++) {
		g_autofree char *text = g_strdup_printf(
			"vrrp_instance A {\ninterface eth0\nvirtual_router_id 1\n"
			"virtual_ipaddress { 192.0.2.1 }\nauthentication {\n%s}\n}\n",
			blocks[i]);
		g_autoptr(GPtrArray) messages = NULL;
		g_autoptr(GError) error = NULL;
		g_autoptr(GPtrArray) instances =
			keepalived_import_text("k.conf", text, strlen(text), &messages, &error);

		g_assert_true(instances ? messages->len > 0 : error != NULL);
		if (error)
			g_assert_null(strstr(error->message, "hunter"));
		for (guint j = 0; messages && j < messages->len; j++)
			g_assert_null(strstr(((const KeepalivedMessage *)messages->pdata[j])->text,
					     "hunter"));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_golden();
	g_test_add_func("/keepalived-import/seed", test_seed);
	g_test_add_func("/keepalived-import/unreadable", test_unreadable);
	g_test_add_func("/keepalived-import/encoding", test_encoding);
	g_test_add_func("/keepalived-import/secret", test_secret);
	return g_test_run();
}
