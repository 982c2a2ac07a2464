/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The ICV against a packet that keepalived signed, and the rules for the numbers: what is believed,
 * what is sent next, what has to be saved, and that a restart never sends a number again.
 */

#include <glib.h>
#include <string.h>

#include "core/vrrp-auth.h"
#include "golden.h"

static void test_equal(void)
{
	static const uint8_t a[4] = { 1, 2, 3, 4 }, b[4] = { 1, 2, 3, 0x84 }, c[4] = { 0, 2, 3, 4 };

	g_assert_true(vrrp_auth_equal(a, a, 4));
	g_assert_false(vrrp_auth_equal(a, b, 4));
	g_assert_false(vrrp_auth_equal(a, c, 4));
	g_assert_true(vrrp_auth_equal(a, b, 3));
}

static void icv_of(const uint8_t *packet, gsize size, const uint8_t key[8], bool unicast,
		   uint8_t icv[VRRP_ICV_SIZE])
{
	vrrp_auth_icv(key, unicast, packet, 20, packet + 20, packet + 20 + VRRP_AH_SIZE,
		      size - 20 - VRRP_AH_SIZE, icv);
}

static void test_icv_multicast(void)
{
	gsize size;
	g_autofree uint8_t *packet = golden_bytes(GOLDEN_AH_MULTICAST, &size);
	uint8_t icv[VRRP_ICV_SIZE];

	icv_of(packet, size, (const uint8_t *)"secret\0", false, icv);
	g_assert_cmpmem(icv, sizeof icv, packet + 32, 12);

	/* A router on the way may change these. */
	packet[1] = 0;    /* TOS */
	packet[6] = 0x40; /* DF */
	packet[10] ^= 1;  /* header checksum */
	packet[32] ^= 1;  /* the ICV itself */
	icv_of(packet, size, (const uint8_t *)"secret\0", false, icv);
	packet[32] ^= 1;
	g_assert_cmpmem(icv, sizeof icv, packet + 32, 12);

	/* The TTL counts, as keepalived has it. */
	packet[8]--;
	icv_of(packet, size, (const uint8_t *)"secret\0", false, icv);
	g_assert_false(vrrp_auth_equal(icv, packet + 32, sizeof icv));
}

static void test_icv_unicast(void)
{
	gsize size;
	g_autofree uint8_t *packet = golden_bytes(GOLDEN_AH_UNICAST_2, &size);
	uint8_t icv[VRRP_ICV_SIZE];

	packet[8] = 17; /* the TTL does not count */
	icv_of(packet, size, (const uint8_t *)"longerth", true, icv);
	g_assert_cmpmem(icv, sizeof icv, packet + 32, 12);
	icv_of(packet, size, (const uint8_t *)"longerti", true, icv);
	g_assert_false(vrrp_auth_equal(icv, packet + 32, sizeof icv));
}

/* Everything but the mutable fields is covered: each bit of the rest changes the value. */
static void test_icv_covers(void)
{
	gsize size;
	g_autofree uint8_t *packet = golden_bytes(GOLDEN_AH_MULTICAST, &size);
	uint8_t icv[VRRP_ICV_SIZE];

	for (gsize i = 0; i < size; i++) {
		bool mutable =
			i == 1 || i == 6 || i == 7 || i == 10 || i == 11 || (i >= 32 && i < 44);

		packet[i] ^= 0x10;
		icv_of(packet, size, (const uint8_t *)"secret\0", false, icv);
		packet[i] ^= 0x10;
		g_assert_cmpint(vrrp_auth_equal(icv, packet + 32, sizeof icv), ==, mutable);
	}
}

static void test_replay_check(void)
{
	VrrpReplay replay;

	vrrp_replay_init(&replay, 0, 0);
	g_assert_true(vrrp_replay_check(&replay, 1, VRRP_STATE_BACKUP, true, false));
	vrrp_replay_heard(&replay, 100);
	vrrp_replay_heard(&replay, 50);
	g_assert_cmpuint(replay.heard, ==, 100);

	/* Above: always. */
	g_assert_true(vrrp_replay_check(&replay, 101, VRRP_STATE_INITIALIZE, false, false));
	g_assert_true(vrrp_replay_check(&replay, 101, VRRP_STATE_BACKUP, true, false));
	g_assert_true(vrrp_replay_check(&replay, 101, VRRP_STATE_MASTER, false, false));
	/* Not above: only where there is nobody to depose. */
	g_assert_true(vrrp_replay_check(&replay, 100, VRRP_STATE_BACKUP, false, false));
	g_assert_true(vrrp_replay_check(&replay, 1, VRRP_STATE_BACKUP, false, false));
	g_assert_false(vrrp_replay_check(&replay, 100, VRRP_STATE_BACKUP, true, false));
	g_assert_false(vrrp_replay_check(&replay, 100, VRRP_STATE_MASTER, false, false));
	g_assert_false(vrrp_replay_check(&replay, 100, VRRP_STATE_INITIALIZE, false, false));

	/* What we sent counts like what we heard: a packet of our own is no news. */
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 101);
	g_assert_false(vrrp_replay_check(&replay, 101, VRRP_STATE_MASTER, false, false));
	g_assert_true(vrrp_replay_check(&replay, 102, VRRP_STATE_MASTER, false, false));
}

/* Our numbers were saved ahead, or come from the clock; the master's are lower, and it is alive. */
static void test_replay_follow(void)
{
	VrrpReplay replay;

	vrrp_replay_init(&replay, 1024, 0);
	g_assert_true(vrrp_replay_check(&replay, 7, VRRP_STATE_BACKUP, false, false));
	vrrp_replay_heard(&replay, 7);
	g_assert_true(vrrp_replay_check(&replay, 8, VRRP_STATE_BACKUP, true, true));
	g_assert_false(vrrp_replay_check(&replay, 7, VRRP_STATE_BACKUP, true, true));
	/* Another router is not believed below our own, nor is anybody once we are master. */
	g_assert_false(vrrp_replay_check(&replay, 8, VRRP_STATE_BACKUP, true, false));
	g_assert_true(vrrp_replay_check(&replay, 1025, VRRP_STATE_BACKUP, true, false));
	g_assert_false(vrrp_replay_check(&replay, 8, VRRP_STATE_MASTER, false, false));
	g_assert_false(vrrp_replay_check(&replay, 8, VRRP_STATE_MASTER, true, true));
	/* After a number above ours a recorded stream of lower ones is over. */
	vrrp_replay_heard(&replay, 1025);
	g_assert_false(vrrp_replay_check(&replay, 8, VRRP_STATE_BACKUP, true, true));
}

static void test_replay_next(void)
{
	VrrpReplay replay;

	vrrp_replay_init(&replay, 0, 0);
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 1);
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 2);
	vrrp_replay_heard(&replay, 10);
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 11);

	vrrp_replay_init(&replay, 0, 7000);
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 7001);
	vrrp_replay_init(&replay, 500, 7000); /* what is saved goes before the clock */
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 501);
}

static void test_replay_ends(void)
{
	VrrpReplay replay;

	vrrp_replay_init(&replay, VRRP_AH_NUMBER_MAX - 1, 0);
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, VRRP_AH_NUMBER_MAX);
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 0);
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 0);
	g_assert_cmpuint(replay.sent, ==, VRRP_AH_NUMBER_MAX);

	vrrp_replay_init(&replay, 0, 0);
	vrrp_replay_heard(&replay, UINT32_MAX);
	g_assert_cmpuint(vrrp_replay_next(&replay), ==, 0);
	/* It must not wrap to a small one here either; the end is saved, so that the fault outlives
	 * a restart. */
	g_assert_cmpuint(vrrp_replay_reserve(&replay), ==, VRRP_AH_NUMBER_MAX);
	g_assert_cmpuint(vrrp_replay_reserve(&replay), ==, 0);
}

static void test_replay_reserve(void)
{
	VrrpReplay replay;

	vrrp_replay_init(&replay, 0, 0);
	g_assert_cmpuint(vrrp_replay_reserve(&replay), ==, VRRP_AH_BLOCK);
	g_assert_cmpuint(vrrp_replay_reserve(&replay), ==, 0);
	vrrp_replay_init(&replay, 5000, 0);
	g_assert_cmpuint(vrrp_replay_reserve(&replay), ==, 5000 + VRRP_AH_BLOCK);
	/* Numbers of others must be saved as well: they are just as used. */
	vrrp_replay_heard(&replay, 100000);
	g_assert_cmpuint(vrrp_replay_reserve(&replay), ==, 100000 + VRRP_AH_BLOCK);
}

/* A life of crashes: at any moment the process dies and begins again with what was saved. No number
 * may be sent twice. */
static void test_replay_restarts(void)
{
	VrrpReplay replay;
	uint32_t saved = 0, last = 0, number, end;

	vrrp_replay_init(&replay, saved, 0);
	for (int i = 0; i < 100000; i++) {
		end = vrrp_replay_reserve(&replay);
		if (end > 0)
			saved = end;
		number = vrrp_replay_next(&replay);
		g_assert_cmpuint(number, >, last);
		g_assert_cmpuint(number, <=, saved);
		last = number;
		if (g_test_rand_int_range(0, 500) == 0)
			vrrp_replay_init(&replay, saved, 0);
	}
	/* Saving is for restarts, not for each advert. */
	g_assert_cmpuint(last, <, 100000 + 1000 * VRRP_AH_BLOCK);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/auth/equal", test_equal);
	g_test_add_func("/auth/icv-multicast", test_icv_multicast);
	g_test_add_func("/auth/icv-unicast", test_icv_unicast);
	g_test_add_func("/auth/icv-covers", test_icv_covers);
	g_test_add_func("/auth/replay-check", test_replay_check);
	g_test_add_func("/auth/replay-follow", test_replay_follow);
	g_test_add_func("/auth/replay-next", test_replay_next);
	g_test_add_func("/auth/replay-ends", test_replay_ends);
	g_test_add_func("/auth/replay-reserve", test_replay_reserve);
	g_test_add_func("/auth/replay-restarts", test_replay_restarts);
	return g_test_run();
}
