/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the system says the maps of an interface should hold: attach writes it, status compares,
 * the daemon keeps them so.
 */
#ifndef LOADER_SNAPSHOT_H
#define LOADER_SNAPSHOT_H

#include "addrs.h"
#include "metrics.h"

struct vlan {
	struct eg_vlan_key key;
	struct eg_vlan value;
};

/* Sysctls, and what is like them, that are the same for all interfaces. */
struct settings {
	__u32 flags;			/* enum eg_flag */
	__u8 ttl4;
	__s32 tai;
};

/* What the namespace says, as far as it is the same for all interfaces. */
struct survey {
	struct device *devs;
	size_t dev_count;
	struct settings settings;
	struct census census;
};

struct snapshot {
	struct eg_config config;	/* path_salt is 0 */
	struct addresses addrs;
	struct vlan *vlans;		/* sorted by key */
	size_t vlan_count;
	struct metrics metrics;
};

void settings__read(struct settings *s);

/* TAI less UTC as the kernel has it, seconds: the programs have no other way to know. */
__s32 tai_offset(void);

/* Order of keys. */
int vlan__compare(const void *a, const void *b);

/* net.ipv6.conf.NAME.hop_limit */
__u8 device__hop_limit(const char *ifname);

/* In the namespace the process and @rt are in. -errno; -EINTR: it changes too fast. */
int survey__take(struct rtnl *rt, struct survey *s);
void survey__free(struct survey *s);

/* All for one interface but the metrics, which are the same for all. -ENODEV. */
int survey__snapshot(const struct survey *s, __u32 ifindex, struct snapshot *snap);

/* All for one interface, metrics too. In the namespace the process and @rt are in. -errno. */
int snapshot__take(struct rtnl *rt, __u32 ifindex, struct snapshot *snap);
void snapshot__free(struct snapshot *snap);

/* Everything but path_salt, and tai, which every leap second would make stale. */
bool config__equal(const struct eg_config *a, const struct eg_config *b);

/* True for a device without an Ethernet header. */
bool device__is_l3(const struct device *dev);

#endif
