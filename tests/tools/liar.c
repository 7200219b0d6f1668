// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers pings as no honest host would. The kernel of its namespace must be silent meanwhile
 * (icmp_echo_ignore_all).
 *
 *	liar 4|6 HOW...
 *
 * The request with number n gets the nth HOW, and then from the first one again:
 *
 *	honest		its reply
 *	silent		nothing
 *	twice		its reply, two times
 *	late		its reply, 20 ms later
 *	hold		its reply, after that of the next request
 *	data		its reply with the tenth byte of data changed
 *	short, long	its reply with a byte of data less, or more
 *	checksum	its reply with a wrong checksum (IPv4 only)
 *	number		a reply to a request a thousand numbers later
 *	id		its reply with another id
 *	unreachable	an error: host unreachable
 *	too-big		an error: its MTU is 1234
 *	redirect	an error: go by 198.18.0.77 (IPv4 only), and its reply
 *	runt		an error that quotes 12 bytes
 *	nonsense	an error that quotes no IP header at all
 *	strange		an error that quotes a request with another id
 *
 * Prints "ready", and ends when stdin does.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>

#define ROOM	65536
#define HEADER	8		/* of ICMP */
#define QUOTE	512		/* bytes of a request that an error quotes */

static int family, fd;
static union {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
} to;
static socklen_t to_size;

/* The request: its ICMP message, and as an error would quote it. */
static uint8_t *request;
static size_t size;
static uint8_t quoted[ROOM];
static size_t quoted_size;

static uint8_t held[ROOM];
static size_t held_size;

static void finish(uint8_t *m, size_t n)
{
	uint32_t sum = 0;

	m[2] = m[3] = 0;
	if (family == AF_INET6)
		return;
	for (size_t i = 0; i < n; i++)
		sum += i % 2 ? m[i] : m[i] << 8;
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	m[2] = ~sum >> 8;
	m[3] = ~sum;
}

static void send_raw(const uint8_t *m, size_t n)
{
	if (sendto(fd, m, n, 0, &to.sa, to_size) < 0)
		perror("liar: sendto");
}

static void say(uint8_t *m, size_t n)
{
	finish(m, n);
	send_raw(m, n);
}

/* An error with so many bytes of the request. */
static void complain(int type4, int type6, int code, uint32_t info, size_t n)
{
	uint8_t m[HEADER + QUOTE] = { family == AF_INET ? type4 : type6, code };
	uint32_t word = htonl(info);

	memcpy(m + 4, &word, sizeof(word));
	n = n < quoted_size ? n : quoted_size;
	memcpy(m + HEADER, quoted, n);
	say(m, HEADER + n);
}

static void answer(const char *how)
{
	static uint8_t m[ROOM + 1];
	size_t inner = quoted_size - size;

	memcpy(m, request, size);
	m[size] = 0;
	m[0] = family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	if (!strcmp(how, "silent"))
		return;
	if (!strcmp(how, "unreachable")) {
		complain(ICMP_DEST_UNREACH, ICMP6_DST_UNREACH, family == AF_INET ? 1 : 3, 0, QUOTE);
	} else if (!strcmp(how, "too-big")) {
		complain(ICMP_DEST_UNREACH, ICMP6_PACKET_TOO_BIG, family == AF_INET ? 4 : 0, 1234,
			 QUOTE);
	} else if (!strcmp(how, "runt")) {
		complain(ICMP_DEST_UNREACH, ICMP6_DST_UNREACH, 1, 0, 12);
	} else if (!strcmp(how, "nonsense")) {
		memset(quoted, 0xee, quoted_size);
		complain(ICMP_DEST_UNREACH, ICMP6_DST_UNREACH, 1, 0, QUOTE);
	} else if (!strcmp(how, "strange")) {
		quoted[inner + 4] ^= 0x55;
		complain(ICMP_DEST_UNREACH, ICMP6_DST_UNREACH, 1, 0, QUOTE);
	} else if (!strcmp(how, "hold")) {
		memcpy(held, m, size);
		held_size = size;
	} else if (!strcmp(how, "checksum")) {
		finish(m, size);
		m[3] ^= 0x10;
		send_raw(m, size);
	} else {
		if (!strcmp(how, "late"))
			usleep(20000);
		else if (!strcmp(how, "redirect"))
			complain(ICMP_REDIRECT, 0, 1, 0xc612004d, QUOTE);
		else if (!strcmp(how, "data") && size > HEADER + 10)
			m[HEADER + 10] ^= 0x80;
		else if (!strcmp(how, "number"))
			m[6] += 4;
		else if (!strcmp(how, "id"))
			m[4] ^= 0x55;
		if (!strcmp(how, "twice"))
			say(m, size);
		say(m, !strcmp(how, "short") ? size - 1 : !strcmp(how, "long") ? size + 1 : size);
	}
}

/* The packet that the message came in, in as far as a quotation needs it. */
static void quote6(const struct in6_addr *here)
{
	struct ip6_hdr ip = { .ip6_src = to.in6.sin6_addr, .ip6_dst = *here };

	ip.ip6_flow = htonl(6u << 28);
	ip.ip6_plen = htons(size);
	ip.ip6_nxt = IPPROTO_ICMPV6;
	ip.ip6_hlim = 64;
	memcpy(quoted, &ip, sizeof(ip));
	memcpy(quoted + sizeof(ip), request, size);
	quoted_size = sizeof(ip) + size;
}

static bool take(void)
{
	static uint8_t packet[ROOM];
	char control[256];
	struct iovec part = { packet, sizeof(packet) - sizeof(struct ip6_hdr) };
	struct msghdr head = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &part,
			       .msg_iovlen = 1, .msg_control = control,
			       .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &head, 0);
	size_t skip = family == AF_INET ? (packet[0] & 15) * 4u : 0;

	if (n < (ssize_t)(skip + HEADER))
		return false;
	to_size = head.msg_namelen;
	request = packet + skip;
	size = n - skip;
	memcpy(quoted, packet, n);
	quoted_size = n;
	if (family == AF_INET6)
		for (struct cmsghdr *c = CMSG_FIRSTHDR(&head); c; c = CMSG_NXTHDR(&head, c))
			if (c->cmsg_type == IPV6_PKTINFO)
				quote6(&((struct in6_pktinfo *)(void *)CMSG_DATA(c))->ipi6_addr);
	return request[0] == (family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST);
}

int main(int argc, char **argv)
{
	struct pollfd fds[2] = { { .fd = STDIN_FILENO, .events = POLLIN } };
	int on = 1;

	if (argc < 3) {
		fprintf(stderr, "usage: liar 4|6 HOW...\n");
		return 2;
	}
	family = *argv[1] == '6' ? AF_INET6 : AF_INET;
	fd = socket(family, SOCK_RAW, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	if (fd < 0 || (family == AF_INET6 &&
		       setsockopt(fd, SOL_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)))) {
		perror("liar");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	fds[1] = (struct pollfd){ .fd = fd, .events = POLLIN };
	while (poll(fds, 2, -1) > 0 && !fds[0].revents) {
		const char *how;
		size_t waits = held_size;

		if (!take())
			continue;
		how = argv[2 + (request[6] * 256 + request[7] + argc - 3) % (argc - 2)];
		answer(how);
		if (waits) {
			say(held, waits);
			held_size = 0;
		}
	}
	return 0;
}
