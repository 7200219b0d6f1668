/* SPDX-License-Identifier: GPL-2.0-only */
/* Round-trip times: moments of all of them, percentiles of as many as are kept. */
#ifndef PROBE_SAMPLES_H
#define PROBE_SAMPLES_H

#include "util.h"

/* Times are ns. */
struct samples {
	__u64 count, least, most;
	double mean, squares;		/* squares: of the distances from the mean, summed */
	__u64 *kept;			/* all, or beyond `limit` a uniform sample of so many */
	size_t held, room, limit;
	__u64 random;
};

#define SAMPLES_INIT(most)	{ .limit = (most), .random = 0x9e3779b97f4a7c15 }

/* Without memory for it, percentiles do without it. */
void samples__add(struct samples *s, __u64 value);
void samples__free(struct samples *s);

/* As ping's mdev: the root of the mean square of distances from the mean. */
double samples__deviation(const struct samples *s);

/* The least value that @percent of them don't exceed; 0 without any. Sorts what is kept. */
__u64 samples__percentile(struct samples *s, unsigned int percent);

#endif
