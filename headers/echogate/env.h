/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The two sides this code is compiled for. Everything else under headers/
 * includes this file and does not ask.
 *
 * BPF:  types come from vmlinux.h; macros that BTF cannot carry are given here.
 * Host: types come from the kernel's UAPI headers.
 *
 * The packet is read through eg_load16/32/64: plain loads under BPF, where the
 * verifier knows the alignment of packet memory does not matter, memcpy() on
 * the host, where UBSan is right to object to a misaligned one.
 */
#ifndef ECHOGATE_ENV_H
#define ECHOGATE_ENV_H

#ifdef __bpf__

/* Says to the compiler of BPF that the loop that follows is to be written out. */
#define EG_UNROLL_FOUR		_Pragma("GCC unroll 4")

#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

#define true			1
#define false			0
#ifndef NULL
#define NULL			((void *)0)
#endif

#define ETH_ALEN		6
#define ETH_P_IP		0x0800
#define ETH_P_ARP		0x0806
#define ETH_P_IPV6		0x86DD
#define ETH_P_8021Q		0x8100
#define ETH_P_8021AD		0x88A8

#define ICMP_ECHOREPLY		0
#define ICMP_ECHO		8
#define ICMP_TIMESTAMP		13
#define ICMP_TIMESTAMPREPLY	14
#define ICMPV6_ECHO_REQUEST	128
#define ICMPV6_ECHO_REPLY	129
#define ICMPV6_PARAMPROB	4

#define TC_ACT_UNSPEC		(-1)	/* TCX_NEXT is the same value */
#define TC_ACT_SHOT		2

#define AF_INET			2
#define AF_INET6		10

#define BPF_NOEXIST		1
#define BPF_F_NO_PREALLOC	1
#define BPF_F_MMAPABLE		1024
#define BPF_ADJ_ROOM_MAC	1
#define BPF_RB_NO_WAKEUP	1
#define BPF_RB_FORCE_WAKEUP	2
#define BPF_RB_AVAIL_DATA	0

#define BPF_FIB_LKUP_RET_SUCCESS	0
#define BPF_FIB_LKUP_RET_FWD_DISABLED	5
#define BPF_FIB_LKUP_RET_NO_NEIGH	7
#define BPF_FIB_LKUP_RET_FRAG_NEEDED	8

#define eg_load16(p)		(*(const __u16 *)(p))
#define eg_load32(p)		(*(const __u32 *)(p))
#define eg_store16(p, v)	(*(__u16 *)(p) = (v))
#define eg_store32(p, v)	(*(__u32 *)(p) = (v))

#define eg_htons(x)		bpf_htons(x)
#define eg_ntohs(x)		bpf_ntohs(x)
#define eg_htonl(x)		bpf_htonl(x)
#define eg_ntohl(x)		bpf_ntohl(x)

/*
 * Sum of `size` bytes, a multiple of four, of a long message: the kernel's helper
 * adds with carry, which BPF can't; beyond 200 bytes or so that pays for the call.
 */
static __always_inline __u64 eg_sum_bulk(const void *p, __u32 size)
{
	return (__u32)bpf_csum_diff(NULL, 0, (void *)p, size, 0);
}

#else /* host */

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <endian.h>
#include <sys/socket.h>
#include <linux/types.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>

/* Not in any UAPI header. */
struct vlan_hdr {
	__be16 h_vlan_TCI;
	__be16 h_vlan_encapsulated_proto;
};

struct sctphdr {
	__be16 source;
	__be16 dest;
	__be32 vtag;
	__le32 checksum;
};

#ifndef __always_inline
#define __always_inline		inline __attribute__((always_inline))
#endif
#define barrier_var(v)		do { } while (0)
#define EG_UNROLL_FOUR

static inline __u16 eg_load16(const void *p)
{
	__u16 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline __u32 eg_load32(const void *p)
{
	__u32 v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline void eg_store16(void *p, __u16 v)
{
	memcpy(p, &v, sizeof(v));
}

static inline void eg_store32(void *p, __u32 v)
{
	memcpy(p, &v, sizeof(v));
}

static inline __u64 eg_sum_bulk(const void *p, __u32 size)
{
	__u64 sum = 0;

	for (__u32 i = 0; i < size; i += 4)
		sum += eg_load32(p + i);
	return sum;
}

#define eg_htons(x)		htobe16(x)
#define eg_ntohs(x)		be16toh(x)
#define eg_htonl(x)		htobe32(x)
#define eg_ntohl(x)		be32toh(x)

#endif /* __bpf__ */

#define ETH_P_8021Q_BE		eg_htons(ETH_P_8021Q)
#define ETH_P_8021AD_BE		eg_htons(ETH_P_8021AD)

#define likely(x)		__builtin_expect(!!(x), 1)
#define unlikely(x)		__builtin_expect(!!(x), 0)

/*
 * Tells the verifier what the compiler knows already, and would therefore leave
 * out: that `v` is at most `mask`, all ones.
 */
#define EG_BOUND(v, mask)	do { barrier_var(v); (v) &= (mask); } while (0)

/*
 * 1 when v is 0, otherwise 0, without a branch: look-ups compare with every place
 * of a bucket, the processor can't guess which one it will be, and the verifier
 * would follow every combination.
 */
static __always_inline __u64 eg_is_zero(__u32 v)
{
	__u64 wide = v;

	barrier_var(wide);
	return (wide - 1) >> 63;
}

/* A byte that stands first in its 16-bit word, as that word reads in memory. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define EG_FIRST_BYTE(b)	((__u32)(b))
#else
#define EG_FIRST_BYTE(b)	((__u32)(b) << 8)
#endif

#define EG_SAME(name, have, want) \
	_Static_assert((have) == (want), "ABI: " name " has moved")

#endif
