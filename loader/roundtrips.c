// SPDX-License-Identifier: GPL-2.0-only
#include "roundtrips.h"
#include "groups.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

/* Round trips ------------------------------------------------------------------- */

static void add(struct histogram *h, const struct eg_rtt *r)
{
	for (int i = 0; i < EG_RTT_BUCKETS; i++) {
		h->rtt.bucket[i] += r->bucket[i];
		h->count += r->bucket[i];
	}
	h->rtt.sum += r->sum;
	if (r->least && (!h->rtt.least || r->least < h->rtt.least))
		h->rtt.least = r->least;
	if (r->most > h->rtt.most)
		h->rtt.most = r->most;
}

static int read_rows(struct roundtrips *r, const struct instance *in)
{
	int cpus = libbpf_num_possible_cpus(), err = 0;
	struct eg_rtt *values;

	if (cpus < 0)
		return cpus;
	values = calloc(cpus, sizeof(*values));
	if (!values)
		return -ENOMEM;
	for (size_t i = 0; !err && i < r->count; i++) {
		err = bpf_map_lookup_elem(in->maps[PIN_RTT], &r->list[i].row, values);
		for (int cpu = 0; !err && cpu < cpus; cpu++)
			add(&r->list[i], &values[cpu]);
	}
	free(values);
	return err;
}

int roundtrips__read(struct roundtrips *r, const struct instance *in)
{
	struct eg_group *groups = NULL;
	size_t count;
	int err;

	memset(r, 0, sizeof(*r));
	if (in->abi != EG_ABI || in->maps[PIN_RTT] < 0 || !(in->meta.tracks & EG_TRACK_RTT))
		return 0;
	err = groups__read(&groups, &count, in);
	if (err)
		return err;
	r->list = calloc(count + 1, sizeof(*r->list));
	if (!r->list) {
		err = -ENOMEM;
		goto cleanup;
	}
	strcpy(r->list[r->count++].name, ALL_PEERS);
	for (size_t i = 0; i < count; i++, r->count++) {
		r->list[r->count].row = groups[i].row;
		memcpy(r->list[r->count].name, groups[i].name, sizeof(groups[i].name));
	}
	err = read_rows(r, in);
cleanup:
	free(groups);
	if (err)
		roundtrips__free(r);
	return err;
}

void roundtrips__free(struct roundtrips *r)
{
	free(r->list);
	memset(r, 0, sizeof(*r));
}

int roundtrips__reset(const struct roundtrips *r, const struct instance *in)
{
	int err = 0;

	for (size_t i = 0; !err && i < r->count; i++)
		err = groups__clear(in, r->list[i].row);
	return err;
}

__u64 histogram__bound(int bucket)
{
	return 1024ULL << bucket;
}

__u64 histogram__average(const struct histogram *h)
{
	return h->count ? (h->rtt.sum + h->count / 2) / h->count : 0;
}

/* As if those of a bucket were spread evenly over it, but none beyond the least and the most. */
__u64 histogram__percentile(const struct histogram *h, unsigned int percent)
{
	__u64 rank = (h->count * percent + 99) / 100, before = 0, low, high;
	int i = 0;

	if (!h->count)
		return 0;
	while (i < EG_RTT_BUCKETS - 1 && before + h->rtt.bucket[i] < rank)
		before += h->rtt.bucket[i++];
	low = i ? histogram__bound(i - 1) : 0;
	high = histogram__bound(i);
	if (low < h->rtt.least)
		low = h->rtt.least;
	if (high > h->rtt.most)
		high = h->rtt.most;
	if (high < low || !h->rtt.bucket[i])
		return high;
	return low + (high - low) * ((double)(rank - before) / h->rtt.bucket[i]);
}

/* Rows of requests ---------------------------------------------------------------- */

static int by_key(const void *va, const void *vb)
{
	const struct observed_row *a = va, *b = vb;

	return memcmp(a->key.addr, b->key.addr, sizeof(a->key.addr))
		       ?: (int)a->key.id - (int)b->key.id;
}

int observed__read(struct observed *o, const struct instance *in)
{
	struct eg_observed_key key, *last = NULL;
	int map = in->maps[PIN_OBSERVED];

	memset(o, 0, sizeof(*o));
	if (in->abi != EG_ABI || map < 0)
		return 0;
	o->list = calloc(EG_OBSERVED_MAX, sizeof(*o->list));
	if (!o->list)
		return -ENOMEM;
	while (o->count < EG_OBSERVED_MAX && !bpf_map_get_next_key(map, last, &key)) {
		struct observed_row *row = &o->list[o->count];

		/* It may have made room for another meanwhile. */
		if (!bpf_map_lookup_elem(map, &key, &row->seen)) {
			row->key = key;
			o->count++;
		}
		last = &key;
	}
	qsort(o->list, o->count, sizeof(*o->list), by_key);
	return 0;
}

void observed__free(struct observed *o)
{
	free(o->list);
	memset(o, 0, sizeof(*o));
}

int observed__reset(const struct instance *in)
{
	struct observed all;
	int err = observed__read(&all, in);

	for (size_t i = 0; !err && i < all.count; i++) {
		err = bpf_map_delete_elem(in->maps[PIN_OBSERVED], &all.list[i].key);
		if (err == -ENOENT)
			err = 0;
	}
	observed__free(&all);
	return err;
}
