/* SPDX-License-Identifier: GPL-2.0-only */
/* What a packet is, as the programs and their rules see it: read by the same code. */
#ifndef LOADER_FACTS_H
#define LOADER_FACTS_H

#include "util.h"

#include <stdio.h>
#include <json-c/json.h>

#include "echogate/fields.h"

struct facts {
	const __u8 *frame;		/* the caller's */
	size_t length;
	bool l3;			/* it has no link header */
	enum eg_reason reason;		/* why it can't be read or answered, of its form alone */
	struct eg_packet packet;
	struct eg_match match;		/* indices but those of addresses */
};

void facts__read(struct facts *f, const __u8 *frame, size_t length, bool l3);

/* "IPv4 icmp echo-request 198.18.0.1 > 198.18.0.2 ttl 64, 98 bytes"; `whole`: that length. */
void facts__print(const struct facts *f, size_t whole, FILE *to);

/* The same as a text of its own, the caller's to free; NULL without memory. */
char *facts__text(const struct facts *f, size_t whole);

/* The same as an object: what the packet has, under the names of the matchers. */
struct json_object *facts__json(const struct facts *f, const struct eg_addrs *own);

#endif
