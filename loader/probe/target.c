// SPDX-License-Identifier: GPL-2.0-only
#include "target.h"

#include <errno.h>
#include <stdlib.h>

#define SLOTS_MIN	16
#define SLOTS_MAX	65536		/* no more can be told apart */

const char *const clock_names[CLOCK_USED_COUNT] = {
	[CLOCK_USED_OWN] = "clock",
	[CLOCK_USED_KERNEL] = "kernel",
	[CLOCK_USED_HARDWARE] = "hardware",
};

int target__init(struct target *t, const struct host *h, size_t slots, size_t samples)
{
	*t = (struct target){ .host = h, .slots = SLOTS_MIN, .rtt = SAMPLES_INIT(samples) };
	while (t->slots < slots && t->slots < SLOTS_MAX)
		t->slots *= 2;
	t->window = calloc(t->slots, sizeof(*t->window));
	return t->window ? 0 : -ENOMEM;
}

void target__free(struct target *t)
{
	free(t->window);
	t->window = NULL;
	samples__free(&t->rtt);
}

struct request *target__send(struct target *t)
{
	__u64 number = ++t->sent;
	struct request *r = &t->window[number & (t->slots - 1)];

	/* What is forgotten now won't be answered any more. */
	if (r->number && !r->settled)
		t->open--;
	t->open++;
	*r = (struct request){ .number = number };
	return r;
}

void target__unsend(struct target *t, struct request *r)
{
	t->sent--;
	t->open--;
	*r = (struct request){};
}

struct request *target__find_number(struct target *t, __u64 number)
{
	struct request *r = &t->window[number & (t->slots - 1)];

	return number && r->number == number ? r : NULL;
}

struct request *target__find(struct target *t, __u16 seq)
{
	__u16 back = (__u16)t->sent - seq;

	return back < t->sent ? target__find_number(t, t->sent - back) : NULL;
}

static void settle(struct target *t, struct request *r)
{
	if (!r->settled)
		t->open--;
	r->settled = true;
}

bool target__answer(struct target *t, struct request *r)
{
	settle(t, r);
	if (r->answered) {
		t->duplicates++;
		return false;
	}
	r->answered = true;
	t->received++;
	if (r->number < t->highest)
		t->reordered++;
	else
		t->highest = r->number;
	return true;
}

void target__refuse(struct target *t, struct request *r)
{
	settle(t, r);
	t->errors++;
}

__u64 request__rtt(const struct request *r, __u64 monotonic, __u64 real, __u64 hardware,
		   enum clock_used *used)
{
	__u64 longest = monotonic - r->monotonic, rtt = 0;

	*used = CLOCK_USED_OWN;
	if (r->hardware && hardware > r->hardware) {
		*used = CLOCK_USED_HARDWARE;
		rtt = hardware - r->hardware;
	} else if (r->real && real > r->real) {
		*used = CLOCK_USED_KERNEL;
		rtt = real - r->real;
	}
	if (rtt && rtt <= longest)
		return rtt;
	*used = CLOCK_USED_OWN;
	return longest;
}
