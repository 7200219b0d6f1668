/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The frame behind a context, the same for XDP and tc. `hook` is a constant wherever
 * these are used, so of each choice one side remains.
 */
#ifndef EG_FRAME_BPF_H
#define EG_FRAME_BPF_H

#include <echogate/echo.h>
#include "maps.bpf.h"

/* The two hooks' contexts: a global function must name the type it takes. */
enum eg_hook { EG_HOOK_XDP, EG_HOOK_TC };

static __always_inline void *eg_data(void *ctx, enum eg_hook hook)
{
	if (hook == EG_HOOK_XDP)
		return (void *)(long)((struct xdp_md *)ctx)->data;
	return (void *)(long)((struct __sk_buff *)ctx)->data;
}

static __always_inline void *eg_data_end(void *ctx, enum eg_hook hook)
{
	if (hook == EG_HOOK_XDP)
		return (void *)(long)((struct xdp_md *)ctx)->data_end;
	return (void *)(long)((struct __sk_buff *)ctx)->data_end;
}

/* What of the frame is linear. */
static __always_inline struct eg_cursor eg_frame(void *ctx, enum eg_hook hook)
{
	return (struct eg_cursor){ .pos = eg_data(ctx, hook), .end = eg_data_end(ctx, hook) };
}

/*
 * Frames that fill no more than one ordinary MTU have no fragments: a driver fills
 * its first buffer before it takes a second. To ask costs a helper call.
 */
#define EG_XDP_LINEAR	1536

/* The length of the frame, fragments included. */
static __always_inline __u64 eg_size(void *ctx, enum eg_hook hook)
{
	__u64 linear;

	if (hook == EG_HOOK_TC)
		return ((struct __sk_buff *)ctx)->len;
	linear = eg_data_end(ctx, hook) - eg_data(ctx, hook);
	return likely(linear <= EG_XDP_LINEAR) ? linear : bpf_xdp_get_buff_len(ctx);
}

/*
 * Whether the packet carries our own secret (maps.bpf.h): in the metadata before the
 * frame, or in tc's control block.
 */
static __always_inline bool eg_is_trial(void *ctx, enum eg_hook hook)
{
	if (hook == EG_HOOK_TC) {
		const __u32 *cb = ((struct __sk_buff *)ctx)->cb;

		return eg_trial && unlikely(cb[0] == (__u32)eg_trial) &&
		       cb[1] == (__u32)(eg_trial >> 32);
	}
	void *meta = (void *)(long)((struct xdp_md *)ctx)->data_meta, *data = eg_data(ctx, hook);

	return unlikely(meta + sizeof(__u64) <= data) && eg_trial && *(__u64 *)meta == eg_trial;
}

/* Cuts the frame of `bytes` to `len`. Every pointer into the packet is void after this. */
static __always_inline bool eg_trim(void *ctx, enum eg_hook hook, __u64 bytes, __u32 len)
{
	if (bytes <= len || eg_keep_length)
		return true;
	if (hook == EG_HOOK_XDP)
		return !bpf_xdp_adjust_tail(ctx, len - bpf_xdp_get_buff_len(ctx));
	return !bpf_skb_change_tail(ctx, len, 0);
}

/*
 * A driver's sum over the whole packet (CHECKSUM_COMPLETE) follows when bytes that
 * summed to `before` now sum to `after`. XDP frames carry none.
 */
static __always_inline void eg_fix_sum(void *ctx, enum eg_hook hook, __u64 before, __u64 after)
{
	if (hook != EG_HOOK_XDP)
		bpf_csum_update(ctx, eg_fold(after + (__u16)~eg_fold(before)));
}

static __always_inline __u32 eg_tag_key(const struct eg_tag *tag)
{
	return (__u32)bpf_ntohs(tag->tpid) << 16 | eg_tag_vid(tag);
}

/* Whether the frame carries a tag beside its bytes, as it never does in XDP. */
static __always_inline bool eg_has_tag_aside(void *ctx, enum eg_hook hook)
{
	return hook != EG_HOOK_XDP && unlikely(((struct __sk_buff *)ctx)->vlan_present);
}

/* That tag. False if there is none. */
static __always_inline bool eg_tag_aside(void *ctx, enum eg_hook hook, struct eg_tag *tag)
{
	struct __sk_buff *skb = ctx;

	if (!eg_has_tag_aside(ctx, hook))
		return false;
	tag->tpid = skb->vlan_proto;
	tag->tci = bpf_htons(skb->vlan_tci);
	return true;
}

/*
 * Makes room for `len` bytes between the link header of `l3` bytes and what follows.
 * Every pointer into the packet is void after this.
 */
static __always_inline bool eg_make_room(void *ctx, enum eg_hook hook, __u32 l3, __u32 len)
{
	const void *from;
	struct eg_tag tag;
	void *data, *end;

	if (hook != EG_HOOK_XDP) {
		if (likely(l3 <= sizeof(struct ethhdr)))
			return !bpf_skb_adjust_room(ctx, len, BPF_ADJ_ROOM_MAC, 0);
		/* The helper wants IP behind the link header: a second tag goes aside meanwhile. */
		return eg_tag_aside(ctx, hook, &tag) && !bpf_skb_vlan_pop(ctx) &&
		       !bpf_skb_adjust_room(ctx, len, BPF_ADJ_ROOM_MAC, 0) &&
		       !bpf_skb_vlan_push(ctx, tag.tpid, bpf_ntohs(tag.tci));
	}
	if (bpf_xdp_adjust_head(ctx, -(int)len))
		return false;
	data = eg_data(ctx, hook);
	end = eg_data_end(ctx, hook);
	EG_BOUND(len, 63);
	/*
	 * As much as the longest link header: behind it there is a whole IP header at least, and
	 * behind a shorter one the room, where nothing is yet.
	 */
	from = eg_view(data + len, 22, end);
	data = (void *)eg_view(data, 22, end);
	if (!from || !data)
		return false;
	for (int at = 0; at < 22; at += 2)
		eg_store16(data + at, eg_load16(from + at));
	return true;
}

/*
 * Tags of the frame as eg_vlan_key has them, outermost first, whether they stand in it
 * or, in tc, the outer one beside it. Returns why it can't be answered. Parsed again,
 * since the untagged shall not carry tags along.
 */
static __always_inline enum eg_reason eg_tags(void *ctx, enum eg_hook hook, const void *data,
					      const void *end, struct eg_vlan_key *key)
{
	struct eg_cursor c = { .pos = data, .end = end };
	__be16 priority = 0;
	struct eg_link link;
	struct eg_tag aside;

	if (eg_parse_eth(&c, &link) != EG_REASON_NONE)
		return EG_REASON_VLAN_DEPTH;
	if (eg_tag_aside(ctx, hook, &aside)) {
		if (link.tags > 1)
			return EG_REASON_VLAN_DEPTH;
		key->outer = eg_tag_key(&aside);
		priority = aside.tci;
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

/* Clears priority and drop eligibility. */
static __always_inline bool eg_reply_tag(struct vlan_hdr *vlan, void *end)
{
	if ((void *)(vlan + 1) > end)
		return false;
	vlan->h_vlan_TCI &= bpf_htons(0x0fff);
	return true;
}

/*
 * One tag or two stand before the IP header at offset `l3`. In a loop the compiler could
 * compare a constant with `l3`: of that 6.1's verifier makes nothing, it goes on where no
 * packet can be, and finds no IP header there.
 */
static __always_inline bool eg_reply_tags(void *data, void *end, __u32 l3)
{
	struct vlan_hdr *vlan = data + sizeof(struct ethhdr);

	return eg_reply_tag(vlan, end) &&
	       (l3 <= sizeof(struct ethhdr) + sizeof(*vlan) || eg_reply_tag(vlan + 1, end));
}

/* Turns the link header round, if there is one: addresses and tags. */
static __always_inline bool eg_turn_link(void *data, void *end, __u32 l3)
{
	struct ethhdr *eth = data;

	if (eg_l3)
		return true;
	if ((void *)(eth + 1) > end)
		return false;
	eg_reply_link(eth);
	return likely(l3 <= sizeof(*eth)) || eg_reply_tags(data, end, l3);
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

#endif
