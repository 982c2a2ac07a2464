/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One virtual router as RFC 9568 section 6 describes it, and RFC 3768 where version 2 differs.
 * vrrp_fsm_step takes an event and the time and returns what is to be done; vrrp_fsm_deadline says
 * when the next VRRP_EVENT_TIMER is wanted. It sends nothing, arms nothing, and never waits.
 */

#include "vrrp-time.h"
#include "vrrp-types.h"

/* What the administrator asked for, as far as the protocol needs it. */
typedef struct VrrpParameters {
	uint8_t version;        /* 2 or 3 */
	uint8_t priority;       /* effective: 1 to 254, 255 for the owner */
	uint8_t missed_adverts; /* the factor in Master_Down_Interval; the RFC's is 3 */
	uint8_t announce_count; /* how much of the announcement schedule, 0 to 6 */
	bool preempt;
	uint32_t address_count;
	uint64_t interval_nsec;         /* Advertisement_Interval */
	uint64_t preempt_delay_nsec;    /* from the first advert of a lesser master to preemption */
	uint64_t startup_delay_nsec;    /* from START to taking part */
	uint64_t link_up_delay_nsec;    /* from the end of a blocking fault to taking part */
	uint64_t announce_refresh_nsec; /* how often a master announces itself again; 0: never */
	/* Adverts leave at multiples of the interval plus this, so that instances with one interval
	 * and phase leave together: wake-ups cost more than packets. A first interval may be cut
	 * short by it, never lengthened. */
	uint64_t grid_phase_nsec;
} VrrpParameters;

/* What the kernel is to hold for the instance. */
typedef enum VrrpAddresses {
	VRRP_ADDRESSES_ABSENT,  /* nothing */
	VRRP_ADDRESSES_PRESENT, /* the addresses, answering ARP and ND */
	VRRP_ADDRESSES_SILENT,  /* still received, no longer answering ARP and ND (design rule 1) */
} VrrpAddresses;

typedef enum VrrpEventType {
	VRRP_EVENT_START,          /* take part; with a blocking fault it waits in initialize */
	VRRP_EVENT_STOP,           /* leave for good (@reason): shutdown, disabled, removed */
	VRRP_EVENT_TIMER,          /* vrrp_fsm_deadline was reached */
	VRRP_EVENT_ADVERT,         /* a valid advert of another router */
	VRRP_EVENT_FAULTS,         /* the faults are now @faults */
	VRRP_EVENT_SOURCE,         /* the primary address is now @source */
	VRRP_EVENT_PARAMETERS,     /* the settings are now @parameters */
	VRRP_EVENT_ADDRESSES_DONE, /* the kernel now holds @addresses.held, or @addresses.error */
	VRRP_EVENT_FAILOVER, /* give mastership away and do not take it back for @hold_nsec; only in
				master */
	VRRP_EVENT_HOLD, /* stay out of mastership (@hold), or no longer; a master gives it away,
			    and takes it back where there is nobody else */
	VRRP_EVENT_ANNOUNCE, /* an administrator wants the announcements again */
} VrrpEventType;

typedef struct VrrpEvent {
	VrrpEventType type;
	union {
		VrrpReason reason;
		uint32_t faults;
		VrrpAddress source;
		VrrpParameters parameters;
		uint64_t hold_nsec; /* 0: until the new master goes */
		bool hold;
		struct {
			VrrpAddress source;
			uint8_t priority;
			uint64_t interval_nsec;
		} advert;
		struct {
			VrrpAddresses held;
			int error; /* 0 or negative errno */
		} addresses;
	};
} VrrpEvent;

typedef enum VrrpActionType {
	VRRP_ACTION_SEND_ADVERT, /* with @priority, to all peers */
	VRRP_ACTION_ADDRESSES,   /* bring the kernel to @addresses; ADDRESSES_DONE follows */
	VRRP_ACTION_ANNOUNCE, /* one round of gratuitous ARP / unsolicited NA; @round counts from 0
			       */
	VRRP_ACTION_TRANSITION, /* state is now @transition.state, was .old, because of .reason */
	VRRP_ACTION_FAILOVER_DONE, /* @error: 0 when a successor was heard, -ENOENT when there is
				    * none, -ECANCELED when the instance stopped or faulted
				    * meanwhile */
	VRRP_ACTION_CONFLICT, /* a second master was heard at @conflict.peer; .yielded: it wins */
	VRRP_ACTION_RELEASED, /* stopped and nothing left in the kernel: the instance may be freed
			       */
} VrrpActionType;

typedef struct VrrpAction {
	VrrpActionType type;
	union {
		uint8_t priority;
		uint8_t round;
		int error;
		VrrpAddresses addresses;
		struct {
			VrrpAddress peer;
			bool yielded;
		} conflict;
		struct {
			VrrpState state;
			VrrpState old;
			VrrpReason reason;
		} transition;
	};
} VrrpAction;

#define VRRP_ACTIONS_MAX 12

typedef struct VrrpActions {
	unsigned count;
	VrrpAction list[VRRP_ACTIONS_MAX];
} VrrpActions;

typedef enum VrrpRelease {
	VRRP_RELEASE_NONE,
	VRRP_RELEASE_WAITING,   /* addresses answer, no successor heard yet */
	VRRP_RELEASE_LINGERING, /* successor heard: silent, still receiving */
	VRRP_RELEASE_REMOVING,  /* asked for, the kernel has not confirmed yet */
} VrrpRelease;

/* Public for embedding and for status; only vrrp-fsm.c writes it. */
typedef struct VrrpFsm {
	VrrpParameters parameters;
	VrrpState state;
	VrrpReason last_reason;
	VrrpTime state_since;
	uint64_t transitions;
	uint32_t faults;
	VrrpAddress source; /* family 0: none */

	bool started;  /* START came and no STOP since */
	bool stopping; /* STOP came; RELEASED follows once the addresses are gone */

	uint64_t master_interval_nsec; /* Active_Adver_Interval */
	VrrpAddress master; /* last valid advert's source in backup; own source in master */
	uint8_t master_priority;
	bool master_heard;      /* since backup was entered, and its timer has not run out */
	VrrpReason down_reason; /* what a takeover by Master_Down_Timer would be called */

	VrrpTime not_before;  /* StartupDelay, LinkUpDelay: it takes part then */
	VrrpTime calm_at;     /* whoever has not been master for long by then yields (rule 12) */
	VrrpTime preempt_at;  /* PreemptDelay: not earlier; never: no lesser master was heard */
	bool yielded;         /* once since start or link-up (rule 12) */
	VrrpTime master_down; /* Master_Down_Timer, backup */
	VrrpTime master_down_base; /* when it was last set */
	bool skewed;               /* ... to Skew_Time, because the master said goodbye (S6) */
	VrrpTime next_advert;      /* Adver_Timer, master */
	VrrpTime last_unscheduled;
	bool unscheduled_sent;

	VrrpRelease release;
	VrrpTime release_deadline;
	bool failover_pending; /* a failover waits for its answer */

	bool held_out; /* somebody wants it out of mastership (HOLD): does not preempt */
	bool holding;  /* after a failover: does not preempt */
	VrrpTime hold_until;

	VrrpAddresses wanted; /* last asked for */
	VrrpAddresses held;   /* last confirmed */

	uint8_t announce_round; /* the next one */
	VrrpTime announce_start;
	VrrpTime next_announce;
	VrrpTime last_conflict_announce;
	bool conflict_announced;
} VrrpFsm;

void vrrp_fsm_init(VrrpFsm *fsm, const VrrpParameters *parameters);

/* Advances @fsm by one event. @actions is emptied first; the actions are to be carried out in
 * order. */
void vrrp_fsm_step(VrrpFsm *fsm, const VrrpEvent *event, VrrpTime now, VrrpActions *actions);

/* When VRRP_EVENT_TIMER is due next, or VRRP_TIME_NEVER. */
VrrpTime vrrp_fsm_deadline(const VrrpFsm *fsm);

/* Skew_Time and Master_Down_Interval as they are now. */
uint64_t vrrp_fsm_skew_nsec(const VrrpFsm *fsm);
uint64_t vrrp_fsm_master_down_nsec(const VrrpFsm *fsm);

/* True while StartupDelay or LinkUpDelay keeps it from taking part. */
bool vrrp_fsm_delayed(const VrrpFsm *fsm);

/* True from the moment mastership is given up until the addresses are gone. */
static inline bool vrrp_fsm_releasing(const VrrpFsm *fsm)
{
	return fsm->release != VRRP_RELEASE_NONE;
}
