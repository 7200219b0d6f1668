/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet's index in each field that rules ask for (enum eg_field), and whether it
 * is one that must not be cut by accident.
 */
#ifndef ECHOGATE_FIELDS_H
#define ECHOGATE_FIELDS_H

#include "parse.h"

#define EG_BIT(n)	(1u << (n))

/* The fixed header of any protocol with ports; it begins with them. */
#define EG_UDP_HEADER	8
#define EG_TCP_HEADER	20
#define EG_SCTP_HEADER	12
#define EG_DCCP_HEADER	12

/* Bytes that must be there for the ports to be read; 0: no ports. */
static const __u8 eg_port_header[256] = {
	[6] = EG_TCP_HEADER,
	[17] = EG_UDP_HEADER,
	[33] = EG_DCCP_HEADER,
	[132] = EG_SCTP_HEADER,
	[136] = EG_UDP_HEADER,
};

struct eg_fields {
	__u32 index[EG_FIELD_COUNT];
	__be32 from[4], to[4];		/* IPv4: [0]; what isn't used isn't filled */
	__u32 family;			/* AF_INET, AF_INET6; 0: no IP header */
	__u32 ttl;			/* valid with a family */
};

static __always_inline bool eg_kind_ipv4(__u32 kind)
{
	return kind < EG_KIND_PROTO6 || (kind >= EG_KIND_ICMP && kind < EG_KIND_ICMP6);
}

/*
 * ARP, IGMP, and the ICMPv6 messages that RFC 4890 4.4.1 doesn't want dropped because
 * nothing works without them: neighbour discovery and its relatives, which nobody
 * off the link can send (RFC 4861 6.1.1: hop limit 255), and multicast listener and
 * router discovery, which never leave it (RFC 2710 3, RFC 4286: hop limit 1).
 */
static __always_inline bool eg_kind_protected(__u32 kind, __u32 ttl)
{
	switch (kind) {
	case EG_KIND_ARP:
	case EG_KIND_PROTO4 + EG_IPPROTO_IGMP:
		return true;
	case EG_KIND_ICMP6 + 133:
	case EG_KIND_ICMP6 + 134:
	case EG_KIND_ICMP6 + 135:
	case EG_KIND_ICMP6 + 136:
	case EG_KIND_ICMP6 + 141:
	case EG_KIND_ICMP6 + 142:
	case EG_KIND_ICMP6 + 148:
	case EG_KIND_ICMP6 + 149:
		return ttl == 255;
	case EG_KIND_ICMP6 + 130:
	case EG_KIND_ICMP6 + 131:
	case EG_KIND_ICMP6 + 132:
	case EG_KIND_ICMP6 + 143:
	case EG_KIND_ICMP6 + 151:
	case EG_KIND_ICMP6 + 152:
	case EG_KIND_ICMP6 + 153:
		return ttl == 1;
	default:
		return false;
	}
}

/* Ports, flags and the ICMP code: of a whole packet or first fragment. */
static __always_inline void eg_fields_l4(const struct eg_packet *p, const void *end, __u32 used,
					 struct eg_fields *f)
{
	const __u8 *l4;
	__u32 size;

	if (eg_shape_later(p->shape))
		return;
	if (p->kind >= EG_KIND_ICMP) {
		/* The parser has seen the ICMP header. */
		l4 = eg_view(p->l4, 4, end);
		if (used & EG_BIT(EG_FIELD_CODE) && l4)
			f->index[EG_FIELD_CODE] = (p->kind >= EG_KIND_ICMP6 ? 257 : 1) + l4[1];
		return;
	}
	if (!(used & (EG_BIT(EG_FIELD_SPORT) | EG_BIT(EG_FIELD_DPORT) | EG_BIT(EG_FIELD_FLAGS))))
		return;
	size = eg_port_header[p->kind & 255];
	if (!size)
		return;
	if (size == EG_TCP_HEADER) {
		l4 = eg_view(p->l4, EG_TCP_HEADER, end);
		if (!l4 || l4[12] < 5 << 4)
			return;
		f->index[EG_FIELD_FLAGS] = 1 + l4[13];
	} else if (size == EG_UDP_HEADER) {
		l4 = eg_view(p->l4, EG_UDP_HEADER, end);
	} else {
		l4 = eg_view(p->l4, EG_SCTP_HEADER, end);
	}
	if (!l4)
		return;
	f->index[EG_FIELD_SPORT] = 1 + (l4[0] << 8 | l4[1]);
	f->index[EG_FIELD_DPORT] = 1 + (l4[2] << 8 | l4[3]);
}

/*
 * Fills the indices of the fields in `used`, which is a constant where this is
 * compiled for BPF; OWN, FROM and TO need tables and are left 0, as is PROTECT if a
 * `protect` rule may still set it. `data` to `end` is what is linear of the frame that
 * `p` was parsed from.
 */
static __always_inline void eg_fields_read(const void *data, const void *end,
					   const struct eg_packet *p, __u32 used,
					   struct eg_fields *f)
{
	__u32 l3 = p->l3, kind = p->kind, tos, length;

#pragma GCC unroll 14
	for (int i = 0; i < EG_FIELD_COUNT; i++)
		f->index[i] = 0;
	f->index[EG_FIELD_KIND] = kind;
	f->index[EG_FIELD_VLAN] = p->vlan;
	f->family = 0;
	f->ttl = 0;
	if (kind >= EG_KIND_ARP)
		goto out;
	EG_BOUND(l3, 31);
	if (eg_kind_ipv4(kind)) {
		const struct iphdr *ip = eg_view(data + l3, sizeof(*ip), end);

		if (!ip)
			return;
		f->family = AF_INET;
		f->ttl = ip->ttl;
		tos = ip->tos;
		length = eg_ntohs(ip->tot_len);
		f->from[0] = ip->saddr;
		f->to[0] = ip->daddr;
	} else {
		const struct ipv6hdr *ip6 = eg_view(data + l3, sizeof(*ip6), end);

		if (!ip6)
			return;
		f->family = AF_INET6;
		f->ttl = ip6->hop_limit;
		tos = eg_ipv6_flow(ip6) >> 20 & 0xff;
		length = sizeof(*ip6) + eg_ntohs(ip6->payload_len);
		__builtin_memcpy(f->from, &ip6->saddr, sizeof(f->from));
		__builtin_memcpy(f->to, &ip6->daddr, sizeof(f->to));
	}
	if (used & EG_BIT(EG_FIELD_TTL))
		f->index[EG_FIELD_TTL] = 1 + f->ttl;
	if (used & EG_BIT(EG_FIELD_DSCP))
		f->index[EG_FIELD_DSCP] = 1 + (tos >> 2);
	if (used & EG_BIT(EG_FIELD_LENGTH))
		f->index[EG_FIELD_LENGTH] = 1 + (length < EG_LENGTH_SIZE - 1 ? length
									     : EG_LENGTH_SIZE - 2);
	if (used & EG_BIT(EG_FIELD_SHAPE))
		f->index[EG_FIELD_SHAPE] = 1 + p->shape;
	if (used & (EG_BIT(EG_FIELD_CODE) | EG_BIT(EG_FIELD_SPORT) | EG_BIT(EG_FIELD_DPORT) |
		    EG_BIT(EG_FIELD_FLAGS)))
		eg_fields_l4(p, end, used, f);
out:
	f->index[EG_FIELD_PROTECT] = eg_kind_protected(kind, f->ttl);
}

#endif
