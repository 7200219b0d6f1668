/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Addresses that rules ask for: which lists the table of prefixes is made of, and which
 * of them a rule means.
 */
#ifndef LOADER_ENDPOINTS_H
#define LOADER_ENDPOINTS_H

#include "prefixtable.h"
#include "ruleset.h"

/*
 * Endpoints are numbered: 2 * rule, ingress before egress, and one more for `to`; from `peers` on
 * one for each group that is measured, and the last for those that are observed. Endpoint n
 * is lists[starts[n]] up to lists[starts[n + 1]].
 */
struct endpoints {
	size_t *starts;
	__u32 *lists;
	size_t list_count;
	size_t peers, groups;
};

/* `from` or `to` of a rule, if it names prefixes or sets. */
const struct endpoint *rule__addresses(const struct rule *r, bool to);

/*
 * Builds the table too. -E2BIG as prefix_table__build(), -ENOMEM. The caller frees both, also
 * after a failure.
 */
int endpoints__build(const struct rules *r, struct endpoints *e, struct prefix_table *t);
void endpoints__free(struct endpoints *e);

#endif
