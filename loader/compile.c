// SPDX-License-Identifier: GPL-2.0-only
/*
 * A column is what stands in eg_table for one field: for each index, the rules that
 * a packet with this index satisfies. It is made in one go from index 0 upwards; on
 * the way, rules come and go where a range that they ask for begins or ends.
 * For addresses the indices are classes, and the rules follow from the lists of each.
 */
#include "compile.h"
#include "endpoints.h"
#include "matchers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE			UINT32_MAX

/* Rules by number, in lists that share their memory. */
struct link {
	__u32 rule, next;
};

struct chains {
	__u32 *head;
	struct link *links;
	size_t count, room;
};

struct builder {
	const struct rules *rules;
	struct compiled *out;
	size_t table_room, vector_room;
	__u32 *slots;			/* hash table of vectors; 0: free */
	size_t slot_count;		/* a power of two */
	struct selection selection;
	struct chains chains;
	struct endpoints endpoints;
};

static void chains__clear(struct chains *c, size_t heads)
{
	memset(c->head, 0xff, heads * sizeof(*c->head));
	c->count = 0;
}

static int chains__add(struct chains *c, __u32 head, __u32 rule)
{
	if (c->count == c->room) {
		size_t room = c->room ? 2 * c->room : 1024;
		struct link *more = realloc(c->links, room * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->links = more;
		c->room = room;
	}
	c->links[c->count] = (struct link){ .rule = rule, .next = c->head[head] };
	c->head[head] = c->count++;
	return 0;
}

/* From rules to entries ------------------------------------------------ */

static size_t slot_of(const struct builder *b, const __u64 *word)
{
	__u64 hash = 0;

	for (size_t w = 0; w < EG_RULE_WORDS; w++) {
		hash = (hash ^ word[w]) * 0x9e3779b97f4a7c15;
		hash ^= hash >> 32;
	}
	return hash & (b->slot_count - 1);
}

/* Where a vector is among the slots, or would be. */
static __u32 *find_slot(const struct builder *b, const __u64 *word)
{
	size_t i = slot_of(b, word);

	while (b->slots[i] &&
	       memcmp(b->out->vectors[b->slots[i]].word, word, sizeof(b->out->vectors->word)))
		i = (i + 1) & (b->slot_count - 1);
	return &b->slots[i];
}

/* Room for one more vector, and half of the slots free. */
static int grow_vectors(struct builder *b)
{
	struct compiled *c = b->out;
	size_t room = b->vector_room ? 2 * b->vector_room : 64;
	struct eg_vector *vectors;
	__u32 *slots;

	if (c->vector_count < b->vector_room)
		return 0;
	vectors = realloc(c->vectors, room * sizeof(*vectors));
	if (!vectors)
		return -ENOMEM;
	c->vectors = vectors;
	b->vector_room = room;
	slots = calloc(2 * room, sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	free(b->slots);
	b->slots = slots;
	b->slot_count = 2 * room;
	for (size_t i = 1; i < c->vector_count; i++)
		*find_slot(b, vectors[i].word) = i;
	return 0;
}

/* The index of a vector that holds these rules. */
static int intern(struct builder *b, const __u64 *word, __u64 *index)
{
	struct compiled *c = b->out;
	__u64 summary = 0;
	__u32 *slot;
	int err;

	for (size_t w = 0; w < EG_RULE_WORDS; w++)
		summary |= (__u64)!!word[w] << w;
	*index = 0;
	if (!summary)
		return 0;
	err = grow_vectors(b);
	if (err)
		return err;
	slot = find_slot(b, word);
	if (!*slot) {
		*slot = c->vector_count++;
		c->vectors[*slot].summary = summary;
		memcpy(c->vectors[*slot].word, word, sizeof(c->vectors->word));
	}
	*index = *slot;
	return 0;
}

static int make_entry(struct builder *b, const struct eg_ruleset *set, const __u64 *word,
		      __u64 *entry)
{
	if (set->rules > EG_WORD_BITS)
		return intern(b, word, entry);
	*entry = word[0];
	return 0;
}

/* Begins a field's part of the table; the pointer holds until the next one begins. */
static __u64 *add_column(struct builder *b, struct eg_ruleset *set, enum eg_field field,
			 size_t size)
{
	struct compiled *c = b->out;
	size_t base = c->table_count;

	if (base + size > b->table_room) {
		size_t room = 2 * (base + size);
		__u64 *more = realloc(c->table, room * sizeof(*more));

		if (!more)
			return NULL;
		c->table = more;
		b->table_room = room;
	}
	set->used |= 1u << field;
	set->base[field] = base;
	c->table_count = base + size;
	return c->table + base;
}

/* What looks at numbers: from index 0 upwards, where rules begin and end to match. */
static int add_direct(struct builder *b, enum eg_direction direction, enum eg_field field)
{
	struct eg_ruleset *set = &b->out->rulesets[direction];
	struct selection *s = &b->selection;
	__u64 word[EG_RULE_WORDS] = {}, *column, entry = 0;
	bool asked = false;
	int err;

	chains__clear(&b->chains, field_size(field) + 1);
	for (__u32 n = 0; n < set->rules; n++) {
		__u64 carry = 0;

		select_indices(s, b->rules, direction, n, field);
		if (!s->asked) {
			word[n / EG_WORD_BITS] |= 1ULL << n % EG_WORD_BITS;
			continue;
		}
		asked = true;
		for (size_t w = 0; w < s->words; w++) {
			__u64 edges = s->all.word[w] ^ (s->all.word[w] << 1 | carry);

			carry = s->all.word[w] >> (EG_WORD_BITS - 1);
			for (; edges; edges &= edges - 1) {
				err = chains__add(&b->chains,
						  w * EG_WORD_BITS + __builtin_ctzll(edges), n);
				if (err)
					return err;
			}
		}
	}
	if (!asked)
		return 0;
	column = add_column(b, set, field, field_size(field));
	if (!column)
		return -ENOMEM;
	for (__u32 i = 0; i < field_size(field); i++) {
		__u32 at = b->chains.head[i];

		for (; at != NONE; at = b->chains.links[at].next) {
			__u32 n = b->chains.links[at].rule;

			word[n / EG_WORD_BITS] ^= 1ULL << n % EG_WORD_BITS;
		}
		if (!i || b->chains.head[i] != NONE) {
			err = make_entry(b, set, word, &entry);
			if (err)
				return err;
		}
		column[i] = entry;
	}
	return 0;
}

/* Addresses ------------------------------------------------------------ */

/* For an address in a list, rules that name the list hold or, negated, hold no longer. */
static void enter_list(const struct builder *b, enum eg_direction direction, bool to, __u32 list,
		       __u64 *word)
{
	for (__u32 at = b->chains.head[list]; at != NONE; at = b->chains.links[at].next) {
		__u32 n = b->chains.links[at].rule;
		__u64 bit = 1ULL << n % EG_WORD_BITS;

		if (rule__addresses(b->rules->list[direction][n], to)->negated)
			word[n / EG_WORD_BITS] &= ~bit;
		else
			word[n / EG_WORD_BITS] |= bit;
	}
}

/* Source or destination: rules by the lists that each class is in. */
static int add_classes(struct builder *b, enum eg_direction direction, enum eg_field field)
{
	struct eg_ruleset *set = &b->out->rulesets[direction];
	const struct prefix_table *t = &b->out->prefixes;
	__u64 none[EG_RULE_WORDS] = {}, outside[EG_RULE_WORDS] = {}, word[EG_RULE_WORDS], *column;
	bool to = field == EG_FIELD_TO, asked = false;
	int err;

	chains__clear(&b->chains, b->endpoints.list_count);
	for (__u32 n = 0; n < set->rules; n++) {
		const struct endpoint *e = rule__addresses(b->rules->list[direction][n], to);
		const size_t *start = b->endpoints.starts + 2 * (set->first + n) + to;
		__u64 bit = 1ULL << n % EG_WORD_BITS;

		if (!e) {
			none[n / EG_WORD_BITS] |= bit;
			outside[n / EG_WORD_BITS] |= bit;
			continue;
		}
		asked = true;
		if (e->negated)
			outside[n / EG_WORD_BITS] |= bit;
		for (size_t i = start[0]; i < start[1]; i++) {
			err = chains__add(&b->chains, b->endpoints.lists[i], n);
			if (err)
				return err;
		}
	}
	if (!asked)
		return 0;
	column = add_column(b, set, field, 1 + t->class_count);
	if (!column)
		return -ENOMEM;
	err = make_entry(b, set, none, column);
	for (size_t c = 0; !err && c < t->class_count; c++) {
		memcpy(word, outside, sizeof(word));
		for (size_t w = 0; w < t->words; w++)
			for (__u64 in = t->members[c * t->words + w]; in; in &= in - 1)
				enter_list(b, direction, to,
					   w * EG_WORD_BITS + __builtin_ctzll(in), word);
		err = make_entry(b, set, word, &column[1 + c]);
	}
	return err;
}

/* Who is measured and observed: one more column, of no field, by class. */
static int add_peers(struct builder *b)
{
	const struct prefix_table *t = &b->out->prefixes;
	const struct endpoints *e = &b->endpoints;
	struct eg_tracking *to = &b->out->tracking;
	struct eg_ruleset unused = {};
	__u64 *column, *of_list;

	if (!b->rules->measured.present && !b->rules->observed.present)
		return 0;
	of_list = calloc(e->list_count + 1, sizeof(*of_list));
	column = add_column(b, &unused, 0, t->class_count);
	if (!of_list || !column) {
		free(of_list);
		return -ENOMEM;
	}
	to->base = unused.base[0];
	to->classes = t->class_count;
	/* The first group that an address is in; hence from the last on. */
	for (size_t g = e->groups; g-- > 0;)
		of_list[e->lists[e->starts[e->peers + g]]] = g + 1;
	for (size_t i = e->starts[e->peers + e->groups]; i < e->starts[e->peers + e->groups + 1]; i++)
		of_list[e->lists[i]] |= EG_GROUP_OBSERVED;
	for (size_t c = 0; c < t->class_count; c++) {
		__u64 group = 0, observed = 0;

		for (size_t w = 0; w < t->words; w++)
			for (__u64 in = t->members[c * t->words + w]; in; in &= in - 1) {
				__u64 of = of_list[w * EG_WORD_BITS + __builtin_ctzll(in)];
				__u64 one = of & ~EG_GROUP_OBSERVED;

				observed |= of & EG_GROUP_OBSERVED;
				if (one && (!group || one < group))
					group = one;
			}
		column[c] = group | observed;
	}
	free(of_list);
	return 0;
}

static bool asks_solicited(const struct rules *r)
{
	for (size_t n = 0; n < r->count[EG_INGRESS]; n++)
		if (r->list[EG_INGRESS][n]->solicited)
			return true;
	return false;
}

/* What the programs have to do about echo messages, addresses aside. */
static void say_tracking(const struct rules *r, struct compiled *c)
{
	if (r->measure)
		c->tracking.flags |= EG_TRACK_NOTE | EG_TRACK_RTT;
	if (asks_solicited(r))
		c->tracking.flags |= EG_TRACK_NOTE;
	if (r->observed.present)
		c->tracking.flags |= EG_TRACK_OBSERVE;
}

/* Rules and limits ----------------------------------------------------- */

/*
 * Time that a packet of a limit takes, in units of which a second has @second. A burst is
 * an hour's worth at most, says the parser: nothing overflows, not even 40 bits of 64 ns.
 */
static __u64 gap_of(const struct limit *l, __u64 second)
{
	return (l->seconds * second + l->count / 2) / l->count;
}

/* CPUs need to come 8,192 times a second, and never hold more than half of the burst. */
static __u32 batch_of(const struct limit *l, int cpus)
{
	__u32 batch = l->count / l->seconds / 8192, most = l->burst / (2 * cpus);

	batch = batch < most ? batch : most;
	return batch ? batch : 1;
}

/*
 * Between two ticks the coarse clock stands still, and what arrives meanwhile lives
 * on what has been run up. A tick's worth must fit in, or the rest of it is lost; twice that,
 * since half may be in the hands of CPUs, and a tick may come late.
 */
static bool is_precise(const struct limit *l, __u64 tick)
{
	return l->present && l->burst * gap_of(l, SECOND) < 2 * tick;
}

/* What is above its rate stays so for a second, and for a burst at half the rate. */
static __u64 hold_of(__u64 depth)
{
	return 2 * depth > SECOND ? 2 * depth : SECOND;
}

static void make_rule(const struct rule *r, __u64 tick, int cpus, struct eg_rule *out)
{
	*out = (struct eg_rule){
		.verdict = r->verdict,
		.source4 = r->source4,
		.source6 = r->source6,
		.id = r->id,
		.line = r->place.line,
	};
	if (r->verdict == EG_RULE_REJECT)
		out->reject = r->reject;
	if (r->verdict == EG_RULE_ANSWER && rule__addresses(r, true))
		out->flags |= EG_RULE_FOREIGN;
	if (r->sample > 1) {
		out->flags |= EG_RULE_SAMPLE;
		out->sample = r->sample;
	}
	if (r->limit.present) {
		out->flags |= EG_RULE_LIMIT;
		out->batch = batch_of(&r->limit, cpus);
		out->gap = gap_of(&r->limit, SECOND);
		out->depth = r->limit.burst * out->gap;
	}
	if (r->per_source.present) {
		out->flags |= EG_RULE_SOURCE;
		out->source_gap = gap_of(&r->per_source, SECOND >> EG_SOURCE_SHIFT);
		out->source_depth = r->per_source.burst * out->source_gap;
	}
	if (r->above.present) {
		out->flags |= EG_RULE_ABOVE;
		out->above_gap = gap_of(&r->above, SECOND);
		out->above_depth = r->above.burst * out->above_gap;
		out->above_hold = hold_of(out->above_depth);
	}
	if (is_precise(&r->limit, tick) || is_precise(&r->per_source, tick) ||
	    is_precise(&r->above, tick))
		out->flags |= EG_RULE_PRECISE;
	if (r->check.kind != CHECK_NONE) {
		out->flags |= EG_RULE_GATE;
		out->gate = r->check.id;
	}
}

/* Whether the programs must read more of a packet than its kind. */
static bool needs_header(const struct compiled *c, enum eg_direction direction)
{
	const struct eg_ruleset *set = &c->rulesets[direction];

	if (set->used & ~(1u << EG_FIELD_KIND) || set->fallback == EG_DEFAULT_DROP)
		return true;
	for (__u32 n = 0; n < set->rules; n++) {
		const struct eg_rule *r = &c->rules[set->first + n];

		if (r->verdict == EG_RULE_REJECT || r->flags & EG_RULE_SOURCE)
			return true;
	}
	return false;
}

/* Whether a rule that matches may be kept from answering. */
static bool may_hold(const struct compiled *c, enum eg_direction direction)
{
	const struct eg_ruleset *set = &c->rulesets[direction];

	for (__u32 n = 0; n < set->rules; n++)
		if (c->rules[set->first + n].flags & (EG_RULE_ABOVE | EG_RULE_GATE))
			return true;
	return false;
}

static int compare_keys(const void *a, const void *b)
{
	const __u64 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

/* Rules that ask for the same share one. -ENOMEM. */
static int count_gates(const struct compiled *c, size_t *count)
{
	__u64 *keys = malloc((c->rule_count ?: 1) * sizeof(*keys));
	size_t n = 0;

	if (!keys)
		return -ENOMEM;
	for (size_t i = 0; i < c->rule_count; i++)
		if (c->rules[i].flags & EG_RULE_GATE)
			keys[n++] = c->rules[i].gate;
	qsort(keys, n, sizeof(*keys), compare_keys);
	*count = 0;
	for (size_t i = 0; i < n; i++)
		*count += !i || keys[i] != keys[i - 1];
	free(keys);
	return 0;
}

/* Whether nothing needs to be known of a packet, or done with it, but what is simple. */
static bool is_simple(const struct compiled *c, enum eg_direction direction)
{
	const struct eg_ruleset *set = &c->rulesets[direction];

	if (set->used & ~EG_FIELDS_SIMPLE)
		return false;
	for (__u32 n = 0; n < set->rules; n++) {
		const struct eg_rule *r = &c->rules[set->first + n];

		if (r->verdict > EG_RULE_DROP || r->flags)
			return false;
	}
	return true;
}

/* All together --------------------------------------------------------- */

static int add_fields(struct builder *b, enum eg_direction direction)
{
	int err = 0;

	for (enum eg_field f = 0; !err && f < EG_FIELD_COUNT; f++)
		err = field_size(f) ? add_direct(b, direction, f) : add_classes(b, direction, f);
	return err;
}

static int build(struct builder *b)
{
	struct compiled *c = b->out;
	size_t heads;
	int err;

	err = endpoints__build(b->rules, &b->endpoints, &c->prefixes);
	if (err)
		return err;
	heads = b->endpoints.list_count > EG_PORT_SIZE ? b->endpoints.list_count : EG_PORT_SIZE;
	b->chains.head = malloc((heads + 1) * sizeof(*b->chains.head));
	c->table = calloc(1, sizeof(*c->table));
	if (!b->chains.head || !c->table)
		return -ENOMEM;
	b->table_room = 1;
	err = grow_vectors(b);
	if (err)
		return err;
	memset(&c->vectors[c->vector_count++], 0, sizeof(*c->vectors));
	for (enum eg_direction d = 0; !err && d < EG_DIRECTION_COUNT; d++) {
		err = add_fields(b, d);
		c->rulesets[d].header = needs_header(c, d);
		c->rulesets[d].held = may_hold(c, d);
		c->rulesets[d].simple = is_simple(c, d);
	}
	err = err ?: add_peers(b);
	say_tracking(b->rules, c);
	if (!c->table_count)
		c->table_count = 1;
	return err;
}

enum status compile(const struct rules *r, const char *name, __u64 tick, int cpus,
		    struct compiled *out)
{
	size_t count = r->count[EG_INGRESS] + r->count[EG_EGRESS], gates = 0;
	struct builder *b = NULL;
	int err = -ENOMEM;

	memset(out, 0, sizeof(*out));
	if (count > EG_RULES_MAX)
		return report(USAGE,
			      "%s: %zu rules; at most %d are possible, both directions together",
			      name, count, EG_RULES_MAX);
	b = calloc(1, sizeof(*b));
	out->rules = calloc(count + 1, sizeof(*out->rules));
	if (!b || !out->rules)
		goto cleanup;
	for (enum eg_direction d = 0; d < EG_DIRECTION_COUNT; d++) {
		out->rulesets[d].rules = r->count[d];
		out->rulesets[d].first = out->rule_count;
		out->rulesets[d].fallback = r->fallback[d];
		for (size_t n = 0; n < r->count[d]; n++)
			make_rule(r->list[d][n], tick, cpus, &out->rules[out->rule_count++]);
	}
	b->rules = r;
	b->out = out;
	err = build(b) ?: count_gates(out, &gates);
cleanup:
	if (b) {
		free(b->slots);
		free(b->chains.head);
		free(b->chains.links);
		endpoints__free(&b->endpoints);
		free(b);
	}
	if (gates > EG_GATES_MAX)
		return report(USAGE, "%s: rules with `while` name %zu things; at most %d are possible",
			      name, gates, EG_GATES_MAX);
	if (!err)
		return DONE;
	if (err == -E2BIG)
		return report(USAGE,
			      "%s: the sets and prefixes of the rules overlap in more than %d ways; "
			      "merge sets that rules don't need apart",
			      name, CLASS_MAX);
	return report(FAILED, "%s: rules: %s", name, why(err));
}

void compiled__free(struct compiled *c)
{
	free(c->table);
	free(c->vectors);
	free(c->rules);
	free(c->groups);
	prefix_table__free(&c->prefixes);
	memset(c, 0, sizeof(*c));
}

size_t compiled__memory(const struct compiled *c)
{
	return c->table_count * sizeof(*c->table) + c->vector_count * sizeof(*c->vectors) +
	       c->rule_count * sizeof(*c->rules) + prefix_table__memory(&c->prefixes);
}
