// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as a reply to probe: nothing is read beyond them, what is found in them lies in them,
 * and there are words for it. The first byte says how they come: from a raw socket, a ping socket,
 * or its error queue, of which the next bytes are what the kernel says.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/errqueue.h>
#include "probe/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool right, const char *what)
{
	if (right)
		return;
	fprintf(stderr, "reply: %s\n", what);
	abort();
}

static bool within(const void *part, size_t part_size, const uint8_t *data, size_t size)
{
	const uint8_t *p = part;

	return !part_size || (p >= data && p + part_size <= data + size);
}

static void check_reply(const struct reply *r, const uint8_t *data, size_t size)
{
	char text[160];

	check((r->kind == REPLY_MALFORMED) == !!r->flaw, "malformed, and not said why");
	check(r->size <= size, "longer than what came");
	check(within(r->body, r->body_size, data, size), "its body lies elsewhere");
	check(within(r->quoted.upper, r->quoted.size, data, size), "what is quoted lies elsewhere");
	check(!r->quoted.echo || (r->kind == REPLY_ERROR && r->quoted.size >= 8),
	      "an echo request of less than 8 bytes");
	if (r->kind == REPLY_ERROR)
		check(*reply__describe(r, text, sizeof(text)), "no words for it");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	union address to = { .sa.sa_family = AF_INET };
	struct sock_extended_err e;
	struct reply r;
	uint8_t how;

	if (!size)
		return 0;
	how = *data++ % 5;
	size--;
	if (how < 2) {
		reply__parse(how ? AF_INET6 : AF_INET, data, size, &r);
	} else if (how == 2) {
		reply__parse_ipv4(data, size, &r);
	} else {
		if (size < sizeof(e))
			return 0;
		memcpy(&e, data, sizeof(e));
		to.sa.sa_family = how == 3 ? AF_INET : AF_INET6;
		data += sizeof(e);
		size -= sizeof(e);
		reply__from_queue(&e, &to, data, size, &r);
	}
	check_reply(&r, data, size);
	return 0;
}
