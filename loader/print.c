// SPDX-License-Identifier: GPL-2.0-only
/* Rules as text, in the one form that means the same when it is read again. */
#include "check.h"
#include "language.h"
#include "names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const verdicts[] = {
	[EG_RULE_PASS] = "pass",     [EG_RULE_DROP] = "drop",	[EG_RULE_ANSWER] = "answer",
	[EG_RULE_REJECT] = "reject", [EG_RULE_COUNT] = "count", [EG_RULE_PROTECT] = "protect",
};

/* Between the elements of a list: braces if there are several, commas. */
static void open_list(FILE *f, size_t count)
{
	fputs(count > 1 ? "{ " : "", f);
}

static void next_element(FILE *f, bool *first)
{
	fputs(*first ? "" : ", ", f);
	*first = false;
}

static void close_list(FILE *f, size_t count)
{
	fputs(count > 1 ? " }" : "", f);
}

static void matcher(FILE *f, bool negated, const char *name)
{
	fprintf(f, " %s%s", negated ? "not " : "", name);
}

static void print_range(FILE *f, struct range r, const struct word *name)
{
	if (r.first == r.last && name)
		fputs(name->name, f);
	else if (r.first == r.last)
		fprintf(f, "%u", r.first);
	else
		fprintf(f, "%u-%u", r.first, r.last);
}

static void print_ranges(FILE *f, const char *name, const struct ranges *r, const struct words *words)
{
	bool first = true;

	if (!r->present)
		return;
	matcher(f, r->negated, name);
	fputc(' ', f);
	open_list(f, r->count);
	for (size_t i = 0; i < r->count; i++) {
		next_element(f, &first);
		print_range(f, r->list[i], words ? words__name(words, r->list[i].first) : NULL);
	}
	close_list(f, r->count);
}

/* A code has a name where there is one type that it can belong to. */
static void print_codes(FILE *f, const struct rule *r, const struct words *words)
{
	const struct ranges *t = &r->type;
	struct word named[256];
	struct words here = { named, 0 };

	if (t->present && !t->negated && t->count == 1 && t->list[0].first == t->list[0].last)
		for (size_t i = 0; i < words->count; i++)
			if ((__u32)words->list[i].type == t->list[0].first)
				named[here.count++] = words->list[i];
	print_ranges(f, "code", &r->code, &here);
}

static void print_vlan(FILE *f, const struct rule *r)
{
	const struct ranges *v = &r->vlan;
	size_t count = v->count + r->vlan_none;
	bool first = true;

	if (!v->present)
		return;
	matcher(f, v->negated, "vlan ");
	open_list(f, count);
	if (r->vlan_none) {
		next_element(f, &first);
		fputs("none", f);
	}
	for (size_t i = 0; i < v->count; i++) {
		next_element(f, &first);
		if (!v->list[i].first && v->list[i].last == 4095)
			fputs("any", f);
		else
			print_range(f, v->list[i], NULL);
	}
	close_list(f, count);
}

/* The name that stands for this kind and no other. */
static const char *kind_name(const struct kind *k)
{
	const struct word *w;

	if (k->first != k->last)
		return NULL;
	if (k->first == KIND_ARP)
		return "arp";
	if (k->first == KIND_NON_IP)
		return "non-ip";
	if (k->first == IPPROTO_ICMP || k->first == IPPROTO_ICMPV6)
		return k->family == 4 ? "icmp" : k->family == 6 ? "icmp6" : NULL;
	w = words__name(&protocol_words, k->first);
	return w ? w->name : NULL;
}

static void print_kinds(FILE *f, const struct kinds *kinds)
{
	const char *name;
	bool first = true;

	if (!kinds->present)
		return;
	name = kinds->count == 1 ? kind_name(&kinds->list[0]) : NULL;
	/* By itself "ipv6" is too easily taken for IPv6 packets. */
	if (name && strcmp(name, "ipv6")) {
		matcher(f, kinds->negated, name);
		return;
	}
	matcher(f, kinds->negated, "protocol ");
	open_list(f, kinds->count);
	for (size_t i = 0; i < kinds->count; i++) {
		const struct kind *k = &kinds->list[i];

		next_element(f, &first);
		name = kind_name(k);
		if (name)
			fputs(name, f);
		else
			print_range(f, (struct range){ k->first, k->last }, NULL);
	}
	close_list(f, kinds->count);
}

static void print_flag_set(FILE *f, __u8 flags)
{
	bool first = true;

	for (size_t i = 0; i < flag_words.count; i++) {
		const struct word *w = &flag_words.list[i];

		if (w->number ? flags & w->number : !flags) {
			fprintf(f, "%s%s", first ? "" : "+", w->name);
			first = false;
		}
	}
}

static void print_flags(FILE *f, const struct flag_tests *t)
{
	bool first = true;

	if (!t->present)
		return;
	matcher(f, t->negated, "flags ");
	open_list(f, t->count);
	for (size_t i = 0; i < t->count; i++) {
		__u8 value = t->list[i].value, mask = t->list[i].mask;

		next_element(f, &first);
		print_flag_set(f, value);
		if (value ? mask != value : mask != 0xff) {
			fputc('/', f);
			print_flag_set(f, mask);
		}
	}
	close_list(f, t->count);
}

static void print_prefixes(FILE *f, const struct prefixes *p, bool *first)
{
	char text[PREFIX_TEXT];

	for (size_t i = 0; i < p->count; i++) {
		prefix__print(&p->list[i], text);
		next_element(f, first);
		fputs(text, f);
	}
}

void print_addresses(FILE *f, const struct endpoint *e)
{
	size_t count = e->prefixes.count + e->set_count;
	bool first = true;

	open_list(f, count);
	print_prefixes(f, &e->prefixes, &first);
	for (size_t i = 0; i < e->set_count; i++) {
		next_element(f, &first);
		fprintf(f, "@%s", e->sets[i]->name);
	}
	close_list(f, count);
}

static void print_endpoint(FILE *f, const char *name, const struct endpoint *e)
{
	if (!e->present)
		return;
	matcher(f, e->negated, name);
	if (e->local) {
		fputs(" local", f);
		return;
	}
	fputc(' ', f);
	print_addresses(f, e);
}

static void print_limit(FILE *f, const struct limit *l)
{
	fprintf(f, " %u/%s burst %u", l->count, words__name(&unit_words, l->seconds)->name, l->burst);
}

static void print_modifiers(FILE *f, const struct rule *r)
{
	bool first = true;

	if (r->limit.present) {
		fputs(" limit", f);
		print_limit(f, &r->limit);
		first = false;
	}
	if (r->per_source.present) {
		fprintf(f, "%s per-source", first ? "" : ",");
		if (rule__only_ipv6(r) && r->source4 == SOURCE4_LENGTH) {
			if (r->source6 != SOURCE6_LENGTH)
				fprintf(f, "/%u", r->source6);
		} else if (r->source6 != SOURCE6_LENGTH || rule__only_ipv6(r)) {
			fprintf(f, "/%u/%u", r->source4, r->source6);
		} else if (r->source4 != SOURCE4_LENGTH) {
			fprintf(f, "/%u", r->source4);
		}
		print_limit(f, &r->per_source);
		first = false;
	}
	if (r->sample) {
		fprintf(f, "%s sample 1/%u", first ? "" : ",", r->sample);
		first = false;
	}
	if (r->above.present) {
		fprintf(f, "%s above", first ? "" : ",");
		print_limit(f, &r->above);
		first = false;
	}
	if (r->check.kind != CHECK_NONE) {
		fprintf(f, "%s" CHECK_MARK, first ? "" : ",");
		check__print(f, &r->check);
	}
}

static void print_rule(FILE *f, const struct rule *r)
{
	bool six = r->kind.count && r->kind.list[0].family == 6;

	fputs(verdicts[r->verdict], f);
	if (r->even_protected)
		fputs(" even-protected", f);
	if (r->family)
		matcher(f, r->family_negated, r->family == 6 ? "ip6" : "ip");
	print_kinds(f, &r->kind);
	print_ranges(f, "type", &r->type, &type_words[six]);
	print_codes(f, r, &code_words[six]);
	print_ranges(f, "source-port", &r->sport, NULL);
	print_ranges(f, "port", &r->dport, NULL);
	print_flags(f, &r->flags);
	if (r->fragment)
		matcher(f, r->fragment_negated,
			r->fragment == FRAGMENT_FIRST ? "fragment first" :
			r->fragment == FRAGMENT_LATER ? "fragment later" : "fragment");
	if (r->options)
		matcher(f, r->options_negated, "options");
	if (r->solicited)
		matcher(f, false, r->solicited == EG_SOLICITED_YES ? "solicited" : "unsolicited");
	print_ranges(f, "ttl", &r->ttl, NULL);
	print_ranges(f, "dscp", &r->dscp, &dscp_words);
	print_ranges(f, "length", &r->length, NULL);
	print_vlan(f, r);
	print_endpoint(f, "from", &r->from);
	print_endpoint(f, "to", &r->to);
	if (r->verdict == EG_RULE_REJECT)
		fprintf(f, " with %s", words__name(&reject_words, r->reject)->name);
	print_modifiers(f, r);
}

/* Finishes a memory stream; NULL without memory. */
static char *finish(FILE *f, char **text)
{
	bool bad = ferror(f);

	if (fclose(f) || bad) {
		free(*text);
		return NULL;
	}
	return *text;
}

char *rule__print(const struct rule *r)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	print_rule(f, r);
	return finish(f, &text);
}

void print_quoted(FILE *f, const char *text)
{
	fputc('"', f);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			fputc('\\', f);
		fputs(*text == '\n' ? "\\n" : (char[]){ *text, 0 }, f);
	}
	fputc('"', f);
}

void ifname__print(FILE *f, const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr("_.-", *c)) {
			print_quoted(f, name);
			return;
		}
	fputs(name, f);
}

static void print_set(FILE *f, const char *indent, const struct set *s)
{
	char text[PREFIX_TEXT];

	fprintf(f, "%sset %s ", indent, s->name);
	if (s->path) {
		fputs("file ", f);
		print_quoted(f, s->path);
		fputc('\n', f);
		return;
	}
	if (!s->prefixes.count) {
		fputs("{ }\n", f);
		return;
	}
	fputs("{\n", f);
	for (size_t i = 0; i < s->prefixes.count; i++) {
		prefix__print(&s->prefixes.list[i], text);
		fprintf(f, "%s\t%s%s\n", indent, text, i + 1 < s->prefixes.count ? "," : "");
	}
	fprintf(f, "%s}\n", indent);
}

static void print_direction(FILE *f, const char *indent, const struct rules *r,
			    enum eg_direction direction)
{
	fprintf(f, "%sdefault %s\n", indent, default_names[r->fallback[direction]]);
	for (size_t i = 0; i < r->count[direction]; i++)
		fprintf(f, "%s%s\n", indent, r->list[direction][i]->text);
}

static bool has_checks(const struct rules *r)
{
	for (size_t i = 0; i < r->count[EG_INGRESS]; i++)
		if (r->list[EG_INGRESS][i]->check.kind != CHECK_NONE)
			return true;
	return false;
}

static void print_time(FILE *f, __u32 ms)
{
	if (ms % 1000)
		fprintf(f, "%ums", ms);
	else
		fprintf(f, "%us", ms / 1000);
}

static void print_peers(FILE *f, const char *indent, const struct rules *r)
{
	if (r->measure)
		fprintf(f, "%smeasure rtt%s", indent, r->measured.present ? " of " : "\n");
	if (r->measured.present) {
		print_addresses(f, &r->measured);
		fputc('\n', f);
	}
	if (r->observed.present) {
		fprintf(f, "%sobserve from ", indent);
		print_addresses(f, &r->observed);
		fputc('\n', f);
	}
}

char *rules__print(const struct rules *r, const char *ifname)
{
	const char *indent = ifname ? "\t" : "", *deeper = ifname ? "\t\t" : "\t";
	char *text = NULL;
	size_t size;
	FILE *f;

	f = open_memstream(&text, &size);
	if (!f)
		return NULL;
	if (ifname) {
		fputs("interface ", f);
		ifname__print(f, ifname);
		fputs(" {\n", f);
	}
	fprintf(f, "%sreply-path %s\n", indent, r->swap ? "swap" : "fib");
	if (!r->recorder)
		fprintf(f, "%srecorder off\n", indent);
	if (has_checks(r)) {
		fprintf(f, "%scheck every ", indent);
		print_time(f, r->check_every);
		fputs(" lease ", f);
		print_time(f, r->check_lease);
		fputc('\n', f);
	}
	for (size_t i = 0; i < r->set_count; i++)
		print_set(f, indent, r->sets[i]);
	print_peers(f, indent, r);
	print_direction(f, indent, r, EG_INGRESS);
	if (r->count[EG_EGRESS] || r->fallback[EG_EGRESS] != EG_DEFAULT_PASS) {
		fprintf(f, "%segress {\n", indent);
		print_direction(f, deeper, r, EG_EGRESS);
		fprintf(f, "%s}\n", indent);
	}
	if (ifname)
		fputs("}\n", f);
	return finish(f, &text);
}
