// SPDX-License-Identifier: GPL-2.0-only
#include "recipe.h"

#include <arpa/inet.h>
#include <string.h>

#include "echogate/csum.h"

#define L3	sizeof(struct ethhdr)
#define TAG	sizeof(struct vlan_hdr)
#define OPTIONS 4 /* bytes of them: all "no operation" */
#define SYN	2

static const __u8 protocols[] = { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP };

struct recipe recipe__plain(__u8 family, __u8 protocol, __u16 length, const struct ends *ends)
{
	struct recipe r = {
		.family = family,
		.protocol = protocol,
		.tcp_flags = SYN,
		.ttl = 64,
		.sport = 40000,
		.dport = protocol == IPPROTO_UDP ? 53 : 80,
		.length = length,
		.ends = *ends,
	};

	if (protocol == IPPROTO_ICMP)
		r.type = ICMP_ECHO;
	else if (protocol == IPPROTO_ICMPV6)
		r.type = ICMPV6_ECHO_REQUEST;
	return r;
}

/* Frames ----------------------------------------------------------------------------- */

static size_t l4_size(const struct recipe *r)
{
	switch (r->protocol) {
	case IPPROTO_TCP:
		return sizeof(struct tcphdr);
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		return sizeof(struct sctphdr);
	default:
		return 8;
	}
}

static size_t ip_size(const struct recipe *r)
{
	if (r->family == AF_INET6)
		return sizeof(struct ipv6hdr);
	return sizeof(struct iphdr) + (r->options ? OPTIONS : 0);
}

/* Ones' complement sum of what follows from `from` to the end of the frame. */
static __u64 sum_from(const __u8 *frame, size_t from, size_t length)
{
	__u64 sum = 0;

	eg_sum(frame + from, length - from, frame + length, &sum);
	return sum;
}

/* Both addresses, length and protocol, of either family. */
static __u64 pseudo_header(const struct recipe *r, size_t length)
{
	__u64 sum = htonl(length) + (__u64)htonl(r->protocol);

	for (int i = 0; i < (r->family == AF_INET6 ? 4 : 1); i++)
		sum += (__u64)r->ends.from[i] + r->ends.to[i];
	return sum;
}

static void put_l4(const struct recipe *r, __u8 *frame, size_t at, size_t length)
{
	bool ports = true;
	size_t sum_at = 0;
	__u8 *p = frame + at;
	__u64 sum = 0;

	switch (r->protocol) {
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		ports = false;
		p[0] = r->type;
		p[1] = r->code;
		sum_at = 2;
		break;
	case IPPROTO_TCP:
		p[12] = sizeof(struct tcphdr) / 4 << 4;
		p[13] = r->tcp_flags;
		eg_store16(p + 14, htons(64240));
		sum_at = 16;
		break;
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		eg_store16(p + 4, htons(length - at));
		sum_at = 6;
		break;
	case IPPROTO_SCTP:
	case IPPROTO_DCCP:
		break;
	default:
		return;
	}
	if (ports) {
		eg_store16(p, htons(r->sport));
		eg_store16(p + 2, htons(r->dport));
	}
	if (!sum_at)
		return;
	if (r->protocol != IPPROTO_ICMP)
		sum = pseudo_header(r, length - at);
	sum = eg_fold(sum + sum_from(frame, at, length));
	eg_store16(p + sum_at, sum == 0xffff ? 0xffff : ~sum);
}

static void put_ip4(const struct recipe *r, __u8 *frame, size_t at, size_t length)
{
	struct iphdr ip = {
		.version = 4,
		.ihl = ip_size(r) / 4,
		.tos = r->dscp << 2,
		.tot_len = htons(length - at),
		.frag_off = htons(r->fragment),
		.ttl = r->ttl,
		.protocol = r->protocol,
		.saddr = r->ends.from[0],
		.daddr = r->ends.to[0],
	};

	memcpy(frame + at, &ip, sizeof(ip));
	if (r->options)
		memset(frame + at + sizeof(ip), 1, OPTIONS);
	ip.check = ~eg_fold(sum_from(frame, at, at + ip_size(r)));
	memcpy(frame + at, &ip, sizeof(ip));
}

static void put_ip6(const struct recipe *r, __u8 *frame, size_t at, size_t length)
{
	__u8 *ip = frame + at;

	ip[0] = 6 << 4 | r->dscp >> 2;
	ip[1] = r->dscp << 6;
	eg_store16(ip + 4, htons(length - at - sizeof(struct ipv6hdr)));
	ip[6] = r->protocol;
	ip[7] = r->ttl;
	memcpy(ip + 8, r->ends.from, 16);
	memcpy(ip + 24, r->ends.to, 16);
}

static void put_arp(const struct recipe *r, __u8 *p)
{
	static const __u8 request[] = { 0, 1, 8, 0, 6, 4, 0, 1 };

	memcpy(p, request, sizeof(request));
	memcpy(p + 8, r->ends.from_mac, 6);
	memcpy(p + 14, r->ends.from, 4);
	memcpy(p + 24, r->ends.to, 4);
}

size_t recipe__build(const struct recipe *r, __u8 frame[RECIPE_FRAME_MAX])
{
	size_t at = L3 + (r->vlan ? TAG : 0), l4 = at + ip_size(r), length = r->length;
	__u16 type = r->family == AF_INET    ? ETH_P_IP
		     : r->family == AF_INET6 ? ETH_P_IPV6
					     : ETH_P_ARP;

	if (length < l4 + l4_size(r))
		length = l4 + l4_size(r);
	memset(frame, 0, length);
	memcpy(frame, r->ends.to_mac, 6);
	memcpy(frame + 6, r->ends.from_mac, 6);
	if (r->vlan) {
		eg_store16(frame + 12, htons(ETH_P_8021Q));
		eg_store16(frame + 14, htons(r->vlan - 1));
	}
	eg_store16(frame + at - 2, htons(type));
	if (!r->family) {
		put_arp(r, frame + at);
		return length;
	}
	if (r->family == AF_INET)
		put_ip4(r, frame, at, length);
	else
		put_ip6(r, frame, at, length);
	put_l4(r, frame, l4, length);
	return length;
}

__u32 recipe__sum_but_source(const struct recipe *r, const __u8 *frame)
{
	size_t l4 = L3 + ip_size(r);
	__u64 sum;

	if (r->family == AF_INET) {
		/* What is left out was zero when the rest was summed up to 0xffff. */
		sum = sum_from(frame, L3, l4);
		sum += (__u16)~eg_load16(frame + L3 + 10);
		sum += (__u32)~eg_load32(frame + L3 + 12);
		return eg_fold(sum);
	}
	sum = pseudo_header(r, r->length - l4) + sum_from(frame, l4, r->length);
	sum += (__u16)~eg_load16(frame + l4 + 2);
	sum += (__u32)~r->ends.from[3];
	return eg_fold(sum);
}

/* Rules ------------------------------------------------------------------------------- */

/* The first number that a matcher accepts, if it names any. */
static bool first_of(const struct ranges *list, __u32 *value)
{
	if (!list->present || list->negated || !list->count)
		return false;
	*value = list->list[0].first;
	return true;
}

static bool first_of_family(const struct prefixes *list, __u8 family, __be32 addr[4])
{
	for (size_t i = 0; i < list->count; i++) {
		if (list->list[i].family != family)
			continue;
		memcpy(addr, list->list[i].addr, sizeof(list->list[i].addr));
		return true;
	}
	return false;
}

/* One of a rule's addresses of that family; false if all it has are of the other. */
static bool choose_end(const struct endpoint *e, __u8 family, __be32 addr[4])
{
	if (!e->present || e->negated || e->local)
		return true;
	for (size_t i = 0; i < e->set_count; i++)
		if (first_of_family(&e->sets[i]->prefixes, family, addr))
			return true;
	return first_of_family(&e->prefixes, family, addr);
}

/* The protocol the rule names, or one of its own accord. False if it names none of the family. */
static bool choose_protocol(const struct kinds *k, __u8 family, unsigned int attempt,
			    __u8 *protocol)
{
	__u8 version = family == AF_INET ? 4 : 6;

	if (!k->present || k->negated) {
		*protocol = protocols[attempt % ARRAY_SIZE(protocols)];
		if (*protocol == IPPROTO_ICMP && family == AF_INET6)
			*protocol = IPPROTO_ICMPV6;
		return true;
	}
	for (size_t i = 0; i < k->count; i++) {
		if ((k->list[i].family && k->list[i].family != version) ||
		    k->list[i].first >= KIND_ARP)
			continue;
		*protocol = k->list[i].first;
		return true;
	}
	return false;
}

static void choose_numbers(const struct rule *rule, struct recipe *r)
{
	__u32 value;

	if (first_of(&rule->type, &value))
		r->type = value;
	if (first_of(&rule->code, &value))
		r->code = value;
	if (first_of(&rule->sport, &value))
		r->sport = value;
	if (first_of(&rule->dport, &value))
		r->dport = value;
	if (first_of(&rule->ttl, &value))
		r->ttl = value;
	if (first_of(&rule->dscp, &value))
		r->dscp = value;
	if (first_of(&rule->vlan, &value))
		r->vlan = value + 1;
	if (first_of(&rule->length, &value) && value + L3 > r->length &&
	    value + L3 <= RECIPE_FRAME_MAX)
		r->length = value + L3;
	if (rule->flags.present && !rule->flags.negated && rule->flags.count)
		r->tcp_flags = rule->flags.list[0].value;
	if (rule->fragment && !rule->fragment_negated)
		r->fragment = rule->fragment & FRAGMENT_FIRST ? 0x2000 : 1;
	r->options = rule->options && !rule->options_negated;
}

bool recipe__for_rule(const struct rule *rule, unsigned int attempt, const struct ends *ends4,
		      const struct ends *ends6, struct recipe *r)
{
	for (; attempt < 2 * ARRAY_SIZE(protocols); attempt++) {
		__u8 family = attempt < ARRAY_SIZE(protocols) ? AF_INET : AF_INET6, protocol;

		if (!choose_protocol(&rule->kind, family, attempt, &protocol))
			continue;
		*r = recipe__plain(family, protocol, 64, family == AF_INET ? ends4 : ends6);
		if (!choose_end(&rule->from, family, r->ends.from) ||
		    !choose_end(&rule->to, family, r->ends.to))
			continue;
		choose_numbers(rule, r);
		return true;
	}
	return false;
}
