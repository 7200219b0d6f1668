// SPDX-License-Identifier: GPL-2.0-only
/*
 * The hooks. Each measures the frame in its context, asks the common core, and maps
 * the verdict to its own codes in one switch.
 */
#include "ingress.bpf.h"

char LICENSE[] SEC("license") = "GPL";

/* XDP ------------------------------------------------------------------- */

SEC("xdp.frags")
int eg_xdp(struct xdp_md *ctx)
{
	switch (eg_ingress(ctx, EG_HOOK_XDP)) {
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

/*
 * For libxdp's dispatcher: behind what filters (xdp-filter says 10) and what sockets read (20), before
 * what says nothing (50); the next program gets what we pass.
 */
struct {
	__uint(priority, 30);
	__uint(XDP_PASS, 1);
} _eg_xdp SEC(".xdp_run_config");

/* tc -------------------------------------------------------------------- */

/* Headers need not be linear here: the first 128 bytes are made so. False if that fails. */
static __always_inline bool eg_tc_pull_head(struct __sk_buff *skb)
{
	__u32 head = skb->len < 128 ? skb->len : 128;

	return skb->data_end - skb->data >= head || !bpf_skb_pull_data(skb, head);
}

/* Nor need messages: of requests the rest is made so, too. */
static __always_inline void eg_tc_pull(struct __sk_buff *skb)
{
	struct eg_packet p;

	if (!eg_tc_pull_head(skb))
		return;
	eg_parse((struct eg_cursor){ .pos = (void *)(long)skb->data,
				     .end = (void *)(long)skb->data_end }, eg_l3, &p);
	if (p.echo != EG_ECHO_NONE && skb->len <= EG_SUM_MAX + 128)
		bpf_skb_pull_data(skb, skb->len);
}

SEC("tc")
int eg_tc_ingress(struct __sk_buff *skb)
{
	if (unlikely(skb->data_end - skb->data < skb->len))
		eg_tc_pull(skb);
	switch (eg_ingress(skb, EG_HOOK_TC)) {
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
	/* Of what is to be noted the headers must be linear. */
	if (eg_tracks(EG_EGRESS) && unlikely(skb->data_end - skb->data < skb->len))
		eg_tc_pull_head(skb);
	switch (eg_egress(skb)) {
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
