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
#include <linux/if_ether.h>

#include "station.h"

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
	static uint8_t frame[65536];
	struct station st = { .fd = -1 };
	ssize_t size;
	int err;

	if (argc != 2) {
		fprintf(stderr, "usage: naive IFACE\n");
		return 2;
	}
	err = station_open(&st, argv[1]);
	if (err) {
		fprintf(stderr, "naive: %s: %s\n", argv[1], strerror(-err));
		return 1;
	}
	while ((size = recv(st.fd, frame, sizeof(frame), 0)) >= 0)
		if (answer(frame, size) && send(st.fd, frame, size, 0) < 0)
			perror("naive: send");
	perror("naive");
	return 1;
}
