/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Failover and Hold calls that wait for the engine. A call has two owners: the bus, until the
 * caller has an answer or has no way to get one, and the daemon, until it reports the result, which
 * it may do long after. So neither the limit of time nor the loss of the bus nor the end of the
 * instance can leave a pointer behind. Nothing here refers to the instance but by name.
 *
 * A hold that comes after the caller had its answer is nobody's: the daemon closes the descriptor
 * right after it reported it, and that was the last copy.
 */

#include <errno.h>
#include <string.h>

#include "bus-error.h"
#include "bus-private.h"
#include "config/values.h"

/* Before the 25 s after which clients give up. */
#define LIMIT_MSEC   20000
#define CALLS_MAX    1024
#define REASON_MAX   200
#define SHOWN_LENGTH 100

typedef int (*CallError)(sd_bus_error *error, const char *name, int result);

typedef struct FailoverCall {
	guint ref_count;
	Bus *bus;                /* NULL: no answer is wanted any more */
	sd_bus_message *request; /* NULL with @bus */
	char *name;
	CallError error;
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

static void call_refuse(FailoverCall *call, int result)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = call->error(&error, call->name, result);

	(void)sd_bus_reply_method_errno(call->request, r, &error);
	sd_bus_error_free(&error);
	call_end(call);
}

static void on_done(void *userdata, int result)
{
	FailoverCall *call = userdata;

	if (call->bus && result < 0) {
		call_refuse(call, result);
	} else if (call->bus) {
		(void)sd_bus_reply_method_return(call->request, "");
		call_end(call);
	}
	call_unref(call);
}

/* The message has a copy of @fd. When it has been sent, the caller has the only one. */
static void on_hold_done(void *userdata, int result, int fd)
{
	FailoverCall *call = userdata;

	if (call->bus && result >= 0)
		result = sd_bus_reply_method_return(call->request, "h", fd);
	if (call->bus && result < 0)
		call_refuse(call, result);
	else if (call->bus)
		call_end(call);
	call_unref(call);
}

static gboolean on_limit(gpointer userdata)
{
	FailoverCall *call = userdata;

	call->limit = 0;
	call_refuse(call, -ETIMEDOUT);
	return G_SOURCE_REMOVE;
}

/* Owned twice: by the bus, and by whoever calls on_done() or on_hold_done(). */
static FailoverCall *call_new(Bus *bus, sd_bus_message *request, const char *name,
			      CallError call_error, sd_bus_error *error)
{
	FailoverCall *call;

	if (g_hash_table_size(bus->failovers) >= CALLS_MAX) {
		sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
				 "Too many calls wait for a handover. Try again later.");
		return NULL;
	}
	call = g_new0(FailoverCall, 1);
	call->ref_count = 2;
	call->bus = bus;
	call->request = sd_bus_message_ref(request);
	call->name = g_strdup(name);
	call->error = call_error;
	call->limit = g_timeout_add(LIMIT_MSEC, on_limit, call);
	g_hash_table_add(bus->failovers, call);
	return call;
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

/* --- Failover -------------------------------------------------------------------------------- */

static int read_failover(sd_bus_message *request, guint64 *ret_hold_usec, sd_bus_error *error)
{
	guint64 hold_usec;
	guint32 flags;
	int r;

	r = sd_bus_message_read(request, "tu", &hold_usec, &flags);
	if (r < 0)
		return r;
	if (flags != 0)
		return bus_error_flags(error, flags, "0 only");
	if (hold_usec > BUS_FAILOVER_HOLD_MAX_USEC)
		return sd_bus_error_setf(
			error, SD_BUS_ERROR_INVALID_ARGS,
			"hold_usec=%" G_GUINT64_FORMAT
			": valid is 0 (until the new master goes) to %" G_GUINT64_FORMAT
			" (a year).",
			hold_usec, (guint64)BUS_FAILOVER_HOLD_MAX_USEC);
	*ret_hold_usec = hold_usec;
	return 0;
}

int bus_instance_method_failover(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	BusInstance *instance = userdata;
	guint64 hold_usec;
	int r;

	r = read_failover(request, &hold_usec, error);
	return r < 0 ? r : bus_authorize_instance(instance, request, error);
}

int bus_failover_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	BusInstance *instance = bus_find_by_path(bus, sd_bus_message_get_path(request));
	FailoverCall *call;
	guint64 hold_usec = 0;
	int r;

	r = read_failover(request, &hold_usec, error);
	if (r < 0)
		return r;
	if (!instance)
		return bus_error_no_such_instance(error, sd_bus_message_get_path(request));
	if (!instance->model->running || instance->model->status.state != VRRP_STATE_MASTER)
		return bus_error_failover(error, instance->model->name, -ENOTCONN);

	call = call_new(bus, request, instance->model->name, bus_error_failover, error);
	if (!call)
		return -ENOBUFS;
	bus->model->operations->failover(bus->model, instance->model, hold_usec, on_done, call);
	return 1;
}

/* --- Hold ------------------------------------------------------------------------------------ */

static gboolean reason_is_valid(const char *reason)
{
	gsize length = strlen(reason);

	for (const char *p = reason; *p; p = g_utf8_next_char(p))
		if (!g_unichar_isprint(g_utf8_get_char(p)))
			return FALSE;
	return length >= 1 && length <= REASON_MAX;
}

static int read_hold(sd_bus_message *request, const char **ret_reason, sd_bus_error *error)
{
	g_autofree char *shown = NULL;
	const char *reason;
	guint32 flags;
	int r;

	r = sd_bus_message_read(request, "su", &reason, &flags);
	if (r < 0)
		return r;
	if (flags != 0)
		return bus_error_flags(error, flags, "0 only");
	if (!reason_is_valid(reason)) {
		shown = value_show(reason, SHOWN_LENGTH);
		return sd_bus_error_setf(error, SD_BUS_ERROR_INVALID_ARGS,
					 "reason='%s': valid are 1 to %d bytes of text in one line "
					 "without control characters.",
					 shown, REASON_MAX);
	}
	*ret_reason = reason;
	return 0;
}

int bus_instance_method_hold(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	BusInstance *instance = userdata;
	const char *reason;
	int r;

	r = read_hold(request, &reason, error);
	if (r < 0)
		return r;
	if (sd_bus_can_send(sd_bus_message_get_bus(request), SD_BUS_TYPE_UNIX_FD) <= 0)
		return sd_bus_error_set(error, SD_BUS_ERROR_NOT_SUPPORTED,
					"This message bus cannot pass file descriptors.");
	return bus_authorize_instance(instance, request, error);
}

int bus_hold_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error)
{
	Bus *bus = userdata;
	BusInstance *instance = bus_find_by_path(bus, sd_bus_message_get_path(request));
	FailoverCall *call;
	const char *reason = NULL;
	int r;

	r = read_hold(request, &reason, error);
	if (r < 0)
		return r;
	if (!instance)
		return bus_error_no_such_instance(error, sd_bus_message_get_path(request));

	call = call_new(bus, request, instance->model->name, bus_error_hold, error);
	if (!call)
		return -ENOBUFS;
	/* It may report at once. */
	bus->model->operations->hold(bus->model, instance->model, reason,
				     sd_bus_message_get_sender(request), on_hold_done, call);
	return 1;
}
