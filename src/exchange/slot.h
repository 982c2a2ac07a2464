/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A value under a sequence lock: one writer that never waits, readers that retry. The value is stored as
 * relaxed atomic words, so that a reader that loses the race reads garbage that it throws away, not undefined
 * behaviour. The value must be plain data whose size is known on both sides.
 */

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Slot {
	atomic_uint sequence; /* odd while the writer is inside */
} Slot;

#define SLOT_WORDS(type) ((sizeof(type) + 7) / 8)

void slot_write(Slot *slot, _Atomic uint64_t *words, const void *value, size_t size);
void slot_read(Slot *slot, _Atomic uint64_t *words, void *value, size_t size);
