/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The sequence lock: what is read is always one write as a whole, and never an older one than was
 * read before.
 */

#include <glib.h>
#include <pthread.h>
#include <string.h>

#include "exchange/instance-status.h"
#include "exchange/slot.h"

#define STRESS_WRITES 200000

typedef struct Value {
	uint64_t number;
	uint8_t fill[53]; /* the last word is not full */
} __attribute__((packed)) Value;

typedef struct Shared {
	Slot slot;
	_Atomic uint64_t words[SLOT_WORDS(Value)];
	_Atomic uint64_t guard; /* right behind the words: must stay as it is */
} Shared;

static Value value_make(uint64_t number)
{
	Value v = { .number = number };

	memset(v.fill, (int)(number & 0xff), sizeof(v.fill));
	return v;
}

static void value_check(const Value *v)
{
	for (size_t i = 0; i < sizeof(v->fill); i++)
		g_assert_cmpuint(v->fill[i], ==, v->number & 0xff);
}

static void test_round_trip(void)
{
	Shared shared = { .guard = 0x1122334455667788 };
	Value v = value_make(7), read;

	memset(&read, 0xff, sizeof(read));
	slot_read(&shared.slot, shared.words, &read, sizeof(read));
	g_assert_cmpuint(read.number, ==, 0); /* never written */
	slot_write(&shared.slot, shared.words, &v, sizeof(v));
	slot_read(&shared.slot, shared.words, &read, sizeof(read));
	g_assert_cmpmem(&read, sizeof(read), &v, sizeof(v));
	g_assert_cmpuint(shared.slot.sequence, ==, 2);
	g_assert_cmpuint(shared.guard, ==, 0x1122334455667788);
}

static void test_sequence_wraps(void)
{
	Shared shared = { .slot.sequence = UINT32_MAX - 1 };
	Value v = value_make(9), read;

	slot_write(&shared.slot, shared.words, &v, sizeof(v));
	g_assert_cmpuint(shared.slot.sequence, ==, 0);
	slot_read(&shared.slot, shared.words, &read, sizeof(read));
	g_assert_cmpmem(&read, sizeof(read), &v, sizeof(v));
}

static void test_status(void)
{
	static InstanceShared shared;
	InstanceStatus status = { .state = VRRP_STATE_MASTER, .transitions = 3 }, read;

	status.peer_priority[INSTANCE_PEERS_MAX - 1] = 100;
	slot_write(&shared.status, shared.status_words, &status, sizeof(status));
	slot_read(&shared.status, shared.status_words, &read, sizeof(read));
	g_assert_cmpmem(&read, sizeof(read), &status, sizeof(status));
	g_assert_false(shared.dirty);
}

static void *writer(void *userdata)
{
	Shared *shared = userdata;

	for (uint64_t i = 1; i <= STRESS_WRITES; i++) {
		Value v = value_make(i);

		slot_write(&shared->slot, shared->words, &v, sizeof(v));
	}
	return NULL;
}

static void test_stress(void)
{
	static Shared shared;
	pthread_t thread;
	uint64_t last = 0;

	g_assert_cmpint(pthread_create(&thread, NULL, writer, &shared), ==, 0);
	while (last < STRESS_WRITES) {
		Value v;

		slot_read(&shared.slot, shared.words, &v, sizeof(v));
		value_check(&v);
		g_assert_cmpuint(v.number, >=, last);
		last = v.number;
	}
	g_assert_cmpint(pthread_join(thread, NULL), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/slot/round-trip", test_round_trip);
	g_test_add_func("/slot/sequence-wraps", test_sequence_wraps);
	g_test_add_func("/slot/status", test_status);
	g_test_add_func("/slot/stress", test_stress);
	return g_test_run();
}
