/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A socket that sends ICMP and hears what comes back: raw where that is permitted, else one of the
 * kernel's ping sockets, for whom net.ipv4.ping_group_range permits those.
 */
#ifndef PROBE_ENDPOINT_H
#define PROBE_ENDPOINT_H

#include "probe.h"

struct endpoint {
	int fd;
	int family;
	bool raw;		/* errors come as packets, else through the error queue */
	__u16 id;		/* of our echo requests: chosen, or the kernel's for a ping socket */
};

#define ENDPOINT_INIT	{ .fd = -1 }

/*
 * With the options' TTL, TOS, DF, source and interface, the TTL of what comes told by control
 * messages, and deaf to all but echo replies with its id, and errors. Says once what can't be had
 * without a raw socket. Reports.
 */
enum status endpoint__open(struct endpoint *e, int family, const struct probe_options *o);

/* The options alone, for a socket of another kind; not raw: errors through the queue. Reports. */
enum status endpoint__configure(const struct endpoint *e, const struct probe_options *o);

void endpoint__close(struct endpoint *e);

/* The least that a link on the way to @to takes, as far as the kernel knows; 0: it doesn't. */
unsigned int endpoint__mtu(const struct endpoint *e, const union address *to);

#endif
