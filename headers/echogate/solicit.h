/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which echo replies were asked for, and how long they took: requests that leave are noted,
 * replies that come are looked up. Memory is fixed; the oldest note of a bucket makes room.
 *
 * A reply is known by both addresses, identifier and number, as a keyed hash (path.h). Its cell
 * has 23 bits of that and the bucket 13 more: a stranger's reply is taken for one that
 * was asked for as often as one in 2^23 that meets a full bucket, and can't be made to.
 * Requests to a group are noted without the address that they went to, since any may answer.
 */
#ifndef ECHOGATE_SOLICIT_H
#define ECHOGATE_SOLICIT_H

#include "bits.h"
#include "path.h"

#define EG_ECHO_SHIFT	4		/* a cell's time is in 16 ns: it wraps after 2.4 hours */
#define EG_ECHO_TIME	((1ull << 39) - 1)
#define EG_ECHO_SEEN	(1ull << 39)
#define EG_ECHO_TAG	40		/* from this bit on; the lowest is always set */

/* What comes later answers nothing: ping waits for ten seconds, others for one. */
#define EG_ECHO_MAX	60000000000ull	/* ns */

/* What tells an echo message from others; of IPv4 addresses the first word is used. */
struct eg_echo_key {
	const __be32 *peer, *own;	/* peer NULL: anyone of a group */
	__u32 family;
	__be32 rest;			/* second word of the ICMP header: identifier and number */
};

static __always_inline __u64 eg_echo_hash(const volatile __u64 *keys, const struct eg_echo_key *k)
{
	__u64 sum = eg_hash_pair(keys, 4, k->rest, k->family + !k->peer);

#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		if (!i || k->family == AF_INET6)
			sum += eg_hash_pair(keys, i, k->peer ? k->peer[i] : 0, k->own[i]);
	return eg_hash_final(sum);
}

static __always_inline __u32 eg_echo_bucket_of(__u64 hash)
{
	return hash >> 51 & (EG_ECHO_BUCKETS - 1);
}

/* Where a cell of the hash is, one bit for each place. Whether it is too old isn't asked. */
static __always_inline __u64 eg_echo_find(const struct eg_echo_bucket *b, __u64 hash)
{
	__u64 tag = hash << EG_ECHO_TAG | 1ull << EG_ECHO_TAG, hit = 0;

#pragma GCC unroll 8
	for (int i = 0; i < EG_ECHO_WAYS; i++)
		hit |= eg_is_zero((b->cell[i] ^ tag) >> EG_ECHO_TAG) << i;
	return hit;
}

/* The place of the oldest note; one never used is older. */
static __always_inline __u32 eg_echo_oldest(const struct eg_echo_bucket *b, __u64 now)
{
	__s64 most = -1;

#pragma GCC unroll 8
	for (int i = 0; i < EG_ECHO_WAYS; i++) {
		__u64 age = ((now >> EG_ECHO_SHIFT) - b->cell[i]) & EG_ECHO_TIME;
		__s64 more;

		age |= eg_is_zero(b->cell[i] >> EG_ECHO_TAG) << 40;
		more = (__s64)(age << 3 | i) - most;
		most += more & ~(more >> 63);
	}
	return most & (EG_ECHO_WAYS - 1);
}

/* Notes a request that leaves at `now`, ns. False if another CPU was about to write there. */
static __always_inline bool eg_echo_note(struct eg_echo_bucket *b, __u64 hash, __u64 now)
{
	__u64 tag = hash << EG_ECHO_TAG | 1ull << EG_ECHO_TAG, hit = eg_echo_find(b, hash), old;
	__u32 way = hit ? eg_first_bit(hit) : eg_echo_oldest(b, now);

	EG_BOUND(way, EG_ECHO_WAYS - 1);
	old = *(volatile __u64 *)&b->cell[way];
	return __sync_val_compare_and_swap(&b->cell[way], old,
					   tag | (now >> EG_ECHO_SHIFT & EG_ECHO_TIME)) == old;
}

/* How long ago a cell was written, ns. */
static __always_inline __u64 eg_echo_age(__u64 cell, __u64 now)
{
	return (((now >> EG_ECHO_SHIFT) - cell) & EG_ECHO_TIME) << EG_ECHO_SHIFT;
}

/* Marks the note that was read as `cell` as answered; false if somebody has done it before. */
static __always_inline bool eg_echo_see(struct eg_echo_bucket *b, __u32 way, __u64 cell)
{
	EG_BOUND(way, EG_ECHO_WAYS - 1);
	return !(cell & EG_ECHO_SEEN) &&
	       __sync_val_compare_and_swap(&b->cell[way], cell, cell | EG_ECHO_SEEN) == cell;
}

/* The bucket of a histogram, see eg_rtt. */
static __always_inline __u32 eg_rtt_bucket(__u64 ns)
{
	__u64 v = ns >> 10;

	/* Its highest bit alone, and then that bit's number. */
	v |= v >> 1;
	v |= v >> 2;
	v |= v >> 4;
	v |= v >> 8;
	v |= v >> 16;
	v = v ? eg_first_bit(v - (v >> 1)) + 1 : 0;
	return v < EG_RTT_BUCKETS ? v : EG_RTT_BUCKETS - 1;
}

static __always_inline void eg_rtt_add(struct eg_rtt *r, __u64 ns)
{
	__u32 bucket = eg_rtt_bucket(ns);

	EG_BOUND(bucket, 31);
	if (bucket < EG_RTT_BUCKETS)
		r->bucket[bucket]++;
	r->sum += ns;
	if (!r->least || ns < r->least)
		r->least = ns;
	if (ns > r->most)
		r->most = ns;
}

_Static_assert(EG_ECHO_BUCKETS == 1 << 13 && EG_ECHO_WAYS == 8,
	       "the hash yields 13 bits of a bucket's number");
_Static_assert(EG_ECHO_MAX < 1024ull << (EG_RTT_BUCKETS - 1), "every round trip has a bucket");

#endif
