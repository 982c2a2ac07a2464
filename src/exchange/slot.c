/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The sequence lock. The usual form has two fences between the sequence and plain words. This one
 * has none, because the thread sanitizer does not understand them: each word is stored with release
 * and loaded with acquire instead, which costs nothing on x86 and little elsewhere.
 *
 * Why it holds: a reader that sees a word of write W has synchronized with that word's store, so
 * its last look at the sequence comes after W made the sequence odd, and cannot be equal to what it
 * saw first unless that was W's own end. And its first look, an acquire of the even value that
 * write V stored with release, makes all words of V visible.
 *
 * The writer must never wait for a reader, and there must be one writer only.
 */

#include <sched.h>
#include <string.h>

#include "slot.h"

/* Spins before a reader gives its processor away: the writer may need it to come out. */
#define SPINS_BEFORE_YIELD 64

void slot_words_store(_Atomic uint64_t *words, const void *value, size_t size)
{
	const unsigned char *p = value;

	for (size_t i = 0; size > 0; i++) {
		uint64_t word = 0;
		size_t n = size < sizeof(word) ? size : sizeof(word);

		memcpy(&word, p, n);
		atomic_store_explicit(&words[i], word, memory_order_release);
		p += n;
		size -= n;
	}
}

void slot_words_load(_Atomic uint64_t *words, void *value, size_t size)
{
	unsigned char *p = value;

	for (size_t i = 0; size > 0; i++) {
		uint64_t word = atomic_load_explicit(&words[i], memory_order_acquire);
		size_t n = size < sizeof(word) ? size : sizeof(word);

		memcpy(p, &word, n);
		p += n;
		size -= n;
	}
}

void slot_write(Slot *slot, _Atomic uint64_t *words, const void *value, size_t size)
{
	unsigned sequence = atomic_load_explicit(&slot->sequence, memory_order_relaxed);

	atomic_store_explicit(&slot->sequence, sequence + 1, memory_order_relaxed);
	slot_words_store(words, value, size);
	atomic_store_explicit(&slot->sequence, sequence + 2, memory_order_release);
}

void slot_read(Slot *slot, _Atomic uint64_t *words, void *value, size_t size)
{
	for (unsigned spins = 1;; spins++) {
		unsigned before = atomic_load_explicit(&slot->sequence, memory_order_acquire);

		if (before % 2 == 0) {
			slot_words_load(words, value, size);
			if (atomic_load_explicit(&slot->sequence, memory_order_relaxed) == before)
				return;
		}
		if (spins % SPINS_BEFORE_YIELD == 0)
			sched_yield();
	}
}
