// SPDX-License-Identifier: GPL-2.0-only
/*
 * How fast is echogate, beside the bare programs that bound it and the kernel
 * that it stands in for? Method and reading: README.md.
 */
#include <net/if.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <json-c/json.h>

#include "frame.h"
#include "station.h"
#include "bench.skel.h"

#define ROUNDS_MIN		5
#define ROUNDS_MAX		99
#define ROUNDS_DEFAULT		7

/* One NAPI poll's worth, a quarter of veth's ring: it never overruns. */
#define BATCH			64
/*
 * The kernel's replies of one batch wait in that ring together, and their
 * buffers count against its ICMP socket: 57 of 1514 bytes fit.
 */
#define BATCH_KERNEL		48

#define NS			1000000000ULL
#define SLICE_NS		(b.quick ? NS / 250 : NS / 50)
#define LIMIT_NS		(170 * NS)
#define LIMIT_QUICK_NS		(18 * NS)
#define PARKED			6
#define YARDSTICKS		2
#define LATE_NS			(NS / 5)
#define SLICES_MAX		400
#define TRIES			3
#define CHECKED			4096

enum station_id {
	AT_OWN,			/* the bare programs and the least echo take turns here */
	AT_NATIVE,
	AT_SWAP,
	AT_TC_OWN,
	AT_TC,
	AT_KERNEL,
	STATIONS,
};

enum candidate_id {
	GENERATOR,
	BARE_DROP,
	BARE_TX,
	LEAST,
	NATIVE,
	SWAP,
	TC_LEAST,
	TC,
	KERNEL,
	CANDIDATES,
};

static const struct candidate {
	const char *name;
	enum station_id station;
	bool answers;		/* what comes back must be right */
	bool returns;		/* something comes back */
} candidates[CANDIDATES] = {
	[GENERATOR] = { "generator alone", AT_OWN, false, false },
	[BARE_DROP] = { "bare XDP_DROP", AT_OWN, false, false },
	[BARE_TX] = { "bare XDP_TX", AT_OWN, false, true },
	[LEAST] = { "least echo", AT_OWN, true, true },
	[NATIVE] = { "echogate native", AT_NATIVE, true, true },
	[SWAP] = { "echogate swap", AT_SWAP, true, true },
	[TC_LEAST] = { "least tc echo", AT_TC_OWN, true, true },
	[TC] = { "echogate tc", AT_TC, true, true },
	[KERNEL] = { "kernel's stack", AT_KERNEL, true, true },
};

#define BIT(n)		(1u << (n))
#define EVERY		(BIT(CANDIDATES) - 1)
#define ANSWERERS	(EVERY & ~(BIT(GENERATOR) | BIT(BARE_DROP)))

/* Candidates are compared within a group, and take turns in it. */
static const struct group {
	int family;
	__u32 length;
	__u64 span;
	unsigned int members;
	bool memory;		/* long enough for remembered paths to be forgotten */
} groups[] = {
	{ 4, 64, 1, EVERY, false },
	{ 6, 64, 1, EVERY, false },
	{ 4, 98, 1, ANSWERERS, false },
	{ 6, 98, 1, ANSWERERS, false },
	{ 4, 1514, 1, ANSWERERS, false },
	{ 6, 1514, 1, ANSWERERS, false },
	{ 4, 64, 512, BIT(BARE_TX) | BIT(NATIVE), false },
	{ 6, 64, 512, BIT(BARE_TX) | BIT(NATIVE), false },
	{ 4, 64, 65536, BIT(BARE_TX) | BIT(NATIVE) | BIT(SWAP) | BIT(KERNEL), true },
	{ 6, 64, 65536, BIT(BARE_TX) | BIT(NATIVE) | BIT(SWAP) | BIT(KERNEL), true },
	{ 4, 64, STATION_SPAN_4, BIT(BARE_TX) | BIT(NATIVE), true },
	{ 6, 64, STATION_SPAN_6, BIT(BARE_TX) | BIT(NATIVE), true },
};

#define GROUPS		(sizeof(groups) / sizeof(groups[0]))

/* What issue 2 asks for: a ratio of packet rates, at least. */
static const struct target {
	const char *name;
	unsigned int group;
	enum candidate_id of, over;
	double least;
} targets[] = {
	{ "IPv4, 64 bytes, over bare XDP_TX", 0, NATIVE, BARE_TX, 0.80 },
	{ "IPv6, 64 bytes, over bare XDP_TX", 1, NATIVE, BARE_TX, 0.78 },
	{ "IPv4, 1514 bytes, over bare XDP_TX", 4, NATIVE, BARE_TX, 0.52 },
	{ "IPv6, 1514 bytes, over bare XDP_TX", 5, NATIVE, BARE_TX, 0.52 },
	{ "IPv4, 65536 sources, over bare XDP_TX", 8, NATIVE, BARE_TX, 0.68 },
	{ "IPv6, 65536 sources, over bare XDP_TX", 9, NATIVE, BARE_TX, 0.68 },
	{ "IPv4, 64 bytes, over the kernel's stack", 0, NATIVE, KERNEL, 9 },
	{ "IPv6, 64 bytes, over the kernel's stack", 1, NATIVE, KERNEL, 9 },
	{ "IPv4, 64 bytes, tc over least tc echo", 0, TC, TC_LEAST, 0.95 },
	{ "IPv6, 64 bytes, tc over least tc echo", 1, TC, TC_LEAST, 0.95 },
};

#define TARGETS		(sizeof(targets) / sizeof(targets[0]))
#define BYSTANDER_NS	2.0

struct spread {
	double median, min, max;
};

/* Of a packet that a program only looks at. */
struct alone {
	int family;
	double net[ROUNDS_MAX];		/* ns over bare XDP_PASS */
	double bare[ROUNDS_MAX];
};

static struct state {
	struct bench *skel;
	struct station stations[STATIONS];
	bool opened[STATIONS];
	int home;			/* the generator's network namespace */
	int parked[PARKED];		/* bpf_links */
	char missing[STATIONS][64];	/* why its candidates are left out */
	const char *echogate;
	char config[64];
	int rounds, done;		/* wanted, finished */
	bool quick, json, only_alone;
	unsigned int only;		/* candidates, by bit */
	int cpu;
	clockid_t ksoftirqd;		/* its CPU time */
	bool have_ksoftirqd;
	__u64 started, limit;
	double ns[GROUPS][CANDIDATES][ROUNDS_MAX];
	struct alone *alone;
	double yardstick[YARDSTICKS][ROUNDS_MAX];	/* ns */
	bool have_alone;
	unsigned long disturbed, lost_slices, checked;
	int wrong;			/* packets wrong or lost: the bench has failed */
} b;

static volatile sig_atomic_t stop;

static void on_signal(int signal)
{
	stop = signal;
}

static __u64 now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (__u64)t.tv_sec * NS + (__u64)t.tv_nsec;
}

static void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void note(const char *format, ...)
{
	va_list args;

	fputs("bench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static int program(const struct bpf_program *p)
{
	return bpf_program__fd(p);
}

static const char *sources(__u64 span)
{
	static char text[32];

	if (span == STATION_SPAN_6)
		return "2^32";
	snprintf(text, sizeof(text), "%llu", (unsigned long long)span);
	return text;
}

/* Sending ---------------------------------------------------------------- */

/* Sends frames from a station's gate towards its target, and runs all that follows from it. */
static int send_frames(enum candidate_id id, int family, const __u8 *frame, __u32 length,
		       __u64 count)
{
	struct xdp_md ctx = { .data_end = length,
			      .ingress_ifindex = b.stations[candidates[id].station].gate };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = length,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = (int)count,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = id == KERNEL ? BATCH_KERNEL : BATCH);
	int fd = program(family == 4 ? b.skel->progs.bench_gen4 : b.skel->progs.bench_gen6);

	return bpf_prog_test_run_opts(fd, &opts);
}

static __u64 frames_back(void)
{
	return *(volatile __u64 *)&b.skel->bss->sink.frames;
}

/* Puts the candidate in place at the station it shares with others. */
static int prepare(const struct group *g, enum candidate_id id, __u8 *frame)
{
	struct bench_gen *gen = &b.skel->bss->gen;
	struct station *s = &b.stations[candidates[id].station];
	bool four = g->family == 4;

	frame__echo(g->family, g->length, g->span, frame, gen);
	gen->verdict = id == GENERATOR ? XDP_DROP : XDP_TX;
	memset(&b.skel->bss->sink, 0, sizeof(b.skel->bss->sink));
	b.skel->bss->sink.length = g->length;
	switch (id) {
	case BARE_DROP:
		return station__attach_xdp(s, program(b.skel->progs.bench_drop));
	case BARE_TX:
		return station__attach_xdp(s, program(b.skel->progs.bench_tx));
	case LEAST:
		return station__attach_xdp(s, program(four ? b.skel->progs.bench_least4 :
							     b.skel->progs.bench_least6));
	case TC_LEAST:
		return station__attach_tc(s, program(four ? b.skel->progs.bench_tc4 :
							    b.skel->progs.bench_tc6));
	default:
		return 0;
	}
}

/*
 * CPU time of those who do the work: this thread, and ksoftirqd, to which the
 * kernel hands softirqs when there are many. Wall clock less this is time that
 * was given to somebody else.
 */
static __u64 worked(void)
{
	struct timespec t;
	__u64 ns;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	ns = (__u64)t.tv_sec * NS + (__u64)t.tv_nsec;
	if (!clock_gettime(b.ksoftirqd, &t))
		ns += (__u64)t.tv_sec * NS + (__u64)t.tv_nsec;
	return ns;
}

static int find_ksoftirqd(void)
{
	char path[300], name[32], want[32];
	struct dirent *entry;
	int err = -ENOENT;
	DIR *proc;
	FILE *f;

	snprintf(want, sizeof(want), "ksoftirqd/%d\n", b.cpu);
	proc = opendir("/proc");
	if (!proc)
		return -errno;
	while (err && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			continue;
		if (fgets(name, sizeof(name), f) && !strcmp(name, want))
			err = -clock_getcpuclockid(atoi(entry->d_name), &b.ksoftirqd);
		fclose(f);
	}
	closedir(proc);
	return err;
}

struct slice {
	__u64 ns;
	__u64 work_ns;			/* of these, in which the CPU did our work */
	long long lost;			/* frames; negative: too many came back */
};

/*
 * Sends `count` frames and waits until all have come back (or been dropped where
 * they should be). 0, with the time of all this; or -errno, -EAGAIN when frames
 * were lost on the way.
 */
static int slice(const struct group *g, enum candidate_id id, const __u8 *frame, __u64 count,
		 struct slice *result)
{
	const struct candidate *c = &candidates[id];
	struct station *s = &b.stations[c->station];
	__u64 start, start_work, before = 0, after = 0;
	int err;

	memset(result, 0, sizeof(*result));
	b.skel->bss->sink.frames = 0;
	if (!c->returns && id != GENERATOR) {
		err = station__received(s, &before);
		if (err)
			return err;
	}
	start_work = worked();
	start = now();
	err = send_frames(id, g->family, frame, g->length, count);
	if (err)
		return err;
	if (c->returns)
		while (frames_back() < count && now() - start < LATE_NS + count * 10000)
			sched_yield();
	result->ns = now() - start;
	result->work_ns = worked() - start_work;
	if (c->returns) {
		after = frames_back();
	} else if (id == GENERATOR) {
		after = count;
	} else {
		err = station__received(s, &after);
		if (err)
			return err;
		after -= before;
	}
	if (after == count)
		return 0;
	result->lost = (long long)(count - after);
	return -EAGAIN;
}

/*
 * ns a packet over slices that last `least` ns together. A slice in which somebody
 * else had the CPU for more than a fiftieth of the time is sent again, within
 * reason; so is one that lost frames, and if that is repeated the bench has failed.
 */
static int measure(const struct group *g, enum candidate_id id, __u64 least, double *result)
{
	__u64 count = 2048, total_ns = 0, total = 0, sent = 0;
	int err, tries = 0, spare = 2 + (int)(least / SLICE_NS);
	__u8 frame[BENCH_FRAME_MAX];
	struct slice one;

	err = prepare(g, id, frame);
	if (err)
		return err;
	/* Warm up; with many sources until nearly all of them have been seen. */
	do {
		err = slice(g, id, frame, count, &one);
		if (err && err != -EAGAIN)
			goto failed;
		sent += count;
		if (one.ns < SLICE_NS)
			count = count * SLICE_NS / (one.ns ? one.ns : 1);
	} while (!stop && g->memory && sent < (b.quick ? 1 : 3) * (g->span < 131072 ? g->span : 131072));

	for (int n = 0; n < SLICES_MAX && total_ns < least && !stop; n++) {
		err = slice(g, id, frame, count, &one);
		if (err == -EAGAIN) {
			b.lost_slices++;
			note("%s, IPv%d, %u bytes: %lld of %llu frames lost; %s", candidates[id].name,
			     g->family, g->length, one.lost, (unsigned long long)count,
			     tries + 1 < TRIES ? "sent again" : "given up");
			if (++tries >= TRIES) {
				b.wrong++;
				return 0;
			}
			continue;
		}
		if (err)
			goto failed;
		if (b.have_ksoftirqd && one.ns > one.work_ns + one.ns / 50 && spare) {
			b.disturbed++;
			spare--;
			continue;
		}
		total_ns += one.ns;
		total += count;
	}
	*result = total ? (double)total_ns / (double)total : 0;
	return 0;
failed:
	note("%s, IPv%d, %u bytes: %s", candidates[id].name, g->family, g->length, strerror(-err));
	return err;
}

static const char *const fault_names[BENCH_FAULT_COUNT] = {
	[BENCH_FAULT_NONE] = "right",
	[BENCH_FAULT_LENGTH] = "length",
	[BENCH_FAULT_LINK] = "Ethernet header",
	[BENCH_FAULT_IP] = "IP header",
	[BENCH_FAULT_IP_CHECKSUM] = "IP header checksum",
	[BENCH_FAULT_SOURCE] = "source address",
	[BENCH_FAULT_DESTINATION] = "destination address",
	[BENCH_FAULT_TYPE] = "type or code",
	[BENCH_FAULT_IDENTIFIER] = "identifier",
	[BENCH_FAULT_DATA] = "data",
	[BENCH_FAULT_ICMP_CHECKSUM] = "ICMP checksum",
};

/* Every reply of one run looked at, before any is timed. */
static int check(const struct group *g, enum candidate_id id)
{
	const struct candidate *c = &candidates[id];
	const struct bench_sink *sink = &b.skel->bss->sink;
	__u8 frame[BENCH_FRAME_MAX];
	struct slice one;
	int err;

	err = prepare(g, id, frame);
	if (err)
		return err;
	b.skel->bss->sink.faithful = id == NATIVE || id == SWAP || id == TC || id == KERNEL;
	err = slice(g, id, frame, CHECKED, &one);
	if (!err || err == -EAGAIN) {
		err = 0;
		if (one.lost) {
			note("%s, IPv%d, %u bytes, %s sources: %lld of %d not answered", c->name, g->family,
			     g->length, sources(g->span), one.lost, CHECKED);
			b.wrong++;
		}
		for (int f = 1; f < BENCH_FAULT_COUNT; f++) {
			if (!sink->fault[f])
				continue;
			note("%s, IPv%d, %u bytes, %s sources: %llu replies with wrong %s", c->name,
			     g->family, g->length, sources(g->span),
			     (unsigned long long)sink->fault[f], fault_names[f]);
			b.wrong++;
		}
		b.checked += sink->fault[BENCH_FAULT_NONE];
	}
	return err;
}

/* A packet alone ----------------------------------------------------------- */

struct alone_run {
	int program;
	const __u8 *frame;
	__u32 length;
	int repeat;
	double ns;
};

static int run_alone(struct station *s, void *arg)
{
	struct alone_run *run = arg;
	struct xdp_md ctx = { .data_end = run->length, .ingress_ifindex = s->target };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = run->frame, .data_size_in = run->length,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = run->repeat);
	__u64 start = now();
	int err = bpf_prog_test_run_opts(run->program, &opts);

	run->ns = (double)(now() - start) / run->repeat;
	if (err)
		return err;
	return opts.retval == XDP_PASS ? 0 : -EBADMSG;
}

/* The least of three short runs: what disturbs a loop of a few ms only ever adds. */
static int least_alone(struct station *s, struct alone_run *run)
{
	double least = 0;
	int err;

	for (int n = 0; n < 3; n++) {
		err = station__inside(s, run_alone, run);
		if (err)
			return err;
		if (!n || run->ns < least)
			least = run->ns;
	}
	run->ns = least;
	return 0;
}

static int find_program(struct station *s, void *arg)
{
	__u32 id;
	int err;

	err = bpf_xdp_query_id((int)s->target, 0, &id);
	if (err)
		return err;
	*(int *)arg = bpf_prog_get_fd_by_id(id);
	return *(int *)arg < 0 ? -errno : 0;
}

/* One round over all kinds of packet that echogate leaves to the kernel. */
static int alone_round(int echogate, int round)
{
	struct station *s = &b.stations[AT_NATIVE];
	struct alone_run run = { .repeat = b.quick ? 50000 : 200000 };
	__u8 frame[BENCH_FRAME_MAX];
	double bare;
	int err;

	run.frame = frame;
	for (unsigned int k = 0; k < frame_kind_count && !stop; k++) {
		memset(frame, 0, sizeof(frame));
		frame_kinds[k].build(frame, frame_kinds[k].length);
		run.length = frame_kinds[k].length;
		run.program = program(b.skel->progs.bench_pass);
		err = least_alone(s, &run);
		if (err)
			return err;
		bare = run.ns;
		run.program = echogate;
		err = least_alone(s, &run);
		if (err == -EBADMSG) {
			note("%s: not passed to the kernel", frame_kinds[k].name);
			b.wrong++;
			continue;
		}
		if (err)
			return err;
		b.alone[k].bare[round] = bare;
		b.alone[k].net[round] = run.ns - bare;
	}
	run.program = program(b.skel->progs.bench_pass);
	err = least_alone(s, &run);
	bare = run.ns;
	for (int y = 0; y < YARDSTICKS && !err; y++) {
		run.program = program(y ? b.skel->progs.bench_calls : b.skel->progs.bench_hundred);
		err = least_alone(s, &run);
		b.yardstick[y][round] = run.ns - bare;
	}
	return err;
}

/* Setting up --------------------------------------------------------------- */

static void leave_out(enum station_id at, const char *why)
{
	snprintf(b.missing[at], sizeof(b.missing[at]), "%s", why);
}

static bool wanted(enum station_id at)
{
	for (int c = 0; c < CANDIDATES; c++)
		if (candidates[c].station == at && (b.only & BIT(c)))
			return true;
	return false;
}

static int open_station(enum station_id at)
{
	struct station *s = &b.stations[at];
	int err;

	b.opened[at] = true;
	err = station__open(s, at, program(b.skel->progs.bench_sink));
	if (err)
		return err;
	/* A program before the link is up and frames flow, whoever comes later. */
	if (at == AT_OWN)
		err = station__attach_xdp(s, program(b.skel->progs.bench_drop));
	else if (at == AT_TC_OWN || at == AT_TC || at == AT_KERNEL)
		err = station__enable_gro(s);
	if (!err)
		err = station__up(s);
	if (err)
		return err;
	if (at == AT_TC_OWN) {
		if (station__attach_tc(s, program(b.skel->progs.bench_tc4)))
			leave_out(at, "this kernel has no tcx");
	} else if (at == AT_NATIVE || at == AT_SWAP || at == AT_TC) {
		if (station__attach_echogate(s, b.echogate, at == AT_TC ? "tc" : "native",
					     at == AT_SWAP ? b.config : NULL)) {
			leave_out(at, "echogate could not be attached");
			b.wrong++;
		}
	}
	return 0;
}

static int write_config(void)
{
	static const char text[] = "reply-path swap\n";
	int fd, err = 0;

	strcpy(b.config, "/tmp/eg-bench-XXXXXX");
	fd = mkstemp(b.config);
	if (fd < 0) {
		b.config[0] = 0;
		return -errno;
	}
	if (write(fd, text, sizeof(text) - 1) != (ssize_t)sizeof(text) - 1)
		err = -EIO;
	close(fd);
	return err;
}

/*
 * BPF_PROG_TEST_RUN enters its program in the kernel's XDP dispatcher, and takes
 * it out again, waiting tens of ms for RCU each time. It need not for a program
 * that is attached somewhere: so these are, where no frame ever comes.
 */
static int park(void)
{
	const struct bpf_program *const parked[PARKED] = {
		b.skel->progs.bench_gen4,
		b.skel->progs.bench_gen6,
		b.skel->progs.bench_pass,
		b.skel->progs.bench_hundred,
		b.skel->progs.bench_calls,
		b.skel->progs.bench_drop,
	};
	char name[16];
	int err = 0;

	for (int n = 0; n < PARKED && !err; n++) {
		snprintf(name, sizeof(name), "park%d", n);
		if (n % 2 == 0)
			err = station__run(b.home, "ip link add %s type veth peer name park%d", name, n + 1);
		if (!err)
			err = b.parked[n] = station__park(name, program(parked[n]));
		if (err > 0)
			err = 0;
	}
	return err;
}

static int set_up(void)
{
	struct rlimit memory = { RLIM_INFINITY, RLIM_INFINITY };
	cpu_set_t one;
	int err;

	/* Kernels before 5.11 charge maps to this. */
	setrlimit(RLIMIT_MEMLOCK, &memory);
	CPU_ZERO(&one);
	CPU_SET(b.cpu, &one);
	if (sched_setaffinity(0, sizeof(one), &one)) {
		err = -errno;
		note("CPU %d: %s", b.cpu, strerror(-err));
		return err;
	}
	b.have_ksoftirqd = !find_ksoftirqd();
	/* Whoever shares the machine may use the other CPUs meanwhile. */
	setpriority(PRIO_PROCESS, 0, -20);
	if (unshare(CLONE_NEWNET)) {
		err = -errno;
		note("no network namespace: %s%s", strerror(-err), err == -EPERM ? "; run it as root" : "");
		return err;
	}
	b.skel = bench__open_and_load();
	if (!b.skel) {
		err = -errno;
		note("BPF programs can't be loaded: %s", strerror(-err));
		return err;
	}
	b.home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (b.home < 0)
		return -errno;
	err = park();
	if (!err)
		err = write_config();
	for (int at = 0; at < STATIONS && !err && !stop; at++)
		if (wanted(at) || at == AT_OWN)
			err = open_station(at);
	return err;
}

static void tear_down(void)
{
	for (int at = 0; at < STATIONS; at++)
		if (b.opened[at])
			station__close(&b.stations[at], b.echogate);
	if (b.config[0])
		unlink(b.config);
	bench__destroy(b.skel);
	free(b.alone);
}

/* Rounds ------------------------------------------------------------------- */

static bool takes_part(const struct group *g, enum candidate_id id)
{
	return (g->members & b.only & BIT(id)) && !b.missing[candidates[id].station][0];
}

static __u64 duration(const struct group *g, enum candidate_id id)
{
	if (g->memory && (id == NATIVE))
		return b.quick ? NS / 8 : NS * 13 / 10;
	return b.quick ? NS / 250 : NS / 16;
}

static bool out_of_time(void)
{
	return stop || now() - b.started > b.limit;
}

static int change_sinks(const struct bpf_program *sink)
{
	int err = 0;

	for (int at = 0; at < STATIONS && !err; at++)
		if (b.opened[at])
			err = bpf_link_update(b.stations[at].sink_link, program(sink), NULL);
	return err;
}

static int check_all(void)
{
	int err = change_sinks(b.skel->progs.bench_check);

	for (unsigned int g = 0; g < GROUPS && !err; g++)
		for (int id = 0; id < CANDIDATES && !err && !stop; id++)
			if (takes_part(&groups[g], id) && candidates[id].answers)
				err = check(&groups[g], id);
	return err ? err : change_sinks(b.skel->progs.bench_sink);
}

static int run_rounds(void)
{
	int err, echogate = -1;

	err = b.only_alone ? 0 : check_all();
	if (err) {
		note("checking the replies: %s", strerror(-err));
		return err;
	}
	if (takes_part(&groups[0], NATIVE)) {
		err = station__inside(&b.stations[AT_NATIVE], find_program, &echogate);
		if (err) {
			note("echogate's XDP program is not to be found: %s", strerror(-err));
			return err;
		}
		b.have_alone = true;
	}
	for (b.done = 0; b.done < b.rounds && !out_of_time(); b.done++) {
		for (unsigned int g = 0; g < GROUPS && !b.only_alone; g++)
			/* Somebody else begins each time. */
			for (int n = 0; n < CANDIDATES && !out_of_time(); n++) {
				int id = (n + b.done) % CANDIDATES;

				if (!takes_part(&groups[g], id))
					continue;
				err = measure(&groups[g], id, duration(&groups[g], id),
					      &b.ns[g][id][b.done]);
				if (err)
					return err;
			}
		if (b.have_alone && !out_of_time()) {
			err = alone_round(echogate, b.done);
			if (err) {
				note("a packet alone: %s", strerror(-err));
				return err;
			}
		}
		if (out_of_time() && b.done + 1 < b.rounds) {
			/* An incomplete round is better than none. */
			if (!b.done)
				b.have_alone = !++b.done;
			break;
		}
	}
	if (echogate >= 0)
		close(echogate);
	return 0;
}

/* The report --------------------------------------------------------------- */

static int by_size(const void *x, const void *y)
{
	double l = *(const double *)x, r = *(const double *)y;

	return (l > r) - (l < r);
}

static bool spread(const double *values, int count, struct spread *s)
{
	double sorted[ROUNDS_MAX];

	if (!count)
		return false;
	memcpy(sorted, values, count * sizeof(*values));
	qsort(sorted, count, sizeof(*sorted), by_size);
	s->min = sorted[0];
	s->max = sorted[count - 1];
	s->median = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
	return true;
}

/* Rate of one candidate over another's, by rounds; over = CANDIDATES: in Mpps. */
static bool ratio(unsigned int g, enum candidate_id of, enum candidate_id over, struct spread *s)
{
	double values[ROUNDS_MAX];
	int count = 0;

	for (int r = 0; r < b.done; r++) {
		double base = over == CANDIDATES ? 1000 : b.ns[g][over][r];

		if (b.ns[g][of][r] > 0 && base > 0)
			values[count++] = base / b.ns[g][of][r];
	}
	return spread(values, count, s);
}

/* ns a packet more than bare XDP_TX, in the same round. */
static bool over_tx(unsigned int g, enum candidate_id id, struct spread *s)
{
	double values[ROUNDS_MAX];
	int count = 0;

	for (int r = 0; r < b.done; r++)
		if (b.ns[g][id][r] > 0 && b.ns[g][BARE_TX][r] > 0)
			values[count++] = b.ns[g][id][r] - b.ns[g][BARE_TX][r];
	return spread(values, count, s);
}

static void print_wire(void)
{
	struct spread mpps, of_tx, over;

	printf("%-5s %6s %8s  %-16s %8s %17s %8s %9s %16s\n", "", "bytes", "sources", "candidate", "Mpps",
	       "(min..max)", "ns", "over TX", "of bare XDP_TX");
	for (unsigned int g = 0; g < GROUPS; g++) {
		bool first = true;

		for (int id = 0; id < CANDIDATES; id++) {
			if (!ratio(g, id, CANDIDATES, &mpps))
				continue;
			if (first)
				printf("IPv%d  %6u %8s  ", groups[g].family, groups[g].length,
				       sources(groups[g].span));
			else
				printf("%-23s", "");
			first = false;
			printf("%-16s %8.3f %8.3f..%-7.3f %8.1f", candidates[id].name, mpps.median, mpps.min,
			       mpps.max, 1000 / mpps.median);
			if (ratio(g, id, BARE_TX, &of_tx) && over_tx(g, id, &over))
				printf(" %+9.1f %6.3f (%.3f..%.3f)", over.median, of_tx.median, of_tx.min,
				       of_tx.max);
			putchar('\n');
		}
		if (!first)
			putchar('\n');
	}
}

static const char *const yardsticks[YARDSTICKS] = {
	"yardstick: 100 multiplications",
	"yardstick: 100 calls and returns",
};

static void print_alone(void)
{
	struct spread s;

	if (!b.have_alone || !b.done)
		return;
	printf("A packet that is passed on, alone: ns over a bare XDP_PASS\n");
	for (unsigned int k = 0; k < frame_kind_count; k++)
		if (spread(b.alone[k].net, b.done, &s))
			printf("  %-36s %5u bytes %7.1f (%.1f..%.1f)\n", frame_kinds[k].name,
			       frame_kinds[k].length, s.median, s.min, s.max);
	if (spread(b.alone[0].bare, b.done, &s))
		printf("  %-36s %11s %7.1f (%.1f..%.1f), loop and all\n", "bare XDP_PASS", "", s.median, s.min,
		       s.max);
	for (int y = 0; y < YARDSTICKS; y++)
		if (spread(b.yardstick[y], b.done, &s))
			printf("  %-36s %11s %7.1f (%.1f..%.1f)\n", yardsticks[y], "", s.median, s.min,
			       s.max);
	putchar('\n');
}

static const char *reached(bool yes)
{
	return yes ? "reached" : "not reached";
}

static void print_targets(void)
{
	struct spread s;

	printf("To reach\n");
	for (unsigned int t = 0; t < TARGETS; t++) {
		if (ratio(targets[t].group, targets[t].of, targets[t].over, &s))
			printf("  %-42s at least %5.2f: %6.3f (%.3f..%.3f) %s\n", targets[t].name,
			       targets[t].least, s.median, s.min, s.max, reached(s.median >= targets[t].least));
		else
			printf("  %-42s at least %5.2f: not measured\n", targets[t].name, targets[t].least);
	}
	if (b.have_alone && spread(b.alone[0].net, b.done, &s))
		printf("  %-42s at most  %5.2f: %6.2f (%.2f..%.2f) %s\n",
		       "bystander TCP, ns over bare XDP_PASS", BYSTANDER_NS, s.median, s.min, s.max,
		       reached(s.median <= BYSTANDER_NS));
	putchar('\n');
}

static void print_text(const struct utsname *u)
{
	printf("Linux %s, %s, CPU %d, %d rounds; generator, target and sink on one CPU over veth\n\n",
	       u->release, u->machine, b.cpu, b.done);
	print_wire();
	print_alone();
	print_targets();
	for (int at = 0; at < STATIONS; at++)
		if (b.missing[at][0])
			for (int id = 0; id < CANDIDATES; id++)
				if ((int)candidates[id].station == at)
					printf("Left out: %s: %s\n", candidates[id].name, b.missing[at]);
	printf("%lu replies checked byte by byte and found right. Slices sent again: %lu because others\n"
	       "were given the CPU, %lu because frames were lost. %.0f s.\n",
	       b.checked, b.disturbed, b.lost_slices, (double)(now() - b.started) / NS);
	if (b.done < b.rounds)
		printf("Ended after %d of %d rounds: %s.\n", b.done, b.rounds,
		       stop ? "interrupted" : "out of time");
}

static struct json_object *json_spread(const struct spread *s, double scale)
{
	struct json_object *o = json_object_new_object();

	json_object_object_add(o, "median", json_object_new_int64((int64_t)(s->median * scale)));
	json_object_object_add(o, "min", json_object_new_int64((int64_t)(s->min * scale)));
	json_object_object_add(o, "max", json_object_new_int64((int64_t)(s->max * scale)));
	return o;
}

static void print_json(const struct utsname *u)
{
	struct json_object *top = json_object_new_object(), *rows = json_object_new_array();
	struct json_object *alone = json_object_new_array(), *aims = json_object_new_array(), *o;
	struct spread s;

	json_object_object_add(top, "version", json_object_new_int(1));
	json_object_object_add(top, "kernel", json_object_new_string(u->release));
	json_object_object_add(top, "machine", json_object_new_string(u->machine));
	json_object_object_add(top, "cpu", json_object_new_int(b.cpu));
	json_object_object_add(top, "rounds", json_object_new_int(b.done));
	for (unsigned int g = 0; g < GROUPS; g++)
		for (int id = 0; id < CANDIDATES; id++) {
			if (!ratio(g, id, CANDIDATES, &s))
				continue;
			o = json_object_new_object();
			json_object_object_add(o, "candidate", json_object_new_string(candidates[id].name));
			json_object_object_add(o, "family", json_object_new_int(groups[g].family));
			json_object_object_add(o, "bytes", json_object_new_int((int)groups[g].length));
			json_object_object_add(o, "sources", json_object_new_int64((int64_t)groups[g].span));
			json_object_object_add(o, "packets_per_second", json_spread(&s, 1e6));
			if (ratio(g, id, BARE_TX, &s))
				json_object_object_add(o, "permille_of_bare_tx", json_spread(&s, 1000));
			json_object_array_add(rows, o);
		}
	json_object_object_add(top, "wire", rows);
	for (unsigned int k = 0; b.have_alone && k < frame_kind_count; k++) {
		if (!spread(b.alone[k].net, b.done, &s))
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "packet", json_object_new_string(frame_kinds[k].name));
		json_object_object_add(o, "bytes", json_object_new_int((int)frame_kinds[k].length));
		json_object_object_add(o, "picoseconds_over_bare_pass", json_spread(&s, 1000));
		json_object_array_add(alone, o);
	}
	json_object_object_add(top, "alone", alone);
	for (unsigned int t = 0; t < TARGETS; t++) {
		if (!ratio(targets[t].group, targets[t].of, targets[t].over, &s))
			continue;
		o = json_object_new_object();
		json_object_object_add(o, "target", json_object_new_string(targets[t].name));
		json_object_object_add(o, "least_permille",
				       json_object_new_int64((int64_t)(targets[t].least * 1000 + 0.5)));
		json_object_object_add(o, "permille", json_spread(&s, 1000));
		json_object_object_add(o, "reached", json_object_new_boolean(s.median >= targets[t].least));
		json_object_array_add(aims, o);
	}
	if (b.have_alone && spread(b.alone[0].net, b.done, &s)) {
		o = json_object_new_object();
		json_object_object_add(o, "target", json_object_new_string("bystander TCP over bare XDP_PASS"));
		json_object_object_add(o, "most_picoseconds",
				       json_object_new_int64((int64_t)(BYSTANDER_NS * 1000)));
		json_object_object_add(o, "picoseconds", json_spread(&s, 1000));
		json_object_object_add(o, "reached", json_object_new_boolean(s.median <= BYSTANDER_NS));
		json_object_array_add(aims, o);
	}
	json_object_object_add(top, "targets", aims);
	json_object_object_add(top, "replies_checked", json_object_new_int64((int64_t)b.checked));
	json_object_object_add(top, "slices_disturbed", json_object_new_int64((int64_t)b.disturbed));
	json_object_object_add(top, "slices_with_loss", json_object_new_int64((int64_t)b.lost_slices));
	json_object_object_add(top, "wrong", json_object_new_int(b.wrong));
	puts(json_object_to_json_string_ext(top, JSON_C_TO_STRING_PRETTY));
	json_object_put(top);
}

/* The command line --------------------------------------------------------- */

static const char usage[] =
	"usage: bench [--rounds N] [--quick] [--json] [--cpu N] [--only LIST] [--alone]\n"
	"\n"
	"  --rounds N   rounds, 5 to 99 (7)\n"
	"  --quick      short measurements, to see that all of it works\n"
	"  --json       print JSON\n"
	"  --cpu N      CPU that does everything (the last one allowed)\n"
	"  --only LIST  of tx,drop,generator,least,native,swap,least-tc,tc,kernel; tx is always in\n"
	"  --alone      only packets alone\n"
	"\n"
	"echogate is taken from $ECHOGATE, else from beside the tests. Exit status: 0 measured,\n"
	"1 packets wrong or lost, or something failed; 2 command line.\n";

static int number(const char *option, const char *text, long least, long most, int *result)
{
	char *end;
	long n;

	errno = 0;
	n = strtol(text, &end, 10);
	if (errno || end == text || *end || n < least || n > most) {
		note("--%s: \"%s\" is no number from %ld to %ld", option, text, least, most);
		return -EINVAL;
	}
	*result = (int)n;
	return 0;
}

static int choose(char *list)
{
	static const char *const words[CANDIDATES] = {
		[GENERATOR] = "generator", [BARE_DROP] = "drop", [BARE_TX] = "tx", [LEAST] = "least",
		[NATIVE] = "native", [SWAP] = "swap", [TC_LEAST] = "least-tc", [TC] = "tc",
		[KERNEL] = "kernel",
	};
	char *save = NULL;

	b.only = BIT(BARE_TX);
	for (char *w = strtok_r(list, ",", &save); w; w = strtok_r(NULL, ",", &save)) {
		int id = 0;

		while (id < CANDIDATES && strcmp(words[id], w))
			id++;
		if (id == CANDIDATES) {
			note("--only: no candidate is called \"%s\"", w);
			return -EINVAL;
		}
		b.only |= BIT(id);
	}
	return 0;
}

static int parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "rounds", required_argument, NULL, 'r' }, { "quick", no_argument, NULL, 'q' },
		{ "json", no_argument, NULL, 'j' },	    { "cpu", required_argument, NULL, 'c' },
		{ "only", required_argument, NULL, 'o' },   { "alone", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },	    {},
	};
	int c;

	while ((c = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		switch (c) {
		case 'r':
			if (number("rounds", optarg, ROUNDS_MIN, ROUNDS_MAX, &b.rounds))
				return -EINVAL;
			break;
		case 'q':
			b.quick = true;
			break;
		case 'j':
			b.json = true;
			break;
		case 'c':
			if (number("cpu", optarg, 0, CPU_SETSIZE - 1, &b.cpu))
				return -EINVAL;
			break;
		case 'o':
			if (choose(optarg))
				return -EINVAL;
			break;
		case 'a':
			b.only_alone = true;
			b.only = BIT(NATIVE);
			break;
		case 'h':
			fputs(usage, stdout);
			exit(0);
		default:
			fputs(usage, stderr);
			return -EINVAL;
		}
	}
	if (optind < argc) {
		fputs(usage, stderr);
		return -EINVAL;
	}
	return 0;
}

static int find_echogate(void)
{
	static char path[PATH_MAX];
	const char *given = getenv("ECHOGATE");
	ssize_t length;
	char *slash;

	if (given && *given) {
		snprintf(path, sizeof(path), "%s", given);
	} else {
		length = readlink("/proc/self/exe", path, sizeof(path) - 16);
		if (length < 0)
			return -errno;
		path[length] = 0;
		for (int n = 0; n < 2; n++)
			if ((slash = strrchr(path, '/')))
				*slash = 0;
		strcat(path, "/echogate");
	}
	if (access(path, X_OK)) {
		note("%s: %s", path, strerror(errno));
		return -ENOENT;
	}
	b.echogate = path;
	return 0;
}

static int last_cpu(void)
{
	cpu_set_t set;
	int last = 0;

	if (!sched_getaffinity(0, sizeof(set), &set))
		for (int c = 0; c < CPU_SETSIZE; c++)
			if (CPU_ISSET(c, &set))
				last = c;
	return last;
}

int main(int argc, char **argv)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct utsname u;
	int err;

	b.started = now();
	b.rounds = ROUNDS_DEFAULT;
	b.only = EVERY;
	b.cpu = last_cpu();
	if (parse(argc, argv))
		return 2;
	b.limit = b.quick ? LIMIT_QUICK_NS : LIMIT_NS;
	if (b.quick && b.rounds == ROUNDS_DEFAULT)
		b.rounds = ROUNDS_MIN;
	if (find_echogate())
		return 1;
	b.alone = calloc(frame_kind_count, sizeof(*b.alone));
	if (!b.alone)
		return 1;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);

	err = set_up();
	if (!err)
		err = run_rounds();
	if (!err) {
		uname(&u);
		if (b.json)
			print_json(&u);
		else
			print_text(&u);
		fflush(stdout);
	}
	tear_down();
	return err || b.wrong || stop;
}
