/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the host's links and addresses mean to instances: whether the interface is there and runs,
 * which address to send from, which group memberships to hold.
 *
 * rtnetlink notifications arrive on a socket of the engine's own, so that a lost carrier is known
 * within the same turn. At the start, and after an overrun, both tables are dumped: first links,
 * then addresses; whatever the dumps do not mention is gone. Each change leads to a look at the
 * instances on that interface name; the look compares everything anew and tells the state machine
 * what differs, so there is no order of notifications that could leave it wrong.
 */

#include <errno.h>
#include <string.h>

#include "engine-internal.h"

#define DUMP_RETRY_NSEC (20 * VRRP_NSEC_PER_MSEC)

/* --- Memberships ----------------------------------------------------------------------------- */

static void leave_group(Engine *engine, int32_t interface_index, EngineGroup *group)
{
	if (group->address.family == VRRP_FAMILY_NONE || group->holder < 0)
		return;
	engine_membership_leave(&engine->membership, interface_index, &group->address,
				group->holder);
	group->holder = -1;
}

static void join_group(Engine *engine, int32_t interface_index, EngineGroup *group, VrrpTime now)
{
	int r;

	if (group->holder >= 0)
		return;
	r = engine_membership_join(&engine->membership, interface_index, &group->address);
	if (r >= 0)
		group->holder = (int16_t)r;
	else
		engine->join_retry_at =
			vrrp_time_min(engine->join_retry_at, vrrp_time_add(now, ENGINE_RETRY_NSEC));
}

void engine_environment_leave(Engine *engine, EngineInstance *instance)
{
	EngineLink *link = engine_links_by_index(&engine->links, instance->interface_index);
	EngineGroup *group;

	if (instance->group.family == VRRP_FAMILY_NONE)
		return;
	group = link ? engine_links_group(link, &instance->group) : NULL;
	instance->group = (VrrpAddress){ 0 };
	if (!group || --group->members > 0)
		return;
	leave_group(engine, link->index, group);
	*group = (EngineGroup){ 0 };
}

static void join(Engine *engine, EngineInstance *instance, EngineLink *link, VrrpTime now)
{
	const InstanceConfig *config = instance->config;
	VrrpAddress address = config->group.family != VRRP_FAMILY_NONE
				      ? config->group
				      : vrrp_group((VrrpFamily)config->family);
	EngineGroup *group;

	if (config->unicast || instance->group.family != VRRP_FAMILY_NONE)
		return;
	group = engine_links_group(link, &address);
	if (!group) {
		/* Perhaps somebody leaves one. */
		engine->join_retry_at =
			vrrp_time_min(engine->join_retry_at, vrrp_time_add(now, ENGINE_RETRY_NSEC));
		return;
	}
	instance->group = address;
	group->members++;
	join_group(engine, link->index, group, now);
}

/* --- One instance ---------------------------------------------------------------------------- */

static VrrpAddress choose_source(Engine *engine, const EngineInstance *instance,
				 const EngineLink *link)
{
	const InstanceConfig *config = instance->config;

	if (config->source.family != VRRP_FAMILY_NONE)
		return engine_links_own(&engine->links, &config->source) ? config->source
									 : (VrrpAddress){ 0 };
	if (!link)
		return (VrrpAddress){ 0 };
	/* The owner's own address is in its list. */
	if (config->family == VRRP_FAMILY_IPV4)
		return engine_links_source_ipv4(&engine->links, link,
						config->parameters.priority == 255);
	return engine_links_source_ipv6(&engine->links, link,
					config->unicast &&
						!vrrp_address_is_link_local(&config->peers[0]),
					config->parameters.priority == 255);
}

static bool link_usable(const EngineInstance *instance, EngineLink *link)
{
	const EngineGroup *group = NULL;

	if (instance->group.family != VRRP_FAMILY_NONE)
		group = engine_links_group(link, &instance->group);
	/* Without the membership it would hear no master, and become one. */
	if (!instance->config->unicast && (!group || group->holder < 0))
		return false;
	return link->running || !instance->config->track_interface;
}

static void step_source(Engine *engine, EngineInstance *instance, const VrrpAddress *source,
			VrrpTime now)
{
	if (memcmp(&instance->source, source, sizeof *source) == 0)
		return;
	instance->source = *source;
	engine_instance_step(engine, instance,
			     &(VrrpEvent){ .type = VRRP_EVENT_SOURCE, .source = *source }, now);
}

static void move_to(Engine *engine, EngineInstance *instance, EngineLink *link, VrrpTime now)
{
	int32_t index = link ? link->index : 0;

	if (index == instance->interface_index)
		return;
	engine_environment_leave(engine, instance);
	instance->interface_index = index;
	engine_registry_place(engine, instance, index);
	if (link)
		join(engine, instance, link, now);
}

static void compare(Engine *engine, EngineInstance *instance, EngineLink *link, VrrpTime now)
{
	bool needs_link = instance->config->interface[0] != '\0';
	bool missing = needs_link && !link;
	bool down = needs_link && link && !link_usable(instance, link);
	VrrpAddress source = choose_source(engine, instance, link);
	bool no_source = !missing && source.family == VRRP_FAMILY_NONE;

	engine_instance_fault(instance, VRRP_FAULT_INTERFACE_MISSING, missing);
	engine_instance_fault(instance, VRRP_FAULT_INTERFACE_DOWN, down);
	engine_instance_fault(instance, VRRP_FAULT_NO_SOURCE_ADDRESS, no_source);
	/* A new source before the faults go, so that nothing is sent without one. */
	if (source.family != VRRP_FAMILY_NONE)
		step_source(engine, instance, &source, now);
	engine_instance_settle(engine, instance, now);
	if (source.family == VRRP_FAMILY_NONE)
		step_source(engine, instance, &source, now);
}

void engine_environment_update(Engine *engine, EngineInstance *instance, VrrpTime now)
{
	EngineLink *link = NULL;

	if (instance->gone)
		return;
	if (instance->config->interface[0] != '\0')
		link = engine_links_by_name(&engine->links, instance->config->interface);
	if (link && instance->interface_index != 0 && link->index != instance->interface_index) {
		/* Another interface of the same name: everything on the old one went with it. */
		move_to(engine, instance, NULL, now);
		compare(engine, instance, NULL, now);
	}
	move_to(engine, instance, link, now);
	compare(engine, instance, link, now);
	engine_heal_learn(engine, instance, false, now);
}

void engine_environment_update_all(Engine *engine, const char *interface, VrrpTime now)
{
	EngineInstance *next, *instance = engine_registry_on(engine, interface);

	for (; instance; instance = next) {
		next = instance->next;
		if (strcmp(instance->config->interface, interface) == 0)
			engine_environment_update(engine, instance, now);
	}
}

/* A configured source may be on any interface. */
static void update_with_source(Engine *engine, VrrpTime now)
{
	for (uint32_t i = 0; i < engine->instance_count; i++)
		if (engine->instances[i]->config->source.family != VRRP_FAMILY_NONE)
			engine_environment_update(engine, engine->instances[i], now);
}

/* --- Notifications --------------------------------------------------------------------------- */

typedef struct Reading {
	Engine *engine;
	VrrpTime now;
} Reading;

/* How many instances list an address that the host has just got. */
static void count_lists(Engine *engine, EngineAddress *address)
{
	address->listed = 0;
	for (uint32_t i = 0; i < engine->instance_count; i++) {
		const InstanceConfig *config = engine->instances[i]->config;

		for (uint32_t k = 0; k < config->address_count; k++)
			if (config->addresses[k].address.family == address->address.family &&
			    vrrp_address_compare(&config->addresses[k].address,
						 &address->address) == 0)
				address->listed++;
	}
}

static void announce_all(Engine *engine, const char *interface, VrrpTime now)
{
	EngineInstance *instance = engine_registry_on(engine, interface);

	for (; instance; instance = instance->next)
		if (strcmp(instance->config->interface, interface) == 0)
			engine_instance_step(engine, instance,
					     &(VrrpEvent){ .type = VRRP_EVENT_ANNOUNCE }, now);
}

/* A switch may have forgotten us while the link was down: leaving and joining makes it hear a
 * report. */
static void renew_groups(Engine *engine, EngineLink *link, VrrpTime now)
{
	for (unsigned i = 0; i < ENGINE_LINK_GROUPS; i++) {
		EngineGroup *group = &link->groups[i];

		if (group->address.family == VRRP_FAMILY_NONE || group->holder < 0)
			continue;
		leave_group(engine, link->index, group);
		join_group(engine, link->index, group, now);
	}
}

static void on_event(Engine *engine, const EngineLinksEvent *event, VrrpTime now)
{
	EngineLink *link;

	if (!event->changed)
		return;
	for (unsigned i = 0; event->gone && i < ENGINE_LINK_GROUPS; i++) {
		EngineGroup lost = event->lost_groups[i];

		leave_group(engine, event->index, &lost);
	}
	if (event->added)
		count_lists(engine, event->added);
	link = engine_links_by_index(&engine->links, event->index);
	if (event->returned && link)
		renew_groups(engine, link, now);
	if (!engine->ready)
		return;
	if (event->old_name[0] != '\0')
		engine_environment_update_all(engine, event->old_name, now);
	engine_environment_update_all(engine, event->name, now);
	update_with_source(engine, now);
	if (event->mac_changed)
		announce_all(engine, event->name, now);
}

static void request_dump(Engine *engine, EngineDump dump, VrrpTime now)
{
	int r = netlink_monitor_request(engine->monitor_fd, dump == ENGINE_DUMP_LINKS
								    ? NETLINK_DUMP_LINKS
								    : NETLINK_DUMP_ADDRESSES);

	engine->dump = dump;
	engine->dump_interrupted = false;
	engine->dump_retry_at = r < 0 ? vrrp_time_add(now, DUMP_RETRY_NSEC) : VRRP_TIME_NEVER;
}

static void sweep(Engine *engine, NetlinkDump dump, VrrpTime now)
{
	EngineLinksEvent event;

	while (engine_links_sweep(&engine->links, dump, &event))
		on_event(engine, &event, now);
}

static void begin_dumps(Engine *engine, VrrpTime now)
{
	engine->resynchronise = false;
	engine_links_begin(&engine->links);
	request_dump(engine, ENGINE_DUMP_LINKS, now);
}

static void on_dump_done(Engine *engine, VrrpTime now)
{
	if (engine->dump == ENGINE_DUMP_NONE)
		return;
	if (engine->resynchronise) {
		begin_dumps(engine, now);
	} else if (engine->dump_interrupted) {
		/* The table changed while it was read, or the kernel was not ready: the same dump
		 * once more. Not at once, since a table that changes all the time would keep us
		 * doing nothing else. */
		engine->dump_retry_at = vrrp_time_add(now, DUMP_RETRY_NSEC);
	} else if (engine->dump == ENGINE_DUMP_LINKS) {
		sweep(engine, NETLINK_DUMP_LINKS, now);
		request_dump(engine, ENGINE_DUMP_ADDRESSES, now);
	} else {
		sweep(engine, NETLINK_DUMP_ADDRESSES, now);
		engine->dump = ENGINE_DUMP_NONE;
		if (engine->known)
			engine_heal_note_all(engine);
		engine->known = true;
	}
}

static void on_change(void *userdata, const NetlinkChange *change)
{
	Reading *reading = userdata;
	EngineLinksEvent event;

	if (change->type == NETLINK_CHANGE_DUMP_DONE) {
		on_dump_done(reading->engine, reading->now);
	} else if (change->type == NETLINK_CHANGE_DUMP_INTERRUPTED) {
		reading->engine->dump_interrupted = true;
	} else {
		if (change->type == NETLINK_CHANGE_ADDRESS_GONE)
			engine_heal_note(reading->engine, &change->address);
		engine_links_apply(&reading->engine->links, change, &event);
		on_event(reading->engine, &event, reading->now);
	}
}

static void on_overrun(Engine *engine, VrrpTime now)
{
	uint64_t suppressed;
	Note note;

	if (engine_limiter_allow(&engine->limiter, engine_limiter_key(NOTE_OVERRUN, NULL, 0), now,
				 &suppressed)) {
		memset(&note, 0, sizeof note);
		note.type = NOTE_OVERRUN;
		note.time_nsec = now.nsec;
		note.number = suppressed;
		tape_push(&engine->exchange->notes, &note);
	}
	/* One dump at a time: where one runs, its end begins the next. */
	if (engine->dump == ENGINE_DUMP_NONE)
		begin_dumps(engine, now);
	else
		engine->resynchronise = true;
}

void engine_environment_read(Engine *engine)
{
	Reading reading = { .engine = engine, .now = engine_now() };
	int r = netlink_monitor_read(engine->monitor_fd, ENGINE_MONITOR_BUDGET, on_change,
				     &reading);

	engine_heal_look(engine, reading.now);
	if (r == -ENOBUFS)
		on_overrun(engine, reading.now);
	else if (r < 0 && r != -EAGAIN && r != -EINTR)
		engine_fail(engine, r);
}

void engine_environment_begin(Engine *engine)
{
	engine_links_init(&engine->links);
	engine->join_retry_at = VRRP_TIME_NEVER;
	begin_dumps(engine, engine_now());
}

/* Memberships that were refused, and dumps that could not be asked for. */
void engine_environment_timer(Engine *engine, VrrpTime now)
{
	if (vrrp_time_reached(engine->dump_retry_at, now))
		request_dump(engine, engine->dump, now);
	if (!vrrp_time_reached(engine->join_retry_at, now))
		return;
	engine->join_retry_at = VRRP_TIME_NEVER;
	for (uint32_t i = 0; i < engine->instance_count; i++) {
		EngineInstance *instance = engine->instances[i];
		EngineLink *link = engine_links_by_index(&engine->links, instance->interface_index);
		EngineGroup *group = NULL;

		if (instance->config->unicast || !link)
			continue;
		join(engine, instance, link, now);
		if (instance->group.family != VRRP_FAMILY_NONE)
			group = engine_links_group(link, &instance->group);
		if (!group ||
		    (group->holder >= 0 && !(instance->faults & VRRP_FAULT_INTERFACE_DOWN)))
			continue;
		join_group(engine, link->index, group, now);
		engine_environment_update_all(engine, link->name, now);
	}
}
