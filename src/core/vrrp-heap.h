/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "vrrp-time.h"

/* What is due when. Intrusive: the caller embeds a node in its object; the heap's array is the
 * caller's too. */
typedef struct VrrpHeapNode {
	VrrpTime deadline;
	uint32_t index; /* VRRP_HEAP_OUTSIDE when not in a heap */
} VrrpHeapNode;

#define VRRP_HEAP_OUTSIDE UINT32_MAX

typedef struct VrrpHeap {
	VrrpHeapNode **nodes;
	uint32_t count;
	uint32_t capacity;
} VrrpHeap;

void vrrp_heap_init(VrrpHeap *heap, VrrpHeapNode **storage, uint32_t capacity);
void vrrp_heap_node_init(VrrpHeapNode *node);
/* Puts @node at @deadline, inserts it if it is not in yet, removes it for VRRP_TIME_NEVER. O(log
 * n). Returns 0 or -ENOSPC. */
int vrrp_heap_set(VrrpHeap *heap, VrrpHeapNode *node, VrrpTime deadline);
void vrrp_heap_remove(VrrpHeap *heap, VrrpHeapNode *node);
/* The node that is due first, or NULL. */
VrrpHeapNode *vrrp_heap_first(const VrrpHeap *heap);
