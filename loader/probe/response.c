// SPDX-License-Identifier: GPL-2.0-only
#include "response.h"
#include "bytes.h"

#include <string.h>
#include <netinet/in.h>
#include <linux/if_ether.h>

#define LEAST_PAYLOAD	(ETH_ZLEN - ETH_HLEN)	/* what shorter packets are padded to */

static __u64 total(const __u8 *data, size_t len)
{
	__u64 sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? data[i] : (__u64)data[i] << 8;
	return sum;
}

/* Modulo 65535, which is what folding comes to; the builder's sums are made otherwise. */
static bool sum_holds(__u64 sum)
{
	return sum && sum % 0xffff == 0;
}

static bool blame(struct response *r, const char *fault, const char *clause)
{
	if (!r->fault) {
		r->fault = fault;
		r->clause = clause;
	}
	return true;
}

static bool all_zero(const __u8 *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i])
			return false;
	return true;
}

static void read_message(struct response *r)
{
	bool v6 = r->family == 6;
	__u64 sum = total(r->l4, r->l4_len);

	if (r->fragment)
		return;
	if (r->proto != (v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return;
	if (r->l4_len < 8) {
		blame(r, "its ICMP message is shorter than 8 bytes",
		      v6 ? "RFC 4443 2.1" : "RFC 792");
		return;
	}
	if (v6)
		sum += total(r->from, 16) + total(r->to, 16) + r->l4_len + r->proto;
	r->zero_sum = !v6 && all_zero(r->l4, r->l4_len);
	if (!r->zero_sum && !sum_holds(sum))
		blame(r, "its ICMP checksum is wrong", v6 ? "RFC 4443 2.3" : "RFC 792 p. 15");
}

static bool read4(struct response *r)
{
	const __u8 *ip = r->packet;
	size_t header;

	if (r->len < 20 || ip[0] >> 4 != 4)
		return false;
	header = (ip[0] & 15) * 4;
	r->from = ip + 12;
	r->to = ip + 16;
	r->tos = ip[1];
	r->ttl = ip[8];
	r->proto = ip[9];
	r->dont_fragment = ip[6] & 0x40;
	r->reserved_flag = ip[6] & 0x80;
	r->fragment = get16(ip + 6) & 0x3fff;
	if (header < 20 || header > r->len) {
		r->l4 = ip + 20;
		r->l4_len = r->len - 20;
		return blame(r, "its header length is wrong", "RFC 791 3.1");
	}
	if (get16(ip + 2) < header || get16(ip + 2) > r->len)
		blame(r, "its total length is wrong", "RFC 791 3.1");
	else if (r->len > get16(ip + 2)) {
		r->extra = r->len > LEAST_PAYLOAD ? r->len - get16(ip + 2) : 0;
		r->len = get16(ip + 2);
	}
	if (!sum_holds(total(ip, header)))
		blame(r, "its header checksum is wrong", "RFC 791 3.1");
	r->options = ip + 20;
	r->option_len = header - 20;
	r->l4 = ip + header;
	r->l4_len = r->len - header;
	read_message(r);
	return true;
}

/* Whatever stands between the header and the message; its length in units of 8 bytes. */
static bool is_extension(__u8 proto)
{
	return proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING || proto == IPPROTO_DSTOPTS;
}

static bool read6(struct response *r)
{
	const __u8 *ip = r->packet;
	size_t at = 40;

	if (r->len < 40 || ip[0] >> 4 != 6)
		return false;
	r->from = ip + 8;
	r->to = ip + 24;
	r->tos = ip[0] << 4 | ip[1] >> 4;
	r->label = (ip[1] & 15U) << 16 | get16(ip + 2);
	r->ttl = ip[7];
	r->proto = ip[6];
	if (40U + get16(ip + 4) > r->len)
		blame(r, "its payload length is wrong", "RFC 8200 3");
	else if (r->len > 40U + get16(ip + 4)) {
		r->extra = r->len > LEAST_PAYLOAD ? r->len - 40 - get16(ip + 4) : 0;
		r->len = 40 + get16(ip + 4);
	}
	r->options = ip + 40;
	while (is_extension(r->proto) || r->proto == IPPROTO_FRAGMENT) {
		bool fragment = r->proto == IPPROTO_FRAGMENT;
		size_t length;

		if (r->len - at < 8) {
			blame(r, "its chain of headers is cut off", "RFC 8200 4");
			break;
		}
		length = fragment ? 8 : 8 + ip[at + 1] * 8U;
		if (length > r->len - at) {
			blame(r, "its chain of headers is cut off", "RFC 8200 4");
			break;
		}
		/* What follows it is known when all of it has come. */
		if (fragment && get16(ip + at + 2) & 0xfff9)
			r->fragment = true;
		r->proto = ip[at];
		at += length;
		if (r->fragment)
			break;
	}
	r->option_len = at - 40;
	r->l4 = ip + at;
	r->l4_len = r->len - at;
	read_message(r);
	return true;
}

bool response__read(struct response *r, const __u8 *data, size_t size, int family)
{
	memset(r, 0, sizeof(*r));
	r->family = family;
	r->packet = data;
	r->len = size;
	return family == 4 ? read4(r) : read6(r);
}

/* A fragment of @r: its key, its place, and where the packet's header without it ends. */
static bool place(const struct response *r, __u8 *key, size_t *at, bool *more)
{
	const __u8 *ip = r->packet;

	memset(key, 0, sizeof(((struct piece *)0)->key));
	key[0] = r->proto;
	if (r->family == 4) {
		memcpy(key + 1, ip + 12, 8);
		memcpy(key + 33, ip + 4, 2);
		*at = (get16(ip + 6) & 0x1fff) * 8;
		*more = ip[6] & 0x20;
		return true;
	}
	/* Only what Linux sends: nothing but the fragment header in front of the message. */
	if (r->option_len != 8)
		return false;
	memcpy(key + 1, ip + 8, 32);
	memcpy(key + 33, ip + 44, 4);
	*at = get16(ip + 42) & 0xfff8;
	*more = ip[43] & 1;
	return true;
}

static struct piece *find(struct pieces *p, const __u8 *key)
{
	struct piece *piece;

	for (size_t i = 0; i < ARRAY_SIZE(p->list); i++)
		if (p->list[i].used && !memcmp(p->list[i].key, key, sizeof(p->list[i].key)))
			return &p->list[i];
	piece = &p->list[p->next++ % ARRAY_SIZE(p->list)];
	memset(piece, 0, sizeof(*piece));
	piece->used = true;
	memcpy(piece->key, key, sizeof(piece->key));
	return piece;
}

static bool is_complete(const struct piece *p)
{
	if (!p->total || !p->header)
		return false;
	for (size_t i = 0; i < (p->total + 7) / 8; i++)
		if (!(p->have[i / 8] & 1 << i % 8))
			return false;
	return true;
}

/* The header of the whole packet, which lies in front of the message. */
static void finish(struct piece *p, int family, __u8 proto)
{
	__u8 *ip = p->packet;
	size_t len = p->header + p->total;
	__u64 sum;

	if (family == 6) {
		ip[4] = (len - 40) >> 8;
		ip[5] = len - 40;
		ip[6] = proto;
		return;
	}
	ip[2] = len >> 8;
	ip[3] = len;
	ip[6] = ip[7] = ip[10] = ip[11] = 0;
	sum = 0xffff - total(ip, p->header) % 0xffff;
	ip[10] = sum >> 8;
	ip[11] = sum;
}

const __u8 *response__join(struct pieces *pieces, const struct response *r, size_t *size)
{
	/* The message starts behind the longest header that there is: see below. */
	const size_t room = 60;
	__u8 key[sizeof(pieces->list[0].key)];
	struct piece *p;
	size_t at;
	bool more;

	if (r->fault || !place(r, key, &at, &more))
		return NULL;
	if (room + at + r->l4_len > RESPONSE_MAX || (more && r->l4_len % 8))
		return NULL;
	p = find(pieces, key);
	memcpy(p->packet + room + at, r->l4, r->l4_len);
	for (size_t i = at / 8; i < (at + r->l4_len + 7) / 8; i++)
		p->have[i / 8] |= 1 << i % 8;
	if (!more)
		p->total = at + r->l4_len;
	if (!at) {
		p->header = r->family == 4 ? r->l4 - r->packet : 40;
		memcpy(p->packet, r->packet, p->header);
	}
	if (!is_complete(p))
		return NULL;
	memmove(p->packet + p->header, p->packet + room, p->total);
	finish(p, r->family, r->proto);
	p->used = false;
	*size = p->header + p->total;
	return p->packet;
}

bool response__is_icmp(const struct response *r)
{
	return r->proto == (r->family == 4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) && r->l4_len >= 8;
}

bool response__is_error(const struct response *r)
{
	__u8 type;

	if (!response__is_icmp(r))
		return false;
	type = r->l4[0];
	return r->family == 6 ? type < 128 :
				type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}
