/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The responder: is this request one that the kernel would answer, and
 * from where (eg_judge_*), and the reply in its place (eg_reply_*). Between the
 * two the hook may trim the frame, so they share no pointer, only an eg_echo.
 */
#ifndef ECHOGATE_ECHO_H
#define ECHOGATE_ECHO_H

#include "addr.h"
#include "parse.h"

/* A request found good: what its reply needs and the frame no longer shows cheaply. */
struct eg_echo {
	__u64 rest;		/* sum of message (and pseudo-header) behind its first word */
	__u32 len;		/* bytes from the IP header to the end of the reply's message */
};

/* ICMP of a timestamp message (RFC 792): header, and three times of 32 bits. */
#define EG_STAMP_SIZE	20

/*
 * A message's first word holds type, code and checksum, in this order in memory.
 * The reply's has the type changed, the code kept (RFC 792 says 0; Linux copies
 * it, and a sender may look), and the checksum of the whole. An all-zero message
 * sums to 0 and gets 0xffff: 0x0000 would not verify. For that to be seen, `rest`
 * is a sum that never had the first word in it: one taken away again may leave
 * 0xffff where nothing was.
 */
static __always_inline __u32 eg_reply_word(__u32 word, __u8 type, __u64 rest)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	__u32 head = (word & 0xff00) | type;

	return head | (__u32)(__u16)~eg_fold(rest + head) << 16;
#else
	__u32 head = (word & 0x00ff0000) | (__u32)type << 24;

	return head | (__u16)~eg_fold(rest + head);
#endif
}

/*
 * IPv4 request, at `ip` with 28 bytes at least, header without options
 * (ip_input.c, icmp.c). `end` is the end of what is linear; NOT_LINEAR when the
 * total length reaches beyond. With `foreign`, any single host's address may be asked.
 */
static __always_inline enum eg_reason eg_judge_4(const struct iphdr *ip, const void *end,
						 const struct eg_addrs *own, bool foreign,
						 struct eg_echo *e)
{
	const struct eg_icmp_head *icmp = (const void *)(ip + 1);
	__u32 len = eg_ntohs(ip->tot_len);
	__u64 sum = 0;

	/* Holds for 0x0000 and 0xffff alike: ones' complement has two zeros. */
	if (eg_fold(eg_sum_fixed(ip, sizeof(*ip))) != 0xffff)
		return EG_REASON_IP_CHECKSUM;
	if (len < sizeof(*ip))
		return EG_REASON_IP_LENGTH;
	if (len < sizeof(*ip) + sizeof(*icmp))
		return EG_REASON_ICMP_TRUNCATED;
	if (!eg_view(ip, len, end))
		return EG_REASON_NOT_LINEAR;
	switch (eg_addr4_owner(own, ip->daddr)) {
	case EG_OWNER_LOCAL:
		break;
	case EG_OWNER_BROADCAST:
		return EG_REASON_DESTINATION_GROUP;
	case EG_OWNER_NONE:
		if (eg_ntohl(ip->daddr) >> 28 == 14 || ip->daddr == 0xffffffff)
			return EG_REASON_DESTINATION_GROUP;
		if (!foreign)
			return EG_REASON_NOT_LOCAL;
		break;
	}
	if (len > sizeof(*ip) + EG_SUM_MAX)
		return EG_REASON_TOO_LONG;
	if (!eg_sum(&icmp->rest, len - sizeof(*ip) - 4, end, &sum))
		return EG_REASON_NOT_LINEAR;
	if (eg_fold(sum + eg_load32(icmp)) != 0xffff)
		return EG_REASON_ICMP_CHECKSUM;
	e->rest = sum;
	e->len = len;
	return EG_REASON_NONE;
}

/*
 * What makes of a timestamp request that eg_judge_4() found good one to be
 * answered (icmp_timestamp()): the reply has the same 20 bytes, whatever follows.
 */
static __always_inline enum eg_reason eg_judge_stamp(struct eg_echo *e)
{
	if (e->len < sizeof(struct iphdr) + EG_STAMP_SIZE)
		return EG_REASON_TIMESTAMP_SHORT;
	e->len = sizeof(struct iphdr) + EG_STAMP_SIZE;
	return EG_REASON_NONE;
}

/* IPv6 echo request, 48 bytes at least, no extension headers; the same contract. */
static __always_inline enum eg_reason eg_judge_6(const struct ipv6hdr *ip6, const void *end,
						 const struct eg_addrs *own, bool foreign,
						 struct eg_echo *e)
{
	const struct eg_icmp_head *icmp = (const void *)(ip6 + 1);
	__u32 len = eg_ntohs(ip6->payload_len);
	__u64 sum;

	if (len < sizeof(*icmp))
		return EG_REASON_ICMP_TRUNCATED;
	if (!eg_view(icmp, len, end))
		return EG_REASON_NOT_LINEAR;
	if (!eg_addr6_own(own, (const __be32 *)&ip6->daddr)) {
		if (*(const __u8 *)&ip6->daddr == 0xff)
			return EG_REASON_DESTINATION_GROUP;
		if (!foreign)
			return EG_REASON_NOT_LOCAL;
	}
	if (len > EG_SUM_MAX)
		return EG_REASON_TOO_LONG;
	/* Pseudo-header, RFC 8200 8.1. */
	sum = eg_sum_fixed(&ip6->saddr, 32) + eg_htons(len) + eg_htons(EG_IPPROTO_ICMPV6);
	if (!eg_sum(&icmp->rest, len - 4, end, &sum))
		return EG_REASON_NOT_LINEAR;
	if (eg_fold(sum + eg_load32(icmp)) != 0xffff)
		return EG_REASON_ICMP_CHECKSUM;
	e->rest = sum;
	e->len = sizeof(*ip6) + len;
	return EG_REASON_NONE;
}

/* The reply goes back where the request came from; tags keep their VLAN ID and lose the rest. */
static __always_inline void eg_reply_link(struct ethhdr *eth)
{
	__u32 dest = eg_load32(eth->h_dest), source = eg_load32(eth->h_source);
	__u16 dest2 = eg_load16(eth->h_dest + 4), source2 = eg_load16(eth->h_source + 4);

	eg_store32(eth->h_dest, source);
	eg_store16(eth->h_dest + 4, source2);
	eg_store32(eth->h_source, dest);
	eg_store16(eth->h_source + 4, dest2);
}

/*
 * Turns the IPv4 header of a request into its reply's: TOS kept, flags and offset 0,
 * the given total length, TTL and identification (host order).
 */
static __always_inline void eg_reply_ipv4(struct iphdr *ip, __u16 len, __u8 ttl, __u16 id)
{
	__be32 saddr = ip->saddr, daddr = ip->daddr;
	/* Taken before the store: a load of what two stores wrote would wait for both. */
	__u64 sum = (__u64)eg_load32(ip) + (__u16)~ip->tot_len + eg_htons(len);

	ip->tot_len = eg_htons(len);
	ip->id = eg_htons(id);
	ip->frag_off = 0;
	ip->ttl = ttl;
	ip->check = 0;
	ip->saddr = daddr;
	ip->daddr = saddr;
	ip->check = ~eg_fold(sum + ip->id + eg_htons(ttl << 8 | ip->protocol) + saddr + daddr);
}

/* Turns the echo request at `ip`, at least 28 bytes, into its reply. */
static __always_inline void eg_reply_4(struct iphdr *ip, const struct eg_echo *e, __u8 ttl, __u16 id)
{
	struct eg_icmp_head *icmp = (void *)(ip + 1);
	__u32 word = eg_load32(icmp);

	eg_reply_ipv4(ip, e->len, ttl, id);
	eg_store32(icmp, eg_reply_word(word, ICMP_ECHOREPLY, e->rest));
}

/*
 * Turns the timestamp request at `ip`, at least 40 bytes, into its reply: code 0, the
 * originate time kept, received and sent at `ms` after midnight UTC.
 */
static __always_inline void eg_reply_stamp(struct iphdr *ip, const struct eg_echo *e, __u8 ttl,
					   __u16 id, __u32 ms)
{
	struct eg_icmp_head *icmp = (void *)(ip + 1);
	__be32 now = eg_htonl(ms);

	eg_reply_ipv4(ip, e->len, ttl, id);
	eg_store32((void *)icmp + 12, now);
	eg_store32((void *)icmp + 16, now);
	eg_store32(icmp, eg_reply_word(0, ICMP_TIMESTAMPREPLY,
				       eg_sum_fixed(&icmp->rest, EG_STAMP_SIZE - 4)));
}

/*
 * The same for IPv6, at least 48 bytes: traffic class kept, the given hop limit
 * and flow label (host order, 20 bits).
 */
static __always_inline void eg_reply_6(struct ipv6hdr *ip6, const struct eg_echo *e, __u8 hops,
				       __u32 label)
{
	struct eg_icmp_head *icmp = (void *)(ip6 + 1);
	__u32 word = eg_load32(icmp);

#pragma GCC unroll 4
	for (int i = 0; i < 16; i += 4) {
		__u32 saddr = eg_load32((void *)&ip6->saddr + i);
		__u32 daddr = eg_load32((void *)&ip6->daddr + i);

		eg_store32((void *)&ip6->saddr + i, daddr);
		eg_store32((void *)&ip6->daddr + i, saddr);
	}
	eg_store32(ip6, eg_htonl((eg_ipv6_flow(ip6) & 0xfff00000) | label));
	ip6->hop_limit = hops;
	eg_store32(icmp, eg_reply_word(word, ICMPV6_ECHO_REPLY, e->rest));
}

#endif
