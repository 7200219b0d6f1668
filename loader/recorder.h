/* SPDX-License-Identifier: GPL-2.0-only */
/* What the flight recorder has kept of an interface's packets. */
#ifndef LOADER_RECORDER_H
#define LOADER_RECORDER_H

#include "instance.h"

struct recording {
	size_t nth;			/* the interface, as the caller counts them */
	struct eg_record record;
};

struct recordings {
	struct recording *list;		/* the oldest first, once they are sorted */
	size_t count, room;
};

/* Adds what there is of the @nth interface. -errno. */
int recordings__read(struct recordings *r, const struct instance *in, size_t nth);
void recordings__sort(struct recordings *r);
void recordings__free(struct recordings *r);

#endif
