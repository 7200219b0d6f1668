/* SPDX-License-Identifier: GPL-2.0-only */
/* What is measured (plan.c), and the state of the run that measures it. */
#ifndef ECHOGATE_BENCH_STATE_H
#define ECHOGATE_BENCH_STATE_H

#include <net/if.h>

#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <sys/utsname.h>

#include "bench.h"
#include "dpdk.h"
#include "rules.h"
#include "station.h"

#define ROUNDS_MIN     5
#define ROUNDS_MAX     99
#define ROUNDS_DEFAULT 7

#define NS	       1000000000ULL

/* What stands at a target. The first two are changed in place, and so share one. */
enum place {
	AT_BARE,    /* one of our own XDP programs */
	AT_TC_BARE, /* one or two of our own tc programs */
	AT_NATIVE,  /* echogate, in XDP */
	AT_TC,	    /* echogate, in tc */
	AT_KERNEL,  /* nothing */
	AT_NFT,	    /* nftables, at netdev ingress */
	AT_RAW,	    /* nftables, at prerouting before everything else */
	AT_FILTER,  /* xdp-filter's program */
	AT_DPDK,    /* DPDK's icmpecho, which polls on another CPU */
};

enum candidate_id {
	GENERATOR,
	BARE_DROP,
	BARE_TX,
	LEAST,
	NATIVE,
	SWAP,
	TC_LEAST,
	TC_EGRESS,
	TC,
	KERNEL,
	TYPE,
	TYPE_TC,
	TYPE_NFT,
	RULE,
	RULE_NFT,
	RULE_FILTER,
	RULES,
	RULES_NFT,
	RULES_FILTER,
	SET,
	SET_NFT,
	MIXED,
	MILLION,
	SET_6,
	MILLION_6,
	SOURCE,
	PLAIN,
	TRACK,
	WATCH,
	ASKED,
	/* of the long run */
	RULES_10,
	RULES_100,
	RULES_1K,
	RULES_10_NFT,
	RULES_100_NFT,
	RULES_1K_NFT,
	TYPE_RAW,
	RULE_RAW,
	RULES_100_RAW,
	RULES_RAW,
	SET_RAW,
	SET_1K,
	SET_10K,
	SET_1K_NFT,
	SET_10K_NFT,
	DPDK,
	CANDIDATES,
};

enum group_id {
	ECHO4_64,
	ECHO6_64,
	ECHO4_98,
	ECHO6_98,
	ECHO4_1514,
	ECHO6_1514,
	ECHO4_512_SOURCES,
	ECHO6_512_SOURCES,
	ECHO4_64K_SOURCES,
	ECHO6_64K_SOURCES,
	ECHO4_ALL_SOURCES,
	ECHO6_ALL_SOURCES,
	DROP4,
	DROP4_64K_SOURCES,
	DROP4_100K_SOURCES,
	DROP4_1M_SOURCES,
	DROP6,
	DROP6_100K_SOURCES,
	DROP6_1M_SOURCES,
	REPLY4,
	/* of the long run */
	ECHO4_128,
	ECHO4_256,
	ECHO4_512,
	ECHO4_1024,
	ECHO4_4K_SOURCES,
	DROP4_1K_SOURCES,
	DROP4_10K_SOURCES,
	GROUPS,
};

/* What becomes of the frames. */
enum fate {
	MADE, /* the generator drops them itself */
	DROPPED,
	RETURNED, /* as they are */
	ANSWERED, /* what comes back must be right */
};

struct candidate {
	const char *name; /* in the report */
	const char *word; /* for --only */
	enum place at;
	enum fate fate;
	struct rules rules;
};

/* Candidates are compared within a group, and take turns in it. */
struct group {
	int family;
	__u32 length;
	__u64 span;		/* sources */
	__u32 stride;		/* from one to the next */
	__u64 members;		/* candidates, by bit */
	enum candidate_id bare; /* to which the others are compared in the table */
	bool replies;		/* that nobody asked for, not requests */
	bool memory;		/* long enough for remembered paths to be forgotten */
};

/* A ratio of packet rates, at least. */
struct target {
	const char *name;
	enum group_id group;
	enum candidate_id of;
	enum group_id over_group;
	enum candidate_id over;
	double least;
};

#define TARGETS 23

extern const struct candidate candidates[CANDIDATES];
extern const struct group groups[GROUPS];
extern const struct target targets[TARGETS];

#define PARKED	   10
#define YARDSTICKS 2

/* A packet that a program only looks at: ns. */
struct alone {
	double net[ROUNDS_MAX]; /* over bare XDP_PASS */
	double bare[ROUNDS_MAX];
};

/* How a candidate's rules came to its target. */
struct applied {
	double ms;	/* from the command's start to its end */
	long both_us;	/* in which the rules before were attached too */
	char said[256]; /* by echogate */
};

/* What became of packets of which each was to be captured. */
struct captured {
	bool measured;
	__u64 sent, came; /* frames, and those that the target took from its ring */
	__u64 ns;	  /* in which they were sent */
	unsigned long long seen, captured, lost; /* as echogate says */
};

struct state {
	struct bench *skel;
	struct station stations[CANDIDATES]; /* see station_of() */
	bool opened[CANDIDATES];
	struct dpdk dpdk;
	int home;		      /* the generator's network namespace */
	int parked[PARKED];	      /* bpf_links */
	char missing[CANDIDATES][96]; /* why it is left out */
	const char *echogate;
	int rounds, done; /* wanted, finished */
	bool quick, json, only_alone;
	bool full;	   /* with what only the long run has */
	const char *plots; /* a directory; NULL: none */
	bool busy;	   /* CPU time counts, not the clock */
	__u64 only;	   /* candidates, by bit */
	int cpu;
	clockid_t ksoftirqd; /* its CPU time */
	bool have_ksoftirqd;
	__u64 started, began; /* the run, and its rounds */
	__u64 limit;	      /* ns of rounds */
	double ns[GROUPS][CANDIDATES][ROUNDS_MAX];
	struct applied applied[CANDIDATES];
	struct captured captured;
	struct alone *alone;
	double yardstick[YARDSTICKS][ROUNDS_MAX]; /* ns */
	bool have_alone, have_tracked;
	unsigned long disturbed, lost_slices, checked;
	int wrong; /* packets wrong or lost: the bench has failed */
};

extern struct state b;
extern volatile sig_atomic_t stop; /* the signal that ended the run */

__u64 now(void); /* ns, monotonic */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *sources(const struct group *g); /* in words; valid until the next call */
/* The candidate at whose station this one is measured. */
enum candidate_id station_of(enum candidate_id id);
bool takes_part(const struct group *g, enum candidate_id id);

/* 0 or -errno; what went wrong has been printed. */
int set_up(void);
void tear_down(void);
int run_rounds(void);
int measure_capture(void);
/* Sends `count` frames of a group, `rate` a second at most; *ns: how long it took. */
int send_paced(const struct group *g, enum candidate_id id, __u64 count, __u64 rate, __u64 *ns);

/* Of rounds. */
struct spread {
	double median, min, max;
};

/* ns a packet; false if it was not measured. */
bool ns_spread(enum group_id g, enum candidate_id id, struct spread *s);

void print_text(const struct utsname *u);
void print_json(const struct utsname *u);

/* plots.c: cost against number, length or sources, as SVG. -errno; what went wrong has been printed. */
int draw_plots(void);

#endif
