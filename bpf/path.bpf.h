/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May this request be answered to where it came from? The FIB and the neighbour
 * table say so, and a table of fixed size remembers what they said for about a
 * second. Whatever can't be proved is a reason, and the packet goes to the kernel.
 */
#ifndef EG_PATH_BPF_H
#define EG_PATH_BPF_H

#include "frame.bpf.h"

/* Sources the kernel is silent to, or that only it can judge. */
static __always_inline bool eg_source_invalid(__u32 family, const __be32 *addr)
{
	__u32 src = bpf_ntohl(addr[0]);

	if (family == AF_INET)
		return !src || src >> 24 == 127 || src >> 28 == 14 || src == 0xffffffff ||
		       eg_addr4_owner(&eg_addrs, addr[0]) != EG_OWNER_NONE;
	if (src >> 24 == 0xff || eg_addr6_own(&eg_addrs, addr))
		return true;
	/* ::, ::1 and the IPv4-mapped ::ffff:0:0/96 */
	if (addr[0] | addr[1])
		return false;
	return addr[2] == bpf_htonl(0xffff) || (!addr[2] && bpf_ntohl(addr[3]) <= 1);
}

/* What holds without asking anybody: the frame was sent to `mac`, by a source to be answered. */
static __always_inline enum eg_reason eg_path_plausible(const void *eth, const __u8 *mac,
							__u32 family, const __be32 *src)
{
	if (!eg_l3) {
		if (*(const __u8 *)eth & 1)
			return EG_REASON_ETH_GROUP;
		if (!eg_mac_equal(eth, mac))
			return EG_REASON_ETH_NOT_OURS;
	}
	return eg_source_invalid(family, src) ? EG_REASON_SOURCE_INVALID : EG_REASON_NONE;
}

/* What is asked about: may the packet at `ip` of the frame `eth` be replied to where it came from? */
struct eg_question {
	const void *eth, *ip;
	__u32 family;
	__u32 length;			/* of the reply, IP, bytes */
	struct eg_vlan_key tags;
};

/* Addresses of the packet, in network byte order. */
static __always_inline const __be32 *eg_source(const void *ip, __u32 family)
{
	return family == AF_INET ? &((const struct iphdr *)ip)->saddr
				 : (const __be32 *)&((const struct ipv6hdr *)ip)->saddr;
}

static __always_inline enum eg_reason eg_fib_ask(void *ctx, const struct eg_question *q,
						 __u32 ifindex)
{
	const struct ipv6hdr *ip6 = q->ip;
	const struct iphdr *ip = q->ip;
	struct bpf_fib_lookup fib = {
		/* lo: the look-up of a packet this host sends itself. */
		.ifindex = 1,
		.family = q->family,
		.tot_len = q->length,
	};
	long rc;

	if (q->family == AF_INET) {
		fib.l4_protocol = EG_IPPROTO_ICMP;
		fib.tos = ip->tos;
		fib.ipv4_src = ip->daddr;
		fib.ipv4_dst = ip->saddr;
	} else {
		fib.l4_protocol = EG_IPPROTO_ICMPV6;
		fib.flowinfo = eg_load32(ip6) & bpf_htonl(0x0ff00000);
		__builtin_memcpy(fib.ipv6_src, &ip6->daddr, sizeof(fib.ipv6_src));
		__builtin_memcpy(fib.ipv6_dst, &ip6->saddr, sizeof(fib.ipv6_dst));
	}
	rc = bpf_fib_lookup(ctx, &fib, sizeof(fib), 0);
	if (rc < 0)
		return EG_REASON_FIB_ERROR;
	switch (rc) {
	case BPF_FIB_LKUP_RET_SUCCESS:
		break;
	case BPF_FIB_LKUP_RET_NO_NEIGH:
		/* Without a link layer there is no neighbour to resolve. */
		if (eg_l3)
			break;
		return EG_REASON_NO_NEIGHBOUR;
	case BPF_FIB_LKUP_RET_FWD_DISABLED:
		return EG_REASON_FIB_DISABLED;
	case BPF_FIB_LKUP_RET_FRAG_NEEDED:
		return EG_REASON_FRAG_NEEDED;
	default:
		return EG_REASON_NO_ROUTE;
	}
	if (fib.ifindex != ifindex)
		return EG_REASON_OTHER_PATH;
	if (!eg_l3 &&
	    (!eg_mac_equal(fib.dmac, q->eth + ETH_ALEN) || !eg_mac_equal(fib.smac, q->eth)))
		return EG_REASON_OTHER_PATH;
	return EG_REASON_NONE;
}

/* Whether a route to the source says something about replies that the FIB helper keeps to itself. */
static __always_inline bool eg_route_metrics(const struct eg_question *q)
{
	struct eg_metrics_key key = { .prefix = 128 };

	eg_addr_mapped(key.addr, q->family, eg_source(q->ip, q->family));
	return bpf_map_lookup_elem(&eg_metrics, &key);
}

/* Asks everybody. A tagged frame belongs to a VLAN device, or to nobody here. */
static __always_inline enum eg_reason eg_path_prove(void *ctx, const struct eg_question *q)
{
	const __u8 *mac = eg_config.mac;
	__u32 ifindex = eg_config.ifindex;
	enum eg_reason reason;

	if (q->tags.outer) {
		/* Older verifiers take a key from the stack, not through a pointer argument. */
		struct eg_vlan_key key = q->tags;
		const struct eg_vlan *vlan = bpf_map_lookup_elem(&eg_vlans, &key);

		if (!vlan)
			return EG_REASON_VLAN_UNKNOWN;
		/* Or the compiler takes the address of mac before the comparison. */
		barrier_var(vlan);
		mac = vlan->mac;
		ifindex = vlan->ifindex;
	}
	reason = eg_path_plausible(q->eth, mac, q->family, eg_source(q->ip, q->family));
	if (reason != EG_REASON_NONE || eg_swap)
		return reason;
	if (eg_route_metrics(q))
		return EG_REASON_ROUTE_METRICS;
	return eg_fib_ask(ctx, q, ifindex);
}

static __always_inline enum eg_reason eg_path_prove_at(void *ctx, enum eg_hook hook, __u32 l3,
						       __u32 family, __u32 length)
{
	const void *data = eg_data(ctx, hook), *end = eg_data_end(ctx, hook);
	struct eg_question q = { .family = family, .length = length };
	enum eg_reason reason;

	if (eg_has_tag_aside(ctx, hook) || l3 > sizeof(struct ethhdr)) {
		reason = eg_tags(ctx, hook, data, end, &q.tags);
		if (reason != EG_REASON_NONE)
			return reason;
	}
	EG_BOUND(l3, 31);
	q.eth = eg_l3 ? data : eg_view(data, sizeof(struct ethhdr), end);
	q.ip = eg_view(data + l3,
		       family == AF_INET ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), end);
	if (!q.eth || !q.ip)
		return EG_REASON_NOT_LINEAR;
	return eg_path_prove(ctx, &q);
}

#define EG_AT_IPV6	0x100		/* beside the offset of the IP header */

static __always_inline enum eg_reason eg_path_ask(void *ctx, enum eg_hook hook, __u64 hash,
						  __u32 cell, __u32 at, __u32 length)
{
	__u32 index = eg_path_set_of(hash), l3 = at & 0xff;
	struct eg_path_set *set = NULL;
	enum eg_reason reason;

	if (!eg_swap) {
		set = bpf_map_lookup_elem(&eg_paths, &index);
		if (!set)
			return EG_REASON_MAP_MISS;
		reason = eg_path_reason(set, cell);
		if (reason != EG_REASON_COUNT)
			return reason;
	}
	if (at & EG_AT_IPV6)
		reason = eg_path_prove_at(ctx, hook, l3, AF_INET6, length);
	else
		reason = eg_path_prove_at(ctx, hook, l3, AF_INET, length);
	/* An unresolved neighbour is resolved by the kernel in a moment: not worth remembering. */
	if (set && reason != EG_REASON_NO_NEIGHBOUR)
		set->cell[bpf_get_prandom_u32() % EG_PATH_WAYS] = eg_path_cell_reason(cell, reason);
	return reason;
}

/*
 * Global functions: the verifier reads them once, not again for every state in
 * which they are called, and their stack and registers stay off the fast path. No pointer
 * into the packet can be given to one, so it takes them anew.
 */
__noinline int eg_path_ask_xdp(struct xdp_md *ctx, __u64 hash, __u32 cell, __u32 at, __u32 length)
{
	return eg_path_ask(ctx, EG_HOOK_XDP, hash, cell, at, length);
}

__noinline int eg_path_ask_tc(struct __sk_buff *ctx, __u64 hash, __u32 cell, __u32 at,
			      __u32 length)
{
	return eg_path_ask(ctx, EG_HOOK_TC, hash, cell, at, length);
}

/*
 * Keyed hash of all that the way back depends on; also the source of flow labels.
 * `eth` is the frame, `l3` its IP header.
 */
static __always_inline __u64 eg_path_hash(const void *eth, const void *l3, __u32 family,
					  const struct eg_vlan_key *tags)
{
	const struct ipv6hdr *ip6 = l3;
	const struct iphdr *ip = l3;
	const volatile __u64 *k = eg_rodata_keys;
	__u64 sum = eg_config.path_salt;
	__u32 word = eg_load32(l3);

	/* Traffic class and length of IPv6 stand in different words, without the flow label between. */
	if (family == AF_INET6)
		word = (bpf_ntohl(word) >> 20 & 0xff) << 16 | ip6->payload_len;
	if (!eg_l3) {
		sum += eg_hash_pair(k, 0, eg_load32(eth), eg_load32(eth + 4));
		sum += eg_hash_pair(k, 1, eg_load32(eth + 8), word);
	} else {
		sum += eg_hash_pair(k, 1, 0, word);
	}
	if (family == AF_INET) {
		sum += eg_hash_pair(k, 2, ip->saddr, ip->daddr);
	} else {
		const __u32 *a = (const void *)&ip6->saddr;

		sum += eg_hash_pair(k, 2, a[0], a[1]) + eg_hash_pair(k, 3, a[2], a[3]) +
		       eg_hash_pair(k, 4, a[4], a[5]) + eg_hash_pair(k, 5, a[6], a[7]);
	}
	if (tags->outer)
		sum += eg_hash_pair(k, 6, tags->outer, tags->inner);
	return eg_hash_final(sum);
}

/*
 * May the packet at `ip`, `l3` bytes behind the start of frame `eth`, be replied to where it
 * came from, with `length` bytes of IP?
 */
static __always_inline enum eg_reason eg_path_check(void *ctx, enum eg_hook hook, const void *eth,
						    const void *ip, __u32 l3, __u32 family,
						    __u64 hash, __u32 length, bool tagged)
{
	__u32 at = l3 | (family == AF_INET ? 0 : EG_AT_IPV6);
	struct eg_path_set *set;
	__u32 index, cell = 0;

	if (eg_swap) {
		if (likely(!tagged))
			return eg_path_plausible(eth, eg_config.mac, family,
						 eg_source(ip, family));
	} else {
		index = eg_path_set_of(hash);
		cell = eg_path_cell(hash, bpf_jiffies64(), eg_epoch_shift);
		set = bpf_map_lookup_elem(&eg_paths, &index);
		if (!set)
			return EG_REASON_MAP_MISS;
		if (likely(eg_path_known(set, cell)))
			return EG_REASON_NONE;
	}
	return hook == EG_HOOK_XDP ? eg_path_ask_xdp(ctx, hash, cell, at, length)
				   : eg_path_ask_tc(ctx, hash, cell, at, length);
}

#endif
