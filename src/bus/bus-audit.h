/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <systemd/sd-bus.h>

/* Tells the journal who called the method of @request, which is authorized and about to be carried
 * out. Returns at once: the message bus is asked who the sender is, and the line comes with its
 * answer. */
void bus_audit(sd_bus_message *request);
