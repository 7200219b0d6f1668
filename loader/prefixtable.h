/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All prefixes that rules ask for, in one table: it says for an address to which
 * of the lists it belongs. Such a combination of lists is a class.
 */
#ifndef LOADER_PREFIXTABLE_H
#define LOADER_PREFIXTABLE_H

#include "ruleset.h"
#include "echogate/prefix.h"

#define CLASS_MAX	65534		/* class 0: in no list; 65535: EG_CLASS_MIXED */

/* Built from lists; what is looked up at run time is laid out in echogate/prefix.h. */
struct prefix_table {
	struct eg_prefix_info info;	/* goes to .rodata */
	struct eg_prefix4 *top4;	/* maps' contents; counts are at least 1 */
	size_t top4_count;
	struct eg_bucket4 *buckets4;
	size_t bucket4_count;
	struct eg_mixed4 *mixed4;
	size_t mixed4_count;
	struct eg_prefix6 *top6;
	size_t top6_count;
	struct eg_bucket6 *buckets6;
	size_t bucket6_count;

	/* Bit n of members[class * words ...]: the class belongs to list n. */
	__u64 *members;
	size_t words;			/* 64-bit words a class */
	size_t class_count;
	size_t prefix4_count, prefix6_count;	/* distinct ones */
};

/*
 * Builds the table of `count` lists. -E2BIG: more than CLASS_MAX classes; -ENOMEM; -EIO: no
 * randomness; -EAGAIN: no luck with it. The caller frees, also after a failure.
 */
int prefix_table__build(const struct prefixes *const *lists, size_t count,
			struct prefix_table *t);
void prefix_table__free(struct prefix_table *t);

/* What its maps take, bytes. */
size_t prefix_table__memory(const struct prefix_table *t);

#endif
