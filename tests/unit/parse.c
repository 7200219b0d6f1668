// SPDX-License-Identifier: GPL-2.0-only
/* Link header, VLAN tags, ARP, chains of IPv6 extension headers, ports. */
#include "vectors/cmocka.h"

#include <echogate/l4.h>
#include <echogate/parse.h>

#include "pure.h"

/* A frame in memory of exactly its size; the cursor over it. */
struct sharp {
	uint8_t *bytes;
	struct eg_cursor c;
};

static struct sharp sharp(const uint8_t *bytes, size_t len)
{
	struct sharp s = { .bytes = sharp_alloc(len, false) };

	memcpy(s.bytes, bytes, len);
	s.c.pos = s.bytes;
	s.c.end = s.bytes + len;
	return s;
}

static void test_cursor(void **state)
{
	static const uint8_t bytes[10];
	struct sharp s = sharp(bytes, 10);

	(void)state;
	assert_ptr_equal(eg_take(&s.c, 4), s.bytes);
	assert_ptr_equal(s.c.pos, s.bytes + 4);
	assert_null(eg_take(&s.c, 7));
	assert_ptr_equal(s.c.pos, s.bytes + 4); /* what fails takes nothing */
	assert_ptr_equal(eg_take(&s.c, 6), s.bytes + 4);
	assert_ptr_equal(eg_take(&s.c, 0), s.bytes + 10);
	assert_null(eg_take(&s.c, 1));
	sharp_free(s.bytes, false);
}

static enum eg_reason link_of(const uint8_t *bytes, size_t len, struct eg_link *link, size_t *l3)
{
	struct sharp s = sharp(bytes, len);
	enum eg_reason reason = eg_parse_eth(&s.c, link);

	*l3 = (const uint8_t *)s.c.pos - s.bytes;
	sharp_free(s.bytes, false);
	return reason;
}

static void test_link(void **state)
{
	static const uint16_t tpid[] = { 0x8100, 0x88a8 };
	struct eg_link link;
	size_t l3;

	(void)state;
	/* All combinations of up to three tags. */
	for (int tags = 0; tags <= 3; tags++) {
		for (int mix = 0; mix < 1 << tags; mix++) {
			struct frame f = { 0 };
			size_t want = 14 + 4 * tags;
			enum eg_reason reason;

			put(&f, station_mac[STATION_OWN], 6);
			put(&f, station_mac[STATION_PEER], 6);
			for (int i = 0; i < tags; i++) {
				put16(&f, tpid[mix >> i & 1]);
				put16(&f, 0xe000 | (100 + i));
			}
			put16(&f, 0x0800);
			reason = link_of(f.data, f.len, &link, &l3);
			if (tags == 3) {
				assert_int_equal(reason, EG_REASON_VLAN_DEPTH);
				continue;
			}
			assert_int_equal(reason, EG_REASON_NONE);
			assert_int_equal(link.tags, tags);
			assert_int_equal(l3, want);
			assert_int_equal(ntohs(link.proto), 0x0800);
			for (int i = 0; i < tags; i++) {
				assert_int_equal(ntohs(link.tag[i].tpid), tpid[mix >> i & 1]);
				assert_int_equal(eg_tag_vid(&link.tag[i]), 100 + i);
			}
			for (size_t len = 0; len < want; len++)
				assert_int_equal(link_of(f.data, len, &link, &l3),
						 EG_REASON_ETH_TRUNCATED);
		}
	}
}

static void test_every_ethertype(void **state)
{
	uint8_t frame[14] = { 0 };
	struct eg_link link;
	size_t l3;

	(void)state;
	for (uint32_t type = 0; type <= 0xffff; type++) {
		bool tag = type == 0x8100 || type == 0x88a8;

		set16(frame + 12, type);
		assert_int_equal(link_of(frame, 14, &link, &l3),
				 tag ? EG_REASON_ETH_TRUNCATED : EG_REASON_NONE);
		if (!tag)
			assert_int_equal(ntohs(link.proto), type);
	}
}

static void test_mac(void **state)
{
	static const uint8_t a[] = { 2, 0, 0, 0, 0xe6, 1 };
	uint8_t b[6];

	(void)state;
	assert_true(eg_mac_equal(a, a));
	for (int bit = 0; bit < 48; bit++) {
		memcpy(b, a, 6);
		b[bit / 8] ^= 1 << bit % 8;
		assert_false(eg_mac_equal(a, b));
	}
}

static void test_arp(void **state)
{
	/* clang-format off */
	static const uint8_t good[28] = {
		0, 1, 8, 0, 6, 4, 0, 2,
		2, 0, 0, 0, 0xe6, 2, 198, 18, 0, 2,
		2, 0, 0, 0, 0xe6, 1, 198, 18, 0, 1,
	};
	/* clang-format on */
	struct eg_arp arp;
	uint8_t bytes[28];
	struct sharp s;

	(void)state;
	s = sharp(good, 28);
	assert_true(eg_parse_arp(&s.c, &arp));
	assert_ptr_equal(s.c.pos, s.c.end);
	sharp_free(s.bytes, false);
	assert_int_equal(ntohs(arp.op), 2);
	assert_int_equal(ntohl(arp.sender), 0xc6120002);
	assert_int_equal(ntohl(arp.target), 0xc6120001);
	for (size_t len = 0; len < 28; len++) {
		s = sharp(good, len);
		assert_false(eg_parse_arp(&s.c, &arp));
		sharp_free(s.bytes, false);
	}
	/* Hardware, protocol and both lengths must be right; the operation may be anything. */
	for (int at = 0; at < 8; at++) {
		memcpy(bytes, good, 28);
		bytes[at] ^= 0x10;
		s = sharp(bytes, 28);
		assert_int_equal(eg_parse_arp(&s.c, &arp), at >= 6);
		sharp_free(s.bytes, false);
	}
}

/* Extension headers, walked by reading the RFCs. Returns where the upper layer starts, or -1. */
static long walk_slowly(const uint8_t *p, size_t len, uint8_t *proto, bool *fragment,
			__u32 *shape)
{
	size_t at = 0;

	*fragment = false;
	*shape = 0;
	for (int n = 0;; n++) {
		size_t size;

		switch (*proto) {
		case 0:
		case 43:
		case 60:
		case 135:
		case 139:
		case 140:
			size = 8;
			if (at + 8 <= len)
				size += 8 * p[at + 1];
			break;
		case 51:
			size = 8;
			if (at + 8 <= len)
				size += 4 * p[at + 1];
			break;
		case 44:
			size = 8;
			break;
		default:
			return at <= len ? (long)at : -1;
		}
		if (n == 8 || at + 8 > len)
			return -1;
		if (*proto == 44) {
			bool later = p[at + 2] || p[at + 3] & 0xf8;

			*fragment = true;
			*shape = *shape / 3 * 3 + (later ? 2 : 1);
			/* What follows is the middle of something. */
			if (later) {
				*proto = p[at];
				return at + 8;
			}
		} else if (*shape < 3) {
			*shape += 3;
		}
		*proto = p[at];
		at += size;
	}
}

static void test_chains(void **state)
{
	static const uint8_t kinds[] = {
		0, 43, 44, 51, 60, 135, 139, 140, 58, 6, 17, 59, 1, 50, 255
	};
	uint64_t seed = RND_SEED;
	size_t good = 0, broken = 0, fragments = 0;

	(void)state;
	for (int n = 0; n < 300000; n++) {
		size_t len = rnd(&seed) % 120;
		uint8_t bytes[120], slow = kinds[rnd(&seed) % 15], proto = slow;
		bool fragment;
		enum eg_reason reason;
		__u32 shape, shape_slow;
		struct sharp s;
		long want;

		for (size_t i = 0; i < len; i++)
			bytes[i] = rnd(&seed) % 3 ? kinds[rnd(&seed) % 8] : rnd(&seed) % 3;
		/* Mostly short headers, mostly more headers. */
		for (size_t i = 1; i < len; i += 8)
			bytes[i] = rnd(&seed) % 16 ? rnd(&seed) % 2 : rnd(&seed) & 0xff;
		if (rnd(&seed) % 2 && len > 64)
			bytes[rnd(&seed) % 8 * 8] = kinds[8 + rnd(&seed) % 7];
		s = sharp(bytes, len);
		want = walk_slowly(bytes, len, &slow, &fragment, &shape_slow);
		reason = eg_ipv6_walk(&s.c, &proto, &shape);
		if (want < 0) {
			broken++;
			assert_int_equal(reason, EG_REASON_IPV6_CHAIN);
		} else if (fragment) {
			fragments++;
			assert_int_equal(reason, EG_REASON_FRAGMENT);
		} else {
			good++;
			assert_int_equal(reason, EG_REASON_NONE);
		}
		if (want >= 0) {
			assert_int_equal(proto, slow);
			assert_int_equal(shape, shape_slow);
			assert_int_equal((const uint8_t *)s.c.pos - s.bytes, want);
		}
		sharp_free(s.bytes, false);
	}
	assert_in_range(good, 10000, 300000);
	assert_in_range(broken, 10000, 300000);
	assert_in_range(fragments, 10000, 300000);
}

static void test_eight_headers(void **state)
{
	uint8_t bytes[96] = { 0 };

	(void)state;
	for (int count = 0; count <= 10; count++) {
		uint8_t proto = count ? 60 : 58;
		__u32 shape = 0;
		struct sharp s;

		for (int i = 0; i < count; i++)
			bytes[8 * i] = i + 1 < count ? 60 : 58;
		s = sharp(bytes, sizeof(bytes));
		assert_int_equal(eg_ipv6_walk(&s.c, &proto, &shape),
				 count <= 8 ? EG_REASON_NONE : EG_REASON_IPV6_CHAIN);
		if (count <= 8) {
			assert_int_equal(proto, 58);
			assert_int_equal(shape, count ? EG_SHAPE_OPTIONS : EG_SHAPE_WHOLE);
			assert_ptr_equal(s.c.pos, s.bytes + 8 * count);
		}
		sharp_free(s.bytes, false);
	}
}

/* What is an extension header, by IANA's registry; ESP hides what follows, and is none here. */
static void test_extension_kinds(void **state)
{
	static const uint8_t headers[] = { 0, 43, 44, 51, 60, 135, 139, 140 };

	(void)state;
	for (int n = 0; n < 256; n++)
		assert_int_equal(eg_ipv6_ext[n] != EG_EXT_NONE, !!memchr(headers, n, 8));
}

static bool ports_of(const uint8_t *bytes, size_t len, uint8_t proto, struct eg_ports *ports)
{
	/* A transport header stands on a multiple of four, as the IP header does. */
	uint8_t *p = sharp_alloc(len, true);
	struct eg_cursor c = { .pos = p, .end = p + len };
	bool ok;

	memcpy(p, bytes, len);
	ok = eg_parse_ports(&c, proto, ports);
	sharp_free(p, true);
	return ok;
}

static void test_ports(void **state)
{
	static const struct {
		uint8_t proto;
		size_t least;
	} protocols[] = {
		{ 6, 20 }, { 17, 8 }, { 136, 8 }, { 33, 12 }, { 132, 12 },
	};
	uint8_t bytes[60] = { 0x01, 0xbb, 0xd4, 0x31, 1, 2, 3, 4, 5, 6, 7, 8, 0x50 };
	struct eg_ports ports;

	(void)state;
	for (size_t i = 0; i < 5; i++) {
		for (size_t len = 0; len <= sizeof(bytes); len++) {
			bool ok = ports_of(bytes, len, protocols[i].proto, &ports);

			assert_int_equal(ok, len >= protocols[i].least);
			if (!ok)
				continue;
			assert_int_equal(ntohs(ports.source), 443);
			assert_int_equal(ntohs(ports.dest), 0xd431);
		}
	}
	for (int offset = 0; offset < 16; offset++) {
		bytes[12] = offset << 4 | 15;
		assert_int_equal(ports_of(bytes, 60, 6, &ports), offset >= 5);
	}
	for (int proto = 0; proto < 256; proto++) {
		bool has = proto == 6 || proto == 17 || proto == 33 || proto == 132 || proto == 136;

		assert_int_equal(ports_of(bytes, 60, proto, &ports), has);
	}
}

/* Every protocol and every type finds a counter, whatever else there is. */
static void test_every_slot(void **state)
{
	uint8_t frame[14 + 40 + 8] = { [12] = 0x08, [14] = 0x45, [23] = 1 };
	struct eg_packet p;
	struct sharp s;

	(void)state;
	for (int n = 0; n < 256; n++) {
		frame[34] = n;
		s = sharp(frame, sizeof(frame));
		assert_int_equal(eg_parse(s.c, false, &p), EG_REASON_NONE);
		assert_in_range(p.cell, EG_CELL_ICMP, EG_CELL_ICMP + EG_ICMP_COUNT - 1);
		assert_int_equal(p.echo, n == 8 ? EG_ECHO_4 : n == 13 ? EG_ECHO_STAMP : EG_ECHO_NONE);
		sharp_free(s.bytes, false);
	}
	for (int n = 0; n < 256; n++) {
		frame[23] = n;
		s = sharp(frame, sizeof(frame));
		eg_parse(s.c, false, &p);
		if (n != 1)
			assert_in_range(p.cell, EG_CELL_PROTOCOL,
					EG_CELL_PROTOCOL + EG_PROTOCOL_COUNT - 1);
		sharp_free(s.bytes, false);
	}
	memset(frame, 0, sizeof(frame));
	set16(frame + 12, 0x86dd);
	frame[14] = 0x60;
	frame[20] = 58;
	for (int n = 0; n < 256; n++) {
		frame[54] = n;
		s = sharp(frame, sizeof(frame));
		assert_int_equal(eg_parse(s.c, false, &p), EG_REASON_NONE);
		assert_in_range(p.cell, EG_CELL_ICMP6, EG_CELL_ICMP6 + EG_ICMP6_COUNT - 1);
		assert_int_equal(p.echo, n == 128 ? EG_ECHO_6 : EG_ECHO_NONE);
		sharp_free(s.bytes, false);
	}
}

static bool plain(const struct vector *v, size_t cut, struct eg_packet *p)
{
	static struct frame f;
	struct sharp s;
	__u32 kind;

	vector_request(v, &f);
	s = sharp(f.data, cut && cut < f.len ? cut : f.len);
	kind = eg_parse_plain(s.c);
	if (kind != EG_KIND_COUNT)
		eg_parse_kind(s.bytes, kind, p);
	sharp_free(s.bytes, false);
	return kind != EG_KIND_COUNT;
}

/* The shortcut must be taken by those it was made for, and by no others. */
static void test_plain(void **state)
{
	static const struct vector tcp4 = { .family = 4, PROTO(6), .size = 20 };
	static const struct vector udp6 = { .family = 6, PROTO(17), .size = 8 };
	static const struct vector echo4 = { .family = 4, .size = 56 };
	static const struct vector echo6 = { .family = 6, .size = 56 };
	static const struct vector others[] = {
		{ .family = 4, .frag = 0x2000, .size = 56 },
		{ .family = 4, PROTO(6), .frag = 0x0001, .size = 20 },
		{ .family = 4, PROTO(6), .options = 4, .size = 20 },
		{ .family = 6, PROTO(6), CHAIN(0), .size = 20 },
		{ .family = 4, PROTO(6), .vihl = 0x65, .size = 20 },
		{ .family = 6, PROTO(6), .vihl = 0x45, .size = 20 },
		{ .family = 4, PROTO(6), .tag = { { 0x8100, 5 } }, .size = 20 },
		{ .ethertype = 0x0806, .size = 46 },
	};
	struct eg_packet p;

	(void)state;
	assert_true(plain(&tcp4, 0, &p));
	assert_int_equal(p.cell, EG_CELL_PROTOCOL + EG_PROTOCOL_TCP);
	assert_int_equal(p.kind, EG_KIND_PROTO4 + 6);
	assert_true(plain(&udp6, 0, &p));
	assert_int_equal(p.cell, EG_CELL_PROTOCOL + EG_PROTOCOL_IN6 + EG_PROTOCOL_UDP);
	assert_int_equal(p.kind, EG_KIND_PROTO6 + 17);
	assert_true(plain(&echo4, 0, &p));
	assert_int_equal(p.echo, EG_ECHO_4);
	assert_int_equal(p.kind, EG_KIND_ICMP + ICMP_ECHO);
	assert_true(plain(&echo6, 0, &p));
	assert_int_equal(p.echo, EG_ECHO_6);
	for (size_t len = 1; len < 14 + 20 + 8; len++)
		assert_false(plain(&tcp4, len, &p));
	for (size_t len = 1; len < 14 + 40 + 8; len++)
		assert_false(plain(&udp6, len, &p));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		assert_false(plain(&others[i], 0, &p));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor),
		cmocka_unit_test(test_link),
		cmocka_unit_test(test_every_ethertype),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_arp),
		cmocka_unit_test(test_chains),
		cmocka_unit_test(test_eight_headers),
		cmocka_unit_test(test_extension_kinds),
		cmocka_unit_test(test_ports),
		cmocka_unit_test(test_every_slot),
		cmocka_unit_test(test_plain),
	};

	return TAP_RUN("parse", tests);
}
