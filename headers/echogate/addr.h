/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Own addresses: a bucket a look-up, one or two cache lines, no branch on what
 * is found. Which addresses those are, the loader reads from the kernel; what
 * doesn't fit stands nowhere and is left to the kernel.
 */
#ifndef ECHOGATE_ADDR_H
#define ECHOGATE_ADDR_H

#include "abi.h"

enum eg_owner { EG_OWNER_NONE, EG_OWNER_LOCAL, EG_OWNER_BROADCAST };

/* Bucket of an address (network byte order); seed is odd. */
static __always_inline __u32 eg_addr4_bucket_of(__u64 seed, __be32 addr)
{
	return ((__u64)(__u32)addr * seed) >> (64 - 10);
}

static __always_inline __u32 eg_addr6_bucket_of(__u64 seed, const __be32 addr[4])
{
	__u64 hi = ((__u64)(__u32)addr[0] << 32 | (__u32)addr[1]) * seed;
	__u64 lo = ((__u64)(__u32)addr[2] << 32 | (__u32)addr[3]) * (seed ^ 0xc2b2ae3d27d4eb4e);

	return (hi + (hi >> 32) + lo) >> (64 - 11);
}

/* 0.0.0.0 marks an unused place: it is never found. */
static __always_inline enum eg_owner eg_addr4_owner(const struct eg_addrs *t, __be32 addr)
{
	const struct eg_addr4_bucket *b;
	__u32 hit = 0;

	b = &t->v4[eg_addr4_bucket_of(t->seed, addr) & (EG_ADDR4_BUCKETS - 1)];
#pragma GCC unroll 8
	for (int i = 0; i < EG_ADDR4_WAYS; i++)
		hit |= eg_is_zero(b->addr[i] ^ addr) << i;
	if (!hit || !addr)
		return EG_OWNER_NONE;
	return b->broadcast & hit ? EG_OWNER_BROADCAST : EG_OWNER_LOCAL;
}

/* True for an own address. :: marks an unused place: it is never found. */
static __always_inline bool eg_addr6_own(const struct eg_addrs *t, const __be32 addr[4])
{
	const struct eg_addr6_bucket *b;
	__u64 hit = 0;

	b = &t->v6[eg_addr6_bucket_of(t->seed, addr) & (EG_ADDR6_BUCKETS - 1)];
#pragma GCC unroll 4
	for (int i = 0; i < EG_ADDR6_WAYS; i++)
		hit |= eg_is_zero((b->addr[i][0] ^ addr[0]) | (b->addr[i][1] ^ addr[1]) |
				  (b->addr[i][2] ^ addr[2]) | (b->addr[i][3] ^ addr[3]));
	return hit && (addr[0] | addr[1] | addr[2] | addr[3]);
}

/* Writes an address as IPv6 to `to`, all zero before: IPv4 under ::ffff:0:0/96. */
static __always_inline void eg_addr_mapped(__be32 to[4], __u32 family, const __be32 *addr)
{
	if (family == AF_INET) {
		to[2] = eg_htonl(0xffff);
		to[3] = addr[0];
	} else {
		__builtin_memcpy(to, addr, 4 * sizeof(*to));
	}
}

_Static_assert(EG_ADDR4_BUCKETS == 1 << 10 && EG_ADDR6_BUCKETS == 1 << 11,
	       "the hashes yield 10 and 11 bits");

#endif
