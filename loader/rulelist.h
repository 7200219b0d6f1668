/* SPDX-License-Identifier: GPL-2.0-only */
/* The rules of a loaded generation: their texts, and what they have counted. */
#ifndef LOADER_RULELIST_H
#define LOADER_RULELIST_H

#include "instance.h"

struct listed_rule {
	__u64 id;
	__u32 line;			/* in its file */
	__u16 slot;
	__u8 verdict;			/* enum eg_rule_verdict */
	__u8 flags;			/* enum eg_rule_flag */
	enum eg_direction direction;
	__u64 gate;			/* key in eg_gates, if its flags say that it has one */
	const char *text;		/* in the list's own */
	struct eg_count count;
};

struct rulelist {
	char *text;			/* all of it, as it can be applied again */
	struct listed_rule *list;	/* ingress first; in order of evaluation */
	size_t count;
};

/* -errno; -ENODATA: its pins don't hold together. */
int rulelist__read(struct rulelist *l, const struct instance *in);
void rulelist__free(struct rulelist *l);

/* What went on between two readings, per second; rules are known by their ids. -errno. */
int rulelist__rate(struct rulelist *rate, const struct rulelist *before,
		   const struct rulelist *now, __u64 ns);

/* All counts to zero. -errno. */
int rulelist__reset(const struct rulelist *l, const struct instance *in);

#endif
