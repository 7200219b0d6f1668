/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The Internet checksum (RFC 1071): ones' complement sums in memory order, so
 * that no byte is ever swapped. Sums are plain 64-bit integers until folded;
 * 32-bit words are added without looking for carries, which a packet of 64 KiB
 * can't make overflow.
 */
#ifndef ECHOGATE_CSUM_H
#define ECHOGATE_CSUM_H

#include "cursor.h"

/* Longest message summed here, bytes: what a frame of MTU 9000 carries, rounded up. */
#define EG_SUM_MAX	9216
#define EG_SUM_MASK	16383		/* all ones, not below EG_SUM_MAX */
#define EG_SUM_BLOCK	512		/* the most bpf_csum_diff() takes before 6.12 */

/* Returns the 16-bit ones' complement sum; 0 only for a sum of 0. */
static __always_inline __u16 eg_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Sum of `size` bytes, a multiple of four known to the compiler. */
static __always_inline __u64 eg_sum_fixed(const void *p, __u32 size)
{
	__u64 even = 0, odd = 0;

#pragma GCC unroll 32
	for (__u32 i = 0; i + 8 <= size; i += 8) {
		even += eg_load32(p + i);
		odd += eg_load32(p + i + 4);
	}
	if (size & 4)
		even += eg_load32(p + size - 4);
	return even + odd;
}

/*
 * Adds `len` bytes at `p` to *sum. False when they reach beyond `end` or are
 * more than EG_SUM_MAX; *sum is then meaningless.
 *
 * The remainder is taken by the bits of its length, each piece at an address
 * computed from `len` alone: whatever number of blocks went before, the verifier
 * sees one and the same state and looks at the remainder once.
 */
static __always_inline bool eg_sum(const void *p, __u32 len, const void *end, __u64 *sum)
{
	const void *q;

	if (len > EG_SUM_MAX)
		return false;
	/* Linux 6.1 loses both bounds on the way from the comparison to their use. */
	EG_BOUND(len, EG_SUM_MASK);
	if (len >= EG_SUM_BLOCK) {
		__u32 blocks = len / EG_SUM_BLOCK;

		barrier_var(blocks);
		if (blocks > EG_SUM_MAX / EG_SUM_BLOCK)
			return false;
		q = p;
		/* Counting up to a constant is what older verifiers can follow. */
		for (__u32 i = 0; i < EG_SUM_MAX / EG_SUM_BLOCK; i++) {
			if (i >= blocks)
				break;
			q = eg_view(q, EG_SUM_BLOCK, end);
			if (!q)
				return false;
			*sum += eg_sum_bulk(q, EG_SUM_BLOCK);
			q += EG_SUM_BLOCK;
		}
	}
#define EG_SUM_PIECE(bit, value)						\
	if (len & (bit)) {							\
		q = eg_view(p + (len & ~((bit) | ((bit) - 1))), bit, end);	\
		if (!q)								\
			return false;						\
		*sum += (value);						\
	}
	EG_SUM_PIECE(256, eg_sum_bulk(q, 256))
	EG_SUM_PIECE(128, eg_sum_fixed(q, 128))
	EG_SUM_PIECE(64, eg_sum_fixed(q, 64))
	EG_SUM_PIECE(32, eg_sum_fixed(q, 32))
	EG_SUM_PIECE(16, eg_sum_fixed(q, 16))
	EG_SUM_PIECE(8, eg_sum_fixed(q, 8))
	EG_SUM_PIECE(4, eg_load32(q))
	EG_SUM_PIECE(2, eg_load16(q))
	EG_SUM_PIECE(1, EG_FIRST_BYTE(*(const __u8 *)q))
#undef EG_SUM_PIECE
	return true;
}

#endif
