/* SPDX-License-Identifier: GPL-2.0-only */
/* IPv4 (RFC 791), IPv6 and its chain of extension headers (RFC 8200). */
#ifndef ECHOGATE_IP_H
#define ECHOGATE_IP_H

#include "abi.h"
#include "csum.h"
#include "cursor.h"
#include "names.h"

#define EG_IPV4_FRAGMENT	0x3fff		/* MF or an offset */
#define EG_IPV4_OFFSET		0x1fff
#define EG_IPV6_OFFSET		0xfff8		/* of the fragment header's second word */
#define EG_IPV6_EXTENSIONS	8		/* headers walked at most */

enum eg_ipproto {
	EG_IPPROTO_HOPOPTS	= 0,
	EG_IPPROTO_ICMP		= 1,
	EG_IPPROTO_IGMP		= 2,
	EG_IPPROTO_TCP		= 6,
	EG_IPPROTO_UDP		= 17,
	EG_IPPROTO_ROUTING	= 43,
	EG_IPPROTO_FRAGMENT	= 44,
	EG_IPPROTO_AH		= 51,
	EG_IPPROTO_ICMPV6	= 58,
	EG_IPPROTO_DSTOPTS	= 60,
	EG_IPPROTO_MH		= 135,
	EG_IPPROTO_HIP		= 139,
	EG_IPPROTO_SHIM6	= 140,
};

/* Version and header length as one byte: ihl is a bit-field whose place depends on the ABI. */
static __always_inline __u8 eg_ipv4_vihl(const struct iphdr *ip)
{
	return *(const __u8 *)ip;
}

/* The 32-bit word with version, traffic class and flow label, host order. */
static __always_inline __u32 eg_ipv6_flow(const struct ipv6hdr *ip6)
{
	return eg_ntohl(eg_load32(ip6));
}

enum eg_ext { EG_EXT_NONE, EG_EXT_UNITS8, EG_EXT_UNITS4, EG_EXT_FRAGMENT };

/*
 * How a header says its own length: in 8-byte units less one, or, AH only
 * (RFC 4302 2.2), in 4-byte units less two, which is 8 bytes and the rest in
 * 4-byte units. Zero for what is no extension header.
 */
static const __u8 eg_ipv6_ext[256] = {
	[EG_IPPROTO_HOPOPTS]	= EG_EXT_UNITS8,
	[EG_IPPROTO_ROUTING]	= EG_EXT_UNITS8,
	[EG_IPPROTO_FRAGMENT]	= EG_EXT_FRAGMENT,
	[EG_IPPROTO_AH]		= EG_EXT_UNITS4,
	[EG_IPPROTO_DSTOPTS]	= EG_EXT_UNITS8,
	[EG_IPPROTO_MH]		= EG_EXT_UNITS8,
	[EG_IPPROTO_HIP]	= EG_EXT_UNITS8,
	[EG_IPPROTO_SHIM6]	= EG_EXT_UNITS8,
};

/*
 * Walks the extension headers from *proto on; the cursor stands behind the fixed
 * header and ends at the upper layer, whose protocol is left in *proto.
 * FRAGMENT for any fragment header, an atomic one (RFC 6946) included. What follows a
 * later fragment's is no header, and *proto then is what the fragment header names; a
 * first one's chain goes on (RFC 7112), or whoever hides behind it would be taken for
 * something else. *shape gets what the rules call it, EG_SHAPE_*.
 *
 * Hardly a branch, since the verifier follows every combination of them.
 */
static __always_inline enum eg_reason eg_ipv6_walk(struct eg_cursor *c, __u8 *proto,
						   __u32 *shape)
{
	__u32 first = 0, options = 0, later;

	for (int i = 0; i <= EG_IPV6_EXTENSIONS; i++) {
		__u32 kind = eg_ipv6_ext[*proto], fragment, more;
		const __u8 *ext;

		if (kind == EG_EXT_NONE) {
			*shape = first + options;
			if (!eg_view(c->pos, 0, c->end))
				return EG_REASON_IPV6_CHAIN;
			return first ? EG_REASON_FRAGMENT : EG_REASON_NONE;
		}
		ext = eg_take(c, 8);
		if (!ext)
			return EG_REASON_IPV6_CHAIN;
		*proto = ext[0];
		if (i == EG_IPV6_EXTENSIONS)
			break;
		fragment = eg_is_zero(kind ^ EG_EXT_FRAGMENT);
		later = eg_load16(ext + 2) & eg_htons(EG_IPV6_OFFSET) & -fragment;
		barrier_var(later);
		if (later) {
			*shape = EG_SHAPE_LATER + options;
			return EG_REASON_FRAGMENT;
		}
		first |= fragment * EG_SHAPE_FIRST;
		options |= (fragment ^ 1) * EG_SHAPE_OPTIONS;
		barrier_var(first);
		barrier_var(options);
		more = ((__u32)ext[1] << (4 - kind)) & (fragment - 1);
		EG_BOUND(more, 2047);
		c->pos += more;
	}
	return EG_REASON_IPV6_CHAIN;
}

/* Both addresses of an IPv6 header, a word at a time. */
static __always_inline void eg_ipv6_addresses(const struct ipv6hdr *ip6, __be32 from[4],
					      __be32 to[4])
{
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		from[i] = eg_load32((const void *)&ip6->saddr + 4 * i);
		to[i] = eg_load32((const void *)&ip6->daddr + 4 * i);
	}
}

#endif
