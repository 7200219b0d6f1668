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

/* What is known of a packet beside the rules, and has to be remembered until its end. */
#define EG_NOTED_TRIAL	1	/* nothing is to be counted */
#define EG_NOTED_KEPT	2	/* eg_tap_cell has the frame as it came, and who wants it */

static __always_inline bool eg_in_trial(const struct eg_match *m)
{
	return m->noted & EG_NOTED_TRIAL;
}

/* The fields in use, see EG_EACH_FIELD. */
#define EG_USED(direction)	(eg_rulesets[direction].used)

/* Whether packets of a direction are asked about at all. Read anew each time, like those. */
static __always_inline bool eg_filters(__u32 direction)
{
	return eg_rulesets[direction].rules ||
	       eg_rulesets[direction].fallback == EG_DEFAULT_DROP;
}

/* The entry of a field for its index; 0 if there is none. */
static __always_inline __u64 eg_entry_of(__u32 direction, __u32 field, __u32 index)
{
	__u32 key = eg_rulesets[direction].base[field] + index;
	const __u64 *entry = bpf_map_lookup_elem(&eg_table, &key);

	return entry ? *entry : 0;
}

/* What `m` satisfies as far as a field goes. */
static __always_inline __u64 eg_entry(const struct eg_match *m, __u32 direction, __u32 field)
{
	return eg_entry_of(direction, field, m->index[field]);
}

static __always_inline const struct eg_vector *eg_vector_of(const struct eg_match *m,
							    __u32 direction, __u32 field)
{
	__u32 key = eg_entry(m, direction, field);

	return bpf_map_lookup_elem(&eg_vectors, &key);
}

/* The same for the kind; all rules if none asks for it. */
static __always_inline __u64 eg_kind_entry(__u32 direction, __u32 kind)
{
	return EG_USED(direction) & EG_BIT(EG_FIELD_KIND)
		       ? eg_entry_of(direction, EG_FIELD_KIND, kind) : ~0ull;
}

static __always_inline struct eg_counters *eg_counters_of(__u32 counters)
{
	return bpf_map_lookup_elem(&eg_counters, &counters);
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

/* The fields that need tables: of addresses, and of echo requests (track.bpf.h). */
static __always_inline void eg_fields_looked_up(const volatile __u32 *used, struct eg_match *m)
{
	bool v4 = m->family == AF_INET;

	if (*used & EG_BIT(EG_FIELD_SOLICITED))
		m->index[EG_FIELD_SOLICITED] = m->solicited;
	if (!m->family)
		return;
	if (*used & EG_BIT(EG_FIELD_OWN)) {
		bool from, to;

		if (v4) {
			from = eg_addr4_owner(&eg_addrs, m->from[0]) == EG_OWNER_LOCAL;
			to = eg_addr4_owner(&eg_addrs, m->to[0]) == EG_OWNER_LOCAL;
		} else {
			from = eg_addr6_own(&eg_addrs, m->from);
			to = eg_addr6_own(&eg_addrs, m->to);
		}
		m->index[EG_FIELD_OWN] = 1 + from * EG_OWN_SOURCE + to * EG_OWN_DESTINATION;
	}
	if (*used & EG_BIT(EG_FIELD_FROM))
		m->index[EG_FIELD_FROM] = 1 + (v4 ? eg_class4(m->from[0]) : eg_class6(m->from));
	if (*used & EG_BIT(EG_FIELD_TO))
		m->index[EG_FIELD_TO] = 1 + (v4 ? eg_class4(m->to[0]) : eg_class6(m->to));
}

/* Which of `bits` all used fields but the kind agree on, if rules are 64 at most. */
static __always_inline __u64 eg_rules_bits(const struct eg_match *m, __u32 direction, __u64 bits)
{
	EG_EACH_FIELD(i, EG_USED(direction))
		if (i != EG_FIELD_KIND)
			bits &= eg_entry(m, direction, i);
	return bits;
}

/* If they are more: words in which all fields have some. */
static __always_inline __u64 eg_rules_words(const struct eg_match *m, __u32 direction)
{
	__u64 words = ~0ull;

	EG_EACH_FIELD(i, EG_USED(direction)) {
		const struct eg_vector *v = eg_vector_of(m, direction, i);

		words &= v ? v->summary : 0;
	}
	return words;
}

/* ... and one of these words. */
static __always_inline __u64 eg_rules_word(const struct eg_match *m, __u32 direction, __u32 word)
{
	__u64 bits = ~0ull;

	EG_BOUND(word, EG_RULE_WORDS - 1);
	EG_EACH_FIELD(i, EG_USED(direction)) {
		const struct eg_vector *v = eg_vector_of(m, direction, i);

		bits &= v ? v->word[word] : 0;
	}
	return bits;
}

/* The walk ------------------------------------------------------------------ */

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

/*
 * Whether the rule's modifiers let the packet be its match. A gate comes first: while it is
 * shut, no other rule may answer, as it would if a limit were exhausted.
 */
static __always_inline bool eg_rule_holds(struct eg_walk *w, const struct eg_match *m,
					  __u32 direction, const struct eg_rule *r,
					  struct eg_rule_cell *cell)
{
	bool held = eg_rulesets[direction].held;
	__u64 now;

	if (held && r->flags & EG_RULE_GATE && !eg_gate_open(r->gate)) {
		w->held = EG_REASON_GATE_SHUT;
		return true;
	}
	if (r->flags & EG_RULE_SAMPLE && r->sample && bpf_get_prandom_u32() % r->sample)
		return false;
	if (!(r->flags & (EG_RULE_LIMIT | EG_RULE_SOURCE | EG_RULE_ABOVE)))
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
	if (!eg_in_trial(m) && r->flags & EG_RULE_SOURCE && m->family &&
	    !eg_source_pass(r->slot, m->family, m->from,
			    m->family == AF_INET ? r->source4 : r->source6, now, r->source_gap,
			    r->source_depth))
		return false;
	if (!eg_in_trial(m) && r->flags & EG_RULE_LIMIT &&
	    !eg_limit_pass(r->slot, cell, now, r->gap, r->depth, r->batch))
		return false;
	if (held && r->flags & EG_RULE_ABOVE &&
	    !eg_above_pass(r->slot, now, r->above_gap, r->above_depth, r->above_hold, eg_in_trial(m)))
		w->held = EG_REASON_BELOW_RATE;
	return true;
}

/* From here on only what may happen to a protected packet. */
static __always_inline void eg_walk_protect(struct eg_walk *w, struct eg_match *m,
					    __u32 direction)
{
	const struct eg_vector *v;

	m->protect = true;
	if (!(EG_USED(direction) & EG_BIT(EG_FIELD_PROTECT)))
		return;
	m->index[EG_FIELD_PROTECT] = 1;
	if (eg_rulesets[direction].rules <= EG_WORD_BITS) {
		w->bits &= eg_entry(m, direction, EG_FIELD_PROTECT);
		return;
	}
	v = eg_vector_of(m, direction, EG_FIELD_PROTECT);
	w->bits &= v ? v->word[w->word & (EG_RULE_WORDS - 1)] : 0;
	w->words &= v ? v->summary : 0;
}

/* One rule, or the way to the next word; 1 when it is decided. */
static __always_inline int eg_walk_step(struct eg_counters *c, __u32 direction)
{
	struct eg_match *m = &c->match;
	struct eg_walk *w = &c->walk;
	struct eg_rule_cell *cell;
	const struct eg_rule *r;
	__u32 rule;

	if (!w->bits) {
		if (!w->words)
			return 1;
		w->word = eg_first_bit(w->words);
		w->words &= w->words - 1;
		w->bits = eg_rules_word(m, direction, w->word);
		return 0;
	}
	rule = eg_rulesets[direction].first + w->word * EG_WORD_BITS + eg_first_bit(w->bits);
	w->bits &= w->bits - 1;
	r = eg_rule_at(rule);
	if (!r)
		return 1;
	cell = eg_rule_cell_at(r->slot);
	if (!cell || !eg_rule_holds(w, m, direction, r, cell))
		return 0;
	if (eg_in_trial(m)) {
		eg_trace_rule(rule);
	} else {
		cell->count.packets++;
		cell->count.bytes += m->bytes;
	}
	if (r->verdict == EG_RULE_COUNT)
		return 0;
	if (r->verdict == EG_RULE_PROTECT) {
		eg_walk_protect(w, m, direction);
		return 0;
	}
	w->rule = rule;
	return 1;
}

static int eg_walk_ingress(__u32 step, struct eg_counters **c)
{
	(void)step;
	return eg_walk_step(*c, EG_INGRESS);
}

static int eg_walk_egress(__u32 step, struct eg_counters **c)
{
	(void)step;
	return eg_walk_step(*c, EG_EGRESS);
}

/*
 * Index of the rule that decides, EG_NO_RULE if none does. Global functions, see
 * path.bpf.h: the packet is in the CPU's own cells of eg_counters. What matched is
 * counted, what limits allow taken. The walk is there too, not on the stack: verifiers
 * before 6.7 look at one step only, believe that all find the stack as the first does, and
 * take out what would never be reached then.
 */
static __always_inline __u32 eg_rules_walk(__u32 counters, __u32 direction)
{
	struct eg_counters *c = eg_counters_of(counters);

	if (!c)
		return EG_NO_RULE;
	c->walk = (struct eg_walk){ .rule = EG_NO_RULE };
	if (eg_rulesets[direction].rules > EG_WORD_BITS)
		c->walk.words = eg_rules_words(&c->match, direction);
	else
		c->walk.bits = eg_rules_bits(&c->match, direction,
					     eg_kind_entry(direction, c->match.kind));
	bpf_loop(EG_WALK_STEPS, direction == EG_INGRESS ? eg_walk_ingress : eg_walk_egress, &c, 0);
	return c->walk.rule;
}

__noinline int eg_rules_walk_ingress(__u32 counters)
{
	return eg_rules_walk(counters, EG_INGRESS);
}

__noinline int eg_rules_walk_egress(__u32 counters)
{
	return eg_rules_walk(counters, EG_EGRESS);
}

/* Matching ------------------------------------------------------------------ */

/* Where in eg_counters the packet is at work. */
static __always_inline __u32 eg_counters_key(const struct eg_match *m, __u32 direction)
{
	return eg_in_trial(m) ? EG_COUNTERS_TRIAL : direction;
}

/*
 * The first rule of more than 64 that the packet satisfies, modifiers aside, if it is in
 * none of the words up to `after`.
 */
static __always_inline __u32 eg_rules_search(__u32 counters, __u32 direction, __u32 after)
{
	struct eg_counters *c = eg_counters_of(counters);
	__u64 words, bits;

	if (!c)
		return EG_NO_RULE;
	EG_BOUND(after, EG_RULE_WORDS - 1);
	words = eg_rules_words(&c->match, direction) & ~1ull << after;
	for (int n = 0; n < EG_RULE_WORDS && words; n++) {
		__u32 word = eg_first_bit(words);

		bits = eg_rules_word(&c->match, direction, word);
		if (bits)
			return word * EG_WORD_BITS + eg_first_bit(bits);
		words &= words - 1;
	}
	return EG_NO_RULE;
}

__noinline int eg_rules_search_ingress(__u32 counters, __u32 after)
{
	return eg_rules_search(counters, EG_INGRESS, after);
}

__noinline int eg_rules_search_egress(__u32 counters, __u32 after)
{
	return eg_rules_search(counters, EG_EGRESS, after);
}

/* The same for all words: mostly it is in the first that all fields have something in. */
static __always_inline __u32 eg_rules_among_many(const struct eg_match *m, __u32 direction)
{
	const struct eg_vector *v[EG_FIELD_COUNT] = {};
	__u64 words = ~0ull, bits = ~0ull;
	__u32 word;

	EG_EACH_FIELD(i, EG_USED(direction)) {
		v[i] = eg_vector_of(m, direction, i);
		if (!v[i])
			return EG_NO_RULE;
		words &= v[i]->summary;
	}
	if (!words)
		return EG_NO_RULE;
	word = eg_first_bit(words);
	EG_BOUND(word, EG_RULE_WORDS - 1);
	EG_EACH_FIELD(i, EG_USED(direction))
		bits &= v[i]->word[word];
	if (likely(bits))
		return word * EG_WORD_BITS + eg_first_bit(bits);
	return direction == EG_INGRESS
		       ? eg_rules_search_ingress(eg_counters_key(m, direction), word)
		       : eg_rules_search_egress(eg_counters_key(m, direction), word);
}

/*
 * What is noted, as a number of which the verifier knows nothing: or it would look at all that
 * follows more than once.
 */
static __always_inline __u32 eg_note(struct eg_match *m, __u32 noted)
{
	volatile struct eg_match *v = m;

	v->noted = noted;
	return v->noted;
}

/*
 * What the parser said is put aside before the rules are asked, and taken up again as
 * numbers of which the verifier knows nothing. Or it would look at all that follows
 * once for each way through the parser.
 */
static __always_inline void eg_put_aside(struct eg_match *m, const struct eg_packet *p,
					 enum eg_reason reason, const void *data)
{
	volatile struct eg_match *v = m;
	__u64 offset = p->l4 - data;

	/* Or the compiler takes the difference of 32 bits of each pointer. */
	barrier_var(offset);
	v->l3 = p->l3;
	v->echo = p->echo;
	v->reason = reason;
	v->cell = p->cell;
	v->kind = p->kind;
	v->shape = p->shape;
	v->header = offset - p->l3;
}

static __always_inline enum eg_reason eg_take_up(const struct eg_match *m, struct eg_packet *p,
						 const void *data)
{
	const volatile struct eg_match *v = m;
	__u32 header = v->header, l3 = v->l3;

	/* Sixteen bits at most, or there could be no packet behind such an offset. */
	EG_BOUND(l3, 31);
	EG_BOUND(header, 0x7fff);
	p->l3 = l3;
	p->echo = v->echo;
	p->cell = v->cell;
	p->kind = v->kind;
	p->shape = v->shape;
	p->l4 = data + l3 + header;
	return v->reason;
}

/*
 * The rule that decides about the packet `p` in `data` to `end`, or NULL; counted. `m` is
 * in the CPU's eg_counters, what is noted is set; the caller may look into it afterwards.
 */
static __always_inline const struct eg_rule *eg_rules_match(const void *data, const void *end,
							    struct eg_packet *p,
							    enum eg_direction direction,
							    __u64 bytes, struct eg_match *m)
{
	const volatile __u32 *used = &EG_USED(direction);
	bool drop = eg_rulesets[direction].fallback == EG_DEFAULT_DROP;
	const struct eg_rule *r;
	__u64 bits;
	__u32 rule;

	eg_fields_kind(data, end, p, m);
	/* Mostly the kind alone says that no rule is concerned; 0 is that in vectors too. */
	bits = eg_rulesets[direction].rules ? eg_kind_entry(direction, m->kind) : 0;
	if (!bits && !drop && likely(!eg_in_trial(m)))
		return NULL;
	/* If no rule asks for more than the kind, a trial's reader will still. */
	if (eg_rulesets[direction].header || unlikely(eg_in_trial(m)))
		eg_fields_read(data, end, p, used, m);
	if (!bits)
		return NULL;
	if (eg_rulesets[direction].header)
		eg_fields_looked_up(used, m);
	m->bytes = bytes;
	if (eg_rulesets[direction].rules <= EG_WORD_BITS) {
		if (eg_rulesets[direction].header)
			bits = eg_rules_bits(m, direction, bits);
		if (!bits)
			return NULL;
		rule = eg_first_bit(bits);
	} else {
		rule = eg_rules_among_many(m, direction);
		if (rule == EG_NO_RULE)
			return NULL;
	}
	r = eg_rule_at(eg_rulesets[direction].first + rule);
	if (!r)
		return NULL;
	if (likely(!r->flags && r->verdict < EG_RULE_COUNT && !eg_in_trial(m))) {
		eg_rule_count(r->slot, bytes);
		return r;
	}
	rule = direction == EG_INGRESS ? eg_rules_walk_ingress(eg_counters_key(m, direction))
				       : eg_rules_walk_egress(eg_counters_key(m, direction));
	return rule == EG_NO_RULE ? NULL : eg_rule_at(rule);
}

#endif
