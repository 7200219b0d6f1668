/* SPDX-License-Identifier: GPL-2.0-only */
/* Groups of peers that round trips are measured of, and their rows in eg_rtt. */
#ifndef LOADER_GROUPS_H
#define LOADER_GROUPS_H

#include "compile.h"
#include "instance.h"

/* Those of a generation; the caller frees *list. -errno. */
int groups__read(struct eg_group **list, size_t *count, const struct instance *in);

/*
 * Names the groups of @r in @c, and gives each its row: a group that the running generation has by this name keeps its
 * own, all others get one that starts from zero. -errno.
 */
int groups__assign(const struct rules *r, struct compiled *c, const struct instance *running,
		   const struct instance *former);

/* Sets a row to zero. -errno. */
int groups__clear(const struct instance *in, __u32 row);

#endif
