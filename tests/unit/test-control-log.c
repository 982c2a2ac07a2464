/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Every function that writes to the log, against what the catalog expects: each entry has an id,
 * words, a priority, and all the fields that its entry in the catalog speaks of. Without a journal:
 * a writer of our own keeps the last entry.
 */

#include <errno.h>
#include <string.h>

#include <arpa/inet.h>

#include "config/settings-builder.h"
#include "core/vrrp-journal.h"
#include "daemon/control-log.h"

#define KEY "s3cr3t-K"

static GHashTable *last;  /* field -> value of the last entry; NULL: none since begin() */
static GHashTable *texts; /* id -> its entry in the catalog */
static GHashTable *seen;  /* ids */

static GLogWriterOutput keep(GLogLevelFlags level, const GLogField *fields, gsize count,
			     gpointer userdata)
{
	g_clear_pointer(&last, g_hash_table_unref);
	last = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (gsize i = 0; i < count; i++) {
		g_assert_cmpint((int)fields[i].length, ==, -1);
		g_assert_nonnull(fields[i].value);
		g_assert_true(g_hash_table_insert(last, g_strdup(fields[i].key),
						  g_strdup(fields[i].value)));
	}
	return G_LOG_WRITER_HANDLED;
}

static const char *field(const char *name)
{
	return g_hash_table_lookup(last, name);
}

/* The last entry is of this kind, and the catalog finds what it speaks of. */
static void expect(const char *id, const char *priority)
{
	g_autoptr(GRegex) placeholder = g_regex_new("@([A-Z_]+)@", 0, 0, NULL);
	g_autoptr(GMatchInfo) match = NULL;
	const char *text = g_hash_table_lookup(texts, id);

	g_assert_nonnull(last);
	g_assert_cmpstr(field("MESSAGE_ID"), ==, id);
	g_assert_cmpstr(field("PRIORITY"), ==, priority);
	g_assert_cmpstr(field("SYSLOG_IDENTIFIER"), ==, "vrrpd");
	g_assert_cmpuint(strlen(field("MESSAGE")), >, 5);
	g_assert_nonnull(text);
	for (g_regex_match(placeholder, text, 0, &match); g_match_info_matches(match);
	     g_match_info_next(match, NULL)) {
		g_autofree char *name = g_match_info_fetch(match, 1);

		if (!field(name))
			g_test_fail_printf(
				"the catalog's entry %s speaks of %s, which is not there", id,
				name);
	}
	g_hash_table_add(seen, g_strdup(id));
}

static void expect_router(void)
{
	g_assert_cmpstr(field("VRRP_INSTANCE"), ==, "failover_test");
	g_assert_cmpstr(field("VRRP_INTERFACE"), ==, "eno1");
	g_assert_cmpstr(field("VRRP_VRID"), ==, "10");
	g_assert_cmpstr(field("VRRP_FAMILY"), ==, "ipv4");
}

/* Ends with NULL. */
static Settings *make_settings(const char *key, ...)
{
	g_autoptr(SettingsBuilder) builder = settings_builder_new("failover_test");
	g_autoptr(GError) error = NULL;
	Settings *settings;
	va_list arguments;

	settings_builder_set(builder, "Interface", "eno1", &error);
	settings_builder_set(builder, "VirtualRouterId", "10", &error);
	settings_builder_set(builder, "VirtualAddresses", "192.168.120.3/21", &error);
	va_start(arguments, key);
	for (; key; key = va_arg(arguments, const char *))
		settings_builder_set(builder, key, va_arg(arguments, const char *), &error);
	va_end(arguments);
	settings = settings_builder_finish(builder, NULL, &error);
	g_assert_no_error(error);
	return settings;
}

static ModelInstance model = { .name = (char *)"failover_test" };

static Note make_note(NoteType type)
{
	Note note = { .type = type, .vrid = 10, .address = { .family = VRRP_FAMILY_IPV4 } };

	inet_pton(AF_INET, "192.168.120.2", note.address.bytes);
	return note;
}

static void test_transition(void)
{
	Note note = make_note(NOTE_TRANSITION);

	note.transition.state = VRRP_STATE_MASTER;
	note.transition.old = VRRP_STATE_BACKUP;
	note.transition.reason = VRRP_REASON_NO_RESPONSE;
	control_log_transition(&model, &note);
	expect(JOURNAL_TRANSITION, "5");
	expect_router();
	g_assert_cmpstr(field("VRRP_STATE"), ==, "master");
	g_assert_cmpstr(field("VRRP_OLD_STATE"), ==, "backup");
	g_assert_cmpstr(field("VRRP_REASON"), ==, "no-response");
	g_assert_cmpstr(field("MESSAGE"), ==, "failover_test: backup -> master (no-response)");
	g_assert_null(field("VRRP_FAULTS"));

	note.transition.state = VRRP_STATE_INITIALIZE;
	note.status.faults = VRRP_FAULT_INTERFACE_DOWN;
	control_log_transition(&model, &note);
	g_assert_cmpstr(field("VRRP_FAULTS"), ==, "interface-down");
}

static void test_master(void)
{
	Note note = make_note(NOTE_REJECT);

	model.status.master_address = note.address;
	model.status.master_priority = 110;
	control_log_master(&model);
	expect(JOURNAL_MASTER, "6");
	expect_router();
	g_assert_cmpstr(field("VRRP_PEER"), ==, "192.168.120.2");
	g_assert_cmpstr(field("VRRP_PRIORITY"), ==, "110");
	g_assert_cmpstr(field("MESSAGE"), ==,
			"failover_test: The master is 192.168.120.2, priority 110.");
}

static void test_reject(void)
{
	Note note = make_note(NOTE_REJECT);

	note.reject = VRRP_REJECT_VRID;
	control_log_note(NULL, &note);
	expect(JOURNAL_PACKETS_REJECTED, "4");
	g_assert_null(field("VRRP_INSTANCE"));
	g_assert_cmpstr(field("VRRP_VRID"), ==, "10");
	g_assert_cmpstr(field("VRRP_PEER"), ==, "192.168.120.2");
	g_assert_cmpstr(field("VRRP_REJECT"), ==, "vrid");

	note.reject = VRRP_REJECT_CHECKSUM;
	control_log_note(&model, &note);
	expect(JOURNAL_PACKETS_REJECTED, "4");
	expect_router();
	g_assert_cmpstr(field("VRRP_REJECT"), ==, "checksum");
}

static void test_notes(void)
{
	static const struct {
		NoteType type;
		int error;
		const char *id, *priority, *words;
	} cases[] = {
		{ NOTE_CONFLICT, 0, JOURNAL_SECOND_MASTER, "4", "192.168.120.2" },
		{ NOTE_ADDRESS_LIST, 0, JOURNAL_ADDRESS_LIST, "4", "192.168.120.2" },
		{ NOTE_ADDRESS_ERROR, -ENODEV, JOURNAL_ADDRESS_ERROR, "4", "No such device" },
		{ NOTE_ADDRESS_LOST, 0, JOURNAL_ADDRESS_LOST, "4", "192.168.120.2 was deleted" },
		{ NOTE_ADDRESS_LOST, -ECANCELED, JOURNAL_ADDRESS_LOST, "4", "given up" },
		{ NOTE_ADDRESS_LOST, -EPERM, JOURNAL_ADDRESS_LOST, "4", "not permitted" },
		{ NOTE_FILTER_ERROR, -EOPNOTSUPP, JOURNAL_FILTER_ERROR, "4", "not supported" },
		{ NOTE_SEND_ERROR, -EPERM, JOURNAL_SEND_ERROR, "4", "Operation not permitted" },
		{ NOTE_OVERRUN, 0, JOURNAL_OVERRUN, "5", "Network changes" },
		{ NOTE_OVERRUN, 1, JOURNAL_OVERRUN, "5", "Packets" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		Note note = make_note(cases[i].type);

		note.error = cases[i].error;
		control_log_note(&model, &note);
		expect(cases[i].id, cases[i].priority);
		g_assert_nonnull(strstr(field("MESSAGE"), cases[i].words));
		if (note.type != NOTE_OVERRUN)
			expect_router();
	}
}

/* What belongs to an instance that is gone is not told. */
static void test_notes_of_nobody(void)
{
	Note note = make_note(NOTE_CONFLICT);

	control_log_note(NULL, &note);
	note.type = NOTE_ADDRESS_ERROR;
	control_log_note(NULL, &note);
	g_assert_null(last);
}

static void test_faults(void)
{
	model.status.faults = VRRP_FAULT_ADDRESS | VRRP_FAULT_PEER_TTL;
	control_log_faults(&model, model.status.faults);
	g_assert_null(last);
	control_log_faults(&model, VRRP_FAULT_ADDRESS);
	expect(JOURNAL_FAULTS, "4");
	expect_router();
	g_assert_cmpstr(field("VRRP_FAULTS"), ==, "address peer-ttl");
	g_assert_nonnull(strstr(field("MESSAGE"), "Takes part"));

	model.status.faults = VRRP_FAULT_INTERFACE_MISSING;
	control_log_faults(&model, 0);
	g_assert_nonnull(strstr(field("MESSAGE"), "Cannot take part: interface-missing"));

	model.status.faults = 0;
	control_log_faults(&model, VRRP_FAULT_INTERFACE_MISSING);
	expect(JOURNAL_RECOVERED, "5");
}

static void test_changes(void)
{
	g_autoptr(Settings) same = make_settings(NULL);
	g_autoptr(Settings) other = make_settings("Priority", "110", "Description", "shop", NULL);

	control_log_instance_changed(&model, model.settings, same);
	g_assert_null(last);
	control_log_instance_changed(&model, model.settings, other);
	expect(JOURNAL_INSTANCE_CHANGED, "5");
	expect_router();
	g_assert_cmpstr(field("VRRP_SETTINGS"), ==, "Description Priority");
	g_assert_cmpstr(field("MESSAGE"), ==,
			"failover_test: Settings changed: Description (nothing -> shop), Priority "
			"(100 -> 110).");
}

static void test_changed_secret(void)
{
	g_autoptr(Settings) before = make_settings("Version", "2", "AuthenticationType", "pass",
						   "AuthenticationKey", "other", NULL);
	g_autoptr(Settings) after = make_settings("Version", "2", "AuthenticationType", "pass",
						  "AuthenticationKey", KEY, NULL);

	control_log_instance_changed(&model, before, after);
	expect(JOURNAL_INSTANCE_CHANGED, "5");
	g_assert_cmpstr(field("VRRP_SETTINGS"), ==, "AuthenticationKey");
	g_assert_cmpstr(field("MESSAGE"), ==,
			"failover_test: Settings changed: AuthenticationKey.");
}

static void test_config_errors(void)
{
	g_autoptr(GPtrArray) errors = g_ptr_array_new();
	g_auto(GStrv) names = g_strsplit("a b", " ", -1);
	ConfigError error = { .file = (char *)"/etc/vrrpd/instances/lan.conf",
			      .line = 3,
			      .text = (char *)"Priority=0: valid is 1 to 255",
			      .name = (char *)"lan" };
	ConfigError warning = { .file = error.file, .text = (char *)"warning: readable by all" };
	ModelReloadResult result = {
		.added = names, .changed = names, .removed = names, .errors = errors
	};

	g_ptr_array_add(errors, &error);
	control_log_config_errors(errors);
	expect(JOURNAL_CONFIG_ERROR, "4");
	g_assert_cmpstr(field("CONFIG_FILE"), ==, error.file);
	g_assert_cmpstr(field("CONFIG_LINE"), ==, "3");
	g_assert_cmpstr(field("VRRP_INSTANCE"), ==, "lan");
	g_assert_cmpstr(field("MESSAGE"), ==,
			"/etc/vrrpd/instances/lan.conf:3: Priority=0: valid is 1 to 255");

	g_ptr_array_add(errors, &warning);
	control_log_config_errors(errors);
	g_assert_null(field("CONFIG_LINE"));
	control_log_reloaded(&result);
	expect(JOURNAL_RELOADED, "5");
	g_assert_cmpstr(field("MESSAGE"), ==,
			"Reloaded: 2 added, 2 changed, 2 removed, 1 errors, 1 warnings.");
}

static void test_instances(void)
{
	control_log_instance_added(&model);
	expect(JOURNAL_INSTANCE_ADDED, "5");
	expect_router();
	control_log_instance_removed(&model);
	expect(JOURNAL_INSTANCE_REMOVED, "5");
	control_log_change_undone(&model);
	expect(JOURNAL_CHANGE_UNDONE, "4");
	control_log_number_unsaved(&model, "No space left on device");
	expect(JOURNAL_NUMBER_UNSAVED, "4");
	control_log_not_started("failover_test", "not enough memory");
	expect(JOURNAL_NOT_STARTED, "4");
	g_assert_cmpstr(field("VRRP_INSTANCE"), ==, "failover_test");
}

/* Unicast without an interface. */
static void test_no_interface(void)
{
	Settings *former = model.settings;

	model.settings =
		make_settings("Interface", "", "UnicastPeers", "192.168.120.2", "UnicastMinTtl",
			      "255", "VirtualAddresses", "192.168.120.3/21 dev eno1", NULL);
	control_log_instance_removed(&model);
	expect(JOURNAL_INSTANCE_REMOVED, "5");
	g_assert_cmpstr(field("VRRP_INTERFACE"), ==, "any");
	settings_unref(model.settings);
	model.settings = former;
}

static void test_operators(void)
{
	ModelHolder *holder = model_holder_new("update of 100 %s", ":1.7");

	control_log_hold_begun(&model, holder);
	expect(JOURNAL_HOLD_BEGUN, "5");
	expect_router();
	g_assert_cmpstr(field("VRRP_HOLD"), ==, "update of 100 %s");
	g_assert_cmpstr(field("VRRP_SENDER"), ==, ":1.7");
	control_log_hold_ended(&model, holder);
	expect(JOURNAL_HOLD_ENDED, "5");
	g_assert_cmpstr(field("MESSAGE"), ==, "failover_test: No longer held: update of 100 %s.");
	g_ptr_array_add(model.holders, holder);
	control_log_hold_ended(&model, holder);
	g_assert_nonnull(strstr(field("MESSAGE"), "1 are left"));
	g_ptr_array_set_size(model.holders, 0);
	model_holder_free(holder);

	control_log_priority_set(&model, 50);
	expect(JOURNAL_PRIORITY_SET, "5");
	g_assert_cmpstr(field("VRRP_PRIORITY"), ==, "50");
	control_log_priority_set(&model, 0);
	g_assert_nonnull(strstr(field("MESSAGE"), "100"));
}

static void test_daemon(void)
{
	Control control = { .options.config_directory = "/etc/vrrpd" };

	control.model.instances = g_hash_table_new(g_str_hash, g_str_equal);
	control.model.real_time = TRUE;
	control_log_started(&control);
	expect(JOURNAL_STARTED, "5");
	g_assert_nonnull(strstr(field("MESSAGE"), "No instances are configured in /etc/vrrpd/"));
	control.model.real_time = FALSE;
	g_hash_table_add(control.model.instances, model.name);
	control_log_started(&control);
	expect(JOURNAL_NO_REAL_TIME, "6");
	g_hash_table_unref(control.model.instances);

	control_log_stopping();
	expect(JOURNAL_STOPPING, "5");
	control_log_stopped();
	expect(JOURNAL_STOPPED, "5");
	control_log_start_failed("Failed to open the sockets", -EPERM, "Give it a capability.");
	expect(JOURNAL_START_FAILED, "3");
	g_assert_cmpstr(field("MESSAGE"), ==,
			"Failed to open the sockets: Operation not permitted. Give it a "
			"capability.");
	control_log_engine_failed(-EIO);
	expect(JOURNAL_ENGINE_FAILED, "3");
	control_log_notes_lost(3);
	expect(JOURNAL_NOTES_LOST, "4");
}

/* Comes last: no entry of the catalog was left out, but those of the bus, which logs itself. */
static void test_all_were_seen(void)
{
	static const char *const of_the_bus[] = { JOURNAL_CALLED,      JOURNAL_BUS_ABSENT,
						  JOURNAL_BUS_PRESENT, JOURNAL_NAME_MISSED,
						  JOURNAL_NAME_OWNED,  NULL };
	GHashTableIter iter;
	gpointer id;

	g_hash_table_iter_init(&iter, texts);
	while (g_hash_table_iter_next(&iter, &id, NULL))
		if (!g_hash_table_contains(seen, id) && !g_strv_contains(of_the_bus, id))
			g_test_fail_printf("no test made the entry %s", (const char *)id);
}

/* Each test begins without a last entry. */
static void run_alone(gconstpointer test)
{
	g_clear_pointer(&last, g_hash_table_unref);
	(*(void (*const *)(void))test)();
}

static void read_catalog(void)
{
	g_autofree char *text = NULL;
	g_autoptr(GError) error = NULL;
	g_auto(GStrv) blocks = NULL;

	g_file_get_contents(CATALOG, &text, NULL, &error);
	g_assert_no_error(error);
	blocks = g_strsplit(text, "\n-- ", -1);
	texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	for (char **block = blocks + 1; *block; block++)
		g_hash_table_insert(texts, g_strndup(*block, 32), g_strdup(*block + 32));
	g_assert_cmpuint(g_hash_table_size(texts), >, 20);
}

static const struct {
	const char *path;
	void (*function)(void);
} tests[] = {
	{ "/control-log/transition", test_transition },
	{ "/control-log/master", test_master },
	{ "/control-log/reject", test_reject },
	{ "/control-log/notes", test_notes },
	{ "/control-log/notes-of-nobody", test_notes_of_nobody },
	{ "/control-log/faults", test_faults },
	{ "/control-log/changes", test_changes },
	{ "/control-log/changed-secret", test_changed_secret },
	{ "/control-log/config-errors", test_config_errors },
	{ "/control-log/instances", test_instances },
	{ "/control-log/no-interface", test_no_interface },
	{ "/control-log/operators", test_operators },
	{ "/control-log/daemon", test_daemon },
	{ "/control-log/all-were-seen", test_all_were_seen },
};

int main(int argc, char **argv)
{
	int status;

	g_test_init(&argc, &argv, NULL);
	read_catalog();
	seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	model.settings = make_settings(NULL);
	model.holders = g_ptr_array_new();
	g_log_set_writer_func(keep, NULL, NULL);
	for (gsize i = 0; i < G_N_ELEMENTS(tests); i++)
		g_test_add_data_func(tests[i].path, &tests[i].function, run_alone);
	status = g_test_run();
	settings_unref(model.settings);
	g_ptr_array_unref(model.holders);
	g_hash_table_unref(texts);
	g_hash_table_unref(seen);
	g_clear_pointer(&last, g_hash_table_unref);
	return status;
}
