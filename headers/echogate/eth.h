/* SPDX-License-Identifier: GPL-2.0-only */
/* Ethernet II with up to two VLAN tags (IEEE 802.1Q, 802.1ad), and ARP (RFC 826). */
#ifndef ECHOGATE_ETH_H
#define ECHOGATE_ETH_H

#include "cursor.h"
#include "names.h"

#define EG_VLAN_TAGS	2

struct eg_tag {
	__be16 tpid;
	__be16 tci;
};

struct eg_link {
	__be16 proto;			/* EtherType of the payload */
	__u32 tags;
	struct eg_tag tag[EG_VLAN_TAGS];	/* outermost first */
};

static __always_inline bool eg_mac_equal(const void *a, const void *b)
{
	return !((eg_load16(a) ^ eg_load16(b)) | (eg_load16(a + 2) ^ eg_load16(b + 2)) |
		 (eg_load16(a + 4) ^ eg_load16(b + 4)));
}

static __always_inline bool eg_is_tpid(__be16 proto)
{
	return proto == ETH_P_8021Q_BE || proto == ETH_P_8021AD_BE;
}

static __always_inline __u32 eg_tag_vid(const struct eg_tag *tag)
{
	return eg_ntohs(tag->tci) & 0x0fff;
}

/*
 * Reads the link header; the cursor ends at the payload. A length field (802.3)
 * is a `proto` below 1536, which nothing here understands.
 */
static __always_inline enum eg_reason eg_parse_eth(struct eg_cursor *c, struct eg_link *link)
{
	const struct ethhdr *eth = eg_take(c, sizeof(*eth));
	const struct vlan_hdr *vlan;

	link->tags = 0;
	if (!eth)
		return EG_REASON_ETH_TRUNCATED;
	link->proto = eth->h_proto;
	/* The two that matter are known by one comparison each. */
	if (likely(link->proto == eg_htons(ETH_P_IP)) || link->proto == eg_htons(ETH_P_IPV6) ||
	    !eg_is_tpid(link->proto))
		return EG_REASON_NONE;
#pragma GCC unroll 2
	for (int i = 0; i < EG_VLAN_TAGS; i++) {
		vlan = eg_take(c, sizeof(*vlan));
		if (!vlan)
			return EG_REASON_ETH_TRUNCATED;
		link->tag[i].tpid = link->proto;
		link->tag[i].tci = vlan->h_vlan_TCI;
		link->proto = vlan->h_vlan_encapsulated_proto;
		link->tags = i + 1;
		if (!eg_is_tpid(link->proto))
			return EG_REASON_NONE;
	}
	return EG_REASON_VLAN_DEPTH;
}

/* ARP for IPv4 over Ethernet: the 28 bytes behind the link header. */
struct eg_arp {
	__be16 op;			/* 1 request, 2 reply */
	__be32 sender, target;		/* protocol addresses */
};

/* False unless it is whole, and Ethernet and IPv4 by type and by length. */
static __always_inline bool eg_parse_arp(struct eg_cursor *c, struct eg_arp *arp)
{
	const struct arphdr *head = eg_take(c, sizeof(*head));
	const void *body = head ? eg_take(c, 2 * (ETH_ALEN + 4)) : NULL;

	if (!body || head->ar_hrd != eg_htons(1) || head->ar_pro != eg_htons(ETH_P_IP) ||
	    head->ar_hln != ETH_ALEN || head->ar_pln != 4)
		return false;
	arp->op = head->ar_op;
	arp->sender = eg_load32(body + ETH_ALEN);
	arp->target = eg_load32(body + 2 * ETH_ALEN + 4);
	return true;
}

#endif
