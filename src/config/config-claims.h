/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What only one enabled instance of a host may have: the router itself, as it is known on the wire;
 * a unicast peer together with a VRID, since such a packet is told by source and VRID whatever
 * interface it came in on; an address on an interface, which two instances would take from each
 * other.
 */

#include "settings.h"

typedef struct ConfigClaims ConfigClaims;

ConfigClaims *config_claims_new(void);
void config_claims_free(ConfigClaims *claims); /* accepts NULL */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(ConfigClaims, config_claims_free)

/* All that @settings need, or nothing: FALSE where another has one of them. Then *@ret_why is a
 * line that begins with the key to change and ends with the other's name, and *@ret_of_vrid (may be
 * NULL) tells whether that key is VirtualRouterId. @settings must outlive @claims. */
gboolean config_claims_take(ConfigClaims *claims, const Settings *settings, gboolean *ret_of_vrid,
			    char **ret_why);
