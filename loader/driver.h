/* SPDX-License-Identifier: GPL-2.0-only */
/* A program run many times over packets that are made anew for each run (drive.bpf.c). */
#ifndef LOADER_DRIVER_H
#define LOADER_DRIVER_H

#include "hooks.h"
#include "recipe.h"

#include "echogate/drive.h"

struct driver {
	struct drive *skeleton;
	enum hook hook;
	__u32 ifindex; /* where packets seem to come from */
	int link;      /* see driver__open() */
};

/* What a run is over. */
struct shot {
	__u8 frame[RECIPE_FRAME_MAX];
	size_t length;
	__u32 sources;	  /* more than 1: of echo requests only */
	__u32 first, sum; /* as in struct eg_drive */
	bool ipv4;
	__u32 grown; /* bytes that a reject puts in front */
};

/* For an ingress program of that mode. -errno. */
int driver__open(struct driver *d, enum eg_mode mode, int program, __u32 ifindex);
void driver__close(struct driver *d);

/* Takes @ns for all runs together. -errno; -ENOLINK: a packet went to nobody. */
int driver__run(struct driver *d, const struct shot *shot, enum eg_drive_target target, int runs,
		__u64 *ns);

#endif
