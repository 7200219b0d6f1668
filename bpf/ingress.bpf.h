/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both ingress hooks do with a packet: parse, judge, look for the way back,
 * and count. A hook brings the frame and turns the verdict into its own codes.
 */
#ifndef EG_INGRESS_BPF_H
#define EG_INGRESS_BPF_H

#include "path.bpf.h"

/* A packet on its way through a hook. */
struct eg_work {
	struct eg_packet packet;
	struct eg_echo echo;
	enum eg_reason reason;
	__u64 hash;			/* of the path; seeds identification and flow label */
	struct eg_vlan_key tags;
};

static __always_inline __u32 eg_tag_key(const struct eg_tag *tag)
{
	return (__u32)bpf_ntohs(tag->tpid) << 16 | eg_tag_vid(tag);
}

/*
 * Tags of the frame as eg_vlan_key has them, outermost first, whether they stand
 * in it or, in tc, the outer one beside it. Returns why it can't be answered.
 */
static __always_inline enum eg_reason eg_tags(const struct eg_link *link, const struct eg_tag *aside,
					      struct eg_vlan_key *key)
{
	__be16 priority = 0;

	if (aside) {
		if (link->tags > 1)
			return EG_REASON_VLAN_DEPTH;
		key->outer = eg_tag_key(aside);
		priority = aside->tci;
		if (link->tags) {
			key->inner = eg_tag_key(&link->tag[0]);
			priority |= link->tag[0].tci;
		}
	} else if (link->tags) {
		key->outer = eg_tag_key(&link->tag[0]);
		if (link->tags > 1)
			key->inner = eg_tag_key(&link->tag[1]);
	}
	/* Beside the frame, priority bits would go back as they came; the kernel clears them. */
	if ((key->outer && !(key->outer & 0xfff)) || (key->inner && !(key->inner & 0xfff)) ||
	    priority & bpf_htons(0xf000))
		return EG_REASON_VLAN_PRIORITY;
	return EG_REASON_NONE;
}

/* Why the request whose IP header is at `l3` is left to the kernel, if it is. */
static __always_inline enum eg_reason eg_judge(void *ctx, enum eg_hook hook, const void *data,
					       const void *end, const void *l3, __u32 family,
					       const struct eg_vlan_key *tags, struct eg_work *w)
{
	__u32 flags = eg_config.flags;
	enum eg_reason reason;

	l3 = eg_view(l3, family == AF_INET ? 28 : 48, end);
	if (!l3)
		return EG_REASON_NOT_LINEAR;
	if (family == AF_INET)
		reason = eg_judge_4(l3, end, &eg_addrs, &w->echo);
	else
		reason = eg_judge_6(l3, end, &eg_addrs, &w->echo);
	if (reason != EG_REASON_NONE)
		return reason;
	if (unlikely(flags & (family == AF_INET ? EG_FLAG_IGNORE4 : EG_FLAG_IGNORE6)))
		return EG_REASON_ECHO_IGNORED;
	if (unlikely(flags & (family == AF_INET ? EG_FLAG_RATEMASK4 : EG_FLAG_RATEMASK6)))
		return EG_REASON_ECHO_RATEMASK;
	w->hash = eg_path_hash(data, l3, family, tags->outer, tags->inner);
	return eg_path_check(ctx, hook, data, l3, family, w->hash, w->echo.len, tags->outer,
			     tags->inner);
}

/*
 * The verdict on the frame from `data` to `end`, which is all that is linear.
 * `aside` is a tag that the frame carries beside its bytes (tc), or NULL.
 */
static __always_inline enum eg_verdict eg_decide(void *ctx, enum eg_hook hook, const void *data,
						 const void *end, const struct eg_tag *aside,
						 struct eg_work *w)
{
	struct eg_cursor c = { .pos = data, .end = end };
	struct eg_packet *p = &w->packet;
	struct eg_vlan_key tags = {};
	__u32 offset;

	w->reason = eg_parse(c, eg_l3, p);
	if (likely(p->echo == EG_ECHO_NONE) || w->reason != EG_REASON_NONE)
		return EG_VERDICT_PASS;
	if (unlikely(aside || p->link.tags)) {
		w->reason = eg_tags(&p->link, aside, &tags);
		if (w->reason != EG_REASON_NONE)
			return EG_VERDICT_PASS;
	}
	/* One state for the verifier, however many tags there were. */
	offset = p->l3;
	EG_BOUND(offset, 31);
	w->tags = tags;
	w->reason = p->echo == EG_ECHO_4 ?
		eg_judge(ctx, hook, data, end, data + offset, AF_INET, &tags, w) :
		eg_judge(ctx, hook, data, end, data + offset, AF_INET6, &tags, w);
	return w->reason == EG_REASON_NONE ? EG_VERDICT_ANSWER : EG_VERDICT_PASS;
}

/* The hop limit of what this host sends by the device that the frame came in by. */
static __always_inline __u8 eg_hop_limit(const struct eg_vlan_key *tags)
{
	const struct eg_vlan *vlan;

	if (likely(!tags->outer))
		return eg_config.hop6;
	vlan = bpf_map_lookup_elem(&eg_vlans, tags);
	return vlan ? vlan->hop6 : eg_config.hop6;
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

/* Clears priority and drop eligibility of the tags in a frame to be answered. */
static __always_inline bool eg_reply_tags(void *data, void *end, __u32 tags)
{
	struct vlan_hdr *vlan = data + sizeof(struct ethhdr);

	for (__u32 i = 0; i < EG_VLAN_TAGS; i++) {
		if (i == tags)
			break;
		if ((void *)(vlan + 1) > end)
			return false;
		vlan->h_vlan_TCI &= bpf_htons(0x0fff);
		vlan++;
	}
	return true;
}

/*
 * Writes the reply over the request. The caller has trimmed the frame to the
 * request's IP length and passes pointers taken after that; `serial` makes the
 * identification differ from one reply to the next. False when the frame is not
 * what it was.
 */
static __always_inline bool eg_answer(void *data, void *end, const struct eg_work *w, __u64 serial)
{
	__u32 offset = w->packet.l3;
	void *l3;

	EG_BOUND(offset, 31);
	l3 = data + offset;
	if (!eg_l3) {
		struct ethhdr *eth = data;

		if ((void *)(eth + 1) > end)
			return false;
		eg_reply_link(eth);
		if (unlikely(w->packet.link.tags) &&
		    !eg_reply_tags(data, end, w->packet.link.tags))
			return false;
	}
	if (w->packet.echo == EG_ECHO_4) {
		l3 = (void *)eg_view(l3, sizeof(struct iphdr) + sizeof(struct eg_icmp_head), end);
		if (!l3)
			return false;
		eg_reply_4(l3, &w->echo, eg_config.ttl4, serial + (w->hash >> 16));
	} else {
		l3 = (void *)eg_view(l3, sizeof(struct ipv6hdr) + sizeof(struct eg_icmp_head), end);
		if (!l3)
			return false;
		eg_reply_6(l3, &w->echo, eg_hop_limit(&w->tags), eg_flow_label(l3, w->hash));
	}
	return true;
}

static __always_inline struct eg_counters *eg_counters_of(enum eg_direction direction)
{
	__u32 key = direction;

	return bpf_map_lookup_elem(&eg_counters, &key);
}

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

#endif
