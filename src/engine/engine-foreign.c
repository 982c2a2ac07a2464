/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A short list that is kept in order. It is an instance's own; nobody looks at it but for its
 * status, and nothing is decided by it.
 */

#include <string.h>

#include "engine-foreign.h"

static void take_out(EngineForeign *foreign, unsigned i)
{
	unsigned behind = --foreign->count - i;

	memmove(&foreign->addresses[i], &foreign->addresses[i + 1],
		behind * sizeof foreign->addresses[0]);
	memmove(&foreign->heard[i], &foreign->heard[i + 1], behind * sizeof foreign->heard[0]);
}

static unsigned find(const EngineForeign *foreign, const VrrpAddress *source)
{
	for (unsigned i = 0; i < foreign->count; i++)
		if (vrrp_address_compare(&foreign->addresses[i], source) == 0)
			return i;
	return foreign->count;
}

static unsigned most_silent(const EngineForeign *foreign)
{
	unsigned found = 0;

	for (unsigned i = 1; i < foreign->count; i++)
		if (foreign->heard[i].nsec < foreign->heard[found].nsec)
			found = i;
	return found;
}

void engine_foreign_heard(EngineForeign *foreign, const VrrpAddress *source, uint8_t priority,
			  VrrpTime now)
{
	unsigned i = find(foreign, source);

	if (priority == 0) {
		if (i < foreign->count)
			take_out(foreign, i);
		return;
	}
	if (i == INSTANCE_FOREIGN_MAX) {
		take_out(foreign, most_silent(foreign));
		i = foreign->count;
	}
	if (i == foreign->count) {
		foreign->addresses[i] = *source;
		foreign->count++;
	}
	foreign->heard[i] = now;
}

void engine_foreign_expire(EngineForeign *foreign, uint64_t age_nsec, VrrpTime now)
{
	unsigned i = 0;

	while (i < foreign->count)
		if (vrrp_time_since(now, foreign->heard[i]) >= age_nsec)
			take_out(foreign, i);
		else
			i++;
}
