/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * A host with the netlink thread on it, for C tests: jobs in the engine's place, and what the
 * kernel has to show for it. Failures end the test.
 */

#include <glib.h>
#include <net/if.h>
#include <string.h>

#include "netlink/netlink.h"

#define DONE_MSEC 20000
#define VIP       "192.168.120.3"
#define VIP_LINE  "inet 192.168.120.3/21 brd 192.168.127.255 scope global "

typedef struct Fixture {
	Exchange exchange;
	Netlink *netlink;
} Fixture;

/* The thread, in the caller's namespace. */
void fixture_start(Fixture *f);
void fixture_stop(Fixture *f);
/* A fresh namespace with 192.168.120.1/21 on eno1, and the thread. */
void fixture_set_up(Fixture *f, gconstpointer unused);
void fixture_tear_down(Fixture *f, gconstpointer unused);

VrrpAddress ip(const char *text);
VrrpInterfaceAddress plain(const char *text, uint8_t prefix_length);
/* 192.168.120.3/21 as the seed's node has it: broadcast, device, label. */
VrrpInterfaceAddress seed_address(void);
InstanceConfig *config_new(size_t count, const VrrpInterfaceAddress *addresses);
/* An instance is known by its address only; @number is below 16. */
EngineInstance *instance(unsigned number);

/* Each pushes a job and waits for its completion, whose error is returned. */
int run_job(Fixture *f, const NetlinkJob *job);
int apply(Fixture *f, unsigned number, const InstanceConfig *config, VrrpAddresses wanted);
int replace(Fixture *f, unsigned number, const InstanceConfig *config,
	    const InstanceConfig *previous);
int flush(Fixture *f);

/* IPv4, one a line. */
char *addresses_of(const char *interface);
unsigned count_addresses(const char *interface);
/* How many addresses carry our IFA_PROTO; iproute2 of Debian 12 does not show it. */
unsigned count_tagged(const char *interface);

#define assert_shows(interface, text)                                                  \
	G_STMT_START                                                                   \
	{                                                                              \
		g_autofree char *shown_ = addresses_of(interface);                     \
		if (!strstr(shown_, text))                                             \
			g_error("%s does not have '%s': %s", interface, text, shown_); \
	}                                                                              \
	G_STMT_END

#define assert_lacks(interface, text)                                        \
	G_STMT_START                                                         \
	{                                                                    \
		g_autofree char *shown_ = addresses_of(interface);           \
		if (strstr(shown_, text))                                    \
			g_error("%s has '%s': %s", interface, text, shown_); \
	}                                                                    \
	G_STMT_END

/* The order of what happened to addresses, as "+eno1 -lo ...". */
typedef struct Trace {
	int fd;
	GString *text;
} Trace;

void trace_init(Trace *trace);
void trace_deinit(Trace *trace);
/* What happened since the last call. */
const char *trace_take(Trace *trace);
