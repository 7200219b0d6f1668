/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second opinion on rules: what becomes of any bytes at all, by reading them from the
 * RFCs and asking one rule after the other. Slow, and sharing nothing with headers/ and
 * loader/compile.c; from there come only the names and the parsed rules. Limits are taken
 * for inexhaustible, samples for unknown, and no rate is ever exceeded: rules tried with this
 * have none that bite. The gates of files are open, others shut. Which echo replies were asked for,
 * whoever tries them says.
 */
#ifndef TESTS_VECTORS_ORACLE_H
#define TESTS_VECTORS_ORACLE_H

#include "loader/ruleset.h"
#include "opinion.h"

/* What a frame shows. A field that it doesn't have is -1. */
struct shown {
	int family; /* by its link header: 4, 6, or 0 */
	bool arp;
	int vlan;  /* of the outermost tag */
	bool good; /* it is IP and its header is valid: the rest is known */
	int proto;
	int counted; /* protocol under which it is counted; malformed ones as far as they go */
	bool first, later, options;
	int ttl, dscp, length;
	const uint8_t *src, *dst, *icmp;
	bool src_own, dst_own;
	int type, code, sport, dport, flags;
	bool reply;	 /* an echo reply, or the first fragment of one */
	bool solicited;	 /* ... which was asked for: not for show() to know */
	bool answerable; /* an echo or timestamp request, as far as it alone can tell */
};

struct oracle {
	struct shown shown;
	bool protected;
	int decided;		      /* number of the rule in its direction; -1: the default */
	enum eg_rule_verdict verdict; /* PASS, DROP, ANSWER, REJECT: what is tried */
	enum eg_reason held;	      /* why the rule is not to answer */
	int cell;		      /* its counter */
	unsigned int count;
	uint16_t matched[EG_RULES_MAX]; /* those that matched, in order */
};

/* IANA: IPv6 Extension Header Types. ESP hides what follows; two are for experiments. */
static inline bool is_extension(int proto)
{
	switch (proto) {
	case 0:
	case 43:
	case 44:
	case 51:
	case 60:
	case 135:
	case 139:
	case 140:
		return true;
	}
	return false;
}

/* The upper layer of a whole packet or first fragment; `room` bytes of it are in the frame. */
static inline void show_upper(struct shown *s, const uint8_t *p, size_t room)
{
	size_t least;

	if ((s->family == 4 && s->proto == 1) || (s->family == 6 && s->proto == 58)) {
		if (room >= 8) {
			s->icmp = p;
			s->type = p[0];
			s->code = p[1];
		}
		return;
	}
	switch (s->proto) {
	case 6:
		least = 20;
		break;
	case 17:
	case 136:
		least = 8;
		break;
	case 33:
	case 132:
		least = 12;
		break;
	default:
		return;
	}
	if (room < least || (s->proto == 6 && p[12] >> 4 < 5))
		return;
	s->sport = get16(p);
	s->dport = get16(p + 2);
	if (s->proto == 6)
		s->flags = p[13];
}

/* A request that is whole and right; `message` and `len` are what its IP header says. */
static inline bool is_answerable(const struct shown *s, const uint8_t *message, size_t len,
				 uint16_t sum)
{
	if (len < 8 || s->first || s->later || s->options)
		return false;
	if (s->family == 6 ? s->type != 128 : s->type != 8 && s->type != 13)
		return false;
	if (s->family == 4 && s->type == 13 && len < 20)
		return false;
	return sum_bytes(sum, message, len) == 0xffff;
}

static inline void show_ip4(struct shown *s, const uint8_t *ip, size_t room)
{
	size_t head;

	if (room < 20 || ip[0] >> 4 != 4)
		return;
	head = (ip[0] & 15) * 4;
	if (head < 20)
		return;
	s->counted = ip[9];
	if (head > room)
		return;
	s->good = true;
	s->options = head > 20;
	s->dscp = ip[1] >> 2;
	s->length = get16(ip + 2);
	s->ttl = ip[8];
	s->proto = ip[9];
	s->src = ip + 12;
	s->dst = ip + 16;
	s->src_own = is_own4(s->src);
	s->dst_own = is_own4(s->dst);
	s->later = get16(ip + 6) & 0x1fff;
	s->first = !s->later && ip[6] & 0x20;
	if (!s->later)
		show_upper(s, ip + head, room - head);
	if ((size_t)s->length >= head && (size_t)s->length <= room)
		s->answerable = sum_bytes(0, ip, 20) == 0xffff &&
				is_answerable(s, ip + head, s->length - head, 0);
}

static inline void show_ip6(struct shown *s, const uint8_t *ip, size_t room)
{
	size_t at = 40, payload;
	int proto;

	if (room < 40 || ip[0] >> 4 != 6)
		return;
	proto = ip[6];
	payload = get16(ip + 4);
	for (int headers = 0; !s->later && is_extension(proto); headers++) {
		size_t len;

		s->counted = proto;
		if (room - at < 8)
			return;
		s->counted = ip[at];
		if (headers == 8)
			return;
		if (proto == 44) {
			len = 8;
			s->later = get16(ip + at + 2) & 0xfff8;
			s->first = !s->later;
		} else {
			s->options = true;
			len = proto == 51 ? (ip[at + 1] + 2) * 4 : (ip[at + 1] + 1) * 8;
		}
		proto = ip[at];
		if (room - at < len)
			return;
		at += len;
	}
	s->counted = proto;
	s->good = true;
	s->proto = proto;
	s->dscp = (ip[0] & 15) << 2 | ip[1] >> 6;
	s->length = 40 + payload;
	s->ttl = ip[7];
	s->src = ip + 8;
	s->dst = ip + 24;
	s->src_own = is_own6(s->src);
	s->dst_own = is_own6(s->dst);
	if (!s->later)
		show_upper(s, ip + at, room - at);
	if (at == 40 && payload <= room - 40)
		s->answerable = is_answerable(s, ip + 40, payload, sum_pseudo(ip, payload));
}

/*
 * What `len` bytes are; with `l3` they begin with the IP header. `beside` is a tag that
 * the driver took out of the frame, as TPID << 16 | TCI, or 0.
 */
static inline void show(const uint8_t *frame, size_t len, bool l3, uint32_t beside, struct shown *s)
{
	size_t at = 12;
	unsigned int type;

	memset(s, 0, sizeof(*s));
	s->vlan = s->proto = s->counted = s->ttl = s->dscp = s->length = -1;
	s->type = s->code = s->sport = s->dport = s->flags = -1;
	if (beside)
		s->vlan = beside & 0xfff;
	if (l3) {
		s->family = frame[0] >> 4 == 6 ? 6 : 4;
		at = 0;
	} else {
		type = get16(frame + at);
		for (int tags = 0; (type == 0x8100 || type == 0x88a8) && tags < 2; tags++) {
			if (len < at + 6)
				break;
			if (!tags && !beside)
				s->vlan = get16(frame + at + 2) & 0xfff;
			at += 4;
			type = get16(frame + at);
		}
		s->family = type == 0x0800 ? 4 : type == 0x86dd ? 6 : 0;
		s->arp = type == 0x0806;
		at += 2;
	}
	if (s->family == 4)
		show_ip4(s, frame + at, len - at);
	else if (s->family == 6)
		show_ip6(s, frame + at, len - at);
	s->reply = s->good && s->type == (s->family == 6 ? 129 : 0);
	/* A chain that breaks has shown some of it already. */
	if (!s->good)
		s->first = s->later = s->options = false;
}

/* RFC 4890 4.4.1; hop limits of RFC 4861 (3122, 3971, 3810, 4286 follow it or demand 1). */
static inline bool is_protected(const struct shown *s)
{
	if (s->arp || (s->family == 4 && s->proto == 2))
		return true;
	if (s->family != 6 || s->type < 0)
		return false;
	switch (s->type) {
	case 133:
	case 134:
	case 135:
	case 136:
	case 141:
	case 142:
	case 148:
	case 149:
		return s->ttl == 255;
	case 130:
	case 131:
	case 132:
	case 143:
	case 151:
	case 152:
	case 153:
		return s->ttl == 1;
	}
	return false;
}

static inline bool in_ranges(const struct ranges *r, int value)
{
	for (size_t i = 0; i < r->count; i++)
		if (value >= (int)r->list[i].first && value <= (int)r->list[i].last)
			return true;
	return false;
}

/* For fields that a packet may not have. */
static inline bool fits(const struct ranges *r, int value)
{
	return !r->present || (value >= 0 && in_ranges(r, value) != r->negated);
}

static inline bool fits_kind(const struct kinds *k, const struct shown *s)
{
	bool in = false;

	if (!k->present)
		return true;
	for (size_t i = 0; i < k->count && !in; i++) {
		const struct kind *kind = &k->list[i];

		if (kind->first == KIND_ARP)
			in = s->arp;
		else if (kind->first == KIND_NON_IP)
			in = !s->arp && !s->family;
		else
			in = s->proto >= kind->first && s->proto <= kind->last &&
			     (!kind->family || kind->family == s->family);
	}
	return in != k->negated;
}

static inline bool in_prefixes(const struct prefixes *list, int family, const uint8_t *addr)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct prefix *p = &list->list[i];
		const uint8_t *want = (const uint8_t *)p->addr;
		int bit = 0;

		if (p->family != (family == 4 ? AF_INET : AF_INET6))
			continue;
		while (bit < p->length && !((addr[bit / 8] ^ want[bit / 8]) & 0x80 >> bit % 8))
			bit++;
		if (bit == p->length)
			return true;
	}
	return false;
}

static inline bool fits_endpoint(const struct endpoint *e, const struct shown *s,
				 const uint8_t *addr, bool own)
{
	bool in;

	if (!e->present)
		return true;
	if (!s->good)
		return false;
	in = (e->local && own) || in_prefixes(&e->prefixes, s->family, addr);
	for (size_t i = 0; i < e->set_count && !in; i++)
		in = in_prefixes(&e->sets[i]->prefixes, s->family, addr);
	return in != e->negated;
}

static inline bool fits_flags(const struct flag_tests *f, int flags)
{
	bool in = false;

	if (!f->present)
		return true;
	if (flags < 0)
		return false;
	for (size_t i = 0; i < f->count; i++)
		in |= (flags & f->list[i].mask) == f->list[i].value;
	return in != f->negated;
}

static inline bool fits_shape(const struct rule *r, const struct shown *s)
{
	if (r->fragment) {
		bool in = (r->fragment & FRAGMENT_FIRST && s->first) ||
			  (r->fragment & FRAGMENT_LATER && s->later);

		if (!s->good || in == r->fragment_negated)
			return false;
	}
	return !r->options || (s->good && s->options != r->options_negated);
}

static inline bool fits_vlan(const struct rule *r, const struct shown *s)
{
	bool in;

	if (!r->vlan.present)
		return true;
	in = s->vlan < 0 ? r->vlan_none : in_ranges(&r->vlan, s->vlan);
	return in != r->vlan.negated;
}

static inline bool fits_rule(const struct rule *r, const struct shown *s)
{
	return (!r->family || (r->family == s->family) != r->family_negated) &&
	       fits_kind(&r->kind, s) && fits_vlan(r, s) && fits_shape(r, s) &&
	       fits(&r->type, s->type) && fits(&r->code, s->code) && fits(&r->sport, s->sport) &&
	       fits(&r->dport, s->dport) && fits(&r->ttl, s->ttl) && fits(&r->dscp, s->dscp) &&
	       fits(&r->length, s->length) && fits_flags(&r->flags, s->flags) &&
	       (!r->solicited ||
		(s->reply && s->solicited == (r->solicited == EG_SOLICITED_YES))) &&
	       fits_endpoint(&r->from, s, s->src, s->src_own) &&
	       fits_endpoint(&r->to, s, s->dst, s->dst_own);
}

#define ORACLE_SLOT(num, slot) \
	if (number == (num)) \
		return slot;
#define ORACLE_ICMP(id, num, name)     ORACLE_SLOT(num, EG_CELL_ICMP + EG_ICMP_##id)
#define ORACLE_ICMP6(id, num, name)    ORACLE_SLOT(num, EG_CELL_ICMP6 + EG_ICMP6_##id)
#define ORACLE_PROTOCOL(id, num, name) ORACLE_SLOT(num, protocols + EG_PROTOCOL_##id)

/* A fragment's type isn't the whole message's: it counts under its protocol. */
static inline int oracle_cell(const struct shown *s)
{
	int protocols = EG_CELL_PROTOCOL + (s->family == 6 ? EG_PROTOCOL_IN6 : 0);
	int number = s->first ? -1 : s->type;

	if (s->arp)
		return EG_CELL_PROTOCOL + EG_PROTOCOL_ARP;
	if (!s->family)
		return EG_CELL_PROTOCOL + EG_PROTOCOL_NON_IP;
	if (number >= 0 && s->family == 4) {
		EG_ICMP_TYPES(ORACLE_ICMP)
		return EG_CELL_ICMP + EG_ICMP_OTHER;
	}
	if (number >= 0) {
		EG_ICMP6_TYPES(ORACLE_ICMP6)
		return EG_CELL_ICMP6 + EG_ICMP6_OTHER;
	}
	number = s->counted;
	if (number < 0)
		return EG_CELL_PROTOCOL + (s->family == 4 ? EG_PROTOCOL_IPV4 : EG_PROTOCOL_IPV6);
	EG_PROTOCOLS(ORACLE_PROTOCOL)
	return protocols + EG_PROTOCOL_OTHER;
}

static inline bool is_request(const struct shown *s)
{
	return s->family == 6 ? s->type == 128 : s->type == 8;
}

static inline void oracle_ask(const struct rules *rules, enum eg_direction direction,
			      const uint8_t *frame, size_t len, bool l3, uint32_t beside,
			      bool solicited, struct oracle *o)
{
	const struct shown *s = &o->shown;

	show(frame, len, l3, beside, &o->shown);
	o->shown.solicited = solicited;
	o->protected = is_protected(s);
	o->cell = oracle_cell(s);
	o->count = 0;
	o->held = EG_REASON_NONE;
	for (size_t i = 0; i < rules->count[direction]; i++) {
		const struct rule *r = rules->list[direction][i];
		bool spares = o->protected && !r->even_protected &&
			      (r->verdict == EG_RULE_DROP || r->verdict == EG_RULE_REJECT);

		if (spares || !fits_rule(r, s))
			continue;
		o->matched[o->count++] = i;
		if (r->verdict == EG_RULE_PROTECT) {
			o->protected = true;
		} else if (r->verdict != EG_RULE_COUNT) {
			o->decided = i;
			o->verdict = r->verdict;
			if (r->check.kind != CHECK_NONE && r->check.kind != CHECK_FILE) {
				o->verdict = EG_RULE_DROP;
				o->held = EG_REASON_GATE_SHUT;
			} else if (r->above.present) {
				o->verdict = EG_RULE_PASS;
				o->held = EG_REASON_BELOW_RATE;
			}
			return;
		}
	}
	o->decided = -1;
	o->verdict = EG_RULE_PASS;
	if (rules->fallback[direction] == EG_DEFAULT_DROP && !o->protected)
		o->verdict = EG_RULE_DROP;
	else if (rules->fallback[direction] == EG_DEFAULT_ANSWER && is_request(s) &&
		 direction == EG_INGRESS)
		o->verdict = EG_RULE_ANSWER;
}

#endif
