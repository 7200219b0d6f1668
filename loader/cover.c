// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules that can never match because an earlier one takes every packet that they ask for.
 * Field by field: a rule covers another if each of its matchers accepts whatever the other's
 * does. That several rules together may cover one is not looked for.
 */
#include "language.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX	4096		/* prefixes of a list that are compared one by one */
#define PATIENCE	50000000	/* steps; after them no more is found */
#define VLAN_NONE	4096		/* beside the 4,096 VLAN IDs */

/* Kinds of frames ------------------------------------------------------------ */

static void set_bits(struct frames *f, unsigned int first, unsigned int last, bool value)
{
	for (unsigned int word = first / 64; word <= last / 64; word++) {
		__u64 bits = ~0ULL;

		if (word == first / 64)
			bits &= ~0ULL << first % 64;
		if (word == last / 64)
			bits &= ~0ULL >> (63 - last % 64);
		if (value)
			f->bit[word] |= bits;
		else
			f->bit[word] &= ~bits;
	}
}

static bool has_bit(const struct frames *f, unsigned int i)
{
	return f->bit[i / 64] >> i % 64 & 1;
}

static void complement(struct frames *f)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->bit); i++)
		f->bit[i] = ~f->bit[i];
	set_bits(f, FRAME_COUNT, ARRAY_SIZE(f->bit) * 64 - 1, false);
}

static void intersect(struct frames *f, const struct frames *g)
{
	for (size_t i = 0; i < ARRAY_SIZE(f->bit); i++)
		f->bit[i] &= g->bit[i];
}

bool frames__empty(const struct frames *f)
{
	return f->bit[0] == 0 && !memcmp(f->bit, f->bit + 1, sizeof(f->bit) - sizeof(f->bit[0]));
}

static bool frames__within(const struct frames *inner, const struct frames *outer)
{
	for (size_t i = 0; i < ARRAY_SIZE(inner->bit); i++)
		if (inner->bit[i] & ~outer->bit[i])
			return false;
	return true;
}

static bool frames__meet(const struct frames *f, const struct frames *g)
{
	struct frames both = *f;

	intersect(&both, g);
	return !frames__empty(&both);
}

void frames__only(struct frames *f, int families)
{
	set_bits(f, FRAME_ARP, FRAME_BAD6, false);
	if (!(families & FAMILY4))
		set_bits(f, FRAME_IPV4, FRAME_IPV4 + 255, false);
	if (!(families & FAMILY6))
		set_bits(f, FRAME_IPV6, FRAME_IPV6 + 255, false);
}

static void add_kind(struct frames *f, const struct kind *k)
{
	for (unsigned int n = k->first; n <= k->last; n++) {
		if (n == KIND_ARP)
			set_bits(f, FRAME_ARP, FRAME_ARP, true);
		else if (n == KIND_NON_IP)
			set_bits(f, FRAME_NON_IP, FRAME_NON_IP, true);
		if (n < 256 && k->family != 6)
			set_bits(f, FRAME_IPV4 + n, FRAME_IPV4 + n, true);
		if (n < 256 && k->family != 4)
			set_bits(f, FRAME_IPV6 + n, FRAME_IPV6 + n, true);
	}
}

void frames__of_kind(const struct rule *r, struct frames *f)
{
	struct frames family = {}, replies = {};

	memset(f, 0, sizeof(*f));
	for (size_t i = 0; i < r->kind.count; i++)
		add_kind(f, &r->kind.list[i]);
	if (!r->kind.present || r->kind.negated)
		complement(f);
	if (r->solicited) {
		add_kind(&replies, &(struct kind){ 4, IPPROTO_ICMP, IPPROTO_ICMP });
		add_kind(&replies, &(struct kind){ 6, IPPROTO_ICMPV6, IPPROTO_ICMPV6 });
		intersect(f, &replies);
	}
	if (!r->family)
		return;
	if (r->family == 4) {
		set_bits(&family, FRAME_IPV4, FRAME_IPV4 + 255, true);
		set_bits(&family, FRAME_BAD4, FRAME_BAD4, true);
	} else {
		set_bits(&family, FRAME_IPV6, FRAME_IPV6 + 255, true);
		set_bits(&family, FRAME_BAD6, FRAME_BAD6, true);
	}
	if (r->family_negated)
		complement(&family);
	intersect(f, &family);
}

static int prefixes__families(const struct prefixes *p)
{
	int families = 0;

	for (size_t i = 0; i < p->count && families != (FAMILY4 | FAMILY6); i++)
		families |= p->list[i].family == AF_INET6 ? FAMILY6 : FAMILY4;
	return families;
}

int endpoint__families(const struct endpoint *e)
{
	int families = prefixes__families(&e->prefixes);

	if (e->local || e->negated)
		return FAMILY4 | FAMILY6;
	for (size_t i = 0; i < e->set_count; i++) {
		struct defined_set *d = (struct defined_set *)e->sets[i];

		if (!d->set.loaded)
			return FAMILY4 | FAMILY6;
		/* A set may be large, and many rules may use it. */
		if (!d->families_known)
			d->families = prefixes__families(&d->set.prefixes);
		d->families_known = true;
		families |= d->families;
	}
	return families;
}

/* What a rule accepts -------------------------------------------------------- */

/* Numbers: ranges in order, none touching another. */
struct numbers {
	bool asked;
	struct range *list;
	size_t count;
};

enum number_field {
	NUMBER_TYPE, NUMBER_CODE, NUMBER_SPORT, NUMBER_DPORT, NUMBER_TTL, NUMBER_DSCP, NUMBER_LENGTH,
	NUMBER_VLAN, NUMBER_COUNT
};

struct view {
	struct written_rule *written;
	struct frames frames;
	struct numbers numbers[NUMBER_COUNT];
	__u64 flags[4];			/* bit n: this combination is accepted */
	unsigned int shapes;		/* FRAGMENT_*, or 4: no fragment; 0: not asked for */
	struct prefixes from, to;	/* sorted, none within another */
	bool may_be_protected;
};

struct cover {
	struct view *views;
	size_t count;
	struct frames protected;	/* what `protect` rules may match */
	long patience;
};

static int compare_ranges(const void *a, const void *b)
{
	const struct range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

/* Sorts, joins, and turns around what is negated. -ENOMEM. */
static int accept_numbers(struct numbers *n, const struct ranges *r, __u32 most, bool none)
{
	struct range *all, *out;
	size_t count = r->count;
	__u64 next = 0;			/* the first number that isn't settled */

	n->asked = r->present;
	if (!r->present)
		return 0;
	all = calloc(2 * (count + 2), sizeof(*all));
	if (!all)
		return -ENOMEM;
	if (count)
		memcpy(all, r->list, count * sizeof(*all));
	if (none)
		all[count++] = (struct range){ VLAN_NONE, VLAN_NONE };
	qsort(all, count, sizeof(*all), compare_ranges);
	out = all + count;		/* room for the gaps: one more than there are ranges */
	n->count = 0;
	for (size_t i = 0; i < count; i++) {
		if (r->negated && all[i].first > next)
			out[n->count++] = (struct range){ next, all[i].first - 1 };
		if (!r->negated && n->count && all[i].first <= next) {
			if (all[i].last > out[n->count - 1].last)
				out[n->count - 1].last = all[i].last;
		} else if (!r->negated) {
			out[n->count++] = all[i];
		}
		if (all[i].last >= next)
			next = all[i].last + 1ULL;
	}
	if (r->negated && next <= most)
		out[n->count++] = (struct range){ next, most };
	memmove(all, out, n->count * sizeof(*all));
	n->list = all;
	return 0;
}

static bool numbers__within(struct cover *c, const struct numbers *inner,
			    const struct numbers *outer)
{
	size_t at = 0;

	if (!outer->asked)
		return true;
	if (!inner->asked)
		return false;
	c->patience -= inner->count + outer->count;
	for (size_t i = 0; i < inner->count; i++) {
		while (at < outer->count && outer->list[at].last < inner->list[i].first)
			at++;
		if (at == outer->count || outer->list[at].first > inner->list[i].first ||
		    outer->list[at].last < inner->list[i].last)
			return false;
	}
	return true;
}

/* Sorted, those within others left out; NULL list for one too long. -ENOMEM. */
static int sort_prefixes(const struct prefixes *from, struct prefixes *to)
{
	size_t kept = 0;

	memset(to, 0, sizeof(*to));
	if (!from->count || from->count > LIST_MAX)
		return 0;
	to->list = malloc(from->count * sizeof(*to->list));
	if (!to->list)
		return -ENOMEM;
	memcpy(to->list, from->list, from->count * sizeof(*to->list));
	qsort(to->list, from->count, sizeof(*to->list), prefix__compare);
	for (size_t i = 0; i < from->count; i++)
		if (!kept || !prefix__contains(&to->list[kept - 1], &to->list[i]))
			to->list[kept++] = to->list[i];
	to->count = to->room = kept;
	return 0;
}

static int sort_sets(const struct endpoint *e)
{
	int err = 0;

	for (size_t i = 0; i < e->set_count && !err; i++) {
		struct defined_set *d = (struct defined_set *)e->sets[i];

		if (d->set.loaded && !d->sorted.list)
			err = sort_prefixes(&d->set.prefixes, &d->sorted);
	}
	return err;
}

static void accept_flags(struct view *v, const struct flag_tests *t)
{
	if (!t->present)
		return;
	for (unsigned int flags = 0; flags < 256; flags++) {
		bool match = false;

		for (size_t i = 0; i < t->count && !match; i++)
			match = (flags & t->list[i].mask) == t->list[i].value;
		if (match != t->negated)
			v->flags[flags / 64] |= 1ULL << flags % 64;
	}
}

static bool may_be_protected(const struct cover *c, const struct view *v)
{
	static const __u8 types[] = { 130, 131, 132, 133, 134, 135, 136, 141,
				      142, 143, 148, 149, 151, 152, 153 };
	const struct numbers *type = &v->numbers[NUMBER_TYPE];

	if (frames__meet(&v->frames, &c->protected) || has_bit(&v->frames, FRAME_ARP) ||
	    has_bit(&v->frames, FRAME_IPV4 + IPPROTO_IGMP))
		return true;
	if (!has_bit(&v->frames, FRAME_IPV6 + IPPROTO_ICMPV6))
		return false;
	for (size_t i = 0; i < type->count; i++)
		for (size_t j = 0; j < sizeof(types); j++)
			if (type->list[i].first <= types[j] && types[j] <= type->list[i].last)
				return true;
	return !type->asked;
}

static int look(struct view *v)
{
	const struct rule *r = &v->written->rule;
	const struct {
		const struct ranges *ranges;
		__u32 most;
	} fields[NUMBER_COUNT] = {
		[NUMBER_TYPE] = { &r->type, 255 },	[NUMBER_CODE] = { &r->code, 255 },
		[NUMBER_SPORT] = { &r->sport, 65535 },	[NUMBER_DPORT] = { &r->dport, 65535 },
		[NUMBER_TTL] = { &r->ttl, 255 },	[NUMBER_DSCP] = { &r->dscp, 63 },
		[NUMBER_LENGTH] = { &r->length, 65535 }, [NUMBER_VLAN] = { &r->vlan, VLAN_NONE },
	};
	int err = 0;

	frames__of_kind(r, &v->frames);
	if (r->ttl.present || r->dscp.present || r->length.present || r->fragment || r->options)
		frames__only(&v->frames, FAMILY4 | FAMILY6);
	if (r->from.present)
		frames__only(&v->frames, endpoint__families(&r->from));
	if (r->to.present)
		frames__only(&v->frames, endpoint__families(&r->to));
	accept_flags(v, &r->flags);
	v->shapes = !r->fragment ? 0 : r->fragment_negated ? 7 & ~r->fragment : r->fragment;
	for (int i = 0; i < NUMBER_COUNT && !err; i++)
		err = accept_numbers(&v->numbers[i], fields[i].ranges, fields[i].most,
				     i == NUMBER_VLAN && r->vlan_none);
	return err ?: sort_prefixes(&r->from.prefixes, &v->from) ?:
	       sort_prefixes(&r->to.prefixes, &v->to) ?: sort_sets(&r->from) ?: sort_sets(&r->to);
}

/* Addresses ------------------------------------------------------------------ */

/* Index of the first prefix that starts behind `p`'s start. */
static size_t behind(const struct prefixes *sorted, const struct prefix *p)
{
	size_t low = 0, high = sorted->count, middle;
	struct prefix longest = *p;

	longest.length = 255;
	while (low < high) {
		middle = (low + high) / 2;
		if (prefix__compare(&sorted->list[middle], &longest) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Lists of an endpoint: its own prefixes, then its sets. */
static size_t list_count(const struct endpoint *e)
{
	return 1 + e->set_count;
}

static const struct prefixes *list_of(const struct endpoint *e, const struct prefixes *own, size_t i)
{
	return i ? &((struct defined_set *)e->sets[i - 1])->sorted : own;
}

/* Whether a list stands there in full: not left out for its length, nor for want of its file. */
static bool known(const struct endpoint *e, const struct prefixes *own, size_t i)
{
	return i ? e->sets[i - 1]->loaded &&
		   (list_of(e, own, i)->count || !e->sets[i - 1]->prefixes.count) :
		   own->count || !e->prefixes.count;
}

/* Whether a prefix lies in one of the endpoint's (`whole`), or has an address of one in it. */
static bool meets(struct cover *c, const struct prefix *p, const struct endpoint *e,
		  const struct prefixes *own, bool whole)
{
	for (size_t i = 0; i < list_count(e); i++) {
		const struct prefixes *list = list_of(e, own, i);
		size_t at = behind(list, p);

		c->patience -= 8;
		if (at && prefix__contains(&list->list[at - 1], p))
			return true;
		if (!whole && ((at && prefix__contains(p, &list->list[at - 1])) ||
			       (at < list->count && prefix__contains(p, &list->list[at]))))
			return true;
	}
	return false;
}

static bool names_set(const struct endpoint *e, const struct set *s)
{
	for (size_t i = 0; i < e->set_count; i++)
		if (e->sets[i] == s)
			return true;
	return false;
}

/* Every address of `inner` is one of `outer`, as far as that can be told. */
static bool lists_within(struct cover *c, const struct endpoint *inner,
			 const struct prefixes *inner_own, const struct endpoint *outer,
			 const struct prefixes *outer_own)
{
	for (size_t i = 0; i < list_count(inner); i++) {
		const struct prefixes *list = list_of(inner, inner_own, i);

		c->patience -= outer->set_count;
		if (i && names_set(outer, inner->sets[i - 1]))
			continue;
		if (!known(inner, inner_own, i))
			return false;
		for (size_t j = 0; j < list->count; j++)
			if (c->patience < 0 || !meets(c, &list->list[j], outer, outer_own, true))
				return false;
	}
	return true;
}

static bool lists_apart(struct cover *c, const struct endpoint *a, const struct prefixes *a_own,
			const struct endpoint *b, const struct prefixes *b_own)
{
	for (size_t i = 0; i < list_count(b); i++)
		if (!known(b, b_own, i))
			return false;
	for (size_t i = 0; i < list_count(a); i++) {
		const struct prefixes *list = list_of(a, a_own, i);

		if (!known(a, a_own, i))
			return false;
		for (size_t j = 0; j < list->count; j++)
			if (c->patience < 0 || meets(c, &list->list[j], b, b_own, false))
				return false;
	}
	return true;
}

/* Whether prefixes of length 0 accept all that the frames can hold. */
static bool whole_families(const struct prefixes *own, const struct frames *frames)
{
	int families = 0;
	struct frames f;

	for (size_t i = 0; i < own->count; i++)
		if (!own->list[i].length)
			families |= own->list[i].family == AF_INET6 ? FAMILY6 : FAMILY4;
	memset(&f, 0xff, sizeof(f));
	frames__only(&f, families);
	return frames__within(frames, &f);
}

static bool endpoint__within(struct cover *c, const struct view *inner, const struct view *outer,
			     bool to)
{
	const struct rule *ri = &inner->written->rule, *ro = &outer->written->rule;
	const struct endpoint *i = to ? &ri->to : &ri->from, *o = to ? &ro->to : &ro->from;
	const struct prefixes *i_own = to ? &inner->to : &inner->from;
	const struct prefixes *o_own = to ? &outer->to : &outer->from;

	/* An answer without `to` is about own addresses. */
	if (to && ro->verdict == EG_RULE_ANSWER && !o->present)
		return i->present && i->local && !i->negated;
	if (!o->present)
		return true;
	if (!o->local && !o->negated && whole_families(o_own, &inner->frames))
		return true;
	if (!i->present)
		return false;
	if (o->local || i->local)
		return o->local && i->local && o->negated == i->negated;
	if (o->negated)
		return i->negated ? lists_within(c, o, o_own, i, i_own) :
				    lists_apart(c, i, i_own, o, o_own);
	return !i->negated && lists_within(c, i, i_own, o, o_own);
}

/* Rules ---------------------------------------------------------------------- */

static bool always(const struct rule *r)
{
	return !r->limit.present && !r->per_source.present && r->sample < 2;
}

static bool spares_protected(const struct rule *r)
{
	return (r->verdict == EG_RULE_DROP || r->verdict == EG_RULE_REJECT) && !r->even_protected;
}

static bool ends(const struct rule *r)
{
	return r->verdict != EG_RULE_COUNT && r->verdict != EG_RULE_PROTECT;
}

/* Every packet that `b` asks for is one that `a` accepts. */
static bool accepts_all(struct cover *c, const struct view *a, const struct view *b)
{
	const struct rule *ra = &a->written->rule, *rb = &b->written->rule;

	if (!frames__within(&b->frames, &a->frames))
		return false;
	for (int i = 0; i < NUMBER_COUNT; i++)
		if (!numbers__within(c, &b->numbers[i], &a->numbers[i]))
			return false;
	if (ra->flags.present) {
		if (!rb->flags.present)
			return false;
		for (int i = 0; i < 4; i++)
			if (b->flags[i] & ~a->flags[i])
				return false;
	}
	if (a->shapes && (!b->shapes || b->shapes & ~a->shapes))
		return false;
	if (ra->solicited && ra->solicited != rb->solicited)
		return false;
	if (ra->options && (!rb->options || ra->options_negated != rb->options_negated))
		return false;
	return endpoint__within(c, b, a, false) && endpoint__within(c, b, a, true);
}

/* What `a`, which comes first, leaves of `b`: NULL, or why it is nothing. */
static const char *makes_vain(struct cover *c, const struct view *a, const struct view *b)
{
	const struct rule *ra = &a->written->rule, *rb = &b->written->rule;

	if (!always(ra))
		return NULL;
	if (ends(ra)) {
		if (spares_protected(ra) && !spares_protected(rb) && b->may_be_protected)
			return NULL;
		return accepts_all(c, a, b) ? "this rule never matches: it is covered by that in" : NULL;
	}
	if (ra->verdict == EG_RULE_PROTECT && rb->verdict == EG_RULE_PROTECT)
		return accepts_all(c, a, b) ? "this protects nothing more than" : NULL;
	if (ra->verdict == EG_RULE_COUNT && !strcmp(ra->text, rb->text))
		return "this counts the same as";
	return NULL;
}

int config__warn_covered(struct config *config, struct written_rule *const *rules, size_t count)
{
	struct cover c = { .patience = PATIENCE };
	int err = 0;

	c.views = calloc(count + 1, sizeof(*c.views));
	if (!c.views)
		return -ENOMEM;
	for (; c.count < count && !err; c.count++) {
		struct view *v = &c.views[c.count];

		v->written = rules[c.count];
		err = look(v);
		if (v->written->rule.verdict == EG_RULE_PROTECT)
			for (size_t i = 0; i < ARRAY_SIZE(v->frames.bit); i++)
				c.protected.bit[i] |= v->frames.bit[i];
		v->may_be_protected = may_be_protected(&c, v);
	}
	for (size_t b = 0; b < c.count && !err; b++) {
		struct written_rule *w = rules[b];

		for (size_t a = 0; a < b && !w->warned && c.patience > 0; a++) {
			const char *vain = makes_vain(&c, &c.views[a], &c.views[b]);

			if (!vain)
				continue;
			source__say(&config->source, WARNING, w->rule.place, "%s line %u", vain,
				    rules[a]->rule.place.line);
			w->warned = true;
		}
	}
	for (size_t i = 0; i < c.count; i++) {
		for (int n = 0; n < NUMBER_COUNT; n++)
			free(c.views[i].numbers[n].list);
		prefixes__free(&c.views[i].from);
		prefixes__free(&c.views[i].to);
	}
	free(c.views);
	return err;
}
