/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Typed parsers for the values of settings in file syntax, and the way back. Every parser takes a
 * string, returns TRUE and sets ret_*, or returns FALSE, leaves ret_* alone and sets @ret_why
 * (newly allocated, the caller frees it): half a sentence that says what would be valid, to be put
 * behind "KEY=VALUE: ". The value itself is never in it, since it may be a secret. Space around a
 * value does not matter.
 */

#include <glib.h>

#include "core/vrrp-address.h"

#define VALUE_ADVERT_ADDRESSES_MAX 255 /* the count is one byte on the wire */
#define VALUE_PEERS_MAX            32  /* as INSTANCE_PEERS_MAX of the engine; a test compares */

/* yes, no, true, false, on, off, 1, 0, y, n, t, f, in any case: as systemd. */
gboolean value_parse_boolean(const char *text, gboolean *ret_value, char **ret_why);

/* A decimal number from @minimum to @maximum. */
gboolean value_parse_byte(const char *text, guint8 minimum, guint8 maximum, guint8 *ret_value,
			  char **ret_why);

/* A time span as in systemd.time(7): "4s", "250ms", "1min 30s", "1.5s"; a bare number is in
 * seconds. Units from us to d. What is not a whole number of microseconds is refused. */
gboolean value_parse_timespan(const char *text, guint64 *ret_usec, char **ret_why);
/* The shortest exact form, which value_parse_timespan reads back: "4s", "40s 950ms", "0". The
 * caller frees it. */
char *value_format_timespan(guint64 usec);

/* Can the wire carry this Advertisement_Interval? Version 2: whole seconds, 1 to 255 (RFC
 * 3768 5.3.7); version 3: 10 ms to 40.95 s in steps of 10 ms (RFC 9568 5.2.7). Nothing is rounded.
 */
gboolean value_check_interval(guint8 version, guint64 usec, char **ret_why);

/* A network interface's name by the kernel's rules: 1 to 15 bytes, no '/', ':' or white space,
 * neither "." nor "..". */
gboolean value_parse_interface(const char *text, char ret_name[VRRP_INTERFACE_NAME_SIZE],
			       char **ret_why);

/* The items of a ';'-separated list, without the space around them; "\;" is a ';' in an item. Empty
 * items are left out, so that a list may end with ';'. The caller frees it with g_strfreev. */
GStrv value_split_list(const char *text);

/* One unicast address of either family; refuses what cannot belong to a host. */
gboolean value_parse_address(const char *text, VrrpAddress *ret_address, char **ret_why);
/* One multicast group of either family. */
gboolean value_parse_group(const char *text, VrrpAddress *ret_address, char **ret_why);
char *value_format_address(const VrrpAddress *address); /* "" for family 0; the caller frees it */

/* An address as for `ip address add`: ADDR[/LEN] [brd A|+|-] [dev IF] [label L] [scope S] [peer
 * A[/LEN]] [home] [nodad] [preferred_lft N|forever] [noprefixroute]. Without LEN it is a host
 * address. For IPv6 there is neither brd nor label, and scope is left out of the result. */
gboolean value_parse_interface_address(const char *text, VrrpInterfaceAddress *ret_address,
				       char **ret_why);
/* In one fixed order of words, so equal addresses give equal strings. The caller frees it. */
char *value_format_interface_address(const VrrpInterfaceAddress *address);

/* @text for a message: one line, valid UTF-8, control characters as escapes, at most @length
 * characters. The caller frees it. */
char *value_show(const char *text, guint length);

/* Does the label begin with the name of the device that the address goes to (its own, else
 * @interface)? An address without a label passes. */
gboolean value_check_label(const VrrpInterfaceAddress *address, const char *interface,
			   char **ret_why);
