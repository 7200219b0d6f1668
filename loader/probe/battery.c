// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each row: name, clause, demand, what Linux does, and how the request differs from an ordinary
 * echo request. What Linux does was measured on 6.18, with its default settings. Nothing here
 * can change how a host works: no redirect, advertisement or error names anything that it uses.
 */
#include "battery.h"
#include "util.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_ether.h>

/* Each row is a line or two, statements and all. */
/* clang-format off */

#define MUST		DEMAND_MUST
#define SHOULD		DEMAND_SHOULD
#define MAY		DEMAND_MAY
#define NO_ECHO		DEMAND_NO_ECHO
#define NOTHING		DEMAND_NOTHING

#define SILENT		of_kind(REACTION_SILENCE)
#define ECHOED		of_kind(REACTION_ECHO)
#define STAMPED		of_kind(REACTION_STAMP)
#define ADVERT		of_kind(REACTION_ADVERT)
#define DRAWS(t, c)	draws(t, c, 0)
/* Parameter problems: with the offset of a byte, which IPv4 has in the second word's first. */
#define PROBLEM4(at)	draws(12, 0, (__u32)(at) << 24)
#define PROBLEM6(c, at)	draws(4, c, at)

struct bench {
	struct battery *battery;
	const struct route *route;
	__u16 mark;
	int err;			/* the first that came; nothing is added after it */
};

static struct reaction of_kind(enum reaction_kind kind)
{
	return (struct reaction){ .kind = kind };
}

static struct reaction draws(__u8 type, __u8 code, __u32 rest)
{
	return (struct reaction){ REACTION_ERROR, type, code, rest };
}

static __u16 next_mark(const struct bench *b)
{
	return b->mark + b->battery->count;
}

static struct spec ordinary(const struct bench *b, int family)
{
	struct spec s = spec__echo(family);

	memcpy(s.eth_dst, b->route->to_mac, 6);
	memcpy(s.eth_src, b->route->from_mac, 6);
	memcpy(s.src, b->route->from, 16);
	memcpy(s.dst, b->route->to, 16);
	s.ip_id = s.id = next_mark(b);
	if (family == 6)
		s.label = s.id;
	return s;
}

static void add_frame(struct bench *b, struct request *r, const struct spec *s)
{
	struct frame *frame = b->err || r->count == REQUEST_FRAMES ? NULL : malloc(sizeof(*frame));

	if (!frame) {
		b->err = b->err ?: -ENOMEM;
		return;
	}
	spec__build(s, frame);
	r->frame[r->count++] = frame;
}

/* Whether only frames of our own making can say it: IP_HDRINCL knows one's own address better. */
static bool needs_link(const struct bench *b, const struct spec *s)
{
	struct spec plain = ordinary(b, s->family);

	return s->version != plain.version || s->ihl_set || s->length >= 0 ||
	       s->ip_sum != SUM_GOOD || s->trailer || s->pad_to || s->cut ||
	       s->ethertype != plain.ethertype || memcmp(s->eth_dst, plain.eth_dst, 6) ||
	       memcmp(s->src, plain.src, 16) || memcmp(s->dst, plain.dst, 16) || !s->ip_id;
}

static void add(struct bench *b, struct request *r, const struct spec *s, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct bench *b, struct request *r, const struct spec *s, const char *format, ...)
{
	struct battery *battery = b->battery;
	struct request *list;
	va_list args;

	if (b->err)
		return;
	list = realloc(battery->list, (battery->count + 1) * sizeof(*list));
	if (!list) {
		b->err = -ENOMEM;
		return;
	}
	battery->list = list;
	va_start(args, format);
	vsnprintf(r->name, sizeof(r->name), format, args);
	va_end(args);
	r->spec = *s;
	r->mark = next_mark(b);
	r->needs_link |= needs_link(b, s);
	r->message = malloc(FRAME_MAX);
	list[battery->count] = *r;
	r = &list[battery->count++];
	if (!r->message) {
		b->err = -ENOMEM;
		return;
	}
	r->message_len = spec__message(s, r->message);
	add_frame(b, r, s);
}

/* One more frame of the request that was added last. */
static void add_more(struct bench *b, const struct spec *s)
{
	if (!b->err)
		add_frame(b, &b->battery->list[b->battery->count - 1], s);
}

static struct request row(const char *clause, enum demand demand, struct reaction does)
{
	return (struct request){ .clause = clause, .demand = demand, .linux_does = does };
}

/* A row of which the caller has `s`: what more is sent of it follows by add_more(). */
#define FIRST_OF(family, name, clause, demand, does, ...)		\
	do {								\
		struct request r = row(clause, demand, does);		\
									\
		s = ordinary(b, family);				\
		__VA_ARGS__;						\
		add(b, &r, &s, "%s", name);				\
	} while (0)
#define ROW_OF(...)							\
	do {								\
		struct spec s;						\
									\
		FIRST_OF(__VA_ARGS__);					\
	} while (0)
#define FIRST4(...)	FIRST_OF(4, __VA_ARGS__)
#define FIRST6(...)	FIRST_OF(6, __VA_ARGS__)
#define V4(...)		ROW_OF(4, __VA_ARGS__)
#define V6(...)		ROW_OF(6, __VA_ARGS__)
/* A row for each of `values`, which `n` points to; the name has a place for it. */
#define EACH_OF(family, values, name, clause, demand, does, ...)	\
	for (size_t i_ = 0; i_ < ARRAY_SIZE(values); i_++) {		\
		const __typeof__(values[0]) *n = &values[i_];		\
		struct request r = row(clause, demand, does);		\
		struct spec s = ordinary(b, family);			\
		__VA_ARGS__;						\
		add(b, &r, &s, name, *n);				\
	}
#define EACH4(...)	EACH_OF(4, __VA_ARGS__)
#define EACH6(...)	EACH_OF(6, __VA_ARGS__)

#define FLAGS(f)	(r.flags |= (f))
/* Between two hosts, and not on loopback, where it may be as it should. */
#define FROM(text)	(spec__address(s.src, text), r.needs_link = true)
#define TO(text)	(spec__address(s.dst, text), r.needs_link = true)
#define FROM_BYTES(a)	(memcpy(s.src, a, 16), r.needs_link = true)
#define TO_BYTES(a)	(memcpy(s.dst, a, 16), r.needs_link = true)

/* IPv4 options, a multiple of four bytes; those of the reply that Linux sends. */
#define OPTIONS(...)	SPEC_PUT(s.ext, &s.ext_len, __VA_ARGS__)
#define RETURNS(...)							\
	do {								\
		size_t len_;						\
									\
		SPEC_PUT(r.options, &len_, __VA_ARGS__);		\
		r.option_len = len_;					\
	} while (0)
#define TARGET		b->route->to[0], b->route->to[1], b->route->to[2], b->route->to[3]
/* IPv6 extension headers; nh is the number of the first. */
#define CHAIN(nh, ...)	(s.first = (nh), SPEC_PUT(s.ext, &s.ext_len, __VA_ARGS__))
#define MESSAGE(nh, sum_at, ...)					\
	(s.proto = (nh), s.l4_sum_at = (sum_at),			\
	 SPEC_PUT(s.l4, &s.l4_len, __VA_ARGS__))

#define CLOSED_PORT	33434	/* where traceroute knocks: nobody listens there */

static void set_udp(struct spec *s, size_t data)
{
	__u8 header[8] = { s->id >> 8, s->id & 255, CLOSED_PORT >> 8, CLOSED_PORT & 255,
			   (8 + data) >> 8, (8 + data) & 255, 0, 0 };

	s->proto = IPPROTO_UDP;
	s->l4_sum_at = 6;
	memcpy(s->l4, header, 8);
	for (size_t i = 0; i < data; i++)
		s->l4[8 + i] = i;
	s->l4_len = 8 + data;
}
#define UDP(data)	set_udp(&s, data)

static const int codes[] = { 1, 2, 3, 7, 16, 64, 128, 254, 255 };
static const int classes[] = { 0x01, 0x02, 0x03, 0x08, 0x10, 0x1e, 0x28, 0xb8, 0xe0, 0xff };
static const __u16 sums[] = { 0x0001, 0x00ff, 0x0100, 0x07ff, 0x0800, 0xf700, 0xf7fe, 0xf8fe,
			      0xf8ff, 0xfeff, 0xfffe };
static const int off_by[] = { 1, -1, 8, 0x100 };
static const int sizes[] = { 0, 1, 2, 3, 4, 7, 8, 17, 18, 19, 31, 32, 57, 64, 100, 127, 255, 256,
			     512, 513, 1000, 1001 };
static const int fills[] = { 0x00, 0x55, 0xff };

static int longest(const struct bench *b, int headers)
{
	int mtu = b->route->mtu < ETH_DATA_LEN ? b->route->mtu : ETH_DATA_LEN;

	return mtu - headers;
}

/* IPv4 -------------------------------------------------------------------------- */

#define SERVER		"RFC 1122 3.2.2.6"	/* who doesn't say otherwise asks for an echo */

static void echo4(struct bench *b)
{
	V4("an ordinary echo request", SERVER, MUST, ECHOED, FLAGS(REQUEST_TTL));
	EACH4(sizes, "data of length %d", SERVER, MUST, ECHOED, s.data_len = *n);
	V4("as long as the MTU", "RFC 1122 3.3.2", SHOULD, ECHOED, s.data_len = longest(b, 28));
	V4("one byte shorter than the MTU", "RFC 1122 3.3.2", SHOULD, ECHOED,
	   s.data_len = longest(b, 29));
	EACH4(fills, "data of nothing but 0x%02x", SERVER, MUST, ECHOED, s.fill = *n);
	V4("identifier 0", SERVER, MUST, ECHOED, s.id = 0; FLAGS(REQUEST_ALONE));
	V4("identifier 0xffff", SERVER, MUST, ECHOED, s.id = 0xffff; FLAGS(REQUEST_ALONE));
	V4("sequence number 0", SERVER, MUST, ECHOED, s.seq = 0);
	V4("sequence number 0xffff", SERVER, MUST, ECHOED, s.seq = 0xffff);
	V4("identifier, sequence number and data all zero", "RFC 1071", MUST, ECHOED,
	   s.id = s.seq = 0; s.fill = 0; FLAGS(REQUEST_ALONE | REQUEST_ZERO));
	EACH4(codes, "code %d", "RFC 792 p. 14", MAY, ECHOED, s.code = *n);
	EACH4(sums, "request with checksum 0x%04x", "RFC 1071", MUST, ECHOED, s.sum = SUM_WANT;
	      s.sum_arg = *n; FLAGS(REQUEST_ALONE));
	V4("request with checksum 0xffff for 0x0000", "RFC 1071", MUST, ECHOED,
	   s.sum = SUM_WANT_FFFF; FLAGS(REQUEST_ALONE));
	EACH4(off_by, "ICMP checksum off by %d", "RFC 792 p. 15", NOTHING, SILENT,
	      s.sum = SUM_ADD; s.sum_arg = *n);
	V4("ICMP checksum 0", "RFC 792 p. 15", NOTHING, SILENT, s.sum = SUM_FIXED);
	V4("ICMP checksum 0xffff", "RFC 792 p. 15", NOTHING, SILENT, s.sum = SUM_FIXED;
	   s.sum_arg = 0xffff);
	V4("ICMP checksum's bytes swapped", "RFC 792 p. 15", NOTHING, SILENT, s.sum = SUM_SWAPPED);
	V4("ICMP checksum covers the trailer, too", "RFC 792 p. 15", NOTHING, SILENT, s.trailer = 6;
	   s.sum = SUM_TRAILER);
}

static void header4(struct bench *b)
{
	static const int ttls[] = { 0, 1, 2, 255 };
	static const int versions[] = { 0, 3, 5, 6, 15 };
	static const int ihls[] = { 0, 1, 4 };
	static const int lengths[] = { 0, 19, 20, 27 };
	static const int trailers[] = { 1, 2, 17, 46 };
	static const __u16 wanted[] = { 0x0000, 0x0001, 0xfffe };

	EACH4(ttls, "TTL %d", "RFC 1122 3.2.1.7", MUST, ECHOED, s.ttl = *n;
	      FLAGS(REQUEST_ON_LINK | REQUEST_TTL));
	EACH4(classes, "TOS 0x%02x", "RFC 1349 5.1", MUST, ECHOED, s.tos = *n);
	V4("don't fragment", SERVER, MUST, ECHOED, s.frag = 0x4000);
	V4("reserved flag", "RFC 791 3.1", MAY, ECHOED, s.frag = 0x8000);
	V4("identification 0", SERVER, MUST, ECHOED, s.ip_id = 0);
	V4("identification 0xffff", SERVER, MUST, ECHOED, s.ip_id = 0xffff;
	   FLAGS(REQUEST_ID));
	EACH4(versions, "version %d", "RFC 1122 3.2.1.1", NOTHING, SILENT, s.version = *n;
	      FLAGS(REQUEST_ON_LINK));
	EACH4(ihls, "header length field %d", "RFC 1812 5.2.2", NOTHING, SILENT, s.ihl = *n;
	      s.ihl_set = true; FLAGS(REQUEST_ON_LINK | REQUEST_ALONE));
	V4("header length beyond the packet", "RFC 1812 5.2.2", NOTHING, SILENT, s.ihl = 15;
	   s.ihl_set = true; s.data_len = 0; FLAGS(REQUEST_ON_LINK | REQUEST_ALONE));
	EACH4(off_by, "header checksum off by %d", "RFC 1122 3.2.1.2", NOTHING, SILENT,
	      s.ip_sum = SUM_ADD; s.ip_sum_arg = *n; FLAGS(REQUEST_ON_LINK));
	V4("header checksum 0", "RFC 1122 3.2.1.2", NOTHING, SILENT, s.ip_sum = SUM_FIXED;
	   FLAGS(REQUEST_ON_LINK));
	V4("header checksum's bytes swapped", "RFC 1122 3.2.1.2", NOTHING, SILENT,
	   s.ip_sum = SUM_SWAPPED; FLAGS(REQUEST_ON_LINK));
	EACH4(wanted, "header with checksum 0x%04x", "RFC 1071", MUST, ECHOED, s.ip_sum = SUM_WANT;
	      s.ip_sum_arg = *n; FLAGS(REQUEST_ON_LINK));
	V4("header with checksum 0xffff for 0x0000", "RFC 1071", MAY, ECHOED,
	   s.ip_sum = SUM_WANT_FFFF; FLAGS(REQUEST_ON_LINK));
	EACH4(lengths, "total length %d", "RFC 1812 5.2.2", NOTHING, SILENT, s.length = *n;
	      FLAGS(REQUEST_ON_LINK | REQUEST_ALONE));
	V4("total length one short", "RFC 792 p. 15", NOTHING, SILENT, s.length = 83;
	   FLAGS(REQUEST_ON_LINK));
	V4("total length one beyond the frame", "RFC 1812 5.2.2", NOTHING, SILENT, s.length = 85;
	   FLAGS(REQUEST_ON_LINK));
	V4("total length 65535", "RFC 1812 5.2.2", NOTHING, SILENT, s.length = 65535;
	   FLAGS(REQUEST_ON_LINK));
	EACH4(trailers, "trailer of length %d behind the packet", "RFC 894", MUST, ECHOED,
	      s.trailer = *n; FLAGS(REQUEST_ON_LINK));
	V4("padded to the least Ethernet frame", "RFC 894", MUST, ECHOED, s.data_len = 3;
	   s.pad_to = 60; FLAGS(REQUEST_ON_LINK));
}

static void messages4(struct bench *b)
{
	static const int unknown[] = { 1, 2, 7, 20, 41, 44, 100, 200, 255 };
	/* About a packet that was never sent, and addresses nobody has. */
	static const __u8 quoted[] = { 0x45, 0, 0, 84, 0, 9, 0, 0, 64, 1, 0, 0, 192, 0, 2, 1,
				       192, 0, 2, 2, 8, 0, 0, 0, 0, 1, 0, 1 };
	static const struct {
		const char *name, *clause;
		__u8 type, code;
	} errors[] = {
		{ "destination unreachable", "RFC 1122 3.2.2", 3, 1 },
		{ "source quench", "RFC 6633 5", 4, 0 },
		{ "time exceeded", "RFC 1122 3.2.2", 11, 0 },
		{ "parameter problem", "RFC 1122 3.2.2", 12, 0 },
		{ "redirect", "RFC 1122 3.2.2", 5, 1 },
	};
	static const int shorts[] = { 1, 4, 7 };

	V4("echo reply that nobody asked for", SERVER, NOTHING, SILENT, s.type = 0);
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		V4(errors[i].name, errors[i].clause, NOTHING, SILENT, s.l4_sum_at = 2;
		   s.l4_len = 8 + sizeof(quoted); s.l4[0] = errors[i].type;
		   s.l4[1] = errors[i].code; memcpy(s.l4 + 8, quoted, sizeof(quoted));
		   if (errors[i].type == 5) memcpy(s.l4 + 4, s.src, 4);
		   FLAGS(REQUEST_ALONE));
	EACH4(unknown, "unknown type %d", "RFC 1122 3.2.2", NOTHING, SILENT, s.type = *n);
	V4("router solicitation", "RFC 1256 4.3", MAY, SILENT, s.type = 10; s.data_len = 0);
	V4("timestamp request", "RFC 1122 3.2.2.8", MAY, STAMPED, s.type = 13; s.data_len = 12);
	V4("timestamp request, code 5", "RFC 1122 3.2.2.8", MAY, STAMPED, s.type = 13;
	   s.data_len = 12; s.code = 5);
	V4("timestamp request with 56 bytes", "RFC 1122 3.2.2.8", MAY, STAMPED, s.type = 13);
	V4("timestamp request that is too short", "RFC 792 p. 16", NOTHING, SILENT, s.type = 13;
	   s.data_len = 3);
	V4("timestamp request, checksum wrong", "RFC 792 p. 17", NOTHING, SILENT, s.type = 13;
	   s.data_len = 12; s.sum = SUM_ADD; s.sum_arg = 1);
	V4("timestamp request to 255.255.255.255", "RFC 1122 3.2.2.8", MAY, SILENT, s.type = 13;
	   s.data_len = 12; TO("255.255.255.255"); FLAGS(REQUEST_ON_LINK));
	V4("information request", "RFC 6918 2.7", MAY, SILENT, s.type = 15; s.data_len = 0);
	V4("address mask request", "RFC 1122 3.2.2.9", MAY, SILENT, s.type = 17; s.data_len = 4);
	/* By the interface's index: 1. */
	V4("extended echo request (PROBE)", "RFC 8335 4", MAY, SILENT,
	   MESSAGE(IPPROTO_ICMP, 2, 42, 0, 0, 0, s.id >> 8, s.id & 255, 1, 1,
		   0x20, 0, 0, 0, 0, 8, 3, 2, 0, 0, 0, 1); FLAGS(REQUEST_ALONE));
	EACH4(shorts, "ICMP message of length %d", "RFC 792 p. 14", MAY, SILENT, s.slice_len = *n;
	      FLAGS(REQUEST_ALONE));
	V4("4 bytes of ICMP, checksum right", "RFC 792 p. 14", MAY, SILENT,
	   MESSAGE(IPPROTO_ICMP, -1, 8, 0, 0xf7, 0xff); FLAGS(REQUEST_ALONE));
}

static void options4(struct bench *b)
{
	static const int lengths[] = { 4, 16, 40 };

	EACH4(lengths, "options: nothing, length %d", "RFC 1122 3.2.1.8", MUST, ECHOED,
	      s.ext_len = *n; memset(s.ext, 1, *n));
	V4("options: end of list, garbage behind it", "RFC 791 3.1", MUST, ECHOED,
	   OPTIONS(0, 7, 99, 3));
	V4("options: nothing, ICMP checksum wrong", "RFC 792 p. 15", NOTHING, SILENT,
	   OPTIONS(1, 1, 1, 1); s.sum = SUM_ADD; s.sum_arg = 1);
	V4("options: unknown, copied", "RFC 1122 3.2.1.8", MUST, ECHOED, OPTIONS(0x99, 4, 1, 2));
	V4("options: unknown, not copied", "RFC 1122 3.2.1.8", MUST, ECHOED,
	   OPTIONS(0x1e, 4, 1, 2));
	V4("options: router alert", "RFC 2113 2.1", MUST, ECHOED, OPTIONS(148, 4, 0, 0));
	V4("options: stream identifier", "RFC 1122 3.2.1.8", MUST, ECHOED, OPTIONS(136, 4, 0, 2));
	V4("options: record route, room for two", SERVER, SHOULD, ECHOED,
	   OPTIONS(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	   RETURNS(7, 11, 12, TARGET, TARGET, 0); FLAGS(REQUEST_ON_LINK));
	V4("options: record route, one filled", SERVER, SHOULD, ECHOED,
	   OPTIONS(7, 11, 8, 192, 0, 2, 9, 0, 0, 0, 0, 1);
	   RETURNS(7, 11, 12, 192, 0, 2, 9, TARGET, 0); FLAGS(REQUEST_ON_LINK));
	V4("options: record route, full", SERVER, SHOULD, ECHOED, OPTIONS(7, 7, 8, 192, 0, 2, 9, 1);
	   RETURNS(7, 7, 8, 192, 0, 2, 9, 0); FLAGS(REQUEST_ON_LINK));
	V4("options: timestamp, full", SERVER, SHOULD, ECHOED, OPTIONS(68, 8, 9, 0, 1, 2, 3, 4);
	   RETURNS(68, 8, 9, 0x10, 1, 2, 3, 4); FLAGS(REQUEST_ON_LINK));
	V4("options: timestamp, room for one", SERVER, SHOULD, ECHOED,
	   OPTIONS(68, 8, 5, 0, 0, 0, 0, 0);
	   RETURNS(68, 8, 9, 0, 0, 0, 0, 0); r.clock_at = 4; FLAGS(REQUEST_ON_LINK));
	V4("options: timestamp with address, room for one", SERVER, SHOULD, ECHOED,
	   OPTIONS(68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0);
	   RETURNS(68, 12, 13, 1, TARGET, 0, 0, 0, 0); r.clock_at = 8; FLAGS(REQUEST_ON_LINK));
	V4("options: loose source route, used up", "RFC 1122 3.3.5", MAY, SILENT,
	   OPTIONS(131, 7, 8, 192, 0, 2, 9, 1); FLAGS(REQUEST_ON_LINK));
	V4("options: loose source route onwards", "RFC 1122 3.3.5", NO_ECHO, SILENT,
	   OPTIONS(131, 7, 4, 192, 0, 2, 9, 1); FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V4("options: strict source route onwards", "RFC 1122 3.3.5", NO_ECHO, SILENT,
	   OPTIONS(137, 7, 4, 192, 0, 2, 9, 1); FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V4("options: length 0", "RFC 1122 3.2.2.5", SHOULD, PROBLEM4(20), OPTIONS(0x99, 0, 1, 1);
	   FLAGS(REQUEST_ON_LINK));
	V4("options: length 1", "RFC 1122 3.2.2.5", SHOULD, PROBLEM4(20), OPTIONS(0x99, 1, 1, 1);
	   FLAGS(REQUEST_ON_LINK));
	V4("options: length beyond the header", "RFC 1122 3.2.2.5", SHOULD, PROBLEM4(20),
	   OPTIONS(0x99, 5, 1, 1); FLAGS(REQUEST_ON_LINK));
	V4("options: cut off behind a type", "RFC 1122 3.2.2.5", SHOULD, PROBLEM4(23),
	   OPTIONS(1, 1, 1, 7); FLAGS(REQUEST_ON_LINK));
	V4("options: record route, pointer 0", "RFC 1122 3.2.2.5", SHOULD, PROBLEM4(22),
	   OPTIONS(7, 7, 0, 0, 0, 0, 0, 1); FLAGS(REQUEST_ON_LINK));
	V4("options: record route, length 2", "RFC 1122 3.2.2.5", SHOULD, PROBLEM4(21),
	   OPTIONS(7, 2, 1, 1); FLAGS(REQUEST_ON_LINK));
	V4("options: malformed, to 255.255.255.255", "RFC 1122 3.2.2", NOTHING, SILENT,
	   OPTIONS(0x99, 0, 1, 1); TO("255.255.255.255"); FLAGS(REQUEST_ON_LINK));
}

static void slice4(struct spec *s, size_t at, size_t len, bool more)
{
	s->slice_at = at;
	s->slice_len = len;
	s->frag = at / 8 | (more ? 0x2000 : 0);
}
#define SLICE4(...)	slice4(&s, __VA_ARGS__)
#define THEN4(...)	(slice4(&s, __VA_ARGS__), add_more(b, &s))

#define WHOLE4		"RFC 1122 3.3.2"	/* reassembly */

static void fragments4(struct bench *b)
{
	struct spec s;

	FIRST4("fragments: two in order", WHOLE4, MUST, ECHOED, SLICE4(0, 32, true));
	THEN4(32, 32, false);
	FIRST4("fragments: two in reverse", WHOLE4, MUST, ECHOED, SLICE4(32, 32, false));
	THEN4(0, 32, true);
	FIRST4("fragments: nine, the first of 8 bytes", WHOLE4, MUST, ECHOED, s.data_len = 192;
	       SLICE4(0, 8, true));
	for (size_t at = 8; at < 200; at += 24)
		THEN4(at, 24, at + 24 < 200);
	FIRST4("fragments: the first one twice", WHOLE4, MUST, ECHOED, SLICE4(0, 32, true));
	THEN4(0, 32, true);
	THEN4(32, 32, false);
	FIRST4("fragments: a message of 1,000 bytes", WHOLE4, SHOULD, ECHOED, s.data_len = 992;
	       SLICE4(0, 504, true));
	THEN4(504, 496, false);
	FIRST4("fragments: a reply longer than the MTU", WHOLE4, SHOULD, ECHOED, s.data_len = 1992;
	       SLICE4(0, 1000, true));
	THEN4(1000, 1000, false);
	FIRST4("fragments: overlapping", "RFC 1858 3", MAY, SILENT, SLICE4(0, 40, true);
	       FLAGS(REQUEST_EXPIRES));
	THEN4(32, 32, false);
	FIRST4("fragments: ICMP checksum wrong", "RFC 792 p. 15", NOTHING, SILENT,
	       SLICE4(0, 32, true); s.sum = SUM_ADD; s.sum_arg = 1);
	THEN4(32, 32, false);
	FIRST4("fragments: the last missing", WHOLE4, NO_ECHO, SILENT, SLICE4(0, 32, true);
	       FLAGS(REQUEST_EXPIRES));
	FIRST4("fragments: the first missing", WHOLE4, NOTHING, SILENT, SLICE4(32, 32, false));
	FIRST4("fragments: one from the middle", WHOLE4, NOTHING, SILENT, SLICE4(16, 16, true));
	V4("fragment that looks like a whole request", WHOLE4, NOTHING, SILENT, s.frag = 4);
	V4("fragment that says more, but looks whole", WHOLE4, NO_ECHO, SILENT, s.frag = 0x2000;
	   FLAGS(REQUEST_EXPIRES));
	V4("fragment at the highest offset", WHOLE4, NOTHING, SILENT, s.frag = 0x1fff);
}

static void addresses4(struct bench *b)
{
	__u8 all_ones[16] = {};
	int host_bits = 32 - b->route->prefix;

	memcpy(all_ones, b->route->from, 4);
	for (int i = 0; i < host_bits; i++)
		all_ones[3 - i / 8] |= 1 << i % 8;

	V4("to 255.255.255.255", SERVER, MAY, SILENT, TO("255.255.255.255");
	   FLAGS(REQUEST_ON_LINK));
	if (host_bits > 1 && host_bits < 32)
		V4("to the subnet's broadcast address", SERVER, MAY, SILENT,
		   TO_BYTES(all_ones); FLAGS(REQUEST_ON_LINK));
	V4("to 224.0.0.1", SERVER, MAY, SILENT, TO("224.0.0.1"); FLAGS(REQUEST_ON_LINK));
	V4("to 239.1.2.3", "RFC 1122 3.2.1.3", NOTHING, SILENT, TO("239.1.2.3");
	   FLAGS(REQUEST_ON_LINK));
	V4("to 127.0.0.1", "RFC 1122 3.2.1.3", NOTHING, SILENT, TO("127.0.0.1");
	   FLAGS(REQUEST_ON_LINK));
	V4("to 0.0.0.0", "RFC 1122 3.2.1.3", MAY, SILENT, TO("0.0.0.0"); FLAGS(REQUEST_ON_LINK));
	V4("to an address that it hasn't, 192.0.2.1", "RFC 1122 3.2.1.3", NO_ECHO, SILENT,
	   TO("192.0.2.1"); FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V4("to an address that it hasn't, 240.0.0.1", "RFC 1122 3.2.1.3", NO_ECHO, SILENT,
	   TO("240.0.0.1"); FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V4("to the sender", "RFC 1122 3.2.1.3", NO_ECHO, SILENT,
	   TO_BYTES(b->route->from); FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V4("unicast in a broadcast frame", "RFC 1122 3.3.6", MAY, ECHOED,
	   memset(s.eth_dst, 0xff, 6); FLAGS(REQUEST_ON_LINK));

	V4("from 0.0.0.0", "RFC 1122 3.2.1.3", NOTHING, SILENT, FROM("0.0.0.0");
	   FLAGS(REQUEST_ON_LINK));
	V4("from 127.0.0.1", "RFC 1122 3.2.1.3", NOTHING, SILENT, FROM("127.0.0.1");
	   FLAGS(REQUEST_ON_LINK));
	V4("from 224.0.0.1", "RFC 1122 3.2.1.3", NOTHING, SILENT, FROM("224.0.0.1");
	   FLAGS(REQUEST_ON_LINK));
	V4("from 239.255.255.255", "RFC 1122 3.2.1.3", NOTHING, SILENT, FROM("239.255.255.255");
	   FLAGS(REQUEST_ON_LINK));
	V4("from 255.255.255.255", "RFC 1122 3.2.1.3", NOTHING, SILENT, FROM("255.255.255.255");
	   FLAGS(REQUEST_ON_LINK));
	if (host_bits > 1 && host_bits < 32)
		/* Silent with rp_filter, which distributions like to set. */
		V4("from the subnet's broadcast address", "RFC 1122 3.2.1.3", NOTHING, ECHOED,
		   FROM_BYTES(all_ones); FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V4("from its own address", "RFC 1122 3.2.1.3", MAY, SILENT, FROM_BYTES(b->route->to);
	   FLAGS(REQUEST_ON_LINK));
}

#define ERROR4		"RFC 1122 3.2.2"	/* when errors are sent, and what they quote */

static void errors4(struct bench *b)
{
	static const int lengths[] = { 0, 9, 100 };

	EACH4(lengths, "UDP to a closed port, data of length %d", "RFC 1122 4.1.3.1", SHOULD,
	      DRAWS(3, 3), UDP(*n));
	V4("UDP to a closed port, TTL 1", "RFC 1122 4.1.3.1", SHOULD, DRAWS(3, 3), UDP(4);
	   s.ttl = 1; FLAGS(REQUEST_ON_LINK));
	V4("UDP to a closed port, TOS 0xff", "RFC 1122 4.1.3.1", SHOULD, DRAWS(3, 3), UDP(4);
	   s.tos = 0xff);
	V4("UDP to a closed port, with options", "RFC 1122 4.1.3.1", SHOULD, DRAWS(3, 3), UDP(4);
	   OPTIONS(1, 1, 1, 1));
	V4("UDP to a closed port, trailer", "RFC 1122 4.1.3.1", SHOULD, DRAWS(3, 3), UDP(4);
	   s.trailer = 18; FLAGS(REQUEST_ON_LINK));
	V4("UDP to a closed port, no checksum", "RFC 1122 4.1.3.4", SHOULD, DRAWS(3, 3), UDP(4);
	   s.l4_sum_at = -1);
	V4("UDP to a closed port, checksum wrong", "RFC 1122 4.1.3.4", NOTHING, SILENT, UDP(4);
	   s.sum = SUM_ADD; s.sum_arg = 1);
	V4("UDP to 255.255.255.255", ERROR4, NOTHING, SILENT, UDP(4); TO("255.255.255.255");
	   FLAGS(REQUEST_ON_LINK));
	V4("UDP to 224.0.0.1", ERROR4, NOTHING, SILENT, UDP(4); TO("224.0.0.1");
	   FLAGS(REQUEST_ON_LINK));
	V4("UDP in a broadcast frame", ERROR4, NOTHING, SILENT, UDP(4); memset(s.eth_dst, 0xff, 6);
	   FLAGS(REQUEST_ON_LINK));
	V4("UDP from 0.0.0.0", ERROR4, NOTHING, SILENT, UDP(4); FROM("0.0.0.0");
	   FLAGS(REQUEST_ON_LINK));
	V4("UDP from 127.0.0.1", ERROR4, NOTHING, SILENT, UDP(4); FROM("127.0.0.1");
	   FLAGS(REQUEST_ON_LINK));
	V4("UDP, a fragment from the middle", ERROR4, NOTHING, SILENT, UDP(56);
	   SLICE4(16, 16, true));
	V4("unknown protocol 253", "RFC 1122 3.2.2.1", SHOULD, DRAWS(3, 2), s.proto = 253);
	V4("unknown protocol 253, 1,000 bytes", "RFC 1812 4.3.2.3", SHOULD, DRAWS(3, 2),
	   s.proto = 253; s.data_len = 992);
	V4("ICMPv6 over IPv4", "RFC 1122 3.2.2.1", SHOULD, DRAWS(3, 2), s.proto = IPPROTO_ICMPV6;
	   s.type = 128);
	V4("many errors at once", "RFC 1812 4.3.2.8", SHOULD, DRAWS(3, 3), UDP(0);
	   FLAGS(REQUEST_LIMITED));
}

/* IPv6 -------------------------------------------------------------------------- */

#undef SERVER
#define SERVER		"RFC 4443 4.2"

static void echo6(struct bench *b)
{
	V6("an ordinary echo request", SERVER, MUST, ECHOED, FLAGS(REQUEST_TTL));
	EACH6(sizes, "data of length %d", SERVER, MUST, ECHOED, s.data_len = *n);
	V6("as long as the MTU", "RFC 8200 5", MUST, ECHOED, s.data_len = longest(b, 48));
	V6("one byte shorter than the MTU", "RFC 8200 5", MUST, ECHOED,
	   s.data_len = longest(b, 49));
	EACH6(fills, "data of nothing but 0x%02x", SERVER, MUST, ECHOED, s.fill = *n);
	V6("identifier 0", SERVER, MUST, ECHOED, s.id = 0; FLAGS(REQUEST_ALONE));
	V6("identifier 0xffff", SERVER, MUST, ECHOED, s.id = 0xffff; FLAGS(REQUEST_ALONE));
	V6("sequence number 0", SERVER, MUST, ECHOED, s.seq = 0);
	V6("sequence number 0xffff", SERVER, MUST, ECHOED, s.seq = 0xffff);
	V6("identifier, sequence number and data all zero", SERVER, MUST, ECHOED, s.id = s.seq = 0;
	   s.fill = 0; FLAGS(REQUEST_ALONE));
	EACH6(codes, "code %d", "RFC 4443 4.1", MAY, ECHOED, s.code = *n);
	EACH6(sums, "request with checksum 0x%04x", "RFC 1071", MUST, ECHOED, s.sum = SUM_WANT;
	      s.sum_arg = *n; FLAGS(REQUEST_ALONE));
	EACH6(off_by, "ICMPv6 checksum off by %d", "RFC 8200 8.1", NOTHING, SILENT, s.sum = SUM_ADD;
	      s.sum_arg = *n);
	V6("ICMPv6 checksum 0", "RFC 8200 8.1", NOTHING, SILENT, s.sum = SUM_FIXED);
	V6("ICMPv6 checksum 0xffff", "RFC 8200 8.1", NOTHING, SILENT, s.sum = SUM_FIXED;
	   s.sum_arg = 0xffff);
	V6("ICMPv6 checksum's bytes swapped", "RFC 8200 8.1", NOTHING, SILENT, s.sum = SUM_SWAPPED);
	V6("ICMPv6 checksum covers the trailer, too", "RFC 8200 8.1", NOTHING, SILENT,
	   s.trailer = 6; s.sum = SUM_TRAILER);
}

static void header6(struct bench *b)
{
	static const int limits[] = { 0, 1, 2, 255 };
	static const int versions[] = { 0, 4, 5, 7, 15 };
	static const int lengths[] = { 4, 7, 60 };
	static const int trailers[] = { 1, 2, 17, 46 };
	static const int labels[] = { 0x00001, 0x12345, 0xfffff };

	EACH6(limits, "hop limit %d", "RFC 8200 3", SHOULD, ECHOED, s.ttl = *n;
	      FLAGS(REQUEST_ON_LINK | REQUEST_TTL));
	EACH6(classes, "traffic class 0x%02x", SERVER, MUST, ECHOED, s.tos = *n);
	V6("flow label 0", "RFC 6437 3", MUST, ECHOED, s.label = 0; FLAGS(REQUEST_LABEL));
	EACH6(labels, "flow label 0x%05x", "RFC 6437 3", MUST, ECHOED, s.label = *n;
	      FLAGS(REQUEST_LABEL));
	EACH6(versions, "version %d", "RFC 8200 3", NOTHING, SILENT, s.version = *n;
	      FLAGS(REQUEST_ON_LINK));
	EACH6(lengths, "payload length %d", "RFC 8200 8.1", NOTHING, SILENT, s.length = *n;
	      FLAGS(REQUEST_ON_LINK | REQUEST_ALONE));
	V6("payload length one beyond the frame", "RFC 8200 3", NOTHING, SILENT, s.length = 65;
	   FLAGS(REQUEST_ON_LINK));
	V6("payload length 65535", "RFC 8200 3", NOTHING, SILENT, s.length = 65535;
	   FLAGS(REQUEST_ON_LINK));
	EACH6(trailers, "trailer of length %d behind the packet", "RFC 2464 3", MUST, ECHOED,
	      s.trailer = *n; FLAGS(REQUEST_ON_LINK));
}

#define NOT_AN_ERROR	"RFC 4443 2.4 (e.1)"

static void messages6(struct bench *b)
{
	static const int informational[] = { 129, 141, 142, 159, 160, 200, 254, 255 };
	static const int unknown[] = { 0, 5, 100, 127 };
	static const struct {
		const char *name;
		__u8 type, code;
	} errors[] = {
		{ "destination unreachable", 1, 0 }, { "time exceeded", 3, 0 },
		{ "parameter problem", 4, 0 },
	};
	static const int shorts[] = { 1, 4, 7 };

	EACH6(informational, "type %d", "RFC 4443 2.4 (b)", NOTHING, SILENT, s.type = *n);
	EACH6(unknown, "unknown error %d", NOT_AN_ERROR, NOTHING, SILENT, s.type = *n;
	      FLAGS(REQUEST_ALONE));
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++)
		V6(errors[i].name, NOT_AN_ERROR, NOTHING, SILENT, s.l4_len = 8 + 48;
		   s.l4_sum_at = 2; s.l4[0] = errors[i].type; s.l4[1] = errors[i].code;
		   s.l4[8] = 0x60; s.l4[14] = IPPROTO_ICMPV6; s.l4[15] = 64; FLAGS(REQUEST_ALONE));
	V6("node information query", "RFC 4620 4", MAY, SILENT,
	   MESSAGE(IPPROTO_ICMPV6, 2, 139, 1, 0, 0, 0, 2, 0, 0, s.id >> 8, s.id & 255,
		   0, 0, 0, 0, 0, 1);
	   FLAGS(REQUEST_ALONE));
	/* None of these is valid: they must come from the link. */
	V6("router solicitation, hop limit 64", "RFC 4861 6.1.1", NOTHING, SILENT, s.type = 133;
	   s.data_len = 0; FLAGS(REQUEST_ALONE));
	V6("router advertisement, hop limit 64", "RFC 4861 6.1.2", NOTHING, SILENT, s.type = 134;
	   s.id = s.seq = 0; s.data_len = 8; s.fill = 0; FLAGS(REQUEST_ALONE));
	V6("redirect, hop limit 64", "RFC 4861 8.1", NOTHING, SILENT, s.type = 137; s.data_len = 32;
	   FLAGS(REQUEST_ALONE));

#define SOLICIT								\
	do {								\
		s.l4_len = 24 + 8;					\
		s.l4_sum_at = 2;					\
		s.l4[0] = 135;						\
		memcpy(s.l4 + 8, b->route->to, 16);			\
		s.l4[24] = s.l4[25] = 1;				\
		memcpy(s.l4 + 26, b->route->from_mac, 6);		\
		s.ttl = 255;						\
		FLAGS(REQUEST_ALONE | REQUEST_ON_LINK);			\
		r.needs_link = true;					\
	} while (0)
	V6("neighbour solicitation", "RFC 4861 7.2.4", MUST, ADVERT, SOLICIT);
	V6("neighbour solicitation, hop limit 64", "RFC 4861 7.1.1", NOTHING, SILENT, SOLICIT;
	   s.ttl = 64);
	V6("neighbour solicitation, checksum wrong", "RFC 4861 7.1.1", NOTHING, SILENT, SOLICIT;
	   s.sum = SUM_ADD; s.sum_arg = 1);
	V6("neighbour solicitation, code 1", "RFC 4861 7.1.1", NOTHING, SILENT, SOLICIT;
	   s.l4[1] = 1);

	EACH6(shorts, "ICMPv6 message of length %d", SERVER, MAY, SILENT, s.slice_len = *n;
	      FLAGS(REQUEST_ALONE));
}

static void slice6(struct spec *s, size_t at, size_t len, bool more)
{
	const __u8 header[8] = { IPPROTO_ICMPV6, 0, at >> 8, (at & 0xf8) | more, 0, 0,
				 s->label >> 8, s->label & 255 };

	s->first = IPPROTO_FRAGMENT;
	memcpy(s->ext, header, 8);
	s->ext_len = 8;
	s->slice_at = at;
	s->slice_len = len;
}
#define SLICE6(...)	slice6(&s, __VA_ARGS__)
#define THEN6(...)	(slice6(&s, __VA_ARGS__), add_more(b, &s))

#define WHOLE6		"RFC 8200 4.5"

static void fragments6(struct bench *b)
{
	struct spec s;

	V6("fragment: atomic", "RFC 6946 4", MUST, ECHOED, SLICE6(0, 64, false));
	V6("fragment: atomic, reserved bits set", WHOLE6, MUST, ECHOED, SLICE6(0, 64, false);
	   s.ext[1] = 0xff; s.ext[3] |= 6);
	FIRST6("fragments: two in order", WHOLE6, MUST, ECHOED, SLICE6(0, 32, true));
	THEN6(32, 32, false);
	FIRST6("fragments: two in reverse", WHOLE6, MUST, ECHOED, SLICE6(32, 32, false));
	THEN6(0, 32, true);
	FIRST6("fragments: a reply longer than the MTU", WHOLE6, SHOULD, ECHOED, s.data_len = 1992;
	       SLICE6(0, 1000, true));
	THEN6(1000, 1000, false);
	FIRST6("fragments: overlapping", WHOLE6, NO_ECHO, SILENT, SLICE6(0, 40, true);
	       FLAGS(REQUEST_EXPIRES));
	THEN6(32, 32, false);
	FIRST6("fragments: ICMPv6 checksum wrong", "RFC 8200 8.1", NOTHING, SILENT,
	       SLICE6(0, 32, true); s.sum = SUM_ADD; s.sum_arg = 1);
	THEN6(32, 32, false);
	FIRST6("fragments: the last missing", WHOLE6, NO_ECHO, SILENT, SLICE6(0, 32, true);
	       FLAGS(REQUEST_EXPIRES));
	FIRST6("fragments: the first missing", WHOLE6, NOTHING, SILENT, SLICE6(32, 32, false));
	FIRST6("fragments: one from the middle", WHOLE6, NOTHING, SILENT, SLICE6(16, 16, true));
	V6("fragment that looks like a whole request", WHOLE6, NOTHING, SILENT,
	   SLICE6(32, 64, false); s.slice_at = 0);
	V6("fragment: length no multiple of 8", WHOLE6, SHOULD, PROBLEM6(0, 4),
	   SLICE6(0, 30, true));
	V6("fragment: beyond 65,535 bytes", WHOLE6, SHOULD, PROBLEM6(0, 42),
	   SLICE6(0xfff8, 64, false); s.slice_at = 0);
}

#define OPTION6		"RFC 8200 4.2"

static void extensions6(struct bench *b)
{
	static const int many[] = { 2, 8 };

	V6("hop-by-hop: padding", "RFC 8200 4.3", MUST, ECHOED, CHAIN(0, 58, 0, 1, 4, 0, 0, 0, 0));
	V6("hop-by-hop: padding, checksum wrong", "RFC 8200 8.1", NOTHING, SILENT,
	   CHAIN(0, 58, 0, 1, 4, 0, 0, 0, 0); s.sum = SUM_ADD; s.sum_arg = 1);
	V6("hop-by-hop: router alert", "RFC 2711 2.1", MUST, ECHOED,
	   CHAIN(0, 58, 0, 5, 2, 0, 0, 1, 0));
	V6("hop-by-hop: unknown option, skip", OPTION6, MUST, ECHOED,
	   CHAIN(0, 58, 0, 0x1e, 4, 1, 2, 3, 4));
	V6("hop-by-hop: unknown option, discard", OPTION6, NOTHING, SILENT,
	   CHAIN(0, 58, 0, 0x5e, 4, 1, 2, 3, 4));
	V6("hop-by-hop: unknown option, report", OPTION6, MUST, PROBLEM6(2, 42),
	   CHAIN(0, 58, 0, 0x9e, 4, 1, 2, 3, 4));
	V6("hop-by-hop: unknown option, report if unicast", OPTION6, MUST, PROBLEM6(2, 42),
	   CHAIN(0, 58, 0, 0xde, 4, 1, 2, 3, 4));
	V6("destination options: padding", "RFC 8200 4.6", MUST, ECHOED,
	   CHAIN(60, 58, 0, 1, 4, 0, 0, 0, 0));
	V6("destination options: unknown option, skip", OPTION6, MUST, ECHOED,
	   CHAIN(60, 58, 0, 0x1e, 4, 1, 2, 3, 4));
	V6("destination options: unknown option, discard", OPTION6, NOTHING, SILENT,
	   CHAIN(60, 58, 0, 0x5e, 4, 1, 2, 3, 4));
	V6("destination options: unknown option, report", OPTION6, MUST, PROBLEM6(2, 42),
	   CHAIN(60, 58, 0, 0x9e, 4, 1, 2, 3, 4));
	V6("destination options: unknown option, report if unicast", OPTION6, MUST, PROBLEM6(2, 42),
	   CHAIN(60, 58, 0, 0xde, 4, 1, 2, 3, 4));
	V6("unknown option to ff02::1, report if unicast", OPTION6, NOTHING, SILENT,
	   CHAIN(60, 58, 0, 0xde, 4, 1, 2, 3, 4); TO("ff02::1"); FLAGS(REQUEST_ON_LINK));
	V6("destination options: beyond their header", OPTION6, MAY, SILENT,
	   CHAIN(60, 58, 0, 1, 9, 0, 0, 0, 0));
	/* A packet whose message would be right if the header in front of it were part of it. */
	V6("destination options: sum right as a message", OPTION6, MUST, ECHOED,
	   CHAIN(60, 58, 0, 0x1e, 4, 0, 0, 0xa7, 0xf3));
	V6("routing type 0, no segments left", "RFC 5095 3", MUST, SILENT,
	   CHAIN(43, 58, 2, 0, 0, 0, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	   FLAGS(REQUEST_VARIABLE));
	V6("routing type 0, one segment left", "RFC 5095 3", MUST, SILENT,
	   CHAIN(43, 58, 2, 0, 1, 0, 0, 0, 0, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1);
	   FLAGS(REQUEST_VARIABLE));
	V6("routing type 253, no segments left", "RFC 8200 4.4", MUST, ECHOED,
	   CHAIN(43, 58, 0, 253, 0, 0, 0, 0, 0));
	V6("routing type 253, one segment left", "RFC 8200 4.4", MUST, PROBLEM6(0, 42),
	   CHAIN(43, 58, 0, 253, 1, 0, 0, 0, 0));
	V6("chain: hop-by-hop, destination options", "RFC 8200 4.1", MUST, ECHOED,
	   CHAIN(0, 60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0));
	V6("chain: hop-by-hop not first", "RFC 8200 4", SHOULD, PROBLEM6(1, 40),
	   CHAIN(60, 0, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0));
	EACH6(many, "chain: %d destination options headers", "RFC 8504 5.3", MAY, ECHOED,
	      for (int i = 0; i < *n; i++) {
		      const __u8 header[8] = { i == *n - 1 ? IPPROTO_ICMPV6 : 60, 0, 1, 4 };

		      memcpy(s.ext + 8 * i, header, 8);
	      }
	      s.first = 60; s.ext_len = 8 * *n);
	V6("extension header longer than the packet", "RFC 8200 4", NO_ECHO, SILENT,
	   CHAIN(60, 58, 200, 1, 4, 0, 0, 0, 0));
	V6("no next header", "RFC 8200 4.7", NOTHING, SILENT, s.proto = IPPROTO_NONE);
	V6("authentication header, nothing agreed", "RFC 4302 3.4.2", NO_ECHO, SILENT,
	   CHAIN(51, 58, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
	   FLAGS(REQUEST_VARIABLE));
}

static void addresses6(struct bench *b)
{
	V6("to ff02::1", SERVER, SHOULD, ECHOED, TO("ff02::1"); FLAGS(REQUEST_ON_LINK));
	V6("to its solicited-node address", SERVER, SHOULD, ECHOED, TO("ff02::1:ff00:0");
	   memcpy(s.dst + 13, b->route->to + 13, 3); FLAGS(REQUEST_ON_LINK));
	V6("to a foreign solicited-node address", "RFC 4291 2.8", NOTHING, SILENT,
	   TO("ff02::1:ff00:0"); memcpy(s.dst + 13, b->route->to + 13, 3); s.dst[13] ^= 0x55;
	   FLAGS(REQUEST_ON_LINK));
	V6("to ff05::1:3", "RFC 4291 2.8", NOTHING, SILENT, TO("ff05::1:3");
	   FLAGS(REQUEST_ON_LINK));
	V6("to ::1", "RFC 4291 2.5.3", NOTHING, SILENT, TO("::1"); FLAGS(REQUEST_ON_LINK));
	V6("to ::", "RFC 4291 2.5.2", NO_ECHO, SILENT, TO("::");
	   FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V6("to an address that it hasn't, 2001:db8::1", "RFC 8200 3", NO_ECHO, SILENT,
	   TO("2001:db8::1"); FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V6("to the sender", "RFC 8200 3", NO_ECHO, SILENT, TO_BYTES(b->route->from);
	   FLAGS(REQUEST_ON_LINK | REQUEST_VARIABLE));
	V6("unicast in a broadcast frame", SERVER, MAY, ECHOED, memset(s.eth_dst, 0xff, 6);
	   FLAGS(REQUEST_ON_LINK));

	V6("from ::", "RFC 4291 2.5.2", NOTHING, SILENT, FROM("::"); FLAGS(REQUEST_ON_LINK));
	V6("from ::1", "RFC 4291 2.5.3", NOTHING, SILENT, FROM("::1"); FLAGS(REQUEST_ON_LINK));
	V6("from ff02::1", "RFC 4291 2.7", NOTHING, SILENT, FROM("ff02::1");
	   FLAGS(REQUEST_ON_LINK));
	V6("from ff0e::1", "RFC 4291 2.7", NOTHING, SILENT, FROM("ff0e::1");
	   FLAGS(REQUEST_ON_LINK));
	V6("from its own address", SERVER, MAY, SILENT, FROM_BYTES(b->route->to);
	   FLAGS(REQUEST_ON_LINK));
}

static void errors6(struct bench *b)
{
	static const int lengths[] = { 0, 9, 100 };

	EACH6(lengths, "UDP to a closed port, data of length %d", "RFC 4443 3.1", SHOULD,
	      DRAWS(1, 4), UDP(*n));
	V6("UDP to a closed port, hop limit 1", "RFC 4443 3.1", SHOULD, DRAWS(1, 4), UDP(4);
	   s.ttl = 1; FLAGS(REQUEST_ON_LINK));
	V6("UDP to a closed port, traffic class 0xff", "RFC 4443 3.1", SHOULD, DRAWS(1, 4), UDP(4);
	   s.tos = 0xff);
	V6("UDP to a closed port, destination options", "RFC 4443 3.1", SHOULD, DRAWS(1, 4), UDP(4);
	   CHAIN(60, 17, 0, 1, 4, 0, 0, 0, 0));
	V6("UDP to a closed port, trailer", "RFC 4443 3.1", SHOULD, DRAWS(1, 4), UDP(4);
	   s.trailer = 18; FLAGS(REQUEST_ON_LINK));
	V6("UDP to a closed port, no checksum", "RFC 8200 8.1", NOTHING, SILENT, UDP(4);
	   s.l4_sum_at = -1);
	V6("UDP to a closed port, checksum wrong", "RFC 8200 8.1", NOTHING, SILENT, UDP(4);
	   s.sum = SUM_ADD; s.sum_arg = 1);
	V6("UDP to ff02::1", "RFC 4443 2.4 (e.3)", NOTHING, SILENT, UDP(4); TO("ff02::1");
	   FLAGS(REQUEST_ON_LINK));
	V6("UDP in a broadcast frame", "RFC 4443 2.4 (e.4)", NOTHING, SILENT, UDP(4);
	   memset(s.eth_dst, 0xff, 6); FLAGS(REQUEST_ON_LINK));
	V6("UDP from ::", "RFC 4443 2.4 (e.6)", NOTHING, SILENT, UDP(4); FROM("::");
	   FLAGS(REQUEST_ON_LINK));
	V6("unknown next header 253", "RFC 4443 3.4", SHOULD, PROBLEM6(1, 6), s.proto = 253);
	V6("unknown next header 253, 1,400 bytes", "RFC 4443 2.4 (c)", SHOULD, PROBLEM6(1, 6),
	   s.proto = 253; s.data_len = 1392);
	V6("unknown next header 254 behind destination options", "RFC 4443 3.4", SHOULD,
	   PROBLEM6(1, 40), CHAIN(60, 254, 0, 1, 4, 0, 0, 0, 0); s.proto = 254);
	V6("ICMP over IPv6", "RFC 4443 3.4", SHOULD, PROBLEM6(1, 6),
	   s.proto = IPPROTO_ICMP; s.type = 8);
	V6("many errors at once", "RFC 4443 2.4 (f)", MUST, DRAWS(1, 4), UDP(0);
	   FLAGS(REQUEST_LIMITED));
}
/* clang-format on */

int battery__build(struct battery *battery, const struct route *route, __u16 mark)
{
	static void (*const groups4[])(struct bench *) = {
		echo4, header4, messages4, options4, fragments4, addresses4, errors4,
	};
	static void (*const groups6[])(struct bench *) = {
		echo6, header6, messages6, extensions6, fragments6, addresses6, errors6,
	};
	struct bench b = { .battery = battery, .route = route, .mark = mark };

	memset(battery, 0, sizeof(*battery));
	for (size_t i = 0; i < ARRAY_SIZE(groups4); i++)
		(route->family == 4 ? groups4 : groups6)[i](&b);
	if (b.err)
		battery__free(battery);
	return b.err;
}

void battery__free(struct battery *b)
{
	for (size_t i = 0; i < b->count; i++) {
		for (size_t j = 0; j < b->list[i].count; j++)
			free(b->list[i].frame[j]);
		free(b->list[i].message);
	}
	free(b->list);
	memset(b, 0, sizeof(*b));
}

const char *demand__name(enum demand demand)
{
	static const char *const names[] = {
		[DEMAND_MUST] = "must",		[DEMAND_SHOULD] = "should", [DEMAND_MAY] = "may",
		[DEMAND_NO_ECHO] = "no-echo",	[DEMAND_NOTHING] = "nothing",
	};

	return names[demand];
}
