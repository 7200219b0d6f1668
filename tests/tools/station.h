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
	if (setsockopt(st->fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
	    setsockopt(st->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
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

struct station_tags {
	unsigned int count, tpid[PACKET_TAGS], tci[PACKET_TAGS];
};

static inline void station_tag(struct station_tags *t, unsigned int tpid, unsigned int tci)
{
	t->tpid[t->count] = tpid;
	t->tci[t->count++] = tci;
}

/* The kernel takes the outermost tag out of the frame and hands it over beside it. */
static inline void station_aside(struct msghdr *msg, struct station_tags *t)
{
	t->count = 0;
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID)
			station_tag(t, aux.tp_status & TP_STATUS_VLAN_TPID_VALID ?
				    aux.tp_vlan_tpid : 0x8100, aux.tp_vlan_tci);
	}
}

/* Where behind the tags a packet begins that a test asked for; 0 if there is none. */
static inline size_t station_packet(const uint8_t *in, size_t len, struct station_tags *t)
{
	unsigned int type = packet_get16(in + 12);
	size_t l3 = 14;

	while ((type == 0x8100 || type == 0x88a8) && t->count < PACKET_TAGS) {
		station_tag(t, type, packet_get16(in + l3));
		type = packet_get16(in + l3 + 2);
		l3 += 4;
	}
	if (type == 0x0800 && len >= l3 + 20 && in[l3 + 9] != 2)
		return l3;
	/* MLD's reports have a hop-by-hop header. */
	if (type == 0x86dd && len > l3 + 40 && in[l3 + 6] != 0 &&
	    !(in[l3 + 6] == 58 && in[l3 + 40] >= 130 && in[l3 + 40] <= 143))
		return l3;
	return 0;
}

/*
 * The next frame that an IP packet came in, or 0; its IP header is at *l3. What hosts say
 * of their own accord is left out: ARP, ND, MLD, and IGMP.
 */
static inline size_t station_receive(const struct station *st, uint8_t *in, size_t size, size_t *l3,
				     struct station_tags *tags)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	ssize_t len;

	for (;;) {
		struct iovec iov = { .iov_base = in, .iov_len = size };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
				      .msg_controllen = sizeof(control) };

		len = recvmsg(st->fd, &msg, MSG_DONTWAIT);
		if (len < 0)
			return 0;
		station_aside(&msg, tags);
		*l3 = len < 34 || msg.msg_flags & MSG_TRUNC ? 0 : station_packet(in, len, tags);
		if (*l3)
			return len;
	}
}

#endif
