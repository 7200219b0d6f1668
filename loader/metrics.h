/* SPDX-License-Identifier: GPL-2.0-only */
/* Destinations whose routes carry metrics that bpf_fib_lookup() doesn't tell. */
#ifndef LOADER_METRICS_H
#define LOADER_METRICS_H

#include "rtnl.h"

#include <echogate/abi.h>

struct metrics {
	struct eg_metrics_key *keys;	/* sorted, each once */
	size_t count;
};

/*
 * Reads the routes of every table, both families. More than EG_METRICS_MAX
 * become one prefix that covers everything: then all pings are the kernel's.
 * -errno.
 */
int metrics__read(struct rtnl *rt, struct metrics *m);
void metrics__free(struct metrics *m);

/* Order of keys. */
int metrics__compare(const void *a, const void *b);

/* Whether a route (RTM_NEWROUTE, RTM_DELROUTE) carries such metrics. */
bool metrics__of_route(const struct nlmsghdr *nlh);

#endif
