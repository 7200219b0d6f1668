/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The parity test sends the same raw frames to a plain namespace and to one
 * where echogate is attached, and compares what comes back.
 */
#ifndef ECHOGATE_PARITY_H
#define ECHOGATE_PARITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "probe/craft.h"

#define CASE_FRAMES  16
#define CASE_REPLIES 64

/* What each case must come to, beside equal replies. */
enum expect {
	ANSWER, /* echogate sends the one reply, the kernel sees nothing */
	KERNEL, /* left to the kernel, which replies */
	SILENT, /* left to the kernel, which does not reply */
	PASS,	/* left to the kernel, whatever it does */
	EITHER, /* who replies is not asked */
};

enum case_flag {
	CASE_ALL_ZERO = 1 << 0,	 /* the kernel's own checksum is wrong here */
	CASE_ZERO_SUM = 1 << 1,	 /* 0x0000 and 0xffff are both right checksums */
	CASE_TIMESTAMP = 1 << 2, /* ICMP timestamps: two of three are time */
	CASE_ONCE = 1 << 3,	 /* a repetition would be another case: fragments */
};

struct mask {
	uint16_t offset, length; /* of the reply frame: bytes that hold time */
};

struct parity_case {
	const char *name;
	enum expect expect;
	unsigned int flags;
	struct mask mask;
	size_t count;
	struct frame *frame[CASE_FRAMES];
};

/* cases.c ------------------------------------------------------------- */

extern struct parity_case *cases;
extern size_t case_count;

void cases__build(void);

/* judge.c ------------------------------------------------------------- */

/* NULL, or what is wrong with a reply looked at alone. */
const char *judge__frame(const struct frame *frame);
bool judge__sum_ok(const uint8_t *data, size_t len, uint64_t sum);
uint64_t judge__pseudo6(const uint8_t *ip6, size_t len, uint8_t proto);
void judge__mask(struct frame *frame, const struct parity_case *c);

/* net.c --------------------------------------------------------------- */

enum counter {
	IP_IN_RECEIVES,
	IP_IN_HDR_ERRORS,
	IP_IN_ADDR_ERRORS,
	IP_IN_UNKNOWN_PROTOS,
	IP_IN_DELIVERS,
	IP_REASM_REQDS,
	ICMP_IN_MSGS,
	ICMP_IN_ERRORS,
	ICMP_IN_CSUM_ERRORS,
	ICMP_IN_ECHOS,
	ICMP_IN_TIMESTAMPS,
	IP6_IN_RECEIVES,
	IP6_IN_HDR_ERRORS,
	IP6_IN_ADDR_ERRORS,
	IP6_IN_UNKNOWN_PROTOS,
	IP6_IN_DELIVERS,
	IP6_REASM_REQDS,
	ICMP6_IN_MSGS,
	ICMP6_IN_ERRORS,
	ICMP6_IN_CSUM_ERRORS,
	ICMP6_IN_ECHOS,
	COUNTER_COUNT,
};

struct counters {
	uint64_t value[COUNTER_COUNT];
};

/* One side of the comparison: a tester's namespace and its target's. */
struct side {
	const char *name;
	int packets; /* AF_PACKET socket in the tester's namespace */
	int ifindex[2];
	int link[2];	 /* XDP_PASS on the tester's ends */
	int snmp, snmp6; /* the target's counters */
	uint32_t sentinel;
	size_t late_count;
	struct frame late[CASE_REPLIES];
};

extern const char *const counter_names[COUNTER_COUNT];

void side__open(struct side *side, const char *name, const char *tester, const char *target);
void side__counters(struct side *side, struct counters *counters);
void side__send(struct side *side, const struct frame *frame);
/* Wait up to timeout_ms; false if nothing came. Port: 0 or 1. */
bool side__receive(struct side *side, struct frame *frame, int *port, int timeout_ms);

void die(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

#endif
