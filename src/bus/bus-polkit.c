/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Asks polkit whether the sender of a method call may have it done, without ever waiting.
 *
 * A question holds the request until the answer comes; then the continuation starts from the
 * beginning with the request rewound, since meanwhile the object may have gone or changed. What is
 * stored besides are only copies of names. The subject is the sender's unique name on the bus,
 * which cannot be taken over by another process as a process id can.
 *
 * Where polkit is not installed, the bus is asked for the sender's user id: root may, nobody else.
 * An answer that does not come, or that cannot be read, is a no. The daemon's own user has no
 * rights.
 *
 * A survey is a question of another kind: what the sender may do, asked of polkit for one action
 * after the other, with no person being bothered. It ends in an answer in any case.
 *
 * The number of questions is bounded per sender and in all. The message bus lets nobody wait for
 * more than 128 replies (max_replies_per_connection), so only so many are with polkit at a time,
 * and the others wait in a queue. Dialogs, which can stay open for minutes, have a lane of their
 * own: first polkit is asked without bothering anybody, and only where that is not enough, and the
 * caller lets itself be asked, with a dialog. So nobody can keep others waiting by leaving dialogs
 * open.
 *
 * A sender that leaves the bus takes its questions with it. sd_bus_track is not used: it makes a
 * blocking call for each name.
 */

#include <errno.h>
#include <string.h>

#include "bus-audit.h"
#include "bus-error.h"
#include "bus-names.h"
#include "bus-polkit.h"

#define POLKIT_NAME      "org.freedesktop.PolicyKit1"
#define POLKIT_PATH      "/org/freedesktop/PolicyKit1/Authority"
#define POLKIT_INTERFACE "org.freedesktop.PolicyKit1.Authority"
#define POLKIT_INTERACT  1u /* AllowUserInteraction */

/* Before the caller's 25 s are over; a person who types a password has longer. */
#define ANSWER_USEC      (20 * G_USEC_PER_SEC)
#define INTERACTIVE_USEC (300 * G_USEC_PER_SEC)

typedef struct Sender {
	BusPolkit *polkit;
	char *name;
	guint count;
} Sender;

static const char *const surveyed[] = { BUS_ACTION_OPERATE, BUS_ACTION_CONFIGURE,
					BUS_ACTION_READ_SECRETS };

typedef enum Lane {
	LANE_QUIET,
	LANE_DIALOG,
	_LANE_MAX,
} Lane;

/* How many may be with polkit, and for how long one may wait there and in the queue. */
static const struct {
	guint asked_max;
	gint64 limit_usec;
} lanes[_LANE_MAX] = {
	[LANE_QUIET] = { 48, ANSWER_USEC },
	[LANE_DIALOG] = { 64, INTERACTIVE_USEC },
};

typedef struct Question {
	BusPolkit *polkit;
	Sender *sender;
	sd_bus_message *request;
	char *cancellation;
	BusPolkitQuestion q; /* owns its instance and interface; of a survey, allowed is NULL */
	const char *found[G_N_ELEMENTS(surveyed)]; /* of a survey */
	guint found_count;
	gboolean interactive; /* the caller lets itself be asked */
	Lane lane;
	gint64 expires_usec; /* monotonic */
	GList link;          /* in Lane's queue, where @waiting */
	gboolean waiting;
	gboolean asked; /* polkit has it */
	sd_bus_slot *answer;
} Question;

struct BusPolkit {
	GHashTable *questions; /* set of Question * */
	GHashTable *senders;   /* name -> Sender * */
	GQueue waiting[_LANE_MAX];
	guint asked[_LANE_MAX];
	sd_bus_slot *departures;
	guint64 last_id;
	void *userdata;
};

/* --- Bookkeeping ----------------------------------------------------------------------------- */

static void sender_free(Sender *sender)
{
	g_free(sender->name);
	g_free(sender);
}

/* It is neither with polkit nor in the queue any more. */
static void settle(Question *question)
{
	if (question->waiting)
		g_queue_unlink(&question->polkit->waiting[question->lane], &question->link);
	if (question->asked)
		question->polkit->asked[question->lane]--;
	question->waiting = question->asked = FALSE;
	question->answer = sd_bus_slot_unref(question->answer);
}

static void question_free(Question *question)
{
	Sender *sender = question->sender;

	settle(question);
	if (--sender->count == 0)
		g_hash_table_remove(sender->polkit->senders, sender->name);
	sd_bus_message_unref(question->request);
	g_free(question->cancellation);
	g_free((char *)question->q.instance);
	g_free((char *)question->q.interface);
	g_free(question);
}

/* Takes @question out of the table; the caller frees it. From here on nobody else can. */
static void take(Question *question)
{
	g_hash_table_steal(question->polkit->questions, question);
}

static void reply_error(Question *question, int r, sd_bus_error *error)
{
	/* The bus may be gone by now; then there is nobody to tell. */
	(void)sd_bus_reply_method_errno(question->request, r, error);
}

/* What was not found out is a no. */
static void end_survey(Question *question)
{
	sd_bus_message *reply = NULL;
	int r;

	r = sd_bus_message_new_method_return(question->request, &reply);
	if (r >= 0)
		r = sd_bus_message_open_container(reply, 'a', "{ss}");
	for (guint i = 0; r >= 0 && i < G_N_ELEMENTS(surveyed); i++)
		r = sd_bus_message_append(reply, "{ss}", surveyed[i],
					  i < question->found_count ? question->found[i] : "no");
	if (r >= 0)
		r = sd_bus_message_close_container(reply);
	if (r >= 0)
		r = sd_bus_message_send(reply);
	if (r < 0)
		reply_error(question, r, NULL);
	sd_bus_message_unref(reply);
	question_free(question);
}

static void refuse(Question *question, const char *name, const char *text)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	if (!question->q.allowed) {
		end_survey(question);
		return;
	}
	r = sd_bus_error_set(&error, name, text);
	reply_error(question, r, &error);
	sd_bus_error_free(&error);
	question_free(question);
}

static void allow(Question *question)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	int r;

	if (!question->q.allowed) {
		end_survey(question);
		return;
	}
	bus_audit(question->request);
	r = sd_bus_message_rewind(question->request, 1);
	if (r >= 0)
		r = question->q.allowed(question->request, question->polkit->userdata, &error);
	if (r < 0)
		reply_error(question, r, &error);
	sd_bus_error_free(&error);
	question_free(question);
}

/* Takes an authentication dialog off the screen, where there is one. Does not start a polkit that
 * is not running, and expects no answer. */
static void cancel(const Question *question)
{
	sd_bus *bus = sd_bus_message_get_bus(question->request);
	sd_bus_message *call = NULL;

	if (!question->asked)
		return;
	if (sd_bus_message_new_method_call(bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
					   "CancelCheckAuthorization") >= 0 &&
	    sd_bus_message_append(call, "s", question->cancellation) >= 0 &&
	    sd_bus_message_set_auto_start(call, 0) >= 0 &&
	    sd_bus_message_set_expect_reply(call, 0) >= 0)
		(void)sd_bus_send(bus, call, NULL);
	sd_bus_message_unref(call);
}

static GPtrArray *select_questions(BusPolkit *polkit, const Sender *sender, const char *instance)
{
	GPtrArray *selected = g_ptr_array_new();
	GHashTableIter iter;
	gpointer key;

	g_hash_table_iter_init(&iter, polkit->questions);
	while (g_hash_table_iter_next(&iter, &key, NULL)) {
		const Question *question = key;

		if ((sender && question->sender == sender) ||
		    (instance && !question->q.creates &&
		     g_strcmp0(question->q.instance, instance) == 0))
			g_ptr_array_add(selected, key);
	}
	return selected;
}

static void pump(BusPolkit *polkit);

static int on_departure(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	BusPolkit *polkit = userdata;
	const Sender *sender;
	const char *name;
	g_autoptr(GPtrArray) selected = NULL;

	if (sd_bus_message_read(signal, "s", &name) < 0)
		return 0;
	sender = g_hash_table_lookup(polkit->senders, name);
	if (!sender)
		return 0;
	selected = select_questions(polkit, sender, NULL);
	for (guint i = 0; i < selected->len; i++) {
		Question *question = g_ptr_array_index(selected, i);

		take(question);
		cancel(question);
		question_free(question); /* the last one frees @sender */
	}
	pump(polkit);
	return 0;
}

void bus_polkit_watch(BusPolkit *polkit, sd_bus *bus)
{
	(void)sd_bus_add_match_async(bus, &polkit->departures,
				     "type='signal',sender='org.freedesktop.DBus',"
				     "path='/org/freedesktop/DBus',"
				     "interface='org.freedesktop.DBus',"
				     "member='NameOwnerChanged',arg2=''",
				     on_departure, NULL, polkit);
}

static int get_sender(BusPolkit *polkit, sd_bus_message *request, Sender **ret, sd_bus_error *error)
{
	const char *name = sd_bus_message_get_sender(request);
	Sender *sender;

	if (!name)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"The call has no sender.");
	sender = g_hash_table_lookup(polkit->senders, name);
	if (g_hash_table_size(polkit->questions) >= BUS_POLKIT_TOTAL_MAX ||
	    (sender && sender->count >= BUS_POLKIT_PER_SENDER_MAX))
		return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					"Too many calls wait for authorization. Try again later.");
	if (!sender) {
		sender = g_new0(Sender, 1);
		sender->polkit = polkit;
		sender->name = g_strdup(name);
		g_hash_table_insert(polkit->senders, sender->name, sender);
	}
	*ret = sender;
	return 0;
}

/* --- Without polkit -------------------------------------------------------------------------- */

static int on_user(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	Question *question = userdata;
	BusPolkit *polkit = question->polkit;
	guint32 uid;

	take(question);
	if (!sd_bus_message_is_method_error(reply, NULL) &&
	    sd_bus_message_read(reply, "u", &uid) >= 0 && uid == 0) {
		while (question->found_count < G_N_ELEMENTS(surveyed))
			question->found[question->found_count++] = "yes";
		allow(question);
	} else {
		refuse(question, SD_BUS_ERROR_ACCESS_DENIED,
		       "Without polkit only root may do this.");
	}
	pump(polkit);
	return 0;
}

/* The message bus answers by itself, and at once. */
static int ask_user(Question *question)
{
	settle(question);
	return sd_bus_call_method_async(sd_bus_message_get_bus(question->request),
					&question->answer, "org.freedesktop.DBus",
					"/org/freedesktop/DBus", "org.freedesktop.DBus",
					"GetConnectionUnixUser", on_user, question, "s",
					question->sender->name);
}

/* --- With polkit ----------------------------------------------------------------------------- */

static gboolean is_absent(const sd_bus_message *reply)
{
	return sd_bus_message_is_method_error((sd_bus_message *)reply,
					      SD_BUS_ERROR_SERVICE_UNKNOWN) > 0 ||
	       sd_bus_message_is_method_error((sd_bus_message *)reply,
					      SD_BUS_ERROR_NAME_HAS_NO_OWNER) > 0;
}

static gboolean was_dismissed(sd_bus_message *reply)
{
	const char *key, *value;
	gboolean dismissed = FALSE;

	if (sd_bus_message_enter_container(reply, 'a', "{ss}") < 0)
		return FALSE;
	while (sd_bus_message_read(reply, "{ss}", &key, &value) > 0)
		dismissed |= strcmp(key, "polkit.dismissed") == 0 && *value;
	return dismissed;
}

static void ask(Question *question, Lane lane);

/* The next action, or the reply. */
static void continue_survey(Question *question)
{
	if (question->found_count == G_N_ELEMENTS(surveyed)) {
		end_survey(question);
		return;
	}
	question->q.action = surveyed[question->found_count];
	ask(question, LANE_QUIET);
}

static void on_verdict(Question *question, sd_bus_message *reply)
{
	int authorized, challenge;
	gboolean dismissed;

	if (sd_bus_message_enter_container(reply, 'r', "bba{ss}") < 0 ||
	    sd_bus_message_read(reply, "bb", &authorized, &challenge) < 0) {
		refuse(question, SD_BUS_ERROR_ACCESS_DENIED, "polkit's answer is unreadable.");
		return;
	}
	if (!question->q.allowed) {
		question->found[question->found_count++] = authorized  ? "yes"
							   : challenge ? "auth"
								       : "no";
		continue_survey(question);
		return;
	}
	dismissed = was_dismissed(reply);
	if (authorized)
		allow(question);
	else if (challenge && question->interactive && question->lane == LANE_QUIET)
		ask(question, LANE_DIALOG);
	else if (dismissed)
		refuse(question, SD_BUS_ERROR_ACCESS_DENIED, "The authentication was dismissed.");
	else if (challenge && !question->interactive)
		refuse(question, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
		       "Interactive authentication is required.");
	else if (challenge)
		refuse(question, SD_BUS_ERROR_ACCESS_DENIED,
		       "Not authenticated, or no authentication agent is there to ask.");
	else
		refuse(question, SD_BUS_ERROR_ACCESS_DENIED, "The system's policy forbids it.");
}

static void refuse_undecided(Question *question, const char *why)
{
	g_autofree char *text = g_strdup_printf("polkit did not decide: %s", why);

	refuse(question, SD_BUS_ERROR_ACCESS_DENIED, text);
}

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	Question *question = userdata;
	BusPolkit *polkit = question->polkit;

	if (is_absent(reply) && ask_user(question) >= 0) {
		pump(polkit);
		return 0;
	}
	take(question);
	if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) ||
	    sd_bus_message_is_method_error(reply, SD_BUS_ERROR_TIMEOUT))
		cancel(question);
	settle(question);
	if (sd_bus_message_is_method_error(reply, NULL))
		refuse_undecided(question, sd_bus_message_get_error(reply)->message);
	else
		on_verdict(question, reply);
	pump(polkit);
	return 0;
}

static int append_details(sd_bus_message *call, const BusPolkitQuestion *q)
{
	char vrid[4];
	int r;

	g_snprintf(vrid, sizeof vrid, "%u", q->vrid);
	r = sd_bus_message_open_container(call, 'a', "{ss}");
	if (r >= 0 && q->verb)
		r = sd_bus_message_append(call, "{ss}", "verb", q->verb);
	if (r >= 0 && q->instance)
		r = sd_bus_message_append(call, "{ss}{ss}{ss}{ss}", "instance", q->instance,
					  "interface", q->interface, "vrid", vrid, "family",
					  q->family);
	/* polkit takes it from the owner of an action only. */
	if (r >= 0 && q->message)
		r = sd_bus_message_append(call, "{ss}", "polkit.message", q->message);
	return r < 0 ? r : sd_bus_message_close_container(call);
}

static int send_question(Question *question)
{
	sd_bus *bus = sd_bus_message_get_bus(question->request);
	gint64 left_usec = question->expires_usec - g_get_monotonic_time();
	sd_bus_message *call = NULL;
	int r;

	if (left_usec <= 0)
		return -ETIMEDOUT;
	r = sd_bus_message_new_method_call(bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
					   "CheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
					  question->sender->name, question->q.action);
	if (r >= 0)
		r = append_details(call, &question->q);
	if (r >= 0)
		r = sd_bus_message_append(call, "us",
					  question->lane == LANE_DIALOG ? POLKIT_INTERACT : 0,
					  question->cancellation);
	if (r >= 0)
		r = sd_bus_call_async(bus, &question->answer, call, on_answer, question,
				      (guint64)left_usec);
	sd_bus_message_unref(call);
	return r;
}

/* --- The queue ------------------------------------------------------------------------------- */

/* Takes the first one out of the queue, to polkit. */
static void ask_next(BusPolkit *polkit, Lane lane)
{
	Question *question = g_queue_peek_head(&polkit->waiting[lane]);
	int r;

	settle(question);
	r = send_question(question);
	if (r < 0) {
		take(question);
		refuse_undecided(question, g_strerror(-r));
		return;
	}
	question->asked = TRUE;
	polkit->asked[lane]++;
}

static void pump(BusPolkit *polkit)
{
	for (Lane lane = 0; lane < _LANE_MAX; lane++)
		while (polkit->asked[lane] < lanes[lane].asked_max &&
		       !g_queue_is_empty(&polkit->waiting[lane]))
			ask_next(polkit, lane);
}

/* Now, or when it is its turn. */
static void ask(Question *question, Lane lane)
{
	BusPolkit *polkit = question->polkit;

	if (question->expires_usec == 0 || lane != question->lane)
		question->expires_usec = g_get_monotonic_time() + lanes[lane].limit_usec;
	question->lane = lane;
	question->waiting = TRUE;
	g_queue_push_tail_link(&polkit->waiting[lane], &question->link);
	g_hash_table_add(polkit->questions, question);
	pump(polkit);
}

/* --- Questions ------------------------------------------------------------------------------- */

static int question_new(BusPolkit *polkit, sd_bus_message *request, Question **ret,
			sd_bus_error *error)
{
	Sender *sender = NULL;
	Question *question;
	int r;

	r = get_sender(polkit, request, &sender, error);
	if (r < 0)
		return r;
	sender->count++;
	question = g_new0(Question, 1);
	question->polkit = polkit;
	question->sender = sender;
	question->request = sd_bus_message_ref(request);
	question->cancellation = g_strdup_printf("vrrpd-%" G_GUINT64_FORMAT, ++polkit->last_id);
	question->link.data = question;
	*ret = question;
	return 0;
}

int bus_polkit_ask(BusPolkit *polkit, sd_bus_message *request, const BusPolkitQuestion *q,
		   sd_bus_error *error)
{
	Question *question;
	int r;

	r = question_new(polkit, request, &question, error);
	if (r < 0)
		return r;
	question->q = *q;
	question->q.instance = g_strdup(q->instance);
	question->q.interface = g_strdup(q->interface);
	question->interactive = sd_bus_message_get_allow_interactive_authorization(request) > 0;
	ask(question, LANE_QUIET);
	return 1;
}

int bus_polkit_survey(BusPolkit *polkit, sd_bus_message *request, sd_bus_error *error)
{
	Question *question;
	int r;

	r = question_new(polkit, request, &question, error);
	if (r < 0)
		return r;
	continue_survey(question);
	return 1;
}

/* --- Life ------------------------------------------------------------------------------------ */

BusPolkit *bus_polkit_new(void *userdata)
{
	BusPolkit *polkit = g_new0(BusPolkit, 1);

	polkit->questions = g_hash_table_new_full(NULL, NULL, (GDestroyNotify)question_free, NULL);
	polkit->senders =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)sender_free);
	for (Lane lane = 0; lane < _LANE_MAX; lane++)
		g_queue_init(&polkit->waiting[lane]);
	polkit->userdata = userdata;
	return polkit;
}

static void refuse_all(BusPolkit *polkit, const char *name, const char *error, const char *text)
{
	g_autoptr(GPtrArray) selected = select_questions(polkit, NULL, name);

	for (guint i = 0; i < selected->len; i++) {
		Question *question = g_ptr_array_index(selected, i);

		take(question);
		cancel(question);
		refuse(question, error, text);
	}
	pump(polkit);
}

void bus_polkit_forget_instance(BusPolkit *polkit, const char *name)
{
	g_autofree char *text = g_strdup_printf("There is no instance '%s' any more.", name);

	refuse_all(polkit, name, BUS_ERROR_NO_SUCH_INSTANCE, text);
}

void bus_polkit_instance_moved(BusPolkit *polkit, const char *name)
{
	g_autofree char *text = g_strdup_printf(
		"'%s' has become another virtual router while polkit was asked. Try again.", name);

	refuse_all(polkit, name, BUS_ERROR_BUSY, text);
}

void bus_polkit_forget_all(BusPolkit *polkit)
{
	g_hash_table_remove_all(polkit->questions);
	polkit->departures = sd_bus_slot_unref(polkit->departures);
}

BusPolkit *bus_polkit_free(BusPolkit *polkit)
{
	if (!polkit)
		return NULL;
	bus_polkit_forget_all(polkit);
	g_hash_table_unref(polkit->questions);
	g_hash_table_unref(polkit->senders);
	g_free(polkit);
	return NULL;
}
