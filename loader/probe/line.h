/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets as bytes to a next hop, and all that comes back, whatever the stack makes of it. */
#ifndef PROBE_LINE_H
#define PROBE_LINE_H

#include "nexthop.h"

/* From the most that can be said to the least. */
enum line_way {
	LINE_FRAMES,			/* Ethernet frames of our own */
	LINE_PACKETS,			/* a link without MAC addresses */
	LINE_STACK,			/* through the stack, which fills in what it knows better */
};

struct line {
	enum line_way way;
	int in, out;
	const struct nexthop *hop;
};

#define LINE_INIT { .in = -1, .out = -1 }

/* What was received, behind the link layer's header; size: bytes of it. */
struct received {
	__u8 data[65536];
	size_t size;
};

/* Needs CAP_NET_RAW. Reports. */
enum status line__open(struct line *l, const struct nexthop *hop);
void line__close(struct line *l);

/* -errno. */
int line__send(const struct line *l, const struct frame *frame);

/* The next packet until @deadline (monotonic_ns()). 1: there is one, 0: time is up; -errno. */
int line__receive(const struct line *l, struct received *r, __u64 deadline);

/* NULL, or why this way can't say what the request is about. */
const char *line__cannot(const struct line *l, const struct request *q);

/* "as Ethernet frames", ... */
const char *line__describe(const struct line *l);

#endif
