// SPDX-License-Identifier: GPL-2.0-only
/*
 * A column is what stands in eg_table for one field: for each index, the rules that
 * a packet with this index satisfies. It is made in one go from index 0 upwards; on
 * the way, rules come and go where a range that they ask for begins or ends.
 * For addresses the indices are classes, and the rules follow from the lists of each.
 */
#include "compile.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define NONE			UINT32_MAX

/* Nobody waits longer for a burst (146 years), and no sum with a time overflows. */
#define DEPTH_MAX		(1ULL << 62)
/* A cell of eg_sources has 40 bits for a time: one half is what is to come, the other the past. */
#define SOURCE_DEPTH_MAX	(1ULL << 39)

#define SECOND			1000000000ULL

/* Those of FROM and TO depend on the prefixes. */
static const __u32 sizes[EG_FIELD_COUNT] = {
	[EG_FIELD_KIND] = EG_KIND_COUNT,
	[EG_FIELD_CODE] = EG_CODE_SIZE,
	[EG_FIELD_SPORT] = EG_PORT_SIZE,
	[EG_FIELD_DPORT] = EG_PORT_SIZE,
	[EG_FIELD_FLAGS] = EG_FLAGS_SIZE,
	[EG_FIELD_TTL] = EG_TTL_SIZE,
	[EG_FIELD_DSCP] = EG_DSCP_SIZE,
	[EG_FIELD_LENGTH] = EG_LENGTH_SIZE,
	[EG_FIELD_SHAPE] = EG_SHAPE_SIZE,
	[EG_FIELD_VLAN] = EG_VLAN_SIZE,
	[EG_FIELD_OWN] = EG_OWN_SIZE,
	[EG_FIELD_PROTECT] = EG_PROTECT_SIZE,
};

/* Indices of a field. */
struct indices {
	__u64 word[EG_PORT_SIZE / EG_WORD_BITS + 1];
};

/* What a rule asks of a field. `one` is the matcher being read, and empty between two. */
struct selection {
	bool asked;			/* otherwise every index will do */
	size_t words;			/* that the field takes */
	struct indices all, one;
};

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
	/*
	 * Which of the table's lists a rule's addresses are: those of endpoint n are
	 * lists[starts[n]] and on. Two endpoints a rule, from and to.
	 */
	__u32 *lists;
	size_t *starts;
	size_t list_count;
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

/* From matchers to indices ------------------------------------------------- */

static size_t words_of(enum eg_field field)
{
	return sizes[field] / EG_WORD_BITS + 1;
}

/* The part of a word that lies in [first, last]. */
static __u64 part(__u32 word, __u32 first, __u32 last)
{
	__u64 bits = ~0ULL;

	if (word == first / EG_WORD_BITS)
		bits <<= first % EG_WORD_BITS;
	if (word == last / EG_WORD_BITS)
		bits &= ~0ULL >> (EG_WORD_BITS - 1 - last % EG_WORD_BITS);
	return bits;
}

static void include(struct selection *s, __u32 first, __u32 last)
{
	for (__u32 w = first / EG_WORD_BITS; w <= last / EG_WORD_BITS; w++)
		s->one.word[w] |= part(w, first, last);
}

/* Ends a matcher, whose values could have been any of [first, last]. */
static void matched(struct selection *s, bool negated, __u32 first, __u32 last)
{
	if (negated)
		for (__u32 w = first / EG_WORD_BITS; w <= last / EG_WORD_BITS; w++)
			s->one.word[w] ^= part(w, first, last);
	for (size_t w = 0; w < s->words; w++) {
		s->all.word[w] = s->one.word[w] & (s->asked ? s->all.word[w] : ~0ULL);
		s->one.word[w] = 0;
	}
	s->asked = true;
}

static void include_ranges(struct selection *s, const struct ranges *r, __u32 base, __u32 max)
{
	for (size_t i = 0; i < r->count; i++)
		include(s, base + (r->list[i].first < max ? r->list[i].first : max),
			base + (r->list[i].last < max ? r->list[i].last : max));
}

/* A field whose index is 1 + value. */
static void select_number(struct selection *s, const struct ranges *r, __u32 max)
{
	if (!r->present)
		return;
	include_ranges(s, r, 1, max);
	matched(s, r->negated, 1, 1 + max);
}

static void include_kind(struct selection *s, const struct kind *k)
{
	__u32 last = k->last < 255 ? k->last : 255;

	if (k->first <= KIND_ARP && k->last >= KIND_ARP)
		include(s, EG_KIND_ARP, EG_KIND_ARP);
	if (k->first <= KIND_NON_IP && k->last >= KIND_NON_IP)
		include(s, EG_KIND_OTHER, EG_KIND_OTHER);
	if (k->first > last)
		return;
	if (k->family != 6) {
		include(s, EG_KIND_PROTO4 + k->first, EG_KIND_PROTO4 + last);
		if (k->first <= IPPROTO_ICMP && last >= IPPROTO_ICMP)
			include(s, EG_KIND_ICMP, EG_KIND_ICMP + 255);
	}
	if (k->family != 4) {
		include(s, EG_KIND_PROTO6 + k->first, EG_KIND_PROTO6 + last);
		if (k->first <= IPPROTO_ICMPV6 && last >= IPPROTO_ICMPV6)
			include(s, EG_KIND_ICMP6, EG_KIND_ICMP6 + 255);
	}
}

static void include_family(struct selection *s, __u8 family)
{
	__u32 protocol = family == 4 ? EG_KIND_PROTO4 : EG_KIND_PROTO6;
	__u32 icmp = family == 4 ? EG_KIND_ICMP : EG_KIND_ICMP6;
	__u32 bad = family == 4 ? EG_KIND_BAD4 : EG_KIND_BAD6;

	include(s, protocol, protocol + 255);
	include(s, icmp, icmp + 255);
	include(s, bad, bad);
}

static void select_kind(struct selection *s, const struct rule *r)
{
	if (r->kind.present) {
		for (size_t i = 0; i < r->kind.count; i++)
			include_kind(s, &r->kind.list[i]);
		matched(s, r->kind.negated, 0, EG_KIND_COUNT - 1);
	}
	if (r->family) {
		include_family(s, r->family);
		matched(s, r->family_negated, 0, EG_KIND_COUNT - 1);
	}
	if (r->type.present) {
		include_ranges(s, &r->type, EG_KIND_ICMP, 255);
		include_ranges(s, &r->type, EG_KIND_ICMP6, 255);
		matched(s, r->type.negated, EG_KIND_ICMP, EG_KIND_ICMP6 + 255);
	}
}

static void select_code(struct selection *s, const struct rule *r)
{
	if (!r->code.present)
		return;
	include_ranges(s, &r->code, 1, 255);
	include_ranges(s, &r->code, 257, 255);
	matched(s, r->code.negated, 1, EG_CODE_SIZE - 1);
}

static void select_flags(struct selection *s, const struct rule *r)
{
	if (!r->flags.present)
		return;
	for (size_t i = 0; i < r->flags.count; i++)
		for (__u32 flags = 0; flags < 256; flags++)
			if ((flags & r->flags.list[i].mask) == r->flags.list[i].value)
				include(s, 1 + flags, 1 + flags);
	matched(s, r->flags.negated, 1, EG_FLAGS_SIZE - 1);
}

static void select_shape(struct selection *s, const struct rule *r)
{
	const __u32 first = 1 + EG_SHAPE_FIRST, later = 1 + EG_SHAPE_LATER;

	if (r->fragment) {
		for (__u32 options = 0; options <= EG_SHAPE_OPTIONS; options += EG_SHAPE_OPTIONS) {
			if (r->fragment & FRAGMENT_FIRST)
				include(s, first + options, first + options);
			if (r->fragment & FRAGMENT_LATER)
				include(s, later + options, later + options);
		}
		matched(s, r->fragment_negated, 1, EG_SHAPE_SIZE - 1);
	}
	if (r->options) {
		include(s, 1 + EG_SHAPE_OPTIONS, EG_SHAPE_SIZE - 1);
		matched(s, r->options_negated, 1, EG_SHAPE_SIZE - 1);
	}
}

static void select_vlan(struct selection *s, const struct rule *r)
{
	if (!r->vlan.present)
		return;
	if (r->vlan_none)
		include(s, 0, 0);
	include_ranges(s, &r->vlan, 1, 4095);
	matched(s, r->vlan.negated, 0, EG_VLAN_SIZE - 1);
}

static void select_own(struct selection *s, const struct endpoint *e, __u32 bit)
{
	if (!e->present || !e->local)
		return;
	for (__u32 own = 0; own < EG_OWN_SIZE - 1; own++)
		if (own & bit)
			include(s, 1 + own, 1 + own);
	matched(s, e->negated, 1, EG_OWN_SIZE - 1);
}

/* What is protected without a `protect`, whatever its hop limit. */
static const struct range protected_kinds[] = {
	{ EG_KIND_ARP, EG_KIND_ARP },
	{ EG_KIND_PROTO4 + IPPROTO_IGMP, EG_KIND_PROTO4 + IPPROTO_IGMP },
	{ EG_KIND_ICMP6 + 130, EG_KIND_ICMP6 + 136 },
	{ EG_KIND_ICMP6 + 141, EG_KIND_ICMP6 + 143 },
	{ EG_KIND_ICMP6 + 148, EG_KIND_ICMP6 + 149 },
	{ EG_KIND_ICMP6 + 151, EG_KIND_ICMP6 + 153 },
};

/* Whether the rule could match one of them. Uses the selection, and leaves it unasked. */
static bool takes_protected_kind(struct selection *s, const struct rule *r)
{
	__u64 left = 0;

	if (r->sport.present || r->dport.present || r->flags.present)
		return false;
	s->words = words_of(EG_FIELD_KIND);
	select_kind(s, r);
	for (size_t i = 0; i < ARRAY_SIZE(protected_kinds); i++)
		include(s, protected_kinds[i].first, protected_kinds[i].last);
	matched(s, false, 0, EG_KIND_COUNT - 1);
	for (size_t w = 0; w < s->words; w++)
		left |= s->all.word[w];
	s->words = words_of(EG_FIELD_PROTECT);
	s->asked = false;
	return left;
}

/* Only a rule that could meet what is protected asks. */
static void select_protect(struct selection *s, const struct rule *r, bool any_kind)
{
	if ((r->verdict != EG_RULE_DROP && r->verdict != EG_RULE_REJECT) || r->even_protected)
		return;
	if (!any_kind && !takes_protected_kind(s, r))
		return;
	include(s, 0, 0);
	matched(s, false, 0, EG_PROTECT_SIZE - 1);
}

/* Which indices satisfy rule n of a direction, as far as this field goes. */
static void select_indices(struct selection *s, const struct rules *rules,
			   enum eg_direction direction, size_t n, enum eg_field field)
{
	const struct rule *r = rules->list[direction][n];

	s->asked = false;
	s->words = words_of(field);
	switch (field) {
	case EG_FIELD_KIND:
		select_kind(s, r);
		break;
	case EG_FIELD_CODE:
		select_code(s, r);
		break;
	case EG_FIELD_SPORT:
		select_number(s, &r->sport, EG_PORT_SIZE - 2);
		break;
	case EG_FIELD_DPORT:
		select_number(s, &r->dport, EG_PORT_SIZE - 2);
		break;
	case EG_FIELD_FLAGS:
		select_flags(s, r);
		break;
	case EG_FIELD_TTL:
		select_number(s, &r->ttl, EG_TTL_SIZE - 2);
		break;
	case EG_FIELD_DSCP:
		select_number(s, &r->dscp, EG_DSCP_SIZE - 2);
		break;
	case EG_FIELD_LENGTH:
		select_number(s, &r->length, EG_LENGTH_SIZE - 2);
		break;
	case EG_FIELD_SHAPE:
		select_shape(s, r);
		break;
	case EG_FIELD_VLAN:
		select_vlan(s, r);
		break;
	case EG_FIELD_OWN:
		select_own(s, &r->from, EG_OWN_SOURCE);
		select_own(s, &r->to, EG_OWN_DESTINATION);
		break;
	case EG_FIELD_PROTECT:
		/* `protect` stands first, and may protect anything. */
		select_protect(s, r, rules->list[direction][0]->verdict == EG_RULE_PROTECT);
		break;
	case EG_FIELD_FROM:
	case EG_FIELD_TO:
	case EG_FIELD_COUNT:
		break;
	}
}

/* From rules to entries ---------------------------------------------------- */

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

	chains__clear(&b->chains, sizes[field] + 1);
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
	column = add_column(b, set, field, sizes[field]);
	if (!column)
		return -ENOMEM;
	for (__u32 i = 0; i < sizes[field]; i++) {
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

/* Addresses ---------------------------------------------------------------- */

static const struct endpoint *endpoint_of(const struct rule *r, bool to)
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
 * b->lists has sources and then lists.
 */
static int group_sources(struct builder *b, size_t endpoints, size_t count, __u32 *group)
{
	size_t groups = 1, most = b->starts[endpoints] + 1;
	struct { __u32 by, to; } *split = calloc(most, sizeof(*split));
	__u32 *list = malloc(most * sizeof(*list));
	int err = -ENOMEM;

	if (!split || !list)
		goto cleanup;
	memset(group, 0, count * sizeof(*group));
	for (size_t e = 0; e < endpoints; e++)
		for (size_t i = b->starts[e]; i < b->starts[e + 1]; i++) {
			__u32 *g = &group[b->lists[i]];

			if (split[*g].by != e + 1) {
				split[groups].by = split[*g].by = e + 1;
				split[groups].to = split[*g].to = groups;
				groups++;
			}
			*g = split[*g].to;
		}
	/* Numbers without gaps, in order of appearance. */
	memset(list, 0xff, most * sizeof(*list));
	for (size_t i = 0; i < b->starts[endpoints]; i++) {
		__u32 *l = &list[group[b->lists[i]]];

		if (*l == NONE)
			*l = b->list_count++;
		b->lists[i] = *l;
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
static int build_table(struct builder *b, const struct prefixes *sources, size_t count,
		       const __u32 *list_of)
{
	struct prefixes *lists = calloc(b->list_count + 1, sizeof(*lists));
	const struct prefixes **pointers = calloc(b->list_count + 1, sizeof(*pointers));
	size_t *members = calloc(b->list_count + 1, sizeof(*members));
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
	for (size_t l = 0; l < b->list_count; l++)
		pointers[l] = &lists[l];
	err = prefix_table__build(pointers, b->list_count, &b->out->prefixes);
cleanup:
	for (size_t l = 0; lists && members && l < b->list_count; l++)
		if (members[l] > 1)
			free(lists[l].list);
	free(lists);
	free(pointers);
	free(members);
	return err;
}

static int add_prefixes(struct builder *b)
{
	const struct rules *r = b->rules;
	size_t endpoints = 0, total = 0, distinct = 0;
	struct prefixes *all = NULL, *sources = NULL;
	__u32 *group = NULL;
	int err = -ENOMEM;

	b->starts = calloc(2 * b->out->rule_count + 1, sizeof(*b->starts));
	if (!b->starts)
		return -ENOMEM;
	for (int d = 0; d < EG_DIRECTION_COUNT; d++)
		for (size_t n = 0; n < 2 * r->count[d]; n++) {
			total += source_count(endpoint_of(r->list[d][n / 2], n % 2));
			b->starts[++endpoints] = total;
		}
	b->lists = malloc((total + 1) * sizeof(*b->lists));
	all = malloc((total + 1) * sizeof(*all));
	sources = malloc((total + 1) * sizeof(*sources));
	group = malloc((total + 1) * sizeof(*group));
	if (!b->lists || !all || !sources || !group)
		goto cleanup;
	total = 0;
	for (int d = 0; d < EG_DIRECTION_COUNT; d++)
		for (size_t n = 0; n < 2 * r->count[d]; n++) {
			const struct endpoint *e = endpoint_of(r->list[d][n / 2], n % 2);

			for (size_t i = 0; i < source_count(e); i++)
				all[total++] = source(e, i);
		}
	memcpy(sources, all, total * sizeof(*all));
	qsort(sources, total, sizeof(*sources), compare_sources);
	for (size_t i = 0; i < total; i++)
		if (!i || compare_sources(&sources[distinct - 1], &sources[i]))
			sources[distinct++] = sources[i];
	for (size_t i = 0; i < total; i++)
		b->lists[i] = (struct prefixes *)bsearch(&all[i], sources, distinct,
							 sizeof(*sources), compare_sources) -
			      sources;
	err = group_sources(b, endpoints, distinct, group);
	if (!err)
		err = build_table(b, sources, distinct, group);
cleanup:
	free(all);
	free(sources);
	free(group);
	return err;
}

/* For an address in a list, rules that name the list hold or, negated, hold no longer. */
static void enter_list(const struct builder *b, enum eg_direction direction, bool to, __u32 list,
		       __u64 *word)
{
	for (__u32 at = b->chains.head[list]; at != NONE; at = b->chains.links[at].next) {
		__u32 n = b->chains.links[at].rule;
		__u64 bit = 1ULL << n % EG_WORD_BITS;

		if (endpoint_of(b->rules->list[direction][n], to)->negated)
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

	chains__clear(&b->chains, b->list_count);
	for (__u32 n = 0; n < set->rules; n++) {
		const struct endpoint *e = endpoint_of(b->rules->list[direction][n], to);
		size_t number = 2 * (set->first + n) + to;
		__u64 bit = 1ULL << n % EG_WORD_BITS;

		if (!e) {
			none[n / EG_WORD_BITS] |= bit;
			outside[n / EG_WORD_BITS] |= bit;
			continue;
		}
		asked = true;
		if (e->negated)
			outside[n / EG_WORD_BITS] |= bit;
		for (size_t i = b->starts[number]; i < b->starts[number + 1]; i++) {
			err = chains__add(&b->chains, b->lists[i], n);
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

/* Rules and limits ---------------------------------------------------------- */

/* Time that a packet of a limit takes, in units of which a second has @second. */
static __u64 gap_of(const struct limit *l, __u64 second)
{
	__u64 gap = (l->seconds * second + l->count / 2) / l->count;

	return gap ? gap : 1;
}

/* What may be run up, or an error if that is more than can be kept. Reports. */
static enum status depth_of(const struct rule *r, const struct limit *l, __u64 gap, __u64 max,
			    const char *name, __u64 *depth)
{
	*depth = l->burst * gap;
	if (l->burst <= max / gap)
		return DONE;
	return report(USAGE,
		      "%s: line %u: burst %u would take too long to come back; at this rate it can "
		      "be %llu at most",
		      name, r->place.line, l->burst, max / gap);
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

static enum status make_rule(const struct rule *r, const char *name, __u64 tick, int cpus,
			     struct eg_rule *out)
{
	enum status st = DONE;

	*out = (struct eg_rule){
		.verdict = r->verdict,
		.source4 = r->source4,
		.source6 = r->source6,
		.id = r->id,
		.line = r->place.line,
	};
	if (r->verdict == EG_RULE_REJECT)
		out->reject = r->reject;
	/* `not to` names what is left alone, and nobody can mean all the rest of the world. */
	if (r->verdict == EG_RULE_ANSWER && endpoint_of(r, true) && !r->to.negated)
		out->flags |= EG_RULE_FOREIGN;
	if (r->sample > 1) {
		out->flags |= EG_RULE_SAMPLE;
		out->sample = r->sample;
	}
	if (is_precise(&r->limit, tick) || is_precise(&r->per_source, tick))
		out->flags |= EG_RULE_PRECISE;
	if (r->limit.present) {
		out->flags |= EG_RULE_LIMIT;
		out->batch = batch_of(&r->limit, cpus);
		out->gap = gap_of(&r->limit, SECOND);
		st = depth_of(r, &r->limit, out->gap, DEPTH_MAX, name, &out->depth);
	}
	if (!st && r->per_source.present) {
		out->flags |= EG_RULE_SOURCE;
		out->source_gap = gap_of(&r->per_source, SECOND >> EG_SOURCE_SHIFT);
		st = depth_of(r, &r->per_source, out->source_gap, SOURCE_DEPTH_MAX, name,
			      &out->source_depth);
	}
	return st;
}

/* All together -------------------------------------------------------------- */

static int add_fields(struct builder *b, enum eg_direction direction)
{
	int err = 0;

	for (enum eg_field f = 0; !err && f < EG_FIELD_COUNT; f++)
		err = sizes[f] ? add_direct(b, direction, f) : add_classes(b, direction, f);
	return err;
}

static int build(struct builder *b)
{
	struct compiled *c = b->out;
	size_t heads;
	int err;

	err = add_prefixes(b);
	if (err)
		return err;
	heads = b->list_count > EG_PORT_SIZE ? b->list_count : EG_PORT_SIZE;
	b->chains.head = malloc((heads + 1) * sizeof(*b->chains.head));
	c->table = calloc(1, sizeof(*c->table));
	if (!b->chains.head || !c->table)
		return -ENOMEM;
	b->table_room = 1;
	err = grow_vectors(b);
	if (err)
		return err;
	memset(&c->vectors[c->vector_count++], 0, sizeof(*c->vectors));
	for (enum eg_direction d = 0; !err && d < EG_DIRECTION_COUNT; d++)
		err = add_fields(b, d);
	if (!c->table_count)
		c->table_count = 1;
	return err;
}

enum status compile(const struct rules *r, const char *name, __u64 tick, int cpus,
		    struct compiled *out)
{
	size_t count = r->count[EG_INGRESS] + r->count[EG_EGRESS];
	struct builder *b = NULL;
	enum status st = DONE;
	int err = -ENOMEM;

	memset(out, 0, sizeof(*out));
	if (count > EG_RULES_MAX)
		return report(USAGE, "%s: %zu rules; at most %d are possible, both directions together",
			      name, count, EG_RULES_MAX);
	b = calloc(1, sizeof(*b));
	out->rules = calloc(count + 1, sizeof(*out->rules));
	if (!b || !out->rules)
		goto cleanup;
	for (enum eg_direction d = 0; d < EG_DIRECTION_COUNT; d++) {
		out->rulesets[d].rules = r->count[d];
		out->rulesets[d].first = out->rule_count;
		out->rulesets[d].fallback = r->fallback[d];
		for (size_t n = 0; n < r->count[d]; n++) {
			st = make_rule(r->list[d][n], name, tick, cpus,
				       &out->rules[out->rule_count++]);
			if (st)
				goto cleanup;
		}
	}
	b->rules = r;
	b->out = out;
	err = build(b);
cleanup:
	if (b) {
		free(b->slots);
		free(b->chains.head);
		free(b->chains.links);
		free(b->lists);
		free(b->starts);
		free(b);
	}
	if (st || !err)
		return st;
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
	prefix_table__free(&c->prefixes);
	memset(c, 0, sizeof(*c));
}

size_t compiled__memory(const struct compiled *c)
{
	return c->table_count * sizeof(*c->table) + c->vector_count * sizeof(*c->vectors) +
	       c->rule_count * sizeof(*c->rules) + prefix_table__memory(&c->prefixes);
}
