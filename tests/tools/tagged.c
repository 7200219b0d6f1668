// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sends one echo request in a frame with VLAN tags and prints the reply.
 *
 *	tagged [-W MS] IFACE MAC SRC DST [TPID:VID[:TCI-BITS]]...
 *
 * as in "tagged v0 02:00:00:00:00:02 198.18.0.1 198.18.0.2 88a8:7 8100:5:e000".
 * Prints "reply 88a8:0007 8100:0005 ttl 64" with the reply's tags as they arrive, or
 * "silent" after MS milliseconds (500).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/socket.h>
#include <time.h>
#include <linux/if_packet.h>

#include "echo.h"

#define DATA		56
#define TAGS_MAX	3
#define ETH_ALL		0x0003

struct tag {
	unsigned int tpid, tci;
};

static int usage(void)
{
	fprintf(stderr, "usage: tagged [-W MS] IFACE MAC SRC DST [TPID:VID[:TCI-BITS]]...\n");
	return 2;
}

static long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* The kernel takes the outermost tag out of the frame and hands it over beside it. */
static int receive(int fd, uint8_t *frame, size_t size, struct tag *aside)
{
	char control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct iovec iov = { .iov_base = frame, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(fd, &msg, 0);

	memset(aside, 0, sizeof(*aside));
	for (struct cmsghdr *c = CMSG_FIRSTHDR(&msg); len > 0 && c; c = CMSG_NXTHDR(&msg, c)) {
		struct tpacket_auxdata aux;

		if (c->cmsg_level != SOL_PACKET || c->cmsg_type != PACKET_AUXDATA)
			continue;
		memcpy(&aux, CMSG_DATA(c), sizeof(aux));
		if (aux.tp_status & TP_STATUS_VLAN_VALID) {
			aside->tpid = aux.tp_status & TP_STATUS_VLAN_TPID_VALID ?
				      aux.tp_vlan_tpid : 0x8100;
			aside->tci = aux.tp_vlan_tci;
		}
	}
	return len;
}

static bool print_reply(const uint8_t *frame, size_t len, const struct tag *aside,
			const struct echo_ends *e)
{
	struct tag tags[TAGS_MAX];
	size_t at = 12, count = 0;
	unsigned int type;

	if (aside->tpid)
		tags[count++] = *aside;
	for (;;) {
		if (len < at + 2)
			return false;
		type = frame[at] << 8 | frame[at + 1];
		at += 2;
		if ((type != 0x8100 && type != 0x88a8) || count == TAGS_MAX || len < at + 2)
			break;
		tags[count].tpid = type;
		tags[count++].tci = frame[at] << 8 | frame[at + 1];
		at += 2;
	}
	if (!echo_is_reply(frame + at, len - at, e, 1, DATA))
		return false;
	printf("reply");
	for (size_t i = 0; i < count; i++)
		printf(" %04x:%04x", tags[i].tpid, tags[i].tci);
	printf(" ttl %u\n", frame[at + (e->family == AF_INET ? 8 : 7)]);
	return true;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll ll = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_ALL) };
	uint8_t frame[2048] = {}, *at = frame + 12;
	struct tag tags[TAGS_MAX], aside;
	long wait = 500, deadline, left;
	struct echo_ends ends;
	int fd, o, one = 1, count;
	struct pollfd p;

	while ((o = getopt(argc, argv, "W:")) != -1) {
		if (o != 'W')
			return usage();
		wait = atol(optarg);
	}
	argv += optind;
	count = argc - optind - 4;
	if (count < 0 || count > TAGS_MAX || !echo_ends(&ends, argv[2], argv[3]) ||
	    sscanf(argv[1], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &frame[0], &frame[1], &frame[2],
		   &frame[3], &frame[4], &frame[5]) != 6)
		return usage();
	for (int i = 0; i < count; i++) {
		unsigned int bits = 0;

		if (sscanf(argv[4 + i], "%x:%u:%x", &tags[i].tpid, &tags[i].tci, &bits) < 2)
			return usage();
		tags[i].tci |= bits;
		echo_put16(at, tags[i].tpid);
		echo_put16(at + 2, tags[i].tci);
		at += 4;
	}
	echo_put16(at, ends.family == AF_INET ? 0x0800 : 0x86dd);
	at += 2;
	at += echo_request(at, &ends, 1, DATA);

	fd = socket(AF_PACKET, SOCK_RAW, 0);
	ll.sll_ifindex = if_nametoindex(argv[0]);
	if (fd < 0 || setsockopt(fd, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) ||
	    setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&ll, sizeof(ll))) {
		perror("tagged");
		return 1;
	}
	/* Our own MAC address is the source: the name of it is the kernel's business. */
	{
		socklen_t len = sizeof(ll);

		if (getsockname(fd, (struct sockaddr *)&ll, &len)) {
			perror("tagged");
			return 1;
		}
		memcpy(frame + 6, ll.sll_addr, 6);
	}
	if (send(fd, frame, at - frame, 0) != at - frame) {
		perror("tagged: send");
		return 1;
	}
	p = (struct pollfd){ .fd = fd, .events = POLLIN };
	for (deadline = now_ms() + wait; (left = deadline - now_ms()) > 0;) {
		uint8_t in[2048];
		int len;

		if (poll(&p, 1, left) <= 0)
			break;
		len = receive(fd, in, sizeof(in), &aside);
		if (len > 0 && print_reply(in, len, &aside, &ends))
			return 0;
	}
	puts("silent");
	return 0;
}
