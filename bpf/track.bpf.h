/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Echo messages beyond themselves: requests that leave are noted, replies that come looked up
 * and measured, and the numbers of requests that come watched (echogate/solicit.h, sequence.h).
 * Global functions, see path.bpf.h, and called for nothing else. The clock is read only of a
 * reply whose request is known: a flood of others costs no more than the look-up.
 */
#ifndef EG_TRACK_BPF_H
#define EG_TRACK_BPF_H

#include <echogate/sequence.h>
#include <echogate/solicit.h>
#include "rules.bpf.h"

/* Whether a direction's packets are of any interest. Read anew each time, like eg_rulesets. */
static __always_inline bool eg_tracks(__u32 direction)
{
	return eg_tracking.flags &
	       (direction == EG_EGRESS ? EG_TRACK_NOTE : EG_TRACK_NOTE | EG_TRACK_OBSERVE);
}

static __always_inline bool eg_kind_replies(__u32 kind)
{
	return kind == EG_KIND_ICMP + ICMP_ECHOREPLY || kind == EG_KIND_ICMP6 + ICMPV6_ECHO_REPLY;
}

/* Whether a packet of this kind may be an echo message that matters; of a fragment who knows. */
static __always_inline bool eg_kind_tracked(__u32 direction, __u32 kind)
{
	bool asks = direction == EG_EGRESS || eg_tracking.flags & EG_TRACK_OBSERVE;

	if (kind == EG_KIND_PROTO4 + EG_IPPROTO_ICMP || kind == EG_KIND_PROTO6 + EG_IPPROTO_ICMPV6)
		return true;
	if (eg_kind_asks(kind))
		return asks;
	return direction == EG_INGRESS && eg_tracking.flags & EG_TRACK_NOTE &&
	       eg_kind_replies(kind);
}

/* An echo message; of IPv4 the first word of an address. */
struct eg_message {
	__be32 from[4], to[4];
	__u32 kind, family;
	__be32 rest;
};

/*
 * Reads the message that the parser has put aside in `m` into *msg, all zero before, or compilers
 * move what nobody has written; false if it is none.
 */
static __always_inline bool eg_message_read(void *ctx, enum eg_hook hook, const struct eg_match *m,
					    struct eg_message *msg)
{
	struct eg_cursor c = eg_frame(ctx, hook);
	const struct eg_icmp_head *icmp;
	struct eg_packet p;
	__u32 l3;

	eg_take_up(m, &p, c.pos);
	msg->kind = eg_fragment_kind(c.pos, c.end, &p);
	if (!eg_kind_asks(msg->kind) && !eg_kind_replies(msg->kind))
		return false;
	icmp = eg_view(p.l4, sizeof(*icmp), c.end);
	if (!icmp)
		return false;
	msg->rest = eg_load32(&icmp->rest);
	l3 = p.l3;
	EG_BOUND(l3, 31);
	if (eg_kind_ipv4(msg->kind)) {
		const struct iphdr *ip = eg_view(c.pos + l3, sizeof(*ip), c.end);

		if (!ip)
			return false;
		msg->family = AF_INET;
		msg->from[0] = ip->saddr;
		msg->to[0] = ip->daddr;
	} else {
		const struct ipv6hdr *ip6 = eg_view(c.pos + l3, sizeof(*ip6), c.end);

		if (!ip6)
			return false;
		msg->family = AF_INET6;
		eg_ipv6_addresses(ip6, msg->from, msg->to);
	}
	return true;
}

static __always_inline bool eg_is_group(__u32 family, const __be32 *addr)
{
	if (family == AF_INET6)
		return *(const __u8 *)addr == 0xff;
	return (eg_ntohl(addr[0]) & 0xf0000000) == 0xe0000000 || addr[0] == ~0u ||
	       eg_addr4_owner(&eg_addrs, addr[0]) == EG_OWNER_BROADCAST;
}

static __always_inline struct eg_echo_bucket *eg_echo_at(__u64 hash)
{
	__u32 bucket = eg_echo_bucket_of(hash);

	return bpf_map_lookup_elem(&eg_echoes, &bucket);
}

/* EG_GROUP_OBSERVED and number of the group that an address is in. */
static __always_inline __u64 eg_group_of(__u32 family, const __be32 *addr)
{
	__u32 class, key;
	const __u64 *entry;

	if (!eg_tracking.classes)
		return 0;
	class = family == AF_INET ? eg_class4(addr[0]) : eg_class6(addr);
	key = eg_tracking.base + class;
	entry = class < eg_tracking.classes ? bpf_map_lookup_elem(&eg_table, &key) : NULL;
	return entry ? *entry : 0;
}

static __always_inline void eg_rtt_count(__u32 row, __u64 ns)
{
	struct eg_rtt *r = bpf_map_lookup_elem(&eg_rtt, &row);

	if (r)
		eg_rtt_add(r, ns);
}

static __always_inline void eg_measure(const struct eg_message *msg, __u64 ns)
{
	__u32 group = eg_group_of(msg->family, msg->from);

	eg_rtt_count(0, ns);
	EG_BOUND(group, 127);
	if (group && group <= EG_RTT_GROUPS)
		eg_rtt_count(eg_tracking.row[group], ns);
}

/* Whether a reply was asked for; a note of a group's stays as it is, for whoever else answers. */
static __always_inline enum eg_solicited eg_look_up(const struct eg_message *msg,
						    const __be32 *peer, bool trial)
{
	struct eg_echo_key k = {
		.peer = peer, .own = msg->to, .family = msg->family, .rest = msg->rest
	};
	__u64 hash = eg_echo_hash(eg_rodata_keys, &k), hit, cell, age;
	struct eg_echo_bucket *b = eg_echo_at(hash);
	__u32 way;

	hit = b ? eg_echo_find(b, hash) : 0;
	if (!hit)
		return EG_SOLICITED_NO;
	way = eg_first_bit(hit);
	EG_BOUND(way, EG_ECHO_WAYS - 1);
	cell = *(volatile __u64 *)&b->cell[way];
	age = eg_echo_age(cell, bpf_ktime_get_ns());
	if (age > EG_ECHO_MAX)
		return EG_SOLICITED_NO;
	if (peer && !trial && eg_echo_see(b, way, cell) && eg_tracking.flags & EG_TRACK_RTT)
		eg_measure(msg, age);
	return EG_SOLICITED_YES;
}

static __always_inline void eg_observe(const struct eg_message *msg)
{
	struct eg_observed_key key = { .id = eg_ntohl(msg->rest) >> 16 };
	__u64 now = eg_now(false);
	struct eg_observed *o;

	if (!(eg_group_of(msg->family, msg->from) & EG_GROUP_OBSERVED))
		return;
	eg_addr_mapped(key.addr, msg->family, msg->from);
	o = bpf_map_lookup_elem(&eg_observed, &key);
	if (!o) {
		struct eg_observed none = {};

		bpf_map_update_elem(&eg_observed, &key, &none, BPF_NOEXIST);
		o = bpf_map_lookup_elem(&eg_observed, &key);
	}
	if (o)
		eg_sequence_take(o, eg_ntohl(msg->rest), now);
}

/* What came in: requests are observed, of replies it is said whether they were asked for. */
static __always_inline enum eg_solicited eg_track_in(void *ctx, enum eg_hook hook, __u32 counters)
{
	struct eg_counters *c = eg_counters_of(counters);
	struct eg_message msg = {};
	bool trial;

	if (!c || !eg_message_read(ctx, hook, &c->match, &msg))
		return EG_SOLICITED_NONE;
	trial = eg_in_trial(&c->match);
	if (eg_kind_asks(msg.kind)) {
		if (eg_tracking.flags & EG_TRACK_OBSERVE && !trial)
			eg_observe(&msg);
		return EG_SOLICITED_NONE;
	}
	if (!(eg_tracking.flags & EG_TRACK_NOTE))
		return EG_SOLICITED_NONE;
	if (eg_look_up(&msg, msg.from, trial) == EG_SOLICITED_YES)
		return EG_SOLICITED_YES;
	return eg_look_up(&msg, NULL, trial);
}

__noinline int eg_track_xdp(struct xdp_md *ctx, __u32 counters)
{
	return eg_track_in(ctx, EG_HOOK_XDP, counters);
}

__noinline int eg_track_tc(struct __sk_buff *ctx, __u32 counters)
{
	return eg_track_in(ctx, EG_HOOK_TC, counters);
}

/* The same for a packet that the parser has put aside, if it is of a kind that may matter. */
static __always_inline enum eg_solicited eg_track(void *ctx, enum eg_hook hook,
						  const struct eg_match *m, __u32 kind)
{
	if (!eg_kind_tracked(EG_INGRESS, kind))
		return EG_SOLICITED_NONE;
	return hook == EG_HOOK_XDP ? eg_track_xdp(ctx, eg_counters_key(m, EG_INGRESS))
				   : eg_track_tc(ctx, eg_counters_key(m, EG_INGRESS));
}

/* A request that leaves, this host's own or one that is forwarded. */
__noinline int eg_track_out(struct __sk_buff *ctx)
{
	struct eg_counters *c = eg_counters_of(EG_EGRESS);
	struct eg_message msg = {};
	struct eg_echo_bucket *b;
	struct eg_echo_key k;
	__u64 hash, now;

	if (!c || !eg_message_read(ctx, EG_HOOK_TC, &c->match, &msg) || !eg_kind_asks(msg.kind))
		return 0;
	k = (struct eg_echo_key){ .own = msg.from, .family = msg.family, .rest = msg.rest };
	if (!eg_is_group(msg.family, msg.to))
		k.peer = msg.to;
	hash = eg_echo_hash(eg_rodata_keys, &k);
	b = eg_echo_at(hash);
	now = bpf_ktime_get_ns();
	for (int i = 0; b && i < EG_LIMIT_TRIES; i++)
		if (eg_echo_note(b, hash, now))
			break;
	return 0;
}

#endif
