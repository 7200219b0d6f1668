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
#include "station.h"

#define ROUNDS_MIN     5
#define ROUNDS_MAX     99
#define ROUNDS_DEFAULT 7

#define NS	       1000000000ULL

enum station_id {
	AT_OWN, /* the bare programs and the least echo take turns here */
	AT_NATIVE,
	AT_SWAP,
	AT_TC_OWN,
	AT_TC,
	AT_KERNEL,
	STATIONS,
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
	CANDIDATES,
};

struct candidate {
	const char *name; /* in the report */
	const char *word; /* for --only */
	enum station_id station;
	bool answers; /* what comes back must be right */
	bool returns; /* something comes back */
};

/* Candidates are compared within a group, and take turns in it. */
struct group {
	int family;
	__u32 length;
	__u64 span;	      /* sources */
	unsigned int members; /* candidates, by bit */
	bool memory;	      /* long enough for remembered paths to be forgotten */
};

/* A ratio of packet rates, at least. */
struct target {
	const char *name;
	unsigned int group;
	enum candidate_id of, over;
	double least;
};

#define GROUPS	     12
#define TARGETS	     12
#define BYSTANDER_NS 2.0

extern const struct candidate candidates[CANDIDATES];
extern const struct group groups[GROUPS];
extern const struct target targets[TARGETS];

#define PARKED	   6
#define YARDSTICKS 2

/* A packet that a program only looks at: ns. */
struct alone {
	double net[ROUNDS_MAX]; /* over bare XDP_PASS */
	double bare[ROUNDS_MAX];
};

struct state {
	struct bench *skel;
	struct station stations[STATIONS];
	bool opened[STATIONS];
	int home;		    /* the generator's network namespace */
	int parked[PARKED];	    /* bpf_links */
	char missing[STATIONS][64]; /* why its candidates are left out */
	const char *echogate;
	char config[64];
	int rounds, done; /* wanted, finished */
	bool quick, json, only_alone;
	unsigned int only; /* candidates, by bit */
	int cpu;
	clockid_t ksoftirqd; /* its CPU time */
	bool have_ksoftirqd;
	__u64 started, limit;
	double ns[GROUPS][CANDIDATES][ROUNDS_MAX];
	struct alone *alone;
	double yardstick[YARDSTICKS][ROUNDS_MAX]; /* ns */
	bool have_alone;
	unsigned long disturbed, lost_slices, checked;
	int wrong; /* packets wrong or lost: the bench has failed */
};

extern struct state b;
extern volatile sig_atomic_t stop; /* the signal that ended the run */

__u64 now(void); /* ns, monotonic */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
const char *sources(__u64 span); /* in words; valid until the next call */

/* 0 or -errno; what went wrong has been printed. */
int set_up(void);
void tear_down(void);
int run_rounds(void);

void print_text(const struct utsname *u);
void print_json(const struct utsname *u);

#endif
