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
#define BUS_ERROR_INSTANCE_EXISTS  "org.vrrpd1.Error.InstanceExists"
#define BUS_ERROR_INVALID_SETTING  "org.vrrpd1.Error.InvalidSetting"
#define BUS_ERROR_UNKNOWN_SETTING  "org.vrrpd1.Error.UnknownSetting"
#define BUS_ERROR_CONFLICT         "org.vrrpd1.Error.Conflict"
#define BUS_ERROR_WRITE_FAILED     "org.vrrpd1.Error.WriteFailed"
#define BUS_ERROR_NOT_MASTER       "org.vrrpd1.Error.NotMaster"
#define BUS_ERROR_NO_PEER          "org.vrrpd1.Error.NoPeer"
#define BUS_ERROR_BUSY             "org.vrrpd1.Error.Busy"

#define BUS_ACTION_OPERATE         "org.vrrpd1.operate"
#define BUS_ACTION_CONFIGURE       "org.vrrpd1.configure"
#define BUS_ACTION_READ_SECRETS    "org.vrrpd1.read-secrets"

/* Flags of the mutating methods */
#define BUS_FLAG_RUNTIME (1u << 0) /* gone after a restart */
#define BUS_FLAG_REPLACE (1u << 1) /* Update: what is not given gets its default */
#define BUS_FLAG_CONFIRM (1u << 2) /* Update: undone after 30 s without Manager.Confirm */

/* Manager.Reload */
#define BUS_RELOAD_CHECK_ONLY (1u << 1)

/* Instance.Failover: the longest hold */
#define BUS_FAILOVER_HOLD_MAX_USEC (UINT64_C(365) * 24 * 3600 * 1000000)
