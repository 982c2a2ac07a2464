/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A host for tests of the engine: the real engine and netlink threads, with the test in control's
 * place. And a wire: what is seen and said at the other end of the veth pair of a Neighbour.
 */

#include <glib.h>

#include "core/vrrp-auth.h"
#include "engine/engine.h"
#include "namespace.h"
#include "netlink/netlink.h"

#define HOST_WAIT_SEC 20 /* for what must come; a sanitizer on a busy machine is slow */

typedef struct Host {
	Exchange exchange;
	Engine *engine;
	Netlink *netlink;
	GHashTable *routers; /* guint64 * -> Router * */
	guint64 last_id;
	bool started;
	bool stopped;
	guint notes[NOTE_OVERRUN + 1];
	Note last_note[NOTE_OVERRUN + 1]; /* by type */
} Host;

typedef struct Router {
	guint64 id;
	EngineInstance *instance;
	InstanceConfig *config; /* the last one that was given to the engine */
	guint replaced;
	guint returned; /* CONFIG_RETURNED */
	bool removed;
	bool gone; /* the instance is freed */
	guint reserves;
	guint32 reserved;
	guint failovers;
	int failover_error;
	InstanceStatus status; /* of the last transition or dirty mark */
	GArray *reasons;       /* guint8: VrrpReason of each transition, in order */
} Router;

/* Starts the threads in the caller's network namespace, and waits until the engine says so. */
void host_init(Host *host);
/* Stops, waits for the end, and frees everything. */
void host_deinit(Host *host);
/* Handles what the engine has said, waiting for it at most @msec. */
void host_pump(Host *host, int msec);

/* Pumps until @condition, which must come. */
#define HOST_WAIT(host, condition)                                                                \
	G_STMT_START                                                                              \
	{                                                                                         \
		gint64 end_ = g_get_monotonic_time() + HOST_WAIT_SEC * G_USEC_PER_SEC;            \
		while (!(condition)) {                                                            \
			if (g_get_monotonic_time() > end_)                                        \
				g_error("%s:%d: never came: %s", __FILE__, __LINE__, #condition); \
			host_pump(host, 20);                                                      \
		}                                                                                 \
	}                                                                                         \
	G_STMT_END

/* A config with version 3, priority 100, 100 ms, on eno1; fill in and give to router_new. */
/* Addresses of the first one's family, or of either behind it. */
InstanceConfig *host_config(guint8 vrid, guint address_count, ...);
VrrpAddress host_address(const char *text);

Router *router_new(Host *host, InstanceConfig *config);
void router_replace(Host *host, Router *router, InstanceConfig *config);
void router_remove(Host *host, Router *router);
void router_failover(Host *host, Router *router);
void router_announce(Host *host, Router *router);
/* From the slot, as anybody may read it at any time. */
InstanceStatus router_status(const Router *router);
guint64 router_counter(const Router *router, InstanceCounter counter);
guint64 router_rejects(const Router *router, VrrpReject reject);
/* The engine's thread id. */
int host_engine_thread(void);
/* Whether the kernel shows @address on @interface. */
bool host_holds(const char *interface, const char *address);

/* --- The wire -------------------------------------------------------------------------------- */

typedef struct Wire {
	int in;  /* packets of any kind that arrive at lan0 */
	int out; /* IP packets, header included */
	int index;
	guint8 target[6];       /* eno1's, for unicast */
	guint adverts;          /* seen so far */
	guint announcements[3]; /* ARP by operation */
	guint advertisements;   /* unsolicited neighbour advertisements */
	guint8 neighbour_flags; /* of the last one */
	VrrpPacket advert;      /* the last one; its pointers point into @packet */
	guint8 packet[VRRP_PACKET_MAX];
	size_t packet_size;
	VrrpAddress announced; /* the last one */
} Wire;

void wire_init(Wire *wire, const Neighbour *neighbour);
void wire_deinit(Wire *wire);
void wire_find_target(Wire *wire);
/* Takes in what has arrived. */
void wire_read(Wire *wire);
/* Sends what @content says, from the neighbour. */
void wire_send(Wire *wire, const VrrpPacketContent *content);
void wire_send_raw(Wire *wire, const void *packet, size_t size, VrrpAddress destination);
/* An advert as a second router with the same settings would send it, from 192.168.120.9 or
 * fe80::9. */
VrrpPacketContent wire_content(const InstanceConfig *config, guint8 priority,
			       VrrpAddress *addresses);
void wire_advert(Wire *wire, const InstanceConfig *config, guint8 priority);
