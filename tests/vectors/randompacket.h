/* SPDX-License-Identifier: GPL-2.0-only */
/* Random frames, most of which the rules of randomrules.h have something to say about. */
#ifndef TESTS_VECTORS_RANDOMPACKET_H
#define TESTS_VECTORS_RANDOMPACKET_H

#include "pool.h"

/* `usual`, often enough for replies to be seen; or a pool's address, one nearby, or any. */
static inline void put_random_address(uint64_t *s, struct frame *f, int family, const char *usual)
{
	int size = family == 4 ? 4 : 16;
	uint8_t bytes[16];

	if (percent(s, 25)) {
		put_address(f, usual);
		return;
	}
	address(family == 4 ? PICK(s, pool4) : PICK(s, pool6), bytes);
	if (percent(s, 12)) {
		int bit = below(s, size * 8);

		bytes[bit / 8] ^= 0x80 >> bit % 8;
	} else if (percent(s, 6)) {
		for (int i = 0; i < size; i++)
			bytes[i] = rnd(s) >> 32;
	}
	put(f, bytes, size);
}

static inline void put_random_bytes(uint64_t *s, struct frame *f, size_t count)
{
	while (count--)
		put8(f, rnd(s) >> 56);
}

static inline uint16_t random_port(uint64_t *s)
{
	return percent(s, 80) ? PICK(s, pool_port) : rnd(s) >> 48;
}

/* Fills up to a length from the pool, if that isn't reached yet and often enough. */
static inline void put_payload(uint64_t *s, struct frame *f, size_t l3)
{
	size_t want = PICK(s, pool_length);

	if (percent(s, 70) && want > f->len - l3 && (want < 1000 || percent(s, 15)))
		put_random_bytes(s, f, want - (f->len - l3));
	else
		put_random_bytes(s, f, below(s, 40));
}

static inline void put_upper(uint64_t *s, struct frame *f, int family, uint8_t proto, size_t l3)
{
	size_t at = f->len;
	uint16_t sum = 0;

	switch (proto) {
	case 6:
		put16(f, random_port(s));
		put16(f, random_port(s));
		put_random_bytes(s, f, 8);
		put8(f, (percent(s, 75) ? 5 : below(s, 8)) << 4 | below(s, 16));
		put8(f, percent(s, 80) ? PICK(s, pool_flags) : below(s, 256));
		put_random_bytes(s, f, 6);
		break;
	case 17:
	case 136:
		put16(f, random_port(s));
		put16(f, random_port(s));
		put_random_bytes(s, f, 4);
		break;
	case 33:
	case 132:
		put16(f, random_port(s));
		put16(f, random_port(s));
		put_random_bytes(s, f, 8);
		break;
	case 1:
		put8(f, percent(s, 90) ? PICK(s, pool_type4) : below(s, 256));
		put8(f, percent(s, 90) ? PICK(s, pool_code) : below(s, 256));
		put16(f, 0);
		put_random_bytes(s, f, 4);
		break;
	case 58:
		put8(f, percent(s, 90) ? PICK(s, pool_type6) : below(s, 256));
		put8(f, percent(s, 90) ? PICK(s, pool_code) : below(s, 256));
		put16(f, 0);
		put_random_bytes(s, f, 4);
		break;
	}
	put_payload(s, f, l3);
	if (proto == 1 || proto == 58) {
		if (family == 6)
			sum = sum_pseudo(f->data + l3, f->len - at);
		put_sum(percent(s, 95) ? SUM_GOOD : SUM_ADD, 1, f->data + at + 2, NULL, sum,
			f->data + at, f->len - at, 0);
	}
}

static inline uint8_t random_proto(uint64_t *s, int family)
{
	if (percent(s, 35))
		return family == 4 ? 1 : 58;
	return percent(s, 90) ? PICK(s, pool_proto) : below(s, 256);
}

static inline void put_ip4(uint64_t *s, struct frame *f)
{
	static const uint16_t frag[] = { 0x2000, 0x2000, 0x2001, 0x0001, 0x0007,
					 0x1fff, 0x4000, 0x4000, 0x8000, 0xa000 };
	size_t l3 = f->len, head = 20;
	uint8_t proto = random_proto(s, 4);
	uint8_t *ip = f->data + l3;

	if (percent(s, 12))
		head += 4 * (1 + below(s, 10));
	put8(f, 0x40 | head / 4);
	put8(f, PICK(s, pool_dscp) << 2 | below(s, 4));
	put16(f, 0);
	put16(f, below(s, 65536));
	put16(f, percent(s, 25) ? PICK(s, frag) : 0);
	put8(f, percent(s, 85) ? PICK(s, pool_ttl) : below(s, 256));
	put8(f, proto);
	put16(f, 0);
	put_random_address(s, f, 4, PEER4);
	put_random_address(s, f, 4, OWN4);
	for (size_t i = 20; i < head; i++)
		put8(f, 1); /* no operation */
	put_upper(s, f, 4, proto, l3);
	set16(ip + 2, f->len - l3);
	put_sum(SUM_GOOD, 0, ip + 10, NULL, 0, ip, head, 0);
}

static inline void put_ip6(uint64_t *s, struct frame *f)
{
	static const uint8_t extensions[] = { 0, 43, 44, 44, 44, 51, 60, 135, 139, 140 };
	static const uint16_t frag[] = { 0, 0, 1, 1, 1, 6, 8, 9, 0x50, 0xfff8, 0xfff9 };
	size_t l3 = f->len;
	uint8_t proto = random_proto(s, 6);
	uint8_t *next = f->data + l3 + 6;
	int chain = percent(s, 75) ? 0 : percent(s, 80) ? 1 + below(s, 3) : below(s, 12);

	put8(f, 0x60);
	put8(f, 0);
	f->data[l3 + 1] = below(s, 256);
	f->data[l3] |= PICK(s, pool_dscp) >> 2;
	put16(f, below(s, 65536));
	put16(f, 0);
	put8(f, proto);
	put8(f, percent(s, 85) ? PICK(s, pool_ttl) : below(s, 256));
	put_random_address(s, f, 6, PEER6);
	put_random_address(s, f, 6, OWN6);
	while (chain--) {
		uint8_t kind = PICK(s, extensions);
		size_t units = percent(s, 80) ? 0 : below(s, 4);

		*next = kind;
		next = f->data + f->len;
		put8(f, proto);
		if (kind == 44) {
			put8(f, below(s, 256));
			put16(f, PICK(s, frag));
			put_random_bytes(s, f, 4);
		} else if (kind == 51) {
			put8(f, units);
			put_random_bytes(s, f, 6 + 4 * units);
		} else {
			put8(f, units);
			put_random_bytes(s, f, 6 + 8 * units);
		}
	}
	put_upper(s, f, 6, proto, l3);
	set16(f->data + l3 + 4, f->len - l3 - 40);
}

static inline void put_random_link(uint64_t *s, struct frame *f, int *family)
{
	static const uint16_t other[] = { 0x0806, 0x0806, 0x0806, 0x88cc, 0x05ff, 0x0040, 0x0801 };
	int tags = percent(s, 75) ? 0 : percent(s, 70) ? 1 : 2 + percent(s, 20);
	enum station to = STATION_OWN, from = STATION_PEER;

	if (percent(s, 10)) {
		to = STATION_OWN + below(s, 7);
		from = STATION_OWN + below(s, 7);
	}
	put(f, station_mac[to], 6);
	put(f, station_mac[from], 6);
	while (tags--) {
		put16(f, percent(s, 70) ? 0x8100 : 0x88a8);
		put16(f, (percent(s, 20) ? below(s, 16) << 12 : 0) |
				 (percent(s, 85) ? PICK(s, pool_vlan) : below(s, 4096)));
	}
	if (percent(s, 10)) {
		put16(f, PICK(s, other));
		*family = 0;
	} else {
		put16(f, (*family == 4) ^ percent(s, 2) ? 0x0800 : 0x86dd);
	}
}

/* What every host answers, a timestamp request, which it may, and the answers of others. */
static inline void put_ping(uint64_t *s, bool l3, struct frame *f)
{
	bool six = percent(s, 45);
	struct vector v = {
		.family = six ? 6 : 4,
		.tos = PICK(s, pool_dscp) << 2,
		TTL(PICK(s, pool_ttl)),
		TYPE(percent(s, 25)   ? (six ? 129 : 0)
		     : six	      ? 128
		     : percent(s, 80) ? 8
				      : 13),
		.size = percent(s, 50) ? 56 : 12 + below(s, 100),
		.trailer = percent(s, 10) ? below(s, 20) : 0,
	};

	vector_request(&v, f);
	if (!l3)
		return;
	f->len -= 14;
	memmove(f->data, f->data + 14, f->len);
}

/* With `l3` without link header. At least 14 bytes: BPF_PROG_TEST_RUN takes no fewer. */
static inline void random_packet(uint64_t *s, bool l3, struct frame *f)
{
	int family = percent(s, 52) ? 4 : 6;
	size_t start;

	if (percent(s, 16)) {
		put_ping(s, l3, f);
		return;
	}
	f->len = 0;
	if (!l3)
		put_random_link(s, f, &family);
	start = f->len;
	if (family == 4)
		put_ip4(s, f);
	else if (family == 6)
		put_ip6(s, f);
	else
		put_random_bytes(s, f, 28 + below(s, 40));
	if (percent(s, 6)) /* trailer */
		put_random_bytes(s, f, 1 + below(s, 30));
	if (percent(s, 6)) /* a length of its own */
		set16(f->data + start + (family == 6 ? 4 : 2), below(s, 3)	? below(s, 100)
							       : percent(s, 90) ? below(s, 2000)
										: below(s, 65536));
	if (percent(s, 3)) /* another version or header length */
		f->data[start] = percent(s, 50) ? 0x40 | below(s, 16) : below(s, 256);
	if (percent(s, 4))
		f->data[below(s, f->len)] ^= 1 << below(s, 8);
	if (percent(s, 2))
		for (size_t i = l3 ? 0 : 14; i < f->len; i++)
			f->data[i] = rnd(s) >> 56;
	if (percent(s, 10)) /* cut, mostly within the headers */
		f->len = percent(s, 70) && f->len > start + 80 ? start + below(s, 80)
							       : below(s, f->len);
	if (f->len < 14)
		f->len = 14;
}

#endif
