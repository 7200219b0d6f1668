/* SPDX-License-Identifier: GPL-2.0-only */
/* What an endpoint has heard, many messages at a time, and when. */
#ifndef PROBE_INBOX_H
#define PROBE_INBOX_H

#include "endpoint.h"
#include "reply.h"

#define INBOX_BATCH	64

struct inbox;

struct arrival {
	struct reply reply;		/* kind is meaningless with a stamp or a local error */
	union address from;		/* who says so */
	int ttl;			/* -1: not told */
	__u64 real, hardware;		/* when it came, ns as in struct request; 0: not told */
	bool stamp;			/* it tells when the packet `key` was sent, and no more */
	__u32 key;			/* the nth that was sent through the endpoint, from 0 */
	int local;			/* errno of the kernel's own, not of a packet; else 0 */
};

/* For messages with @size bytes of data. Reports. */
enum status inbox__open(struct inbox **in, const struct endpoint *e, size_t size);
void inbox__close(struct inbox *in);

/* From now on the kernel says when packets are sent and received, as far as it can. */
void inbox__ask_for_stamps(struct inbox *in);

/*
 * How packets are counted from now on: a failed sendmsg() may have been counted by the kernel, or
 * not. What was sent before isn't told any more.
 */
void inbox__restart_keys(struct inbox *in);

/* How many are there: up to INBOX_BATCH, 0 if nothing, -errno. They last until the next call. */
int inbox__receive(struct inbox *in);
int inbox__receive_errors(struct inbox *in);

/* The @at'th of them. */
void inbox__get(struct inbox *in, int at, struct arrival *a);

#endif
