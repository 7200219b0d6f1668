/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A capture file in the form of pcapng (draft-ietf-opsawg-pcapng), as far as echogate has something
 * to say in it. Numbers stand in the byte order of this machine, as the format has it.
 */
#ifndef LOADER_PCAPNG_H
#define LOADER_PCAPNG_H

#include "util.h"

#include <stdio.h>

/* Link types, of which a file may have several. */
enum pcapng_link { PCAPNG_ETHERNET = 1, PCAPNG_RAW = 101 };

/* epb_flags: which way it went. */
enum pcapng_way { PCAPNG_INBOUND = 1, PCAPNG_OUTBOUND = 2 };

/* epb_verdict: whose code it is. */
enum pcapng_program { PCAPNG_NO_PROGRAM = 0, PCAPNG_TC = 1, PCAPNG_XDP = 2 };

struct pcapng {
	FILE *to;
	__u8 *block;			/* the one in the making */
	size_t used, room;
	bool failed;			/* out of memory; what ferror() knows isn't in here */
};

struct pcapng_interface {
	const char *name, *description;
	const char *filter;		/* of libpcap; NULL: none */
	enum pcapng_link link;
	__u32 snap;
};

struct pcapng_packet {
	__u32 interface;		/* the nth that was described, from 0 */
	__u64 time;			/* ns since 1970 */
	const __u8 *data;
	__u32 captured, length;
	enum pcapng_way way;
	enum pcapng_program program;
	__u64 code;			/* that the program returned */
	const char *comment;
};

/* Begins the file. */
void pcapng__begin(struct pcapng *p, FILE *to, const char *application);
void pcapng__interface(struct pcapng *p, const struct pcapng_interface *i);
void pcapng__packet(struct pcapng *p, const struct pcapng_packet *packet);

/* What became of an interface's packets: those meant for the capture, those written and lost. */
void pcapng__statistics(struct pcapng *p, __u32 interface, __u64 time, __u64 there, __u64 written,
			__u64 lost);
void pcapng__end(struct pcapng *p);

#endif
