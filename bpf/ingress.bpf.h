/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What both ingress hooks do with a packet: parse, count, and, with an echo
 * request, judge it, look for the way back and write the reply. A hook brings the
 * frame and turns the verdict into its own codes.
 */
#ifndef EG_INGRESS_BPF_H
#define EG_INGRESS_BPF_H

#include "path.bpf.h"

/* An echo request on its way through a hook. */
struct eg_work {
	enum eg_echo_kind kind;
	__u32 l3;			/* offset of the IP header, bytes */
	struct eg_echo echo;
	__u64 hash;			/* of the path; seeds identification and flow label */
	struct eg_vlan_key tags;
};

static __always_inline __u32 eg_tag_key(const struct eg_tag *tag)
{
	return (__u32)bpf_ntohs(tag->tpid) << 16 | eg_tag_vid(tag);
}

/*
 * Tags of the frame at `c` as eg_vlan_key has them, outermost first, whether they
 * stand in it or, in tc, the outer one beside it. Returns why it can't be
 * answered. Parsed again, since the untagged shall not carry tags along.
 */
static __always_inline enum eg_reason eg_tags(struct eg_cursor c, const struct eg_tag *aside,
					      struct eg_vlan_key *key)
{
	__be16 priority = 0;
	struct eg_link link;

	if (eg_parse_eth(&c, &link) != EG_REASON_NONE)
		return EG_REASON_VLAN_DEPTH;
	if (aside) {
		if (link.tags > 1)
			return EG_REASON_VLAN_DEPTH;
		key->outer = eg_tag_key(aside);
		priority = aside->tci;
		if (link.tags) {
			key->inner = eg_tag_key(&link.tag[0]);
			priority |= link.tag[0].tci;
		}
	} else if (link.tags) {
		key->outer = eg_tag_key(&link.tag[0]);
		if (link.tags > 1)
			key->inner = eg_tag_key(&link.tag[1]);
	}
	/* Beside the frame, priority bits would go back as they came; the kernel clears them. */
	if ((key->outer && !(key->outer & 0xfff)) || (key->inner && !(key->inner & 0xfff)) ||
	    priority & bpf_htons(0xf000))
		return EG_REASON_VLAN_PRIORITY;
	return EG_REASON_NONE;
}

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
		reason = eg_judge_4(l3, end, &eg_addrs, &w->echo);
	else
		reason = eg_judge_6(l3, end, &eg_addrs, &w->echo);
	if (reason != EG_REASON_NONE)
		return reason;
	if (unlikely(flags & (family == AF_INET ? EG_FLAG_IGNORE4 : EG_FLAG_IGNORE6)))
		return EG_REASON_ECHO_IGNORED;
	if (unlikely(flags & (family == AF_INET ? EG_FLAG_RATEMASK4 : EG_FLAG_RATEMASK6)))
		return EG_REASON_ECHO_RATEMASK;
	w->hash = eg_path_hash(eth, l3, family, &w->tags);
	return eg_path_check(ctx, hook, eth, l3, family, w->hash, w->echo.len, &w->tags);
}

/*
 * Why the echo request in the frame of `bytes`, of which `data` to `end` is
 * linear, is left to the kernel, if it is. w->kind and w->l3 come from the parser;
 * `aside` is a tag that the frame carries beside its bytes (tc), or NULL.
 */
static __always_inline enum eg_reason eg_decide(void *ctx, enum eg_hook hook, const void *data,
						const void *end, __u64 bytes,
						const struct eg_tag *aside, struct eg_work *w)
{
	struct eg_cursor c = { .pos = data, .end = end };
	__u64 linear = end - data;
	enum eg_reason reason;

	w->tags = (struct eg_vlan_key){};
	if (unlikely(aside || w->l3 > sizeof(struct ethhdr))) {
		reason = eg_tags(c, aside, &w->tags);
		if (reason != EG_REASON_NONE)
			return reason;
	}
	EG_BOUND(w->l3, 31);
	reason = w->kind == EG_ECHO_4 ? eg_judge(ctx, hook, data, end, AF_INET, w) :
					eg_judge(ctx, hook, data, end, AF_INET6, w);
	/* Beyond what is linear, and there is no more. */
	if (unlikely(reason == EG_REASON_NOT_LINEAR) && linear == bytes)
		reason = EG_REASON_IP_LENGTH;
	return reason;
}

/* The hop limit of what this host sends by the device that the frame came in by. */
static __always_inline __u8 eg_hop_limit(const struct eg_vlan_key *tags)
{
	/* A copy: nothing whose address a helper gets is kept in registers. */
	struct eg_vlan_key key = *tags;
	const struct eg_vlan *vlan;

	if (likely(!key.outer))
		return eg_config.hop6;
	vlan = bpf_map_lookup_elem(&eg_vlans, &key);
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

/* Clears priority and drop eligibility of the tags before the IP header at offset `l3`. */
static __always_inline bool eg_reply_tags(void *data, void *end, __u32 l3)
{
	struct vlan_hdr *vlan = data + sizeof(struct ethhdr);

	for (__u32 at = sizeof(struct ethhdr); at < 22; at += sizeof(*vlan)) {
		if (at >= l3)
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
static __always_inline bool eg_answer(void *data, void *end, bool link, const struct eg_work *w,
				      __u64 serial)
{
	void *l3;

	if (link) {
		struct ethhdr *eth = data;

		if ((void *)(eth + 1) > end)
			return false;
		eg_reply_link(eth);
		if (unlikely(w->l3 > sizeof(*eth)) && !eg_reply_tags(data, end, w->l3))
			return false;
	}
	if (w->kind == EG_ECHO_4) {
		l3 = (void *)eg_view(data + w->l3, 28, end);
		if (!l3)
			return false;
		eg_reply_4(l3, &w->echo, eg_config.ttl4, serial + (w->hash >> 16));
	} else {
		l3 = (void *)eg_view(data + w->l3, 48, end);
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

#endif
