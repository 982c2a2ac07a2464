/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vrrp-types.h"

#define VRRP_INTERFACE_NAME_SIZE 16 /* IFNAMSIZ, the terminating zero included */

/* One address as `ip address add` takes it; what the settings hold and what netlink configures. */
typedef struct VrrpInterfaceAddress {
	VrrpAddress address;
	uint8_t prefix_length;
	uint8_t scope;                   /* RT_SCOPE_*; 0 is global */
	bool has_broadcast;              /* `brd A`; `brd +` is resolved by the parser */
	bool has_peer;                   /* `peer A` */
	bool home;                       /* IFA_F_HOMEADDRESS */
	bool nodad;                      /* IFA_F_NODAD */
	bool noprefixroute;              /* IFA_F_NOPREFIXROUTE */
	bool has_preferred_lifetime;     /* `preferred_lft N` */
	uint32_t preferred_lifetime_sec; /* 0 deprecates it, UINT32_MAX is forever */
	VrrpAddress broadcast;
	VrrpAddress peer;
	char device[VRRP_INTERFACE_NAME_SIZE]; /* "": the instance's interface */
	char label[VRRP_INTERFACE_NAME_SIZE];  /* "": none */
} VrrpInterfaceAddress;
