/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A binary heap of deadlines, the earliest on top. The nodes live inside the objects that wait, the
 * array belongs to the caller, so that nothing is allocated; each node knows its place, so that a
 * deadline that moves costs O(log n). Owned by one thread. It must never touch what a node is
 * embedded in.
 */

#include <errno.h>
#include <stddef.h>

#include "vrrp-heap.h"

static void place(VrrpHeap *heap, uint32_t index, VrrpHeapNode *node)
{
	heap->nodes[index] = node;
	node->index = index;
}

static bool earlier(const VrrpHeapNode *a, const VrrpHeapNode *b)
{
	return a->deadline.nsec < b->deadline.nsec;
}

static void sift_up(VrrpHeap *heap, VrrpHeapNode *node)
{
	uint32_t index = node->index;

	while (index > 0) {
		uint32_t parent = (index - 1) / 2;

		if (!earlier(node, heap->nodes[parent]))
			break;
		place(heap, index, heap->nodes[parent]);
		index = parent;
	}
	place(heap, index, node);
}

static void sift_down(VrrpHeap *heap, VrrpHeapNode *node)
{
	uint32_t index = node->index;

	/* The first half of the nodes have children. */
	while (index < heap->count / 2) {
		uint32_t child = 2 * index + 1;

		if (child + 1 < heap->count && earlier(heap->nodes[child + 1], heap->nodes[child]))
			child++;
		if (!earlier(heap->nodes[child], node))
			break;
		place(heap, index, heap->nodes[child]);
		index = child;
	}
	place(heap, index, node);
}

void vrrp_heap_init(VrrpHeap *heap, VrrpHeapNode **storage, uint32_t capacity)
{
	*heap = (VrrpHeap){ .nodes = storage, .capacity = capacity };
}

void vrrp_heap_node_init(VrrpHeapNode *node)
{
	*node = (VrrpHeapNode){ .deadline = VRRP_TIME_NEVER, .index = VRRP_HEAP_OUTSIDE };
}

int vrrp_heap_set(VrrpHeap *heap, VrrpHeapNode *node, VrrpTime deadline)
{
	if (vrrp_time_is_never(deadline)) {
		vrrp_heap_remove(heap, node);
		return 0;
	}
	if (node->index == VRRP_HEAP_OUTSIDE) {
		if (heap->count == heap->capacity)
			return -ENOSPC;
		place(heap, heap->count++, node);
	}
	node->deadline = deadline;
	sift_up(heap, node);
	sift_down(heap, node);
	return 0;
}

void vrrp_heap_remove(VrrpHeap *heap, VrrpHeapNode *node)
{
	VrrpHeapNode *last;

	node->deadline = VRRP_TIME_NEVER;
	if (node->index == VRRP_HEAP_OUTSIDE)
		return;
	last = heap->nodes[--heap->count];
	if (last != node) {
		place(heap, node->index, last);
		sift_up(heap, last);
		sift_down(heap, last);
	}
	node->index = VRRP_HEAP_OUTSIDE;
}

VrrpHeapNode *vrrp_heap_first(const VrrpHeap *heap)
{
	return heap->count > 0 ? heap->nodes[0] : NULL;
}
