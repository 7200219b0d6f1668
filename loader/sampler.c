// SPDX-License-Identifier: GPL-2.0-only
#include "sampler.h"
#include "command.h"
#include "interrupt.h"
#include "snapshot.h"
#include "tap.h"

#include <errno.h>
#include <stdlib.h>

#define SNAP		64		/* Ethernet, two tags, IPv6 */
#define RING		(1 << 18)	/* bytes: a few thousand packets, the rest is lost */
#define FIRST		64		/* one in so many, until there is something to go by */
#define LARGEST		(1 << 24)
#define ENOUGH		2000		/* packets a second to look at, of all interfaces */
#define SLICE_NS	(SECOND / 10)
#define SPARSE		8		/* part of the time that it watches when there is much */
#define SPARSE_FROM	16		/* from one packet in so many on */
#define FADE		0.75		/* what an interval leaves of those before */

struct sampler {
	struct tap *tap;
	struct sources *sources;	/* of each interface */
	bool *l3;
	const struct instances *all;
	size_t joined;			/* so many of them are watched, or can't be */
	__u32 sample;			/* while it watches */
	bool sparse;			/* it watches an eighth of the time */
	bool settled;			/* this goes by what was seen */
	__u64 taken;			/* by the tap, at the last look */
	double seconds;			/* of watching; they fade with what was counted in them */
};

static bool show(const struct tap_packet *p, void *data)
{
	const struct eg_event *e = p->event;
	struct sampler *s = data;
	struct in6_addr address;

	if (e->source < s->all->count &&
	    sources__address(p->frame, e->captured, s->l3[e->source], &address))
		sources__add(&s->sources[e->source], &address, e->verdict, s->sample);
	return true;
}

/* Who may only look leaves half of the places to others. */
static bool has_room(const struct instance *in)
{
	return !only_looking || tap__census(in).living < EG_TAPS / 2;
}

/*
 * Takes up those that aren't watched yet, one after the other; who is in the way isn't waited for. All
 * but sources is shown in any case.
 */
static void join(struct sampler *s)
{
	while (s->joined < s->all->count) {
		const struct instance *in = &s->all->list[s->joined];
		bool busy = false;

		if (has_room(in))
			tap__try_add(s->tap, in, s->joined, &busy);
		else
			note("%s: captured by too many already; its sources aren't shown",
			     in->ifname);
		if (busy)
			return;
		s->joined++;
	}
}

struct sampler *sampler__open(const struct instances *all)
{
	struct tap_options want = { .snap = SNAP, .sample = FIRST, .ring = RING,
				    .directions = 1 << EG_INGRESS };
	struct sampler *s = calloc(1, sizeof(*s));
	enum status st = DONE;

	if (!s)
		return NULL;
	s->all = all;
	s->sample = FIRST;
	s->sources = calloc(all->count ?: 1, sizeof(*s->sources));
	s->l3 = calloc(all->count ?: 1, sizeof(*s->l3));
	if (s->sources && s->l3)
		st = tap__open(&s->tap, &want, show, s);
	if (!s->tap || st)
		goto failed;
	for (size_t i = 0; i < all->count; i++)
		s->l3[i] = all->list[i].present && device__is_l3(&all->list[i].device);
	return s;
failed:
	sampler__close(s);
	return NULL;
}

void sampler__close(struct sampler *s)
{
	if (!s)
		return;
	tap__close(s->tap);
	free(s->sources);
	free(s->l3);
	free(s);
}

/* One packet in so many, in all. */
static __u32 share(const struct sampler *s)
{
	return s->sparse ? s->sample * SPARSE : s->sample;
}

/* What is added up from here on is sampled as `chosen` says. */
static void choose(struct sampler *s, __u32 chosen)
{
	s->sparse = chosen >= SPARSE_FROM;
	s->sample = s->sparse ? chosen / SPARSE : chosen;
	tap__set_sample(s->tap, s->sample);
	tap__pause(s->tap, s->sparse);
}

/*
 * After ns of watching. Fewer packets at once; more only when it would be far more, or it would go
 * to and fro.
 */
static void adapt(struct sampler *s, __u64 ns)
{
	__u64 taken = 0;
	__u32 chosen = 1;
	double rate;

	for (size_t i = 0; i < s->all->count; i++)
		taken += tap__count(s->tap, i).taken;
	rate = (double)(taken - s->taken) * s->sample * SECOND / ns;
	s->taken = taken;
	while (rate / chosen > ENOUGH && chosen < LARGEST)
		chosen *= 2;
	if (chosen > share(s) || chosen <= share(s) / 4)
		choose(s, chosen);
	if (s->settled)
		return;
	/* What came first was sampled blindly. */
	for (size_t i = 0; i < s->all->count; i++)
		s->sources[i].count = 0;
	s->seconds = 0;
	s->settled = true;
}

/* Watches for that long. -errno. */
static int watch(struct sampler *s, __u64 ns)
{
	__u64 began = monotonic_ns(), now = began;
	int n = 0;

	if (s->sparse)
		tap__pause(s->tap, false);
	while (n >= 0 && now - began < ns && !interrupted()) {
		n = tap__poll(s->tap, (ns - (now - began)) / 1000000 + 1);
		now = monotonic_ns();
	}
	if (s->sparse)
		tap__pause(s->tap, true);
	now = monotonic_ns();
	/* What waits is of this sample. */
	if (n >= 0)
		n = tap__poll(s->tap, 0);
	if (n < 0)
		return n;
	if (s->joined) {
		s->seconds += (double)(now - began) / SECOND;
		adapt(s, now - began);
	}
	return 0;
}

int sampler__run(struct sampler *s, __u64 ns)
{
	__u64 end = monotonic_ns() + ns, now;
	int err = 0;

	join(s);
	while (!err && !interrupted() && (now = monotonic_ns()) < end) {
		__u64 next = end - now < SLICE_NS ? end : now + SLICE_NS;

		err = watch(s, s->sparse ? SLICE_NS / SPARSE : next - now);
		now = monotonic_ns();
		if (!err && s->sparse && now < next)
			interrupt__sleep(next - now);
	}
	return err;
}

void sampler__fade(struct sampler *s)
{
	for (size_t i = 0; i < s->all->count; i++)
		sources__fade(&s->sources[i], FADE);
	s->seconds *= FADE;
}

__u32 sampler__sample(const struct sampler *s)
{
	return share(s);
}

size_t sampler__top(const struct sampler *s, size_t nth, struct source *top, size_t max)
{
	size_t count = s->seconds > 0 ? sources__top(&s->sources[nth], top, max) : 0;

	for (size_t i = 0; i < count; i++) {
		top[i].packets /= s->seconds;
		top[i].error /= s->seconds;
		for (int v = 0; v < EG_VERDICT_COUNT; v++)
			top[i].by[v] /= s->seconds;
	}
	return count;
}
