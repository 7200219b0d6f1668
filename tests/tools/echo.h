/* SPDX-License-Identifier: GPL-2.0-only */
/* An echo request, built byte by byte, and the reply to it recognised. */
#ifndef TESTS_TOOLS_ECHO_H
#define TESTS_TOOLS_ECHO_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <arpa/inet.h>

#define ECHO_ID		0xe9e2

struct echo_ends {
	int family;
	uint8_t src[16], dst[16];	/* IPv4: the first four */
};

static inline bool echo_ends(struct echo_ends *e, const char *src, const char *dst)
{
	memset(e, 0, sizeof(*e));
	e->family = strchr(dst, ':') ? AF_INET6 : AF_INET;
	return inet_pton(e->family, src, e->src) == 1 && inet_pton(e->family, dst, e->dst) == 1;
}

static inline uint32_t echo_sum(uint32_t sum, const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		sum += i & 1 ? p[i] : p[i] << 8;
	return sum;
}

static inline uint16_t echo_fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static inline void echo_put16(uint8_t *p, uint16_t v)
{
	p[0] = v >> 8;
	p[1] = v;
}

static inline uint32_t echo_pseudo(const uint8_t *ip6, size_t len)
{
	return echo_sum(len + 58, ip6 + 8, 32);
}

/* An IP packet with `data` bytes behind the 8 of ICMP; returns its length. */
static inline size_t echo_request(uint8_t *ip, const struct echo_ends *e, uint16_t seq, size_t data)
{
	size_t head = e->family == AF_INET ? 20 : 40, len = 8 + data;
	uint8_t *icmp = ip + head;

	memset(ip, 0, head + len);
	icmp[0] = e->family == AF_INET ? 8 : 128;
	echo_put16(icmp + 4, ECHO_ID);
	echo_put16(icmp + 6, seq);
	for (size_t i = 0; i < data; i++)
		icmp[8 + i] = i + seq;
	if (e->family == AF_INET) {
		ip[0] = 0x45;
		echo_put16(ip + 2, head + len);
		ip[8] = 64;
		ip[9] = 1;
		memcpy(ip + 12, e->src, 4);
		memcpy(ip + 16, e->dst, 4);
		echo_put16(ip + 10, echo_fold(echo_sum(0, ip, head)));
		echo_put16(icmp + 2, echo_fold(echo_sum(0, icmp, len)));
	} else {
		ip[0] = 0x60;
		echo_put16(ip + 4, len);
		ip[6] = 58;
		ip[7] = 64;
		memcpy(ip + 8, e->src, 16);
		memcpy(ip + 24, e->dst, 16);
		echo_put16(icmp + 2, echo_fold(echo_sum(echo_pseudo(ip, len), icmp, len)));
	}
	return head + len;
}

/* Whether the packet at `ip` is the right and complete reply to that request. */
static inline bool echo_is_reply(const uint8_t *ip, size_t len, const struct echo_ends *e,
				 uint16_t seq, size_t data)
{
	size_t head = e->family == AF_INET ? 20 : 40, addr = e->family == AF_INET ? 4 : 16;
	const uint8_t *from = ip + head - 2 * addr, *icmp = ip + head;
	uint32_t sum = 0;

	if (len < head + 8 || ip[0] >> 4 != (e->family == AF_INET ? 4 : 6) ||
	    icmp[0] != (e->family == AF_INET ? 0 : 129) ||
	    (icmp[4] << 8 | icmp[5]) != ECHO_ID || (icmp[6] << 8 | icmp[7]) != seq)
		return false;
	if (len != head + 8 + data || memcmp(from, e->dst, addr) ||
	    memcmp(from + addr, e->src, addr))
		return false;
	for (size_t i = 0; i < data; i++)
		if (icmp[8 + i] != (uint8_t)(i + seq))
			return false;
	if (e->family == AF_INET && echo_fold(echo_sum(0, ip, head)))
		return false;
	if (e->family == AF_INET6)
		sum = echo_pseudo(ip, 8 + data);
	return !echo_fold(echo_sum(sum, icmp, 8 + data));
}

#endif
