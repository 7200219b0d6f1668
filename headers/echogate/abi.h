/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the BPF programs and user space share through maps. Both sides compile
 * the assertions at the end, so a struct that moves on one side breaks its build.
 */
#ifndef ECHOGATE_ABI_H
#define ECHOGATE_ABI_H

#include "env.h"
#include "names.h"

/* Raised whenever a pinned map of an older echogate could be misread. */
#define EG_ABI			1

#define EG_ICMP_SLOTS		64
#define EG_PROTOCOL_SLOTS	64
#define EG_REASON_SLOTS		64

/* Counters ------------------------------------------------------------- */

enum eg_direction { EG_INGRESS, EG_EGRESS, EG_DIRECTION_COUNT };

struct eg_count {
	__u64 packets;
	__u64 bytes;			/* of frames, as the hook sees them */
};

struct eg_cell {
	struct eg_count verdict[4];	/* by enum eg_verdict */
};

/*
 * Map eg_counters: per-CPU array, key enum eg_direction. Every packet counts in
 * exactly one cell, so verdicts and protocols are sums that the reader makes;
 * and in one reason, unless that is "none".
 */
struct eg_counters {
	struct eg_cell icmp[EG_ICMP_SLOTS];		/* by enum eg_icmp */
	struct eg_cell icmp6[EG_ICMP_SLOTS];		/* by enum eg_icmp6 */
	struct eg_cell protocol[EG_PROTOCOL_SLOTS];	/* by enum eg_protocol */
	struct eg_count reason[EG_REASON_SLOTS];	/* by enum eg_reason */
};

/* A cell's index when the three arrays are taken as one. */
#define EG_CELL_ICMP		0
#define EG_CELL_ICMP6		EG_ICMP_SLOTS
#define EG_CELL_PROTOCOL	(2 * EG_ICMP_SLOTS)
#define EG_CELL_COUNT		(2 * EG_ICMP_SLOTS + EG_PROTOCOL_SLOTS)

/* Configuration -------------------------------------------------------- */

enum eg_flag {
	EG_FLAG_IGNORE4		= 1 << 0,	/* net.ipv4.icmp_echo_ignore_all */
	EG_FLAG_IGNORE6		= 1 << 1,	/* net.ipv6.icmp.echo_ignore_all */
	EG_FLAG_RATEMASK4	= 1 << 2,	/* net.ipv4.icmp_ratemask has bit 0 */
	EG_FLAG_RATEMASK6	= 1 << 3,	/* net.ipv6.icmp.ratemask has type 129 */
	EG_FLAG_LABEL_AUTO	= 1 << 4,	/* net.ipv6.auto_flowlabels is not 0 */
	EG_FLAG_LABEL_REFLECT	= 1 << 5,	/* net.ipv6.flowlabel_reflect has bit 2 */
};

/*
 * Map eg_config: one entry, what may change while the programs run. Whoever
 * writes it or eg_addrs changes path_salt afterwards: remembered paths are void.
 */
struct eg_config {
	__u64 path_salt;
	__u32 flags;			/* enum eg_flag */
	__u32 ifindex;			/* the interface attached to */
	__u8  mac[6];			/* its MAC address; zero on L3 devices */
	__u8  ttl4;			/* net.ipv4.ip_default_ttl */
	__u8  hop6;			/* net.ipv6.conf.IFACE.hop_limit */
};

/* Own addresses -------------------------------------------------------- */

#define EG_ADDR4_BUCKETS	1024
#define EG_ADDR4_WAYS		7
#define EG_ADDR6_BUCKETS	2048
#define EG_ADDR6_WAYS		4

/*
 * Addresses in network byte order; an unused place is all zero, which is no
 * address a packet may have. An address stands in the bucket its hash names
 * (addr.h); the loader picks a seed with which no bucket overflows.
 */
struct eg_addr4_bucket {
	__be32 addr[EG_ADDR4_WAYS];
	__u32  broadcast;		/* bit n: addr[n] is a broadcast address */
};

struct eg_addr6_bucket {
	__be32 addr[EG_ADDR6_WAYS][4];
};

/* Map eg_addrs: one entry. */
struct eg_addrs {
	__u64 seed;			/* odd */
	__u32 count4, count6;		/* local addresses held */
	__u8  pad[48];			/* buckets don't straddle cache lines */
	struct eg_addr4_bucket v4[EG_ADDR4_BUCKETS];
	struct eg_addr6_bucket v6[EG_ADDR6_BUCKETS];
};

/* VLAN devices --------------------------------------------------------- */

#define EG_VLANS_MAX		4096

/* Map eg_vlans: hash. A tag is TPID << 16 | VLAN ID in host order; 0: no tag. */
struct eg_vlan_key {
	__u32 outer;
	__u32 inner;
};

struct eg_vlan {
	__u32 ifindex;			/* of the VLAN device */
	__u8  mac[6];
	__u8  hop6;			/* net.ipv6.conf.VLAN.hop_limit */
	__u8  pad;
};

/* Route metrics -------------------------------------------------------- */

#define EG_METRICS_MAX		4096

/*
 * Map eg_metrics: LPM trie of the destinations whose route carries a metric that
 * bpf_fib_lookup() doesn't tell (hoplimit; mtu without lock). Replies to them are
 * the kernel's. IPv4 prefixes stand under ::ffff:0:0/96. Value: __u32, unused.
 */
struct eg_metrics_key {
	__u32  prefix;			/* length, bits */
	__be32 addr[4];
};

/* Remembered reply paths ----------------------------------------------- */

#define EG_PATH_SET_BITS	14
#define EG_PATH_WAYS		8

/* Map eg_paths: array of sets. A cell is tag << 6 | reason ^ 63 (path.h). */
struct eg_path_set {
	__u32 cell[EG_PATH_WAYS];
};

/* About the attachment ------------------------------------------------- */

enum eg_mode { EG_MODE_NATIVE, EG_MODE_GENERIC, EG_MODE_TC, EG_MODE_COUNT };

enum eg_owned {
	EG_OWNED_QDISC		= 1 << 0,	/* the clsact qdisc */
	EG_OWNED_INGRESS	= 1 << 1,	/* its ingress filter */
	EG_OWNED_EGRESS		= 1 << 2,	/* its egress filter */
	EG_OWNED_FORWARD4	= 1 << 3,	/* net.ipv4.conf.lo.forwarding = 1 */
	EG_OWNED_FORWARD6	= 1 << 4,	/* net.ipv6.conf.lo.forwarding = 1 */
};

#define EG_META_PATH		256

/* Map eg_meta: one entry, written and read by the loader only. abi and owned never move. */
struct eg_meta {
	__u32 abi;			/* EG_ABI */
	__u32 mode;			/* enum eg_mode */
	__u64 since;			/* first attach, seconds since 1970 */
	__u64 generation;		/* 1 at the first attach, then counts attaches */
	__u32 ifindex;
	__u32 owned;			/* enum eg_owned: what detach must take back */
	char  ifname[16];		/* at the last attach */
	char  netns[EG_META_PATH];	/* as given with --netns, "" otherwise */
	char  config[EG_META_PATH];	/* path of the configuration file, "" if none */
};

/* Layout, both sides --------------------------------------------------- */

EG_SAME("eg_count", sizeof(struct eg_count), 16);
EG_SAME("eg_cell", sizeof(struct eg_cell), 64);
EG_SAME("eg_counters", sizeof(struct eg_counters), 192 * 64 + 64 * 16);
EG_SAME("eg_counters.icmp6", __builtin_offsetof(struct eg_counters, icmp6), EG_CELL_ICMP6 * 64);
EG_SAME("eg_counters.protocol", __builtin_offsetof(struct eg_counters, protocol), EG_CELL_PROTOCOL * 64);
EG_SAME("eg_counters.reason", __builtin_offsetof(struct eg_counters, reason), EG_CELL_COUNT * 64);
EG_SAME("eg_config", sizeof(struct eg_config), 24);
EG_SAME("eg_config.mac", __builtin_offsetof(struct eg_config, mac), 16);
EG_SAME("eg_config.hop6", __builtin_offsetof(struct eg_config, hop6), 23);
EG_SAME("eg_addr4_bucket", sizeof(struct eg_addr4_bucket), 32);
EG_SAME("eg_addr6_bucket", sizeof(struct eg_addr6_bucket), 64);
EG_SAME("eg_addrs", sizeof(struct eg_addrs), 64 + 1024 * 32 + 2048 * 64);
EG_SAME("eg_addrs.v4", __builtin_offsetof(struct eg_addrs, v4), 64);
EG_SAME("eg_vlan_key", sizeof(struct eg_vlan_key), 8);
EG_SAME("eg_vlan", sizeof(struct eg_vlan), 12);
EG_SAME("eg_metrics_key", sizeof(struct eg_metrics_key), 20);
EG_SAME("eg_path_set", sizeof(struct eg_path_set), 32);
EG_SAME("eg_meta", sizeof(struct eg_meta), 560);
EG_SAME("eg_meta.owned", __builtin_offsetof(struct eg_meta, owned), 28);
EG_SAME("eg_meta.ifname", __builtin_offsetof(struct eg_meta, ifname), 32);
EG_SAME("verdicts", EG_VERDICT_COUNT, 4);

_Static_assert(EG_REASON_COUNT <= 63, "a memo cell keeps six bits for a reason");
_Static_assert((int)EG_ICMP_COUNT <= EG_ICMP_SLOTS && (int)EG_ICMP6_COUNT <= EG_ICMP_SLOTS, "ICMP slots");
_Static_assert((int)EG_PROTOCOL_COUNT <= EG_PROTOCOL_SLOTS, "protocol slots");

#endif
