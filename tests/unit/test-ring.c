/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The queues between the threads: order, fullness, what is lost and how it is counted, and that a
 * reader which sleeps in poll is always woken. The stress tests are bounded by a count of elements,
 * and are what the thread sanitizer sees.
 */

#include <errno.h>
#include <glib.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>

#include "exchange/messages.h"

#define STRESS_ELEMENTS 200000
#define WAKE_ELEMENTS   20000
#define WAIT_MSEC       10000 /* a wake-up that takes longer is a lost one */

typedef struct Element {
	uint64_t number;
	uint64_t square;
	unsigned char fill[21]; /* not a multiple of a word */
} Element;

static Element element_make(uint64_t number)
{
	Element e = { .number = number, .square = number * number };

	memset(e.fill, (int)(number & 0xff), sizeof(e.fill));
	return e;
}

static void element_check(const Element *e)
{
	g_assert_cmpuint(e->square, ==, e->number * e->number);
	for (size_t i = 0; i < sizeof(e->fill); i++)
		g_assert_cmpuint(e->fill[i], ==, e->number & 0xff);
}

static int readable(int fd, int timeout_msec)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	int r = poll(&p, 1, timeout_msec);

	g_assert_cmpint(r, >=, 0);
	return r;
}

static void test_ring_order(void)
{
	Ring ring;
	Element e;

	g_assert_cmpint(ring_init(&ring, sizeof(Element), 3), ==, 0);
	g_assert_cmpuint(ring.capacity, ==, 4);
	g_assert_false(ring_pop(&ring, &e));
	/* Several times around, so that positions pass the end of the memory. */
	for (uint64_t round = 0; round < 10; round++) {
		for (uint64_t i = 0; i < 4; i++) {
			e = element_make(round * 4 + i);
			g_assert_cmpint(ring_push(&ring, &e), ==, 0);
			g_assert_cmpuint(ring_pending(&ring), ==, i + 1);
		}
		g_assert_cmpint(ring_push(&ring, &e), ==, -EAGAIN);
		for (uint64_t i = 0; i < 4; i++) {
			g_assert_true(ring_pop(&ring, &e));
			g_assert_cmpuint(e.number, ==, round * 4 + i);
			element_check(&e);
		}
		g_assert_false(ring_pop(&ring, &e));
		g_assert_cmpuint(ring_pending(&ring), ==, 0);
	}
	ring_deinit(&ring);
	ring_deinit(&ring); /* twice is harmless */
}

static void test_ring_counter_wraps(void)
{
	Ring ring;
	uint32_t number = 0, next = 0;

	g_assert_cmpint(ring_init(&ring, sizeof(number), 8), ==, 0);
	atomic_store(&ring.head, UINT32_MAX - 3);
	atomic_store(&ring.tail, UINT32_MAX - 3);
	for (unsigned i = 0; i < 8; i++, number++)
		g_assert_cmpint(ring_push(&ring, &number), ==, 0);
	g_assert_cmpint(ring_push(&ring, &number), ==, -EAGAIN);
	g_assert_cmpuint(ring_pending(&ring), ==, 8);
	for (unsigned i = 0; i < 8; i++) {
		g_assert_true(ring_pop(&ring, &next));
		g_assert_cmpuint(next, ==, i);
	}
	g_assert_false(ring_pop(&ring, &next));
	ring_deinit(&ring);
}

static void test_bad_sizes(void)
{
	Ring ring;
	Tape tape;

	g_assert_cmpint(ring_init(&ring, 0, 4), ==, -EINVAL);
	g_assert_cmpint(ring_init(&ring, 4, 0), ==, -EINVAL);
	g_assert_cmpint(ring_init(&ring, 1, UINT32_MAX), ==, -EINVAL);
	g_assert_cmpint(ring_init(&ring, 65537, 16), ==, -EINVAL);
	ring_deinit(&ring);
	g_assert_cmpint(tape_init(&tape, 0, 4), ==, -EINVAL);
	g_assert_cmpint(tape_init(&tape, 4, 0), ==, -EINVAL);
	g_assert_cmpint(tape_init(&tape, 65537, 16), ==, -EINVAL);
	tape_deinit(&tape);
}

static void test_ring_wake(void)
{
	Ring ring;
	int number = 1;

	g_assert_cmpint(ring_init(&ring, sizeof(number), 8), ==, 0);
	g_assert_cmpint(readable(ring.wake_fd, 0), ==, 0);
	g_assert_cmpint(ring_push(&ring, &number), ==, 0);
	g_assert_cmpint(ring_push(&ring, &number), ==, 0);
	g_assert_cmpint(readable(ring.wake_fd, 0), ==, 1);
	ring_acknowledge(&ring);
	g_assert_cmpint(readable(ring.wake_fd, 0), ==, 0);
	/* Pushed after the acknowledgement and before the pops: must wake again. */
	g_assert_cmpint(ring_push(&ring, &number), ==, 0);
	for (unsigned i = 0; i < 3; i++)
		g_assert_true(ring_pop(&ring, &number));
	g_assert_cmpint(readable(ring.wake_fd, 0), ==, 1);
	ring_acknowledge(&ring);
	ring_acknowledge(&ring);
	g_assert_cmpint(readable(ring.wake_fd, 0), ==, 0);
	g_assert_cmpint(ring_push(&ring, &number), ==, 0);
	g_assert_cmpint(readable(ring.wake_fd, 0), ==, 1);
	ring_deinit(&ring);
}

static void *ring_producer(void *userdata)
{
	Ring *ring = userdata;

	for (uint64_t i = 0; i < STRESS_ELEMENTS; i++) {
		Element e = element_make(i);

		while (ring_push(ring, &e) == -EAGAIN)
			sched_yield();
	}
	return NULL;
}

/* The reader sleeps whenever it finds nothing: a lost wake-up ends the test. */
static void test_ring_stress(void)
{
	Ring ring;
	pthread_t thread;
	uint64_t expected = 0;

	g_assert_cmpint(ring_init(&ring, sizeof(Element), 64), ==, 0);
	g_assert_cmpint(pthread_create(&thread, NULL, ring_producer, &ring), ==, 0);
	while (expected < STRESS_ELEMENTS) {
		Element e;

		g_assert_cmpint(readable(ring.wake_fd, WAIT_MSEC), ==, 1);
		ring_acknowledge(&ring);
		while (ring_pop(&ring, &e)) {
			g_assert_cmpuint(e.number, ==, expected);
			element_check(&e);
			expected++;
		}
	}
	g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
	ring_deinit(&ring);
}

typedef struct PingPong {
	Ring there;
	Ring back;
} PingPong;

static void *ponger(void *userdata)
{
	PingPong *both = userdata;
	uint64_t number = 0;

	while (number != WAKE_ELEMENTS) {
		if (readable(both->there.wake_fd, WAIT_MSEC) != 1)
			return (void *)1;
		ring_acknowledge(&both->there);
		while (ring_pop(&both->there, &number))
			if (ring_push(&both->back, &number) < 0)
				return (void *)2;
	}
	return NULL;
}

/* One element at a time, so that every single wake-up counts. */
static void test_ring_ping_pong(void)
{
	PingPong both;
	pthread_t thread;
	void *failed = NULL;

	g_assert_cmpint(ring_init(&both.there, sizeof(uint64_t), 4), ==, 0);
	g_assert_cmpint(ring_init(&both.back, sizeof(uint64_t), 4), ==, 0);
	g_assert_cmpint(pthread_create(&thread, NULL, ponger, &both), ==, 0);
	for (uint64_t i = 1; i <= WAKE_ELEMENTS; i++) {
		uint64_t answer = 0;

		g_assert_cmpint(ring_push(&both.there, &i), ==, 0);
		do {
			g_assert_cmpint(readable(both.back.wake_fd, WAIT_MSEC), ==, 1);
			ring_acknowledge(&both.back);
		} while (!ring_pop(&both.back, &answer));
		g_assert_cmpuint(answer, ==, i);
	}
	g_assert_cmpint(pthread_join(thread, &failed), ==, 0);
	g_assert_null(failed);
	ring_deinit(&both.there);
	ring_deinit(&both.back);
}

static void test_tape_order_and_loss(void)
{
	Tape tape;
	Element e;
	uint64_t lost = 99;

	g_assert_cmpint(tape_init(&tape, sizeof(Element), 8), ==, 0);
	g_assert_false(tape_pop(&tape, &e, &lost));
	g_assert_cmpuint(lost, ==, 99);
	for (uint64_t i = 0; i < 8; i++) {
		e = element_make(i);
		tape_push(&tape, &e);
	}
	g_assert_cmpint(readable(tape.wake_fd, 0), ==, 1);
	tape_acknowledge(&tape);
	g_assert_cmpint(readable(tape.wake_fd, 0), ==, 0);
	for (uint64_t i = 0; i < 3; i++) {
		g_assert_true(tape_pop(&tape, &e, &lost));
		g_assert_cmpuint(lost, ==, 0);
		g_assert_cmpuint(e.number, ==, i);
		element_check(&e);
	}
	/* 5 are left; 20 more overwrite these and the first 12 of their own. */
	for (uint64_t i = 8; i < 28; i++) {
		e = element_make(i);
		tape_push(&tape, &e);
	}
	g_assert_cmpint(readable(tape.wake_fd, 0), ==, 1);
	for (uint64_t i = 20; i < 28; i++) {
		g_assert_true(tape_pop(&tape, &e, &lost));
		g_assert_cmpuint(lost, ==, i == 20 ? 17 : 0);
		g_assert_cmpuint(e.number, ==, i);
		element_check(&e);
	}
	g_assert_false(tape_pop(&tape, &e, &lost));
	tape_deinit(&tape);
	tape_deinit(&tape);
}

/* Wide, in a small tape: most elements are being overwritten while they are read. */
typedef struct WideElement {
	uint64_t numbers[64];
} WideElement;

static void *tape_producer(void *userdata)
{
	Tape *tape = userdata;

	for (uint64_t i = 0; i < STRESS_ELEMENTS; i++) {
		WideElement e;

		for (size_t k = 0; k < G_N_ELEMENTS(e.numbers); k++)
			e.numbers[k] = i;
		tape_push(tape, &e);
	}
	return NULL;
}

/* Whatever is lost is counted, whatever is read is whole, and the last one always arrives. */
static void test_tape_stress(void)
{
	Tape tape;
	pthread_t thread;
	uint64_t next = 0;

	g_assert_cmpint(tape_init(&tape, sizeof(WideElement), 4), ==, 0);
	g_assert_cmpint(pthread_create(&thread, NULL, tape_producer, &tape), ==, 0);
	while (next < STRESS_ELEMENTS) {
		WideElement e;
		uint64_t lost = 0;

		g_assert_cmpint(readable(tape.wake_fd, WAIT_MSEC), ==, 1);
		tape_acknowledge(&tape);
		while (tape_pop(&tape, &e, &lost)) {
			for (size_t k = 0; k < G_N_ELEMENTS(e.numbers); k++)
				g_assert_cmpuint(e.numbers[k], ==, next + lost);
			next += lost + 1;
		}
	}
	g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
	tape_deinit(&tape);
}

static void test_exchange(void)
{
	Exchange exchange;
	NetlinkJob job = { .type = NETLINK_JOB_STOP }, popped;

	g_assert_cmpint(exchange_init(&exchange), ==, 0);
	g_assert_cmpuint(exchange.commands.capacity, ==, 2 * INSTANCES_MAX);
	g_assert_cmpuint(exchange.events.capacity, ==, 4 * INSTANCES_MAX);
	g_assert_cmpuint(exchange.jobs.capacity, ==, 2 * INSTANCES_MAX);
	g_assert_cmpuint(exchange.done.capacity, ==, 2 * INSTANCES_MAX);
	g_assert_cmpuint(exchange.notes.capacity, ==, 4096);
	g_assert_cmpint(ring_push(&exchange.jobs, &job), ==, 0);
	g_assert_true(ring_pop(&exchange.jobs, &popped));
	g_assert_cmpint(popped.type, ==, NETLINK_JOB_STOP);
	exchange_deinit(&exchange);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ring/order", test_ring_order);
	g_test_add_func("/ring/counter-wraps", test_ring_counter_wraps);
	g_test_add_func("/ring/bad-sizes", test_bad_sizes);
	g_test_add_func("/ring/wake", test_ring_wake);
	g_test_add_func("/ring/stress", test_ring_stress);
	g_test_add_func("/ring/ping-pong", test_ring_ping_pong);
	g_test_add_func("/tape/order-and-loss", test_tape_order_and_loss);
	g_test_add_func("/tape/stress", test_tape_stress);
	g_test_add_func("/exchange/sizes", test_exchange);
	return g_test_run();
}
