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
#define EG_ABI			5

#define EG_ICMP_SLOTS		64
#define EG_PROTOCOL_SLOTS	64
#define EG_PROTOCOL_IN6		32	/* slot of a protocol in IPv6, less its slot in IPv4 */
#define EG_REASON_SLOTS		64
#define EG_REJECT_SLOTS		8

/* Rules ------------------------------------------------------------------ */

#define EG_RULES_MAX		4096	/* of both directions together */
#define EG_WORD_BITS		64
#define EG_RULE_WORDS		(EG_RULES_MAX / EG_WORD_BITS)
#define EG_RULE_SLOTS		8192	/* places of counters: two generations' worth */
#define EG_SLOT_REJECT		0	/* no rule's: the limit of errors that have none of their own */

/*
 * What rules look at. Each field of a packet is an index into a part of eg_table of
 * its own; what stands there says which rules the packet satisfies as far as this
 * field goes. Index 0 is "the packet has no such field", unless said otherwise.
 */
enum eg_field {
	/* Fours of which nobody uses one cost nothing: those used most come first. */
	EG_FIELD_KIND,		/* EG_KIND_*: every frame has one */
	EG_FIELD_PROTECT,	/* 0: not protected, 1: protected */
	EG_FIELD_FROM,		/* 1 + class of the source address */
	EG_FIELD_TO,		/* 1 + class of the destination address */
	EG_FIELD_OWN,		/* 1 + EG_OWN_* */
	EG_FIELD_CODE,		/* 1 + code of ICMP, 257 + code of ICMPv6 */
	EG_FIELD_SPORT,		/* 1 + source port */
	EG_FIELD_DPORT,		/* 1 + destination port */
	EG_FIELD_FLAGS,		/* 1 + flags of TCP */
	EG_FIELD_TTL,		/* 1 + TTL or hop limit */
	EG_FIELD_DSCP,		/* 1 + DSCP */
	EG_FIELD_LENGTH,	/* 1 + length of the IP packet, as its header says, at most 65535 */
	EG_FIELD_SHAPE,		/* 1 + EG_SHAPE_* */
	EG_FIELD_VLAN,		/* 0: untagged; 1 + VLAN ID of the outermost tag */
	EG_FIELD_SOLICITED,	/* enum eg_solicited: of echo replies that came in */
	EG_FIELD_COUNT
};

/* What is known of a plain packet without much reading. */
#define EG_FIELDS_SIMPLE	(1 << EG_FIELD_KIND | 1 << EG_FIELD_PROTECT | 1 << EG_FIELD_FROM | \
				 1 << EG_FIELD_TO)

/* EG_FIELD_KIND. What is cut too short for its type or its header is among the protocols. */
#define EG_KIND_PROTO4		0	/* + protocol of IPv4 */
#define EG_KIND_PROTO6		256	/* + upper-layer protocol of IPv6 */
#define EG_KIND_ICMP		512	/* + type, where the protocol is ICMP and the type readable */
#define EG_KIND_ICMP6		768	/* + type, the same */
#define EG_KIND_ARP		1024
#define EG_KIND_OTHER		1025	/* any other EtherType, or a frame too short to have one */
#define EG_KIND_BAD4		1026	/* IPv4 by EtherType, but no valid header */
#define EG_KIND_BAD6		1027
#define EG_KIND_COUNT		1028

/* EG_FIELD_SHAPE: one of these three, plus EG_SHAPE_OPTIONS. */
#define EG_SHAPE_WHOLE		0	/* no fragment */
#define EG_SHAPE_FIRST		1	/* fragment with offset 0; IPv6 atomic fragments too */
#define EG_SHAPE_LATER		2
#define EG_SHAPE_OPTIONS	3	/* IPv4 options, or IPv6 extension headers but the fragment header */

/* EG_FIELD_OWN, bits. */
#define EG_OWN_SOURCE		1	/* the source is an address of this host */
#define EG_OWN_DESTINATION	2

#define EG_CODE_SIZE		513
#define EG_PORT_SIZE		65537
#define EG_FLAGS_SIZE		257
#define EG_TTL_SIZE		257
#define EG_DSCP_SIZE		65
#define EG_LENGTH_SIZE		65537
#define EG_SHAPE_SIZE		7
#define EG_VLAN_SIZE		4097
#define EG_OWN_SIZE		5
#define EG_PROTECT_SIZE		2
#define EG_SOLICITED_SIZE	3

/* Whether an echo reply answers a request that left by this interface, see solicit.h. */
enum eg_solicited {
	EG_SOLICITED_NONE,		/* no echo reply, or nobody asks */
	EG_SOLICITED_YES,
	EG_SOLICITED_NO,
};

/* A packet as rules see it. */
struct eg_match {
	__u32 index[EG_FIELD_COUNT];	/* those of unused fields are not written */
	__be32 from[4], to[4];		/* IPv4: [0] */
	__u32 family;			/* AF_INET, AF_INET6; 0: no IP header */
	__u32 ttl;			/* or hop limit, with a family */
	__u16 kind;
	__u16 header;			/* bytes from the IP header to the upper layer */
	__u64 bytes;
	__u8  protect;			/* bool: the packet is protected */
	/* Kept for afterwards: what the parser said, see parse.h. */
	__u8  l3, echo;
	__u8  reason;			/* enum eg_reason */
	__u8  cell;
	__u8  shape;
	__u8  solicited;		/* enum eg_solicited */
	__u8  noted;			/* EG_NOTED_* */
};

/* Rules being asked one after the other. */
struct eg_walk {
	__u64 bits;			/* rules of the present word yet to come */
	__u64 words;			/* words yet to come */
	__u64 now, precise;		/* 0: not asked for yet */
	__u32 word;
	__u32 rule;			/* that decided, index in eg_rules */
	__u32 held;			/* enum eg_reason: why it isn't to answer */
	__u32 pad;
};

/* What is sent in answer to a rejected packet, see reject.h. */
struct eg_error {
	__u64 sum;			/* of what is quoted, as it will be on the wire */
	__u64 hash;			/* of the path; seeds identification and flow label */
	__u32 family;			/* AF_INET, AF_INET6 */
	__u32 quote;			/* bytes of the packet that stay, from its IP header on */
	__u32 head;			/* bytes put before them; 0: a reset, in their place */
	__u32 len;			/* of the IP packet to be sent */
	__be32 rest;			/* second word of the ICMP header */
	__be32 seq, ack;		/* of the reset */
	__u8  flags;			/* of the reset */
	__u8  type, code;		/* of the error */
	__u8  tos;			/* of the packet */
	__be32 from[4], to[4];		/* IPv4: [0] */
	__u8  unfinished;		/* bool: so was the packet's checksum */
	__u8  hops;			/* TTL or hop limit to be sent with */
	__u16 header;			/* bytes of the packet before its upper layer */
	__u32 size;			/* of the packet, by its IP header */
};

/* Counters ------------------------------------------------------------- */

enum eg_direction { EG_INGRESS, EG_EGRESS, EG_DIRECTION_COUNT };

/* Behind them, what trial runs count: nobody reads it. */
#define EG_COUNTERS_TRIAL	EG_DIRECTION_COUNT
#define EG_COUNTERS_COUNT	(EG_DIRECTION_COUNT + 1)

struct eg_count {
	__u64 packets;
	__u64 bytes;			/* of frames, as the hook sees them */
};

struct eg_cell {
	struct eg_count verdict[4];	/* by enum eg_verdict */
};

/* The flight recorder, see below, keeps apart what has a reason, and what a rule decided. */
#define EG_RECORD_RULES		64	/* buckets by a rule's slot; that of slot 0 is of no rule, too */
#define EG_RECORD_BUCKETS	(EG_REASON_SLOTS + EG_RECORD_RULES)

/*
 * Map eg_counters: per-CPU array, key enum eg_direction or EG_COUNTERS_TRIAL. Every packet counts in
 * exactly one cell, so verdicts and protocols are sums that the reader makes;
 * and in one reason, unless that is "none".
 */
struct eg_counters {
	struct eg_cell icmp[EG_ICMP_SLOTS];		/* by enum eg_icmp */
	struct eg_cell icmp6[EG_ICMP_SLOTS];		/* by enum eg_icmp6 */
	struct eg_cell protocol[EG_PROTOCOL_SLOTS];	/* by enum eg_protocol; see EG_PROTOCOL_IN6 */
	struct eg_count reason[EG_REASON_SLOTS];	/* by enum eg_reason */
	/* What was sent to reject, in bytes of IP: by family, IPv4 first, and enum eg_reject. */
	struct eg_count sent[2][EG_REJECT_SLOTS];
	/* No counters: where the programs work, their stack being small. */
	struct eg_match match;
	struct eg_walk walk;
	struct eg_error error;
	__u64 due[EG_RECORD_BUCKETS];	/* jiffies: no packet of the bucket is recorded before */
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
	__s32 tai;			/* TAI less UTC as the kernel has it, seconds */
	/* Source of errors about packets that weren't for this host; zero: there is none. */
	__be32 error4;
	__be32 error6[4];
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
#define EG_PATH_KEYS		16	/* of hashes, secret: __u64 */

/* Map eg_paths: array of sets. A cell is tag << 6 | reason ^ 63 (path.h). */
struct eg_path_set {
	__u32 cell[EG_PATH_WAYS];
};

/* Tables of rules ---------------------------------------------------------- */

/*
 * Map eg_table: array of __u64. With up to 64 rules in a direction an entry is the
 * rules themselves, bit n for the nth. With more it is an index into eg_vectors.
 * Map eg_vectors: array. Bit n of summary: word[n] isn't zero.
 */
struct eg_vector {
	__u64 summary;
	__u64 word[EG_RULE_WORDS];
};

/* What becomes of a packet that no rule decides. */
enum eg_default {
	EG_DEFAULT_ANSWER,	/* an echo request that can be answered is, the rest passes */
	EG_DEFAULT_PASS,
	EG_DEFAULT_DROP,	/* what is protected passes */
	EG_DEFAULT_COUNT
};

/* In .rodata, one for each direction: what isn't used is not even in the program. */
struct eg_ruleset {
	__u32 rules;			/* 0: there is nothing to evaluate */
	__u32 first;			/* index of the first in eg_rules */
	__u32 used;			/* bit n: some rule asks for enum eg_field n */
	__u32 fallback;			/* enum eg_default */
	__u32 base[EG_FIELD_COUNT];	/* where in eg_table a field begins */
	__u32 header;			/* 1: a packet's kind alone doesn't decide what becomes of it */
	__u32 held;			/* 1: some rule has EG_RULE_ABOVE or EG_RULE_GATE */
	__u32 simple;			/* 1: all rules drop or pass, by EG_FIELDS_SIMPLE and nothing else */
};

enum eg_rule_verdict {
	EG_RULE_PASS,
	EG_RULE_DROP,
	EG_RULE_ANSWER,
	EG_RULE_REJECT,
	EG_RULE_COUNT,			/* counts, and evaluation goes on */
	EG_RULE_PROTECT,		/* makes the packet protected, and evaluation goes on */
};

enum eg_rule_flag {
	EG_RULE_LIMIT	= 1 << 0,
	EG_RULE_SOURCE	= 1 << 1,	/* per-source limit */
	EG_RULE_SAMPLE	= 1 << 2,
	EG_RULE_FOREIGN	= 1 << 3,	/* answers for addresses that aren't this host's */
	EG_RULE_PRECISE	= 1 << 4,	/* a tick is too coarse a clock for its limits */
	EG_RULE_ABOVE	= 1 << 5,	/* leaves its packets to the kernel up to a rate */
	EG_RULE_GATE	= 1 << 6,	/* drops its packets while its gate is shut */
};

/* Per-source limits reckon in units of 64 ns. */
#define EG_SOURCE_SHIFT		6

/* Map eg_rules: array, ingress first, then egress. */
struct eg_rule {
	__u8  verdict;			/* enum eg_rule_verdict */
	__u8  flags;			/* enum eg_rule_flag */
	__u8  reject;			/* enum eg_reject */
	__u8  source4, source6;		/* per-source: length of the prefix, bits */
	__u8  pad;
	__u16 slot;			/* of its counters and limits; stays with an unchanged rule */
	__u32 sample;			/* one packet in so many */
	__u32 batch;			/* tokens that a CPU takes at once */
	__u64 gap, depth;		/* ns a packet, and ns that may be run up (burst * gap) */
	__u64 source_gap, source_depth;	/* the same for each source, 64 ns */
	__u64 id;			/* hash of its text */
	__u32 line;			/* in its file */
	__u32 pad2;
	__u64 above_gap, above_depth;	/* ns, as gap and depth */
	__u64 above_hold;		/* ns, see eg_above_take() */
	__u64 gate;			/* key in eg_gates */
};

/*
 * Map eg_rule_cells: array of CPUs * EG_RULE_SLOTS, index CPU * EG_RULE_SLOTS + slot.
 * A rule belongs to one direction, so nobody interrupts its cell.
 */
struct eg_rule_cell {
	struct eg_count count;
	__u64 credit;			/* packets that this CPU has taken from the limit */
	__u64 pad;
};

/* Map eg_limits: array of EG_RULE_SLOTS. Times in ns, see limit.h. */
struct eg_limit {
	__u64 tat;			/* theoretical arrival time */
	__u64 above;			/* the same of its `above`, and EG_ABOVE */
};

/*
 * Map eg_gates: hash, by the hash of what is checked. Whoever checks writes how long what he
 * found may be relied upon; a gate that nobody cares for is shut.
 */
#define EG_GATES_MAX		1024

struct eg_gate {
	__u64 until;			/* open until then: ns of CLOCK_BOOTTIME; 0: shut */
	__u64 checked;			/* when, the same */
	char  why[48];			/* it is as it is: "active", "connection refused" */
};

/* Errors that `reject` sends without a limit of its own, all together (icmp_msgs_per_sec, _burst). */
#define EG_REJECT_GAP		1000000ull
#define EG_REJECT_DEPTH		(50 * EG_REJECT_GAP)

/*
 * Map eg_sources: array of buckets. A cell is 24 bits of a keyed hash of source
 * and slot, and 40 bits of theoretical arrival time in 64 ns.
 */
#define EG_SOURCE_BUCKETS	16384
#define EG_SOURCE_WAYS		8

struct eg_source_bucket {
	__u64 cell[EG_SOURCE_WAYS];
};

/* Echo requests and replies, see solicit.h and sequence.h -------------------- */

/*
 * Map eg_echoes: array of buckets, written by whatever CPU sends a request. A cell is 24 bits
 * of a keyed hash of both addresses, identifier and number, a bit for "answered", and 39 bits
 * of time in 16 ns.
 */
#define EG_ECHO_BUCKETS		8192
#define EG_ECHO_WAYS		8

struct eg_echo_bucket {
	__u64 cell[EG_ECHO_WAYS];
};

/*
 * Map eg_rtt: per-CPU array of histograms, the first of all peers together. Bucket n counts
 * round trips below 1024 ns << n that are not in the one before.
 */
#define EG_RTT_BUCKETS		27
#define EG_RTT_GROUPS		64	/* groups of peers that a generation may tell apart */
#define EG_RTT_ROWS		(1 + 2 * EG_RTT_GROUPS)	/* two generations' worth */

struct eg_rtt {
	__u64 bucket[EG_RTT_BUCKETS];
	__u64 sum;			/* ns, as the next two */
	__u64 least, most;		/* 0: none was measured yet */
};

/* Map eg_groups: array. No program reads it: what the rows are called. */
#define EG_GROUP_NAME		60

struct eg_group {
	char  name[EG_GROUP_NAME];	/* a prefix, or @set; cut, if it is longer */
	__u32 row;			/* in eg_rtt; stays with a group that stays */
};

/* Map eg_observed: LRU hash of those who send echo requests. IPv4 is ::ffff:0:0/96. */
#define EG_OBSERVED_MAX		4096

struct eg_observed_key {
	__be32 addr[4];
	__u16  id;			/* of the echo requests, host order */
	__u16  pad;
};

struct eg_observed {
	__u64 window;			/* bit n: top - n has come */
	__u64 first, last;		/* when, ns of CLOCK_MONOTONIC to a tick */
	__u64 received;			/* all */
	__u64 missing;			/* numbers left out that have not come yet */
	__u64 duplicates;
	__u64 reordered;		/* came behind a higher number */
	__u64 restarts;			/* began anew */
	__u64 strays;			/* far from the others, and nothing followed */
	__u16 top;			/* highest number */
	__u16 next;			/* that would make of the last stray a new beginning */
	__u8  stray;			/* bool: there is a `next` */
	__u8  span;			/* numbers from the beginning to the top, 64 at most */
	__u8  pad[2];
};

/* In .rodata: what is done about echo messages, beside answering them. */
enum eg_track {
	EG_TRACK_NOTE		= 1 << 0,	/* requests are noted, replies looked up */
	EG_TRACK_RTT		= 1 << 1,	/* ... and measured */
	EG_TRACK_OBSERVE	= 1 << 2,	/* numbers of requests that come are watched */
};

struct eg_tracking {
	__u32 flags;			/* enum eg_track */
	__u32 base;			/* where in eg_table classes of addresses begin: entries are */
	__u32 classes;			/* ... EG_GROUP_OBSERVED and the number of a group, or 0 */
	__u8  row[EG_RTT_GROUPS + 1];	/* of eg_rtt, by group; that of group 0 is 0 */
	__u8  pad[3];
};

#define EG_GROUP_OBSERVED	(1ull << 32)

/*
 * Map eg_text: array. The rules as a text that can be applied again, and a NUL; then that
 * of each rule, as eg_rules has them, and a NUL.
 */
#define EG_TEXT_CHUNK		4096

struct eg_text {
	char text[EG_TEXT_CHUNK];
};

/*
 * What a trial run (explain) writes down; map eg_trace: one entry, which the reader
 * sets to zero before.
 */
#define EG_TRACE_RULES		64

struct eg_trace {
	__u32 verdict;			/* enum eg_verdict */
	__u32 reason;			/* enum eg_reason */
	__u32 decided;			/* whether a rule decided: the last that matched */
	__u32 matched;			/* rules that matched, also those that don't fit below */
	__u32 last;			/* index in eg_rules of the last that matched */
	__u32 protect;			/* the packet is protected */
	__u32 index[EG_FIELD_COUNT];	/* of the packet in each field; those of unused fields are 0 */
	__u16 rules[EG_TRACE_RULES];	/* indices in eg_rules, in order */
};

/* Captures ------------------------------------------------------------- */

#define EG_TAPS			8	/* captures of an interface at a time */
#define EG_SNAP_MAX		9344	/* bytes of a frame: what is answered is no longer */

/*
 * What became of a packet. In a ring buffer (eg_tap_rings), `captured` bytes of the frame as it
 * came follow it, and `replied` bytes of what was sent back.
 */
struct eg_event {
	__u64 time;			/* ns of CLOCK_TAI; in the recorder, 0: there is none */
	__u64 rule;			/* id of the one that decided; 0: none did */
	__u32 line;			/* of that rule */
	__u32 source;			/* eg_tap.source; in the recorder the interface's index */
	__u32 length;			/* of the frame as it came */
	__u32 reply;			/* of the frame that was sent back; 0: none was */
	__u32 tag;			/* beside the frame, as in eg_vlan_key but with priority; 0: none */
	__u16 captured, replied;	/* bytes */
	__u16 cpu;
	__u8  verdict;			/* enum eg_verdict */
	__u8  reason;			/* enum eg_reason */
	__u8  direction;		/* enum eg_direction */
	__u8  xdp;			/* bool: as XDP saw it, not tc */
	__u8  pad[2];
};

/* One capture: what it wants. */
struct eg_tap {
	__u64 until;			/* ns of CLOCK_MONOTONIC: its reader renews that, or it is dead */
	__u64 owner;			/* that reader's secret */
	__u64 rule;			/* id; 0: whatever decided */
	__u64 reasons;			/* bit n: enum eg_reason n */
	__u32 source;			/* what the reader calls this interface */
	__u32 snap;			/* bytes of each frame, EG_SNAP_MAX at most */
	__u32 sample;			/* one packet in so many, at random */
	__u32 wake;			/* the reader is woken when so many bytes wait for it */
	__u8  verdicts;			/* bit n: enum eg_verdict n */
	__u8  directions;		/* bit n: enum eg_direction n */
	__u8  pad[14];
};

/*
 * Map eg_taps: one entry. All that is read while nobody captures is `live`. Its readers set bits, and
 * take them back; the programs take back those of the dead. Map eg_tap_rings, array of maps: the
 * ring buffer of each.
 */
struct eg_taps {
	__u64 live;			/* bit n: tap[n] is in use */
	__u8  pad[56];
	struct eg_tap tap[EG_TAPS];
};

struct eg_tap_count {
	__u64 taken;			/* packets that a capture was to get */
	__u64 lost;			/* of them: its ring had no room */
};

/*
 * Map eg_tap_cells: array, index CPU * EG_DIRECTION_COUNT + enum eg_direction. Where a program
 * that is watched puts what it needs; `count` is never set back.
 */
struct eg_tap_cell {
	struct eg_event event;
	struct eg_tap_count count[EG_TAPS];
	__u32 wanted;			/* bit n: tap n wants the packet, if it is of its kind */
	__u32 snap;			/* bytes that are enough for all of them */
	__u32 captured, replied;	/* bytes below */
	__u8  frame[EG_SNAP_MAX];	/* as it came */
	__u8  reply[EG_SNAP_MAX];
};

/*
 * The flight recorder, map eg_recorder: array, index (CPU * EG_DIRECTION_COUNT + enum eg_direction) *
 * EG_RECORD_BUCKETS + bucket. What was dropped, rejected or passed for a reason goes into that
 * reason's bucket, or else into that of the rule; the last few stay. A bucket takes EG_RECORDS at
 * once and then one each EG_RECORD_GAP: a flood costs a comparison, and washes out nothing but itself.
 */
#define EG_RECORDS		4
#define EG_RECORD_SNAP		96
#define EG_RECORD_GAP		100000000ull	/* ns */

struct eg_record {
	struct eg_event event;		/* time is set last, and cleared first */
	__u8 frame[EG_RECORD_SNAP];	/* as it came */
};

struct eg_record_bucket {
	__u64 count;			/* that were put here so far: the last is at (count - 1) % EG_RECORDS */
	struct eg_record record[EG_RECORDS];
};

/* Prefixes: see prefix.h ------------------------------------------------- */

#define EG_BUCKET4_WAYS		12
#define EG_BUCKET6_WAYS		3
#define EG_PREFIX6_LENGTHS	128	/* 1 to 128: ::/0 needs no look-up */

/*
 * Map eg_prefix4: array, by the upper 16 bits of an address. A cell is the class of
 * the longest prefix up to /16, and in the lower half the longer lengths that
 * occur within it: bit n for /(32 - n).
 */
struct eg_prefix4 {
	__u32 cell[16];
};

/*
 * Map eg_bucket4: array, by a hash of the key. A key is the prefix with a one behind its
 * last bit; that of a /32 is the address. A tag is 0x80 and seven bits of the hash, the
 * lowest of them inverted for a /32. Byte n of `tags` belongs to place n, and of `tags8` to
 * place 8 + n; 0: unused.
 */
struct eg_bucket4 {
	__u64 tags;
	__u32 tags8;
	__u32 key[EG_BUCKET4_WAYS];
	__u16 class;			/* of all that stand here, or EG_CLASS_MIXED */
	__u8  spills;			/* 1: some prefix from here stands in its other bucket */
	__u8  pad;
};

/* Map eg_mixed4: array like eg_bucket4, of one entry if no bucket is mixed: class by place. */
struct eg_mixed4 {
	__u16 class[16];
};

#define EG_CLASS_MIXED		0xffff

/*
 * Map eg_prefix6: array of cells, found by a hash of the upper 32 bits. Bit n: a prefix longer
 * than /32 begins like this whose length is the nth of eg_prefix_info.
 */
struct eg_prefix6 {
	__u64 cell[8];
};

/* Map eg_bucket6: array, by a hash of address and length. Length 0: unused. */
struct eg_bucket6 {
	__u64 key[EG_BUCKET6_WAYS][2];	/* in host order, upper half first */
	__u16 class[EG_BUCKET6_WAYS];
	__u8  length[EG_BUCKET6_WAYS];
	__u8  spills;			/* as in eg_bucket4 */
	__u8  pad[6];
};

/*
 * In .rodata. Lengths are tried from the longest to the shortest, those of IPv4 by the bits of
 * a cell, those of IPv6 as listed here. If more than 64 of them occur, a bit means two.
 */
struct eg_prefix_info {
	__u64 seed;			/* odd, secret */
	__u64 always6;			/* as a cell of eg_prefix6, for all addresses */
	__u32 buckets4, buckets6;
	__u32 cells6;			/* 0: eg_prefix6 isn't used */
	__u16 always4;			/* lengths to try if eg_prefix4 isn't used */
	__u16 base6;			/* class of ::/0 */
	__u8  top4;			/* 1: eg_prefix4 is used */
	__u8  longest4;			/* lowest bit of always4 */
	__u8  bits6;			/* of a cell of eg_prefix6 that mean something */
	__u8  share6;			/* lengths to a bit: 1 or 2 */
	__u8  pad[4];
	__u8  length6[EG_PREFIX6_LENGTHS];	/* 255: none */
	__u64 mask6[EG_PREFIX6_LENGTHS][2];
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
	__u64 generation;		/* 1 at the first attach; no two of an interface are alike */
	__u32 ifindex;
	__u32 owned;			/* enum eg_owned: what detach must take back */
	__u64 confirm_by;		/* rolled back then: seconds of CLOCK_BOOTTIME; 0: it stays */
	__u32 rules[EG_DIRECTION_COUNT];
	char  ifname[16];		/* at the last attach */
	char  netns[EG_META_PATH];	/* as given with --netns, "" otherwise */
	char  config[EG_META_PATH];	/* path of the configuration file, "" if none */
	__u64 origin;			/* hash of all that the generation was made of */
	__u64 keys[EG_PATH_KEYS];	/* those in its .rodata */
	__u8  swap;			/* reply-path swap */
	__u8  pad[3];
	__u32 gates;			/* rules that have one */
	__u32 check_every, check_lease;	/* ms */
	__u32 tracks;			/* enum eg_track */
	__u32 groups;			/* of peers, in eg_groups */
};

/* Layout, both sides --------------------------------------------------- */

EG_SAME("eg_count", sizeof(struct eg_count), 16);
EG_SAME("eg_cell", sizeof(struct eg_cell), 64);
EG_SAME("eg_match", sizeof(struct eg_match), 120);
EG_SAME("eg_walk", sizeof(struct eg_walk), 48);
EG_SAME("eg_error", sizeof(struct eg_error), 88);
EG_SAME("eg_counters", sizeof(struct eg_counters), 192 * 64 + 80 * 16 + 120 + 48 + 88 + 128 * 8);
EG_SAME("eg_counters.icmp6", __builtin_offsetof(struct eg_counters, icmp6), EG_CELL_ICMP6 * 64);
EG_SAME("eg_counters.protocol", __builtin_offsetof(struct eg_counters, protocol), EG_CELL_PROTOCOL * 64);
EG_SAME("eg_counters.reason", __builtin_offsetof(struct eg_counters, reason), EG_CELL_COUNT * 64);
EG_SAME("eg_config", sizeof(struct eg_config), 48);
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
EG_SAME("eg_meta", sizeof(struct eg_meta), 736);
EG_SAME("eg_meta.owned", __builtin_offsetof(struct eg_meta, owned), 28);
EG_SAME("eg_meta.ifname", __builtin_offsetof(struct eg_meta, ifname), 48);
EG_SAME("verdicts", EG_VERDICT_COUNT, 4);
EG_SAME("eg_vector", sizeof(struct eg_vector), 8 + 8 * 64);
EG_SAME("eg_ruleset", sizeof(struct eg_ruleset), 88);
EG_SAME("eg_rule", sizeof(struct eg_rule), 96);
EG_SAME("eg_rule.gap", __builtin_offsetof(struct eg_rule, gap), 16);
EG_SAME("eg_rule.id", __builtin_offsetof(struct eg_rule, id), 48);
EG_SAME("eg_rule.gate", __builtin_offsetof(struct eg_rule, gate), 88);
EG_SAME("eg_rule_cell", sizeof(struct eg_rule_cell), 32);
EG_SAME("eg_limit", sizeof(struct eg_limit), 16);
EG_SAME("eg_gate", sizeof(struct eg_gate), 64);
EG_SAME("eg_source_bucket", sizeof(struct eg_source_bucket), 64);
EG_SAME("eg_prefix4", sizeof(struct eg_prefix4), 64);
EG_SAME("eg_bucket4", sizeof(struct eg_bucket4), 64);
EG_SAME("eg_bucket4.class", __builtin_offsetof(struct eg_bucket4, class), 60);
EG_SAME("eg_mixed4", sizeof(struct eg_mixed4), 32);
EG_SAME("eg_prefix6", sizeof(struct eg_prefix6), 64);
EG_SAME("eg_bucket6", sizeof(struct eg_bucket6), 64);
EG_SAME("eg_bucket6.class", __builtin_offsetof(struct eg_bucket6, class), 48);
EG_SAME("eg_prefix_info", sizeof(struct eg_prefix_info), 40 + 128 + 128 * 16);
EG_SAME("eg_text", sizeof(struct eg_text), EG_TEXT_CHUNK);
EG_SAME("eg_trace", sizeof(struct eg_trace), 24 + 15 * 4 + 64 * 2);
EG_SAME("eg_event", sizeof(struct eg_event), 48);
EG_SAME("eg_tap", sizeof(struct eg_tap), 64);
EG_SAME("eg_taps", sizeof(struct eg_taps), 64 + 8 * 64);
EG_SAME("eg_tap_cell", sizeof(struct eg_tap_cell), 48 + 8 * 16 + 16 + 2 * 9344);
EG_SAME("eg_tap_cell.frame", __builtin_offsetof(struct eg_tap_cell, frame), 192);
EG_SAME("eg_record", sizeof(struct eg_record), 144);
EG_SAME("eg_record_bucket", sizeof(struct eg_record_bucket), 8 + 4 * 144);
EG_SAME("eg_echo_bucket", sizeof(struct eg_echo_bucket), 64);
EG_SAME("eg_rtt", sizeof(struct eg_rtt), 240);
EG_SAME("eg_rtt.sum", __builtin_offsetof(struct eg_rtt, sum), 216);
EG_SAME("eg_group", sizeof(struct eg_group), 64);
EG_SAME("eg_observed_key", sizeof(struct eg_observed_key), 20);
EG_SAME("eg_observed", sizeof(struct eg_observed), 80);
EG_SAME("eg_observed.top", __builtin_offsetof(struct eg_observed, top), 72);
EG_SAME("eg_tracking", sizeof(struct eg_tracking), 80);

_Static_assert(EG_REASON_COUNT <= 63, "a memo cell keeps six bits for a reason");
_Static_assert((int)EG_ICMP_COUNT <= EG_ICMP_SLOTS && (int)EG_ICMP6_COUNT <= EG_ICMP_SLOTS, "ICMP slots");
_Static_assert((int)EG_PROTOCOL_COUNT <= EG_PROTOCOL_IN6, "protocol slots");
_Static_assert((int)EG_REJECT_COUNT <= EG_REJECT_SLOTS, "reject slots");

#endif
