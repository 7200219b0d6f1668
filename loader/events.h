/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What rtnetlink tells without being asked. Nothing is taken from it but that something has
 * changed: what it is now is read anew, so that a message that was lost costs no more than time.
 */
#ifndef LOADER_EVENTS_H
#define LOADER_EVENTS_H

#include "rtnl.h"

enum event {
	EVENT_SYSTEM	= 1 << 0,	/* a link, or an address */
	EVENT_ROUTES	= 1 << 1,	/* routes went or were replaced, perhaps with their metrics */
	EVENT_METRICS	= 1 << 2,	/* a route with metrics */
	EVENT_OVERRUN	= 1 << 3,	/* anything may have been missed */
};

struct events {
	struct mnl_socket *socket;
	char *buffer;
	/* As of the last drain: */
	unsigned int bits;
	__u32 gone[64];			/* indexes of links that are no more */
	size_t gone_count;		/* may be more than there is room for */
};

/* Of the namespace the process is in. -errno. */
int events__open(struct events *e);
void events__close(struct events *e);

/* To be polled. */
int events__fd(const struct events *e);

/* Bits of what has come; doesn't wait, nor go on for ever. */
unsigned int events__drain(struct events *e);

#endif
