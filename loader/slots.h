/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places of rules in eg_rule_cells and eg_limits. A rule that is in two generations has the
 * same in both, so that its counters and its limit don't notice that one follows the other.
 */
#ifndef LOADER_SLOTS_H
#define LOADER_SLOTS_H

#include "instance.h"

struct slot_changes {
	size_t kept, added, gone;	/* rules */
};

/*
 * Gives slots to @rules: those of @running to its own, clean ones that neither it nor, as far as
 * there are enough, @former uses to the others. Either may be ABSENT. With @keep_lines the former
 * also keep the lines that they have in their file. -errno.
 */
int slots__assign(struct eg_rule *rules, size_t count, const struct instance *running,
		  const struct instance *former, bool keep_lines, struct slot_changes *changes);

/* Before @former runs again: what others have left in its slots goes. -errno. */
int slots__reclaim(const struct instance *former, const struct instance *running);

#endif
