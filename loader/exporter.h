/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Metrics over HTTP, where the file's `metrics` says. The daemon itself only passes bytes: the text
 * is written by a child, and at most once a second whoever asks.
 */
#ifndef LOADER_EXPORTER_H
#define LOADER_EXPORTER_H

#include "daemon.h"
#include "task.h"

#include <microhttpd.h>

struct exporter {
	const struct daemon *daemon;
	struct loop *loop;
	struct meeting place;		/* where it listens, or would like to */
	bool complained;		/* that it can't */
	struct watch door;		/* of new connections; fd -1: it is closed */
	struct watch http;		/* of those that are */
	struct MHD_Daemon *mhd;
	struct visitor *visitors;
	size_t count;
	struct task writer;
	int text;			/* what it writes; -1: it doesn't */
	struct MHD_Response *latest;	/* what it wrote last ... */
	__u64 fresh_until;		/* ... and is good enough for others */
};

void exporter__init(struct exporter *e, struct loop *l, const struct daemon *d);
void exporter__close(struct exporter *e);

/* Opens, closes or moves as the file that is taken up has it; to be called now and then. */
void exporter__follow(struct exporter *e);

#endif
