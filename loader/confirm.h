/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Generations that go again by themselves unless somebody confirms that he can still reach the
 * machine. The deadline is in eg_meta, in seconds of CLOCK_BOOTTIME, which also counts
 * while the machine sleeps. A guard waits for it; should that be killed, the next command that
 * changes anything sees that it has passed.
 */
#ifndef LOADER_CONFIRM_H
#define LOADER_CONFIRM_H

#include "instance.h"

#define CONFIRM_MAX	86400

/* CLOCK_BOOTTIME, seconds; one that has begun counts as over. */
__u64 boottime(void);

/* Seconds until it is rolled back; 0 also if it should have been. */
__u64 confirm__left(const struct eg_meta *meta);

bool confirm__overdue(const struct eg_meta *meta);

/* What would replace a generation that waits for confirmation is refused. Reports. */
enum status confirm__refuse_pending(const struct instance *in, const char *name);

/* A process that outlives the command, its shell and its terminal. */
struct guard {
	int pid;
	int line;			/* to the guard; -1: there is none */
};

/* Started early, while there is nothing that it would hold on to. Reports. */
enum status guard__start(struct guard *g, const char *netns);

/* From now on it waits for the deadline, whatever becomes of the command. Reports. */
enum status guard__arm(struct guard *g, __u64 deadline);

/* Lets an armed one go its way; ends one that isn't. */
void guard__release(struct guard *g);

/* Ends it: nothing was swapped. */
void guard__cancel(struct guard *g);

#endif
