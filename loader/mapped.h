/* SPDX-License-Identifier: GPL-2.0-only */
/* Array maps that can be mapped: all of their values at once. */
#ifndef LOADER_MAPPED_H
#define LOADER_MAPPED_H

#include "util.h"

#include <linux/types.h>

struct mapped {
	void *data;
	size_t stride;			/* bytes from value to value */
	__u32 entries;
};

/* Only for reading, unless @write. -errno; m->data is then NULL. */
int mapped__open(struct mapped *m, int fd, bool write);
void mapped__close(struct mapped *m);

/* Writes the first @count values; those of the map are of @size bytes. -errno. */
int mapped__fill(int fd, const void *values, size_t count, size_t size);

#endif
