/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is sent in answer to a rejected packet: an ICMP or ICMPv6 error that quotes it
 * (RFC 792, RFC 1122 3.2.2, RFC 1812 4.3.2, RFC 4443), or a TCP reset (RFC 9293
 * 3.10.7.1). First whether anything may be sent and how long it gets, then, in a frame
 * that the hook has made of that size, the headers. Between the two nothing is shared
 * but a struct eg_error: every pointer into the packet is void then.
 */
#ifndef ECHOGATE_REJECT_H
#define ECHOGATE_REJECT_H

#include "addr.h"
#include "fields.h"

/* Longest error, IP header and all, bytes. */
#define EG_ERROR_MAX4	576		/* RFC 1812 4.3.2.3 */
#define EG_ERROR_MAX6	1280		/* RFC 4443 3.1, the least MTU */

#define EG_ERROR_HEAD4	28		/* IP and ICMP header of an error */
#define EG_ERROR_HEAD6	48

#define EG_TCP_FIN	0x01
#define EG_TCP_SYN	0x02
#define EG_TCP_RST	0x04
#define EG_TCP_ACK	0x10

/* The ICMP errors and what nobody knows: none is sent in answer to these (RFC 1122 3.2.2). */
static __always_inline bool eg_kind_answerable(__u32 kind)
{
	__u32 type = kind & 255;

	if (kind < EG_KIND_ICMP)
		return true;
	if (kind < EG_KIND_ICMP6)
		return type == 0 || type == 8 || type == 9 || type == 10 ||
		       (type >= 13 && type <= 18) || type == 42 || type == 43;
	return type >= 128;
}

/* A single host that an error can be sent to. Class E is none by choice. */
static __always_inline bool eg_single_host(__u32 family, const __be32 *addr)
{
	__u32 first = eg_ntohl(addr[0]);

	if (family == AF_INET)
		return first && first >> 24 != 127 && first >> 28 < 14;
	return first >> 24 != 0xff &&
	       (addr[0] | addr[1] | addr[2] || eg_ntohl(addr[3]) > 1);
}

static __always_inline bool eg_group(__u32 family, const __be32 *addr, const struct eg_addrs *own)
{
	__u32 first = eg_ntohl(addr[0]);

	if (family == AF_INET)
		return first >> 28 == 14 || first == 0xffffffff ||
		       eg_addr4_owner(own, addr[0]) == EG_OWNER_BROADCAST;
	return first >> 24 == 0xff;
}

/* Sum of the pseudo-header for `size` bytes; `addrs` are both addresses in a row. */
static __always_inline __u64 eg_pseudo(bool v4, const void *addrs, __u8 protocol, __u32 size)
{
	__u64 sum = eg_sum_fixed(addrs, 8) + eg_htons(protocol) + eg_htons(size);

	return v4 ? sum : sum + eg_sum_fixed(addrs + 8, 24);
}

/*
 * A packet that another virtual machine or container sent, may have its checksum yet
 * to be finished (CHECKSUM_PARTIAL): the field holds the sum of the pseudo-header, and
 * whoever puts the frame on a wire makes it that of all. Nothing says so to a
 * program; the field's value does, and is wrong once in 65,536. True if it does.
 */
static __always_inline bool eg_sum_unfinished(const void *l4, const void *end, __u32 kind,
					      __u16 pseudo)
{
	__u32 protocol = kind & 255;
	const void *check;

	if (kind >= EG_KIND_ICMP || (protocol != EG_IPPROTO_TCP && protocol != EG_IPPROTO_UDP))
		return false;
	check = eg_view(l4 + (protocol == EG_IPPROTO_TCP ? 16 : 6), 2, end);
	return check && eg_load16(check) == pseudo;
}

/* Sequence and acknowledgment numbers of a reset for the segment at `tcp`, `size` bytes long. */
static __always_inline enum eg_reason eg_reset_judge(const __u8 *tcp, __u32 size,
						     struct eg_error *e)
{
	__u32 header = tcp[12] >> 4 << 2, flags = tcp[13];

	if (flags & EG_TCP_RST)
		return EG_REASON_REJECT_FORBIDDEN;
	if (header < EG_TCP_HEADER || header > size)
		return EG_REASON_REJECT_FORBIDDEN;
	if (flags & EG_TCP_ACK) {
		e->flags = EG_TCP_RST;
		e->seq = eg_load32(tcp + 8);
		e->ack = 0;
	} else {
		e->flags = EG_TCP_RST | EG_TCP_ACK;
		e->seq = 0;
		e->ack = eg_htonl(eg_ntohl(eg_load32(tcp + 4)) + size - header +
				  !!(flags & EG_TCP_SYN) + !!(flags & EG_TCP_FIN));
	}
	return EG_REASON_NONE;
}

/*
 * Whether and what may be sent for the packet `p` at `l3`, whose fields were read into
 * `m`. Fills `e` but for where it comes from and what eg_error_sum() adds.
 */
static __always_inline enum eg_reason eg_error_judge(const void *l3, const void *end,
						     const struct eg_packet *p,
						     const struct eg_match *m,
						     const struct eg_addrs *own,
						     enum eg_reject reject, struct eg_error *e)
{
	bool v4 = m->family == AF_INET;
	__u32 header = p->l4 - l3, most = v4 ? EG_ERROR_MAX4 : EG_ERROR_MAX6, len, word;

	if (!m->family || eg_shape_later(p->shape) || !eg_kind_answerable(p->kind) ||
	    eg_group(m->family, m->to, own) || !eg_single_host(m->family, m->from))
		return EG_REASON_REJECT_FORBIDDEN;
	l3 = eg_view(l3, sizeof(struct iphdr), end);
	if (!l3)
		return EG_REASON_REJECT_FAILED;
	word = eg_ntohl(eg_load32(l3));
	if (v4) {
		len = word & 0xffff;
		e->tos = word >> 16;
	} else {
		len = sizeof(struct ipv6hdr) + eg_ntohs(eg_load16(l3 + 4));
		e->tos = word >> 20;
	}
	if (len < header)
		return EG_REASON_REJECT_FORBIDDEN;
	e->family = m->family;
	e->size = len;
	e->header = header;
	e->rest = 0;
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++)
		e->to[i] = m->from[i];
	if (reject == EG_REJECT_TCP_RESET) {
		const __u8 *tcp = eg_view(p->l4, EG_TCP_HEADER, end);

		/* In place, which options and extension headers would be in. */
		if (!tcp || header != (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) ||
		    (p->kind & 255) != EG_IPPROTO_TCP || p->kind >= EG_KIND_ICMP ||
		    p->shape != EG_SHAPE_WHOLE)
			return EG_REASON_REJECT_FORBIDDEN;
		e->head = 0;
		e->quote = header + EG_TCP_HEADER;
		e->len = e->quote;
		return eg_reset_judge(tcp, len - header, e);
	}
	e->head = v4 ? EG_ERROR_HEAD4 : EG_ERROR_HEAD6;
	e->quote = len < most - e->head ? len : most - e->head;
	if (e->quote < header)
		return EG_REASON_REJECT_FORBIDDEN;
	e->len = e->head + e->quote;
	switch (reject) {
#define EG_REJECT_TYPE(id, name, type4, code4, type6, code6)	\
	case EG_REJECT_##id:					\
		e->type = v4 ? (type4) & 255 : (type6) & 255;	\
		e->code = v4 ? (code4) : (code6);		\
		break;
	EG_REJECTS(EG_REJECT_TYPE)
#undef EG_REJECT_TYPE
	case EG_REJECT_COUNT:
		return EG_REASON_REJECT_FAILED;
	}
	if (!v4 && e->type == ICMPV6_PARAMPROB) {
		/* The pointer: where the next header that nobody knows is named. */
		if (p->shape != EG_SHAPE_WHOLE)
			return EG_REASON_REJECT_FORBIDDEN;
		e->rest = eg_htonl(offsetof(struct ipv6hdr, nexthdr));
	}
	return EG_REASON_NONE;
}

/* Of `size` bytes of the upper layer; false if the addresses aren't all there. */
static __always_inline bool eg_error_pseudo(const void *l3, const void *end, bool v4,
					    __u8 protocol, __u32 size, __u16 *pseudo)
{
	const void *addrs = eg_view(l3 + (v4 ? 12 : 8), v4 ? 8 : 32, end);

	if (!addrs)
		return false;
	*pseudo = eg_fold(eg_pseudo(v4, addrs, protocol, size));
	return true;
}

/*
 * Sums up what is quoted of the packet of `kind` at `l3`, and with that verifies an IPv4
 * header: the kernel throws a packet with a bad one away without a word. With `offload`
 * the packet's checksum may be unfinished; then what is quoted will have another sum on the
 * wire: from the upper layer on it comes to the complement of what the field holds.
 */
static __always_inline enum eg_reason eg_error_sum(const void *l3, const void *end, __u32 kind,
						   bool offload, struct eg_error *e)
{
	bool v4 = e->family == AF_INET;
	__u32 header = e->header, upper = e->quote - header;
	__u32 size = e->size - header;
	const void *l4;
	__u64 sum = 0;
	__u16 pseudo;

	EG_BOUND(header, 0x7fff);
	l4 = l3 + header;
	e->sum = 0;
	if (!eg_sum(l3, header, end, &e->sum) || !eg_sum(l4, upper, end, &sum))
		return EG_REASON_REJECT_FORBIDDEN;
	if (v4 && eg_fold(e->sum) != 0xffff)
		return EG_REASON_REJECT_FORBIDDEN;
	e->unfinished = false;
	if (offload) {
		/* Twice, or 6.1's verifier would forget of which family it has seen the addresses. */
		if (v4 ? !eg_error_pseudo(l3, end, true, kind, size, &pseudo) :
			 !eg_error_pseudo(l3, end, false, kind, size, &pseudo))
			return EG_REASON_REJECT_FAILED;
		if (eg_sum_unfinished(l4, end, kind, pseudo)) {
			e->unfinished = true;
			sum = (__u16)~pseudo;
		}
	}
	e->sum += sum;
	return EG_REASON_NONE;
}

/*
 * An IPv4 header for e->len bytes, RFC 1812 4.3.2.5: errors have precedence 6 and the
 * rest of the TOS of what they are about (icmp_send()); without DF.
 */
static __always_inline void eg_error_ipv4(struct iphdr *ip, const struct eg_error *e,
					  __u8 protocol, __u8 tos, __u16 id)
{
	eg_store32(ip, eg_htonl(0x45000000 | (__u32)tos << 16 | e->len));
	eg_store32((void *)ip + 4, eg_htonl((__u32)id << 16));
	eg_store32((void *)ip + 8, eg_htonl((__u32)e->hops << 24 | (__u32)protocol << 16));
	ip->saddr = e->from[0];
	ip->daddr = e->to[0];
	ip->check = ~eg_fold(eg_sum_fixed(ip, sizeof(*ip)));
}

static __always_inline void eg_error_ipv6(struct ipv6hdr *ip6, const struct eg_error *e,
					  __u8 protocol, __u8 tos, __u32 label)
{
	eg_store32(ip6, eg_htonl(0x60000000 | (__u32)tos << 20 | label));
	eg_store32((void *)ip6 + 4,
		   eg_htonl((e->len - (__u32)sizeof(*ip6)) << 16 | (__u32)protocol << 8 | e->hops));
#pragma GCC unroll 4
	for (int i = 0; i < 4; i++) {
		eg_store32((void *)&ip6->saddr + 4 * i, e->from[i]);
		eg_store32((void *)&ip6->daddr + 4 * i, e->to[i]);
	}
}

/* The ICMP header, of which `pseudo` is the sum of the pseudo-header. */
static __always_inline void eg_error_icmp(void *icmp, const struct eg_error *e, __u64 pseudo)
{
	eg_store32(icmp, eg_htonl((__u32)e->type << 24 | (__u32)e->code << 16));
	eg_store32(icmp + 4, e->rest);
	eg_store16(icmp + 2, ~eg_fold(pseudo + e->sum + eg_load32(icmp) + e->rest));
}

/*
 * The reset in place of its segment at `tcp`, 20 bytes; `pseudo` as it will be. An
 * unfinished checksum stays one.
 */
static __always_inline void eg_error_reset(void *tcp, const struct eg_error *e, __u64 pseudo)
{
	__u16 from = eg_load16(tcp), to = eg_load16(tcp + 2);

	eg_store16(tcp, to);
	eg_store16(tcp + 2, from);
	eg_store32(tcp + 4, e->seq);
	eg_store32(tcp + 8, e->ack);
	eg_store32(tcp + 12, eg_htonl(5u << 28 | (__u32)e->flags << 16));
	eg_store32(tcp + 16, 0);
	if (e->unfinished)
		eg_store16(tcp + 16, eg_fold(pseudo));
	else
		eg_store16(tcp + 16, ~eg_fold(pseudo + eg_sum_fixed(tcp, EG_TCP_HEADER)));
}

/* Of what is sent there are at least so many bytes, and no more are written. */
#define EG_ERROR_LEAST4	40
#define EG_ERROR_LEAST6	60

/*
 * Writes all of it: `ip` has e->len bytes, of which the last e->quote are the packet's
 * own; v4 says what e->family says. `serial` becomes the identification or the flow label.
 */
static __always_inline void eg_error_write(void *ip, const struct eg_error *e, bool v4,
					   __u32 serial)
{
	void *upper = v4 ? ip + sizeof(struct iphdr) : ip + sizeof(struct ipv6hdr);
	__u8 protocol = !e->head ? EG_IPPROTO_TCP : v4 ? EG_IPPROTO_ICMP : EG_IPPROTO_ICMPV6;
	__u32 size = e->len - (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	__u64 pseudo = 0;

	if (v4)
		eg_error_ipv4(ip, e, protocol, e->head ? (e->tos & 0x1e) | 0xc0 : e->tos,
			      serial);
	else
		eg_error_ipv6(ip, e, protocol, e->head ? 0 : e->tos, serial & 0xfffff);
	if (!v4 || !e->head)
		pseudo = eg_pseudo(v4, v4 ? ip + 12 : ip + 8, protocol, size);
	if (e->head)
		eg_error_icmp(upper, e, pseudo);
	else
		eg_error_reset(upper, e, pseudo);
}

#endif
