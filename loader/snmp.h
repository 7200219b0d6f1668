/* SPDX-License-Identifier: GPL-2.0-only */
/* `stats --snmp`: what the kernel and echogate have counted, as nstat shows the kernel's. */
#ifndef LOADER_SNMP_H
#define LOADER_SNMP_H

#include "netns.h"

struct snmp_options {
	bool absolute;		/* since boot, not since the last time */
	bool zeros;
	bool rate;
	bool json;
	unsigned long watch;	/* seconds; 0: once */
};

/*
 * Shows a table for each namespace in which one of the interfaces is, or anything is attached if
 * none is named; in it counts all that is attached there. Reports.
 */
enum status snmp__show(const struct snmp_options *opts, const struct scope *scope,
		       char *const *names, size_t count);

#endif
