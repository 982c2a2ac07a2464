/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The engine thread as control sees it. Everything else about it is said with messages
 * (exchange/messages.h).
 */

#include "exchange/messages.h"

typedef struct Engine Engine;

typedef struct EngineOptions {
	bool real_time; /* try SCHED_FIFO; engine_real_time says whether it was granted */
} EngineOptions;

/* Opens the sockets in the caller's network namespace and reserves all memory; no thread yet.
 * @exchange must outlive the engine. Returns 0 or negative errno. */
int engine_new(Exchange *exchange, const EngineOptions *options, Engine **ret);
/* Starts the thread. It ends after COMMAND_STOP, or with ENGINE_EVENT_FAILED. */
int engine_start(Engine *engine);
/* Waits for the thread's end and frees. Accepts NULL, returns NULL. */
Engine *engine_free(Engine *engine);
bool engine_real_time(const Engine *engine);
/* The largest lateness of a timer so far; relaxed. */
uint64_t engine_max_lateness_nsec(const Engine *engine);
/* Packets that fit no instance, by reason (VRRP_REJECT_VRID and what is wrong before the VRID is
 * known). */
uint64_t engine_reject_count(const Engine *engine, VrrpReject reject);
/* Grows with every turn of the engine's loop, at least once a second: what the watchdog looks at.
 */
uint64_t engine_heartbeat(const Engine *engine);

/* Control's side of an instance. @config passes to the instance until GONE or CONFIG_RETURNED. @id
 * is control's and appears in notes. Returns NULL without memory. */
EngineInstance *engine_instance_new(uint64_t id, const InstanceConfig *config);
/* Only before COMMAND_ADD or after ENGINE_EVENT_GONE. Does not free the config. Accepts NULL,
 * returns NULL. */
EngineInstance *engine_instance_free(EngineInstance *instance);
uint64_t engine_instance_id(const EngineInstance *instance);
/* The config of an instance that came back with GONE. */
const InstanceConfig *engine_instance_config(const EngineInstance *instance);
InstanceShared *engine_instance_shared(EngineInstance *instance);
