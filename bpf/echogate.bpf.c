// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooks. Each builds a view of the frame from its context, asks the common
 * core, and maps the verdict to its own codes in one switch.
 */
#include "ingress.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* XDP ------------------------------------------------------------------- */

/*
 * Frames that fill no more than one ordinary MTU have no fragments: a driver fills
 * its first buffer before it takes a second. To ask costs a helper call.
 */
#define EG_XDP_LINEAR	1536

static __always_inline bool eg_xdp_answer(struct xdp_md *ctx, const struct eg_work *w,
					  __u64 bytes, __u64 serial)
{
	__u64 len = w->l3 + w->echo.len;

	/*
	 * Padding is not echoed, wherever a driver put it. Every pointer into the
	 * packet is void after this.
	 */
	if (bytes > len && bpf_xdp_adjust_tail(ctx, len - bpf_xdp_get_buff_len(ctx)))
		return false;
	return eg_answer((void *)(long)ctx->data, (void *)(long)ctx->data_end, true, w, serial);
}

/*
 * Turns the echo request, whose IP header is at offset `l3` of a frame of
 * `bytes`, fragments included, into its reply; returns NONE when it is done.
 */
static __always_inline enum eg_reason eg_xdp_echo(struct xdp_md *ctx, __u32 l3,
						  enum eg_echo_kind kind, __u64 bytes,
						  __u64 serial)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct eg_work w = { .kind = kind, .l3 = l3 };
	enum eg_reason reason;

	reason = eg_decide(ctx, EG_HOOK_XDP, data, end, bytes, NULL, &w);
	if (reason == EG_REASON_NONE && !eg_xdp_answer(ctx, &w, bytes, serial))
		return EG_REASON_ADJUST_FAILED;
	return reason;
}

SEC("xdp.frags")
int eg_xdp(struct xdp_md *ctx)
{
	struct eg_cursor c = {
		.pos = (void *)(long)ctx->data,
		.end = (void *)(long)ctx->data_end,
	};
	enum eg_verdict verdict = EG_VERDICT_PASS;
	struct eg_counters *counters;
	enum eg_reason reason;
	struct eg_packet p;
	__u64 bytes;
	__u32 slot;

	bytes = c.end - c.pos;
	counters = eg_counters_of(EG_INGRESS);
	if (!counters)
		return XDP_PASS;
	if (unlikely(bytes > EG_XDP_LINEAR))
		bytes = bpf_xdp_get_buff_len(ctx);
	if (likely(eg_parse_bystander(c, &slot))) {
		eg_add(&counters->protocol[slot].verdict[EG_VERDICT_PASS], bytes);
		return XDP_PASS;
	}
	reason = eg_parse(c, false, &p);
	if (likely(p.echo == EG_ECHO_NONE) || reason != EG_REASON_NONE) {
		eg_account(counters, p.cell, EG_VERDICT_PASS, reason, bytes);
		return XDP_PASS;
	}
	reason = eg_xdp_echo(ctx, p.l3, p.echo, bytes, eg_serial(counters));
	if (reason == EG_REASON_NONE)
		verdict = EG_VERDICT_ANSWER;
	eg_account(counters, p.cell, verdict, reason, bytes);
	switch (verdict) {
	case EG_VERDICT_ANSWER:
	case EG_VERDICT_REJECT:
		return XDP_TX;
	case EG_VERDICT_DROP:
		return XDP_DROP;
	case EG_VERDICT_PASS:
	case EG_VERDICT_COUNT: /* no verdict */
		break;
	}
	return XDP_PASS;
}

/* tc -------------------------------------------------------------------- */

/*
 * Headers need not be linear here, nor messages: the first 128 bytes are made so
 * for every packet, the rest for echo requests only.
 */
static __always_inline void eg_tc_pull(struct __sk_buff *skb)
{
	__u32 head = skb->len < 128 ? skb->len : 128;
	struct eg_packet p;

	if (skb->data_end - skb->data < head && bpf_skb_pull_data(skb, head))
		return;
	eg_parse((struct eg_cursor){ .pos = (void *)(long)skb->data,
				     .end = (void *)(long)skb->data_end }, eg_l3, &p);
	if (p.echo != EG_ECHO_NONE && skb->len <= EG_SUM_MAX + 128)
		bpf_skb_pull_data(skb, skb->len);
}

/*
 * A driver's sum over the whole packet (CHECKSUM_COMPLETE) follows what changed:
 * in IPv6 the first two words, everything else cancels out, in IPv4 all does.
 */
static __always_inline void eg_tc_fix_sum(struct __sk_buff *skb, __u64 before, __u64 after)
{
	__u64 diff = (before & 0xffffffff) + (before >> 32);

	diff = (__u32)~((diff & 0xffffffff) + (diff >> 32));
	diff += (after & 0xffffffff) + (after >> 32);
	diff = (diff & 0xffffffff) + (diff >> 32);
	bpf_csum_update(skb, (diff & 0xffffffff) + (diff >> 32));
}

static __always_inline bool eg_tc_answer(struct __sk_buff *skb, const struct eg_work *w,
					 __u64 serial)
{
	__u32 len = w->l3 + w->echo.len;
	__u64 before, after;
	void *data, *end;
	const __u64 *l3;

	/* Padding is not echoed. Every pointer into the packet is void after this. */
	if (skb->len > len && bpf_skb_change_tail(skb, len, 0))
		return false;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	if (w->kind == EG_ECHO_4)
		return eg_answer(data, end, !eg_l3, w, serial);
	l3 = eg_view(data + w->l3, sizeof(*l3), end);
	if (!l3)
		return false;
	before = *l3;
	if (!eg_answer(data, end, !eg_l3, w, serial))
		return false;
	after = *l3;
	eg_tc_fix_sum(skb, before, after);
	return true;
}

/* The same as eg_xdp_echo(). */
static __always_inline enum eg_reason eg_tc_echo(struct __sk_buff *skb, __u32 l3,
						 enum eg_echo_kind kind, __u64 bytes,
						 __u64 serial)
{
	void *data = (void *)(long)skb->data, *end = (void *)(long)skb->data_end;
	struct eg_work w = { .kind = kind, .l3 = l3 };
	struct eg_tag tag, *aside = NULL;
	enum eg_reason reason;

	if (skb->vlan_present) {
		tag.tpid = skb->vlan_proto;
		tag.tci = bpf_htons(skb->vlan_tci);
		aside = &tag;
	}
	reason = eg_decide(skb, EG_HOOK_TC, data, end, bytes, aside, &w);
	if (reason == EG_REASON_NONE && !eg_tc_answer(skb, &w, serial))
		return EG_REASON_ADJUST_FAILED;
	return reason;
}

SEC("tc")
int eg_tc_ingress(struct __sk_buff *skb)
{
	enum eg_verdict verdict = EG_VERDICT_PASS;
	struct eg_counters *counters;
	enum eg_reason reason;
	__u64 bytes = skb->len;
	struct eg_packet p;

	if (unlikely(skb->data_end - skb->data < bytes))
		eg_tc_pull(skb);
	reason = eg_parse((struct eg_cursor){ .pos = (void *)(long)skb->data,
					      .end = (void *)(long)skb->data_end }, eg_l3, &p);
	counters = eg_counters_of(EG_INGRESS);
	if (!counters)
		return TC_ACT_UNSPEC;
	if (likely(p.echo == EG_ECHO_NONE) || reason != EG_REASON_NONE) {
		eg_account(counters, p.cell, EG_VERDICT_PASS, reason, bytes);
		return TC_ACT_UNSPEC;
	}
	reason = eg_tc_echo(skb, p.l3, p.echo, bytes, eg_serial(counters));
	if (reason == EG_REASON_NONE)
		verdict = EG_VERDICT_ANSWER;
	eg_account(counters, p.cell, verdict, reason, bytes);
	switch (verdict) {
	case EG_VERDICT_ANSWER:
	case EG_VERDICT_REJECT:
		return bpf_redirect(skb->ifindex, 0);
	case EG_VERDICT_DROP:
		return TC_ACT_SHOT;
	case EG_VERDICT_PASS:
	case EG_VERDICT_COUNT: /* no verdict */
		break;
	}
	return TC_ACT_UNSPEC;
}

/* What the stack sends, and what the hook above sent back. */
SEC("tc")
int eg_tc_egress(struct __sk_buff *skb)
{
	struct eg_cursor c = {
		.pos = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
	};
	struct eg_counters *counters = eg_counters_of(EG_EGRESS);
	struct eg_packet p;
	enum eg_reason reason;

	if (!counters)
		return TC_ACT_UNSPEC;
	reason = eg_parse(c, eg_l3, &p);
	/* Reasons say why an echo request wasn't answered; outgoing ones aren't meant to be. */
	if (p.echo != EG_ECHO_NONE)
		reason = EG_REASON_NONE;
	eg_account(counters, p.cell, EG_VERDICT_PASS, reason, skb->len);
	return TC_ACT_UNSPEC;
}
