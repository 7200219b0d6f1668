/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From rules to what the programs look up: see abi.h for the layouts. How they are
 * to be evaluated: begin with all rules, AND the entries of the fields that the ruleset
 * uses, and take what is left from the first on. After an EG_RULE_PROTECT, AND once more: with
 * the entry for "protected".
 *
 * EG_FIELD_PROTECT is used only where a rule must be kept from what is protected: a drop or
 * reject, not even-protected, that could match ARP, IGMP or ICMPv6's protected types, or
 * anything if there is a `protect`. For EG_DEFAULT_DROP, whoever evaluates finds out by
 * himself whether the packet is protected, used or not.
 *
 * A malformed IP header is of its family and of no protocol: `ip` and `not tcp` hold. An IPv6
 * packet longer than 65535 bytes counts as that long.
 */
#ifndef LOADER_COMPILE_H
#define LOADER_COMPILE_H

#include "prefixtable.h"
#include "ruleset.h"

struct compiled {
	struct eg_ruleset rulesets[EG_DIRECTION_COUNT];
	__u64 *table;
	size_t table_count;		/* at least 1 */
	struct eg_vector *vectors;
	size_t vector_count;		/* at least 1; vectors[0] is empty */
	struct eg_rule *rules;		/* slot is 0: whoever loads gives it */
	size_t rule_count;
	struct prefix_table prefixes;
	struct eg_tracking tracking;	/* rows are 0: whoever loads gives them */
	struct eg_group *groups;	/* NULL, for the same reason; groups.h */
	size_t group_count;
};

/*
 * `name` is the interface's, for messages; `tick` ns of one jiffy; `cpus` how many there may
 * be. The caller frees, also after a failure. Reports.
 */
enum status compile(const struct rules *r, const char *name, __u64 tick, int cpus,
		    struct compiled *out);
void compiled__free(struct compiled *c);

/* What the maps made of it take, bytes. */
size_t compiled__memory(const struct compiled *c);

#endif
