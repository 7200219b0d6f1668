/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is remembered about the way back: "a reply to a request with these
 * addresses, MACs, tags, length and TOS leaves as it came", or why not.
 *
 * A cell is 32 bits: a tag from a keyed hash of all of it, mixed with the time, so
 * that a cell grows old without anybody writing to it; and six bits of reason.
 * The hash is multilinear over pairs (Halevi and Krawczyk's MMH, Lemire and
 * Kaser's "multilinear-HM") with secret keys: who doesn't know them can't choose
 * sources that collide. That the tag of a stranger matches is as likely as
 * 1 in 8 million a packet, and lets one reply go back where its request came from.
 */
#ifndef ECHOGATE_PATH_H
#define ECHOGATE_PATH_H

#include "abi.h"

#define EG_PATH_TAG	((1u << 26) - 1)

/* Pair n of the hash; a and b are 32-bit values, zero-extended. */
static __always_inline __u64 eg_hash_pair(const volatile __u64 *keys, int n, __u32 a, __u32 b)
{
	return (keys[2 * n] + a) * (keys[2 * n + 1] + b);
}

/* Spreads what the sum knows over all bits: high bits of an input reach only high bits of it. */
static __always_inline __u64 eg_hash_final(__u64 sum)
{
	sum ^= sum >> 29;
	sum *= 0xbf58476d1ce4e5b9;
	return sum ^ sum >> 32;
}

static __always_inline __u32 eg_path_set_of(__u64 hash)
{
	return hash >> (64 - EG_PATH_SET_BITS);
}

/*
 * The cell that says "leaves as it came" at time `jiffies`. It is true for
 * 1 << shift jiffies at most, from a moment that differs from source to source.
 */
static __always_inline __u32 eg_path_cell(__u64 hash, __u64 jiffies, __u32 shift)
{
	__u32 epoch = (jiffies + (hash & ((1ull << shift) - 1))) >> shift;
	__u32 tag = ((__u32)(hash >> 20) + epoch * 0x2545f491u) & EG_PATH_TAG;

	return tag << 6 | 63;
}

/* The reason is kept complemented: an empty cell, all zero, means no reason there is. */
static __always_inline __u32 eg_path_cell_reason(__u32 cell, enum eg_reason reason)
{
	return cell ^ reason;
}

/* Whether one of the set's cells is `cell`. */
static __always_inline bool eg_path_known(const struct eg_path_set *set, __u32 cell)
{
	__u64 hit = 0;

#pragma GCC unroll 8
	for (int i = 0; i < EG_PATH_WAYS; i++)
		hit |= eg_is_zero(set->cell[i] ^ cell);
	return hit;
}

/* The reason remembered for `cell`'s tag; EG_REASON_COUNT when nothing is. */
static __always_inline enum eg_reason eg_path_reason(const struct eg_path_set *set, __u32 cell)
{
#pragma GCC unroll 8
	for (int i = 0; i < EG_PATH_WAYS; i++) {
		__u32 reason = set->cell[i] ^ cell;

		if (reason < EG_REASON_COUNT)
			return reason;
	}
	return EG_REASON_COUNT;
}

#endif
