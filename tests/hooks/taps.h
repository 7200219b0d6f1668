/* SPDX-License-Identifier: GPL-2.0-only */
/* Captures of programs under test, opened by hand: a ring, a place in eg_taps, and its bit. */
#ifndef TESTS_HOOKS_TAPS_H
#define TESTS_HOOKS_TAPS_H

#include "world.h"

#define NS 1000000000ull

/* The last event of a capture, and how many there were. */
struct listener {
	struct echogate *skel;
	int slot, ring;
	struct ring_buffer *reader;
	unsigned int events;
	struct eg_event event;
	uint8_t frame[EG_SNAP_MAX], reply[EG_SNAP_MAX];
};

static inline __u64 tap_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS + now.tv_nsec;
}

static inline int listener_take(void *data, void *event, size_t size)
{
	struct listener *l = data;

	memcpy(&l->event, event, sizeof(l->event));
	/* Records of a ring are rounded up; here they are what they hold. */
	assert_int_equal(size, sizeof(l->event) + l->event.captured + l->event.replied);
	memcpy(l->frame, event + sizeof(l->event), l->event.captured);
	memcpy(l->reply, event + sizeof(l->event) + l->event.captured, l->event.replied);
	l->events++;
	return 0;
}

static inline struct eg_tap *listener_tap(struct listener *l)
{
	return &l->skel->data_eg_taps->eg_taps.tap[l->slot];
}

static inline struct eg_tap tap_of_all(void)
{
	return (struct eg_tap){ .until = tap_now() + 600 * NS,
				.reasons = ~0ull,
				.snap = EG_SNAP_MAX,
				.sample = 1,
				.wake = 1 << 20,
				.verdicts = 0xff,
				.directions = 0xff };
}

static inline void listener_open(struct listener *l, struct echogate *skel, int slot, size_t ring,
				 struct eg_tap tap)
{
	__u32 key = slot;

	memset(l, 0, sizeof(*l));
	l->skel = skel;
	l->slot = slot;
	l->ring = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "eg_test_ring", 0, 0, ring, NULL);
	l->reader = ring_buffer__new(l->ring, listener_take, l, NULL);
	if (l->ring < 0 || !l->reader ||
	    bpf_map_update_elem(bpf_map__fd(skel->maps.eg_tap_rings), &key, &l->ring, BPF_ANY))
		DIE("a ring buffer: %s", strerror(errno));
	*listener_tap(l) = tap;
	__atomic_or_fetch(&skel->data_eg_taps->eg_taps.live, 1ull << slot, __ATOMIC_SEQ_CST);
}

/* How many events there are since the last time. */
static inline unsigned int listener_read(struct listener *l)
{
	unsigned int before = l->events;

	assert_true(ring_buffer__consume(l->reader) >= 0);
	return l->events - before;
}

static inline void listener_close(struct listener *l)
{
	__u32 key = l->slot;

	__atomic_and_fetch(&l->skel->data_eg_taps->eg_taps.live, ~(1ull << l->slot),
			   __ATOMIC_SEQ_CST);
	bpf_map_delete_elem(bpf_map__fd(l->skel->maps.eg_tap_rings), &key);
	ring_buffer__free(l->reader);
	close(l->ring);
}

/* What the programs had for a capture, and had to drop, since they were loaded. */
static inline struct eg_tap_count listener_count(const struct listener *l)
{
	int cpus = libbpf_num_possible_cpus();
	static struct eg_tap_cell cell;
	struct eg_tap_count sum = {};

	for (__u32 key = 0; key < (__u32)cpus * EG_DIRECTION_COUNT; key++) {
		if (bpf_map_lookup_elem(bpf_map__fd(l->skel->maps.eg_tap_cells), &key, &cell))
			DIE("eg_tap_cells: %s", strerror(errno));
		sum.taken += cell.count[l->slot].taken;
		sum.lost += cell.count[l->slot].lost;
	}
	return sum;
}

#endif
