/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the hooks do with a packet: parse, ask the rules, answer or reject, count. A hook
 * brings the frame and turns the verdict into its own codes.
 */
#ifndef EG_INGRESS_BPF_H
#define EG_INGRESS_BPF_H

#include "reject.bpf.h"
#include "track.bpf.h"

/* A request on its way through a hook. */
struct eg_work {
	enum eg_echo_kind kind;
	__u32 l3;			/* offset of the IP header, bytes */
	bool foreign;			/* a rule answers for addresses that aren't this host's */
	struct eg_echo echo;
	__u64 hash;			/* of the path; seeds identification and flow label */
	struct eg_vlan_key tags;
};

/* Counting ------------------------------------------------------------------ */

/* Grows with every IPv4 reply on this CPU. */
static __always_inline __u64 eg_serial(const struct eg_counters *counters)
{
	return counters->icmp[EG_ICMP_ECHO_REQUEST].verdict[EG_VERDICT_ANSWER].packets;
}

static __always_inline void eg_add(struct eg_count *count, __u64 bytes)
{
	count->packets++;
	count->bytes += bytes;
}

/* One packet, in the one cell it belongs to, and under its reason if there is one. */
static __always_inline void eg_account(struct eg_counters *counters, __u32 cell,
				       enum eg_verdict verdict, enum eg_reason reason, __u64 bytes)
{
	struct eg_cell *cells = counters->icmp;

	barrier_var(cell);
	if (cell < EG_CELL_COUNT)
		eg_add(&cells[cell].verdict[verdict], bytes);
	if (reason != EG_REASON_NONE) {
		__u32 slot = reason;

		EG_BOUND(slot, EG_REASON_SLOTS - 1);
		eg_add(&counters->reason[slot], bytes);
	}
}

/* Answering ----------------------------------------------------------------- */

static __always_inline enum eg_reason eg_judge(void *ctx, enum eg_hook hook, const void *data,
					       const void *end, __u32 family, struct eg_work *w)
{
	/* The parser has seen both headers, but one proof shall do for every offset. */
	const void *eth = eg_l3 ? data : eg_view(data, sizeof(struct ethhdr), end);
	__u32 flags = eg_config.flags;
	enum eg_reason reason;
	const void *l3;

	l3 = eg_view(data + w->l3, family == AF_INET ? 28 : 48, end);
	if (!eth || !l3)
		return EG_REASON_NOT_LINEAR;
	if (family == AF_INET)
		reason = eg_judge_4(l3, end, &eg_addrs, w->foreign, &w->echo);
	else
		reason = eg_judge_6(l3, end, &eg_addrs, w->foreign, &w->echo);
	if (reason != EG_REASON_NONE)
		return reason;
	if (unlikely(w->kind == EG_ECHO_STAMP)) {
		reason = eg_judge_stamp(&w->echo);
		if (reason != EG_REASON_NONE)
			return reason;
	} else {
		if (unlikely(flags & (family == AF_INET ? EG_FLAG_IGNORE4 : EG_FLAG_IGNORE6)))
			return EG_REASON_ECHO_IGNORED;
		if (unlikely(flags &
			     (family == AF_INET ? EG_FLAG_RATEMASK4 : EG_FLAG_RATEMASK6)))
			return EG_REASON_ECHO_RATEMASK;
	}
	w->hash = eg_path_hash(eth, l3, family, &w->tags);
	return eg_path_check(ctx, hook, eth, l3, w->l3, family, w->hash, w->echo.len,
			     w->tags.outer);
}

/*
 * Why the request in the frame of `bytes`, of which `data` to `end` is linear, is left
 * to the kernel, if it is. w->kind and w->l3 come from the parser.
 */
static __always_inline enum eg_reason eg_decide(void *ctx, enum eg_hook hook, const void *data,
						const void *end, __u64 bytes, struct eg_work *w)
{
	__u64 linear = end - data;
	enum eg_reason reason;

	w->tags = (struct eg_vlan_key){};
	if (unlikely(eg_has_tag_aside(ctx, hook) || w->l3 > sizeof(struct ethhdr))) {
		reason = eg_tags(ctx, hook, data, end, &w->tags);
		if (reason != EG_REASON_NONE)
			return reason;
	}
	if (!__builtin_constant_p(w->l3))
		EG_BOUND(w->l3, 31);
	reason = w->kind != EG_ECHO_6 ? eg_judge(ctx, hook, data, end, AF_INET, w) :
					eg_judge(ctx, hook, data, end, AF_INET6, w);
	/* Beyond what is linear, and there is no more. */
	if (unlikely(reason == EG_REASON_NOT_LINEAR) && linear == bytes)
		reason = EG_REASON_IP_LENGTH;
	return reason;
}

/*
 * The flow label of a reply to `ip6`, host order (ip6_make_flowlabel(),
 * icmpv6_echo_reply()): a label of 0 is none to reflect.
 */
static __always_inline __u32 eg_flow_label(const struct ipv6hdr *ip6, __u64 hash)
{
	__u32 label = eg_ipv6_flow(ip6) & 0xfffff;

	if (eg_config.flags & EG_FLAG_LABEL_REFLECT && label)
		return label;
	return eg_config.flags & EG_FLAG_LABEL_AUTO ? hash & 0xfffff : 0;
}

/* Milliseconds since midnight UTC (inet_current_timestamp()). */
static __always_inline __u32 eg_time_of_day(void)
{
	__u64 ns = bpf_ktime_get_tai_ns() - (__s64)eg_config.tai * 1000000000ll;

	return ns / 1000000 % 86400000;
}

/*
 * Writes the reply over the request, in a frame trimmed to its length; `serial` makes the
 * identification differ from one reply to the next. False when the frame is not
 * what it was.
 */
static __always_inline bool eg_reply(void *ctx, enum eg_hook hook, const struct eg_work *w,
				     __u64 serial)
{
	void *data = eg_data(ctx, hook), *end = eg_data_end(ctx, hook), *l3;
	__u16 id = serial + (w->hash >> 16);
	__u64 before;

	if (!eg_turn_link(data, end, w->l3))
		return false;
	if (w->kind == EG_ECHO_6) {
		l3 = (void *)eg_view(data + w->l3, 48, end);
		if (!l3)
			return false;
		before = (__u64)eg_load32(l3) + eg_load32(l3 + 4);
		eg_reply_6(l3, &w->echo, eg_hop_limit(&w->tags), eg_flow_label(l3, w->hash));
		/* The first two words change; what else does cancels out, as all does in IPv4. */
		eg_fix_sum(ctx, hook, before, (__u64)eg_load32(l3) + eg_load32(l3 + 4));
	} else if (likely(w->kind == EG_ECHO_4)) {
		l3 = (void *)eg_view(data + w->l3, 28, end);
		if (!l3)
			return false;
		eg_reply_4(l3, &w->echo, eg_config.ttl4, id);
	} else {
		l3 = (void *)eg_view(data + w->l3, sizeof(struct iphdr) + EG_STAMP_SIZE, end);
		if (!l3)
			return false;
		eg_reply_stamp(l3, &w->echo, eg_config.ttl4, id, eg_time_of_day());
	}
	return true;
}

/* Turns the request into its reply; `w` has what the parser and the rules know of it. */
static __always_inline enum eg_reason eg_answer_as(void *ctx, enum eg_hook hook, __u64 bytes,
						   __u64 serial, struct eg_work w)
{
	enum eg_reason reason;

	/* Or addresses of its fields are kept from before, and verifiers allow none but its own. */
	barrier_var(ctx);
	reason = eg_decide(ctx, hook, eg_data(ctx, hook), eg_data_end(ctx, hook), bytes, &w);
	if (reason != EG_REASON_NONE)
		return reason;
	/* Padding is not echoed, wherever a driver put it. */
	if (!eg_trim(ctx, hook, bytes, w.l3 + w.echo.len) || !eg_reply(ctx, hook, &w, serial))
		return EG_REASON_ADJUST_FAILED;
	return EG_REASON_NONE;
}

/*
 * The requests not seen most often: tagged, of a device without link header, for a time
 * of day. A global function, see path.bpf.h: what the fast path need not carry, and
 * the verifier need not read with every state of it.
 */
static __always_inline enum eg_reason eg_answer_rare(void *ctx, enum eg_hook hook, __u64 serial,
						     __u32 kind, __u32 l3, bool foreign)
{
	return eg_answer_as(ctx, hook, eg_size(ctx, hook), serial,
			    (struct eg_work){ .kind = kind, .l3 = l3, .foreign = foreign });
}

__noinline int eg_answer_xdp(struct xdp_md *ctx, __u64 serial, __u32 kind, __u32 l3, bool foreign)
{
	return eg_answer_rare(ctx, EG_HOOK_XDP, serial, kind, l3, foreign);
}

__noinline int eg_answer_tc(struct __sk_buff *ctx, __u64 serial, __u32 kind, __u32 l3,
			    bool foreign)
{
	return eg_answer_rare(ctx, EG_HOOK_TC, serial, kind, l3, foreign);
}

/*
 * Turns the request, whose IP header is at offset `l3` of a frame of `bytes`, fragments
 * included, into its reply; returns NONE when it is done. In the code for those most often
 * seen the compiler knows where all is.
 */
static __always_inline enum eg_reason eg_answer(void *ctx, enum eg_hook hook,
						const struct eg_packet *p, bool foreign,
						__u64 bytes, __u64 serial)
{
	struct eg_work w = { .l3 = sizeof(struct ethhdr), .foreign = foreign };

	if (likely(p->l3 == w.l3 && p->echo != EG_ECHO_STAMP && !eg_has_tag_aside(ctx, hook))) {
		w.kind = EG_ECHO_4;
		if (likely(p->echo == EG_ECHO_4))
			return eg_answer_as(ctx, hook, bytes, serial, w);
		w.kind = EG_ECHO_6;
		return eg_answer_as(ctx, hook, bytes, serial, w);
	}
	return hook == EG_HOOK_XDP ? eg_answer_xdp(ctx, serial, p->echo, p->l3, foreign)
				   : eg_answer_tc(ctx, serial, p->echo, p->l3, foreign);
}

/* Deciding ------------------------------------------------------------------ */

/*
 * Writes down how a trial ended; `m` is NULL if no rules were asked. Those that matched are
 * there already.
 */
static __always_inline void eg_trace_end(const struct eg_match *m, __u32 direction,
					 const struct eg_rule *rule, enum eg_verdict verdict,
					 enum eg_reason reason)
{
	__u32 zero = 0;
	struct eg_trace *trace = bpf_map_lookup_elem(&eg_trace, &zero);

	if (!trace)
		return;
	trace->verdict = verdict;
	trace->reason = reason;
	/* The last that matched, if it was one to decide. */
	trace->decided = rule != NULL;
	if (!m)
		return;
	trace->protect = m->protect;
	EG_EACH_FIELD(i, EG_USED(direction))
		trace->index[i] = m->index[i];
}

/* Whether the rule decided, but not to answer. Only a walk asks, and not about every rule. */
static __always_inline bool eg_is_held(const struct eg_rule *rule, const struct eg_walk *w)
{
	return rule->flags & (EG_RULE_ABOVE | EG_RULE_GATE) && w->held != EG_REASON_NONE;
}

/* What of a packet's end is more than counting; `what` is verdict, reason and what was noted. */
static __always_inline int eg_conclude(void *ctx, enum eg_hook hook, enum eg_direction direction,
				       __u32 what, const struct eg_rule *rule)
{
	__u32 verdict = what & 0xff, reason = what >> 8 & 0xff, noted = what >> 16;
	bool trial = noted & EG_NOTED_TRIAL;
	struct eg_counters *counters;

	counters = eg_counters_of(trial ? EG_COUNTERS_TRIAL : direction);
	if (!counters)
		return 0;
	if (trial)
		eg_trace_end(eg_filters(direction) ? &counters->match : NULL, direction, rule,
			     verdict, reason);
	else
		eg_tap_end(ctx, hook, counters, direction, noted, rule, verdict, reason);
	return 0;
}

__noinline int eg_conclude_xdp(struct xdp_md *ctx, __u32 what, const struct eg_rule *rule)
{
	return eg_conclude(ctx, EG_HOOK_XDP, EG_INGRESS, what, rule);
}

__noinline int eg_conclude_tc(struct __sk_buff *ctx, __u32 what, const struct eg_rule *rule)
{
	return eg_conclude(ctx, EG_HOOK_TC, EG_INGRESS, what, rule);
}

__noinline int eg_conclude_egress(struct __sk_buff *ctx, __u32 what, const struct eg_rule *rule)
{
	return eg_conclude(ctx, EG_HOOK_TC, EG_EGRESS, what, rule);
}

/* Counts the packet; shows it to a trial, to captures, to the recorder. */
static __always_inline enum eg_verdict eg_end(void *ctx, enum eg_hook hook,
					      struct eg_counters *counters,
					      enum eg_direction direction, __u32 cell,
					      const struct eg_rule *rule, enum eg_verdict verdict,
					      enum eg_reason reason, __u64 bytes, __u32 noted)
{
	__u32 what = verdict | reason << 8 | noted << 16;

	eg_account(counters, cell, verdict, reason, bytes);
	if (hook == EG_HOOK_TC && (verdict == EG_VERDICT_ANSWER || verdict == EG_VERDICT_REJECT) &&
	    unlikely(eg_tap_live()))
		eg_tap_mark_reply(ctx);
	if (likely(!noted && !eg_record_due(counters, rule, verdict, reason)))
		return verdict;
	if (direction == EG_EGRESS)
		eg_conclude_egress(ctx, what, rule);
	else if (hook == EG_HOOK_XDP)
		eg_conclude_xdp(ctx, what, rule);
	else
		eg_conclude_tc(ctx, what, rule);
	return verdict;
}

/*
 * What a simple field leaves of `bits`. Of more than 64 rules only all fields together tell:
 * then it is put down for eg_rules_among_many().
 */
static __always_inline __u64 eg_simple_field(struct eg_match *m, __u64 bits, enum eg_field field,
					     __u32 index)
{
	if (eg_rulesets[EG_INGRESS].rules <= EG_WORD_BITS)
		return bits & eg_entry_of(EG_INGRESS, field, index);
	m->index[field] = index;
	return bits;
}

/* What all simple fields of a plain packet leave, and whether it is protected for what it is. */
static __always_inline __u64 eg_simple_fields(struct eg_cursor frame, __u32 kind, __u64 bits,
					      struct eg_match *m, bool *protect)
{
	const volatile struct eg_ruleset *set = &eg_rulesets[EG_INGRESS];
	bool v4 = eg_kind_ipv4(kind);
	const struct ipv6hdr *ip6;
	const struct iphdr *ip;
	const void *l3;

	l3 = eg_view(frame.pos + sizeof(struct ethhdr), v4 ? sizeof(*ip) : sizeof(*ip6), frame.end);
	if (!l3)
		return 0;
	ip = l3;
	ip6 = l3;
	*protect = eg_kind_protected(kind, v4 ? ip->ttl : ip6->hop_limit);
	if (set->used & EG_BIT(EG_FIELD_PROTECT))
		bits = eg_simple_field(m, bits, EG_FIELD_PROTECT, *protect);
	if (set->used & EG_BIT(EG_FIELD_FROM))
		bits = eg_simple_field(m, bits, EG_FIELD_FROM,
				       1 + (v4 ? eg_class4(ip->saddr)
					       : eg_class6((const __be32 *)&ip6->saddr)));
	if (set->used & EG_BIT(EG_FIELD_TO))
		bits = eg_simple_field(m, bits, EG_FIELD_TO,
				       1 + (v4 ? eg_class4(ip->daddr)
					       : eg_class6((const __be32 *)&ip6->daddr)));
	return bits;
}

/*
 * The verdict on a plain packet of which little need be known: whoever just passes by, and
 * what simple rules drop. EG_VERDICT_COUNT for all others; nothing that is
 * read here is kept for them, whom that would cost less than it costs these.
 */
static __always_inline enum eg_verdict eg_at_sight(void *ctx, enum eg_hook hook, __u32 kind)
{
	const volatile struct eg_ruleset *set = &eg_rulesets[EG_INGRESS];
	bool asks = set->fallback == EG_DEFAULT_ANSWER && eg_kind_asks(kind), protect = true;
	enum eg_verdict verdict = EG_VERDICT_PASS;
	const struct eg_rule *rule = NULL;
	struct eg_counters *counters;
	__u32 first = EG_NO_RULE;
	struct eg_match *m;
	__u64 bits, bytes;

	if (kind >= EG_KIND_ARP ||
	    (!set->simple &&
	     (set->fallback == EG_DEFAULT_DROP ||
	      (set->rules && !(set->used & EG_BIT(EG_FIELD_KIND))))))
		return EG_VERDICT_COUNT;
	bits = set->rules ? eg_kind_entry(EG_INGRESS, kind) : 0;
	if (bits ? !set->simple : asks)
		return EG_VERDICT_COUNT;
	if (eg_tracks(EG_INGRESS) && eg_kind_tracked(EG_INGRESS, kind))
		return EG_VERDICT_COUNT;
	if (unlikely(eg_is_trial(ctx, hook) || eg_tap_live()))
		return EG_VERDICT_COUNT;
	counters = eg_counters_of(EG_INGRESS);
	if (!counters)
		return EG_VERDICT_PASS;
	m = &counters->match;
	if (set->simple && set->header)
		bits = eg_simple_fields(eg_frame(ctx, hook), kind, bits, m, &protect);
	if (bits && set->rules > EG_WORD_BITS) {
		m->noted = 0;
		m->index[EG_FIELD_KIND] = kind;
		first = eg_rules_among_many(m, EG_INGRESS);
	} else if (bits) {
		first = eg_first_bit(bits);
	}
	if (first != EG_NO_RULE) {
		rule = eg_rule_at(set->first + first);
		if (!rule)
			return EG_VERDICT_COUNT;
		if (rule->verdict == EG_RULE_DROP)
			verdict = EG_VERDICT_DROP;
	} else if (set->fallback == EG_DEFAULT_DROP) {
		if (!protect)
			verdict = EG_VERDICT_DROP;
	} else if (asks) {
		return EG_VERDICT_COUNT;
	}
	if (eg_record_due(counters, rule, verdict, EG_REASON_NONE))
		return EG_VERDICT_COUNT;
	bytes = eg_size(ctx, hook);
	if (rule)
		eg_rule_count(rule->slot, bytes);
	eg_account(counters, eg_kind_cell(kind), verdict, EG_REASON_NONE, bytes);
	return verdict;
}

/*
 * The verdict on a packet that came in. What is answered or rejected
 * leaves this function as what is to be sent, all else as it was.
 */
static __always_inline enum eg_verdict eg_ingress(void *ctx, enum eg_hook hook)
{
	__u32 kind = eg_l3 ? EG_KIND_COUNT : eg_parse_plain(eg_frame(ctx, hook));
	struct eg_counters *counters;
	const struct eg_rule *rule = NULL;
	enum eg_verdict verdict;
	enum eg_reason reason;
	struct eg_cursor c;
	struct eg_match *m;
	struct eg_packet p;
	bool answer, trial;
	struct eg_tag tag;
	__u64 bytes, live;
	__u32 noted;

	verdict = eg_at_sight(ctx, hook, kind);
	if (verdict != EG_VERDICT_COUNT)
		return verdict;
	verdict = EG_VERDICT_PASS;
	barrier_var(ctx);
	bytes = eg_size(ctx, hook);
	trial = eg_is_trial(ctx, hook);
	noted = trial ? EG_NOTED_TRIAL : 0;
	live = eg_tap_live();
	if (unlikely(live) && !trial)
		noted = eg_tap_keep(ctx, hook, EG_INGRESS, live);
	/* Or its fields would be kept on one way to here, as numbers. */
	barrier_var(ctx);
	c = eg_frame(ctx, hook);
	counters = eg_counters_of(trial ? EG_COUNTERS_TRIAL : EG_INGRESS);
	if (!counters)
		return EG_VERDICT_PASS;
	reason = eg_parse_rest(c, kind, eg_l3, &p);
	m = &counters->match;
	noted = eg_note(m, noted);
	answer = eg_rulesets[EG_INGRESS].fallback == EG_DEFAULT_ANSWER;
	if (eg_filters(EG_INGRESS) || eg_tracks(EG_INGRESS)) {
		if (eg_tag_aside(ctx, hook, &tag))
			p.vlan = 1 + eg_tag_vid(&tag);
		eg_put_aside(m, &p, reason, c.pos);
		reason = eg_take_up(m, &p, c.pos);
	}
	if (eg_tracks(EG_INGRESS))
		m->solicited = eg_track(ctx, hook, m, p.kind);
	if (eg_filters(EG_INGRESS)) {
		rule = eg_rules_match(c.pos, c.end, &p, EG_INGRESS, bytes, m);
		if (rule ? rule->verdict == EG_RULE_DROP
			 : eg_rulesets[EG_INGRESS].fallback == EG_DEFAULT_DROP && !m->protect)
			return eg_end(ctx, hook, counters, EG_INGRESS, p.cell, rule,
				      EG_VERDICT_DROP, EG_REASON_NONE, bytes, noted);
		if (rule && eg_rulesets[EG_INGRESS].held && eg_is_held(rule, &counters->walk)) {
			reason = counters->walk.held;
			return eg_end(ctx, hook, counters, EG_INGRESS, p.cell, rule,
				      reason == EG_REASON_GATE_SHUT ? EG_VERDICT_DROP : EG_VERDICT_PASS,
				      reason, bytes, noted);
		}
		if (rule) {
			answer = rule->verdict == EG_RULE_ANSWER;
			if (rule->verdict == EG_RULE_REJECT)
				verdict = EG_VERDICT_REJECT;
		}
	}
	/* Nobody asks why a packet passes that was to pass, or why it was not answered then. */
	if (verdict != EG_VERDICT_PASS || (rule && !answer))
		reason = EG_REASON_NONE;
	if (verdict == EG_VERDICT_REJECT) {
		__u32 how = rule->reject | (rule->flags & EG_RULE_LIMIT ? EG_REJECT_LIMITED : 0) |
			    (eg_in_trial(m) ? EG_REJECT_TRIAL : 0);

		if (!noted && eg_record_due(counters, rule, verdict, EG_REASON_NONE))
			noted = eg_tap_keep(ctx, hook, EG_INGRESS, 0);
		reason = eg_reject(ctx, hook, how, m, &counters->error);
		if (reason != EG_REASON_NONE)
			verdict = EG_VERDICT_DROP;
	} else if (verdict == EG_VERDICT_PASS && p.echo != EG_ECHO_NONE) {
		if (!answer || (p.echo == EG_ECHO_STAMP && !rule)) {
			reason = EG_REASON_NONE;
		} else if (reason == EG_REASON_NONE) {
			reason = eg_answer(ctx, hook, &p, rule && rule->flags & EG_RULE_FOREIGN,
					   bytes, eg_serial(counters));
			if (reason == EG_REASON_NONE)
				verdict = EG_VERDICT_ANSWER;
		}
	}
	return eg_end(ctx, hook, counters, EG_INGRESS, p.cell, rule, verdict, reason, bytes, noted);
}

/* The verdict on a packet that is about to be sent: rules may drop it, nothing more. */
static __always_inline enum eg_verdict eg_egress(struct __sk_buff *skb)
{
	struct eg_cursor c = eg_frame(skb, EG_HOOK_TC);
	__u32 kind = eg_l3 ? EG_KIND_COUNT : eg_parse_plain(c);
	bool trial = eg_is_trial(skb, EG_HOOK_TC);
	__u64 bytes = eg_size(skb, EG_HOOK_TC), live = eg_tap_live();
	__u32 noted = trial ? EG_NOTED_TRIAL : 0;
	struct eg_counters *counters = eg_counters_of(trial ? EG_COUNTERS_TRIAL : EG_EGRESS);
	enum eg_verdict verdict = EG_VERDICT_PASS;
	const struct eg_rule *rule = NULL;
	enum eg_reason reason;
	struct eg_match *m;
	struct eg_packet p;
	struct eg_tag tag;

	if (!counters)
		return EG_VERDICT_PASS;
	if (unlikely(live) && !trial)
		noted = eg_tap_keep(skb, EG_HOOK_TC, EG_EGRESS, live);
	m = &counters->match;
	noted = eg_note(m, noted);
	reason = eg_parse_rest(c, kind, eg_l3, &p);
	if (eg_filters(EG_EGRESS) || eg_tracks(EG_EGRESS)) {
		if (eg_tag_aside(skb, EG_HOOK_TC, &tag))
			p.vlan = 1 + eg_tag_vid(&tag);
		eg_put_aside(m, &p, reason, c.pos);
		reason = eg_take_up(m, &p, c.pos);
	}
	if (eg_filters(EG_EGRESS)) {
		rule = eg_rules_match(c.pos, c.end, &p, EG_EGRESS, bytes, m);
		if (rule ? rule->verdict == EG_RULE_DROP
			 : eg_rulesets[EG_EGRESS].fallback == EG_DEFAULT_DROP && !m->protect)
			verdict = EG_VERDICT_DROP;
	}
	if (eg_tracks(EG_EGRESS) && eg_kind_tracked(EG_EGRESS, m->kind) && !trial &&
	    verdict == EG_VERDICT_PASS)
		eg_track_out(skb);
	/* Reasons say why a request wasn't answered; outgoing ones aren't meant to be. */
	if (p.echo != EG_ECHO_NONE || rule || verdict == EG_VERDICT_DROP)
		reason = EG_REASON_NONE;
	return eg_end(skb, EG_HOOK_TC, counters, EG_EGRESS, p.cell, rule, verdict, reason, bytes, noted);
}

#endif
