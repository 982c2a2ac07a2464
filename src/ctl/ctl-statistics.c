/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Reads the counters. Their names are the daemon's: a counter of a newer one is shown like every
 * other.
 */

#include "bus/bus-names.h"
#include "ctl-statistics.h"

static void clear_counter(gpointer data)
{
	g_free(((CtlCounter *)data)->name);
}

/* a{st} */
static int read_counters(sd_bus_message *message, GArray **ret)
{
	g_autoptr(GArray) counters = g_array_new(FALSE, FALSE, sizeof(CtlCounter));
	const char *name;
	guint64 value;
	int r = sd_bus_message_enter_container(message, 'a', "{st}");

	g_array_set_clear_func(counters, clear_counter);
	if (r < 0)
		return r;
	while ((r = sd_bus_message_read(message, "{st}", &name, &value)) > 0) {
		CtlCounter counter = { .name = g_strdup(name), .value = value };

		g_array_append_val(counters, counter);
	}
	if (r < 0)
		return r;
	*ret = g_steal_pointer(&counters);
	return sd_bus_message_exit_container(message);
}

/* a{oa{st}} */
static int read_all(sd_bus_message *message, GHashTable *all)
{
	int r = sd_bus_message_enter_container(message, 'a', "{oa{st}}");

	if (r < 0)
		return r;
	while ((r = sd_bus_message_enter_container(message, 'e', "oa{st}")) > 0) {
		GArray *counters;
		const char *path;

		r = sd_bus_message_read(message, "o", &path);
		if (r < 0)
			return r;
		r = read_counters(message, &counters);
		if (r < 0)
			return r;
		g_hash_table_replace(all, g_strdup(path), counters);
		r = sd_bus_message_exit_container(message);
		if (r < 0)
			return r;
	}
	return r < 0 ? r : sd_bus_message_exit_container(message);
}

int ctl_statistics_fetch(Ctl *ctl, const char *doing, GHashTable **ret)
{
	const CtlCall call = { BUS_PATH, BUS_INTERFACE_MANAGER, "GetStatistics", doing };
	g_autoptr(GHashTable) all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
							  (GDestroyNotify)g_array_unref);
	g_autoptr(sd_bus_message) reply = NULL;
	int r = ctl_bus_call(ctl, &call, &reply, NULL);

	if (r < 0)
		return r;
	r = read_all(reply, all);
	if (r < 0) {
		ctl_bus_bad_reply(call.member, r);
		return r;
	}
	*ret = g_steal_pointer(&all);
	return 0;
}

int ctl_statistics_fetch_one(Ctl *ctl, const char *path, const char *doing, GArray **ret)
{
	const CtlCall call = { path, BUS_INTERFACE_STATISTICS, "Get", doing };
	g_autoptr(sd_bus_message) reply = NULL;
	int r = ctl_bus_call(ctl, &call, &reply, NULL);

	if (r < 0)
		return r;
	r = read_counters(reply, ret);
	if (r < 0)
		ctl_bus_bad_reply(call.member, r);
	return MIN(r, 0);
}
