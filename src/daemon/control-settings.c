/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Changes of settings that come over the bus.
 *
 * A change is made twice: on what the instance has, and on what its file says, since the two may
 * differ after a change at run time. The file is written first: if that fails, nothing has changed.
 * A change that is to be confirmed is applied at once and written when it is confirmed, so that a
 * daemon that dies in between starts with the settings from before.
 *
 * Nothing here asks who the caller is; the bus has done that. No message holds a secret.
 */

#include "config/config-claims.h"
#include "config/config-store.h"
#include "config/settings-builder.h"
#include "control-log.h"
#include "control.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(ControlPending, g_free)

static gboolean refuse(GError **error, ModelError code, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static gboolean refuse(GError **error, ModelError code, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (error)
		*error = g_error_new_valist(MODEL_ERROR, (gint)code, format, arguments);
	va_end(arguments);
	return FALSE;
}

/* --- Making the settings --------------------------------------------------------------------- */

/* @base NULL: everything else is the default. */
static Settings *compose(const char *name, const Settings *base, const GPtrArray *values,
			 GError **error)
{
	g_autoptr(SettingsBuilder) builder =
		base ? settings_builder_new_from(base) : settings_builder_new(name);
	g_autoptr(GError) problem = NULL;
	Settings *settings;

	for (guint i = 0; i < values->len; i++) {
		const ModelValue *value = values->pdata[i];

		if (settings_builder_set(builder, value->key->name, value->text, &problem))
			continue;
		refuse(error, MODEL_ERROR_INVALID_SETTING, "%s.", problem->message);
		return NULL;
	}
	settings = settings_builder_finish(builder, NULL, &problem);
	if (!settings)
		refuse(error, MODEL_ERROR_INVALID_SETTING, "%s.", problem->message);
	return settings;
}

/* What an instance has, and what it may go back to. */
static void take_claims(ConfigClaims *claims, const ModelInstance *model)
{
	const ControlInstance *instance = model->daemon;
	const Settings *upcoming = control_upcoming_settings(model);
	g_autofree char *why = NULL, *why_before = NULL;

	if (upcoming && upcoming->enabled)
		config_claims_take(claims, upcoming, NULL, &why);
	if (instance->pending && instance->pending->before->enabled)
		config_claims_take(claims, instance->pending->before, NULL, &why_before);
}

/* @except NULL: a new instance. */
static gboolean check_claims(Control *control, const ModelInstance *except,
			     const Settings *settings, GError **error)
{
	g_autoptr(ConfigClaims) claims = config_claims_new();
	g_autofree char *why = NULL;
	GHashTableIter iter;
	gpointer value;

	if (!settings->enabled)
		return TRUE;
	g_hash_table_iter_init(&iter, control->model.instances);
	while (g_hash_table_iter_next(&iter, NULL, &value))
		if (value != except)
			take_claims(claims, value);
	if (config_claims_take(claims, settings, NULL, &why))
		return TRUE;
	return refuse(error, MODEL_ERROR_CONFLICT, "%s.", why);
}

/* --- Files ----------------------------------------------------------------------------------- */

static gboolean translate(GError **error, const GError *problem)
{
	return refuse(error,
		      problem->code == CONFIG_STORE_ERROR_CONFLICT ? MODEL_ERROR_CONFLICT
								   : MODEL_ERROR_WRITE_FAILED,
		      "%s.", problem->message);
}

/* With @replace every key that is not among @values goes. */
static GArray *changes_of(const GPtrArray *values, gboolean replace)
{
	GArray *changes = g_array_new(FALSE, FALSE, sizeof(ConfigChange));
	gsize count;
	const SchemaKey *keys = schema_keys(&count);

	for (gsize i = 0; i < count; i++) {
		ConfigChange change = { .key = keys[i].name, .value = "" };
		gboolean given = FALSE;

		for (guint k = 0; k < values->len; k++) {
			const ModelValue *value = values->pdata[k];

			if (value->key != &keys[i])
				continue;
			change.value = value->text;
			given = TRUE;
		}
		if (given || (replace && !(keys[i].flags & SCHEMA_UNSUPPORTED)))
			g_array_append_val(changes, change);
	}
	return changes;
}

/* Returns the path, or NULL. */
static char *write_file(Control *control, const char *name, const GPtrArray *values,
			gboolean replace, const Settings *whole, GError **error)
{
	g_autofree const char **directories = control_directories(control);
	g_autoptr(GArray) changes = changes_of(values, replace);
	g_autoptr(GError) problem = NULL;
	char *path =
		config_store_write(directories, name, (const ConfigChange *)(gpointer)changes->data,
				   changes->len, whole, &problem);

	if (!path)
		translate(error, problem);
	return path;
}

/* Writes the change to the file. */
static gboolean save(Control *control, ModelInstance *model, const GPtrArray *values,
		     gboolean replace, Settings *target, GError **error)
{
	ControlInstance *instance = model->daemon;
	g_autoptr(Settings) saved = NULL;
	char *path;

	if (instance->saved)
		saved = compose(model->name, replace ? NULL : instance->saved, values, error);
	else
		saved = settings_ref(target);
	if (!saved)
		return FALSE;
	if (instance->saved && settings_equal(instance->saved, saved))
		return TRUE;
	path = write_file(control, model->name, values, replace, saved, error);
	if (!path)
		return FALSE;
	g_free(model->fragment_path);
	model->fragment_path = path;
	control_set_saved(model, saved);
	return TRUE;
}

/* --- Changes that wait to be confirmed ------------------------------------------------------- */

void control_pending_drop(ControlInstance *instance)
{
	g_autoptr(ControlPending) pending = g_steal_pointer(&instance->pending);

	instance->model->confirm_token = 0;
	if (!pending)
		return;
	g_clear_handle_id(&pending->limit, g_source_remove);
	settings_unref(pending->before);
	g_ptr_array_unref(pending->values);
}

static gboolean on_unconfirmed(gpointer userdata)
{
	ControlInstance *instance = userdata;
	g_autoptr(Settings) before = settings_ref(instance->pending->before);

	instance->pending->limit = 0;
	control_pending_drop(instance);
	control_log_change_undone(instance->model);
	control_change_instance(instance->control, instance->model, before);
	return G_SOURCE_REMOVE;
}

static GPtrArray *copy_values(const GPtrArray *values)
{
	GPtrArray *copy = g_ptr_array_new_with_free_func((GDestroyNotify)model_value_free);

	for (guint i = 0; i < values->len; i++) {
		const ModelValue *value = values->pdata[i];

		g_ptr_array_add(copy, model_value_new(value->key, value->text));
	}
	return copy;
}

static guint64 wait_for_confirmation(ControlInstance *instance, const Settings *before,
				     const GPtrArray *values, guint flags)
{
	ControlPending *pending = g_new0(ControlPending, 1);

	pending->before = settings_ref((Settings *)before);
	pending->values = copy_values(values);
	pending->flags = flags;
	pending->limit = g_timeout_add_seconds(MODEL_CONFIRM_SEC, on_unconfirmed, instance);
	instance->pending = pending;
	/* Not counted, so that a number from before a restart confirms nothing. */
	instance->model->confirm_token =
		(guint64)g_random_int_range(1, G_MAXINT32) << 32 | g_random_int();
	return instance->model->confirm_token;
}

static ModelInstance *find_pending(const Control *control, guint64 token)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, control->model.instances);
	while (token != 0 && g_hash_table_iter_next(&iter, NULL, &value))
		if (((ModelInstance *)value)->confirm_token == token)
			return value;
	return NULL;
}

gboolean control_confirm(Model *model, guint64 token, GError **error)
{
	Control *control = model->daemon;
	ModelInstance *found = find_pending(control, token);
	ControlInstance *instance;

	if (!found)
		return refuse(error, MODEL_ERROR_UNKNOWN_TOKEN,
			      "token=%" G_GUINT64_FORMAT
			      ": no change waits for this number; after %d "
			      "s without Confirm it was undone.",
			      token, MODEL_CONFIRM_SEC);
	instance = found->daemon;
	if (!(instance->pending->flags & MODEL_FLAG_RUNTIME) &&
	    !save(control, found, instance->pending->values,
		  (instance->pending->flags & MODEL_FLAG_REPLACE) != 0,
		  (Settings *)model_instance_settings(found), error))
		return FALSE;
	control_pending_drop(instance);
	bus_instance_changed(control->bus, found);
	return TRUE;
}

/* --- The operations -------------------------------------------------------------------------- */

static gboolean check_ready(const Control *control, const ModelInstance *model, GError **error)
{
	const ControlInstance *instance = model->daemon;

	if (control->stopping)
		return refuse(error, MODEL_ERROR_BUSY, "The service is about to stop.");
	if (instance->forget)
		return refuse(error, MODEL_ERROR_BUSY, "'%s' is being removed.", model->name);
	return TRUE;
}

gboolean control_update(Model *model, ModelInstance *instance, const GPtrArray *values, guint flags,
			guint64 *ret_token, GError **error)
{
	Control *control = model->daemon;
	ControlInstance *own = instance->daemon;
	const Settings *before = model_instance_settings(instance);
	gboolean replace = (flags & MODEL_FLAG_REPLACE) != 0;
	g_autoptr(Settings) target = NULL;

	if (!check_ready(control, instance, error))
		return FALSE;
	if (own->pending)
		return refuse(error, MODEL_ERROR_BUSY,
			      "A change of '%s' waits for Manager.Confirm, or for %d s to pass.",
			      instance->name, MODEL_CONFIRM_SEC);
	target = compose(instance->name, replace ? NULL : before, values, error);
	if (!target || !check_claims(control, instance, target, error))
		return FALSE;
	*ret_token = 0;
	if (flags & MODEL_FLAG_CONFIRM)
		*ret_token = wait_for_confirmation(own, before, values, flags);
	else if (!(flags & MODEL_FLAG_RUNTIME) &&
		 !save(control, instance, values, replace, target, error))
		return FALSE;
	if (!settings_equal(before, target))
		control_change_instance(control, instance, target);
	bus_instance_changed(control->bus, instance);
	return TRUE;
}

/* A file that was not loaded, or could not be, is not to be overwritten by a newcomer. */
static gboolean check_no_file(const Control *control, const char *name, GError **error)
{
	g_autofree const char **directories = control_directories(control);
	g_autofree char *path = config_store_find(directories, name);

	if (!path)
		return TRUE;
	return refuse(error, MODEL_ERROR_INSTANCE_EXISTS,
		      "'%s' has a file already, %s; Reload reads it.", name, path);
}

static gboolean check_new(Control *control, const char *name, const Settings *settings, guint flags,
			  GError **error)
{
	const ModelInstance *old = g_hash_table_lookup(control->model.instances, name);

	if (control->stopping)
		return refuse(error, MODEL_ERROR_BUSY, "The service is about to stop.");
	if (old && control_upcoming_settings(old))
		return refuse(error, MODEL_ERROR_INSTANCE_EXISTS,
			      "There is an instance '%s' already; Update changes it.", name);
	if (!old && g_hash_table_size(control->model.instances) >= INSTANCES_MAX)
		return refuse(error, MODEL_ERROR_BUSY, "There are %d instances already.",
			      INSTANCES_MAX);
	if (!(flags & MODEL_FLAG_RUNTIME) && !check_no_file(control, name, error))
		return FALSE;
	return check_claims(control, old, settings, error);
}

gboolean control_add(Model *model, const char *name, const GPtrArray *values, guint flags,
		     GError **error)
{
	Control *control = model->daemon;
	g_autoptr(Settings) settings = compose(name, NULL, values, error);
	g_autofree char *path = NULL;
	ModelInstance *instance;

	if (!settings || !check_new(control, name, settings, flags, error))
		return FALSE;
	if (!(flags & MODEL_FLAG_RUNTIME)) {
		path = write_file(control, name, values, FALSE, settings, error);
		if (!path)
			return FALSE;
	}
	/* One of this name may be on its way out. */
	instance = g_hash_table_lookup(control->model.instances, name);
	if (instance) {
		g_free(instance->fragment_path);
		instance->fragment_path = g_strdup(path ? path : "");
		control_change_instance(control, instance, settings);
		control_set_saved(instance, path ? settings : NULL);
		bus_instance_changed(control->bus, instance);
	} else {
		control_add_instance(control, name, path ? path : "", settings, path != NULL);
	}
	control_update_status_text(control);
	return TRUE;
}

gboolean control_remove(Model *model, ModelInstance *instance, guint flags, GError **error)
{
	Control *control = model->daemon;
	g_autofree const char **directories = control_directories(control);
	g_autoptr(GError) problem = NULL;

	if (!check_ready(control, instance, error))
		return FALSE;
	if (!(flags & MODEL_FLAG_RUNTIME) &&
	    !config_store_remove(directories, instance->name, &problem))
		return translate(error, problem);
	control_remove_instance(control, instance);
	control_update_status_text(control);
	return TRUE;
}
