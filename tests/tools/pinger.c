// SPDX-License-Identifier: GPL-2.0-only
/*
 * A ping that accounts for every request, checks every byte of the replies, and can
 * last as long as a command does.
 *
 *	pinger [-1] [-c COUNT] [-i MICROSECONDS] [-w WINDOW] [-s SIZE] [-Q TOS] ADDRESS [COMMAND...]
 *
 * Sends COUNT requests, or until COMMAND ends; with -1 until the first reply. At most
 * WINDOW (32) are on their way at once, one each MICROSECONDS if given. Prints
 *
 *	sent=9 received=9 lost=0 duplicate=0 wrong=0 ttl=64 tos=0 first_us=512 gap_us=90 status=0
 *
 * first_us: from the start of the command to the first reply; gap_us: the longest time
 * without one after that; status: how COMMAND ended. Exit status 0 if all went out.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>

#include "echo.h"

#define SEEN_BITS	20		/* of the newest requests, whose replies are told apart */
#define SEEN		(1u << SEEN_BITS)
#define DRAIN_US	3000000		/* for the last replies on a busy machine */
#define STUCK_US	2000000		/* then a full window is lost */

struct pinger {
	bool first;
	uint64_t count;
	long interval, window, size;
	int tos, family, fd;
	uint16_t id;
	struct sockaddr_storage to;
	socklen_t to_len;

	uint64_t sent, received, duplicate, wrong, given_up;
	int64_t started, first_at, last_at, gap;
	int ttl, seen_tos;
	uint8_t seen[SEEN / 8];
};

static struct pinger self = { .window = 32, .size = 56, .ttl = -1, .seen_tos = -1 };

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000ll + t.tv_nsec / 1000;
}

static int usage(void)
{
	fprintf(stderr, "usage: pinger [-1] [-c COUNT] [-i MICROSECONDS] [-w WINDOW] [-s SIZE] "
			"[-Q TOS] ADDRESS [COMMAND...]\n");
	return 2;
}

static uint8_t filler(uint64_t seq, long i)
{
	return seq * 31 + i;
}

static int open_socket(struct pinger *p, const char *addr)
{
	struct sockaddr_in *to4 = (void *)&p->to;
	struct sockaddr_in6 *to6 = (void *)&p->to;
	int one = 1, room = 16 << 20;

	if (inet_pton(AF_INET, addr, &to4->sin_addr) == 1) {
		p->family = to4->sin_family = AF_INET;
		p->to_len = sizeof(*to4);
		p->fd = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
	} else if (inet_pton(AF_INET6, addr, &to6->sin6_addr) == 1) {
		p->family = to6->sin6_family = AF_INET6;
		p->to_len = sizeof(*to6);
		p->fd = socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6);
	} else {
		fprintf(stderr, "pinger: %s is no address\n", addr);
		return -EINVAL;
	}
	if (p->fd < 0)
		return -errno;
	setsockopt(p->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	setsockopt(p->fd, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	if (p->family == AF_INET) {
		setsockopt(p->fd, IPPROTO_IP, IP_TOS, &p->tos, sizeof(p->tos));
	} else {
		setsockopt(p->fd, IPPROTO_IPV6, IPV6_TCLASS, &p->tos, sizeof(p->tos));
		setsockopt(p->fd, IPPROTO_IPV6, IPV6_RECVTCLASS, &one, sizeof(one));
		setsockopt(p->fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof(one));
	}
	return 0;
}

/* False if the kernel has no room for it now. */
static bool send_one(struct pinger *p)
{
	uint8_t out[65536] = { p->family == AF_INET ? 8 : 128 };
	size_t len = 8 + p->size;

	echo_put16(out + 4, p->id);
	echo_put16(out + 6, p->sent);
	memcpy(out + 8, &p->sent, sizeof(p->sent));
	for (long i = sizeof(p->sent); i < p->size; i++)
		out[8 + i] = filler(p->sent, i);
	if (p->family == AF_INET)
		echo_put16(out + 2, echo_fold(echo_sum(0, out, len)));
	if (sendto(p->fd, out, len, MSG_DONTWAIT, (void *)&p->to, p->to_len) < 0)
		return false;
	p->seen[p->sent % SEEN / 8] &= ~(1 << p->sent % 8);
	p->sent++;
	return true;
}

static void take_notes6(struct pinger *p, struct msghdr *msg)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level != IPPROTO_IPV6)
			continue;
		if (c->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&p->ttl, CMSG_DATA(c), sizeof(p->ttl));
		else if (c->cmsg_type == IPV6_TCLASS)
			memcpy(&p->seen_tos, CMSG_DATA(c), sizeof(p->seen_tos));
	}
}

static void judge(struct pinger *p, const uint8_t *icmp, long len)
{
	int64_t now = now_us();
	uint64_t seq;

	if (len != 8 + p->size) {
		p->wrong++;
		return;
	}
	memcpy(&seq, icmp + 8, sizeof(seq));
	if (seq >= p->sent || (icmp[6] << 8 | icmp[7]) != (uint16_t)seq || icmp[1]) {
		p->wrong++;
		return;
	}
	for (long i = sizeof(seq); i < p->size; i++) {
		if (icmp[8 + i] != filler(seq, i)) {
			p->wrong++;
			return;
		}
	}
	if (p->seen[seq % SEEN / 8] & 1 << seq % 8) {
		p->duplicate++;
		return;
	}
	p->seen[seq % SEEN / 8] |= 1 << seq % 8;
	p->received++;
	if (!p->first_at)
		p->first_at = now;
	else if (now - p->last_at > p->gap)
		p->gap = now - p->last_at;
	p->last_at = now;
}

/* False when nothing is there. */
static bool receive_one(struct pinger *p)
{
	uint8_t in[65536 + 64], control[256];
	struct iovec iov = { .iov_base = in, .iov_len = sizeof(in) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t len = recvmsg(p->fd, &msg, MSG_DONTWAIT);
	size_t head = 0;

	if (len < 0)
		return false;
	if (p->family == AF_INET)
		head = len > 0 ? (in[0] & 15) * 4 : 0;
	if (len < (ssize_t)head + 8 || in[head] != (p->family == AF_INET ? 0 : 129) ||
	    (in[head + 4] << 8 | in[head + 5]) != p->id)
		return true;
	if (p->family == AF_INET) {
		p->ttl = in[8];
		p->seen_tos = in[1];
	} else {
		take_notes6(p, &msg);
	}
	judge(p, in + head, len - head);
	return true;
}

static uint64_t outstanding(const struct pinger *p)
{
	return p->sent - p->received - p->given_up;
}

static pid_t start(char **command)
{
	pid_t pid = fork();

	if (!pid) {
		execvp(command[0], command);
		perror(command[0]);
		_exit(127);
	}
	return pid;
}

static void wait_for_replies(struct pinger *p, int64_t us)
{
	struct pollfd fd = { .fd = p->fd, .events = POLLIN };
	struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000 };

	if (us > 0)
		ppoll(&fd, 1, &t, NULL);
	while (receive_one(p))
		;
}

static void run(struct pinger *p, pid_t command, int *status)
{
	int64_t next = p->started, stuck = p->started;
	uint64_t before = 0;

	while (!(p->first && p->received)) {
		int64_t now = now_us();

		if (p->count && p->sent >= p->count)
			break;
		if (command > 0 && waitpid(command, status, WNOHANG) == command) {
			command = 0;
			if (!p->first && !p->count)
				break;
			/* Whatever it set in motion should show within this. */
			if (p->first)
				p->count = p->sent + 2000;
		}
		if (p->received != before || outstanding(p) < (uint64_t)p->window) {
			before = p->received;
			stuck = now;
		} else if (now - stuck > STUCK_US) {
			p->given_up = p->sent - p->received;
		}
		if (outstanding(p) >= (uint64_t)p->window || now < next) {
			wait_for_replies(p, now < next ? next - now : 1000);
			continue;
		}
		next = now + p->interval;
		if (!send_one(p))
			wait_for_replies(p, 1000);
		wait_for_replies(p, 0);
	}
	if (command > 0)
		waitpid(command, status, 0);
}

int main(int argc, char **argv)
{
	struct pinger *p = &self;
	pid_t command = 0;
	int o, status = 0;
	int64_t end;

	/* "+": the command's options are its own. */
	while ((o = getopt(argc, argv, "+1c:i:w:s:Q:")) != -1) {
		switch (o) {
		case '1':
			p->first = true;
			break;
		case 'c':
			p->count = strtoull(optarg, NULL, 0);
			break;
		case 'i':
			p->interval = strtol(optarg, NULL, 0);
			break;
		case 'w':
			p->window = strtol(optarg, NULL, 0);
			break;
		case 's':
			p->size = strtol(optarg, NULL, 0);
			break;
		case 'Q':
			p->tos = strtol(optarg, NULL, 0);
			break;
		default:
			return usage();
		}
	}
	if (optind == argc || p->size < (long)sizeof(p->sent) || p->size > 65000 ||
	    p->window < 1 || (!p->count && optind + 1 == argc))
		return usage();
	if (open_socket(p, argv[optind])) {
		perror("pinger");
		return 2;
	}
	p->id = getpid();
	p->started = now_us();
	if (optind + 1 < argc)
		command = start(argv + optind + 1);
	run(p, command, &status);
	for (end = now_us() + DRAIN_US; outstanding(p) && !p->first && now_us() < end;)
		wait_for_replies(p, 10000);
	printf("sent=%llu received=%llu lost=%llu duplicate=%llu wrong=%llu ttl=%d tos=%d "
	       "first_us=%lld gap_us=%lld status=%d\n",
	       (unsigned long long)p->sent, (unsigned long long)p->received,
	       (unsigned long long)(p->sent - p->received), (unsigned long long)p->duplicate,
	       (unsigned long long)p->wrong, p->ttl, p->seen_tos,
	       (long long)(p->first_at ? p->first_at - p->started : -1), (long long)p->gap,
	       WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
	return 0;
}
