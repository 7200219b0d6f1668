// SPDX-License-Identifier: GPL-2.0-only
/*
 * A responder as many have written it: addresses are swapped, the type is exchanged and the
 * checksum adjusted, wherever an echo request seems to be. Nothing is verified: neither
 * checksums nor lengths, options, fragments, or whose address is asked.
 *
 *	naive IFACE
 *
 * The kernel must not answer pings (icmp_echo_ignore_all). Runs until it is killed.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <arpa/inet.h>
#include <net/if.h>
#include <sys/socket.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>

#define IP4   ETH_HLEN
#define IP6   ETH_HLEN
#define ICMP4 (IP4 + 20) /* as if there were no options */
#define ICMP6 (IP6 + 40)

static void swap(uint8_t *a, uint8_t *b, size_t size)
{
	uint8_t t[16];

	memcpy(t, a, size);
	memcpy(a, b, size);
	memcpy(b, t, size);
}

/* As it is often seen: what carries out of 16 bits is lost. */
static void adjust(uint8_t *sum, int by)
{
	uint16_t value = (sum[0] << 8 | sum[1]) + by;

	sum[0] = value >> 8;
	sum[1] = value;
}

static int answer(uint8_t *frame, size_t size)
{
	uint16_t type = size < ETH_HLEN ? 0 : frame[12] << 8 | frame[13];

	if (type == ETH_P_IP && size > ICMP4 + 4 && frame[IP4 + 9] == IPPROTO_ICMP &&
	    frame[ICMP4] == 8) {
		swap(frame + IP4 + 12, frame + IP4 + 16, 4);
		frame[ICMP4] = 0;
		adjust(frame + ICMP4 + 2, 0x0800);
	} else if (type == ETH_P_IPV6 && size > ICMP6 + 4 && frame[IP6 + 6] == IPPROTO_ICMPV6 &&
		   frame[ICMP6] == 128) {
		swap(frame + IP6 + 8, frame + IP6 + 24, 16);
		frame[ICMP6] = 129;
		adjust(frame + ICMP6 + 2, -0x0100);
	} else {
		return 0;
	}
	swap(frame, frame + 6, 6);
	return 1;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	static uint8_t frame[65536];
	int fd;

	if (argc != 2) {
		fprintf(stderr, "usage: naive IFACE\n");
		return 2;
	}
	at.sll_ifindex = if_nametoindex(argv[1]);
	fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		perror("naive");
		return 1;
	}
	for (;;) {
		struct sockaddr_ll from;
		socklen_t from_size = sizeof(from);
		ssize_t n =
			recvfrom(fd, frame, sizeof(frame), 0, (struct sockaddr *)&from, &from_size);

		if (n < 0) {
			perror("naive");
			return 1;
		}
		if (from.sll_pkttype != PACKET_OUTGOING && answer(frame, n) &&
		    send(fd, frame, n, 0) < 0)
			perror("naive: send");
	}
}
