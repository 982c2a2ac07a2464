/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The heap of deadlines against the plainest model there is: an array that is searched from end to
 * end. The sequence of operations comes from GLib's test seed, which a failure prints and --seed
 * repeats.
 */

#include <errno.h>
#include <glib.h>

#include "core/vrrp-heap.h"

enum {
	NODES = 200,
	CAPACITY = 150, /* less than the nodes, so that the heap is full at times */
	OPERATIONS = 200000,
};

typedef struct Model {
	VrrpHeap heap;
	VrrpHeapNode *storage[CAPACITY];
	VrrpHeapNode nodes[NODES];
	uint64_t deadline[NODES]; /* UINT64_MAX: outside */
	uint32_t inside;
} Model;

static void model_init(Model *model)
{
	vrrp_heap_init(&model->heap, model->storage, CAPACITY);
	for (int i = 0; i < NODES; i++) {
		vrrp_heap_node_init(&model->nodes[i]);
		model->deadline[i] = UINT64_MAX;
	}
	model->inside = 0;
}

static void model_set(Model *model, int i, uint64_t deadline)
{
	int r = vrrp_heap_set(&model->heap, &model->nodes[i], (VrrpTime){ deadline });

	if (deadline != UINT64_MAX && model->deadline[i] == UINT64_MAX) {
		if (model->inside == CAPACITY) {
			g_assert_cmpint(r, ==, -ENOSPC);
			return;
		}
		model->inside++;
	} else if (deadline == UINT64_MAX && model->deadline[i] != UINT64_MAX) {
		model->inside--;
	}
	g_assert_cmpint(r, ==, 0);
	model->deadline[i] = deadline;
}

static void model_remove(Model *model, int i)
{
	vrrp_heap_remove(&model->heap, &model->nodes[i]);
	if (model->deadline[i] != UINT64_MAX)
		model->inside--;
	model->deadline[i] = UINT64_MAX;
}

static void model_check(Model *model)
{
	VrrpHeapNode *first = vrrp_heap_first(&model->heap);
	uint64_t earliest = UINT64_MAX;

	g_assert_cmpuint(model->heap.count, ==, model->inside);
	for (uint32_t i = 0; i < model->heap.count; i++) {
		g_assert_cmpuint(model->heap.nodes[i]->index, ==, i);
		g_assert_cmpuint(model->heap.nodes[i]->deadline.nsec, >=,
				 model->heap.nodes[i > 0 ? (i - 1) / 2 : 0]->deadline.nsec);
	}
	for (int i = 0; i < NODES; i++) {
		g_assert_cmpuint(model->nodes[i].deadline.nsec, ==, model->deadline[i]);
		g_assert_cmpint(model->nodes[i].index == VRRP_HEAP_OUTSIDE, ==,
				model->deadline[i] == UINT64_MAX);
		earliest = MIN(earliest, model->deadline[i]);
	}
	if (earliest == UINT64_MAX)
		g_assert_null(first);
	else
		g_assert_cmpuint(first->deadline.nsec, ==, earliest);
}

static void test_model(void)
{
	static Model model;

	model_init(&model);
	for (int i = 0; i < OPERATIONS; i++) {
		int node = g_test_rand_int_range(0, NODES);

		if (g_test_rand_int_range(0, 4) == 0)
			model_remove(&model, node);
		else if (g_test_rand_int_range(0, 20) == 0)
			model_set(&model, node, UINT64_MAX);
		else /* few values, so that many are equal */
			model_set(&model, node, (uint64_t)g_test_rand_int_range(0, 1000));
		model_check(&model);
	}
}

static void test_drains_in_order(void)
{
	static Model model;
	uint64_t last = 0;

	model_init(&model);
	for (int i = 0; i < CAPACITY; i++)
		model_set(&model, i, (uint64_t)g_test_rand_int_range(0, 1000000));
	while (model.heap.count > 0) {
		VrrpHeapNode *first = vrrp_heap_first(&model.heap);

		g_assert_cmpuint(first->deadline.nsec, >=, last);
		last = first->deadline.nsec;
		model_remove(&model, (int)(first - model.nodes));
	}
	model_check(&model);
}

static void test_full(void)
{
	static Model model;

	model_init(&model);
	for (int i = 0; i < CAPACITY; i++)
		model_set(&model, i, (uint64_t)i);
	g_assert_cmpint(vrrp_heap_set(&model.heap, &model.nodes[CAPACITY], (VrrpTime){ 7 }), ==,
			-ENOSPC);
	model_check(&model);
	/* One that is in may still move. */
	model_set(&model, 0, 1000);
	model_check(&model);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/heap/model", test_model);
	g_test_add_func("/heap/drains-in-order", test_drains_in_order);
	g_test_add_func("/heap/full", test_full);
	return g_test_run();
}
