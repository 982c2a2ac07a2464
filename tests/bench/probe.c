/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Measures whether a virtual address loses packets: a UDP echo server for the routers and a client
 * that sends a datagram every few microseconds and remembers for each whether, and by which router,
 * it was answered. Python is too slow for that.
 *
 *   probe echo IDENT                                     echo, tagging answers with IDENT (1 to 7),
 * over IPv6 too
 *   probe send ADDRESS INTERVAL_USEC [IFNAME ARP_USEC]   probe until SIGTERM or SIGINT, then print
 * the result as JSON; with IFNAME also ask by ARP, or neighbour solicitation, every ARP_USEC and
 * note the answers
 *
 * A datagram counts as lost when its answer has not come a second after the last one was sent. A
 * probe that comes late because the machine was busy is not made up for; the distances between
 * probes are part of the result, since an outage that fits between two probes cannot be seen. It
 * must never touch the address itself: it only sends and listens.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/icmp6.h>
#include <netinet/if_ether.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	ECHO_PORT = 7777,
	PROBES_MAX = 20 * 1000 * 1000,
	ARPS_MAX = 200 * 1000,
	LONG_GAP_NSEC = 500 * 1000,
	SOCKET_BUFFER = 64 << 20,
};

typedef struct ArpAnswer {
	int64_t time_nsec;
	uint8_t mac[6];
	bool gratuitous;
} ArpAnswer;

typedef struct Probe {
	int fd;
	bool ipv6;
	struct sockaddr_in target;
	struct sockaddr_in6 target6;
	int64_t interval_nsec;
	int64_t *sent;           /* when each probe was sent, CLOCK_REALTIME */
	atomic_uchar *responder; /* which router answered it: a bit each, 0 for nobody */
	atomic_uint count;
	atomic_bool stop;
	int arp_fd;
	const char *arp_interface;
	int64_t arp_interval_nsec;
	ArpAnswer *answers;
	uint32_t answer_count;
	uint32_t asked;
} Probe;

static void die(const char *what)
{
	fprintf(stderr, "probe: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int64_t now_nsec(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * INT64_C(1000000000) + ts.tv_nsec;
}

/* On a busy machine the echo server would otherwise read packets so late that the address has moved
 * on meanwhile, and what is lost then is the server's fault. Below the daemons' priority. */
static void real_time(void)
{
	struct sched_param priority = { .sched_priority = 1 };

	if (sched_setscheduler(0, SCHED_FIFO, &priority) < 0)
		fprintf(stderr, "probe: no real time: %s\n", strerror(errno));
}

static void sleep_until(int64_t nsec)
{
	struct timespec ts = { nsec / 1000000000, nsec % 1000000000 };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ts, NULL) == EINTR)
		;
}

/* Memory that costs nothing until it is used; malloc would touch all of it where meson sets
 * MALLOC_PERTURB_. */
static void *zeroed(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		die("memory");
	return memory;
}

static int udp_socket(int family)
{
	int fd = socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = SOCKET_BUFFER;

	if (fd < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof size) < 0)
		die("socket buffer");
	return fd;
}

/* --- Echo ------------------------------------------------------------------------------------ */

/* Answers from the address that was asked, so that only a router that still has it can answer. */
static void answer(int fd, uint8_t ident, struct msghdr *message, size_t size)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(message);
	struct in_pktinfo *info = cmsg ? (struct in_pktinfo *)CMSG_DATA(cmsg) : NULL;

	if (!info || size < sizeof(uint32_t) + 1)
		return;
	((uint8_t *)message->msg_iov->iov_base)[0] = ident;
	message->msg_iov->iov_len = size;
	if (cmsg->cmsg_level == IPPROTO_IPV6) {
		((struct in6_pktinfo *)CMSG_DATA(cmsg))->ipi6_ifindex = 0;
	} else {
		info->ipi_spec_dst = info->ipi_addr;
		info->ipi_ifindex = 0;
	}
	/* An error means that the address has gone since: the asker counts it as lost, which it is.
	 */
	(void)sendmsg(fd, message, 0);
}

static int echo_socket(int family)
{
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons(ECHO_PORT) };
	struct sockaddr_in6 any6 = { .sin6_family = AF_INET6, .sin6_port = htons(ECHO_PORT) };
	int fd = udp_socket(family), one = 1, r;

	if (family == AF_INET6) {
		if (setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one) < 0 ||
		    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof one) < 0)
			die("IPV6_RECVPKTINFO");
		r = bind(fd, (struct sockaddr *)&any6, sizeof any6);
	} else {
		if (setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof one) < 0)
			die("IP_PKTINFO");
		r = bind(fd, (struct sockaddr *)&any, sizeof any);
	}
	if (r < 0)
		die("bind");
	return fd;
}

static void *echo_on(void *userdata)
{
	const int *arguments = userdata; /* the socket, the tag */
	int fd = arguments[0];
	uint8_t ident = (uint8_t)arguments[1];

	for (;;) {
		struct sockaddr_in6 peer;
		uint8_t data[64];
		_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
		struct iovec iov = { data, sizeof data };
		struct msghdr message = { .msg_name = &peer,
					  .msg_namelen = sizeof peer,
					  .msg_iov = &iov,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = sizeof control };
		ssize_t n = recvmsg(fd, &message, 0);

		if (n < 0 && errno != EINTR)
			die("recvmsg");
		if (n > 0)
			answer(fd, ident, &message, (size_t)n);
	}
	return NULL;
}

static _Noreturn void echo(int ident)
{
	int arguments[2][2] = { { echo_socket(AF_INET), ident }, { echo_socket(AF_INET6), ident } };
	pthread_t thread;

	/* Inherited; and before "ready", after which the caller may raise it. */
	real_time();
	if (pthread_create(&thread, NULL, echo_on, arguments[1]) != 0)
		die("thread");
	puts("ready");
	fflush(stdout);
	echo_on(arguments[0]);
	abort();
}

/* --- Probe ----------------------------------------------------------------------------------- */

static void *sender(void *data)
{
	Probe *probe = data;
	int64_t next = now_nsec(CLOCK_MONOTONIC);

	prctl(PR_SET_TIMERSLACK, 1);
	while (!probe->stop && probe->count < PROBES_MAX) {
		uint8_t payload[5] = { 0 };
		uint32_t i = probe->count;
		int64_t now;

		memcpy(payload + 1, &i, sizeof i);
		probe->sent[i] = now_nsec(CLOCK_REALTIME);
		atomic_store(&probe->count, i + 1);
		/* Whatever goes wrong shows as a missing answer. */
		(void)sendto(probe->fd, payload, sizeof payload, 0,
			     probe->ipv6 ? (struct sockaddr *)&probe->target6
					 : (struct sockaddr *)&probe->target,
			     probe->ipv6 ? sizeof probe->target6 : sizeof probe->target);
		next += probe->interval_nsec;
		now = now_nsec(CLOCK_MONOTONIC);
		if (next < now)
			next = now;
		else
			sleep_until(next);
	}
	return NULL;
}

static void *receiver(void *data)
{
	Probe *probe = data;

	for (;;) {
		uint8_t payload[64];
		uint32_t i;
		ssize_t n = recv(probe->fd, payload, sizeof payload, 0);

		if (n < (ssize_t)(1 + sizeof i))
			continue;
		memcpy(&i, payload + 1, sizeof i);
		if (i < atomic_load(&probe->count))
			atomic_fetch_or(&probe->responder[i], (unsigned char)(1u << payload[0]));
	}
	return NULL;
}

/* Signals are blocked before this: the threads inherit that, and only the main thread waits for
 * them. */
static void probe_start(Probe *probe, pthread_t *ret_sender)
{
	pthread_t thread;

	probe->fd = udp_socket(probe->ipv6 ? AF_INET6 : AF_INET);
	probe->sent = zeroed(PROBES_MAX * sizeof *probe->sent);
	probe->responder = zeroed(PROBES_MAX * sizeof *probe->responder);
	if (pthread_create(&thread, NULL, receiver, probe) != 0 ||
	    pthread_create(ret_sender, NULL, sender, probe) != 0)
		die("thread");
}

/* --- ARP ------------------------------------------------------------------------------------- */

static int arp_socket(const char *interface, struct ether_arp *request)
{
	struct ifreq ifr = { 0 };
	struct sockaddr_ll address = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP) };
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ARP));

	if (fd < 0)
		die("packet socket");
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", interface);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		die(interface);
	memcpy(request->arp_sha, ifr.ifr_hwaddr.sa_data, sizeof request->arp_sha);
	if (ioctl(fd, SIOCGIFADDR, &ifr) < 0)
		die(interface);
	memcpy(request->arp_spa, &((struct sockaddr_in *)&ifr.ifr_addr)->sin_addr, 4);
	address.sll_ifindex = (int)if_nametoindex(interface);
	if (bind(fd, (struct sockaddr *)&address, sizeof address) < 0)
		die("bind packet socket");
	return fd;
}

static void arp_drain(Probe *probe)
{
	struct ether_arp arp;

	while (recv(probe->arp_fd, &arp, sizeof arp, 0) == (ssize_t)sizeof arp) {
		bool gratuitous = memcmp(arp.arp_spa, arp.arp_tpa, 4) == 0;
		ArpAnswer *seen = &probe->answers[probe->answer_count];

		if (memcmp(arp.arp_spa, &probe->target.sin_addr, 4) != 0 ||
		    (!gratuitous && ntohs(arp.arp_op) != ARPOP_REPLY) ||
		    probe->answer_count >= ARPS_MAX)
			continue;
		seen->time_nsec = now_nsec(CLOCK_REALTIME);
		seen->gratuitous = gratuitous;
		memcpy(seen->mac, arp.arp_sha, sizeof seen->mac);
		probe->answer_count++;
	}
}

/* --- Neighbour discovery: the same questions in IPv6's words ---------------------------------- */

static int nd_socket(const char *interface, struct nd_opt_hdr *option)
{
	struct ifreq ifr = { 0 };
	int fd = socket(AF_INET6, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_ICMPV6);
	int index = (int)if_nametoindex(interface), hops = 255;
	struct icmp6_filter filter;

	if (fd < 0)
		die("ICMPv6 socket");
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
	snprintf(ifr.ifr_name, sizeof ifr.ifr_name, "%s", interface);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0 ||
	    setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof filter) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof index) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof hops) < 0)
		die(interface);
	*option = (struct nd_opt_hdr){ ND_OPT_SOURCE_LINKADDR, 1 };
	memcpy(option + 1, ifr.ifr_hwaddr.sa_data, 6);
	return fd;
}

static void nd_drain(Probe *probe)
{
	uint8_t data[64];

	while (recv(probe->arp_fd, data, sizeof data, 0) >= 32) {
		ArpAnswer *seen = &probe->answers[probe->answer_count];

		if (memcmp(data + 8, &probe->target6.sin6_addr, 16) != 0 ||
		    probe->answer_count >= ARPS_MAX)
			continue;
		seen->time_nsec = now_nsec(CLOCK_REALTIME);
		seen->gratuitous = !(data[4] & 0x40); /* not solicited */
		memcpy(seen->mac, data + 26, sizeof seen->mac);
		probe->answer_count++;
	}
}

static void *nd_asker(void *data)
{
	Probe *probe = data;
	struct {
		struct nd_neighbor_solicit question;
		uint8_t option[8];
	} packet = { .question.nd_ns_type = ND_NEIGHBOR_SOLICIT,
		     .question.nd_ns_target = probe->target6.sin6_addr };
	struct sockaddr_in6 group = { .sin6_family = AF_INET6 };
	int64_t next = now_nsec(CLOCK_MONOTONIC);

	inet_pton(AF_INET6, "ff02::1:ff00:0", &group.sin6_addr);
	memcpy(group.sin6_addr.s6_addr + 13, probe->target6.sin6_addr.s6_addr + 13, 3);
	probe->arp_fd = nd_socket(probe->arp_interface, (struct nd_opt_hdr *)(void *)packet.option);
	while (!probe->stop) {
		(void)sendto(probe->arp_fd, &packet, sizeof packet, 0, (struct sockaddr *)&group,
			     sizeof group);
		probe->asked++;
		next += probe->arp_interval_nsec;
		sleep_until(next);
		nd_drain(probe);
	}
	return NULL;
}

static void *asker(void *data)
{
	Probe *probe = data;
	struct ether_arp request = { .arp_hrd = htons(ARPHRD_ETHER),
				     .arp_pro = htons(ETH_P_IP),
				     .arp_hln = 6,
				     .arp_pln = 4,
				     .arp_op = htons(ARPOP_REQUEST) };
	struct sockaddr_ll broadcast = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ARP),
					 .sll_ifindex = (int)if_nametoindex(probe->arp_interface),
					 .sll_halen = 6 };
	int64_t next = now_nsec(CLOCK_MONOTONIC);

	memset(broadcast.sll_addr, 0xff, 6);
	memcpy(request.arp_tpa, &probe->target.sin_addr, 4);
	probe->arp_fd = arp_socket(probe->arp_interface, &request);
	while (!probe->stop) {
		(void)sendto(probe->arp_fd, &request, sizeof request, 0,
			     (struct sockaddr *)&broadcast, sizeof broadcast);
		probe->asked++;
		next += probe->arp_interval_nsec;
		sleep_until(next);
		arp_drain(probe);
	}
	return NULL;
}

/* --- Result ---------------------------------------------------------------------------------- */

static void print_probes(const Probe *probe, uint32_t count)
{
	uint32_t lost = 0, twice = 0;
	unsigned char last = 0;
	const char *separator = "";

	printf("{\"sent\": %u, \"first\": %lld, \"last\": %lld, \"lost_at\": [", count,
	       count ? (long long)probe->sent[0] : 0LL,
	       count ? (long long)probe->sent[count - 1] : 0LL);
	for (uint32_t i = 0; i < count; i++) {
		unsigned char who = probe->responder[i];

		if (who == 0) {
			lost++;
			printf("%s%lld", separator, (long long)probe->sent[i]);
			separator = ", ";
		}
		twice += (who & (who - 1)) != 0;
	}
	printf("], \"lost\": %u, \"twice\": %u, \"switches\": [", lost, twice);
	separator = "";
	for (uint32_t i = 0; i < count; i++) {
		unsigned char who = probe->responder[i];

		if (who == 0 || who == last)
			continue;
		printf("%s[%lld, %u]", separator, (long long)probe->sent[i], who);
		separator = ", ";
		last = who;
	}
	printf("], \"gaps\": [");
	separator = "";
	for (uint32_t i = 1; i < count; i++) {
		int64_t gap = probe->sent[i] - probe->sent[i - 1];

		if (gap < LONG_GAP_NSEC)
			continue;
		printf("%s[%lld, %lld]", separator, (long long)probe->sent[i], (long long)gap);
		separator = ", ";
	}
}

static void print_result(const Probe *probe)
{
	print_probes(probe, probe->count);
	printf("], \"asked\": %u, \"answers\": [", probe->asked);
	for (uint32_t i = 0; i < probe->answer_count; i++) {
		const ArpAnswer *seen = &probe->answers[i];

		printf("%s[%lld, \"%02x:%02x:%02x:%02x:%02x:%02x\", %s]", i ? ", " : "",
		       (long long)seen->time_nsec, seen->mac[0], seen->mac[1], seen->mac[2],
		       seen->mac[3], seen->mac[4], seen->mac[5],
		       seen->gratuitous ? "true" : "false");
	}
	printf("]}\n");
}

static bool all_answered(const Probe *probe)
{
	for (uint32_t i = probe->count > 20000 ? probe->count - 20000 : 0; i < probe->count; i++)
		if (probe->responder[i] == 0)
			return false;
	return true;
}

static int send_probes(Probe *probe)
{
	pthread_t sending, asking;
	sigset_t signals;
	int signal_number;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	probe->answers = zeroed(ARPS_MAX * sizeof *probe->answers);
	probe_start(probe, &sending);
	if (probe->arp_interface &&
	    pthread_create(&asking, NULL, probe->ipv6 ? nd_asker : asker, probe) != 0)
		die("thread");
	puts("ready");
	fflush(stdout);
	sigwait(&signals, &signal_number);
	probe->stop = true;
	pthread_join(sending, NULL);
	if (probe->arp_interface)
		pthread_join(asking, NULL);
	for (int64_t end = now_nsec(CLOCK_MONOTONIC) + 1000000000;
	     !all_answered(probe) && now_nsec(CLOCK_MONOTONIC) < end;)
		sleep_until(now_nsec(CLOCK_MONOTONIC) + 1000000);
	print_result(probe);
	return 0;
}

static int usage(void)
{
	fputs("usage: probe echo IDENT | probe send ADDRESS INTERVAL_USEC [IFNAME ARP_USEC]\n",
	      stderr);
	return 2;
}

int main(int argc, char **argv)
{
	Probe probe = { .target = { .sin_family = AF_INET, .sin_port = htons(ECHO_PORT) },
			.target6 = { .sin6_family = AF_INET6, .sin6_port = htons(ECHO_PORT) } };

	if (argc == 3 && strcmp(argv[1], "echo") == 0 && atoi(argv[2]) > 0 && atoi(argv[2]) < 8)
		echo(atoi(argv[2]));
	if ((argc != 4 && argc != 6) || strcmp(argv[1], "send") != 0 || atoi(argv[3]) <= 0)
		return usage();
	probe.ipv6 = strchr(argv[2], ':') != NULL;
	if (inet_pton(probe.ipv6 ? AF_INET6 : AF_INET, argv[2],
		      probe.ipv6 ? (void *)&probe.target6.sin6_addr
				 : (void *)&probe.target.sin_addr) != 1)
		return usage();
	probe.interval_nsec = atoi(argv[3]) * INT64_C(1000);
	if (argc == 6) {
		probe.arp_interface = argv[4];
		probe.arp_interval_nsec = atoi(argv[5]) * INT64_C(1000);
		if (probe.arp_interval_nsec <= 0)
			return usage();
	}
	return send_probes(&probe);
}
