// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stands in for the service manager: prints each datagram that comes to a Unix socket, a line each.
 *
 *	listen PATH
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int main(int argc, char **argv)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	char text[4096];
	ssize_t n;
	int fd;

	if (argc != 2 || strlen(argv[1]) >= sizeof(at.sun_path)) {
		fprintf(stderr, "usage: listen PATH\n");
		return 2;
	}
	strcpy(at.sun_path, argv[1]);
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&at, sizeof(at))) {
		perror(argv[1]);
		return 1;
	}
	while ((n = recv(fd, text, sizeof(text) - 1, 0)) >= 0) {
		text[n] = 0;
		for (char *p = text; *p; p++)
			if (*p == '\n')
				*p = ' ';
		puts(text);
		fflush(stdout);
	}
	return 1;
}
