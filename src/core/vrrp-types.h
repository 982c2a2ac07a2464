/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The words that every layer shares. Each enum is declared once, together with the string that
 * appears on the bus, in the journal and in JSON; vrrp-types.c makes the lookups from these tables.
 * The strings are API: they are never changed, only added to.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RFC 9568 calls the master the Active Router. */
#define VRRP_STATES(X)                         \
	X(VRRP_STATE_INITIALIZE, "initialize") \
	X(VRRP_STATE_BACKUP, "backup")         \
	X(VRRP_STATE_MASTER, "master")

/* Why the last transition happened. */
#define VRRP_REASONS(X)                                                                           \
	X(VRRP_REASON_NONE, "none")                                                               \
	X(VRRP_REASON_STARTUP, "startup")             /* initialize to backup: takes part now */  \
	X(VRRP_REASON_OWNER, "owner")                 /* priority 255 */                          \
	X(VRRP_REASON_NO_RESPONSE, "no-response")     /* Master_Down_Timer, nothing heard */      \
	X(VRRP_REASON_PRIORITY, "priority")           /* preempted a master of lower priority */  \
	X(VRRP_REASON_PRIORITY_ZERO, "priority-zero") /* the master said goodbye */               \
	X(VRRP_REASON_RESUMED, "resumed")                                                         \
	X(VRRP_REASON_HIGHER_PRIORITY, "higher-priority")                                         \
	X(VRRP_REASON_ADDRESS_ORDER, "address-order") /* equal priority, the other's is higher */ \
	X(VRRP_REASON_NO_PREEMPT, "no-preempt")       /* came late, and must not preempt */       \
	X(VRRP_REASON_FAILOVER, "failover")                                                       \
	X(VRRP_REASON_HOLD, "hold")                                                               \
	X(VRRP_REASON_DISABLED, "disabled")                                                       \
	X(VRRP_REASON_INTERFACE_DOWN, "interface-down")                                           \
	X(VRRP_REASON_INTERFACE_MISSING, "interface-missing")                                     \
	X(VRRP_REASON_NO_SOURCE_ADDRESS, "no-source-address")                                     \
	X(VRRP_REASON_AUTHENTICATION, "authentication") /* the AH numbers are used up */          \
	X(VRRP_REASON_ADDRESS_LOST, "address-lost")                                               \
	X(VRRP_REASON_TRACKING, "tracking")                                                       \
	X(VRRP_REASON_SYNC_GROUP, "sync-group")                                                   \
	X(VRRP_REASON_SETTINGS, "settings")                                                       \
	X(VRRP_REASON_SHUTDOWN, "shutdown")

/* Why a packet was dropped: each has a counter. The second string is the counter's name on the bus:
 * RFC 8347's in CamelCase where it has one, ours for the rest. */
#define VRRP_REJECTS(X)                                                         \
	X(VRRP_REJECT_NONE, "none", "")                                         \
	X(VRRP_REJECT_TRUNCATED, "truncated", "TruncatedErrors")                \
	X(VRRP_REJECT_IP_HEADER, "ip-header", "IpHeaderErrors")                 \
	X(VRRP_REJECT_TTL, "ttl", "IpTtlErrors")                                \
	X(VRRP_REJECT_VERSION, "version", "VersionErrors")                      \
	X(VRRP_REJECT_TYPE, "type", "InvalidTypePacketsReceived")               \
	X(VRRP_REJECT_VRID, "vrid", "VridErrors")                               \
	X(VRRP_REJECT_LENGTH, "length", "PacketLengthErrors")                   \
	X(VRRP_REJECT_HMAC_TRAILER, "hmac-trailer", "HmacTrailerErrors")        \
	X(VRRP_REJECT_CHECKSUM, "checksum", "ChecksumErrors")                   \
	X(VRRP_REJECT_COUNT_ZERO, "count-zero", "CountZeroErrors")              \
	X(VRRP_REJECT_INTERVAL_ZERO, "interval-zero", "IntervalZeroErrors")     \
	X(VRRP_REJECT_INTERVAL, "interval", "IntervalErrors")                   \
	X(VRRP_REJECT_AUTH_TYPE, "auth-type", "AuthenticationTypeErrors")       \
	X(VRRP_REJECT_AUTH_KEY, "auth-key", "AuthenticationKeyErrors")          \
	X(VRRP_REJECT_AUTH_HEADER, "auth-header", "AuthenticationHeaderErrors") \
	X(VRRP_REJECT_REPLAY, "replay", "ReplayErrors")                         \
	X(VRRP_REJECT_UNKNOWN_PEER, "unknown-peer", "UnknownPeerErrors")        \
	X(VRRP_REJECT_DESTINATION, "destination", "DestinationErrors")          \
	X(VRRP_REJECT_OWNER, "owner", "OwnerErrors")

/* Why an instance cannot take part, or what is wrong with it although it does. A bit each. */
#define VRRP_FAULTS(X)                                                                            \
	X(VRRP_FAULT_INTERFACE_MISSING, 0, "interface-missing")                                   \
	X(VRRP_FAULT_INTERFACE_DOWN, 1, "interface-down")                                         \
	X(VRRP_FAULT_NO_SOURCE_ADDRESS, 2, "no-source-address")                                   \
	X(VRRP_FAULT_ADDRESS, 3, "address")                   /* the kernel refused an address */ \
	X(VRRP_FAULT_AUTH_NUMBER, 4, "authentication-number") /* AH number used up */             \
	X(VRRP_FAULT_PEER_TTL, 5, "peer-ttl") /* a peer's TTL is below the limit */               \
	X(VRRP_FAULT_DELAY, 6, "delay")       /* StartupDelay or LinkUpDelay is not over */       \
	X(VRRP_FAULT_FILTER, 7, "filter")     /* traffic to the addresses is not refused */       \
	X(VRRP_FAULT_ADDRESS_LOST, 8, "address-lost") /* deleted from outside again and again */

typedef enum VrrpState {
#define X(id, text) id,
	VRRP_STATES(X)
#undef X
		_VRRP_STATE_MAX,
} VrrpState;

typedef enum VrrpReason {
#define X(id, text) id,
	VRRP_REASONS(X)
#undef X
		_VRRP_REASON_MAX,
} VrrpReason;

typedef enum VrrpReject {
#define X(id, text, counter) id,
	VRRP_REJECTS(X)
#undef X
		_VRRP_REJECT_MAX,
} VrrpReject;

typedef enum VrrpFault {
#define X(id, bit, text) id = 1 << (bit),
	VRRP_FAULTS(X)
#undef X
} VrrpFault;

/* These keep an instance in initialize; the others are only shown. */
#define VRRP_FAULTS_BLOCKING                                                   \
	((uint32_t)(VRRP_FAULT_INTERFACE_MISSING | VRRP_FAULT_INTERFACE_DOWN | \
		    VRRP_FAULT_NO_SOURCE_ADDRESS | VRRP_FAULT_AUTH_NUMBER |    \
		    VRRP_FAULT_ADDRESS_LOST))

typedef enum VrrpFamily {
	VRRP_FAMILY_NONE = 0,
	VRRP_FAMILY_IPV4 = 4,
	VRRP_FAMILY_IPV6 = 6,
} VrrpFamily;

/* The values are those of the VRRPv2 header (RFC 2338). */
typedef enum VrrpAuth {
	VRRP_AUTH_NONE = 0,
	VRRP_AUTH_PASS = 1,
	VRRP_AUTH_AH = 2,
} VrrpAuth;

/* How the checksum of VRRPv3 over IPv4 is made: RFC 9568 5.2.8 (message only) or as RFC 5798 was
 * read. */
typedef enum VrrpChecksum {
	VRRP_CHECKSUM_AUTO = 0,
	VRRP_CHECKSUM_PSEUDO_HEADER,
	VRRP_CHECKSUM_MESSAGE_ONLY,
} VrrpChecksum;

#define VRRP_KEY_SIZE 8 /* of PASS and AH, zero padded */

/* An address of either family in network order; IPv4 uses the first four bytes, the rest are zero.
 */
typedef struct VrrpAddress {
	uint8_t family; /* VrrpFamily */
	uint8_t bytes[16];
} VrrpAddress;

static inline size_t vrrp_address_size(VrrpAddress address)
{
	return address.family == VRRP_FAMILY_IPV6   ? 16u
	       : address.family == VRRP_FAMILY_IPV4 ? 4u
						    : 0u;
}

/* Unsigned, network order, as RFC 9568 6.4.3 compares senders. Returns <0, 0, >0. */
int vrrp_address_compare(const VrrpAddress *a, const VrrpAddress *b);

/* fe80::/10, RFC 4291 2.5.6. False for IPv4. */
bool vrrp_address_is_link_local(const VrrpAddress *address);
/* 224.0.0.0/4 or ff00::/8. */
bool vrrp_address_is_multicast(const VrrpAddress *address);

/* Where adverts go: 224.0.0.18 or ff02::12 (RFC 9568 5.1). */
VrrpAddress vrrp_group(VrrpFamily family);

/* Each *_to_string returns a static string, never NULL; each *_from_string returns the value or
 * -EINVAL. */
const char *vrrp_state_to_string(VrrpState state);
int vrrp_state_from_string(const char *text);
const char *vrrp_reason_to_string(VrrpReason reason);
const char *vrrp_reject_to_string(VrrpReject reject);
const char *vrrp_reject_to_counter(VrrpReject reject);
/* @fault is one bit. */
const char *vrrp_fault_to_string(VrrpFault fault);
const char *vrrp_family_to_string(VrrpFamily family); /* "ipv4", "ipv6", "" */
int vrrp_family_from_string(const char *text);
const char *vrrp_auth_to_string(VrrpAuth auth); /* "none", "pass", "ah" */
int vrrp_auth_from_string(const char *text);
const char *vrrp_checksum_to_string(
	VrrpChecksum form); /* "auto", "pseudo-header", "message-only" */
int vrrp_checksum_from_string(const char *text);
