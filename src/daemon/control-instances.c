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

#define TOO_MANY "there are " G_STRINGIFY(INSTANCES_MAX) " instances already"

typedef struct FailoverCall {
	ModelDone done;
	void *userdata;
} FailoverCall;

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
	config = config_build(settings, saved);
	instance->engine = engine_instance_new(instance->id, config);
	if (!instance->engine) {
		config_build_free(config);
		control_log_not_started(model->name, "not enough memory");
		return;
	}
	model->shared = engine_instance_shared(instance->engine);
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

static void add_instance(Control *control, const ConfigSource *source)
{
	ModelInstance *model = g_new0(ModelInstance, 1);
	ControlInstance *instance = g_new0(ControlInstance, 1);

	model->name = g_strdup(source->name);
	model->fragment_path = g_strdup(source->fragment_path);
	model->settings = settings_ref(source->settings);
	model->state_since_realtime_usec = (guint64)g_get_real_time();
	model->state_since_monotonic_usec = (guint64)g_get_monotonic_time();
	model->holders = g_ptr_array_new_with_free_func((GDestroyNotify)model_holder_free);
	model->daemon = instance;
	instance->model = model;
	g_hash_table_insert(control->model.instances, model->name, model);
	if (control->started)
		control_log_instance_added(model);
	if (source->settings->enabled)
		start_instance(control, instance);
	bus_instance_added(control->bus, model);
}

/* The settings that the instance has or is about to have; NULL where it is about to go. */
static const Settings *upcoming_settings(const ModelInstance *model)
{
	const ControlInstance *instance = model->daemon;

	if (instance->leaving && instance->forget)
		return NULL;
	return model_instance_settings(model);
}

static void change_instance(Control *control, ModelInstance *model, const ConfigSource *source)
{
	ControlInstance *instance = model->daemon;
	Settings *settings = source->settings;

	control_log_instance_changed(model, model_instance_settings(model), settings);
	g_free(model->fragment_path);
	model->fragment_path = g_strdup(source->fragment_path);
	instance->forget = FALSE;
	if (!instance->engine || (!instance->leaving && settings->enabled &&
				  settings_same_router(model->settings, settings))) {
		settings_unref(model->settings);
		model->settings = settings_ref(settings);
		if (instance->engine)
			control_push(control, &(Command){ .type = COMMAND_REPLACE,
							  .instance = instance->engine,
							  .config = config_build(settings, 0) });
		else if (settings->enabled)
			start_instance(control, instance);
		else
			instance->waiting = FALSE;
	} else {
		settings_unref(model->next);
		model->next = settings_ref(settings);
		make_leave(control, instance,
			   settings->enabled ? VRRP_REASON_SETTINGS : VRRP_REASON_DISABLED);
	}
	bus_instance_changed(control->bus, model);
}

static void remove_instance(Control *control, ModelInstance *model)
{
	ControlInstance *instance = model->daemon;

	g_clear_pointer(&model->next, settings_unref);
	if (!instance->engine) {
		forget_instance(control, model);
		return;
	}
	instance->forget = TRUE;
	make_leave(control, instance, VRRP_REASON_SETTINGS);
}

/* --- Reload ---------------------------------------------------------------------------------- */

static ConfigSet *load(Control *control)
{
	const char *directories[] = { "/usr/lib/vrrpd", control->options.runtime_directory,
				      control->options.config_directory, NULL };

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

/* An instance that keeps its former settings is not among the files, so the loader could not see
 * that another now asks for the same router: the one that runs wins. */
static void refuse_twins_of(ConfigSet *set, const ModelInstance *kept)
{
	const Settings *running = upcoming_settings(kept);
	GHashTableIter iter;
	gpointer value;

	if (!running || !running->enabled)
		return;
	g_hash_table_iter_init(&iter, set->sources);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const ConfigSource *source = value;
		ConfigError *error;

		if (!source->settings->enabled ||
		    !settings_same_identity(source->settings, running))
			continue;
		error = g_new0(ConfigError, 1);
		error->file = g_strdup(source->fragment_path);
		error->name = g_strdup(source->name);
		error->text = g_strdup_printf("Interface=%s and VirtualRouterId=%u belong to %s, "
					      "which keeps them because of an error "
					      "in its own file; mend that first",
					      running->interface, running->vrid, kept->name);
		g_ptr_array_add(set->errors, error);
		g_hash_table_iter_remove(&iter);
	}
}

static void refuse_twins_of_kept(Control *control, ConfigSet *set)
{
	GHashTableIter iter;
	gpointer value;

	if (set->errors->len == 0)
		return;
	g_hash_table_iter_init(&iter, control->model.instances);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ModelInstance *model = value;

		if (!g_hash_table_contains(set->sources, model->name) &&
		    is_broken(set, model->name))
			refuse_twins_of(set, model);
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

static void compare_sources(Control *control, const ConfigSet *set, GPtrArray *added,
			    GPtrArray *changed)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, set->sources);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		ConfigSource *source = value;
		ModelInstance *model = g_hash_table_lookup(control->model.instances, source->name);
		const Settings *upcoming = model ? upcoming_settings(model) : NULL;

		if (!upcoming)
			g_ptr_array_add(added, source);
		else if (!settings_equal(upcoming, source->settings))
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

		if (upcoming_settings(model) && !g_hash_table_contains(set->sources, model->name) &&
		    !is_broken(set, model->name))
			g_ptr_array_add(removed, model->name);
	}
}

static void apply(Control *control, GPtrArray *added, GPtrArray *changed, GStrv removed)
{
	/* Those that leave first: what they hold may be what another is to have. */
	for (guint i = 0; removed[i]; i++)
		remove_instance(control, g_hash_table_lookup(control->model.instances, removed[i]));
	for (guint i = 0; i < changed->len; i++) {
		ConfigSource *source = changed->pdata[i];

		change_instance(control,
				g_hash_table_lookup(control->model.instances, source->name),
				source);
	}
	for (guint i = 0; i < added->len; i++) {
		ConfigSource *source = added->pdata[i];
		ModelInstance *leaving =
			g_hash_table_lookup(control->model.instances, source->name);

		if (g_hash_table_size(control->model.instances) >= INSTANCES_MAX)
			control_log_not_started(source->name, TOO_MANY);
		else if (leaving)
			change_instance(control, leaving, source);
		else
			add_instance(control, source);
	}
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

	refuse_twins_of_kept(control, set);
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

/* --- Failover -------------------------------------------------------------------------------- */

void control_failover(Model *model, ModelInstance *instance, guint64 hold_usec, ModelDone done,
		      void *userdata)
{
	Control *control = model->daemon;
	ControlInstance *own = instance->daemon;
	FailoverCall *call;
	guint64 *cookie;

	/* What leaves belongs to the engine alone: nothing may be on its way to an instance that it
	 * gives back. */
	if (!own->engine || own->leaving || control->stopping) {
		done(userdata, control->stopping ? -ECANCELED : -ENOTCONN);
		return;
	}
	call = g_new0(FailoverCall, 1);
	call->done = done;
	call->userdata = userdata;
	cookie = g_memdup2(&(guint64){ ++control->last_cookie }, sizeof *cookie);
	g_hash_table_insert(control->failovers, cookie, call);
	control_push(control, &(Command){ .type = COMMAND_FAILOVER,
					  .instance = own->engine,
					  .hold_nsec = hold_usec > G_MAXUINT64 / VRRP_NSEC_PER_USEC
							       ? 0
							       : hold_usec * VRRP_NSEC_PER_USEC,
					  .cookie = *cookie });
}

void control_failover_done(Control *control, guint64 cookie, int error)
{
	FailoverCall *call = g_hash_table_lookup(control->failovers, &cookie);
	ModelDone done;
	void *userdata;

	if (!call)
		return;
	done = call->done;
	userdata = call->userdata;
	g_hash_table_remove(control->failovers, &cookie);
	done(userdata, error);
}

void control_failover_cancel_all(Control *control)
{
	GHashTableIter iter;
	gpointer key;

	for (;;) {
		g_hash_table_iter_init(&iter, control->failovers);
		if (!g_hash_table_iter_next(&iter, &key, NULL))
			return;
		control_failover_done(control, *(guint64 *)key, -ECANCELED);
	}
}
