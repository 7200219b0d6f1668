// SPDX-License-Identifier: GPL-2.0-only
/*
 * Routers of an MPLS network, and a host behind them, all at one end of a wire: what arrives is
 * answered by its TTL, with what ICMP errors may say beside the packet they quote.
 *
 *	label IFACE
 *
 *	1: two labels (RFC 4950), and interfaces by index, address, name and MTU (RFC 5837)
 *	2: a label where routers older than RFC 4884 have it, which don't say so
 *	3: a label with a wrong checksum: nothing to be believed
 *	4: an object that nobody knows
 *	5 and above: an echo reply, or a port that is unreachable
 *
 * The nth router is 198.18.66.n, or fd00:66::n. The namespace must not answer itself, nor forward.
 */
#include <linux/if_ether.h>

#include "station.h"

#define HOST  5	  /* its TTL */
#define QUOTE 128 /* RFC 4884 5.1: not less, in front of extensions */
#define ROOM  2048

struct datagram {
	int v6;
	size_t header; /* of IP */
	size_t size;   /* with the Ethernet header */
	uint8_t bytes[ROOM];
};

/* Objects for the nth router; returns their size. */
static size_t extend(uint8_t *p, int router)
{
	static const uint8_t two_and_more[] = {
		0x20,
		0,
		0,
		0,
		0,
		12,
		1,
		1,
		0x05,
		0xdc,
		0xca,
		1,
		0x00,
		0x01,
		0x01,
		0x40,
		/* incoming: index 7, 198.18.66.1, "ge-0/0/1", MTU 9000 */
		0,
		32,
		2,
		0x0f,
		0,
		0,
		0,
		7,
		0,
		1,
		0,
		0,
		198,
		18,
		66,
		1,
		12,
		'g',
		'e',
		'-',
		'0',
		'/',
		'0',
		'/',
		'1',
		0,
		0,
		0,
		0,
		0,
		0x23,
		0x28,
		/* next hop: fd00:66::2 */
		0,
		24,
		2,
		0xc4,
		0,
		2,
		0,
		0,
		0xfd,
		0,
		0,
		0x66,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		0,
		2,
	};
	static const uint8_t one[] = { 0x20, 0, 0, 0, 0, 8, 1, 1, 0x00, 0x01, 0x71, 0xff };
	static const uint8_t unknown[] = { 0x20, 0, 0, 0, 0, 8, 200, 3, 0xca, 0xfe, 0, 1 };
	const uint8_t *from = router == 1 ? two_and_more : router == 4 ? unknown : one;
	size_t size = router == 1 ? sizeof(two_and_more) : sizeof(one);

	memcpy(p, from, size);
	echo_put16(p + 2, echo_fold(echo_sum(0, p, size)));
	if (router == 3)
		p[3] ^= 1;
	return size;
}

static void finish(struct datagram *p)
{
	uint8_t *ip = p->bytes + ETH_HLEN, *icmp = ip + p->header;
	size_t size = p->size - ETH_HLEN - p->header;
	uint32_t sum = 0;

	if (p->v6) {
		echo_put16(ip + 4, size);
		sum = echo_pseudo(ip, size);
	} else {
		echo_put16(ip + 2, p->header + size);
		echo_put16(ip + 10, 0);
		echo_put16(ip + 10, echo_fold(echo_sum(0, ip, p->header)));
	}
	echo_put16(icmp + 2, 0);
	echo_put16(icmp + 2, echo_fold(echo_sum(sum, icmp, size)));
}

/* Back to whom it came from, from the nth router or, with 0, from whom it was for. */
static void turn(struct datagram *p, int router)
{
	uint8_t *ip = p->bytes + ETH_HLEN, t[16];
	size_t at = p->v6 ? 8 : 12, size = p->v6 ? 16 : 4;

	memcpy(t, p->bytes, 6);
	memcpy(p->bytes, p->bytes + 6, 6);
	memcpy(p->bytes + 6, t, 6);
	memcpy(t, ip + at, size);
	memcpy(ip + at, ip + at + size, size);
	memcpy(ip + at + size, t, size);
	if (router)
		ip[at + size - 1] = router;
	ip[p->v6 ? 7 : 8] = 64;
}

/* An error about @q, with extensions unless it comes from the host. */
static void complain(const struct datagram *q, int ttl, struct datagram *p)
{
	size_t quoted = q->size - ETH_HLEN;
	uint8_t *icmp;

	*p = *q;
	turn(p, ttl < HOST ? ttl : 0);
	p->bytes[ETH_HLEN + (p->v6 ? 6 : 9)] = p->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	icmp = p->bytes + ETH_HLEN + p->header;
	memset(icmp, 0, 8 + QUOTE);
	if (quoted > QUOTE)
		quoted = QUOTE;
	memcpy(icmp + 8, q->bytes + ETH_HLEN, quoted);
	p->size = ETH_HLEN + p->header + 8 + QUOTE;
	if (ttl >= HOST) {
		icmp[0] = p->v6 ? 1 : 3;
		icmp[1] = p->v6 ? 4 : 3;
	} else {
		icmp[0] = p->v6 ? 3 : 11;
		p->size += extend(icmp + 8 + QUOTE, ttl);
		if (ttl != 2)
			icmp[p->v6 ? 4 : 5] = QUOTE / (p->v6 ? 8 : 4);
	}
	finish(p);
}

/* 0: nothing is said. */
static int answer(const struct datagram *q, struct datagram *p)
{
	const uint8_t *ip = q->bytes + ETH_HLEN;
	uint8_t protocol = ip[q->v6 ? 6 : 9], ttl = ip[q->v6 ? 7 : 8];
	uint8_t type = ip[q->header];

	if (q->v6 ? protocol == IPPROTO_ICMPV6 && type != 128
		  : protocol == IPPROTO_ICMP && type != 8)
		return 0;
	if (ttl < HOST || protocol == IPPROTO_UDP) {
		complain(q, ttl, p);
		return 1;
	}
	if (protocol != (q->v6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP))
		return 0;
	*p = *q;
	turn(p, 0);
	p->bytes[ETH_HLEN + p->header] = p->v6 ? 129 : 0;
	finish(p);
	return 1;
}

/* Only what is for the networks behind. */
static int read_packet(struct datagram *q)
{
	const uint8_t *ip = q->bytes + ETH_HLEN;
	uint16_t type = q->bytes[12] << 8 | q->bytes[13];

	q->v6 = type == ETH_P_IPV6;
	q->header = q->v6 ? 40 : 20;
	if (q->size < ETH_HLEN + q->header + 8 || q->size > ROOM / 2)
		return 0;
	return q->v6 ? !memcmp(ip + 24, "\xfd\0\0\x66", 4)
		     : type == ETH_P_IP && !memcmp(ip + 16, "\xc6\x12\x42", 3);
}

int main(int argc, char **argv)
{
	static struct datagram q, p;
	struct station st = { .fd = -1 };
	ssize_t size;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: label IFACE\n");
		return 2;
	}
	err = station_open(&st, argv[1]);
	if (err) {
		fprintf(stderr, "label: %s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	while ((size = recv(st.fd, q.bytes, sizeof(q.bytes), 0)) >= 0) {
		q.size = size;
		if (read_packet(&q) && answer(&q, &p) && send(st.fd, p.bytes, p.size, 0) < 0)
			perror("label: send");
	}
	perror("label");
	return 1;
}
