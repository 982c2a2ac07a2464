/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the parts of the engine share: one object in one mapping, used by the engine's thread only
 * (but for the atomics).
 */

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

#include <linux/if_packet.h>

#include "engine-arp.h"
#include "engine-filter.h"
#include "engine-instance.h"
#include "engine-links.h"
#include "engine-membership.h"
#include "engine-nd.h"
#include "engine-note.h"
#include "engine-stamp.h"
#include "engine.h"

/* ThreadSanitizer keeps its own state at the end of each stack. */
#ifdef __SANITIZE_THREAD__
#define ENGINE_STACK_SIZE (2 * 1024 * 1024)
#else
#define ENGINE_STACK_SIZE (256 * 1024)
#endif

enum {
	ENGINE_RECEIVE_BATCH = 64,
	ENGINE_PACKET_SIZE = (VRRP_PACKET_MAX + 8) / 8 * 8, /* so that a longer one is seen to be */
	ENGINE_RECEIVE_BUDGET = 64,                         /* batches of one socket in a turn */
	ENGINE_STRAY_BUDGET = 64, /* packets of a stray socket at a time */
	ENGINE_SEND_BATCH = 128,  /* adverts in one call: half of a peer's default receive buffer */
	ENGINE_ANNOUNCE_BATCH = 256, /* frames in one call */
	ENGINE_COMMAND_BUDGET = 64,
	ENGINE_DONE_BUDGET = 256,
	ENGINE_MONITOR_BUDGET = 16, /* datagrams of rtnetlink in a turn */
	ENGINE_EXPIRE_BUDGET =
		1024, /* timers in a turn, so that a late host still reads its packets */
	ENGINE_NAME_BUCKETS = 4096,
	ENGINE_TABLE_BUCKETS = 32768,
	ENGINE_SOURCES_MAX = 16384, /* unicast peers for the filter; more make it coarse */
	ENGINE_BACKLOG_MAX = 2 * INSTANCES_MAX,
	ENGINE_HEAL_BATCH = 64,  /* lost addresses that are matched one by one */
	ENGINE_GRID_GROUP = 128, /* instances that share a phase of the grid */
};

#define ENGINE_STRAY_PAUSE_NSEC (10 * VRRP_NSEC_PER_MSEC)
#define ENGINE_RETRY_NSEC       VRRP_NSEC_PER_SECOND
#define ENGINE_GRID_PHASE_NSEC  (1 * VRRP_NSEC_PER_MSEC)

typedef enum EngineSocketId {
	ENGINE_SOCKET_VRRP,
	ENGINE_SOCKET_AH,
	ENGINE_SOCKET_VRRP_IPV6,
	ENGINE_SOCKET_STRAY_VRRP,
	ENGINE_SOCKET_STRAY_AH,
	ENGINE_SOCKET_STRAY_VRRP_IPV6,
	_ENGINE_SOCKET_MAX,
} EngineSocketId;

typedef struct EngineSocket {
	int fd;         /* -1: not open; IPv6 only, on hosts without it */
	uint8_t family; /* VrrpFamily */
	uint8_t protocol;
	bool stray;
	bool ready;         /* epoll said so */
	uint32_t overflows; /* SO_RXQ_OVFL as last seen */
} EngineSocket;

typedef struct EngineReceive {
	struct mmsghdr messages[ENGINE_RECEIVE_BATCH];
	struct iovec vectors[ENGINE_RECEIVE_BATCH];
	_Alignas(8)
		uint8_t control[ENGINE_RECEIVE_BATCH]
			       [CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(int)) +
				CMSG_SPACE(sizeof(uint32_t)) + CMSG_SPACE(sizeof(struct timespec))];
	struct sockaddr_in6 sources[ENGINE_RECEIVE_BATCH]; /* IPv6 */
	uint8_t buffers[ENGINE_RECEIVE_BATCH][ENGINE_PACKET_SIZE];
} EngineReceive;

/* Adverts of one family that wait for the call. */
typedef struct EngineSend {
	int fd; /* -1: not open */
	unsigned count;
	struct mmsghdr messages[ENGINE_SEND_BATCH];
	struct iovec vectors[ENGINE_SEND_BATCH];
	struct sockaddr_in6 targets[ENGINE_SEND_BATCH]; /* or a sockaddr_in in its place */
	_Alignas(8) uint8_t control[ENGINE_SEND_BATCH][CMSG_SPACE(sizeof(struct in6_pktinfo)) +
						       CMSG_SPACE(sizeof(int))];
	uint8_t buffers[ENGINE_SEND_BATCH][ENGINE_PACKET_SIZE];
	struct {
		EngineInstance *instance;
		uint8_t priority;
		bool counts; /* the first packet of an advert: one advert to many peers counts once
			      */
	} owners[ENGINE_SEND_BATCH];
} EngineSend;

typedef struct EngineAnnounce {
	unsigned count;
	struct mmsghdr messages[ENGINE_ANNOUNCE_BATCH];
	struct iovec vectors[ENGINE_ANNOUNCE_BATCH];
	struct sockaddr_ll targets[ENGINE_ANNOUNCE_BATCH];
	uint8_t frames[ENGINE_ANNOUNCE_BATCH][ENGINE_ND_SIZE]; /* ARP is shorter */
	EngineInstance *owners[ENGINE_ANNOUNCE_BATCH];
} EngineAnnounce;

typedef enum EngineDump {
	ENGINE_DUMP_NONE,
	ENGINE_DUMP_LINKS,
	ENGINE_DUMP_ADDRESSES,
} EngineDump;

struct Engine {
	/* Set before the thread starts. */
	Exchange *exchange;
	EngineOptions options;
	void *mapping;
	size_t mapping_size;
	void *stack;
	pthread_t thread;
	bool thread_started;
	int epoll_fd;
	int timer_fd;
	int monitor_fd;
	int announce_fd;
	EngineSocket sockets[_ENGINE_SOCKET_MAX];

	/* Read by others. */
	atomic_bool real_time;
	_Atomic uint64_t max_lateness_nsec;
	_Atomic uint64_t heartbeat;
	_Atomic uint64_t rejects[_VRRP_REJECT_MAX];

	/* The thread's. */
	bool ended;
	bool known;   /* both dumps were read */
	bool flushed; /* the leftovers of an earlier daemon are gone */
	bool ready;   /* both: instances may start */
	bool stopping;
	bool filter_dirty;
	bool unfiltered;    /* the kernel takes no program: strays come through the main sockets */
	bool lists_changed; /* an instance lists an address that the host has: sources may differ */
	bool more_commands; /* left in the ring for the next turn */
	bool more_done;
	EngineDump dump;
	bool dump_interrupted; /* not consistent: to be asked for again */
	bool resynchronise;    /* when the dump that runs is over, begin again */
	VrrpTime dump_retry_at;
	VrrpTime stray_at; /* when the stray sockets may be read again */
	VrrpTime armed;
	VrrpTime awake_until; /* no falling asleep before */
	bool awake_asked;     /* the netlink thread stays awake, and has not said that it ended */
	long processors;
	VrrpTime slept_at; /* when the thread last waited for something */
	VrrpTime join_retry_at;
	uint64_t lost_packets; /* of the notes that the limiter held back */

	uint32_t instance_count;
	EngineInstance *instances[INSTANCES_MAX];
	EngineInstance *by_name[ENGINE_NAME_BUCKETS];
	EngineInstance *gone;
	uint32_t unicast_count[256];       /* instances by VRID */
	EngineInstance *unicast_only[256]; /* the one, where there is exactly one */
	VrrpTableEntry *table_buckets[ENGINE_TABLE_BUCKETS];
	VrrpTable table;
	VrrpHeapNode *heap_nodes[INSTANCES_MAX];
	VrrpHeap heap;
	EngineLimiter limiter;
	EngineLimiter reject_limiter; /* apart: whoever floods must not silence the rest */
	EngineMembership membership;

	uint32_t backlog_first; /* events that did not fit into the ring */
	uint32_t backlog_count;
	EngineEvent backlog[ENGINE_BACKLOG_MAX];

	EngineReceive receive;
	EngineSend send;
	EngineSend send_ipv6;
	EngineAnnounce announce;

	uint32_t filter_pairs[INSTANCES_MAX];
	uint32_t filter_sources[ENGINE_SOURCES_MAX];
	struct sock_filter filter_program[ENGINE_FILTER_MAX];

	uint32_t heal_count; /* of @heal_lost; more than fit: all are looked at */
	VrrpAddress heal_lost[ENGINE_HEAL_BATCH];

	EngineLinks links;
};

/* engine.c */
VrrpTime engine_now(void);
void engine_event(Engine *engine, const EngineEvent *event);
/* Wakes the loop once when the socket has something. */
void engine_watch_stray(Engine *engine, const EngineSocket *socket);
/* The engine cannot go on. */
void engine_fail(Engine *engine, int error);

/* engine-instance.c: one step of one instance, and what the world gets to know of it */
void engine_instance_step(Engine *engine, EngineInstance *instance, const VrrpEvent *event,
			  VrrpTime now);
/* Tells the fsm what has changed beside it (faults, instant completions), publishes, and sets the
 * timer. */
void engine_instance_settle(Engine *engine, EngineInstance *instance, VrrpTime now);
void engine_instance_timer(Engine *engine, EngineInstance *instance, VrrpTime now);
/* Takes over what @config says. Tables, links and jobs are the caller's. */
void engine_instance_configure(EngineInstance *instance, const InstanceConfig *config);
VrrpParameters engine_instance_parameters(const EngineInstance *instance);
uint64_t engine_instance_list_fingerprint(const uint8_t *addresses, size_t count, size_t size);
/* Has AH numbers saved ahead, those that were only heard too: after a restart nothing recorded may
 * pass for new. */
void engine_instance_reserve(Engine *engine, EngineInstance *instance);
void engine_instance_fault(EngineInstance *instance, VrrpFault fault, bool present);
void engine_instance_status(const EngineInstance *instance, InstanceStatus *ret);

/* engine-action.c: what the fsm wants done */
void engine_action(Engine *engine, EngineInstance *instance, const VrrpAction *action,
		   unsigned transitions_after, VrrpTime now);

/* engine-job.c: the kernel's addresses */
void engine_job_want(Engine *engine, EngineInstance *instance, VrrpAddresses wanted, VrrpTime now);
void engine_job_retry(Engine *engine, EngineInstance *instance, VrrpTime now);
void engine_job_replace(Engine *engine, EngineInstance *instance, const InstanceConfig *config,
			VrrpTime now);
/* The instance leaves: what it was to be given goes back unused. */
void engine_job_drop_replacement(Engine *engine, EngineInstance *instance);
void engine_job_done(Engine *engine, const NetlinkDone *done, VrrpTime now);

/* engine-heal.c: addresses that somebody else deleted */
void engine_heal_init(EngineInstance *instance);
/* The interface lost @address; who holds it is found out by engine_heal_look. */
void engine_heal_note(Engine *engine, const VrrpAddress *address);
/* Something may have been missed: all that is held is to be looked at. */
void engine_heal_note_all(Engine *engine);
void engine_heal_look(Engine *engine, VrrpTime now);
/* What the host has beside the addresses that are held; after each change of it. */
void engine_heal_learn(Engine *engine, EngineInstance *instance, bool anew, VrrpTime now);
/* When engine_heal_timer wants to be called, or never. */
VrrpTime engine_heal_deadline(const EngineInstance *instance);
void engine_heal_timer(Engine *engine, EngineInstance *instance, VrrpTime now);
void engine_heal_done(Engine *engine, const NetlinkDone *done, VrrpTime now);

/* engine-registry.c: which instances there are, and who finds them */
int engine_registry_add(Engine *engine, EngineInstance *instance);
void engine_registry_remove(Engine *engine, EngineInstance *instance);
void engine_registry_place(Engine *engine, EngineInstance *instance, int32_t interface_index);
void engine_registry_peers(Engine *engine, EngineInstance *instance, bool present);
void engine_registry_list(Engine *engine, const InstanceConfig *config, int delta);
EngineInstance *engine_registry_on(Engine *engine, const char *interface);
void engine_registry_filters(Engine *engine);

/* engine-environment.c: what links and addresses mean to instances */
void engine_environment_begin(Engine *engine);
void engine_environment_read(Engine *engine);
void engine_environment_timer(Engine *engine, VrrpTime now);
/* Compares with the host's links and addresses, and steps the fsm where something is different. */
void engine_environment_update(Engine *engine, EngineInstance *instance, VrrpTime now);
/* Every instance on @interface. */
void engine_environment_update_all(Engine *engine, const char *interface, VrrpTime now);
void engine_environment_leave(Engine *engine, EngineInstance *instance);

/* engine-command.c */
void engine_commands(Engine *engine, VrrpTime now);
/* Gives back to control what is finished. */
void engine_reap(Engine *engine);
void engine_mark_gone(Engine *engine, EngineInstance *instance);

/* engine-receive.c */
int engine_receive_open(Engine *engine);
/* Reads until nothing is left or the budget is used up. Returns the time after the last read. */
VrrpTime engine_receive_drain(Engine *engine, bool all);
void engine_receive_strays(Engine *engine, VrrpTime now);

/* engine-send.c */
int engine_send_open(Engine *engine);
void engine_send_advert(Engine *engine, EngineInstance *instance, uint8_t priority, VrrpTime now);
void engine_send_announcements(Engine *engine, EngineInstance *instance, uint8_t round,
			       VrrpTime now);
void engine_send_flush(Engine *engine, VrrpTime now);

/* Notes for the log (engine-action.c). */
void engine_note_instance(Engine *engine, const EngineInstance *instance, NoteType type,
			  const VrrpAddress *address, int error, VrrpTime now);
