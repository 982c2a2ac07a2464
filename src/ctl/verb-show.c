/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl show: what the bus has of an instance, raw and complete, for programs. It knows no
 * property by name, so that it shows those of a newer daemon too. Behind the properties come the
 * settings that are no property; secrets are neither.
 */

#include <stdio.h>
#include <string.h>

#include "bus/bus-names.h"
#include "ctl-instance.h"
#include "ctl-json.h"
#include "ctl-value.h"
#include "ctl-words.h"

typedef struct Shown {
	char *name;
	char *text; /* the value, for KEY=VALUE */
	char *json; /* "KEY":VALUE */
} Shown;

static void shown_free(gpointer data)
{
	Shown *shown = data;

	g_free(shown->name);
	g_free(shown->text);
	g_free(shown->json);
	g_free(shown);
}

static const Shown *find(const GPtrArray *all, const char *name)
{
	for (guint i = 0; i < all->len; i++) {
		const Shown *shown = all->pdata[i];

		if (g_str_equal(shown->name, name))
			return shown;
	}
	return NULL;
}

/* --- Reading --------------------------------------------------------------------------------- */

static int read_value(sd_bus_message *message, Shown *shown)
{
	GString *text = g_string_new(NULL), *json = g_string_new(NULL);
	int r = ctl_instance_property_json(json, message, shown->name);

	if (r >= 0)
		r = sd_bus_message_rewind(message, FALSE);
	if (r >= 0)
		r = sd_bus_message_skip(message, "s");
	if (r >= 0)
		r = ctl_value_append(text, message);
	shown->text = g_string_free(text, FALSE);
	shown->json = g_string_free(json, FALSE);
	return r;
}

/* a{sv}; what is in @all already is left as it is. */
static int read_dictionary(sd_bus_message *message, GPtrArray *all)
{
	int r = sd_bus_message_enter_container(message, 'a', "{sv}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
		Shown *shown = g_new0(Shown, 1);
		const char *name;

		r = sd_bus_message_read(message, "s", &name);
		if (r >= 0) {
			shown->name = g_strdup(name);
			r = read_value(message, shown);
		}
		if (r < 0 || find(all, shown->name))
			shown_free(shown);
		else
			g_ptr_array_add(all, shown);
		if (r < 0)
			return r;
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

static int read_properties(Ctl *ctl, const char *path, const char *doing, GPtrArray *all)
{
	const CtlCall call = { path, "org.freedesktop.DBus.Properties", "GetAll", doing };
	g_autoptr(sd_bus_message) reply = NULL;
	int r = ctl_bus_call(ctl, &call, &reply, "s", BUS_INTERFACE_INSTANCE);

	if (r < 0)
		return r;
	r = read_dictionary(reply, all);
	if (r < 0)
		ctl_bus_bad_reply(call.member, r);
	return r;
}

static int read_settings(Ctl *ctl, const char *path, const char *doing, GPtrArray *all)
{
	const CtlCall call = { path, BUS_INTERFACE_INSTANCE, "GetSettings", doing };
	g_autoptr(sd_bus_message) reply = NULL;
	int r = ctl_bus_call(ctl, &call, &reply, NULL);

	if (r < 0)
		return r;
	r = read_dictionary(reply, all);
	if (r < 0)
		ctl_bus_bad_reply(call.member, r);
	return r;
}

/* --- Choosing and printing ------------------------------------------------------------------- */

static void explain_unknown(const GPtrArray *all, const char *name)
{
	g_autofree const char **names = g_new0(const char *, all->len + 1);
	const char *nearest;

	for (guint i = 0; i < all->len; i++)
		names[i] = ((const Shown *)all->pdata[i])->name;
	nearest = ctl_words_nearest(names, name);
	ctl_error("There is no property '%s'%s%s%s", name, nearest ? ". Did you mean '" : "",
		  nearest ? nearest : "", nearest ? "'?" : ".");
}

/* Those that were asked for, in the order of the question. Returns FALSE, and says it on stderr,
 * where one is unknown. */
static gboolean choose(const Ctl *ctl, const GPtrArray *all, GPtrArray *chosen)
{
	gboolean complete = TRUE;

	for (guint i = 0; i < all->len && ctl->properties->len == 0; i++)
		g_ptr_array_add(chosen, all->pdata[i]);
	for (guint i = 0; i < ctl->properties->len; i++) {
		const Shown *shown = find(all, ctl->properties->pdata[i]);

		if (shown)
			g_ptr_array_add(chosen, (gpointer)shown);
		else
			explain_unknown(all, ctl->properties->pdata[i]);
		complete = complete && shown;
	}
	return complete;
}

static void print_json(const Ctl *ctl, const GPtrArray *chosen)
{
	g_autoptr(GString) json = g_string_new(NULL);

	ctl_json_open(json, '{');
	for (guint i = 0; i < chosen->len; i++) {
		const Shown *shown = chosen->pdata[i];

		g_string_append_printf(json, "%s%s", i > 0 ? "," : "", shown->json);
	}
	ctl_json_close(json, '}');
	ctl_json_print(ctl, json->str);
}

static void print_text(const Ctl *ctl, const GPtrArray *chosen)
{
	for (guint i = 0; i < chosen->len; i++) {
		const Shown *shown = chosen->pdata[i];

		if (ctl->value)
			puts(shown->text);
		else
			printf("%s=%s\n", shown->name, shown->text);
	}
}

CtlExit verb_show(Ctl *ctl, char **arguments)
{
	g_autofree char *doing = g_strdup_printf("show %s", arguments[0]);
	g_autoptr(GPtrArray) all = g_ptr_array_new_with_free_func(shown_free);
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();
	g_autofree char *path = NULL;
	gboolean complete;

	if (ctl_bus_find_instance(ctl, arguments[0], doing, &path) < 0 ||
	    read_properties(ctl, path, doing, all) < 0 || read_settings(ctl, path, doing, all) < 0)
		return CTL_FAILED;
	complete = choose(ctl, all, chosen);
	if (ctl->json != CTL_JSON_OFF)
		print_json(ctl, chosen);
	else
		print_text(ctl, chosen);
	return complete ? CTL_OK : CTL_FAILED;
}
