/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What doctor looks at: facts about the host and its network namespace, and about an interface.
 * Gathered once, judged by checks.c.
 */
#ifndef LOADER_EXAM_H
#define LOADER_EXAM_H

#include "ethtool.h"
#include "firewall.h"
#include "instance.h"
#include "listeners.h"

#define WORD_SIZE	80	/* of a quoted name */
#define PLACE_SIZE	200	/* of what stands before or behind a command */

/* Pins of what is gone, or has gone elsewhere. */
struct leftover {
	char name[WORD_SIZE];		/* of the interface; "": not known, or another has it now */
	char dir[PIN_PATH];
	bool gone;			/* it is no more; else it is in another namespace */
};

/* Where a namespace is, for commands that are printed; all "" for the caller's own. */
struct place {
	char option[PLACE_SIZE];	/* " --netns NAME", for echogate */
	char enter[PLACE_SIZE];		/* "nsenter --net=PATH ", for others */
};

/* The kernel, and the network namespace. Numbers are -1 for what can't be told. */
struct host {
	struct place place;

	bool can_bpf, can_net;	/* CAP_BPF, CAP_NET_ADMIN */
	bool can_perfmon;	/* CAP_PERFMON */
	bool has_bpf;		/* bpf() itself */
	__u32 kernel;		/* KERNEL_VERSION() */
	char release[65];
	bool tcx;
	bool netdev;		/* the generic netlink family that tells XDP features */
	unsigned int cpus;
	bool bpffs, bpffs_read_only;
	long jit, jit_harden, unprivileged_bpf_disabled, bpf_stats;
	unsigned long memlock;	/* bytes; ULONG_MAX: no limit */
	char lockdown[24];	/* "none", "integrity", "confidentiality", or "" */

	long ignore4, ignore6, ratemask4;
	bool ratemask6;		/* echo replies are in it */
	__u32 forwarding_off;	/* of lo: EG_OWNED_FORWARD4/6 */
	bool forwarding_fixed;	/* and it can't be written */
	struct device *devs;	/* all of the namespace */
	size_t dev_count;
	size_t metrics;		/* destinations whose routes have metrics */
	long policies;		/* IPsec's, of what comes in */
	struct listener *listeners;
	size_t listener_count;
	struct firewall firewall;
	struct leftover *leftovers;
	size_t leftover_count;
	char attached[WORD_SIZE];	/* an interface that is; "": none of this namespace */
};

/* The other end of a veth. */
struct peer {
	bool found;
	struct device dev;
	char name[WORD_SIZE];
	bool reachable;		/* its namespace is known by a name or process */
	struct place place;
	struct driver driver;
};

struct exam {
	const struct host *host;
	struct device dev;
	bool l3;			/* it has no Ethernet header */
	char name[WORD_SIZE];		/* quoted */
	char master[WORD_SIZE];		/* "": none */
	bool master_attached;
	bool xdp_known;
	__u64 xdp_features;
	struct driver driver;
	size_t vlans;			/* VLAN devices on it */
	struct peer peer;
	long rp_filter;			/* the stricter of "all" and its own */

	enum instance_state state;
	enum eg_mode mode;		/* if attached */
	bool swap;			/* reply path */
	bool stale;			/* what its maps hold has changed since */
	__u32 foreign_xdp;		/* program; 0: none */
	enum xdp_way foreign_way;
	__u32 foreign_link;		/* what holds it; 0: netlink, or it can't be told */
	__u32 foreign_tcx;		/* number of programs before the stack */
	__u32 foreign_tcx_link;		/* of the first */
	int filters;			/* of clsact or ingress, without ours */
	bool own_filter;
	bool ingress_qdisc;		/* the old one, which leaves no room for clsact */
};

/* In the scope's namespace. -errno. */
int host__examine(const struct scope *s, struct rtnl *rt, struct host *h);
void host__free(struct host *h);

/* Whether there are pins of it in the scope's namespace, in whatever state. */
bool interface__attached(const struct scope *s, __u32 ifindex);

/* -errno; -ENODEV: it is gone. */
int interface__examine(const struct scope *s, struct rtnl *rt, const struct host *h,
		       __u32 ifindex, struct exam *e);

#endif
