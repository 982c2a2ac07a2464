/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the two halves of the importer share: the file's walk (keepalived-import.c), one instance
 * (keepalived-instance.c). */

#include "keepalived-import.h"
#include "keepalived-lex.h"
#include "keepalived-words.h"

#define KEEPALIVED_DELAY_MAX (24 * 3600) /* seconds; the most that our keys take */

typedef struct KeepalivedImport {
	const char *path;
	GPtrArray *messages;
	/* Defaults from global_defs. */
	guint8 version;
	guint8 missed_adverts; /* 0: not given */
	gboolean message_checksum;
	guint64 startup_delay_usec, refresh_usec;
	VrrpAddress group4, group6; /* family 0: not given */
} KeepalivedImport;

void keepalived_say(KeepalivedImport *import, guint line, KeepalivedSeverity severity,
		    const char *format, ...) G_GNUC_PRINTF(4, 5);

/* A word of the file, safe to print. The caller frees it. */
char *keepalived_show(const char *word);

/* Tells of a directive that has no setting here. */
void keepalived_refuse(KeepalivedImport *import, KeepalivedScope scope, const KeepalivedNode *node);

/* TRUE where the directive uses conditions, parameters or sequences, which are not read; tells so.
 */
gboolean keepalived_is_programmed(KeepalivedImport *import, const KeepalivedNode *node);

/* The parameter in seconds, from 0 to @most; a fraction only where @fraction: then it
 * is a delay, and decides who is master. keepalived leaves out what is not valid, and so do we,
 * with a message. */
void keepalived_read_seconds(KeepalivedImport *import, const KeepalivedNode *node, guint most,
			     gboolean fraction, guint64 *usec);

/* The parameter as a multicast group; the same. */
void keepalived_read_group(KeepalivedImport *import, const KeepalivedNode *node,
			   VrrpAddress *group);

/* One line of virtual_ipaddress in our syntax; NULL where it is left out, which a message tells.
 * @interface is the instance's, or "", @family that of its first address. The caller frees it. */
char *keepalived_map_address(KeepalivedImport *import, const KeepalivedNode *node,
			     const char *interface, VrrpFamily family);

/* NULL where the instance cannot be expressed; then a message says why. @name is valid and unique.
 */
KeepalivedInstance *keepalived_map_instance(KeepalivedImport *import, const KeepalivedNode *node,
					    const char *name);
