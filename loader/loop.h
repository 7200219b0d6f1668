/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's loop: one thread that calls one watch after the other. Who has a descriptor to wait
 * for or something to do later embeds a struct watch and adds it; what a watch does is done
 * quickly and never waits, since meanwhile no map is brought in step.
 *
 *	struct lamp { struct watch watch; ... };
 *
 *	static void blink(struct watch *w)
 *	{
 *		struct lamp *l = w->owner;
 *
 *		if (w->events)
 *			read(w->fd, ...);
 *		w->due = monotonic_ns() + SECOND;
 *	}
 *
 *	l->watch = (struct watch){ .fd = fd, .call = blink, .owner = l };
 *	err = loop__add(loop, &l->watch, EPOLLIN);
 */
#ifndef LOADER_LOOP_H
#define LOADER_LOOP_H

#include "util.h"

#include <sys/epoll.h>

struct watch {
	void (*call)(struct watch *w);
	void *owner;
	int fd;				/* -1: none. Who owns it closes it */
	__u32 events;			/* what epoll says of it at this call; 0: it is due */
	/*
	 * When it is called though nothing has come: CLOCK_MONOTONIC, ns, to be set at any time. 0,
	 * as it is again with the call: not at all. What was due first is called first.
	 */
	__u64 due;
	struct watch *next;		/* the loop's */
};

struct loop {
	int poll;
	struct watch *first;
	struct epoll_event ready[64];	/* those in [at, count) are still to be called */
	int at, count;
	bool stop;			/* set it, and loop__run() returns */
};

#define LOOP_INIT	{ .poll = -1 }

int loop__open(struct loop *l);
void loop__close(struct loop *l);

/* With events of epoll, if it has a descriptor; it is due when its due says so. -errno. */
int loop__add(struct loop *l, struct watch *w, __u32 events);

/* Waits for others from now on. -errno. */
int loop__change(struct loop *l, struct watch *w, __u32 events);

/* Before its descriptor is closed; from anywhere, even its own call. One that isn't there may be. */
void loop__remove(struct loop *l, struct watch *w);

/* Until stop. -errno. */
int loop__run(struct loop *l);

#endif
