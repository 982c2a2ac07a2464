/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Ownership of what the model hands over. The model itself belongs to the daemon; the bus only
 * reads it, and frees nothing but the results it was given.
 */

#include <string.h>

#include "model.h"

G_DEFINE_QUARK(vrrpd - model - error, model_error)

const Settings *model_instance_settings(const ModelInstance *instance)
{
	return instance->next ? instance->next : instance->settings;
}

ModelValue *model_value_new(const SchemaKey *key, const char *text)
{
	ModelValue *value = g_new0(ModelValue, 1);

	value->key = key;
	value->text = g_strdup(text);
	return value;
}

void model_value_free(ModelValue *value)
{
	explicit_bzero(value->text, strlen(value->text));
	g_free(value->text);
	g_free(value);
}

ModelHolder *model_holder_new(const char *reason, const char *sender)
{
	ModelHolder *holder = g_new0(ModelHolder, 1);

	holder->reason = g_strdup(reason);
	holder->sender = g_strdup(sender);
	holder->since_realtime_usec = (guint64)g_get_real_time();
	return holder;
}

void model_holder_free(ModelHolder *holder)
{
	g_free(holder->reason);
	g_free(holder->sender);
	g_free(holder);
}

void model_reload_result_free(ModelReloadResult *result)
{
	if (!result)
		return;
	g_strfreev(result->added);
	g_strfreev(result->changed);
	g_strfreev(result->removed);
	g_ptr_array_unref(result->errors);
	g_free(result);
}
