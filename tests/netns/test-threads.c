/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The contract between the threads, under load: instances come, change and go while their status
 * and counters are read, packets of all sorts arrive, and the link and addresses of the host move.
 * Run under ThreadSanitizer it finds races; in every build it checks that each thing that was lent
 * comes back once, that the kernel holds nothing at the end, and, in a plain build, that the
 * engine's thread has allocated nothing.
 */

#include <string.h>
#include <unistd.h>

#include "lib/engine-host.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

#define ROUTERS 40

/* --- Who allocates --------------------------------------------------------------------------- */

#if !SANITIZED
/* glibc's own, behind the names that are wrapped here. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *old, size_t size);

static atomic_int allocators[64]; /* thread ids */

static void note_allocation(void)
{
	static __thread bool noted __attribute__((tls_model("initial-exec")));

	if (noted)
		return;
	noted = true;
	for (size_t i = 0; i < G_N_ELEMENTS(allocators); i++) {
		int expected = 0;

		if (atomic_compare_exchange_strong(&allocators[i], &expected, gettid()))
			return;
	}
}

void *malloc(size_t size)
{
	note_allocation();
	return __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	note_allocation();
	return __libc_calloc(count, size);
}

void *realloc(void *old, size_t size)
{
	note_allocation();
	return __libc_realloc(old, size);
}

static bool has_allocated(int thread)
{
	for (size_t i = 0; i < G_N_ELEMENTS(allocators); i++)
		if (atomic_load(&allocators[i]) == thread)
			return true;
	return false;
}
#endif

/* --- Load ------------------------------------------------------------------------------------ */

typedef struct Load {
	Neighbour neighbour;
	Host host;
	Wire wire;
	Router *routers[ROUTERS];
	guint64 reads;
} Load;

static InstanceConfig *random_config(guint slot)
{
	static const char *const texts[] = { "192.168.121.1", "192.168.121.2", "192.168.121.3",
					     "192.168.121.4" };
	guint first = (guint)g_test_rand_int_range(0, 3);
	InstanceConfig *config = host_config((guint8)(slot + 1), 2, texts[first], texts[first + 1]);

	/* Each its own addresses: what one drops must not be what another holds. */
	for (guint i = 0; i < 2; i++)
		config->addresses[i].address.bytes[2] = (guint8)(200 + slot);
	config->parameters.priority = (guint8)g_test_rand_int_range(1, 255);
	config->parameters.interval_nsec =
		(guint)g_test_rand_int_range(1, 6) * 10 * VRRP_NSEC_PER_MSEC;
	config->parameters.preempt = g_test_rand_bit();
	if (slot % 4 == 1) {
		config->unicast = true;
		config->peer_count = 1;
		config->peers[0] = host_address("192.168.120.9");
	}
	if (slot % 4 == 2) {
		config->parameters.version = 2;
		config->parameters.interval_nsec = VRRP_NSEC_PER_SECOND;
		config->auth = VRRP_AUTH_AH;
		memcpy(config->key, "1111", 4);
	}
	return config;
}

static void send_packets(Load *load, guint slot)
{
	VrrpAddress addresses[VRRP_ADDRESSES_MAX];
	VrrpPacketContent content = wire_content(load->routers[slot]->config,
						 (guint8)g_test_rand_int_range(0, 256), addresses);

	content.ah_number = (guint32)g_test_rand_int_range(1, 1000000);
	content.checksum =
		g_test_rand_bit() ? VRRP_CHECKSUM_MESSAGE_ONLY : VRRP_CHECKSUM_PSEUDO_HEADER;
	wire_send(&load->wire, &content);
	content.ttl = 1;
	wire_send(&load->wire, &content);
	content.vrid = 200;
	wire_send(&load->wire, &content);
	wire_read(&load->wire);
}

static void read_everything(Load *load)
{
	for (guint i = 0; i < ROUTERS; i++) {
		Router *router = load->routers[i];
		InstanceStatus status;

		if (!router || router->gone)
			continue;
		status = router_status(router);
		g_assert_cmpuint(status.state, <, _VRRP_STATE_MAX);
		for (guint k = 0; k < _INSTANCE_COUNTER_MAX; k++)
			load->reads += router_counter(router, k);
		for (guint k = 0; k < _VRRP_REJECT_MAX; k++)
			load->reads += router_rejects(router, k);
		load->reads += atomic_load_explicit(
			&engine_instance_shared(router->instance)->counters.peer_last_heard_nsec[0],
			memory_order_relaxed);
	}
	for (guint k = 0; k < _VRRP_REJECT_MAX; k++)
		load->reads += engine_reject_count(load->host.engine, k);
	load->reads += engine_max_lateness_nsec(load->host.engine);
	load->reads += engine_heartbeat(load->host.engine);
	load->reads += engine_real_time(load->host.engine);
}

static void change_router(Load *load, guint slot)
{
	Router *router = load->routers[slot];

	if (!router || router->gone) {
		load->routers[slot] = router_new(&load->host, random_config(slot));
		return;
	}
	/* Between REMOVE and GONE an instance is not control's to command. */
	if (router->removed)
		return;
	switch (g_test_rand_int_range(0, 8)) {
	case 0:
		router_remove(&load->host, router);
		break;
	case 1:
		router_failover(&load->host, router);
		break;
	case 2:
		router_announce(&load->host, router);
		break;
	case 3:
	case 4:
		router_replace(&load->host, router, random_config(slot));
		break;
	default:
		send_packets(load, slot);
		break;
	}
}

static void disturb_host(guint round)
{
	switch (round % 5) {
	case 0:
		namespace_do("ip address add 192.168.120.77/21 dev eno1");
		break;
	case 1:
		namespace_do("ip link set eno1 down");
		break;
	case 2:
		namespace_do("ip link set eno1 up");
		break;
	case 3:
		namespace_do("ip address del 192.168.120.77/21 dev eno1");
		break;
	case 4:
		namespace_do("ip link set eno1 address 02:00:00:00:00:%02x", round % 256);
		break;
	}
}

static void test_load(void)
{
	g_autofree char *addresses = NULL;
	guint rounds = g_test_slow() ? 500 : 100;
	Load load = { 0 };
	int engine;

	namespace_enter_fresh();
	neighbour_init(&load.neighbour);
	namespace_do("ip address add 192.168.120.1/21 dev eno1");
	wire_init(&load.wire, &load.neighbour);
	host_init(&load.host);
	engine = host_engine_thread();

	for (guint round = 0; round < rounds; round++) {
		for (guint slot = 0; slot < ROUTERS; slot++)
			change_router(&load, slot);
		host_pump(&load.host, 20);
		read_everything(&load);
		if (round % 10 == 9)
			disturb_host(round / 10);
	}
	host_deinit(&load.host);
	g_assert_cmpuint(load.reads, >, 0);
	addresses = namespace_run("ip -4 -o address show dev eno1");
	for (guint slot = 0; slot < ROUTERS; slot++) {
		g_autofree char *network = g_strdup_printf("inet 192.168.%u.", 200 + slot);

		g_assert_null(strstr(addresses, network));
	}
	wire_deinit(&load.wire);
	neighbour_deinit(&load.neighbour);
#if !SANITIZED
	g_assert_true(has_allocated(getpid()));
	g_assert_false(has_allocated(engine));
#else
	g_assert_cmpint(engine, >, 0);
#endif
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	namespace_require();
	g_test_add_func("/threads/load", test_load);
	return g_test_run();
}
