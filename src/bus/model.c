/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Ownership of what the model hands over. The model itself belongs to the daemon; the bus only
 * reads it, and frees nothing but the results it was given.
 */

#include "model.h"

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
