/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `top` shows: a JSON object a line for each interval, with rates and those who send most. It
 * takes the privileges that reading takes, and so is apart from what draws it.
 */
#ifndef LOADER_STREAM_H
#define LOADER_STREAM_H

#include "netns.h"

struct stream_options {
	unsigned long interval;		/* seconds */
	unsigned long count;		/* objects; 0: until interrupted */
};

/* Of these interfaces, or of all, whatever is attached and detached meanwhile. Reports. */
enum status stream__run(const struct stream_options *opts, const struct scope *scope,
			char *const *names, size_t count);

#endif
