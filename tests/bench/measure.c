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
/* What works on another CPU takes its time, and has a ring of 512 frames. */
#define CHECKED_DPDK 256
/* Frames between two looks at the clock; each call takes its time to begin. */
#define PACE 8192

static int program(const struct bpf_program *p)
{
	return bpf_program__fd(p);
}

/* Sends frames from a station's gate towards its target, and runs all that follows from it. */
static int send_frames(enum candidate_id id, int family, const __u8 *frame, __u32 length,
		       __u64 count)
{
	struct xdp_md ctx = { .data_end = length,
			      .ingress_ifindex = b.stations[station_of(id)].gate };
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
	struct station *s = &b.stations[station_of(id)];
	bool four = g->family == 4;

	frame__echo(g->family, g->length, g->span, g->stride, g->replies, frame, gen);
	gen->verdict = id == GENERATOR ? XDP_DROP : XDP_TX;
	memset(&b.skel->bss->sink, 0, sizeof(b.skel->bss->sink));
	b.skel->bss->sink.length = g->length;
	dpdk__wake(&b.dpdk, id == DPDK);
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

int send_paced(const struct group *g, enum candidate_id id, __u64 count, __u64 rate, __u64 *ns)
{
	__u8 frame[BENCH_FRAME_MAX];
	__u64 start, sent = 0, n;
	int err;

	err = prepare(g, id, frame);
	start = now();
	while (!err && sent < count && !stop) {
		while (now() - start < sent * NS / rate)
			;
		n = count - sent < PACE ? count - sent : PACE;
		err = send_frames(id, g->family, frame, g->length, n);
		sent += n;
	}
	*ns = now() - start;
	return err;
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
	long long lost; /* frames; negative: too many arrived */
};

/* Frames that have ended where they should, in a way that is quick to ask about. */
static int arrived(enum candidate_id id, __u64 *frames)
{
	switch (candidates[id].fate) {
	case DROPPED:
		return station__received(&b.stations[station_of(id)], frames);
	case RETURNED:
	case ANSWERED:
		*frames = frames_back();
		return 0;
	case MADE:
		break;
	}
	return -EINVAL;
}

/* Whether echogate counted as dropped what the target took from its ring. */
static bool counts_drops(enum candidate_id id)
{
	return candidates[id].fate == DROPPED && candidates[id].at == AT_NATIVE;
}

/*
 * Sends `count` frames and waits until all have come back, or have been taken by the target
 * where they are to be dropped. 0, with the time of all this; or -errno, -EAGAIN when
 * frames were lost on the way.
 */
static int slice(const struct group *g, enum candidate_id id, const __u8 *frame, __u64 count,
		 struct slice *result)
{
	struct station *s = &b.stations[station_of(id)];
	__u64 start, start_work, before = 0, after = count, dropped = 0, counted = count;
	bool made = candidates[id].fate == MADE;
	int err = 0;

	memset(result, 0, sizeof(*result));
	b.skel->bss->sink.frames = 0;
	if (!made)
		err = arrived(id, &before);
	if (!err && counts_drops(id))
		err = station__dropped(s, &dropped);
	if (err)
		return err;
	start_work = worked();
	start = now();
	err = send_frames(id, g->family, frame, g->length, count);
	if (err)
		return err;
	for (;;) {
		result->ns = now() - start;
		result->work_ns = worked() - start_work;
		if (!made)
			err = arrived(id, &after);
		if (err)
			return err;
		if (made || after - before >= count || result->ns > LATE_NS + count * 10000)
			break;
		sched_yield();
	}
	if (counts_drops(id)) {
		err = station__dropped(s, &counted);
		if (err)
			return err;
		counted -= dropped;
	}
	after -= before;
	result->lost = (long long)(count - after);
	if (!result->lost)
		result->lost = (long long)(count - counted);
	return result->lost ? -EAGAIN : 0;
}

/* Frames to send before it counts: caches, and what is remembered of sources, are to be filled. */
static __u64 warm_up(const struct group *g)
{
	if (g->memory)
		return (b.quick ? 1 : 3) * (g->span < 131072 ? g->span : 131072);
	return g->span > 1 ? g->span / 2 : 1024;
}

/*
 * ns a packet over slices that last `least` ns together. A slice in which somebody
 * else had the CPU for more than a fiftieth of the time is sent again, within
 * reason; so is one that lost frames, and if that is repeated the bench has failed.
 */
static int measure(const struct group *g, enum candidate_id id, __u64 least, double *result)
{
	__u64 count = 256, total_ns = 0, total = 0, sent = 0;
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
		if (one.ns < SLICE_NS && candidates[id].at != AT_DPDK)
			count = count * SLICE_NS / (one.ns ? one.ns : 1);
	} while (!stop && sent < warm_up(g));

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
		if (b.have_ksoftirqd && one.ns > one.work_ns + one.ns / 50 && spare && !b.busy) {
			b.disturbed++;
			spare--;
			continue;
		}
		total_ns += b.busy ? one.work_ns : one.ns;
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
static int check_replies(const struct group *g, enum candidate_id id)
{
	const struct candidate *c = &candidates[id];
	const struct bench_sink *sink = &b.skel->bss->sink;
	__u8 frame[BENCH_FRAME_MAX];
	struct slice one;
	__u64 count;
	int err;

	err = prepare(g, id, frame);
	if (err)
		return err;
	b.skel->bss->sink.faithful = c->at == AT_NATIVE || c->at == AT_TC || c->at == AT_KERNEL;
	count = c->at == AT_DPDK ? CHECKED_DPDK : CHECKED;
	err = slice(g, id, frame, count, &one);
	if (!err || err == -EAGAIN) {
		err = 0;
		if (one.lost) {
			note("%s, IPv%d, %u bytes, %s sources: %lld of %llu not answered", c->name,
			     g->family, g->length, sources(g), one.lost, (unsigned long long)count);
			b.wrong++;
		}
		for (int f = 1; f < BENCH_FAULT_COUNT; f++) {
			if (!sink->fault[f])
				continue;
			note("%s, IPv%d, %u bytes, %s sources: %llu replies with wrong %s", c->name,
			     g->family, g->length, sources(g), (unsigned long long)sink->fault[f],
			     fault_names[f]);
			b.wrong++;
		}
		b.checked += sink->fault[BENCH_FAULT_NONE];
	}
	return err;
}

/* Nothing of one run of frames to be dropped may come back, or reach the target's IP layer. */
static int check_drops(const struct group *g, enum candidate_id id)
{
	struct station *s = &b.stations[station_of(id)];
	bool beyond = candidates[id].at == AT_RAW; /* the IP layer itself drops them */
	__u8 frame[BENCH_FRAME_MAX];
	__u64 before, after;
	struct slice one;
	int err;

	err = prepare(g, id, frame);
	if (!err)
		err = station__delivered(s, beyond, &before);
	if (!err)
		err = slice(g, id, frame, CHECKED, &one);
	if (err == -EAGAIN)
		err = 0;
	if (!err)
		err = station__delivered(s, beyond, &after);
	if (err)
		return err;
	if (one.lost || frames_back() || after != before) {
		note("%s, IPv%d, %s sources: of %d frames %lld not counted as dropped, %llu came "
		     "back, %llu reached the IP layer",
		     candidates[id].name, g->family, sources(g), CHECKED, one.lost,
		     (unsigned long long)frames_back(), (unsigned long long)(after - before));
		b.wrong++;
	}
	b.checked += CHECKED;
	return 0;
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

/* One round over all kinds of packet that echogate leaves to the kernel. */
static int alone_round(int echogate, int tracker, int round)
{
	struct station *s = &b.stations[NATIVE];
	struct alone_run run = { .repeat = b.quick ? 50000 : 200000 };
	__u8 frame[BENCH_FRAME_MAX];
	double bare;
	int err;

	run.frame = frame;
	/* So that a reply to it, and one that isn't, can be told apart for the next minute. */
	if (tracker >= 0) {
		err = station__ask(&b.stations[TRACK]);
		if (err)
			return err;
	}
	for (unsigned int k = 0; k < frame_kind_count && !stop; k++) {
		if (frame_kinds[k].tracked && tracker < 0)
			continue;
		memset(frame, 0, sizeof(frame));
		frame_kinds[k].build(frame, frame_kinds[k].length);
		run.length = frame_kinds[k].length;
		run.program = program(b.skel->progs.bench_pass);
		err = least_alone(s, &run);
		if (err)
			return err;
		bare = run.ns;
		run.program = frame_kinds[k].tracked ? tracker : echogate;
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

static __u64 duration(const struct group *g, enum candidate_id id)
{
	if (g->memory && (id == NATIVE))
		return b.quick ? NS / 8 : NS * 13 / 10;
	return b.quick ? NS / 250 : NS / 16;
}

static bool out_of_time(void)
{
	return stop || now() - b.began > b.limit;
}

static int change_sinks(const struct bpf_program *sink)
{
	int err = 0;

	for (int id = 0; id < CANDIDATES && !err; id++)
		if (b.opened[id])
			err = bpf_link_update(b.stations[id].sink_link, program(sink), NULL);
	return err;
}

static int check_all(void)
{
	int err = change_sinks(b.skel->progs.bench_check);

	for (unsigned int g = 0; g < GROUPS && !err; g++)
		for (int id = 0; id < CANDIDATES && !err && !stop; id++) {
			if (!takes_part(&groups[g], id))
				continue;
			if (candidates[id].fate == ANSWERED)
				err = check_replies(&groups[g], id);
			else if (candidates[id].fate == DROPPED)
				err = check_drops(&groups[g], id);
		}
	return err ? err : change_sinks(b.skel->progs.bench_sink);
}

int run_rounds(void)
{
	int err, echogate = -1, tracker = -1;

	err = b.only_alone ? 0 : check_all();
	if (err) {
		note("checking: %s", strerror(-err));
		return err;
	}
	if (takes_part(&groups[ECHO4_64], NATIVE)) {
		echogate = station__program(&b.stations[NATIVE]);
		if (echogate < 0) {
			note("echogate's XDP program is not to be found: %s", strerror(-echogate));
			return echogate;
		}
		if (takes_part(&groups[ECHO4_64], TRACK))
			tracker = station__program(&b.stations[TRACK]);
		b.have_tracked = tracker >= 0;
		b.have_alone = true;
	}
	b.began = now();
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
			err = alone_round(echogate, tracker, b.done);
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
	if (tracker >= 0)
		close(tracker);
	if (echogate >= 0)
		close(echogate);
	return 0;
}
