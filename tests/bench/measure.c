// SPDX-License-Identifier: GPL-2.0-only
/* Sending, counting, timing. README.md says why it is done so. */
#include "state.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "frame.h"
#include "bench.skel.h"

/* One NAPI poll's worth, a quarter of veth's ring: it never overruns. */
#define BATCH 64
/*
 * The kernel's replies of one batch wait in that ring together, and their
 * buffers count against its ICMP socket: 57 of 1514 bytes fit.
 */
#define BATCH_KERNEL 48

#define SLICE_NS     (b.quick ? NS / 250 : NS / 50)
#define LATE_NS	     (NS / 5)
#define SLICES_MAX   400
#define TRIES	     3
#define CHECKED	     4096

static int program(const struct bpf_program *p)
{
	return bpf_program__fd(p);
}

/* Sends frames from a station's gate towards its target, and runs all that follows from it. */
static int send_frames(enum candidate_id id, int family, const __u8 *frame, __u32 length,
		       __u64 count)
{
	struct xdp_md ctx = { .data_end = length,
			      .ingress_ifindex = b.stations[candidates[id].station].gate };
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .data_size_in = length,
		    .ctx_in = &ctx, .ctx_size_in = sizeof(ctx), .repeat = (int)count,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES,
		    .batch_size = id == KERNEL ? BATCH_KERNEL : BATCH);
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
		return station__attach_xdp(
			s, program(four ? b.skel->progs.bench_least4 : b.skel->progs.bench_least6));
	case TC_LEAST:
	case TC_EGRESS:
		return station__attach_tc(
			s, program(four ? b.skel->progs.bench_tc4 : b.skel->progs.bench_tc6),
			id == TC_EGRESS ? program(b.skel->progs.bench_unspec) : -1);
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

struct slice {
	__u64 ns;
	__u64 work_ns;	/* of these, in which the CPU did our work */
	long long lost; /* frames; negative: too many came back */
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
	} while (!stop && g->memory &&
		 sent < (b.quick ? 1 : 3) * (g->span < 131072 ? g->span : 131072));

	for (int n = 0; n < SLICES_MAX && total_ns < least && !stop; n++) {
		err = slice(g, id, frame, count, &one);
		if (err == -EAGAIN) {
			b.lost_slices++;
			note("%s, IPv%d, %u bytes: %lld of %llu frames lost; %s",
			     candidates[id].name, g->family, g->length, one.lost,
			     (unsigned long long)count,
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
			note("%s, IPv%d, %u bytes, %s sources: %lld of %d not answered", c->name,
			     g->family, g->length, sources(g->span), one.lost, CHECKED);
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

/* Rounds ------------------------------------------------------------------- */

static bool takes_part(const struct group *g, enum candidate_id id)
{
	return (g->members & b.only & 1u << id) && !b.missing[candidates[id].station][0];
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

int run_rounds(void)
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
