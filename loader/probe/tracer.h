/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A socket that sends what is to die on its way, and hears who says that it did: through the error
 * queue of whichever kind of socket, so that nothing but TCP needs a privilege.
 */
#ifndef PROBE_TRACER_H
#define PROBE_TRACER_H

#include "endpoint.h"

#define TRACE_PORT	33434		/* of UDP, for the first packet; the nth has n more */
#define TRACE_QUOTED	1024		/* bytes of what an error quotes that are kept */

struct tracer {
	struct endpoint endpoint;
	const struct host *host;
	enum trace_method method;
	union address to;
	union address from;		/* TCP: of the checksum */
	__u16 source, port;		/* of TCP; source: of the first packet */
	__u32 seq;
	size_t last;			/* number of the packet sent last */
	__u8 *packet;			/* room for the longest that there may be */
};

#define TRACER_INIT { .endpoint = ENDPOINT_INIT }

/* What has been heard of a packet. */
struct heard {
	size_t number;			/* of which */
	union address from;
	bool error;			/* an ICMP error, else the host itself has answered */
	bool local;			/* error of the kernel's own: too long for the interface */
	bool open;			/* TCP: somebody listens */
	__u8 type, code;
	__u32 info;			/* MTU */
	__u64 when;			/* CLOCK_REALTIME, ns */
	__u8 quoted[TRACE_QUOTED];	/* from the upper layer's header on */
	size_t quoted_size;
	int extensions;			/* where they begin therein; -1: there are none */
};

/* Reports. */
enum status tracer__open(struct tracer *t, const struct host *host, const struct probe_options *o);
void tracer__close(struct tracer *t);

/* All headers of a packet, IP's included. */
size_t tracer__headers(const struct tracer *t);

/* The @number'th packet of @size bytes, headers included. With @df it must not be fragmented. */
int tracer__send(struct tracer *t, size_t number, int ttl, size_t size, bool df);

/* 1: something was heard; 0: nothing more; -errno. Numbers of others' packets may be in it. */
int tracer__hear(struct tracer *t, struct heard *h);

/* Whether it ends the way: the host was reached, or nobody knows how. */
bool heard__is_final(const struct heard *h, const struct tracer *t);

/* ... and it was reached. */
bool heard__is_reached(const struct heard *h, const struct tracer *t);

/* Somebody on the way has a link that takes no more than info. */
bool heard__is_too_big(const struct heard *h, const struct tracer *t);

#endif
