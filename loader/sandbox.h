/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A network namespace of this process's own, where nobody's traffic is: one interface, and a default
 * route over it to a gateway whose MAC address is known. It is gone with the process.
 */
#ifndef LOADER_SANDBOX_H
#define LOADER_SANDBOX_H

#include "util.h"

struct sandbox {
	__u32 ifindex;
	__u8 mac[6];	 /* the interface's */
	__u8 gateway[6]; /* where all that comes from off link comes from */
};

/* The process is in it from now on. -errno. */
int sandbox__enter(struct sandbox *s);

#endif
