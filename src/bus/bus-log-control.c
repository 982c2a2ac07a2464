/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * org.freedesktop.LogControl1, which `systemctl service-log-level` and `service-log-target` speak.
 *
 * Its properties can be written, and libsystemd wants a setter to decide at once, or asks the bus
 * about the caller and waits. Neither will do where polkit has to be asked. So a callback at the
 * same path takes Properties.Set before libsystemd sees it, and the setter in the vtable is only
 * there for introspection. Whoever may configure may set them; the setting ends with the daemon.
 */

#include <errno.h>
#include <string.h>

#include "bus-log-control.h"
#include "bus-private.h"
#include "config/values.h"

#define LOG_CONTROL_PATH      "/org/freedesktop/LogControl1"
#define LOG_CONTROL_INTERFACE "org.freedesktop.LogControl1"
#define SHOWN_LENGTH          40

typedef struct LogProperty {
	const char *name;
	const char *verb; /* for polkit */
	const char *const *(*words)(const ModelLog *log);
	const char *(*get)(const ModelLog *log);
	void (*set)(const ModelLog *log, const char *word);
} LogProperty;

static const char *const *level_words(const ModelLog *log)
{
	return log->levels;
}

static const char *level_get(const ModelLog *log)
{
	return log->level();
}

static void level_set(const ModelLog *log, const char *word)
{
	log->set_level(word);
}

static const char *const *target_words(const ModelLog *log)
{
	return log->targets;
}

static const char *target_get(const ModelLog *log)
{
	return log->target();
}

static void target_set(const ModelLog *log, const char *word)
{
	log->set_target(word);
}

static const LogProperty log_properties[] = {
	{ "LogLevel", "log-level", level_words, level_get, level_set },
	{ "LogTarget", "log-target", target_words, target_get, target_set },
};

static const LogProperty *find_property(const char *name)
{
	for (guint i = 0; i < G_N_ELEMENTS(log_properties); i++)
		if (strcmp(log_properties[i].name, name) == 0)
			return &log_properties[i];
	return NULL;
}

static const ModelLog *log_of(const Bus *bus)
{
	return bus->model->operations->log;
}

/* --- Setting --------------------------------------------------------------------------------- */

static int check_word(const LogProperty *property, const ModelLog *log, const char *word,
		      sd_bus_error *error)
{
	const char *const *words = property->words(log);
	g_autofree char *shown = NULL, *valid = NULL;

	if (g_strv_contains(words, word))
		return 0;
	shown = value_show(word, SHOWN_LENGTH);
	valid = g_strjoinv(", ", (GStrv)words);
	return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "%s='%s': valid are %s.",
				 property->name, shown, valid);
}

/* The arguments of Properties.Set. 0 with *@ret_property NULL: nothing of ours. */
static int read_set(sd_bus_message *request, const LogProperty **ret_property,
		    const char **ret_word, sd_bus_error *error)
{
	const char *interface, *name, *contents;
	const LogProperty *property;
	char type;
	int r;

	*ret_property = NULL;
	r = sd_bus_message_read(request, "ss", &interface, &name);
	if (r < 0)
		return r;
	property = find_property(name);
	if (strcmp(interface, LOG_CONTROL_INTERFACE) != 0 || !property)
		return 0;
	r = sd_bus_message_peek_type(request, &type, &contents);
	if (r < 0)
		return r;
	if (r == 0 || type != SD_BUS_TYPE_VARIANT || strcmp(contents, "s") != 0)
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS, "%s is a string (s).",
					 property->name);
	r = sd_bus_message_read(request, "v", "s", ret_word);
	if (r < 0)
		return r;
	*ret_property = property;
	return 0;
}

static int set_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	const ModelLog *log = log_of(userdata);
	const LogProperty *property;
	const char *word = NULL;
	int r;

	r = read_set(request, &property, &word, error);
	if (r < 0)
		return r;
	if (strcmp(property->get(log), word) != 0) {
		property->set(log, word);
		(void)sd_bus_emit_properties_changed(sd_bus_message_get_bus(request),
						     LOG_CONTROL_PATH, LOG_CONTROL_INTERFACE,
						     property->name, NULL);
	}
	return sd_bus_reply_method_return(request, NULL);
}

static int on_call(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	const LogProperty *property;
	const char *word = NULL;
	int r;

	if (sd_bus_message_is_method_call(request, "org.freedesktop.DBus.Properties", "Set") <= 0)
		return 0;
	r = read_set(request, &property, &word, error);
	if (r < 0 || !property)
		return r;
	r = check_word(property, log_of(bus), word, error);
	if (r < 0)
		return r;
	return bus_polkit_ask(bus->polkit, request,
			      &(BusPolkitQuestion){
				      .action = BUS_ACTION_CONFIGURE,
				      .verb = property->verb,
				      .allowed = set_allowed,
			      },
			      error);
}

/* --- Object ---------------------------------------------------------------------------------- */

static int get_property(sd_bus *connection, const char *path, const char *interface,
			const char *name, sd_bus_message *reply, void *userdata,
			sd_bus_error *error)
{
	const LogProperty *property = find_property(name);

	if (!property)
		return sd_bus_message_append(reply, "s", "vrrpd");
	return sd_bus_message_append(reply, "s", property->get(log_of(userdata)));
}

static int set_property(sd_bus *connection, const char *path, const char *interface,
			const char *name, sd_bus_message *value, void *userdata,
			sd_bus_error *error)
{
	/* on_call() comes first; what it leaves is never allowed. */
	return -EACCES;
}

static const sd_bus_vtable log_control_vtable[] = {
	SD_BUS_VTABLE_START(0),
	SD_BUS_WRITABLE_PROPERTY("LogLevel", "s", get_property, set_property, 0,
				 SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE | SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_WRITABLE_PROPERTY("LogTarget", "s", get_property, set_property, 0,
				 SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE | SD_BUS_VTABLE_UNPRIVILEGED),
	SD_BUS_PROPERTY("SyslogIdentifier", "s", get_property, 0, SD_BUS_VTABLE_PROPERTY_CONST),
	SD_BUS_VTABLE_END,
};

int bus_log_control_attach(Bus *bus, sd_bus *connection)
{
	int r;

	if (!log_of(bus))
		return 0;
	r = sd_bus_add_object(connection, NULL, LOG_CONTROL_PATH, on_call, bus);
	if (r >= 0)
		r = sd_bus_add_object_vtable(connection, NULL, LOG_CONTROL_PATH,
					     LOG_CONTROL_INTERFACE, log_control_vtable, bus);
	return r;
}
