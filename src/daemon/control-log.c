/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the log tells, in words and in fields. Every event has a MESSAGE_ID with an entry in the
 * catalog, and what belongs to an instance carries its name, interface, VRID and family, so that
 * `journalctl VRRP_INSTANCE=...` is the whole story of one router. The words are for whoever reads
 * them at three in the morning: what happened, why, and to whom. Never a secret, never more than
 * the engine's own limits let through.
 */

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <arpa/inet.h>
#include <net/if.h>

#include "control-log.h"
#include "core/vrrp-journal.h"

#define FIELDS_MAX 16

/* One entry while it is put together. Values stay where the caller has them until it is sent. */
typedef struct Entry {
	GLogLevelFlags level;
	gsize count;
	GLogField fields[FIELDS_MAX];
	const char *instance; /* what the words begin with; NULL: it is about none */
	char vrid[4];
} Entry;

static void add(Entry *entry, const char *field, const char *value)
{
	g_assert(entry->count < FIELDS_MAX);
	entry->fields[entry->count++] = (GLogField){ .key = field, .value = value, .length = -1 };
}

static const char *priority_of(GLogLevelFlags level)
{
	switch (level) {
	case G_LOG_LEVEL_CRITICAL:
		return "3";
	case G_LOG_LEVEL_WARNING:
		return "4";
	case G_LOG_LEVEL_MESSAGE:
		return "5";
	default:
		return "6";
	}
}

static void begin(Entry *entry, GLogLevelFlags level, const char *id)
{
	entry->level = level;
	entry->count = 0;
	entry->instance = NULL;
	add(entry, "MESSAGE_ID", id);
	add(entry, "PRIORITY", priority_of(level));
	add(entry, "SYSLOG_IDENTIFIER", "vrrpd"); /* as LogControl1 says */
	add(entry, "GLIB_DOMAIN", G_LOG_DOMAIN);
}

static void begin_instance(Entry *entry, GLogLevelFlags level, const char *id,
			   const ModelInstance *model)
{
	const Settings *settings = model->settings;

	begin(entry, level, id);
	g_snprintf(entry->vrid, sizeof entry->vrid, "%u", settings->vrid);
	entry->instance = model->name;
	add(entry, JOURNAL_FIELD_INSTANCE, model->name);
	/* journalctl takes an empty field for one that is not there. */
	add(entry, JOURNAL_FIELD_INTERFACE, *settings->interface ? settings->interface : "any");
	add(entry, JOURNAL_FIELD_VRID, entry->vrid);
	add(entry, JOURNAL_FIELD_FAMILY, vrrp_family_to_string(settings->family));
}

G_GNUC_PRINTF(2, 3)
static void tell(Entry *entry, const char *format, ...)
{
	g_autofree char *words = NULL, *message = NULL;
	va_list arguments;

	va_start(arguments, format);
	words = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	/* A field alone is not seen: most people read the words only. */
	message = entry->instance ? g_strdup_printf("%s: %s", entry->instance, words)
				  : g_steal_pointer(&words);
	add(entry, "MESSAGE", message);
	g_log_structured_array(entry->level, entry->fields, entry->count);
}

static const char *address_text(const VrrpAddress *address, char buffer[INET6_ADDRSTRLEN])
{
	int family = address->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET;

	if (address->family == VRRP_FAMILY_NONE ||
	    !inet_ntop(family, address->bytes, buffer, INET6_ADDRSTRLEN))
		return "unknown";
	return buffer;
}

static char *fault_words(guint32 faults)
{
	GString *words = g_string_new(NULL);

	for (guint32 bit = 1; bit != 0 && bit <= faults; bit <<= 1)
		if (faults & bit)
			g_string_append_printf(words, "%s%s", words->len > 0 ? " " : "",
					       vrrp_fault_to_string((VrrpFault)bit));
	return g_string_free(words, FALSE);
}

/* --- What the engine says -------------------------------------------------------------------- */

void control_log_transition(const ModelInstance *model, const Note *note)
{
	const char *state = vrrp_state_to_string(note->transition.state);
	const char *old = vrrp_state_to_string(note->transition.old);
	const char *reason = vrrp_reason_to_string(note->transition.reason);
	g_autofree char *faults = fault_words(note->status.faults);
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_TRANSITION, model);
	add(&entry, JOURNAL_FIELD_STATE, state);
	add(&entry, JOURNAL_FIELD_OLD_STATE, old);
	add(&entry, JOURNAL_FIELD_REASON, reason);
	if (*faults)
		add(&entry, JOURNAL_FIELD_FAULTS, faults);
	tell(&entry, "%s -> %s (%s)", old, state, reason);
}

void control_log_master(const ModelInstance *model)
{
	const InstanceStatus *status = &model->status;
	g_autofree char *priority = g_strdup_printf("%u", status->master_priority);
	char buffer[INET6_ADDRSTRLEN];
	const char *peer = address_text(&status->master_address, buffer);
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_INFO, JOURNAL_MASTER, model);
	add(&entry, JOURNAL_FIELD_PEER, peer);
	add(&entry, JOURNAL_FIELD_PRIORITY, priority);
	tell(&entry, "The master is %s, priority %s.", peer, priority);
}

static void log_reject(const ModelInstance *model, const Note *note)
{
	char buffer[INET6_ADDRSTRLEN], interface[IF_NAMESIZE] = "?";
	const char *peer = address_text(&note->address, buffer);
	const char *reject = vrrp_reject_to_string(note->reject);
	Entry entry;

	if_indextoname((unsigned)note->interface_index, interface);
	if (model) {
		begin_instance(&entry, G_LOG_LEVEL_WARNING, JOURNAL_PACKETS_REJECTED, model);
	} else {
		begin(&entry, G_LOG_LEVEL_WARNING, JOURNAL_PACKETS_REJECTED);
		g_snprintf(entry.vrid, sizeof entry.vrid, "%u", note->vrid);
		add(&entry, JOURNAL_FIELD_INTERFACE, interface);
		add(&entry, JOURNAL_FIELD_VRID, entry.vrid);
	}
	add(&entry, JOURNAL_FIELD_PEER, peer);
	add(&entry, JOURNAL_FIELD_REJECT, reject);
	tell(&entry, "Packets from %s on %s (VRID %u) are dropped: %s. Said at most once a minute.",
	     peer, interface, note->vrid, reject);
}

static void log_overrun(const Note *note)
{
	Entry entry;

	begin(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_OVERRUN);
	tell(&entry, "%s",
	     note->error == 0 ? "Network changes came faster than they could be read; "
				"everything is read anew."
			      : "Packets came faster than they could be read; some were lost.");
}

/* What a peer does that it should not. */
static void log_peer(const ModelInstance *model, const Note *note)
{
	char buffer[INET6_ADDRSTRLEN];
	const char *peer = address_text(&note->address, buffer);
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_WARNING,
		       note->type == NOTE_CONFLICT ? JOURNAL_SECOND_MASTER : JOURNAL_ADDRESS_LIST,
		       model);
	add(&entry, JOURNAL_FIELD_PEER, peer);
	if (note->type == NOTE_CONFLICT)
		tell(&entry,
		     "A second master was heard: %s. It has to yield; the addresses are "
		     "announced again.",
		     peer);
	else
		tell(&entry, "%s advertises other addresses than VirtualAddresses= here.", peer);
}

/* What the kernel refused. */
static void log_kernel(const ModelInstance *model, const Note *note)
{
	const char *why = g_strerror(-note->error);
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_WARNING,
		       note->type == NOTE_ADDRESS_ERROR  ? JOURNAL_ADDRESS_ERROR
		       : note->type == NOTE_FILTER_ERROR ? JOURNAL_FILTER_ERROR
							 : JOURNAL_SEND_ERROR,
		       model);
	if (note->type == NOTE_FILTER_ERROR)
		tell(&entry, "Traffic to the addresses cannot be refused (AcceptMode=no): %s.",
		     why);
	else if (note->type == NOTE_ADDRESS_ERROR)
		tell(&entry, "The kernel refused to change the addresses: %s.", why);
	else
		tell(&entry, "An advert could not be sent: %s.", why);
}

/* What somebody else deleted. */
static void log_lost(const ModelInstance *model, const Note *note)
{
	char buffer[INET6_ADDRSTRLEN];
	const char *address = address_text(&note->address, buffer);
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_WARNING, JOURNAL_ADDRESS_LOST, model);
	add(&entry, JOURNAL_FIELD_ADDRESS, address);
	if (note->error == 0)
		tell(&entry, "%s was deleted from outside; it is back.", address);
	else if (note->error == -ECANCELED)
		tell(&entry, "%s was deleted from outside too often; it is given up for a minute.",
		     address);
	else
		tell(&entry, "%s was deleted from outside and cannot be restored: %s.", address,
		     g_strerror(-note->error));
}

void control_log_note(const ModelInstance *model, const Note *note)
{
	switch (note->type) {
	case NOTE_TRANSITION:
		return;
	case NOTE_REJECT:
		log_reject(model, note);
		return;
	case NOTE_OVERRUN:
		log_overrun(note);
		return;
	case NOTE_CONFLICT:
	case NOTE_ADDRESS_LIST:
		if (model)
			log_peer(model, note);
		return;
	case NOTE_ADDRESS_LOST:
		if (model)
			log_lost(model, note);
		return;
	case NOTE_ADDRESS_ERROR:
	case NOTE_FILTER_ERROR:
	case NOTE_SEND_ERROR:
		if (model)
			log_kernel(model, note);
		return;
	}
}

void control_log_faults(const ModelInstance *model, guint32 before)
{
	guint32 faults = model->status.faults;
	g_autofree char *words = fault_words(faults);
	Entry entry;

	if (faults == before)
		return;
	begin_instance(&entry, faults ? G_LOG_LEVEL_WARNING : G_LOG_LEVEL_MESSAGE,
		       faults ? JOURNAL_FAULTS : JOURNAL_RECOVERED, model);
	add(&entry, JOURNAL_FIELD_FAULTS, words);
	if (!faults)
		tell(&entry, "No fault any more.");
	else if (faults & VRRP_FAULTS_BLOCKING)
		tell(&entry, "Cannot take part: %s.", words);
	else
		tell(&entry, "Takes part with a fault: %s.", words);
}

void control_log_notes_lost(guint64 count)
{
	Entry entry;

	begin(&entry, G_LOG_LEVEL_WARNING, JOURNAL_NOTES_LOST);
	tell(&entry, "%" G_GUINT64_FORMAT " notes of the engine were lost.", count);
}

void control_log_number_unsaved(const ModelInstance *model, const char *why)
{
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_WARNING, JOURNAL_NUMBER_UNSAVED, model);
	tell(&entry,
	     "The authentication number cannot be saved; after a restart peers may take our "
	     "adverts for replays until they are heard: %s",
	     why);
}

/* --- Settings -------------------------------------------------------------------------------- */

void control_log_config_errors(const GPtrArray *errors)
{
	for (guint i = 0; i < errors->len; i++) {
		const ConfigError *error = g_ptr_array_index(errors, i);
		g_autofree char *line = g_strdup_printf("%u", error->line);
		Entry entry;

		begin(&entry, G_LOG_LEVEL_WARNING, JOURNAL_CONFIG_ERROR);
		add(&entry, JOURNAL_FIELD_CONFIG_FILE, error->file);
		if (error->line > 0)
			add(&entry, JOURNAL_FIELD_CONFIG_LINE, line);
		if (error->name && *error->name)
			add(&entry, JOURNAL_FIELD_INSTANCE, error->name);
		tell(&entry, "%s%s%s: %s", error->file, error->line > 0 ? ":" : "",
		     error->line > 0 ? line : "", error->text);
	}
}

void control_log_reloaded(const ModelReloadResult *result)
{
	guint warnings = 0;
	Entry entry;

	for (guint i = 0; i < result->errors->len; i++)
		warnings += !((ConfigError *)g_ptr_array_index(result->errors, i))->name;
	begin(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_RELOADED);
	tell(&entry, "Reloaded: %u added, %u changed, %u removed, %u errors, %u warnings.",
	     g_strv_length(result->added), g_strv_length(result->changed),
	     g_strv_length(result->removed), result->errors->len - warnings, warnings);
}

void control_log_instance_added(const ModelInstance *model)
{
	const Settings *settings = model->settings;
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_INSTANCE_ADDED, model);
	tell(&entry, "Added: VRID %u on %s, %s, priority %u%s.", settings->vrid,
	     *settings->interface ? settings->interface : "any interface",
	     vrrp_family_to_string(settings->family), settings->priority,
	     settings->enabled ? "" : ", disabled");
}

/* Adds what became of @key to the words where it changed. */
static void describe_change(const SchemaKey *key, const Settings *before, const Settings *after,
			    GString *keys, GString *words)
{
	g_autofree char *old = NULL, *new = NULL;
	gboolean secret = key->flags & SCHEMA_SECRET;

	if (secret) {
		if (before->has_key == after->has_key &&
		    memcmp(before->key, after->key, sizeof before->key) == 0)
			return;
	} else {
		old = schema_format(key, before);
		new = schema_format(key, after);
		if (g_strcmp0(old, new) == 0)
			return;
	}
	g_string_append_printf(keys, "%s%s", keys->len > 0 ? " " : "", key->name);
	if (words->len > 0)
		g_string_append(words, ", ");
	if (secret)
		g_string_append(words, key->name);
	else
		g_string_append_printf(words, "%s (%s -> %s)", key->name,
				       old && *old ? old : "nothing", new &&*new ? new : "nothing");
}

void control_log_instance_changed(const ModelInstance *model, const Settings *before,
				  const Settings *after)
{
	g_autoptr(GString) keys = g_string_new(NULL);
	g_autoptr(GString) words = g_string_new(NULL);
	const SchemaKey *table;
	gsize count;
	Entry entry;

	table = schema_keys(&count);
	for (gsize i = 0; i < count; i++)
		if (!(table[i].flags & SCHEMA_UNSUPPORTED))
			describe_change(&table[i], before, after, keys, words);
	if (keys->len == 0)
		return;
	begin_instance(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_INSTANCE_CHANGED, model);
	add(&entry, JOURNAL_FIELD_SETTINGS, keys->str);
	tell(&entry, "Settings changed: %s.", words->str);
}

void control_log_instance_removed(const ModelInstance *model)
{
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_INSTANCE_REMOVED, model);
	tell(&entry, "Removed.");
}

void control_log_change_undone(const ModelInstance *model)
{
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_WARNING, JOURNAL_CHANGE_UNDONE, model);
	tell(&entry, "Nobody confirmed the change within %d s: the former settings are back.",
	     MODEL_CONFIRM_SEC);
}

void control_log_not_started(const char *name, const char *why)
{
	Entry entry;

	begin(&entry, G_LOG_LEVEL_WARNING, JOURNAL_NOT_STARTED);
	entry.instance = name;
	add(&entry, JOURNAL_FIELD_INSTANCE, name);
	tell(&entry, "Not started: %s.", why);
}

/* --- What operators do ----------------------------------------------------------------------- */

static void begin_hold(Entry *entry, const char *id, const ModelInstance *model,
		       const ModelHolder *holder)
{
	begin_instance(entry, G_LOG_LEVEL_MESSAGE, id, model);
	add(entry, JOURNAL_FIELD_HOLD, holder->reason);
	add(entry, JOURNAL_FIELD_SENDER, holder->sender);
}

void control_log_hold_begun(const ModelInstance *model, const ModelHolder *holder)
{
	Entry entry;

	begin_hold(&entry, JOURNAL_HOLD_BEGUN, model, holder);
	tell(&entry, "Held out of mastership: %s.", holder->reason);
}

void control_log_hold_ended(const ModelInstance *model, const ModelHolder *holder)
{
	Entry entry;

	begin_hold(&entry, JOURNAL_HOLD_ENDED, model, holder);
	if (model->holders->len == 0)
		tell(&entry, "No longer held: %s.", holder->reason);
	else
		tell(&entry, "A hold ended, %u are left: %s.", model->holders->len, holder->reason);
}

void control_log_priority_set(const ModelInstance *model, guint8 priority)
{
	g_autofree char *text = g_strdup_printf("%u", priority);
	Entry entry;

	begin_instance(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_PRIORITY_SET, model);
	add(&entry, JOURNAL_FIELD_PRIORITY, text);
	if (priority == 0)
		tell(&entry, "The priority is that of the settings again, %u.",
		     model->settings->priority);
	else
		tell(&entry, "The priority is %u until a restart, instead of %u.", priority,
		     model->settings->priority);
}

/* --- The daemon ------------------------------------------------------------------------------ */

void control_log_started(const Control *control)
{
	guint count = g_hash_table_size(control->model.instances);
	Entry entry;

	begin(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_STARTED);
	if (count == 0)
		tell(&entry,
		     "vrrpd " VRRPD_VERSION " runs. No instances are configured in %s/instances.",
		     control->options.config_directory);
	else
		tell(&entry, "vrrpd " VRRPD_VERSION " runs with %u instance%s%s.", count,
		     count == 1 ? "" : "s", control->model.real_time ? ", in real time" : "");
	if (control->model.real_time)
		return;
	begin(&entry, G_LOG_LEVEL_INFO, JOURNAL_NO_REAL_TIME);
	tell(&entry, "Real-time scheduling was not granted (RLIMIT_RTPRIO).");
}

void control_log_stopping(void)
{
	Entry entry;

	begin(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_STOPPING);
	tell(&entry, "Stopping: every master hands over first.");
}

void control_log_stopped(void)
{
	Entry entry;

	begin(&entry, G_LOG_LEVEL_MESSAGE, JOURNAL_STOPPED);
	tell(&entry, "Stopped.");
}

void control_log_start_failed(const char *what, int error, const char *remedy)
{
	Entry entry;

	begin(&entry, G_LOG_LEVEL_CRITICAL, JOURNAL_START_FAILED);
	tell(&entry, "%s: %s.%s%s", what, g_strerror(-error), *remedy ? " " : "", remedy);
}

void control_log_engine_failed(int error)
{
	Entry entry;

	begin(&entry, G_LOG_LEVEL_CRITICAL, JOURNAL_ENGINE_FAILED);
	tell(&entry, "The engine failed: %s.", g_strerror(-error));
}
