/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The simulator's clock and its routers. The next thing that happens is the earliest of: a packet
 * that arrives, a kernel that answers, a timer of a state machine. The clock jumps there. Actions
 * of a state machine are carried out as the engine does it: one job for addresses at a time, a
 * number for each advert, the rules for packets before anything is believed. Nothing here may look
 * into a state machine to decide what happens next, but for what the engine looks at as well.
 */

#include <string.h>

#include "sim.h"

#define START_NSEC     (10000 * VRRP_NSEC_PER_SECOND)
#define HOUR_NSEC      (3600 * VRRP_NSEC_PER_SECOND)
#define RETRY_NSEC     VRRP_NSEC_PER_SECOND
#define VIRTUAL_ROUTER 10
#define GRID_PHASES    8

static const uint8_t key[VRRP_KEY_SIZE] = "1111";

static VrrpAddress ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV4, .bytes = { a, b, c, d } };
}

static VrrpAddress ipv6_link_local(uint8_t last)
{
	return (VrrpAddress){ .family = VRRP_FAMILY_IPV6, .bytes = { 0xfe, 0x80, [15] = last } };
}

static bool is_ipv6(const Sim *sim)
{
	return sim->config.family == VRRP_FAMILY_IPV6;
}

uint8_t sim_last_byte(const VrrpAddress *address)
{
	return address->bytes[vrrp_address_size(*address) - 1];
}

uint64_t sim_random(Sim *sim, uint64_t limit)
{
	uint64_t z = (sim->random += UINT64_C(0x9E3779B97F4A7C15)); /* SplitMix64 */

	z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
	z ^= z >> 31;
	return limit > 0 ? z % limit : 0;
}

static bool chance(Sim *sim, unsigned percent)
{
	return percent > 0 && sim_random(sim, 100) < percent;
}

/* --- What is under way ----------------------------------------------------------------------- */

static int compare_pending(const void *a, const void *b, void *userdata)
{
	const SimPending *x = a, *y = b;

	if (x->time.nsec != y->time.nsec)
		return x->time.nsec < y->time.nsec ? -1 : 1;
	return x->sequence < y->sequence ? -1 : x->sequence > y->sequence;
}

static SimPending *pending_add(Sim *sim, int router, uint64_t delay_nsec, const uint8_t *bytes,
			       gsize size)
{
	SimPending *pending = g_malloc0(sizeof *pending + size);

	pending->time = vrrp_time_add(sim->now, delay_nsec);
	pending->sequence = sim->sequence++;
	pending->router = router;
	pending->sender = -1;
	pending->life = sim->routers[router].life;
	pending->size = size;
	if (size > 0)
		memcpy(pending->bytes, bytes, size);
	g_sequence_insert_sorted(sim->pending, pending, compare_pending, NULL);
	return pending;
}

/* --- The network ----------------------------------------------------------------------------- */

static bool reaches(const SimRouter *from, const SimRouter *to)
{
	return from->link_up && to->link_up && from->group == to->group;
}

static uint64_t travel_nsec(Sim *sim)
{
	return sim->config.delay_nsec + sim_random(sim, sim->config.jitter_nsec + 1);
}

/* Returns what becomes of it, as sim_trace_advert wants it. */
static char transmit(SimRouter *from, SimRouter *to, const uint8_t *bytes, gsize size)
{
	Sim *sim = from->sim;
	int copies = chance(sim, sim->config.duplicate_percent) ? 2 : 1;

	if (!reaches(from, to) || chance(sim, sim->config.loss_percent))
		return 'x';
	for (int i = 0; i < copies; i++)
		pending_add(sim, to->index, travel_nsec(sim), bytes, size)->sender = from->index;
	return '>';
}

/* --- The wire -------------------------------------------------------------------------------- */

/* What the kernel puts before a message over IPv6, and takes off again. */
enum {
	IPV6_HEADER = 40,
	IPV6_LENGTH = 4,
	IPV6_NEXT_HEADER = 6,
	IPV6_HOP_LIMIT = 7,
	IPV6_SOURCE = 8,
	IPV6_DESTINATION = 24,
};

static int encode_ipv6(const VrrpPacketContent *content, uint8_t *buffer, gsize size)
{
	int length = vrrp_packet_encode_ipv6(content, buffer + IPV6_HEADER, size - IPV6_HEADER);

	if (length < 0)
		return length;
	memset(buffer, 0, IPV6_HEADER);
	buffer[0] = 6 << 4;
	buffer[IPV6_LENGTH] = (uint8_t)(length >> 8);
	buffer[IPV6_LENGTH + 1] = (uint8_t)length;
	buffer[IPV6_NEXT_HEADER] = VRRP_PROTOCOL;
	buffer[IPV6_HOP_LIMIT] = content->ttl;
	memcpy(buffer + IPV6_SOURCE, content->source.bytes, 16);
	memcpy(buffer + IPV6_DESTINATION, content->destination.bytes, 16);
	return IPV6_HEADER + length;
}

static VrrpReject parse_ipv6(const uint8_t *bytes, gsize size, VrrpPacket *packet)
{
	VrrpAddress source = { .family = VRRP_FAMILY_IPV6 };
	VrrpAddress destination = { .family = VRRP_FAMILY_IPV6 };

	g_assert_cmpuint(size, >=, IPV6_HEADER);
	memcpy(source.bytes, bytes + IPV6_SOURCE, 16);
	memcpy(destination.bytes, bytes + IPV6_DESTINATION, 16);
	return vrrp_packet_parse_ipv6(bytes + IPV6_HEADER, size - IPV6_HEADER, &source,
				      &destination, bytes[IPV6_HOP_LIMIT], packet);
}

static gsize encode(SimRouter *router, uint8_t priority, uint32_t number, VrrpAddress destination,
		    uint8_t *buffer, gsize size)
{
	const SimConfig *config = &router->sim->config;
	const VrrpAddress virtual_address =
		is_ipv6(router->sim) ? ipv6_link_local(100) : ipv4(192, 0, 2, 100);
	VrrpPacketContent content = {
		.source = router->source,
		.destination = destination,
		.ttl = 255,
		.version = router->parameters.version,
		.vrid = VIRTUAL_ROUTER,
		.priority = priority,
		.interval_nsec = router->parameters.interval_nsec,
		.auth = config->auth,
		.ah_number = number,
		.unicast = config->unicast,
		.checksum = config->checksum,
		.addresses = &virtual_address,
		.address_count = 1,
	};
	int length;

	memcpy(content.key, key, sizeof key);
	length = is_ipv6(router->sim) ? encode_ipv6(&content, buffer, size)
				      : vrrp_packet_encode_ipv4(&content, buffer, size);
	g_assert_cmpint(length, >, 0);
	return (gsize)length;
}

static void record(Sim *sim, const uint8_t *bytes, gsize size)
{
	if (sim->recorded && size > 0)
		g_ptr_array_add(sim->recorded, g_bytes_new(bytes, size));
}

/* Whether they were sent or heard: after a restart neither may be news. */
static void save_numbers(SimRouter *router)
{
	uint32_t reserved = vrrp_replay_reserve(&router->replay);

	if (reserved > 0)
		router->saved = reserved;
}

static void send_advert(SimRouter *router, uint8_t priority)
{
	Sim *sim = router->sim;
	char reach[SIM_ROUTERS_MAX], label[32];
	uint8_t bytes[VRRP_PACKET_MAX];
	uint32_t number = 0;
	gsize size = 0;

	if (sim->config.auth == VRRP_AUTH_AH) {
		number = vrrp_replay_next(&router->replay);
		save_numbers(router);
		sim_rules_number(router, number);
	}
	if (!sim->config.unicast)
		size = encode(router, priority, number, vrrp_group(router->source.family), bytes,
			      sizeof bytes);
	for (int i = 0; i < sim->router_count; i++) {
		reach[i] = ' ';
		if (i == router->index)
			continue;
		if (sim->config.unicast)
			size = encode(router, priority, number, sim->routers[i].source, bytes,
				      sizeof bytes);
		reach[i] = transmit(router, &sim->routers[i], bytes, size);
	}
	record(sim, bytes, size);
	if (number > 0)
		g_snprintf(label, sizeof label, "%u #%u", priority, number);
	else
		g_snprintf(label, sizeof label, "%u", priority);
	sim_trace_advert(sim, router->index, label, reach);
}

/* --- The kernel ------------------------------------------------------------------------------ */

static void begin_job(SimRouter *router)
{
	Sim *sim = router->sim;
	SimPending *job;

	if (router->job_running || !router->job_needed)
		return;
	router->job_running = true;
	router->job_needed = false;
	job = pending_add(sim, router->index, sim->config.job_nsec, NULL, 0);
	job->wanted = router->fsm.wanted;
	job->error = chance(sim, sim->config.job_fail_percent) ? -1 : 0;
}

/* --- The state machine ----------------------------------------------------------------------- */

static void leave(SimRouter *router)
{
	router->alive = false;
	router->life++;
	router->job_running = router->job_needed = false;
	vrrp_heap_remove(&router->sim->timers, &router->timer);
}

static void carry_out(SimRouter *router, const VrrpAction *action)
{
	if (action->type == VRRP_ACTION_SEND_ADVERT) {
		send_advert(router, action->priority);
		return;
	}
	sim_trace_action(router->sim, router->index, action);
	if (action->type == VRRP_ACTION_ADDRESSES) {
		router->job_needed = true;
		begin_job(router);
	} else if (action->type == VRRP_ACTION_RELEASED) {
		leave(router);
	}
}

static void set_timer(SimRouter *router, VrrpTime deadline)
{
	Sim *sim = router->sim;

	if (!vrrp_time_is_never(deadline)) {
		deadline = vrrp_time_add(deadline, sim_random(sim, sim->config.lateness_nsec + 1));
		if (deadline.nsec < router->paused_until.nsec)
			deadline = router->paused_until;
	}
	vrrp_heap_set(&sim->timers, &router->timer, deadline);
}

static void step(SimRouter *router, const VrrpEvent *event)
{
	Sim *sim = router->sim;
	VrrpActions actions;
	VrrpTime deadline;

	sim->steps++;
	sim_rules_before(router);
	vrrp_fsm_step(&router->fsm, event, sim->now, &actions);
	for (unsigned i = 0; i < actions.count; i++) {
		sim_rules_action(router, &actions.list[i], event);
		carry_out(router, &actions.list[i]);
	}
	sim_rules_after(router);
	if (!router->alive)
		return;
	deadline = vrrp_fsm_deadline(&router->fsm);
	set_timer(router, deadline);
}

/* --- What arrives ---------------------------------------------------------------------------- */

static VrrpReject judge(SimRouter *router, const uint8_t *bytes, gsize size, VrrpPacket *packet)
{
	const SimConfig *config = &router->sim->config;
	const VrrpFsm *fsm = &router->fsm;
	VrrpAddress peers[SIM_ROUTERS_MAX];
	VrrpPacketRules rules = {
		.family = router->source.family,
		.version = router->parameters.version,
		.vrid = VIRTUAL_ROUTER,
		.priority = router->parameters.priority,
		.minimum_ttl = 255,
		.unicast = config->unicast,
		.auth = config->auth,
		.interval_nsec = router->parameters.interval_nsec,
		.peers = peers,
		.peer_count = (size_t)router->sim->router_count,
	};
	VrrpReject reject = is_ipv6(router->sim) ? parse_ipv6(bytes, size, packet)
						 : vrrp_packet_parse_ipv4(bytes, size, packet);
	bool from_master;

	memcpy(rules.key, key, sizeof key);
	for (int i = 0; i < router->sim->router_count; i++)
		peers[i] = router->sim->routers[i].source;
	if (reject == VRRP_REJECT_NONE)
		reject = vrrp_packet_check(packet, &rules);
	if (reject != VRRP_REJECT_NONE || config->auth != VRRP_AUTH_AH)
		return reject;
	from_master = fsm->master_heard && vrrp_address_compare(&packet->source, &fsm->master) == 0;
	if (!vrrp_replay_check(&router->replay, packet->ah_number, fsm->state, fsm->master_heard,
			       from_master))
		return VRRP_REJECT_REPLAY;
	vrrp_replay_heard(&router->replay, packet->ah_number);
	save_numbers(router);
	return VRRP_REJECT_NONE;
}

static void arrive(SimRouter *router, const SimPending *pending)
{
	VrrpPacket packet;
	VrrpReject reject;

	if (!router->alive || !router->link_up)
		return;
	reject = judge(router, pending->bytes, pending->size, &packet);
	router->rejected[reject]++;
	if (reject != VRRP_REJECT_NONE) {
		sim_trace_event(router->sim, router->index, "drops: %s",
				vrrp_reject_to_string(reject));
		return;
	}
	sim_rules_advert(router, &packet);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_ADVERT,
				   .advert = { .source = packet.source,
					       .priority = packet.priority,
					       .interval_nsec = packet.interval_nsec } });
}

static void kernel_answers(SimRouter *router, const SimPending *job)
{
	static const char *const names[] = { "absent", "present", "silent" };

	if (job->life != router->life)
		return;
	if (job->retry) {
		router->job_needed |= job->wanted == router->fsm.wanted;
		begin_job(router);
		return;
	}
	router->job_running = false;
	if (job->error == 0)
		router->kernel = job->wanted;
	else
		router->sim->kernel_refused = true;
	sim_trace_event(router->sim, router->index, "kernel: %s%s", names[job->wanted],
			job->error ? " failed" : "");
	if (job->error && job->wanted == router->fsm.wanted) {
		SimPending *retry = pending_add(router->sim, router->index, RETRY_NSEC, NULL, 0);

		retry->wanted = job->wanted;
		retry->retry = true;
	}
	begin_job(router);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_ADDRESSES_DONE,
				   .addresses = { .held = job->wanted, .error = job->error } });
}

/* --- The clock ------------------------------------------------------------------------------- */

static void take_pending(Sim *sim, GSequenceIter *first)
{
	g_autofree SimPending *pending = g_sequence_get(first);
	SimRouter *router = &sim->routers[pending->router];

	g_sequence_remove(first);
	if (sim->now.nsec < router->paused_until.nsec) {
		pending->time = router->paused_until;
		pending->sequence = sim->sequence++;
		g_sequence_insert_sorted(sim->pending, g_steal_pointer(&pending), compare_pending,
					 NULL);
		return;
	}
	if (pending->size > 0)
		arrive(router, pending);
	else
		kernel_answers(router, pending);
}

static VrrpTime pending_time(const Sim *sim)
{
	GSequenceIter *first = g_sequence_get_begin_iter(sim->pending);

	return g_sequence_iter_is_end(first) ? VRRP_TIME_NEVER
					     : ((SimPending *)g_sequence_get(first))->time;
}

/* Does the next thing that happens before @end. Packets go before timers, as in the engine. */
static bool advance(Sim *sim, VrrpTime end)
{
	VrrpHeapNode *timer = vrrp_heap_first(&sim->timers);
	VrrpTime next_timer = timer ? timer->deadline : VRRP_TIME_NEVER;
	VrrpTime next_pending = pending_time(sim);
	VrrpTime next = vrrp_time_min(next_timer, next_pending);

	if (next.nsec > end.nsec || sim->violation)
		return false;
	if (next.nsec > sim->now.nsec)
		sim->now = next;
	if (next_pending.nsec <= next_timer.nsec)
		take_pending(sim, g_sequence_get_begin_iter(sim->pending));
	else
		step((SimRouter *)((char *)timer - G_STRUCT_OFFSET(SimRouter, timer)),
		     &(VrrpEvent){ .type = VRRP_EVENT_TIMER });
	sim_rules_tick(sim);
	return true;
}

void sim_run(Sim *sim, uint64_t nsec)
{
	VrrpTime end = vrrp_time_add(sim->now, nsec);

	while (advance(sim, end))
		;
	if (!sim->violation)
		sim->now = end;
}

void sim_run_until(Sim *sim, int router, VrrpState state)
{
	VrrpTime end = vrrp_time_add(sim->now, HOUR_NSEC);

	while (sim->routers[router].fsm.state != state)
		g_assert_true(advance(sim, end));
}

/* --- What can happen ------------------------------------------------------------------------- */

static void disturb(Sim *sim)
{
	sim->quiet = false;
}

void sim_pause(Sim *sim, int index, uint64_t nsec)
{
	SimRouter *router = &sim->routers[index];

	disturb(sim);
	if (!router->alive || router->paused_until.nsec > sim->now.nsec)
		return;
	sim_trace_event(sim, index, "[stands still for %.3f s]", (double)nsec / 1e9);
	router->paused_until = vrrp_time_add(sim->now, nsec);
	sim_rules_pause(router, nsec);
	set_timer(router, vrrp_fsm_deadline(&router->fsm));
}

/* Whoever is to do something has to run. */
static bool can_act(const SimRouter *router)
{
	return router->alive && router->sim->now.nsec >= router->paused_until.nsec;
}

static void boot(SimRouter *router)
{
	uint32_t faults = router->link_up ? 0 : VRRP_FAULT_INTERFACE_DOWN;

	router->alive = true;
	router->paused_until = (VrrpTime){ 0 };
	router->kernel = VRRP_ADDRESSES_ABSENT;
	sim_rules_boot(router);
	vrrp_fsm_init(&router->fsm, &router->parameters);
	vrrp_replay_init(&router->replay, router->saved, 0);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_SOURCE, .source = router->source });
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_FAULTS, .faults = faults });
}

void sim_start(Sim *sim, int index)
{
	SimRouter *router = &sim->routers[index];

	disturb(sim);
	if (router->alive && !can_act(router))
		return;
	sim_trace_event(sim, index, "[start]");
	if (!router->alive)
		boot(router);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_START });
}

void sim_stop(Sim *sim, int index, VrrpReason reason)
{
	disturb(sim);
	if (!can_act(&sim->routers[index]))
		return;
	sim_trace_event(sim, index, "[stop]");
	step(&sim->routers[index], &(VrrpEvent){ .type = VRRP_EVENT_STOP, .reason = reason });
}

void sim_crash(Sim *sim, int index)
{
	SimRouter *router = &sim->routers[index];

	disturb(sim);
	if (!router->alive)
		return;
	sim_trace_event(sim, index, "[crash]");
	leave(router);
	router->kernel = VRRP_ADDRESSES_ABSENT;
	router->fsm.state = VRRP_STATE_INITIALIZE;
	sim_rules_after(router);
}

void sim_link(Sim *sim, int index, bool up)
{
	SimRouter *router = &sim->routers[index];

	disturb(sim);
	if (router->link_up == up || (router->alive && !can_act(router)))
		return;
	router->link_up = up;
	sim_trace_event(sim, index, up ? "[link up]" : "[link down]");
	if (router->alive)
		step(router, &(VrrpEvent){ .type = VRRP_EVENT_FAULTS,
					   .faults = up ? 0 : VRRP_FAULT_INTERFACE_DOWN });
}

void sim_group(Sim *sim, int index, unsigned group)
{
	disturb(sim);
	if (sim->routers[index].group == group)
		return;
	sim->routers[index].group = group;
	sim_trace_event(sim, index, "[network %u]", group);
}

void sim_failover(Sim *sim, int index, uint64_t hold_nsec)
{
	disturb(sim);
	if (!can_act(&sim->routers[index]))
		return;
	sim_trace_event(sim, index, "[failover]");
	sim_rules_failover(&sim->routers[index]);
	step(&sim->routers[index],
	     &(VrrpEvent){ .type = VRRP_EVENT_FAILOVER, .hold_nsec = hold_nsec });
}

void sim_hold(Sim *sim, int index, bool hold)
{
	SimRouter *router = &sim->routers[index];

	disturb(sim);
	/* As the engine does: one handover at a time. */
	if (!can_act(router) || (hold && router->fsm.failover_pending))
		return;
	sim_trace_event(sim, index, hold ? "[hold]" : "[no hold]");
	router->held = hold;
	if (hold)
		sim_rules_failover(router);
	step(router, &(VrrpEvent){ .type = VRRP_EVENT_HOLD, .hold = hold });
}

void sim_parameters(Sim *sim, int index, const VrrpParameters *parameters)
{
	SimRouter *router = &sim->routers[index];

	disturb(sim);
	if (router->alive && !can_act(router))
		return;
	router->parameters = *parameters;
	sim_trace_event(sim, index, "[priority %u]", parameters->priority);
	if (router->alive)
		step(router,
		     &(VrrpEvent){ .type = VRRP_EVENT_PARAMETERS, .parameters = *parameters });
}

void sim_lose_state(Sim *sim, int index)
{
	SimRouter *router = &sim->routers[index];

	disturb(sim);
	g_assert_false(router->alive);
	router->saved = router->highest_number = 0;
	sim_trace_event(sim, index, "[state lost]");
}

void sim_inject(Sim *sim, int index, const uint8_t *bytes, gsize size)
{
	disturb(sim);
	sim_trace_event(sim, index, "[injected packet]");
	pending_add(sim, index, 0, bytes, size)->sender = index;
}

/* --- Life ------------------------------------------------------------------------------------ */

int sim_add(Sim *sim, uint8_t priority)
{
	int index = sim->router_count++;
	SimRouter *router = &sim->routers[index];

	g_assert_cmpint(index, <, SIM_ROUTERS_MAX);
	*router = (SimRouter){
		.sim = sim,
		.index = index,
		.link_up = true,
		.first_priority = priority,
		.source = is_ipv6(sim) ? ipv6_link_local((uint8_t)(index + 1))
				       : ipv4(192, 0, 2, (uint8_t)(index + 1)),
		.parameters = { .version = sim->config.version,
				.priority = priority,
				.missed_adverts = 3,
				.announce_count = 6,
				.preempt = true,
				.address_count = 1,
				.interval_nsec = sim->config.interval_nsec,
				.grid_phase_nsec =
					(uint64_t)index * sim->config.interval_nsec / GRID_PHASES },
	};
	sim_rules_boot(router);
	vrrp_heap_node_init(&router->timer);
	vrrp_fsm_init(&router->fsm, &router->parameters);
	return index;
}

Sim *sim_new(const SimConfig *config, uint64_t seed)
{
	Sim *sim = g_new0(Sim, 1);

	sim->config = *config;
	sim->random = seed;
	sim->start = sim->now = (VrrpTime){ START_NSEC };
	sim->pending = g_sequence_new(NULL);
	vrrp_heap_init(&sim->timers, sim->timer_storage, SIM_ROUTERS_MAX);
	return sim;
}

static void free_pending(void *pending, void *userdata)
{
	g_free(pending);
}

void sim_free(Sim *sim)
{
	if (sim->trace)
		g_string_free(sim->trace, TRUE);
	if (sim->repeat)
		g_string_free(sim->repeat, TRUE);
	if (sim->recorded)
		g_ptr_array_unref(sim->recorded);
	g_sequence_foreach(sim->pending, free_pending, NULL);
	g_sequence_free(sim->pending);
	g_free(sim->violation);
	g_free(sim);
}
