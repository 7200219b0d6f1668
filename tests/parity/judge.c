// SPDX-License-Identifier: GPL-2.0-only
/*
 * What can be said of one reply without knowing the other. Shares no code with
 * craft.c: sums are taken modulo 65535 here, not folded.
 */
#include <string.h>
#include <netinet/in.h>
#include <linux/if_ether.h>

#include "parity.h"

static uint16_t get16(const uint8_t *at)
{
	return at[0] << 8 | at[1];
}

static uint64_t total(const uint8_t *data, size_t len)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < len; i++)
		sum += i & 1 ? data[i] : (uint64_t)data[i] << 8;
	return sum;
}

/* A sum of nothing but zeros is no proof: 0x0000 over zeros is a wrong checksum. */
bool judge__sum_ok(const uint8_t *data, size_t len, uint64_t sum)
{
	sum += total(data, len);
	return sum && sum % 0xffff == 0;
}

uint64_t judge__pseudo6(const uint8_t *ip6, size_t len, uint8_t proto)
{
	return total(ip6 + 8, 32) + len + proto;
}

static const char *judge_l4(const uint8_t *l4, size_t len, uint8_t proto, uint64_t pseudo)
{
	switch (proto) {
	case IPPROTO_ICMP:
		if (len < 8)
			return "ICMP message below 8 bytes";
		return judge__sum_ok(l4, len, 0) ? NULL : "ICMP checksum is wrong";
	case IPPROTO_ICMPV6:
		if (len < 8)
			return "ICMPv6 message below 8 bytes";
		return judge__sum_ok(l4, len, pseudo) ? NULL : "ICMPv6 checksum is wrong";
	case IPPROTO_TCP:
		return judge__sum_ok(l4, len, pseudo) ? NULL : "TCP checksum is wrong";
	}
	return NULL;
}

static const char *judge_ip4(const uint8_t *ip, size_t len)
{
	size_t header, payload;

	if (len < 20 || ip[0] >> 4 != 4 || (ip[0] & 0xf) < 5)
		return "no IPv4 header";
	header = (ip[0] & 0xf) * 4;
	if (header > len || get16(ip + 2) != len)
		return "IPv4 total length is not the frame's: trailer kept or cut";
	if (!judge__sum_ok(ip, header, 0))
		return "IPv4 header checksum is wrong";
	if ((ip[16] & 0xf0) == 224 || !memcmp(ip + 16, "\xff\xff\xff\xff", 4))
		return "reply to a group or to 255.255.255.255";
	if (ip[12] == 127 || ip[12] >= 224 || !(ip[12] | ip[13] | ip[14] | ip[15]))
		return "reply from an address nobody has";
	payload = len - header;
	if (get16(ip + 6) & 0x3fff)
		return NULL;
	return judge_l4(ip + header, payload, ip[9], total(ip + 12, 8) + payload + ip[9]);
}

static const char *judge_ip6(const uint8_t *ip, size_t len)
{
	size_t payload = len - 40;

	if (len < 40 || ip[0] >> 4 != 6)
		return "no IPv6 header";
	if (get16(ip + 4) != payload)
		return "IPv6 payload length is not the frame's: trailer kept or cut";
	if (ip[8] == 0xff)
		return "reply from a group";
	return judge_l4(ip + 40, payload, ip[6], judge__pseudo6(ip, payload, ip[6]));
}

const char *judge__frame(const struct frame *frame)
{
	const uint8_t *data = frame->data;

	if (frame->len < ETH_HLEN)
		return "frame below 14 bytes";
	switch (get16(data + 12)) {
	case ETH_P_IP:
		return judge_ip4(data + ETH_HLEN, frame->len - ETH_HLEN);
	case ETH_P_IPV6:
		return judge_ip6(data + ETH_HLEN, frame->len - ETH_HLEN);
	}
	return NULL;
}

static void mask_sum(uint8_t *sum)
{
	if (get16(sum) == 0xffff)
		memset(sum, 0, 2);
}

/* Blank what two kernels would not send alike either. */
void judge__mask(struct frame *frame, const struct parity_case *c)
{
	const struct frame *request = c->frame[0];
	uint8_t *ip = frame->data + ETH_HLEN, *l4;
	const uint8_t *asked = request->data + ETH_HLEN;
	uint32_t label, asked_label = 0;

	if (frame->len < ETH_HLEN + 20)
		return;
	switch (get16(frame->data + 12)) {
	case ETH_P_IP:
		memset(ip + 4, 0, 2);
		memset(ip + 10, 0, 2);
		l4 = ip + (ip[0] & 0xf) * 4;
		if (c->flags & CASE_TIMESTAMP && frame->len >= ETH_HLEN + 40) {
			memset(l4 + 2, 0, 2);
			memset(l4 + 12, 0, 8);
		}
		break;
	case ETH_P_IPV6:
		if (frame->len < ETH_HLEN + 48)
			return;
		/* A label made up stays "not zero"; one echoed must be echoed alike. */
		label = (ip[1] & 0xfU) << 16 | get16(ip + 2);
		if (request->len >= ETH_HLEN + 40)
			asked_label = (asked[1] & 0xfU) << 16 | get16(asked + 2);
		if (label && label != asked_label) {
			ip[1] &= 0xf0;
			ip[2] = 0;
			ip[3] = 1;
		}
		l4 = ip + 40;
		if (ip[6] == IPPROTO_FRAGMENT)
			memset(l4 + 4, 0, 4);
		break;
	default:
		return;
	}
	if (c->flags & (CASE_ALL_ZERO | CASE_ZERO_SUM))
		mask_sum(l4 + 2);
	if (c->mask.length && frame->len >= (size_t)c->mask.offset + c->mask.length)
		memset(frame->data + c->mask.offset, 0, c->mask.length);
}
