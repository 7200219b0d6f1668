// SPDX-License-Identifier: GPL-2.0-only
/*
 * Writes a packet and hands it on to a program under test: `echogate bench` runs this under
 * BPF_PROG_TEST_RUN, where nobody else would make what an answer has left a request again.
 */
#include <echogate/csum.h>
#include <echogate/drive.h>

char LICENSE[] SEC("license") = "GPL";

struct eg_drive eg_drive = {};

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, EG_DRIVE_TARGETS);
	__type(key, __u32);
	__type(value, __u32);
} eg_targets_xdp SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, EG_DRIVE_TARGETS);
	__type(key, __u32);
	__type(value, __u32);
} eg_targets_tc SEC(".maps");

/* One of many, in random order; network byte order. */
static __always_inline __be32 eg_drive_source(void)
{
	__u64 random = eg_drive.random * 6364136223846793005ull + 1442695040888963407ull;

	eg_drive.random = random;
	return bpf_htonl(eg_drive.first + (__u32)((random >> 32) * eg_drive.sources >> 32));
}

/* False if the frame isn't what it was. Words are in memory order: their sum doesn't care. */
static __always_inline bool eg_drive_write(void *data, const void *end)
{
	__be32 source;
	__u16 sum;

	if (data + EG_DRIVE_HEAD > end)
		return false;
	for (int n = 0; n < EG_DRIVE_HEAD / 8; n++)
		*(__u64 *)(data + 8 * n) = eg_drive.head[n];
	if (data + EG_DRIVE_HEAD + EG_DRIVE_MORE <= end) {
		*(__u64 *)(data + EG_DRIVE_HEAD) = eg_drive.head[EG_DRIVE_HEAD / 8];
		*(__u64 *)(data + EG_DRIVE_HEAD + 8) = eg_drive.head[EG_DRIVE_HEAD / 8 + 1];
	}
	if (eg_drive.sources <= 1)
		return true;
	source = eg_drive_source();
	sum = eg_fold((__u64)eg_drive.sum + source);
	if (eg_drive.ipv4) {
		eg_store32(data + EG_DRIVE_SOURCE4, source);
		eg_store16(data + EG_DRIVE_IP4_SUM, ~sum);
	} else {
		eg_store32(data + EG_DRIVE_SOURCE6, source);
		/* Zero means "none" in ICMPv6. */
		eg_store16(data + EG_DRIVE_ICMP6_SUM, sum == 0xffff ? 0xffff : ~sum);
	}
	return true;
}

/* What a reject has put in front is taken away, what it has cut off made anew. */
static __always_inline bool eg_drive_restore_xdp(struct xdp_md *ctx)
{
	__s32 less;

	if (eg_drive.grown && bpf_xdp_adjust_head(ctx, eg_drive.grown))
		return false;
	less = eg_drive.length - (__u32)(ctx->data_end - ctx->data);
	return !less || !bpf_xdp_adjust_tail(ctx, less);
}

static __always_inline bool eg_drive_restore_tc(struct __sk_buff *skb)
{
	if (eg_drive.grown && bpf_skb_adjust_room(skb, -(__s32)eg_drive.grown, BPF_ADJ_ROOM_MAC, 0))
		return false;
	return skb->len == eg_drive.length || !bpf_skb_change_tail(skb, eg_drive.length, 0);
}

SEC("xdp")
int eg_drive_xdp(struct xdp_md *ctx)
{
	if (unlikely(ctx->data_end - ctx->data != eg_drive.length) && !eg_drive_restore_xdp(ctx))
		return XDP_ABORTED;
	if (!eg_drive_write((void *)(long)ctx->data, (void *)(long)ctx->data_end))
		return XDP_ABORTED;
	bpf_tail_call(ctx, &eg_targets_xdp, eg_drive.target);
	return XDP_ABORTED;
}

SEC("tc")
int eg_drive_tc(struct __sk_buff *skb)
{
	if (unlikely(skb->len != eg_drive.length) && !eg_drive_restore_tc(skb))
		return EG_DRIVE_LOST;
	if (!eg_drive_write((void *)(long)skb->data, (void *)(long)skb->data_end))
		return EG_DRIVE_LOST;
	bpf_tail_call(skb, &eg_targets_tc, eg_drive.target);
	return EG_DRIVE_LOST;
}

SEC("xdp")
int eg_bare_xdp(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

SEC("tc")
int eg_bare_tc(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_UNSPEC;
}
