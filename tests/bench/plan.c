// SPDX-License-Identifier: GPL-2.0-only
/* What is measured, side by side, and what it has to reach. */
#include <stdio.h>

#include "state.h"

#define BIT(n) (1ull << (n))

/* Who answers. */
#define EVERY	  (BIT(KERNEL + 1) - 1)
#define TRACKERS  (BIT(TRACK) | BIT(WATCH))
#define ANSWERERS (EVERY & ~(BIT(GENERATOR) | BIT(BARE_DROP) | BIT(TC_EGRESS)))
#define XDP_PAIR  (BIT(BARE_TX) | BIT(NATIVE))
#define MANY	  (XDP_PAIR | BIT(SWAP) | BIT(KERNEL))
#define LENGTHS	  (XDP_PAIR | BIT(LEAST) | BIT(TC) | BIT(KERNEL))

/* Who drops: everybody of IPv4, and who holds sets and limits against many sources. */
#define DROPPERS \
	(BIT(BARE_DROP) | (BIT(SET_6) - BIT(TYPE)) | BIT(SOURCE) | (BIT(DPDK) - BIT(RULES_10)))
#define SETS_1K	  (BIT(BARE_DROP) | BIT(SET_1K) | BIT(SET_1K_NFT))
#define SETS_10K  (BIT(BARE_DROP) | BIT(SET_10K) | BIT(SET_10K_NFT))
#define SETS_100K (BIT(BARE_DROP) | BIT(SET) | BIT(SET_NFT) | BIT(SET_RAW) | BIT(MIXED))
#define SETS_1M	  (BIT(BARE_DROP) | BIT(MILLION) | BIT(SOURCE))

#define RULES_MAX 4096 /* EG_RULES_MAX */
#define HUNDRED_K 100000
#define ONE_M	  1000000

const struct candidate candidates[CANDIDATES] = {
	[GENERATOR] = { "generator alone", "generator", AT_BARE, MADE, {} },
	[BARE_DROP] = { "bare XDP_DROP", "drop", AT_BARE, DROPPED, {} },
	[BARE_TX] = { "bare XDP_TX", "tx", AT_BARE, RETURNED, {} },
	[LEAST] = { "least echo", "least", AT_BARE, ANSWERED, {} },
	[NATIVE] = { "echogate native", "native", AT_NATIVE, ANSWERED, {} },
	[SWAP] = { "echogate swap", "swap", AT_NATIVE, ANSWERED, { RULES_SWAP, 0, 0 } },
	[TC_LEAST] = { "least tc echo", "least-tc", AT_TC_BARE, ANSWERED, {} },
	[TC_EGRESS] = { "least tc, egress", "egress", AT_TC_BARE, ANSWERED, {} },
	[TC] = { "echogate tc", "tc", AT_TC, ANSWERED, {} },
	[KERNEL] = { "kernel's stack", "kernel", AT_KERNEL, ANSWERED, {} },

	[TYPE] = { "type", "type", AT_NATIVE, DROPPED, { RULES_TYPE, 4, 1 } },
	[TYPE_TC] = { "type, tc", "type-tc", AT_TC, DROPPED, { RULES_TYPE, 4, 1 } },
	[TYPE_NFT] = { "type, nftables", "type-nft", AT_NFT, DROPPED, { RULES_TYPE, 4, 1 } },
	[RULE] = { "1 rule", "rule", AT_NATIVE, DROPPED, { RULES_EACH, 4, 1 } },
	[RULE_NFT] = { "1, nftables", "rule-nft", AT_NFT, DROPPED, { RULES_EACH, 4, 1 } },
	[RULE_FILTER] = { "1, xdp-filter",
			  "rule-filter",
			  AT_FILTER,
			  DROPPED,
			  { RULES_EACH, 4, 1 } },
	[RULES] = { "4096 rules", "rules", AT_NATIVE, DROPPED, { RULES_EACH, 4, RULES_MAX } },
	[RULES_NFT] = { "4096, nftables",
			"rules-nft",
			AT_NFT,
			DROPPED,
			{ RULES_EACH, 4, RULES_MAX } },
	[RULES_FILTER] = { "4096, xdp-filter",
			   "rules-filter",
			   AT_FILTER,
			   DROPPED,
			   { RULES_EACH, 4, RULES_MAX } },
	[SET] = { "set of 100,000", "set", AT_NATIVE, DROPPED, { RULES_SET, 4, HUNDRED_K } },
	[SET_NFT] = { "set, nftables", "set-nft", AT_NFT, DROPPED, { RULES_SET, 4, HUNDRED_K } },
	[MIXED] = { "mixed lengths", "mixed", AT_NATIVE, DROPPED, { RULES_MIXED, 4, HUNDRED_K } },
	[MILLION] = { "set of a million", "million", AT_NATIVE, DROPPED, { RULES_SET, 4, ONE_M } },
	[SET_6] = { "set of 100,000", "set6", AT_NATIVE, DROPPED, { RULES_SET, 6, HUNDRED_K } },
	[MILLION_6] = { "set of a million",
			"million6",
			AT_NATIVE,
			DROPPED,
			{ RULES_SET, 6, ONE_M } },
	[SOURCE] = { "per-source", "source", AT_NATIVE, DROPPED, { RULES_SOURCE, 4, 2 } },
	[PLAIN] = { "recorder off", "plain", AT_NATIVE, ANSWERED, { RULES_PLAIN, 0, 0 } },
	[TRACK] = { "echogate, rtt", "track", AT_NATIVE, ANSWERED, { RULES_TRACK, 4, 2 } },
	[WATCH] = { "echogate, observe", "watch", AT_NATIVE, ANSWERED, { RULES_WATCH, 4, 1 } },
	[ASKED] = { "unsolicited", "asked", AT_NATIVE, DROPPED, { RULES_ASKED, 4, 1 } },

	[RULES_10] = { "10 rules", "rules10", AT_NATIVE, DROPPED, { RULES_EACH, 4, 10 } },
	[RULES_100] = { "100 rules", "rules100", AT_NATIVE, DROPPED, { RULES_EACH, 4, 100 } },
	[RULES_1K] = { "1000 rules", "rules1k", AT_NATIVE, DROPPED, { RULES_EACH, 4, 1000 } },
	[RULES_10_NFT] = { "10, nftables", "rules10-nft", AT_NFT, DROPPED, { RULES_EACH, 4, 10 } },
	[RULES_100_NFT] = { "100, nftables",
			    "rules100-nft",
			    AT_NFT,
			    DROPPED,
			    { RULES_EACH, 4, 100 } },
	[RULES_1K_NFT] = { "1000, nftables",
			   "rules1k-nft",
			   AT_NFT,
			   DROPPED,
			   { RULES_EACH, 4, 1000 } },
	[TYPE_RAW] = { "type, nft raw", "type-raw", AT_RAW, DROPPED, { RULES_TYPE, 4, 1 } },
	[RULE_RAW] = { "1, nft raw", "rule-raw", AT_RAW, DROPPED, { RULES_EACH, 4, 1 } },
	[RULES_100_RAW] = { "100, nft raw", "rules100-raw", AT_RAW, DROPPED, { RULES_EACH, 4, 100 } },
	[RULES_RAW] = { "4096, nft raw", "rules-raw", AT_RAW, DROPPED, { RULES_EACH, 4, RULES_MAX } },
	[SET_RAW] = { "set, nft raw", "set-raw", AT_RAW, DROPPED, { RULES_SET, 4, HUNDRED_K } },
	[SET_1K] = { "set of 1,000", "set1k", AT_NATIVE, DROPPED, { RULES_SET, 4, 1000 } },
	[SET_10K] = { "set of 10,000", "set10k", AT_NATIVE, DROPPED, { RULES_SET, 4, 10000 } },
	[SET_1K_NFT] = { "1,000, nftables", "set1k-nft", AT_NFT, DROPPED, { RULES_SET, 4, 1000 } },
	[DPDK] = { "DPDK icmpecho", "dpdk", AT_DPDK, ANSWERED, {} },
	[SET_10K_NFT] = { "10,000, nftables", "set10k-nft", AT_NFT, DROPPED, { RULES_SET, 4, 10000 } },
};

#define ECHO(family, length, span, members, memory) \
	{ \
		family, length, span, 1, members, BARE_TX, false, memory \
	}
#define DROP(family, span, members) \
	{ \
		family, 64, span, STATION_SCATTER, members, BARE_DROP, false, false \
	}

const struct group groups[GROUPS] = {
	[ECHO4_64] = ECHO(4, 64, 1, EVERY | BIT(PLAIN) | TRACKERS | BIT(DPDK), false),
	[ECHO6_64] = ECHO(6, 64, 1, EVERY | BIT(PLAIN) | TRACKERS, false),
	[ECHO4_98] = ECHO(4, 98, 1, ANSWERERS, false),
	[ECHO6_98] = ECHO(6, 98, 1, ANSWERERS, false),
	[ECHO4_1514] = ECHO(4, 1514, 1, ANSWERERS, false),
	[ECHO6_1514] = ECHO(6, 1514, 1, ANSWERERS, false),
	[ECHO4_512_SOURCES] = ECHO(4, 64, 512, XDP_PAIR, false),
	[ECHO6_512_SOURCES] = ECHO(6, 64, 512, XDP_PAIR, false),
	[ECHO4_64K_SOURCES] = ECHO(4, 64, 65536, MANY, true),
	[ECHO6_64K_SOURCES] = ECHO(6, 64, 65536, MANY, true),
	[ECHO4_ALL_SOURCES] = ECHO(4, 64, STATION_SPAN_4, XDP_PAIR, true),
	[ECHO6_ALL_SOURCES] = ECHO(6, 64, STATION_SPAN_6, XDP_PAIR, true),

	[DROP4] = DROP(4, 1, DROPPERS),
	[DROP4_64K_SOURCES] = DROP(4, 65536, BIT(BARE_DROP) | BIT(TYPE) | BIT(SOURCE)),
	[DROP4_100K_SOURCES] = DROP(4, HUNDRED_K, SETS_100K),
	[DROP4_1M_SOURCES] = DROP(4, ONE_M, SETS_1M),
	[DROP6] = DROP(6, 1, BIT(BARE_DROP) | BIT(SET_6) | BIT(MILLION_6)),
	[DROP6_100K_SOURCES] = DROP(6, HUNDRED_K, BIT(BARE_DROP) | BIT(SET_6)),
	[DROP6_1M_SOURCES] = DROP(6, ONE_M, BIT(BARE_DROP) | BIT(MILLION_6)),
	[REPLY4] = { 4, 64, 1, STATION_SCATTER, BIT(BARE_DROP) | BIT(ASKED), BARE_DROP, true,
		     false },

	[ECHO4_128] = ECHO(4, 128, 1, LENGTHS, false),
	[ECHO4_256] = ECHO(4, 256, 1, LENGTHS, false),
	[ECHO4_512] = ECHO(4, 512, 1, LENGTHS, false),
	[ECHO4_1024] = ECHO(4, 1024, 1, LENGTHS, false),
	[ECHO4_4K_SOURCES] = ECHO(4, 64, 4096, MANY, true),
	[DROP4_1K_SOURCES] = DROP(4, 1000, SETS_1K),
	[DROP4_10K_SOURCES] = DROP(4, 10000, SETS_10K),
};

#define WITHIN(name, group, of, over, least) \
	{ \
		name, group, of, group, over, least \
	}

/* What issues 2, 3 and 5 ask for. */
const struct target targets[TARGETS] = {
	WITHIN("IPv4, 64 bytes, over bare XDP_TX", ECHO4_64, NATIVE, BARE_TX, 0.80),
	WITHIN("IPv6, 64 bytes, over bare XDP_TX", ECHO6_64, NATIVE, BARE_TX, 0.78),
	WITHIN("IPv4, 1514 bytes, over bare XDP_TX", ECHO4_1514, NATIVE, BARE_TX, 0.52),
	WITHIN("IPv6, 1514 bytes, over bare XDP_TX", ECHO6_1514, NATIVE, BARE_TX, 0.52),
	WITHIN("IPv4, 65536 sources, over bare XDP_TX", ECHO4_64K_SOURCES, NATIVE, BARE_TX, 0.68),
	WITHIN("IPv6, 65536 sources, over bare XDP_TX", ECHO6_64K_SOURCES, NATIVE, BARE_TX, 0.68),
	WITHIN("IPv4, 64 bytes, over the kernel's stack", ECHO4_64, NATIVE, KERNEL, 9),
	WITHIN("IPv6, 64 bytes, over the kernel's stack", ECHO6_64, NATIVE, KERNEL, 9),
	WITHIN("IPv4, 64 bytes, tc over least tc echo", ECHO4_64, TC, TC_LEAST, 0.95),
	WITHIN("IPv6, 64 bytes, tc over least tc echo", ECHO6_64, TC, TC_LEAST, 0.95),
	/* Not asked for: what an egress program costs there is no fault of echogate's. */
	WITHIN("IPv4, the same, least echo with egress", ECHO4_64, TC, TC_EGRESS, 0.95),
	WITHIN("IPv6, the same, least echo with egress", ECHO6_64, TC, TC_EGRESS, 0.95),

	WITHIN("IPv4, 64 bytes, recorder on over off", ECHO4_64, NATIVE, PLAIN, 0.97),
	WITHIN("IPv6, 64 bytes, recorder on over off", ECHO6_64, NATIVE, PLAIN, 0.97),

	WITHIN("ICMP type, over bare XDP_DROP", DROP4, TYPE, BARE_DROP, 0.90),
	WITHIN("set of 100,000, random members, the same", DROP4_100K_SOURCES, SET, BARE_DROP,
	       0.75),
	WITHIN("set of a million, one source, the same", DROP4, MILLION, BARE_DROP, 0.70),
	WITHIN("set of a million, random members", DROP4_1M_SOURCES, MILLION, BARE_DROP, 0.50),
	WITHIN("4096 rules over 1, the last one matching", DROP4, RULES, RULE, 0.90),
	{ "per-source, 65536 sources over one", DROP4_64K_SOURCES, SOURCE, DROP4, SOURCE, 0.75 },
	{ "per-source, a million sources over one", DROP4_1M_SOURCES, SOURCE, DROP4, SOURCE, 0.65 },

	WITHIN("IPv4, stateful echo on over off", ECHO4_64, TRACK, NATIVE, 0.85),
	WITHIN("IPv6, stateful echo on over off", ECHO6_64, TRACK, NATIVE, 0.85),
};

const char *sources(const struct group *g)
{
	static char text[32];

	if (g->span == STATION_SPAN_6)
		return "2^32";
	snprintf(text, sizeof(text), "%llu", (unsigned long long)g->span);
	return text;
}

enum candidate_id station_of(enum candidate_id id)
{
	switch (candidates[id].at) {
	case AT_BARE:
		return GENERATOR;
	case AT_TC_BARE:
		return TC_LEAST;
	default:
		return id;
	}
}

/* What the others are compared with comes along. */
bool takes_part(const struct group *g, enum candidate_id id)
{
	__u64 chosen = g->members & b.only;

	if (!b.full && (g >= &groups[ECHO4_128] || id >= RULES_10))
		return false;

	if (chosen)
		chosen |= BIT(g->bare);
	return chosen & BIT(id) && !b.missing[station_of(id)][0];
}
