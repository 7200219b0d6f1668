/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Finds out whether what rules ask for with `while` is well, and writes it where their programs
 * look: a lease, so that a gate that nobody looks after shuts by itself. What is well has its
 * lease renewed, what isn't has it ended; where there is no answer it runs out.
 *
 * Nothing here waits: not for a peer, not for systemd, not for a file system that hangs.
 */
#ifndef LOADER_HEALTH_H
#define LOADER_HEALTH_H

#include "loop.h"
#include "ruleset.h"

struct checkup;
struct sd_bus;

struct health {
	struct loop *loop;
	struct checkup **list;
	size_t count;
	struct sd_bus *bus;		/* NULL: not connected to systemd */
	struct watch bus_watch;
	bool quiet;			/* what is found is only written, not told */
};

void health__init(struct health *h, struct loop *loop);
void health__close(struct health *h);

/*
 * What is to be checked from now on: begin, want one after the other, end. The same check may be wanted
 * by several interfaces, each with times of its own (ms) and its map eg_gates, of which a copy is
 * kept. What was checked before is checked on; what is new is checked at once. -errno.
 */
void health__begin(struct health *h);
int health__want(struct health *h, const struct check *check, __u32 every, __u32 lease, int map);
void health__end(struct health *h);

/*
 * Before rules run whose gates nobody has looked at: does it once, so that what is well isn't
 * shut until the daemon comes to it. The one function here that waits, for a second at most.
 */
void health__look_first(const struct rules *r, int map);

#endif
