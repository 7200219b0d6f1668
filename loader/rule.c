// SPDX-License-Identifier: GPL-2.0-only
/* Rules, from what the grammar recognizes, with all checks that have a place. */
#include "check.h"
#include "language.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LIMIT_MAX	100000000
#define SOURCE_RATE_MAX	1000000		/* packets a second */
#define HOUR		3600

#define SEVERAL		"expected it once, with several values in { }"

void written_rule__free(struct written_rule *d)
{
	struct rule *r = &d->rule;

	free(r->text);
	free(r->kind.list);
	free(r->type.list);
	free(r->code.list);
	free(r->sport.list);
	free(r->dport.list);
	free(r->flags.list);
	free(r->ttl.list);
	free(r->dscp.list);
	free(r->length.list);
	free(r->vlan.list);
	prefixes__free(&r->from.prefixes);
	prefixes__free(&r->to.prefixes);
	free(r->from.sets);
	free(r->to.sets);
	free(d->references.list);
	free(r->check.name);
	free(d);
}

void rule__begin(struct parser *p, enum eg_rule_verdict verdict, struct place at)
{
	struct written_rule *d = calloc(1, sizeof(*d));

	p->broken = false;
	p->negated = false;
	p->type.count = p->code.count = 0;
	p->length_count = 0;
	p->draft = d;
	if (!d) {
		p->no_memory = true;
		return;
	}
	d->scope = p->scope;
	d->direction = p->direction;
	d->rule.verdict = verdict;
	d->rule.place = at;
	if (p->direction == EG_EGRESS && verdict == EG_RULE_ANSWER)
		parser__error(p, at, "answer in egress; expected pass, drop, count or protect");
	if (p->direction == EG_EGRESS && verdict == EG_RULE_REJECT)
		parser__error(p, at, "reject in egress; expected pass, drop, count or protect");
}

void rule__abandon(struct parser *p)
{
	if (p->draft)
		written_rule__free(p->draft);
	p->draft = NULL;
	p->broken = false;
}

/* Notes that the draft asks for something; false if it did before, or if there is no draft. */
static bool once(struct parser *p, struct place at, enum matcher m, const char *what)
{
	if (!p->draft)
		return false;
	if (p->draft->at[m].line) {
		parser__error(p, at, "%s twice in one rule; " SEVERAL, what);
		return false;
	}
	p->draft->at[m] = at;
	return true;
}

void rule__even_protected(struct parser *p, struct place at)
{
	if (!p->draft)
		return;
	if (p->draft->rule.verdict == EG_RULE_DROP || p->draft->rule.verdict == EG_RULE_REJECT)
		p->draft->rule.even_protected = true;
	else
		parser__warn(p, at, "even-protected only means something to drop and reject");
}

void rule__family(struct parser *p, struct place at, __u8 family)
{
	if (!once(p, at, MATCH_FAMILY, "ip or ip6"))
		return;
	p->draft->rule.family = family;
	p->draft->rule.family_negated = p->negated;
}

static bool kind_of(struct slice name, struct kind *k)
{
	const struct word *w = words__find(&protocol_words, name);

	memset(k, 0, sizeof(*k));
	if (slice__is(name, "arp"))
		k->first = KIND_ARP;
	else if (slice__is(name, "non-ip"))
		k->first = KIND_NON_IP;
	else if (w)
		k->first = w->number;
	else
		return false;
	k->last = k->first;
	k->family = slice__is(name, "icmp") ? 4 : slice__is(name, "icmp6") ? 6 : 0;
	return true;
}

static void add_kinds(struct parser *p, struct place at)
{
	struct kinds *kinds = &p->draft->rule.kind;

	if (!once(p, at, MATCH_KIND, "a protocol"))
		return;
	kinds->present = true;
	kinds->negated = p->negated;
	kinds->list = calloc(p->items.count, sizeof(*kinds->list));
	if (!kinds->list) {
		p->no_memory = true;
		return;
	}
	for (size_t i = 0; i < p->items.count; i++) {
		const struct item *item = &p->items.list[i];
		struct kind k = { .first = item->first, .last = item->last };

		if (item->name.length && !kind_of(item->name, &k))
			parser__unknown(p, item->place, "protocol", item->name, &protocol_words,
				     "a name or 0 to 255");
		else if (!item->name.length && item->last > 255)
			parser__error(p, item->place, "protocol %llu is out of range; expected 0 to 255",
				      item->last);
		else
			kinds->list[kinds->count++] = k;
	}
}

void rule__kind_name(struct parser *p, struct place at, struct slice name)
{
	if (!p->draft)
		return;
	list__begin(p);
	list__name(p, at, name);
	if (p->no_memory)
		return;
	if (slice__is(name, "ipv6"))
		parser__warn(p, at, "ipv6 is protocol 41, IPv6 inside of IP; for IPv6 packets write ip6, "
			     "else protocol ipv6");
	add_kinds(p, at);
}

/* Matchers on numbers whose words mean the same everywhere. */
struct number_matcher {
	const char *what;
	const struct words *words;	/* NULL: numbers only */
	__u32 most;
	size_t offset;			/* of its ranges in struct rule */
};

static const struct number_matcher number_matchers[MATCHER_COUNT] = {
	[MATCH_TYPE] = { "type", NULL, 255, offsetof(struct rule, type) },
	[MATCH_CODE] = { "code", NULL, 255, offsetof(struct rule, code) },
	[MATCH_SPORT] = { "source-port", NULL, 65535, offsetof(struct rule, sport) },
	[MATCH_DPORT] = { "port", NULL, 65535, offsetof(struct rule, dport) },
	[MATCH_TTL] = { "ttl", NULL, 255, offsetof(struct rule, ttl) },
	[MATCH_DSCP] = { "dscp", &dscp_words, 63, offsetof(struct rule, dscp) },
	[MATCH_LENGTH] = { "length", NULL, 65535, offsetof(struct rule, length) },
	[MATCH_VLAN] = { "vlan", NULL, 4095, offsetof(struct rule, vlan) },
};

static struct ranges *ranges_of(struct parser *p, enum matcher m)
{
	return (struct ranges *)((char *)&p->draft->rule + number_matchers[m].offset);
}

static bool room_for(struct parser *p, struct ranges *r, size_t count)
{
	r->list = calloc(count ?: 1, sizeof(*r->list));
	if (!r->list)
		p->no_memory = true;
	return r->list;
}

static void add_range(struct parser *p, struct ranges *r, const struct item *item,
		      const struct number_matcher *n)
{
	if (item->last > n->most)
		parser__error(p, item->place, "%s %llu is out of range; expected 0 to %u", n->what,
			      item->last, n->most);
	else
		r->list[r->count++] = (struct range){ item->first, item->last };
}

static void add_vlan_word(struct parser *p, struct ranges *r, const struct item *item)
{
	if (slice__is(item->name, "none"))
		p->draft->rule.vlan_none = true;
	else if (slice__is(item->name, "any"))
		r->list[r->count++] = (struct range){ 0, 4095 };
	else
		parser__error(p, item->place, "unknown VLAN \"%.*s\"; expected none, any or 0 to 4095",
			      SHOWN(item->name));
}

void rule__list(struct parser *p, struct place at, enum matcher m)
{
	const struct number_matcher *n = &number_matchers[m];
	struct ranges *r;

	if (!p->draft)
		return;
	if (m == MATCH_KIND) {
		add_kinds(p, at);
		return;
	}
	if (!once(p, at, m, n->what))
		return;
	r = ranges_of(p, m);
	r->present = true;
	r->negated = p->negated;
	if (!room_for(p, r, p->items.count))
		return;
	if (m == MATCH_TYPE || m == MATCH_CODE) {
		struct items *later = m == MATCH_TYPE ? &p->type : &p->code, spare = *later;

		*later = p->items;
		p->items = spare;
		return;
	}
	for (size_t i = 0; i < p->items.count; i++) {
		const struct item *item = &p->items.list[i];
		const struct word *w = n->words ? words__find(n->words, item->name) : NULL;

		if (!item->name.length)
			add_range(p, r, item, n);
		else if (m == MATCH_VLAN)
			add_vlan_word(p, r, item);
		else if (w)
			r->list[r->count++] = (struct range){ w->number, w->number };
		else if (n->words)
			parser__unknown(p, item->place, "DSCP", item->name, n->words,
				     "0 to 63, cs0 to cs7, af11 to af43, ef, le or va");
		else
			parser__error(p, item->place, "%s \"%.*s\" is no number; expected 0 to %u", n->what,
				      SHOWN(item->name), n->most);
	}
}

void rule__flags(struct parser *p, struct place at)
{
	struct flag_tests *f;

	if (!once(p, at, MATCH_FLAGS, "flags"))
		return;
	f = &p->draft->rule.flags;
	f->present = true;
	f->negated = p->negated;
	f->list = calloc(p->items.count ?: 1, sizeof(*f->list));
	if (!f->list) {
		p->no_memory = true;
		return;
	}
	for (; f->count < p->items.count; f->count++)
		f->list[f->count] = (struct flag_test){ .value = p->items.list[f->count].first,
							.mask = p->items.list[f->count].last };
}

void rule__fragment(struct parser *p, struct place at, __u8 fragment)
{
	if (!once(p, at, MATCH_FRAGMENT, "fragment"))
		return;
	p->draft->rule.fragment = fragment;
	p->draft->rule.fragment_negated = p->negated;
}

void rule__options(struct parser *p, struct place at)
{
	if (!once(p, at, MATCH_OPTIONS, "options"))
		return;
	p->draft->rule.options = true;
	p->draft->rule.options_negated = p->negated;
}

void rule__solicited(struct parser *p, struct place at, enum eg_solicited solicited)
{
	bool yes = (solicited == EG_SOLICITED_YES) != p->negated;

	if (!once(p, at, MATCH_SOLICITED, "solicited or unsolicited"))
		return;
	p->draft->rule.solicited = yes ? EG_SOLICITED_YES : EG_SOLICITED_NO;
	if (p->direction == EG_EGRESS)
		parser__error(p, at, "%ssolicited in egress; a reply that leaves answers a request that "
			      "came in, and only those that leave are noted; expected it outside",
			      solicited == EG_SOLICITED_NO ? "un" : "");
}

void rule__endpoint(struct parser *p, struct place at, bool to)
{
	struct endpoint *e;

	if (!once(p, at, to ? MATCH_TO : MATCH_FROM, to ? "to" : "from"))
		return;
	e = to ? &p->draft->rule.to : &p->draft->rule.from;
	e->negated = p->negated;
	e->local = p->local;
	list__endpoint(p, at, e, &p->draft->references, to);
}

void rule__with(struct parser *p, struct place at, struct slice name, struct place name_at)
{
	const struct word *w = words__find(&reject_words, name);

	if (!p->draft)
		return;
	p->draft->at[MATCH_REJECT] = at;
	if (p->draft->rule.verdict != EG_RULE_REJECT)
		parser__error(p, at, "with belongs to reject; expected it behind reject only");
	else if (!w)
		parser__unknown(p, name_at, "answer to a rejected packet", name, &reject_words,
			     "net-unreachable, host-unreachable, protocol-unreachable, "
			     "port-unreachable, admin-prohibited or tcp-reset");
	else
		p->draft->rule.reject = w->number;
}

void rule__limit(struct parser *p, struct place at, const struct limit_text *rate,
		 const struct limit_text *burst, enum matcher m)
{
	const struct word *unit = words__find(&unit_words, rate->unit);
	const char *what = m == MATCH_SOURCE ? "per-source" : m == MATCH_ABOVE ? "above" : "limit";
	bool source = m == MATCH_SOURCE;
	__u64 most, count = rate->count;
	struct limit *l;

	if (!once(p, at, m, what))
		return;
	l = source ? &p->draft->rule.per_source :
	    m == MATCH_ABOVE ? &p->draft->rule.above : &p->draft->rule.limit;
	if (!unit) {
		parser__error(p, rate->unit_at, "unknown unit of time \"%.*s\"; expected s, m or h",
			      SHOWN(rate->unit));
		return;
	}
	most = source && unit->number * (__u64)SOURCE_RATE_MAX < LIMIT_MAX ?
		       unit->number * (__u64)SOURCE_RATE_MAX : LIMIT_MAX;
	if (!count || count > most) {
		parser__error(p, rate->count_at, "%s %llu/%s is out of range; expected 1/%s to %llu/%s",
			      m == MATCH_ABOVE ? "above" : "a limit of", count, unit->name, unit->name,
			      most, unit->name);
		return;
	}
	l->present = true;
	l->count = count;
	l->seconds = unit->number;
	/* What may be run up is at most an hour's worth: times are kept in 40 bits of 64 ns. */
	most = count * HOUR / l->seconds;
	if (most > LIMIT_MAX)
		most = LIMIT_MAX;
	if (burst->burst_at.line && (!burst->burst || burst->burst > most)) {
		parser__error(p, burst->burst_at,
			      "burst %llu is out of range; expected 1 to %llu, an hour's worth at most",
			      burst->burst, most);
		return;
	}
	l->burst = burst->burst;
	if (!l->burst)
		l->burst = l->seconds == 1 && count > 50 ? count / 10 : 5;
	if (l->burst > most)
		l->burst = most;
}

void rule__source_lengths(struct parser *p, const __u64 *first, const struct place *first_at,
			  const __u64 *second, const struct place *second_at)
{
	p->length_count = !!first + !!second;
	if (first) {
		p->lengths[0] = *first;
		p->lengths_at[0] = *first_at;
	}
	if (second) {
		p->lengths[1] = *second;
		p->lengths_at[1] = *second_at;
	}
}

void rule__sample(struct parser *p, struct place at, __u64 one, struct place one_at, __u64 of,
		  struct place of_at)
{
	if (!once(p, at, MATCH_SAMPLE, "sample"))
		return;
	if (one != 1)
		parser__error(p, one_at, "a sample of %llu in %llu; expected 1/N", one, of);
	else if (!of || of > UINT32_MAX)
		parser__error(p, of_at, "a sample of one in %llu; expected 1/1 to 1/%u", of, UINT32_MAX);
	else
		p->draft->rule.sample = of;
}

void rule__while(struct parser *p, struct place at, enum check_kind kind, struct slice name,
		 struct place name_at, bool quoted)
{
	const char *wrong;
	char *text;
	int err;

	if (!once(p, at, MATCH_CHECK, "while"))
		return;
	text = quoted ? unquote(p, name) : strndup(name.at, name.length);
	if (!text) {
		p->no_memory = true;
		return;
	}
	wrong = check__read(&p->draft->rule.check, kind, text, p->c->directory, &err);
	if (wrong)
		parser__error(p, name_at, "%s", wrong);
	if (err)
		p->no_memory = true;
	free(text);
}

/* At the end of a rule --------------------------------------------------------- */

/* 4 or 6 if the rule is about ICMP or ICMPv6 and nothing else; 0 otherwise. */
static int icmp_family(const struct rule *r)
{
	const struct kinds *k = &r->kind;

	if (!k->present || k->negated)
		return 0;
	for (size_t i = 0; i < k->count; i++)
		if (!k->list[i].family || k->list[i].family != k->list[0].family)
			return 0;
	return k->list[0].family;
}

bool rule__only_ipv6(const struct rule *r)
{
	return (r->family == 6 && !r->family_negated) || icmp_family(r) == 6;
}

/* Whether the rule is about the protocols in `wanted` and no others. */
static bool only_protocols(const struct rule *r, const __u8 *wanted, size_t count)
{
	if (!r->kind.present || r->kind.negated)
		return false;
	for (size_t i = 0; i < r->kind.count; i++)
		for (int n = r->kind.list[i].first; n <= r->kind.list[i].last; n++)
			if (n > 255 || !memchr(wanted, n, count))
				return false;
	return true;
}

static bool among(const struct ranges *r, __u32 number)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->list[i].first <= number && number <= r->list[i].last)
			return true;
	return false;
}

static void settle_types(struct parser *p, int family)
{
	const struct words *here = &type_words[family == 6], *there = &type_words[family != 6];
	struct ranges *r = &p->draft->rule.type;

	for (size_t i = 0; i < p->type.count; i++) {
		const struct item *item = &p->type.list[i];
		const struct word *w = words__find(here, item->name);

		if (!item->name.length)
			add_range(p, r, item, &number_matchers[MATCH_TYPE]);
		else if (w)
			r->list[r->count++] = (struct range){ w->number, w->number };
		else if (words__find(there, item->name))
			parser__error(p, item->place, "%.*s is no type of %s; expected one of its types, or %s",
				      SHOWN(item->name), family == 6 ? "icmp6" : "icmp",
				      family == 6 ? "icmp" : "icmp6");
		else
			parser__unknown(p, item->place, family == 6 ? "ICMPv6 type" : "ICMP type", item->name,
				     here, "a name of IANA's registry or 0 to 255");
	}
}

static void settle_codes(struct parser *p, int family)
{
	const struct ranges *types = &p->draft->rule.type;
	struct ranges *r = &p->draft->rule.code;

	for (size_t i = 0; i < p->code.count; i++) {
		const struct item *item = &p->code.list[i];
		const struct word *w = words__find(&code_words[family == 6], item->name);

		if (!item->name.length)
			add_range(p, r, item, &number_matchers[MATCH_CODE]);
		else if (!w)
			parser__unknown(p, item->place, family == 6 ? "ICMPv6 code" : "ICMP code", item->name,
				     &code_words[family == 6], "a code's name or 0 to 255");
		else if (!types->present || types->negated || !among(types, w->type))
			parser__error(p, item->place, "%s is a code of %s; expected type %s beside it", w->name,
				      words__name(&type_words[family == 6], w->type)->name,
				      words__name(&type_words[family == 6], w->type)->name);
		else
			r->list[r->count++] = (struct range){ w->number, w->number };
	}
}

/* Whether the rule can match echo replies, and no other types are named beside. */
static bool allows_replies(const struct rule *r)
{
	static const __u8 icmp[] = { IPPROTO_ICMP, IPPROTO_ICMPV6 };
	__u32 reply = icmp_family(r) == 6 ? 129 : 0;

	if (r->kind.present && !only_protocols(r, icmp, sizeof(icmp)))
		return false;
	return !r->type.present ||
	       (!r->type.negated && r->type.count == 1 && r->type.list[0].first == reply &&
		r->type.list[0].last == reply);
}

static void check_matchers(struct parser *p)
{
	static const __u8 with_ports[] = { 6, 17, 33, 132, 136 }, tcp[] = { 6 };
	const struct place *at = p->draft->at;
	struct rule *r = &p->draft->rule;
	int family = icmp_family(r);

	if ((r->type.present || r->code.present) && !family) {
		parser__error(p, at[r->type.present ? MATCH_TYPE : MATCH_CODE],
			      "%s without ICMP; expected icmp or icmp6 in the rule, one of them",
			      r->type.present ? "type" : "code");
	} else if (family) {
		settle_types(p, family);
		settle_codes(p, family);
	}
	if (!p->broken && r->solicited && !allows_replies(r))
		parser__error(p, at[MATCH_SOLICITED], "%ssolicited is about echo replies; expected icmp or "
			      "icmp6, type echo-reply or none, beside it",
			      r->solicited == EG_SOLICITED_NO ? "un" : "");
	for (enum matcher m = MATCH_SPORT; m <= MATCH_DPORT; m++)
		if (at[m].line && !only_protocols(r, with_ports, sizeof(with_ports)))
			parser__error(p, at[m], "%s without a protocol that has ports; expected tcp, udp, "
				      "udplite, sctp or dccp in the rule", number_matchers[m].what);
	if (r->flags.present && !only_protocols(r, tcp, sizeof(tcp)))
		parser__error(p, at[MATCH_FLAGS], "flags without TCP; expected tcp in the rule");
	if (r->verdict != EG_RULE_ANSWER && at[MATCH_ABOVE].line)
		parser__error(p, at[MATCH_ABOVE], "above belongs to answer, and says when the kernel no "
			      "longer does; expected pass with a limit, and this rule behind it");
	if (r->verdict != EG_RULE_ANSWER && at[MATCH_CHECK].line)
		parser__error(p, at[MATCH_CHECK], "while belongs to answer; expected it behind answer only");
	if (r->verdict != EG_RULE_REJECT)
		return;
	if (!at[MATCH_REJECT].line)
		r->reject = EG_REJECT_PORT_UNREACHABLE;
	if (r->reject == EG_REJECT_TCP_RESET && !only_protocols(r, tcp, sizeof(tcp)))
		parser__error(p, at[MATCH_REJECT], "tcp-reset without TCP; expected tcp in the rule");
}

static void check_answer(struct parser *p)
{
	const struct rule *r = &p->draft->rule;
	bool six = icmp_family(r) == 6, right = r->type.present && !r->type.negated;
	const struct place *at = p->draft->at;

	if (p->broken)
		return;
	for (size_t i = 0; i < r->type.count; i++)
		for (__u32 n = r->type.list[i].first; n <= r->type.list[i].last; n++)
			right = right && (six ? n == 128 : n == 8 || n == 13);
	if (!right)
		parser__error(p, at[MATCH_TYPE].line ? at[MATCH_TYPE] : r->place,
			      "answer is for requests; expected icmp type echo-request or "
			      "timestamp-request, or icmp6 type echo-request");
	if (r->to.present && r->to.negated)
		parser__error(p, at[MATCH_TO], "answer with not to; expected to local or to addresses");
	/* What is merely forwarded is not to be dropped for a check that fails. */
	if (r->check.kind != CHECK_NONE && !r->to.present)
		parser__error(p, at[MATCH_CHECK], "while without to; expected the addresses that depend on "
			      "it, or to local");
}

static void check_source_lengths(struct parser *p)
{
	static const unsigned int most[2] = { 32, 128 };
	bool six = rule__only_ipv6(&p->draft->rule);
	struct rule *r = &p->draft->rule;

	r->source4 = SOURCE4_LENGTH;
	r->source6 = SOURCE6_LENGTH;
	for (int i = 0; i < p->length_count; i++) {
		bool is_six = i || (six && p->length_count == 1);

		if (!p->lengths[i] || p->lengths[i] > most[is_six])
			parser__error(p, p->lengths_at[i], "%llu is no length of an %s prefix; expected 1 to %u%s",
				      p->lengths[i], is_six ? "IPv6" : "IPv4", most[is_six],
				      is_six || p->length_count == 2 ? "" :
				      ", or per-source/IPV4/IPV6");
		else if (is_six)
			r->source6 = p->lengths[i];
		else
			r->source4 = p->lengths[i];
	}
}

static bool too_many_rules(struct parser *p)
{
	struct config *c = p->c;
	size_t global = c->scopes[0]->rules;

	if (p->scope->number && p->scope->rules >= p->most_in_block)
		p->most_in_block = p->scope->rules + 1;
	if (global + !p->scope->number + p->most_in_block <= EG_RULES_MAX &&
	    c->rule_count < FILE_RULES_MAX)
		return false;
	if (!p->too_many && c->rule_count < FILE_RULES_MAX)
		parser__error(p, p->draft->rule.place, "more than %d rules for an interface; expected fewer, "
			      "perhaps with the help of sets", EG_RULES_MAX);
	else if (!p->too_many)
		parser__error(p, p->draft->rule.place, "more than %d rules; expected fewer",
			      FILE_RULES_MAX);
	p->too_many = true;
	return true;
}

void rule__end(struct parser *p)
{
	if (!p->draft)
		return;
	if (!p->broken)
		check_matchers(p);
	if (!p->broken && p->draft->rule.verdict == EG_RULE_ANSWER)
		check_answer(p);
	if (p->draft->rule.per_source.present)
		check_source_lengths(p);
	if (!p->no_memory && !too_many_rules(p) &&
	    parser__append(p, (void ***)&p->c->rules, &p->c->rule_count, p->draft)) {
		p->scope->rules++;
		/* What is broken stays for what is said about its sets. */
		p->draft = NULL;
	}
	rule__abandon(p);
}
