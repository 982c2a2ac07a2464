/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Stories of two or three routers whose ladder diagrams are kept in tests/sim/traces: each
 * transition of RFC 9568 6.4 and each way in which an address changes hands. Whoever changes the
 * state machine sees here, as a difference between two texts, what that does. VRRPD_SIM_UPDATE=1
 * writes the diagrams anew; read them before they are committed.
 */

#include <glib.h>
#include <string.h>

#include "sim.h"

#define SECOND VRRP_NSEC_PER_SECOND
#define MSEC   VRRP_NSEC_PER_MSEC
#define USEC   VRRP_NSEC_PER_USEC

enum {
	A,
	B,
	C,
};

static Sim *network(uint8_t version, VrrpAuth auth)
{
	SimConfig config = {
		.version = version,
		.auth = auth,
		.interval_nsec = SECOND,
		.delay_nsec = 200 * USEC,
		.job_nsec = 500 * USEC,
	};
	Sim *sim = sim_new(&config, 1);

	sim->trace = g_string_new(NULL);
	return sim;
}

static Sim *pair_of(VrrpFamily family, uint8_t version, uint8_t a, uint8_t b)
{
	Sim *sim = network(version, VRRP_AUTH_NONE);

	sim->config.family = family;
	sim_add(sim, a);
	sim_add(sim, b);
	return sim;
}

static Sim *pair(uint8_t version, uint8_t a, uint8_t b)
{
	return pair_of(VRRP_FAMILY_IPV4, version, a, b);
}

/* A is master with everything in place, B its backup, and both are past their announcements. */
static void establish(Sim *sim)
{
	for (int i = 0; i < sim->router_count; i++)
		sim_start(sim, i);
	sim_run(sim, 10 * SECOND);
	g_assert_cmpint(sim->routers[A].fsm.state, ==, VRRP_STATE_MASTER);
}

static void compare(Sim *sim, const char *name)
{
	g_autofree char *file = g_strdup_printf("%s.txt", name);
	g_autofree char *path = g_build_filename(SIM_TRACE_DIR, file, NULL);
	g_autofree char *text = sim_trace_text(sim), *kept = NULL;
	g_autoptr(GError) error = NULL;

	if (sim->violation)
		g_error("%s\n%s", sim->violation, text);
	if (g_strcmp0(g_getenv("VRRPD_SIM_UPDATE"), "1") == 0) {
		g_file_set_contents(path, text, -1, &error);
		g_assert_no_error(error);
		return;
	}
	g_file_get_contents(path, &kept, NULL, &error);
	g_assert_no_error(error);
	if (strcmp(text, kept) != 0)
		g_error("this is not what %s says (VRRPD_SIM_UPDATE=1 replaces it):\n%s", path,
			text);
}

/* A file of its own for each version: the timing and S14 differ. The family changes nothing but the
 * packets: over IPv6 the diagram is the same one. */
static void compare_version(Sim *sim, const char *name)
{
	g_autofree char *full = g_strdup_printf("%s-v%u", name, sim->config.version);

	compare(sim, full);
}

/* --- The rows of RFC 9568 6.4 ---------------------------------------------------------------- */

static void test_s1_owner_starts(void)
{
	g_autoptr(Sim) sim = pair(3, 255, 100);

	sim_start(sim, B);
	sim_start(sim, A);
	sim_run(sim, 3 * SECOND);
	compare(sim, "s01-owner-starts");
}

static void test_s2_s5_nobody_there(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);

	sim_start(sim, B);
	sim_run(sim, 8 * SECOND);
	compare(sim, "s02-s05-nobody-there");
}

static void test_s4_backup_stops(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);

	establish(sim);
	sim_stop(sim, B, VRRP_REASON_SHUTDOWN);
	sim_run(sim, 2 * SECOND);
	compare(sim, "s04-backup-stops");
}

static void check_master_stops(VrrpFamily family, uint8_t version)
{
	g_autoptr(Sim) sim = pair_of(family, version, 200, 100);

	establish(sim);
	sim_stop(sim, A, VRRP_REASON_SHUTDOWN);
	sim_run(sim, 3 * SECOND);
	compare_version(sim, "s06-s10-master-stops");
}

static void test_s6_s10_master_stops(void)
{
	check_master_stops(VRRP_FAMILY_IPV4, 2);
	check_master_stops(VRRP_FAMILY_IPV4, 3);
	check_master_stops(VRRP_FAMILY_IPV6, 3);
}

static void test_s7_interval_learned(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);
	VrrpParameters parameters = sim->routers[A].parameters;

	establish(sim);
	parameters.interval_nsec = 3 * SECOND;
	sim_parameters(sim, A, &parameters);
	sim_run(sim, 12 * SECOND);
	sim_crash(sim, A);
	sim_run(sim, 12 * SECOND);
	compare(sim, "s07-interval-learned");
}

static void test_s7_no_preemption(void)
{
	g_autoptr(Sim) sim = pair(3, 100, 200);

	sim->routers[B].parameters.preempt = false;
	sim_start(sim, A);
	sim_run(sim, 6 * SECOND);
	sim_start(sim, B);
	sim_run(sim, 6 * SECOND);
	compare(sim, "s07-no-preemption");
}

static void check_preemption(VrrpFamily family, uint8_t version)
{
	g_autoptr(Sim) sim = pair_of(family, version, 100, 200);

	sim_start(sim, A);
	sim_run(sim, 6 * SECOND);
	sim_start(sim, B);
	sim_run(sim, 8 * SECOND);
	compare_version(sim, "s08-s13-preemption");
}

static void test_s8_s13_preemption(void)
{
	check_preemption(VRRP_FAMILY_IPV4, 2);
	check_preemption(VRRP_FAMILY_IPV4, 3);
	check_preemption(VRRP_FAMILY_IPV6, 3);
}

/* Two masters, cut off from each other; when they meet again, one of them says goodbye. */
static void test_s12_goodbye_to_a_master(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);

	establish(sim);
	sim_group(sim, B, 1);
	sim_run(sim, 10 * SECOND);
	sim_group(sim, B, 0);
	sim_stop(sim, B, VRRP_REASON_SHUTDOWN);
	sim_run(sim, 3 * SECOND);
	compare(sim, "s12-goodbye-to-a-master");
}

static void check_two_masters(VrrpFamily family, uint8_t version)
{
	g_autoptr(Sim) sim = pair_of(family, version, 200, 100);

	establish(sim);
	sim_group(sim, B, 1);
	sim_run(sim, 10 * SECOND);
	sim_group(sim, B, 0);
	sim_run(sim, 3 * SECOND);
	compare_version(sim, "s13-s14-two-masters-meet");
}

static void test_s13_s14_two_masters_meet(void)
{
	check_two_masters(VRRP_FAMILY_IPV4, 2);
	check_two_masters(VRRP_FAMILY_IPV4, 3);
	check_two_masters(VRRP_FAMILY_IPV6, 3);
}

static void check_equal(VrrpFamily family, uint8_t version)
{
	g_autoptr(Sim) sim = pair_of(family, version, 100, 100);

	/* Whoever comes later stays backup: addresses are not compared there. */
	sim_start(sim, A);
	sim_run(sim, 5 * SECOND);
	sim_start(sim, B);
	sim_run(sim, 5 * SECOND);
	/* Two masters: the higher address wins, though it is the other that is heard first. */
	sim_group(sim, B, 1);
	sim_run(sim, 10 * SECOND + 500 * MSEC);
	sim_group(sim, B, 0);
	sim_run(sim, 3 * SECOND);
	compare_version(sim, "s13-equal-priorities");
}

static void test_s13_equal_priorities(void)
{
	check_equal(VRRP_FAMILY_IPV4, 2);
	check_equal(VRRP_FAMILY_IPV4, 3);
	check_equal(VRRP_FAMILY_IPV6, 3);
}

/* --- How an address changes hands ------------------------------------------------------------ */

static void check_failover(VrrpFamily family, uint8_t version)
{
	g_autoptr(Sim) sim = pair_of(family, version, 200, 100);

	establish(sim);
	sim_failover(sim, A, 5 * SECOND);
	sim_run(sim, 12 * SECOND);
	compare_version(sim, "failover");
}

static void test_failover(void)
{
	check_failover(VRRP_FAMILY_IPV4, 2);
	check_failover(VRRP_FAMILY_IPV4, 3);
	check_failover(VRRP_FAMILY_IPV6, 3);
}

/* A hold that is over before the successor speaks up: nothing keeps the better router from coming
 * back. */
static void test_failover_without_hold(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);

	establish(sim);
	sim_failover(sim, A, 1);
	sim_run(sim, 8 * SECOND);
	compare(sim, "failover-without-hold");
}

static void test_failover_without_peer(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);

	sim_start(sim, A);
	sim_run(sim, 10 * SECOND);
	sim_failover(sim, A, 0);
	sim_run(sim, 5 * SECOND);
	compare(sim, "failover-without-peer");
}

static void check_crash(VrrpFamily family, uint8_t version)
{
	g_autoptr(Sim) sim = pair_of(family, version, 200, 100);

	establish(sim);
	sim_crash(sim, A);
	sim_run(sim, 6 * SECOND);
	sim_start(sim, A);
	sim_run(sim, 6 * SECOND);
	compare_version(sim, "crash-and-return");
}

static void test_crash(void)
{
	check_crash(VRRP_FAMILY_IPV4, 2);
	check_crash(VRRP_FAMILY_IPV4, 3);
	check_crash(VRRP_FAMILY_IPV6, 3);
}

static void test_link(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);

	establish(sim);
	sim_link(sim, A, false);
	sim_run(sim, 6 * SECOND);
	sim_link(sim, A, true);
	sim_run(sim, 6 * SECOND);
	compare(sim, "link-down-and-up");
}

static void test_priority_lowered(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);
	VrrpParameters parameters = sim->routers[A].parameters;

	establish(sim);
	parameters.priority = 50;
	sim_parameters(sim, A, &parameters);
	sim_run(sim, 6 * SECOND);
	compare(sim, "priority-lowered");
}

static void test_priority_raised(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);
	VrrpParameters parameters = sim->routers[B].parameters;

	establish(sim);
	parameters.priority = 250;
	sim_parameters(sim, B, &parameters);
	sim_run(sim, 6 * SECOND);
	compare(sim, "priority-raised");
}

/* The successor's address takes its time: the clients find the old one for as long. */
static void test_slow_kernel(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);

	sim->config.job_nsec = 30 * MSEC;
	establish(sim);
	sim_stop(sim, A, VRRP_REASON_SHUTDOWN);
	sim_run(sim, 3 * SECOND);
	compare(sim, "slow-kernel");
}

static void test_three_routers(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 150);

	sim_add(sim, 100);
	establish(sim);
	sim_crash(sim, A);
	sim_run(sim, 6 * SECOND);
	sim_stop(sim, B, VRRP_REASON_SHUTDOWN);
	sim_run(sim, 2 * SECOND);
	sim_start(sim, A);
	sim_run(sim, 6 * SECOND);
	compare(sim, "three-routers");
}

static void test_lossy_network(void)
{
	g_autoptr(Sim) sim = pair(3, 200, 100);

	establish(sim);
	sim->config.loss_percent = 40;
	sim_run(sim, 30 * SECOND);
	sim->config.loss_percent = 0;
	sim_run(sim, 5 * SECOND);
	compare(sim, "lossy-network");
}

/* --- The authentication header --------------------------------------------------------------- */

static void test_ah_restart(void)
{
	g_autoptr(Sim) sim = network(2, VRRP_AUTH_AH);

	sim_add(sim, 110);
	sim_add(sim, 100);
	establish(sim);
	sim_crash(sim, A);
	sim_run(sim, 6 * SECOND);
	sim_start(sim, A);
	sim_run(sim, 6 * SECOND);
	/* The state directory was lost as well. */
	sim_crash(sim, A);
	sim_run(sim, 6 * SECOND);
	sim_lose_state(sim, A);
	sim_start(sim, A);
	sim_run(sim, 6 * SECOND);
	compare(sim, "ah-restart");
}

/* A dead master's adverts are worth nothing, to a master and to a backup that hears one. */
static void test_ah_replay(void)
{
	g_autoptr(Sim) sim = network(2, VRRP_AUTH_AH);
	g_autoptr(GPtrArray) recorded =
		g_ptr_array_new_with_free_func((GDestroyNotify)g_bytes_unref);

	sim_add(sim, 110);
	sim_add(sim, 100);
	sim->recorded = g_ptr_array_ref(recorded);
	establish(sim);
	g_assert_cmpuint(recorded->len, >=, 5);
	sim_crash(sim, A);
	sim_run(sim, 6 * SECOND);
	for (guint i = 0; i < 3; i++) {
		GBytes *packet = recorded->pdata[i];

		sim_inject(sim, B, g_bytes_get_data(packet, NULL), g_bytes_get_size(packet));
		sim_run(sim, SECOND);
	}
	g_assert_cmpuint(sim->routers[B].rejected[VRRP_REJECT_REPLAY], ==, 3);
	g_assert_cmpint(sim->routers[B].fsm.state, ==, VRRP_STATE_MASTER);
	compare(sim, "ah-replay");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/traces/s01-owner-starts", test_s1_owner_starts);
	g_test_add_func("/traces/s02-s05-nobody-there", test_s2_s5_nobody_there);
	g_test_add_func("/traces/s04-backup-stops", test_s4_backup_stops);
	g_test_add_func("/traces/s06-s10-master-stops", test_s6_s10_master_stops);
	g_test_add_func("/traces/s07-interval-learned", test_s7_interval_learned);
	g_test_add_func("/traces/s07-no-preemption", test_s7_no_preemption);
	g_test_add_func("/traces/s08-s13-preemption", test_s8_s13_preemption);
	g_test_add_func("/traces/s12-goodbye-to-a-master", test_s12_goodbye_to_a_master);
	g_test_add_func("/traces/s13-s14-two-masters-meet", test_s13_s14_two_masters_meet);
	g_test_add_func("/traces/s13-equal-priorities", test_s13_equal_priorities);
	g_test_add_func("/traces/failover", test_failover);
	g_test_add_func("/traces/failover-without-hold", test_failover_without_hold);
	g_test_add_func("/traces/failover-without-peer", test_failover_without_peer);
	g_test_add_func("/traces/crash-and-return", test_crash);
	g_test_add_func("/traces/link-down-and-up", test_link);
	g_test_add_func("/traces/priority-lowered", test_priority_lowered);
	g_test_add_func("/traces/priority-raised", test_priority_raised);
	g_test_add_func("/traces/slow-kernel", test_slow_kernel);
	g_test_add_func("/traces/three-routers", test_three_routers);
	g_test_add_func("/traces/lossy-network", test_lossy_network);
	g_test_add_func("/traces/ah-restart", test_ah_restart);
	g_test_add_func("/traces/ah-replay", test_ah_replay);
	return g_test_run();
}
