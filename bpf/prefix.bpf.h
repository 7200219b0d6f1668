/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Looks addresses up in the table of prefixes, see echogate/prefix.h. Of IPv4 the first length
 * is tried in line, in its first bucket: mostly that was all. The rest is done by global
 * functions, which the verifier reads once. tests/unit/prefix.c compiles this file too.
 */
#ifndef EG_PREFIX_BPF_H
#define EG_PREFIX_BPF_H

#include "maps.bpf.h"

/* Class of what stands at `place` of bucket `i`, which is `b`. */
static __always_inline __u32 eg_class_at(const struct eg_bucket4 *b, __u32 i, __u32 place)
{
	const struct eg_mixed4 *c;

	if (likely(b->class != EG_CLASS_MIXED))
		return b->class;
	c = bpf_map_lookup_elem(&eg_mixed4, &i);
	EG_BOUND(place, 15);
	return c ? c->class[place] : 0;
}

static __always_inline __u32 eg_find4(__u32 key, __u32 n)
{
	__u64 hash = eg_prefix4_hash(eg_prefix_info.seed, key), found;
	__u32 i = eg_prefix_home(hash, eg_prefix_info.buckets4);
	const struct eg_bucket4 *b = bpf_map_lookup_elem(&eg_bucket4, &i);
	__u8 tag = eg_prefix4_tag(hash, n);

	if (!b)
		return 0;
	found = eg_bucket4_find(b, key, tag);
	if (!found && b->spills) {
		i = eg_prefix_other(hash, eg_prefix_info.buckets4);
		b = bpf_map_lookup_elem(&eg_bucket4, &i);
		if (!b)
			return 0;
		found = eg_bucket4_find(b, key, tag);
	}
	return found ? eg_class_at(b, i, eg_bucket4_place(found)) : 0;
}

/* Class of an address in host order, by the lengths in `cell`. */
__noinline int eg_class4_among(__u32 addr, __u32 cell)
{
	__u32 lengths = cell & 0xffff;

	/* 64 bits: beside something else in a stack slot, the verifier would lose count. */
	for (__u64 i = 0; i < 16 && lengths; i++) {
		__u32 n = eg_first_bit(lengths), class;

		EG_BOUND(n, 15);
		class = eg_find4(eg_prefix4_key(addr, n), n);
		if (class)
			return class;
		lengths &= lengths - 1;
	}
	return cell >> 16;
}

/* Class of an address; 0: in none of the lists. */
static __always_inline __u32 eg_class4(__be32 addr)
{
	__u32 host = eg_ntohl(addr), cell, n, key, i;
	const struct eg_bucket4 *b;
	__u64 hash, places;
	__u32 place;

	if (eg_prefix_info.top4) {
		const struct eg_prefix4 *top;

		i = host >> 20;
		top = bpf_map_lookup_elem(&eg_prefix4, &i);
		if (!top)
			return 0;
		cell = top->cell[host >> 16 & 15];
		n = eg_first_bit(cell & 0xffff);
	} else {
		cell = eg_prefix_info.always4;
		n = eg_prefix_info.longest4;
	}
	if (!(cell & 0xffff))
		return cell >> 16;
	EG_BOUND(n, 15);
	key = eg_prefix4_key(host, n);
	hash = eg_prefix4_hash(eg_prefix_info.seed, key);
	i = eg_prefix_home(hash, eg_prefix_info.buckets4);
	b = bpf_map_lookup_elem(&eg_bucket4, &i);
	if (!b)
		return 0;
	places = eg_bucket4_places(b, eg_prefix4_tag(hash, n));
	if (places) {
		place = eg_bucket4_place(places);
		if (likely(place < EG_BUCKET4_WAYS && b->key[place] == key))
			return eg_class_at(b, i, place);
	} else if (!b->spills) {
		cell ^= 1u << n;
		if (!(cell & 0xffff))
			return cell >> 16;
	}
	return eg_class4_among(host, cell) & 0xffff;
}

static __always_inline __u32 eg_find6(__u64 hi, __u64 lo, __u32 place)
{
	const struct eg_bucket6 *b;
	__u32 i, class, length;
	__u64 hash;

	EG_BOUND(place, EG_PREFIX6_LENGTHS - 1);
	length = eg_prefix_info.length6[place];
	hi &= eg_prefix_info.mask6[place][0];
	lo &= eg_prefix_info.mask6[place][1];
	hash = eg_prefix6_hash(eg_prefix_info.seed, hi, lo, length);
	i = eg_prefix_home(hash, eg_prefix_info.buckets6);
	b = bpf_map_lookup_elem(&eg_bucket6, &i);
	if (!b)
		return 0;
	class = eg_bucket6_class(b, hi, lo, length);
	if (class || !b->spills)
		return class;
	i = eg_prefix_other(hash, eg_prefix_info.buckets6);
	b = bpf_map_lookup_elem(&eg_bucket6, &i);
	return b ? eg_bucket6_class(b, hi, lo, length) : 0;
}

__noinline int eg_class6_among(__u64 hi, __u64 lo, __u64 lengths)
{
	for (__u64 i = 0; i < eg_prefix_info.bits6 && lengths; i++) {
		__u32 place = eg_first_bit(lengths) * eg_prefix_info.share6;
		__u32 class = eg_find6(hi, lo, place);

		if (!class && eg_prefix_info.share6 > 1)
			class = eg_find6(hi, lo, place + 1);
		if (class)
			return class;
		lengths &= lengths - 1;
	}
	return eg_prefix_info.base6;
}

static __always_inline __u64 eg_half6(const __be32 *addr)
{
	return (__u64)eg_ntohl(addr[0]) << 32 | eg_ntohl(addr[1]);
}

static __always_inline __u32 eg_class6(const __be32 addr[4])
{
	__u64 hi = eg_half6(addr), lo = eg_half6(addr + 2), lengths = eg_prefix_info.always6;

	if (eg_prefix_info.cells6) {
		__u32 i = eg_prefix6_cell(eg_prefix_info.seed, hi >> 32, eg_prefix_info.cells6);
		__u32 low = i & 7;
		const struct eg_prefix6 *top;

		i >>= 3;
		top = bpf_map_lookup_elem(&eg_prefix6, &i);
		if (!top)
			return 0;
		lengths |= top->cell[low];
	}
	if (!lengths)
		return eg_prefix_info.base6;
	return eg_class6_among(hi, lo, lengths) & 0xffff;
}

#endif
