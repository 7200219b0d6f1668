// SPDX-License-Identifier: GPL-2.0-only
#include "craft.h"
#include "bytes.h"

#include <stdarg.h>
#include <string.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <linux/if_ether.h>

static uint32_t add_words(uint32_t sum, const uint8_t *data, size_t len)
{
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += (uint32_t)data[i] << 8 | data[i + 1];
	if (len & 1)
		sum += (uint32_t)data[len - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* Zero has two faces, both of which are right. */
static uint16_t avoid(uint16_t good, uint16_t sum)
{
	return sum % 0xffff == good % 0xffff ? sum ^ 0x0f0f : sum;
}

/* The field whose value is at *free_field may be chosen so that the sum is as wanted. */
static uint16_t choose_sum(uint32_t sum, enum sum_mode mode, uint16_t arg, uint8_t *free_field)
{
	uint16_t want = mode == SUM_WANT_FFFF ? 0 : arg;
	uint16_t good = ~sum & 0xffff;

	switch (mode) {
	case SUM_ADD:
		return avoid(good, good + arg);
	case SUM_FIXED:
		return avoid(good, arg);
	case SUM_SWAPPED:
		return avoid(good, good << 8 | good >> 8);
	case SUM_WANT:
	case SUM_WANT_FFFF:
		/* The free field is 0 in sum: it takes what is missing, in ones' complement. */
		sum = (uint16_t)~want + (uint32_t)(uint16_t)~sum;
		sum = (sum & 0xffff) + (sum >> 16);
		put16(free_field, sum);
		return mode == SUM_WANT_FFFF ? 0xffff : want;
	case SUM_GOOD:
	case SUM_TRAILER:
		break;
	}
	return good;
}

struct spec spec__echo(int family)
{
	bool v4 = family == 4;

	return (struct spec){
		.family = family,
		.ethertype = v4 ? ETH_P_IP : ETH_P_IPV6,
		.version = family,
		.ttl = 64,
		.proto = v4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
		.length = -1,
		.type = v4 ? 8 : 128,
		.seq = 1,
		.data_len = 56,
		.fill = -1,
		.l4_sum_at = -1,
		.trailer_fill = -1,
	};
}

void spec__put(uint8_t *at, size_t *len, size_t count, ...)
{
	va_list args;

	va_start(args, count);
	for (*len = 0; *len < count; ++*len)
		at[*len] = va_arg(args, int);
	va_end(args);
}

bool spec__address(uint8_t *address, const char *text)
{
	memset(address, 0, 16);
	return inet_pton(strchr(text, ':') ? AF_INET6 : AF_INET, text, address) == 1;
}

static uint32_t pseudo_sum(const struct spec *spec, size_t len)
{
	size_t address = spec->family == 4 ? 4 : 16;
	uint32_t sum = add_words(0, spec->src, address);

	sum = add_words(sum, spec->dst, address);
	return sum + len + spec->proto;
}

static size_t build_l4(const struct spec *spec, uint8_t *l4, const uint8_t *trailer,
		       size_t trailer_len)
{
	enum sum_mode mode = spec->sum;
	uint32_t sum = 0;
	size_t len, i;
	int at;

	if (spec->l4_len) {
		len = spec->l4_len;
		memcpy(l4, spec->l4, len);
		at = spec->l4_sum_at;
		if (at < 0)
			return len;
		if (spec->family == 6 || spec->proto != IPPROTO_ICMP)
			sum = pseudo_sum(spec, len);
	} else {
		len = 8 + spec->data_len;
		l4[0] = spec->type;
		l4[1] = spec->code;
		put16(l4 + 2, 0);
		put16(l4 + 4, mode == SUM_WANT || mode == SUM_WANT_FFFF ? 0 : spec->id);
		put16(l4 + 6, spec->seq);
		for (i = 0; i < spec->data_len; i++)
			l4[8 + i] = spec->fill >= 0 ? spec->fill : (int)(i * 7 + 3);
		at = 2;
		if (spec->family == 6)
			sum = pseudo_sum(spec, len);
	}
	sum = add_words(sum, l4, len);
	if (mode == SUM_TRAILER)
		sum = add_words(sum, trailer, trailer_len);
	put16(l4 + at, choose_sum(sum, mode, spec->sum_arg, l4 + 4));
	return len;
}

static size_t build_ip4(const struct spec *spec, uint8_t *ip, const uint8_t *l4, size_t l4_len)
{
	size_t header = 20 + spec->ext_len;
	bool choose = spec->ip_sum == SUM_WANT || spec->ip_sum == SUM_WANT_FFFF;

	memset(ip, 0, 20);
	ip[0] = spec->version << 4 | (spec->ihl_set ? spec->ihl : header / 4);
	ip[1] = spec->tos;
	put16(ip + 2, spec->length >= 0 ? spec->length : (int)(header + l4_len));
	put16(ip + 4, choose ? 0 : spec->ip_id);
	put16(ip + 6, spec->frag);
	ip[8] = spec->ttl;
	ip[9] = spec->proto;
	memcpy(ip + 12, spec->src, 4);
	memcpy(ip + 16, spec->dst, 4);
	memcpy(ip + 20, spec->ext, spec->ext_len);
	put16(ip + 10,
	      choose_sum(add_words(0, ip, header), spec->ip_sum, spec->ip_sum_arg, ip + 4));
	memcpy(ip + header, l4, l4_len);
	return header + l4_len;
}

static size_t build_ip6(const struct spec *spec, uint8_t *ip, const uint8_t *l4, size_t l4_len)
{
	size_t payload = spec->ext_len + l4_len;

	ip[0] = spec->version << 4 | spec->tos >> 4;
	ip[1] = spec->tos << 4 | (spec->label >> 16 & 0xf);
	put16(ip + 2, spec->label & 0xffff);
	put16(ip + 4, spec->length >= 0 ? spec->length : (int)payload);
	ip[6] = spec->ext_len ? spec->first : spec->proto;
	ip[7] = spec->ttl;
	memcpy(ip + 8, spec->src, 16);
	memcpy(ip + 24, spec->dst, 16);
	memcpy(ip + 40, spec->ext, spec->ext_len);
	memcpy(ip + 40 + spec->ext_len, l4, l4_len);
	return 40 + payload;
}

static void fill_trailer(const struct spec *spec, uint8_t *trailer)
{
	for (size_t i = 0; i < FRAME_MAX; i++)
		trailer[i] = spec->trailer_fill >= 0 ? spec->trailer_fill : (int)(0xa5 ^ i * 29);
}

size_t spec__message(const struct spec *spec, uint8_t *message)
{
	uint8_t trailer[FRAME_MAX];

	fill_trailer(spec, trailer);
	return build_l4(spec, message, trailer, spec->trailer);
}

void spec__build(const struct spec *spec, struct frame *frame)
{
	uint8_t l4[FRAME_MAX], trailer[FRAME_MAX];
	const uint8_t *part = l4;
	uint8_t *at = frame->data;
	size_t len, i;

	fill_trailer(spec, trailer);
	len = build_l4(spec, l4, trailer, spec->trailer);
	if (spec->slice_len) {
		part += spec->slice_at;
		len = spec->slice_len;
	}

	memcpy(at, spec->eth_dst, 6);
	memcpy(at + 6, spec->eth_src, 6);
	at += 12;
	for (i = 0; i < spec->tags; i++, at += 4) {
		put16(at, spec->tpid[i]);
		put16(at + 2, spec->tci[i]);
	}
	if (spec->snap) {
		static const uint8_t llc[] = { 0xaa, 0xaa, 3, 0, 0, 0 };

		put16(at, 8 + (spec->family == 4 ? 20 : 40) + spec->ext_len + len);
		memcpy(at + 2, llc, sizeof(llc));
		at += 8;
	}
	put16(at, spec->ethertype);
	at += 2;

	if (spec->family == 4)
		at += build_ip4(spec, at, part, len);
	else
		at += build_ip6(spec, at, part, len);
	frame->len = at - frame->data;

	len = spec->trailer;
	if (frame->len + len < spec->pad_to)
		len = spec->pad_to - frame->len;
	memcpy(at, trailer, len);
	frame->len += len;
	if (spec->cut)
		frame->len = spec->cut;
}
