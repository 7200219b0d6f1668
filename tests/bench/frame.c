// SPDX-License-Identifier: GPL-2.0-only
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "frame.h"
#include "station.h"

#define SYN 0x02

/* Ones' complement sum of words in memory order; length is even. */
static __u32 sum_words(const void *data, __u32 length)
{
	const __u8 *p = data;
	__u32 sum = 0;

	for (__u32 n = 0; n < length; n += 2)
		sum += eg_load16(p + n);
	return sum;
}

static __u16 checksum(__u32 sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

static void mac(__u8 *to, const char *text)
{
	sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", to, to + 1, to + 2, to + 3, to + 4, to + 5);
}

static void ethernet(__u8 *frame, __u16 type)
{
	mac(frame, STATION_TARGET_MAC);
	mac(frame + 6, STATION_GATE_MAC);
	eg_store16(frame + 12, htons(type));
}

static void ipv4(__u8 *frame, __u32 length, __u8 protocol, const char *to)
{
	__u8 *ip = frame + BENCH_L3;

	ethernet(frame, ETH_P_IP);
	ip[0] = 0x45;
	ip[1] = BENCH_TOS;
	eg_store16(ip + 2, htons(length - BENCH_L3));
	eg_store16(ip + 4, htons(0x1234));
	eg_store16(ip + 6, htons(0x4000));
	ip[8] = 64;
	ip[9] = protocol;
	inet_pton(AF_INET, STATION_SOURCE_4, ip + 12);
	inet_pton(AF_INET, to, ip + 16);
	eg_store16(ip + 10, checksum(sum_words(ip, 20)));
}

static void ipv6(__u8 *frame, __u32 length, __u8 next, const char *to)
{
	__u8 *ip = frame + BENCH_L3;

	ethernet(frame, ETH_P_IPV6);
	eg_store32(ip, htonl(6u << 28 | BENCH_TOS << 20 | 0x12345));
	eg_store16(ip + 4, htons(length - BENCH_ICMP6));
	ip[6] = next;
	ip[7] = 64;
	inet_pton(AF_INET6, STATION_SOURCE_6, ip + 8);
	inet_pton(AF_INET6, to, ip + 24);
}

/* The sum that IPv6 adds to what the upper layer covers. */
static __u32 pseudo6(const __u8 *frame, __u32 length, __u8 next)
{
	return sum_words(frame + 22, 32) + htons(length - BENCH_ICMP6) + htons(next);
}

static void echo(__u8 *icmp, __u32 length, __u8 type)
{
	icmp[0] = type;
	eg_store16(icmp + 4, htons(BENCH_IDENTIFIER));
	for (__u32 n = 8; n < length; n++)
		icmp[n] = BENCH_DATA(n - 8);
}

static void echo4_to(__u8 *frame, __u32 length, const char *to)
{
	__u8 *icmp = frame + BENCH_ICMP4;

	ipv4(frame, length, IPPROTO_ICMP, to);
	echo(icmp, length - BENCH_ICMP4, ICMP_ECHO);
	eg_store16(icmp + 2, checksum(sum_words(icmp, length - BENCH_ICMP4)));
}

static void echo6_to(__u8 *frame, __u32 length, const char *to)
{
	__u8 *icmp = frame + BENCH_ICMP6;

	ipv6(frame, length, IPPROTO_ICMPV6, to);
	echo(icmp, length - BENCH_ICMP6, ICMPV6_ECHO_REQUEST);
	eg_store16(icmp + 2, checksum(pseudo6(frame, length, IPPROTO_ICMPV6) +
				      sum_words(icmp, length - BENCH_ICMP6)));
}

void frame__echo(int family, __u32 length, __u64 span, __u32 stride, bool reply, __u8 *frame,
		 struct bench_gen *gen)
{
	memset(frame, 0, length);
	gen->random = 88172645463325252ULL;
	gen->span = span;
	gen->stride = stride;
	gen->sequence = 0;
	if (family == 4) {
		echo4_to(frame, length, STATION_TARGET_4);
		if (reply)
			frame[BENCH_ICMP4] = ICMP_ECHOREPLY;
		gen->first = ntohl(eg_load32(frame + 26));
		/* Without the checksums and what the generator varies. */
		gen->ip_sum = sum_words(frame + BENCH_L3, 10) + sum_words(frame + 30, 4);
		gen->icmp_sum =
			sum_words(frame + BENCH_ICMP4, 2) + sum_words(frame + 38, length - 38);
	} else {
		echo6_to(frame, length, STATION_TARGET_6);
		if (reply)
			frame[BENCH_ICMP6] = ICMPV6_ECHO_REPLY;
		gen->first = ntohl(eg_load32(frame + 34));
		gen->ip_sum = 0;
		gen->icmp_sum = pseudo6(frame, length, IPPROTO_ICMPV6) - sum_words(frame + 34, 4) +
				sum_words(frame + BENCH_ICMP6, 2) +
				sum_words(frame + 58, length - 58);
	}
	memcpy(gen->head, frame, sizeof(gen->head));
}

static void tcp(__u8 *l4)
{
	eg_store16(l4, htons(40000));
	eg_store16(l4 + 2, htons(80));
	l4[12] = 5 << 4;
	l4[13] = SYN;
	eg_store16(l4 + 14, htons(64240));
}

static void build_tcp4(__u8 *frame, __u32 length)
{
	ipv4(frame, length, IPPROTO_TCP, STATION_TARGET_4);
	tcp(frame + BENCH_ICMP4);
}

static void build_tcp6(__u8 *frame, __u32 length)
{
	ipv6(frame, length, IPPROTO_TCP, STATION_TARGET_6);
	tcp(frame + BENCH_ICMP6);
}

static void udp(__u8 *l4, __u32 length)
{
	eg_store16(l4, htons(40000));
	eg_store16(l4 + 2, htons(53));
	eg_store16(l4 + 4, htons(length));
}

static void build_udp4(__u8 *frame, __u32 length)
{
	ipv4(frame, length, IPPROTO_UDP, STATION_TARGET_4);
	udp(frame + BENCH_ICMP4, length - BENCH_ICMP4);
}

static void build_udp6(__u8 *frame, __u32 length)
{
	ipv6(frame, length, IPPROTO_UDP, STATION_TARGET_6);
	udp(frame + BENCH_ICMP6, length - BENCH_ICMP6);
}

static void build_arp(__u8 *frame, __u32 length)
{
	(void)length;
	ethernet(frame, ETH_P_ARP);
	memset(frame, 0xff, 6);
	eg_store16(frame + 14, htons(1));
	eg_store16(frame + 16, htons(ETH_P_IP));
	frame[18] = 6;
	frame[19] = 4;
	frame[21] = 1;
	memcpy(frame + 22, frame + 6, 6);
	inet_pton(AF_INET, STATION_GATE_4, frame + 28);
	inet_pton(AF_INET, STATION_TARGET_4, frame + 38);
}

static void build_vlan(__u8 *frame, __u32 length)
{
	build_tcp4(frame + 4, length - 4);
	memmove(frame, frame + 4, 12);
	eg_store16(frame + 12, htons(ETH_P_8021Q));
	eg_store16(frame + 14, htons(77));
}

static void build_fragment(__u8 *frame, __u32 length)
{
	__u8 *ip = frame + BENCH_L3;

	echo4_to(frame, length, STATION_TARGET_4);
	eg_store16(ip + 6, htons(0x2000));
	eg_store16(ip + 10, 0);
	eg_store16(ip + 10, checksum(sum_words(ip, 20)));
}

static void build_not_local4(__u8 *frame, __u32 length)
{
	echo4_to(frame, length, "198.19.0.77");
}

static void build_not_local6(__u8 *frame, __u32 length)
{
	echo6_to(frame, length, "fd00:0:0:ff::77");
}

static void build_wrong4(__u8 *frame, __u32 length)
{
	echo4_to(frame, length, STATION_TARGET_4);
	frame[length - 1] ^= 0x55;
}

static void build_wrong6(__u8 *frame, __u32 length)
{
	echo6_to(frame, length, STATION_TARGET_6);
	frame[length - 1] ^= 0x55;
}

static void build_wrong_header(__u8 *frame, __u32 length)
{
	echo4_to(frame, length, STATION_TARGET_4);
	frame[24] ^= 0x55;
}

static void build_reply4(__u8 *frame, __u32 length)
{
	__u8 *icmp = frame + BENCH_ICMP4;

	ipv4(frame, length, IPPROTO_ICMP, STATION_TARGET_4);
	echo(icmp, length - BENCH_ICMP4, ICMP_ECHOREPLY);
	eg_store16(icmp + 2, checksum(sum_words(icmp, length - BENCH_ICMP4)));
}

/* Another number than was asked with. */
static void build_stray4(__u8 *frame, __u32 length)
{
	build_reply4(frame, length);
	frame[BENCH_ICMP4 + 7] = 1;
}

static void build_neighbour(__u8 *frame, __u32 length)
{
	__u8 *icmp = frame + BENCH_ICMP6;

	ipv6(frame, length, IPPROTO_ICMPV6, STATION_TARGET_6);
	frame[21] = 255;
	icmp[0] = 135;
	inet_pton(AF_INET6, STATION_TARGET_6, icmp + 8);
	icmp[24] = icmp[25] = 1;
	mac(icmp + 26, STATION_GATE_MAC);
	eg_store16(icmp + 2, checksum(pseudo6(frame, length, IPPROTO_ICMPV6) +
				      sum_words(icmp, length - BENCH_ICMP6)));
}

const struct frame_kind frame_kinds[] = {
	{ "TCP SYN, IPv4", 64, build_tcp4, false },
	{ "TCP SYN, IPv6", 74, build_tcp6, false },
	{ "UDP, IPv4", 64, build_udp4, false },
	{ "UDP, IPv6", 64, build_udp6, false },
	{ "TCP SYN, IPv4, in an unknown VLAN", 68, build_vlan, false },
	{ "ARP request", 64, build_arp, false },
	{ "neighbour solicitation", 86, build_neighbour, false },
	{ "echo reply, IPv4", 64, build_reply4, false },
	{ "echo request, first fragment", 64, build_fragment, false },
	{ "echo request, wrong IP checksum", 64, build_wrong_header, false },
	{ "echo request, not to us, IPv4", 64, build_not_local4, false },
	{ "echo request, not to us, IPv6", 64, build_not_local6, false },
	{ "echo request, wrong checksum, IPv4", 64, build_wrong4, false },
	{ "echo request, wrong checksum, IPv6", 64, build_wrong6, false },
	{ "echo request, wrong checksum, IPv4", 1514, build_wrong4, false },
	{ "echo request, wrong checksum, IPv6", 1514, build_wrong6, false },
	{ "echo reply, solicited", 64, build_reply4, true },
	{ "echo reply, unsolicited", 64, build_stray4, true },
};

const unsigned int frame_kind_count = sizeof(frame_kinds) / sizeof(frame_kinds[0]);
