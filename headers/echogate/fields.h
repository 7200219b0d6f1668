/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A packet's index in each field that rules ask for (enum eg_field), and whether it
 * is one that must not be cut by accident.
 */
#ifndef ECHOGATE_FIELDS_H
#define ECHOGATE_FIELDS_H

#include "parse.h"

#define EG_BIT(n)	(1u << (n))

/*
 * Each field `i` in `used`, which is a constant to the verifier but not to the compiler: what
 * isn't used it leaves out of the program, all but the question. Hence fours are asked
 * for first, and `used` is to be an expression that is read anew each time, or the
 * compiler would ask all questions ahead.
 */
#define EG_EACH_FIELD(i, used)                                                              \
	EG_UNROLL_FOUR for (int four_ = 0; four_ < EG_FIELD_COUNT; four_ += 4)              \
		if ((used) & 15u << four_)                                                  \
			EG_UNROLL_FOUR for (int i = four_;                                  \
					    i < four_ + 4 && i < EG_FIELD_COUNT; i++)       \
				if ((used) & EG_BIT(i))

/* The fields that are read from the IP header, and from that of the upper layer. */
#define EG_FIELDS_IP	(EG_BIT(EG_FIELD_TTL) | EG_BIT(EG_FIELD_DSCP) | EG_BIT(EG_FIELD_LENGTH) | \
			 EG_BIT(EG_FIELD_SHAPE))
#define EG_FIELDS_L4	(EG_BIT(EG_FIELD_CODE) | EG_FIELDS_PORTS)
#define EG_FIELDS_PORTS	(EG_BIT(EG_FIELD_SPORT) | EG_BIT(EG_FIELD_DPORT) | EG_BIT(EG_FIELD_FLAGS))

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

/* Whether the upper layer's header is in another fragment. */
static __always_inline bool eg_shape_later(__u32 shape)
{
	return shape == EG_SHAPE_LATER || shape == EG_SHAPE_LATER + EG_SHAPE_OPTIONS;
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

/* EG_SHAPE_* of an IPv4 packet. */
static __always_inline __u32 eg_shape_ipv4(const struct iphdr *ip)
{
	__u32 offset = ip->frag_off & eg_htons(EG_IPV4_OFFSET);
	__u32 any = ip->frag_off & eg_htons(EG_IPV4_FRAGMENT);
	__u32 shape = EG_SHAPE_LATER - eg_is_zero(any) - eg_is_zero(offset);

	return shape + (eg_ipv4_vihl(ip) == 0x45 ? 0 : EG_SHAPE_OPTIONS);
}

/*
 * The type of a first fragment of ICMP, which the parser doesn't look for: to it the
 * packet is a fragment and nothing more.
 */
static __always_inline __u32 eg_fragment_kind(const void *data, const void *end,
					      const struct eg_packet *p)
{
	bool v4 = p->kind == EG_KIND_PROTO4 + EG_IPPROTO_ICMP;
	__u32 shape = p->shape, l3 = p->l3;
	const struct iphdr *ip;
	const __u8 *l4;

	if (likely(!v4 && p->kind != EG_KIND_PROTO6 + EG_IPPROTO_ICMPV6))
		return p->kind;
	if (v4) {
		EG_BOUND(l3, 31);
		ip = eg_view(data + l3, sizeof(*ip), end);
		if (!ip)
			return p->kind;
		shape = eg_shape_ipv4(ip);
	}
	l4 = eg_view(p->l4, sizeof(struct eg_icmp_head), end);
	if (!l4 || (shape != EG_SHAPE_FIRST && shape != EG_SHAPE_FIRST + EG_SHAPE_OPTIONS))
		return p->kind;
	return (v4 ? EG_KIND_ICMP : EG_KIND_ICMP6) + l4[0];
}

/* Ports, flags and the ICMP code: of a whole packet or first fragment. */
static __always_inline void eg_fields_l4(const struct eg_packet *p, const void *end,
					 const volatile __u32 *used, struct eg_match *m)
{
	const __u8 *l4;
	__u32 size;

	if (eg_shape_later(p->shape))
		return;
	if (p->kind >= EG_KIND_ICMP) {
		/* The parser has seen the ICMP header. */
		l4 = eg_view(p->l4, 4, end);
		if (*used & EG_BIT(EG_FIELD_CODE) && l4)
			m->index[EG_FIELD_CODE] = (p->kind >= EG_KIND_ICMP6 ? 257 : 1) + l4[1];
		return;
	}
	if (!(*used & EG_FIELDS_PORTS))
		return;
	size = eg_port_header[p->kind & 255];
	if (!size)
		return;
	if (size == EG_TCP_HEADER) {
		l4 = eg_view(p->l4, EG_TCP_HEADER, end);
		if (!l4 || l4[12] < 5 << 4)
			return;
		if (*used & EG_BIT(EG_FIELD_FLAGS))
			m->index[EG_FIELD_FLAGS] = 1 + l4[13];
	} else if (size == EG_UDP_HEADER) {
		l4 = eg_view(p->l4, EG_UDP_HEADER, end);
	} else {
		l4 = eg_view(p->l4, EG_SCTP_HEADER, end);
	}
	if (!l4)
		return;
	if (*used & EG_BIT(EG_FIELD_SPORT))
		m->index[EG_FIELD_SPORT] = 1 + (l4[0] << 8 | l4[1]);
	if (*used & EG_BIT(EG_FIELD_DPORT))
		m->index[EG_FIELD_DPORT] = 1 + (l4[2] << 8 | l4[3]);
}

/* The kind of the packet `p` in `data` to `end`, made complete, and its index. */
static __always_inline void eg_fields_kind(const void *data, const void *end, struct eg_packet *p,
					   struct eg_match *m)
{
	p->kind = eg_fragment_kind(data, end, p);
	m->kind = p->kind;
	m->index[EG_FIELD_KIND] = p->kind;
}

/*
 * The indices of the other fields in `used`, see EG_EACH_FIELD; OWN, FROM, TO and SOLICITED need
 * tables and are left 0. The shape of `p` is made complete. m->protect gets whether the
 * packet is protected for what it is.
 */
static __always_inline void eg_fields_read(const void *data, const void *end,
					   struct eg_packet *p, const volatile __u32 *used,
					   struct eg_match *m)
{
	__u32 l3 = p->l3, tos, length;

	EG_EACH_FIELD(i, *used)
		if (i != EG_FIELD_KIND)
			m->index[i] = 0;
	m->family = 0;
	m->ttl = 0;
	if (*used & EG_BIT(EG_FIELD_VLAN))
		m->index[EG_FIELD_VLAN] = p->vlan;
	if (p->kind >= EG_KIND_ARP)
		goto out;
	EG_BOUND(l3, 31);
	if (eg_kind_ipv4(p->kind)) {
		const struct iphdr *ip = eg_view(data + l3, sizeof(*ip), end);

		if (!ip)
			goto out;
		p->shape = eg_shape_ipv4(ip);
		m->family = AF_INET;
		m->ttl = ip->ttl;
		tos = ip->tos;
		length = eg_ntohs(ip->tot_len);
		m->from[0] = ip->saddr;
		m->to[0] = ip->daddr;
	} else {
		const struct ipv6hdr *ip6 = eg_view(data + l3, sizeof(*ip6), end);

		if (!ip6)
			goto out;
		m->family = AF_INET6;
		m->ttl = ip6->hop_limit;
		tos = eg_ipv6_flow(ip6) >> 20 & 0xff;
		length = sizeof(*ip6) + eg_ntohs(ip6->payload_len);
		eg_ipv6_addresses(ip6, m->from, m->to);
	}
	if (*used & EG_FIELDS_IP) {
		if (*used & EG_BIT(EG_FIELD_TTL))
			m->index[EG_FIELD_TTL] = 1 + m->ttl;
		if (*used & EG_BIT(EG_FIELD_DSCP))
			m->index[EG_FIELD_DSCP] = 1 + (tos >> 2);
		if (*used & EG_BIT(EG_FIELD_LENGTH))
			m->index[EG_FIELD_LENGTH] =
				1 + (length < EG_LENGTH_SIZE - 1 ? length : EG_LENGTH_SIZE - 2);
		if (*used & EG_BIT(EG_FIELD_SHAPE))
			m->index[EG_FIELD_SHAPE] = 1 + p->shape;
	}
	if (*used & EG_FIELDS_L4)
		eg_fields_l4(p, end, used, m);
out:
	m->shape = p->shape;
	m->protect = eg_kind_protected(p->kind, m->ttl);
	if (*used & EG_BIT(EG_FIELD_PROTECT))
		m->index[EG_FIELD_PROTECT] = m->protect;
}

#endif
