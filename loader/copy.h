/* SPDX-License-Identifier: GPL-2.0-only */
/* A generation that is attached nowhere: programs and maps of their own, to try packets with. */
#ifndef LOADER_COPY_H
#define LOADER_COPY_H

#include "generation.h"

struct copy {
	struct generation g;
	struct object obj;
	struct instance in; /* made to look like an interface's; closed with @obj */
};

struct copy_options {
	const char *name;	     /* for messages */
	const struct config *config; /* what of it is outside of blocks; NULL: none */
	const struct snapshot *snapshot;
	enum eg_mode mode;
	__u32 ifindex; /* whose it is said to be */
	bool any_path; /* `reply-path swap`, whatever the configuration says */
};

/* Gates are taken for open. Reports. */
enum status copy__load(struct copy *c, const struct copy_options *opts);

/* Also after a failure, and of what is all zero. */
void copy__close(struct copy *c);

#endif
