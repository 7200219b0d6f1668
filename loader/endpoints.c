// SPDX-License-Identifier: GPL-2.0-only
#include "endpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const struct endpoint *rule__addresses(const struct rule *r, bool to)
{
	const struct endpoint *e = to ? &r->to : &r->from;

	return e->present && !e->local ? e : NULL;
}

/* Sets and single prefixes alike: whatever can be a part of an endpoint. */
static size_t source_count(const struct endpoint *e)
{
	return e ? e->prefixes.count + e->set_count : 0;
}

static struct prefixes source(const struct endpoint *e, size_t n)
{
	if (n < e->prefixes.count)
		return (struct prefixes){ .list = &e->prefixes.list[n], .count = 1 };
	return e->sets[n - e->prefixes.count]->prefixes;
}

static int compare_sources(const void *va, const void *vb)
{
	const struct prefixes *a = va, *b = vb;
	int order;

	if (a->count != b->count)
		return a->count < b->count ? -1 : 1;
	if (a->count == 1) {
		order = (a->list->family > b->list->family) - (a->list->family < b->list->family);
		if (!order)
			order = a->list->length - b->list->length;
		return order ? order : memcmp(a->list->addr, b->list->addr, sizeof(a->list->addr));
	}
	return a->count ? (a->list > b->list) - (a->list < b->list) : 0;
}

/*
 * Groups the sources so that those which are always named together are one list: the
 * table gets no more lists, thus classes, than rules can tell apart. All begin in
 * one group, and each endpoint splits the groups that it has only a part of.
 * e->lists has sources and then lists; group[] is the list of each source.
 */
static int group_sources(struct endpoints *e, size_t endpoints, size_t count, __u32 *group)
{
	size_t groups = 1, most = e->starts[endpoints] + 1;
	struct { __u32 by, to; } *split = calloc(most, sizeof(*split));
	__u32 *list = malloc(most * sizeof(*list));
	int err = -ENOMEM;

	if (!split || !list)
		goto cleanup;
	memset(group, 0, count * sizeof(*group));
	for (size_t n = 0; n < endpoints; n++)
		for (size_t i = e->starts[n]; i < e->starts[n + 1]; i++) {
			__u32 *g = &group[e->lists[i]];

			if (split[*g].by != n + 1) {
				split[groups].by = split[*g].by = n + 1;
				split[groups].to = split[*g].to = groups;
				groups++;
			}
			*g = split[*g].to;
		}
	/* Numbers without gaps, in order of appearance. */
	memset(list, 0xff, most * sizeof(*list));
	for (size_t i = 0; i < e->starts[endpoints]; i++) {
		__u32 *l = &list[group[e->lists[i]]];

		if (*l == UINT32_MAX)
			*l = e->list_count++;
		e->lists[i] = *l;
	}
	for (size_t s = 0; s < count; s++)
		group[s] = list[group[s]];
	err = 0;
cleanup:
	free(split);
	free(list);
	return err;
}

/* Puts the sources of each list together. A list of one source borrows it. */
static int build_table(size_t list_count, const struct prefixes *sources, size_t count,
		       const __u32 *list_of, struct prefix_table *t)
{
	struct prefixes *lists = calloc(list_count + 1, sizeof(*lists));
	const struct prefixes **pointers = calloc(list_count + 1, sizeof(*pointers));
	size_t *members = calloc(list_count + 1, sizeof(*members));
	int err = -ENOMEM;

	if (!lists || !pointers || !members)
		goto cleanup;
	for (size_t s = 0; s < count; s++) {
		members[list_of[s]]++;
		lists[list_of[s]].room += sources[s].count;
	}
	for (size_t s = 0; s < count; s++) {
		struct prefixes *l = &lists[list_of[s]];

		if (members[list_of[s]] == 1) {
			*l = sources[s];
			continue;
		}
		if (!l->list)
			l->list = malloc((l->room + 1) * sizeof(*l->list));
		if (!l->list)
			goto cleanup;
		if (sources[s].count)
			memcpy(l->list + l->count, sources[s].list,
			       sources[s].count * sizeof(*l->list));
		l->count += sources[s].count;
	}
	for (size_t l = 0; l < list_count; l++)
		pointers[l] = &lists[l];
	err = prefix_table__build(pointers, list_count, t);
cleanup:
	for (size_t l = 0; lists && members && l < list_count; l++)
		if (members[l] > 1)
			free(lists[l].list);
	free(lists);
	free(pointers);
	free(members);
	return err;
}

/* Counts the sources of all endpoints; with `all` they are written there. */
static size_t gather(const struct rules *r, struct endpoints *e, struct prefixes *all)
{
	size_t n = 0, total = 0;

	for (int d = 0; d < EG_DIRECTION_COUNT; d++)
		for (size_t i = 0; i < 2 * r->count[d]; i++) {
			const struct endpoint *one = rule__addresses(r->list[d][i / 2], i % 2);

			for (size_t j = 0; all && j < source_count(one); j++)
				all[total + j] = source(one, j);
			total += source_count(one);
			e->starts[++n] = total;
		}
	for (size_t i = 0; i < e->groups; i++) {
		if (all)
			all[total] = source(&r->measured, i);
		e->starts[++n] = ++total;
	}
	for (size_t i = 0; all && i < source_count(&r->observed); i++)
		all[total + i] = source(&r->observed, i);
	total += source_count(&r->observed);
	e->starts[++n] = total;
	return total;
}

int endpoints__build(const struct rules *r, struct endpoints *e, struct prefix_table *t)
{
	size_t endpoints, total, distinct = 0;
	struct prefixes *all = NULL, *sources = NULL;
	__u32 *group = NULL;
	int err = -ENOMEM;

	memset(e, 0, sizeof(*e));
	e->peers = 2 * (r->count[EG_INGRESS] + r->count[EG_EGRESS]);
	e->groups = source_count(&r->measured);
	endpoints = e->peers + e->groups + 1;
	e->starts = calloc(endpoints + 1, sizeof(*e->starts));
	if (!e->starts)
		return -ENOMEM;
	total = gather(r, e, NULL);
	e->lists = malloc((total + 1) * sizeof(*e->lists));
	all = malloc((total + 1) * sizeof(*all));
	sources = malloc((total + 1) * sizeof(*sources));
	group = malloc((total + 1) * sizeof(*group));
	if (!e->lists || !all || !sources || !group)
		goto cleanup;
	gather(r, e, all);
	memcpy(sources, all, total * sizeof(*all));
	qsort(sources, total, sizeof(*sources), compare_sources);
	for (size_t i = 0; i < total; i++)
		if (!i || compare_sources(&sources[distinct - 1], &sources[i]))
			sources[distinct++] = sources[i];
	for (size_t i = 0; i < total; i++)
		e->lists[i] = (struct prefixes *)bsearch(&all[i], sources, distinct,
							 sizeof(*sources), compare_sources) -
			      sources;
	err = group_sources(e, endpoints, distinct, group);
	if (!err)
		err = build_table(e->list_count, sources, distinct, group, t);
cleanup:
	free(all);
	free(sources);
	free(group);
	return err;
}

void endpoints__free(struct endpoints *e)
{
	free(e->starts);
	free(e->lists);
}
