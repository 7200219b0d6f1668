/* SPDX-License-Identifier: GPL-2.0-only */
/* Readings of eg_counters, and the sums that make sense of them. */
#ifndef LOADER_COUNTERS_H
#define LOADER_COUNTERS_H

#include "instance.h"
#include "roundtrips.h"
#include "rulelist.h"

/* One reading of one interface. */
struct reading {
	struct eg_counters sum[EG_DIRECTION_COUNT];
	struct eg_counters *per_cpu;	/* ingress, one for each possible CPU */
	int cpus;
	struct rulelist rules;
	struct roundtrips roundtrips;
	__u64 when;			/* ns, monotonic */
};

/* -errno. */
int reading__take(struct reading *r, const struct instance *in);
void reading__free(struct reading *r);

/* Of each interface in the list. -errno; *out is then NULL. */
int readings__take(struct reading **out, const struct instances *all);
void readings__free(struct reading *readings, size_t count);

/*
 * What went on between two readings of one map, per second, as a reading of its
 * own. A counter that fell was reset meanwhile. Texts of rules stay those of @now; round trips
 * have no rate. -errno.
 */
int reading__rate(struct reading *rate, const struct reading *before, const struct reading *now);

/* All counters to zero, those of the rules that @r knows too. -errno. */
int reading__reset(const struct reading *r, const struct instance *in);

void count__add(struct eg_count *to, const struct eg_count *from);

/* Of what went on for @ns; rounded. */
__u64 per_second(__u64 value, __u64 ns);

/* Per second, from two readings that are @ns apart. */
struct eg_count count__rate(const struct eg_count *before, const struct eg_count *now, __u64 ns);

/* All verdicts of a cell. */
struct eg_count cell__total(const struct eg_cell *cell);

/* All cells, by verdict. */
void counters__verdicts(const struct eg_counters *c, struct eg_count verdicts[EG_VERDICT_COUNT]);

/* Of a protocol in IPv4 and in IPv6; of ICMP and ICMPv6 only what has no type. */
struct eg_cell counters__protocol_cell(const struct eg_counters *c, enum eg_protocol protocol);

/* By protocol; ICMP and ICMPv6 with all of their types. */
struct eg_count counters__protocol(const struct eg_counters *c, enum eg_protocol protocol);

bool cell__is_zero(const struct eg_cell *cell);

#endif
