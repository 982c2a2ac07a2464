/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A network of routers on a virtual clock: each is the daemon's own state machine, AH numbers and
 * codec, with real bytes between them. Everything, chance included, follows from the configuration
 * and the seed.
 */

#include <glib.h>

#include "core/vrrp-auth.h"
#include "core/vrrp-fsm.h"
#include "core/vrrp-heap.h"
#include "core/vrrp-packet.h"

enum {
	SIM_ROUTERS_MAX = 200,
};

/* What all routers of a network have in common. */
typedef struct SimConfig {
	VrrpFamily family; /* none: IPv4 */
	uint8_t version;
	VrrpAuth auth;
	bool unicast;
	uint64_t interval_nsec;
	VrrpChecksum checksum;
	uint64_t delay_nsec;  /* of a packet */
	uint64_t jitter_nsec; /* up to so much more, by chance: packets overtake each other */
	unsigned loss_percent;
	unsigned duplicate_percent;
	uint64_t job_nsec;         /* how long the kernel takes for addresses */
	unsigned job_fail_percent; /* how often it refuses */
	uint64_t lateness_nsec;    /* a timer is served up to so much late, by chance */
} SimConfig;

typedef struct Sim Sim;

/* What is under way: a packet to a router, or its kernel's answer. */
typedef struct SimPending {
	VrrpTime time;
	uint64_t sequence; /* first come, first served */
	int router;
	int sender; /* of a packet; -1: a job */
	unsigned life;
	VrrpAddresses wanted;
	int error;
	bool retry; /* the job is due again, if it is still wanted */
	gsize size;
	uint8_t bytes[];
} SimPending;

typedef struct SimRouter {
	Sim *sim;
	int index;
	bool alive; /* the daemon runs */
	bool link_up;
	unsigned group;        /* of routers that reach each other */
	VrrpTime paused_until; /* the machine, or the process, stands still until then */
	unsigned life;         /* counts starts: answers to an earlier one are lost */
	uint32_t saved;        /* the AH number in the state directory */
	VrrpAddress source;
	uint8_t first_priority; /* as it was added with */
	VrrpParameters parameters;
	VrrpFsm fsm;
	VrrpReplay replay;
	VrrpHeapNode timer;

	/* The host. */
	VrrpAddresses kernel;
	bool job_running;
	bool job_needed;

	/* For the rules of sim-rules.c, which do not believe the state machine. */
	bool was_master;         /* before this step */
	VrrpTime backup_since;   /* and not releasing */
	VrrpTime present_since;  /* the addresses are there although it is no master */
	VrrpTime successor_at;   /* ... and another master was heard */
	VrrpTime goodbye_until;  /* priority 0 was heard: somebody must have taken over by then */
	VrrpTime heard_at;       /* the last advert that a backup has to respect */
	uint64_t heard_interval; /* ... and what it said about the next one */
	bool held;               /* told to stay out of mastership */
	bool lower_heard;        /* an advert that it may preempt came since it became backup */
	bool goodbye_heard;
	VrrpTime failover_at;    /* and not answered yet */
	uint64_t advert_step;    /* in which it sent one, */
	uint64_t goodbye_step;   /* and one with priority 0 */
	uint32_t highest_number; /* that it sent or believed, in all its lives */
	uint64_t replays_before; /* the network was settled */
	uint64_t rejected[_VRRP_REJECT_MAX];
} SimRouter;

struct Sim {
	SimConfig config;
	VrrpTime start, now;
	uint64_t random;
	int router_count;
	SimRouter routers[SIM_ROUTERS_MAX];
	VrrpHeap timers;
	VrrpHeapNode *timer_storage[SIM_ROUTERS_MAX];
	GSequence *pending;
	uint64_t sequence;
	uint64_t steps;        /* of state machines */
	uint64_t steps_before; /* those before @last_tick */
	VrrpTime last_tick;
	GString *trace;  /* NULL: none is kept */
	GString *repeat; /* the last line of the trace, if it was an advert */
	unsigned repeated;
	bool kernel_refused; /* at least once */
	char *violation;     /* the first rule that was broken */
	bool quiet;          /* settled and without disturbance: any transition is a flap */
	GPtrArray *recorded; /* every packet that was sent, as GBytes; NULL: none is kept */
};

Sim *sim_new(const SimConfig *config, uint64_t seed);
void sim_free(Sim *sim);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Sim, sim_free)

/* Between 0 and @limit - 1; the same sequence for the same seed everywhere. */
uint64_t sim_random(Sim *sim, uint64_t limit);

/* Adds a router that does not run yet; its address ends in its index + 1. Returns the index. */
int sim_add(Sim *sim, uint8_t priority);
/* Lets time pass. Ends early where a rule was broken. */
void sim_run(Sim *sim, uint64_t nsec);
/* Lets time pass until @router is in @state, for an hour at most. */
void sim_run_until(Sim *sim, int router, VrrpState state);

/* What can happen to a router. */
void sim_start(Sim *sim, int router); /* the daemon, or an instance that is stopping */
void sim_stop(Sim *sim, int router, VrrpReason reason);
void sim_crash(Sim *sim, int router); /* the host, with all its addresses */
/* Stands still: what arrives waits, and is read before the timers when it goes on. */
void sim_pause(Sim *sim, int router, uint64_t nsec);
void sim_link(Sim *sim, int router, bool up);
void sim_group(Sim *sim, int router, unsigned group);
void sim_failover(Sim *sim, int router, uint64_t hold_nsec);
/* A hold begins or ends. */
void sim_hold(Sim *sim, int router, bool hold);
void sim_parameters(Sim *sim, int router, const VrrpParameters *parameters);
/* The state directory of a router that does not run, with the numbers in it. */
void sim_lose_state(Sim *sim, int router);
/* A packet from nowhere, to @router alone. */
void sim_inject(Sim *sim, int router, const uint8_t *bytes, gsize size);

/* The trace as text (sim-trace.c). */
/* What tells the routers' addresses apart: the index + 1. */
uint8_t sim_last_byte(const VrrpAddress *address);
void sim_trace_event(Sim *sim, int router, const char *format, ...) G_GNUC_PRINTF(3, 4);
void sim_trace_action(Sim *sim, int router, const VrrpAction *action);
/* @reach says for each router what became of the packet: ' ' not sent there, '>' arrives, 'x' is
 * lost. */
void sim_trace_advert(Sim *sim, int router, const char *label, const char *reach);
char *sim_trace_text(Sim *sim);

/* The rules that hold at any moment (sim-rules.c). */
void sim_violate(Sim *sim, const char *format, ...) G_GNUC_PRINTF(2, 3);
void sim_rules_boot(SimRouter *router);
void sim_rules_before(SimRouter *router);
void sim_rules_advert(SimRouter *router, const VrrpPacket *packet);
void sim_rules_number(SimRouter *router, uint32_t number);
void sim_rules_failover(SimRouter *router);
/* The time of a pause counts for nothing. */
void sim_rules_pause(SimRouter *router, uint64_t nsec);
void sim_rules_action(SimRouter *router, const VrrpAction *action, const VrrpEvent *event);
void sim_rules_after(SimRouter *router);
void sim_rules_tick(Sim *sim);
/* ... and those of a network that had time to settle. */
void sim_rules_settled(Sim *sim, bool best);
/* From here on nothing happens any more that could be a reason for anything. */
void sim_rules_quiet(Sim *sim);
