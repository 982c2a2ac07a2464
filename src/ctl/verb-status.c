/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * vrrpctl status: everything about an instance that helps somebody who was called at night. What is
 * wrong comes with a sentence on what to do; what is zero or as usual is left out. --json prints
 * what the daemon describes, unchanged.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/bus-names.h"
#include "ctl-instance.h"
#include "ctl-json.h"
#include "ctl-report.h"
#include "ctl-statistics.h"
#include "ctl-terminal.h"
#include "ctl-words.h"

#define LABEL_WIDTH 12
#define COUNTING    "read the counters"

/* --- One instance ---------------------------------------------------------------------------- */

static void print_colored(CtlColor color, const char *text)
{
	printf("%s%s%s", ctl_terminal_color(color), text, ctl_terminal_reset(color));
}

/* The next lines of one label have no label. */
static void print_label(const char *label)
{
	printf("%*s%s ", LABEL_WIDTH, label, *label ? ":" : " ");
}

static CtlColor state_color(const CtlInstance *instance)
{
	if (g_str_equal(instance->state, "master"))
		return CTL_COLOR_GREEN;
	if (g_str_equal(instance->state, "backup"))
		return CTL_COLOR_BOLD;
	return instance->enabled ? CTL_COLOR_RED : CTL_COLOR_GREY;
}

static void print_state(const CtlInstance *instance)
{
	g_autofree char *date = ctl_words_date(instance->state_since_usec);
	g_autofree char *ago =
		ctl_words_ago(instance->state_since_usec, (guint64)g_get_real_time());

	print_label("State");
	print_colored(state_color(instance), instance->state);
	if (!instance->enabled)
		print_colored(CTL_COLOR_GREY, " (disabled)");
	printf(" since %s; %s\n", date, ago);
	print_label("Reason");
	printf("%s: %s\n", instance->last_reason, ctl_words_reason(instance->last_reason));
	if (!instance->releasing)
		return;
	print_label("Releasing");
	print_colored(CTL_COLOR_YELLOW,
		      "the addresses answer here until the new master is heard\n");
}

static void print_faults(const CtlInstance *instance)
{
	for (guint i = 0; instance->faults[i]; i++) {
		const char *advice = ctl_words_fault(instance->faults[i]);

		print_label(i == 0 ? "Faults" : "");
		print_colored(CTL_COLOR_RED, instance->faults[i]);
		printf(": %s\n", advice ? advice : "See vrrpd(8).");
	}
}

static void print_router(const CtlInstance *instance)
{
	print_label("Interface");
	if (!*instance->interface)
		printf("none (unicast only)");
	else if (instance->interface_index > 0)
		printf("%s (index %d)", instance->interface, instance->interface_index);
	else
		printf("%s", instance->interface);
	if (*instance->source_address)
		printf(", sends from %s", instance->source_address);
	putchar('\n');
	print_label("Router");
	printf("VRID %u, %s, VRRP version %u", instance->vrid, ctl_words_family(instance->family),
	       instance->version);
	if (*instance->authentication && !g_str_equal(instance->authentication, "none"))
		printf(", authentication %s", instance->authentication);
	putchar('\n');
	print_label("Priority");
	printf("%u", instance->priority);
	if (instance->effective_priority > 0 && instance->effective_priority != instance->priority)
		printf(", at present %u", instance->effective_priority);
	puts(instance->preempt ? "" : ", does not preempt");
}

static void print_master(const CtlInstance *instance)
{
	print_label("Master");
	if (g_str_equal(instance->state, "master")) {
		printf("this router\n");
	} else if (*instance->master_address) {
		printf("%s", instance->master_address);
		if (instance->master_priority > 0)
			printf(", priority %u", instance->master_priority);
		putchar('\n');
	} else {
		print_colored(CTL_COLOR_YELLOW, "none is known\n");
	}
}

static void print_timers(const CtlInstance *instance)
{
	g_autofree char *own = ctl_words_span(instance->interval_usec);
	g_autofree char *master = ctl_words_span(instance->master_interval_usec);
	g_autofree char *down = ctl_words_span(instance->master_down_usec);
	g_autofree char *skew = ctl_words_span(instance->skew_usec);

	print_label("Timers");
	printf("adverts every %s", own);
	if (instance->master_interval_usec > 0 &&
	    instance->master_interval_usec != instance->interval_usec)
		printf(" (the master's: %s)", master);
	if (instance->master_down_usec > 0 && g_str_equal(instance->state, "backup"))
		printf(", takes over after %s of silence (skew %s)", down, skew);
	putchar('\n');
}

static gboolean is_installed(const CtlInstance *instance, const char *address)
{
	return g_strv_contains((const char *const *)instance->installed_addresses, address);
}

/* A backup that has no address is as it should be; a master without is not. */
static void print_addresses(const CtlInstance *instance)
{
	gboolean expected = g_str_equal(instance->state, "master");

	for (guint i = 0; instance->virtual_addresses[i]; i++) {
		gboolean there = is_installed(instance, instance->virtual_addresses[i]);

		print_label(i == 0 ? "Addresses" : "");
		printf("%s ", instance->virtual_addresses[i]);
		print_colored(there == expected     ? CTL_COLOR_NONE
			      : instance->releasing ? CTL_COLOR_YELLOW
						    : CTL_COLOR_RED,
			      there ? "(installed)\n" : "(not installed)\n");
	}
}

static void print_peers(const CtlInstance *instance)
{
	for (guint i = 0; i < instance->peers->len; i++) {
		const CtlPeer *peer = instance->peers->pdata[i];
		g_autofree char *ago =
			ctl_words_ago(peer->last_heard_usec, (guint64)g_get_real_time());

		print_label(i == 0 ? "Peers" : "");
		if (peer->last_heard_usec == 0)
			printf("%s, not heard yet (only masters send)\n", peer->address);
		else
			printf("%s, priority %u, heard %s\n", peer->address, peer->priority, ago);
	}
	for (guint i = 0; instance->foreign_routers[i]; i++) {
		print_label(i == 0 ? "Foreign" : "");
		printf("%s\n", instance->foreign_routers[i]);
	}
}

static void print_statistics(const GArray *counters)
{
	guint shown = 0;

	for (guint i = 0; counters && i < counters->len; i++) {
		const CtlCounter *counter = &g_array_index(counters, CtlCounter, i);

		if (counter->value == 0)
			continue;
		print_label(shown++ == 0 ? "Statistics" : "");
		printf("%s %" G_GUINT64_FORMAT "\n", counter->name, counter->value);
	}
}

static void print_holders(const CtlInstance *instance)
{
	for (guint i = 0; i < instance->holders->len; i++) {
		const CtlHolder *holder = instance->holders->pdata[i];
		g_autofree char *reason = ctl_words_printable(holder->reason);
		g_autofree char *ago =
			ctl_words_ago(holder->since_usec, (guint64)g_get_real_time());

		print_label(i == 0 ? "Held" : "");
		print_colored(CTL_COLOR_YELLOW, reason);
		printf(" (%s), since %s\n", holder->sender, ago);
	}
}

static void print_file(const CtlInstance *instance)
{
	if (*instance->fragment_path || instance->unsaved) {
		print_label("File");
		fputs(*instance->fragment_path ? instance->fragment_path : "none", stdout);
		print_colored(CTL_COLOR_YELLOW, instance->unsaved
							? " (runs with other settings than there)\n"
							: "\n");
	}
}

static void print_instance(const CtlInstance *instance, const GArray *counters)
{
	g_autofree char *description = ctl_words_printable(instance->description);

	print_colored(state_color(instance), ctl_terminal_dot());
	putchar(' ');
	print_colored(CTL_COLOR_BOLD, instance->name);
	printf("%s%s\n", *description ? " - " : "", description);
	print_state(instance);
	print_faults(instance);
	print_holders(instance);
	print_router(instance);
	print_master(instance);
	print_timers(instance);
	print_addresses(instance);
	print_peers(instance);
	print_statistics(counters);
	print_file(instance);
}

/* --- The daemon ------------------------------------------------------------------------------ */

static void print_problems(const GPtrArray *problems)
{
	for (guint i = 0; i < problems->len; i++) {
		const CtlProblem *problem = problems->pdata[i];
		g_autofree char *line =
			problem->line > 0 ? g_strdup_printf(":%u", problem->line) : g_strdup("");
		g_autofree char *file = ctl_words_printable(problem->file);
		g_autofree char *text = ctl_words_printable(problem->text);

		print_label(i == 0 ? "Settings" : "");
		print_colored(CTL_COLOR_RED, problem->severity);
		printf(": %s%s: %s\n", file, line, text);
	}
}

static void print_engine(Ctl *ctl)
{
	uint64_t lateness = 0;
	int real_time = FALSE;
	g_autofree char *span = NULL;

	if (sd_bus_get_property_trivial(ctl->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER,
					"RealTime", NULL, 'b', &real_time) < 0 ||
	    sd_bus_get_property_trivial(ctl->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER,
					"MaxLateness", NULL, 't', &lateness) < 0)
		return;
	span = ctl_words_span(lateness);
	print_label("Engine");
	printf("%s real-time scheduling, at most %s late\n", real_time ? "with" : "without", span);
}

/* Errors of the settings belong to the picture: an instance may be missing from it because of one.
 */
static void print_manager(Ctl *ctl, const GPtrArray *instances)
{
	g_autoptr(sd_bus_message) reply = NULL;
	g_autoptr(GPtrArray) problems = NULL;
	char *version = NULL;
	guint masters = 0;

	for (guint i = 0; i < instances->len; i++)
		masters += g_str_equal(((CtlInstance *)instances->pdata[i])->state, "master");
	if (sd_bus_get_property_string(ctl->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER,
				       "Version", NULL, &version) >= 0)
		printf("vrrpd %s, ", version);
	free(version);
	printf("%u instance%s, %u of them master\n", instances->len, instances->len == 1 ? "" : "s",
	       masters);
	print_engine(ctl);
	if (sd_bus_get_property(ctl->bus, BUS_NAME, BUS_PATH, BUS_INTERFACE_MANAGER, "ConfigErrors",
				NULL, &reply, "a(sus)") >= 0 &&
	    ctl_problems_read(reply, &problems) >= 0)
		print_problems(problems);
}

/* --- JSON ------------------------------------------------------------------------------------ */

/* Appends what Describe() of @path returns. */
static int describe(Ctl *ctl, const char *path, const char *interface, GString *json)
{
	const CtlCall call = { path, interface, "Describe", "describe the state" };
	g_autoptr(sd_bus_message) reply = NULL;
	const char *text;
	int r = ctl_bus_call(ctl, &call, &reply, NULL);

	if (r < 0)
		return r;
	r = sd_bus_message_read(reply, "s", &text);
	if (r < 0)
		ctl_bus_bad_reply(call.member, r);
	else
		g_string_append(json, text);
	return r;
}

static CtlExit print_json(Ctl *ctl, char **patterns)
{
	g_autoptr(GString) json = g_string_new(NULL);
	g_autoptr(GPtrArray) instances = NULL;
	gboolean complete;

	if (!patterns[0]) {
		if (describe(ctl, BUS_PATH, BUS_INTERFACE_MANAGER, json) < 0)
			return CTL_FAILED;
		ctl_json_print(ctl, json->str);
		return CTL_OK;
	}
	if (ctl_instances_fetch(ctl, "list the instances", NULL, &instances) < 0)
		return CTL_FAILED;
	complete = ctl_instances_select(instances, patterns);
	ctl_json_open(json, '[');
	for (guint i = 0; i < instances->len; i++) {
		const CtlInstance *instance = instances->pdata[i];

		if (i > 0)
			g_string_append_c(json, ',');
		if (describe(ctl, instance->path, BUS_INTERFACE_INSTANCE, json) < 0)
			return CTL_FAILED;
	}
	ctl_json_close(json, ']');
	ctl_json_print(ctl, json->str);
	return complete ? CTL_OK : CTL_FAILED;
}

/* One question for all counters, unless only one instance is looked at. Returns NULL, and says why
 * on stderr, where they cannot be had: the rest is shown all the same. */
static GHashTable *fetch_counters(Ctl *ctl, const GPtrArray *instances)
{
	GHashTable *all = NULL;
	const CtlInstance *only;
	GArray *counters;

	if (instances->len > 1)
		return ctl_statistics_fetch(ctl, COUNTING, &all) < 0 ? NULL : all;
	if (instances->len == 0)
		return NULL;
	only = instances->pdata[0];
	if (ctl_statistics_fetch_one(ctl, only->path, COUNTING, &counters) < 0)
		return NULL;
	all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_array_unref);
	g_hash_table_insert(all, g_strdup(only->path), counters);
	return all;
}

CtlExit verb_status(Ctl *ctl, char **arguments)
{
	g_autoptr(GPtrArray) instances = NULL;
	g_autoptr(GHashTable) all = NULL;
	gboolean complete;

	if (ctl->json != CTL_JSON_OFF)
		return print_json(ctl, arguments);
	if (ctl_instances_fetch(ctl, "read the status", NULL, &instances) < 0)
		return CTL_FAILED;
	complete = ctl_instances_select(instances, arguments);
	all = fetch_counters(ctl, instances);
	ctl_terminal_page(ctl);
	if (!arguments[0] && ctl->legend)
		print_manager(ctl, instances);
	for (guint i = 0; i < instances->len; i++) {
		const CtlInstance *instance = instances->pdata[i];

		if (i > 0 || (!arguments[0] && ctl->legend))
			putchar('\n');
		print_instance(instance, all ? g_hash_table_lookup(all, instance->path) : NULL);
	}
	return complete ? CTL_OK : CTL_FAILED;
}
