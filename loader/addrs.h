/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Own addresses: read from the kernel as a sorted list, and put into the table
 * that the programs look them up in.
 */
#ifndef LOADER_ADDRS_H
#define LOADER_ADDRS_H

#include "rtnl.h"
#include "echogate/abi.h"

struct address {
	__u8 family;		/* AF_INET, AF_INET6 */
	bool broadcast;
	__be32 addr[4];		/* IPv4 in the first, the others zero */
};

/* Sorted, each address once. */
struct addresses {
	struct address *list;
	size_t count;
	size_t room;
};

/*
 * What this namespace answers for on an interface. Left out, and so left to the
 * kernel: tentative addresses, prefixes that are local as a whole, and
 * link-local addresses that not every one of @own (the interface and the VLAN
 * devices on it) has, since the table doesn't know which of them is asked.
 */
int addresses__read(struct rtnl *rt, const struct device *devs, size_t dev_count,
		    const __u32 *own, size_t own_count, struct addresses *a);
void addresses__free(struct addresses *a);

/* Local ones; the rest are broadcast addresses. */
size_t addresses__local(const struct addresses *a);

/*
 * The address that errors are sent from which belong to no address of ours: the interface's first
 * global one, else any interface's; all zero if there is none. -errno.
 */
int addresses__choose(struct rtnl *rt, __u32 ifindex, __u8 family, __be32 addr[4]);

/* Fills a table, under a new seed. Returns how many found no place. */
size_t addresses__build(const struct addresses *a, struct eg_addrs *table);

/* True if the table holds just these, but for some that have no place in it. -errno. */
int addresses__in_table(const struct addresses *a, const struct eg_addrs *table, bool *same);

#endif
