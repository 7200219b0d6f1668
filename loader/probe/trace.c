// SPDX-License-Identifier: GPL-2.0-only
/*
 * All hops are asked at the same time, in the order of their distance, so that when the host has
 * answered nothing more is sent beyond it. What is not there when everybody else has answered
 * is waited for only as long as they have taken, some times over.
 */
#include "trace.h"
#include "loop.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#define GAP		(SECOND / 500)	/* between packets */
#define PATIENCE	5		/* times the longest round trip, */
#define LEAST_WAIT	(3 * SECOND / 10)	/* but so long */
#define FAR		255		/* TTL that leads to any host */
#define MTU_TRIES	3
#define LONGEST		65535

static size_t total(const struct trace *t)
{
	return (size_t)t->options->max_hops * t->options->queries;
}

/* Hearing ------------------------------------------------------------------------ */

static void enter(struct trace *t, const struct heard *h)
{
	int hop = h->number / t->options->queries + 1;
	struct traced *p;

	if (h->number >= total(t) || h->local)
		return;
	p = &t->packets[h->number];
	if (!p->sent || p->answered)
		return;
	p->answered = true;
	p->heard = *h;
	p->rtt = h->when > p->sent_at ? h->when - p->sent_at : 0;
	if (!heard__is_final(h, &t->tracer))
		return;
	if (!t->ended || hop < t->hops)
		t->hops = hop;
	t->ended = true;
	t->reached |= heard__is_reached(h, &t->tracer);
}

/* Hands what is heard until @deadline (monotonic_ns()) to @take, as long as that returns true. */
static int hear_until(struct trace *t, __u64 deadline, bool (*take)(struct trace *t,
								    const struct heard *h))
{
	struct pollfd p = { .fd = t->tracer.endpoint.fd, .events = POLLIN };
	struct heard h;
	int err;

	for (;;) {
		__u64 now;

		while ((err = tracer__hear(&t->tracer, &h)) > 0)
			if (!take(t, &h))
				return 0;
		now = monotonic_ns();
		if (err < 0 || now >= deadline)
			return err;
		if (poll(&p, 1, (deadline - now) / 1000000 + 1) < 0)
			return -errno;
	}
}

static bool take_one(struct trace *t, const struct heard *h)
{
	enter(t, h);
	return true;
}

/* All that there is to be heard, as far as the end or, where none was found, as was looked. */
static bool is_complete(const struct trace *t)
{
	size_t count = t->ended ? (size_t)t->hops * t->options->queries : total(t);

	for (size_t i = 0; i < count; i++)
		if (!t->packets[i].answered)
			return false;
	return true;
}

static bool take_till_complete(struct trace *t, const struct heard *h)
{
	enter(t, h);
	return !is_complete(t);
}

/* How long an answer is waited for, by how long the others have taken. */
static __u64 patience(const struct trace *t)
{
	__u64 longest = 0;

	for (size_t i = 0; i < total(t); i++)
		if (t->packets[i].answered && t->packets[i].rtt > longest)
			longest = t->packets[i].rtt;
	return PATIENCE * longest > LEAST_WAIT ? PATIENCE * longest : LEAST_WAIT;
}

/* Hops --------------------------------------------------------------------------- */

static int ask(struct trace *t, size_t number)
{
	struct traced *p = &t->packets[number];
	int hop = number / t->options->queries + 1;
	int err;

	p->sent = true;
	p->sent_at = realtime_ns();
	err = tracer__send(&t->tracer, number, hop, t->size, t->options->df);
	/* A firewall's refusal is a loss like any other. */
	return err == -EPERM ? 0 : err;
}

static int find_hops(struct trace *t)
{
	__u64 sent, end;
	int err = 0;

	for (size_t i = 0; i < total(t) && !err; i++) {
		if (t->ended && (int)(i / t->options->queries) >= t->hops)
			break;
		err = ask(t, i);
		if (!err)
			err = hear_until(t, monotonic_ns() + GAP, take_one);
	}
	sent = monotonic_ns();
	end = sent + t->options->timeout;
	while (!err && !is_complete(t) && monotonic_ns() < end) {
		__u64 wait = patience(t);

		if (t->ended && sent + wait < end)
			end = sent + wait;
		/* In steps: what comes meanwhile may shorten the rest. */
		wait = monotonic_ns() + LEAST_WAIT / 3;
		err = hear_until(t, wait < end ? wait : end, take_till_complete);
	}
	return err;
}

/* The path's MTU ------------------------------------------------------------------- */

/* What came of a packet that must not be fragmented. */
struct attempt {
	bool arrived, cut;
	struct heard heard;
};

static struct attempt attempt;

static bool take_attempt(struct trace *t, const struct heard *h)
{
	if (h->number != t->tracer.last)
		return true;
	attempt.heard = *h;
	attempt.cut = h->local || heard__is_too_big(h, &t->tracer);
	attempt.arrived = heard__is_final(h, &t->tracer);
	return !attempt.cut && !attempt.arrived;
}

/* What routers older than RFC 1191 don't say: the next lower of its section 7.1. */
static unsigned int next_lower(unsigned int size)
{
	static const unsigned int plateaus[] = { 32000, 17914, 8166, 4352, 2002,
						 1492,	1006,  508,  296 };

	for (size_t i = 0; i < ARRAY_SIZE(plateaus); i++)
		if (plateaus[i] < size)
			return plateaus[i];
	return 68;
}

/* The size to try next; 0: that's it. */
static unsigned int learn_cut(struct trace *t, unsigned int size)
{
	const struct heard *h = &attempt.heard;
	unsigned int mtu = h->info ?: next_lower(size);

	if (mtu >= size)
		return 0;
	if (!h->local && t->cut_count < TRACE_CUTS)
		t->cuts[t->cut_count++] = (struct cut){ h->from, mtu };
	return mtu;
}

static int try_size(struct trace *t, size_t number, unsigned int size)
{
	__u64 wait = patience(t);
	int err = 0;

	memset(&attempt, 0, sizeof(attempt));
	for (int i = 0; i < MTU_TRIES && !err && !attempt.cut && !attempt.arrived; i++) {
		err = tracer__send(&t->tracer, number, FAR, size, true);
		/* Too long for the interface: the queue has its MTU. */
		if (err == -EMSGSIZE)
			err = 0;
		if (!err)
			err = hear_until(t, monotonic_ns() + wait, take_attempt);
		/* Hosts limit the errors that they send, mostly to one a second. */
		if (wait < SECOND)
			wait = SECOND;
	}
	return err;
}

/* Numbers beyond those of the hops: nothing late is taken for an answer. */
static int find_mtu(struct trace *t)
{
	size_t number = total(t);
	unsigned int size = LONGEST;
	int err;

	do {
		err = try_size(t, number++, size);
		if (err)
			return err;
		if (attempt.arrived)
			t->path_mtu = size;
		else if (attempt.cut)
			size = learn_cut(t, size);
		else
			t->hole = size;
	} while (attempt.cut && size >= tracer__headers(&t->tracer));
	return 0;
}

/* All -------------------------------------------------------------------------------- */

static void settle(struct trace *t)
{
	int last = 0;

	if (t->ended)
		return;
	/* As traceroute does: all of them, so that one sees in vain how far was looked. */
	for (size_t i = 0; i < total(t); i++)
		if (t->packets[i].sent)
			last = i / t->options->queries + 1;
	t->hops = last;
}

static enum status prepare(struct trace *t, const struct host *host, const struct probe_options *o)
{
	enum status st;

	t->options = o;
	t->host = host;
	t->packets = calloc(total(t), sizeof(*t->packets));
	if (!t->packets)
		return report(FAILED, "--trace: %s", why(ENOMEM));
	st = tracer__open(&t->tracer, host, o);
	t->size = tracer__headers(&t->tracer) + (o->method == TRACE_TCP ? 0 : o->size);
	if (!st && t->size > LONGEST)
		st = report(USAGE, "--size: %zu bytes are too many; with headers it may be %d at "
			    "most", o->size, LONGEST);
	return st;
}

static enum status refused(const struct trace *t, int err)
{
	const char *name = t->host->name;

	if (err == -ENETUNREACH || err == -EHOSTUNREACH)
		return report(FAILED, "%s: no route to it (%s); 'ip route get %s' says the same",
			      name, why(err), t->host->text);
	if (err == -EMSGSIZE)
		return report(FAILED, "%s: %zu bytes are too long for the interface; try a smaller "
			      "--size, or without --df", name, t->size);
	return report(status_of(err), "%s: %s", name, why(err));
}

int trace__run(const struct probe_options *o, const struct hosts *hosts)
{
	struct trace t = { .tracer = TRACER_INIT };
	int status = PROBE_ERROR, err;

	if (hosts->count + hosts->unknown > 1) {
		report(USAGE, "--trace: one host at a time");
		return PROBE_ERROR;
	}
	if (prepare(&t, hosts->list, o))
		goto cleanup;
	if (!o->json)
		traceprint__begin(&t);
	err = find_hops(&t);
	if (!err && o->find_mtu)
		err = find_mtu(&t);
	if (err) {
		refused(&t, err);
		goto cleanup;
	}
	settle(&t);
	if (o->json)
		traceprint__json(&t);
	else
		traceprint__text(&t);
	status = t.reached ? PROBE_ANSWERED : PROBE_SILENT;
cleanup:
	tracer__close(&t.tracer);
	free(t.packets);
	return status;
}
