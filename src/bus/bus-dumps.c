/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The queue of the long answers: GetManagedObjects and the like, tens of milliseconds each with
 * thousands of instances. Every local user may ask for them as often as he likes, so they must cost
 * the others nothing but their turn:
 *
 * One is answered per turn of the main loop, below the engine's events and everything that can be
 * read from the bus. Senders take turns; a sender that asks again meanwhile waits until the others
 * had theirs. No answer is begun while anything still waits for the bus to read it, so that the
 * daemon never holds more than one of them. A sender that leaves takes its questions with it.
 * Numbers are bounded, per sender and in all.
 *
 * A flood of short calls must not keep the long answers away for ever: after OVERDUE_MSEC without
 * one, the next comes between the calls.
 */

#include <errno.h>
#include <sys/socket.h>

#include "bus-dumps.h"
#include "bus-error.h"
#include "bus-forge.h"

#define OVERDUE_MSEC  250
#define SOCKET_BUFFER (512 << 10)

typedef struct Question {
	sd_bus_message *request;
	sd_bus_message_handler_t answer;
} Question;

typedef struct Sender {
	char *name;
	GQueue questions; /* Question *; never empty */
	GList link;       /* in BusDumps.turns */
} Sender;

struct BusDumps {
	void *userdata;
	GSource *source;
	GHashTable *senders; /* name -> Sender *, owned */
	GQueue turns;        /* Sender *, the next one first */
	guint count;         /* of questions */
	guint overdue;       /* source; set while there are questions */
	gint64 last_usec;    /* when the last answer was begun, or the first question came */
	sd_bus_slot *departures;
	BusForge *forge; /* made when it is needed */
};

typedef struct DumpsSource {
	GSource base;
	BusDumps *dumps;
} DumpsSource;

/* --- Bookkeeping ----------------------------------------------------------------------------- */

static void question_free(Question *question)
{
	sd_bus_message_unref(question->request);
	g_free(question);
}

static void sender_free(Sender *sender)
{
	g_queue_clear_full(&sender->questions, (GDestroyNotify)question_free);
	g_free(sender->name);
	g_free(sender);
}

static Sender *sender_new(BusDumps *dumps, const char *name)
{
	Sender *sender = g_new0(Sender, 1);

	sender->name = g_strdup(name);
	g_queue_init(&sender->questions);
	sender->link.data = sender;
	g_queue_push_tail_link(&dumps->turns, &sender->link);
	g_hash_table_insert(dumps->senders, sender->name, sender);
	return sender;
}

static void drop_sender(BusDumps *dumps, Sender *sender)
{
	dumps->count -= sender->questions.length;
	g_queue_unlink(&dumps->turns, &sender->link);
	g_hash_table_remove(dumps->senders, sender->name);
}

static int on_departure(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
	BusDumps *dumps = userdata;
	const char *name;
	Sender *sender;

	if (sd_bus_message_read(signal, "s", &name) < 0)
		return 0;
	sender = g_hash_table_lookup(dumps->senders, name);
	if (sender)
		drop_sender(dumps, sender);
	if (dumps->count == 0)
		g_clear_handle_id(&dumps->overdue, g_source_remove);
	return 0;
}

/* Everybody's, for a match that is added with the question comes too late: who asks for sixteen
 * answers and leaves at once would have them all written. */
void bus_dumps_watch(BusDumps *dumps, sd_bus *bus)
{
	static const int size = SOCKET_BUFFER;

	/* libsystemd makes it 8 MiB where it may: several long answers would lie there, unseen, and
	 * all that comes after them would wait for each. */
	(void)setsockopt(sd_bus_get_fd(bus), SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
	(void)sd_bus_add_match_async(bus, &dumps->departures,
				     "type='signal',sender='org.freedesktop.DBus',"
				     "path='/org/freedesktop/DBus',"
				     "interface='org.freedesktop.DBus',"
				     "member='NameOwnerChanged',arg2=''",
				     on_departure, NULL, dumps);
}

/* --- Answers --------------------------------------------------------------------------------- */

static sd_bus *bus_of_next(BusDumps *dumps)
{
	Sender *sender = g_queue_peek_head(&dumps->turns);
	Question *question = g_queue_peek_head(&sender->questions);

	return sd_bus_message_get_bus(question->request);
}

static gboolean can_answer(BusDumps *dumps)
{
	guint64 queued = 0;

	return dumps->count > 0 && sd_bus_get_n_queued_write(bus_of_next(dumps), &queued) >= 0 &&
	       queued == 0;
}

static Question *take_next(BusDumps *dumps)
{
	Sender *sender = g_queue_peek_head(&dumps->turns);
	Question *question = g_queue_pop_head(&sender->questions);

	dumps->count--;
	if (g_queue_is_empty(&sender->questions)) {
		drop_sender(dumps, sender);
	} else {
		g_queue_unlink(&dumps->turns, &sender->link);
		g_queue_push_tail_link(&dumps->turns, &sender->link);
	}
	return question;
}

static void answer_next(BusDumps *dumps)
{
	sd_bus_error error = SD_BUS_ERROR_NULL;
	Question *question = take_next(dumps);
	int r;

	dumps->last_usec = g_get_monotonic_time();
	if (dumps->count == 0)
		g_clear_handle_id(&dumps->overdue, g_source_remove);
	r = question->answer(question->request, dumps->userdata, &error);
	if (r < 0)
		/* The bus may be gone by now; then there is nobody to tell. */
		(void)sd_bus_reply_method_errno(question->request, r, &error);
	sd_bus_error_free(&error);
	question_free(question);
}

static int send_reply(BusDumps *dumps, sd_bus_message *request, const char *signature,
		      const BusWire *body)
{
	sd_bus_message *reply = NULL;
	int r;

	if (!dumps->forge)
		dumps->forge = bus_forge_new();
	if (!dumps->forge)
		return -ENOMEM;
	r = bus_forge_reply(dumps->forge, request, signature, body, &reply);
	if (r < 0) {
		/* What is left in it would come out next time. */
		dumps->forge = bus_forge_free(dumps->forge);
		return r;
	}
	r = sd_bus_send(sd_bus_message_get_bus(request), reply, NULL);
	sd_bus_message_unref(reply);
	return r;
}

int bus_dumps_reply(BusDumps *dumps, sd_bus_message *request, const char *signature,
		    void (*put)(BusSink *sink, void *object), void *object, sd_bus_error *error)
{
	BusWire body;
	BusSink sink = bus_sink_wire(&body);
	int r;

	put(&sink, object);
	if (sink.error < 0)
		r = sink.error;
	else if (body.length > BUS_DUMPS_SIZE_MAX)
		r = bus_error_too_long(error);
	else
		r = send_reply(dumps, request, signature, &body);
	bus_wire_clear(&body);
	return r;
}

static gboolean on_overdue(gpointer userdata)
{
	BusDumps *dumps = userdata;
	gint64 waited_usec = g_get_monotonic_time() - dumps->last_usec;

	if (waited_usec < OVERDUE_MSEC * 1000 || !can_answer(dumps))
		return G_SOURCE_CONTINUE;
	/* The last one removes this source; GLib then does not mind what is returned. */
	answer_next(dumps);
	return G_SOURCE_CONTINUE;
}

/* --- The source ------------------------------------------------------------------------------ */

/* What is queued for the bus changes without a word to this source, but only in the main loop: so
 * it is asked for in every turn. */
static gboolean source_prepare(GSource *base, gint *timeout)
{
	*timeout = -1;
	return can_answer(((DumpsSource *)base)->dumps);
}

static gboolean source_check(GSource *base)
{
	return can_answer(((DumpsSource *)base)->dumps);
}

static gboolean source_dispatch(GSource *base, GSourceFunc callback, gpointer userdata)
{
	BusDumps *dumps = ((DumpsSource *)base)->dumps;

	/* Sources above may have queued something, or dropped the question. */
	if (can_answer(dumps))
		answer_next(dumps);
	return G_SOURCE_CONTINUE;
}

static GSourceFuncs source_functions = {
	.prepare = source_prepare,
	.check = source_check,
	.dispatch = source_dispatch,
};

/* --- Life ------------------------------------------------------------------------------------ */

int bus_dumps_ask(BusDumps *dumps, sd_bus_message *request, sd_bus_message_handler_t answer,
		  sd_bus_error *error)
{
	const char *name = sd_bus_message_get_sender(request);
	Sender *sender;
	Question *question;

	if (!name)
		return sd_bus_error_set(error, SD_BUS_ERROR_ACCESS_DENIED,
					"The call has no sender.");
	if (sd_bus_message_get_expect_reply(request) == 0)
		return 1;
	sender = g_hash_table_lookup(dumps->senders, name);
	if (dumps->count >= BUS_DUMPS_TOTAL_MAX ||
	    (sender && sender->questions.length >= BUS_DUMPS_PER_SENDER_MAX))
		return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
					"Too many calls with long answers wait already. Wait for "
					"their replies first.");
	if (!sender)
		sender = sender_new(dumps, name);
	question = g_new0(Question, 1);
	question->request = sd_bus_message_ref(request);
	question->answer = answer;
	g_queue_push_tail(&sender->questions, question);
	if (dumps->count++ == 0)
		dumps->last_usec = g_get_monotonic_time();
	if (dumps->overdue == 0)
		dumps->overdue = g_timeout_add(OVERDUE_MSEC, on_overdue, dumps);
	return 1;
}

void bus_dumps_forget_all(BusDumps *dumps)
{
	while (!g_queue_is_empty(&dumps->turns))
		drop_sender(dumps, g_queue_peek_head(&dumps->turns));
	g_clear_handle_id(&dumps->overdue, g_source_remove);
	dumps->departures = sd_bus_slot_unref(dumps->departures);
}

BusDumps *bus_dumps_new(void *userdata)
{
	BusDumps *dumps = g_new0(BusDumps, 1);

	dumps->userdata = userdata;
	dumps->senders =
		g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)sender_free);
	g_queue_init(&dumps->turns);
	dumps->source = g_source_new(&source_functions, sizeof(DumpsSource));
	((DumpsSource *)dumps->source)->dumps = dumps;
	g_source_set_name(dumps->source, "long answers");
	g_source_set_priority(dumps->source, G_PRIORITY_LOW);
	g_source_attach(dumps->source, NULL);
	return dumps;
}

BusDumps *bus_dumps_free(BusDumps *dumps)
{
	if (!dumps)
		return NULL;
	bus_dumps_forget_all(dumps);
	g_source_destroy(dumps->source);
	g_source_unref(dumps->source);
	g_hash_table_unref(dumps->senders);
	bus_forge_free(dumps->forge);
	g_free(dumps);
	return NULL;
}
