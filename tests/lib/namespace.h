/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Network namespaces for C tests: the test process moves into a fresh one, and a second one lies
 * behind a veth pair. All of it vanishes with the process. Failures end the test.
 */

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>
#include <sys/types.h>

/* Exits 77 with a reason on stderr where the process may not make namespaces. */
void namespace_require(void);

/* Moves the calling thread into a fresh namespace with lo up. */
void namespace_enter_fresh(void);

/* Runs a command line in the caller's namespace, or behind the veth pair; it must succeed. Returns
 * what it printed. */
char *namespace_run(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* ... and forgets what it printed. */
void namespace_do(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* /proc/sys/net/ipv4/conf/INTERFACE/NAME */
unsigned namespace_get_conf(const char *interface, const char *name);
void namespace_set_conf(const char *interface, const char *name, unsigned value);

/* A neighbour: a namespace of its own with `lan0`, 192.168.120.9/21, joined to the caller's `eno1`,
 * which is made too. */
typedef struct Neighbour {
	pid_t pid; /* keeps the namespace */
	int netns;
	int arp; /* an AF_PACKET socket for ARP on lan0 */
	unsigned char mac[6];
} Neighbour;

void neighbour_init(Neighbour *neighbour);
void neighbour_deinit(Neighbour *neighbour);
void neighbour_do(const Neighbour *neighbour, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* Asks by ARP for @address, and then for @control, which must be answered. Returns whether @address
 * was answered before that: answers come in the order of the questions. */
bool neighbour_arp(Neighbour *neighbour, const char *address, const char *control);
/* Sends one ICMP echo request to @address. Returns whether it was answered within @wait_msec. */
bool neighbour_ping(const Neighbour *neighbour, const char *address, int wait_msec);
