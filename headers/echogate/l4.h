/* SPDX-License-Identifier: GPL-2.0-only */
/* Ports: TCP (RFC 9293), UDP (RFC 768), UDP-Lite (RFC 3828), DCCP and SCTP (RFC 9260). */
#ifndef ECHOGATE_L4_H
#define ECHOGATE_L4_H

#include "cursor.h"

struct eg_ports {
	__be16 source;
	__be16 dest;
};

/*
 * Reads the ports of a first fragment or whole packet; the cursor stands at the
 * transport header. False for a protocol without ports, or a header cut short:
 * below its fixed size (TCP 20 bytes, UDP 8, SCTP 12), or a TCP data offset
 * below 5.
 */
static __always_inline bool eg_parse_ports(struct eg_cursor *c, __u8 protocol,
					   struct eg_ports *ports)
{
	const struct tcphdr *tcp;
	const struct udphdr *udp;
	const struct sctphdr *sctp;

	switch (protocol) {
	case 6:
		tcp = eg_take(c, sizeof(*tcp));
		if (!tcp || tcp->doff < 5)
			return false;
		ports->source = tcp->source;
		ports->dest = tcp->dest;
		return true;
	case 17:
	case 136:
		udp = eg_take(c, sizeof(*udp));
		if (!udp)
			return false;
		ports->source = udp->source;
		ports->dest = udp->dest;
		return true;
	case 33:
	case 132:
		sctp = eg_take(c, sizeof(*sctp));
		if (!sctp)
			return false;
		ports->source = sctp->source;
		ports->dest = sctp->dest;
		return true;
	default:
		return false;
	}
}

#endif
