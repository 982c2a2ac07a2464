/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The queues between the threads. Each has one producer and one consumer and no lock, so that the
 * engine can never be held up by a thread of lower priority.
 *
 * Positions count up for ever and wrap; the place in memory is the position modulo the capacity. A
 * ring's element belongs to the producer until it has moved tail over it, then to the consumer
 * until it has moved head over it. A tape's slot belongs to the producer always: its sequence (2 *
 * position + 1 while it is written, 2 * position + 2 after) tells the consumer whether what it
 * copied was whole and still the element that it wanted (see slot.c).
 *
 * Waking: the producer publishes the element, then exchanges `written` for true and writes the
 * eventfd only if it was false. The consumer reads the eventfd, exchanges `written` for false, and
 * then looks. Both exchanges are on one variable, so one comes first: the producer's, and the
 * consumer sees the element; or the consumer's, and the producer sees false and writes. A wake-up
 * without an element is possible, an element without a wake-up is not.
 *
 * Nothing here may allocate or block after init.
 */

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "ring.h"
#include "slot.h"

#define CAPACITY_MAX     (UINT32_C(1) << 30)
#define ELEMENT_SIZE_MAX 65536

static int wake_init(Wake *wake)
{
	atomic_init(&wake->written, false);
	wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	return wake->fd < 0 ? -errno : 0;
}

static void wake_producer(Wake *wake)
{
	/* The counter cannot overflow: one write between two reads. */
	if (!atomic_exchange_explicit(&wake->written, true, memory_order_acq_rel))
		(void)eventfd_write(wake->fd, 1);
}

static void wake_acknowledge(Wake *wake)
{
	eventfd_t value;

	(void)eventfd_read(wake->fd, &value); /* EAGAIN: nothing was written yet */
	(void)atomic_exchange_explicit(&wake->written, false, memory_order_acq_rel);
}

static bool sizes_valid(size_t element_size, uint32_t capacity)
{
	return element_size > 0 && element_size <= ELEMENT_SIZE_MAX && capacity > 0 &&
	       capacity <= CAPACITY_MAX;
}

static uint32_t round_up(uint32_t capacity, uint32_t least)
{
	uint32_t rounded = least;

	while (rounded < capacity)
		rounded *= 2;
	return rounded;
}

int ring_init(Ring *ring, size_t element_size, uint32_t capacity)
{
	int r;

	memset(ring, 0, sizeof(*ring));
	if (!sizes_valid(element_size, capacity))
		return -EINVAL;
	ring->element_size = element_size;
	ring->capacity = round_up(capacity, 1);
	ring->elements = calloc(ring->capacity, element_size);
	if (!ring->elements)
		return -ENOMEM;
	r = wake_init(&ring->wake);
	if (r < 0) {
		free(ring->elements);
		ring->elements = NULL;
		return r;
	}
	ring->wake_fd = ring->wake.fd;
	return 0;
}

void ring_deinit(Ring *ring)
{
	if (!ring->elements)
		return;
	free(ring->elements);
	ring->elements = NULL;
	close(ring->wake.fd);
}

int ring_push(Ring *ring, const void *element)
{
	unsigned tail = atomic_load_explicit(&ring->tail, memory_order_relaxed);
	unsigned head = atomic_load_explicit(&ring->head, memory_order_acquire);

	if (tail - head == ring->capacity)
		return -EAGAIN;
	memcpy(ring->elements + (size_t)(tail & (ring->capacity - 1)) * ring->element_size, element,
	       ring->element_size);
	atomic_store_explicit(&ring->tail, tail + 1, memory_order_release);
	wake_producer(&ring->wake);
	return 0;
}

bool ring_pop(Ring *ring, void *element)
{
	unsigned head = atomic_load_explicit(&ring->head, memory_order_relaxed);
	unsigned tail = atomic_load_explicit(&ring->tail, memory_order_acquire);

	if (head == tail)
		return false;
	memcpy(element, ring->elements + (size_t)(head & (ring->capacity - 1)) * ring->element_size,
	       ring->element_size);
	atomic_store_explicit(&ring->head, head + 1, memory_order_release);
	return true;
}

uint32_t ring_pending(Ring *ring)
{
	return atomic_load_explicit(&ring->tail, memory_order_acquire) -
	       atomic_load_explicit(&ring->head, memory_order_relaxed);
}

void ring_acknowledge(Ring *ring)
{
	wake_acknowledge(&ring->wake);
}

int tape_init(Tape *tape, size_t element_size, uint32_t capacity)
{
	int r;

	memset(tape, 0, sizeof(*tape));
	if (!sizes_valid(element_size, capacity))
		return -EINVAL;
	tape->element_size = element_size;
	tape->slot_words = 1 + (element_size + 7) / 8;
	tape->capacity = round_up(capacity, 2);
	tape->words = calloc(tape->capacity, tape->slot_words * sizeof(*tape->words));
	if (!tape->words)
		return -ENOMEM;
	r = wake_init(&tape->wake);
	if (r < 0) {
		free(tape->words);
		tape->words = NULL;
		return r;
	}
	tape->wake_fd = tape->wake.fd;
	return 0;
}

void tape_deinit(Tape *tape)
{
	if (!tape->words)
		return;
	free(tape->words);
	tape->words = NULL;
	close(tape->wake.fd);
}

static _Atomic uint64_t *tape_slot(Tape *tape, uint64_t position)
{
	return tape->words + (size_t)(position & (tape->capacity - 1)) * tape->slot_words;
}

void tape_push(Tape *tape, const void *element)
{
	uint64_t position = atomic_load_explicit(&tape->next_write, memory_order_relaxed);
	_Atomic uint64_t *slot = tape_slot(tape, position);

	atomic_store_explicit(&slot[0], 2 * position + 1, memory_order_relaxed);
	slot_words_store(slot + 1, element, tape->element_size);
	atomic_store_explicit(&slot[0], 2 * position + 2, memory_order_release);
	atomic_store_explicit(&tape->next_write, position + 1, memory_order_release);
	wake_producer(&tape->wake);
}

bool tape_pop(Tape *tape, void *element, uint64_t *ret_lost)
{
	uint64_t position = tape->next_read;
	uint32_t keep = tape->capacity;

	for (;;) {
		uint64_t end = atomic_load_explicit(&tape->next_write, memory_order_acquire);
		_Atomic uint64_t *slot;
		uint64_t sequence;

		if (position == end)
			return false;
		if (end - position > keep)
			position = end - keep;
		slot = tape_slot(tape, position);
		sequence = atomic_load_explicit(&slot[0], memory_order_acquire);
		if (sequence == 2 * position + 2) {
			slot_words_load(slot + 1, element, tape->element_size);
			if (atomic_load_explicit(&slot[0], memory_order_relaxed) == sequence)
				break;
		}
		/* Overtaken while reading. The oldest slot is the next one to be overwritten:
		 * starting there again would lose the same race, so leave it half a tape of room.
		 */
		keep = tape->capacity / 2;
	}
	*ret_lost = position - tape->next_read;
	tape->next_read = position + 1;
	return true;
}

void tape_acknowledge(Tape *tape)
{
	wake_acknowledge(&tape->wake);
}
