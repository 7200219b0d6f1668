// SPDX-License-Identifier: GPL-2.0-only
/*
 * The frames. The network they go to is made by tests/netns/50-parity.sh; names
 * of addresses are here, next to the cases that need them.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <linux/if_ether.h>

#include "parity.h"

/* Each case is a line or two, statements and all. */
/* clang-format off */

/* Of the target */
#define T4		"198.18.0.2"
#define T4_SECOND	"198.18.0.3"
#define T4_LO		"198.18.9.9"
#define T4_OTHER	"198.18.7.2"
#define T6		"fd00:18::2"
#define T6_SECOND	"fd00:18::3"
#define T6_LINK		"fe80::2"
#define T6_LO		"fd00:9::9"
#define T6_OTHER	"fd00:7::2"
#define T6_OTHER_LINK	"fe80::7:2"
#define T6_TENTATIVE	"fd00:18::7e57"

/* Stations: neighbours that the target knows by static entries. */
static const uint8_t mac_target[6] = { 2, 0, 0, 0, 0, 2 };
static const uint8_t mac_tester[6] = { 2, 0, 0, 0, 0, 1 };
static const uint8_t mac_fifty[6] = { 2, 0, 0, 0, 0, 0x50 };
static const uint8_t mac_gateway[6] = { 2, 0, 0, 0, 0, 0xfe };
static const uint8_t mac_gateway2[6] = { 2, 0, 0, 0, 0, 0xfd };
static const uint8_t mac_stranger[6] = { 2, 0, 0, 0, 0, 0x99 };
static const uint8_t mac_broadcast[6] = { 255, 255, 255, 255, 255, 255 };

struct parity_case *cases;
size_t case_count;

static void set_address(uint8_t *address, const char *text)
{
	if (!spec__address(address, text))
		die("%s is no address", text);
}

static struct frame *build(struct spec *spec)
{
	struct frame *frame = calloc(1, sizeof(*frame));

	if (!frame)
		die("out of memory");
	spec__build(spec, frame);
	return frame;
}

static void add(struct spec *spec, enum expect expect, unsigned int flags, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

static void add(struct spec *spec, enum expect expect, unsigned int flags, const char *format, ...)
{
	struct parity_case *c;
	va_list args;
	char *name;

	cases = realloc(cases, (case_count + 1) * sizeof(*cases));
	if (!cases)
		die("out of memory");
	c = &cases[case_count++];
	memset(c, 0, sizeof(*c));
	va_start(args, format);
	if (vasprintf(&name, format, args) < 0)
		die("out of memory");
	va_end(args);
	c->name = name;
	c->expect = expect;
	c->flags = flags;
	c->count = 1;
	c->frame[0] = build(spec);
}

static void add_more(struct spec *spec)
{
	struct parity_case *c = &cases[case_count - 1];

	if (c->count == CASE_FRAMES)
		die("%s: too many frames", c->name);
	c->frame[c->count++] = build(spec);
}

static struct spec ordinary(int family, const char *from, const char *to)
{
	struct spec s = spec__echo(family);

	memcpy(s.eth_dst, mac_target, 6);
	memcpy(s.eth_src, mac_tester, 6);
	set_address(s.src, from);
	set_address(s.dst, to);
	s.ip_id = 0x1234 + case_count;
	s.id = 0x2000 + case_count;
	return s;
}

static struct spec spec4(void)
{
	return ordinary(4, "198.18.0.1", T4);
}

static struct spec spec6(void)
{
	return ordinary(6, "fd00:18::1", T6);
}

/* A case: an ordinary echo request, changed by the statements that follow. */
#define V4(expect, flags, name, ...)					\
	do {								\
		struct spec s = spec4();				\
		__VA_ARGS__;						\
		add(&s, expect, flags, "IPv4 " name);			\
	} while (0)
#define V6(expect, flags, name, ...)					\
	do {								\
		struct spec s = spec6();				\
		__VA_ARGS__;						\
		add(&s, expect, flags, "IPv6 " name);			\
	} while (0)

#define FROM(text)	set_address(s.src, text)
#define TO(text)	set_address(s.dst, text)
#define MAC_FROM(mac)	memcpy(s.eth_src, mac, 6)
#define MAC_TO(mac)	memcpy(s.eth_dst, mac, 6)

/* IPv4 options, a multiple of four bytes. */
#define OPTIONS(...)	SPEC_PUT(s.ext, &s.ext_len, __VA_ARGS__)
/* IPv6 extension headers; nh is the number of the first. */
#define CHAIN(nh, ...)	(s.first = (nh), SPEC_PUT(s.ext, &s.ext_len, __VA_ARGS__))
#define MESSAGE(nh, sum_at, ...)					\
	(s.proto = (nh), s.l4_sum_at = (sum_at),			\
	 SPEC_PUT(s.l4, &s.l4_len, __VA_ARGS__))
#define TAG(id, priority)						\
	(s.tpid[s.tags] = (id), s.tci[s.tags++] = (priority))

#define EACH(type, item, ...)						\
	for (const type *item = (const type[]){ __VA_ARGS__ },		\
	     *item##_end = item + sizeof((const type[]){ __VA_ARGS__ }) / sizeof(type); \
	     item < item##_end; item++)

static void sizes(void)
{
	EACH(int, n, 0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 18, 19, 24, 31, 32, 33, 40, 47, 48, 49,
	     55, 56, 57, 63, 64, 65, 100, 101, 119, 120, 121, 127, 128, 129, 183, 184, 185, 255,
	     256, 257, 499, 511, 512, 513, 999, 1000, 1023, 1024, 1025, 1279, 1280, 1431, 1432,
	     1433, 1451, 1452, 1453, 1470, 1471, 1472) {
		struct spec s = spec4();

		s.data_len = *n;
		add(&s, ANSWER, 0, "IPv4 %d bytes of data", *n);
		s = spec6();
		s.data_len = *n;
		if (*n <= 1452)
			add(&s, ANSWER, 0, "IPv6 %d bytes of data", *n);
	}
	EACH(int, fill, 0x00, 0xff, 0x55, 0x80) {
		EACH(int, n, 1, 56, 1001) {
			struct spec s = spec4();

			s.fill = *fill;
			s.data_len = *n;
			add(&s, ANSWER, 0, "IPv4 %d bytes of data 0x%02x", *n, *fill);
			s = spec6();
			s.fill = *fill;
			s.data_len = *n;
			add(&s, ANSWER, 0, "IPv6 %d bytes of data 0x%02x", *n, *fill);
		}
	}
}

/* Whatever is behind the IP length is not part of the message. */
static void trailers(void)
{
	EACH(int, n, 0, 1, 2, 3, 4, 10, 17, 56, 57) {
		EACH(int, fill, 0x00, 0xff, -1) {
			struct spec s = spec4();

			s.data_len = *n;
			s.trailer_fill = *fill;
			s.pad_to = 60;
			if (*n <= 17)
				add(&s, ANSWER, 0, "IPv4 %d bytes, padded to 60 with %s", *n,
				    *fill < 0 ? "garbage" : *fill ? "0xff" : "zeros");
			s.pad_to = 0;
			s.trailer = *n + 1;
			add(&s, ANSWER, 0, "IPv4 %d bytes, trailer of %d of %s", *n, *n + 1,
			    *fill < 0 ? "garbage" : *fill ? "0xff" : "zeros");
			s = spec6();
			s.data_len = *n;
			s.trailer_fill = *fill;
			s.trailer = *n + 1;
			add(&s, ANSWER, 0, "IPv6 %d bytes, trailer of %d of %s", *n, *n + 1,
			    *fill < 0 ? "garbage" : *fill ? "0xff" : "zeros");
		}
	}
	V4(ANSWER, 0, "trailer up to 1514 bytes", s.pad_to = 1514);
	V6(ANSWER, 0, "trailer up to 1514 bytes", s.pad_to = 1514);
	V4(SILENT, 0, "checksum covers the trailer", s.trailer = 4; s.sum = SUM_TRAILER);
	V6(SILENT, 0, "checksum covers the trailer", s.trailer = 4; s.sum = SUM_TRAILER);
}

static void ip_fields(void)
{
	EACH(int, n, 0, 1, 2, 63, 65, 128, 254, 255) {
		struct spec s = spec4();

		s.ttl = *n;
		add(&s, ANSWER, 0, "IPv4 TTL %d", *n);
		s = spec6();
		s.ttl = *n;
		add(&s, ANSWER, 0, "IPv6 hop limit %d", *n);
	}
	EACH(int, n, 0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x1e, 0x28, 0xb8, 0xc0, 0xe0, 0xfc, 0xff) {
		struct spec s = spec4();

		s.tos = *n;
		add(&s, ANSWER, 0, "IPv4 TOS 0x%02x", *n);
		s = spec6();
		s.tos = *n;
		add(&s, ANSWER, 0, "IPv6 traffic class 0x%02x", *n);
	}
	EACH(uint32_t, n, 0x00001, 0x12345, 0x80000, 0xfffff) {
		struct spec s = spec6();

		s.label = *n;
		add(&s, ANSWER, 0, "IPv6 flow label 0x%05x", *n);
	}
	V4(ANSWER, 0, "don't fragment", s.frag = 0x4000);
	V4(ANSWER, 0, "reserved flag", s.frag = 0x8000);
	V4(ANSWER, 0, "reserved flag and don't fragment", s.frag = 0xc000);
	V4(ANSWER, 0, "ID 0", s.ip_id = 0);
	V4(ANSWER, 0, "ID 0xffff", s.ip_id = 0xffff);

	EACH(int, n, 0, 1, 2, 3, 4) {
		struct spec s = spec4();

		s.ihl = *n;
		s.ihl_set = true;
		add(&s, SILENT, 0, "IPv4 header length field %d", *n);
	}
	V4(SILENT, 0, "header length field 6, none there", s.ihl_set = true; s.ihl = 6);
	V4(SILENT, 0, "header length field 15 beyond the packet", s.ihl_set = true; s.ihl = 15;
	   s.data_len = 0);
	EACH(int, n, 0, 3, 5, 6, 15) {
		struct spec s = spec4();

		s.version = *n;
		add(&s, SILENT, 0, "IPv4 version %d", *n);
	}
	EACH(int, n, 0, 4, 5, 7, 15) {
		struct spec s = spec6();

		s.version = *n;
		add(&s, SILENT, 0, "IPv6 version %d", *n);
	}
	V4(SILENT, 0, "with the Ethernet type of IPv6", s.ethertype = ETH_P_IPV6);
	V6(SILENT, 0, "with the Ethernet type of IPv4", s.ethertype = ETH_P_IP);

	EACH(int, n, 1, -1, 0x100, 0x8000) {
		struct spec s = spec4();

		s.ip_sum = SUM_ADD;
		s.ip_sum_arg = *n;
		add(&s, SILENT, 0, "IPv4 header checksum off by %d", *n);
	}
	V4(SILENT, 0, "header checksum 0", s.ip_sum = SUM_FIXED);
	V4(SILENT, 0, "header checksum 0xffff", s.ip_sum = SUM_FIXED; s.ip_sum_arg = 0xffff);
	V4(SILENT, 0, "header checksum's bytes swapped", s.ip_sum = SUM_SWAPPED);
	V4(ANSWER, 0, "header checksum 0xffff for 0x0000", s.ip_sum = SUM_WANT_FFFF);
	EACH(uint16_t, n, 0x0000, 0x0001, 0x00ff, 0x0100, 0xff00, 0xfffe) {
		struct spec s = spec4();

		s.ip_sum = SUM_WANT;
		s.ip_sum_arg = *n;
		add(&s, ANSWER, 0, "IPv4 header checksum happens to be 0x%04x", *n);
	}
}

static void lengths(void)
{
	EACH(int, n, 0, 1, 8, 19, 20, 21, 24, 27) {
		struct spec s = spec4();

		s.length = *n;
		add(&s, SILENT, 0, "IPv4 total length %d in a frame of 98", *n);
		s.data_len = 0;
		add(&s, SILENT, 0, "IPv4 total length %d in a frame of 42", *n);
	}
	V4(SILENT, 0, "total length 28, checksum over more", s.length = 28);
	V4(SILENT, 0, "total length one short", s.length = 83);
	V4(SILENT, 0, "total length one beyond", s.length = 85);
	V4(SILENT, 0, "total length one beyond, data ending in 0", s.length = 85; s.fill = 0);
	V4(SILENT, 0, "total length far beyond", s.length = 1500);
	V4(SILENT, 0, "total length 65535", s.length = 65535);
	V4(ANSWER, 0, "total length short by two zeros", s.length = 82; s.fill = 0);
	EACH(int, n, 0, 1, 4, 7) {
		struct spec s = spec6();

		s.length = *n;
		add(&s, SILENT, 0, "IPv6 payload length %d in a frame of 118", *n);
	}
	V6(SILENT, 0, "payload length 8, checksum over more", s.length = 8);
	V6(SILENT, 0, "payload length one short", s.length = 63);
	V6(SILENT, 0, "payload length one beyond", s.length = 65);
	V6(SILENT, 0, "payload length 65535", s.length = 65535);
	EACH(int, n, 14, 15, 33, 34, 35, 37, 41) {
		struct spec s = spec4();

		s.cut = *n;
		s.data_len = 0;
		add(&s, SILENT, 0, "IPv4 frame cut to %d", *n);
	}
	EACH(int, n, 33, 34, 38, 41) {
		struct spec s = spec4();

		s.cut = *n;
		s.data_len = 0;
		s.length = *n - 14;
		add(&s, SILENT, 0, "IPv4 frame and total length cut to %d", *n);
	}
	EACH(int, n, 14, 15, 53, 54, 55, 61) {
		struct spec s = spec6();

		s.cut = *n;
		s.data_len = 0;
		add(&s, SILENT, 0, "IPv6 frame cut to %d", *n);
	}
	EACH(int, n, 54, 58, 61) {
		struct spec s = spec6();

		s.cut = *n;
		s.data_len = 0;
		s.length = *n - 54;
		add(&s, SILENT, 0, "IPv6 frame and payload length cut to %d", *n);
	}
}

static void checksums(void)
{
	EACH(int, n, 1, -1, 8, -8, 0x100, 0x800, -0x800, 0x8000) {
		struct spec s = spec4();

		s.sum = SUM_ADD;
		s.sum_arg = *n;
		add(&s, SILENT, 0, "IPv4 ICMP checksum off by %d", *n);
		s = spec6();
		s.sum = SUM_ADD;
		s.sum_arg = *n;
		add(&s, SILENT, 0, "IPv6 ICMP checksum off by %d", *n);
	}
	EACH(uint16_t, n, 0x0000, 0xffff) {
		struct spec s = spec4();

		s.sum = SUM_FIXED;
		s.sum_arg = *n;
		add(&s, SILENT, 0, "IPv4 ICMP checksum 0x%04x", *n);
		s = spec6();
		s.sum = SUM_FIXED;
		s.sum_arg = *n;
		add(&s, SILENT, 0, "IPv6 ICMP checksum 0x%04x", *n);
	}
	V4(SILENT, 0, "ICMP checksum's bytes swapped", s.sum = SUM_SWAPPED);
	V6(SILENT, 0, "ICMP checksum's bytes swapped", s.sum = SUM_SWAPPED);
	EACH(int, n, 0, 1, 56, 1471) {
		struct spec s = spec4();

		s.data_len = *n;
		s.sum = SUM_ADD;
		s.sum_arg = 1;
		add(&s, SILENT, 0, "IPv4 ICMP checksum off by one, %d bytes", *n);
		s = spec6();
		s.data_len = *n < 1452 ? *n : 1451;
		s.sum = SUM_ADD;
		s.sum_arg = 1;
		add(&s, SILENT, 0, "IPv6 ICMP checksum off by one, %d bytes", (int)s.data_len);
	}

	/* Where an incremental update meets its carry, or zero's second face. */
	EACH(uint16_t, n, 0x0000, 0x0001, 0x00ff, 0x0100, 0x07ff, 0x0800, 0x0801, 0xf6ff, 0xf700,
	     0xf7fd, 0xf7fe, 0xf7ff, 0xf800, 0xf801, 0xf8fe, 0xf8ff, 0xf900, 0xfeff, 0xff00,
	     0xfffe) {
		struct spec s = spec4();

		s.sum = SUM_WANT;
		s.sum_arg = *n;
		add(&s, ANSWER, *n == 0xf7ff ? CASE_ZERO_SUM : 0, "IPv4 request checksum 0x%04x",
		    *n);
		s = spec6();
		s.sum = SUM_WANT;
		s.sum_arg = *n;
		add(&s, ANSWER, *n == 0xfeff ? CASE_ZERO_SUM : 0, "IPv6 request checksum 0x%04x",
		    *n);
	}
	V4(ANSWER, 0, "request checksum 0xffff for 0x0000", s.sum = SUM_WANT_FFFF);
	V6(ANSWER, 0, "request checksum 0xffff for 0x0000", s.sum = SUM_WANT_FFFF);
	EACH(int, n, 0, 1, 2, 8, 56, 57, 248, 249, 256, 504, 505, 512, 1000, 1001, 1471, 1472) {
		struct spec s = spec4();

		s.id = 0;
		s.seq = 0;
		s.fill = 0;
		s.data_len = *n;
		add(&s, ANSWER, CASE_ALL_ZERO, "IPv4 all zero, %d bytes", *n);
		s = spec6();
		s.id = 0;
		s.seq = 0;
		s.fill = 0;
		s.data_len = *n < 1452 ? *n : 1452;
		if (*n <= 1452 || *n == 1472)
			add(&s, ANSWER, 0, "IPv6 all zero, %d bytes", (int)s.data_len);
	}
	V4(ANSWER, CASE_ZERO_SUM, "identifier 0xffff, else zero", s.id = 0xffff; s.seq = 0;
	   s.fill = 0);
	V4(ANSWER, 0, "all zero but code 1", s.id = 0; s.seq = 0; s.fill = 0; s.code = 1);
}

static void types(void)
{
	EACH(int, n, 1, 2, 3, 5, 16, 64, 127, 128, 200, 254, 255) {
		struct spec s = spec4();

		s.code = *n;
		add(&s, ANSWER, 0, "IPv4 code %d", *n);
		s = spec6();
		s.code = *n;
		add(&s, ANSWER, 0, "IPv6 code %d", *n);
	}
	EACH(int, n, 0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 14, 15, 16, 17, 18, 19, 20, 29, 30, 37,
	     41, 42, 43, 44, 100, 127, 128, 129, 136, 200, 253, 254, 255) {
		struct spec s = spec4();

		s.type = *n;
		add(&s, SILENT, 0, "IPv4 type %d", *n);
	}
	EACH(int, n, 0, 1, 2, 3, 4, 5, 8, 13, 100, 127, 129, 138, 139, 140, 141, 142, 144, 146, 153,
	     155, 159, 160, 161, 200, 255) {
		struct spec s = spec6();

		s.type = *n;
		add(&s, SILENT, 0, "IPv6 type %d", *n);
	}
	V4(KERNEL, CASE_TIMESTAMP, "timestamp request", s.type = 13; s.data_len = 12);
	V4(KERNEL, CASE_TIMESTAMP, "timestamp request, code 5", s.type = 13; s.data_len = 12;
	   s.code = 5);
	V4(KERNEL, CASE_TIMESTAMP, "timestamp request, 56 bytes", s.type = 13);
	V4(KERNEL, CASE_TIMESTAMP, "timestamp request with trailer", s.type = 13; s.data_len = 12;
	   s.trailer = 9);
	V4(SILENT, 0, "timestamp request too short", s.type = 13; s.data_len = 3);
	V4(SILENT, 0, "timestamp request, checksum wrong", s.type = 13; s.data_len = 12;
	   s.sum = SUM_ADD; s.sum_arg = 1);
	EACH(int, n, 1, 3, 4, 7) {
		struct spec s = spec4();

		s.slice_len = *n;
		add(&s, SILENT, 0, "IPv4 ICMP message of %d bytes", *n);
		s = spec6();
		s.slice_len = *n;
		add(&s, SILENT, 0, "IPv6 ICMP message of %d bytes", *n);
	}
	/* Right sums over what is too short to be an echo. */
	V4(SILENT, 0, "ICMP message of 4 bytes, checksum right", MESSAGE(1, -1, 8, 0, 0xf7, 0xff));
	V4(SILENT, 0, "ICMP message of 6 bytes, checksum right",
	   MESSAGE(1, -1, 8, 0, 0xf7, 0xfe, 0, 1));
	V4(KERNEL, 0, "ICMPv6 message", s.proto = 58; s.type = 128);
	V6(PASS, 0, "ICMPv4 message", s.proto = 1; s.type = 8);
}

static void link_layer(void)
{
	static const uint8_t group4[6] = { 1, 0, 0x5e, 0, 0, 1 };
	static const uint8_t group6[6] = { 0x33, 0x33, 0, 0, 0, 1 };

	V4(SILENT, 0, "for another station's MAC", MAC_TO(mac_stranger));
	V6(SILENT, 0, "for another station's MAC", MAC_TO(mac_stranger));
	V4(SILENT, 0, "for the sender's own MAC", MAC_TO(mac_tester));
	V4(KERNEL, 0, "unicast in a broadcast frame", MAC_TO(mac_broadcast));
	V6(KERNEL, 0, "unicast in a broadcast frame", MAC_TO(mac_broadcast));
	V4(KERNEL, 0, "unicast in a multicast frame", MAC_TO(group4));
	V6(KERNEL, 0, "unicast in a multicast frame", MAC_TO(group6));
	V4(KERNEL, 0, "from an unknown MAC, address known", MAC_FROM(mac_stranger));
	V6(KERNEL, 0, "from an unknown MAC, address known", MAC_FROM(mac_stranger));
	V4(EITHER, 0, "from the target's own MAC", MAC_FROM(mac_target));
	V4(EITHER, 0, "from the broadcast MAC", MAC_FROM(mac_broadcast));

	V4(SILENT, 0, "in 802.3 with SNAP", s.snap = true);
	V6(SILENT, 0, "in 802.3 with SNAP", s.snap = true);
	V4(SILENT, 0, "with Ethernet type 0", s.ethertype = 0);
	V4(SILENT, 0, "with a length for Ethernet type", s.ethertype = 84);
	V4(SILENT, 0, "with Ethernet type 0x0801", s.ethertype = 0x0801);

	V4(EITHER, 0, "VLAN 0", TAG(0x8100, 0));
	V6(EITHER, 0, "VLAN 0", TAG(0x8100, 0));
	V4(EITHER, 0, "VLAN 0 with a trailer", TAG(0x8100, 0); s.trailer = 7);
	V4(EITHER, 0, "VLAN 0, priority 5", TAG(0x8100, 0xa000));
	V6(EITHER, 0, "VLAN 0, priority 5", TAG(0x8100, 0xa000));
	V4(EITHER, 0, "VLAN 0, priority 7, DEI", TAG(0x8100, 0xf000));
	V4(EITHER, 0, "802.1ad VLAN 0", TAG(0x88a8, 0));
	V6(EITHER, 0, "802.1ad VLAN 0", TAG(0x88a8, 0));
	EACH(int, tpid, 0x8100, 0x88a8) {
		EACH(int, vid, 1, 100, 4094, 4095) {
			struct spec s = spec4();

			TAG(*tpid, *vid);
			add(&s, SILENT, 0, "IPv4 unknown VLAN %d, type 0x%04x", *vid, *tpid);
			s = spec6();
			TAG(*tpid, *vid);
			add(&s, SILENT, 0, "IPv6 unknown VLAN %d, type 0x%04x", *vid, *tpid);
		}
	}
	V4(EITHER, 0, "VLAN 0 in VLAN 0", TAG(0x8100, 0); TAG(0x8100, 0));
	V4(PASS, 0, "VLAN 100 in VLAN 0", TAG(0x8100, 0); TAG(0x8100, 100));
	V4(SILENT, 0, "VLAN 0 in VLAN 100", TAG(0x8100, 100); TAG(0x8100, 0));
	V4(SILENT, 0, "VLAN 100 in 802.1ad VLAN 200", TAG(0x88a8, 200); TAG(0x8100, 100));
	V6(SILENT, 0, "VLAN 100 in 802.1ad VLAN 200", TAG(0x88a8, 200); TAG(0x8100, 100));
	V4(EITHER, 0, "three tags", TAG(0x88a8, 0); TAG(0x8100, 0); TAG(0x8100, 0));
	V4(SILENT, 0, "VLAN type 0x9100", TAG(0x9100, 0));
	V4(PASS, 0, "VLAN tag cut short", TAG(0x8100, 0); s.cut = 16);
	V4(PASS, 0, "VLAN tag, IPv4 header cut short", TAG(0x8100, 0); s.cut = 30);
}

static void destinations(void)
{
	V4(ANSWER, 0, "to the interface's second address", TO(T4_SECOND));
	V4(ANSWER, 0, "to an address of lo", TO(T4_LO));
	V4(ANSWER, 0, "to an address of another interface", TO(T4_OTHER));
	V4(SILENT, 0, "to a neighbour's address", TO("198.18.0.50"));
	V4(SILENT, 0, "to an unused address", TO("198.18.0.77"));
	V4(SILENT, 0, "to an off-link address", TO("198.19.0.1"));
	V4(SILENT, 0, "to an address without route", TO("203.0.113.1"));
	V4(SILENT, 0, "to the sender's own address", TO("198.18.0.1"));
	V4(SILENT, 0, "to the subnet's broadcast", TO("198.18.0.255"));
	V4(SILENT, 0, "to the subnet's broadcast in a broadcast frame", TO("198.18.0.255");
	   MAC_TO(mac_broadcast));
	V4(SILENT, 0, "to another subnet's broadcast", TO("198.18.7.255"));
	V4(SILENT, 0, "to 255.255.255.255", TO("255.255.255.255"); MAC_TO(mac_broadcast));
	V4(SILENT, 0, "to 255.255.255.255 in a unicast frame", TO("255.255.255.255"));
	V4(SILENT, 0, "to the subnet's first address", TO("198.18.0.0"));
	V4(SILENT, 0, "to 224.0.0.1", TO("224.0.0.1"); MAC_TO("\x01\x00\x5e\x00\x00\x01"));
	V4(SILENT, 0, "to 224.0.0.1 in a unicast frame", TO("224.0.0.1"));
	V4(SILENT, 0, "to 239.1.2.3", TO("239.1.2.3"); MAC_TO("\x01\x00\x5e\x01\x02\x03"));
	V4(SILENT, 0, "to 127.0.0.1", TO("127.0.0.1"));
	V4(SILENT, 0, "to 127.9.9.9", TO("127.9.9.9"));
	V4(SILENT, 0, "to 0.0.0.0", TO("0.0.0.0"));
	V4(SILENT, 0, "to 240.0.0.1", TO("240.0.0.1"));

	V6(ANSWER, 0, "to the interface's second address", TO(T6_SECOND));
	V6(ANSWER, 0, "to an address of lo", TO(T6_LO));
	V6(ANSWER, 0, "to an address of another interface", TO(T6_OTHER));
	V6(EITHER, 0, "link-local to link-local", TO(T6_LINK); FROM("fe80::1"));
	V6(EITHER, 0, "global to link-local", TO(T6_LINK));
	V6(EITHER, 0, "link-local to global", FROM("fe80::1"));
	V6(SILENT, 0, "to another interface's link-local address", TO(T6_OTHER_LINK);
	   FROM("fe80::1"));
	V6(SILENT, 0, "global to another interface's link-local address", TO(T6_OTHER_LINK));
	V6(SILENT, 0, "to a neighbour's address", TO("fd00:18::50"));
	V6(SILENT, 0, "to an unused address", TO("fd00:18::77"));
	V6(SILENT, 0, "to an off-link address", TO("fd00:19::1"));
	V6(KERNEL, 0, "to an address without route", TO("fd00:ffff::1"));
	V6(SILENT, 0, "to the sender's own address", TO("fd00:18::1"));
	V6(SILENT, 0, "to the subnet's first address", TO("fd00:18::"));
	V6(SILENT, 0, "to a tentative address", TO(T6_TENTATIVE));
	V6(KERNEL, 0, "to ::", TO("::"));
	V6(SILENT, 0, "to ::1", TO("::1"));
	V6(KERNEL, 0, "to an IPv4-mapped address", TO("::ffff:198.18.0.2"));
	V6(KERNEL, 0, "to ff02::1", TO("ff02::1"); MAC_TO("\x33\x33\x00\x00\x00\x01"));
	V6(KERNEL, 0, "to ff02::1 in a unicast frame", TO("ff02::1"));
	V6(KERNEL, 0, "to ff02::1 from a link-local address", TO("ff02::1"); FROM("fe80::1");
	   MAC_TO("\x33\x33\x00\x00\x00\x01"));
	V6(SILENT, 0, "to ff01::1", TO("ff01::1"); MAC_TO("\x33\x33\x00\x00\x00\x01"));
	V6(KERNEL, 0, "to its solicited-node address", TO("ff02::1:ff00:2");
	   MAC_TO("\x33\x33\xff\x00\x00\x02"));
	V6(SILENT, 0, "to a foreign solicited-node address", TO("ff02::1:ff00:7777");
	   MAC_TO("\x33\x33\xff\x00\x77\x77"));
	V6(SILENT, 0, "to all routers", TO("ff02::2"); MAC_TO("\x33\x33\x00\x00\x00\x02"));
	V6(SILENT, 0, "to ff05::1:3", TO("ff05::1:3"); MAC_TO("\x33\x33\x00\x01\x00\x03"));
	V6(SILENT, 0, "to ff00::1", TO("ff00::1"); MAC_TO("\x33\x33\x00\x00\x00\x01"));
}

static void sources(void)
{
	V4(SILENT, 0, "from 0.0.0.0", FROM("0.0.0.0"));
	V4(ANSWER, 0, "from 0.1.2.3", FROM("0.1.2.3"); MAC_FROM(mac_gateway));
	V4(SILENT, 0, "from 127.0.0.1", FROM("127.0.0.1"));
	V4(SILENT, 0, "from 127.1.2.3", FROM("127.1.2.3"));
	V4(SILENT, 0, "from 224.0.0.1", FROM("224.0.0.1"));
	V4(SILENT, 0, "from 239.255.255.255", FROM("239.255.255.255"));
	V4(SILENT, 0, "from 255.255.255.255", FROM("255.255.255.255"));
	V4(ANSWER, 0, "from 240.0.0.1", FROM("240.0.0.1"); MAC_FROM(mac_gateway));
	V4(SILENT, 0, "from the destination itself", FROM(T4));
	V4(SILENT, 0, "from another of its own addresses", FROM(T4_SECOND));
	V4(SILENT, 0, "from its own address on lo", FROM(T4_LO));
	V4(SILENT, 0, "from its own address on another interface", FROM(T4_OTHER));
	V4(PASS, 0, "from the subnet's broadcast", FROM("198.18.0.255"));
	V4(PASS, 0, "from another subnet's broadcast", FROM("198.18.7.255"));
	V4(PASS, 0, "from the subnet's first address", FROM("198.18.0.0"));
	V4(ANSWER, 0, "from a neighbour with its MAC", FROM("198.18.0.50"); MAC_FROM(mac_fifty));
	V4(KERNEL, 0, "from a neighbour with a foreign MAC", FROM("198.18.0.50"));
	V4(PASS, 0, "from a neighbour not resolved", FROM("198.18.0.66"));
	V4(ANSWER, 0, "off-link through its gateway", FROM("198.19.0.1"); MAC_FROM(mac_gateway));
	V4(ANSWER, 0, "off-link, another address, same gateway", FROM("198.19.255.255");
	   MAC_FROM(mac_gateway));
	V4(KERNEL, 0, "off-link, not through its gateway", FROM("198.19.0.1"));
	V4(KERNEL, 0, "off-link through the wrong gateway", FROM("198.19.0.2");
	   MAC_FROM(mac_gateway2));
	V4(SILENT, 0, "off-link without route", FROM("203.0.113.1"));
	V4(SILENT, 0, "route back is a blackhole", FROM("198.19.101.1"));
	V4(SILENT, 0, "route back is unreachable", FROM("198.19.102.1"));
	V4(SILENT, 0, "route back is prohibited", FROM("198.19.103.1"));
	V4(KERNEL, 0, "route back is another interface", FROM("198.18.7.77"));
	V4(EITHER, 0, "route back has a hop limit", FROM("198.19.104.1"); MAC_FROM(mac_gateway));
	V4(EITHER, 0, "route back has an MTU that suffices", FROM("198.19.105.1");
	   MAC_FROM(mac_gateway));
	V4(KERNEL, 0, "reply longer than the route's MTU", FROM("198.19.105.1");
	   MAC_FROM(mac_gateway); s.data_len = 1000);
	V4(KERNEL, 0, "reply longer than the route's MTU, DF", FROM("198.19.105.1");
	   MAC_FROM(mac_gateway); s.data_len = 1000; s.frag = 0x4000);
	V4(EITHER, 0, "reply as long as the route's MTU", FROM("198.19.105.2");
	   MAC_FROM(mac_gateway); s.data_len = 572);
	V4(KERNEL, 0, "reply one longer than the route's MTU", FROM("198.19.105.2");
	   MAC_FROM(mac_gateway); s.data_len = 573);
	V4(KERNEL, 0, "reply longer than the route's locked MTU", FROM("198.19.109.1");
	   MAC_FROM(mac_gateway); s.data_len = 1000);
	V4(ANSWER, 0, "TOS route, TOS 0, its gateway", FROM("198.19.106.1"); MAC_FROM(mac_gateway));
	V4(KERNEL, 0, "TOS route, TOS 0x10, the other gateway's reply", FROM("198.19.106.1");
	   MAC_FROM(mac_gateway); s.tos = 0x10);
	V4(EITHER, 0, "TOS route, TOS 0x10, its gateway", FROM("198.19.106.1");
	   MAC_FROM(mac_gateway2); s.tos = 0x10);
	V4(KERNEL, 0, "TOS route, TOS 0, the wrong gateway", FROM("198.19.106.1");
	   MAC_FROM(mac_gateway2));
	V4(ANSWER, 0, "policy rule, its gateway", FROM("198.19.107.1"); MAC_FROM(mac_gateway2));
	V4(KERNEL, 0, "policy rule, the wrong gateway", FROM("198.19.107.1");
	   MAC_FROM(mac_gateway));
	V4(EITHER, 0, "policy rule on the reply's source", FROM("198.19.108.1"); TO(T4_LO);
	   MAC_FROM(mac_gateway2));
	V4(EITHER, 0, "policy rule on the reply's source, elsewhere", FROM("198.19.108.1"); TO(T4);
	   MAC_FROM(mac_gateway));

	/* What is remembered of a source must not serve another destination, TOS or length. */
	V4(KERNEL, 0, "policy rule on the reply's source, remembered wrongly",
	   FROM("198.19.108.1"); TO(T4); MAC_FROM(mac_gateway2));
	V4(KERNEL, 0, "policy rule on the reply's source, remembered wrongly twice",
	   FROM("198.19.108.1"); TO(T4_LO); MAC_FROM(mac_gateway));

	V6(PASS, 0, "from ::", FROM("::"));
	V6(SILENT, 0, "from ::1", FROM("::1"));
	V6(SILENT, 0, "from ff02::1", FROM("ff02::1"));
	V6(SILENT, 0, "from ff0e::1", FROM("ff0e::1"));
	V6(SILENT, 0, "from the destination itself", FROM(T6));
	V6(SILENT, 0, "from another of its own addresses", FROM(T6_SECOND));
	V6(SILENT, 0, "from its own address on lo", FROM(T6_LO));
	V6(SILENT, 0, "from its own address on another interface", FROM(T6_OTHER));
	V6(PASS, 0, "from its own link-local address", FROM(T6_LINK));
	V6(PASS, 0, "from a tentative address", FROM(T6_TENTATIVE));
	V6(ANSWER, 0, "from a neighbour with its MAC", FROM("fd00:18::50"); MAC_FROM(mac_fifty));
	V6(KERNEL, 0, "from a neighbour with a foreign MAC", FROM("fd00:18::50"));
	V6(PASS, 0, "from a neighbour not resolved", FROM("fd00:18::66"));
	V6(ANSWER, 0, "off-link through its gateway", FROM("fd00:19::1"); MAC_FROM(mac_gateway));
	V6(ANSWER, 0, "off-link, another address, same gateway", FROM("fd00:19:ffff::1");
	   MAC_FROM(mac_gateway));
	V6(KERNEL, 0, "off-link, not through its gateway", FROM("fd00:19::1"));
	V6(KERNEL, 0, "off-link through the wrong gateway", FROM("fd00:19::2");
	   MAC_FROM(mac_gateway2));
	V6(SILENT, 0, "off-link without route", FROM("fd00:ffff::1"));
	V6(SILENT, 0, "route back is a blackhole", FROM("fd00:19:101::1"));
	V6(SILENT, 0, "route back is unreachable", FROM("fd00:19:102::1"));
	V6(SILENT, 0, "route back is prohibited", FROM("fd00:19:103::1"));
	V6(KERNEL, 0, "route back is another interface", FROM("fd00:7::77"));
	V6(EITHER, 0, "route back has a hop limit", FROM("fd00:19:104::1"); MAC_FROM(mac_gateway));
	V6(EITHER, 0, "route back has an MTU that suffices", FROM("fd00:19:105::1");
	   MAC_FROM(mac_gateway));
	V6(KERNEL, 0, "reply longer than the route's MTU", FROM("fd00:19:105::1");
	   MAC_FROM(mac_gateway); s.data_len = 1400);
	V6(ANSWER, 0, "policy rule, its gateway", FROM("fd00:19:107::1"); MAC_FROM(mac_gateway2));
	V6(KERNEL, 0, "policy rule, the wrong gateway", FROM("fd00:19:107::1");
	   MAC_FROM(mac_gateway));
	V6(EITHER, 0, "policy rule on the reply's source", FROM("fd00:19:108::1"); TO(T6_LO);
	   MAC_FROM(mac_gateway2));
	V6(EITHER, 0, "policy rule on the reply's source, elsewhere", FROM("fd00:19:108::1");
	   MAC_FROM(mac_gateway));
	V6(KERNEL, 0, "policy rule on the reply's source, remembered wrongly",
	   FROM("fd00:19:108::1"); MAC_FROM(mac_gateway2));
	V6(PASS, 0, "from an IPv4-mapped address", FROM("::ffff:198.18.0.1"));
	V6(PASS, 0, "from a link-local neighbour not resolved", FROM("fe80::66"));
}

static void options(void)
{
	V4(KERNEL, 0, "options: one NOP word", OPTIONS(1, 1, 1, 1));
	V4(KERNEL, 0, "options: end of list", OPTIONS(0, 0, 0, 0));
	V4(KERNEL, 0, "options: end of list, garbage behind", OPTIONS(0, 7, 99, 3));
	EACH(int, n, 7, 8, 9, 10, 11, 12, 13, 14, 15) {
		struct spec s = spec4();

		s.ext_len = (*n - 5) * 4;
		memset(s.ext, 1, s.ext_len);
		add(&s, KERNEL, 0, "IPv4 options: NOPs, header length %d", *n);
	}
	V4(KERNEL, 0, "options: NOPs and a trailer", OPTIONS(1, 1, 1, 1); s.trailer = 5);
	V4(SILENT, 0, "options: NOPs, ICMP checksum wrong", OPTIONS(1, 1, 1, 1); s.sum = SUM_ADD;
	   s.sum_arg = 1);
	V4(SILENT, 0, "options: NOPs, header checksum wrong", OPTIONS(1, 1, 1, 1);
	   s.ip_sum = SUM_ADD; s.ip_sum_arg = 1);
	V4(KERNEL, 0, "options: record route, room for two",
	   OPTIONS(7, 11, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	V4(KERNEL, 0, "options: record route, one filled",
	   OPTIONS(7, 11, 8, 198, 19, 0, 9, 0, 0, 0, 0, 0));
	V4(KERNEL, 0, "options: record route, full", OPTIONS(7, 7, 8, 198, 19, 0, 9, 0));
	V4(PASS, 0, "options: record route, pointer 0", OPTIONS(7, 7, 0, 0, 0, 0, 0, 0));
	V4(PASS, 0, "options: record route, pointer odd", OPTIONS(7, 7, 5, 0, 0, 0, 0, 0));
	V4(PASS, 0, "options: record route, length 2", OPTIONS(7, 2, 1, 1));
	V4(PASS, 0, "options: record route beyond the header", OPTIONS(7, 39, 4, 0));
	V4(KERNEL, 0, "options: timestamp, full", OPTIONS(68, 8, 9, 0, 1, 2, 3, 4));
	V4(PASS, 0, "options: timestamp, overflow at 15", OPTIONS(68, 8, 9, 0xf0, 1, 2, 3, 4));
	V4(KERNEL, 0, "options: timestamp, room", OPTIONS(68, 8, 5, 0, 0, 0, 0, 0));
	cases[case_count - 1].mask = (struct mask){ .offset = 14 + 20 + 4, .length = 4 };
	V4(KERNEL, 0, "options: timestamp and address",
	   OPTIONS(68, 12, 5, 1, 0, 0, 0, 0, 0, 0, 0, 0));
	cases[case_count - 1].mask = (struct mask){ .offset = 14 + 20 + 8, .length = 4 };
	V4(PASS, 0, "options: timestamp, address given",
	   OPTIONS(68, 12, 5, 3, 198, 18, 0, 2, 0, 0, 0, 0));
	cases[case_count - 1].mask = (struct mask){ .offset = 14 + 20 + 8, .length = 4 };
	V4(PASS, 0, "options: timestamp, pointer 4", OPTIONS(68, 8, 4, 0, 0, 0, 0, 0));
	V4(PASS, 0, "options: loose source route", OPTIONS(131, 7, 4, 198, 19, 0, 9, 1));
	V4(PASS, 0, "options: loose source route, used up", OPTIONS(131, 7, 8, 198, 19, 0, 9, 1));
	V4(PASS, 0, "options: strict source route", OPTIONS(137, 7, 4, 198, 19, 0, 9, 1));
	V4(PASS, 0, "options: two source routes",
	   OPTIONS(131, 7, 8, 198, 19, 0, 9, 131, 7, 8, 198, 19, 0, 9, 1, 1));
	V4(PASS, 0, "options: security", OPTIONS(130, 11, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	V4(PASS, 0, "options: CIPSO", OPTIONS(134, 6, 0, 0, 0, 1, 0, 0));
	V4(PASS, 0, "options: router alert", OPTIONS(148, 4, 0, 0));
	V4(PASS, 0, "options: router alert, value 1", OPTIONS(148, 4, 0, 1));
	V4(PASS, 0, "options: stream identifier", OPTIONS(136, 4, 0, 2));
	V4(PASS, 0, "options: unknown 0x99", OPTIONS(0x99, 4, 1, 2));
	V4(PASS, 0, "options: unknown, not copied, 0x1e", OPTIONS(0x1e, 4, 1, 2));
	/* Sums to zero: with it taken for a message, all checksums still hold. */
	V4(PASS, 0, "options: looks like an echo request", OPTIONS(8, 4, 0xf7, 0xfb));
	V4(KERNEL, 0, "options: length 0", OPTIONS(0x99, 0, 1, 1));
	V4(KERNEL, 0, "options: length 1", OPTIONS(0x99, 1, 1, 1));
	V4(KERNEL, 0, "options: length beyond the header", OPTIONS(0x99, 5, 1, 1));
	V4(KERNEL, 0, "options: cut after its type", OPTIONS(1, 1, 1, 7));
	V4(KERNEL, 0, "options: NOP, then record route", OPTIONS(1, 7, 7, 4, 0, 0, 0, 0));
	V4(SILENT, 0, "options: malformed, to a broadcast", OPTIONS(0x99, 0, 1, 1);
	   TO("198.18.0.255"));
}

static void slice4(struct spec *s, size_t at, size_t len, bool more)
{
	s->slice_at = at;
	s->slice_len = len;
	s->frag = at / 8 | (more ? 0x2000 : 0);
}

static void fragments4(void)
{
	struct spec s;

	V4(SILENT, 0, "fragment: first alone", slice4(&s, 0, 32, true));
	V4(SILENT, 0, "fragment: first alone, whole message", s.frag = 0x2000);
	V4(SILENT, 0, "fragment: first alone, DF", slice4(&s, 0, 32, true); s.frag |= 0x4000);
	V4(SILENT, 0, "fragment: first alone, 8 bytes", slice4(&s, 0, 8, true));
	V4(SILENT, 0, "fragment: first alone, length not by 8", slice4(&s, 0, 30, true));
	V4(SILENT, 0, "fragment: middle alone", slice4(&s, 16, 16, true));
	V4(SILENT, 0, "fragment: last alone", slice4(&s, 32, 32, false));
	V4(SILENT, 0, "fragment: last alone, looks like an echo", s.frag = 4);
	V4(SILENT, 0, "fragment: offset 1, looks like an echo", s.frag = 1);
	V4(SILENT, 0, "fragment: offset 8191", s.frag = 0x1fff);
	V4(SILENT, 0, "fragment: offset 8191 and more", s.frag = 0x3fff);
	V4(SILENT, 0, "fragment: with the reserved flag", s.frag = 0xa000);
	V4(SILENT, 0, "fragment: header checksum wrong", s.frag = 0x2000; s.ip_sum = SUM_ADD;
	   s.ip_sum_arg = 1);
	V4(SILENT, 0, "fragment: not local", s.frag = 0x2000; TO("198.18.0.77"));
	V4(SILENT, 0, "fragment: first alone, with options", slice4(&s, 0, 32, true);
	   OPTIONS(1, 1, 1, 1));

	s = spec4();
	slice4(&s, 0, 32, true);
	add(&s, KERNEL, 0, "IPv4 fragments: two in order");
	slice4(&s, 32, 32, false);
	add_more(&s);

	s = spec4();
	slice4(&s, 32, 32, false);
	add(&s, KERNEL, 0, "IPv4 fragments: two in reverse");
	slice4(&s, 0, 32, true);
	add_more(&s);

	s = spec4();
	s.data_len = 192;
	slice4(&s, 0, 8, true);
	add(&s, KERNEL, 0, "IPv4 fragments: nine, of them a tiny first");
	for (size_t at = 8; at < 200; at += 24) {
		slice4(&s, at, 24, at + 24 < 200);
		add_more(&s);
	}

	s = spec4();
	s.data_len = 1992;
	slice4(&s, 0, 1000, true);
	add(&s, KERNEL, 0, "IPv4 fragments: a message of 2000");
	slice4(&s, 1000, 1000, false);
	add_more(&s);

	s = spec4();
	slice4(&s, 0, 40, true);
	add(&s, SILENT, 0, "IPv4 fragments: overlapping");
	slice4(&s, 32, 32, false);
	add_more(&s);

	s = spec4();
	slice4(&s, 0, 32, true);
	add(&s, KERNEL, 0, "IPv4 fragments: the first twice");
	add_more(&s);
	slice4(&s, 32, 32, false);
	add_more(&s);

	s = spec4();
	s.sum = SUM_ADD;
	s.sum_arg = 1;
	slice4(&s, 0, 32, true);
	add(&s, SILENT, 0, "IPv4 fragments: ICMP checksum wrong");
	slice4(&s, 32, 32, false);
	add_more(&s);
}

/* A fragment header in front of a part of the message. */
static void slice6(struct spec *s, size_t at, size_t len, bool more)
{
	static uint32_t id;
	uint8_t header[8] = { 58, 0, at >> 8, (at & 0xf8) | more, 0, 1, 0, 0 };

	if (!at || !s->ext_len)
		id = 0x1000 + case_count;
	header[6] = id >> 8;
	header[7] = id & 0xff;
	s->first = 44;
	memcpy(s->ext, header, 8);
	s->ext_len = 8;
	s->slice_at = at;
	s->slice_len = len;
}

static void fragments6(void)
{
	struct spec s;

	V6(KERNEL, 0, "fragment: atomic", slice6(&s, 0, 64, false));
	V6(KERNEL, 0, "fragment: atomic, reserved bits", slice6(&s, 0, 64, false); s.ext[1] = 0xff;
	   s.ext[3] |= 6);
	V6(SILENT, 0, "fragment: first alone", slice6(&s, 0, 32, true));
	V6(PASS, 0, "fragment: first alone, length not by 8", slice6(&s, 0, 30, true));
	V6(SILENT, 0, "fragment: middle alone", slice6(&s, 16, 16, true));
	V6(SILENT, 0, "fragment: last alone", slice6(&s, 32, 32, false));
	V6(SILENT, 0, "fragment: last alone, looks like an echo", slice6(&s, 32, 64, false);
	   s.slice_at = 0);
	V6(PASS, 0, "fragment: offset 8191", slice6(&s, 0xfff8, 64, false); s.slice_at = 0);
	V6(PASS, 0, "fragment header alone", slice6(&s, 0, 64, false); s.cut = 62; s.length = 8);
	V6(PASS, 0, "fragment header cut short", slice6(&s, 0, 64, false); s.cut = 58;
	   s.length = 4);

	s = spec6();
	slice6(&s, 0, 32, true);
	add(&s, KERNEL, 0, "IPv6 fragments: two in order");
	slice6(&s, 32, 32, false);
	add_more(&s);

	s = spec6();
	slice6(&s, 32, 32, false);
	add(&s, KERNEL, 0, "IPv6 fragments: two in reverse");
	s.ext_len = 8;
	s.ext[2] = 0;
	s.ext[3] = 1;
	s.slice_at = 0;
	add_more(&s);

	s = spec6();
	slice6(&s, 0, 40, true);
	add(&s, SILENT, 0, "IPv6 fragments: overlapping");
	slice6(&s, 32, 32, false);
	add_more(&s);

	s = spec6();
	s.data_len = 1992;
	slice6(&s, 0, 1000, true);
	add(&s, KERNEL, 0, "IPv6 fragments: a message of 2000");
	slice6(&s, 1000, 1000, false);
	add_more(&s);
}

static void extensions(void)
{
	V6(KERNEL, 0, "hop-by-hop: padding", CHAIN(0, 58, 0, 1, 4, 0, 0, 0, 0));
	V6(SILENT, 0, "hop-by-hop: padding of 14 bytes",
	   CHAIN(0, 58, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0));
	V6(KERNEL, 0, "hop-by-hop: padding and a trailer", CHAIN(0, 58, 0, 1, 4, 0, 0, 0, 0);
	   s.trailer = 3);
	V6(SILENT, 0, "hop-by-hop: padding, checksum wrong", CHAIN(0, 58, 0, 1, 4, 0, 0, 0, 0);
	   s.sum = SUM_ADD; s.sum_arg = 1);
	V6(PASS, 0, "hop-by-hop: padding not zero", CHAIN(0, 58, 0, 1, 4, 1, 2, 3, 4));
	V6(PASS, 0, "hop-by-hop: router alert", CHAIN(0, 58, 0, 5, 2, 0, 0, 1, 0));
	V6(PASS, 0, "hop-by-hop: jumbo payload", CHAIN(0, 58, 0, 0xc2, 4, 0, 1, 0, 0));
	EACH(int, n, 0x1e, 0x5e, 0x9e, 0xde) {
		struct spec s = spec6();

		CHAIN(0, 58, 0, *n, 4, 1, 2, 3, 4);
		add(&s, PASS, 0, "IPv6 hop-by-hop: unknown option 0x%02x", *n);
		s = spec6();
		CHAIN(60, 58, 0, *n, 4, 1, 2, 3, 4);
		add(&s, PASS, 0, "IPv6 destination options: unknown option 0x%02x", *n);
		s = spec6();
		CHAIN(60, 58, 0, *n, 4, 1, 2, 3, 4);
		TO("ff02::1");
		add(&s, PASS, 0, "IPv6 destination options: unknown option 0x%02x, to ff02::1", *n);
	}
	V6(KERNEL, 0, "destination options: padding", CHAIN(60, 58, 0, 1, 4, 0, 0, 0, 0));
	V6(PASS, 0, "destination options: option beyond its header",
	   CHAIN(60, 58, 0, 1, 9, 0, 0, 0, 0));
	V6(PASS, 0, "destination options: home address",
	   CHAIN(60, 58, 2, 1, 2, 0, 0, 0xc9, 16,
		 0xfd, 0, 0, 0x19, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9));
	EACH(int, n, 0, 2, 3, 4, 253) {
		struct spec s = spec6();

		CHAIN(43, 58, 2, *n, 0, 0, 0, 0, 0,
		      0xfd, 0, 0, 0x18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2);
		add(&s, PASS, 0, "IPv6 routing type %d, no segments left", *n);
		s.ext[3] = 1;
		add(&s, PASS, 0, "IPv6 routing type %d, one segment left", *n);
	}
	/* Sums to what the longer payload takes away: as a message, all of it would be right. */
	V6(PASS, 0, "destination options: sums right as a message",
	   CHAIN(60, 58, 0, 0x1e, 4, 0, 0, 0xa7, 0xf3));
	V6(PASS, 0, "authentication header",
	   CHAIN(51, 58, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12));
	V6(PASS, 0, "ESP", CHAIN(50, 0, 0, 0, 1, 0, 0, 0, 1));
	V6(SILENT, 0, "no next header", s.proto = 59);
	V6(SILENT, 0, "hop-by-hop, then no next header", CHAIN(0, 59, 0, 1, 4, 0, 0, 0, 0));
	V6(KERNEL, 0, "chain: hop-by-hop, destination",
	   CHAIN(0, 60, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0));
	V6(KERNEL, 0, "chain: hop-by-hop, destination, atomic fragment, destination",
	   CHAIN(0, 60, 0, 1, 4, 0, 0, 0, 0, 44, 0, 1, 4, 0, 0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 9,
		 58, 0, 1, 4, 0, 0, 0, 0));
	V6(PASS, 0, "chain: hop-by-hop not first",
	   CHAIN(60, 0, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0));
	V6(PASS, 0, "chain: hop-by-hop twice",
	   CHAIN(0, 0, 0, 1, 4, 0, 0, 0, 0, 58, 0, 1, 4, 0, 0, 0, 0));
	EACH(int, n, 7, 8, 9, 12) {
		struct spec s = spec6();

		for (int i = 0; i < *n; i++) {
			uint8_t header[8] = { i == *n - 1 ? 58 : 60, 0, 1, 4 };

			memcpy(s.ext + 8 * i, header, 8);
		}
		s.first = 60;
		s.ext_len = 8 * *n;
		add(&s, PASS, 0, "IPv6 chain: %d destination options headers", *n);
	}
	V6(PASS, 0, "extension header longer than the packet",
	   CHAIN(60, 58, 200, 1, 4, 0, 0, 0, 0));
	V6(PASS, 0, "extension header cut short", CHAIN(60, 58, 0, 1, 4, 0, 0, 0, 0); s.cut = 58;
	   s.length = 4);
	V6(PASS, 0, "extension header, nothing behind", CHAIN(60, 58, 0, 1, 4, 0, 0, 0, 0);
	   s.cut = 62; s.length = 8);
	V6(PASS, 0, "extension header, 4 bytes of ICMP", CHAIN(60, 58, 0, 1, 4, 0, 0, 0, 0);
	   s.cut = 66; s.length = 12);
	V6(PASS, 0, "mobility header", CHAIN(135, 58, 0, 0, 0, 0, 0, 0, 0));
	V6(PASS, 0, "HIP header", CHAIN(139, 58, 0, 0, 0, 0, 0, 0, 0));
	V6(PASS, 0, "shim6 header", CHAIN(140, 58, 0, 0, 0, 0, 0, 0, 0));
	V6(KERNEL, 0, "unknown next header 253", s.proto = 253);
	V6(PASS, 0, "unknown next header 254 behind destination options",
	   CHAIN(60, 254, 0, 1, 4, 0, 0, 0, 0));
}

/* What is none of echogate's business. */
static void bystanders(void)
{
#define TCP(port, flags)							\
	MESSAGE(6, 16, 0x30, 0x39, (port) >> 8, (port) & 255, 0x11, 0x22, 0x33, 0x44,	\
		0, 0, 0, 0, 0x50, flags, 0x20, 0, 0, 0, 0, 0)
#define UDP(port)								\
	MESSAGE(17, 6, 0x30, 0x39, (port) >> 8, (port) & 255, 0, 12, 0, 0, 'p', 'i', 'n', 'g')
	V4(KERNEL, 0, "TCP SYN to a closed port", TCP(7, 2));
	V4(KERNEL, 0, "TCP ACK to a closed port", TCP(7, 0x10));
	V4(SILENT, 0, "TCP RST", TCP(7, 4));
	V4(SILENT, 0, "TCP SYN, checksum wrong", TCP(7, 2); s.sum = SUM_ADD; s.sum_arg = 1);
	V4(KERNEL, 0, "TCP SYN to an address on lo", TCP(7, 2); TO(T4_LO));
	V6(KERNEL, 0, "TCP SYN to a closed port", TCP(7, 2));
	V6(KERNEL, 0, "TCP ACK to a closed port", TCP(7, 0x10));
	V6(SILENT, 0, "TCP SYN, checksum wrong", TCP(7, 2); s.sum = SUM_ADD; s.sum_arg = 1);
	V4(KERNEL, 0, "UDP to a closed port", UDP(33434));
	V4(KERNEL, 0, "UDP to a closed port, TTL 1", UDP(33434); s.ttl = 1);
	V4(KERNEL, 0, "UDP to a closed port, trailer", UDP(33434); s.trailer = 18);
	V4(SILENT, 0, "UDP, checksum wrong", UDP(33434); s.sum = SUM_ADD; s.sum_arg = 1);
	V4(SILENT, 0, "UDP to the subnet's broadcast", UDP(33434); TO("198.18.0.255");
	   MAC_TO(mac_broadcast));
	V6(KERNEL, 0, "UDP to a closed port", UDP(33434));
	V6(SILENT, 0, "UDP to ff02::1", UDP(33434); TO("ff02::1"));
	V4(KERNEL, 0, "unknown protocol 253", s.proto = 253);
	V4(PASS, 0, "SCTP", s.proto = 132);
	V4(PASS, 0, "IGMP", s.proto = 2);
	V4(PASS, 0, "IP in IP", s.proto = 4);
	V6(PASS, 0, "SCTP", s.proto = 132);

	/* ARP is put together as "IPv4" whose bytes are all given. */
#define ARP(op, sender, asked)	do {						\
		uint8_t *at = f->data;						\
		struct spec s = spec4();					\
		const uint8_t fixed[8] = { 0, 1, 8, 0, 6, 4, 0, op };		\
										\
		f->len = 60;							\
		memset(at, 0, f->len);						\
		memcpy(at, mac_broadcast, 6);					\
		memcpy(at + 6, mac_tester, 6);					\
		at[12] = 8;							\
		at[13] = 6;							\
		memcpy(at + 14, fixed, 8);					\
		memcpy(at + 22, mac_tester, 6);					\
		FROM(sender);							\
		memcpy(at + 28, s.src, 4);					\
		TO(asked);							\
		memcpy(at + 38, s.dst, 4);					\
	} while (0)
	static const struct {
		const char *name, *from, *to;
		enum expect expect;
		int op;
	} arps[] = {
		{ "ARP request", "198.18.0.1", T4, KERNEL, 1 },
		{ "ARP request for an address on lo", "198.18.0.1", T4_LO, KERNEL, 1 },
		{ "ARP request for a stranger", "198.18.0.1", "198.18.0.77", SILENT, 1 },
		{ "ARP probe", "0.0.0.0", T4, KERNEL, 1 },
		{ "ARP reply nobody asked for", "198.18.0.1", T4, SILENT, 2 },
	};
	for (size_t i = 0; i < sizeof(arps) / sizeof(arps[0]); i++) {
		struct spec any = spec4();
		struct frame *f;

		add(&any, arps[i].expect, 0, "%s", arps[i].name);
		f = cases[case_count - 1].frame[0];
		ARP(arps[i].op, arps[i].from, arps[i].to);
	}

#define SOLICIT	MESSAGE(58, 2, 135, 0, 0, 0, 0, 0, 0, 0, 0xfd, 0, 0, 0x18, 0, 0, 0, 0, 0, 0, 0, 0, \
			0, 0, 0, 2, 1, 1, 2, 0, 0, 0, 0, 1)
	V6(KERNEL, 0, "neighbour solicitation", SOLICIT; s.ttl = 255);
	V6(KERNEL, 0, "neighbour solicitation, multicast", SOLICIT; s.ttl = 255;
	   TO("ff02::1:ff00:2"); MAC_TO("\x33\x33\xff\x00\x00\x02"));
	V6(SILENT, 0, "neighbour solicitation, hop limit 64", SOLICIT);
	V6(SILENT, 0, "neighbour solicitation, checksum wrong", SOLICIT; s.ttl = 255;
	   s.sum = SUM_ADD; s.sum_arg = 1);
	V6(SILENT, 0, "neighbour solicitation, code 1", SOLICIT; s.ttl = 255; s.l4[1] = 1);
	V6(SILENT, 0, "neighbour solicitation for a stranger", SOLICIT; s.ttl = 255;
	   s.l4[23] = 0x77);
}

/* Path MTU learned from an error: the reply no longer fits the route. */
static void path_mtu(void)
{
	struct spec s = spec4();
	/* "Fragmentation needed, 800", about an echo reply of the target to 198.19.110.1 */
	static const uint8_t quoted[] = {
		0x45, 0, 5, 0xdc, 0, 9, 0x40, 0, 64, 1, 0, 0, 198, 18, 0, 2, 198, 19, 110, 1,
		0, 0, 0, 0, 0x12, 0x34, 0, 1,
	};

	s.l4_sum_at = 2;
	s.l4_len = 8 + sizeof(quoted);
	s.l4[0] = 3;
	s.l4[1] = 4;
	s.l4[6] = 800 >> 8;
	s.l4[7] = 800 & 0xff;
	memcpy(s.l4 + 8, quoted, sizeof(quoted));
	set_address(s.src, "198.19.110.1");
	MAC_FROM(mac_gateway);
	add(&s, SILENT, 0, "IPv4 fragmentation needed");

	V4(EITHER, 0, "path MTU learned, reply fits", FROM("198.19.110.1"); MAC_FROM(mac_gateway));
	V4(KERNEL, 0, "path MTU learned, reply too long", FROM("198.19.110.1");
	   MAC_FROM(mac_gateway); s.data_len = 1400);

	/* "Packet too big, 1300", about an echo reply of the target to fd00:19:110::1 */
	s = spec6();
	s.l4_sum_at = 2;
	s.l4_len = 8 + 48;
	s.l4[0] = 2;
	s.l4[6] = 1300 >> 8;
	s.l4[7] = 1300 & 0xff;
	s.l4[8] = 0x60;
	s.l4[12] = 1460 >> 8;
	s.l4[13] = 1460 & 0xff;
	s.l4[14] = 58;
	s.l4[15] = 64;
	set_address(s.src, "fd00:19:110::1");
	memcpy(s.l4 + 16, s.dst, 16);
	memcpy(s.l4 + 32, s.src, 16);
	s.l4[48] = 129;
	MAC_FROM(mac_gateway);
	add(&s, SILENT, 0, "IPv6 packet too big");

	V6(EITHER, 0, "path MTU learned, reply fits", FROM("fd00:19:110::1");
	   MAC_FROM(mac_gateway));
	V6(KERNEL, 0, "path MTU learned, reply too long", FROM("fd00:19:110::1");
	   MAC_FROM(mac_gateway); s.data_len = 1400);
}

/* Whatever went before, the ordinary case works at the end. */
static void again(void)
{
	EACH(int, n, 0, 56, 1000) {
		struct spec s = spec4();

		s.data_len = *n;
		s.id = 0x7777;
		add(&s, ANSWER, 0, "IPv4 once more, %d bytes", *n);
		s = spec6();
		s.data_len = *n;
		s.id = 0x7777;
		add(&s, ANSWER, 0, "IPv6 once more, %d bytes", *n);
	}
}

void cases__build(void)
{
	size_t first;

	sizes();
	trailers();
	ip_fields();
	lengths();
	checksums();
	types();
	link_layer();
	destinations();
	sources();
	options();
	first = case_count;
	fragments4();
	fragments6();
	for (; first < case_count; first++)
		cases[first].flags |= CASE_ONCE;
	extensions();
	bystanders();
	path_mtu();
	again();
}
