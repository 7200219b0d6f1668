/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Putting programs on an interface and taking them off: XDP links, TCX links,
 * and filters of a clsact qdisc where the kernel has no TCX. In the namespace
 * the process is in.
 */
#ifndef LOADER_HOOKS_H
#define LOADER_HOOKS_H

#include "names.h"
#include "rtnl.h"

#include <bpf/bpf.h>

/* Since Linux 6.6; libbpf 1.1's headers don't have them yet. */
#define ATTACH_TCX_INGRESS	46
#define ATTACH_TCX_EGRESS	47
#define LINK_TYPE_TCX		11

struct instance;

/* What was done to a hook, and what undoing it takes. */
struct hook_change {
	enum { HOOK_UNTOUCHED, LINK_MADE, LINK_UPDATED, FILTER_MADE, FILTER_UPDATED } did;
	int link;		/* now in place; -1 with filters */
	int old_program;	/* what an update replaced */
};

struct hooks {
	__u32 ifindex;
	__u32 owned;		/* EG_OWNED_QDISC/INGRESS/EGRESS as of now */
	struct hook_change at[HOOK_COUNT];
	int suspended;		/* program of a link that had to go first; -1 */
	__u32 suspended_flags;
};

void hooks__init(struct hooks *h, __u32 ifindex);

/*
 * XDP in native or generic mode. Updates the link of @old if it is of the same
 * mode. Silent; -errno.
 */
int hooks__xdp(struct hooks *h, enum eg_mode mode, int program, const struct instance *old,
	       const struct device *dev);

/* tc, by TCX or else by clsact. */
int hooks__tc(struct hooks *h, enum hook hook, int program, const struct instance *old);

/* The program of a hook that @old has, link or filter, exchanged in place. -ENOENT: it has none. */
int hooks__update(struct hooks *h, enum hook hook, int program, const struct instance *old);

/* A hook of @old that was updated already, by a command that didn't live to say so. */
void hooks__inherit(struct hooks *h, enum hook hook, const struct instance *old);

/* Everything as it was before; what was suspended is pinned again at its place. */
void hooks__undo(struct hooks *h, const struct instance *old);

/* Takes away what @old had and the new hooks don't use. */
void hooks__retire(const struct hooks *h, const struct instance *old);

/* Releases descriptors; what is attached by pinned links stays. */
void hooks__close(struct hooks *h);

/* Whether TCX isn't to be used, so that the way of older kernels can be tested on newer ones. */
bool hooks__shun_tcx(void);

/* Whether a clsact or ingress qdisc is there, ours or not. */
bool hooks__has_clsact(__u32 ifindex);

/* Program id of our filter in clsact; 0 if there is none, or for HOOK_XDP. */
__u32 hooks__filter(__u32 ifindex, enum hook hook);

/* Removes our filters and, if it is ours and empty, the qdisc: bits of @owned. */
void hooks__remove_filters(__u32 ifindex, __u32 owned);

/*
 * True if the program that a link of @in holds is on @dev: after a move to
 * another namespace the index may mean another interface here.
 */
bool hooks__here(const struct instance *in, enum hook hook, const struct device *dev);

/* XDP programs on @dev that aren't those of @own (may be NULL): id of one, or 0. */
__u32 hooks__foreign_xdp(const struct device *dev, const struct instance *own);

/*
 * Removes foreign XDP programs, netlink's and links alike. -EBUSY: several
 * links could be meant, and which of them is on this device can't be told.
 */
int hooks__remove_foreign_xdp(struct rtnl *rt, struct device *dev, const struct instance *own);

#endif
