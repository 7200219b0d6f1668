/* SPDX-License-Identifier: GPL-2.0-only */
/* Packets to be looked at, one after the other: of a capture file, or written as hex. */
#ifndef LOADER_PACKETS_H
#define LOADER_PACKETS_H

#include "util.h"

#include <time.h>

/*
 * All with an Ethernet header. One that came without it is given one; a destination MAC address of
 * zeros then stands for that of the interface.
 */
struct packet {
	__u8 *frame;			/* to be changed at will, until the next one is read */
	size_t length;			/* 0: even its link header is cut */
	size_t whole;			/* what it was before the capture cut it */
	bool made_up;			/* the header is ours */
	bool source_known;		/* but for the source MAC address */
	bool timed;
	struct timespec time;
};

struct packets;

/*
 * `what`: a file (pcap, pcapng, or hex in it), "-" for standard input, or the hex itself. To be
 * opened before namespaces are entered, in which it may not be found. Reports.
 */
enum status packets__open(const char *what, struct packets **out);
void packets__close(struct packets *p);

/* *more is false after the last. Reports. */
enum status packets__next(struct packets *p, struct packet *out, bool *more);

#endif
