/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The socket filters: what is not for us must not queue, or a busy segment with many routers would
 * push our own peers' adverts out of the receive buffer.
 *
 * A program of an IPv4 socket sees the packet from its IP header on; one of an IPv6 socket sees the
 * message, and looks back at the IP header where the kernel lends a way (SKF_NET_OFF). It finds the
 * VRID behind the header's real length, makes one number of interface and VRID, and looks that up
 * in a sorted set: binary search down to a leaf of a few dozen values, then one by one.
 * Neighbouring values become a range, so an interface with 255 VRIDs costs two instructions.
 * Conditional jumps reach 255 instructions; where a subtree is longer an unconditional one helps
 * out.
 *
 * The second program, for the packets that are only counted, is the same with the answers
 * exchanged. Both are built from one description, so no packet can fall between them.
 */

#include <string.h>

#include "core/vrrp-packet.h"
#include "engine-filter.h"

#define LEAF_MAX   32 /* ranges; two instructions each, so that every jump out of it reaches */
#define PASS_ALL   0xffffffffu
#define IP_SOURCE  12
#define IP_TARGET  16
#define IP6_SOURCE ((uint32_t)SKF_NET_OFF + 8)
#define IP6_TARGET ((uint32_t)SKF_NET_OFF + 24)
#define MAX_JUMP   255
#define BITS_WORDS 8

typedef struct Program {
	struct sock_filter *code;
	size_t count;
	size_t capacity;
	uint32_t accept; /* returned for what an instance could want, */
	uint32_t reject; /* and for the rest */
} Program;

static void emit_jump(Program *program, uint16_t code, uint32_t k, uint8_t jt, uint8_t jf)
{
	/* Past the end nothing is written, but counted: the caller sees that it did not fit. */
	if (program->count < program->capacity)
		program->code[program->count] = (struct sock_filter){ code, jt, jf, k };
	program->count++;
}

static void emit(Program *program, uint16_t code, uint32_t k)
{
	emit_jump(program, code, k, 0, 0);
}

static void patch(Program *program, size_t at, struct sock_filter instruction)
{
	if (at < program->capacity)
		program->code[at] = instruction;
}

/* Where the range that starts at @values[0] ends: the number of values in it. */
static size_t range_length(const uint32_t *values, size_t count)
{
	size_t n = 1;

	while (n < count && values[n] == values[n - 1] + 1)
		n++;
	return n;
}

static size_t count_ranges(const uint32_t *values, size_t count, size_t enough)
{
	size_t ranges = 0;

	for (size_t i = 0; i < count && ranges <= enough; i += range_length(values + i, count - i))
		ranges++;
	return ranges;
}

static void emit_leaf(Program *program, const uint32_t *values, size_t count)
{
	size_t ranges = count_ranges(values, count, LEAF_MAX);
	size_t first = program->count;
	/* Each range takes two instructions, the reject one more, then comes the accept. */
	size_t accept = first + 2 * ranges + 1;

	for (size_t i = 0; i < count;) {
		size_t n = range_length(values + i, count - i);

		emit_jump(program, BPF_JMP | BPF_JGE | BPF_K, values[i], 0, 1);
		emit_jump(program, BPF_JMP | BPF_JGT | BPF_K, values[i + n - 1], 0,
			  (uint8_t)(accept - program->count - 1));
		i += n;
	}
	emit(program, BPF_RET | BPF_K, program->reject);
	emit(program, BPF_RET | BPF_K, program->accept);
}

/* Ends the program: accepts where the accumulator is one of @values. */
static void emit_lookup(Program *program, const uint32_t *values, size_t count)
{
	size_t branch, middle = count / 2;

	if (count_ranges(values, count, LEAF_MAX) <= LEAF_MAX) {
		emit_leaf(program, values, count);
		return;
	}
	/* Below the middle: fall through to the left part. From it on: jump over. */
	branch = program->count;
	emit(program, 0, 0);
	emit(program, 0, 0);
	emit_lookup(program, values, middle);
	patch(program, branch,
	      (struct sock_filter){ BPF_JMP | BPF_JGE | BPF_K, 0, 1, values[middle] });
	patch(program, branch + 1,
	      (struct sock_filter){ BPF_JMP | BPF_JA, 0, 0,
				    (uint32_t)(program->count - (branch + 2)) });
	emit_lookup(program, values + middle, count - middle);
}

/* Goes on where the accumulator, 0 to 255, is a set bit of @words; else rejects. Uses X and M[0].
 */
static void emit_bits(Program *program, const uint32_t words[BITS_WORDS])
{
	unsigned used = 0;

	for (unsigned w = 0; w < BITS_WORDS; w++)
		used += words[w] != 0;
	emit(program, BPF_ST, 0);
	emit(program, BPF_ALU | BPF_RSH | BPF_K, 5);
	for (unsigned w = 0; w < BITS_WORDS; w++) {
		if (words[w] == 0)
			continue;
		used--;
		emit_jump(program, BPF_JMP | BPF_JEQ | BPF_K, w, 0, 2);
		emit(program, BPF_LD | BPF_IMM, words[w]);
		/* Over the other words, three instructions each, and the reject. */
		emit(program, BPF_JMP | BPF_JA, 3 * used + 1);
	}
	emit(program, BPF_RET | BPF_K, program->reject);
	emit(program, BPF_MISC | BPF_TAX, 0);
	emit(program, BPF_LD | BPF_MEM, 0);
	emit(program, BPF_ALU | BPF_AND | BPF_K, 31);
	emit(program, BPF_ST, 0);
	emit(program, BPF_MISC | BPF_TXA, 0);
	emit(program, BPF_LDX | BPF_MEM, 0);
	emit(program, BPF_ALU | BPF_RSH | BPF_X, 0);
	emit_jump(program, BPF_JMP | BPF_JSET | BPF_K, 1, 1, 0);
	emit(program, BPF_RET | BPF_K, program->reject);
}

static void emit_prologue(Program *program, uint8_t family, uint8_t protocol, uint32_t vrid_offset)
{
	/* X: the length of the IP header, where that is a part of what is seen. */
	if (family == VRRP_FAMILY_IPV6)
		emit(program, BPF_LDX | BPF_IMM, 0);
	else
		emit(program, BPF_LDX | BPF_B | BPF_MSH, 0);
	if (protocol == VRRP_PROTOCOL_AH) {
		/* The AH of an IPsec association between two hosts is none of our business. */
		emit(program, BPF_LD | BPF_B | BPF_IND, 0);
		emit_jump(program, BPF_JMP | BPF_JEQ | BPF_K, VRRP_PROTOCOL, 1, 0);
		emit(program, BPF_RET | BPF_K, 0);
	}
	/* A load behind the end would end the program with "drop"; what is too short must be
	 * counted. */
	emit(program, BPF_LD | BPF_W | BPF_LEN, 0);
	emit(program, BPF_ALU | BPF_SUB | BPF_X, 0);
	emit_jump(program, BPF_JMP | BPF_JGE | BPF_K, vrid_offset + 1, 1, 0);
	emit(program, BPF_RET | BPF_K, program->reject);
}

static void emit_multicast(Program *program, const EngineFilterInput *input, uint32_t vrid_offset)
{
	emit(program, BPF_LD | BPF_B | BPF_IND, vrid_offset);
	if (!input->coarse) {
		emit(program, BPF_MISC | BPF_TAX, 0);
		emit(program, BPF_LD | BPF_W | BPF_ABS, (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX));
		emit(program, BPF_ALU | BPF_LSH | BPF_K, 8);
		emit(program, BPF_ALU | BPF_OR | BPF_X, 0);
	}
	emit_lookup(program, input->pairs, input->pair_count);
}

/* The accumulator becomes engine_filter_source of the sender. */
static void emit_source(Program *program, uint8_t family)
{
	if (family != VRRP_FAMILY_IPV6) {
		emit(program, BPF_LD | BPF_W | BPF_ABS, IP_SOURCE);
		return;
	}
	emit(program, BPF_LD | BPF_W | BPF_ABS, IP6_SOURCE);
	for (uint32_t word = 1; word < 4; word++) {
		emit(program, BPF_MISC | BPF_TAX, 0);
		emit(program, BPF_LD | BPF_W | BPF_ABS, IP6_SOURCE + 4 * word);
		emit(program, BPF_ALU | BPF_XOR | BPF_X, 0);
	}
}

/* The accumulator becomes 0xe0 or 0xff, or something else where the packet is for one host. Which
 * group it is the instance's rules judge. */
static uint32_t emit_target(Program *program, uint8_t family)
{
	if (family == VRRP_FAMILY_IPV6) {
		emit(program, BPF_LD | BPF_B | BPF_ABS, IP6_TARGET);
		return 0xff;
	}
	emit(program, BPF_LD | BPF_B | BPF_ABS, IP_TARGET);
	emit(program, BPF_ALU | BPF_AND | BPF_K, 0xf0);
	return 0xe0;
}

static void emit_unicast(Program *program, const EngineFilterInput *input, uint32_t vrid_offset)
{
	emit(program, BPF_LD | BPF_B | BPF_IND, vrid_offset);
	emit_bits(program, input->unicast_vrids);
	if (input->coarse) {
		emit(program, BPF_RET | BPF_K, program->accept);
		return;
	}
	emit_source(program, input->family);
	emit_lookup(program, input->sources, input->source_count);
}

size_t engine_filter_build(const EngineFilterInput *input, uint8_t protocol, bool stray,
			   struct sock_filter *code, size_t capacity)
{
	uint32_t vrid_offset = protocol == VRRP_PROTOCOL_AH ? VRRP_AH_SIZE + 1 : 1;
	Program program = { .code = code,
			    .capacity = capacity,
			    .accept = stray ? 0 : PASS_ALL,
			    .reject = stray ? PASS_ALL : 0 };
	uint32_t multicast;
	size_t branch;

	emit_prologue(&program, input->family, protocol, vrid_offset);
	multicast = emit_target(&program, input->family);
	emit_jump(&program, BPF_JMP | BPF_JEQ | BPF_K, multicast, 1, 0);
	branch = program.count;
	emit(&program, 0, 0);
	emit_multicast(&program, input, vrid_offset);
	patch(&program, branch,
	      (struct sock_filter){ BPF_JMP | BPF_JA, 0, 0,
				    (uint32_t)(program.count - (branch + 1)) });
	emit_unicast(&program, input, vrid_offset);
	return program.count <= capacity ? program.count : 0;
}

static uint32_t word_of(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 |
	       bytes[3];
}

uint32_t engine_filter_source(const VrrpAddress *address)
{
	/* Of an IPv4 address the other bytes are zero. */
	return word_of(address->bytes) ^ word_of(address->bytes + 4) ^ word_of(address->bytes + 8) ^
	       word_of(address->bytes + 12);
}

static void sift_down(uint32_t *values, size_t at, size_t count)
{
	for (;;) {
		size_t child = 2 * at + 1;
		uint32_t value = values[at];

		if (child >= count)
			return;
		if (child + 1 < count && values[child + 1] > values[child])
			child++;
		if (values[child] <= value)
			return;
		values[at] = values[child];
		values[child] = value;
		at = child;
	}
}

/* A heap sort, because qsort may allocate. */
size_t engine_filter_sort(uint32_t *values, size_t count)
{
	size_t unique = 0;

	for (size_t i = count / 2; i-- > 0;)
		sift_down(values, i, count);
	for (size_t end = count; end-- > 1;) {
		uint32_t largest = values[0];

		values[0] = values[end];
		values[end] = largest;
		sift_down(values, 0, end);
	}
	for (size_t i = 0; i < count; i++)
		if (unique == 0 || values[unique - 1] != values[i])
			values[unique++] = values[i];
	return unique;
}
