/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The connection to the daemon: on this host, in a container, or on another host. Nearly all verbs
 * have nothing else to do while they wait, so calls are synchronous.
 */

#include "ctl.h"

/* A method of org.vrrpd1, and what is said about it when it fails. */
typedef struct CtlCall {
	const char *path;
	const char *interface;
	const char *member;
	const char *doing;  /* behind "Failed to" */
	const char *action; /* the polkit action that it needs; NULL: none */
} CtlCall;

/* Connects to --host= or --machine=, else to DBUS_SYSTEM_BUS_ADDRESS or the system bus. Returns 0
 * or negative errno; silent. */
int ctl_bus_open(Ctl *ctl);
/* Closes it; a call opens it again. */
void ctl_bus_close(Ctl *ctl);

/* Calls without a word on stderr: 0 and the reply, or negative errno and @error. Calls with an
 * action wait longer, since a person may have to type a password. @ret_reply may be NULL. */
int ctl_bus_try(Ctl *ctl, const CtlCall *call, sd_bus_error *error, sd_bus_message **ret_reply,
		const char *types, ...);
/* The same, but opens the bus where it is not, and explains an error on stderr. */
int ctl_bus_call(Ctl *ctl, const CtlCall *call, sd_bus_message **ret_reply, const char *types, ...);

/* Appends arguments to a call; returns 0 or negative errno. */
typedef int (*CtlBusAppend)(sd_bus_message *message, const void *data);
/* The same as ctl_bus_call(), with arguments that @append appends. They may be secret: the message
 * is wiped. */
int ctl_bus_call_with(Ctl *ctl, const CtlCall *call, sd_bus_message **ret_reply,
		      CtlBusAppend append, const void *data);

/* "Failed to ...: ..." and what to do about it. */
void ctl_bus_explain(const Ctl *ctl, const CtlCall *call, const sd_bus_error *error, int r);
/* What ctl_bus_try() returned says that nobody owns the name. */
gboolean ctl_bus_is_absent(const sd_bus_error *error);
/* A reply that could not be read. Returns CTL_FAILED. */
CtlExit ctl_bus_bad_reply(const char *member, int r);

/* Where the instance is; the caller frees the path. Explains an error on stderr. */
int ctl_bus_find_instance(Ctl *ctl, const char *name, const char *doing, char **ret_path);
/* The same without a word on stderr. */
int ctl_bus_try_find(Ctl *ctl, const char *name, sd_bus_error *error, char **ret_path);
/* The property State of the instance at @path. Silent. The caller frees it. */
int ctl_bus_try_state(Ctl *ctl, const char *path, sd_bus_error *error, char **ret_state);
