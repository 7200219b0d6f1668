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

/* An address, and the interface that has it. */
struct carried {
	__be32 addr[4];
	__u32 ifindex;
};

struct carried_list {
	struct carried *list;
	size_t count, room;
};

/* Whatever addresses a namespace has: one reading serves all interfaces. */
struct census {
	struct addresses everywhere;	/* what it answers for on any interface */
	struct carried_list scoped;	/* link-local addresses */
	struct carried_list sources[2];	/* of IPv4, IPv6: what errors may be sent from */
};

/* -errno; -EINTR: they change faster than they can be read. */
int census__take(struct rtnl *rt, const struct device *devs, size_t dev_count, struct census *c);
void census__free(struct census *c);

/*
 * What this namespace answers for on an interface. Left out, and so left to the
 * kernel: tentative addresses, prefixes that are local as a whole, and
 * link-local addresses that not every one of @own (the interface, which comes first, and the
 * VLAN devices on it) has, since the table doesn't know which of them is asked. -ENOMEM.
 */
int census__addresses(const struct census *c, const __u32 *own, size_t own_count,
		      struct addresses *a);

/*
 * The address that errors are sent from which belong to no address of ours: the interface's first
 * global one, else any interface's; all zero if there is none.
 */
void census__choose(const struct census *c, __u32 ifindex, __u8 family, __be32 addr[4]);

void addresses__free(struct addresses *a);

/* Local ones; the rest are broadcast addresses. */
size_t addresses__local(const struct addresses *a);

/* Fills a table, under a new seed. Returns how many found no place. */
size_t addresses__build(const struct addresses *a, struct eg_addrs *table);

/* What a table holds, sorted. -ENOMEM */
int addresses__read(const struct eg_addrs *table, struct addresses *a);

/*
 * From what a table holds to what it shall: @gone, and @fresh, what is new or turns from broadcast to
 * local or back. The caller frees both. -ENOMEM.
 */
int addresses__compare(const struct addresses *held, const struct addresses *want,
		       struct addresses *gone, struct addresses *fresh);

/*
 * Change a table while programs read it; each leaves it right at any moment for every address
 * that stays. A place that got free must not be taken before every program has ended that has
 * seen it used. Insert returns how many found no place, which under another seed they may.
 */
void addresses__remove(const struct addresses *gone, struct eg_addrs *table);
size_t addresses__insert(const struct addresses *fresh, struct eg_addrs *table);

/* True if the table holds just these, but for some that have no place in it. -errno. */
int addresses__in_table(const struct addresses *a, const struct eg_addrs *table, bool *same);

#endif
