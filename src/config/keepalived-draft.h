/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One vrrp_instance while it is being read: keepalived-instance.c collects and writes,
 * keepalived-complete.c settles what only the whole can tell.
 */

#include "keepalived-map.h"

typedef struct KeepalivedDraft {
	KeepalivedImport *import;
	const KeepalivedNode *node; /* the vrrp_instance */
	GHashTable *lines;          /* schema name -> line of the directive that it comes from */
	gboolean master;
	guint state_line;
	char interface[VRRP_INTERFACE_NAME_SIZE];
	guint8 vrid, priority, version, missed_adverts; /* 0: not given */
	guint8 unicast_ttl;                             /* 0: not given */
	guint64 interval_usec;                          /* 0: not given */
	guint64 preempt_delay_usec, refresh_usec;
	VrrpFamily family; /* of the first address */
	VrrpAddress group; /* family 0: not given */
	gboolean no_preempt, no_accept, ignore_link, message_checksum;
	VrrpAuth auth;
	gboolean has_authentication;
	char *key; /* secret */
	VrrpAddress source;
	GPtrArray *addresses; /* const KeepalivedNode *: read at the end, when the interface is
				 known */
	gboolean has_peer_block;
	GPtrArray *peers;   /* char * */
	guint8 minimum_ttl; /* the least of all peers; 0: no peer yet */
	gboolean has_minimum_ttl;
} KeepalivedDraft;

/* The line of the directive that @key (NULL: the instance itself) comes from. */
guint keepalived_draft_line(const KeepalivedDraft *draft, const char *key);

/* Makes of what was read what keepalived would run. */
void keepalived_complete(KeepalivedDraft *draft);

#define note(draft, at, ...) keepalived_say((draft)->import, (at), KEEPALIVED_NOTE, __VA_ARGS__)
#define dropped(draft, at, ...) \
	keepalived_say((draft)->import, (at), KEEPALIVED_DROPPED, __VA_ARGS__)
#define election(draft, at, ...) \
	keepalived_say((draft)->import, (at), KEEPALIVED_ELECTION, __VA_ARGS__)
