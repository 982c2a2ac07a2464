/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * keepalived.conf as a tree of directives. It knows comments, quotes and braces, and no directive's
 * meaning but that of include, whose braces are not blocks.
 */

#include <glib.h>

typedef struct KeepalivedNode {
	guint line;
	GStrv words; /* at least one, but for the root; quotes and escapes are gone. May hold the
			secret key */
	GPtrArray *children; /* KeepalivedNode *; NULL where the directive has no block */
} KeepalivedNode;

void keepalived_node_free(KeepalivedNode *node); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(KeepalivedNode, keepalived_node_free)

/* Returns the root, which has no words. NULL and @error ("@path:LINE: ...") where braces or quotes
 * do not match, where a word is not UTF-8, or where blocks are nested too deeply. */
KeepalivedNode *keepalived_lex(const char *path, const char *text, gsize length, GError **error);
