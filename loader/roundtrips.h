/* SPDX-License-Identifier: GPL-2.0-only */
/* What the programs have found out about echo messages: round trips, and rows of requests. */
#ifndef LOADER_ROUNDTRIPS_H
#define LOADER_ROUNDTRIPS_H

#include "instance.h"

#define ALL_PEERS	"all"		/* no prefix, and no set's name begins like this */

/* Round trips of a group of peers, all CPUs together. */
struct histogram {
	char name[EG_GROUP_NAME + 1];
	__u32 row;			/* in eg_rtt */
	__u64 count;
	struct eg_rtt rtt;
};

struct roundtrips {
	struct histogram *list;		/* that of all peers first; none if nothing is measured */
	size_t count;
};

/* One who sends echo requests. */
struct observed_row {
	struct eg_observed_key key;
	struct eg_observed seen;
};

struct observed {
	struct observed_row *list;	/* by address and identifier */
	size_t count;
};

/* -errno. */
int roundtrips__read(struct roundtrips *r, const struct instance *in);
void roundtrips__free(struct roundtrips *r);
int roundtrips__reset(const struct roundtrips *r, const struct instance *in);

int observed__read(struct observed *o, const struct instance *in);
void observed__free(struct observed *o);
int observed__reset(const struct instance *in);

/* Upper bound of a bucket, ns: what it counts is below. */
__u64 histogram__bound(int bucket);

/* ns that so many per cent of them take at most, as far as buckets tell. 0: there are none. */
__u64 histogram__percentile(const struct histogram *h, unsigned int percent);
__u64 histogram__average(const struct histogram *h);

#endif
