// SPDX-License-Identifier: GPL-2.0-only
/*
 * A station that answers echo requests, if it wants to, when it wants to.
 *
 *	echoer [-d MICROSECONDS] [-n TIMES] [-a ADDRESS] IFACE
 *
 * Each reply is sent MICROSECONDS later (0), TIMES over (1); with ADDRESS only requests of its
 * family are answered, and replies come from there, whomever the request was for. Says
 * "ready", and answers until stdin ends. Then:
 *
 *	answered=20
 */
#include <netinet/in.h>

#include "station.h"

#define PENDING_MAX 1024

struct pending {
	int64_t due;
	size_t len, l3;
	uint8_t bytes[2048];
};

struct echoer {
	struct station station;
	int64_t delay;
	unsigned int times;
	int family; /* of `address`; 0: there is none */
	uint8_t address[16];
	struct pending *pending; /* in order of their due time: the delay is the same for all */
	unsigned int first, count;
	unsigned long answered;
};

static struct echoer self = { .times = 1 };

static bool is_request(const uint8_t *ip, size_t len)
{
	if (ip[0] >> 4 == 4)
		return ip[0] == 0x45 && ip[9] == IPPROTO_ICMP && len >= 28 && ip[20] == 8;
	return ip[6] == IPPROTO_ICMPV6 && len >= 48 && ip[40] == 128;
}

static void sum_again(uint8_t *ip, size_t len)
{
	size_t head = ip[0] >> 4 == 4 ? 20 : 40, size = len - head;
	uint32_t pseudo = head == 20 ? 0 : echo_pseudo(ip, size);

	echo_put16(ip + head + 2, 0);
	echo_put16(ip + head + 2, echo_fold(echo_sum(pseudo, ip + head, size)));
	if (head == 40)
		return;
	echo_put16(ip + 10, 0);
	echo_put16(ip + 10, echo_fold(echo_sum(0, ip, 20)));
}

/* Makes the reply of a request, in its place. */
static void turn(const struct echoer *e, struct pending *p)
{
	uint8_t *ip = p->bytes + p->l3, old[16];
	bool v4 = ip[0] >> 4 == 4;
	size_t size = v4 ? 4 : 16, at = v4 ? 12 : 8;

	memcpy(p->bytes, p->bytes + 6, 6);
	memcpy(p->bytes + 6, e->station.mac, 6);
	memcpy(old, ip + at + size, size);
	memcpy(ip + at + size, ip + at, size);
	memcpy(ip + at, e->family ? e->address : old, size);
	ip[v4 ? 20 : 40] = v4 ? 0 : 129;
	p->len = p->l3 + (v4 ? packet_get16(ip + 2) : 40 + packet_get16(ip + 4));
	sum_again(ip, p->len - p->l3);
}

static void take(struct echoer *e, int64_t now)
{
	static uint8_t in[65536];
	struct station_tags tags;
	size_t l3, len;

	while ((len = station_receive(&e->station, in, sizeof(in), &l3, &tags))) {
		struct pending *p = &e->pending[(e->first + e->count) % PENDING_MAX];
		int family = in[l3] >> 4 == 4 ? AF_INET : AF_INET6;

		if (!is_request(in + l3, len - l3) || len > sizeof(p->bytes) ||
		    (e->family && e->family != family) || e->count == PENDING_MAX)
			continue;
		p->due = now + e->delay;
		p->len = len;
		p->l3 = l3;
		memcpy(p->bytes, in, len);
		turn(e, p);
		e->count++;
	}
}

static void answer(struct echoer *e, int64_t now)
{
	for (; e->count && e->pending[e->first].due <= now; e->count--) {
		const struct pending *p = &e->pending[e->first];

		for (unsigned int n = 0; n < e->times; n++)
			if (send(e->station.fd, p->bytes, p->len, 0) != (ssize_t)p->len)
				perror("echoer: send");
		e->answered++;
		e->first = (e->first + 1) % PENDING_MAX;
	}
}

static void run(struct echoer *e)
{
	struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
				{ .fd = e->station.fd, .events = POLLIN } };
	int64_t now = station_now_us(), left;
	struct timespec t;
	char c;

	for (;;) {
		left = e->count ? e->pending[e->first].due - now : 1000000;
		left = left < 0 ? 0 : left;
		t = (struct timespec){ left / 1000000, left % 1000000 * 1000 };
		if (ppoll(fds, 2, &t, NULL) > 0 && fds[0].revents && read(STDIN_FILENO, &c, 1) <= 0)
			return;
		now = station_now_us();
		take(e, now);
		answer(e, now);
	}
}

int main(int argc, char **argv)
{
	struct echoer *e = &self;
	int o, err;

	while ((o = getopt(argc, argv, "d:n:a:")) != -1) {
		if (o == 'd') {
			e->delay = atol(optarg);
		} else if (o == 'n') {
			e->times = atoi(optarg);
		} else if (o == 'a') {
			e->family = strchr(optarg, ':') ? AF_INET6 : AF_INET;
			if (inet_pton(e->family, optarg, e->address) != 1)
				return 2;
		} else {
			return 2;
		}
	}
	if (argc - optind != 1) {
		fprintf(stderr, "usage: echoer [-d MICROSECONDS] [-n TIMES] [-a ADDRESS] IFACE\n");
		return 2;
	}
	e->pending = calloc(PENDING_MAX, sizeof(*e->pending));
	err = e->pending ? station_open(&e->station, argv[optind]) : -ENOMEM;
	if (err) {
		fprintf(stderr, "echoer: %s: %s\n", argv[optind], strerror(-err));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	run(e);
	printf("answered=%lu\n", e->answered);
	return 0;
}
