/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * From settings to running instances: what a start and a reload do, and how an instance comes and
 * goes.
 *
 * The engine owns a running instance; control keeps the settings it was made from and the latest
 * status. A change that leaves interface, family, VRID, version and the kind of destination alone
 * is applied in place. Any other change, a removal and Enabled=no make the instance leave: it hands
 * over and its object stays on the bus until the engine gives it back. Never free what the engine
 * still has.
 */

#include "config-build.h"
#include "control-log.h"
#include "control.h"
#include "state-store.h"

/* --- Starting and leaving -------------------------------------------------------------------- */

/* Two instances cannot be the same router. Where one takes the place of another under a new name,
 * the other has to leave first. */
static gboolean twin_is_leaving(Control *control, const Settings *settings)
{
	GHashTableIter iter;
	gpointer value;

	if (control->leaving == 0)
		return FALSE;
	g_hash_table_iter_init(&iter, control->by_id);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const ControlInstance *other = value;

		if (other->leaving && settings_same_identity(other->model->settings, settings))
			return TRUE;
	}
	return FALSE;
}

static InstanceConfig *make_config(const ControlInstance *instance, guint32 ah_saved)
{
	InstanceConfig *config = config_build(instance->model->settings, ah_saved);

	/* An owner's priority is not anybody's to choose. */
	if (instance->priority > 0 && instance->model->settings->priority != 255)
		config->parameters.priority = instance->priority;
	config->held_out = instance->model->holders->len > 0;
	return config;
}

static void start_instance(Control *control, ControlInstance *instance)
{
	ModelInstance *model = instance->model;
	const Settings *settings = model->settings;
	guint32 saved = 0;
	InstanceConfig *config;

	instance->waiting = twin_is_leaving(control, settings);
	if (instance->waiting)
		return;
	if (settings->auth == VRRP_AUTH_AH)
		saved = state_store_read_number(control->options.state_directory, model->name);
	instance->id = ++control->last_id;
	config = make_config(instance, saved);
	instance->engine = engine_instance_new(instance->id, config);
	if (!instance->engine) {
		config_build_free(config);
		control_log_not_started(model->name, "not enough memory");
		return;
	}
	model->shared = engine_instance_shared(instance->engine);
	control_reset_statistics(&control->model, model);
	model->running = TRUE;
	g_hash_table_replace(control->by_id, &instance->id, instance);
	control_push(control, &(Command){ .type = COMMAND_ADD, .instance = instance->engine });
}

static void start_waiting(Control *control)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, control->model.instances);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ControlInstance *instance = ((ModelInstance *)value)->daemon;

		if (!instance->waiting)
			continue;
		start_instance(control, instance);
		bus_instance_changed(control->bus, instance->model);
	}
}

static void make_leave(Control *control, ControlInstance *instance, VrrpReason reason)
{
	if (!instance->engine || instance->leaving)
		return;
	instance->leaving = TRUE;
	control->leaving++;
	control_push(control, &(Command){ .type = COMMAND_REMOVE,
					  .instance = instance->engine,
					  .reason = reason });
}

void control_model_instance_free(ModelInstance *model)
{
	ControlInstance *instance = model->daemon;

	control_pending_drop(instance);
	control_holds_drop(instance);
	g_ptr_array_unref(instance->holds);
	settings_unref(instance->saved);
	settings_unref(model->next);
	g_free(instance);
	settings_unref(model->settings);
	g_ptr_array_unref(model->holders);
	g_free(model->name);
	g_free(model->fragment_path);
	g_free(model);
}

static void forget_instance(Control *control, ModelInstance *model)
{
	control_log_instance_removed(model);
	bus_instance_removed(control->bus, model);
	g_hash_table_remove(control->model.instances, model->name); /* frees */
}

void control_instance_gone(Control *control, ControlInstance *instance)
{
	ModelInstance *model = instance->model;

	g_hash_table_remove(control->by_id, &instance->id);
	config_build_free((InstanceConfig *)engine_instance_config(instance->engine));
	instance->engine = engine_instance_free(instance->engine);
	control->leaving -= instance->leaving;
	instance->leaving = FALSE;
	model->running = FALSE;
	model->shared = NULL;
	/* What it was last known for stays visible (state, reason, transitions); what it no longer
	 * has does not. */
	model->status.releasing = FALSE;
	model->status.addresses_held = VRRP_ADDRESSES_ABSENT;
	model->status.faults = 0;

	if (model->next) {
		settings_unref(model->settings);
		model->settings = g_steal_pointer(&model->next);
	}
	if (instance->forget) {
		forget_instance(control, model);
	} else {
		if (model->settings->enabled && !control->stopping)
			start_instance(control, instance);
		bus_instance_changed(control->bus, model);
	}
	if (!control->stopping)
		start_waiting(control);
}

/* --- Applying settings ----------------------------------------------------------------------- */

const Settings *control_upcoming_settings(const ModelInstance *model)
{
	const ControlInstance *instance = model->daemon;

	if (instance->leaving && instance->forget)
		return NULL;
	return model_instance_settings(model);
}

static void compare_with_files(ModelInstance *model)
{
	const ControlInstance *instance = model->daemon;

	model->unsaved = !instance->saved ||
			 !settings_equal(instance->saved, model_instance_settings(model));
}

void control_set_saved(ModelInstance *model, Settings *settings)
{
	ControlInstance *instance = model->daemon;

	if (settings)
		settings_ref(settings);
	settings_unref(instance->saved);
	instance->saved = settings;
	compare_with_files(model);
}

ModelInstance *control_add_instance(Control *control, const char *name, const char *fragment_path,
				    Settings *settings, gboolean saved)
{
	ModelInstance *model = g_new0(ModelInstance, 1);
	ControlInstance *instance = g_new0(ControlInstance, 1);

	model->name = g_strdup(name);
	model->fragment_path = g_strdup(fragment_path);
	model->settings = settings_ref(settings);
	model->state_since_realtime_usec = (guint64)g_get_real_time();
	model->state_since_monotonic_usec = (guint64)g_get_monotonic_time();
	model->holders = g_ptr_array_new_with_free_func((GDestroyNotify)model_holder_free);
	model->daemon = instance;
	instance->control = control;
	instance->model = model;
	instance->holds = g_ptr_array_new();
	g_queue_init(&instance->hold_calls);
	control_set_saved(model, saved ? settings : NULL);
	g_hash_table_insert(control->model.instances, model->name, model);
	if (control->started)
		control_log_instance_added(model);
	if (settings->enabled)
		start_instance(control, instance);
	bus_instance_added(control->bus, model);
	return model;
}

void control_refresh_config(Control *control, ControlInstance *instance)
{
	if (instance->engine && !instance->leaving)
		control_push(control, &(Command){ .type = COMMAND_REPLACE,
						  .instance = instance->engine,
						  .config = make_config(instance, 0) });
}

void control_change_instance(Control *control, ModelInstance *model, Settings *settings)
{
	ControlInstance *instance = model->daemon;

	control_log_instance_changed(model, model_instance_settings(model), settings);
	instance->forget = FALSE;
	settings_ref(settings);
	if (!instance->engine || (!instance->leaving && settings->enabled &&
				  settings_same_router(model->settings, settings))) {
		settings_unref(model->settings);
		model->settings = settings;
		if (instance->engine)
			control_refresh_config(control, instance);
		else if (settings->enabled)
			start_instance(control, instance);
		else
			instance->waiting = FALSE;
	} else {
		settings_unref(model->next);
		model->next = settings;
		make_leave(control, instance,
			   settings->enabled ? VRRP_REASON_SETTINGS : VRRP_REASON_DISABLED);
	}
	compare_with_files(model);
	bus_instance_changed(control->bus, model);
}

void control_remove_instance(Control *control, ModelInstance *model)
{
	ControlInstance *instance = model->daemon;

	control_pending_drop(instance);
	g_clear_pointer(&model->next, settings_unref);
	if (!instance->engine) {
		forget_instance(control, model);
		return;
	}
	instance->forget = TRUE;
	make_leave(control, instance, VRRP_REASON_SETTINGS);
}
