/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who sends most, in fixed memory whatever the number of senders: space-saving (Metwally, Agrawal,
 * El Abbadi 2005). Whoever sends more than 1/SOURCES_MAX of all is among those that are kept; what is
 * told of one is never too little, and at most `error` too much. Sampling comes on top of that.
 */
#ifndef LOADER_SOURCES_H
#define LOADER_SOURCES_H

#include "util.h"
#include "echogate/abi.h"

#define SOURCES_MAX	1024

struct source {
	struct in6_addr address;	/* IPv4: mapped */
	double packets;
	double error;			/* of them, those that may have been another's */
	double by[EG_VERDICT_COUNT];	/* since it is known */
};

struct sources {
	struct source list[SOURCES_MAX];
	size_t count;
	double total;			/* of all that have been added */
};

/* @weight packets of that source. */
void sources__add(struct sources *s, const struct in6_addr *address, enum eg_verdict verdict,
		  double weight);

/* All of it loses weight, so that what is past is forgotten little by little. */
void sources__fade(struct sources *s, double factor);

/* Those that sent most, first of all the first; returns how many of @max there are. */
size_t sources__top(const struct sources *s, struct source *top, size_t max);

/* Who sent a frame, of which the first @size bytes are known; @l3: it begins with its IP header. */
bool sources__address(const __u8 *frame, size_t size, bool l3, struct in6_addr *address);

#endif
