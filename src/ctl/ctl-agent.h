/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "ctl.h"

/* Starts polkit's agent for text terminals, so that polkit can ask for a password: where stdin is a
 * terminal, the caller is not root, vrrpd is on this host, and @ctl allows questions. Without an
 * agent the call that follows is simply refused. */
void ctl_agent_open(const Ctl *ctl);
/* Ends it; harmless where there is none. */
void ctl_agent_close(void);
