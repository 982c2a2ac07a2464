/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdint.h>

#include "core/vrrp-time.h"

/* When a packet came, on our clock: @stamp_nsec is the kernel's stamp and @real_nsec the time now,
 * both CLOCK_REALTIME; @now is the same moment on our clock. Never later than @now, and @now itself
 * where the stamp cannot be believed. */
VrrpTime engine_stamp_time(int64_t stamp_nsec, int64_t real_nsec, VrrpTime now);
