/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The sources of what interfaces receive, from one packet in so many: the more there are the fewer
 * are looked at, so that a flood doesn't pay for being watched.
 */
#ifndef LOADER_SAMPLER_H
#define LOADER_SAMPLER_H

#include "instance.h"
#include "sources.h"

struct sampler;

/* Of all of them, which stay as long; NULL if they can't be watched, which is noted. */
struct sampler *sampler__open(const struct instances *all);
void sampler__close(struct sampler *s);

/* Counts sources for that long; less if a signal comes. -errno: it won't go on. */
int sampler__run(struct sampler *s, __u64 ns);

/* At the end of an interval: what was before counts less. */
void sampler__fade(struct sampler *s);

/* One packet in so many was looked at last. */
__u32 sampler__sample(const struct sampler *s);

/* Of the nth interface, those that send most, in packets a second. */
size_t sampler__top(const struct sampler *s, size_t nth, struct source *top, size_t max);

#endif
