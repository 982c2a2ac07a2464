/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What stdout is: colours, the pager, and which characters it can show. On anything but a terminal
 * the output is plain.
 */

#include "ctl.h"

typedef enum CtlColor {
	CTL_COLOR_NONE,
	CTL_COLOR_BOLD,
	CTL_COLOR_GREY,
	CTL_COLOR_GREEN,
	CTL_COLOR_YELLOW,
	CTL_COLOR_RED,
} CtlColor;

/* Looks at stdout and at SYSTEMD_COLORS, NO_COLOR, TERM and the locale. Once, first of all. */
void ctl_terminal_init(void);
gboolean ctl_terminal_is_terminal(void);

/* The escape sequence that begins a colour, and the one that ends it; "" where there are no
 * colours. */
const char *ctl_terminal_color(CtlColor color);
const char *ctl_terminal_reset(CtlColor color);
/* The dot in front of an instance. */
const char *ctl_terminal_dot(void);

/* Sends stdout through $SYSTEMD_PAGER, $PAGER or less, where it is a terminal and @ctl allows it.
 */
void ctl_terminal_page(const Ctl *ctl);
/* Flushes stdout and waits until the pager ends. Returns FALSE where stdout could not be written.
 */
gboolean ctl_terminal_finish(void);
