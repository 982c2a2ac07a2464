/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * libsystemd checks and books every value that is appended to a message. For the hundred thousand
 * values of a long answer that takes longer than everything else together, and other calls wait
 * meanwhile. It has no call that takes a finished body; but it reads messages from sockets, and
 * what it has read can be sent on, to another bus too. So this keeps a pair of sockets with an
 * sd_bus at one end: a message is written to the other end as bytes, and comes out as a message.
 *
 * Nobody else has either end, and nothing here waits: the socket is filled and emptied in turn.
 */

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bus-forge.h"
#include "bus-sink.h"

#define METHOD_RETURN     2
#define NO_REPLY_EXPECTED 1
#define PROTOCOL_VERSION  1
/* Codes of header fields */
#define FIELD_REPLY_SERIAL 5
#define FIELD_DESTINATION  6
#define FIELD_SIGNATURE    8

/* The larger, the fewer turns; where it is refused, it is only slower. */
#define SOCKET_BUFFER (4 << 20)

struct BusForge {
	sd_bus *bus;
	int fd; /* the other end */
};

/* --- Bytes ----------------------------------------------------------------------------------- */

static void put_field(BusSink *sink, guint8 code, const char *type)
{
	bus_sink_open_struct(sink, "yv");
	bus_sink_byte(sink, code);
	bus_sink_open_variant(sink, type);
}

static void close_field(BusSink *sink)
{
	bus_sink_close_variant(sink);
	bus_sink_close_struct(sink);
}

static void make_header(BusWire *header, const char *destination, guint32 reply_serial,
			const char *signature, guint32 body_size)
{
	BusSink sink = bus_sink_wire(header);

	bus_sink_byte(&sink, G_BYTE_ORDER == G_LITTLE_ENDIAN ? 'l' : 'B');
	bus_sink_byte(&sink, METHOD_RETURN);
	bus_sink_byte(&sink, NO_REPLY_EXPECTED);
	bus_sink_byte(&sink, PROTOCOL_VERSION);
	bus_sink_uint32(&sink, body_size);
	/* Its own number, which nobody refers to: replies are not replied to. */
	bus_sink_uint32(&sink, 1);
	bus_sink_open_array(&sink, "(yv)");
	put_field(&sink, FIELD_REPLY_SERIAL, "u");
	bus_sink_uint32(&sink, reply_serial);
	close_field(&sink);
	put_field(&sink, FIELD_DESTINATION, "s");
	bus_sink_string(&sink, destination);
	close_field(&sink);
	put_field(&sink, FIELD_SIGNATURE, "g");
	bus_sink_signature(&sink, signature);
	close_field(&sink);
	bus_sink_close_array(&sink);
	/* What it pads with: the body begins at a multiple of 8. */
	bus_sink_open_struct(&sink, "");
	bus_sink_close_struct(&sink);
}

/* --- Through the sockets --------------------------------------------------------------------- */

/* Writes on from *@done, as much as the socket takes. */
static int pour(BusForge *forge, const BusWire *bytes, gsize *done)
{
	ssize_t n;

	if (*done == bytes->length)
		return 0;
	n = send(forge->fd, bytes->data + *done, bytes->length - *done,
		 MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	*done += (gsize)n;
	return 0;
}

static int read_message(BusForge *forge, const BusWire *header, const BusWire *body,
			sd_bus_message **ret)
{
	gsize header_done = 0, body_done = 0;
	int r, idle = 0;

	/* sd_bus_process() takes what is there; nothing twice in a row is an error of ours. */
	while (idle < 2) {
		gsize before = header_done + body_done;

		r = pour(forge, header, &header_done);
		if (r >= 0 && header_done == header->length)
			r = pour(forge, body, &body_done);
		if (r < 0)
			return r;
		r = sd_bus_process(forge->bus, ret);
		if (r < 0)
			return r;
		if (*ret)
			return 0;
		idle = r == 0 && header_done + body_done == before ? idle + 1 : 0;
	}
	return -EIO;
}

static gboolean is_reply(sd_bus_message *message)
{
	guint8 type = 0;

	return sd_bus_message_get_type(message, &type) >= 0 && type == SD_BUS_MESSAGE_METHOD_RETURN;
}

int bus_forge_reply(BusForge *forge, sd_bus_message *request, const char *signature,
		    const BusWire *body, sd_bus_message **ret_reply)
{
	const char *destination = sd_bus_message_get_sender(request);
	sd_bus_message *reply = NULL;
	BusWire header;
	guint64 serial;
	int r;

	r = sd_bus_message_get_cookie(request, &serial);
	if (r < 0)
		return r;
	make_header(&header, destination, (guint32)serial, signature, body->length);
	r = read_message(forge, &header, body, &reply);
	bus_wire_clear(&header);
	if (r >= 0 && !is_reply(reply))
		r = -EIO;
	if (r < 0) {
		sd_bus_message_unref(reply);
		return r;
	}
	*ret_reply = reply;
	return 0;
}

/* --- Life ------------------------------------------------------------------------------------ */

/* What the sd_bus wants to hear before the first message; it never says anything that matters. */
static int shake_hands(BusForge *forge)
{
	static const char hello[] = "\0AUTH ANONYMOUS\r\nBEGIN\r\n";
	int r;

	if (send(forge->fd, hello, sizeof hello - 1, MSG_DONTWAIT | MSG_NOSIGNAL) !=
	    (ssize_t)sizeof hello - 1)
		return -EIO;
	do
		r = sd_bus_process(forge->bus, NULL);
	while (r > 0 && sd_bus_is_ready(forge->bus) <= 0);
	if (r < 0)
		return r;
	return sd_bus_is_ready(forge->bus) > 0 ? 0 : -EIO;
}

static int start(BusForge *forge, int fd)
{
	static const int size = SOCKET_BUFFER;
	static const sd_id128_t id =
		SD_ID128_MAKE(6d, 7b, d0, d3, 2a, 6e, 4e, 0f, 96, 19, 4c, 2f, 3b, 7b, c2, 15);
	int r;

	(void)setsockopt(forge->fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size);
	r = sd_bus_new(&forge->bus);
	if (r >= 0)
		r = sd_bus_set_fd(forge->bus, fd, fd);
	if (r < 0) {
		close(fd);
		return r;
	}
	/* From here on the sd_bus closes it. */
	if ((r = sd_bus_set_description(forge->bus, "forge")) < 0 ||
	    (r = sd_bus_set_server(forge->bus, 1, id)) < 0 ||
	    (r = sd_bus_set_anonymous(forge->bus, 1)) < 0 || (r = sd_bus_start(forge->bus)) < 0)
		return r;
	return shake_hands(forge);
}

BusForge *bus_forge_new(void)
{
	BusForge *forge;
	int fds[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds) < 0)
		return NULL;
	forge = g_new0(BusForge, 1);
	forge->fd = fds[0];
	return start(forge, fds[1]) < 0 ? bus_forge_free(forge) : forge;
}

BusForge *bus_forge_free(BusForge *forge)
{
	if (!forge)
		return NULL;
	sd_bus_close_unref(forge->bus);
	close(forge->fd);
	g_free(forge);
	return NULL;
}
