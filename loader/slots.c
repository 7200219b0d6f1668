// SPDX-License-Identifier: GPL-2.0-only
#include "slots.h"
#include "mapped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Rules of a generation, by id. */
struct holders {
	struct eg_rule *list;
	size_t count;
};

static int by_id(const void *va, const void *vb)
{
	const struct eg_rule *a = va, *b = vb;

	return a->id < b->id ? -1 : a->id > b->id;
}

static int holders__read(struct holders *h, const struct instance *in)
{
	size_t count = (size_t)in->meta.rules[EG_INGRESS] + in->meta.rules[EG_EGRESS];
	struct mapped rules;
	int err;

	memset(h, 0, sizeof(*h));
	if (in->abi != EG_ABI || in->maps[PIN_RULES] < 0 || !count)
		return 0;
	err = mapped__open(&rules, in->maps[PIN_RULES], false);
	if (err)
		return err;
	if (rules.stride == sizeof(*h->list))
		h->count = count < rules.entries ? count : rules.entries;
	h->list = malloc((h->count ?: 1) * sizeof(*h->list));
	if (h->list) {
		memcpy(h->list, rules.data, h->count * sizeof(*h->list));
		qsort(h->list, h->count, sizeof(*h->list), by_id);
	} else {
		err = -ENOMEM;
	}
	mapped__close(&rules);
	return err;
}

static const struct eg_rule *holders__find(const struct holders *h, const struct eg_rule *rule)
{
	return h->count ? bsearch(rule, h->list, h->count, sizeof(*h->list), by_id) : NULL;
}

static void holders__mark(const struct holders *h, __u8 *used, __u8 bit)
{
	for (size_t i = 0; i < h->count; i++)
		used[h->list[i].slot % EG_RULE_SLOTS] |= bit;
}

/* Every value of a map whose index is that of a dirty slot, on any CPU. */
static int clean_map(int fd, const bool *dirty)
{
	struct mapped m;
	int err;

	if (fd < 0)
		return 0;	/* damaged; attach makes another */
	err = mapped__open(&m, fd, true);
	for (__u32 i = 0; !err && i < m.entries; i++)
		if (dirty[i % EG_RULE_SLOTS])
			memset(m.data + i * m.stride, 0, m.stride);
	mapped__close(&m);
	return err;
}

/* Of the maps that all generations of an interface share. */
static int clean(const struct instance *in, const bool *dirty)
{
	return clean_map(in->maps[PIN_RULE_CELLS], dirty) ?:
	       clean_map(in->maps[PIN_LIMITS], dirty);
}

/* Who uses a slot. */
#define BY_FORMER	1
#define BY_RUNNING	2
#define BY_NEXT		4

/*
 * One that nobody uses; else one of the generation that is given up; else, where thousands of
 * rules follow thousands of others, one whose rule ends with this swap.
 */
static __u16 take_free(__u8 *used)
{
	__u16 best = 0;
	__u8 least = BY_NEXT;

	for (__u16 i = EG_SLOT_REJECT + 1; least && i < EG_RULE_SLOTS; i++) {
		if (used[i] < least) {
			least = used[i];
			best = i;
		}
	}
	used[best] |= BY_NEXT;
	return best;
}

int slots__assign(struct eg_rule *rules, size_t count, const struct instance *running,
		  const struct instance *former, bool keep_lines, struct slot_changes *changes)
{
	struct holders now = {}, before = {};
	bool dirty[EG_RULE_SLOTS] = {};
	__u8 used[EG_RULE_SLOTS] = {};
	int err;

	memset(changes, 0, sizeof(*changes));
	err = holders__read(&now, running) ?: holders__read(&before, former);
	if (err)
		goto cleanup;
	holders__mark(&now, used, BY_RUNNING);
	holders__mark(&before, used, BY_FORMER);
	for (size_t i = 0; i < count; i++) {
		const struct eg_rule *same = holders__find(&now, &rules[i]);

		if (!same)
			continue;
		rules[i].slot = same->slot;
		if (keep_lines)
			rules[i].line = same->line;
		used[same->slot % EG_RULE_SLOTS] |= BY_NEXT;
		changes->kept++;
	}
	for (size_t i = 0; i < count; i++) {
		if (holders__find(&now, &rules[i]))
			continue;
		rules[i].slot = take_free(used);
		dirty[rules[i].slot] = true;
		changes->added++;
	}
	changes->gone = now.count - changes->kept;
	/* Those of a first generation are new with their maps. */
	if (changes->added && running->abi == EG_ABI)
		err = clean(running, dirty);
cleanup:
	free(now.list);
	free(before.list);
	return err;
}

int slots__reclaim(const struct instance *former, const struct instance *running)
{
	struct holders now = {}, before = {};
	bool dirty[EG_RULE_SLOTS] = {};
	__u8 used[EG_RULE_SLOTS] = {};
	bool any = false;
	int err;

	err = holders__read(&now, running) ?: holders__read(&before, former);
	holders__mark(&now, used, BY_RUNNING);
	for (size_t i = 0; !err && i < before.count; i++) {
		const struct eg_rule *same = holders__find(&now, &before.list[i]);
		__u16 slot = before.list[i].slot % EG_RULE_SLOTS;

		if (!used[slot] || (same && same->slot == slot))
			continue;
		dirty[slot] = any = true;
	}
	if (!err && any)
		err = clean(running, dirty);
	free(now.list);
	free(before.list);
	return err;
}
