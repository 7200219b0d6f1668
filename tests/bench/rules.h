/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules that a candidate brings, and how they are said to those that filter. */
#ifndef ECHOGATE_BENCH_RULES_H
#define ECHOGATE_BENCH_RULES_H

#include <stdio.h>
#include <linux/types.h>

enum rules_kind {
	RULES_NONE,
	RULES_SWAP,   /* no rule, but `reply-path swap` */
	RULES_PLAIN,  /* no rule, but `recorder off` */
	RULES_TYPE,   /* echo requests are dropped */
	RULES_EACH,   /* a rule for each of `count` sources, that of the first source last */
	RULES_SET,    /* one rule, and a set of `count` sources */
	RULES_MIXED,  /* the same, of prefixes from /16 to /32 that hold these sources */
	RULES_TRACK,  /* echo replies are told apart and measured, and all pass */
	RULES_ASKED,  /* those that nobody asked for are dropped */
	RULES_WATCH,  /* the numbers of all requests are watched */
	RULES_SOURCE, /* a limit for each source; within it or beyond, dropped */
};

struct rules {
	enum rules_kind kind;
	int family;
	__u32 count;
};

/* Source number `n` of a group with this stride, in host order; IPv6: its last 32 bits. */
__u32 rules__source(int family, __u32 n);

void rules__write_echogate(FILE *f, const struct rules *r);
/* At netdev ingress of a device; NULL: at prerouting, with priority raw. */
void rules__write_nft(FILE *f, const struct rules *r, const char *device);

#endif
