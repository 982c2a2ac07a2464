/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From the files to the instances: what a start and a reload do. What the files said when they were
 * last applied is kept with each instance, so that a reload touches exactly what was edited: a
 * change at run time stays, unless the file of the same instance has changed too. A broken file
 * costs its own instance nothing but the change.
 */

#include "config/config-claims.h"
#include "control-log.h"
#include "control.h"

#define TOO_MANY "there are " G_STRINGIFY(INSTANCES_MAX) " instances already"

const char **control_directories(const Control *control)
{
	const char **directories = g_new0(const char *, 4);

	directories[0] = "/usr/lib/vrrpd";
	directories[1] = control->options.runtime_directory;
	directories[2] = control->options.config_directory;
	return directories;
}

static ConfigSet *load(const Control *control)
{
	g_autofree const char **directories = control_directories(control);

	return config_load(directories);
}

/* An instance whose file is broken keeps what it has. */
static gboolean is_broken(const ConfigSet *set, const char *name)
{
	for (guint i = 0; i < set->errors->len; i++) {
		const ConfigError *error = g_ptr_array_index(set->errors, i);

		if (error->name && g_str_equal(error->name, name))
			return TRUE;
	}
	return FALSE;
}

static void refuse(ConfigSet *set, const ConfigSource *source, const char *why)
{
	ConfigError *error = g_new0(ConfigError, 1);

	error->file = g_strdup(source->fragment_path);
	error->name = g_strdup(source->name);
	error->text = g_strdup_printf("%s, which is not about to give it up", why);
	g_ptr_array_add(set->errors, error);
}

/* TRUE where a reload leaves the instance as it is although the files do not say what it has: its
 * file is broken, or it was changed at run time only. */
static gboolean is_kept(const ConfigSet *set, const ModelInstance *model)
{
	const ControlInstance *instance = model->daemon;
	const ConfigSource *source = g_hash_table_lookup(set->sources, model->name);

	if (!control_upcoming_settings(model))
		return FALSE;
	if (source)
		return model->unsaved && instance->saved &&
		       settings_equal(instance->saved, source->settings);
	return !instance->saved || set->incomplete || is_broken(set, model->name);
}

/* The loader saw the files only. What runs and stays wins over what a file asks for. */
static void refuse_what_is_taken(Control *control, ConfigSet *set)
{
	g_autoptr(ConfigClaims) claims = config_claims_new();
	g_autoptr(GHashTable) kept = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, control->model.instances);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ModelInstance *model = value;
		g_autofree char *why = NULL;

		if (!is_kept(set, model))
			continue;
		g_hash_table_add(kept, model->name);
		if (control_upcoming_settings(model)->enabled)
			config_claims_take(claims, control_upcoming_settings(model), NULL, &why);
	}
	if (g_hash_table_size(kept) == 0)
		return;
	g_hash_table_iter_init(&iter, set->sources);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const ConfigSource *source = value;
		g_autofree char *why = NULL;

		if (!source->settings->enabled || g_hash_table_contains(kept, source->name) ||
		    config_claims_take(claims, source->settings, NULL, &why))
			continue;
		refuse(set, source, why);
		g_hash_table_iter_remove(&iter);
	}
}

static gint by_text(gconstpointer a, gconstpointer b)
{
	const char *const *x = a, *const *y = b;

	return g_strcmp0(*x, *y);
}

static GStrv sorted_names(GPtrArray *names)
{
	g_ptr_array_sort(names, by_text);
	for (guint i = 0; i < names->len; i++)
		names->pdata[i] = g_strdup(names->pdata[i]);
	g_ptr_array_add(names, NULL);
	return (GStrv)g_ptr_array_steal(names, NULL);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	const ConfigSource *const *x = a, *const *y = b;

	return g_strcmp0((*x)->name, (*y)->name);
}

/* An instance that was changed at run time goes by its file again once that has changed. */
static gboolean differs(const ControlInstance *instance, const ConfigSource *source)
{
	return !instance->saved || !settings_equal(instance->saved, source->settings);
}

static void compare_sources(Control *control, const ConfigSet *set, GPtrArray *added,
			    GPtrArray *changed)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, set->sources);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ConfigSource *source = value;
		ModelInstance *model = g_hash_table_lookup(control->model.instances, source->name);

		if (!model || !control_upcoming_settings(model))
			g_ptr_array_add(added, source);
		else if (differs(model->daemon, source))
			g_ptr_array_add(changed, source);
	}
	g_ptr_array_sort(added, by_name);
	g_ptr_array_sort(changed, by_name);
}

static void find_removed(Control *control, const ConfigSet *set, GPtrArray *removed)
{
	GHashTableIter iter;
	gpointer value;

	/* What cannot be read may still be there. */
	if (set->incomplete)
		return;
	g_hash_table_iter_init(&iter, control->model.instances);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ModelInstance *model = value;

		if (control_upcoming_settings(model) && !is_kept(set, model) &&
		    !g_hash_table_contains(set->sources, model->name) &&
		    !is_broken(set, model->name))
			g_ptr_array_add(removed, model->name);
	}
}

static void apply_source(Control *control, const ConfigSource *source)
{
	ModelInstance *model = g_hash_table_lookup(control->model.instances, source->name);

	if (!model && g_hash_table_size(control->model.instances) >= INSTANCES_MAX) {
		control_log_not_started(source->name, TOO_MANY);
		return;
	}
	if (model) {
		control_pending_drop(model->daemon);
		g_free(model->fragment_path);
		model->fragment_path = g_strdup(source->fragment_path);
		control_change_instance(control, model, source->settings);
		control_set_saved(model, source->settings);
		bus_instance_changed(control->bus, model);
	} else {
		control_add_instance(control, source->name, source->fragment_path, source->settings,
				     TRUE);
	}
}

static void apply(Control *control, GPtrArray *added, GPtrArray *changed, GStrv removed)
{
	/* Those that leave first: what they hold may be what another is to have. */
	for (guint i = 0; removed[i]; i++)
		control_remove_instance(control,
					g_hash_table_lookup(control->model.instances, removed[i]));
	for (guint i = 0; i < changed->len; i++)
		apply_source(control, changed->pdata[i]);
	for (guint i = 0; i < added->len; i++)
		apply_source(control, added->pdata[i]);
}

static GPtrArray *names_of(GPtrArray *sources)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; i < sources->len; i++)
		g_ptr_array_add(names, ((ConfigSource *)sources->pdata[i])->name);
	return names;
}

ModelReloadResult *control_reload(Control *control, gboolean check_only)
{
	g_autoptr(ConfigSet) set = load(control);
	g_autoptr(GPtrArray) added = g_ptr_array_new();
	g_autoptr(GPtrArray) changed = g_ptr_array_new();
	g_autoptr(GPtrArray) removed = g_ptr_array_new();
	ModelReloadResult *result = g_new0(ModelReloadResult, 1);

	refuse_what_is_taken(control, set);
	compare_sources(control, set, added, changed);
	find_removed(control, set, removed);
	{
		g_autoptr(GPtrArray) added_names = names_of(added);
		g_autoptr(GPtrArray) changed_names = names_of(changed);

		result->added = sorted_names(added_names);
		result->changed = sorted_names(changed_names);
		result->removed = sorted_names(removed);
	}
	result->errors = g_ptr_array_ref(set->errors);
	if (!check_only && !control->stopping) {
		g_ptr_array_unref(control->model.errors);
		control->model.errors = g_ptr_array_ref(set->errors);
		control_log_config_errors(set->errors);
		if (control->started)
			control_log_reloaded(result);
		apply(control, added, changed, result->removed);
		bus_config_reloaded(control->bus);
		control_update_status_text(control);
	}
	return result;
}
