/* SPDX-License-Identifier: GPL-2.0-only */
/* What a trace has found, for those who show it. */
#ifndef PROBE_TRACE_H
#define PROBE_TRACE_H

#include "tracer.h"

#define TRACE_CUTS	16		/* links on the way that a packet was too big for */

struct traced {
	bool sent, answered;
	__u64 sent_at;			/* CLOCK_REALTIME, ns */
	__u64 rtt;			/* ns */
	struct heard heard;
};

struct trace {
	const struct probe_options *options;
	const struct host *host;
	struct tracer tracer;
	struct traced *packets;		/* queries for the first hop, for the second, ... */
	size_t size;			/* of each packet, headers included */
	int hops;			/* that there are, as far as is known: the last was final */
	bool ended, reached;

	/* With --mtu */
	struct cut {
		union address from;
		unsigned int mtu;
	} cuts[TRACE_CUTS];
	size_t cut_count;
	unsigned int path_mtu;		/* 0: not found out */
	unsigned int hole;		/* of so many bytes packets get lost, and nobody says why */
};

static inline const struct traced *trace__packet(const struct trace *t, int hop, int query)
{
	return &t->packets[(hop - 1) * t->options->queries + query];
}

/* As traceroute has it. */
void traceprint__begin(const struct trace *t);
void traceprint__text(const struct trace *t);
void traceprint__json(const struct trace *t);

#endif
