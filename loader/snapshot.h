/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the system says the maps of an interface should hold: attach writes it,
 * status compares.
 */
#ifndef LOADER_SNAPSHOT_H
#define LOADER_SNAPSHOT_H

#include "addrs.h"
#include "metrics.h"

struct vlan {
	struct eg_vlan_key key;
	struct eg_vlan value;
};

struct snapshot {
	struct eg_config config;	/* path_salt is 0 */
	struct addresses addrs;
	struct vlan *vlans;		/* sorted by key */
	size_t vlan_count;
	struct metrics metrics;
};

/* In the namespace the process and @rt are in. -errno. */
int snapshot__take(struct rtnl *rt, __u32 ifindex, struct snapshot *snap);
void snapshot__free(struct snapshot *snap);

/* Everything but path_salt, and tai, which every leap second would make stale. */
bool config__equal(const struct eg_config *a, const struct eg_config *b);

/* True for a device without an Ethernet header. */
bool device__is_l3(const struct device *dev);

#endif
