/* SPDX-License-Identifier: GPL-2.0-only */
/* Frames made up to be measured: of a kind, or such that a rule should decide about them. */
#ifndef LOADER_RECIPE_H
#define LOADER_RECIPE_H

#include "ruleset.h"

#define RECIPE_FRAME_MAX 1514

/* Both ends of a packet. IPv4 addresses are in the first word. */
struct ends {
	__u8 to_mac[6], from_mac[6];
	__be32 from[4], to[4];
};

struct recipe {
	__u8 family; /* AF_INET, AF_INET6; 0: an ARP request */
	__u8 protocol;
	__u8 type, code; /* of ICMP and ICMPv6 */
	__u8 tcp_flags, ttl, dscp;
	bool options;	/* IPv4 only, like fragments */
	__u16 fragment; /* flags and offset, host order */
	__u16 sport, dport;
	__u16 vlan;   /* ID + 1; 0: no tag */
	__u16 length; /* bytes of the frame; what headers need comes first */
	struct ends ends;
};

/* A packet of a protocol that nobody would object to. */
struct recipe recipe__plain(__u8 family, __u8 protocol, __u16 length, const struct ends *ends);

/*
 * The nth attempt at a packet about which @rule would decide; @ends4 and @ends6 are kept where it
 * doesn't ask. False after the last; whether it succeeds, only a trial shows.
 */
bool recipe__for_rule(const struct rule *rule, unsigned int attempt, const struct ends *ends4,
		      const struct ends *ends6, struct recipe *r);

/* With all lengths and checksums right. Returns its length. */
size_t recipe__build(const struct recipe *r, __u8 frame[RECIPE_FRAME_MAX]);

/*
 * Of an echo request as built: the sum of what the checksum covers that its source is in (IPv4:
 * the header's, IPv6: the message's), but for that source's last word and the checksum.
 */
__u32 recipe__sum_but_source(const struct recipe *r, const __u8 *frame);

#endif
