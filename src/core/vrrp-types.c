/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Names for the enums of vrrp-types.h, made from the tables there so that none can be forgotten.
 * Nothing here may depend on a locale: these strings are API.
 */

#include <errno.h>
#include <string.h>

#include "vrrp-types.h"

static const char *const state_names[] = {
#define X(id, text) [id] = text,
	VRRP_STATES(X)
#undef X
};

static const char *const reason_names[] = {
#define X(id, text) [id] = text,
	VRRP_REASONS(X)
#undef X
};

static const char *const reject_names[] = {
#define X(id, text, counter) [id] = text,
	VRRP_REJECTS(X)
#undef X
};

static const char *const reject_counters[] = {
#define X(id, text, counter) [id] = counter,
	VRRP_REJECTS(X)
#undef X
};

static const char *const auth_names[] = {
	[VRRP_AUTH_NONE] = "none",
	[VRRP_AUTH_PASS] = "pass",
	[VRRP_AUTH_AH] = "ah",
};

static const char *const checksum_names[] = {
	[VRRP_CHECKSUM_AUTO] = "auto",
	[VRRP_CHECKSUM_PSEUDO_HEADER] = "pseudo-header",
	[VRRP_CHECKSUM_MESSAGE_ONLY] = "message-only",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const char *name_of(const char *const *names, size_t count, unsigned value)
{
	return value < count && names[value] ? names[value] : "unknown";
}

static int value_of(const char *const *names, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (names[i] && strcmp(names[i], text) == 0)
			return (int)i;
	return -EINVAL;
}

int vrrp_address_compare(const VrrpAddress *a, const VrrpAddress *b)
{
	return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool vrrp_address_is_link_local(const VrrpAddress *address)
{
	return address->family == VRRP_FAMILY_IPV6 && address->bytes[0] == 0xfe &&
	       (address->bytes[1] & 0xc0) == 0x80;
}

bool vrrp_address_is_multicast(const VrrpAddress *address)
{
	if (address->family == VRRP_FAMILY_IPV6)
		return address->bytes[0] == 0xff;
	return address->family == VRRP_FAMILY_IPV4 && (address->bytes[0] & 0xf0) == 0xe0;
}

VrrpAddress vrrp_group(VrrpFamily family)
{
	if (family == VRRP_FAMILY_IPV6)
		return (VrrpAddress){ .family = VRRP_FAMILY_IPV6,
				      .bytes = { 0xff, 0x02, [15] = 0x12 } };
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { 224, 0, 0, 18 } };
}

const char *vrrp_state_to_string(VrrpState state)
{
	return name_of(state_names, COUNT(state_names), state);
}

int vrrp_state_from_string(const char *text)
{
	return value_of(state_names, COUNT(state_names), text);
}

const char *vrrp_reason_to_string(VrrpReason reason)
{
	return name_of(reason_names, COUNT(reason_names), reason);
}

const char *vrrp_reject_to_string(VrrpReject reject)
{
	return name_of(reject_names, COUNT(reject_names), reject);
}

const char *vrrp_reject_to_counter(VrrpReject reject)
{
	return name_of(reject_counters, COUNT(reject_counters), reject);
}

const char *vrrp_fault_to_string(VrrpFault fault)
{
	switch (fault) {
#define X(id, bit, text) \
	case id:         \
		return text;
		VRRP_FAULTS(X)
#undef X
	default:
		return "unknown";
	}
}

const char *vrrp_family_to_string(VrrpFamily family)
{
	return family == VRRP_FAMILY_IPV4 ? "ipv4" : family == VRRP_FAMILY_IPV6 ? "ipv6" : "";
}

int vrrp_family_from_string(const char *text)
{
	return strcmp(text, "ipv4") == 0   ? (int)VRRP_FAMILY_IPV4
	       : strcmp(text, "ipv6") == 0 ? (int)VRRP_FAMILY_IPV6
					   : -EINVAL;
}

const char *vrrp_auth_to_string(VrrpAuth auth)
{
	return name_of(auth_names, COUNT(auth_names), auth);
}

int vrrp_auth_from_string(const char *text)
{
	return value_of(auth_names, COUNT(auth_names), text);
}

const char *vrrp_checksum_to_string(VrrpChecksum form)
{
	return name_of(checksum_names, COUNT(checksum_names), form);
}

int vrrp_checksum_from_string(const char *text)
{
	return value_of(checksum_names, COUNT(checksum_names), text);
}
