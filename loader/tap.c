// SPDX-License-Identifier: GPL-2.0-only
#include "tap.h"
#include "mapped.h"
#include "snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <sys/random.h>
#include <bpf/libbpf.h>

#define RING_SIZE	(8 << 20)	/* of events that wait for us, by default */
#define LEASE		(5 * SECOND)
#define RENEW		(SECOND / 2)
#define LOOK		SECOND		/* from one look for interfaces that are gone to the next */
#define NAP		20		/* ms: until the ring is looked at though nobody called */
#define BATCH		8192		/* packets shown before others get their turn */

/* An interface's part. */
struct member {
	__u32 source, slot;
	__u64 rule;
	struct pin_dir dir;
	int rings;			/* its eg_tap_rings, our own descriptor */
	__u32 id;			/* of its eg_taps */
	struct mapped taps, cells;
	struct eg_tap_count before;
	const char *gone;		/* why; NULL: it isn't */
};

struct tap {
	tap_fn *fn;
	void *data;
	struct eg_tap want;		/* what each member's says, but for the source */
	int ring;
	struct ring_buffer *reader;
	struct member *members;
	size_t count, shown;
	bool ended, paused;
	__u64 looked;
	/* Who renews the leases, whatever the others wait for; the mutex guards the members. */
	pthread_t keeper;
	bool kept;
	pthread_mutex_t mutex;
	pthread_cond_t stop;
};

static struct eg_taps *taps_of(const struct member *m)
{
	return m->taps.data;
}

static struct eg_tap *place_of(const struct member *m)
{
	return &taps_of(m)->tap[m->slot];
}

/* False: given to somebody else, while we were stopped. */
static bool is_ours(const struct tap *t, const struct member *m)
{
	return place_of(m)->owner == t->want.owner;
}

static void switch_on(const struct member *m)
{
	__atomic_or_fetch(&taps_of(m)->live, 1ULL << m->slot, __ATOMIC_RELEASE);
}

static void renew(struct tap *t)
{
	__u64 until = monotonic_ns() + LEASE;

	for (size_t i = 0; i < t->count; i++) {
		struct member *m = &t->members[i];

		if (!is_ours(t, m)) {
			m->gone = "this process was stopped for too long";
			continue;
		}
		__atomic_store_n(&place_of(m)->until, until, __ATOMIC_RELEASE);
		/* Switched off meanwhile. */
		if (!t->ended && !t->paused)
			switch_on(m);
	}
}

static void *keep(void *data)
{
	struct timespec next;
	struct tap *t = data;

	pthread_mutex_lock(&t->mutex);
	while (!t->ended) {
		renew(t);
		clock_gettime(CLOCK_MONOTONIC, &next);
		next.tv_nsec += RENEW;
		next.tv_sec += next.tv_nsec / SECOND;
		next.tv_nsec %= SECOND;
		pthread_cond_timedwait(&t->stop, &t->mutex, &next);
	}
	pthread_mutex_unlock(&t->mutex);
	return NULL;
}

static int start_keeper(struct tap *t)
{
	pthread_condattr_t clock;
	int err;

	pthread_mutex_init(&t->mutex, NULL);
	pthread_condattr_init(&clock);
	pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
	pthread_cond_init(&t->stop, &clock);
	pthread_condattr_destroy(&clock);
	err = pthread_create(&t->keeper, NULL, keep, t);
	t->kept = !err;
	return -err;
}

static int show(void *data, void *event, size_t size)
{
	struct tap *t = data;
	struct tap_packet p = { .event = event };

	if (size < sizeof(*p.event) ||
	    size < sizeof(*p.event) + p.event->captured + p.event->replied)
		return 0;
	p.frame = (const __u8 *)(p.event + 1);
	p.reply = p.frame + p.event->captured;
	t->shown++;
	return t->fn(&p, t->data) && t->shown < BATCH ? 0 : -ECANCELED;
}

/* A power of two, and whole pages. */
static size_t ring_size(size_t at_least)
{
	size_t size = sysconf(_SC_PAGESIZE);

	while (size < at_least)
		size *= 2;
	return size;
}

enum status tap__open(struct tap **out, const struct tap_options *want, tap_fn *fn, void *data)
{
	struct tap *t = calloc(1, sizeof(*t));
	size_t ring = ring_size(want->ring ?: RING_SIZE);
	int err = 0;

	*out = t;
	if (!t)
		return report(FAILED, "capturing: %s", why(ENOMEM));
	t->fn = fn;
	t->data = data;
	t->want = (struct eg_tap){
		.reasons = want->reasons ?: ~0ULL,
		.snap = want->snap && want->snap < EG_SNAP_MAX ? want->snap : EG_SNAP_MAX,
		.sample = want->sample,
		.wake = ring / 4,
		.verdicts = want->verdicts ?: 0xff,
		.directions = want->directions ?: 0xff,
	};
	if (getrandom(&t->want.owner, sizeof(t->want.owner), 0) != sizeof(t->want.owner))
		err = -errno;
	t->ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "eg_tap_ring", 0, 0, ring, NULL);
	if (!err && t->ring < 0)
		err = -errno;
	if (!err) {
		t->reader = ring_buffer__new(t->ring, show, t, NULL);
		err = t->reader ? start_keeper(t) : -errno;
	}
	return err ? report(status_of(err), "capturing: its ring buffer can't be had: %s", why(err))
		   : DONE;
}

/* Members ---------------------------------------------------------------------------- */

static bool has_ring(int rings, __u32 slot)
{
	__u32 id;

	return !bpf_map_lookup_elem(rings, &slot, &id);
}

static void switch_off(struct eg_taps *taps, int rings, __u32 slot)
{
	taps->tap[slot].owner = 0;
	__atomic_and_fetch(&taps->live, ~(1ULL << slot), __ATOMIC_RELEASE);
	/* Returns when every program has ended that may have seen it. */
	bpf_map_delete_elem(rings, &slot);
}

static bool is_dead(const struct eg_tap *tap)
{
	return tap->until < monotonic_ns();
}

static void clear_dead(struct eg_taps *taps, int rings)
{
	for (__u32 i = 0; i < EG_TAPS; i++)
		if (has_ring(rings, i) && is_dead(&taps->tap[i]))
			switch_off(taps, rings, i);
}

void tap__reclaim(const struct instance *in)
{
	struct mapped taps;

	if (in->abi != EG_ABI || in->maps[PIN_TAP_RINGS] < 0 ||
	    mapped__open(&taps, in->maps[PIN_TAPS], true))
		return;
	clear_dead(taps.data, in->maps[PIN_TAP_RINGS]);
	mapped__close(&taps);
}

struct tap_census tap__census(const struct instance *in)
{
	struct tap_census census = {};
	struct eg_taps taps;
	__u32 zero = 0;

	if (in->abi != EG_ABI || in->maps[PIN_TAP_RINGS] < 0 ||
	    bpf_map_lookup_elem(in->maps[PIN_TAPS], &zero, &taps))
		return census;
	for (__u32 i = 0; i < EG_TAPS; i++) {
		if (!has_ring(in->maps[PIN_TAP_RINGS], i))
			continue;
		if (is_dead(&taps.tap[i]))
			census.dead++;
		else
			census.living++;
	}
	return census;
}

static struct eg_tap_count count_of(const struct member *m)
{
	struct eg_tap_count sum = {};

	for (__u32 i = 0; i < m->cells.entries; i++) {
		const volatile struct eg_tap_cell *c;

		c = (const void *)((const __u8 *)m->cells.data + i * m->cells.stride);
		sum.taken += c->count[m->slot].taken;
		sum.lost += c->count[m->slot].lost;
	}
	return sum;
}

static void member__close(struct member *m)
{
	close_fd(&m->rings);
	mapped__close(&m->taps);
	mapped__close(&m->cells);
}

static int map_id(int map, __u32 *id)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (bpf_obj_get_info_by_fd(map, &info, &len))
		return -errno;
	*id = info.id;
	return 0;
}

/* -EBUSY: all places are taken. */
static int member__open(struct member *m, const struct tap *t, const struct instance *in)
{
	int err;

	m->dir = pins__beside(&in->dir, PLACE_RUNNING);
	m->rings = fcntl(in->maps[PIN_TAP_RINGS], F_DUPFD_CLOEXEC, 0);
	if (m->rings < 0)
		return -errno;
	err = map_id(in->maps[PIN_TAPS], &m->id) ?:
	      mapped__open(&m->taps, in->maps[PIN_TAPS], true) ?:
	      mapped__open(&m->cells, in->maps[PIN_TAP_CELLS], false);
	if (err)
		return err;
	clear_dead(m->taps.data, m->rings);
	for (m->slot = 0; m->slot < EG_TAPS && has_ring(m->rings, m->slot);)
		m->slot++;
	if (m->slot == EG_TAPS)
		return -EBUSY;
	m->before = count_of(m);
	*place_of(m) = t->want;
	place_of(m)->source = m->source;
	place_of(m)->rule = m->rule;
	place_of(m)->until = monotonic_ns() + LEASE;
	return bpf_map_update_elem(m->rings, &m->slot, &t->ring, BPF_ANY) ? -errno : 0;
}

/* With the lock, which it gives back. */
static enum status add(struct tap *t, const struct instance *in, __u32 source, __u64 rule, int lock)
{
	struct member m = { .source = source, .rule = rule, .rings = -1 }, *more;
	int err;

	err = member__open(&m, t, in);
	pins__unlock(&lock);
	if (err) {
		member__close(&m);
		if (err == -EBUSY)
			return report(FAILED, "%s: it is captured %d times already; end one of "
				      "these captures first", in->ifname, EG_TAPS);
		return report(status_of(err), "%s: it can't be captured: %s", in->ifname, why(err));
	}
	pthread_mutex_lock(&t->mutex);
	more = realloc(t->members, (t->count + 1) * sizeof(*more));
	if (more) {
		t->members = more;
		more[t->count++] = m;
		if (!t->paused)
			switch_on(&m);
	}
	pthread_mutex_unlock(&t->mutex);
	if (more)
		return DONE;
	switch_off(taps_of(&m), m.rings, m.slot);
	member__close(&m);
	return report(FAILED, "%s: %s", in->ifname, why(ENOMEM));
}

enum status tap__add(struct tap *t, const struct instance *in, __u32 source, __u64 rule)
{
	int lock = -1;

	return pins__lock(&lock) ?: add(t, in, source, rule, lock);
}

enum status tap__try_add(struct tap *t, const struct instance *in, __u32 source, bool *busy)
{
	enum status st;
	int lock = -1;

	*busy = false;
	st = pins__try_lock(&lock);
	if (st)
		return st;
	*busy = lock < 0;
	return *busy ? DONE : add(t, in, source, 0, lock);
}

void tap__set_sample(struct tap *t, __u32 sample)
{
	pthread_mutex_lock(&t->mutex);
	t->want.sample = sample;
	for (size_t i = 0; i < t->count; i++) {
		const struct member *m = &t->members[i];

		if (is_ours(t, m))
			place_of(m)->sample = sample;
	}
	pthread_mutex_unlock(&t->mutex);
}

void tap__pause(struct tap *t, bool paused)
{
	pthread_mutex_lock(&t->mutex);
	t->paused = paused;
	for (size_t i = 0; i < t->count; i++) {
		const struct member *m = &t->members[i];

		if (!is_ours(t, m))
			continue;
		if (paused)
			__atomic_and_fetch(&taps_of(m)->live, ~(1ULL << m->slot), __ATOMIC_RELEASE);
		else
			switch_on(m);
	}
	pthread_mutex_unlock(&t->mutex);
}

static const struct member *find(const struct tap *t, __u32 source)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->members[i].source == source)
			return &t->members[i];
	return NULL;
}

const char *tap__gone(const struct tap *t, __u32 source)
{
	const struct member *m = find(t, source);

	return m ? m->gone : NULL;
}

struct eg_tap_count tap__count(const struct tap *t, __u32 source)
{
	const struct member *m = find(t, source);
	struct eg_tap_count now = {};

	if (!m)
		return now;
	now = count_of(m);
	now.taken -= m->before.taken;
	now.lost -= m->before.lost;
	return now;
}

/* Whether what is pinned for the interface is what we look at, and the interface is there. */
static bool is_there(const struct member *m)
{
	struct instance in;
	__u32 id = 0;
	bool there;

	if (instance__open(&in, &m->dir))
		return true;	/* who knows */
	there = in.state != INSTANCE_ABSENT && in.state != INSTANCE_GONE &&
		in.maps[PIN_TAPS] >= 0 && !map_id(in.maps[PIN_TAPS], &id) && id == m->id;
	instance__close(&in);
	return there;
}

static void look(struct tap *t)
{
	t->looked = monotonic_ns();
	for (size_t i = 0; i < t->count; i++)
		if (!t->members[i].gone && !is_there(&t->members[i]))
			t->members[i].gone = "it has been detached";
}

/* Reading ------------------------------------------------------------------------------ */

static int consume(struct tap *t)
{
	int err;

	t->shown = 0;
	err = ring_buffer__consume(t->reader);
	return err < 0 && err != -ECANCELED ? err : (int)t->shown;
}

int tap__poll(struct tap *t, int timeout)
{
	__u64 end = monotonic_ns() + timeout * (SECOND / 1000), now;
	int n;

	for (;;) {
		n = consume(t);
		now = monotonic_ns();
		if (!t->ended && now - t->looked > LOOK)
			look(t);
		if (n || now >= end || t->ended)
			return n;
		n = (end - now + SECOND / 1000 - 1) / (SECOND / 1000);
		/* Wakes when there is much, and eats it; but nobody calls for a little. */
		t->shown = 0;
		n = ring_buffer__poll(t->reader, n < NAP ? n : NAP);
		if (n == -EINTR)
			return 0;
		if (t->shown)
			return t->shown;
		if (n < 0)
			return n;
	}
}

void tap__end(struct tap *t)
{
	pthread_mutex_lock(&t->mutex);
	t->ended = true;
	pthread_cond_signal(&t->stop);
	pthread_mutex_unlock(&t->mutex);
	for (size_t i = 0; i < t->count; i++) {
		const struct member *m = &t->members[i];

		if (is_ours(t, m))
			switch_off(taps_of(m), m->rings, m->slot);
	}
}

void tap__close(struct tap *t)
{
	if (!t)
		return;
	if (t->kept) {
		if (!t->ended)
			tap__end(t);
		pthread_join(t->keeper, NULL);
	}
	for (size_t i = 0; i < t->count; i++)
		member__close(&t->members[i]);
	ring_buffer__free(t->reader);
	close_fd(&t->ring);
	free(t->members);
	free(t);
}

/* The offset is asked for once a second of what is shown: leap seconds are rare. */
__u64 tap__time(const struct eg_event *event)
{
	static __u64 asked;
	static __s64 offset;

	if (!asked || event->time - asked > SECOND) {
		asked = event->time;
		offset = tai_offset() * (__s64)SECOND;
	}
	return event->time - offset;
}
