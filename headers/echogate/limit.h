/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Rate limits by the generic cell rate algorithm (ITU-T I.371): one number, the
 * theoretical arrival time of the next packet. A packet conforms unless that is
 * further ahead than the burst allows; an idle limit needs no upkeep.
 */
#ifndef ECHOGATE_LIMIT_H
#define ECHOGATE_LIMIT_H

#include "abi.h"
#include "bits.h"

/*
 * How many of at most `want` packets conform at time `now`, and in *tat what to
 * store if any does. Times, `gap` and `depth` share a unit; gap isn't 0.
 */
static __always_inline __u64 eg_limit_take(__u64 now, __u64 *tat, __u64 gap, __u64 depth,
					   __u64 want)
{
	__u64 ahead = *tat > now ? *tat - now : 0, fit;

	if (ahead + gap > depth)
		return 0;
	fit = (depth - ahead) / gap;
	if (fit > want)
		fit = want;
	*tat = now + ahead + fit * gap;
	return fit;
}

/*
 * `above`: whether packets are more than a rate, with hysteresis. As long as they aren't, a
 * bucket like that of a limit fills, and the packet that is too much for it turns the state. From then
 * on it drains at half the rate and is full with `hold`, at least a second's worth: once it
 * is empty, packets have come at less than half the rate for so long at least.
 */
#define EG_ABOVE	(1ull << 63)
#define EG_ABOVE_FULL	64		/* within one part in so many it is taken for full */

static __always_inline bool eg_is_above(__u64 now, __u64 state)
{
	return state & EG_ABOVE && (state & ~EG_ABOVE) > now;
}

/*
 * The same for a packet that has come, and in *state what to store, if it changes: a full
 * bucket stays as it is, or every CPU would write to one place for each packet of a flood.
 */
static __always_inline bool eg_above_take(__u64 now, __u64 *state, __u64 gap, __u64 depth,
					  __u64 hold)
{
	__u64 tat = *state & ~EG_ABOVE, ahead = tat > now ? tat - now : 0;

	if (eg_is_above(now, *state)) {
		if (ahead >= hold - hold / EG_ABOVE_FULL)
			return true;
		ahead += 2 * gap;
		*state = EG_ABOVE | (now + (ahead < hold ? ahead : hold));
		return true;
	}
	if (ahead + gap > depth) {
		*state = EG_ABOVE | (now + hold);
		return true;
	}
	*state = now + ahead + gap;
	return false;
}

/*
 * Per-source limits: times are 40 bits that wrap after nineteen hours. What seems
 * to be further ahead than any burst is from before the wrap, or the cell was never used.
 */
#define EG_SOURCE_TIME	((1ull << 40) - 1)
/* For the choice of a place that is enough: over an hour. A cell of zero is no time, but free. */
#define EG_SOURCE_HORIZON	(1ull << 36)

static __always_inline __u64 eg_source_ahead(__u64 cell, __u64 now, __u64 depth)
{
	__u64 ahead = (cell - now) & EG_SOURCE_TIME;

	return ahead > depth ? 0 : ahead;
}

/* Which bucket a source's cell is in, and its tag there, shifted to its place. */
static __always_inline __u32 eg_source_bucket_of(__u64 hash)
{
	return hash >> 50 & (EG_SOURCE_BUCKETS - 1);
}

static __always_inline __u64 eg_source_tag(__u64 hash)
{
	return hash << 40;
}

/*
 * The place to be taken by a source that has none: it forgets least if that is the one
 * least ahead. Places are compared without a branch, which nobody could guess.
 */
static __always_inline __u32 eg_source_victim(const struct eg_source_bucket *b, __u64 now)
{
	__s64 least = ~0ull >> 1;

#pragma GCC unroll 8
	for (int i = 0; i < EG_SOURCE_WAYS; i++) {
		__u64 used = eg_is_zero(b->cell[i] | b->cell[i] >> 32) - 1ull;
		__s64 ahead = (eg_source_ahead(b->cell[i], now, EG_SOURCE_HORIZON) & used) << 3 | i;

		ahead -= least;
		least += ahead & ahead >> 63;
	}
	return least & (EG_SOURCE_WAYS - 1);
}

/* Whether a packet of the source with this hash conforms, and if so notes it. */
static __always_inline bool eg_source_take(struct eg_source_bucket *b, __u64 hash, __u64 now,
					   __u64 gap, __u64 depth)
{
	__u64 tag = eg_source_tag(hash), ahead = 0, hit = 0;
	__u32 way;

#pragma GCC unroll 8
	for (int i = 0; i < EG_SOURCE_WAYS; i++)
		hit |= eg_is_zero((b->cell[i] ^ tag) >> 40) << i;
	if (hit) {
		way = eg_first_bit(hit);
		EG_BOUND(way, EG_SOURCE_WAYS - 1);
		ahead = eg_source_ahead(b->cell[way], now, depth);
	} else {
		way = eg_source_victim(b, now);
		EG_BOUND(way, EG_SOURCE_WAYS - 1);
	}
	if (ahead + gap > depth)
		return false;
	b->cell[way] = tag | ((now + ahead + gap) & EG_SOURCE_TIME);
	return true;
}

_Static_assert(EG_SOURCE_BUCKETS == 1 << 14 && EG_SOURCE_WAYS == 8,
	       "the hash yields 14 bits of a bucket's number");

#endif
