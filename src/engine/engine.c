/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The engine: one thread that runs the protocol and does nothing else.
 *
 * A turn of its loop goes in this order. (1) Wait. (2) Read the receive sockets until they are
 * empty: whatever arrived before a deadline must be known before that deadline is judged. This
 * holds above all after a stall, when adverts of a healthy master wait behind an expired timer. (3)
 * Read links, completions and commands. (4) Read the clock once and expire what is due. (5) Send
 * what all this has yielded, in one call. (6) Give back what is finished, renew the filters, count
 * stray packets. (7) Arm the one timer.
 *
 * All memory is one mapping, made by engine_new: a guard page, the stack, and the Engine itself.
 * The thread allocates nothing, takes no lock, and never waits for control: what does not fit into
 * the event ring waits here. Whoever reads from another thread reads atomics. The thread ends when
 * everything has left after COMMAND_STOP, or when it cannot go on.
 */

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "engine-internal.h"

#define REAL_TIME_PRIORITY  5
#define GUARD_SIZE          4096
#define HEARTBEAT_MSEC      1000
#define BACKLOG_RETRY_NSEC  (10 * VRRP_NSEC_PER_MSEC)
#define TAKEOVER_EARLY_NSEC (1 * VRRP_NSEC_PER_MSEC)
#define TAKEOVER_AWAKE_NSEC (1 * VRRP_NSEC_PER_MSEC)
#define WAITED_NSEC         (20 * VRRP_NSEC_PER_USEC) /* a call that took longer has waited */
#define BUSY_NSEC           (50 * VRRP_NSEC_PER_MSEC)
#define BUSY_PAUSE_NSEC     (50 * VRRP_NSEC_PER_USEC)

/* What epoll says is ready. The receive sockets come first: their tags are their numbers. */
enum {
	WATCH_TIMER = _ENGINE_SOCKET_MAX,
	WATCH_MONITOR,
	WATCH_COMMANDS,
	WATCH_DONE,
	_WATCH_MAX,
};

/* --- What others ask ------------------------------------------------------------------------- */

bool engine_real_time(const Engine *engine)
{
	return atomic_load_explicit(&engine->real_time, memory_order_relaxed);
}

uint64_t engine_max_lateness_nsec(const Engine *engine)
{
	return atomic_load_explicit(&engine->max_lateness_nsec, memory_order_relaxed);
}

uint64_t engine_reject_count(const Engine *engine, VrrpReject reject)
{
	return atomic_load_explicit(&engine->rejects[reject], memory_order_relaxed);
}

uint64_t engine_heartbeat(const Engine *engine)
{
	return atomic_load_explicit(&engine->heartbeat, memory_order_relaxed);
}

/* --- What the parts ask ---------------------------------------------------------------------- */

VrrpTime engine_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (VrrpTime){ (uint64_t)now.tv_sec * VRRP_NSEC_PER_SECOND + (uint64_t)now.tv_nsec };
}

static void flush_backlog(Engine *engine)
{
	while (engine->backlog_count > 0) {
		if (ring_push(&engine->exchange->events, &engine->backlog[engine->backlog_first]) <
		    0)
			return;
		engine->backlog_first = (engine->backlog_first + 1) % ENGINE_BACKLOG_MAX;
		engine->backlog_count--;
	}
}

void engine_event(Engine *engine, const EngineEvent *event)
{
	uint32_t at = (engine->backlog_first + engine->backlog_count) % ENGINE_BACKLOG_MAX;

	if (engine->backlog_count == 0 && ring_push(&engine->exchange->events, event) == 0)
		return;
	/* The bounds of the ring and of this array leave room for what can be under way; commands
	 * are not read while anything waits here, so only numbers to save could still fill it, and
	 * the next block replaces those. */
	if (engine->backlog_count == ENGINE_BACKLOG_MAX)
		return;
	engine->backlog[at] = *event;
	engine->backlog_count++;
}

void engine_fail(Engine *engine, int error)
{
	if (engine->ended)
		return;
	engine->ended = true;
	engine_event(engine, &(EngineEvent){ .type = ENGINE_EVENT_FAILED, .error = error });
}

void engine_watch_stray(Engine *engine, const EngineSocket *socket)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLONESHOT,
				     .data.u32 = (uint32_t)(socket - engine->sockets) };

	if (epoll_ctl(engine->epoll_fd, EPOLL_CTL_MOD, socket->fd, &event) < 0)
		engine_fail(engine, -errno);
}

static int watch(Engine *engine, int fd, uint32_t events, uint32_t tag)
{
	struct epoll_event event = { .events = events, .data.u32 = tag };

	return epoll_ctl(engine->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* --- The loop -------------------------------------------------------------------------------- */

typedef struct Ready {
	bool receive;
	bool monitor;
	bool commands;
	bool done;
} Ready;

/* Under a flood there is always something to read. A real-time thread that never waits starves the
 * host, and the kernel ends its process (RLIMIT_RTTIME), so it steps aside for a moment every now
 * and then. */
static void pause_if_busy(Engine *engine, VrrpTime before)
{
	struct timespec pause = { .tv_nsec = BUSY_PAUSE_NSEC };
	VrrpTime now = engine_now();

	if (vrrp_time_since(now, before) < WAITED_NSEC) {
		if (vrrp_time_since(now, engine->slept_at) < BUSY_NSEC)
			return;
		nanosleep(&pause, NULL);
		now = engine_now();
	}
	engine->slept_at = now;
}

static void wait_for_events(Engine *engine, Ready *ret)
{
	struct epoll_event events[_WATCH_MAX];
	VrrpTime before = engine_now();
	bool again = (engine->more_commands && engine->backlog_count == 0) || engine->more_done ||
		     engine->lists_changed || engine->awake_until.nsec > before.nsec;
	int count = epoll_wait(engine->epoll_fd, events, _WATCH_MAX, again ? 0 : HEARTBEAT_MSEC);

	if (count < 0 && errno != EINTR)
		engine_fail(engine, -errno);
	pause_if_busy(engine, before);
	*ret = (Ready){ .commands = engine->more_commands, .done = engine->more_done };
	for (int i = 0; i < count; i++) {
		uint32_t tag = events[i].data.u32;

		if (tag < _ENGINE_SOCKET_MAX)
			engine->sockets[tag].ready = true;
		ret->receive |= tag < ENGINE_SOCKET_STRAY_VRRP;
		ret->monitor |= tag == WATCH_MONITOR;
		ret->commands |= tag == WATCH_COMMANDS;
		ret->done |= tag == WATCH_DONE;
	}
}

static void read_done(Engine *engine)
{
	NetlinkDone done;
	unsigned budget = ENGINE_DONE_BUDGET;

	ring_acknowledge(&engine->exchange->done);
	while (budget > 0 && ring_pop(&engine->exchange->done, &done)) {
		if (done.type == NETLINK_JOB_AWAKE)
			engine->awake_asked = false;
		else
			engine->awake_until = (VrrpTime){ 0 };
		engine_job_done(engine, &done, engine_now());
		budget--;
	}
	engine->more_done = budget == 0;
}

static void note_lateness(Engine *engine, VrrpTime deadline, VrrpTime now)
{
	uint64_t lateness = vrrp_time_since(now, deadline);

	if (lateness > atomic_load_explicit(&engine->max_lateness_nsec, memory_order_relaxed))
		atomic_store_explicit(&engine->max_lateness_nsec, lateness, memory_order_relaxed);
}

static void expire(Engine *engine, VrrpTime now)
{
	for (unsigned budget = ENGINE_EXPIRE_BUDGET; budget > 0; budget--) {
		VrrpHeapNode *node = vrrp_heap_first(&engine->heap);
		EngineInstance *instance;

		if (!node || !vrrp_time_reached(node->deadline, now))
			return;
		note_lateness(engine, node->deadline, now);
		instance = (EngineInstance *)((char *)node - offsetof(EngineInstance, node));
		engine_instance_timer(engine, instance, now);
	}
}

static VrrpTime first_deadline(const Engine *engine)
{
	const VrrpHeapNode *node = vrrp_heap_first(&engine->heap);

	return node ? node->deadline : VRRP_TIME_NEVER;
}

/* Receive before timers. Where a timer is due the sockets are read even if epoll did not name them,
 * and again if this thread was away between the last read and the clock: the adverts that waited
 * meanwhile must be seen first. */
static VrrpTime receive(Engine *engine, bool ready)
{
	VrrpTime read_at, now = engine_now();

	if (!ready && !vrrp_time_reached(first_deadline(engine), now))
		return now;
	for (unsigned round = 0; round < 4; round++) {
		read_at = engine_receive_drain(engine, !ready || round > 0);
		now = engine_now();
		if (vrrp_time_since(now, read_at) < VRRP_NSEC_PER_MSEC)
			break;
	}
	return now;
}

static void begin_instances(Engine *engine)
{
	int r = watch(engine, engine->exchange->commands.wake_fd, EPOLLIN, WATCH_COMMANDS);

	if (r < 0) {
		engine_fail(engine, r);
		return;
	}
	engine->ready = true;
	engine->more_commands = true; /* some may wait already */
	engine_event(engine, &(EngineEvent){ .type = ENGINE_EVENT_STARTED });
}

static void update_sources(Engine *engine, VrrpTime now)
{
	engine->lists_changed = false;
	for (uint32_t i = 0; i < engine->instance_count; i++)
		engine_environment_update(engine, engine->instances[i], now);
}

/* Commands yield events: while some of those wait for room, no more of them. */
static void read_commands(Engine *engine)
{
	if (engine->backlog_count == 0) {
		engine_commands(engine, engine_now());
		return;
	}
	ring_acknowledge(&engine->exchange->commands);
	engine->more_commands = true;
}

static void read_others(Engine *engine, const Ready *ready)
{
	if (ready->monitor)
		engine_environment_read(engine);
	if (ready->done)
		read_done(engine);
	if (!engine->ready && engine->known && engine->flushed)
		begin_instances(engine);
	if (engine->ready && ready->commands)
		read_commands(engine);
	if (engine->lists_changed)
		update_sources(engine, engine_now());
}

/* An idle processor takes up to half a millisecond to wake. A takeover is the one moment where that
 * counts and that hardly ever comes: the timer is set a little early, and the loop turns until the
 * deadline, reading packets all the while. */
static VrrpTime wake_up_time(const Engine *engine)
{
	const VrrpHeapNode *node = vrrp_heap_first(&engine->heap);
	const EngineInstance *instance;

	if (!node)
		return VRRP_TIME_NEVER;
	instance = (const EngineInstance *)((const char *)node - offsetof(EngineInstance, node));
	if (instance->fsm.state != VRRP_STATE_BACKUP ||
	    instance->fsm.master_down.nsec != node->deadline.nsec ||
	    node->deadline.nsec < TAKEOVER_EARLY_NSEC)
		return node->deadline;
	return (VrrpTime){ node->deadline.nsec - TAKEOVER_EARLY_NSEC };
}

/* The takeover ends with the addresses: the netlink thread is woken early too, and this one does
 * not fall asleep before the answer. On a single processor it has to, since the other could not
 * run. */
static void prepare_takeover(Engine *engine, VrrpTime now)
{
	VrrpTime deadline = first_deadline(engine), early = wake_up_time(engine);
	NetlinkJob job = { .type = NETLINK_JOB_AWAKE };

	if (early.nsec == deadline.nsec || !vrrp_time_reached(early, now) || engine->awake_asked)
		return;
	job.until_nsec = vrrp_time_add(deadline, TAKEOVER_AWAKE_NSEC).nsec;
	if (ring_push(&engine->exchange->jobs, &job) < 0)
		return;
	engine->awake_asked = true;
	if (engine->processors > 1)
		engine->awake_until.nsec = job.until_nsec;
}

static void arm(Engine *engine, VrrpTime now)
{
	VrrpTime next = wake_up_time(engine);
	struct itimerspec spec = { 0 };

	next = vrrp_time_min(next, engine->dump_retry_at);
	next = vrrp_time_min(next, engine->join_retry_at);
	if (engine->stray_at.nsec != 0)
		next = vrrp_time_min(next, engine->stray_at);
	if (engine->backlog_count > 0)
		next = vrrp_time_min(next, vrrp_time_add(now, BACKLOG_RETRY_NSEC));
	if (next.nsec == engine->armed.nsec && next.nsec > now.nsec)
		return;
	engine->armed = next;
	if (!vrrp_time_is_never(next)) {
		spec.it_value.tv_sec = (time_t)(next.nsec / VRRP_NSEC_PER_SECOND);
		spec.it_value.tv_nsec = (long)(next.nsec % VRRP_NSEC_PER_SECOND);
	}
	if (timerfd_settime(engine->timer_fd, TFD_TIMER_ABSTIME, &spec, NULL) < 0)
		engine_fail(engine, -errno);
}

static void end_if_all_left(Engine *engine)
{
	if (!engine->stopping || engine->instance_count > 0 || engine->ended)
		return;
	engine_event(engine, &(EngineEvent){ .type = ENGINE_EVENT_STOPPED });
	engine->ended = true;
}

static void turn(Engine *engine)
{
	Ready ready;
	VrrpTime now;

	wait_for_events(engine, &ready);
	receive(engine, ready.receive);
	read_others(engine, &ready);
	/* The second drain is for what the first part of the turn took; it costs nothing where no
	 * timer is due. */
	now = receive(engine, false);
	expire(engine, now);
	engine_environment_timer(engine, now);
	engine_send_flush(engine, now);
	engine_reap(engine);
	engine_registry_filters(engine);
	engine_receive_strays(engine, now);
	flush_backlog(engine);
	end_if_all_left(engine);
	prepare_takeover(engine, now);
	arm(engine, now);
	atomic_fetch_add_explicit(&engine->heartbeat, 1, memory_order_relaxed);
}

/* --- The thread ------------------------------------------------------------------------------ */

static void ask_for_real_time(Engine *engine)
{
	struct sched_param param = { .sched_priority = REAL_TIME_PRIORITY };

	if (!engine->options.real_time)
		return;
	/* Of the calling thread. The engine starts no others, but whoever forks must not inherit
	 * it. */
	if (sched_setscheduler(0, SCHED_FIFO | SCHED_RESET_ON_FORK, &param) == 0)
		atomic_store_explicit(&engine->real_time, true, memory_order_relaxed);
}

static void *run(void *userdata)
{
	Engine *engine = userdata;

	ask_for_real_time(engine);
	/* First of all, so that no instance meets the addresses of a dead daemon. */
	(void)ring_push(&engine->exchange->jobs, &(NetlinkJob){ .type = NETLINK_JOB_FLUSH_STALE });
	engine_environment_begin(engine);
	while (!engine->ended)
		turn(engine);
	(void)ring_push(&engine->exchange->jobs, &(NetlinkJob){ .type = NETLINK_JOB_STOP });
	/* Only where control has not read for long; it waits for these events itself before it
	 * ends. */
	while (engine->backlog_count > 0) {
		struct timespec pause = { .tv_nsec = (long)BACKLOG_RETRY_NSEC };

		flush_backlog(engine);
		nanosleep(&pause, NULL);
	}
	return NULL;
}

/* --- Life ------------------------------------------------------------------------------------ */

static int map(Engine **ret)
{
	size_t size = GUARD_SIZE + ENGINE_STACK_SIZE + sizeof(Engine);
	char *mapping = mmap(NULL, size, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	Engine *engine;

	if (mapping == MAP_FAILED)
		return -errno;
	if (mprotect(mapping, GUARD_SIZE, PROT_NONE) < 0) {
		int r = -errno;

		munmap(mapping, size);
		return r;
	}
	/* No page fault on the way to a disk. Where the limit is too low it has to do without. */
	(void)syscall(SYS_mlock2, mapping + GUARD_SIZE, size - GUARD_SIZE, MLOCK_ONFAULT);
	engine = (Engine *)(mapping + GUARD_SIZE + ENGINE_STACK_SIZE);
	engine->mapping = mapping;
	engine->mapping_size = size;
	engine->stack = mapping + GUARD_SIZE;
	*ret = engine;
	return 0;
}

static void init(Engine *engine, Exchange *exchange, const EngineOptions *options)
{
	engine->exchange = exchange;
	engine->options = *options;
	engine->processors = sysconf(_SC_NPROCESSORS_ONLN);
	engine->epoll_fd = engine->timer_fd = engine->monitor_fd = -1;
	engine->send.fd = engine->send_ipv6.fd = engine->announce_fd = -1;
	for (unsigned i = 0; i < _ENGINE_SOCKET_MAX; i++)
		engine->sockets[i].fd = -1;
	engine->dump_retry_at = VRRP_TIME_NEVER;
	engine->join_retry_at = VRRP_TIME_NEVER;
	engine->armed = VRRP_TIME_NEVER;
	engine->filter_dirty = true;
	engine_membership_init(&engine->membership);
	engine_links_init(&engine->links);
	vrrp_table_init(&engine->table, engine->table_buckets, ENGINE_TABLE_BUCKETS);
	vrrp_heap_init(&engine->heap, engine->heap_nodes, INSTANCES_MAX);
}

static int open_loop(Engine *engine)
{
	int r;

	engine->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (engine->epoll_fd < 0)
		return -errno;
	engine->timer_fd = timerfd_create(CLOCK_BOOTTIME, TFD_CLOEXEC | TFD_NONBLOCK);
	if (engine->timer_fd < 0)
		return -errno;
	engine->monitor_fd = netlink_monitor_open();
	if (engine->monitor_fd < 0)
		return engine->monitor_fd;
	/* Edge-triggered: setting it anew is the acknowledgement. */
	r = watch(engine, engine->timer_fd, EPOLLIN | EPOLLET, WATCH_TIMER);
	if (r == 0)
		r = watch(engine, engine->monitor_fd, EPOLLIN, WATCH_MONITOR);
	if (r == 0)
		r = watch(engine, engine->exchange->done.wake_fd, EPOLLIN, WATCH_DONE);
	for (uint32_t i = 0; r == 0 && i < _ENGINE_SOCKET_MAX; i++)
		if (engine->sockets[i].fd >= 0)
			r = watch(engine, engine->sockets[i].fd,
				  engine->sockets[i].stray ? EPOLLIN | EPOLLONESHOT : EPOLLIN, i);
	return r;
}

int engine_new(Exchange *exchange, const EngineOptions *options, Engine **ret)
{
	Engine *engine = NULL;
	int r = map(&engine);

	if (r < 0)
		return r;
	init(engine, exchange, options);
	r = engine_receive_open(engine);
	if (r == 0)
		r = engine_send_open(engine);
	if (r == 0)
		r = open_loop(engine);
	if (r < 0) {
		engine_free(engine);
		return r;
	}
	/* Nothing is wanted yet; without filters every packet of the protocol on this host would
	 * queue. */
	engine_registry_filters(engine);
	*ret = engine;
	return 0;
}

int engine_start(Engine *engine)
{
	pthread_attr_t attributes;
	sigset_t all, old;
	int r = pthread_attr_init(&attributes);

	if (r != 0)
		return -r;
	r = pthread_attr_setstack(&attributes, engine->stack, ENGINE_STACK_SIZE);
	if (r == 0) {
		/* Signals are control's. */
		sigfillset(&all);
		pthread_sigmask(SIG_SETMASK, &all, &old);
		r = pthread_create(&engine->thread, &attributes, run, engine);
		pthread_sigmask(SIG_SETMASK, &old, NULL);
	}
	pthread_attr_destroy(&attributes);
	if (r != 0)
		return -r;
	engine->thread_started = true;
	(void)pthread_setname_np(engine->thread, "vrrp-engine");
	return 0;
}

static void close_fd(int fd)
{
	if (fd >= 0)
		close(fd);
}

Engine *engine_free(Engine *engine)
{
	if (!engine)
		return NULL;
	if (engine->thread_started)
		pthread_join(engine->thread, NULL);
	for (unsigned i = 0; i < _ENGINE_SOCKET_MAX; i++)
		close_fd(engine->sockets[i].fd);
	close_fd(engine->send.fd);
	close_fd(engine->send_ipv6.fd);
	close_fd(engine->announce_fd);
	close_fd(engine->monitor_fd);
	close_fd(engine->timer_fd);
	close_fd(engine->epoll_fd);
	engine_membership_deinit(&engine->membership);
	munmap(engine->mapping, engine->mapping_size);
	return NULL;
}
