/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdint.h>

/* Calls @function for each Ethernet frame of @file in tests/data/pcaps. Ends the test where the
 * file is not a capture in the classic format. */
typedef void (*PcapFunction)(const uint8_t *frame, gsize size, void *userdata);
void pcap_foreach(const char *file, PcapFunction function, void *userdata);
