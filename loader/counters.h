/* SPDX-License-Identifier: GPL-2.0-only */
/* Readings of eg_counters, and the sums that make sense of them. */
#ifndef LOADER_COUNTERS_H
#define LOADER_COUNTERS_H

#include "names.h"

/* One reading of one interface. */
struct reading {
	struct eg_counters sum[EG_DIRECTION_COUNT];
	struct eg_counters *per_cpu;	/* ingress, one for each possible CPU */
	int cpus;
	__u64 when;			/* ns, monotonic */
};

/* @map: eg_counters. -errno. */
int reading__take(struct reading *r, int map);
void reading__free(struct reading *r);

/*
 * What went on between two readings of one map, per second, as a reading of its
 * own. A counter that fell was reset meanwhile. -errno.
 */
int reading__rate(struct reading *rate, const struct reading *before, const struct reading *now);

/* All counters of a map to zero. -errno. */
int counters__reset(int map);

void count__add(struct eg_count *to, const struct eg_count *from);

/* All verdicts of a cell. */
struct eg_count cell__total(const struct eg_cell *cell);

/* All cells, by verdict. */
void counters__verdicts(const struct eg_counters *c, struct eg_count verdicts[EG_VERDICT_COUNT]);

/* By protocol; ICMP and ICMPv6 with all of their types. */
struct eg_count counters__protocol(const struct eg_counters *c, enum eg_protocol protocol);

bool cell__is_zero(const struct eg_cell *cell);

#endif
