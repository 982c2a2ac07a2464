/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The bus speaks in fixed words and in microseconds; these turn them into English. Results that are
 * not const are freed by the caller. */

#include <glib.h>

/* Half a sentence for a reason of a transition; the word itself where a newer daemon knows more
 * reasons. */
const char *ctl_words_reason(const char *reason);
/* A sentence that says what to do about a fault; NULL where a newer daemon knows more faults. */
const char *ctl_words_fault(const char *fault);
/* "IPv4" for "ipv4" */
const char *ctl_words_family(const char *family);

/* "Tue 2026-11-24 11:19:44 UTC", of microseconds since 1970. */
char *ctl_words_date(guint64 realtime_usec);
/* "2026-11-24 11:19:44.123456" */
char *ctl_words_timestamp(guint64 realtime_usec);
/* "3min 5s ago", two units at most; "just now" */
char *ctl_words_ago(guint64 realtime_usec, guint64 now_usec);
/* "12.594s", "250ms": a span for people, to the millisecond, or to the microsecond below that. */
char *ctl_words_span(guint64 usec);

/* The text with '?' in the place of control characters: what comes from a file must not steer a
 * terminal. */
char *ctl_words_printable(const char *text);

/* The word of @words (ending with NULL) that is spelled most like @word; NULL where none is near.
 */
const char *ctl_words_nearest(const char *const *words, const char *word);
