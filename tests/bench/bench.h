/* SPDX-License-Identifier: GPL-2.0-only */
/* What bench.c and bench.bpf.c share: addresses, and globals of the BPF side. */
#ifndef ECHOGATE_BENCH_H
#define ECHOGATE_BENCH_H

#include "echogate/env.h"

/* Headers up to and including ICMP: Ethernet 14, IPv4 20 or IPv6 40, ICMP 8. */
#define BENCH_L3	 14
#define BENCH_ICMP4	 34
#define BENCH_ICMP6	 54
#define BENCH_HEAD4	 42
#define BENCH_HEAD6	 62
#define BENCH_HEAD_WORDS 8

#define BENCH_FRAME_MIN	 64
#define BENCH_FRAME_MAX	 1514

/* Byte n of an echo's data. */
#define BENCH_DATA(n)	 ((__u8)((n)*7 + 3))

#define BENCH_IDENTIFIER 0x6567
#define BENCH_TOS	 0xb9

/*
 * The generator's state. It sits in one place because one CPU does everything;
 * run on two CPUs at once, it would repeat sequence numbers.
 */
struct bench_gen {
	__u64 random;
	__u64 span;	/* number of sources */
	__u32 first;	/* first source; IPv6: its last 32 bits; host order */
	__u32 ip_sum;	/* of the IPv4 header without checksum and source */
	__u32 icmp_sum; /* of all that the ICMP checksum covers but the
					 * sequence and, in IPv6, the source's last 32 bits */
	__u32 sequence;
	__u32 verdict;		      /* XDP_TX, or XDP_DROP to time the generator alone */
	__u32 stride;		      /* from one source to the next, odd: no two are alike */
	__u64 head[BENCH_HEAD_WORDS]; /* the headers, to be written into every frame */
};

/* What the checking sink looks at. */
enum bench_fault {
	BENCH_FAULT_NONE,
	BENCH_FAULT_LENGTH,
	BENCH_FAULT_LINK,
	BENCH_FAULT_IP,
	BENCH_FAULT_IP_CHECKSUM,
	BENCH_FAULT_SOURCE,
	BENCH_FAULT_DESTINATION,
	BENCH_FAULT_TYPE,
	BENCH_FAULT_IDENTIFIER,
	BENCH_FAULT_DATA,
	BENCH_FAULT_ICMP_CHECKSUM,
	BENCH_FAULT_COUNT,
};

struct bench_sink {
	__u64 frames;			/* of the expected length; the only field the
					 * counting sink writes */
	__u64 length;			/* expected */
	__u64 faithful;			/* DF must be off, as in the kernel's replies */
	__u64 fault[BENCH_FAULT_COUNT]; /* by enum bench_fault */
};

#endif
