// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes as what comes back to `probe --conformance`, in one piece or several: nothing is read
 * that isn't there, and something is thought of each response to each kind of request.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "probe/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct battery battery[2];
static struct pieces pieces;

static void fail(const char *what)
{
	fprintf(stderr, "response: %s\n", what);
	abort();
}

static void prepare(void)
{
	struct route route = { .family = 4, .prefix = 24, .mtu = 1500 };

	spec__address(route.from, "198.18.0.1");
	spec__address(route.to, "198.18.0.2");
	if (battery__build(&battery[0], &route, 0x2000))
		fail("no memory");
	route.family = 6;
	spec__address(route.from, "fd00:18::1");
	spec__address(route.to, "fd00:18::2");
	if (battery__build(&battery[1], &route, 0x2000))
		fail("no memory");
}

static void think(const struct request *q, const struct response *r)
{
	struct opinion o;

	judge(q, true, r, 1, &o);
	if (o.finding < FINDING_LIKE || o.finding > FINDING_WRONG)
		fail("no finding");
	if (r->fault && o.finding != FINDING_WRONG)
		fail("malformed, but not wrong");
	if (strlen(o.came) >= sizeof(o.came) || (o.finding != FINDING_LIKE && !*o.why))
		fail("no words");
}

static void read_one(const uint8_t *data, size_t size, int family, const struct request *q)
{
	const uint8_t *whole;
	struct response r;

	if (!response__read(&r, data, size, family))
		return;
	if (r.len > size || r.l4 < data || r.l4 + r.l4_len > data + size)
		fail("a message beyond its packet");
	think(q, &r);
	if (!r.fragment)
		return;
	whole = response__join(&pieces, &r, &size);
	if (!whole)
		return;
	if (!response__read(&r, whole, size, family) || r.fault || r.fragment || r.len != size)
		/* Its message may be anything; its header is ours. */
		if (!r.fault || !strstr(r.fault, "ICMP"))
			fail("what is joined isn't one packet");
	think(q, &r);
}

/* Family and request; then packets, each behind two bytes of its length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct battery *b;
	const struct request *q;
	int family;

	if (!battery[0].count)
		prepare();
	if (size < 2)
		return 0;
	memset(&pieces, 0, sizeof(pieces));
	family = data[0] & 1 ? 6 : 4;
	b = &battery[data[0] & 1];
	q = &b->list[data[1] % b->count];
	data += 2;
	size -= 2;
	while (size > 2) {
		size_t len = data[0] << 8 | data[1];
		uint8_t *copy;

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		copy = malloc(len ?: 1);
		if (!copy)
			return 0;
		memcpy(copy, data, len);
		read_one(copy, len, family, q);
		free(copy);
		data += len;
		size -= len;
	}
	return 0;
}
