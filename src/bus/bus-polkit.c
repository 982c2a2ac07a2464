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
 * The number of questions is bounded per sender and in all. A sender that leaves the bus takes its
 * questions with it; its departure is heard by a match that is added without waiting for the bus.
 * sd_bus_track is not used: it makes a blocking call for each name.
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
	sd_bus_slot *departure;
} Sender;

static const char *const surveyed[] = { BUS_ACTION_OPERATE, BUS_ACTION_CONFIGURE,
					BUS_ACTION_READ_SECRETS };

typedef struct Question {
	BusPolkit *polkit;
	Sender *sender;
	sd_bus_message *request;
	char *cancellation;
	char *instance;                            /* NULL: not about one that could go */
	BusPolkitAllowed allowed;                  /* NULL: a survey */
	const char *found[G_N_ELEMENTS(surveyed)]; /* of a survey */
	guint found_count;
	gboolean interactive;
	sd_bus_slot *answer;
} Question;

struct BusPolkit {
	GHashTable *questions; /* set of Question * */
	GHashTable *senders;   /* name -> Sender * */
	guint64 last_id;
	void *userdata;
};

/* --- Bookkeeping ----------------------------------------------------------------------------- */

static void sender_free(Sender *sender)
{
	sd_bus_slot_unref(sender->departure);
	g_free(sender->name);
	g_free(sender);
}

static void question_free(Question *question)
{
	Sender *sender = question->sender;

	if (--sender->count == 0)
		g_hash_table_remove(sender->polkit->senders, sender->name);
	sd_bus_slot_unref(question->answer);
	sd_bus_message_unref(question->request);
	g_free(question->cancellation);
	g_free(question->instance);
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

	if (!question->allowed) {
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

	if (!question->allowed) {
		end_survey(question);
		return;
	}
	bus_audit(question->request);
	r = sd_bus_message_rewind(question->request, 1);
	if (r >= 0)
		r = question->allowed(question->request, question->polkit->userdata, &error);
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
		    (instance && g_strcmp0(question->instance, instance) == 0))
			g_ptr_array_add(selected, key);
	}
	return selected;
}

static int on_departure(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	Sender *sender = userdata;
	const char *name, *old_owner, *new_owner;
	g_autoptr(GPtrArray) selected = NULL;

	if (sd_bus_message_read(signal, "sss", &name, &old_owner, &new_owner) < 0 || *new_owner)
		return 0;
	selected = select_questions(sender->polkit, sender, NULL);
	for (guint i = 0; i < selected->len; i++) {
		Question *question = g_ptr_array_index(selected, i);

		take(question);
		cancel(question);
		question_free(question); /* the last one frees @sender */
	}
	return 0;
}

static int get_sender(BusPolkit *polkit, sd_bus_message *request, Sender **ret, sd_bus_error *error)
{
	const char *name = sd_bus_message_get_sender(request);
	g_autofree char *match = NULL;
	Sender *sender;
	int r;

	if (!name)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"The call has no sender.");
	sender = g_hash_table_lookup(polkit->senders, name);
	if (g_hash_table_size(polkit->questions) >= BUS_POLKIT_TOTAL_MAX ||
	    (sender && sender->count >= BUS_POLKIT_PER_SENDER_MAX))
		return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					"Too many calls wait for authorization. Try again later.");
	if (!sender) {
		match = g_strdup_printf("type='signal',sender='org.freedesktop.DBus',"
					"path='/org/freedesktop/DBus',"
					"interface='org.freedesktop.DBus',"
					"member='NameOwnerChanged',arg0='%s'",
					name);
		sender = g_new0(Sender, 1);
		r = sd_bus_add_match_async(sd_bus_message_get_bus(request), &sender->departure,
					   match, on_departure, NULL, sender);
		if (r < 0) {
			sender_free(sender);
			return r;
		}
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
	return 0;
}

static int ask_user(Question *question)
{
	question->answer = sd_bus_slot_unref(question->answer);
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

static int send_question(Question *question, const BusPolkitQuestion *q);

/* The next action, or the reply. */
static void continue_survey(Question *question)
{
	BusPolkitQuestion q = { 0 };

	if (question->found_count < G_N_ELEMENTS(surveyed)) {
		q.action = surveyed[question->found_count];
		question->answer = sd_bus_slot_unref(question->answer);
		if (send_question(question, &q) >= 0) {
			g_hash_table_add(question->polkit->questions, question);
			return;
		}
	}
	end_survey(question);
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
	if (!question->allowed) {
		question->found[question->found_count++] = authorized  ? "yes"
							   : challenge ? "auth"
								       : "no";
		continue_survey(question);
		return;
	}
	dismissed = was_dismissed(reply);
	if (authorized)
		allow(question);
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

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
	Question *question = userdata;
	g_autofree char *text = NULL;

	if (is_absent(reply) && ask_user(question) >= 0)
		return 0;
	take(question);
	if (!sd_bus_message_is_method_error(reply, NULL)) {
		on_verdict(question, reply);
		return 0;
	}
	if (sd_bus_message_is_method_error(reply, SD_BUS_ERROR_NO_REPLY) ||
	    sd_bus_message_is_method_error(reply, SD_BUS_ERROR_TIMEOUT))
		cancel(question);
	text = g_strdup_printf("polkit did not decide: %s",
			       sd_bus_message_get_error(reply)->message);
	refuse(question, SD_BUS_ERROR_ACCESS_DENIED, text);
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

static int send_question(Question *question, const BusPolkitQuestion *q)
{
	sd_bus *bus = sd_bus_message_get_bus(question->request);
	sd_bus_message *call = NULL;
	int r;

	r = sd_bus_message_new_method_call(bus, &call, POLKIT_NAME, POLKIT_PATH, POLKIT_INTERFACE,
					   "CheckAuthorization");
	if (r >= 0)
		r = sd_bus_message_append(call, "(sa{sv})s", "system-bus-name", 1, "name", "s",
					  question->sender->name, q->action);
	if (r >= 0)
		r = append_details(call, q);
	if (r >= 0)
		r = sd_bus_message_append(call, "us", question->interactive ? POLKIT_INTERACT : 0,
					  question->cancellation);
	if (r >= 0)
		r = sd_bus_call_async(bus, &question->answer, call, on_answer, question,
				      question->interactive ? INTERACTIVE_USEC : ANSWER_USEC);
	sd_bus_message_unref(call);
	return r;
}

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
	question->instance = q->creates ? NULL : g_strdup(q->instance);
	question->allowed = q->allowed;
	question->interactive = sd_bus_message_get_allow_interactive_authorization(request) > 0;
	r = send_question(question, q);
	if (r < 0) {
		question_free(question);
		return r;
	}
	g_hash_table_add(polkit->questions, question);
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
	polkit->userdata = userdata;
	return polkit;
}

void bus_polkit_forget_instance(BusPolkit *polkit, const char *name)
{
	g_autoptr(GPtrArray) selected = select_questions(polkit, NULL, name);

	for (guint i = 0; i < selected->len; i++) {
		Question *question = g_ptr_array_index(selected, i);
		g_autofree char *text =
			g_strdup_printf("There is no instance '%s' any more.", name);

		take(question);
		cancel(question);
		refuse(question, BUS_ERROR_NO_SUCH_INSTANCE, text);
	}
}

void bus_polkit_forget_all(BusPolkit *polkit)
{
	g_hash_table_remove_all(polkit->questions);
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
