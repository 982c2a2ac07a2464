/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Words for people. Programs read the bus or --json, so these texts may change at any time; but
 * every reason and every fault that the core knows has one here, and the compiler says when one is
 * missing.
 */

#include <string.h>

#include "core/vrrp-types.h"
#include "ctl-words.h"

static const char *reason_text(VrrpReason reason)
{
	switch (reason) {
	case VRRP_REASON_NONE:
		return "it has not taken part yet";
	case VRRP_REASON_STARTUP:
		return "it began to take part";
	case VRRP_REASON_OWNER:
		return "it owns the address: its priority is 255";
	case VRRP_REASON_NO_RESPONSE:
		return "no master was heard any more";
	case VRRP_REASON_PRIORITY:
		return "its priority is higher than the former master's";
	case VRRP_REASON_PRIORITY_ZERO:
		return "the former master said goodbye";
	case VRRP_REASON_RESUMED:
		return "it went on where it was before a restart";
	case VRRP_REASON_HIGHER_PRIORITY:
		return "the new master's priority is higher";
	case VRRP_REASON_ADDRESS_ORDER:
		return "the new master has the same priority and a higher address";
	case VRRP_REASON_NO_PREEMPT:
		return "it came late, and Preempt=no lets the other one stay";
	case VRRP_REASON_FAILOVER:
		return "somebody asked for a failover";
	case VRRP_REASON_HOLD:
		return "a program holds it back";
	case VRRP_REASON_DISABLED:
		return "it was disabled";
	case VRRP_REASON_INTERFACE_DOWN:
		return "the interface went down";
	case VRRP_REASON_INTERFACE_MISSING:
		return "the interface vanished";
	case VRRP_REASON_NO_SOURCE_ADDRESS:
		return "the interface lost its own address";
	case VRRP_REASON_AUTHENTICATION:
		return "the numbers of its authentication are used up";
	case VRRP_REASON_ADDRESS_LOST:
		return "a virtual address was lost again and again";
	case VRRP_REASON_TRACKING:
		return "something that it tracks is down";
	case VRRP_REASON_SYNC_GROUP:
		return "its group went with another instance";
	case VRRP_REASON_SETTINGS:
		return "its settings were changed";
	case VRRP_REASON_SHUTDOWN:
		return "vrrpd stopped";
	case _VRRP_REASON_MAX:
		break;
	}
	return NULL;
}

const char *ctl_words_reason(const char *reason)
{
	for (unsigned i = 0; i < _VRRP_REASON_MAX; i++)
		if (g_str_equal(vrrp_reason_to_string(i), reason))
			return reason_text(i);
	return reason;
}

static const char *fault_text(VrrpFault fault)
{
	switch (fault) {
	case VRRP_FAULT_INTERFACE_MISSING:
		return "There is no such interface. Compare Interface= with \"ip link\"; the "
		       "instance starts when it appears.";
	case VRRP_FAULT_INTERFACE_DOWN:
		return "The interface is down or has no carrier. Check the cable, the switch port, "
		       "and \"ip link set IF up\".";
	case VRRP_FAULT_NO_SOURCE_ADDRESS:
		return "The interface has no address of its own; the virtual ones do not count. "
		       "Give "
		       "it one, or set SourceAddress=.";
	case VRRP_FAULT_ADDRESS:
		return "The kernel refused a virtual address. \"journalctl -u vrrpd\" has its "
		       "words.";
	case VRRP_FAULT_AUTH_NUMBER:
		return "The numbers of its authentication are used up. Change the key on all "
		       "routers, "
		       "see vrrpd(8).";
	case VRRP_FAULT_PEER_TTL:
		return "A peer's packets come over more routers than UnicastMinTtl= allows and are "
		       "dropped.";
	case VRRP_FAULT_DELAY:
		return "StartupDelay= or LinkUpDelay= is not over yet; it takes part then by "
		       "itself.";
	case VRRP_FAULT_FILTER:
		return "AcceptMode=no needs nftables, and the kernel refused them: what is sent to "
		       "the addresses is not dropped. \"journalctl -u vrrpd\" has its words.";
	case VRRP_FAULT_ADDRESS_LOST:
		return "Another program deleted a virtual address again and again. Find it; the "
		       "router tries again after a minute.";
	}
	return NULL;
}

const char *ctl_words_fault(const char *fault)
{
	static const VrrpFault faults[] = {
#define X(id, bit, text) id,
		VRRP_FAULTS(X)
#undef X
	};

	for (guint i = 0; i < G_N_ELEMENTS(faults); i++)
		if (g_str_equal(vrrp_fault_to_string(faults[i]), fault))
			return fault_text(faults[i]);
	return NULL;
}

const char *ctl_words_family(const char *family)
{
	return g_str_equal(family, "ipv4") ? "IPv4" : g_str_equal(family, "ipv6") ? "IPv6" : family;
}

static char *format_time(guint64 realtime_usec, const char *format)
{
	g_autoptr(GDateTime) utc =
		g_date_time_new_from_unix_utc((gint64)(realtime_usec / G_USEC_PER_SEC));
	g_autoptr(GDateTime) local = utc ? g_date_time_to_local(utc) : NULL;

	return local ? g_date_time_format(local, format) : g_strdup("unknown");
}

char *ctl_words_date(guint64 realtime_usec)
{
	return format_time(realtime_usec, "%a %Y-%m-%d %H:%M:%S %Z");
}

char *ctl_words_timestamp(guint64 realtime_usec)
{
	g_autofree char *seconds = format_time(realtime_usec, "%Y-%m-%d %H:%M:%S");

	return g_strdup_printf("%s.%06u", seconds, (guint)(realtime_usec % G_USEC_PER_SEC));
}

char *ctl_words_ago(guint64 realtime_usec, guint64 now_usec)
{
	static const struct {
		guint64 seconds;
		const char *name;
	} units[] = { { 86400, "d" }, { 3600, "h" }, { 60, "min" }, { 1, "s" } };
	guint64 left = now_usec > realtime_usec ? (now_usec - realtime_usec) / G_USEC_PER_SEC : 0;
	g_autoptr(GString) text = g_string_new(NULL);

	for (guint i = 0, shown = 0; i < G_N_ELEMENTS(units) && shown < 2; i++) {
		guint64 count = left / units[i].seconds;

		left %= units[i].seconds;
		if (count == 0 && shown == 0)
			continue;
		shown++;
		if (count > 0)
			g_string_append_printf(text, "%" G_GUINT64_FORMAT "%s ", count,
					       units[i].name);
	}
	return text->len > 0 ? g_strdup_printf("%sago", text->str) : g_strdup("just now");
}

/* @value thousandths of @unit, without zeros at the end */
static char *format_thousandths(guint64 value, const char *unit)
{
	g_autofree char *text =
		g_strdup_printf("%" G_GUINT64_FORMAT ".%03u", value / 1000, (guint)(value % 1000));
	gsize length = strlen(text);

	while (text[length - 1] == '0')
		length--;
	if (text[length - 1] == '.')
		length--;
	text[length] = '\0';
	return g_strconcat(text, unit, NULL);
}

char *ctl_words_span(guint64 usec)
{
	return usec >= G_USEC_PER_SEC ? format_thousandths((usec + 500) / 1000, "s")
				      : format_thousandths(usec, "ms");
}

char *ctl_words_printable(const char *text)
{
	char *copy = g_utf8_make_valid(text, -1);

	for (char *c = copy; *c; c = g_utf8_next_char(c))
		if (g_ascii_iscntrl(*c))
			*c = '?';
		else if ((guchar)c[0] == 0xc2 && (guchar)c[1] < 0xa0) /* U+0080 to U+009F */
			c[0] = c[1] = '?';
	return copy;
}

/* Levenshtein's distance, case ignored; @row has room for one more than @b has letters. */
static guint distance(const char *a, const char *b, guint *row)
{
	gsize length = strlen(b);

	for (guint j = 0; j <= length; j++)
		row[j] = j;
	for (guint i = 1; a[i - 1]; i++) {
		guint diagonal = row[0];

		row[0] = i;
		for (guint j = 1; j <= length; j++) {
			guint above = row[j], same = diagonal;

			same += g_ascii_tolower(a[i - 1]) != g_ascii_tolower(b[j - 1]);
			row[j] = MIN(same, MIN(above, row[j - 1]) + 1);
			diagonal = above;
		}
	}
	return row[length];
}

const char *ctl_words_nearest(const char *const *words, const char *word)
{
	guint least = 2 + (guint)strlen(word) / 4;
	const char *nearest = NULL;

	for (; *words; words++) {
		g_autofree guint *row = g_new(guint, strlen(*words) + 1);
		guint d = g_str_has_prefix(*words, word) ? 1 : distance(word, *words, row);

		if (*word && d < least) {
			least = d;
			nearest = *words;
		}
	}
	return nearest;
}
