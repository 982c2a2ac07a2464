/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Who did that? Every call that was authorized leaves a line in the journal with the user and the
 * process that made it, the ones that change nothing in the settings too: at three in the morning
 * the address is where it is because somebody wanted it so. The name on the bus alone says nothing
 * once its owner has left, so the bus is asked for the rest while the caller still waits for its
 * reply. Nothing here decides anything, and nothing waits for it.
 */

#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "bus-audit.h"
#include "bus-names.h"
#include "core/vrrp-journal.h"

typedef struct Call {
	char *method;
	char *instance; /* NULL: about none, or about one that is not there yet */
	char *sender;
} Call;

static void call_free(void *userdata)
{
	Call *call = userdata;

	g_free(call->method);
	free(call->instance); /* of libsystemd */
	g_free(call->sender);
	g_free(call);
}

static void add(GLogField *fields, gsize *count, const char *field, const char *value)
{
	if (value)
		fields[(*count)++] = (GLogField){ .key = field, .value = value, .length = -1 };
}

static void tell(const Call *call, const char *user, const char *process)
{
	g_autofree char *message = g_strdup_printf("%s was called by user %s, process %s (%s).",
						   call->method, user ? user : "unknown",
						   process ? process : "unknown", call->sender);
	GLogField fields[10];
	gsize count = 0;

	add(fields, &count, "MESSAGE_ID", JOURNAL_CALLED);
	add(fields, &count, "PRIORITY", "5");
	add(fields, &count, "SYSLOG_IDENTIFIER", "vrrpd");
	add(fields, &count, "GLIB_DOMAIN", G_LOG_DOMAIN);
	add(fields, &count, "MESSAGE", message);
	add(fields, &count, JOURNAL_FIELD_METHOD, call->method);
	add(fields, &count, JOURNAL_FIELD_INSTANCE, call->instance);
	add(fields, &count, JOURNAL_FIELD_SENDER, call->sender);
	add(fields, &count, JOURNAL_FIELD_SENDER_UID, user);
	add(fields, &count, JOURNAL_FIELD_SENDER_PID, process);
	g_log_structured_array(G_LOG_LEVEL_MESSAGE, fields, count);
}

/* One entry of a{sv}; others than the two are passed over. */
static int read_credential(sd_bus_message *reply, char **ret_user, char **ret_process)
{
	const char *name;
	char **target;
	guint32 number;
	int r;

	r = sd_bus_message_read_basic(reply, 's', &name);
	if (r < 0)
		return r;
	target = strcmp(name, "UnixUserID") == 0  ? ret_user
		 : strcmp(name, "ProcessID") == 0 ? ret_process
						  : NULL;
	if (!target || *target)
		return sd_bus_message_skip(reply, "v");
	r = sd_bus_message_read(reply, "v", "u", &number);
	if (r >= 0)
		*target = g_strdup_printf("%u", number);
	return r;
}

static int on_credentials(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	g_autofree char *user = NULL, *process = NULL;
	int r = -1;

	/* Where the sender has left meanwhile, its name is all that is known. */
	if (!sd_bus_message_is_method_error(reply, NULL))
		r = sd_bus_message_enter_container(reply, 'a', "{sv}");
	while (r >= 0 && (r = sd_bus_message_enter_container(reply, 'e', "sv")) > 0) {
		r = read_credential(reply, &user, &process);
		if (r >= 0)
			r = sd_bus_message_exit_container(reply);
	}
	tell(userdata, user, process);
	return 0;
}

static char *describe_method(sd_bus_message *request)
{
	const char *member = sd_bus_message_get_member(request);

	if (sd_bus_message_is_method_call(request, "org.freedesktop.DBus.Properties", "Set") > 0)
		return g_strdup_printf("Set of %s", sd_bus_message_get_path(request));
	return g_strdup(member);
}

void bus_audit(sd_bus_message *request)
{
	Call *call = g_new0(Call, 1);
	sd_bus_slot *slot = NULL;

	call->method = describe_method(request);
	call->sender = g_strdup(sd_bus_message_get_sender(request));
	(void)sd_bus_path_decode(sd_bus_message_get_path(request), BUS_PATH_INSTANCE,
				 &call->instance);
	if (sd_bus_call_method_async(sd_bus_message_get_bus(request), &slot, "org.freedesktop.DBus",
				     "/org/freedesktop/DBus", "org.freedesktop.DBus",
				     "GetConnectionCredentials", on_credentials, call, "s",
				     call->sender) < 0) {
		tell(call, NULL, NULL);
		call_free(call);
		return;
	}
	/* It belongs to the connection, and goes with it. */
	sd_bus_slot_set_destroy_callback(slot, call_free);
	sd_bus_slot_set_floating(slot, 1);
	sd_bus_slot_unref(slot);
}
