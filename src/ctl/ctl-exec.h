/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Runs a command for each state of each instance, for monitor --exec=: one at a time for each
 * instance, the latest state always, in the order in which the states came.
 */

#include "ctl.h"

/* A state, as the daemon told it. */
typedef struct CtlTransition {
	const char *name, *state;
	const char *old; /* the state before; NULL: this is no transition, but how things are */
	const char *reason;
	guint64 number;
	guint64 missed; /* transitions that were not seen before this one */
} CtlTransition;

typedef struct CtlExec CtlExec;

/* Splits @command into words. NULL, and says why on stderr, where it cannot be run. */
CtlExec *ctl_exec_new(const char *command);
void ctl_exec_free(CtlExec *exec); /* accepts NULL; what runs is left to finish */
/* Runs the command, now or when those before it are done. */
void ctl_exec_add(CtlExec *exec, const CtlTransition *transition);
/* The instance has gone: what waits for it is dropped. */
void ctl_exec_forget(CtlExec *exec, const char *name);
/* Appends a struct pollfd for each command that runs. */
void ctl_exec_prepare(const CtlExec *exec, GArray *descriptors);
/* Looks which commands have ended, and starts those that wait. */
void ctl_exec_dispatch(CtlExec *exec);
