/* SPDX-License-Identifier: GPL-2.0-only */
/* A place in a packet and its end. Every header is reached through one. */
#ifndef ECHOGATE_CURSOR_H
#define ECHOGATE_CURSOR_H

#include "env.h"

struct eg_cursor {
	const void *pos;
	const void *end;		/* first byte that isn't the packet's */
};

/*
 * `p` when the `size` bytes at it end at `end` or before, NULL otherwise. The
 * verifier takes the comparison as the proof for every access through the
 * returned pointer. The barriers keep both as they are written here: a compiler
 * may compute the two addresses apart from each other, or add to `end` what it
 * doesn't add to `p`, and the verifier then finds no proof, or forbids it.
 */
static __always_inline const void *eg_view(const void *p, __u32 size, const void *end)
{
	const void *stop;

	barrier_var(p);
	stop = p + size;
	barrier_var(stop);
	if (unlikely(stop > end))
		return NULL;
	/* Spares the caller's comparison with NULL. */
	if (!p)
		__builtin_unreachable();
	return p;
}

/* The next `size` bytes, or NULL when the packet is shorter. */
static __always_inline const void *eg_take(struct eg_cursor *c, __u32 size)
{
	const void *p = eg_view(c->pos, size, c->end);

	if (p)
		c->pos = p + size;
	return p;
}

#endif
