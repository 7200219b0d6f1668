// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooks. Each builds a view of the frame from its context, asks the common
 * core, and maps the verdict to its own codes in one switch.
 */
#include "ingress.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* XDP ------------------------------------------------------------------- */

/* Bytes of the frame; those in fragments cost a helper call, so only if the packet needs them. */
static __always_inline __u64 eg_xdp_bytes(struct xdp_md *ctx, enum eg_reason *reason)
{
	__u64 linear = ctx->data_end - ctx->data;
	__u64 all = bpf_xdp_get_buff_len(ctx);

	if (all == linear && *reason == EG_REASON_NOT_LINEAR)
		*reason = EG_REASON_IP_LENGTH;
	return all;
}

static __always_inline bool eg_xdp_answer(struct xdp_md *ctx, const struct eg_work *w,
					  __u64 serial)
{
	long trailer = (long)(ctx->data_end - ctx->data) - (w->packet.l3 + w->echo.len);

	/* Padding is not echoed. Every pointer into the packet is void after this. */
	if (trailer > 0 && bpf_xdp_adjust_tail(ctx, -trailer))
		return false;
	return eg_answer((void *)(long)ctx->data, (void *)(long)ctx->data_end, w, serial);
}

SEC("xdp.frags")
int eg_xdp(struct xdp_md *ctx)
{
	struct eg_counters *counters = eg_counters_of(EG_INGRESS);
	__u64 bytes = ctx->data_end - ctx->data;
	enum eg_verdict verdict;
	struct eg_work w;

	if (!counters)
		return XDP_PASS;
	verdict = eg_decide(ctx, EG_HOOK_XDP, (void *)(long)ctx->data, (void *)(long)ctx->data_end,
			    NULL, &w);
	if (w.reason == EG_REASON_NOT_LINEAR)
		bytes = eg_xdp_bytes(ctx, &w.reason);
	if (verdict == EG_VERDICT_ANSWER && !eg_xdp_answer(ctx, &w, eg_serial(counters))) {
		verdict = EG_VERDICT_PASS;
		w.reason = EG_REASON_ADJUST_FAILED;
	}
	eg_account(counters, w.packet.cell, verdict, w.reason, bytes);
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

static __always_inline enum eg_verdict eg_tc_decide(struct __sk_buff *skb, struct eg_work *w)
{
	struct eg_tag tag, *aside = NULL;
	enum eg_verdict verdict;

	if (skb->vlan_present) {
		tag.tpid = skb->vlan_proto;
		tag.tci = bpf_htons(skb->vlan_tci);
		aside = &tag;
	}
	if (unlikely(skb->data_end - skb->data < skb->len))
		eg_tc_pull(skb);
	verdict = eg_decide(skb, EG_HOOK_TC, (void *)(long)skb->data,
			    (void *)(long)skb->data_end, aside, w);
	if (w->reason == EG_REASON_NOT_LINEAR && skb->data_end - skb->data == skb->len)
		w->reason = EG_REASON_IP_LENGTH;
	return verdict;
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
	__u32 len = w->packet.l3 + w->echo.len;
	__u64 before, after;
	void *data, *end;
	const __u64 *l3;
	__u32 offset = w->packet.l3;

	/* Padding is not echoed. Every pointer into the packet is void after this. */
	if (skb->len > len && bpf_skb_change_tail(skb, len, 0))
		return false;
	data = (void *)(long)skb->data;
	end = (void *)(long)skb->data_end;
	EG_BOUND(offset, 31);
	l3 = eg_view(data + offset, sizeof(*l3), end);
	if (!l3)
		return false;
	before = *l3;
	if (!eg_answer(data, end, w, serial))
		return false;
	after = *l3;
	if (w->packet.echo == EG_ECHO_6)
		eg_tc_fix_sum(skb, before, after);
	return true;
}

SEC("tc")
int eg_tc_ingress(struct __sk_buff *skb)
{
	struct eg_counters *counters = eg_counters_of(EG_INGRESS);
	enum eg_verdict verdict;
	__u64 bytes = skb->len;
	struct eg_work w;

	if (!counters)
		return TC_ACT_UNSPEC;
	verdict = eg_tc_decide(skb, &w);
	if (verdict == EG_VERDICT_ANSWER && !eg_tc_answer(skb, &w, eg_serial(counters))) {
		verdict = EG_VERDICT_PASS;
		w.reason = EG_REASON_ADJUST_FAILED;
	}
	eg_account(counters, w.packet.cell, verdict, w.reason, bytes);
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
