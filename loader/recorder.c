// SPDX-License-Identifier: GPL-2.0-only
#include "recorder.h"
#include "mapped.h"

#include <errno.h>
#include <stdlib.h>

/* Takes a copy of a record that may be written meanwhile. False: it was, or there is none. */
static bool copy(const struct eg_record *from, struct eg_record *to)
{
	__u64 time = __atomic_load_n(&from->event.time, __ATOMIC_ACQUIRE);

	*to = *(const volatile struct eg_record *)from;
	__atomic_thread_fence(__ATOMIC_ACQUIRE);
	return time && __atomic_load_n(&from->event.time, __ATOMIC_RELAXED) == time &&
	       to->event.time == time && to->event.captured <= EG_RECORD_SNAP;
}

static int add(struct recordings *r, const struct recording *one)
{
	size_t room = r->room ? 2 * r->room : 64;
	struct recording *more;

	if (r->count == r->room) {
		more = realloc(r->list, room * sizeof(*more));
		if (!more)
			return -ENOMEM;
		r->list = more;
		r->room = room;
	}
	r->list[r->count++] = *one;
	return 0;
}

int recordings__read(struct recordings *r, const struct instance *in, size_t nth)
{
	struct recording one = { .nth = nth };
	struct mapped m;
	int err;

	err = mapped__open(&m, in->maps[PIN_RECORDER], false);
	for (__u32 i = 0; !err && i < m.entries; i++) {
		const struct eg_record_bucket *b =
			(const void *)((const __u8 *)m.data + i * m.stride);

		for (int j = 0; !err && b->count && j < EG_RECORDS; j++)
			if (copy(&b->record[j], &one.record))
				err = add(r, &one);
	}
	mapped__close(&m);
	return err;
}

static int by_time(const void *a, const void *b)
{
	__u64 x = ((const struct recording *)a)->record.event.time;
	__u64 y = ((const struct recording *)b)->record.event.time;

	return x < y ? -1 : x > y;
}

void recordings__sort(struct recordings *r)
{
	if (r->count)
		qsort(r->list, r->count, sizeof(*r->list), by_time);
}

void recordings__free(struct recordings *r)
{
	free(r->list);
}
