/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames from descriptions, however wrong they are meant to be: what `probe --conformance`
 * sends, and the parity test, too. Silent; nothing is allocated.
 */
#ifndef PROBE_CRAFT_H
#define PROBE_CRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FRAME_MAX 2048

struct frame {
	size_t len;
	uint8_t data[FRAME_MAX];
};

enum sum_mode {
	SUM_GOOD,
	/* Wrong ones; where that happens to be right, another that isn't. */
	SUM_ADD,   /* the right one plus .sum_arg */
	SUM_FIXED, /* .sum_arg */
	SUM_SWAPPED,
	SUM_WANT,      /* right, and .sum_arg: the identifier is chosen to fit */
	SUM_WANT_FFFF, /* 0xffff where 0x0000 is right, the identifier chosen to fit */
	SUM_TRAILER,   /* covers the trailer too */
};

struct spec {
	int family; /* 4 or 6 */
	uint8_t eth_dst[6], eth_src[6];
	uint16_t ethertype;
	size_t tags;
	uint16_t tpid[3], tci[3];
	bool snap; /* 802.3 length, LLC and SNAP in front */

	uint8_t src[16], dst[16];
	uint8_t version, ihl, tos, ttl, proto;
	bool ihl_set;
	int length; /* IPv4 total or IPv6 payload length; -1: the right one */
	uint16_t ip_id, frag;
	uint32_t label;
	enum sum_mode ip_sum;
	uint16_t ip_sum_arg;

	size_t ext_len; /* IPv4 options, or IPv6 extension headers */
	uint8_t ext[512];
	uint8_t first; /* IPv6: the first next header, when ext_len */

	uint8_t type, code;
	uint16_t id, seq;
	size_t data_len;
	int fill; /* -1: a pattern */
	enum sum_mode sum;
	uint16_t sum_arg;

	size_t l4_len; /* not 0: this, not an ICMP message */
	uint8_t l4[256];
	int l4_sum_at; /* offset of its checksum, -1: none to fill */

	size_t slice_at, slice_len; /* a fragment: this part of the message */

	size_t trailer;
	int trailer_fill; /* -1: a pattern */
	size_t pad_to;	  /* trailer up to this length of the frame */
	size_t cut;	  /* not 0: the frame ends here */
};

/* An ordinary echo request. Whose, from MAC addresses to numbers, is left to say. */
struct spec spec__echo(int family);

/* Bytes, as many as are given, to @at; how many these are, to *@len. */
#define SPEC_PUT(at, len, ...) \
	spec__put(at, len, sizeof((int[]){ __VA_ARGS__ }) / sizeof(int), __VA_ARGS__)
void spec__put(uint8_t *at, size_t *len, size_t count, ...);

/* Of either family, 16 bytes in any case. False if it is none. */
bool spec__address(uint8_t *address, const char *text);

void spec__build(const struct spec *spec, struct frame *frame);

/* The whole message above IP, of which a fragment holds a slice: its length. FRAME_MAX bytes. */
size_t spec__message(const struct spec *spec, uint8_t *message);

#endif
