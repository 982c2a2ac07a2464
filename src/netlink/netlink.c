/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The netlink thread: it waits for a job, carries it out with blocking requests, and says how it
 * went. It exists so that the engine never waits for the kernel's configuration lock; so it may
 * wait and allocate, but must never drop a job or a completion. It has no GLib and takes no
 * signals.
 *
 * Real time, where it is granted, because a takeover is complete only when the addresses are there;
 * forked children do not inherit it.
 *
 * The creator owns it; while it runs, everything in it but `real_time` belongs to the thread.
 */

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "netlink-address.h"
#include "netlink-filter.h"
#include "netlink-holding.h"
#include "netlink.h"

#define STACK_SIZE        (256 * 1024)
#define PRIORITY          4
#define SNAPSHOT_NSEC_MAX INT64_C(20000000) /* a burst of jobs longer than this looks again */

struct Netlink {
	Exchange *exchange;
	NetlinkOptions options;
	NetlinkKernel kernel;
	NetlinkHoldings holdings;
	NetlinkFilter filter;
	pthread_t thread;
	bool started;
	bool real_time;
	sem_t running;
};

int netlink_new(Exchange *exchange, const NetlinkOptions *options, Netlink **ret)
{
	Netlink *netlink = calloc(1, sizeof(*netlink));
	int r;

	if (!netlink)
		return -ENOMEM;
	netlink->exchange = exchange;
	netlink->options = *options;
	r = netlink_socket_open(&netlink->kernel.socket);
	if (r < 0) {
		free(netlink);
		return r;
	}
	netlink->kernel.loopback = netlink_socket_interface_index(&netlink->kernel.socket, "lo");
	netlink_filter_open(&netlink->filter);
	(void)sem_init(&netlink->running, 0, 0); /* fails only for values that are not these */
	*ret = netlink;
	return 0;
}

/* The engine reads completions whenever it runs; where it is late, its ring is what it must make
 * room in. */
static void complete(Netlink *netlink, const NetlinkDone *done)
{
	struct timespec pause = { .tv_nsec = 1000000 };

	while (ring_push(&netlink->exchange->done, done) == -EAGAIN)
		(void)nanosleep(&pause, NULL);
}

static void carry_out(Netlink *netlink, const NetlinkJob *job)
{
	NetlinkDone done = { .type = job->type, .instance = job->instance, .wanted = job->wanted };

	if (job->type == NETLINK_JOB_FLUSH_STALE) {
		int r = netlink_address_flush(&netlink->kernel);

		done.error = netlink_filter_flush(&netlink->filter);
		done.error = r < 0 ? r : done.error;
	} else if (job->type == NETLINK_JOB_HEAL) {
		done.error = netlink_holdings_heal(&netlink->holdings, &netlink->kernel, job);
	} else {
		NetlinkSocket *socket = &netlink->kernel.socket;

		netlink_filter_before(&netlink->filter, socket, job);
		done.error = netlink_holdings_apply(&netlink->holdings, &netlink->kernel, job);
		netlink_filter_after(&netlink->filter, socket, job, done.error);
		done.filter_error = netlink_filter_error(&netlink->filter, job);
	}
	complete(netlink, &done);
}

/* Until a job is there; the engine pops completions, so this one says that it may ask again. */
static void stay_awake(Netlink *netlink, const NetlinkJob *job)
{
	struct timespec now;

	do
		(void)clock_gettime(CLOCK_BOOTTIME, &now);
	while ((uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec < job->until_nsec &&
	       ring_pending(&netlink->exchange->jobs) == 0);
	complete(netlink, &(NetlinkDone){ .type = job->type });
}

static int64_t now_nsec(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Returns false when the thread is to end. */
static bool carry_out_all(Netlink *netlink)
{
	int64_t start = now_nsec();
	NetlinkJob job;

	while (ring_pop(&netlink->exchange->jobs, &job)) {
		if (job.type == NETLINK_JOB_STOP)
			return false;
		if (job.type == NETLINK_JOB_AWAKE) {
			stay_awake(netlink, &job);
			continue;
		}
		if (now_nsec() - start > SNAPSHOT_NSEC_MAX) {
			netlink_snapshot_clear(&netlink->kernel.snapshot);
			start = now_nsec();
		}
		carry_out(netlink, &job);
	}
	netlink_snapshot_clear(&netlink->kernel.snapshot);
	return true;
}

/* Until jobs are there, or the filter needs a hand. */
static void wait_for_work(Netlink *netlink)
{
	struct pollfd wait[] = {
		{ .fd = netlink->exchange->jobs.wake_fd, .events = POLLIN },
		{ .fd = netlink_nftables_fd(&netlink->filter.nftables), .events = POLLIN },
	};
	int64_t left = netlink->filter.due_nsec - now_nsec();
	int timeout = -1;

	/* INT64_MAX, for never, is beyond any clock. */
	if (netlink->filter.due_nsec != INT64_MAX)
		timeout = left <= 0 ? 0 : (int)(left / 1000000) + 1;
	(void)poll(wait, 2, timeout);
	ring_acknowledge(&netlink->exchange->jobs);
	if (netlink_filter_heal(&netlink->filter, wait[1].revents != 0, now_nsec()))
		complete(netlink, &(NetlinkDone){ .type = NETLINK_JOB_FILTER,
						  .filter_error = netlink->filter.error });
}

static void *run(void *userdata)
{
	Netlink *netlink = userdata;
	struct sched_param priority = { .sched_priority = PRIORITY };

	/* Not by a thread attribute: those refuse SCHED_RESET_ON_FORK. 0 is this thread alone. */
	if (netlink->options.real_time)
		netlink->real_time =
			sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &priority) == 0;
	(void)sem_post(&netlink->running);
	do
		wait_for_work(netlink);
	while (carry_out_all(netlink));
	return NULL;
}

int netlink_start(Netlink *netlink)
{
	pthread_attr_t attributes;
	sigset_t all, before;
	int r = pthread_attr_init(&attributes);

	if (r != 0)
		return -r;
	(void)pthread_attr_setstacksize(&attributes, STACK_SIZE);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&netlink->thread, &attributes, run, netlink);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	(void)pthread_attr_destroy(&attributes);
	if (r != 0)
		return -r;
	(void)pthread_setname_np(netlink->thread, "vrrp-netlink");
	netlink->started = true;
	while (sem_wait(&netlink->running) < 0 && errno == EINTR)
		continue;
	return 0;
}

bool netlink_real_time(const Netlink *netlink)
{
	return netlink->real_time;
}

Netlink *netlink_free(Netlink *netlink)
{
	if (!netlink)
		return NULL;
	if (netlink->started)
		(void)pthread_join(netlink->thread, NULL);
	(void)sem_destroy(&netlink->running);
	netlink_snapshot_clear(&netlink->kernel.snapshot);
	netlink_holdings_clear(&netlink->holdings);
	netlink_filter_close(&netlink->filter);
	netlink_socket_close(&netlink->kernel.socket);
	free(netlink);
	return NULL;
}
