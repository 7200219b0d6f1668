/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is missing from a row of numbered packets, after RFC 3550 A.1: a number that is somewhat
 * higher leaves a gap, one that is somewhat lower is late or came before; anything else begins
 * anew once a second one follows it. Which of the last 64 have come is known (as in
 * RFC 4303 3.4.3), hence late ones are told from duplicates, and taken off what is missing.
 */
#ifndef ECHOGATE_SEQUENCE_H
#define ECHOGATE_SEQUENCE_H

#include "abi.h"

#define EG_SEQUENCE_DROPOUT	3000	/* MAX_DROPOUT */
#define EG_SEQUENCE_WINDOW	64	/* MAX_MISORDER */

/* A number that doesn't go on after such a silence begins anew: so does the next ping. */
#define EG_SEQUENCE_SILENCE	10000000000ull	/* ns */

static __always_inline void eg_sequence_begin(struct eg_observed *o, __u16 number)
{
	o->top = number;
	o->window = 1;
	o->span = 1;
	o->stray = false;
}

/* A packet with this number has come at `now`, ns; of a row without any, `o` is all zero. */
static __always_inline void eg_sequence_take(struct eg_observed *o, __u16 number, __u64 now)
{
	__u16 ahead = number - o->top, behind = o->top - number;
	__u64 silence = now - o->last;

	o->last = now;
	if (!o->received++) {
		o->first = now;
		eg_sequence_begin(o, number);
		return;
	}
	if (ahead && ahead < EG_SEQUENCE_DROPOUT) {
		o->missing += ahead - 1;
		o->window = ahead < EG_SEQUENCE_WINDOW ? o->window << ahead | 1 : 1;
		o->span = ahead + o->span < EG_SEQUENCE_WINDOW ? ahead + o->span :
								 EG_SEQUENCE_WINDOW;
		o->top = number;
		o->stray = false;
		return;
	}
	if (silence >= EG_SEQUENCE_SILENCE) {
		o->restarts++;
		eg_sequence_begin(o, number);
		return;
	}
	if (behind < EG_SEQUENCE_WINDOW) {
		__u64 bit = 1ull << behind;

		if (o->window & bit) {
			o->duplicates++;
			return;
		}
		/* What is before the beginning was never missed. */
		if (behind < o->span)
			o->missing--;
		o->reordered++;
		o->window |= bit;
		return;
	}
	if (o->stray && number == o->next) {
		/* The one before was its first. */
		o->strays--;
		o->restarts++;
		eg_sequence_begin(o, number);
		o->window = 3;
		o->span = 2;
		return;
	}
	o->strays++;
	o->next = number + 1;
	o->stray = true;
}

#endif
