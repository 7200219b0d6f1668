/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A loaded program tried with a packet, by BPF_PROG_TEST_RUN. It knows a trial by the secret
 * in its .rodata: nothing is counted, and eg_trace gets what was decided (maps.bpf.h).
 */
#ifndef LOADER_TRIAL_H
#define LOADER_TRIAL_H

#include "names.h"

struct trial {
	int program, trace;		/* descriptors; the caller's */
	bool xdp, l3;			/* what kind of program it is */
	__u32 ifindex;			/* where packets seem to come from */
	__u64 secret;
	__u8 *buffer;			/* metadata and frame, and then what became of them */
	size_t room;
};

struct outcome {
	struct eg_trace trace;
	const __u8 *frame;		/* as the program left it, until the next run; IP is aligned */
	size_t length;
	size_t tried;			/* bytes of the packet: a trial takes only so many */
};

/* -errno; -ENOENT: it knows no trials. */
int trial__open(struct trial *t, int program, int trace, enum hook hook, __u32 ifindex);
void trial__close(struct trial *t);

/*
 * Nobody else may use the same eg_trace meanwhile. In the namespace of the interface. -EINVAL: the
 * kernel makes no packet of this, being too short for its headers. -ENODATA: the program left no
 * trace.
 */
int trial__run(struct trial *t, const __u8 *frame, size_t length, struct outcome *out);

#endif
