/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the files of this folder share. */

#include "bus-connection.h"
#include "bus-dumps.h"
#include "bus-names.h"
#include "bus-polkit.h"
#include "bus-sink.h"
#include "bus.h"

/* What was announced of an object's properties: their values one after the other. */
typedef struct BusSnapshot {
	GByteArray *bytes;
	GArray *ends; /* guint32: where each property ends */
} BusSnapshot;

/* An instance as an object on the bus. */
typedef struct BusInstance {
	Bus *bus;
	ModelInstance *model;
	char *path;
	BusSnapshot announced;
	GList link;       /* in Bus.changed */
	gboolean changed; /* ... it is */
	gboolean master;  /* is counted in Bus.master_count */
} BusInstance;

struct Bus {
	Model *model;
	BusConnection *connection;
	BusPolkit *polkit;
	BusDumps *dumps;
	GTree *by_name;      /* name -> BusInstance *, owned */
	GHashTable *by_path; /* path -> BusInstance * */
	guint master_count;
	GQueue changed; /* instances whose properties may differ from what was announced */
	gboolean manager_changed;
	BusSnapshot manager_announced;
	guint flush;           /* source */
	guint lateness;        /* source */
	GHashTable *failovers; /* set of FailoverCall * that wait, for Failover and Hold */
};

/* --- bus.c: looking up ----------------------------------------------------------------------- */

BusInstance *bus_find_by_name(const Bus *bus, const char *name); /* NULL: none */
BusInstance *bus_find_by_path(const Bus *bus, const char *path); /* NULL: none */

/* --- bus-questions.c: privileged methods ----------------------------------------------------- */

/* Asks polkit for the method that @request calls, by the table there. @about are the settings of
 * the instance that it is about, NULL where it is about none. The arguments must be valid in form.
 * Handlers return what this returns. */
int bus_authorize(Bus *bus, sd_bus_message *request, const Settings *about, sd_bus_error *error);
int bus_authorize_instance(const BusInstance *instance, sd_bus_message *request,
			   sd_bus_error *error);

/* --- bus-manager.c --------------------------------------------------------------------------- */

extern const BusProperty bus_manager_properties[];
extern const guint bus_manager_property_count;
int bus_manager_attach(Bus *bus, sd_bus *connection);
int bus_manager_reload_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);

/* Answers @request with what @put writes of @object. Returns what a method handler returns. */
int bus_reply(sd_bus_message *request, void (*put)(BusSink *sink, void *object), void *object);

/* --- bus-manager-control.c ------------------------------------------------------------------- */

int bus_manager_method_find_instance(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_manager_method_get_permissions(sd_bus_message *request, void *userdata,
				       sd_bus_error *error);
int bus_manager_method_add_instance(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_manager_method_confirm(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_add_instance_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_confirm_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);

/* --- bus-instance-control.c ------------------------------------------------------------------ */

int bus_instance_method_get_settings(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_instance_method_get_secrets(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_instance_method_update(sd_bus_message *request, void *userdata, sd_bus_error *error);
/* Enable, Disable, Remove */
int bus_instance_method_runtime(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_instance_method_set_priority(sd_bus_message *request, void *userdata, sd_bus_error *error);
/* Announce, Reset */
int bus_instance_method_no_flags(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_get_secrets_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_update_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_enable_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_disable_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_remove_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_set_priority_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_announce_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_reset_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);

/* --- bus-instance.c, bus-instance-properties.c, bus-failover.c ------------------------------- */

/* The text of each is a property of org.vrrpd1.Instance: function, name, type, flag of the vtable.
 */
#define BUS_INSTANCE_PROPERTIES(X)                                           \
	X(name, "Name", "s", CONST)                                          \
	X(fragment_path, "FragmentPath", "s", EMITS_CHANGE)                  \
	X(unsaved, "Unsaved", "b", EMITS_CHANGE)                             \
	X(description, "Description", "s", EMITS_CHANGE)                     \
	X(enabled, "Enabled", "b", EMITS_CHANGE)                             \
	X(interface, "Interface", "s", EMITS_CHANGE)                         \
	X(interface_index, "InterfaceIndex", "i", EMITS_CHANGE)              \
	X(vrid, "VirtualRouterId", "y", EMITS_CHANGE)                        \
	X(family, "AddressFamily", "s", EMITS_CHANGE)                        \
	X(version, "Version", "y", EMITS_CHANGE)                             \
	X(state, "State", "s", EMITS_CHANGE)                                 \
	X(releasing, "Releasing", "b", EMITS_CHANGE)                         \
	X(last_reason, "LastReason", "s", EMITS_CHANGE)                      \
	X(state_since, "StateSince", "t", EMITS_CHANGE)                      \
	X(state_since_monotonic, "StateSinceMonotonic", "t", EMITS_CHANGE)   \
	X(transitions, "Transitions", "t", EMITS_CHANGE)                     \
	X(priority, "Priority", "y", EMITS_CHANGE)                           \
	X(effective_priority, "EffectivePriority", "y", EMITS_CHANGE)        \
	X(interval, "AdvertisementInterval", "t", EMITS_CHANGE)              \
	X(master_address, "MasterAddress", "s", EMITS_CHANGE)                \
	X(master_priority, "MasterPriority", "y", EMITS_CHANGE)              \
	X(master_interval, "MasterAdvertisementInterval", "t", EMITS_CHANGE) \
	X(master_down, "MasterDownInterval", "t", EMITS_CHANGE)              \
	X(skew, "SkewTime", "t", EMITS_CHANGE)                               \
	X(source_address, "SourceAddress", "s", EMITS_CHANGE)                \
	X(virtual_addresses, "VirtualAddresses", "as", EMITS_CHANGE)         \
	X(installed_addresses, "InstalledAddresses", "as", EMITS_CHANGE)     \
	X(preempt, "Preempt", "b", EMITS_CHANGE)                             \
	X(accept_mode, "AcceptMode", "b", EMITS_CHANGE)                      \
	X(unicast_peers, "UnicastPeers", "as", EMITS_CHANGE)                 \
	X(peers, "Peers", "a(syt)", EMITS_CHANGE)                            \
	X(auth, "AuthenticationType", "s", EMITS_CHANGE)                     \
	X(checksum_form, "ChecksumForm", "s", EMITS_CHANGE)                  \
	X(faults, "Faults", "as", EMITS_CHANGE)                              \
	X(holders, "Holders", "a(sst)", EMITS_CHANGE)

/* bus_instance_put_NAME: writes the value of a property; @object is a BusInstance. */
#define X(id, name, signature, flag) void bus_instance_put_##id(BusSink *sink, void *object);
BUS_INSTANCE_PROPERTIES(X)
#undef X

extern const BusProperty bus_instance_properties[];
extern const guint bus_instance_property_count;
void bus_instance_put_statistics(BusSink *sink, void *object); /* a{st} of a BusInstance */
int bus_instance_attach(Bus *bus, sd_bus *connection);
/* The instance as one JSON object, statistics included. */
void bus_instance_describe(BusJson *json, BusInstance *instance);
/* All properties of @object as members of the JSON object that is open. */
void bus_describe_properties(BusJson *json, const BusProperty *properties, guint count,
			     void *object);

int bus_instance_method_failover(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_instance_method_hold(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_failover_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
int bus_hold_allowed(sd_bus_message *request, void *userdata, sd_bus_error *error);
/* Nobody waits for an answer any more. */
void bus_failover_forget_all(Bus *bus);

/* --- bus-objects.c --------------------------------------------------------------------------- */

/* The message bus drops a connection that sends a message above 32 MiB (max_message_size). */
#define BUS_REPLY_MAX (31u << 20)

int bus_objects_attach(Bus *bus, sd_bus *connection);

/* --- bus-changes.c --------------------------------------------------------------------------- */

/* Announced later in this turn, together with everything else, unless the bus is behind. */
void bus_changes_queue(Bus *bus, BusInstance *instance);
void bus_changes_queue_manager(Bus *bus);
/* Announced now. */
void bus_changes_flush_instance(Bus *bus, BusInstance *instance);
/* Not announced any more: it is about to go. */
void bus_changes_drop(Bus *bus, BusInstance *instance);
/* Everybody who reads from here on gets the present values: forget what was announced before. */
void bus_changes_restart(Bus *bus);
/* What is true now counts as announced. */
void bus_changes_capture(BusInstance *instance);
void bus_changes_stop(Bus *bus);
/* TRUE where so much is queued that StateChanged is dropped too. */
gboolean bus_changes_overflow(Bus *bus);
void bus_snapshot_clear(BusSnapshot *snapshot);
