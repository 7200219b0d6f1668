/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * xdp-filter's program (package xdp-tools), without its loader: that puts a dispatcher
 * before it, which not every kernel allows and which costs a call.
 */
#ifndef ECHOGATE_BENCH_FILTER_H
#define ECHOGATE_BENCH_FILTER_H

#include "rules.h"
#include "station.h"

/* Attaches it with the addresses of `r`. NULL, or why that couldn't be done. */
const char *filter__attach(struct station *s, const struct rules *r);

#endif
