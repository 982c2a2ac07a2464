/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A value from the bus as one line of text, as in a settings file. */

#include "ctl.h"

/* Appends the next complete value of @message: yes or no for a boolean, ';' between the elements of
 * a list, a space between the fields of a struct, what a variant holds. Control characters become
 * '?'. Returns 0 or negative errno. */
int ctl_value_append(GString *text, sd_bus_message *message);
