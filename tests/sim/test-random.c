/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Networks by chance: a seed decides how many routers there are, what they are told, how bad the
 * network and the kernel are, and what befalls them for a while. Then the disturbances end, the
 * network settles, and the rules of sim-rules.c are asked again. A seed that breaks a rule is
 * printed with the end of its diagram; VRRPD_SIM_SEED=N runs that one alone and prints all of it,
 * VRRPD_SIM_RUNS=N runs more of them.
 */

#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

#define SECOND VRRP_NSEC_PER_SECOND
#define MSEC   VRRP_NSEC_PER_MSEC
#define USEC   VRRP_NSEC_PER_USEC

enum {
	RUNS = 300, /* about half a million steps */
	DISTURBANCES = 40,
	PAUSE_INTERVALS_MAX = 20,
	LAST_LINES = 120, /* of the diagram of a run that failed */
};

typedef struct Run {
	Sim *sim;
	uint64_t longest_nsec; /* the longest interval in this network */
	bool best;             /* nothing that keeps the best router from being master */
} Run;

static uint64_t pick(Sim *sim, uint64_t from, uint64_t to)
{
	return from + sim_random(sim, to - from + 1);
}

/* An interval that the version can say; short ones more often, since more happens in them. */
static uint64_t pick_interval(Sim *sim, uint8_t version)
{
	static const uint64_t choices[] = { 10 * MSEC, 30 * MSEC, 100 * MSEC, 1000 * MSEC };

	if (version == 2)
		return pick(sim, 1, 3) * SECOND;
	return choices[sim_random(sim, G_N_ELEMENTS(choices))];
}

static SimConfig pick_config(Sim *sim)
{
	SimConfig config = { .version = (uint8_t)pick(sim, 2, 3) };

	config.interval_nsec = pick_interval(sim, config.version);
	config.unicast = sim_random(sim, 2);
	if (config.version == 2)
		config.auth = (VrrpAuth)sim_random(sim, 3);
	else
		config.checksum = (VrrpChecksum)sim_random(sim, 3);
	if (config.version == 3)
		config.family = sim_random(sim, 2) ? VRRP_FAMILY_IPV6 : VRRP_FAMILY_IPV4;
	config.delay_nsec = pick(sim, 10, 300) * USEC;
	config.jitter_nsec = sim_random(sim, 2) ? config.interval_nsec / 8 : 100 * USEC;
	config.loss_percent = sim_random(sim, 3) ? (unsigned)sim_random(sim, 40) : 0;
	config.duplicate_percent = (unsigned)sim_random(sim, 20);
	config.job_nsec = pick(sim, 100, 20000) * USEC;
	config.job_fail_percent = sim_random(sim, 4) ? 0 : 20;
	config.lateness_nsec = sim_random(sim, 2) ? 0 : 2 * MSEC;
	return config;
}

static uint8_t pick_priority(Sim *sim)
{
	static const uint8_t few[] = { 50, 100, 100, 150, 200, 254 };

	return sim_random(sim, 3) ? few[sim_random(sim, G_N_ELEMENTS(few))]
				  : (uint8_t)pick(sim, 1, 254);
}

static void add_routers(Run *run)
{
	Sim *sim = run->sim;
	int count = (int)pick(sim, 2, 5);
	bool no_preemption = sim_random(sim, 4) == 0;
	bool other_intervals = sim->config.version == 3 && sim_random(sim, 3) == 0;

	for (int i = 0; i < count; i++) {
		VrrpParameters *parameters =
			&sim->routers[sim_add(sim, pick_priority(sim))].parameters;

		if (no_preemption) {
			parameters->preempt = sim_random(sim, 2);
			run->best = false;
		}
		if (other_intervals)
			parameters->interval_nsec = pick_interval(sim, 3);
		parameters->grid_phase_nsec = sim_random(sim, parameters->interval_nsec);
		run->longest_nsec = MAX(run->longest_nsec, parameters->interval_nsec);
	}
	/* One owner at most; in version 2 it hears nobody, so that two masters could never find
	 * out. */
	if (sim->config.version == 3 && sim_random(sim, 5) == 0)
		sim->routers[0].parameters.priority = 255;
}

static void change_priority(Sim *sim, int router)
{
	VrrpParameters parameters = sim->routers[router].parameters;

	if (parameters.priority == 255)
		return;
	parameters.priority = pick_priority(sim);
	sim_parameters(sim, router, &parameters);
}

/* Somebody wrote down what passed by, and sends it again. */
static void replay(Sim *sim, int router)
{
	GBytes *packet;

	if (sim->config.auth != VRRP_AUTH_AH || sim->recorded->len == 0)
		return;
	for (int i = 0; i < 20; i++) {
		packet = sim->recorded->pdata[sim_random(sim, sim->recorded->len)];
		sim_inject(sim, router, g_bytes_get_data(packet, NULL), g_bytes_get_size(packet));
	}
}

static void disturb(Run *run)
{
	Sim *sim = run->sim;
	int router = (int)sim_random(sim, (uint64_t)sim->router_count);

	switch (sim_random(sim, 18)) {
	case 0:
		sim_crash(sim, router);
		break;
	case 1:
		sim_stop(sim, router, VRRP_REASON_DISABLED);
		break;
	case 2:
		sim_link(sim, router, false);
		break;
	case 3:
		sim_group(sim, router, (unsigned)sim_random(sim, 2));
		break;
	case 4:
		/* Often over before a successor speaks up. */
		sim_failover(sim, router,
			     sim_random(sim, 2) ? run->longest_nsec * pick(sim, 1, 20) : 1);
		break;
	case 5:
		change_priority(sim, router);
		break;
	case 6: /* the state directory is lost */
		sim_crash(sim, router);
		sim_lose_state(sim, router);
		break;
	case 7:
		sim_group(sim, router, 0);
		break;
	case 8:
		sim_link(sim, router, true);
		break;
	case 9:
		replay(sim, router);
		break;
	case 10:
		sim_hold(sim, router, true);
		break;
	case 11:
		sim_hold(sim, router, false);
		break;
	case 12: /* from a hiccup to longer than everybody's patience */
	case 13:
		sim_pause(sim, router,
			  sim_random(sim, run->longest_nsec * pick(sim, 1, PAUSE_INTERVALS_MAX)));
		break;
	default:
		if (!sim->routers[router].fsm.started)
			sim_start(sim, router);
		break;
	}
}

/* What a network needs in the worst case: a leaving master that nobody follows, a hold that ends,
 * then two full timers. */
static uint64_t settle_nsec(const Run *run)
{
	return 10 * SECOND + 40 * run->longest_nsec;
}

static void run_disturbed(Run *run)
{
	Sim *sim = run->sim;

	for (int i = 0; i < sim->router_count; i++)
		if (sim_random(sim, 4))
			sim_start(sim, i);
	for (int i = 0; i < DISTURBANCES && !sim->violation; i++) {
		/* Often in the middle of something, sometimes when all is quiet. */
		sim_run(sim, sim_random(sim, 3) ? sim_random(sim, 2 * run->longest_nsec)
						: sim_random(sim, 12 * run->longest_nsec));
		disturb(run);
	}
}

static void run_settled(Run *run)
{
	Sim *sim = run->sim;
	bool heal = sim_random(sim, 2);

	sim->config.loss_percent = 0;
	sim->config.duplicate_percent = 0;
	sim->config.job_fail_percent = 0;
	sim->config.jitter_nsec = MIN(sim->config.jitter_nsec, MSEC);
	sim_run(sim, PAUSE_INTERVALS_MAX * run->longest_nsec); /* everybody runs again */
	for (int i = 0; i < sim->router_count; i++) {
		sim_hold(sim, i, false);
		if (sim_random(sim, 3))
			sim_link(sim, i, true);
		if (heal)
			sim_group(sim, i, 0);
	}
	sim_run(sim, settle_nsec(run));
	if (sim->violation)
		return;
	sim_rules_settled(sim, run->best);
	sim_rules_quiet(sim);
	sim_run(sim, 20 * run->longest_nsec);
	if (!sim->violation)
		sim_rules_settled(sim, run->best);
}

/* Returns the steps that it took. */
static uint64_t run_seed(uint64_t seed, bool trace, char **ret_violation, char **ret_text)
{
	Run run = { .best = true };
	SimConfig config = { 0 };
	g_autoptr(Sim) sim = sim_new(&config, seed);

	sim->config = pick_config(sim);
	if (trace)
		sim->trace = g_string_new(NULL);
	sim->recorded = g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);
	run.sim = sim;
	add_routers(&run);
	run_disturbed(&run);
	if (!sim->violation)
		run_settled(&run);
	if (sim->violation)
		*ret_violation = g_strdup_printf("%.3f s: %s",
						 (double)(sim->now.nsec - sim->start.nsec) / 1e9,
						 sim->violation);
	if (trace)
		*ret_text = sim_trace_text(sim);
	return sim->steps;
}

static const char *last_lines(const char *text, unsigned lines)
{
	const char *p = text + strlen(text);

	while (p > text && lines > 0)
		if (*--p == '\n')
			lines--;
	return p;
}

/* Again, with the diagram: the same seed does the same. */
static void fail(uint64_t seed, bool all)
{
	g_autofree char *violation = NULL, *text = NULL;

	run_seed(seed, true, &violation, &text);
	g_error("VRRPD_SIM_SEED=%" G_GUINT64_FORMAT ": %s\n%s", seed,
		violation ? violation : "not again", last_lines(text, all ? UINT_MAX : LAST_LINES));
}

static uint64_t number_from_environment(const char *name, uint64_t otherwise)
{
	const char *text = g_getenv(name);

	return text ? g_ascii_strtoull(text, NULL, 10) : otherwise;
}

static void test_random(void)
{
	uint64_t runs = number_from_environment("VRRPD_SIM_RUNS", RUNS), steps = 0;

	for (uint64_t seed = 1; seed <= runs; seed++) {
		g_autofree char *violation = NULL;

		steps += run_seed(seed, false, &violation, NULL);
		if (violation)
			fail(seed, false);
	}
	g_test_message("%" G_GUINT64_FORMAT " networks, %" G_GUINT64_FORMAT " steps", runs, steps);
	if (runs == RUNS)
		g_assert_cmpuint(steps, >=, 100000);
}

static void test_one(void)
{
	g_autofree char *violation = NULL, *text = NULL;
	uint64_t seed = number_from_environment("VRRPD_SIM_SEED", 0);

	run_seed(seed, true, &violation, &text);
	g_print("%s", text);
	if (violation)
		g_error("%s", violation);
}

/* A simulator that did two things for one seed could not replay anything. */
static void test_repeats(void)
{
	for (uint64_t seed = 1; seed <= 5; seed++) {
		g_autofree char *violation = NULL, *first = NULL, *second = NULL;

		run_seed(seed, true, &violation, &first);
		run_seed(seed, true, &violation, &second);
		g_assert_cmpstr(first, ==, second);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	if (g_getenv("VRRPD_SIM_SEED")) {
		g_test_add_func("/random/one", test_one);
	} else {
		g_test_add_func("/random/repeats", test_repeats);
		g_test_add_func("/random/networks", test_random);
	}
	return g_test_run();
}
