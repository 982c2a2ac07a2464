/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What happened as a ladder: a column of seconds since the start, a lane for each router, an arrow
 * for each advert at the moment it leaves. An arrow ends in ">" or "<" at each router that it
 * reaches and in "x" where it is lost; routers that an arrow passes see it as well if there is a
 * head in front of their lane. Adverts that repeat are counted, not shown. A trace must be the same
 * on every machine: nothing but the simulator's own clock and chance may appear in it.
 */

#include <stdarg.h>
#include <string.h>

#include "sim.h"

enum {
	FIRST_LANE = 13,
	LANE_WIDTH = 30,
};

static int column(int router)
{
	return FIRST_LANE + router * LANE_WIDTH;
}

/* A line with nothing on it but the lanes. */
static GString *line_new(const Sim *sim)
{
	GString *line = g_string_new(NULL);

	for (int i = 0; i < sim->router_count; i++)
		g_string_append_printf(line, "%*s|", column(i) - (int)line->len, "");
	return line;
}

static void append_time(Sim *sim)
{
	uint64_t usec = (sim->now.nsec - sim->start.nsec) / VRRP_NSEC_PER_USEC;

	g_string_append_printf(sim->trace, "%5" G_GUINT64_FORMAT ".%06u", usec / 1000000,
			       (unsigned)(usec % 1000000));
}

static void end_repeat(Sim *sim)
{
	if (!sim->repeat)
		return;
	if (sim->repeated > 0) {
		g_autoptr(GString) line = line_new(sim);

		g_string_append_printf(sim->trace, "         ...%s  %u more\n", line->str + 12,
				       sim->repeated);
	}
	g_string_free(sim->repeat, TRUE);
	sim->repeat = NULL;
	sim->repeated = 0;
}

static void put(GString *line, int at, const char *text)
{
	while ((int)line->len < at + (int)strlen(text))
		g_string_append_c(line, ' ');
	memcpy(line->str + at, text, strlen(text));
}

void sim_trace_event(Sim *sim, int router, const char *format, ...)
{
	g_autoptr(GString) line = NULL;
	g_autofree char *text = NULL;
	va_list arguments;

	if (!sim->trace)
		return;
	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	end_repeat(sim);
	line = line_new(sim);
	put(line, column(router) + 2, text);
	append_time(sim);
	g_string_append_printf(sim->trace, "%s\n", line->str + 12);
}

void sim_trace_action(Sim *sim, int router, const VrrpAction *action)
{
	static const char *const wanted[] = { "wants: absent", "wants: present", "wants: silent" };

	if (!sim->trace)
		return;
	switch (action->type) {
	case VRRP_ACTION_SEND_ADVERT:
		break;
	case VRRP_ACTION_ADDRESSES:
		sim_trace_event(sim, router, "%s", wanted[action->addresses]);
		break;
	case VRRP_ACTION_ANNOUNCE:
		sim_trace_event(sim, router, "announces");
		break;
	case VRRP_ACTION_TRANSITION:
		sim_trace_event(sim, router, "=> %s: %s",
				vrrp_state_to_string(action->transition.state),
				vrrp_reason_to_string(action->transition.reason));
		break;
	case VRRP_ACTION_FAILOVER_DONE:
		sim_trace_event(sim, router, "failover: %s", action->error ? "nobody" : "done");
		break;
	case VRRP_ACTION_CONFLICT:
		if (!action->conflict.yielded) /* the transition says that */
			sim_trace_event(sim, router, "conflict with %c",
					'A' + sim_last_byte(&action->conflict.peer) - 1);
		break;
	case VRRP_ACTION_RELEASED:
		sim_trace_event(sim, router, "gone");
		break;
	}
}

/* From the sender's lane outwards in one direction (@way 1 or -1). */
static void draw_arrow(const Sim *sim, GString *line, int router, int way, const char *label,
		       const char *reach)
{
	int last = router, at;

	for (int i = router; i >= 0 && i < sim->router_count; i += way)
		if (reach[i] == '>' || reach[i] == 'x')
			last = i;
	if (last == router)
		return;
	for (int c = column(router) + way; c != column(last); c += way)
		if (line->str[c] != '|')
			line->str[c] = '-';
	for (int i = router + way; i != last + way; i += way) {
		char head = reach[i] == 'x' ? 'x' : way > 0 ? '>' : '<';

		if (reach[i] != ' ')
			line->str[column(i) - way] = head;
	}
	at = way > 0 ? column(router) + 6
		     : column(router - 1) + LANE_WIDTH - 6 - (int)strlen(label);
	line->str[at - 1] = ' ';
	memcpy(line->str + at, label, strlen(label));
	line->str[at + (int)strlen(label)] = ' ';
}

void sim_trace_advert(Sim *sim, int router, const char *label, const char *reach)
{
	g_autoptr(GString) line = NULL;

	if (!sim->trace)
		return;
	line = line_new(sim);
	line->str[column(router)] = 'o';
	draw_arrow(sim, line, router, 1, label, reach);
	draw_arrow(sim, line, router, -1, label, reach);
	if (sim->router_count == 1)
		put(line, column(router) + 6, label);
	if (sim->repeat && g_string_equal(sim->repeat, line)) {
		sim->repeated++;
		return;
	}
	end_repeat(sim);
	sim->repeat = g_string_new(line->str);
	append_time(sim);
	g_string_append_printf(sim->trace, "%s\n", line->str + 12);
}

char *sim_trace_text(Sim *sim)
{
	g_autoptr(GString) head = g_string_new("     seconds");

	end_repeat(sim);
	for (int i = 0; i < sim->router_count; i++) {
		g_autofree char *name =
			g_strdup_printf("%c %u", 'A' + i, sim->routers[i].first_priority);

		put(head, column(i), name);
	}
	return g_strdup_printf("%s\n%s", head->str, sim->trace->str);
}
