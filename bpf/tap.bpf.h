/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Captures, and the flight recorder: what became of packets, for people to see. As long as nobody
 * looks, all of it is one word to be read (eg_taps.live) and, for what the recorder may want, a
 * time to be compared. The rest are global functions, see path.bpf.h.
 *
 * A packet that is answered or rejected becomes its reply in its place, so it is copied before;
 * of all others the frame is still there at the end.
 */
#ifndef EG_TAP_BPF_H
#define EG_TAP_BPF_H

#include "rules.bpf.h"

static __always_inline __u32 eg_tap_key(__u32 direction)
{
	return bpf_get_smp_processor_id() * EG_DIRECTION_COUNT + direction;
}

static __always_inline struct eg_tap_cell *eg_tap_cell_of(__u32 direction)
{
	__u32 key = eg_tap_key(direction);

	return bpf_map_lookup_elem(&eg_tap_cells, &key);
}

/*
 * The first bytes of the frame, `len` at most, to a place for `room`; returns how many. Old
 * verifiers learn nothing from a comparison with 0, but they do from one with `room`.
 */
static __always_inline __u32 eg_tap_copy(void *ctx, enum eg_hook hook, void *to, __u32 len,
					 __u32 room)
{
	__u64 size = eg_size(ctx, hook);
	__u32 last;
	long err;

	last = (len < size ? len : size) - 1;
	barrier_var(last);
	if (last >= room)
		return 0;
	if (hook == EG_HOOK_XDP)
		err = bpf_xdp_load_bytes(ctx, 0, to, last + 1);
	else
		err = bpf_skb_load_bytes(ctx, 0, to, last + 1);
	return err ? 0 : last + 1;
}

/* Before the end ------------------------------------------------------------- */

/*
 * Who wants the packet, by chance and as far as can be told before its end, goes into `c`. There,
 * not into registers: the verifier would follow each combination.
 */
static __always_inline void eg_tap_ask(volatile struct eg_tap_cell *c, __u32 direction, __u64 live)
{
	__u64 now = bpf_ktime_get_coarse_ns();

	c->wanted = 0;
	c->snap = EG_RECORD_SNAP;
	for (__u32 i = 0; i < EG_TAPS; i++) {
		const volatile struct eg_tap *t = &eg_taps.tap[i];
		__u32 sample = t->sample;

		if (!(live & 1ull << i))
			continue;
		if (now > t->until) {
			__sync_fetch_and_and(&eg_taps.live, ~(1ull << i));
			continue;
		}
		if (!(t->directions & 1 << direction) ||
		    (sample > 1 && bpf_get_prandom_u32() % sample))
			continue;
		c->wanted |= 1 << i;
		if (c->snap < t->snap)
			c->snap = t->snap;
	}
}

/*
 * A reply that tc sends back comes by egress, where it is no packet of its own: captures get it
 * with its request. Nobody else touches the control block on this way.
 */
static __always_inline bool eg_tap_is_reply(const struct __sk_buff *skb)
{
	return eg_trial && skb->cb[2] == (__u32)eg_trial && skb->cb[3] == (__u32)(eg_trial >> 32);
}

static __always_inline void eg_tap_mark_reply(struct __sk_buff *skb)
{
	skb->cb[2] = (__u32)eg_trial;
	skb->cb[3] = eg_trial >> 32;
}

/*
 * Copies the frame, which is as it came, if a capture of those that are `live` may want it; with
 * none, for the recorder. Returns what is noted then.
 */
static __always_inline __u32 eg_tap_look(void *ctx, enum eg_hook hook, __u32 direction, __u64 live)
{
	struct eg_tap_cell *c = eg_tap_cell_of(direction);
	__u32 snap = EG_RECORD_SNAP;

	if (!c)
		return 0;
	if (hook == EG_HOOK_TC && direction == EG_EGRESS && eg_tap_is_reply(ctx))
		return 0;
	c->wanted = 0;
	if (live) {
		eg_tap_ask(c, direction, live);
		snap = c->snap;
		if (!c->wanted)
			return 0;
	}
	c->captured = eg_tap_copy(ctx, hook, c->frame, snap, EG_SNAP_MAX);
	c->event.length = eg_size(ctx, hook);
	return EG_NOTED_KEPT;
}

__noinline int eg_tap_look_xdp(struct xdp_md *ctx, __u32 direction, __u64 live)
{
	return eg_tap_look(ctx, EG_HOOK_XDP, direction, live);
}

__noinline int eg_tap_look_tc(struct __sk_buff *ctx, __u32 direction, __u64 live)
{
	return eg_tap_look(ctx, EG_HOOK_TC, direction, live);
}

static __always_inline __u32 eg_tap_keep(void *ctx, enum eg_hook hook, __u32 direction, __u64 live)
{
	return hook == EG_HOOK_XDP ? eg_tap_look_xdp(ctx, direction, live)
				   : eg_tap_look_tc(ctx, direction, live);
}

/* The bits of the captures there are; mostly 0. Read anew each time. */
static __always_inline __u64 eg_tap_live(void)
{
	return *(const volatile __u64 *)&eg_taps.live;
}

/* The recorder ---------------------------------------------------------------- */

static __always_inline __u32 eg_record_bucket(const struct eg_rule *rule, enum eg_reason reason)
{
	if (reason != EG_REASON_NONE)
		return reason & (EG_REASON_SLOTS - 1);
	return EG_REASON_SLOTS + (rule ? rule->slot & (EG_RECORD_RULES - 1) : 0);
}

/* Whether its recorder wants a packet that ends like this. */
static __always_inline bool eg_record_due(const struct eg_counters *counters,
					  const struct eg_rule *rule, enum eg_verdict verdict,
					  enum eg_reason reason)
{
	__u32 bucket;

	if (!eg_recording || verdict == EG_VERDICT_ANSWER ||
	    (verdict == EG_VERDICT_PASS && reason == EG_REASON_NONE))
		return false;
	bucket = eg_record_bucket(rule, reason);
	EG_BOUND(bucket, EG_RECORD_BUCKETS - 1);
	return unlikely(bpf_jiffies64() >= counters->due[bucket]);
}

/* The place of the next record in the bucket, cleared; and when one is due after it. */
static __always_inline struct eg_record *eg_record_next(struct eg_counters *counters,
							__u32 direction, __u32 bucket)
{
	__u64 gap = EG_RECORD_GAP / eg_tick ?: 1, now = bpf_jiffies64(), next;
	__u32 key = eg_tap_key(direction) * EG_RECORD_BUCKETS + bucket;
	struct eg_record_bucket *b = bpf_map_lookup_elem(&eg_recorder, &key);
	struct eg_record *r;

	if (!b)
		return NULL;
	EG_BOUND(bucket, EG_RECORD_BUCKETS - 1);
	next = counters->due[bucket] + (EG_RECORDS - 1) * gap;
	if (next < now)
		next = now;
	counters->due[bucket] = next - (EG_RECORDS - 2) * gap;
	r = &b->record[b->count++ & (EG_RECORDS - 1)];
	/* Exchanged, not stored: nothing of what follows comes before. */
	__sync_lock_test_and_set(&r->event.time, 0);
	return r;
}

/* The end ------------------------------------------------------------------------ */

/* Puts the event and as much of the frames as it wants into the ring of one capture. */
__noinline int eg_tap_emit(__u32 key, __u32 slot)
{
	struct eg_tap_cell *c = bpf_map_lookup_elem(&eg_tap_cells, &key);
	__u32 snap, captured, replied, waiting, size, wake, index = slot;
	const volatile struct eg_tap *t;
	struct eg_tap_count *count;
	struct bpf_dynptr p;
	void *ring;

	if (!c || slot >= EG_TAPS)
		return 0;
	t = &eg_taps.tap[slot];
	count = &c->count[slot];
	ring = bpf_map_lookup_elem(&eg_tap_rings, &index);
	if (!ring)
		return 0;
	snap = t->snap;
	captured = c->captured < snap ? c->captured : snap;
	replied = c->replied < snap ? c->replied : snap;
	barrier_var(captured);
	barrier_var(replied);
	if (captured > EG_SNAP_MAX || replied > EG_SNAP_MAX)
		return 0;
	c->event.captured = captured;
	c->event.replied = replied;
	c->event.source = t->source;
	count->taken++;
	size = sizeof(c->event) + captured + replied;
	if (bpf_ringbuf_reserve_dynptr(ring, size, 0, &p)) {
		count->lost++;
		bpf_ringbuf_discard_dynptr(&p, BPF_RB_NO_WAKEUP);
		return 0;
	}
	bpf_dynptr_write(&p, 0, &c->event, sizeof(c->event), 0);
	bpf_dynptr_write(&p, sizeof(c->event), c->frame, captured, 0);
	bpf_dynptr_write(&p, sizeof(c->event) + captured, c->reply, replied, 0);
	/* Its reader looks from time to time; it is called once when there is much for it. */
	waiting = bpf_ringbuf_query(ring, BPF_RB_AVAIL_DATA);
	wake = t->wake;
	bpf_ringbuf_submit_dynptr(&p, waiting >= wake && waiting - size - 16 < wake
					      ? BPF_RB_FORCE_WAKEUP : BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void eg_tap_emit_all(struct eg_tap_cell *c, __u32 direction)
{
	__u32 key = eg_tap_key(direction);

	for (__u32 i = 0; i < EG_TAPS; i++) {
		const volatile struct eg_tap *t = &eg_taps.tap[i];
		volatile struct eg_tap_cell *v = c;

		if (v->wanted & 1 << i && t->verdicts & 1 << v->event.verdict &&
		    t->reasons & 1ull << v->event.reason && (!t->rule || t->rule == v->event.rule))
			eg_tap_emit(key, i);
	}
}

/* What the event says but for the frames; those are as `noted`. */
static __always_inline void eg_tap_describe(void *ctx, enum eg_hook hook, struct eg_event *e,
					    __u32 direction, __u32 noted,
					    const struct eg_rule *rule)
{
	struct eg_tag aside;

	e->time = bpf_ktime_get_tai_ns();
	e->rule = rule ? rule->id : 0;
	e->line = rule ? rule->line : 0;
	e->reply = 0;
	if (!(noted & EG_NOTED_KEPT))
		e->length = eg_size(ctx, hook);
	if (e->verdict == EG_VERDICT_ANSWER || e->verdict == EG_VERDICT_REJECT)
		e->reply = eg_size(ctx, hook);
	e->tag = 0;
	if (eg_tag_aside(ctx, hook, &aside))
		e->tag = (__u32)bpf_ntohs(aside.tpid) << 16 | bpf_ntohs(aside.tci);
	e->cpu = bpf_get_smp_processor_id();
	e->direction = direction;
	e->xdp = hook == EG_HOOK_XDP;
}

static __always_inline void eg_record(void *ctx, enum eg_hook hook, struct eg_counters *counters,
				      struct eg_tap_cell *c, __u32 direction, __u32 noted,
				      const struct eg_rule *rule)
{
	struct eg_record *r = eg_record_next(counters, direction,
					     eg_record_bucket(rule, c->event.reason));
	__u64 time = c->event.time;

	if (!r)
		return;
	c->event.time = 0;
	c->event.source = eg_config.ifindex;
	c->event.replied = 0;
	if (noted & EG_NOTED_KEPT) {
		c->event.captured = c->captured < EG_RECORD_SNAP ? c->captured : EG_RECORD_SNAP;
		__builtin_memcpy(r->frame, c->frame, EG_RECORD_SNAP);
	} else {
		c->event.captured = eg_tap_copy(ctx, hook, r->frame, EG_RECORD_SNAP,
						  EG_RECORD_SNAP);
	}
	r->event = c->event;
	__sync_lock_test_and_set(&r->event.time, time);
}

/* For captures and the recorder. */
static __always_inline void eg_tap_end(void *ctx, enum eg_hook hook, struct eg_counters *counters,
				       __u32 direction, __u32 noted, const struct eg_rule *rule,
				       enum eg_verdict verdict, enum eg_reason reason)
{
	struct eg_tap_cell *c = eg_tap_cell_of(direction);

	if (!c)
		return;
	c->event.verdict = verdict;
	c->event.reason = reason;
	eg_tap_describe(ctx, hook, &c->event, direction, noted, rule);
	if (noted & EG_NOTED_KEPT && c->wanted) {
		c->replied = c->event.reply ?
			     eg_tap_copy(ctx, hook, c->reply, c->snap, EG_SNAP_MAX) : 0;
		eg_tap_emit_all(c, direction);
	}
	if (eg_record_due(counters, rule, verdict, reason))
		eg_record(ctx, hook, counters, c, direction, noted, rule);
}

#endif
