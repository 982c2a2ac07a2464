/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * What the kernel says about links and addresses, made into changes. The engine reads it from its
 * own thread, so nothing here may allocate, block, or cost more than the message is long. The
 * netlink thread uses the same parser for its dumps.
 *
 * A datagram is judged before it is believed: it must come from the kernel, every message must fit
 * in the datagram and every attribute in its message (libnl's nla_parse checks both and the least
 * length of each type), and a message that lacks what makes it useful is left out. Two kinds of
 * RTM_NEWLINK and RTM_DELLINK are not about the link itself and are left out too: those of the
 * bridge family (a port that leaves its bridge is announced as RTM_DELLINK), and wireless events.
 *
 * The parser keeps nothing between datagrams. So an inconsistency is told when it is seen, which
 * may be long before the end of the dump.
 */

#include <errno.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "netlink-monitor.h"

#define RECEIVE_BUFFER (8 * 1024 * 1024)
#define DATAGRAM_SIZE  (32 * 1024) /* the kernel's limit for one datagram of a dump */

static const struct nla_policy link_policy[IFLA_MAX + 1] = {
	[IFLA_ADDRESS] = { .type = NLA_UNSPEC },
	[IFLA_IFNAME] = { .type = NLA_STRING, .minlen = 2, .maxlen = IFNAMSIZ },
};

static const struct nla_policy address_policy[IFA_MAX + 1] = {
	[IFA_ADDRESS] = { .type = NLA_UNSPEC, .minlen = 4, .maxlen = 16 },
	[IFA_LOCAL] = { .type = NLA_UNSPEC, .minlen = 4, .maxlen = 16 },
	[IFA_BROADCAST] = { .type = NLA_UNSPEC, .minlen = 4, .maxlen = 4 },
	[IFA_LABEL] = { .type = NLA_STRING, .minlen = 2, .maxlen = IFNAMSIZ },
	[IFA_CACHEINFO] = { .type = NLA_UNSPEC, .minlen = sizeof(struct ifa_cacheinfo) },
	[IFA_FLAGS] = { .type = NLA_U32 },
	[IFA_PROTO] = { .type = NLA_U8 },
};

/* The parser behind nla_parse needs the attributes of a message whose fixed part is @fixed bytes
 * long. */
static bool parse_attributes(const struct nlmsghdr *message, size_t fixed, struct nlattr **table,
			     int max, const struct nla_policy *policy)
{
	size_t skip = NLMSG_ALIGN(NLMSG_HDRLEN + fixed);
	const char *start = (const char *)message;

	if (message->nlmsg_len < NLMSG_HDRLEN + fixed)
		return false;
	if (message->nlmsg_len <= skip) {
		memset(table, 0, ((size_t)max + 1) * sizeof(*table));
		return true;
	}
	return nla_parse(table, max, (struct nlattr *)(uintptr_t)(start + skip),
			 (int)(message->nlmsg_len - skip), policy) == 0;
}

static void parse_link(const struct nlmsghdr *message, NetlinkChangeHandler handler, void *userdata)
{
	struct nlattr *attributes[IFLA_MAX + 1];
	NetlinkChange change = { .type = message->nlmsg_type == RTM_DELLINK
						 ? NETLINK_CHANGE_LINK_GONE
						 : NETLINK_CHANGE_LINK };
	struct ifinfomsg link;
	unsigned running = IFF_UP | IFF_RUNNING | IFF_LOWER_UP;

	if (!parse_attributes(message, sizeof(link), attributes, IFLA_MAX, link_policy))
		return;
	memcpy(&link, NLMSG_DATA(message), sizeof(link));
	if (link.ifi_family != AF_UNSPEC || link.ifi_index <= 0 || attributes[IFLA_WIRELESS])
		return;
	if (!attributes[IFLA_IFNAME] && change.type == NETLINK_CHANGE_LINK)
		return;
	change.interface_index = link.ifi_index;
	change.up = link.ifi_flags & IFF_UP;
	change.running = (link.ifi_flags & running) == running;
	if (attributes[IFLA_IFNAME])
		nla_strlcpy(change.name, attributes[IFLA_IFNAME], sizeof(change.name));
	if (attributes[IFLA_ADDRESS] &&
	    (size_t)nla_len(attributes[IFLA_ADDRESS]) <= sizeof(change.mac)) {
		change.mac_length = (uint8_t)nla_len(attributes[IFLA_ADDRESS]);
		memcpy(change.mac, nla_data(attributes[IFLA_ADDRESS]), change.mac_length);
	}
	handler(userdata, &change);
}

static bool parse_ip(const struct nlattr *attribute, uint8_t family, VrrpAddress *ret)
{
	VrrpAddress address = { .family = family };

	if (!attribute || (size_t)nla_len(attribute) != vrrp_address_size(address))
		return false;
	memcpy(address.bytes, nla_data(attribute), vrrp_address_size(address));
	*ret = address;
	return true;
}

/* IPv4 has the address in IFA_LOCAL and its peer, or itself, in IFA_ADDRESS; IPv6 has IFA_LOCAL
 * only beside a peer. */
static bool parse_local_and_peer(struct nlattr **attributes, uint8_t family, NetlinkChange *change)
{
	VrrpAddress address;

	if (!attributes[IFA_LOCAL])
		return parse_ip(attributes[IFA_ADDRESS], family, &change->address);
	if (!parse_ip(attributes[IFA_LOCAL], family, &change->address))
		return false;
	if (parse_ip(attributes[IFA_ADDRESS], family, &address) &&
	    memcmp(&address, &change->address, sizeof(address)) != 0)
		change->peer = address;
	return true;
}

static void parse_address(const struct nlmsghdr *message, NetlinkChangeHandler handler,
			  void *userdata)
{
	struct nlattr *attributes[IFA_MAX + 1];
	NetlinkChange change = { .type = message->nlmsg_type == RTM_DELADDR
						 ? NETLINK_CHANGE_ADDRESS_GONE
						 : NETLINK_CHANGE_ADDRESS,
				 .preferred_lifetime_sec = UINT32_MAX };
	struct ifaddrmsg address;
	uint8_t family;

	if (!parse_attributes(message, sizeof(address), attributes, IFA_MAX, address_policy))
		return;
	memcpy(&address, NLMSG_DATA(message), sizeof(address));
	family = address.ifa_family == AF_INET    ? VRRP_FAMILY_IPV4
		 : address.ifa_family == AF_INET6 ? VRRP_FAMILY_IPV6
						  : VRRP_FAMILY_NONE;
	if (family == VRRP_FAMILY_NONE || address.ifa_index == 0 || address.ifa_index > INT32_MAX)
		return;
	if (!parse_local_and_peer(attributes, family, &change))
		return;
	if (address.ifa_prefixlen > 8 * vrrp_address_size(change.address))
		return;
	change.interface_index = (int32_t)address.ifa_index;
	change.prefix_length = address.ifa_prefixlen;
	change.scope = address.ifa_scope;
	change.flags =
		attributes[IFA_FLAGS] ? nla_get_u32(attributes[IFA_FLAGS]) : address.ifa_flags;
	change.protocol = attributes[IFA_PROTO] ? nla_get_u8(attributes[IFA_PROTO]) : 0;
	/* The same bit means a temporary address in IPv6. */
	change.secondary = family == VRRP_FAMILY_IPV4 && (change.flags & IFA_F_SECONDARY);
	change.tentative = (change.flags & IFA_F_DADFAILED) ||
			   (change.flags & (IFA_F_TENTATIVE | IFA_F_OPTIMISTIC)) == IFA_F_TENTATIVE;
	if (attributes[IFA_LABEL])
		nla_strlcpy(change.label, attributes[IFA_LABEL], sizeof(change.label));
	(void)parse_ip(attributes[IFA_BROADCAST], family, &change.broadcast);
	if (attributes[IFA_CACHEINFO]) {
		struct ifa_cacheinfo info;

		memcpy(&info, nla_data(attributes[IFA_CACHEINFO]), sizeof(info));
		change.preferred_lifetime_sec = info.ifa_prefered;
	}
	handler(userdata, &change);
}

static void tell(NetlinkChangeType type, NetlinkChangeHandler handler, void *userdata)
{
	NetlinkChange change = { .type = type };

	handler(userdata, &change);
}

/* The end of a dump carries its error, as the refusal of one does. */
static void parse_end(const struct nlmsghdr *message, NetlinkChangeHandler handler, void *userdata)
{
	int32_t error = 0;

	if (message->nlmsg_len >= NLMSG_LENGTH(sizeof(error)))
		memcpy(&error, NLMSG_DATA(message), sizeof(error));
	if (message->nlmsg_type == NLMSG_ERROR && error == 0)
		return; /* an acknowledgement */
	if (error < 0)
		tell(NETLINK_CHANGE_DUMP_INTERRUPTED, handler, userdata);
	tell(NETLINK_CHANGE_DUMP_DONE, handler, userdata);
}

static void parse_message(const struct nlmsghdr *message, NetlinkChangeHandler handler,
			  void *userdata)
{
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		tell(NETLINK_CHANGE_DUMP_INTERRUPTED, handler, userdata);
	switch (message->nlmsg_type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		parse_link(message, handler, userdata);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		parse_address(message, handler, userdata);
		break;
	case NLMSG_DONE:
	case NLMSG_ERROR:
		parse_end(message, handler, userdata);
		break;
	default:
		break;
	}
}

void netlink_monitor_parse(const void *data, size_t size, NetlinkChangeHandler handler,
			   void *userdata)
{
	const char *p = data;

	while (size >= NLMSG_HDRLEN) {
		struct nlmsghdr header;
		size_t step;

		memcpy(&header, p, sizeof(header));
		if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > size)
			return;
		parse_message((const struct nlmsghdr *)(const void *)p, handler, userdata);
		step = NLMSG_ALIGN(header.nlmsg_len);
		if (step >= size)
			return;
		p += step;
		size -= step;
	}
}

int netlink_monitor_open(void)
{
	static const int groups[] = { RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR };
	struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	int size = RECEIVE_BUFFER;
	int fd, r;

	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fd < 0)
		return -errno;
	/* Beyond the limit of the host with CAP_NET_ADMIN, up to it without. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	r = bind(fd, (struct sockaddr *)&any, sizeof(any));
	for (size_t i = 0; r == 0 && i < sizeof(groups) / sizeof(groups[0]); i++)
		r = setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i]));
	if (r < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	return fd;
}

int netlink_monitor_request(int fd, NetlinkDump dump)
{
	struct {
		struct nlmsghdr header;
		union {
			struct ifinfomsg link;
			struct ifaddrmsg address;
		};
		struct nlattr mask_header;
		uint32_t mask;
	} request = {
		.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
		.mask_header = { .nla_len = NLA_HDRLEN + sizeof(uint32_t),
				 .nla_type = IFLA_EXT_MASK },
		.mask = RTEXT_FILTER_SKIP_STATS,
	};

	if (dump == NETLINK_DUMP_LINKS) {
		request.header.nlmsg_type = RTM_GETLINK;
		request.header.nlmsg_len = sizeof(request);
	} else {
		request.header.nlmsg_type = RTM_GETADDR;
		request.header.nlmsg_len = NLMSG_LENGTH(sizeof(request.address));
	}
	if (send(fd, &request, request.header.nlmsg_len, 0) < 0)
		return -errno;
	return 0;
}

int netlink_monitor_read(int fd, unsigned budget, NetlinkChangeHandler handler, void *userdata)
{
	_Alignas(struct nlmsghdr) char buffer[DATAGRAM_SIZE];
	unsigned count;

	for (count = 0; count < budget; count++) {
		struct sockaddr_nl sender = { 0 };
		struct iovec part = { .iov_base = buffer, .iov_len = sizeof(buffer) };
		struct msghdr message = { .msg_name = &sender,
					  .msg_namelen = sizeof(sender),
					  .msg_iov = &part,
					  .msg_iovlen = 1 };
		ssize_t n = recvmsg(fd, &message, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			break;
		if (n < 0)
			return -errno;
		if (message.msg_flags & MSG_TRUNC)
			return -ENOBUFS; /* as good as lost */
		if (message.msg_namelen == sizeof(sender) && sender.nl_pid == 0)
			netlink_monitor_parse(buffer, (size_t)n, handler, userdata);
	}
	return (int)count;
}
