/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What came back to a request of `probe --conformance`, read without belief in anything: any
 * bytes may be given. Silent; nothing is allocated.
 */
#ifndef PROBE_RESPONSE_H
#define PROBE_RESPONSE_H

#include "util.h"

#define RESPONSE_MAX	4096	/* longest packet that fragments are joined to */

/* Pointers are into what was read. */
struct response {
	int family;			/* 4 or 6 */
	const __u8 *packet;
	size_t len;			/* of the packet as its header says */
	size_t extra;			/* bytes behind it that no least frame accounts for */
	const __u8 *from, *to;
	__u8 tos, ttl, proto;
	bool dont_fragment, reserved_flag;
	__u32 label;
	const __u8 *options;		/* IPv4 options, or IPv6 extension headers */
	size_t option_len;
	const __u8 *l4;
	size_t l4_len;
	bool fragment;			/* a part of the message only: nothing is said of the sum */
	bool zero_sum;			/* nothing but zeros, the checksum included */
	const char *fault, *clause;	/* what is wrong with it, by itself; NULL: nothing */
};

/*
 * @data: behind the link layer's header, padding and all. False if it isn't IP of this family
 * at all.
 */
bool response__read(struct response *r, const __u8 *data, size_t size, int family);

/* Fragments of a few packets at a time. */
struct pieces {
	struct piece {
		bool used;
		__u8 key[37];		/* addresses, protocol, identification */
		__u8 packet[RESPONSE_MAX];
		__u8 have[RESPONSE_MAX / 8 / 8 + 1];	/* a bit for each 8 bytes of the message */
		size_t header, len, total;		/* total: of the message; 0: not known */
	} list[4];
	size_t next;
};

/*
 * Takes a fragment (response__read() said so). Returns the whole packet when this was the
 * last one missing, with *size; it is valid until the next call. NULL otherwise.
 */
const __u8 *response__join(struct pieces *p, const struct response *r, size_t *size);

/* ICMP or ICMPv6, and 8 bytes of it at least. */
bool response__is_icmp(const struct response *r);

/* ICMP errors: types that quote the packet they are about. */
bool response__is_error(const struct response *r);

#endif
