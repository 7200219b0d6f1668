/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own counters of a network namespace, by the names that nstat shows, and with them
 * what the kernel would have counted had it seen what echogate kept from it.
 *
 * What was answered counts as received, delivered and replied to; what was rejected as received,
 * delivered and answered with an error; what was dropped as received and discarded. An ICMP message
 * counts under its type in each of these cases, whomever it was for. What passed, or was dropped on
 * its way out, has been counted by the kernel. Octets are the frame's less its Ethernet header.
 */
#ifndef LOADER_MIB_H
#define LOADER_MIB_H

#include "util.h"
#include "echogate/abi.h"

struct mib_counter {
	char name[48];
	__u64 kernel, echogate;
};

struct mib {
	struct mib_counter *list;	/* in the kernel's order */
	size_t count, room;
};

/* The kernel's, of the namespace the process is in. -errno. */
int mib__read(struct mib *m);
void mib__free(struct mib *m);

/*
 * Takes up names and values as /proc/net/snmp has them, line by line; what isn't a counter is left
 * out. -errno; -EPROTO: they don't fit together.
 */
int mib__take_pair(struct mib *m, char *names, char *values);

/* "Name value", as in /proc/net/snmp6. */
int mib__take_line(struct mib *m, const char *line);

/* Adds one interface's; @ethernet: its frames have a header. -errno. */
int mib__add(struct mib *m, const struct eg_counters *ingress, bool ethernet);

const struct mib_counter *mib__find(const struct mib *m, const char *name);

/*
 * What went on between two readings, as a table of its own in place of @now: a part that fell began
 * anew meanwhile, and what isn't in @before was zero.
 */
void mib__subtract(struct mib *now, const struct mib *before);

/* Appends a counter. -errno. */
int mib__append(struct mib *m, const char *name, __u64 kernel, __u64 echogate);

#endif
