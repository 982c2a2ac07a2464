/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The settings of one instance: what the administrator wrote, validated, immutable and reference
 * counted. Every key of the schema has a field here. Made by settings_builder (from key files, from
 * keepalived.conf, from a D-Bus dictionary), read by everybody; only the control thread touches the
 * reference count. The key is wiped when freed.
 */

#include <glib.h>

#include "core/vrrp-address.h"

#define SETTINGS_NAME_MAX 64

typedef struct Settings {
	gint ref_count;
	char *name;
	char *description;
	gboolean enabled;
	char *interface; /* "" where there is none (unicast only) */
	guint8 vrid;
	VrrpFamily family;
	guint8 version;
	guint8 priority;
	guint64 interval_usec;
	GArray *addresses;          /* VrrpInterfaceAddress */
	GPtrArray *address_strings; /* the same, in file syntax (char *) */
	VrrpAddress source;         /* family 0: automatic */
	VrrpAddress group;          /* of multicast; family 0: the RFC's */
	GArray *peers;              /* VrrpAddress, as written, own address included */
	guint8 unicast_ttl;
	guint8 unicast_minimum_ttl; /* 0: automatic (255 where every peer is on-link, decided by the
				       daemon) */
	gboolean preempt;
	guint8 missed_adverts;
	gboolean track_interface;
	gboolean accept_mode;
	VrrpAuth auth;
	guint8 key[VRRP_KEY_SIZE];
	gboolean has_key;
	VrrpChecksum checksum;
	guint8 announce_count;
	guint64 preempt_delay_usec;
	guint64 startup_delay_usec;
	guint64 link_up_delay_usec;
	guint64 announce_refresh_usec; /* 0: never */
} Settings;

Settings *settings_ref(Settings *settings);
void settings_unref(Settings *settings); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Settings, settings_unref)

/* TRUE where every field is the same, the key included. */
gboolean settings_equal(const Settings *a, const Settings *b);
/* TRUE where going from @a to @b can be done in place: same interface, family, VRID, version,
 * multicast group, and unicast or not. */
gboolean settings_same_router(const Settings *a, const Settings *b);
/* TRUE where both are the same router on the wire: same interface, family and VRID. Only one of
 * them can run. The loader sees to that among the files, but an instance that keeps its former
 * settings because its file is broken is not in them. */
gboolean settings_same_identity(const Settings *a, const Settings *b);

/* Is @name a valid instance name ([A-Za-z0-9][A-Za-z0-9_.-]{0,63})? */
gboolean settings_name_is_valid(const char *name);
