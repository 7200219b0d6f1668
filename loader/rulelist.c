// SPDX-License-Identifier: GPL-2.0-only
#include "rulelist.h"
#include "counters.h"
#include "mapped.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The texts are in one piece of memory that the list owns; each must end within it. */
static int read_texts(struct rulelist *l, int map)
{
	struct mapped m;
	size_t size, at;
	int err;

	err = mapped__open(&m, map, false);
	if (err)
		return err;
	size = m.stride * m.entries;
	l->text = malloc(size + 1);
	if (l->text) {
		memcpy(l->text, m.data, size);
		l->text[size] = 0;
	}
	mapped__close(&m);
	if (!l->text)
		return -ENOMEM;
	at = strlen(l->text) + 1;
	for (size_t i = 0; i < l->count; i++) {
		if (at > size)
			return -ENODATA;
		l->list[i].text = l->text + at;
		at += strlen(l->text + at) + 1;
	}
	return 0;
}

static int read_rules(struct rulelist *l, const struct eg_meta *meta, int map)
{
	size_t ingress = meta->rules[EG_INGRESS];
	struct mapped m;
	int err;

	l->count = ingress + meta->rules[EG_EGRESS];
	err = mapped__open(&m, map, false);
	if (err)
		return err;
	if (m.stride != sizeof(struct eg_rule) || l->count > m.entries)
		err = -ENODATA;
	else
		l->list = calloc(l->count ?: 1, sizeof(*l->list));
	if (!err && !l->list)
		err = -ENOMEM;
	for (size_t i = 0; !err && i < l->count; i++) {
		const struct eg_rule *r = (const struct eg_rule *)m.data + i;

		l->list[i].id = r->id;
		l->list[i].line = r->line;
		l->list[i].slot = r->slot % EG_RULE_SLOTS;
		l->list[i].verdict = r->verdict;
		l->list[i].flags = r->flags;
		l->list[i].gate = r->gate;
		l->list[i].direction = i < ingress ? EG_INGRESS : EG_EGRESS;
	}
	mapped__close(&m);
	return err;
}

/* Calls for each CPU's cell of each rule. */
static int each_cell(struct listed_rule *list, size_t count, int map, bool write,
		     void (*fn)(struct listed_rule *rule, struct eg_rule_cell *cell))
{
	struct mapped m;
	int err;

	err = mapped__open(&m, map, write);
	if (err)
		return err;
	for (__u32 base = 0; base + EG_RULE_SLOTS <= m.entries; base += EG_RULE_SLOTS)
		for (size_t i = 0; i < count; i++)
			fn(&list[i], (struct eg_rule_cell *)m.data + base + list[i].slot);
	mapped__close(&m);
	return 0;
}

static void add_cell(struct listed_rule *rule, struct eg_rule_cell *cell)
{
	count__add(&rule->count, &cell->count);
}

static void clear_cell(struct listed_rule *rule, struct eg_rule_cell *cell)
{
	(void)rule;
	memset(&cell->count, 0, sizeof(cell->count));
}

int rulelist__read(struct rulelist *l, const struct instance *in)
{
	int err;

	memset(l, 0, sizeof(*l));
	if (in->maps[PIN_RULES] < 0 || in->maps[PIN_TEXT] < 0 || in->maps[PIN_RULE_CELLS] < 0)
		return -ENODATA;
	err = read_rules(l, &in->meta, in->maps[PIN_RULES]) ?:
	      read_texts(l, in->maps[PIN_TEXT]) ?:
	      each_cell(l->list, l->count, in->maps[PIN_RULE_CELLS], false, add_cell);
	if (err)
		rulelist__free(l);
	return err;
}

void rulelist__free(struct rulelist *l)
{
	free(l->text);
	free(l->list);
	memset(l, 0, sizeof(*l));
}

int rulelist__reset(const struct rulelist *l, const struct instance *in)
{
	return each_cell(l->list, l->count, in->maps[PIN_RULE_CELLS], true, clear_cell);
}

static const struct listed_rule *find(const struct rulelist *l, __u64 id, size_t hint)
{
	/* As a rule it stands where it stood. */
	if (hint < l->count && l->list[hint].id == id)
		return &l->list[hint];
	for (size_t i = 0; i < l->count; i++)
		if (l->list[i].id == id)
			return &l->list[i];
	return NULL;
}

int rulelist__rate(struct rulelist *rate, const struct rulelist *before,
		   const struct rulelist *now, __u64 ns)
{
	static const struct eg_count none;

	rate->count = now->count;
	rate->text = NULL;	/* that of @now serves both */
	rate->list = calloc(now->count ?: 1, sizeof(*rate->list));
	if (!rate->list)
		return -ENOMEM;
	for (size_t i = 0; i < now->count; i++) {
		const struct listed_rule *was = find(before, now->list[i].id, i);

		rate->list[i] = now->list[i];
		rate->list[i].count = count__rate(was ? &was->count : &none, &now->list[i].count, ns);
	}
	return 0;
}
