/* SPDX-License-Identifier: GPL-2.0-only */
/* A driver's own counters about XDP. */
#ifndef LOADER_ETHTOOL_H
#define LOADER_ETHTOOL_H

#include "util.h"

#include <linux/types.h>

struct driver_counter {
	char name[40];		/* lower_snake, without the queue it is of */
	__u64 value;		/* of all queues */
};

/*
 * Counters whose names have "xdp" in them; the caller frees *list. In the
 * namespace the process is in. -errno; -EOPNOTSUPP: the driver has none.
 */
int ethtool__xdp_counters(const char *ifname, struct driver_counter **list, size_t *count);

#endif
