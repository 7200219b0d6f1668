// SPDX-License-Identifier: GPL-2.0-only
#include "samples.h"

#include <math.h>
#include <stdlib.h>

/* xorshift64*; against nobody. */
static __u64 next_random(struct samples *s)
{
	s->random ^= s->random >> 12;
	s->random ^= s->random << 25;
	s->random ^= s->random >> 27;
	return s->random * 0x2545f4914f6cdd1d;
}

static void keep(struct samples *s, __u64 value)
{
	__u64 at;

	if (s->held < s->limit && s->held == s->room) {
		size_t room = s->room ? s->room * 2 : 4;
		__u64 *kept = reallocarray(s->kept, room, sizeof(*kept));

		if (kept) {
			s->kept = kept;
			s->room = room;
		} else {
			s->limit = s->held;
		}
	}
	if (s->held < s->limit) {
		s->kept[s->held++] = value;
		return;
	}
	/* Each of the values so far stays with the same probability. */
	at = next_random(s) % s->count;
	if (at < s->held)
		s->kept[at] = value;
}

void samples__add(struct samples *s, __u64 value)
{
	double distance = value - s->mean;

	s->least = !s->count || value < s->least ? value : s->least;
	s->most = value > s->most ? value : s->most;
	s->count++;
	/* Welford: nothing large is subtracted from something large. */
	s->mean += distance / s->count;
	s->squares += distance * (value - s->mean);
	keep(s, value);
}

void samples__free(struct samples *s)
{
	free(s->kept);
	s->kept = NULL;
	s->held = s->room = 0;
}

double samples__deviation(const struct samples *s)
{
	return s->count ? sqrt(s->squares / s->count) : 0;
}

static int compare(const void *a, const void *b)
{
	__u64 x = *(const __u64 *)a, y = *(const __u64 *)b;

	return x < y ? -1 : x > y;
}

__u64 samples__percentile(struct samples *s, unsigned int percent)
{
	size_t rank = (s->held * percent + 99) / 100;

	if (!s->held)
		return 0;
	qsort(s->kept, s->held, sizeof(*s->kept), compare);
	return s->kept[rank ? rank - 1 : 0];
}
