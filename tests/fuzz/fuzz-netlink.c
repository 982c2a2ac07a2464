/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Any datagram through the notification parser. What comes out must be bounded, whatever went in.
 */

#include <stdlib.h>
#include <string.h>

#include "netlink/netlink-monitor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *userdata, const NetlinkChange *change)
{
	if (!memchr(change->name, '\0', sizeof(change->name)) ||
	    !memchr(change->label, '\0', sizeof(change->label)) ||
	    change->mac_length > sizeof(change->mac) || change->interface_index < 0 ||
	    change->prefix_length > 8 * vrrp_address_size(change->address))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	netlink_monitor_parse(data, size, take, NULL);
	return 0;
}
