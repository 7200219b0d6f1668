/* SPDX-License-Identifier: GPL-2.0-only */
/* Through which interface, from which address and to whose MAC address packets to a host go. */
#ifndef PROBE_NEXTHOP_H
#define PROBE_NEXTHOP_H

#include "battery.h"
#include "probe.h"
#include "rtnl.h"

struct nexthop {
	struct route route;
	struct device device;
	bool on_link;			/* no router between, as far as the routes know */
	bool loopback;			/* the host is this one */
	bool ethernet;			/* MAC addresses are needed, and there */
};

/* Has the neighbour's MAC address resolved by an ordinary ping where it isn't known. Reports. */
enum status nexthop__find(struct nexthop *n, const struct host *host,
			  const struct probe_options *o);

#endif
