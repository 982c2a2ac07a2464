/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is known of the directives of keepalived.conf that have no setting here: how bad it is to
 * lose each, and why. */

#include "keepalived-import.h"

typedef enum KeepalivedScope {
	KEEPALIVED_SCOPE_FILE,     /* outside of all blocks */
	KEEPALIVED_SCOPE_GLOBAL,   /* in global_defs */
	KEEPALIVED_SCOPE_INSTANCE, /* in vrrp_instance */
} KeepalivedScope;

typedef struct KeepalivedWord {
	const char *name; /* a trailing '*' stands for any ending */
	KeepalivedSeverity severity;
	const char *why; /* half a sentence, to be put behind the directive's name */
} KeepalivedWord;

/* NULL where the directive is not known at all. */
const KeepalivedWord *keepalived_word_find(KeepalivedScope scope, const char *name);
