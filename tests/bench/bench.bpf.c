// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs around the one under test: the generator, the sink, and what
 * echogate is compared with. See README.md for how they are strung together.
 *
 * Words are stored in memory order throughout: a ones' complement sum does not
 * care, so no byte is swapped on the way.
 */
#include "bench.h"

struct bench_gen gen;
struct bench_sink sink;

static __always_inline __u32 fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/* One of gen.span sources, in random order. */
static __always_inline __u32 next_source(void)
{
	__u64 random = gen.random * 6364136223846793005ULL + 1442695040888963407ULL;

	gen.random = random;
	return eg_htonl(gen.first + (__u32)((random >> 32) * gen.span >> 32) * gen.stride);
}

static __always_inline void put64(void *data, int n)
{
	*(__u64 *)(data + 8 * n) = gen.head[n];
}

/*
 * Live frames come back from the page pool as the last responder left them, so
 * all headers are written anew. The data is never written here: BPF_PROG_TEST_RUN
 * put it there when it made the page, and nobody on the way changes it.
 */
SEC("xdp")
int bench_gen4(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 source, sequence;

	if (data + BENCH_FRAME_MIN > end)
		return XDP_ABORTED;
	source = next_source();
	sequence = gen.sequence++ & 0xffff;
	put64(data, 0);
	put64(data, 1);
	put64(data, 2);
	put64(data, 3);
	put64(data, 4);
	eg_store16(data + 24, ~fold((__u64)gen.ip_sum + source));
	eg_store32(data + 26, source);
	eg_store16(data + 36, ~fold((__u64)gen.icmp_sum + sequence));
	eg_store16(data + 40, sequence);
	return gen.verdict;
}

SEC("xdp")
int bench_gen6(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 source, sequence, sum;

	if (data + BENCH_FRAME_MIN > end)
		return XDP_ABORTED;
	source = next_source();
	sequence = gen.sequence++ & 0xffff;
	put64(data, 0);
	put64(data, 1);
	put64(data, 2);
	put64(data, 3);
	put64(data, 4);
	put64(data, 5);
	put64(data, 6);
	sum = fold((__u64)gen.icmp_sum + source + sequence);
	eg_store32(data + 34, source);
	/* Zero means "none" in ICMPv6, and that is not allowed. */
	eg_store16(data + 56, sum == 0xffff ? 0xffff : ~sum);
	eg_store16(data + 58, eg_htons(BENCH_IDENTIFIER));
	eg_store16(data + 60, sequence);
	return gen.verdict;
}

/*
 * The length keeps out what the target's kernel sends of its own accord (MLD
 * reports after an address was added), which would be taken for replies.
 */
SEC("xdp")
int bench_sink(struct xdp_md *ctx)
{
	if (ctx->data_end - ctx->data == sink.length)
		sink.frames++;
	return XDP_DROP;
}

/* Whether the echo data is what the generator's page had. */
static __always_inline bool data_kept(void *p, void *end)
{
	__u8 *byte = p;

	for (__u32 n = 0; n < BENCH_FRAME_MAX - BENCH_HEAD4; n++) {
		if (byte + n + 1 > (__u8 *)end)
			break;
		if (byte[n] != BENCH_DATA(n))
			return 0;
	}
	return 1;
}

static __always_inline bool same_mac(void *packet, const void *want)
{
	return eg_load32(packet) == eg_load32(want) && eg_load16(packet + 4) == eg_load16(want + 4);
}

/*
 * The checking sink: is this the reply to what was asked? The generator's own
 * template says what the request was; the reply's source is its destination.
 */
static __always_inline enum bench_fault reply4(void *data, void *end, __u64 length)
{
	const void *head = gen.head;
	__u32 sum = 0, host;

	if (length != sink.length || data + BENCH_FRAME_MIN > end)
		return BENCH_FAULT_LENGTH;
	if (!same_mac(data, head + 6) || !same_mac(data + 6, head) ||
	    eg_load16(data + 12) != eg_htons(ETH_P_IP))
		return BENCH_FAULT_LINK;
	/* Version, TOS, length; DF is off; time to live and protocol. */
	if (eg_load32(data + 14) != eg_load32(head + 14) ||
	    (sink.faithful && eg_load16(data + 20)) || eg_load16(data + 22) != eg_load16(head + 22))
		return BENCH_FAULT_IP;
	for (int n = 0; n < 20; n += 2)
		sum += eg_load16(data + BENCH_L3 + n);
	if (fold(sum) != 0xffff)
		return BENCH_FAULT_IP_CHECKSUM;
	if (eg_load32(data + 26) != eg_load32(head + 30))
		return BENCH_FAULT_SOURCE;
	host = eg_ntohl(eg_load32(data + 30)) - gen.first;
	if (host >= gen.span)
		return BENCH_FAULT_DESTINATION;
	if (eg_load16(data + BENCH_ICMP4))
		return BENCH_FAULT_TYPE;
	if (eg_load16(data + 38) != eg_htons(BENCH_IDENTIFIER))
		return BENCH_FAULT_IDENTIFIER;
	/* icmp_sum is the request's; in the reply the type is 0 instead of 8. */
	if (fold((__u64)gen.icmp_sum + eg_load16(data + 36) + eg_load16(data + 40) +
		 (0xffff - EG_FIRST_BYTE(ICMP_ECHO))) != 0xffff)
		return BENCH_FAULT_ICMP_CHECKSUM;
	if (!data_kept(data + BENCH_HEAD4, end))
		return BENCH_FAULT_DATA;
	return BENCH_FAULT_NONE;
}

static __always_inline enum bench_fault reply6(void *data, void *end, __u64 length)
{
	const void *head = gen.head;
	__u32 host;

	if (length != sink.length || data + BENCH_FRAME_MIN > end)
		return BENCH_FAULT_LENGTH;
	if (!same_mac(data, head + 6) || !same_mac(data + 6, head) ||
	    eg_load16(data + 12) != eg_htons(ETH_P_IPV6))
		return BENCH_FAULT_LINK;
	/* Version and traffic class without the flow label; length, next header, hop limit. */
	if (((eg_load32(data + 14) ^ eg_load32(head + 14)) & eg_htonl(0xfff00000)) ||
	    eg_load32(data + 18) != eg_load32(head + 18))
		return BENCH_FAULT_IP;
	for (int n = 0; n < 16; n += 4)
		if (eg_load32(data + 22 + n) != eg_load32(head + 38 + n))
			return BENCH_FAULT_SOURCE;
	host = eg_ntohl(eg_load32(data + 50)) - gen.first;
	if (eg_load32(data + 38) != eg_load32(head + 22) ||
	    eg_load32(data + 42) != eg_load32(head + 26) ||
	    eg_load32(data + 46) != eg_load32(head + 30) || host >= gen.span)
		return BENCH_FAULT_DESTINATION;
	if (eg_load16(data + BENCH_ICMP6) != EG_FIRST_BYTE(ICMPV6_ECHO_REPLY))
		return BENCH_FAULT_TYPE;
	if (eg_load16(data + 58) != eg_htons(BENCH_IDENTIFIER))
		return BENCH_FAULT_IDENTIFIER;
	if (!eg_load16(data + 56) ||
	    fold((__u64)gen.icmp_sum + eg_load32(data + 50) + eg_load16(data + 56) +
		 eg_load16(data + 60) + EG_FIRST_BYTE(1)) != 0xffff)
		return BENCH_FAULT_ICMP_CHECKSUM;
	if (!data_kept(data + BENCH_HEAD6, end))
		return BENCH_FAULT_DATA;
	return BENCH_FAULT_NONE;
}

SEC("xdp")
int bench_check(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u64 length = ctx->data_end - ctx->data;
	enum bench_fault fault;

	if (length != sink.length)
		return XDP_DROP; /* the target's kernel speaking of its own accord */
	sink.frames++;
	if (data + BENCH_FRAME_MIN > end)
		fault = BENCH_FAULT_LENGTH;
	else if (eg_load16(data + 12) == eg_htons(ETH_P_IPV6))
		fault = reply6(data, end, length);
	else
		fault = reply4(data, end, length);
	sink.fault[fault]++;
	return XDP_DROP;
}

/* What echogate is compared with ---------------------------------------- */

SEC("xdp")
int bench_tx(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_TX;
}

SEC("xdp")
int bench_drop(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_DROP;
}

SEC("xdp")
int bench_pass(struct xdp_md *ctx)
{
	(void)ctx;
	return XDP_PASS;
}

/* The least echo: told what it gets, it verifies nothing but the bounds. */

static __always_inline void swap_macs(void *data)
{
	__u32 to = eg_load32(data), from = eg_load32(data + 6);
	__u16 to_tail = eg_load16(data + 4), from_tail = eg_load16(data + 10);

	eg_store32(data, from);
	eg_store16(data + 4, from_tail);
	eg_store32(data + 6, to);
	eg_store16(data + 10, to_tail);
}

static __always_inline bool least_echo4(void *data, void *end)
{
	__u32 from, sum;

	if (data + BENCH_HEAD4 > end)
		return 0;
	swap_macs(data);
	from = eg_load32(data + 26);
	eg_store32(data + 26, eg_load32(data + 30));
	eg_store32(data + 30, from);
	eg_store16(data + BENCH_ICMP4, 0);
	sum = eg_load16(data + 36) + EG_FIRST_BYTE(ICMP_ECHO);
	eg_store16(data + 36, sum + (sum >> 16));
	return 1;
}

static __always_inline bool least_echo6(void *data, void *end)
{
	__u32 from, sum;

	if (data + BENCH_HEAD6 > end)
		return 0;
	swap_macs(data);
	for (int n = 0; n < 16; n += 4) {
		from = eg_load32(data + 22 + n);
		eg_store32(data + 22 + n, eg_load32(data + 38 + n));
		eg_store32(data + 38 + n, from);
	}
	eg_store16(data + BENCH_ICMP6, EG_FIRST_BYTE(ICMPV6_ECHO_REPLY));
	sum = eg_load16(data + 56) + (0xffff - EG_FIRST_BYTE(1));
	eg_store16(data + 56, sum + (sum >> 16));
	return 1;
}

SEC("xdp")
int bench_least4(struct xdp_md *ctx)
{
	return least_echo4((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? XDP_TX
										 : XDP_DROP;
}

SEC("xdp")
int bench_least6(struct xdp_md *ctx)
{
	return least_echo6((void *)(long)ctx->data, (void *)(long)ctx->data_end) ? XDP_TX
										 : XDP_DROP;
}

SEC("tc")
int bench_tc4(struct __sk_buff *skb)
{
	if (!least_echo4((void *)(long)skb->data, (void *)(long)skb->data_end))
		return TC_ACT_SHOT;
	return bpf_redirect(skb->ifindex, 0);
}

SEC("tc")
int bench_tc6(struct __sk_buff *skb)
{
	if (!least_echo6((void *)(long)skb->data, (void *)(long)skb->data_end))
		return TC_ACT_SHOT;
	return bpf_redirect(skb->ifindex, 0);
}

SEC("tc")
int bench_unspec(struct __sk_buff *skb)
{
	(void)skb;
	return TC_ACT_UNSPEC;
}

/* A yardstick: a hundred multiplications, each waiting for the one before. */
SEC("xdp")
int bench_hundred(struct xdp_md *ctx)
{
	__u64 x = gen.random;

	(void)ctx;
#pragma unroll
	for (int n = 0; n < 100; n++) {
		x *= 6364136223846793005ULL;
		barrier_var(x);
	}
	gen.random = x | 1;
	return XDP_PASS;
}

/* Not inline, as it is the call and the return that are to be timed. */
static __noinline __u64 step(__u64 x)
{
	barrier_var(x);
	return x + 1;
}

/* Another: a return is dear where the kernel guards it against speculation. */
SEC("xdp")
int bench_calls(struct xdp_md *ctx)
{
	__u64 x = gen.random;

	(void)ctx;
#pragma unroll
	for (int n = 0; n < 100; n++)
		x = step(x);
	gen.random = x;
	return XDP_PASS;
}

char _license[] SEC("license") = "GPL";
