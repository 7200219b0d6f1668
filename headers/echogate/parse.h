/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * From a frame to the counter it belongs to, what kind of packet the rules would
 * call it, and whether it may be a request that can be answered. Nothing is
 * verified here that a bystander would have to pay for; echo.h does that for the
 * requests, fields.h reads what else rules ask for.
 */
#ifndef ECHOGATE_PARSE_H
#define ECHOGATE_PARSE_H

#include "abi.h"
#include "eth.h"
#include "ip.h"

/* Slots by number on the wire; what isn't named is slot 0, "other". */
#define EG_SLOT(prefix, id, num)	[(num) < 0 ? 256 + prefix##id : (num)] = prefix##id,
#define EG_SLOT_PROTOCOL(id, num, name)	EG_SLOT(EG_PROTOCOL_, id, num)
#define EG_SLOT_ICMP(id, num, name)	EG_SLOT(EG_ICMP_, id, num)
#define EG_SLOT_ICMP6(id, num, name)	EG_SLOT(EG_ICMP6_, id, num)

/* Rows without a number stand behind the 256 that a byte can reach. */
static const __u8 eg_protocol_slot[256 + EG_PROTOCOL_COUNT] = { EG_PROTOCOLS(EG_SLOT_PROTOCOL) };
static const __u8 eg_icmp_slot[256 + EG_ICMP_COUNT] = { EG_ICMP_TYPES(EG_SLOT_ICMP) };
static const __u8 eg_icmp6_slot[256 + EG_ICMP6_COUNT] = { EG_ICMP6_TYPES(EG_SLOT_ICMP6) };

/* A timestamp request is answered only if a rule says so. */
enum eg_echo_kind { EG_ECHO_NONE, EG_ECHO_STAMP, EG_ECHO_4, EG_ECHO_6 };

struct eg_packet {
	__u32 l3;			/* offset of the IP header, bytes */
	__u32 cell;			/* index of its counter, see EG_CELL_* */
	enum eg_echo_kind echo;		/* a request; reason says if it can be answered */
	__u32 kind;			/* EG_KIND_*; below EG_KIND_ARP there is a whole IP header */
	__u32 shape;			/* EG_SHAPE_* of IPv6; IPv4 tells at sight */
	__u32 vlan;			/* index for EG_FIELD_VLAN, of a tag in the frame */
	const void *l4;			/* where the upper layer begins */
};

/* Header of every ICMP and ICMPv6 message. */
struct eg_icmp_head {
	__u8   type;
	__u8   code;
	__be16 checksum;
	__be32 rest;
};

static __always_inline enum eg_reason eg_parse_ipv4(struct eg_cursor *c, struct eg_packet *p)
{
	const struct iphdr *ip = eg_take(c, sizeof(*ip));
	const struct eg_icmp_head *icmp;
	enum eg_reason reason = EG_REASON_NONE;
	__u32 options;

	p->cell = EG_CELL_PROTOCOL + EG_PROTOCOL_IPV4;
	p->kind = EG_KIND_BAD4;
	if (!ip)
		return EG_REASON_IP_TRUNCATED;
	if (unlikely(eg_ipv4_vihl(ip) != 0x45)) {
		if (eg_ipv4_vihl(ip) >> 4 != 4)
			return EG_REASON_IP_VERSION;
		options = (eg_ipv4_vihl(ip) & 15) * 4;
		if (options < sizeof(*ip))
			return EG_REASON_IP_HEADER_LENGTH;
		options -= sizeof(*ip);
		EG_BOUND(options, 63);
		/* Counted like any other; only a request is held back. */
		p->cell = EG_CELL_PROTOCOL + eg_protocol_slot[ip->protocol];
		if (!eg_take(c, options))
			return EG_REASON_IP_TRUNCATED;
		reason = EG_REASON_IP_OPTIONS;
	}
	p->cell = EG_CELL_PROTOCOL + eg_protocol_slot[ip->protocol];
	p->kind = EG_KIND_PROTO4 + ip->protocol;
	p->l4 = c->pos;
	if (ip->protocol != EG_IPPROTO_ICMP)
		return EG_REASON_NONE;
	if (ip->frag_off & eg_htons(EG_IPV4_FRAGMENT))
		return EG_REASON_FRAGMENT;
	icmp = eg_take(c, sizeof(*icmp));
	if (!icmp)
		return EG_REASON_ICMP_TRUNCATED;
	p->kind = EG_KIND_ICMP + icmp->type;
	p->cell = EG_CELL_ICMP + eg_icmp_slot[icmp->type];
	if (icmp->type == ICMP_ECHO)
		p->echo = EG_ECHO_4;
	else if (icmp->type == ICMP_TIMESTAMP)
		p->echo = EG_ECHO_STAMP;
	else
		return EG_REASON_NONE;
	return reason;
}

static __always_inline enum eg_reason eg_parse_ipv6(struct eg_cursor *c, struct eg_packet *p)
{
	const struct ipv6hdr *ip6 = eg_take(c, sizeof(*ip6));
	const struct eg_icmp_head *icmp;
	enum eg_reason reason = EG_REASON_NONE;
	__u8 proto;

	p->cell = EG_CELL_PROTOCOL + EG_PROTOCOL_IPV6;
	p->kind = EG_KIND_BAD6;
	if (!ip6)
		return EG_REASON_IP_TRUNCATED;
	if (*(const __u8 *)ip6 >> 4 != 6)
		return EG_REASON_IP_VERSION;
	proto = ip6->nexthdr;
	if (unlikely(eg_ipv6_ext[proto])) {
		reason = eg_ipv6_walk(c, &proto, &p->shape);
		p->cell = EG_CELL_PROTOCOL + EG_PROTOCOL_IN6 + eg_protocol_slot[proto];
		p->l4 = c->pos;
		if (reason == EG_REASON_FRAGMENT)
			p->kind = EG_KIND_PROTO6 + proto;
		if (reason != EG_REASON_NONE)
			return reason;
		reason = EG_REASON_IPV6_EXTENSION;
	}
	p->cell = EG_CELL_PROTOCOL + EG_PROTOCOL_IN6 + eg_protocol_slot[proto];
	p->kind = EG_KIND_PROTO6 + proto;
	p->l4 = c->pos;
	if (proto != EG_IPPROTO_ICMPV6)
		return EG_REASON_NONE;
	icmp = eg_take(c, sizeof(*icmp));
	if (!icmp)
		return EG_REASON_ICMP_TRUNCATED;
	p->kind = EG_KIND_ICMP6 + icmp->type;
	p->cell = EG_CELL_ICMP6 + eg_icmp6_slot[icmp->type];
	if (icmp->type != ICMPV6_ECHO_REQUEST)
		return EG_REASON_NONE;
	p->echo = EG_ECHO_6;
	return reason;
}

/*
 * The kind of the frame most often seen: untagged, IPv4 whole and without options, or IPv6
 * without extension headers. It is all there is to know of such a frame: eg_kind_cell() and
 * eg_parse_kind() say the rest, for whoever needs it. EG_KIND_COUNT if it is
 * another, for eg_parse() to read.
 */
static __always_inline __u32 eg_parse_plain(struct eg_cursor c)
{
	const struct ethhdr *eth = eg_view(c.pos, sizeof(*eth) + sizeof(struct iphdr) + 8, c.end);
	const struct ipv6hdr *ip6;
	const struct iphdr *ip;

	if (unlikely(!eth))
		return EG_KIND_COUNT;
	ip = (const void *)(eth + 1);
	ip6 = (const void *)(eth + 1);
	if (likely(eth->h_proto == eg_htons(ETH_P_IP))) {
		if (unlikely(eg_ipv4_vihl(ip) != 0x45 ||
			     ip->frag_off & eg_htons(EG_IPV4_FRAGMENT)))
			return EG_KIND_COUNT;
		if (ip->protocol == EG_IPPROTO_ICMP)
			return EG_KIND_ICMP + *(const __u8 *)(ip + 1);
		return EG_KIND_PROTO4 + ip->protocol;
	}
	if (eth->h_proto != eg_htons(ETH_P_IPV6) ||
	    !eg_view(eth, sizeof(*eth) + sizeof(*ip6) + 8, c.end) ||
	    *(const __u8 *)ip6 >> 4 != 6 || eg_ipv6_ext[ip6->nexthdr])
		return EG_KIND_COUNT;
	if (ip6->nexthdr == EG_IPPROTO_ICMPV6)
		return EG_KIND_ICMP6 + *(const __u8 *)(ip6 + 1);
	return EG_KIND_PROTO6 + ip6->nexthdr;
}

/* Of a kind below EG_KIND_ARP. */
static __always_inline bool eg_kind_ipv4(__u32 kind)
{
	return kind < EG_KIND_PROTO6 || (kind >= EG_KIND_ICMP && kind < EG_KIND_ICMP6);
}

/* The counter of a kind below EG_KIND_ARP whose header was read. */
static __always_inline __u32 eg_kind_cell(__u32 kind)
{
	/* The bit that tells IPv6 from IPv4 is moved to where slots have it. */
	if (kind < EG_KIND_ICMP)
		return EG_CELL_PROTOCOL + (kind >> 3 & EG_PROTOCOL_IN6) +
		       eg_protocol_slot[kind & 255];
	if (kind < EG_KIND_ICMP6)
		return EG_CELL_ICMP + eg_icmp_slot[kind & 255];
	return EG_CELL_ICMP6 + eg_icmp6_slot[kind & 255];
}

/* Whether it is one that is answered unless rules say otherwise. */
static __always_inline bool eg_kind_asks(__u32 kind)
{
	return kind == EG_KIND_ICMP + ICMP_ECHO || kind == EG_KIND_ICMP6 + ICMPV6_ECHO_REQUEST;
}

/* What eg_parse() would find, with NONE for a reason, in a frame at `data` that is plain. */
static __always_inline void eg_parse_kind(const void *data, __u32 kind, struct eg_packet *p)
{
	p->l3 = sizeof(struct ethhdr);
	p->cell = eg_kind_cell(kind);
	p->echo = kind == EG_KIND_ICMP + ICMP_ECHO		? EG_ECHO_4 :
		  kind == EG_KIND_ICMP6 + ICMPV6_ECHO_REQUEST	? EG_ECHO_6 :
		  kind == EG_KIND_ICMP + ICMP_TIMESTAMP		? EG_ECHO_STAMP : EG_ECHO_NONE;
	p->kind = kind;
	p->shape = EG_SHAPE_WHOLE;
	p->vlan = 0;
	p->l4 = data + p->l3 + (eg_kind_ipv4(kind) ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
}

/*
 * Reads a frame, or with `l3` an IP packet without link header. Returns why it
 * can't be understood or, for an echo request, can't be answered; NONE otherwise.
 */
static __always_inline enum eg_reason eg_parse(struct eg_cursor c, bool l3, struct eg_packet *p)
{
	struct eg_link link;
	enum eg_reason reason;
	const __u8 *first;

	p->l3 = 0;
	p->echo = EG_ECHO_NONE;
	p->cell = EG_CELL_PROTOCOL + EG_PROTOCOL_NON_IP;
	p->kind = EG_KIND_OTHER;
	p->shape = EG_SHAPE_WHOLE;
	p->vlan = 0;
	p->l4 = c.pos;
	if (l3) {
		first = eg_view(c.pos, 1, c.end);
		if (!first)
			return EG_REASON_IP_TRUNCATED;
		link.proto = eg_htons(*first >> 4 == 6 ? ETH_P_IPV6 : ETH_P_IP);
	} else {
		reason = eg_parse_eth(&c, &link);
		if (unlikely(link.tags))
			p->vlan = 1 + eg_tag_vid(&link.tag[0]);
		if (reason != EG_REASON_NONE)
			return reason;
		p->l3 = sizeof(struct ethhdr) + link.tags * sizeof(struct vlan_hdr);
	}
	if (link.proto == eg_htons(ETH_P_IP))
		return eg_parse_ipv4(&c, p);
	if (link.proto == eg_htons(ETH_P_IPV6))
		return eg_parse_ipv6(&c, p);
	if (link.proto == eg_htons(ETH_P_ARP)) {
		p->cell = EG_CELL_PROTOCOL + EG_PROTOCOL_ARP;
		p->kind = EG_KIND_ARP;
	}
	return EG_REASON_NONE;
}

/* The same, if eg_parse_plain() has said `kind`. */
static __always_inline enum eg_reason eg_parse_rest(struct eg_cursor c, __u32 kind, bool l3,
						    struct eg_packet *p)
{
	if (unlikely(kind == EG_KIND_COUNT))
		return eg_parse(c, l3, p);
	eg_parse_kind(c.pos, kind, p);
	return EG_REASON_NONE;
}

#endif
