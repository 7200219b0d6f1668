/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * May this be sent in answer to that? By the RFCs, byte by byte; nothing of headers/ is asked. Frames
 * have a link header.
 */
#ifndef TESTS_FUZZ_VALIDITY_H
#define TESTS_FUZZ_VALIDITY_H

#include "vectors/opinion.h"

/* What a reply leaves to whoever sends it. */
struct freedom {
	uint8_t hops;
	uint16_t id;
	uint32_t label;
};

/* Back to where the frame came from; tags stay, but for their priority. */
static inline const char *link_fault(const struct frame *f, const struct frame *reply, size_t l3)
{
	if (reply->len < l3)
		return "shorter than its link header";
	if (memcmp(reply->data, f->data + 6, 6) || memcmp(reply->data + 6, f->data, 6))
		return "MAC addresses aren't exchanged";
	if (f->data[0] & 1)
		return "an answer to a group's MAC address";
	for (size_t at = 12; at < l3; at += 2) {
		bool tci = at < l3 - 2 && (at - 12) % 4 == 2;
		unsigned int mask = tci ? 0x0fff : 0xffff;

		if ((get16(reply->data + at) ^ get16(f->data + at)) & mask)
			return "another EtherType or VLAN";
	}
	return NULL;
}

/* A timestamp reply (RFC 792): 20 bytes of ICMP, code 0, three times, of which the first is copied. */
static inline const char *stamp_fault(const uint8_t *ip, const struct frame *f, size_t l3,
				      const struct frame *reply, const struct freedom *free)
{
	const uint8_t *out = reply->data + l3;

	if (f->len < l3 + 40 || get16(ip + 2) < 40 || f->len - l3 < get16(ip + 2))
		return "an answer to a timestamp request cut short";
	if (ip[0] != 0x45 || sum_bytes(0, ip, 20) != 0xffff || get16(ip + 6) & 0x3fff || ip[9] != 1 ||
	    sum_bytes(0, ip + 20, get16(ip + 2) - 20) != 0xffff || !is_own4(ip + 16))
		return "an answer to a timestamp request that is wrong, or for somebody else";
	if (reply->len != l3 + 40 || out[0] != 0x45 || out[1] != ip[1] || get16(out + 2) != 40 ||
	    get16(out + 6) || out[8] != free->hops || out[9] != 1 || sum_bytes(0, out, 20) != 0xffff ||
	    memcmp(out + 12, ip + 16, 4) || memcmp(out + 16, ip + 12, 4))
		return "a timestamp reply with a wrong IP header";
	if (out[20] != 14 || out[21] || sum_bytes(0, out + 20, 20) != 0xffff ||
	    memcmp(out + 24, ip + 24, 8) || memcmp(out + 32, out + 36, 4))
		return "a timestamp reply that is wrong";
	return NULL;
}

/* Why the reply must not be sent; NULL: it may. */
static inline const char *answer_fault(const struct frame *f, const struct frame *reply,
				       const struct freedom *free)
{
	static uint8_t want[FRAME_MAX];
	struct opinion o = { 0 };
	bool echo = opinion(f->data, f->len, &o);
	const char *fault;

	if (!o.l3)
		return "an answer to what isn't IP";
	if (reply->len > f->len)
		return "longer than the request";
	fault = link_fault(f, reply, o.l3);
	if (fault)
		return fault;
	if (!echo && o.family == 4 && f->len >= o.l3 + 28 && f->data[o.l3 + 20] == 13)
		return stamp_fault(f->data + o.l3, f, o.l3, reply, free);
	if (!echo)
		return "an answer to no echo request for us, or to a wrong one";
	if (reply->len != o.l3 + o.len)
		return "another length than the request's message";
	opinion_reply(f->data + o.l3, &o, free->id, free->label, free->hops, want);
	if (memcmp(reply->data + o.l3, want, o.len))
		return "another reply than it should be";
	return NULL;
}

/* A single host, to which an error may be sent (RFC 1122 3.2.2, RFC 4443 2.4). */
static inline bool is_host(const uint8_t *addr, int family)
{
	static const uint8_t zero[16];

	if (family == 4)
		return memcmp(addr, zero, 4) && addr[0] != 127 && addr[0] < 224;
	return addr[0] != 0xff && memcmp(addr, zero, 16) && (memcmp(addr, zero, 15) || addr[15] > 1);
}

/* An ICMP error about the packet, or a reset of its connection, in an IP packet of `len` bytes. */
static inline const char *error_fault(const uint8_t *ip, size_t room, int family,
				      const uint8_t *out, size_t len)
{
	size_t head = family == 4 ? 20 : 40, size = family == 4 ? 4 : 16;
	size_t src = family == 4 ? 12 : 8, dst = src + size, quote;
	uint16_t sum;

	if (room < head || len < head + 8)
		return "an error too short, or about less than a header";
	if (!is_host(ip + src, family))
		return "an error for a source that is no single host";
	if (memcmp(out + dst, ip + src, size))
		return "an error for somebody else";
	if (family == 4 && (out[0] != 0x45 || get16(out + 2) != len || get16(out + 6) ||
			    sum_bytes(0, out, 20) != 0xffff || get16(ip + 6) & 0x1fff ||
			    ip[16] >> 4 == 14))
		return "an error with a wrong IP header, or about a later fragment or a group";
	if (family == 6 && (out[0] >> 4 != 6 || get16(out + 4) != len - 40 || ip[24] == 0xff))
		return "an error with a wrong IPv6 header, or about a group";
	if ((family == 4 ? out[9] : out[6]) == 6) {
		sum = family == 4 ? sum_add(sum_bytes(0, out + 12, 8), len - 20 + 6) :
				    sum_add(sum_pseudo(out, len - 40), 0xffff - 58 + 6);
		if (len != head + 20 || room < head + 20 || !(out[head + 13] & 4) || ip[head + 13] & 4)
			return "no reset, or one of a reset";
		if (get16(out + head) != get16(ip + head + 2) || get16(out + head + 2) != get16(ip + head))
			return "a reset of another connection";
		/* A checksum that was unfinished stays so: of the pseudo-header alone. */
		return sum_bytes(sum, out + head, 20) == 0xffff || get16(out + head + 16) == sum ?
			       NULL :
			       "a reset with a wrong checksum";
	}
	if ((family == 4 ? out[9] : out[6]) != (family == 4 ? 1 : 58))
		return "neither an error nor a reset";
	quote = len - head - 8;
	if (len > (family == 4 ? 576 : 1280) || quote > room || memcmp(out + head + 8, ip, quote))
		return "an error that is too long, or quotes something else";
	if (family == 4 ? out[head] != 3 : out[head] != 1 && out[head] != 4)
		return "an error of another type";
	return NULL;
}

#endif
