/* SPDX-License-Identifier: GPL-2.0-only */
/* DPDK's own answer to pings, if it is installed: testpmd in its mode icmpecho, on an AF_PACKET socket. */
#ifndef ECHOGATE_BENCH_DPDK_H
#define ECHOGATE_BENCH_DPDK_H

#include "station.h"

struct dpdk {
	int process; /* 0: none */
	int input;   /* it ends when this is closed */
};

/*
 * Starts it in the station's namespace, polling on another CPU than `cpu`; the kernel there says nothing
 * from then on. NULL, or why it can't be had.
 */
const char *dpdk__start(struct dpdk *d, struct station *s, int cpu);
/* It polls all the time, which would disturb what is measured beside it: it sleeps but in its turns. */
void dpdk__wake(const struct dpdk *d, bool awake);
void dpdk__stop(struct dpdk *d);

#endif
