/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Frames from descriptions, and the replies they deserve, byte by byte. Nothing
 * of headers/ computes anything here: a mistake there must not agree with itself.
 * From there come only the names of cells, reasons and verdicts.
 */
#ifndef TESTS_VECTORS_FRAME_H
#define TESTS_VECTORS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

#include <echogate/abi.h>

/* The host that the vectors are sent to; tests/hooks builds it. */
#define OWN4	   "198.18.0.1"
#define OWN4_LO	   "198.18.9.9"
#define OWN4_VLAN  "198.18.16.1"
#define BROADCAST4 "198.18.0.255"
#define PEER4	   "198.18.0.2"
#define PEER4_VLAN "198.18.16.2"
#define OWN6	   "fd00:e6::1"
#define OWN6_LO	   "fd00:e6:9::9"
#define OWN6_VLAN  "fd00:e6:16::1"
#define PEER6	   "fd00:e6::2"
#define PEER6_VLAN "fd00:e6:16::2"

/* Not the usual values, nor each other's: a mix-up shows. */
#define OWN_TTL	   77
#define OWN_HOPS   88
#define VLAN_HOPS  99

#define VLAN_ONE   10 /* 802.1Q, a VLAN device */
#define VLAN_OUTER 20 /* 802.1ad, and within it */
#define VLAN_INNER 30 /* 802.1Q, another */

enum station {
	STATION_USUAL, /* to: own; from: peer */
	STATION_OWN,
	STATION_PEER,
	STATION_VLAN, /* own, of the VLAN devices */
	STATION_VLAN_PEER,
	STATION_OTHER,
	STATION_BROADCAST,
	STATION_MULTICAST,
};

static const uint8_t station_mac[][6] = {
	[STATION_OWN] = { 0x02, 0, 0, 0, 0xe6, 0x01 },
	[STATION_PEER] = { 0x02, 0, 0, 0, 0xe6, 0x02 },
	[STATION_VLAN] = { 0x02, 0, 0, 0, 0xe6, 0x11 },
	[STATION_VLAN_PEER] = { 0x02, 0, 0, 0, 0xe6, 0x12 },
	[STATION_OTHER] = { 0x02, 0, 0, 0, 0xe6, 0x77 },
	[STATION_BROADCAST] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff },
	[STATION_MULTICAST] = { 0x01, 0x00, 0x5e, 0, 0, 0x01 },
};

enum fill { FILL_RAMP, FILL_ZERO, FILL_ONES };

enum sum {
	SUM_GOOD,
	SUM_ADD,     /* the right one plus .sum_value */
	SUM_FIXED,   /* .sum_value, wrong as it may be */
	SUM_WANT,    /* right, and .sum_value: the identifier is chosen for it */
	SUM_ONES,    /* the identifier is chosen for 0x0000, and 0xffff is sent */
	SUM_TRAILER, /* right only if the trailer were part of the message */
};

/* Where the reason is found, or where the vector can run. */
enum stage {
	STAGE_PURE,	 /* headers/ alone says so */
	STAGE_BEYOND,	 /* headers/ sees only that the message isn't linear */
	STAGE_HOOK,	 /* headers/ alone would answer */
	STAGE_HOST_ONLY, /* no BPF_PROG_TEST_RUN takes such a frame, or not in one piece */
};

/* A frame and what becomes of it. What isn't given is as in an ordinary ping. */
struct vector {
	const char *name;

	enum station to, from;
	struct {
		uint16_t tpid, tci;
	} tag[3];
	uint16_t ethertype;

	int family; /* 4, 6; 0: .size bytes of something */
	const char *src, *dst;
	uint8_t vihl;
	uint8_t tos; /* or traffic class */
	uint32_t label;
	uint16_t id;
	uint16_t frag;	   /* flags and offset */
	int ttl;	   /* TTL(n) */
	int total;	   /* TOTAL(n): total length, or IPv6 payload length */
	int proto;	   /* PROTO(n) */
	uint32_t options;  /* bytes */
	uint8_t chain[10]; /* CHAIN(...): extension headers */
	uint32_t chain_count;
	uint8_t ext_len;     /* length field of the first */
	uint16_t ext_frag;   /* second word of a fragment header */
	enum sum header_sum; /* IPv4; SUM_WANT chooses .id */
	uint16_t header_sum_value;

	int type; /* TYPE(n) */
	uint8_t code;
	bool zero; /* identifier and sequence 0 */
	enum fill fill;
	uint32_t size;	  /* bytes behind the ICMP header, or of another protocol */
	uint32_t message; /* instead: the ICMP message is this short */
	enum sum sum;
	uint16_t sum_value;
	uint32_t trailer; /* bytes behind the packet */
	uint32_t cut;	  /* the frame ends here */

	uint32_t flags; /* enum eg_flag, in eg_config */

	uint32_t cell;
	enum eg_reason reason;
	enum eg_verdict verdict;
	enum stage stage;
};

/* Fields of which 0 is a value worth testing are kept plus one. */
#define TTL(n)	   .ttl = (n) + 1
#define TOTAL(n)   .total = (n) + 1
#define PROTO(n)   .proto = (n) + 1
#define TYPE(n)	   .type = (n) + 1
#define CHAIN(...) .chain = { __VA_ARGS__ }, .chain_count = sizeof((uint8_t[]){ __VA_ARGS__ })

#define CELL4(id)  .cell = EG_CELL_ICMP + EG_ICMP_##id
#define CELL6(id)  .cell = EG_CELL_ICMP6 + EG_ICMP6_##id
#define CELL(id)   .cell = EG_CELL_PROTOCOL + EG_PROTOCOL_##id
#define IN6(id)    .cell = EG_CELL_PROTOCOL + EG_PROTOCOL_IN6 + EG_PROTOCOL_##id
#define PASS(id)   .reason = EG_REASON_##id, .verdict = EG_VERDICT_PASS
#define ANSWER	   .reason = EG_REASON_NONE, .verdict = EG_VERDICT_ANSWER

#define FRAME_MAX  12288

struct frame {
	size_t len;
	uint8_t data[FRAME_MAX];
};

static inline void put8(struct frame *f, unsigned int value)
{
	if (f->len == FRAME_MAX)
		abort();
	f->data[f->len++] = value;
}

static inline void put16(struct frame *f, unsigned int value)
{
	put8(f, value >> 8);
	put8(f, value & 0xff);
}

static inline void put(struct frame *f, const void *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		put8(f, ((const uint8_t *)bytes)[i]);
}

static inline void set16(uint8_t *at, unsigned int value)
{
	at[0] = value >> 8;
	at[1] = value & 0xff;
}

static inline unsigned int get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

/* RFC 1071 word by word, each carry brought around at once. */
static inline uint16_t sum_add(uint16_t sum, uint16_t word)
{
	unsigned int s = sum + word;

	return s > 0xffff ? s - 0xffff : s;
}

static inline uint16_t sum_bytes(uint16_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i += 2)
		sum = sum_add(sum, p[i] << 8 | (i + 1 < len ? p[i + 1] : 0));
	return sum;
}

/* Sum of the pseudo-header (RFC 8200 8.1) of the packet at `ip6`. */
static inline uint16_t sum_pseudo(const uint8_t *ip6, size_t len)
{
	uint16_t sum = sum_bytes(0, ip6 + 8, 32);

	sum = sum_add(sum, len >> 16);
	sum = sum_add(sum, len & 0xffff);
	return sum_add(sum, 58);
}

static inline void address(const char *text, uint8_t *bytes)
{
	if (inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, bytes) != 1) {
		fprintf(stderr, "%s is no address\n", text);
		abort();
	}
}

static inline void put_address(struct frame *f, const char *text)
{
	uint8_t bytes[16];

	address(text, bytes);
	put(f, bytes, strchr(text, ':') ? 16 : 4);
}

static inline uint8_t filler(enum fill fill, size_t i)
{
	switch (fill) {
	case FILL_ZERO:
		return 0;
	case FILL_ONES:
		return 0xff;
	case FILL_RAMP:
		break;
	}
	return i * 7 + (i >> 8) + 1;
}

static inline const char *vector_src(const struct vector *v)
{
	return v->src ?: v->family == 6 ? PEER6 : PEER4;
}

static inline const char *vector_dst(const struct vector *v)
{
	return v->dst ?: v->family == 6 ? OWN6 : OWN4;
}

static inline int vector_tags(const struct vector *v)
{
	int n = 0;

	while (n < 3 && v->tag[n].tpid)
		n++;
	return n;
}

static inline uint8_t vector_hops(const struct vector *v)
{
	if (v->family == 4)
		return OWN_TTL;
	return vector_tags(v) ? VLAN_HOPS : OWN_HOPS;
}

static inline void put_link(struct frame *f, const uint8_t *to, const uint8_t *from,
			    const struct vector *v, uint16_t tci_mask)
{
	put(f, to, 6);
	put(f, from, 6);
	for (int i = 0; i < vector_tags(v); i++) {
		put16(f, v->tag[i].tpid);
		put16(f, v->tag[i].tci & tci_mask);
	}
	if (v->ethertype)
		put16(f, v->ethertype);
	else
		put16(f, v->family == 6 ? 0x86dd : 0x0800);
}

/* Identifier with which the message at `at`, checksum and identifier 0, sums to what is wanted. */
static inline uint16_t wanted_word(uint16_t sum_without, uint16_t checksum)
{
	/* without + word + checksum = 0xffff, and ones' complement subtraction adds the complement. */
	return sum_add((uint16_t)~checksum, (uint16_t)~sum_without);
}

/* Puts a checksum at `at` of the `len` bytes from `p`; `word` may be chosen. */
static inline void put_sum(enum sum mode, uint16_t value, uint8_t *at, uint8_t *word,
			   uint16_t start, const uint8_t *p, size_t len, size_t trailer)
{
	uint16_t good;

	set16(at, 0);
	if (mode == SUM_WANT || mode == SUM_ONES) {
		set16(word, 0);
		set16(word, wanted_word(sum_bytes(start, p, len), mode == SUM_WANT ? value : 0));
	}
	good = ~sum_bytes(start, p, mode == SUM_TRAILER ? len + trailer : len);
	switch (mode) {
	case SUM_GOOD:
	case SUM_WANT:
	case SUM_TRAILER:
		break;
	case SUM_ADD:
		good += value;
		break;
	case SUM_FIXED:
		good = value;
		break;
	case SUM_ONES:
		good = 0xffff;
		break;
	}
	set16(at, good);
}

static inline uint8_t upper_protocol(const struct vector *v)
{
	if (v->proto)
		return v->proto - 1;
	return v->family == 6 ? 58 : 1;
}

static inline void put_extensions(struct frame *f, const struct vector *v)
{
	for (uint32_t i = 0; i < v->chain_count; i++) {
		uint8_t kind = v->chain[i];
		uint8_t units = i ? 0 : v->ext_len;
		/* Not longer than the default one: what it claims beyond is the next header's. */
		size_t len = 8;

		put8(f, i + 1 < v->chain_count ? v->chain[i + 1] : upper_protocol(v));
		if (kind == 44) {
			put8(f, 0);
			put16(f, v->ext_frag);
			put16(f, 0xfeed);
			put16(f, 0xbeef);
			continue;
		}
		if (kind == 51) {
			/* RFC 4302 2.2: 4-byte units less two; here with a 96-bit ICV. */
			units = units ?: 4;
			len = 24;
		}
		put8(f, units);
		for (size_t n = 2; n < len; n++)
			put8(f, n == 2 && kind != 51 ? 1 : n == 3 ? 4 : 0); /* PadN */
	}
}

/* The frame that is sent. */
static inline void vector_request(const struct vector *v, struct frame *f)
{
	size_t l3, upper, len, head;
	uint8_t *ip;

	f->len = 0;
	put_link(f, station_mac[v->to ?: STATION_OWN], station_mac[v->from ?: STATION_PEER], v,
		 0xffff);
	l3 = f->len;
	if (v->family == 4) {
		put8(f, v->vihl ?: 0x45 + v->options / 4);
		put8(f, v->tos);
		put16(f, 0);
		put16(f, v->id);
		put16(f, v->frag);
		put8(f, v->ttl ? v->ttl - 1 : 55);
		put8(f, upper_protocol(v));
		put16(f, 0);
		put_address(f, vector_src(v));
		put_address(f, vector_dst(v));
		for (uint32_t i = 0; i < v->options; i++)
			put8(f, 1); /* no operation */
	} else if (v->family == 6) {
		put8(f, v->vihl ?: 0x60 | v->tos >> 4);
		put8(f, (v->tos & 15) << 4 | v->label >> 16);
		put16(f, v->label & 0xffff);
		put16(f, 0);
		put8(f, v->chain_count ? v->chain[0] : upper_protocol(v));
		put8(f, v->ttl ? v->ttl - 1 : 55);
		put_address(f, vector_src(v));
		put_address(f, vector_dst(v));
	}
	head = f->len;
	put_extensions(f, v);
	upper = f->len;
	if (v->family && (!v->proto || v->type)) {
		put8(f, v->type ? v->type - 1 : v->family == 6 ? 128 : 8);
		put8(f, v->code);
		put16(f, 0);
		put16(f, v->zero ? 0 : 0x1234);
		put16(f, v->zero ? 0 : 0x0001);
	}
	for (uint32_t i = 0; i < v->size; i++)
		put8(f, filler(v->fill, i));
	if (v->message)
		f->len = upper + v->message;
	len = f->len;
	for (uint32_t i = 0; i < v->trailer; i++)
		put8(f, 0xaa);
	if (v->family && (!v->proto || v->type) && len - upper >= 4)
		put_sum(v->sum, v->sum_value, f->data + upper + 2, f->data + upper + 4,
			v->family == 6 ? sum_pseudo(f->data + l3, len - upper) : 0, f->data + upper,
			len - upper, v->trailer);
	ip = f->data + l3;
	if (v->family == 4) {
		set16(ip + 2, v->total ? (unsigned int)v->total - 1 : len - l3);
		put_sum(v->header_sum, v->header_sum_value, ip + 10, ip + 4, 0, ip, head - l3, 0);
	} else if (v->family == 6) {
		set16(ip + 4, v->total ? (unsigned int)v->total - 1 : len - head);
	}
	if (v->cut && v->cut < f->len)
		f->len = v->cut;
}

/*
 * The reply to a vector that is answered, with the identification and flow label
 * that were seen: what they may be is for the caller to say.
 */
static inline void vector_reply(const struct vector *v, uint16_t id, uint32_t label,
				struct frame *f)
{
	struct frame request;
	size_t l3, upper;
	uint8_t *ip;

	vector_request(v, &request);
	f->len = 0;
	put_link(f, station_mac[v->from ?: STATION_PEER], station_mac[v->to ?: STATION_OWN], v,
		 0x0fff);
	l3 = f->len;
	if (v->family == 4) {
		put8(f, 0x45);
		put8(f, v->tos);
		put16(f, 28 + v->size);
		put16(f, id);
		put16(f, 0);
		put8(f, vector_hops(v));
		put8(f, 1);
		put16(f, 0);
		put_address(f, vector_dst(v));
		put_address(f, vector_src(v));
	} else {
		put8(f, 0x60 | v->tos >> 4);
		put8(f, (v->tos & 15) << 4 | label >> 16);
		put16(f, label & 0xffff);
		put16(f, 8 + v->size);
		put8(f, 58);
		put8(f, vector_hops(v));
		put_address(f, vector_dst(v));
		put_address(f, vector_src(v));
	}
	upper = f->len;
	put8(f, v->family == 6 ? 129 : 0);
	put8(f, v->code);
	put16(f, 0);
	/* The identifier may have been chosen for the sake of a checksum. */
	put16(f, get16(request.data + upper + 4));
	put16(f, v->zero ? 0 : 1);
	for (uint32_t i = 0; i < v->size; i++)
		put8(f, filler(v->fill, i));
	ip = f->data + l3;
	put_sum(SUM_GOOD, 0, f->data + upper + 2, NULL,
		v->family == 6 ? sum_pseudo(ip, f->len - upper) : 0, f->data + upper,
		f->len - upper, 0);
	if (v->family == 4)
		put_sum(SUM_GOOD, 0, ip + 10, NULL, 0, ip, 20, 0);
}

static inline size_t vector_l3(const struct vector *v)
{
	return 14 + 4 * vector_tags(v);
}

#endif
