/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The daemon's connection to the system bus, and its name there. The bus may be absent at the
 * start, may die and may come back: then a new sd_bus takes the place of the old one and the name
 * is asked for again. A bus that is back is noticed within BACKOFF_MAX_MSEC. When another process
 * has the name, it is asked for once a second, without standing in a queue: a queue would give us
 * the name at a moment that nobody watches.
 *
 * Nothing here waits. Connecting, Hello and the name request are queued in sd-bus and answered from
 * the main loop; the only poll() is the last flush, which has a limit. Each outage is logged once.
 */

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "bus-connection.h"
#include "bus-names.h"
#include "bus-source.h"
#include "core/vrrp-journal.h"

#define DEFAULT_ADDRESS    "unix:path=/run/dbus/system_bus_socket"
#define BACKOFF_MIN_MSEC   50
#define BACKOFF_MAX_MSEC   500
#define NAME_RETRY_MSEC    1000
#define NAME_OWNER         1u /* replies to RequestName */
#define NAME_ALREADY_OWNER 4u

struct BusConnection {
	const BusConnectionHandlers *handlers;
	void *userdata;
	sd_bus *bus;
	GSource *source;
	sd_bus_slot *connected_slot, *name_slot;
	guint retry;        /* of the connection or of the name */
	guint backoff_msec; /* the next one */
	gboolean ready;
	gboolean absence_logged; /* this outage */
	gboolean name_logged;    /* that the name is not ours */
};

static void connect_bus(BusConnection *connection);

/* --- The name -------------------------------------------------------------------------------- */

static void request_name(BusConnection *connection);

static gboolean on_name_retry(gpointer userdata)
{
	BusConnection *connection = userdata;

	connection->retry = 0;
	request_name(connection);
	return G_SOURCE_REMOVE;
}

static void retry_name(BusConnection *connection, const char *why)
{
	if (!connection->name_logged)
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_WARNING, "SYSLOG_IDENTIFIER", "vrrpd",
				 "MESSAGE_ID", JOURNAL_NAME_MISSED, "MESSAGE",
				 "The name " BUS_NAME " cannot be had on the bus: %s. Trying on.",
				 why);
	connection->name_logged = TRUE;
	if (connection->retry == 0)
		connection->retry = g_timeout_add(NAME_RETRY_MSEC, on_name_retry, connection);
}

static int on_name_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	BusConnection *connection = userdata;
	guint32 result = 0;

	if (!bus_connection_ready(connection))
		return 0; /* it is closing */
	if (sd_bus_message_is_method_error(reply, NULL)) {
		retry_name(connection, sd_bus_message_get_error(reply)->message);
		return 0;
	}
	if (sd_bus_message_read(reply, "u", &result) < 0)
		return 0;
	if (result != NAME_OWNER && result != NAME_ALREADY_OWNER) {
		retry_name(connection, "another process has it");
		return 0;
	}
	g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_INFO, "SYSLOG_IDENTIFIER", "vrrpd", "MESSAGE_ID",
			 JOURNAL_NAME_OWNED, "MESSAGE", "Serving " BUS_NAME " on the bus.");
	connection->name_logged = FALSE;
	return 0;
}

static void request_name(BusConnection *connection)
{
	int r;

	connection->name_slot = sd_bus_slot_unref(connection->name_slot);
	r = sd_bus_request_name_async(connection->bus, &connection->name_slot, BUS_NAME, 0,
				      on_name_reply, connection);
	if (r < 0)
		retry_name(connection, g_strerror(-r));
}

/* --- The connection -------------------------------------------------------------------------- */

static gboolean on_connect_retry(gpointer userdata)
{
	BusConnection *connection = userdata;

	connection->retry = 0;
	connect_bus(connection);
	return G_SOURCE_REMOVE;
}

static void retry_connect(BusConnection *connection, int error)
{
	if (!connection->absence_logged)
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "SYSLOG_IDENTIFIER", "vrrpd",
				 "MESSAGE_ID", JOURNAL_BUS_ABSENT, "MESSAGE",
				 "There is no message bus (%s). Trying on; VRRP does not need it.",
				 g_strerror(-error));
	connection->absence_logged = TRUE;
	g_clear_handle_id(&connection->retry, g_source_remove);
	connection->retry = g_timeout_add(connection->backoff_msec, on_connect_retry, connection);
	connection->backoff_msec = MIN(connection->backoff_msec * 2, BACKOFF_MAX_MSEC);
}

static void drop_bus(BusConnection *connection)
{
	connection->ready = FALSE;
	g_clear_handle_id(&connection->retry, g_source_remove);
	connection->connected_slot = sd_bus_slot_unref(connection->connected_slot);
	connection->name_slot = sd_bus_slot_unref(connection->name_slot);
	connection->handlers->detach(connection->userdata);
	if (connection->source) {
		g_source_destroy(connection->source);
		g_clear_pointer(&connection->source, g_source_unref);
	}
	connection->bus = sd_bus_close_unref(connection->bus);
}

static void on_closed(void *userdata, int error)
{
	BusConnection *connection = userdata;

	drop_bus(connection);
	retry_connect(connection, error);
}

static int on_connected(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	BusConnection *connection = userdata;

	if (connection->absence_logged)
		g_log_structured(G_LOG_DOMAIN, G_LOG_LEVEL_MESSAGE, "SYSLOG_IDENTIFIER", "vrrpd",
				 "MESSAGE_ID", JOURNAL_BUS_PRESENT, "MESSAGE",
				 "The message bus is there.");
	connection->absence_logged = FALSE;
	connection->backoff_msec = BACKOFF_MIN_MSEC;
	connection->ready = TRUE;
	request_name(connection);
	connection->handlers->ready(connection->userdata);
	return 0;
}

static int prepare_bus(BusConnection *connection, sd_bus *bus)
{
	const char *address = secure_getenv("DBUS_SYSTEM_BUS_ADDRESS");
	int r;

	if ((r = sd_bus_set_address(bus, address ? address : DEFAULT_ADDRESS)) < 0 ||
	    (r = sd_bus_set_bus_client(bus, 1)) < 0 ||
	    (r = sd_bus_set_connected_signal(bus, 1)) < 0 ||
	    (r = sd_bus_negotiate_fds(bus, 1)) < 0 || /* for Hold */
	    (r = sd_bus_set_description(bus, "system")) < 0)
		return r;
	/* A local match: it is not sent to the bus. */
	return sd_bus_match_signal_async(bus, &connection->connected_slot,
					 "org.freedesktop.DBus.Local",
					 "/org/freedesktop/DBus/Local",
					 "org.freedesktop.DBus.Local", "Connected", on_connected,
					 NULL, connection);
}

static void connect_bus(BusConnection *connection)
{
	sd_bus *bus = NULL;
	int r;

	r = sd_bus_new(&bus);
	if (r >= 0)
		r = prepare_bus(connection, bus);
	if (r >= 0)
		r = connection->handlers->attach(connection->userdata, bus);
	if (r < 0) {
		connection->connected_slot = sd_bus_slot_unref(connection->connected_slot);
		sd_bus_unref(bus);
		retry_connect(connection, r);
		return;
	}
	connection->bus = bus;
	r = sd_bus_start(bus);
	if (r < 0) {
		on_closed(connection, r);
		return;
	}
	connection->source = bus_source_new(bus, on_closed, connection);
	g_source_attach(connection->source, NULL);
}

static void flush(sd_bus *bus, guint64 flush_usec)
{
	gint64 end = g_get_monotonic_time() + (gint64)MIN(flush_usec, G_MAXINT64 / 2);
	guint64 queued = 0;

	while (sd_bus_get_n_queued_write(bus, &queued) >= 0 && queued > 0) {
		struct pollfd pfd = { .fd = sd_bus_get_fd(bus), .events = POLLOUT };
		gint64 left = end - g_get_monotonic_time();

		if (left <= 0 || poll(&pfd, 1, (int)MIN((left + 999) / 1000, 1000)) < 0 ||
		    sd_bus_process(bus, NULL) < 0)
			return;
	}
}

/* --- Life ------------------------------------------------------------------------------------ */

BusConnection *bus_connection_new(const BusConnectionHandlers *handlers, void *userdata)
{
	BusConnection *connection = g_new0(BusConnection, 1);

	connection->handlers = handlers;
	connection->userdata = userdata;
	connection->backoff_msec = BACKOFF_MIN_MSEC;
	connect_bus(connection);
	return connection;
}

BusConnection *bus_connection_free(BusConnection *connection, guint64 flush_usec)
{
	if (!connection)
		return NULL;
	if (connection->ready)
		flush(connection->bus, flush_usec);
	if (connection->bus)
		drop_bus(connection);
	g_clear_handle_id(&connection->retry, g_source_remove);
	g_free(connection);
	return NULL;
}

sd_bus *bus_connection_ready(BusConnection *connection)
{
	return connection->ready && sd_bus_is_ready(connection->bus) > 0 ? connection->bus : NULL;
}

guint64 bus_connection_queued(BusConnection *connection)
{
	guint64 queued = 0;

	if (connection->bus)
		sd_bus_get_n_queued_write(connection->bus, &queued);
	return queued;
}
