/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Gratuitous ARP frames (RFC 5227 section 3, RFC 9568 section 8.1.2). Pure: bytes only.
 */

#include <stdbool.h>
#include <stdint.h>

#include "core/vrrp-types.h"

#define ENGINE_ARP_SIZE 42 /* Ethernet header and ARP; the driver pads */

/* Writes the frame that says that @address, IPv4, is at @mac. @reply chooses the form: a request
 * for itself, or a reply that nobody asked for. Some hosts believe only one of them. */
void engine_arp_build(const uint8_t mac[6], const VrrpAddress *address, bool reply,
		      uint8_t ret_frame[ENGINE_ARP_SIZE]);
