/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The instances as the bus shows them: a copy of the properties of org.vrrpd1.Instance at one
 * moment.
 */

#include "ctl-bus.h"

typedef struct CtlPeer {
	char *address;
	guint8 priority;         /* 0: nothing heard yet */
	guint64 last_heard_usec; /* since 1970; 0: never */
} CtlPeer;

/* Who keeps it out of mastership. */
typedef struct CtlHolder {
	char *reason;
	char *sender; /* its name on the bus */
	guint64 since_usec;
} CtlHolder;

/* Strings are "" and lists empty, never NULL, where the daemon has nothing to say. */
typedef struct CtlInstance {
	char *path;
	char *name;
	char *fragment_path;
	char *description;
	char *interface;
	char *family;
	char *state;
	char *last_reason;
	char *master_address;
	char *source_address;
	char *authentication;
	char *checksum_form;
	gboolean enabled;
	gboolean releasing;
	gboolean unsaved;
	gboolean preempt;
	int interface_index;
	guint8 vrid;
	guint8 version;
	guint8 priority;
	guint8 effective_priority;
	guint8 master_priority;
	guint64 state_since_usec; /* since 1970 */
	guint64 transitions;
	guint64 interval_usec;
	guint64 master_interval_usec;
	guint64 master_down_usec;
	guint64 skew_usec;
	GStrv virtual_addresses;
	GStrv installed_addresses;
	GStrv unicast_peers;
	GStrv foreign_routers;
	GStrv faults;
	GPtrArray *peers;   /* CtlPeer * */
	GPtrArray *holders; /* CtlHolder * */
	char *json;         /* all properties, those that this program does not know included */
} CtlInstance;

/* All instances, in the order of their names (eth2 before eth10). The caller unrefs the array.
 * Explains an error on stderr unless @error is given. Returns 0 or negative errno. */
int ctl_instances_fetch(Ctl *ctl, const char *doing, sd_bus_error *error, GPtrArray **ret);

/* One instance. Explains an error on stderr. */
int ctl_instance_fetch(Ctl *ctl, const char *path, const char *doing, CtlInstance **ret);
void ctl_instance_free(CtlInstance *instance); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(CtlInstance, ctl_instance_free)

/* Appends a property, with its name, for programs: the fields of its structs have names. Returns 0
 * or negative errno. */
int ctl_instance_property_json(GString *json, sd_bus_message *message, const char *name);
/* After a change: prints the properties of the instance at @path with --json=, else @text unless it
 * is to be quiet. */
CtlExit ctl_instance_report(Ctl *ctl, const char *path, const char *text);

/* Does @name match one of @patterns as file names do? Without patterns everything does. */
gboolean ctl_name_matches(char **patterns, const char *name);
/* Removes those that match none of @patterns. Returns FALSE, and says it on stderr, where a pattern
 * matches none. */
gboolean ctl_instances_select(GPtrArray *instances, char **patterns);
