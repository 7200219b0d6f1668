/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A station is a target in a network namespace of its own, joined by a veth
 * pair to the generator's namespace. Each candidate that brings its own way of
 * attaching has one, so that nothing is attached or detached between rounds.
 * All targets have the same name, MAC and addresses.
 */
#ifndef ECHOGATE_BENCH_STATION_H
#define ECHOGATE_BENCH_STATION_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define STATION_GATE_MAC   "02:00:00:00:00:0a"
#define STATION_TARGET_MAC "02:00:00:00:00:0b"
#define STATION_GATE_4	   "198.19.255.253"
#define STATION_TARGET_4   "198.19.255.254"
#define STATION_GATE_6	   "fd00:0:0:ff::1"
#define STATION_TARGET_6   "fd00:0:0:ff::2"
#define STATION_DEVICE	   "target"

/* First source, and how many there are besides the link's own addresses. */
#define STATION_SOURCE_4 "198.18.0.1"
#define STATION_SOURCE_6 "fd00::1"
#define STATION_SPAN_4	 130800ULL
#define STATION_SPAN_6	 0xfffffffeULL
/* From one source to the next where no route need lead to them: no two are neighbours. */
#define STATION_SCATTER 0x9e3779b1u

struct station {
	int netns;
	unsigned int gate;   /* ifindex of the generator's end */
	unsigned int target; /* ifindex of the far end, in netns */
	char gate_name[16];
	int sink_link;	  /* bpf_link at the gate */
	int link, egress; /* bpf_links at the target, -1: none of ours */
	bool echogate;	  /* to be detached by echogate */
	int counters;	  /* its map eg_counters, -1: not looked for yet */
};

/* Every function returns 0 or -errno and has printed what went wrong. */

/*
 * Runs a command, split at blanks, in a network namespace; at most 20 s. What it prints goes to
 * standard error.
 */
int station__run(int netns, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The caller stands in the generator's namespace; sink: XDP program for the gate. */
int station__open(struct station *s, int number, int sink);
void station__close(struct station *s, const char *echogate);

/* Runs fn in the station's network namespace. */
int station__inside(struct station *s, int (*fn)(struct station *s, void *arg), void *arg);

int station__attach_xdp(struct station *s, int program);
/* egress: a program for the way out as well, or -1. */
int station__attach_tc(struct station *s, int ingress, int egress);
int station__attach_echogate(struct station *s, const char *echogate, const char *mode);
/* Puts the rules in a file in place; `said`: what echogate printed. */
int station__apply(struct station *s, const char *echogate, const char *path, char *said,
		   size_t size);
int station__apply_nft(struct station *s, const char *path);
/* NAPI without an XDP program: the way packets reach tc and the kernel's stack. */
int station__enable_gro(struct station *s);
int station__up(struct station *s);

/* Attaches a program to a device of the caller's namespace; a bpf_link. */
int station__park(const char *device, int program);

/* Frames that the target has taken from its ring since it was made. */
int station__received(struct station *s, __u64 *frames);
/* Packets that its IP layers have seen, or `beyond` that have handed on to what is above. */
int station__delivered(struct station *s, bool beyond, __u64 *packets);
/* Packets that echogate's XDP program has dropped, by its own counters. */
int station__dropped(struct station *s, __u64 *packets);
/* Has the target send the echo request that "echo reply" of frame.h replies to. */
int station__ask(struct station *s);
/* The XDP program at the target: a descriptor. */
int station__program(struct station *s);

#endif
