/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Random rules, as people would write them. Each makes sense by itself and is drawn from
 * pool.h, so that they overlap and packets meet them; limits are too large to bite.
 */
#ifndef TESTS_VECTORS_RANDOMRULES_H
#define TESTS_VECTORS_RANDOMRULES_H

#include "pool.h"

enum matcher {
	M_FAMILY,
	M_KIND,
	M_TYPE,
	M_CODE,
	M_SPORT,
	M_DPORT,
	M_FLAGS,
	M_TTL,
	M_DSCP,
	M_LENGTH,
	M_FRAGMENT,
	M_OPTIONS,
	M_VLAN,
	M_SOLICITED,
	M_FROM,
	M_TO,
	M_COUNT
};

/* What may stand beside it. */
enum subject {
	SUBJECT_ANY,
	SUBJECT_ICMP,
	SUBJECT_ICMP6,
	SUBJECT_TCP,
	SUBJECT_PORTS,	  /* udp, udplite, sctp, dccp */
	SUBJECT_PROTOCOL, /* no ports */
	SUBJECT_NOT,	  /* all but some protocol */
	SUBJECT_LINK,	  /* arp, non-ip, and all but these */
	SUBJECT_COUNT
};

struct writer {
	uint64_t *s;
	FILE *f;
	unsigned int sets;
	bool narrow; /* so many rules that each should match little */
	bool simple; /* rules that programs decide at sight: eg_ruleset.simple */
	bool egress;
	bool kinds;  /* by the kind alone, for which there need be many */
};

struct draft {
	enum subject subject;
	enum eg_rule_verdict verdict;
	int family; /* 4, 6; 0: both */
	bool wants[M_COUNT];
};

static inline void say(struct writer *w, const char *text)
{
	fputs(text, w->f);
}

static inline void maybe_not(struct writer *w)
{
	if (percent(w->s, 15))
		say(w, "not ");
}

static inline void open_list(struct writer *w, unsigned int count)
{
	if (count > 1)
		say(w, percent(w->s, 95) ? "{ " : "{\n\t");
}

static inline void next_item(struct writer *w, unsigned int i, unsigned int count)
{
	if (i + 1 < count)
		say(w, percent(w->s, 95) ? ", " : ",\n\t");
	else if (count > 1)
		say(w, " }");
}

static inline unsigned int list_size(struct writer *w)
{
	return percent(w->s, 65) ? 1 : 2 + below(w->s, 3);
}

/* Numbers and ranges; `draw` gives the values. */
static inline void say_numbers(struct writer *w, unsigned int (*draw)(uint64_t *s))
{
	unsigned int count = list_size(w);

	open_list(w, count);
	for (unsigned int i = 0; i < count; i++) {
		unsigned int a = draw(w->s), b = percent(w->s, 30) ? draw(w->s) : a;

		if (a == b)
			fprintf(w->f, "%u", a);
		else
			fprintf(w->f, "%u-%u", a < b ? a : b, a < b ? b : a);
		next_item(w, i, count);
	}
}

#define DRAW(name) \
	static inline unsigned int draw_##name(uint64_t *s) \
	{ \
		return PICK(s, pool_##name); \
	}
DRAW(port)
DRAW(type4)
DRAW(type6)
DRAW(code)
DRAW(ttl)
DRAW(dscp)
DRAW(length)
DRAW(vlan)
DRAW(proto)

#define NAME_ROW(id, num, name) { num, name },

static const struct named {
	int number;
	const char *name;
} icmp_named[] = { EG_ICMP_TYPES(NAME_ROW) }, icmp6_named[] = { EG_ICMP6_TYPES(NAME_ROW) };

static inline void say_types(struct writer *w, bool six)
{
	unsigned int count = list_size(w);

	if (percent(w->s, 50)) {
		say_numbers(w, six ? draw_type6 : draw_type4);
		return;
	}
	open_list(w, count);
	for (unsigned int i = 0; i < count; i++) {
		/* The first row is no type. */
		const char *name = six ? icmp6_named[1 + below(w->s, EG_ICMP6_COUNT - 1)].name
				       : icmp_named[1 + below(w->s, EG_ICMP_COUNT - 1)].name;

		say(w, percent(w->s, 40) ? "echo-request" : name);
		next_item(w, i, count);
	}
}

/* Bits behind the length are cleared: the language wants it so. */
static inline void say_prefix(struct writer *w, int family)
{
	unsigned int bits = family == 4 ? 32 : 128, len;
	uint8_t addr[16];
	char text[INET6_ADDRSTRLEN];

	address(family == 4 ? PICK(w->s, pool4) : PICK(w->s, pool6), addr);
	if (percent(w->s, 10))
		addr[below(w->s, bits / 8)] = below(w->s, 256);
	len = family == 4 ? PICK(w->s, pool_length4) : PICK(w->s, pool_length6);
	if (len < 8 && percent(w->s, 70))
		len += bits / 2;
	for (unsigned int bit = len; bit < bits; bit++)
		addr[bit / 8] &= ~(0x80 >> bit % 8);
	inet_ntop(family == 4 ? AF_INET : AF_INET6, addr, text, sizeof(text));
	if (len == bits && percent(w->s, 70))
		say(w, text);
	else
		fprintf(w->f, "%s/%u", text, len);
}

static inline void say_sets(struct writer *w)
{
	static const unsigned int sizes[] = { 1, 2, 3, 5, 8, 20, 100 };

	w->sets = percent(w->s, 20) ? 0 : below(w->s, w->narrow ? 20 : 6);
	for (unsigned int i = 0; i < w->sets; i++) {
		unsigned int count = PICK(w->s, sizes);
		int family = percent(w->s, 60) ? 0 : percent(w->s, 60) ? 4 : 6;

		fprintf(w->f, "set s%u { ", i);
		for (unsigned int n = 0; n < count; n++) {
			say_prefix(w, family ?: percent(w->s, 60) ? 4 : 6);
			say(w, n + 1 < count ? ",\n\t" : " }\n");
		}
	}
}

static inline void say_endpoint(struct writer *w, const struct draft *d)
{
	unsigned int count = list_size(w);

	if (!w->simple && percent(w->s, d->verdict == EG_RULE_ANSWER ? 40 : 15)) {
		say(w, "local");
		return;
	}
	open_list(w, count);
	for (unsigned int i = 0; i < count; i++) {
		if (w->sets && percent(w->s, 35))
			fprintf(w->f, "@s%u", below(w->s, w->sets));
		else
			say_prefix(w, d->family ?: percent(w->s, 60) ? 4 : 6);
		next_item(w, i, count);
	}
}

static inline void say_flags(struct writer *w)
{
	static const char *const tests[] = {
		"syn",
		"ack",
		"rst",
		"fin",
		"syn/syn+ack",
		"syn+ack/syn+ack",
		"ack/syn+ack",
		"fin+psh+urg",
		"none/syn+ack+rst",
		"rst/rst+fin",
		"syn/fin+syn+rst+ack",
		"ece+cwr",
		"none/fin+syn+rst+psh+ack+urg",
	};

	say(w, PICK(w->s, tests));
}

static inline void say_dscp(struct writer *w)
{
	static const char *const names[] = { "cs0", "cs1", "af11", "af31", "af43",
					     "ef",  "le",  "va",   "cs7" };

	if (percent(w->s, 40))
		say(w, PICK(w->s, names));
	else
		say_numbers(w, draw_dscp);
}

static inline void say_kind(struct writer *w, struct draft *d)
{
	static const char *const ports[] = { "udp",
					     "udp",
					     "udplite",
					     "sctp",
					     "sctp",
					     "dccp",
					     "protocol { tcp, udp }",
					     "protocol { 17, sctp, 136 }" };
	static const char *const protocols[] = { "igmp", "ipip", "gre",	       "esp",
						 "ospf", "vrrp", "ipv6-nonxt", "pim" };
	static const char *const nots[] = { "not icmp",		"not icmp6",
					    "not tcp",		"not udp",
					    "not igmp",		"not protocol { tcp, udp }",
					    "not protocol 1-58" };
	static const char *const links[] = { "arp",    "arp",	  "non-ip",
					     "non-ip", "not arp", "not non-ip" };

	switch (d->subject) {
	case SUBJECT_ICMP:
		say(w, "icmp");
		break;
	case SUBJECT_ICMP6:
		say(w, "icmp6");
		break;
	case SUBJECT_TCP:
		say(w, "tcp");
		break;
	case SUBJECT_PORTS:
		say(w, PICK(w->s, ports));
		break;
	case SUBJECT_PROTOCOL:
		if (percent(w->s, 50)) {
			say(w, PICK(w->s, protocols));
			break;
		}
		say(w, "protocol ");
		say_numbers(w, draw_proto);
		break;
	case SUBJECT_NOT:
		say(w, PICK(w->s, nots));
		break;
	case SUBJECT_LINK:
		say(w, PICK(w->s, links));
		break;
	case SUBJECT_ANY:
	case SUBJECT_COUNT:
		break;
	}
}

static inline void say_vlan(struct writer *w)
{
	if (percent(w->s, 25))
		say(w, "none");
	else if (percent(w->s, 30))
		say(w, "any");
	else
		say_numbers(w, draw_vlan);
}

static inline void say_matcher(struct writer *w, struct draft *d, enum matcher m)
{
	static const char *const words[M_COUNT] = {
		[M_TYPE] = "type ",	 [M_CODE] = "code ",	 [M_SPORT] = "source-port ",
		[M_DPORT] = "port ",	 [M_FLAGS] = "flags ",	 [M_TTL] = "ttl ",
		[M_DSCP] = "dscp ",	 [M_LENGTH] = "length ", [M_FRAGMENT] = "fragment",
		[M_OPTIONS] = "options", [M_VLAN] = "vlan ",	 [M_FROM] = "from ",
		[M_TO] = "to ",
	};
	bool answer = d->verdict == EG_RULE_ANSWER;
	bool upper = d->wants[M_TYPE] || d->wants[M_CODE] || d->wants[M_SPORT] ||
		     d->wants[M_DPORT] || d->wants[M_FLAGS];

	if (m == M_KIND) {
		say_kind(w, d);
		return;
	}
	if (m == M_FAMILY) {
		if (d->family != 6 && !d->wants[M_FROM] && !d->wants[M_TO] && percent(w->s, 15))
			say(w, d->family ? "not ip6" : percent(w->s, 50) ? "not ip" : "not ip6");
		else
			say(w, d->family == 6 ? "ip6" : "ip");
		return;
	}
	if (m == M_SOLICITED) {
		maybe_not(w);
		say(w, percent(w->s, 50) ? "solicited" : "unsolicited");
		return;
	}
	if (m == M_TYPE && d->wants[M_SOLICITED]) {
		say(w, "type echo-reply");
		return;
	}
	if (!answer || (m != M_TYPE && m != M_TO))
		maybe_not(w);
	say(w, words[m]);
	switch (m) {
	case M_TYPE:
		if (!answer)
			say_types(w, d->subject == SUBJECT_ICMP6);
		else if (d->subject == SUBJECT_ICMP6 || percent(w->s, 60))
			say(w, "echo-request");
		else
			say(w, percent(w->s, 50) ? "timestamp-request" : "{ echo-request, 13 }");
		break;
	case M_CODE:
		say_numbers(w, draw_code);
		break;
	case M_SPORT:
	case M_DPORT:
		say_numbers(w, draw_port);
		break;
	case M_FLAGS:
		say_flags(w);
		break;
	case M_TTL:
		say_numbers(w, draw_ttl);
		break;
	case M_DSCP:
		say_dscp(w);
		break;
	case M_LENGTH:
		say_numbers(w, draw_length);
		break;
	case M_FRAGMENT:
		if (percent(w->s, 60))
			say(w, upper || percent(w->s, 50) ? " first" : " later");
		break;
	case M_VLAN:
		say_vlan(w);
		break;
	case M_FROM:
	case M_TO:
		say_endpoint(w, d);
		break;
	case M_OPTIONS:
	case M_FAMILY:
	case M_KIND:
	case M_SOLICITED:
	case M_COUNT:
		break;
	}
}

/* Which matchers a rule has, so that they don't contradict each other. */
static inline void draft_matchers(struct writer *w, struct draft *d)
{
	/* Per cent; a table: its shape is its sense. */
	/* clang-format off */
	static const uint8_t chance[SUBJECT_COUNT][M_COUNT] = {
		/*                   family kind type code sport dport flags ttl dscp length frag opt vlan asked from to */
		[SUBJECT_ANY]      = { 15,    0,   0,   0,    0,    0,    0,  12,  10,   12,   12, 10,  12,    8,  45, 45 },
		[SUBJECT_ICMP]     = {  5,  100,  60,  12,    0,    0,    0,   8,   5,    8,    8,  5,   5,   25,  20, 25 },
		[SUBJECT_ICMP6]    = {  5,  100,  60,  12,    0,    0,    0,   8,   5,    8,    8,  5,   5,   25,  20, 25 },
		[SUBJECT_TCP]      = { 10,  100,   0,   0,   15,   50,   30,   6,   5,    6,    8,  5,   5,    0,  25, 20 },
		[SUBJECT_PORTS]    = { 10,  100,   0,   0,   15,   50,    0,   6,   5,    6,    8,  5,   5,    0,  25, 20 },
		[SUBJECT_PROTOCOL] = { 15,  100,   0,   0,    0,    0,    0,  10,   8,    8,   10,  8,   8,    0,  25, 25 },
		[SUBJECT_NOT]      = { 10,  100,   0,   0,    0,    0,    0,  15,  10,   15,   15, 10,  12,    0,  35, 35 },
		[SUBJECT_LINK]     = {  0,  100,   0,   0,    0,    0,    0,   0,   0,    0,    0,  0,  40,    0,   0,  0 },
	};
	/* clang-format on */
	bool any = false;

	for (int m = 0; m < M_COUNT; m++) {
		uint8_t c = chance[d->subject][m];

		d->wants[m] = percent(w->s, w->narrow && c < 50 ? c + c / 2 : c);
		any |= d->wants[m];
	}
	if (d->verdict == EG_RULE_ANSWER || w->egress)
		d->wants[M_SOLICITED] = false;
	if (d->wants[M_SOLICITED])
		d->wants[M_TYPE] = percent(w->s, 20) && d->subject != SUBJECT_ANY;
	if (d->verdict == EG_RULE_ANSWER) {
		d->wants[M_TYPE] = true;
		d->wants[M_TO] |= percent(w->s, 50);
	}
	for (int m = 0; w->simple && m < M_COUNT; m++)
		d->wants[m] &= m == M_FAMILY || m == M_KIND || m == M_TYPE || m == M_FROM || m == M_TO;
	/* All packets, once in a while; but such a rule ends everything. */
	if (!any && percent(w->s, w->narrow ? 99 : 85))
		d->wants[percent(w->s, 50) ? M_FROM : M_TO] = true;
	if (w->narrow && d->subject != SUBJECT_LINK && percent(w->s, 70))
		d->wants[M_FROM] = d->wants[M_TO] = true;
	if (w->kinds)
		d->wants[M_FROM] = d->wants[M_TO] = false;
	if (d->subject == SUBJECT_ICMP)
		d->family = 4;
	else if (d->subject == SUBJECT_ICMP6)
		d->family = 6;
	else if (d->wants[M_FAMILY])
		d->family = percent(w->s, 50) ? 4 : 6;
}

static inline void say_limits(struct writer *w, const struct draft *d)
{
	if (d->verdict == EG_RULE_PROTECT || w->simple)
		return;
	if (percent(w->s, 8)) {
		say(w, " per-source");
		if (d->family != 6 && percent(w->s, 40))
			say(w, percent(w->s, 50) ? "/24" : "/16/48");
		say(w, " 1000000/s burst 1000000");
		if (percent(w->s, 50))
			say(w, percent(w->s, 50) ? ", limit 1000000/s burst 1000000"
						 : " limit 500000/s burst 900000");
	} else if (percent(w->s, 8)) {
		say(w, " limit 1000000/s burst 1000000");
	}
	if (d->verdict != EG_RULE_COUNT && percent(w->s, 5))
		say(w, " count");
	if (d->verdict != EG_RULE_ANSWER)
		return;
	if (percent(w->s, 40))
		say(w, " above 1000000/s burst 1000000");
	/* By the name the oracle knows which. */
	if (d->wants[M_TO] && percent(w->s, 70))
		say(w, percent(w->s, 40) ? " while file /open" : " while unit shut");
}

static inline void say_reject(struct writer *w, const struct draft *d)
{
	static const char *const kinds[] = { "net-unreachable", "host-unreachable",
					     "admin-prohibited", "protocol-unreachable",
					     "port-unreachable" };

	if (percent(w->s, 30))
		return;
	say(w, " with ");
	say(w, d->subject == SUBJECT_TCP && percent(w->s, 50) ? "tcp-reset" : PICK(w->s, kinds));
}

static inline void say_end(struct writer *w)
{
	if (percent(w->s, 90))
		say(w, "\n");
	else
		say(w, percent(w->s, 50) ? "; " : "\t# and so on\n");
}

static inline void say_rule(struct writer *w, enum eg_direction direction)
{
	static const char *const words[] = {
		"pass", "drop", "answer", "reject", "count", "protect"
	};
	static const uint8_t ingress[] = { EG_RULE_PASS,   EG_RULE_PASS,   EG_RULE_DROP,
					   EG_RULE_DROP,   EG_RULE_DROP,   EG_RULE_ANSWER,
					   EG_RULE_REJECT, EG_RULE_REJECT, EG_RULE_COUNT,
					   EG_RULE_COUNT,  EG_RULE_COUNT,  EG_RULE_COUNT,
					   EG_RULE_PROTECT };
	static const uint8_t egress[] = { EG_RULE_PASS,	  EG_RULE_PASS,	 EG_RULE_DROP,
					  EG_RULE_DROP,	  EG_RULE_COUNT, EG_RULE_COUNT,
					  EG_RULE_PROTECT };
	enum matcher order[M_COUNT];
	struct draft d = { 0 };

	w->egress = direction == EG_EGRESS;
	d.verdict = direction == EG_INGRESS ? PICK(w->s, ingress) : PICK(w->s, egress);
	if (w->simple)
		d.verdict = percent(w->s, 40) ? EG_RULE_PASS : EG_RULE_DROP;
	do {
		d.subject = below(w->s, SUBJECT_COUNT);
		if (d.verdict == EG_RULE_ANSWER)
			d.subject = percent(w->s, 60) ? SUBJECT_ICMP : SUBJECT_ICMP6;
	} while (d.subject == SUBJECT_LINK && d.verdict == EG_RULE_REJECT);
	draft_matchers(w, &d);
	for (int i = 0; i < M_COUNT; i++)
		order[i] = i;
	if (percent(w->s, 50)) {
		for (int i = M_COUNT - 1; i > 0; i--) {
			int j = below(w->s, i + 1);
			enum matcher m = order[i];

			order[i] = order[j];
			order[j] = m;
		}
	}
	say(w, words[d.verdict]);
	if ((d.verdict == EG_RULE_DROP || d.verdict == EG_RULE_REJECT) &&
	    (w->kinds || percent(w->s, 15)))
		say(w, " even-protected");
	for (int i = 0; i < M_COUNT; i++) {
		if (!d.wants[order[i]])
			continue;
		say(w, percent(w->s, 97) ? " " : " \\\n\t");
		say_matcher(w, &d, order[i]);
	}
	if (d.verdict == EG_RULE_REJECT)
		say_reject(w, &d);
	say_limits(w, &d);
	say_end(w);
}

static inline void say_egress(struct writer *w, unsigned int rules)
{
	say(w, "\negress {\n");
	if (percent(w->s, 50))
		say(w, percent(w->s, 50) ? "default drop\n" : "default pass\n");
	while (rules--)
		say_rule(w, EG_EGRESS);
	say(w, "\n}\n");
}

/*
 * `count` rules for the interface, and some for others now and then; `simple` ones if it is
 * asked for. The caller frees what is returned.
 */
static inline char *random_rules(uint64_t *s, const char *ifname, unsigned int count, bool simple)
{
	static const char *const defaults[] = { "answer", "answer", "pass", "drop" };
	struct writer w = { .s = s, .narrow = count > 64, .simple = simple };
	unsigned int egress = percent(s, 80) ? count * below(s, 60) / 100 : 0;
	unsigned int ingress = count - egress;
	unsigned int own = percent(s, 20) ? below(s, ingress) : 0;
	char *text = NULL;
	size_t size;

	w.kinds = simple && w.narrow;
	w.f = open_memstream(&text, &size);
	if (!w.f)
		abort();
	if (percent(s, 10))
		say(&w, "reply-path swap\n");
	say_sets(&w);
	if (percent(s, 80))
		fprintf(w.f, "default %s\n", PICK(s, defaults));
	if (egress && percent(s, 50)) {
		say_egress(&w, egress);
		egress = 0;
	}
	for (unsigned int i = 0; i < ingress - own; i++)
		say_rule(&w, EG_INGRESS);
	/* The rules above hold there too, and all together there may be no more than so many. */
	if (count < EG_RULES_MAX && percent(s, 10)) {
		say(&w, "\ninterface other0 {\ndefault drop\n");
		say_rule(&w, EG_INGRESS);
		say(&w, "\n}\n");
	}
	if (own) {
		fprintf(w.f, "\ninterface %s, other1 {\n", ifname);
		for (unsigned int i = 0; i < own; i++)
			say_rule(&w, EG_INGRESS);
		say(&w, "\n}\n");
	}
	if (egress)
		say_egress(&w, egress);
	if (fclose(w.f))
		abort();
	return text;
}

#endif
