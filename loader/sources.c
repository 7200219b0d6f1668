// SPDX-License-Identifier: GPL-2.0-only
#include "sources.h"

#include <stdlib.h>
#include <string.h>

#define LEAST	1e-6		/* packets that are none any more */

static struct source *find(struct sources *s, const struct in6_addr *address)
{
	for (size_t i = 0; i < s->count; i++)
		if (!memcmp(&s->list[i].address, address, sizeof(*address)))
			return &s->list[i];
	return NULL;
}

static struct source *least(struct sources *s)
{
	struct source *least = &s->list[0];

	for (size_t i = 1; i < s->count; i++)
		if (s->list[i].packets < least->packets)
			least = &s->list[i];
	return least;
}

void sources__add(struct sources *s, const struct in6_addr *address, enum eg_verdict verdict,
		  double weight)
{
	struct source *known = find(s, address);
	double before = 0;

	if (!known) {
		if (s->count < SOURCES_MAX) {
			known = &s->list[s->count++];
		} else {
			known = least(s);
			before = known->packets;
		}
		/* It may have sent all that whose place it takes has. */
		*known = (struct source){ .address = *address, .packets = before, .error = before };
	}
	known->packets += weight;
	known->by[verdict] += weight;
	s->total += weight;
}

void sources__fade(struct sources *s, double factor)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct source *to = &s->list[kept];

		*to = s->list[i];
		to->packets *= factor;
		to->error *= factor;
		for (int v = 0; v < EG_VERDICT_COUNT; v++)
			to->by[v] *= factor;
		kept += to->packets > LEAST;
	}
	s->count = kept;
	s->total *= factor;
}

static int compare(const void *a, const void *b)
{
	const struct source *x = a, *y = b;

	if (x->packets != y->packets)
		return x->packets < y->packets ? 1 : -1;
	return memcmp(&x->address, &y->address, sizeof(x->address));
}

size_t sources__top(const struct sources *s, struct source *top, size_t max)
{
	static struct source sorted[SOURCES_MAX];
	size_t count = s->count < max ? s->count : max;

	memcpy(sorted, s->list, s->count * sizeof(*sorted));
	qsort(sorted, s->count, sizeof(*sorted), compare);
	memcpy(top, sorted, count * sizeof(*top));
	return count;
}

bool sources__address(const __u8 *frame, size_t size, bool l3, struct in6_addr *address)
{
	size_t at = l3 ? 0 : 14;

	/* Tags, whichever types they have. */
	while (!l3 && at <= size && (frame[at - 2] == 0x81 || frame[at - 2] == 0x88) &&
	       (frame[at - 1] == 0x00 || frame[at - 1] == 0xa8))
		at += 4;
	if (at >= size)
		return false;
	if (frame[at] >> 4 == 4 && at + 20 <= size) {
		memset(address, 0, 10);
		memset(address->s6_addr + 10, 0xff, 2);
		memcpy(address->s6_addr + 12, frame + at + 12, 4);
		return l3 || (frame[at - 2] == 0x08 && frame[at - 1] == 0x00);
	}
	if (frame[at] >> 4 == 6 && at + 40 <= size) {
		memcpy(address, frame + at + 8, 16);
		return l3 || (frame[at - 2] == 0x86 && frame[at - 1] == 0xdd);
	}
	return false;
}
