/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A host that takes and gives up virtual addresses by the netlink thread alone, so that the proof
 * of a loss-free handover does not depend on the engine. It stands for the part of VRRP that
 * matters here: the new master sends its advert, then applies its addresses, then announces them,
 * and again after 20 ms; the old one goes silent when it hears that advert, lingers, and
 * lets go.
 *
 *   handover-host OWN PEER COUNT FAMILY  OWN and PEER are the hosts' own IPv4 addresses, on eno1;
 * FAMILY of the virtual ones is ipv4 or ipv6
 *
 * On stdin: `take` takes the addresses, `leave` lets go of them at once and without a word (what
 * not to do). On stdout: `ready`; `taken` once they are announced; `gone` once the other one has
 * them and they are away. An error ends it.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/if_ether.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "engine/engine-nd.h"
#include "netlink/netlink.h"

#define PORT                1120
#define LINGER_NSEC         INT64_C(50000000)
#define LINGER_ADDRESS_NSEC INT64_C(100000)

typedef struct Host {
	Exchange exchange;
	Netlink *netlink;
	InstanceConfig *config;
	int index;
	int advert_fd;
	int arp_fd;
	struct sockaddr_in peer;
	int nd_fd;
	bool ipv6;
	unsigned char mac[6];
	int64_t linger_until; /* 0: not lingering */
	int64_t taken_at;
	unsigned announced; /* rounds since then; 2: no more */
} Host;

static _Noreturn void die(const char *what, int error)
{
	fprintf(stderr, "handover-host: %s: %s\n", what, strerror(error));
	exit(1);
}

static void say(const char *word)
{
	puts(word);
	fflush(stdout);
}

static int64_t now_nsec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* 192.168.121.1 and on: the first 250 there, the others in the next. Or 2001:db8::1:1 and on. */
static void make_config(Host *host, unsigned count)
{
	host->config = calloc(1, sizeof(*host->config) + count * sizeof(VrrpInterfaceAddress));
	if (!host->config)
		die("memory", ENOMEM);
	host->config->advert_count = host->config->address_count = count;
	for (unsigned i = 0; i < count; i++) {
		VrrpInterfaceAddress *a = &host->config->addresses[i];

		if (host->ipv6) {
			a->address.family = VRRP_FAMILY_IPV6;
			memcpy(a->address.bytes, (uint8_t[]){ 0x20, 0x01, 0x0d, 0xb8 }, 4);
			a->address.bytes[13] = 1;
			a->address.bytes[14] = (uint8_t)((i + 1) >> 8);
			a->address.bytes[15] = (uint8_t)(i + 1);
			a->prefix_length = 64;
			continue;
		}
		a->address.family = VRRP_FAMILY_IPV4;
		memcpy(a->address.bytes,
		       (uint8_t[]){ 192, 168, (uint8_t)(121 + i / 250), (uint8_t)(i % 250 + 1) },
		       4);
		a->prefix_length = 21;
	}
}

static void open_sockets(Host *host, const char *own, const char *peer)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	struct ifreq request = { .ifr_name = "eno1" };

	host->index = (int)if_nametoindex("eno1");
	host->peer = address;
	if (host->index == 0 || inet_pton(AF_INET, own, &address.sin_addr) != 1 ||
	    inet_pton(AF_INET, peer, &host->peer.sin_addr) != 1)
		die("arguments", EINVAL);
	host->advert_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (host->advert_fd < 0 ||
	    bind(host->advert_fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		die("advert socket", errno);
	host->arp_fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (host->arp_fd < 0 || ioctl(host->arp_fd, SIOCGIFHWADDR, &request) < 0)
		die("ARP socket", errno);
	host->nd_fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (host->nd_fd < 0)
		die("ND socket", errno);
	memcpy(host->mac, request.ifr_hwaddr.sa_data, sizeof(host->mac));
}

static void announce_ipv6(Host *host)
{
	struct sockaddr_ll everybody = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_IPV6),
					 .sll_ifindex = host->index,
					 .sll_halen = ETH_ALEN };
	uint8_t frame[ENGINE_ND_SIZE];

	for (unsigned i = 0; i < host->config->address_count; i++) {
		engine_nd_build(host->mac, &host->config->addresses[i].address, frame);
		memcpy(everybody.sll_addr, frame, ETH_ALEN);
		if (sendto(host->nd_fd, frame, sizeof(frame), 0, (struct sockaddr *)&everybody,
			   sizeof(everybody)) < 0)
			die("announcement", errno);
	}
}

static void announce_ipv4(Host *host)
{
	struct sockaddr_ll everybody = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ARP),
					 .sll_ifindex = host->index,
					 .sll_halen = ETH_ALEN };
	struct ether_arp arp = { .ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
					     .ar_pro = htons(ETH_P_IP),
					     .ar_hln = ETH_ALEN,
					     .ar_pln = 4,
					     .ar_op = htons(ARPOP_REQUEST) } };

	memset(everybody.sll_addr, 0xff, ETH_ALEN);
	memcpy(arp.arp_sha, host->mac, ETH_ALEN);
	for (unsigned i = 0; i < host->config->address_count; i++) {
		memcpy(arp.arp_spa, host->config->addresses[i].address.bytes, 4);
		memcpy(arp.arp_tpa, host->config->addresses[i].address.bytes, 4);
		if (sendto(host->arp_fd, &arp, sizeof(arp), 0, (struct sockaddr *)&everybody,
			   sizeof(everybody)) < 0)
			die("announcement", errno);
	}
}

static void announce(Host *host)
{
	if (host->ipv6)
		announce_ipv6(host);
	else
		announce_ipv4(host);
}

static void ask(Host *host, VrrpAddresses wanted)
{
	NetlinkJob job = { .type = NETLINK_JOB_ADDRESSES,
			   .config = host->config,
			   .interface_index = host->index,
			   .wanted = wanted };

	if (ring_push(&host->exchange.jobs, &job) < 0)
		die("job", EAGAIN);
}

static void handle_done(Host *host)
{
	NetlinkDone done;

	ring_acknowledge(&host->exchange.done);
	while (ring_pop(&host->exchange.done, &done)) {
		if (done.error < 0)
			die("addresses", -done.error);
		if (done.wanted == VRRP_ADDRESSES_PRESENT) {
			announce(host);
			host->taken_at = now_nsec();
			host->announced = 1;
			say("taken");
		} else if (done.wanted == VRRP_ADDRESSES_ABSENT) {
			say("gone");
		} else {
			host->linger_until = now_nsec() + LINGER_NSEC +
					     host->config->address_count * LINGER_ADDRESS_NSEC;
		}
	}
}

/* Returns false at the end of stdin. */
static bool handle_command(Host *host)
{
	char line[16] = { 0 };

	if (read(STDIN_FILENO, line, sizeof(line) - 1) <= 0)
		return false;
	if (strcmp(line, "take\n") == 0) {
		if (sendto(host->advert_fd, "", 1, 0, (struct sockaddr *)&host->peer,
			   sizeof(host->peer)) < 0)
			die("advert", errno);
		ask(host, VRRP_ADDRESSES_PRESENT);
	} else if (strcmp(line, "leave\n") == 0) {
		ask(host, VRRP_ADDRESSES_ABSENT);
	} else {
		die("command", EINVAL);
	}
	return true;
}

static void handle_advert(Host *host)
{
	char advert[4];

	if (recv(host->advert_fd, advert, sizeof(advert), 0) < 0)
		die("advert", errno);
	host->announced = 2;
	ask(host, VRRP_ADDRESSES_SILENT);
}

static int64_t announce_at(const Host *host)
{
	static const int64_t after_nsec[] = { 0, 20000000 };

	return host->announced < 2 ? host->taken_at + after_nsec[host->announced] : INT64_MAX;
}

static struct timespec wait_time(const Host *host)
{
	int64_t until = host->linger_until ? host->linger_until : INT64_MAX;
	int64_t now = now_nsec(), left;

	if (announce_at(host) < until)
		until = announce_at(host);
	left = until == INT64_MAX ? INT64_C(1000000000) : until > now ? until - now : 0;
	return (struct timespec){ .tv_sec = left / 1000000000, .tv_nsec = left % 1000000000 };
}

static void serve(Host *host)
{
	for (;;) {
		struct pollfd fds[] = { { .fd = host->advert_fd, .events = POLLIN },
					{ .fd = host->exchange.done.wake_fd, .events = POLLIN },
					{ .fd = STDIN_FILENO, .events = POLLIN } };
		struct timespec wait = wait_time(host);

		if (ppoll(fds, 3, &wait, NULL) < 0)
			die("ppoll", errno);
		if (fds[0].revents)
			handle_advert(host);
		if (fds[1].revents)
			handle_done(host);
		if (fds[2].revents && !handle_command(host))
			return;
		if (now_nsec() >= announce_at(host)) {
			host->announced++;
			announce(host);
		}
		if (host->linger_until && now_nsec() >= host->linger_until) {
			host->linger_until = 0;
			ask(host, VRRP_ADDRESSES_ABSENT);
		}
	}
}

int main(int argc, char **argv)
{
	NetlinkOptions options = { .real_time = true };
	NetlinkJob stop = { .type = NETLINK_JOB_STOP };
	Host host = { .announced = 2 };
	int r;

	if (argc != 5 || atoi(argv[3]) < 1 || atoi(argv[3]) > 500) {
		fputs("usage: handover-host OWN PEER COUNT FAMILY\n", stderr);
		return 2;
	}
	host.ipv6 = strcmp(argv[4], "ipv6") == 0;
	make_config(&host, (unsigned)atoi(argv[3]));
	open_sockets(&host, argv[1], argv[2]);
	r = exchange_init(&host.exchange);
	if (r == 0)
		r = netlink_new(&host.exchange, &options, &host.netlink);
	if (r == 0)
		r = netlink_start(host.netlink);
	if (r < 0)
		die("netlink", -r);
	/* As the engine runs. */
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK,
			       &(struct sched_param){ .sched_priority = 5 }) < 0)
		die("real-time scheduling", errno);
	say("ready");
	serve(&host);
	(void)ring_push(&host.exchange.jobs, &stop);
	netlink_free(host.netlink);
	exchange_deinit(&host.exchange);
	free(host.config);
	return 0;
}
