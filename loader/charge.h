/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is in charge of a network namespace: one daemon, by a lock that ends with it. */
#ifndef LOADER_CHARGE_H
#define LOADER_CHARGE_H

#include "util.h"

struct charge {
	int lock;			/* -1: not ours */
	char path[64];
};

#define CHARGE_INIT	{ .lock = -1 }

/* Reports; somebody else is named. */
enum status charge__take(struct charge *c, __u64 cookie);
void charge__release(struct charge *c);

/* Process id of the daemon in charge, as seen from here; 0: there is none. */
int charge__holder(__u64 cookie);

#endif
