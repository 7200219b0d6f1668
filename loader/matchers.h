/* SPDX-License-Identifier: GPL-2.0-only */
/* What a rule asks of the fields that are numbers: all but its addresses. */
#ifndef LOADER_MATCHERS_H
#define LOADER_MATCHERS_H

#include "ruleset.h"

/* Indices of a field. */
struct indices {
	__u64 word[EG_PORT_SIZE / EG_WORD_BITS + 1];
};

/* What a rule asks of a field. `one` is the matcher being read: empty before and after. */
struct selection {
	bool asked;			/* otherwise every index will do */
	size_t words;			/* that the field takes */
	struct indices all, one;
};

/* How many indices a field has; 0 for FROM and TO, where the prefixes decide. */
__u32 field_size(enum eg_field field);

/* Which indices of a field satisfy rule n of a direction. */
void select_indices(struct selection *s, const struct rules *rules, enum eg_direction direction,
		    size_t n, enum eg_field field);

#endif
