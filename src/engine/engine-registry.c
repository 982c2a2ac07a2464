/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Which instances the engine has, and the ways to find one: by (interface, VRID) and by (peer,
 * VRID) for packets, by interface name for what happens to links. And the socket filters, which say
 * the same to the kernel.
 */

#include <errno.h>
#include <string.h>

#include "engine-internal.h"

static uint32_t name_bucket(const char *interface)
{
	uint32_t hash = 2166136261u;

	for (; *interface; interface++)
		hash = (hash ^ (uint8_t)*interface) * 16777619u;
	return (hash ^ (hash >> 15)) % ENGINE_NAME_BUCKETS;
}

EngineInstance *engine_registry_on(Engine *engine, const char *interface)
{
	return engine->by_name[name_bucket(interface)];
}

int engine_registry_add(Engine *engine, EngineInstance *instance)
{
	EngineInstance **bucket = &engine->by_name[name_bucket(instance->config->interface)];

	if (engine->instance_count == INSTANCES_MAX)
		return -ENOSPC;
	instance->slot = engine->instance_count;
	engine->instances[engine->instance_count++] = instance;
	instance->next = *bucket;
	*bucket = instance;
	return 0;
}

void engine_registry_remove(Engine *engine, EngineInstance *instance)
{
	EngineInstance **at = &engine->by_name[name_bucket(instance->config->interface)];
	EngineInstance *last = engine->instances[--engine->instance_count];

	last->slot = instance->slot;
	engine->instances[last->slot] = last;
	while (*at && *at != instance)
		at = &(*at)->next;
	if (*at)
		*at = instance->next;
	engine->filter_dirty = true;
}

/* Multicast: where packets for it arrive. 0: nowhere. */
void engine_registry_place(Engine *engine, EngineInstance *instance, int32_t interface_index)
{
	VrrpTableKey key;

	if (instance->config->unicast)
		return;
	vrrp_table_remove(&engine->table, &instance->entries[0]);
	engine->filter_dirty = true;
	if (interface_index == 0)
		return;
	key = vrrp_table_key_multicast((uint32_t)interface_index,
				       (VrrpFamily)instance->config->family,
				       instance->config->vrid);
	/* Control admits one instance for an interface, family and VRID; a second one would hear
	 * nothing. */
	(void)vrrp_table_insert(&engine->table, &instance->entries[0], key, instance);
}

static void find_only_unicast(Engine *engine, uint8_t vrid)
{
	engine->unicast_only[vrid] = NULL;
	for (uint32_t i = 0; engine->unicast_count[vrid] == 1 && i < engine->instance_count; i++) {
		EngineInstance *instance = engine->instances[i];

		if (instance->config->unicast && instance->config->vrid == vrid &&
		    instance->unicast_counted)
			engine->unicast_only[vrid] = instance;
	}
}

/* Unicast: whom packets for it come from. */
void engine_registry_peers(Engine *engine, EngineInstance *instance, bool present)
{
	const InstanceConfig *config = instance->config;

	if (!config->unicast)
		return;
	for (uint32_t i = 0; i < INSTANCE_PEERS_MAX; i++)
		vrrp_table_remove(&engine->table, &instance->entries[i]);
	for (uint32_t i = 0; present && i < config->peer_count; i++)
		/* A peer that is listed twice is found by its first entry. */
		(void)vrrp_table_insert(&engine->table, &instance->entries[i],
					vrrp_table_key_unicast(config->peers[i], config->vrid),
					instance);
	if (instance->unicast_counted != present) {
		instance->unicast_counted = present;
		engine->unicast_count[config->vrid] += present ? 1u : UINT32_MAX;
		find_only_unicast(engine, config->vrid);
	}
	engine->filter_dirty = true;
}

/* An address that an instance lists is not a source for anybody; one of the host's that is listed
 * now may have been. */
void engine_registry_list(Engine *engine, const InstanceConfig *config, int delta)
{
	for (uint32_t i = 0; i < config->address_count; i++)
		if (engine_links_list(&engine->links, &config->addresses[i].address, delta))
			engine->lists_changed = true;
}

/* --- Filters --------------------------------------------------------------------------------- */

static void add_unicast(Engine *engine, const InstanceConfig *config, EngineFilterInput *input)
{
	input->unicast_vrids[config->vrid / 32] |= UINT32_C(1) << config->vrid % 32;
	for (uint32_t k = 0; k < config->peer_count; k++) {
		if (input->source_count == ENGINE_SOURCES_MAX) {
			input->coarse = true;
			return;
		}
		engine->filter_sources[input->source_count++] =
			engine_filter_source(&config->peers[k]);
	}
}

/* What the instances want now. @input->coarse may already be set by the caller. */
static void collect(Engine *engine, EngineFilterInput *input)
{
	for (uint32_t i = 0; i < engine->instance_count; i++) {
		const EngineInstance *instance = engine->instances[i];
		const InstanceConfig *config = instance->config;

		if (config->family != input->family)
			continue;
		if (config->unicast)
			add_unicast(engine, config, input);
		else if (instance->interface_index != 0)
			engine->filter_pairs[input->pair_count++] =
				engine_filter_pair(instance->interface_index, config->vrid);
	}
	for (size_t i = 0; input->coarse && i < input->pair_count; i++)
		engine->filter_pairs[i] &= 0xff;
	input->pairs = engine->filter_pairs;
	input->pair_count = engine_filter_sort(engine->filter_pairs, input->pair_count);
	input->sources = engine->filter_sources;
	input->source_count = engine_filter_sort(engine->filter_sources, input->source_count);
}

/* Replaces the program at once: the kernel has no moment without one. */
static int attach(Engine *engine, const EngineSocket *socket, const EngineFilterInput *input)
{
	struct sock_fprog program = { .filter = engine->filter_program };
	size_t count = engine_filter_build(input, socket->protocol, socket->stray,
					   engine->filter_program, ENGINE_FILTER_MAX);

	if (count == 0)
		return -E2BIG;
	program.len = (unsigned short)count;
	return setsockopt(socket->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) < 0
		       ? -errno
		       : 0;
}

static int attach_family(Engine *engine, VrrpFamily family, bool coarse)
{
	EngineFilterInput input = { .family = (uint8_t)family, .coarse = coarse };

	collect(engine, &input);
	for (unsigned i = 0; i < _ENGINE_SOCKET_MAX; i++) {
		int r = 0;

		if (engine->sockets[i].family == family && engine->sockets[i].fd >= 0)
			r = attach(engine, &engine->sockets[i], &input);
		if (r < 0)
			return r;
	}
	return 0;
}

static int attach_all(Engine *engine, bool coarse)
{
	int r = attach_family(engine, VRRP_FAMILY_IPV4, coarse);

	return r < 0 ? r : attach_family(engine, VRRP_FAMILY_IPV6, coarse);
}

/* Where neither program is taken (too long, or net.core.optmem_max too small) the main sockets have
 * none: everything arrives there and is judged, which costs time but loses nothing. What the stray
 * sockets hear then is the same once more. */
void engine_registry_filters(Engine *engine)
{
	int unused = 0;

	if (!engine->filter_dirty)
		return;
	engine->filter_dirty = false;
	engine->unfiltered = attach_all(engine, false) < 0 && attach_all(engine, true) < 0;
	for (unsigned i = 0; engine->unfiltered && i < _ENGINE_SOCKET_MAX; i++)
		if (!engine->sockets[i].stray && engine->sockets[i].fd >= 0)
			(void)setsockopt(engine->sockets[i].fd, SOL_SOCKET, SO_DETACH_FILTER,
					 &unused, sizeof unused);
}
