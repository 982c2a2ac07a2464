/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The notification socket against a real kernel: what it tells of links and addresses that come,
 * change and go, whole dumps, and an overrun.
 */

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/namespace.h"
#include "netlink/netlink-monitor.h"

#define WAIT_MSEC 10000

typedef struct Heard {
	int fd;
	GString *text; /* a word per change */
	bool done;
	bool interrupted;
	unsigned count;
} Heard;

static void hear(void *userdata, const NetlinkChange *change)
{
	Heard *heard = userdata;
	char state = change->running ? 'r' : change->up ? 'u' : 'd';

	heard->count++;
	switch (change->type) {
	case NETLINK_CHANGE_LINK:
		g_string_append_printf(heard->text, " link:%s:%c", change->name, state);
		break;
	case NETLINK_CHANGE_LINK_GONE:
		g_string_append_printf(heard->text, " gone:%s", change->name);
		break;
	case NETLINK_CHANGE_ADDRESS:
	case NETLINK_CHANGE_ADDRESS_GONE:
		if (change->address.family == VRRP_FAMILY_IPV4)
			g_string_append_printf(heard->text, " %s:%u.%u/%u:%s",
					       change->type == NETLINK_CHANGE_ADDRESS ? "address"
										      : "lost",
					       change->address.bytes[2], change->address.bytes[3],
					       change->prefix_length, change->label);
		break;
	case NETLINK_CHANGE_DUMP_DONE:
		heard->done = true;
		break;
	case NETLINK_CHANGE_DUMP_INTERRUPTED:
		heard->interrupted = true;
		break;
	}
}

static void heard_init(Heard *heard)
{
	*heard = (Heard){ .fd = netlink_monitor_open(), .text = g_string_new(NULL) };
	g_assert_cmpint(heard->fd, >=, 0);
}

static void heard_deinit(Heard *heard)
{
	close(heard->fd);
	g_string_free(heard->text, TRUE);
}

/* Reads until @word was heard. */
static void wait_for(Heard *heard, const char *word)
{
	while (!strstr(heard->text->str, word)) {
		struct pollfd wait = { .fd = heard->fd, .events = POLLIN };

		if (poll(&wait, 1, WAIT_MSEC) != 1)
			g_error("not heard: '%s' in '%s'", word, heard->text->str);
		g_assert_cmpint(netlink_monitor_read(heard->fd, 8, hear, heard), >, 0);
	}
	g_string_truncate(heard->text, 0);
}

static void test_changes(void)
{
	Heard heard;

	namespace_enter_fresh();
	heard_init(&heard);
	namespace_do("ip link add eno1 type veth peer name lan0");
	wait_for(&heard, " link:eno1:d");
	namespace_do("ip link set lan0 up");
	namespace_do("ip link set eno1 up");
	wait_for(&heard, " link:eno1:r");
	namespace_do("ip address add 192.168.120.3/21 dev eno1 label eno1:vip");
	wait_for(&heard, " address:120.3/21:eno1:vip");
	namespace_do("ip link set lan0 down");
	wait_for(&heard, " link:eno1:u"); /* no carrier */
	namespace_do("ip link set lan0 up");
	wait_for(&heard, " link:eno1:r");
	namespace_do("ip address del 192.168.120.3/21 dev eno1");
	wait_for(&heard, " lost:120.3/21:eno1:vip");
	namespace_do("ip link set eno1 down");
	wait_for(&heard, " link:eno1:d");
	namespace_do("ip link set eno1 name eth9");
	wait_for(&heard, " link:eth9:d");
	namespace_do("ip link del eth9");
	wait_for(&heard, " gone:eth9");
	heard_deinit(&heard);
}

/* A port that leaves its bridge is not a link that is gone. */
static void test_bridge_port(void)
{
	Heard heard;

	namespace_enter_fresh();
	namespace_do("ip link add br0 type bridge");
	namespace_do("ip link add eno1 type veth peer name lan0");
	namespace_do("ip link set eno1 master br0");
	heard_init(&heard);
	namespace_do("ip link set eno1 nomaster");
	namespace_do("ip link set eno1 name marker");
	while (!strstr(heard.text->str, "link:marker")) {
		struct pollfd wait = { .fd = heard.fd, .events = POLLIN };

		g_assert_cmpint(poll(&wait, 1, WAIT_MSEC), ==, 1);
		g_assert_cmpint(netlink_monitor_read(heard.fd, 8, hear, &heard), >, 0);
	}
	g_assert_null(strstr(heard.text->str, "gone:"));
	heard_deinit(&heard);
}

static void read_dump(Heard *heard, NetlinkDump dump)
{
	heard->done = false;
	g_string_truncate(heard->text, 0);
	g_assert_cmpint(netlink_monitor_request(heard->fd, dump), ==, 0);
	while (!heard->done) {
		struct pollfd wait = { .fd = heard->fd, .events = POLLIN };

		g_assert_cmpint(poll(&wait, 1, WAIT_MSEC), ==, 1);
		g_assert_cmpint(netlink_monitor_read(heard->fd, 8, hear, heard), >, 0);
	}
	g_assert_false(heard->interrupted);
}

/* 10.1.0.1/16 and so on, on eno1. */
static void add_addresses(unsigned count)
{
	g_autoptr(GString) batch = g_string_new(NULL);
	g_autofree char *path = NULL;
	int fd = g_file_open_tmp("addresses-XXXXXX", &path, NULL);

	g_assert_no_errno(fd);
	for (unsigned i = 0; i < count; i++)
		g_string_append_printf(batch, "address add 10.1.%u.%u/16 dev eno1\n", i / 200,
				       i % 200 + 1);
	g_assert_cmpint(write(fd, batch->str, batch->len), ==, batch->len);
	close(fd);
	namespace_do("ip -batch %s", path);
	unlink(path);
}

static void test_dumps(void)
{
	enum { N = 300 }; /* more than one datagram */
	Heard heard;

	namespace_enter_fresh();
	namespace_do("ip link add eno1 type veth peer name lan0");
	add_addresses(N);
	heard_init(&heard);
	read_dump(&heard, NETLINK_DUMP_LINKS);
	g_assert_cmpstr(heard.text->str, ==, " link:lo:r link:lan0:d link:eno1:d");
	heard.count = 0;
	read_dump(&heard, NETLINK_DUMP_ADDRESSES);
	g_assert_cmpuint(heard.count, >=, N + 1);
	g_assert_nonnull(strstr(heard.text->str, " address:0.1/16:eno1"));
	g_assert_nonnull(strstr(heard.text->str, " address:1.100/16:eno1"));
	heard_deinit(&heard);
}

/* More than the buffer holds: told once, and then the socket goes on. */
static void test_overrun(void)
{
	int size = 1, r;
	Heard heard;

	namespace_enter_fresh();
	namespace_do("ip link add eno1 type veth peer name lan0");
	heard_init(&heard);
	g_assert_no_errno(setsockopt(heard.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	add_addresses(200);
	while ((r = netlink_monitor_read(heard.fd, 8, hear, &heard)) > 0)
		continue;
	g_assert_cmpint(r, ==, -ENOBUFS);
	while ((r = netlink_monitor_read(heard.fd, 8, hear, &heard)) > 0)
		continue;
	g_assert_cmpint(r, ==, 0);
	size = 1 << 20;
	g_assert_no_errno(setsockopt(heard.fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)));
	read_dump(&heard, NETLINK_DUMP_LINKS);
	g_assert_nonnull(strstr(heard.text->str, "link:eno1:d"));
	heard_deinit(&heard);
}

/* The budget bounds one call. */
static void test_budget(void)
{
	Heard heard;

	namespace_enter_fresh();
	heard_init(&heard);
	for (unsigned i = 0; i < 5; i++)
		namespace_do("ip address add 10.1.1.%u/24 dev lo", i + 1);
	g_assert_cmpint(netlink_monitor_read(heard.fd, 2, hear, &heard), ==, 2);
	g_assert_cmpstr(heard.text->str, ==, " address:1.1/24:lo address:1.2/24:lo");
	g_assert_cmpint(netlink_monitor_read(heard.fd, 100, hear, &heard), ==, 3);
	heard_deinit(&heard);
}

static void test_receive_buffer(void)
{
	int size = 0, fd;
	socklen_t length = sizeof(size);

	namespace_enter_fresh();
	fd = netlink_monitor_open();
	g_assert_no_errno(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &length));
	g_assert_cmpint(size, >=, 8 * 1024 * 1024);
	close(fd);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	namespace_require();
	g_test_add_func("/netlink-monitor/changes", test_changes);
	g_test_add_func("/netlink-monitor/bridge-port", test_bridge_port);
	g_test_add_func("/netlink-monitor/dumps", test_dumps);
	g_test_add_func("/netlink-monitor/overrun", test_overrun);
	g_test_add_func("/netlink-monitor/budget", test_budget);
	g_test_add_func("/netlink-monitor/receive-buffer", test_receive_buffer);
	return g_test_run();
}
