/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * `reject`: the packet becomes an error about itself, or a reset, and goes back the way it
 * came. Global functions, see path.bpf.h: this is long, and seldom the fast path. They
 * read the packet anew, since no pointer into it can be given to them.
 */
#ifndef EG_REJECT_BPF_H
#define EG_REJECT_BPF_H

#include <echogate/reject.h>
#include "frame.bpf.h"
#include "rules.bpf.h"

#define EG_REJECT_LIMITED	0x100	/* the rule has a limit of its own */
#define EG_REJECT_TRIAL		0x200

/* Whom the error comes from: whom the packet was for, if it was for this host. */
static __always_inline bool eg_error_source(const struct eg_fields *f, struct eg_error *e)
{
	if (f->family == AF_INET) {
		bool own = eg_addr4_owner(&eg_addrs, f->to[0]) == EG_OWNER_LOCAL;

		e->from[0] = own || !e->head ? f->to[0] : eg_config.error4;
		return e->from[0];
	}
	if (eg_addr6_own(&eg_addrs, f->to) || !e->head)
		__builtin_memcpy(e->from, f->to, sizeof(e->from));
	else
		__builtin_memcpy(e->from, eg_config.error6, sizeof(e->from));
	return e->from[0] | e->from[1] | e->from[2] | e->from[3];
}

/* Whether there is a way back for `len` bytes. */
static __always_inline enum eg_reason eg_error_path(void *ctx, enum eg_hook hook,
						    const void *data, const void *end, __u32 l3,
						    __u32 family, __u32 len,
						    struct eg_vlan_key *tags, __u64 *hash)
{
	const void *eth = eg_l3 ? data : eg_view(data, sizeof(struct ethhdr), end), *ip;
	struct eg_cursor c = { .pos = data, .end = end };
	enum eg_reason reason;
	struct eg_tag tag;
	bool aside = eg_tag_aside(ctx, hook, &tag);

	if (aside || l3 > sizeof(struct ethhdr)) {
		reason = eg_tags(c, aside ? &tag : NULL, tags);
		if (reason != EG_REASON_NONE)
			return reason;
	}
	EG_BOUND(l3, 31);
	if (!eth)
		return EG_REASON_NOT_LINEAR;
	if (family == AF_INET) {
		ip = eg_view(data + l3, sizeof(struct iphdr), end);
		if (!ip)
			return EG_REASON_NOT_LINEAR;
		*hash = eg_path_hash(eth, ip, AF_INET, tags);
		reason = eg_path_check(ctx, hook, eth, ip, AF_INET, *hash, len, tags);
	} else {
		ip = eg_view(data + l3, sizeof(struct ipv6hdr), end);
		if (!ip)
			return EG_REASON_NOT_LINEAR;
		*hash = eg_path_hash(eth, ip, AF_INET6, tags);
		reason = eg_path_check(ctx, hook, eth, ip, AF_INET6, *hash, len, tags);
	}
	/*
	 * Nobody else will ever look for this neighbour: what the route says is enough, and
	 * the frame's sender knows where it goes.
	 */
	return reason == EG_REASON_NO_NEIGHBOUR ? EG_REASON_NONE : reason;
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

static __always_inline enum eg_reason eg_error_send(void *ctx, enum eg_hook hook, __u32 l3,
						    const struct eg_error *e,
						    const struct eg_vlan_key *tags, __u64 hash)
{
	bool v4 = e->family == AF_INET;
	__u64 before = 0, after;
	void *data, *end, *ip;

	/* Every pointer into the packet is void after these. */
	if (e->head && !eg_make_room(ctx, hook, l3, e->head))
		return EG_REASON_ADJUST_FAILED;
	data = eg_data(ctx, hook);
	end = eg_data_end(ctx, hook);
	if (!eg_turn_link(data, end, l3))
		return EG_REASON_ADJUST_FAILED;
	EG_BOUND(l3, 31);
	if (v4) {
		ip = (void *)eg_view(data + l3, EG_ERROR_LEAST4, end);
		if (!ip)
			return EG_REASON_ADJUST_FAILED;
		before = eg_sum_fixed(ip, EG_ERROR_LEAST4);
		eg_error_write(ip, e, true, eg_config.ttl4, hash ^ bpf_get_prandom_u32());
		after = eg_sum_fixed(ip, EG_ERROR_LEAST4);
	} else {
		ip = (void *)eg_view(data + l3, EG_ERROR_LEAST6, end);
		if (!ip)
			return EG_REASON_ADJUST_FAILED;
		before = eg_sum_fixed(ip, EG_ERROR_LEAST6);
		eg_error_write(ip, e, false, eg_hop_limit(tags),
			       eg_config.flags & EG_FLAG_LABEL_AUTO ? hash : 0);
		after = eg_sum_fixed(ip, EG_ERROR_LEAST6);
	}
	eg_fix_sum(ctx, hook, before, after);
	return EG_REASON_NONE;
}

static __always_inline enum eg_reason eg_reject(void *ctx, enum eg_hook hook, __u32 how)
{
	struct eg_vlan_key tags = {};
	struct eg_error e = {};
	struct eg_fields f;
	struct eg_packet p;
	struct eg_cursor c;
	enum eg_reason reason;
	__u64 hash, bytes;
	const void *ip;
	__u32 l3;

	if (hook == EG_HOOK_XDP) {
		bytes = bpf_xdp_get_buff_len(ctx);
	} else {
		__u32 need = EG_ERROR_MAX6 + 22;

		bytes = ((struct __sk_buff *)ctx)->len;
		/* Segments that were glued together are one flow's, which no error would end. */
		if (((struct __sk_buff *)ctx)->gso_segs > 1 ||
		    bpf_skb_pull_data(ctx, bytes < need ? bytes : need))
			return EG_REASON_REJECT_FAILED;
	}
	c.pos = eg_data(ctx, hook);
	c.end = eg_data_end(ctx, hook);
	eg_parse(c, eg_l3, &p);
	eg_fields_read(c.pos, c.end, &p, 0, &f);
	l3 = p.l3;
	EG_BOUND(l3, 31);
	ip = c.pos + l3;
	reason = eg_error_judge(ip, c.end, &p, &f, &eg_addrs, how & 0xff, eg_offload, &e);
	if (reason != EG_REASON_NONE)
		return reason;
	if (!eg_error_source(&f, &e))
		return EG_REASON_REJECT_FAILED;
	reason = eg_error_path(ctx, hook, c.pos, c.end, l3, f.family, e.len, &tags, &hash);
	if (reason == EG_REASON_ETH_GROUP || reason == EG_REASON_ETH_NOT_OURS ||
	    reason == EG_REASON_SOURCE_INVALID)
		return EG_REASON_REJECT_FORBIDDEN;
	if (reason != EG_REASON_NONE)
		return EG_REASON_REJECT_FAILED;
	if (!eg_error_limit(how))
		return EG_REASON_REJECT_LIMIT;
	if (!eg_trim(ctx, hook, bytes, l3 + e.quote) ||
	    eg_error_send(ctx, hook, l3, &e, &tags, hash) != EG_REASON_NONE)
		return EG_REASON_REJECT_FAILED;
	return EG_REASON_NONE;
}

__noinline int eg_reject_xdp(struct xdp_md *ctx, __u32 how)
{
	return eg_reject(ctx, EG_HOOK_XDP, how);
}

__noinline int eg_reject_tc(struct __sk_buff *ctx, __u32 how)
{
	return eg_reject(ctx, EG_HOOK_TC, how);
}

#endif
