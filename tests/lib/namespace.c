/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Network namespaces for C tests. The neighbour's namespace is kept by a child process that waits
 * for its parent's end; sockets are opened in it by stepping in for a moment, so that the test
 * itself needs no second process.
 */

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "namespace.h"

#define ANSWER_MSEC 5000 /* an answer that must come */

void namespace_require(void)
{
	if (unshare(CLONE_NEWNET) == 0)
		return;
	fprintf(stderr, "skipped: cannot make a network namespace: %s\n", g_strerror(errno));
	exit(77);
}

void namespace_enter_fresh(void)
{
	g_assert_no_errno(unshare(CLONE_NEWNET));
	namespace_do("ip link set lo up");
}

static char *run(char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *errors = NULL;
	char *output = NULL;
	int status = 0;

	g_spawn_sync(NULL, argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, &output, &errors, &status,
		     &error);
	g_assert_no_error(error);
	if (!g_spawn_check_wait_status(status, NULL)) {
		g_autofree char *line = g_strjoinv(" ", argv);

		g_error("%s: status %d: %s%s", line, status, output, errors);
	}
	return output;
}

static char *run_line(const char *prefix, const char *format, va_list arguments)
{
	g_autofree char *command = g_strdup_vprintf(format, arguments);
	g_autofree char *line = g_strconcat(prefix, command, NULL);
	g_auto(GStrv) argv = NULL;

	g_assert_true(g_shell_parse_argv(line, NULL, &argv, NULL));
	return run(argv);
}

char *namespace_run(const char *format, ...)
{
	va_list arguments;
	char *output;

	va_start(arguments, format);
	output = run_line("", format, arguments);
	va_end(arguments);
	return output;
}

void namespace_do(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_free(run_line("", format, arguments));
	va_end(arguments);
}

void neighbour_do(const Neighbour *neighbour, const char *format, ...)
{
	g_autofree char *prefix = g_strdup_printf("nsenter --net --target %d ", neighbour->pid);
	va_list arguments;

	va_start(arguments, format);
	g_free(run_line(prefix, format, arguments));
	va_end(arguments);
}

static char *conf_path(const char *interface, const char *name)
{
	return g_strdup_printf("/proc/sys/net/ipv4/conf/%s/%s", interface, name);
}

unsigned namespace_get_conf(const char *interface, const char *name)
{
	g_autofree char *path = conf_path(interface, name);
	g_autofree char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return (unsigned)strtoul(text, NULL, 10);
}

void namespace_set_conf(const char *interface, const char *name, unsigned value)
{
	g_autofree char *path = conf_path(interface, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	g_assert_no_errno(fd);
	g_assert_cmpint(dprintf(fd, "%u", value), >, 0);
	close(fd);
}

/* Opens a socket in the neighbour's namespace. */
static int neighbour_socket(const Neighbour *neighbour, int family, int type, int protocol)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	int fd;

	g_assert_no_errno(home);
	g_assert_no_errno(setns(neighbour->netns, CLONE_NEWNET));
	fd = socket(family, type | SOCK_CLOEXEC, protocol);
	g_assert_no_errno(fd);
	g_assert_no_errno(setns(home, CLONE_NEWNET));
	close(home);
	return fd;
}

static void neighbour_start(Neighbour *neighbour)
{
	g_autofree char *path = NULL;
	pid_t parent = getpid();
	int ready[2];
	char byte;

	g_assert_no_errno(pipe2(ready, O_CLOEXEC));
	neighbour->pid = fork();
	g_assert_no_errno(neighbour->pid);
	if (neighbour->pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || unshare(CLONE_NEWNET) < 0)
			_exit(1);
		if (write(ready[1], "", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(ready[1]);
	g_assert_cmpint(read(ready[0], &byte, 1), ==, 1);
	close(ready[0]);
	path = g_strdup_printf("/proc/%d/ns/net", neighbour->pid);
	neighbour->netns = open(path, O_RDONLY | O_CLOEXEC);
	g_assert_no_errno(neighbour->netns);
}

/* Packets between two interfaces keep their order only while one processor carries them. */
static void stay_on_processor(void)
{
	cpu_set_t here;

	CPU_ZERO(&here);
	CPU_SET((unsigned)sched_getcpu(), &here);
	g_assert_no_errno(sched_setaffinity(0, sizeof(here), &here));
}

void neighbour_init(Neighbour *neighbour)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP) };
	socklen_t size = sizeof(link);
	struct ifreq name = { .ifr_name = "lan0" };

	stay_on_processor();
	neighbour_start(neighbour);
	namespace_do("ip link add eno1 type veth peer name lan0 netns %d", neighbour->pid);
	neighbour_do(neighbour, "ip link set lo up");
	neighbour_do(neighbour, "ip address add 192.168.120.9/21 dev lan0");
	neighbour_do(neighbour, "ip link set lan0 up");
	namespace_do("ip link set eno1 up");
	neighbour->arp = neighbour_socket(neighbour, AF_PACKET, SOCK_DGRAM, 0);
	g_assert_no_errno(ioctl(neighbour->arp, SIOCGIFINDEX, &name));
	link.sll_ifindex = name.ifr_ifindex;
	g_assert_no_errno(bind(neighbour->arp, (struct sockaddr *)&link, sizeof(link)));
	g_assert_no_errno(getsockname(neighbour->arp, (struct sockaddr *)&link, &size));
	memcpy(neighbour->mac, link.sll_addr, sizeof(neighbour->mac));
}

void neighbour_deinit(Neighbour *neighbour)
{
	close(neighbour->arp);
	close(neighbour->netns);
	kill(neighbour->pid, SIGKILL);
	waitpid(neighbour->pid, NULL, 0);
}

static void arp_ask(Neighbour *neighbour, const char *address)
{
	struct sockaddr_ll everybody = { .sll_family = AF_PACKET,
					 .sll_protocol = htons(ETH_P_ARP),
					 .sll_halen = ETH_ALEN };
	struct ifreq name = { .ifr_name = "lan0" };
	struct ether_arp question = { .ea_hdr = { .ar_hrd = htons(ARPHRD_ETHER),
						  .ar_pro = htons(ETH_P_IP),
						  .ar_hln = ETH_ALEN,
						  .ar_pln = 4,
						  .ar_op = htons(ARPOP_REQUEST) } };

	g_assert_no_errno(ioctl(neighbour->arp, SIOCGIFINDEX, &name));
	everybody.sll_ifindex = name.ifr_ifindex;
	memset(everybody.sll_addr, 0xff, ETH_ALEN);
	memcpy(question.arp_sha, neighbour->mac, ETH_ALEN);
	g_assert_cmpint(inet_pton(AF_INET, "192.168.120.9", question.arp_spa), ==, 1);
	g_assert_cmpint(inet_pton(AF_INET, address, question.arp_tpa), ==, 1);
	g_assert_cmpint(sendto(neighbour->arp, &question, sizeof(question), 0,
			       (struct sockaddr *)&everybody, sizeof(everybody)),
			==, sizeof(question));
}

bool neighbour_arp(Neighbour *neighbour, const char *address, const char *control)
{
	struct in_addr wanted, other;
	char old[64];
	bool answered = false;

	/* Answers to what the kernel asked on its own account. */
	while (recv(neighbour->arp, old, sizeof(old), MSG_DONTWAIT) > 0)
		continue;
	g_assert_cmpint(inet_pton(AF_INET, address, &wanted), ==, 1);
	g_assert_cmpint(inet_pton(AF_INET, control, &other), ==, 1);
	arp_ask(neighbour, address);
	arp_ask(neighbour, control);
	for (;;) {
		struct pollfd wait = { .fd = neighbour->arp, .events = POLLIN };
		struct ether_arp answer;

		g_assert_cmpint(poll(&wait, 1, ANSWER_MSEC), ==, 1);
		if (recv(neighbour->arp, &answer, sizeof(answer), 0) < (ssize_t)sizeof(answer) ||
		    answer.ea_hdr.ar_op != htons(ARPOP_REPLY))
			continue;
		if (memcmp(answer.arp_spa, &wanted, sizeof(wanted)) == 0)
			answered = true;
		if (memcmp(answer.arp_spa, &other, sizeof(other)) == 0)
			return answered;
	}
}

static uint16_t icmp_checksum(const struct icmphdr *header)
{
	uint16_t words[sizeof(*header) / 2];
	uint32_t sum = 0;

	memcpy(words, header, sizeof(words));
	for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t) ~(sum + (sum >> 16));
}

bool neighbour_ping(const Neighbour *neighbour, const char *address, int wait_msec)
{
	static uint16_t number;
	struct sockaddr_in target = { .sin_family = AF_INET };
	struct icmphdr request = { .type = ICMP_ECHO, .un.echo.sequence = ++number };
	int fd = neighbour_socket(neighbour, AF_INET, SOCK_RAW, IPPROTO_ICMP);
	gint64 end = g_get_monotonic_time() + wait_msec * 1000;
	bool answered = false;

	request.checksum = icmp_checksum(&request);
	g_assert_cmpint(inet_pton(AF_INET, address, &target.sin_addr), ==, 1);
	g_assert_no_errno(connect(fd, (struct sockaddr *)&target, sizeof(target)));
	g_assert_cmpint(send(fd, &request, sizeof(request), 0), ==, sizeof(request));
	while (!answered && g_get_monotonic_time() < end) {
		struct pollfd wait = { .fd = fd, .events = POLLIN };
		struct {
			struct iphdr ip;
			struct icmphdr icmp;
		} answer;

		if (poll(&wait, 1, (int)((end - g_get_monotonic_time()) / 1000) + 1) == 1 &&
		    recv(fd, &answer, sizeof(answer), 0) >= (ssize_t)sizeof(answer))
			answered = answer.icmp.type == ICMP_ECHOREPLY &&
				   answer.icmp.un.echo.sequence == request.un.echo.sequence;
	}
	close(fd);
	return answered;
}
