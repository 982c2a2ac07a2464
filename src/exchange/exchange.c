/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The five queues between the three threads, made by the daemon before the threads start and freed
 * after they ended. The sizes are what makes a push never fail: an instance has at most two
 * commands, jobs or completions under way, and at most four events (a dirty mark, a returned
 * configuration, an authentication number, an answer or its end).
 */

#include <string.h>

#include "messages.h"

#define NOTES 4096

int exchange_init(Exchange *exchange)
{
	int r;

	memset(exchange, 0, sizeof(*exchange));
	r = ring_init(&exchange->commands, sizeof(Command), 2 * INSTANCES_MAX);
	if (r == 0)
		r = ring_init(&exchange->events, sizeof(EngineEvent), 4 * INSTANCES_MAX);
	if (r == 0)
		r = tape_init(&exchange->notes, sizeof(Note), NOTES);
	if (r == 0)
		r = ring_init(&exchange->jobs, sizeof(NetlinkJob), 2 * INSTANCES_MAX);
	if (r == 0)
		r = ring_init(&exchange->done, sizeof(NetlinkDone), 2 * INSTANCES_MAX);
	if (r < 0)
		exchange_deinit(exchange);
	return r;
}

void exchange_deinit(Exchange *exchange)
{
	ring_deinit(&exchange->commands);
	ring_deinit(&exchange->events);
	tape_deinit(&exchange->notes);
	ring_deinit(&exchange->jobs);
	ring_deinit(&exchange->done);
}
