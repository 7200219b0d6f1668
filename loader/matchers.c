// SPDX-License-Identifier: GPL-2.0-only
#include "matchers.h"

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
	[EG_FIELD_SOLICITED] = EG_SOLICITED_SIZE,
};

__u32 field_size(enum eg_field field)
{
	return sizes[field];
}

static size_t words_of(enum eg_field field)
{
	return field_size(field) / EG_WORD_BITS + 1;
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
	/* Nothing else can be, which the kind tells sooner. */
	if (r->solicited) {
		include(s, EG_KIND_ICMP + ICMP_ECHOREPLY, EG_KIND_ICMP + ICMP_ECHOREPLY);
		include(s, EG_KIND_ICMP6 + ICMPV6_ECHO_REPLY, EG_KIND_ICMP6 + ICMPV6_ECHO_REPLY);
		matched(s, false, 0, EG_KIND_COUNT - 1);
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

void select_indices(struct selection *s, const struct rules *rules, enum eg_direction direction,
		    size_t n, enum eg_field field)
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
	case EG_FIELD_SOLICITED:
		if (!r->solicited)
			break;
		include(s, r->solicited, r->solicited);
		matched(s, false, 0, EG_SOLICITED_SIZE - 1);
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
