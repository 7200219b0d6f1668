/* SPDX-License-Identifier: GPL-2.0-only */
/* What a driver can do with XDP, asked by the kernel's generic netlink family "netdev" (6.3). */
#ifndef LOADER_NETDEV_H
#define LOADER_NETDEV_H

#include "util.h"

/* Bits of what netdev__xdp_features() tells; Debian 12's headers don't have them yet. */
#define NETDEV_XDP_BASIC	(1 << 0)	/* native XDP programs */
#define NETDEV_XDP_RX_SG	(1 << 5)	/* with frames in several pieces */

/* In the namespace the process is in. -errno; -ENOENT: the kernel has no such family. */
int netdev__xdp_features(__u32 ifindex, __u64 *features);

#endif
