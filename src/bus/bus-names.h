/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The one place for the names of the bus: daemon, client and tests use these. */

#define BUS_NAME                   "org.vrrpd1"
#define BUS_PATH                   "/org/vrrpd1"
#define BUS_PATH_INSTANCE          "/org/vrrpd1/instance"
#define BUS_INTERFACE_MANAGER      "org.vrrpd1.Manager"
#define BUS_INTERFACE_INSTANCE     "org.vrrpd1.Instance"
#define BUS_INTERFACE_STATISTICS   "org.vrrpd1.Statistics"

#define BUS_ERROR_NO_SUCH_INSTANCE "org.vrrpd1.Error.NoSuchInstance"
#define BUS_ERROR_NOT_MASTER       "org.vrrpd1.Error.NotMaster"
#define BUS_ERROR_NO_PEER          "org.vrrpd1.Error.NoPeer"
#define BUS_ERROR_BUSY             "org.vrrpd1.Error.Busy"

#define BUS_ACTION_OPERATE         "org.vrrpd1.operate"
#define BUS_ACTION_CONFIGURE       "org.vrrpd1.configure"

/* Manager.Reload */
#define BUS_RELOAD_CHECK_ONLY (1u << 1)

/* Instance.Failover: the longest hold */
#define BUS_FAILOVER_HOLD_MAX_USEC (UINT64_C(365) * 24 * 3600 * 1000000)
