/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Packets of attached interfaces with what became of them, as the programs see them. What all
 * interfaces of a tap have to say comes through one ring buffer of its own:
 *
 *	struct tap_options want = { .snap = 64, .sample = 1000 };
 *	struct tap *tap = NULL;
 *
 *	st = tap__open(&tap, &want, show, data);
 *	for (size_t i = 0; !st && i < all.count; i++)
 *		st = tap__add(tap, &all.list[i], i, 0);	(i comes back as event->source)
 *	while (!st && !stop)
 *		err = tap__poll(tap, 100);		(calls show() for each packet there is)
 *	tap__close(tap);
 *
 * It goes on through apply and attach. While nobody has one, a packet pays for it with a load and a
 * branch; afterwards again: whoever is killed stops renewing a lease, and the programs themselves
 * switch it off a few seconds later. Trials (explain) are not seen.
 */
#ifndef LOADER_TAP_H
#define LOADER_TAP_H

#include "instance.h"

/* 0 always means all there is, or what is usual. */
struct tap_options {
	__u32 snap;			/* bytes of each frame, EG_SNAP_MAX at most */
	__u32 sample;			/* one packet in so many, at random */
	__u64 reasons;			/* bit n: enum eg_reason n */
	__u8 verdicts, directions;	/* bits likewise */
	size_t ring;			/* bytes for packets that wait; is rounded up */
};

/* The event's bytes are there until the call returns; nothing in them is aligned. */
struct tap_packet {
	const struct eg_event *event;
	const __u8 *frame;		/* event->captured bytes, as it came */
	const __u8 *reply;		/* event->replied bytes, of what was sent back */
};

/* True to go on; false: tap__poll() is to return, and the next one goes on with the next packet. */
typedef bool tap_fn(const struct tap_packet *p, void *data);

struct tap;

/* Reports. */
enum status tap__open(struct tap **out, const struct tap_options *want, tap_fn *fn, void *data);

/*
 * From here on, that interface's packets too, or those only that a rule decided about (0: any, else
 * its id). It may be closed afterwards. Takes the lock of the pins
 * for a moment, and clears away what is left of dead ones. Reports.
 */
enum status tap__add(struct tap *t, const struct instance *in, __u32 source, __u64 rule);

/* The same of any rule, but nobody is waited for: *busy if somebody else has the lock. Reports. */
enum status tap__try_add(struct tap *t, const struct instance *in, __u32 source, bool *busy);

/* From now on one packet in so many, of all of its interfaces. */
void tap__set_sample(struct tap *t, __u32 sample);

/*
 * Nothing comes, and packets pay for nothing, until it goes on. For who has seen enough for a moment.
 */
void tap__pause(struct tap *t, bool paused);

/* Waits for packets, @timeout ms at most. How many were shown, or -errno. */
int tap__poll(struct tap *t, int timeout);

/*
 * Why nothing more comes from an interface: it has been detached, or is gone, as tap__poll() finds
 * out within a second. NULL: it goes on.
 */
const char *tap__gone(const struct tap *t, __u32 source);

/*
 * What an interface's packets came to since tap__add(): those that the programs had for it,
 * and how many of these found no room. After tap__end() not one is missing.
 */
struct eg_tap_count tap__count(const struct tap *t, __u32 source);

/* Nothing more comes; what there is can still be polled. */
void tap__end(struct tap *t);
void tap__close(struct tap *t);

/* ns since 1970, of an event of any tap or of the recorder. */
__u64 tap__time(const struct eg_event *event);

/* The captures of an interface. */
struct tap_census {
	size_t living;
	size_t dead;			/* their reader is; their memory isn't freed yet */
};

struct tap_census tap__census(const struct instance *in);

/* Frees what dead ones have left. With the lock. */
void tap__reclaim(const struct instance *in);

#endif
