/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The limiter: once a minute for a key, ten a second in all, whatever the number of senders.
 */

#include <glib.h>

#include "engine/engine-note.h"

static VrrpAddress sender(unsigned number)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4,
			      .bytes = { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
					 (uint8_t)number } };
}

static VrrpTime at(uint64_t msec)
{
	return (VrrpTime){ 1000 * VRRP_NSEC_PER_SECOND + msec * VRRP_NSEC_PER_MSEC };
}

static void test_once_a_minute(void)
{
	static EngineLimiter limiter;
	VrrpAddress address = sender(1);
	uint64_t key = engine_limiter_key(1, &address, 0), suppressed = 99;

	g_assert_true(engine_limiter_allow(&limiter, key, at(0), &suppressed));
	g_assert_cmpuint(suppressed, ==, 0);
	for (unsigned i = 1; i < 60; i++)
		g_assert_false(engine_limiter_allow(&limiter, key, at(i * 1000), &suppressed));
	g_assert_false(engine_limiter_allow(&limiter, key, at(59999), &suppressed));
	g_assert_true(engine_limiter_allow(&limiter, key, at(60000), &suppressed));
	g_assert_cmpuint(suppressed, ==, 60);
	g_assert_false(engine_limiter_allow(&limiter, key, at(60001), &suppressed));
}

static void test_keys_differ(void)
{
	VrrpAddress a = sender(1), b = sender(2);

	g_assert_cmpuint(engine_limiter_key(1, &a, 0), ==, engine_limiter_key(1, &a, 0));
	g_assert_cmpuint(engine_limiter_key(1, &a, 0), !=, engine_limiter_key(1, &b, 0));
	g_assert_cmpuint(engine_limiter_key(1, &a, 0), !=, engine_limiter_key(2, &a, 0));
	g_assert_cmpuint(engine_limiter_key(1, &a, 0), !=, engine_limiter_key(1, &a, 1));
	g_assert_cmpuint(engine_limiter_key(1, NULL, 0), !=, 0);
}

/* A thousand senders in each of ten seconds. */
static void test_cap(void)
{
	static EngineLimiter limiter;
	uint64_t suppressed;

	for (unsigned second = 0; second < 10; second++) {
		unsigned said = 0;

		for (unsigned i = 0; i < 1000; i++) {
			VrrpAddress address = sender(second * 1000 + i);

			said += engine_limiter_allow(&limiter, engine_limiter_key(1, &address, 0),
						     at(second * 1000 + i), &suppressed);
		}
		g_assert_cmpuint(said, ==, ENGINE_LIMITER_PER_SECOND);
	}
}

/* Who was said must not be forgotten for one that never gets a word in. */
static void test_cap_forgets_nobody(void)
{
	static EngineLimiter limiter;
	uint64_t suppressed;

	/* One set is full; then the second's allowance is used up elsewhere. */
	for (unsigned way = 1; way <= ENGINE_LIMITER_WAYS; way++)
		g_assert_true(engine_limiter_allow(&limiter, way * ENGINE_LIMITER_SETS, at(0),
						   &suppressed));
	for (unsigned i = ENGINE_LIMITER_WAYS; i < ENGINE_LIMITER_PER_SECOND; i++)
		g_assert_true(engine_limiter_allow(&limiter, i, at(1), &suppressed));
	for (unsigned i = 0; i < 100; i++)
		g_assert_false(engine_limiter_allow(&limiter, (i + 100) * ENGINE_LIMITER_SETS,
						    at(2), &suppressed));
	for (unsigned way = 1; way <= ENGINE_LIMITER_WAYS; way++)
		g_assert_false(engine_limiter_allow(&limiter, way * ENGINE_LIMITER_SETS, at(1000),
						    &suppressed));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/engine-note/once-a-minute", test_once_a_minute);
	g_test_add_func("/engine-note/keys-differ", test_keys_differ);
	g_test_add_func("/engine-note/cap", test_cap);
	g_test_add_func("/engine-note/cap-forgets-nobody", test_cap_forgets_nobody);
	return g_test_run();
}
