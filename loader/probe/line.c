// SPDX-License-Identifier: GPL-2.0-only
#include "line.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>

#define RECEIVE_BUFFER	(8 << 20)

static int ethertype(const struct line *l)
{
	return l->hop->route.family == 4 ? ETH_P_IP : ETH_P_IPV6;
}

static enum status refused(const char *what, int err)
{
	return report(status_of(err), "%s: %s", what, why(err));
}

static enum status open_stack(struct line *l)
{
	bool v4 = l->hop->route.family == 4;
	int on = 1;

	l->out = socket(v4 ? AF_INET : AF_INET6, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW);
	if (l->out < 0)
		return refused("raw socket", errno);
	if (setsockopt(l->out, v4 ? SOL_IP : SOL_IPV6, v4 ? IP_HDRINCL : IPV6_HDRINCL, &on,
		       sizeof(on)))
		return refused("raw socket", errno);
	return DONE;
}

enum status line__open(struct line *l, const struct nexthop *hop)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = hop->device.ifindex };
	int size = RECEIVE_BUFFER;

	l->hop = hop;
	l->way = hop->loopback ? LINE_STACK : hop->ethernet ? LINE_FRAMES : LINE_PACKETS;
	/* Deaf until it is bound, lest other interfaces' packets come in. */
	l->in = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (l->in < 0)
		return refused("packet socket", errno);
	/* More than the sysctl allows where that is permitted, else what it allows. */
	if (setsockopt(l->in, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)))
		setsockopt(l->in, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	at.sll_protocol = htons(ethertype(l));
	if (bind(l->in, (struct sockaddr *)&at, sizeof(at)))
		return refused(hop->device.name, errno);
	if (l->way == LINE_STACK)
		return open_stack(l);
	l->out = socket(AF_PACKET, (l->way == LINE_FRAMES ? SOCK_RAW : SOCK_DGRAM) | SOCK_CLOEXEC,
			0);
	return l->out < 0 ? refused("packet socket", errno) : DONE;
}

void line__close(struct line *l)
{
	close_fd(&l->in);
	close_fd(&l->out);
}

int line__send(const struct line *l, const struct frame *frame)
{
	struct sockaddr_ll link = { .sll_family = AF_PACKET, .sll_ifindex = l->hop->device.ifindex,
				    .sll_protocol = htons(ethertype(l)) };
	union address host = { .sa.sa_family = l->hop->route.family == 4 ? AF_INET : AF_INET6 };
	const __u8 *packet = frame->data;
	const void *to = &link;
	socklen_t to_size = sizeof(link);
	size_t size = frame->len;
	ssize_t n;

	if (l->way != LINE_FRAMES) {
		if (size < ETH_HLEN)
			return -EMSGSIZE;
		packet += ETH_HLEN;
		size -= ETH_HLEN;
	}
	if (l->way == LINE_STACK) {
		if (l->hop->route.family == 4) {
			memcpy(&host.in.sin_addr, l->hop->route.to, 4);
		} else {
			memcpy(&host.in6.sin6_addr, l->hop->route.to, 16);
			host.in6.sin6_scope_id = IN6_IS_ADDR_LINKLOCAL(&host.in6.sin6_addr) ?
							 l->hop->device.ifindex : 0;
		}
		to = &host;
		to_size = address__size(&host);
	}
	n = sendto(l->out, packet, size, 0, to, to_size);
	return n < 0 ? -errno : 0;
}

int line__receive(const struct line *l, struct received *r, __u64 deadline)
{
	for (;;) {
		struct pollfd p = { .fd = l->in, .events = POLLIN };
		struct sockaddr_ll from;
		socklen_t from_size = sizeof(from);
		__u64 now = monotonic_ns();
		ssize_t n;
		int err;

		n = recvfrom(l->in, r->data, sizeof(r->data), MSG_DONTWAIT,
			     (struct sockaddr *)&from, &from_size);
		if (n >= 0 && from.sll_pkttype != PACKET_OUTGOING) {
			r->size = n;
			return 1;
		}
		if (n >= 0)
			continue;
		if (errno == ENETDOWN)
			return -ENETDOWN;
		if (now >= deadline)
			return 0;
		err = poll(&p, 1, (deadline - now) / 1000000 + 1);
		if (err < 0)
			return -errno;
	}
}

const char *line__cannot(const struct line *l, const struct request *q)
{
	if (q->flags & REQUEST_ON_LINK && !l->hop->on_link)
		return "a router is between";
	if (l->way == LINE_STACK && q->needs_link)
		return "this host's own stack wouldn't send it";
	if (l->way == LINE_STACK && q->flags & REQUEST_LIMITED)
		return "errors to oneself aren't limited";
	if (l->way == LINE_PACKETS && memcmp(q->spec.eth_dst, l->hop->route.to_mac, 6))
		return "this link has no MAC addresses";
	return NULL;
}

const char *line__describe(const struct line *l)
{
	static const char *const words[] = {
		[LINE_FRAMES] = "as Ethernet frames",
		[LINE_PACKETS] = "as packets",
		[LINE_STACK] = "through this host's own stack",
	};

	return words[l->way];
}
