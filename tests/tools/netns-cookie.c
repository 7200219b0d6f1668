// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints the cookie of the network namespace it runs in: the name of the directory
 * in which echogate keeps that namespace's pins.
 */
#include <stdint.h>
#include <stdio.h>
#include <inttypes.h>
#include <sys/socket.h>

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE	71
#endif

int main(void)
{
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len)) {
		perror("netns-cookie");
		return 1;
	}
	printf("%" PRIu64 "\n", cookie);
	return 0;
}
