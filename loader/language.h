/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Between the scanner (language.l), the grammar (language.y), what is checked and built
 * from it (statement.c) and the finished configuration (ruleset.c).
 */
#ifndef LOADER_LANGUAGE_H
#define LOADER_LANGUAGE_H

#include "prefixes.h"
#include "source.h"

#define ITEMS_MAX	65536		/* in a list of numbers, names or sets */
#define SETS_MAX	65536
#define FILE_RULES_MAX	65536		/* in all blocks together; EG_RULES_MAX hold for an interface */

/* How per-source reckons unless told otherwise. */
#define SOURCE4_LENGTH	32
#define SOURCE6_LENGTH	64

struct reference {
	struct slice name;
	struct place place;
	bool to;			/* of `to`, not `from` */
};

struct references {
	struct reference *list;
	size_t count, room;
};

/* `measure rtt of ...`, `observe from ...`; line 0: not said here. */
struct said_peers {
	struct endpoint of;		/* not present: `measure rtt` alone */
	struct references references;	/* until they are resolved */
	struct place at;
};

/* Where statements hold: in one interface block, or (no names) outside of all. */
struct scope {
	size_t number;
	char **names;
	size_t count;
	/* -1: not said here; the place is that of the last word on it */
	int swap, recorder, fallback[EG_DIRECTION_COUNT];
	struct place swap_at, recorder_at, fallback_at[EG_DIRECTION_COUNT];
	__u32 check_every, check_lease;	/* ms; 0: not said here */
	struct place check_at;
	struct said_peers measure, observe;
	size_t rules;
};

/* A set as the file has it; rules point at its first member. */
struct defined_set {
	struct set set;
	const struct scope *scope;
	size_t number;			/* order of definition */
	size_t mark;			/* of the last list that named it */
	struct place name_at;
	bool failed;			/* its file could not be read */
	bool used;			/* by the rules of the interface at hand */
	bool families_known;
	int families;			/* FAMILY*, when known */
	struct prefixes sorted;		/* none within another, for comparing */
};

enum matcher {
	MATCH_FAMILY, MATCH_KIND, MATCH_TYPE, MATCH_CODE, MATCH_SPORT, MATCH_DPORT, MATCH_FLAGS,
	MATCH_FRAGMENT, MATCH_OPTIONS, MATCH_TTL, MATCH_DSCP, MATCH_LENGTH, MATCH_VLAN, MATCH_FROM,
	MATCH_TO, MATCH_SOLICITED, MATCH_REJECT, MATCH_LIMIT, MATCH_SOURCE, MATCH_SAMPLE, MATCH_ABOVE, MATCH_CHECK,
	MATCHER_COUNT
};

/* A rule as the file has it. */
struct written_rule {
	struct rule rule;
	const struct scope *scope;
	enum eg_direction direction;
	struct place at[MATCHER_COUNT];	/* line 0: not asked for */
	struct references references;	/* until they are resolved */
	bool warned;			/* that it never matches */
};

struct config {
	struct source source;
	struct meeting metrics;
	struct place metrics_at;
	char *path;			/* absolute; "" for none */
	char *directory;		/* where relative paths start */
	struct scope **scopes;		/* the first is the one outside of all blocks */
	size_t scope_count;
	struct defined_set **sets;
	size_t set_count;
	struct written_rule **rules;
	size_t rule_count;
};

/* An element of a list of numbers and names, as it stands there. */
struct item {
	struct slice name;		/* empty: numbers */
	__u64 first, last;		/* numbers beyond 2^32 - 1 are cut to 2^32 */
	struct place place;
};

struct items {
	struct item *list;
	size_t count, room;
};

/* What the words of a list are: for "expected ..." */
enum topic {
	TOPIC_NONE, TOPIC_PROTOCOL, TOPIC_TYPE, TOPIC_CODE, TOPIC_PORT, TOPIC_FLAGS, TOPIC_TTL,
	TOPIC_DSCP, TOPIC_LENGTH, TOPIC_VLAN, TOPIC_ADDRESS, TOPIC_WITH, TOPIC_RATE, TOPIC_SET,
	TOPIC_METRICS, TOPIC_INTERFACE, TOPIC_UNIT, TOPIC_FILE, TOPIC_TCP, TOPIC_COUNT
};

struct parser {
	struct config *c;
	void *scanner;
	bool no_memory;

	/* the scanner's */
	struct place here;		/* of the next character */
	struct place word_end;		/* behind the last token */
	struct place opened;		/* of the { of the list that is open */
	enum topic topic;
	bool list;			/* inside { } of a list: newlines are nothing */
	bool block_follows;		/* the next { opens a block */
	bool fresh;			/* nothing of a statement yet */
	struct place blocks[4];		/* of the { of blocks that are open */
	unsigned int depth;
	bool end_due;			/* an END that the text doesn't have */

	/* the grammar's */
	struct scope *scope;
	enum eg_direction direction;
	struct place statement;		/* its first word */
	struct written_rule *draft;
	bool broken;			/* the draft had an error: no more about it */
	bool negated;
	struct items items;		/* of the list at hand */
	struct items type, code;	/* names whose meaning depends on the protocol */
	struct prefixes prefixes;
	struct references references;
	bool local;			/* `local` stands in the list at hand */
	__u64 lengths[2];		/* per-source/LEN/LEN */
	struct place lengths_at[2];
	int length_count;
	size_t most_in_block;		/* rules */
	bool too_many;			/* rules or sets: said once */
};

/* Complaints. The draft is broken after an error about it. */
__attribute__((format(printf, 3, 4)))
void parser__error(struct parser *p, struct place at, const char *fmt, ...);
__attribute__((format(printf, 3, 4)))
void parser__warn(struct parser *p, struct place at, const char *fmt, ...);

/* `what` is the kind of name, `wanted` what is accepted. */
void parser__unknown(struct parser *p, struct place at, const char *what, struct slice name,
		     const struct words *words, const char *wanted);

/* Makes room for one more element; false without memory. */
bool parser__grow(struct parser *p, void **list, size_t count, size_t *room, size_t size);

/* To a list that keeps its count only: room is the next power of two. */
bool parser__append(struct parser *p, void ***list, size_t *count, void *element);

/* How much of a word messages show. */
#define SHOWN(s)	(int)((s).length < 60 ? (s).length : 60), (s).at

/* language.l: reads the whole of p->c's source. -ENOMEM. */
int parser__run(struct parser *p);

/* statement.c, rule.c: one function for each thing the grammar recognizes. */
void statement__reply_path(struct parser *p, struct place at, bool swap);
void statement__recorder(struct parser *p, struct place at, bool on);
void statement__metrics(struct parser *p, struct place at, struct slice where, struct place where_at,
			bool quoted);
void statement__default(struct parser *p, struct place at, enum eg_default fallback);
void statement__set(struct parser *p, struct slice name, struct place at, const struct slice *file,
		    struct place file_at);
/* Times in ms; lease 0: not said. */
void statement__check(struct parser *p, struct place at, __u64 every, struct place every_at,
		      __u64 lease, struct place lease_at);
void statement__measure(struct parser *p, struct place at, bool of);
void statement__observe(struct parser *p, struct place at);
void statement__block(struct parser *p, struct place at);
void statement__block_name(struct parser *p, struct slice name, struct place at, bool quoted);
void statement__block_end(struct parser *p);
void statement__egress(struct parser *p, struct place at);
void statement__egress_end(struct parser *p);

void rule__begin(struct parser *p, enum eg_rule_verdict verdict, struct place at);
void rule__even_protected(struct parser *p, struct place at);
void rule__family(struct parser *p, struct place at, __u8 family);
void rule__kind_name(struct parser *p, struct place at, struct slice name);
void rule__list(struct parser *p, struct place at, enum matcher m);
void rule__flags(struct parser *p, struct place at);
void rule__fragment(struct parser *p, struct place at, __u8 fragment);
void rule__options(struct parser *p, struct place at);
void rule__solicited(struct parser *p, struct place at, enum eg_solicited solicited);
void rule__endpoint(struct parser *p, struct place at, bool to);
void rule__with(struct parser *p, struct place at, struct slice name, struct place name_at);
struct limit_text {
	__u64 count, burst;		/* burst 0: not said */
	struct slice unit;
	struct place count_at, unit_at, burst_at;
};
void rule__limit(struct parser *p, struct place at, const struct limit_text *rate,
		 const struct limit_text *burst, enum matcher m);
void rule__source_lengths(struct parser *p, const __u64 *first, const struct place *first_at,
			  const __u64 *second, const struct place *second_at);
void rule__sample(struct parser *p, struct place at, __u64 one, struct place one_at, __u64 of,
		  struct place of_at);
void rule__while(struct parser *p, struct place at, enum check_kind kind, struct slice name,
		 struct place name_at, bool quoted);
void rule__end(struct parser *p);
void rule__abandon(struct parser *p);

/* Moves the list at hand into `e`, names of sets into `refs`; the place is for warnings. */
void list__endpoint(struct parser *p, struct place at, struct endpoint *e, struct references *refs,
		    bool to);

void list__begin(struct parser *p);
void list__number(struct parser *p, struct place at, __u64 first, __u64 last);
void list__name(struct parser *p, struct place at, struct slice name);
void list__flag(struct parser *p, struct place at, __u64 value, __u64 mask);
void list__prefix(struct parser *p, struct place at, struct slice text);
void list__set(struct parser *p, struct place at, struct slice name);
void list__local(struct parser *p, struct place at);
void list__local_among(struct parser *p, struct place at);
__u64 list__flag_bits(struct parser *p, struct place at, struct slice name);

/* resolve.c: what can only be said when everything is read. -ENOMEM. */
int config__resolve(struct config *c);

/* A prefix somewhere in a file; says what is wrong with it. */
bool source__prefix(struct source *s, struct place at, struct slice text, struct prefix *p);

/* Says how many prefixes stand there twice; `at` is the place of the list. -ENOMEM. */
int source__duplicates(struct source *s, struct place at, const struct prefixes *list);

void written_rule__free(struct written_rule *w);
void said_peers__free(struct said_peers *s);

/* martians.c: unless the file has defined such a set itself. -ENOMEM. */
int martians__define(struct parser *p);

/* setfile.c. Reports. */
enum status set__load(struct config *c, struct defined_set *d);

/*
 * cover.c. Kinds of frames: IPv4 and IPv6 by protocol, ARP, anything else, and IP headers that
 * can't be read.
 */
#define FRAME_IPV4	0
#define FRAME_IPV6	256
#define FRAME_ARP	512
#define FRAME_NON_IP	513
#define FRAME_BAD4	514
#define FRAME_BAD6	515
#define FRAME_COUNT	516

struct frames {
	__u64 bit[(FRAME_COUNT + 63) / 64];
};

void frames__of_kind(const struct rule *r, struct frames *f);
bool frames__empty(const struct frames *f);

/* Leaves those with an IP header; of both families, of 4 or of 6. */
#define FAMILY4		1
#define FAMILY6		2
void frames__only(struct frames *f, int families);

/* Families of the addresses that an endpoint accepts. */
int endpoint__families(const struct endpoint *e);

/* Warns, once a rule, of rules that never match, in the configuration's source. -ENOMEM. */
int config__warn_covered(struct config *c, struct written_rule *const *rules, size_t count);

/* A text in quotes without its backslashes; NULL without memory. */
char *unquote(struct parser *p, struct slice s);

/* print.c: what stands on one line; NULL without memory. */
char *rule__print(const struct rule *r);
void print_quoted(FILE *f, const char *text);

/* Prefixes and sets, in braces if they are several. */
void print_addresses(FILE *f, const struct endpoint *e);

/* Whether a rule needs IPv6 packets: then per-source/N speaks of them. */
bool rule__only_ipv6(const struct rule *r);

bool scope__holds(const struct scope *s, const char *ifname);

#endif
