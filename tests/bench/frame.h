/* SPDX-License-Identifier: GPL-2.0-only */
/* The frames that are sent, and those that are only shown to the program. */
#ifndef ECHOGATE_BENCH_FRAME_H
#define ECHOGATE_BENCH_FRAME_H

#include "bench.h"

/*
 * Fills an echo request of length bytes, or a reply, and the generator's state to go with it.
 */
void frame__echo(int family, __u32 length, __u64 span, __u32 stride, bool reply, __u8 *frame,
		 struct bench_gen *gen);

/* Kinds of packet that leave a program unchanged: all are passed on. */
struct frame_kind {
	const char *name;
	__u32 length;
	void (*build)(__u8 *frame, __u32 length);
	bool tracked; /* shown to who tells replies apart */
};

extern const struct frame_kind frame_kinds[];
extern const unsigned int frame_kind_count;

#endif
