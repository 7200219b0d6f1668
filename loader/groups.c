// SPDX-License-Identifier: GPL-2.0-only
#include "groups.h"
#include "mapped.h"
#include "prefixes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int groups__read(struct eg_group **list, size_t *count, const struct instance *in)
{
	struct mapped groups;
	int err;

	*list = NULL;
	*count = 0;
	if (in->abi != EG_ABI || in->maps[PIN_GROUPS] < 0 || !in->meta.groups)
		return 0;
	err = mapped__open(&groups, in->maps[PIN_GROUPS], false);
	if (err)
		return err;
	if (groups.stride == sizeof(**list))
		*count = in->meta.groups < groups.entries ? in->meta.groups : groups.entries;
	*list = malloc((*count ?: 1) * sizeof(**list));
	if (*list)
		memcpy(*list, groups.data, *count * sizeof(**list));
	else
		err = -ENOMEM;
	mapped__close(&groups);
	return err;
}

int groups__clear(const struct instance *in, __u32 row)
{
	int cpus = libbpf_num_possible_cpus(), err;
	struct eg_rtt *zero;

	if (cpus < 0)
		return cpus;
	zero = calloc(cpus, sizeof(*zero));
	if (!zero)
		return -ENOMEM;
	err = bpf_map_update_elem(in->maps[PIN_RTT], &row, zero, BPF_EXIST);
	free(zero);
	return err;
}

/* Who else needs a row. */
enum user { BY_FORMER = 1 << 0, BY_RUNNING = 1 << 1, BY_NEXT = 1 << 2 };

static void mark(const struct eg_group *list, size_t count, __u8 *used, enum user by)
{
	for (size_t i = 0; i < count; i++)
		used[list[i].row % EG_RTT_ROWS] |= by;
}

static const struct eg_group *find(const struct eg_group *list, size_t count, const char *name,
				   const __u8 *used)
{
	for (size_t i = 0; i < count; i++)
		if (!strncmp(list[i].name, name, sizeof(list[i].name)) &&
		    !(used[list[i].row % EG_RTT_ROWS] & BY_NEXT))
			return &list[i];
	return NULL;
}

/* A free row; else one that only the former generation has, whose histogram is given up. */
static __u32 take_free(__u8 *used)
{
	__u32 best = 1;

	for (__u32 i = 1; i < EG_RTT_ROWS; i++)
		if (used[i] < used[best])
			best = i;
	used[best] |= BY_NEXT;
	return best;
}

static void name_groups(const struct endpoint *e, struct eg_group *out)
{
	for (size_t i = 0; i < e->prefixes.count; i++) {
		char text[PREFIX_TEXT];

		prefix__print(&e->prefixes.list[i], text);
		copy_text(out[i].name, text, sizeof(out[i].name));
	}
	for (size_t i = 0; i < e->set_count; i++) {
		struct eg_group *g = &out[e->prefixes.count + i];

		snprintf(g->name, sizeof(g->name), "@%s", e->sets[i]->name);
	}
}

int groups__assign(const struct rules *r, struct compiled *c, const struct instance *running,
		   const struct instance *former)
{
	struct eg_group *now = NULL, *before = NULL;
	size_t now_count = 0, before_count = 0;
	__u8 used[EG_RTT_ROWS] = {};
	int err;

	c->group_count = r->measured.prefixes.count + r->measured.set_count;
	c->groups = calloc(c->group_count + 1, sizeof(*c->groups));
	if (!c->groups)
		return -ENOMEM;
	name_groups(&r->measured, c->groups);
	err = groups__read(&now, &now_count, running)
		      ?: groups__read(&before, &before_count, former);
	if (err)
		goto cleanup;
	mark(now, now_count, used, BY_RUNNING);
	mark(before, before_count, used, BY_FORMER);
	for (size_t i = 0; i < c->group_count; i++) {
		const struct eg_group *same = find(now, now_count, c->groups[i].name, used);

		if (!same)
			continue;
		c->groups[i].row = same->row % EG_RTT_ROWS;
		used[c->groups[i].row] |= BY_NEXT;
	}
	for (size_t i = 0; !err && i < c->group_count; i++) {
		if (!c->groups[i].row) {
			c->groups[i].row = take_free(used);
			/* Those of a first generation are new with their map. */
			if (running->abi == EG_ABI)
				err = groups__clear(running, c->groups[i].row);
		}
		c->tracking.row[i + 1] = c->groups[i].row;
	}
cleanup:
	free(now);
	free(before);
	return err;
}
