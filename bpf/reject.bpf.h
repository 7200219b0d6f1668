/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `reject`: the packet becomes an error about itself, or a reset, and goes back the way it
 * came. Global functions, see path.bpf.h: this is long, and seldom the fast path; two of
 * them for the stack's sake. What they share is in the CPU's own place in eg_counters.
 */
#ifndef EG_REJECT_BPF_H
#define EG_REJECT_BPF_H

#include <echogate/reject.h>
#include "path.bpf.h"
#include "rules.bpf.h"
#include "tap.bpf.h"

#define EG_REJECT_LIMITED	0x100	/* the rule has a limit of its own */
#define EG_REJECT_TRIAL		0x200

/* Whom the error comes from: whom the packet was for, if it was for this host. */
static __always_inline bool eg_error_source(const struct eg_match *m, struct eg_error *e)
{
	if (m->family == AF_INET) {
		bool own = eg_addr4_owner(&eg_addrs, m->to[0]) == EG_OWNER_LOCAL;

		e->from[0] = own || !e->head ? m->to[0] : eg_config.error4;
		return e->from[0];
	}
	if (eg_addr6_own(&eg_addrs, m->to) || !e->head)
		__builtin_memcpy(e->from, m->to, sizeof(e->from));
	else
		__builtin_memcpy(e->from, eg_config.error6, sizeof(e->from));
	return e->from[0] | e->from[1] | e->from[2] | e->from[3];
}

/* What is asked about the way back, and with which hop limit it goes. */
static __always_inline enum eg_reason eg_error_path(void *ctx, enum eg_hook hook,
						    const void *data, const void *end, __u32 l3,
						    bool v4, struct eg_error *e)
{
	const void *eth = eg_l3 ? data : eg_view(data, sizeof(struct ethhdr), end), *ip;
	struct eg_vlan_key tags = {};
	enum eg_reason reason;

	if (eg_has_tag_aside(ctx, hook) || l3 > sizeof(struct ethhdr)) {
		reason = eg_tags(ctx, hook, data, end, &tags);
		if (reason != EG_REASON_NONE)
			return reason;
	}
	EG_BOUND(l3, 31);
	ip = eg_view(data + l3, v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), end);
	if (!eth || !ip)
		return EG_REASON_NOT_LINEAR;
	e->hash = eg_path_hash(eth, ip, v4 ? AF_INET : AF_INET6, &tags);
	e->hops = v4 ? eg_config.ttl4 : eg_hop_limit(&tags);
	return EG_REASON_NONE;
}

static __always_inline bool eg_error_limit(__u32 how)
{
	struct eg_rule_cell *cell;

	if (how & (EG_REJECT_LIMITED | EG_REJECT_TRIAL))
		return true;
	cell = eg_rule_cell_at(EG_SLOT_REJECT);
	return cell && eg_limit_pass(EG_SLOT_REJECT, cell, eg_now(false), EG_REJECT_GAP,
				     EG_REJECT_DEPTH, 1);
}

static __always_inline struct eg_counters *eg_reject_counters(__u32 how)
{
	return eg_counters_of(how & EG_REJECT_TRIAL ? EG_COUNTERS_TRIAL : EG_INGRESS);
}

/* Whether and what is to be sent in answer to the packet in eg_match. */
static __always_inline enum eg_reason eg_reject_judge(void *ctx, enum eg_hook hook, __u32 how)
{
	struct eg_counters *counters = eg_reject_counters(how);
	const void *data, *end;
	enum eg_reason reason;
	struct eg_packet p;

	if (!counters)
		return EG_REASON_REJECT_FAILED;
	if (hook != EG_HOOK_XDP) {
		struct __sk_buff *skb = ctx;
		__u32 need = EG_ERROR_MAX6 + 22;

		/* Segments that were glued together are one flow's, which no error would end. */
		if (skb->gso_segs > 1 || bpf_skb_pull_data(skb, skb->len < need ? skb->len : need))
			return EG_REASON_REJECT_FAILED;
	}
	data = eg_data(ctx, hook);
	end = eg_data_end(ctx, hook);
	eg_take_up(&counters->match, &p, data);
	reason = eg_error_judge(data + p.l3, end, &p, &counters->match, &eg_addrs, how & 0xff,
				&counters->error);
	if (reason != EG_REASON_NONE)
		return reason;
	/* All is read anew from there, and looked at by the verifier once: see eg_put_aside(). */
	barrier();
	reason = eg_error_sum(data + p.l3, end, counters->match.kind, eg_offload,
			      &counters->error);
	if (reason != EG_REASON_NONE)
		return reason;
	if (!eg_error_source(&counters->match, &counters->error))
		return EG_REASON_REJECT_FAILED;
	if (counters->error.family == AF_INET)
		reason = eg_error_path(ctx, hook, data, end, p.l3, true, &counters->error);
	else
		reason = eg_error_path(ctx, hook, data, end, p.l3, false, &counters->error);
	return reason == EG_REASON_NONE ? EG_REASON_NONE : EG_REASON_REJECT_FAILED;
}

/* Makes of the frame what eg_reject_judge() found. */
static __always_inline enum eg_reason eg_reject_send(void *ctx, enum eg_hook hook, __u32 how)
{
	struct eg_counters *counters = eg_reject_counters(how);
	__u64 before, after, bytes;
	const struct eg_error *e;
	struct eg_count *sent;
	void *data, *end, *ip;
	__u32 l3;

	if (!counters)
		return EG_REASON_REJECT_FAILED;
	e = &counters->error;
	l3 = counters->match.l3;
	EG_BOUND(l3, 31);
	if (hook == EG_HOOK_XDP)
		bytes = bpf_xdp_get_buff_len(ctx);
	else
		bytes = ((struct __sk_buff *)ctx)->len;
	/* Every pointer into the packet is void after these. */
	if (!eg_trim(ctx, hook, bytes, l3 + e->quote) ||
	    (e->head && !eg_make_room(ctx, hook, l3, e->head)))
		return EG_REASON_REJECT_FAILED;
	data = eg_data(ctx, hook);
	end = eg_data_end(ctx, hook);
	if (!eg_turn_link(data, end, l3))
		return EG_REASON_REJECT_FAILED;
	if (e->family == AF_INET) {
		ip = (void *)eg_view(data + l3, EG_ERROR_LEAST4, end);
		if (!ip)
			return EG_REASON_REJECT_FAILED;
		before = eg_sum_fixed(ip, EG_ERROR_LEAST4);
		eg_error_write(ip, e, true, e->hash ^ bpf_get_prandom_u32());
		after = eg_sum_fixed(ip, EG_ERROR_LEAST4);
	} else {
		ip = (void *)eg_view(data + l3, EG_ERROR_LEAST6, end);
		if (!ip)
			return EG_REASON_REJECT_FAILED;
		before = eg_sum_fixed(ip, EG_ERROR_LEAST6);
		eg_error_write(ip, e, false, eg_config.flags & EG_FLAG_LABEL_AUTO ? e->hash : 0);
		after = eg_sum_fixed(ip, EG_ERROR_LEAST6);
	}
	eg_fix_sum(ctx, hook, before, after);
	sent = &counters->sent[e->family != AF_INET][how & (EG_REJECT_SLOTS - 1)];
	sent->packets++;
	sent->bytes += e->len;
	return EG_REASON_NONE;
}

__noinline int eg_reject_judge_xdp(struct xdp_md *ctx, __u32 how)
{
	return eg_reject_judge(ctx, EG_HOOK_XDP, how);
}

__noinline int eg_reject_judge_tc(struct __sk_buff *ctx, __u32 how)
{
	return eg_reject_judge(ctx, EG_HOOK_TC, how);
}

__noinline int eg_reject_send_xdp(struct xdp_md *ctx, __u32 how)
{
	return eg_reject_send(ctx, EG_HOOK_XDP, how);
}

__noinline int eg_reject_send_tc(struct __sk_buff *ctx, __u32 how)
{
	return eg_reject_send(ctx, EG_HOOK_TC, how);
}

/* Turns the packet that a rule rejects into what is sent in answer; NONE when it is done. */
static __always_inline enum eg_reason eg_reject(void *ctx, enum eg_hook hook, __u32 how,
						const struct eg_match *m, const struct eg_error *e)
{
	__u32 at = m->l3 | (m->family == AF_INET ? 0 : EG_AT_IPV6), cell;
	enum eg_reason reason;

	reason = hook == EG_HOOK_XDP ? eg_reject_judge_xdp(ctx, how) : eg_reject_judge_tc(ctx, how);
	if (reason != EG_REASON_NONE)
		return reason;
	cell = eg_path_cell(e->hash, bpf_jiffies64(), eg_epoch_shift);
	reason = hook == EG_HOOK_XDP ? eg_path_ask_xdp(ctx, e->hash, cell, at, e->len)
				     : eg_path_ask_tc(ctx, e->hash, cell, at, e->len);
	switch (reason) {
	case EG_REASON_NONE:
	/*
	 * Nobody else will ever look for this neighbour: what the route says is enough, and
	 * the frame's sender knows where it goes.
	 */
	case EG_REASON_NO_NEIGHBOUR:
		break;
	case EG_REASON_ETH_GROUP:
	case EG_REASON_ETH_NOT_OURS:
	case EG_REASON_SOURCE_INVALID:
		return EG_REASON_REJECT_FORBIDDEN;
	default:
		return EG_REASON_REJECT_FAILED;
	}
	if (!eg_error_limit(how))
		return EG_REASON_REJECT_LIMIT;
	return hook == EG_HOOK_XDP ? eg_reject_send_xdp(ctx, how) : eg_reject_send_tc(ctx, how);
}

#endif
