// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooks. Each measures the frame in its context, asks the common core, and maps
 * the verdict to its own codes in one switch.
 */
#include "ingress.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* XDP ------------------------------------------------------------------- */

/*
 * Frames that fill no more than one ordinary MTU have no fragments: a driver fills
 * its first buffer before it takes a second. To ask costs a helper call.
 */
#define EG_XDP_LINEAR	1536

/* Whether the metadata before the frame is our own secret (maps.bpf.h). */
static __always_inline bool eg_xdp_trial(struct xdp_md *ctx)
{
	void *meta = (void *)(long)ctx->data_meta, *data = (void *)(long)ctx->data;

	return unlikely(meta + sizeof(__u64) <= data) && eg_trial && *(__u64 *)meta == eg_trial;
}

SEC("xdp.frags")
int eg_xdp(struct xdp_md *ctx)
{
	__u64 bytes = ctx->data_end - ctx->data;

	if (unlikely(bytes > EG_XDP_LINEAR))
		bytes = bpf_xdp_get_buff_len(ctx);
	switch (eg_ingress(ctx, EG_HOOK_XDP, bytes, eg_xdp_trial(ctx))) {
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

static __always_inline bool eg_tc_trial(struct __sk_buff *skb)
{
	return eg_trial && unlikely(skb->cb[0] == (__u32)eg_trial) &&
	       skb->cb[1] == (__u32)(eg_trial >> 32);
}

/*
 * Headers need not be linear here, nor messages: the first 128 bytes are made so
 * for every packet, the rest for requests only.
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

SEC("tc")
int eg_tc_ingress(struct __sk_buff *skb)
{
	bool trial = eg_tc_trial(skb);

	if (unlikely(skb->data_end - skb->data < skb->len))
		eg_tc_pull(skb);
	switch (eg_ingress(skb, EG_HOOK_TC, skb->len, trial)) {
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
	switch (eg_egress(skb, skb->len, eg_tc_trial(skb))) {
	case EG_VERDICT_DROP:
		return TC_ACT_SHOT;
	case EG_VERDICT_PASS:
	case EG_VERDICT_ANSWER:
	case EG_VERDICT_REJECT:
	case EG_VERDICT_COUNT: /* no verdict */
		break;
	}
	return TC_ACT_UNSPEC;
}
