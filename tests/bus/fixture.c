/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The fixture of the tests of the bus objects. The model is filled by hand, so that every
 * transition happens when the test says so. The client is GDBus, another implementation of the
 * protocol than the daemon's. Nothing here waits for a time to pass, only for conditions.
 */

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "config/settings-builder.h"
#include "fixture.h"

static const char bus_config[] =
	"<!DOCTYPE busconfig PUBLIC \"-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN\"\n"
	" \"http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd\">\n"
	"<busconfig><type>system</type><listen>unix:path=%s</listen><auth>EXTERNAL</auth>\n"
	"<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>\n"
	"<allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy>\n"
	"<limit name=\"max_connections_per_user\">64</limit></busconfig>\n";

/* --- The main loop --------------------------------------------------------------------------- */

static gboolean do_nothing(gpointer userdata)
{
	return G_SOURCE_REMOVE;
}

void fixture_iterate(void)
{
	guint limit = g_timeout_add(5, do_nothing, NULL);

	g_main_context_iteration(NULL, TRUE);
	if (g_main_context_find_source_by_id(NULL, limit))
		g_source_remove(limit);
}

/* --- Calls ----------------------------------------------------------------------------------- */

static char *error_text; /* of the last error */

static void on_reply(GObject *connection, GAsyncResult *result, gpointer userdata)
{
	char **ret_text = userdata;
	g_autoptr(GError) error = NULL;
	g_autoptr(GVariant) reply =
		g_dbus_connection_call_finish(G_DBUS_CONNECTION(connection), result, &error);

	if (reply) {
		*ret_text = g_variant_print(reply, FALSE);
	} else {
		g_autofree char *name = g_dbus_error_get_remote_error(error);

		g_dbus_error_strip_remote_error(error);
		g_free(error_text);
		error_text = g_strdup(error->message);
		*ret_text = name ? g_strdup_printf("ERROR %s", name)
				 : g_strdup_printf("LOCAL ERROR %s", error->message);
	}
}

void fixture_call_async(GDBusConnection *client, const char *path, const char *interface,
			const char *method, GVariant *arguments, GDBusCallFlags flags,
			char **ret_text)
{
	g_dbus_connection_call(client, BUS_NAME, path, interface, method, arguments, NULL,
			       flags | G_DBUS_CALL_FLAGS_NO_AUTO_START, 30000, NULL, on_reply,
			       ret_text);
}

char *fixture_call(Fixture *fixture, const char *path, const char *interface, const char *method,
		   GVariant *arguments)
{
	char *text = NULL;

	fixture_call_async(fixture->client, path, interface, method, arguments,
			   G_DBUS_CALL_FLAGS_NONE, &text);
	fixture_wait(text);
	return text;
}

void fixture_settle(Fixture *fixture)
{
	/* The reply comes after every signal that was sent before it. Two of them: the first may be
	 * read in the very turn of the loop in which changes are announced, before they are. */
	for (guint i = 0; i < 2; i++) {
		g_autofree char *text =
			fixture_call(fixture, BUS_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL);

		g_assert_cmpstr(text, ==, "()");
	}
}

const char *fixture_error(void)
{
	return error_text;
}

const char *fixture_asked(Fixture *fixture)
{
	return fixture->asked->len ? g_ptr_array_index(fixture->asked, fixture->asked->len - 1)
				   : NULL;
}

void fixture_assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		g_error("'%s' is not in: %s", part, text);
}

void fixture_assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		g_error("'%s' is in: %s", part, text);
}

const char *fixture_signal_at(Fixture *fixture, int i)
{
	g_assert_cmpint(i, >=, 0);
	return g_ptr_array_index(fixture->signals, i);
}

int fixture_find_signal(Fixture *fixture, guint from, const char *prefix)
{
	for (guint i = from; i < fixture->signals->len; i++)
		if (g_str_has_prefix(g_ptr_array_index(fixture->signals, i), prefix))
			return (int)i;
	return -1;
}

static void on_signal(GDBusConnection *connection, const char *sender, const char *path,
		      const char *interface, const char *member, GVariant *arguments,
		      gpointer userdata)
{
	Fixture *fixture = userdata;
	g_autofree char *text = g_variant_print(arguments, FALSE);

	g_ptr_array_add(fixture->signals,
			g_strdup_printf("%s %s %s %s", member, path, interface, text));
}

/* --- polkit ---------------------------------------------------------------------------------- */

static const char polkit_xml[] =
	"<node><interface name='org.freedesktop.PolicyKit1.Authority'>"
	"<method name='CheckAuthorization'><arg direction='in' type='(sa{sv})'/>"
	"<arg direction='in' type='s'/><arg direction='in' type='a{ss}'/>"
	"<arg direction='in' type='u'/><arg direction='in' type='s'/>"
	"<arg direction='out' type='(bba{ss})'/></method>"
	"<method name='CancelCheckAuthorization'><arg direction='in' type='s'/></method>"
	"</interface></node>";

static void answer(Fixture *fixture, GDBusMethodInvocation *invocation)
{
	gboolean challenge =
		fixture->verdict == VERDICT_CHALLENGE || fixture->verdict == VERDICT_DISMISSED;
	GVariantBuilder details;

	g_variant_builder_init(&details, G_VARIANT_TYPE("a{ss}"));
	if (fixture->verdict == VERDICT_DISMISSED)
		g_variant_builder_add(&details, "{ss}", "polkit.dismissed", "true");
	g_dbus_method_invocation_return_value(
		invocation,
		g_variant_new("((bba{ss}))", fixture->verdict == VERDICT_YES, challenge, &details));
}

static void on_polkit_call(GDBusConnection *connection, const char *sender, const char *path,
			   const char *interface, const char *method, GVariant *arguments,
			   GDBusMethodInvocation *invocation, gpointer userdata)
{
	Fixture *fixture = userdata;

	if (g_str_equal(method, "CancelCheckAuthorization")) {
		fixture->cancelled++;
		g_object_unref(invocation);
		return;
	}
	g_ptr_array_add(fixture->questions, g_variant_print(arguments, FALSE));
	if (fixture->verdict == VERDICT_SILENCE ||
	    (fixture->silent_after > 0 && fixture->questions->len > fixture->silent_after))
		g_ptr_array_add(fixture->unanswered, invocation);
	else
		answer(fixture, invocation);
}

void fixture_answer(Fixture *fixture)
{
	for (guint i = 0; i < fixture->unanswered->len; i++)
		answer(fixture, g_object_ref(g_ptr_array_index(fixture->unanswered, i)));
	g_ptr_array_set_size(fixture->unanswered, 0);
}

static const GDBusInterfaceVTable polkit_vtable = { .method_call = on_polkit_call };

static GDBusConnection *connect_to_bus(Fixture *fixture)
{
	g_autofree char *address = g_strdup_printf("unix:path=%s", fixture->socket_path);
	GDBusConnection *connection = NULL;

	/* It may have bound its socket and not listen yet. */
	fixture_wait((connection = g_dbus_connection_new_for_address_sync(
			      address,
			      G_DBUS_CONNECTION_FLAGS_AUTHENTICATION_CLIENT |
				      G_DBUS_CONNECTION_FLAGS_MESSAGE_BUS_CONNECTION,
			      NULL, NULL, NULL)));
	g_dbus_connection_set_exit_on_close(connection, FALSE);
	return connection;
}

void fixture_start_polkit(Fixture *fixture)
{
	g_autoptr(GDBusNodeInfo) node = g_dbus_node_info_new_for_xml(polkit_xml, NULL);
	g_autoptr(GVariant) reply = NULL;

	fixture->polkit = connect_to_bus(fixture);
	g_dbus_connection_register_object(fixture->polkit, "/org/freedesktop/PolicyKit1/Authority",
					  node->interfaces[0], &polkit_vtable, fixture, NULL, NULL);
	/* The bus daemon answers, not ours: this may block. */
	reply = g_dbus_connection_call_sync(fixture->polkit, "org.freedesktop.DBus",
					    "/org/freedesktop/DBus", "org.freedesktop.DBus",
					    "RequestName",
					    g_variant_new("(su)", "org.freedesktop.PolicyKit1", 4),
					    NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL);
	g_assert_nonnull(reply);
}

void fixture_stop_polkit(Fixture *fixture)
{
	if (!fixture->polkit)
		return;
	g_ptr_array_set_size(fixture->unanswered, 0);
	g_dbus_connection_close_sync(fixture->polkit, NULL, NULL);
	g_clear_object(&fixture->polkit);
}

/* --- The bus --------------------------------------------------------------------------------- */

static void die_with_parent(gpointer userdata)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

void fixture_start_bus_daemon(Fixture *fixture)
{
	g_autofree char *path = g_build_filename(fixture->directory, "bus.conf", NULL);
	g_autofree char *text = g_strdup_printf(bus_config, fixture->socket_path);
	g_autofree char *option = g_strdup_printf("--config-file=%s", path);
	char *argv[] = { "dbus-daemon", option, "--nofork", "--nopidfile", "--nosyslog", NULL };
	g_autoptr(GError) error = NULL;

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_spawn_async(NULL, argv, NULL,
		      G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
		      die_with_parent, NULL, &fixture->daemon, &error);
	g_assert_no_error(error);
}

void fixture_kill_bus_daemon(Fixture *fixture)
{
	kill(fixture->daemon, SIGKILL);
	g_assert_cmpint(waitpid(fixture->daemon, NULL, 0), ==, fixture->daemon);
	fixture->daemon = 0;
	g_clear_object(&fixture->client);
	g_clear_object(&fixture->polkit);
	g_unlink(fixture->socket_path);
}

void fixture_connect_client(Fixture *fixture)
{
	g_clear_object(&fixture->client);
	fixture->client = connect_to_bus(fixture);
	g_dbus_connection_signal_subscribe(fixture->client, BUS_NAME, NULL, NULL, NULL, NULL,
					   G_DBUS_SIGNAL_FLAGS_NONE, on_signal, fixture, NULL);
}

/* --- The model ------------------------------------------------------------------------------- */

static void operation_failover(Model *model, ModelInstance *instance, guint64 hold_usec,
			       ModelDone done, void *userdata)
{
	Fixture *fixture = model->daemon;

	fixture->failovers++;
	fixture->failover_hold_usec = hold_usec;
	fixture->failover_done = done;
	fixture->failover_userdata = userdata;
}

static ModelReloadResult *operation_reload(Model *model, gboolean check_only)
{
	static const char *const added[] = { "new", NULL }, *const changed[] = { "other", NULL };
	Fixture *fixture = model->daemon;
	ModelReloadResult *result = g_new0(ModelReloadResult, 1);

	fixture->reloads++;
	fixture->reload_check_only = check_only;
	result->added = g_strdupv((GStrv)added);
	result->changed = g_strdupv((GStrv)changed);
	result->removed = g_new0(char *, 1);
	result->errors = g_ptr_array_ref(model->errors);
	return result;
}

static guint64 operation_reject_count(const Model *model, VrrpReject reject)
{
	return reject == VRRP_REJECT_VRID ? 7 : 0;
}

static VrrpAddress ipv4(guint8 last)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { 192, 0, 2, last } };
}

static Settings *make_settings(const char *name, guint8 vrid)
{
	g_autofree char *vrid_text = g_strdup_printf("%u", vrid);
	const char *const pairs[][2] = {
		{ "Description", "a \"test\"" },
		{ "Interface", "eth0" },
		{ "VirtualRouterId", vrid_text },
		{ "Version", "2" },
		{ "Priority", "110" },
		{ "AdvertisementInterval", "4s" },
		{ "VirtualAddresses", "192.0.2.3/24" },
		{ "UnicastPeers", "192.0.2.1;192.0.2.2" },
		{ "AuthenticationType", "ah" },
		{ "AuthenticationKey", FIXTURE_SECRET },
	};
	g_autoptr(SettingsBuilder) builder = settings_builder_new(name);
	g_autoptr(GError) error = NULL;
	Settings *settings;

	for (guint i = 0; i < G_N_ELEMENTS(pairs); i++) {
		settings_builder_set(builder, pairs[i][0], pairs[i][1], &error);
		g_assert_no_error(error);
	}
	settings = settings_builder_finish(builder, NULL, &error);
	g_assert_no_error(error);
	return settings;
}

ModelInstance *fixture_add_instance(Fixture *fixture, const char *name, guint8 vrid)
{
	ModelInstance *instance = g_new0(ModelInstance, 1);

	instance->name = g_strdup(name);
	instance->fragment_path = g_strdup_printf("/etc/vrrpd/instances/%s.conf", name);
	instance->settings = make_settings(name, vrid);
	instance->holders = g_ptr_array_new_with_free_func((GDestroyNotify)model_holder_free);
	instance->running = TRUE;
	instance->shared = g_new0(InstanceShared, 1);
	instance->status.state = VRRP_STATE_BACKUP;
	instance->status.last_reason = VRRP_REASON_STARTUP;
	instance->status.effective_priority = 110;
	instance->status.transitions = 1;
	instance->status.interface_index = 2;
	instance->status.source_address = ipv4(1);
	instance->status.master_down_nsec = 12570312500;
	g_hash_table_insert(fixture->model.instances, instance->name, instance);
	bus_instance_added(fixture->bus, instance);
	return instance;
}

static void instance_free(ModelInstance *instance)
{
	settings_unref(instance->settings);
	settings_unref(instance->next);
	g_free(instance->shared);
	g_ptr_array_unref(instance->holders);
	g_free(instance->fragment_path);
	g_free(instance->name);
	g_free(instance);
}

void fixture_remove_instance(Fixture *fixture, ModelInstance *instance)
{
	bus_instance_removed(fixture->bus, instance);
	g_hash_table_remove(fixture->model.instances, instance->name);
}

void fixture_transition(Fixture *fixture, ModelInstance *instance, VrrpState state,
			VrrpReason reason)
{
	VrrpState old = instance->status.state;

	instance->status.state = (guint8)state;
	instance->status.last_reason = (guint8)reason;
	instance->status.transitions++;
	bus_instance_transition(fixture->bus, instance, state, old, reason,
				instance->status.transitions);
}

/* --- The other operations: each writes down what it was asked --------------------------------- */

static gboolean ask(Fixture *fixture, GError **error, const char *format, ...) G_GNUC_PRINTF(3, 4);

static gboolean ask(Fixture *fixture, GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_ptr_array_add(fixture->asked, g_strdup_vprintf(format, arguments));
	va_end(arguments);
	if (fixture->refusal < 0)
		return TRUE;
	g_set_error(error, MODEL_ERROR, fixture->refusal, "refused: %d", fixture->refusal);
	return FALSE;
}

static char *print_values(const GPtrArray *values)
{
	GString *text = g_string_new(NULL);

	for (guint i = 0; i < values->len; i++) {
		const ModelValue *value = values->pdata[i];

		g_string_append_printf(text, " %s=%s", value->key->name, value->text);
	}
	return g_string_free(text, FALSE);
}

static gboolean operation_add(Model *model, const char *name, const GPtrArray *values, guint flags,
			      GError **error)
{
	g_autofree char *text = print_values(values);

	if (!ask(model->daemon, error, "add %s %u%s", name, flags, text))
		return FALSE;
	fixture_add_instance(model->daemon, name, 9);
	return TRUE;
}

static gboolean operation_update(Model *model, ModelInstance *instance, const GPtrArray *values,
				 guint flags, guint64 *ret_token, GError **error)
{
	Fixture *fixture = model->daemon;
	g_autofree char *text = print_values(values);

	if (!ask(fixture, error, "update %s %u%s", instance->name, flags, text))
		return FALSE;
	*ret_token = fixture->token;
	return TRUE;
}

static gboolean operation_confirm(Model *model, guint64 token, GError **error)
{
	return ask(model->daemon, error, "confirm %" G_GUINT64_FORMAT, token);
}

static gboolean operation_remove(Model *model, ModelInstance *instance, guint flags, GError **error)
{
	if (!ask(model->daemon, error, "remove %s %u", instance->name, flags))
		return FALSE;
	fixture_remove_instance(model->daemon, instance);
	return TRUE;
}

static gboolean operation_set_priority(Model *model, ModelInstance *instance, guint8 priority,
				       GError **error)
{
	return ask(model->daemon, error, "set-priority %s %u", instance->name, priority);
}

static gboolean operation_announce(Model *model, ModelInstance *instance, GError **error)
{
	return ask(model->daemon, error, "announce %s", instance->name);
}

static void operation_reset(Model *model, ModelInstance *instance)
{
	ask(model->daemon, NULL, "reset %s", instance->name);
	instance->counter_baseline[COUNTER_ADVERTS_SENT] =
		instance->shared->counters.counters[COUNTER_ADVERTS_SENT];
	instance->reject_baseline[VRRP_REJECT_TTL] =
		instance->shared->counters.rejects[VRRP_REJECT_TTL];
}

static void operation_hold(Model *model, ModelInstance *instance, const char *reason,
			   const char *sender, ModelHoldDone done, void *userdata)
{
	Fixture *fixture = model->daemon;

	ask(fixture, NULL, "hold %s %s %s", instance->name, reason, sender);
	fixture->hold_done = done;
	fixture->hold_userdata = userdata;
}

static const ModelOperations operations = {
	.add = operation_add,
	.update = operation_update,
	.confirm = operation_confirm,
	.remove = operation_remove,
	.set_priority = operation_set_priority,
	.announce = operation_announce,
	.reset_statistics = operation_reset,
	.hold = operation_hold,
	.failover = operation_failover,
	.reload = operation_reload,
	.reject_count = operation_reject_count,
};

/* --- Life ------------------------------------------------------------------------------------ */

Fixture *fixture_new(void)
{
	Fixture *fixture = g_new0(Fixture, 1);
	g_autofree char *address = NULL;

	fixture->directory = g_dir_make_tmp("vrrpd-bus-XXXXXX", NULL);
	fixture->socket_path = g_build_filename(fixture->directory, "bus", NULL);
	fixture->signals = g_ptr_array_new_with_free_func(g_free);
	fixture->questions = g_ptr_array_new_with_free_func(g_free);
	fixture->unanswered = g_ptr_array_new_with_free_func(g_object_unref);
	fixture->asked = g_ptr_array_new_with_free_func(g_free);
	fixture->refusal = -1;
	fixture->model.instances =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)instance_free);
	fixture->model.errors = g_ptr_array_new();
	fixture->model.operations = &operations;
	fixture->model.daemon = fixture;
	address = g_strdup_printf("unix:path=%s", fixture->socket_path);
	g_setenv("DBUS_SYSTEM_BUS_ADDRESS", address, TRUE);
	fixture_start_bus_daemon(fixture);
	fixture->bus = bus_new(&fixture->model);
	fixture_connect_client(fixture);
	return fixture;
}

void fixture_wait_for_name(Fixture *fixture)
{
	char *text = NULL;

	do {
		g_free(text);
		text = fixture_call(fixture, BUS_PATH, "org.freedesktop.DBus.Peer", "Ping", NULL);
	} while (!g_str_equal(text, "()"));
	g_free(text);
}

Fixture *fixture_new_with_name(void)
{
	Fixture *fixture = fixture_new();

	fixture_wait_for_name(fixture);
	return fixture;
}

void fixture_free(Fixture *fixture)
{
	g_autofree char *config = g_build_filename(fixture->directory, "bus.conf", NULL);

	fixture->bus = bus_free(fixture->bus, G_USEC_PER_SEC);
	fixture_stop_polkit(fixture);
	g_clear_object(&fixture->client);
	if (fixture->daemon != 0) {
		kill(fixture->daemon, SIGTERM);
		waitpid(fixture->daemon, NULL, 0);
	}
	while (g_main_context_iteration(NULL, FALSE))
		;
	g_unlink(fixture->socket_path);
	g_unlink(config);
	g_rmdir(fixture->directory);
	g_hash_table_unref(fixture->model.instances);
	g_ptr_array_unref(fixture->model.errors);
	g_ptr_array_unref(fixture->signals);
	g_ptr_array_unref(fixture->questions);
	g_ptr_array_unref(fixture->unanswered);
	g_ptr_array_unref(fixture->asked);
	g_clear_pointer(&error_text, g_free);
	g_free(fixture->socket_path);
	g_free(fixture->directory);
	g_free(fixture);
}
