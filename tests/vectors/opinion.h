/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A second opinion on any bytes at all: may this frame be answered as far as it
 * alone can tell, and how. Written from the RFCs byte by byte, slowly, and
 * sharing nothing with headers/.
 */
#ifndef TESTS_VECTORS_OPINION_H
#define TESTS_VECTORS_OPINION_H

#include "frame.h"

struct opinion {
	int family;
	size_t l3;  /* offset of the IP header */
	size_t len; /* from there to the end of the message */
};

static inline bool is_own4(const uint8_t *addr)
{
	static const char *const own[] = { OWN4, OWN4_LO, OWN4_VLAN };
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		address(own[i], bytes);
		if (!memcmp(bytes, addr, 4))
			return true;
	}
	return false;
}

static inline bool is_own6(const uint8_t *addr)
{
	static const char *const own[] = { OWN6, OWN6_LO, OWN6_VLAN };
	uint8_t bytes[16];

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		address(own[i], bytes);
		if (!memcmp(bytes, addr, 16))
			return true;
	}
	return false;
}

/* The IP packet alone. */
static inline bool opinion_ip(const uint8_t *ip, size_t room, int family, struct opinion *o)
{
	size_t len;

	o->family = family;
	if (family == 4) {
		if (room < 20 || ip[0] != 0x45 || sum_bytes(0, ip, 20) != 0xffff)
			return false;
		len = get16(ip + 2);
		if (len < 28 || len > room || get16(ip + 6) & 0x3fff || ip[9] != 1)
			return false;
		if (!is_own4(ip + 16) || ip[20] != 8)
			return false;
		o->len = len;
		return sum_bytes(0, ip + 20, len - 20) == 0xffff;
	}
	if (room < 40 || ip[0] >> 4 != 6 || ip[6] != 58)
		return false;
	len = get16(ip + 4);
	if (len < 8 || len > room - 40 || !is_own6(ip + 24) || ip[40] != 128)
		return false;
	o->len = 40 + len;
	return sum_bytes(sum_pseudo(ip, len), ip + 40, len) == 0xffff;
}

/* MAC addresses, VLAN IDs and the source are the hooks' business, and not asked for. */
static inline bool opinion(const uint8_t *frame, size_t len, struct opinion *o)
{
	size_t at = 12;

	for (int tags = 0; at + 2 <= len; tags++, at += 4) {
		unsigned int type = get16(frame + at);

		if (type == 0x0800 || type == 0x86dd) {
			o->l3 = at + 2;
			return opinion_ip(frame + at + 2, len - at - 2, type == 0x0800 ? 4 : 6, o);
		}
		if ((type != 0x8100 && type != 0x88a8) || tags == 2)
			return false;
	}
	return false;
}

/* The reply to `packet`, an IP packet that opinion_ip() found good, into `out` of as many bytes. */
static inline void opinion_reply(const uint8_t *packet, const struct opinion *o, uint16_t id,
				 uint32_t label, uint8_t hops, uint8_t *out)
{
	memcpy(out, packet, o->len);
	if (o->family == 4) {
		memcpy(out + 12, packet + 16, 4);
		memcpy(out + 16, packet + 12, 4);
		set16(out + 4, id);
		set16(out + 6, 0);
		out[8] = hops;
		put_sum(SUM_GOOD, 0, out + 10, NULL, 0, out, 20, 0);
		out[20] = 0;
		put_sum(SUM_GOOD, 0, out + 22, NULL, 0, out + 20, o->len - 20, 0);
	} else {
		memcpy(out + 8, packet + 24, 16);
		memcpy(out + 24, packet + 8, 16);
		out[1] = (packet[1] & 0xf0) | label >> 16;
		set16(out + 2, label & 0xffff);
		out[7] = hops;
		out[40] = 129;
		put_sum(SUM_GOOD, 0, out + 42, NULL, sum_pseudo(out, o->len - 40), out + 40,
			o->len - 40, 0);
	}
}

#endif
