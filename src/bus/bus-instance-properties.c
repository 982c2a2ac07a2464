/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The properties of an instance and its counters, each written down once for the bus, for JSON and
 * for the comparison with what was announced. They come from the settings and from the last status;
 * nothing here asks anybody, and the key of the settings is never read. A value that is not known
 * is "" or 0.
 */

#include <time.h>

#include <arpa/inet.h>

#include "bus-private.h"
#include "core/vrrp-fsm.h"

#define NSEC_PER_USEC 1000u

static const Settings *settings_of(void *object)
{
	return ((BusInstance *)object)->model->settings;
}

static const InstanceStatus *status_of(void *object)
{
	return &((BusInstance *)object)->model->status;
}

static void put_address(BusSink *sink, const VrrpAddress *address)
{
	char text[INET6_ADDRSTRLEN] = "";

	if (address->family != VRRP_FAMILY_NONE)
		inet_ntop(address->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET, address->bytes,
			  text, sizeof text);
	bus_sink_string(sink, text);
}

/* --- Settings -------------------------------------------------------------------------------- */

void bus_instance_put_name(BusSink *sink, void *object)
{
	bus_sink_string(sink, ((BusInstance *)object)->model->name);
}

void bus_instance_put_fragment_path(BusSink *sink, void *object)
{
	bus_sink_string(sink, ((BusInstance *)object)->model->fragment_path);
}

void bus_instance_put_unsaved(BusSink *sink, void *object)
{
	bus_sink_boolean(sink, ((BusInstance *)object)->model->unsaved);
}

void bus_instance_put_description(BusSink *sink, void *object)
{
	bus_sink_string(sink, settings_of(object)->description);
}

void bus_instance_put_enabled(BusSink *sink, void *object)
{
	bus_sink_boolean(sink, settings_of(object)->enabled);
}

void bus_instance_put_interface(BusSink *sink, void *object)
{
	bus_sink_string(sink, settings_of(object)->interface);
}

void bus_instance_put_vrid(BusSink *sink, void *object)
{
	bus_sink_byte(sink, settings_of(object)->vrid);
}

void bus_instance_put_family(BusSink *sink, void *object)
{
	bus_sink_string(sink, vrrp_family_to_string(settings_of(object)->family));
}

void bus_instance_put_version(BusSink *sink, void *object)
{
	bus_sink_byte(sink, settings_of(object)->version);
}

void bus_instance_put_priority(BusSink *sink, void *object)
{
	bus_sink_byte(sink, settings_of(object)->priority);
}

void bus_instance_put_interval(BusSink *sink, void *object)
{
	bus_sink_uint64(sink, settings_of(object)->interval_usec);
}

static void put_address_strings(BusSink *sink, const GPtrArray *strings)
{
	bus_sink_open_array(sink, "s");
	for (guint i = 0; strings && i < strings->len; i++)
		bus_sink_string(sink, g_ptr_array_index(strings, i));
	bus_sink_close_array(sink);
}

void bus_instance_put_virtual_addresses(BusSink *sink, void *object)
{
	put_address_strings(sink, settings_of(object)->address_strings);
}

void bus_instance_put_preempt(BusSink *sink, void *object)
{
	bus_sink_boolean(sink, settings_of(object)->preempt);
}

void bus_instance_put_accept_mode(BusSink *sink, void *object)
{
	bus_sink_boolean(sink, settings_of(object)->accept_mode);
}

void bus_instance_put_unicast_peers(BusSink *sink, void *object)
{
	const GArray *peers = settings_of(object)->peers;

	bus_sink_open_array(sink, "s");
	for (guint i = 0; i < peers->len; i++)
		put_address(sink, &g_array_index(peers, VrrpAddress, i));
	bus_sink_close_array(sink);
}

void bus_instance_put_auth(BusSink *sink, void *object)
{
	bus_sink_string(sink, vrrp_auth_to_string(settings_of(object)->auth));
}

/* --- Status ---------------------------------------------------------------------------------- */

void bus_instance_put_interface_index(BusSink *sink, void *object)
{
	bus_sink_int32(sink, status_of(object)->interface_index);
}

void bus_instance_put_state(BusSink *sink, void *object)
{
	bus_sink_string(sink, vrrp_state_to_string(status_of(object)->state));
}

void bus_instance_put_releasing(BusSink *sink, void *object)
{
	bus_sink_boolean(sink, status_of(object)->releasing);
}

void bus_instance_put_last_reason(BusSink *sink, void *object)
{
	bus_sink_string(sink, vrrp_reason_to_string(status_of(object)->last_reason));
}

void bus_instance_put_state_since(BusSink *sink, void *object)
{
	bus_sink_uint64(sink, ((BusInstance *)object)->model->state_since_realtime_usec);
}

void bus_instance_put_state_since_monotonic(BusSink *sink, void *object)
{
	bus_sink_uint64(sink, ((BusInstance *)object)->model->state_since_monotonic_usec);
}

void bus_instance_put_transitions(BusSink *sink, void *object)
{
	bus_sink_uint64(sink, status_of(object)->transitions);
}

void bus_instance_put_effective_priority(BusSink *sink, void *object)
{
	bus_sink_byte(sink, status_of(object)->effective_priority);
}

void bus_instance_put_master_address(BusSink *sink, void *object)
{
	put_address(sink, &status_of(object)->master_address);
}

void bus_instance_put_master_priority(BusSink *sink, void *object)
{
	bus_sink_byte(sink, status_of(object)->master_priority);
}

void bus_instance_put_master_interval(BusSink *sink, void *object)
{
	bus_sink_uint64(sink, status_of(object)->master_interval_nsec / NSEC_PER_USEC);
}

void bus_instance_put_master_down(BusSink *sink, void *object)
{
	bus_sink_uint64(sink, status_of(object)->master_down_nsec / NSEC_PER_USEC);
}

void bus_instance_put_skew(BusSink *sink, void *object)
{
	bus_sink_uint64(sink, status_of(object)->skew_nsec / NSEC_PER_USEC);
}

void bus_instance_put_source_address(BusSink *sink, void *object)
{
	put_address(sink, &status_of(object)->source_address);
}

void bus_instance_put_installed_addresses(BusSink *sink, void *object)
{
	gboolean installed = status_of(object)->addresses_held != VRRP_ADDRESSES_ABSENT;

	put_address_strings(sink, installed ? settings_of(object)->address_strings : NULL);
}

void bus_instance_put_checksum_form(BusSink *sink, void *object)
{
	const ModelInstance *model = ((BusInstance *)object)->model;

	bus_sink_string(sink, vrrp_checksum_to_string(model->running ? model->status.checksum_form
								     : model->settings->checksum));
}

void bus_instance_put_faults(BusSink *sink, void *object)
{
	guint32 faults = status_of(object)->faults;

	bus_sink_open_array(sink, "s");
	for (guint32 bit = 1; bit != 0; bit <<= 1)
		if (faults & bit)
			bus_sink_string(sink, vrrp_fault_to_string(bit));
	bus_sink_close_array(sink);
}

void bus_instance_put_holders(BusSink *sink, void *object)
{
	const GPtrArray *holders = ((BusInstance *)object)->model->holders;

	bus_sink_open_array(sink, "(sst)");
	for (guint i = 0; i < holders->len; i++) {
		const ModelHolder *holder = g_ptr_array_index(holders, i);

		bus_sink_open_struct(sink, "sst");
		bus_sink_field(sink, "Reason");
		bus_sink_string(sink, holder->reason);
		bus_sink_field(sink, "BusName");
		bus_sink_string(sink, holder->sender);
		bus_sink_field(sink, "Since");
		bus_sink_uint64(sink, holder->since_realtime_usec);
		bus_sink_close_struct(sink);
	}
	bus_sink_close_array(sink);
}

/* --- Peers ----------------------------------------------------------------------------------- */

/* From the engine's clock to the one of calendars. 0 stays 0: never. */
static guint64 to_realtime_usec(guint64 boottime_nsec)
{
	struct timespec now;
	guint64 now_nsec;

	if (boottime_nsec == 0)
		return 0;
	clock_gettime(CLOCK_BOOTTIME, &now);
	now_nsec = (guint64)now.tv_sec * NSEC_PER_USEC * G_USEC_PER_SEC + (guint64)now.tv_nsec;
	if (boottime_nsec > now_nsec)
		boottime_nsec = now_nsec;
	return (guint64)g_get_real_time() - (now_nsec - boottime_nsec) / NSEC_PER_USEC;
}

/* Only a change of address or priority is announced, not each advert that is heard. */
static void put_peer(BusSink *sink, const ModelInstance *model, guint i)
{
	guint64 heard_nsec = 0;

	if (model->shared)
		heard_nsec = atomic_load_explicit(&model->shared->counters.peer_last_heard_nsec[i],
						  memory_order_relaxed);
	bus_sink_open_struct(sink, "syt");
	bus_sink_field(sink, "Address");
	put_address(sink, &g_array_index(model->settings->peers, VrrpAddress, i));
	bus_sink_field(sink, "Priority");
	bus_sink_byte(sink, model->status.peer_priority[i]);
	bus_sink_field(sink, "LastHeard");
	bus_sink_volatile(sink, to_realtime_usec(heard_nsec));
	bus_sink_close_struct(sink);
}

/* One list for all nodes may name this one too. */
static gboolean is_own(const ModelInstance *model, const VrrpAddress *address)
{
	const VrrpAddress *source = &model->status.source_address;

	return address->family == source->family && vrrp_address_compare(address, source) == 0;
}

void bus_instance_put_peers(BusSink *sink, void *object)
{
	const ModelInstance *model = ((BusInstance *)object)->model;
	const GArray *peers = model->settings->peers;

	bus_sink_open_array(sink, "(syt)");
	for (guint i = 0; i < MIN(peers->len, INSTANCE_PEERS_MAX); i++)
		if (!is_own(model, &g_array_index(peers, VrrpAddress, i)))
			put_peer(sink, model, i);
	bus_sink_close_array(sink);
}

/* --- Tables ---------------------------------------------------------------------------------- */

const BusProperty bus_instance_properties[] = {
#define X(id, name, signature, flag) { name, signature, bus_instance_put_##id },
	BUS_INSTANCE_PROPERTIES(X)
#undef X
};
const guint bus_instance_property_count = G_N_ELEMENTS(bus_instance_properties);

static const char *const counter_names[] = {
#define X(id, name) [id] = name,
	INSTANCE_COUNTERS(X)
#undef X
};

/* Since the last reset: the engine never sets a counter back. */
static void put_counter(BusSink *sink, const char *name, const _Atomic guint64 *counter,
			guint64 baseline)
{
	guint64 value = counter ? atomic_load_explicit(counter, memory_order_relaxed) : 0;

	bus_sink_open_entry(sink, "st", name);
	bus_sink_uint64(sink, value > baseline ? value - baseline : 0);
	bus_sink_close_entry(sink);
}

void bus_instance_put_statistics(BusSink *sink, void *object)
{
	const ModelInstance *model = ((BusInstance *)object)->model;
	const InstanceShared *shared = model->shared;

	bus_sink_open_dictionary(sink, "{st}");
	for (guint i = 0; i < G_N_ELEMENTS(counter_names); i++)
		put_counter(sink, counter_names[i], shared ? &shared->counters.counters[i] : NULL,
			    model->counter_baseline[i]);
	for (guint i = VRRP_REJECT_NONE + 1; i < _VRRP_REJECT_MAX; i++)
		put_counter(sink, vrrp_reject_to_counter(i),
			    shared ? &shared->counters.rejects[i] : NULL,
			    model->reject_baseline[i]);
	bus_sink_close_dictionary(sink);
}
