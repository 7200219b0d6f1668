/* SPDX-License-Identifier: GPL-2.0-only */
/* What a driver says of itself: its counters about XDP, its queues, its offloads. */
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

struct offload {
	bool on;
	bool fixed;		/* and can't be turned off */
};

/* Of the driver's settings, those that XDP has to do with. */
struct driver {
	char name[32];
	bool channels_known;
	__u32 channels;		/* in use for receiving, combined ones too */
	__u32 channels_max;
	struct offload lro, gro_hw;
	struct offload rxvlan, txvlan;	/* tags are kept beside the frame */
};

/* What it doesn't tell is left zero. -errno if it says nothing at all. */
int ethtool__driver(const char *ifname, struct driver *d);

#endif
