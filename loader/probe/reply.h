/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What comes back, read: echo replies, and errors with what they quote of a packet of ours. Pure
 * functions that never read beyond what they are given, whatever it says of itself.
 */
#ifndef PROBE_REPLY_H
#define PROBE_REPLY_H

#include "address.h"

struct sock_extended_err;

enum reply_kind {
	REPLY_MALFORMED,		/* see flaw */
	REPLY_ECHO,			/* echo reply: id, seq, body is its data */
	REPLY_ERROR,			/* error or redirect: quoted, body is what it quotes */
	REPLY_OTHER,			/* any other message; only type, code and body are set */
};

/* An IP packet as an error quotes it, cut anywhere behind its header. */
struct quoted {
	union address from, to;
	__u8 protocol;			/* of the upper layer; 0 when cut before that is known */
	__u8 ttl, tos;
	bool later;			/* a later fragment: the upper layer isn't there */
	const __u8 *upper;		/* what of the upper layer is there */
	size_t size;			/* of that */
	bool echo;			/* it is an echo request: */
	__u16 id, seq;
};

/* Pointers lead into what was parsed. Numbers are in host order. */
struct reply {
	enum reply_kind kind;
	const char *flaw;		/* why it is malformed, as the end of a sentence */
	int family;
	__u8 type, code;
	bool checksum_wrong;		/* IPv4 only: nobody else has looked at it */
	size_t size;			/* of the ICMP message, its header included */
	__u16 id, seq;			/* of an echo reply */
	__u32 info;			/* of an error: MTU, pointer; 0 for those that have neither */
	union address gateway;		/* of an IPv4 redirect */
	struct quoted quoted;
	const __u8 *body;		/* behind the first 8 bytes */
	size_t body_size;
};

/* @message starts with the ICMP header. */
void reply__parse(int family, const void *message, size_t size, struct reply *r);

/* @packet starts with the IPv4 header, as raw sockets give it. */
void reply__parse_ipv4(const void *packet, size_t size, struct reply *r);

/*
 * An error as the error queue of a ping socket has it, with the quoted packet from its ICMP
 * header on; @to is whom that was sent to.
 */
void reply__from_queue(const struct sock_extended_err *e, const union address *to,
		       const void *quoted, size_t size, struct reply *r);

/* IPv4's, which is no error: the packet was forwarded all the same. */
bool reply__is_redirect(const struct reply *r);

/* The error in ping's words: "Destination Host Unreachable"; returns @text. */
const char *reply__describe(const struct reply *r, char *text, size_t size);

#endif
