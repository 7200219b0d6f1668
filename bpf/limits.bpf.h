/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Limits of rules and of single sources (echogate/limit.h). The clock is the
 * dearest part of it: a tick will do unless a limit's burst is shorter than a few.
 */
#ifndef EG_LIMITS_BPF_H
#define EG_LIMITS_BPF_H

#include <echogate/limit.h>
#include "maps.bpf.h"

#define EG_LIMIT_TRIES	4		/* to be first among CPUs that all want tokens */

static __always_inline __u64 eg_now(bool precise)
{
	return precise ? bpf_ktime_get_ns() : bpf_jiffies64() * eg_tick;
}

/*
 * Takes a packet off the limit of `slot`, of which a CPU takes `batch` at once into
 * `cell`: so CPUs write to the same place seldom.
 */
static __always_inline bool eg_limit_pass(__u32 slot, struct eg_rule_cell *cell, __u64 now,
					  __u64 gap, __u64 depth, __u32 batch)
{
	struct eg_limit *limit = bpf_map_lookup_elem(&eg_limits, &slot);
	__u64 *tat;

	if (!limit)
		return false;
	tat = &limit->tat;
	if (cell->credit) {
		cell->credit--;
		return true;
	}
	for (int i = 0; i < EG_LIMIT_TRIES; i++) {
		__u64 old = *(volatile __u64 *)tat, next = old;
		__u64 taken = eg_limit_take(now, &next, gap, depth, batch);

		if (!taken)
			return false;
		if (__sync_val_compare_and_swap(tat, old, next) == old) {
			cell->credit = taken - 1;
			return true;
		}
	}
	/* Others got theirs meanwhile; this one isn't let down for that. */
	return true;
}

/* Whether a packet of the rule in `slot` is above its rate. A trial only asks. */
static __always_inline bool eg_above_pass(__u32 slot, __u64 now, __u64 gap, __u64 depth, __u64 hold,
					  bool trial)
{
	struct eg_limit *limit = bpf_map_lookup_elem(&eg_limits, &slot);
	bool above = false;

	if (!limit)
		return false;
	for (int i = 0; i < EG_LIMIT_TRIES; i++) {
		__u64 old = *(volatile __u64 *)&limit->above, next = old;

		if (trial)
			return eg_is_above(now, old);
		above = eg_above_take(now, &next, gap, depth, hold);
		if (next == old || __sync_val_compare_and_swap(&limit->above, old, next) == old)
			break;
	}
	/* Others were counted meanwhile; one packet less makes no rate. */
	return above;
}

/* Whether somebody has found it open, and not too long ago. */
static __always_inline bool eg_gate_open(__u64 key)
{
	const struct eg_gate *gate = bpf_map_lookup_elem(&eg_gates, &key);

	/* A host that slept has checked nothing meanwhile: hence not the monotonic clock. */
	return gate && gate->until > bpf_ktime_get_boot_ns();
}

/* Takes a packet off the source's own limit; `prefix` is the length that tells sources apart. */
static __always_inline bool eg_source_pass(__u32 slot, __u32 family, const __be32 addr[4],
					   __u32 prefix, __u64 now, __u64 gap, __u64 depth)
{
	struct eg_source_bucket *bucket;
	__u64 sum = 0;
	__u32 index;

	for (__u32 i = 0; i < 4; i++) {
		__u32 left = prefix > 32 * i ? prefix - 32 * i : 0;
		__u32 mask = left >= 32 ? ~0u : left ? ~0u << (32 - left) : 0;

		/* The IPv4 address is in the first word; what is behind it isn't used. */
		if (family == AF_INET && i)
			break;
		sum += (eg_rodata_keys[2 * i] + (addr[i] & bpf_htonl(mask))) *
		       (eg_rodata_keys[2 * i + 1] + slot + 1);
	}
	sum = eg_hash_final(sum + eg_rodata_keys[8]);
	index = eg_source_bucket_of(sum);
	bucket = bpf_map_lookup_elem(&eg_sources, &index);
	return bucket && eg_source_take(bucket, sum, now >> EG_SOURCE_SHIFT, gap, depth);
}

#endif
