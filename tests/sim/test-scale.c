/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Many routers for each of many virtual routers: thousands of state machines on one LAN. What is
 * asked is that there is always one master, that an election costs a few adverts and not one for
 * each router, and that the next best follows a crash.
 */

#include "sim.h"

#define SECOND VRRP_NSEC_PER_SECOND
#define MSEC   VRRP_NSEC_PER_MSEC

enum {
	ROUTERS = SIM_ROUTERS_MAX,
	VIRTUAL_ROUTERS = 20,
	CRASHES = 10,
};

static int master_of(const Sim *sim)
{
	int master = -1;

	for (int i = 0; i < sim->router_count; i++)
		if (sim->routers[i].alive && sim->routers[i].fsm.state == VRRP_STATE_MASTER) {
			g_assert_cmpint(master, ==, -1);
			master = i;
		}
	g_assert_cmpint(master, >=, 0);
	return master;
}

static int best_of(const Sim *sim)
{
	int best = -1;

	for (int i = 0; i < sim->router_count; i++)
		if (sim->routers[i].alive &&
		    (best < 0 ||
		     sim->routers[i].parameters.priority > sim->routers[best].parameters.priority))
			best = i;
	return best;
}

static void check(const Sim *sim)
{
	if (sim->violation)
		g_error("%s", sim->violation);
}

/* How many adverts one router has heard: all of them, since nothing is lost. */
static uint64_t heard(const Sim *sim, int router)
{
	return sim->routers[router].rejected[VRRP_REJECT_NONE];
}

static void crash_the_master(Sim *sim)
{
	int master = master_of(sim), last = sim->router_count - 1;
	uint64_t before = heard(sim, last);

	sim_crash(sim, master);
	sim_run(sim, 10 * SECOND);
	check(sim);
	g_assert_cmpint(sim->routers[master_of(sim)].parameters.priority, ==,
			sim->routers[best_of(sim)].parameters.priority);
	/* The new one's own for ten seconds, and few that were sent in vain. */
	g_assert_cmpuint(heard(sim, last) - before, <, 30);
	sim_rules_settled(sim, true);
	check(sim);
}

static void test_many(void)
{
	SimConfig config = { .version = 3,
			     .interval_nsec = SECOND,
			     .delay_nsec = 100 * VRRP_NSEC_PER_USEC,
			     .jitter_nsec = 100 * VRRP_NSEC_PER_USEC,
			     .job_nsec = MSEC };
	uint64_t steps = 0;

	for (int vrid = 0; vrid < VIRTUAL_ROUTERS; vrid++) {
		g_autoptr(Sim) sim = sim_new(&config, (uint64_t)vrid);

		/* The last one is the worst, so that it never is master and counts all adverts. */
		for (int i = 0; i < ROUTERS; i++)
			sim_add(sim, (uint8_t)(ROUTERS - i));
		for (int i = 0; i < ROUTERS; i++)
			sim_start(sim, i);
		sim_run(sim, 30 * SECOND);
		check(sim);
		g_assert_cmpint(master_of(sim), ==, 0);
		for (int i = 0; i < CRASHES; i++)
			crash_the_master(sim);
		steps += sim->steps;
	}
	g_test_message("%d state machines, %" G_GUINT64_FORMAT " steps", ROUTERS * VIRTUAL_ROUTERS,
		       steps);
}

/* Equal priorities: all of them have the same patience, and the address decides. */
static void test_equal(void)
{
	SimConfig config = { .version = 3,
			     .interval_nsec = SECOND,
			     .delay_nsec = 100 * VRRP_NSEC_PER_USEC,
			     .job_nsec = MSEC };
	g_autoptr(Sim) sim = sim_new(&config, 1);

	for (int i = 0; i < ROUTERS; i++)
		sim_add(sim, 100);
	for (int i = 0; i < ROUTERS; i++)
		sim_start(sim, i);
	sim_run(sim, 30 * SECOND);
	check(sim);
	g_assert_cmpint(master_of(sim), ==, ROUTERS - 1);
	sim_rules_settled(sim, true);
	sim_rules_quiet(sim);
	sim_run(sim, 600 * SECOND);
	check(sim);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/scale/many", test_many);
	g_test_add_func("/scale/equal", test_equal);
	return g_test_run();
}
