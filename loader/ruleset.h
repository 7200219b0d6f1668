/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A configuration file as the parser leaves it: what was written, resolved to
 * numbers, nothing computed from it yet. language.y fills it, ruleset.c prints it,
 * compile.c makes tables of it.
 */
#ifndef LOADER_RULESET_H
#define LOADER_RULESET_H

#include "util.h"
#include "echogate/abi.h"

#include <stdio.h>

/* Lines and columns start at 1; a column is a byte. */
struct place {
	unsigned int line, column;
};

/* Bits behind `length` are zero. */
struct prefix {
	__u8 family;			/* AF_INET, AF_INET6 */
	__u8 length;
	__be32 addr[4];			/* IPv4 in the first, the others zero */
};

struct prefixes {
	struct prefix *list;
	size_t count, room;
};

/* `set NAME { ... }`, `set NAME file "PATH"` */
struct set {
	struct place place;
	char *name;
	char *file;			/* as written; NULL: inline */
	char *path;			/* the same, absolute: relative ones start at the rule file */
	struct prefixes prefixes;	/* of a file: empty until config__load_sets() */
	bool loaded;
};

/* Both ends included. */
struct range {
	__u32 first, last;
};

/* A matcher on numbers: one of the ranges, or with `negated` none of them. In order as written. */
struct ranges {
	bool present, negated;
	struct range *list;
	size_t count;
};

/*
 * What kind of packet: IP protocols, or 256 for ARP and 257 for what is neither
 * IP nor ARP. `icmp` is {4, 1, 1}, `icmp6` {6, 58, 58}, `tcp` {0, 6, 6}. Every frame has a
 * kind, so a negated one holds for ARP too.
 */
#define KIND_ARP	256
#define KIND_NON_IP	257

struct kind {
	__u8 family;			/* 4, 6; 0: both */
	__u16 first, last;
};

struct kinds {
	bool present, negated;
	struct kind *list;
	size_t count;
};

/* `from`, `to`: one of the prefixes or sets; or `local` alone. Negated: an IP packet of none. */
struct endpoint {
	bool present, negated, local;
	struct prefixes prefixes;
	struct set **sets;		/* belong to the configuration */
	size_t set_count;
};

/* TCP flags: (flags & mask) == value for one of the list. */
struct flag_test {
	__u8 value, mask;
};

struct flag_tests {
	bool present, negated;
	struct flag_test *list;
	size_t count;
};

struct limit {
	bool present;
	__u32 count;			/* packets ... */
	__u32 seconds;			/* ... in so many: 1, 60, 3600 */
	__u32 burst;			/* packets; never 0 */
};

/* `while`: what must be well for the rule to answer. */
enum check_kind { CHECK_NONE, CHECK_UNIT, CHECK_FILE, CHECK_TCP };

struct check {
	enum check_kind kind;
	char *name;			/* unit; absolute path; ADDRESS:PORT, [ADDRESS]:PORT */
	__u64 id;			/* hash of both: key in eg_gates */
};

#define FRAGMENT_FIRST	1
#define FRAGMENT_LATER	2

/*
 * One rule. Matchers of a rule hold all at once. One on a field that a packet
 * doesn't have (a port of ICMP, a source of ARP) doesn't hold, negated or not.
 */
struct rule {
	struct place place;		/* of its first word */
	enum eg_rule_verdict verdict;	/* `protect` is a rule too */
	char *text;			/* on one line, as `rules` prints it */
	__u64 id;			/* hash of direction, text, and how often it has occurred before */

	bool even_protected;
	__u8 family;			/* `ip` 4, `ip6` 6; 0: not asked for */
	bool family_negated;
	struct kinds kind;
	struct ranges type, code;	/* of ICMP or ICMPv6, as kind says */
	struct ranges sport, dport;	/* of TCP, UDP, UDP-Lite, SCTP, DCCP */
	struct flag_tests flags;
	struct ranges ttl, dscp, length;
	struct ranges vlan;		/* VLAN IDs of the outermost tag */
	bool vlan_none;			/* among them: no tag at all */
	__u8 fragment;			/* FRAGMENT_*, one or both; 0: not asked for */
	bool fragment_negated;
	bool options, options_negated;
	enum eg_solicited solicited;	/* EG_SOLICITED_NONE: not asked for */
	struct endpoint from, to;

	enum eg_reject reject;
	struct limit limit, per_source, above;
	__u8 source4, source6;		/* per-source: prefix length, 32 and 64 unless said */
	__u32 sample;			/* 1 in N; 0: not asked for */
	struct check check;
};

/*
 * What holds for one interface: blocks for others left out. The rules are copies with ids of
 * this interface; what they point at belongs to the configuration.
 */
struct rules {
	bool given;			/* there is a file, though it may hold no rule */
	bool swap;			/* reply-path swap, not fib */
	bool recorder;			/* recorder on, not off */
	__u32 check_every, check_lease;	/* ms: how often, and how long one holds */
	bool measure;			/* round trips: of all, and each of `measured` by itself */
	struct endpoint measured, observed;	/* belong to the configuration */
	enum eg_default fallback[EG_DIRECTION_COUNT];
	struct rule **list[EG_DIRECTION_COUNT];		/* `protect` first, else in order */
	size_t count[EG_DIRECTION_COUNT];
	struct rule *copies;		/* what the lists point at */
	struct set **sets;		/* those that rules use, in order of definition */
	size_t set_count;
};

struct config;

/* Where somebody listens; size 0: nowhere. */
struct meeting {
	struct sockaddr_storage address;	/* of IPv4, IPv6, or a path */
	socklen_t size;
};

/*
 * Reads a file, or a text with `path` standing for its name in messages and as
 * the place that relative set files start at. Prints every error and warning that
 * it has, with place, line and caret. Set files are not read. The caller frees *c, which is
 * NULL on failure. Reports; USAGE for anything wrong in the text.
 */
enum status config__read(const char *path, struct config **c);
enum status config__parse(const char *path, const char *text, size_t size, struct config **c);
void config__free(struct config *c);

/* Reads the files of the sets that rules for any of the interfaces use (NULL: of any). Reports. */
enum status config__load_sets(struct config *c, char *const *ifnames, size_t count);

/*
 * The interfaces that blocks are for, each once. The names belong to the configuration, the
 * list to the caller; NULL without memory.
 */
const char **config__interfaces(const struct config *c, size_t *count);

/* Where the daemon is to show metrics. */
struct meeting config__metrics(const struct config *c);

/* Absolute path of the file, "" for none. */
const char *config__path(const struct config *c);

/*
 * What holds for an interface; NULL as name: outside of all blocks. With *c NULL: as if
 * no file were given. Warns of rules that can never match. Reports.
 */
enum status config__select(const struct config *c, const char *ifname, struct rules *r);
void rules__free(struct rules *r);

/*
 * The text that, applied, gives the same rules: settings, sets, default, protect, rules, egress
 * block. With `ifname`, in an interface block. The caller frees it; NULL without memory.
 */
char *rules__print(const struct rules *r, const char *ifname);

/* A name as it stands after `interface`, in quotes if it needs them. */
void ifname__print(FILE *f, const char *name);

#endif
