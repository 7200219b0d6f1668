/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Forwarding on lo: bpf_fib_lookup refuses to answer on an interface where it
 * is off, and reply paths are looked up on lo. lo itself never forwards.
 */
#ifndef LOADER_FORWARDING_H
#define LOADER_FORWARDING_H

#include "rtnl.h"
#include "echogate/abi.h"

/*
 * Turns it on where it is off. @owned gets EG_OWNED_FORWARD4/6 for what this
 * call changed. -errno of the first sysctl that couldn't be written.
 */
int forwarding__enable(struct rtnl *rt, __u32 *owned);

/* Takes back what the bits of @owned name. What can't be is told: later nobody knows of it. */
void forwarding__restore(__u32 owned);

/* Bits as in eg_owned, of the families for which it is off now. */
__u32 forwarding__off(void);

#endif
