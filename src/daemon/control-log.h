/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * One function for each kind of event that the log tells, each with its MESSAGE_ID and fields
 * (core/vrrp-journal.h). Called by the control thread only. Nothing is kept of the arguments.
 */

#include "control.h"

/* --- What the engine says --- */

/* The transition in @note; @model holds the status after it. */
void control_log_transition(const ModelInstance *model, const Note *note);
/* Another router is master. @model holds the status that says so. */
void control_log_master(const ModelInstance *model);
/* Any note but a transition. @model is NULL where the note belongs to no instance. */
void control_log_note(const ModelInstance *model, const Note *note);
/* @before: the fault bits until now. Says nothing where they are the same. For changes without a
 * transition: a transition carries the faults itself. */
void control_log_faults(const ModelInstance *model, guint32 before);
void control_log_notes_lost(guint64 count);
void control_log_number_unsaved(const ModelInstance *model, const char *why);

/* --- Settings --- */

void control_log_config_errors(const GPtrArray *errors); /* of ConfigError */
void control_log_reloaded(const ModelReloadResult *result);
void control_log_instance_added(const ModelInstance *model);
/* @before and @after: what it had and what it gets; secrets are named, not shown. Says nothing
 * where they are the same. */
void control_log_instance_changed(const ModelInstance *model, const Settings *before,
				  const Settings *after);
void control_log_instance_removed(const ModelInstance *model);
/* A change that was to be confirmed was not; the instance has its former settings again. */
void control_log_change_undone(const ModelInstance *model);
void control_log_not_started(const char *name, const char *why);

/* --- What operators do --- */

void control_log_hold_begun(const ModelInstance *model, const ModelHolder *holder);
/* @holder is not among the holders any more. */
void control_log_hold_ended(const ModelInstance *model, const ModelHolder *holder);
/* @priority 0: the override ended. */
void control_log_priority_set(const ModelInstance *model, guint8 priority);

/* --- The daemon --- */

void control_log_started(const Control *control);
void control_log_stopping(void);
void control_log_stopped(void);
/* @error: negative errno. @remedy is a sentence, or "". */
void control_log_start_failed(const char *what, int error, const char *remedy);
void control_log_engine_failed(int error);
