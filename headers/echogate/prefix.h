/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The class of an address: which of the rules' lists of prefixes it belongs to.
 * loader/prefixtable.c builds the tables, bpf/prefix.bpf.h walks through them, and
 * here is what both must agree on.
 *
 * A prefix carries the class of all that covers it too, so the longest one decides
 * alone. Prefixes stand in buckets of one cache line, in one of the two that a hash
 * names; nearly always in the first, and that says if it is worth looking into
 * the second. Which lengths are worth trying a first table tells: IPv4 has one by the
 * upper 16 bits, which knows everything up to /16 as well, IPv6 one by a hash of
 * the upper 32. Where few lengths occur there is no first table.
 */
#ifndef ECHOGATE_PREFIX_H
#define ECHOGATE_PREFIX_H

#include "abi.h"
#include "bits.h"

/* A hash is two: the upper half names the first bucket of `n`, the lower the second. */
static __always_inline __u32 eg_prefix_home(__u64 hash, __u32 n)
{
	return (hash >> 32) * n >> 32;
}

static __always_inline __u32 eg_prefix_other(__u64 hash, __u32 n)
{
	return (__u64)(__u32)hash * n >> 32;
}

/* Key of the prefix of length 32 - n of an address in host order. */
static __always_inline __u32 eg_prefix4_key(__u32 addr, __u32 n)
{
	return (addr >> n << n) | (1u << n) >> 1;
}

static __always_inline __u64 eg_prefix4_hash(__u64 seed, __u32 key)
{
	return key * seed;
}

/* Of bits that no bucket number depends on, short of millions of buckets. */
static __always_inline __u8 eg_prefix4_tag(__u64 hash, __u32 n)
{
	return ((hash >> 36 & 0x7f) ^ eg_is_zero(n)) | 0x80;
}

/* Low bits of a key reach only the high bits of a product: hence the second one. */
static __always_inline __u64 eg_prefix6_hash(__u64 seed, __u64 hi, __u64 lo, __u32 length)
{
	__u64 sum = hi * seed + (lo + length) * (seed ^ 0xc2b2ae3d27d4eb4e);

	sum ^= sum >> 32;
	return sum * 0xbf58476d1ce4e5b9;
}

/* Cell, of `n`, for the upper 32 bits of an address. */
static __always_inline __u32 eg_prefix6_cell(__u64 seed, __u32 top, __u32 n)
{
	return eg_prefix_home(top * seed, n);
}

#define EG_EVERY_BYTE	0x0101010101010101ull

/* The bytes of `tags` that are `tag`: bit 8 * n for byte n. */
static __always_inline __u64 eg_same_tags(__u64 tags, __u8 tag)
{
	__u64 differ = tags ^ tag * EG_EVERY_BYTE;

	/* A byte of 0x80 less up to 0x7f borrows nothing from the next. */
	return ((0x80 * EG_EVERY_BYTE - (differ & 0x7f * EG_EVERY_BYTE)) & ~differ) >> 7 &
	       EG_EVERY_BYTE;
}

/* The bit of place n among places: those of the second eight stand between the first. */
#define EG_PLACE_BIT(n)	(8 * ((n) & 7) + 4 * ((n) >> 3))

/* The places with this tag. Not all of them need have the key. */
static __always_inline __u64 eg_bucket4_places(const struct eg_bucket4 *b, __u8 tag)
{
	return eg_same_tags(b->tags, tag) | eg_same_tags(b->tags8, tag) << EG_PLACE_BIT(8);
}

/* The first of such places, if there is one: each has four bits of the factor. */
static __always_inline __u32 eg_bucket4_place(__u64 places)
{
	return ((places & -places) * 0x08192a3b40506070ull) >> 60;
}

/*
 * The place of a key in this bucket among places, 0 if it isn't here. Without a branch, since
 * look-ups are done in a loop, where the verifier would follow every combination of them.
 */
static __always_inline __u64 eg_bucket4_find(const struct eg_bucket4 *b, __u32 key, __u8 tag)
{
	__u64 same = 0;

#pragma GCC unroll 12
	for (int i = 0; i < EG_BUCKET4_WAYS; i++)
		same |= eg_is_zero(b->key[i] ^ key) << EG_PLACE_BIT(i);
	return same & eg_bucket4_places(b, tag);
}

static __always_inline __u32 eg_bucket6_class(const struct eg_bucket6 *b, __u64 hi, __u64 lo,
					      __u32 length)
{
	__u32 hit = 0, i;

#pragma GCC unroll 3
	for (i = 0; i < EG_BUCKET6_WAYS; i++) {
		__u64 differ = (b->key[i][0] ^ hi) | (b->key[i][1] ^ lo) | (b->length[i] ^ length);

		hit |= eg_is_zero(differ | differ >> 32) << i;
	}
	/* At most one place hits: 1, 2, 4 become 0, 1, 2. */
	i = hit >> 1;
	EG_BOUND(i, 3);
	return b->class[i] & (eg_is_zero(hit) - 1);
}

#endif
