/* SPDX-License-Identifier: GPL-2.0-only */
/* `echogate probe`: what the command line says, and the kinds of probing that take it from there. */
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "address.h"
#include "host.h"

/* Exit statuses as ping has them. */
enum {
	PROBE_ANSWERED = 0,		/* every host, at least once */
	PROBE_SILENT = 1,
	PROBE_ERROR = 2,
};

#define PATTERN_MAX	16
#define SIZE_MAX4	65507		/* of data, in the longest IP packet */
#define SIZE_MAX6	65527

struct pattern {
	__u8 bytes[PATTERN_MAX];
	size_t size;			/* 0: bytes that count up, as ping's */
};

enum trace_method { TRACE_ICMP, TRACE_UDP, TRACE_TCP };

#define FLOOD_RATE_MAX	100000000

/* Times are ns; 0 is "not given" where it can't be meant. */
struct probe_options {
	int family;			/* AF_UNSPEC: what the host has */
	const char *netns;
	const char *interface;		/* NULL: routing decides */
	const char *source;
	unsigned int ifindex;		/* of interface */
	union address from;		/* source; AF_UNSPEC: routing decides */
	__u64 count;			/* 0: until interrupted, or the deadline */
	__u64 interval;
	__u64 timeout;			/* how long the last reply is waited for */
	__u64 deadline;			/* of everything; 0: none */
	size_t size;			/* bytes of data behind the ICMP header */
	struct pattern pattern;
	int ttl, tos;			/* -1: the kernel's */
	bool df;
	bool quiet;
	bool json;
	bool mine;			/* the user answers for flooding these hosts */
	__u64 rate;			/* of a flood, packets a second; 0: as fast as it goes */
	enum trace_method method;	/* of a trace: what is sent */
	int port;			/* ... to this one, of TCP */
	int max_hops, queries;
	bool find_mtu, numeric;
	/* What is done. In the namespace already; it reports, and returns PROBE_*. */
	int (*kind)(const struct probe_options *o, const struct hosts *hosts);
};

/* "0.2" seconds as ns; max in seconds. Reports. */
enum status parse_seconds(const char *what, const char *text, __u64 min, __u64 max, __u64 *ns);

/* Up to 16 bytes of hex. Reports. */
enum status pattern__parse(struct pattern *p, const char *text);

/* The kinds. */
int ping__run(const struct probe_options *o, const struct hosts *hosts);
int flood__run(const struct probe_options *o, const struct hosts *hosts);
int trace__run(const struct probe_options *o, const struct hosts *hosts);
int conformance__run(const struct probe_options *o, const struct hosts *hosts);

#endif
