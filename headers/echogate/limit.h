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
 * Per-source limits: times are 40 bits that wrap after nineteen hours. What seems
 * to be further ahead than any burst is from before the wrap, or the cell was never used.
 */
#define EG_SOURCE_TIME	((1ull << 40) - 1)

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
		__s64 ahead = eg_source_ahead(b->cell[i], now, EG_SOURCE_TIME >> 1) << 3 | i;

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
