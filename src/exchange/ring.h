/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How the threads talk. A Ring is a single-producer single-consumer queue of fixed-size elements
 * that refuses when it is full; a Tape is one that never refuses but overwrites the oldest, and
 * tells the reader how many it missed. Both wake the reader through an eventfd. Memory is allocated
 * by *_init only.
 */

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The eventfd of a reader, written only where the reader has acknowledged since the last write. */
typedef struct Wake {
	int fd;              /* eventfd, non-blocking: readable when there may be something */
	atomic_bool written; /* set by the producer, cleared by the consumer's acknowledge */
} Wake;

typedef struct Ring {
	unsigned char *elements;
	size_t element_size;
	uint32_t capacity; /* a power of two */
	int wake_fd;       /* to poll; the same as wake.fd */
	Wake wake;
	_Alignas(64) atomic_uint head; /* next to read; the consumer's */
	_Alignas(64) atomic_uint tail; /* next to write; the producer's */
} Ring;

/* @element_size is at most 64 KiB; @capacity is rounded up to a power of two, at most 2^30. Returns
 * 0, -EINVAL, -ENOMEM or the error of eventfd. A ring of zeroes, or one whose init failed, may be
 * given to ring_deinit. */
int ring_init(Ring *ring, size_t element_size, uint32_t capacity);
/* Only when neither thread uses it any more. */
void ring_deinit(Ring *ring);
/* Returns 0, or -EAGAIN where the ring is full; wakes the reader. Producer only. */
int ring_push(Ring *ring, const void *element);
/* Returns true and fills @element, or false where the ring is empty. Consumer only. */
bool ring_pop(Ring *ring, void *element);
/* How many elements wait now; more may come. Consumer only. */
uint32_t ring_pending(Ring *ring);
/* Resets the eventfd. The consumer calls it before it pops until empty. A consumer that stops
 * popping earlier must come back by itself: the eventfd tells only of what is pushed after this
 * call. */
void ring_acknowledge(Ring *ring);

typedef struct Tape {
	_Atomic uint64_t *words; /* per slot: its sequence, then the element */
	size_t element_size;
	size_t slot_words;
	uint32_t capacity; /* a power of two */
	int wake_fd;       /* to poll; the same as wake.fd */
	Wake wake;
	uint64_t next_read; /* the consumer's */
	_Alignas(64) _Atomic uint64_t next_write;
} Tape;

/* As ring_init; the smallest capacity is 2. */
int tape_init(Tape *tape, size_t element_size, uint32_t capacity);
void tape_deinit(Tape *tape);
/* Never fails, never waits. Producer only. */
void tape_push(Tape *tape, const void *element);
/* Returns true and fills @element; *@ret_lost is how many were overwritten before it, since the
 * last one that was popped. False when empty, and then neither is touched. Consumer only. */
bool tape_pop(Tape *tape, void *element, uint64_t *ret_lost);
/* As ring_acknowledge. */
void tape_acknowledge(Tape *tape);
