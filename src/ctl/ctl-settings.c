/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * KEY=VALUE, as in a file. Values go to the daemon as they were written: it has the schema, it may
 * be newer than this program, and its words for what is wrong are the only ones. One thing is
 * decided here, since it would be too late there: a secret on the command line is refused.
 */

#include <string.h>

#include "config/schema.h"
#include "ctl-secret.h"
#include "ctl-settings.h"

struct CtlSettings {
	GPtrArray *keys;   /* char * */
	GPtrArray *values; /* char *, in the same order */
};

static void free_secret(gpointer data)
{
	ctl_secret_free(data);
}

CtlSettings *ctl_settings_new(void)
{
	CtlSettings *settings = g_new0(CtlSettings, 1);

	settings->keys = g_ptr_array_new_with_free_func(g_free);
	settings->values = g_ptr_array_new_with_free_func(free_secret);
	return settings;
}

void ctl_settings_free(CtlSettings *settings)
{
	if (!settings)
		return;
	g_ptr_array_unref(settings->keys);
	g_ptr_array_unref(settings->values);
	g_free(settings);
}

void ctl_settings_add(CtlSettings *settings, const char *key, const char *value)
{
	g_ptr_array_add(settings->keys, g_strdup(key));
	g_ptr_array_add(settings->values, g_strdup(value));
}

static gboolean is_given(const CtlSettings *settings, const char *key)
{
	for (guint i = 0; i < settings->keys->len; i++)
		if (g_str_equal(settings->keys->pdata[i], key))
			return TRUE;
	return FALSE;
}

/* Also where the key of a secret is misspelled: what was meant is a secret all the same. */
static gboolean is_secret(const char *key)
{
	const SchemaKey *known = schema_find(key);
	const char *nearest = known ? NULL : schema_nearest(key);

	if (nearest)
		known = schema_find(nearest);
	return known && (known->flags & SCHEMA_SECRET);
}

static CtlExit add_secret(CtlSettings *settings, const char *name, const char *key,
			  const char *value)
{
	g_autofree char *prompt = g_strdup_printf("%s of %s: ", key, name);
	char *secret;

	if (*value == '\0') { /* no key at all is no secret */
		ctl_settings_add(settings, key, value);
		return CTL_OK;
	}
	if (!g_str_equal(value, "-")) {
		ctl_error("%s=: a key on the command line can be read by every user of this host, "
			  "and stays in the shell's history.",
			  key);
		ctl_error("Hint: %s=- asks for it, or takes the first line of stdin. Use another "
			  "key than this one.",
			  key);
		return CTL_USAGE;
	}
	secret = ctl_secret_read(prompt);
	if (!secret)
		return CTL_FAILED;
	ctl_settings_add(settings, key, secret);
	ctl_secret_free(secret);
	return CTL_OK;
}

static CtlExit add_argument(CtlSettings *settings, const char *name, const char *argument)
{
	gsize length = strcspn(argument, "=");
	g_autofree char *key = g_strndup(argument, length);

	if (length == 0 || argument[length] == '\0') {
		ctl_error("%s: a setting is KEY=VALUE, and KEY= brings the default back.",
			  argument);
		return CTL_USAGE;
	}
	if (is_given(settings, key)) {
		ctl_error("%s is given twice. Items of a list are separated by ';'.", key);
		return CTL_USAGE;
	}
	if (is_secret(key))
		return add_secret(settings, name, key, argument + length + 1);
	ctl_settings_add(settings, key, argument + length + 1);
	return CTL_OK;
}

CtlSettings *ctl_settings_parse(const char *name, char **arguments, CtlExit *ret_exit)
{
	g_autoptr(CtlSettings) settings = ctl_settings_new();

	for (; *arguments; arguments++) {
		CtlExit exit_code = add_argument(settings, name, *arguments);

		if (exit_code != CTL_OK) {
			*ret_exit = exit_code;
			return NULL;
		}
	}
	return g_steal_pointer(&settings);
}

int ctl_settings_append(const CtlSettings *settings, sd_bus_message *message)
{
	int r = sd_bus_message_open_container(message, 'a', "{sv}");

	if (r < 0)
		return r;
	for (guint i = 0; i < settings->keys->len; i++) {
		r = sd_bus_message_append(message, "{sv}", settings->keys->pdata[i], "s",
					  settings->values->pdata[i]);
		if (r < 0)
			return r;
	}
	return sd_bus_message_close_container(message);
}
