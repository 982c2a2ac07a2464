/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The notification parser: datagrams that a kernel (6.18) sent, the same cut short and bent at
 * every place, and messages that are made here because no kernel at hand sends them.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <glib.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink/netlink-monitor.h"

typedef struct Changes {
	unsigned count;
	NetlinkChange list[16];
} Changes;

static void take(void *userdata, const NetlinkChange *change)
{
	Changes *changes = userdata;

	g_assert_cmpuint(changes->count, <, G_N_ELEMENTS(changes->list));
	changes->list[changes->count++] = *change;
}

static Changes parse(const void *data, size_t size)
{
	Changes changes = { 0 };

	netlink_monitor_parse(data, size, take, &changes);
	return changes;
}

static Changes parse_recorded(const char *name)
{
	g_autofree char *path = g_build_filename(NETLINK_RECORDED_DIR, name, NULL);
	g_autofree char *data = NULL;
	gsize size;

	g_assert_true(g_file_get_contents(path, &data, &size, NULL));
	return parse(data, size);
}

static NetlinkChange only(Changes changes, NetlinkChangeType type)
{
	g_assert_cmpuint(changes.count, ==, 1);
	g_assert_cmpint(changes.list[0].type, ==, type);
	return changes.list[0];
}

static void assert_ip(const VrrpAddress *address, const char *text)
{
	char shown[INET6_ADDRSTRLEN] = "none";

	if (address->family != VRRP_FAMILY_NONE)
		inet_ntop(address->family == VRRP_FAMILY_IPV6 ? AF_INET6 : AF_INET, address->bytes,
			  shown, sizeof(shown));
	g_assert_cmpstr(shown, ==, text);
}

static void test_links(void)
{
	NetlinkChange link = only(parse_recorded("link-up"), NETLINK_CHANGE_LINK);

	g_assert_cmpstr(link.name, ==, "eno1");
	g_assert_cmpint(link.interface_index, >, 1);
	g_assert_true(link.up);
	g_assert_true(link.running);
	g_assert_cmpuint(link.mac_length, ==, 6);
	g_assert_cmpuint(link.mac[0] & 3, ==, 2); /* of our own making, one host */

	g_assert_cmpstr(only(parse_recorded("link-renamed"), NETLINK_CHANGE_LINK).name, ==, "eth9");
	link = only(parse_recorded("link-no-carrier"), NETLINK_CHANGE_LINK);
	g_assert_true(link.up);
	g_assert_false(link.running);
	link = only(parse_recorded("link-gone"), NETLINK_CHANGE_LINK_GONE);
	g_assert_cmpint(link.interface_index, >, 1);
}

/* The bridge family says RTM_DELLINK when a port leaves; the link is still there. */
static void test_bridge_port_is_no_link(void)
{
	g_assert_cmpuint(parse_recorded("bridge-port-gone").count, ==, 0);
	g_assert_cmpstr(only(parse_recorded("link-enslaved"), NETLINK_CHANGE_LINK).name, ==,
			"eth9");
}

static void test_addresses(void)
{
	NetlinkChange a = only(parse_recorded("address-new"), NETLINK_CHANGE_ADDRESS);

	assert_ip(&a.address, "192.168.120.3");
	assert_ip(&a.broadcast, "192.168.127.255");
	assert_ip(&a.peer, "none");
	g_assert_cmpuint(a.prefix_length, ==, 21);
	g_assert_cmpstr(a.label, ==, "eno1:vip");
	g_assert_cmpuint(a.scope, ==, RT_SCOPE_UNIVERSE);
	g_assert_cmpuint(a.protocol, ==, 0);
	g_assert_false(a.secondary);
	g_assert_false(a.tentative);
	g_assert_cmpuint(a.preferred_lifetime_sec, ==, UINT32_MAX);

	a = only(parse_recorded("address-secondary"), NETLINK_CHANGE_ADDRESS);
	assert_ip(&a.address, "192.168.120.4");
	assert_ip(&a.broadcast, "none");
	g_assert_true(a.secondary);

	a = only(parse_recorded("address-peer"), NETLINK_CHANGE_ADDRESS);
	assert_ip(&a.address, "10.0.0.1");
	assert_ip(&a.peer, "10.0.0.2");
	g_assert_cmpuint(a.preferred_lifetime_sec, ==, 100);
	a = only(parse_recorded("address-gone"), NETLINK_CHANGE_ADDRESS_GONE);
	assert_ip(&a.address, "10.0.0.1");

	a = only(parse_recorded("address6-tentative"), NETLINK_CHANGE_ADDRESS);
	assert_ip(&a.address, "fd00::3");
	g_assert_cmpuint(a.prefix_length, ==, 64);
	g_assert_true(a.tentative);
	g_assert_false(a.secondary);
}

static void test_dumps(void)
{
	Changes changes = parse_recorded("dump-links");

	g_assert_cmpuint(changes.count, ==, 3);
	for (unsigned i = 0; i < changes.count; i++)
		g_assert_cmpint(changes.list[i].type, ==, NETLINK_CHANGE_LINK);
	g_assert_cmpstr(changes.list[0].name, ==, "lo");
	changes = parse_recorded("dump-addresses");
	g_assert_cmpuint(changes.count, ==, 3);
	assert_ip(&changes.list[0].address, "127.0.0.1");
	assert_ip(&changes.list[1].address, "192.168.120.1");
	assert_ip(&changes.list[2].address, "::1");
	g_assert_cmpuint(changes.list[2].protocol, ==, 1); /* the kernel's own */
	only(parse_recorded("dump-done"), NETLINK_CHANGE_DUMP_DONE);
}

/* A message made by hand. */
typedef struct Made {
	_Alignas(struct nlmsghdr) unsigned char data[256];
	size_t size;
} Made;

static Made make(uint16_t type, uint16_t flags, const void *fixed, size_t fixed_size)
{
	Made m = { .size = NLMSG_HDRLEN + NLMSG_ALIGN(fixed_size) };
	struct nlmsghdr header = { .nlmsg_len = (uint32_t)m.size,
				   .nlmsg_type = type,
				   .nlmsg_flags = flags };

	memcpy(m.data, &header, sizeof(header));
	memcpy(m.data + NLMSG_HDRLEN, fixed, fixed_size);
	return m;
}

static void make_add(Made *m, uint16_t type, const void *value, size_t size)
{
	struct nlattr attribute = { .nla_len = (uint16_t)(NLA_HDRLEN + size), .nla_type = type };
	uint32_t length;

	memcpy(m->data + m->size, &attribute, sizeof(attribute));
	memcpy(m->data + m->size + NLA_HDRLEN, value, size);
	m->size += NLA_ALIGN((size_t)NLA_HDRLEN + size);
	length = (uint32_t)m->size;
	memcpy(m->data, &length, sizeof(length));
}

static Made make_link(uint8_t family, int index, unsigned flags)
{
	struct ifinfomsg link = { .ifi_family = family, .ifi_index = index, .ifi_flags = flags };

	return make(RTM_NEWLINK, 0, &link, sizeof(link));
}

static Made make_address(uint8_t family, uint8_t prefix, uint8_t flags)
{
	struct ifaddrmsg address = {
		.ifa_family = family, .ifa_prefixlen = prefix, .ifa_flags = flags, .ifa_index = 7
	};

	return make(RTM_NEWADDR, 0, &address, sizeof(address));
}

static void test_running(void)
{
	static const struct {
		unsigned flags;
		bool up, running;
	} rows[] = {
		{ 0, false, false },
		{ IFF_UP, true, false },
		{ IFF_UP | IFF_RUNNING, true, false },  /* an operational state that lags */
		{ IFF_UP | IFF_LOWER_UP, true, false }, /* dormant, or a lower layer is down */
		{ IFF_UP | IFF_LOWER_UP | IFF_RUNNING, true, true },
		{ IFF_LOWER_UP | IFF_RUNNING, false, false },
	};

	for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
		Made m = make_link(AF_UNSPEC, 7, rows[i].flags);
		NetlinkChange link;

		make_add(&m, IFLA_IFNAME, "eno1", 5);
		link = only(parse(m.data, m.size), NETLINK_CHANGE_LINK);
		g_assert_cmpint(link.up, ==, rows[i].up);
		g_assert_cmpint(link.running, ==, rows[i].running);
	}
}

static void test_left_out(void)
{
	static const char long_name[] = "a-name-of-more-than-15";
	unsigned char mac[33] = { 1 };
	Made m;

	m = make_link(AF_UNSPEC, 7, 0); /* no name */
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make_link(AF_UNSPEC, 7, 0);
	make_add(&m, IFLA_IFNAME, long_name, sizeof(long_name));
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make_link(AF_UNSPEC, 7, 0);
	make_add(&m, IFLA_IFNAME, "eno1", 4); /* not terminated */
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	for (int index = -1; index <= 0; index++) {
		m = make_link(AF_UNSPEC, index, 0);
		make_add(&m, IFLA_IFNAME, "eno1", 5);
		g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	}
	m = make_link(AF_UNSPEC, 7, IFF_UP); /* a wireless event: knows only its own part */
	make_add(&m, IFLA_IFNAME, "eno1", 5);
	make_add(&m, IFLA_WIRELESS, "", 0);
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make_link(AF_UNSPEC, 7, 0); /* a hardware address that we have no room for */
	make_add(&m, IFLA_IFNAME, "eno1", 5);
	make_add(&m, IFLA_ADDRESS, mac, sizeof(mac));
	g_assert_cmpuint(only(parse(m.data, m.size), NETLINK_CHANGE_LINK).mac_length, ==, 0);

	m = make_address(AF_INET, 24, 0); /* no address */
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make_address(AF_INET, 33, 0); /* no such prefix */
	make_add(&m, IFA_LOCAL, "\12\0\0\1", 4);
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make_address(AF_INET6, 64, 0); /* IPv6 with four bytes */
	make_add(&m, IFA_ADDRESS, "\12\0\0\1", 4);
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make_address(AF_INET, 24, 0); /* IPv4 with three */
	make_add(&m, IFA_LOCAL, "\12\0\0\1", 3);
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make_address(AF_BRIDGE, 24, 0);
	make_add(&m, IFA_LOCAL, "\12\0\0\1", 4);
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make(RTM_NEWROUTE, 0, "", 1);
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
}

static NetlinkChange parse_flags(uint8_t family, uint32_t flags)
{
	static const unsigned char bytes[16] = { 0xfd };
	Made m = make_address(family, 24, 0);

	make_add(&m, family == AF_INET ? IFA_LOCAL : IFA_ADDRESS, bytes,
		 family == AF_INET ? 4 : 16);
	make_add(&m, IFA_FLAGS, &flags, sizeof(flags));
	return only(parse(m.data, m.size), NETLINK_CHANGE_ADDRESS);
}

static void test_flags(void)
{
	Made m = make_address(AF_INET, 24, IFA_F_SECONDARY);
	uint8_t protocol = 112;
	NetlinkChange a;

	/* An old kernel has the flags in the fixed part only. */
	make_add(&m, IFA_LOCAL, "\12\0\0\1", 4);
	make_add(&m, IFA_PROTO, &protocol, 1);
	a = only(parse(m.data, m.size), NETLINK_CHANGE_ADDRESS);
	g_assert_true(a.secondary);
	g_assert_cmpuint(a.protocol, ==, 112);

	g_assert_cmpuint(parse_flags(AF_INET, IFA_F_NOPREFIXROUTE).flags, ==, IFA_F_NOPREFIXROUTE);
	g_assert_false(parse_flags(AF_INET6, IFA_F_TEMPORARY).secondary);
	g_assert_true(parse_flags(AF_INET6, IFA_F_TENTATIVE).tentative);
	g_assert_false(parse_flags(AF_INET6, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC).tentative);
	g_assert_true(parse_flags(AF_INET6, IFA_F_DADFAILED).tentative);
	g_assert_false(parse_flags(AF_INET6, IFA_F_PERMANENT).tentative);
}

static void test_dump_ends(void)
{
	int32_t error = 0, refused = -EBUSY;
	struct ifinfomsg link = { .ifi_index = 7 };
	Changes changes;
	Made m;

	m = make(NLMSG_ERROR, 0, &error, sizeof(error)); /* an acknowledgement */
	g_assert_cmpuint(parse(m.data, m.size).count, ==, 0);
	m = make(NLMSG_ERROR, 0, &refused, sizeof(refused));
	changes = parse(m.data, m.size);
	g_assert_cmpuint(changes.count, ==, 2);
	g_assert_cmpint(changes.list[0].type, ==, NETLINK_CHANGE_DUMP_INTERRUPTED);
	g_assert_cmpint(changes.list[1].type, ==, NETLINK_CHANGE_DUMP_DONE);
	m = make(NLMSG_DONE, NLM_F_DUMP_INTR, &error, sizeof(error));
	changes = parse(m.data, m.size);
	g_assert_cmpuint(changes.count, ==, 2);
	g_assert_cmpint(changes.list[0].type, ==, NETLINK_CHANGE_DUMP_INTERRUPTED);
	g_assert_cmpint(changes.list[1].type, ==, NETLINK_CHANGE_DUMP_DONE);
	m = make(RTM_NEWLINK, NLM_F_DUMP_INTR, &link, sizeof(link));
	make_add(&m, IFLA_IFNAME, "eno1", 5);
	changes = parse(m.data, m.size);
	g_assert_cmpuint(changes.count, ==, 2);
	g_assert_cmpint(changes.list[0].type, ==, NETLINK_CHANGE_DUMP_INTERRUPTED);
	g_assert_cmpint(changes.list[1].type, ==, NETLINK_CHANGE_LINK);
}

static void count(void *userdata, const NetlinkChange *change)
{
	unsigned *n = userdata;

	g_assert_cmpuint(strnlen(change->name, sizeof(change->name)), <, sizeof(change->name));
	g_assert_cmpuint(strnlen(change->label, sizeof(change->label)), <, sizeof(change->label));
	g_assert_cmpuint(change->mac_length, <=, sizeof(change->mac));
	(*n)++;
}

static unsigned parse_copy(const void *data, size_t size)
{
	g_autofree void *copy =
		g_memdup2(data, size); /* exactly as long: a sanitizer sees the end */
	unsigned n = 0;

	netlink_monitor_parse(copy, size, count, &n);
	return n;
}

/* Every file, cut at every length and with every byte bent: never a read beyond the end, never a
 * broken string. */
static void test_cut_and_bent(void)
{
	g_autoptr(GDir) folder = g_dir_open(NETLINK_RECORDED_DIR, 0, NULL);
	unsigned files = 0;

	g_assert_nonnull(folder);
	for (const char *name; (name = g_dir_read_name(folder)) != NULL; files++) {
		g_autofree char *path = g_build_filename(NETLINK_RECORDED_DIR, name, NULL);
		g_autofree unsigned char *data = NULL;
		unsigned whole;
		gsize size;

		g_assert_true(g_file_get_contents(path, (char **)&data, &size, NULL));
		whole = parse_copy(data, size);
		for (gsize n = 0; n < size; n++)
			g_assert_cmpuint(parse_copy(data, n), <=, whole);
		for (gsize n = 0; n < size; n++) {
			unsigned char byte = data[n];

			for (unsigned bit = 0; bit < 8; bit++) {
				data[n] = (unsigned char)(byte ^ (1u << bit));
				parse_copy(data, size);
			}
			data[n] = byte;
		}
	}
	g_assert_cmpuint(files, >=, 14);
}

/* Datagrams that another process sends are not the kernel's word. */
static void test_foreign_sender(void)
{
	int fds[2];
	Made m = make_link(AF_UNSPEC, 7, IFF_UP);
	Changes changes = { 0 };

	make_add(&m, IFLA_IFNAME, "eno1", 5);
	g_assert_cmpint(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), ==, 0);
	g_assert_cmpint(send(fds[0], m.data, m.size, 0), ==, m.size);
	g_assert_cmpint(netlink_monitor_read(fds[1], 8, take, &changes), ==, 1);
	g_assert_cmpuint(changes.count, ==, 0);
	g_assert_cmpint(netlink_monitor_read(fds[1], 8, take, &changes), ==, 0);
	close(fds[0]);
	close(fds[1]);
	g_assert_cmpint(netlink_monitor_read(-1, 8, take, &changes), ==, -EBADF);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/netlink-monitor/links", test_links);
	g_test_add_func("/netlink-monitor/bridge-port", test_bridge_port_is_no_link);
	g_test_add_func("/netlink-monitor/addresses", test_addresses);
	g_test_add_func("/netlink-monitor/dumps", test_dumps);
	g_test_add_func("/netlink-monitor/running", test_running);
	g_test_add_func("/netlink-monitor/left-out", test_left_out);
	g_test_add_func("/netlink-monitor/flags", test_flags);
	g_test_add_func("/netlink-monitor/dump-ends", test_dump_ends);
	g_test_add_func("/netlink-monitor/cut-and-bent", test_cut_and_bent);
	g_test_add_func("/netlink-monitor/foreign-sender", test_foreign_sender);
	return g_test_run();
}
