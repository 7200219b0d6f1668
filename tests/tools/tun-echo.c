// SPDX-License-Identifier: GPL-2.0-only
/*
 * Plays the far side of a tun device: writes echo requests into it and counts the
 * replies that come out.
 *
 *	tun-echo IFACE SRC DST COUNT
 *
 * The device must exist (ip tuntap add). Prints "received N".
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <linux/if_tun.h>

#include "echo.h"

#define DATA	56
#define WAIT_MS	1000

/*
 * That somebody has opened it makes a tun device running, but the kernel takes up
 * to a second to let packets through (linkwatch), and drops them until then.
 */
static bool wait_until_running(const char *iface)
{
	struct ifreq req = {};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", iface);
	for (int i = 0; fd >= 0 && i < 500; i++) {
		if (!ioctl(fd, SIOCGIFFLAGS, &req) && req.ifr_flags & IFF_RUNNING) {
			usleep(100000);
			return true;
		}
		usleep(10000);
	}
	return false;
}

/* Other packets, of neighbour discovery say, may come in between. */
static bool answered(int fd, const struct echo_ends *e, uint16_t seq)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	uint8_t in[2048];
	ssize_t len;

	while (poll(&p, 1, WAIT_MS) > 0) {
		len = read(fd, in, sizeof(in));
		if (len > 0 && echo_is_reply(in, len, e, seq, DATA))
			return true;
	}
	return false;
}

int main(int argc, char **argv)
{
	struct ifreq req = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	struct echo_ends ends;
	int fd, received = 0;

	if (argc != 5 || !echo_ends(&ends, argv[2], argv[3])) {
		fprintf(stderr, "usage: tun-echo IFACE SRC DST COUNT\n");
		return 2;
	}
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", argv[1]);
	fd = open("/dev/net/tun", O_RDWR);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &req)) {
		perror("tun-echo");
		return 1;
	}
	if (!wait_until_running(argv[1])) {
		fprintf(stderr, "tun-echo: %s does not come up\n", argv[1]);
		return 1;
	}
	for (int i = 1; i <= atoi(argv[4]); i++) {
		uint8_t out[2048];
		size_t len = echo_request(out, &ends, i, DATA);

		if (write(fd, out, len) != (ssize_t)len) {
			perror("tun-echo: write");
			return 1;
		}
		received += answered(fd, &ends, i);
	}
	printf("received %d\n", received);
	return 0;
}
