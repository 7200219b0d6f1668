/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What `probe --conformance` sends: one list of requests for each family, each with what the
 * RFC demands and what Linux does by its default settings. Silent.
 */
#ifndef PROBE_BATTERY_H
#define PROBE_BATTERY_H

#include "craft.h"

#include <linux/types.h>

#define REQUEST_FRAMES	16
#define REQUEST_BURST	40	/* copies of a request that asks for limits */

/* How much the clause insists on a reaction. */
enum demand {
	DEMAND_MUST,		/* a reply, and of this kind */
	DEMAND_SHOULD,
	DEMAND_MAY,
	DEMAND_NO_ECHO,		/* no echo reply; an error is allowed */
	DEMAND_NOTHING,		/* it must draw no reply at all */
};

enum reaction_kind {
	REACTION_SILENCE,
	REACTION_ECHO,
	REACTION_STAMP,		/* timestamp reply */
	REACTION_ERROR,		/* of this type, code and pointer, with a quote of the request */
	REACTION_ADVERT,	/* neighbour advertisement */
	REACTION_OTHER,		/* none of these; nothing here expects it */
};

struct reaction {
	enum reaction_kind kind;
	__u8 type, code;
	__u32 rest;		/* second word of an error */
};

enum request_flag {
	REQUEST_ALONE		= 1 << 0,	/* bears no mark: nothing else may be under way */
	REQUEST_ON_LINK		= 1 << 1,	/* no router on the way would pass it on as it is */
	REQUEST_VARIABLE	= 1 << 2,	/* Linux' own choice depends on how it is set up */
	REQUEST_ZERO		= 1 << 3,	/* all zero: Linux answers with a wrong checksum */
	REQUEST_EXPIRES		= 1 << 4,	/* fragments that will be missed: an error, later */
	REQUEST_LIMITED		= 1 << 5,	/* sent REQUEST_BURST times, for limits */
	REQUEST_LABEL		= 1 << 6,	/* an echoed flow label is worth a word */
	REQUEST_TTL		= 1 << 7,	/* so is the reply's TTL, */
	REQUEST_ID		= 1 << 8,	/* and the request's identification in it */
};

struct request {
	char name[72];
	const char *clause;
	enum demand demand;
	struct reaction linux_does;
	unsigned int flags;
	__u16 mark;			/* identification, identifier, flow label */
	bool needs_link;		/* can only be said by frames of our own making */

	struct spec spec;		/* of its first frame */
	size_t message_len;		/* the message of all fragments together */
	__u8 *message;
	__u8 option_len;		/* of the reply to be expected */
	__u8 options[40];
	__u8 clock_at;			/* four bytes of them tell the time; 0: none do */

	size_t count;
	struct frame *frame[REQUEST_FRAMES];
};

struct battery {
	struct request *list;
	size_t count;
};

/* Where the requests go, and from where. */
struct route {
	int family;			/* 4 or 6 */
	__u8 from[16], to[16];
	__u8 from_mac[6], to_mac[6];
	__u8 prefix;			/* length of our own */
	unsigned int mtu;
};

/* Requests have the marks @mark, @mark + 1, ...; release with battery__free(). -ENOMEM. */
int battery__build(struct battery *b, const struct route *route, __u16 mark);
void battery__free(struct battery *b);

/* "must", "should", ... */
const char *demand__name(enum demand demand);

#endif
