/* SPDX-License-Identifier: GPL-2.0-only */
/* A packet socket on an interface, for the tools that send raw frames. */
#ifndef TESTS_TOOLS_STATION_H
#define TESTS_TOOLS_STATION_H

#include <poll.h>
#include <time.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/socket.h>
#include <linux/if_packet.h>

#include "packet.h"

#define STATION_ETH_ALL	0x0003

struct station {
	int fd;
	uint8_t mac[6];
};

static inline int64_t station_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

/* 0, or -errno. */
static inline int station_open(struct station *st, const char *iface)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(STATION_ETH_ALL) };
	int one = 1, room = 16 << 20;
	socklen_t len = sizeof(ll);

	ll.sll_ifindex = if_nametoindex(iface);
	if (!ll.sll_ifindex)
		return -errno;
	st->fd = socket(AF_PACKET, SOCK_RAW, 0);
	if (st->fd < 0)
		return -errno;
	setsockopt(st->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(st->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (setsockopt(st->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(st->fd, (struct sockaddr *)&ll, sizeof(ll)) ||
	    getsockname(st->fd, (struct sockaddr *)&ll, &len))
		return -errno;
	memcpy(st->mac, ll.sll_addr, 6);
	return 0;
}

/* Waits until something is there, at most `us` microseconds; false if nothing is. */
static inline bool station_wait(const struct station *st, int64_t us)
{
	struct pollfd fd = { .fd = st->fd, .events = POLLIN };
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	return us > 0 && ppoll(&fd, 1, &t, NULL) > 0;
}

/*
 * The next frame that an IP packet came in, or 0; its IP header is at *l3. What hosts say
 * of their own accord is left out: ARP, ND, MLD, and IGMP.
 */
static inline size_t station_receive(const struct station *st, uint8_t *in, size_t size, size_t *l3)
{
	ssize_t len;

	while ((len = recv(st->fd, in, size, MSG_DONTWAIT | MSG_TRUNC)) >= 0) {
		const uint8_t *ip = in + 14;
		unsigned int type = packet_get16(in + 12);

		*l3 = 14;
		if (len > (ssize_t)size)
			continue;
		if (type == 0x0800 && len >= 34 && ip[9] != 2)
			return len;
		/* MLD's reports have a hop-by-hop header. */
		if (type == 0x86dd && len >= 54 && ip[6] != 0 &&
		    !(ip[6] == 58 && ip[40] >= 130 && ip[40] <= 143))
			return len;
	}
	return 0;
}

#endif
