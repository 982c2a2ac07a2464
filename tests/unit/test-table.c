/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The table of instances: what makes keys equal, what does not, and that entries which share a
 * bucket can come and go in any order without losing each other.
 */

#include <errno.h>
#include <glib.h>

#include "core/vrrp-table.h"

enum {
	VRIDS = 255,
	INTERFACES = 8,
};

static VrrpAddress ipv4(uint8_t last)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { 192, 0, 2, last } };
}

static void test_keys(void)
{
	VrrpTableEntry *buckets[16], entries[6] = { 0 };
	VrrpTable table;
	VrrpAddress ipv6 = { .family = VRRP_FAMILY_IPV6, .bytes = { 192, 0, 2, 1 } };
	VrrpTableKey keys[] = {
		vrrp_table_key_multicast(3, VRRP_FAMILY_IPV4, 10),
		vrrp_table_key_multicast(3, VRRP_FAMILY_IPV6, 10),
		vrrp_table_key_multicast(4, VRRP_FAMILY_IPV4, 10),
		vrrp_table_key_multicast(3, VRRP_FAMILY_IPV4, 11),
		vrrp_table_key_unicast(ipv4(1), 10),
		vrrp_table_key_unicast(ipv6, 10),
	};
	VrrpTableKey other = vrrp_table_key_unicast(ipv4(2), 10);

	vrrp_table_init(&table, buckets, G_N_ELEMENTS(buckets));
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_assert_null(vrrp_table_find(&table, &keys[i]));
		g_assert_cmpint(vrrp_table_insert(&table, &entries[i], keys[i], &keys[i]), ==, 0);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
		g_assert_true(vrrp_table_find(&table, &keys[i]) == &keys[i]);
	g_assert_null(vrrp_table_find(&table, &other));
}

static void test_taken(void)
{
	VrrpTableEntry *buckets[16], first = { 0 }, second = { 0 };
	VrrpTable table;
	VrrpTableKey key = vrrp_table_key_multicast(3, VRRP_FAMILY_IPV4, 10);

	vrrp_table_init(&table, buckets, G_N_ELEMENTS(buckets));
	g_assert_cmpint(vrrp_table_insert(&table, &first, key, &first), ==, 0);
	g_assert_cmpint(vrrp_table_insert(&table, &second, key, &second), ==, -EEXIST);
	g_assert_false(second.linked);
	g_assert_true(vrrp_table_find(&table, &key) == &first);

	vrrp_table_remove(&table, &second); /* not linked: nothing happens */
	g_assert_true(vrrp_table_find(&table, &key) == &first);
	vrrp_table_remove(&table, &first);
	g_assert_null(vrrp_table_find(&table, &key));
	g_assert_cmpint(vrrp_table_insert(&table, &second, key, &second), ==, 0);
	g_assert_true(vrrp_table_find(&table, &key) == &second);
}

/* @bucket_count 1: every entry collides with every other. */
static void check_come_and_go(uint32_t bucket_count)
{
	g_autofree VrrpTableEntry **buckets = g_new(VrrpTableEntry *, bucket_count);
	g_autofree VrrpTableEntry *entries = g_new0(VrrpTableEntry, VRIDS * INTERFACES);
	g_autofree VrrpTableKey *keys = g_new0(VrrpTableKey, VRIDS * INTERFACES);
	VrrpTable table;

	vrrp_table_init(&table, buckets, bucket_count);
	for (uint32_t i = 0; i < VRIDS * INTERFACES; i++)
		keys[i] = vrrp_table_key_multicast(1 + i / VRIDS, VRRP_FAMILY_IPV4,
						   (uint8_t)(1 + i % VRIDS));
	for (int round = 0; round < 5000; round++) {
		int i = g_test_rand_int_range(0, VRIDS * INTERFACES);
		int seen = g_test_rand_int_range(0, VRIDS * INTERFACES);

		if (entries[i].linked)
			vrrp_table_remove(&table, &entries[i]);
		else
			g_assert_cmpint(vrrp_table_insert(&table, &entries[i], keys[i],
							  &entries[i]),
					==, 0);
		g_assert_true(vrrp_table_find(&table, &keys[seen]) ==
			      (entries[seen].linked ? &entries[seen] : NULL));
		g_assert_true(vrrp_table_find(&table, &keys[i]) ==
			      (entries[i].linked ? &entries[i] : NULL));
	}
}

static void test_come_and_go(void)
{
	check_come_and_go(1);
	check_come_and_go(4);
	check_come_and_go(4096);
}

/* Every VRID on a few interfaces, which is what a large host looks like, must not pile up. */
static void test_spreads(void)
{
	static VrrpTableEntry *buckets[4096], entries[VRIDS * INTERFACES];
	VrrpTable table;
	unsigned longest = 0;

	vrrp_table_init(&table, buckets, G_N_ELEMENTS(buckets));
	for (uint32_t i = 0; i < VRIDS * INTERFACES; i++)
		g_assert_cmpint(
			vrrp_table_insert(&table, &entries[i],
					  vrrp_table_key_multicast(1 + i / VRIDS, VRRP_FAMILY_IPV4,
								   (uint8_t)(1 + i % VRIDS)),
					  &entries[i]),
			==, 0);
	for (size_t i = 0; i < G_N_ELEMENTS(buckets); i++) {
		unsigned length = 0;

		for (VrrpTableEntry *entry = buckets[i]; entry; entry = entry->next)
			length++;
		longest = MAX(longest, length);
	}
	g_assert_cmpuint(longest, <=, 8);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/table/keys", test_keys);
	g_test_add_func("/table/taken", test_taken);
	g_test_add_func("/table/come-and-go", test_come_and_go);
	g_test_add_func("/table/spreads", test_spreads);
	return g_test_run();
}
