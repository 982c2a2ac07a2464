/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A value under a sequence lock: one writer that never waits, readers that retry. The value is
 * stored as atomic words, so that a reader that loses the race reads garbage that it throws away,
 * not undefined behaviour. The value must be plain data whose size is known on both sides.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct Slot {
	atomic_uint sequence; /* odd while the writer is inside */
} Slot;

#define SLOT_WORDS(type) ((sizeof(type) + 7) / 8)

/* Stores the @size bytes of @value in @words. One thread only; never waits. */
void slot_write(Slot *slot, _Atomic uint64_t *words, const void *value, size_t size);
/* Fills @value with the last value that was written as a whole; zeroes where @words was zeroed and
 * never written. Any thread; retries while the writer is inside. */
void slot_read(Slot *slot, _Atomic uint64_t *words, void *value, size_t size);

/* The words alone, for whoever keeps a sequence of its own beside them: what is read is whole only
 * where that sequence, loaded with acquire before and plainly after, is the same. */
void slot_words_store(_Atomic uint64_t *words, const void *value, size_t size);
void slot_words_load(_Atomic uint64_t *words, void *value, size_t size);
