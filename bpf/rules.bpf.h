/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rules. Each field of a packet is looked up once and yields the rules that it
 * satisfies; what all fields agree on, first bit first, decides. So cost grows with
 * the fields that rules use, not with their number. Layouts: echogate/abi.h.
 *
 * A first match that simply decides is found in line. Limits, samples, counting
 * rules and protected packets are for eg_rules_walk(), which goes on from there.
 */
#ifndef EG_RULES_BPF_H
#define EG_RULES_BPF_H

#include <echogate/bits.h>
#include <echogate/fields.h>
#include "limits.bpf.h"
#include "prefix.bpf.h"

#define EG_NO_RULE	(~0u)

#define EG_WALK_STEPS	(EG_RULES_MAX + EG_RULE_WORDS)

/* A packet on its way through the rules of one direction. */
struct eg_match {
	__u64 entry[EG_FIELD_COUNT];	/* of eg_table, for the fields in use */
	struct eg_fields fields;
	__u64 bytes;
	__u32 direction;		/* enum eg_direction */
	bool  trial;
	bool  protect;			/* result: the packet is protected */
};

static __always_inline __u64 *eg_table_at(__u32 direction, enum eg_field field, __u32 index)
{
	__u32 key = eg_rulesets[direction].base[field] + index;

	return bpf_map_lookup_elem(&eg_table, &key);
}

static __always_inline const struct eg_vector *eg_vector_at(__u64 entry)
{
	__u32 key = entry;

	return bpf_map_lookup_elem(&eg_vectors, &key);
}

static __always_inline const struct eg_rule *eg_rule_at(__u32 index)
{
	return bpf_map_lookup_elem(&eg_rules, &index);
}

static __always_inline struct eg_rule_cell *eg_rule_cell_at(__u32 slot)
{
	__u32 key = bpf_get_smp_processor_id() * EG_RULE_SLOTS + slot;

	return bpf_map_lookup_elem(&eg_rule_cells, &key);
}

static __always_inline void eg_rule_count(__u32 slot, __u64 bytes)
{
	struct eg_rule_cell *cell = eg_rule_cell_at(slot);

	if (cell) {
		cell->count.packets++;
		cell->count.bytes += bytes;
	}
}

/* The fields that need tables of addresses. */
static __always_inline void eg_fields_addresses(__u32 used, struct eg_fields *f)
{
	if (!f->family)
		return;
	if (used & EG_BIT(EG_FIELD_OWN)) {
		__u32 own = 1;

		if (f->family == AF_INET) {
			if (eg_addr4_owner(&eg_addrs, f->from[0]) == EG_OWNER_LOCAL)
				own += EG_OWN_SOURCE;
			if (eg_addr4_owner(&eg_addrs, f->to[0]) == EG_OWNER_LOCAL)
				own += EG_OWN_DESTINATION;
		} else {
			if (eg_addr6_own(&eg_addrs, f->from))
				own += EG_OWN_SOURCE;
			if (eg_addr6_own(&eg_addrs, f->to))
				own += EG_OWN_DESTINATION;
		}
		f->index[EG_FIELD_OWN] = own;
	}
	if (used & EG_BIT(EG_FIELD_FROM))
		f->index[EG_FIELD_FROM] = 1 + (f->family == AF_INET ? eg_class4(f->from[0])
								    : eg_class6(f->from));
	if (used & EG_BIT(EG_FIELD_TO))
		f->index[EG_FIELD_TO] = 1 + (f->family == AF_INET ? eg_class4(f->to[0])
								  : eg_class6(f->to));
}

/* What the packet satisfies of rule word `word`; of rules that fill no more than one, all. */
static __always_inline __u64 eg_rules_word(const struct eg_match *m, __u32 used, __u32 word)
{
	__u64 bits = ~0ull;

#pragma GCC unroll 14
	for (int i = 0; i < EG_FIELD_COUNT; i++) {
		const struct eg_vector *v;

		if (!(used & EG_BIT(i)))
			continue;
		v = eg_vector_at(m->entry[i]);
		bits &= v ? v->word[word & (EG_RULE_WORDS - 1)] : 0;
	}
	return bits;
}

/* AND of the entries, or of the summaries of the vectors that they name. */
static __always_inline __u64 eg_rules_first(const struct eg_match *m, __u32 used, bool vectors)
{
	__u64 bits = ~0ull;

#pragma GCC unroll 14
	for (int i = 0; i < EG_FIELD_COUNT; i++) {
		const struct eg_vector *v;

		if (!(used & EG_BIT(i)))
			continue;
		if (!vectors) {
			bits &= m->entry[i];
			continue;
		}
		v = eg_vector_at(m->entry[i]);
		bits &= v ? v->summary : 0;
	}
	return bits;
}

/* The walk ------------------------------------------------------------------ */

struct eg_walk {
	struct eg_match *m;
	__u64 bits;			/* rules of the present word yet to come */
	__u64 words;			/* words yet to come */
	__u64 now, precise;		/* 0: not asked for yet */
	__u32 word;
	__u32 rule;			/* that decided, index in eg_rules */
	__u32 slot;			/* of it */
};

static __always_inline void eg_trace_rule(__u32 rule)
{
	__u32 zero = 0, at;
	struct eg_trace *trace = bpf_map_lookup_elem(&eg_trace, &zero);

	if (!trace)
		return;
	at = trace->matched++;
	trace->last = rule;
	if (at < EG_TRACE_RULES)
		trace->rules[at & (EG_TRACE_RULES - 1)] = rule;
}

/* Whether the rule's modifiers let the packet be its match. */
static __always_inline bool eg_rule_holds(struct eg_walk *w, const struct eg_rule *r,
					  struct eg_rule_cell *cell)
{
	const struct eg_fields *f = &w->m->fields;
	__u64 now;

	if (r->flags & EG_RULE_SAMPLE && r->sample && bpf_get_prandom_u32() % r->sample)
		return false;
	if (w->m->trial || !(r->flags & (EG_RULE_LIMIT | EG_RULE_SOURCE)))
		return true;
	if (r->flags & EG_RULE_PRECISE) {
		if (!w->precise)
			w->precise = eg_now(true);
		now = w->precise;
	} else {
		if (!w->now)
			w->now = eg_now(false);
		now = w->now;
	}
	/* First the source's own, or a flood of one would use up what is for all. */
	if (r->flags & EG_RULE_SOURCE && f->family &&
	    !eg_source_pass(r->slot, f->family, f->from,
			    f->family == AF_INET ? r->source4 : r->source6, now, r->source_gap,
			    r->source_depth))
		return false;
	return !(r->flags & EG_RULE_LIMIT) ||
	       eg_limit_pass(r->slot, cell, now, r->gap, r->depth, r->batch);
}

/* From here on only what may happen to a protected packet. */
static __always_inline void eg_walk_protect(struct eg_walk *w, __u32 direction, __u32 used,
					    bool vectors)
{
	__u64 *entry;

	w->m->protect = true;
	if (!(used & EG_BIT(EG_FIELD_PROTECT)))
		return;
	entry = eg_table_at(direction, EG_FIELD_PROTECT, 1);
	if (!entry)
		return;
	w->m->entry[EG_FIELD_PROTECT] = *entry;
	w->m->fields.index[EG_FIELD_PROTECT] = 1;
	if (!vectors) {
		w->bits &= *entry;
	} else {
		const struct eg_vector *v = eg_vector_at(*entry);

		w->bits &= v ? v->word[w->word & (EG_RULE_WORDS - 1)] : 0;
		w->words &= v ? v->summary : 0;
	}
}

/* One rule, or the way to the next word; 1 when it is decided. */
static int eg_walk_step(__u32 step, struct eg_walk *w)
{
	__u32 direction = w->m->direction & 1;
	__u32 used = eg_rulesets[direction].used;
	bool vectors = eg_rulesets[direction].rules > EG_WORD_BITS;
	struct eg_rule_cell *cell;
	const struct eg_rule *r;
	__u32 rule;

	(void)step;
	if (!w->bits) {
		if (!w->words)
			return 1;
		w->word = eg_first_bit(w->words);
		w->words &= w->words - 1;
		w->bits = eg_rules_word(w->m, used, w->word);
		return 0;
	}
	rule = eg_rulesets[direction].first + w->word * EG_WORD_BITS + eg_first_bit(w->bits);
	w->bits &= w->bits - 1;
	r = eg_rule_at(rule);
	if (!r)
		return 1;
	cell = eg_rule_cell_at(r->slot);
	if (!cell || !eg_rule_holds(w, r, cell))
		return 0;
	if (w->m->trial) {
		eg_trace_rule(rule);
	} else {
		cell->count.packets++;
		cell->count.bytes += w->m->bytes;
	}
	if (r->verdict == EG_RULE_COUNT)
		return 0;
	if (r->verdict == EG_RULE_PROTECT) {
		eg_walk_protect(w, direction, used, vectors);
		return 0;
	}
	w->rule = rule;
	return 1;
}

/*
 * Index of the rule that decides, EG_NO_RULE if none does. A global function, see
 * path.bpf.h. What matched is counted, what limits allow taken.
 */
__noinline int eg_rules_walk(struct eg_match *m)
{
	struct eg_walk w = { .m = m, .rule = EG_NO_RULE };
	__u32 direction, used;
	bool vectors;

	if (!m)
		return EG_NO_RULE;
	direction = m->direction & 1;
	used = eg_rulesets[direction].used;
	vectors = eg_rulesets[direction].rules > EG_WORD_BITS;
	if (vectors)
		w.words = eg_rules_first(m, used, true);
	else
		w.bits = eg_rules_first(m, used, false);
	bpf_loop(EG_WALK_STEPS, eg_walk_step, &w, 0);
	return w.rule;
}

/* Matching ------------------------------------------------------------------ */

/* The first rule that the packet satisfies, modifiers aside. */
static __always_inline __u32 eg_rules_find(const struct eg_match *m, __u32 direction, __u32 used)
{
	const struct eg_vector *v[EG_FIELD_COUNT] = {};
	__u64 words = ~0ull, bits;

	if (eg_rulesets[direction].rules <= EG_WORD_BITS) {
		bits = eg_rules_first(m, used, false);
		return bits ? eg_first_bit(bits) : EG_NO_RULE;
	}
#pragma GCC unroll 14
	for (int i = 0; i < EG_FIELD_COUNT; i++) {
		if (!(used & EG_BIT(i)))
			continue;
		v[i] = eg_vector_at(m->entry[i]);
		if (!v[i])
			return EG_NO_RULE;
		words &= v[i]->summary;
	}
	for (int n = 0; n < EG_RULE_WORDS && words; n++) {
		__u32 word = eg_first_bit(words);

		EG_BOUND(word, EG_RULE_WORDS - 1);
		bits = ~0ull;
#pragma GCC unroll 14
		for (int i = 0; i < EG_FIELD_COUNT; i++)
			if (used & EG_BIT(i))
				bits &= v[i]->word[word];
		if (bits)
			return word * EG_WORD_BITS + eg_first_bit(bits);
		words &= words - 1;
	}
	return EG_NO_RULE;
}

/*
 * The rule that decides about the packet `p` in `data` to `end`, or NULL; counted. `m` is
 * for the caller to look into: fields and whether the packet is protected.
 */
static __always_inline const struct eg_rule *eg_rules_match(const void *data, const void *end,
							    const struct eg_packet *p,
							    enum eg_direction direction,
							    __u64 bytes, bool trial,
							    struct eg_match *m)
{
	__u32 used = eg_rulesets[direction].used, rule;
	const struct eg_rule *r;

	eg_fields_read(data, end, p, used, &m->fields);
	m->protect = m->fields.index[EG_FIELD_PROTECT];
	if (!eg_rulesets[direction].rules)
		return NULL;
	eg_fields_addresses(used, &m->fields);
#pragma GCC unroll 14
	for (int i = 0; i < EG_FIELD_COUNT; i++) {
		__u64 *entry;

		if (!(used & EG_BIT(i)))
			continue;
		entry = eg_table_at(direction, i, m->fields.index[i]);
		if (!entry)
			return NULL;
		m->entry[i] = *entry;
		/* Mostly the kind alone says that no rule is concerned. */
		if (i == EG_FIELD_KIND && !*entry)
			return NULL;
	}
	rule = eg_rules_find(m, direction, used);
	if (rule == EG_NO_RULE)
		return NULL;
	rule += eg_rulesets[direction].first;
	r = eg_rule_at(rule);
	if (!r)
		return NULL;
	if (likely(!r->flags && r->verdict < EG_RULE_COUNT && !trial)) {
		eg_rule_count(r->slot, bytes);
		return r;
	}
	/* A global function gets no memory that nobody has written to. */
#pragma GCC unroll 14
	for (int i = 0; i < EG_FIELD_COUNT; i++)
		if (!(used & EG_BIT(i)))
			m->entry[i] = 0;
	m->bytes = bytes;
	m->direction = direction;
	m->trial = trial;
	rule = eg_rules_walk(m);
	return rule == EG_NO_RULE ? NULL : eg_rule_at(rule);
}

#endif
