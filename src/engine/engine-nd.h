/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Unsolicited neighbour advertisement frames (RFC 4861 section 4.4, RFC 9568 section 6.4.2). Pure:
 * bytes only.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/vrrp-types.h"

#define ENGINE_ND_SIZE 86 /* Ethernet, IPv6, the advertisement, its target link-layer option */

/* Writes the frame that says to all nodes that @address, IPv6, is at @mac: Router and Override set,
 * Solicited clear. Its source is the address itself, as the kernel's own announcements have it. */
void engine_nd_build(const uint8_t mac[6], const VrrpAddress *address,
		     uint8_t ret_frame[ENGINE_ND_SIZE]);
