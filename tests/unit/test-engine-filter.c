/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The socket filters, run by an interpreter of classic BPF: against each other, against what the
 * instances want, and for the sizes at which jumps get long. Whether the kernel takes the programs
 * is tried too, on a socket that needs no privilege.
 */

#include <glib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/engine-filter.h"

#define VRRP 112
#define AH   51

typedef struct Case {
	uint8_t packet[128];
	size_t size;
	uint8_t header[40]; /* IPv6: before the packet */
	int32_t interface_index;
} Case;

static uint32_t load(const Case *c, uint32_t at, uint32_t size, bool *ok)
{
	uint32_t value = 0, in_header = at - (uint32_t)SKF_NET_OFF;

	if (in_header < sizeof c->header) {
		for (uint32_t i = 0; i < size; i++)
			value = value << 8 | c->header[in_header + i];
		return value;
	}
	*ok = at + size <= c->size;
	for (uint32_t i = 0; *ok && i < size; i++)
		value = value << 8 | c->packet[at + i];
	return value;
}

/* As the kernel does it: a load behind the end returns 0. */
static uint32_t interpret(const struct sock_filter *program, size_t count, const Case *c)
{
	uint32_t a = 0, x = 0, memory[BPF_MEMWORDS] = { 0 };
	bool ok = true;

	for (size_t pc = 0; ok; pc++) {
		const struct sock_filter *i = &program[pc];

		g_assert_cmpuint(pc, <, count);
		switch (i->code) {
		case BPF_LDX | BPF_B | BPF_MSH:
			x = 4 * (load(c, i->k, 1, &ok) & 0xf);
			break;
		case BPF_LD | BPF_B | BPF_IND:
			a = load(c, x + i->k, 1, &ok);
			break;
		case BPF_LD | BPF_W | BPF_ABS:
			if (i->k == (uint32_t)(SKF_AD_OFF + SKF_AD_IFINDEX))
				a = (uint32_t)c->interface_index;
			else
				a = load(c, i->k, 4, &ok);
			break;
		case BPF_LD | BPF_W | BPF_LEN:
			a = (uint32_t)c->size;
			break;
		case BPF_LD | BPF_B | BPF_ABS:
			a = load(c, i->k, 1, &ok);
			break;
		case BPF_LDX | BPF_IMM:
			x = i->k;
			break;
		case BPF_ALU | BPF_XOR | BPF_X:
			a ^= x;
			break;
		case BPF_LD | BPF_IMM:
			a = i->k;
			break;
		case BPF_LD | BPF_MEM:
			a = memory[i->k];
			break;
		case BPF_LDX | BPF_MEM:
			x = memory[i->k];
			break;
		case BPF_ST:
			memory[i->k] = a;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_MISC | BPF_TXA:
			a = x;
			break;
		case BPF_ALU | BPF_SUB | BPF_X:
			a -= x;
			break;
		case BPF_ALU | BPF_OR | BPF_X:
			a |= x;
			break;
		case BPF_ALU | BPF_LSH | BPF_K:
			a <<= i->k;
			break;
		case BPF_ALU | BPF_RSH | BPF_K:
			a >>= i->k;
			break;
		case BPF_ALU | BPF_RSH | BPF_X:
			a >>= x;
			break;
		case BPF_ALU | BPF_AND | BPF_K:
			a &= i->k;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			g_error("instruction %zu: unknown code %#x", pc, i->code);
		}
	}
	return 0;
}

static Case make_case(uint8_t protocol, uint32_t source, uint32_t target, uint8_t vrid,
		      int32_t interface_index, unsigned options)
{
	size_t header = 20 + options, message = header + (protocol == AH ? 24 : 0);
	Case c = { .interface_index = interface_index, .size = message + 12 };

	c.packet[0] = (uint8_t)(0x40 | header / 4);
	c.packet[9] = protocol;
	for (int i = 0; i < 4; i++) {
		c.packet[12 + i] = (uint8_t)(source >> (24 - 8 * i));
		c.packet[16 + i] = (uint8_t)(target >> (24 - 8 * i));
	}
	if (protocol == AH)
		c.packet[header] = VRRP;
	c.packet[message] = 0x31;
	c.packet[message + 1] = vrid;
	return c;
}

#define GROUP 0xe0000012
#define OTHER 0x0a090002

/* True where the main program passes @c; the stray one must say the contrary. */
static bool passes(const EngineFilterInput *input, uint8_t protocol, const Case *c)
{
	static struct sock_filter main_program[ENGINE_FILTER_MAX], stray[ENGINE_FILTER_MAX];
	size_t main_count =
		engine_filter_build(input, protocol, false, main_program, ENGINE_FILTER_MAX);
	size_t stray_count = engine_filter_build(input, protocol, true, stray, ENGINE_FILTER_MAX);
	bool main_passes;

	g_assert_cmpuint(main_count, >, 0);
	g_assert_cmpuint(stray_count, >, 0);
	main_passes = interpret(main_program, main_count, c) != 0;
	g_assert_true(main_passes != (interpret(stray, stray_count, c) != 0));
	return main_passes;
}

static void assert_kernel_takes(const EngineFilterInput *input)
{
	static struct sock_filter code[ENGINE_FILTER_MAX];
	int pair[2];

	g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair), ==, 0);
	for (int i = 0; i < 4; i++) {
		struct sock_fprog program = { .filter = code };

		program.len = (unsigned short)engine_filter_build(input, i & 1 ? AH : VRRP, i & 2,
								  code, ENGINE_FILTER_MAX);
		g_assert_cmpint(setsockopt(pair[0], SOL_SOCKET, SO_ATTACH_FILTER, &program,
					   sizeof program),
				==, 0);
	}
	close(pair[0]);
	close(pair[1]);
}

static void test_nothing(void)
{
	EngineFilterInput nothing = { 0 };
	Case c = make_case(VRRP, OTHER, GROUP, 51, 3, 0);

	g_assert_false(passes(&nothing, VRRP, &c));
	c = make_case(VRRP, OTHER, 0x0a090001, 0, 3, 0);
	g_assert_false(passes(&nothing, VRRP, &c));
	assert_kernel_takes(&nothing);
}

static void test_multicast(void)
{
	uint32_t pairs[] = { engine_filter_pair(3, 51), engine_filter_pair(3, 52),
			     engine_filter_pair(900000, 7), engine_filter_pair(3, 51) };
	EngineFilterInput input = { .pairs = pairs, .pair_count = engine_filter_sort(pairs, 4) };

	g_assert_cmpuint(input.pair_count, ==, 3);
	for (int protocol = 0; protocol < 2; protocol++)
		for (unsigned options = 0; options <= 40; options += 4) {
			uint8_t p = protocol ? AH : VRRP;
			Case c = make_case(p, OTHER, GROUP, 51, 3, options);

			g_assert_true(passes(&input, p, &c));
			c = make_case(p, OTHER, GROUP, 53, 3, options);
			g_assert_false(passes(&input, p, &c));
			c = make_case(p, OTHER, GROUP, 51, 4, options);
			g_assert_false(passes(&input, p, &c));
			c = make_case(p, OTHER, GROUP, 7, 900000, options);
			g_assert_true(passes(&input, p, &c));
			/* To this host alone: not for a multicast instance. */
			c = make_case(p, OTHER, 0x0a090001, 51, 3, options);
			g_assert_false(passes(&input, p, &c));
		}
	assert_kernel_takes(&input);
}

static void test_unicast(void)
{
	uint32_t sources[] = { 0x0a090003, 0x0a090002, 0xc0a87802 };
	EngineFilterInput input = { .sources = sources,
				    .source_count = engine_filter_sort(sources, 3) };

	for (unsigned vrid = 0; vrid < 256; vrid += 3)
		input.unicast_vrids[vrid / 32] |= UINT32_C(1) << vrid % 32;
	for (unsigned vrid = 0; vrid < 256; vrid++) {
		Case c = make_case(VRRP, OTHER, 0x0a090001, (uint8_t)vrid, 77, 0);

		g_assert_true(passes(&input, VRRP, &c) == (vrid % 3 == 0));
		c = make_case(AH, 0xc0a87802, 0x0a090001, (uint8_t)vrid, 1, 8);
		g_assert_true(passes(&input, AH, &c) == (vrid % 3 == 0));
		c = make_case(VRRP, 0x0a090004, 0x0a090001, (uint8_t)vrid, 77, 0);
		g_assert_false(passes(&input, VRRP, &c));
		c = make_case(VRRP, OTHER, GROUP, (uint8_t)vrid, 77, 0);
		g_assert_false(passes(&input, VRRP, &c));
	}
	assert_kernel_takes(&input);
}

/* One VRID in one word only, and in each. */
static void test_unicast_words(void)
{
	uint32_t source = OTHER;

	for (unsigned only = 0; only < 256; only++) {
		EngineFilterInput input = { .sources = &source, .source_count = 1 };

		input.unicast_vrids[only / 32] = UINT32_C(1) << only % 32;
		for (unsigned vrid = 0; vrid < 256; vrid++) {
			Case c = make_case(VRRP, OTHER, 0x0a090001, (uint8_t)vrid, 1, 0);

			g_assert_true(passes(&input, VRRP, &c) == (vrid == only));
		}
	}
}

/* What is too short to have a VRID is a stray: it must be counted. */
static void test_short(void)
{
	uint32_t pair = engine_filter_pair(3, 0);
	EngineFilterInput input = { .pairs = &pair, .pair_count = 1 };
	Case c = make_case(VRRP, OTHER, GROUP, 0, 3, 0);

	c.size = 22;
	g_assert_true(passes(&input, VRRP, &c));
	c.size = 21;
	g_assert_false(passes(&input, VRRP, &c));
	c.size = 20;
	g_assert_false(passes(&input, VRRP, &c));
	c = make_case(AH, OTHER, GROUP, 0, 3, 0);
	c.size = 20 + 24 + 2;
	g_assert_true(passes(&input, AH, &c));
	c.size--;
	g_assert_false(passes(&input, AH, &c));
}

/* AH before TCP: an IPsec association of this host. Neither wanted nor strange. */
static void test_foreign_ah(void)
{
	uint32_t pair = engine_filter_pair(3, 51);
	EngineFilterInput input = { .pairs = &pair, .pair_count = 1 };
	Case c = make_case(AH, OTHER, GROUP, 51, 3, 0);
	struct sock_filter program[200];
	size_t count;

	c.packet[20] = 6;
	for (int stray = 0; stray < 2; stray++) {
		count = engine_filter_build(&input, AH, stray, program, G_N_ELEMENTS(program));
		g_assert_cmpuint(count, >, 0);
		g_assert_cmpuint(interpret(program, count, &c), ==, 0);
	}
}

/* Enough values for several levels and long jumps; none of them neighbours. */
static void test_many(void)
{
	static uint32_t pairs[1500];
	EngineFilterInput input = { .pairs = pairs };

	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
		pairs[i] =
			engine_filter_pair((int32_t)(10 + (i * 7919) % 1500), (uint8_t)(i % 250));
	input.pair_count = engine_filter_sort(pairs, G_N_ELEMENTS(pairs));
	for (unsigned i = 0; i < 1500; i++) {
		Case c = make_case(VRRP, OTHER, GROUP, (uint8_t)(i % 250),
				   (int32_t)(10 + (i * 7919) % 1500), 0);

		g_assert_true(passes(&input, VRRP, &c));
		c.packet[21]++;
		g_assert_false(passes(&input, VRRP, &c));
		c.packet[21]--;
		c.interface_index += 1500;
		g_assert_false(passes(&input, VRRP, &c));
	}
}

/* 255 VRIDs on each of 200 interfaces are 200 ranges. */
static void test_ranges(void)
{
	static uint32_t pairs[200 * 255];
	struct sock_filter program[ENGINE_FILTER_MAX];
	EngineFilterInput input = { .pairs = pairs };
	size_t n = 0, count;

	for (int32_t interface_index = 2; interface_index < 202; interface_index++)
		for (unsigned vrid = 1; vrid < 256; vrid++)
			pairs[n++] = engine_filter_pair(interface_index, (uint8_t)vrid);
	input.pair_count = engine_filter_sort(pairs, n);
	count = engine_filter_build(&input, VRRP, false, program, ENGINE_FILTER_MAX);
	g_assert_cmpuint(count, >, 0);
	g_assert_cmpuint(count, <, 600);
	for (int32_t interface_index = 1; interface_index < 204; interface_index++)
		for (unsigned vrid = 0; vrid < 256; vrid += 85) {
			Case c = make_case(VRRP, OTHER, GROUP, (uint8_t)vrid, interface_index, 0);

			g_assert_true(passes(&input, VRRP, &c) ==
				      (vrid > 0 && interface_index > 1 && interface_index < 202));
		}
	assert_kernel_takes(&input);
}

static void test_too_many(void)
{
	static uint32_t pairs[8192];
	struct sock_filter program[ENGINE_FILTER_MAX + 1];
	EngineFilterInput input = { .pairs = pairs, .pair_count = G_N_ELEMENTS(pairs) };

	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
		pairs[i] = engine_filter_pair((int32_t)(2 + i), (uint8_t)(1 + i % 100));
	memset(&program[ENGINE_FILTER_MAX], 0x5a, sizeof program[0]);
	g_assert_cmpuint(engine_filter_build(&input, VRRP, false, program, ENGINE_FILTER_MAX), ==,
			 0);
	g_assert_cmpint(program[ENGINE_FILTER_MAX].code, ==, 0x5a5a);

	/* The way out: VRIDs only. */
	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++)
		pairs[i] &= 0xff;
	input.pair_count = engine_filter_sort(pairs, G_N_ELEMENTS(pairs));
	input.coarse = true;
	input.unicast_vrids[0] = 1u << 9;
	g_assert_cmpuint(input.pair_count, ==, 100);
	for (unsigned vrid = 0; vrid < 256; vrid++) {
		Case c = make_case(VRRP, OTHER, GROUP, (uint8_t)vrid, 12345, 0);

		g_assert_true(passes(&input, VRRP, &c) == (vrid >= 1 && vrid <= 100));
		c = make_case(VRRP, 0x01020304, 0x0a090001, (uint8_t)vrid, 12345, 0);
		g_assert_true(passes(&input, VRRP, &c) == (vrid == 9));
	}
	assert_kernel_takes(&input);
}

static Case make_case_ipv6(const VrrpAddress *source, const VrrpAddress *target, uint8_t vrid,
			   int32_t interface_index)
{
	Case c = { .interface_index = interface_index, .size = 24 };

	memcpy(c.header + 8, source->bytes, 16);
	memcpy(c.header + 24, target->bytes, 16);
	c.packet[0] = 0x31;
	c.packet[1] = vrid;
	return c;
}

static void test_ipv6(void)
{
	VrrpAddress group = vrrp_group(VRRP_FAMILY_IPV6);
	VrrpAddress peer = { VRRP_FAMILY_IPV6, { 0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 2 } };
	VrrpAddress own = { VRRP_FAMILY_IPV6, { 0x20, 0x01, 0x0d, 0xb8, [7] = 1, [15] = 1 } };
	VrrpAddress stranger = own;
	uint32_t pairs[] = { engine_filter_pair(3, 51) };
	uint32_t sources[] = { engine_filter_source(&peer) };
	EngineFilterInput input = { .family = VRRP_FAMILY_IPV6,
				    .pairs = pairs,
				    .pair_count = 1,
				    .sources = sources,
				    .source_count = 1,
				    .unicast_vrids = { [1] = 1u << (60 - 32) } };
	Case c = make_case_ipv6(&peer, &group, 51, 3);

	g_assert_true(passes(&input, VRRP, &c));
	c = make_case_ipv6(&peer, &group, 51, 4);
	g_assert_false(passes(&input, VRRP, &c));
	c = make_case_ipv6(&peer, &group, 60, 3);
	g_assert_false(passes(&input, VRRP, &c));
	c = make_case_ipv6(&peer, &own, 60, 99);
	g_assert_true(passes(&input, VRRP, &c));
	c = make_case_ipv6(&peer, &own, 51, 3);
	g_assert_false(passes(&input, VRRP, &c));
	/* Each of the four words matters. */
	for (unsigned i = 0; i < 16; i++) {
		stranger = peer;
		stranger.bytes[i] ^= 0x40;
		c = make_case_ipv6(&stranger, &own, 60, 3);
		g_assert_false(passes(&input, VRRP, &c));
	}
	c = make_case_ipv6(&peer, &group, 51, 3);
	c.size = 2;
	g_assert_true(passes(&input, VRRP, &c));
	c.size = 1;
	g_assert_false(passes(&input, VRRP, &c));
	assert_kernel_takes(&input);
}

static void test_sort(void)
{
	uint32_t values[1000];
	size_t count;

	for (unsigned i = 0; i < G_N_ELEMENTS(values); i++)
		values[i] = (uint32_t)g_test_rand_int_range(0, 500);
	count = engine_filter_sort(values, G_N_ELEMENTS(values));
	g_assert_cmpuint(count, <=, 500);
	g_assert_cmpuint(count, >, 300);
	for (size_t i = 1; i < count; i++)
		g_assert_cmpuint(values[i - 1], <, values[i]);
	g_assert_cmpuint(engine_filter_sort(values, 0), ==, 0);
	g_assert_cmpuint(engine_filter_sort(values, 1), ==, 1);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/engine-filter/nothing", test_nothing);
	g_test_add_func("/engine-filter/multicast", test_multicast);
	g_test_add_func("/engine-filter/unicast", test_unicast);
	g_test_add_func("/engine-filter/unicast-words", test_unicast_words);
	g_test_add_func("/engine-filter/short", test_short);
	g_test_add_func("/engine-filter/foreign-ah", test_foreign_ah);
	g_test_add_func("/engine-filter/many", test_many);
	g_test_add_func("/engine-filter/ranges", test_ranges);
	g_test_add_func("/engine-filter/too-many", test_too_many);
	g_test_add_func("/engine-filter/ipv6", test_ipv6);
	g_test_add_func("/engine-filter/sort", test_sort);
	return g_test_run();
}
