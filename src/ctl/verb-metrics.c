/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl metrics: everything that can be plotted, in the text format of OpenMetrics 1.0, for a
 * collector that reads files or runs commands.
 *
 * What the exporters for keepalived have too has their name and their labels, so that dashboards go
 * on working; where ours means something else it has a name of ours. A family is complete before
 * the next one begins, names and labels never depend on the state, and the last line says that
 * nothing is missing.
 */

#include <stdio.h>
#include <string.h>

#include "bus/bus-names.h"
#include "core/vrrp-types.h"
#include "ctl-instance.h"
#include "ctl-metric.h"
#include "ctl-statistics.h"

#define DOING "read the metrics"

typedef struct Metrics {
	CtlMetric *out;
	const GPtrArray *instances; /* CtlInstance * */
	GHashTable *counters;       /* path -> GArray of CtlCounter */
} Metrics;

#define FOR_EACH_INSTANCE(metrics, instance)                                                  \
	for (guint i_ = 0; i_ < (metrics)->instances->len; i_++)                              \
		for (const CtlInstance *instance = (metrics)->instances->pdata[i_]; instance; \
		     instance = NULL)

/* --- keepalived's names ---------------------------------------------------------------------- */

static void keepalived_labels(CtlMetric *out, const CtlInstance *instance)
{
	ctl_metric_label(out, "iname", instance->name);
	ctl_metric_label(out, "intf", instance->interface);
	ctl_metric_label_unsigned(out, "vrid", instance->vrid);
}

static gboolean is_kept_away(const CtlInstance *instance)
{
	return g_str_equal(instance->state, "initialize") && instance->faults[0] != NULL;
}

/* Their numbers: 0 initialize, 1 backup, 2 master, 3 fault. */
static guint64 keepalived_state(const CtlInstance *instance)
{
	if (is_kept_away(instance))
		return 3;
	return g_str_equal(instance->state, "master")   ? 2
	       : g_str_equal(instance->state, "backup") ? 1
							: 0;
}

static void print_keepalived_state(const Metrics *metrics)
{
	CtlMetric *out = metrics->out;

	ctl_metric_family(out, "keepalived_vrrp_state", "gauge",
			  "State: 0 initialize, 1 backup, 2 master, 3 kept away by a fault.");
	FOR_EACH_INSTANCE(metrics, instance)
	{
		for (char **address = instance->virtual_addresses; *address; address++) {
			g_autofree char *plain = g_strndup(*address, strcspn(*address, "/ "));

			ctl_metric_begin(out, "");
			keepalived_labels(out, instance);
			ctl_metric_label(out, "ip_address", plain);
			ctl_metric_unsigned(out, keepalived_state(instance));
		}
	}
}

/* Counters that mean the same in both. */
static const struct {
	const char *counter; /* on the bus */
	const char *family;
	const char *help;
} same[] = {
	{ "AdvertisementsReceived", "keepalived_advertisements_received",
	  "Advertisements received." },
	{ "AdvertisementsSent", "keepalived_advertisements_sent", "Advertisements sent." },
	{ "MasterTransitions", "keepalived_become_master", "Transitions to master." },
	{ "PacketLengthErrors", "keepalived_packet_length_errors",
	  "Packets dropped for their length." },
	{ "IntervalErrors", "keepalived_advertisements_interval_errors",
	  "Packets dropped because their interval differs." },
	{ "IpTtlErrors", "keepalived_ip_ttl_errors", "Packets dropped for their TTL." },
	{ "InvalidTypePacketsReceived", "keepalived_invalid_type_received",
	  "Packets dropped because they are no advertisement." },
	{ "AddressListErrors", "keepalived_address_list_errors",
	  "Advertisements whose addresses differ; they are processed." },
	{ "AuthenticationTypeErrors", "keepalived_authentication_mismatch",
	  "Packets dropped because their type of authentication differs." },
	{ "AuthenticationKeyErrors", "keepalived_authentication_failure",
	  "Packets dropped because their key differs." },
	{ "PriorityZeroPacketsReceived", "keepalived_priority_zero_received",
	  "Goodbyes received." },
	{ "PriorityZeroPacketsSent", "keepalived_priority_zero_sent", "Goodbyes sent." },
};

static const CtlCounter *find_counter(const Metrics *metrics, const CtlInstance *instance,
				      const char *name)
{
	const GArray *counters = g_hash_table_lookup(metrics->counters, instance->path);

	for (guint i = 0; counters && i < counters->len; i++) {
		const CtlCounter *counter = &g_array_index(counters, CtlCounter, i);

		if (g_str_equal(counter->name, name))
			return counter;
	}
	return NULL;
}

static void print_same(const Metrics *metrics)
{
	CtlMetric *out = metrics->out;

	for (guint i = 0; i < G_N_ELEMENTS(same); i++) {
		ctl_metric_family(out, same[i].family, "counter", same[i].help);
		FOR_EACH_INSTANCE(metrics, instance)
		{
			const CtlCounter *counter =
				find_counter(metrics, instance, same[i].counter);

			if (!counter)
				continue;
			ctl_metric_begin(out, "_total");
			keepalived_labels(out, instance);
			ctl_metric_unsigned(out, counter->value);
		}
	}
}

/* --- Our own --------------------------------------------------------------------------------- */

static gboolean is_same(const char *counter)
{
	for (guint i = 0; i < G_N_ELEMENTS(same); i++)
		if (g_str_equal(same[i].counter, counter))
			return TRUE;
	return FALSE;
}

/* "vrrp_send_errors" for "SendErrors" */
static char *family_of(const char *counter)
{
	GString *family = g_string_new("vrrp");

	for (const char *c = counter; *c; c++) {
		if (g_ascii_isupper(*c))
			g_string_append_c(family, '_');
		g_string_append_c(family, g_ascii_isalnum(*c) ? g_ascii_tolower(*c) : '_');
	}
	return g_string_free(family, FALSE);
}

static void print_counter(const Metrics *metrics, const char *name)
{
	g_autofree char *family = family_of(name);
	g_autofree char *help = g_strdup_printf("The counter %s, see org.vrrpd1(5).", name);
	CtlMetric *out = metrics->out;

	ctl_metric_family(out, family, "counter", help);
	FOR_EACH_INSTANCE(metrics, instance)
	{
		const CtlCounter *counter = find_counter(metrics, instance, name);

		if (!counter)
			continue;
		ctl_metric_begin(out, "_total");
		ctl_metric_label(out, "instance", instance->name);
		ctl_metric_unsigned(out, counter->value);
	}
}

/* What keepalived does not count, whatever the daemon has. */
static void print_counters(const Metrics *metrics)
{
	g_autoptr(GHashTable) done = g_hash_table_new(g_str_hash, g_str_equal);

	FOR_EACH_INSTANCE(metrics, instance)
	{
		const GArray *counters = g_hash_table_lookup(metrics->counters, instance->path);

		for (guint i = 0; counters && i < counters->len; i++) {
			char *name = g_array_index(counters, CtlCounter, i).name;

			if (!is_same(name) && g_hash_table_add(done, name))
				print_counter(metrics, name);
		}
	}
}

static void print_info(const Metrics *metrics)
{
	CtlMetric *out = metrics->out;

	ctl_metric_family(out, "vrrp_instance", "info", "What the instance is.");
	FOR_EACH_INSTANCE(metrics, instance)
	{
		ctl_metric_begin(out, "_info");
		ctl_metric_label(out, "instance", instance->name);
		ctl_metric_label(out, "interface", instance->interface);
		ctl_metric_label_unsigned(out, "vrid", instance->vrid);
		ctl_metric_label(out, "family", instance->family);
		ctl_metric_label_unsigned(out, "version", instance->version);
		ctl_metric_unsigned(out, 1);
	}
}

static void print_states(const Metrics *metrics)
{
	CtlMetric *out = metrics->out;

	ctl_metric_family(out, "vrrp_instance_state", "stateset", "The state of the instance.");
	FOR_EACH_INSTANCE(metrics, instance)
	{
		for (guint i = 0; i < _VRRP_STATE_MAX; i++) {
			const char *state = vrrp_state_to_string(i);

			ctl_metric_begin(out, "");
			ctl_metric_label(out, "instance", instance->name);
			ctl_metric_label(out, "vrrp_instance_state", state);
			ctl_metric_unsigned(out, g_str_equal(instance->state, state));
		}
	}
}

static void print_faults(const Metrics *metrics)
{
	static const VrrpFault faults[] = {
#define X(id, bit, text) id,
		VRRP_FAULTS(X)
#undef X
	};
	CtlMetric *out = metrics->out;

	ctl_metric_family(out, "vrrp_instance_fault", "stateset", "What is wrong with it.");
	FOR_EACH_INSTANCE(metrics, instance)
	{
		for (guint i = 0; i < G_N_ELEMENTS(faults); i++) {
			const char *fault = vrrp_fault_to_string(faults[i]);

			ctl_metric_begin(out, "");
			ctl_metric_label(out, "instance", instance->name);
			ctl_metric_label(out, "vrrp_instance_fault", fault);
			ctl_metric_unsigned(
				out, g_strv_contains((const char *const *)instance->faults, fault));
		}
	}
}

/* Values of an instance that are one number. */
static guint64 enabled_of(const CtlInstance *instance)
{
	return instance->enabled != FALSE;
}

static guint64 releasing_of(const CtlInstance *instance)
{
	return instance->releasing != FALSE;
}

static guint64 unsaved_of(const CtlInstance *instance)
{
	return instance->unsaved != FALSE;
}

static guint64 holders_of(const CtlInstance *instance)
{
	return instance->holders->len;
}

static guint64 priority_of(const CtlInstance *instance)
{
	return instance->effective_priority ? instance->effective_priority : instance->priority;
}

static guint64 master_priority_of(const CtlInstance *instance)
{
	return instance->master_priority;
}

static const struct {
	const char *family;
	guint64 (*value)(const CtlInstance *instance);
	const char *help;
} gauges[] = {
	{ "vrrp_instance_enabled", enabled_of, "Whether it is to take part." },
	{ "vrrp_instance_releasing", releasing_of,
	  "Whether it waits for a new master to answer in its place." },
	{ "vrrp_instance_unsaved", unsaved_of, "Whether the files say something else." },
	{ "vrrp_instance_holders", holders_of, "How many keep it out of mastership." },
	{ "vrrp_instance_priority", priority_of, "The priority in effect." },
	{ "vrrp_instance_master_priority", master_priority_of,
	  "The priority of the master; 0 where none is known." },
};

static void print_gauges(const Metrics *metrics)
{
	CtlMetric *out = metrics->out;

	for (guint i = 0; i < G_N_ELEMENTS(gauges); i++) {
		ctl_metric_family(out, gauges[i].family, "gauge", gauges[i].help);
		FOR_EACH_INSTANCE(metrics, instance)
		{
			ctl_metric_begin(out, "");
			ctl_metric_label(out, "instance", instance->name);
			ctl_metric_unsigned(out, gauges[i].value(instance));
		}
	}
}

static void print_transitions(const Metrics *metrics)
{
	CtlMetric *out = metrics->out;

	ctl_metric_family(out, "vrrp_instance_last_transition_timestamp_seconds", "gauge",
			  "When the state changed last.");
	FOR_EACH_INSTANCE(metrics, instance)
	{
		ctl_metric_begin(out, "");
		ctl_metric_label(out, "instance", instance->name);
		ctl_metric_seconds(out, instance->state_since_usec);
	}
	ctl_metric_family(out, "vrrp_transitions", "counter", "Changes of the state.");
	FOR_EACH_INSTANCE(metrics, instance)
	{
		ctl_metric_begin(out, "_total");
		ctl_metric_label(out, "instance", instance->name);
		ctl_metric_unsigned(out, instance->transitions);
	}
}

/* --- The daemon ------------------------------------------------------------------------------ */

static void print_up(CtlMetric *out, gboolean up)
{
	ctl_metric_family(out, "keepalived_up", "gauge", "Whether vrrpd answers.");
	ctl_metric_begin(out, "");
	ctl_metric_unsigned(out, up);
}

/* a(sus) */
static guint count_errors(sd_bus_message *message)
{
	guint count = 0;

	if (sd_bus_message_enter_container(message, 'a', "(sus)") < 0)
		return 0;
	while (sd_bus_message_skip(message, "(sus)") > 0)
		count++;
	return count;
}

static void print_daemon(Ctl *ctl, CtlMetric *out)
{
	g_autoptr(sd_bus_message) reply = NULL;
	uint64_t lateness = 0;
	int real_time = FALSE;

	if (sd_bus_get_property_trivial(ctl->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER,
					"RealTime", NULL, 'b', &real_time) >= 0) {
		ctl_metric_family(out, "vrrp_real_time", "gauge",
				  "Whether the protocol runs with real-time scheduling.");
		ctl_metric_begin(out, "");
		ctl_metric_unsigned(out, real_time != FALSE);
	}
	if (sd_bus_get_property_trivial(ctl->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER,
					"MaxLateness", NULL, 't', &lateness) >= 0) {
		ctl_metric_family(out, "vrrp_max_lateness_seconds", "gauge",
				  "The longest that a timer of the protocol was late.");
		ctl_metric_begin(out, "");
		ctl_metric_seconds(out, lateness);
	}
	if (sd_bus_get_property(ctl->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, "ConfigErrors",
				NULL, &reply, "a(sus)") >= 0) {
		ctl_metric_family(out, "vrrp_config_errors", "gauge",
				  "How much is wrong with the settings' files.");
		ctl_metric_begin(out, "");
		ctl_metric_unsigned(out, count_errors(reply));
	}
}

static void print_all(Ctl *ctl, const Metrics *metrics)
{
	print_up(metrics->out, TRUE);
	print_daemon(ctl, metrics->out);
	print_keepalived_state(metrics);
	print_same(metrics);
	print_info(metrics);
	print_states(metrics);
	print_faults(metrics);
	print_gauges(metrics);
	print_transitions(metrics);
	print_counters(metrics);
}

/* Returns negative errno where nothing can be said. */
static int fetch(Ctl *ctl, GPtrArray **ret_instances, GHashTable **ret_counters,
		 gboolean *ret_absent)
{
	const CtlCall call = { .doing = DOING };
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r = ctl_bus_open(ctl);

	if (r >= 0)
		r = ctl_instances_fetch(ctl, DOING, &error, ret_instances);
	*ret_absent = r < 0 && ctl_bus_is_absent(&error);
	if (r < 0)
		ctl_bus_explain(ctl, &call, &error, r);
	sd_bus_error_free(&error);
	return r < 0 ? r : ctl_statistics_fetch(ctl, DOING, ret_counters);
}

CtlExit verb_metrics(Ctl *ctl, char **arguments)
{
	g_autoptr(GPtrArray) instances = NULL;
	g_autoptr(GHashTable) counters = NULL;
	g_autoptr(CtlMetric) out = ctl_metric_new();
	gboolean absent;
	int r = fetch(ctl, &instances, &counters, &absent);

	/* That it does not run is worth knowing, and a file that is written shall say so. */
	if (r < 0 && !absent)
		return CTL_FAILED;
	if (absent)
		print_up(out, FALSE);
	else
		print_all(ctl, &(Metrics){ out, instances, counters });
	fputs(ctl_metric_finish(out), stdout);
	return CTL_OK;
}
