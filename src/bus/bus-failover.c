/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Failover calls that wait for the engine. A call has two owners: the bus, until the caller has an
 * answer or has no way to get one, and the daemon, until it reports the result, which it may do
 * long after. So neither the limit of time nor the loss of the bus nor the end of the instance can
 * leave a pointer behind. Nothing here refers to the instance but by name.
 */

#include <errno.h>

#include "bus-error.h"
#include "bus-private.h"

/* Before the 25 s after which clients give up. */
#define FAILOVER_LIMIT_MSEC 20000

typedef struct FailoverCall {
	guint ref_count;
	Bus *bus;                /* NULL: no answer is wanted any more */
	sd_bus_message *request; /* NULL with @bus */
	char *name;
	guint limit; /* source */
} FailoverCall;

static void call_unref(FailoverCall *call)
{
	if (--call->ref_count > 0)
		return;
	g_free(call->name);
	g_free(call);
}

/* The bus's part of it is over. */
static void call_end(FailoverCall *call)
{
	g_clear_handle_id(&call->limit, g_source_remove);
	g_hash_table_steal(call->bus->failovers, call);
	call->bus = NULL;
	call->request = sd_bus_message_unref(call->request);
	call_unref(call);
}

static void call_answer(FailoverCall *call, int result)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	if (result >= 0) {
		(void)sd_bus_reply_method_return(call->request, "");
	} else {
		r = bus_error_failover(&error, call->name, result);
		(void)sd_bus_reply_method_errno(call->request, r, &error);
		sd_bus_error_free(&error);
	}
	call_end(call);
}

static void on_done(void *userdata, int result)
{
	FailoverCall *call = userdata;

	if (call->bus)
		call_answer(call, result);
	call_unref(call);
}

static gboolean on_limit(gpointer userdata)
{
	FailoverCall *call = userdata;

	call->limit = 0;
	call_answer(call, -ETIMEDOUT);
	return G_SOURCE_REMOVE;
}

int bus_failover_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	BusInstance *instance = bus_find_by_path(bus, sd_bus_message_get_path(request));
	FailoverCall *call;
	guint64 hold_usec;
	guint32 flags;
	int r;

	r = sd_bus_message_read(request, "tu", &hold_usec, &flags);
	if (r < 0)
		return r;
	if (!instance)
		return bus_error_no_such_instance(error, sd_bus_message_get_path(request));
	if (!instance->model->running || instance->model->status.state != VRRP_STATE_MASTER)
		return bus_error_failover(error, instance->model->name, -ENOTCONN);

	call = g_new0(FailoverCall, 1);
	call->ref_count = 2;
	call->bus = bus;
	call->request = sd_bus_message_ref(request);
	call->name = g_strdup(instance->model->name);
	call->limit = g_timeout_add(FAILOVER_LIMIT_MSEC, on_limit, call);
	g_hash_table_add(bus->failovers, call);
	bus->model->operations->failover(bus->model, instance->model, hold_usec, on_done, call);
	return 1;
}

void bus_failover_forget_all(Bus *bus)
{
	GHashTableIter iter;
	gpointer key;

	for (;;) {
		g_hash_table_iter_init(&iter, bus->failovers);
		if (!g_hash_table_iter_next(&iter, &key, NULL))
			return;
		call_end(key);
	}
}
