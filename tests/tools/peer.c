// SPDX-License-Identifier: GPL-2.0-only
/*
 * Talks to a socket as no honest client would.
 *
 *	peer say PATH
 *		sends stdin as one message of a SOCK_SEQPACKET; prints what comes back, a line each
 *	peer hold TARGET COUNT [TEXT]
 *		so many connections at once, each says TEXT and then nothing, nor does it read,
 *		until stdin ends. Then: made=N open=N, those that the other side hasn't closed by then
 *	peer flood TARGET SECONDS TEXT
 *		one after the other as fast as they come, each says TEXT and goes: made=N
 *	peer listen PATH
 *		is somebody who lives there, until stdin ends
 *
 * TARGET is a PATH, stream:PATH, or tcp:PORT on 127.0.0.1. Exit status: 0 done, 1 not connected.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SIZE	(1 << 18)

static int open_path(const char *path, int type, bool listens)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (fd < 0)
		return -1;
	if (listens ? !bind(fd, (struct sockaddr *)&a, sizeof(a)) && !listen(fd, 1) :
		      !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

static int open_target(const char *target)
{
	struct sockaddr_in a = { .sin_family = AF_INET };
	int fd;

	if (!strncmp(target, "stream:", 7))
		return open_path(target + 7, SOCK_STREAM, false);
	if (strncmp(target, "tcp:", 4))
		return open_path(target, SOCK_SEQPACKET, false);
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(atoi(target + 4));
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !connect(fd, (struct sockaddr *)&a, sizeof(a)))
		return fd;
	close(fd);
	return -1;
}

static void wait_for_end(void)
{
	char c;

	while (read(STDIN_FILENO, &c, 1) > 0)
		;
}

static int say(const char *path)
{
	static char text[SIZE];
	size_t size = fread(text, 1, sizeof(text), stdin);
	int fd = open_path(path, SOCK_SEQPACKET, false);
	ssize_t n;

	if (fd < 0) {
		perror(path);
		return 1;
	}
	if (send(fd, text, size, 0) < 0 && errno != EPIPE)
		perror("send");
	while ((n = recv(fd, text, sizeof(text), 0)) > 0 || (n < 0 && errno == ECONNRESET))
		if (n > 0)
			printf("%.*s\n", (int)n, text);
	return 0;
}

/* Reads all that is there; whether there may be more. */
static bool is_open(int fd)
{
	static char text[SIZE];
	ssize_t n;

	while ((n = recv(fd, text, sizeof(text), MSG_DONTWAIT)) > 0)
		;
	return n < 0 && errno == EAGAIN;
}

static int hold(const char *target, int count, const char *text)
{
	int *fds = calloc(count, sizeof(*fds)), made = 0, open = 0;

	for (int i = 0; i < count; i++) {
		fds[i] = open_target(target);
		made += fds[i] >= 0;
		if (fds[i] >= 0 && text)
			send(fds[i], text, strlen(text), 0);
	}
	printf("made=%d\n", made);
	fflush(stdout);
	wait_for_end();
	for (int i = 0; i < count; i++)
		open += fds[i] >= 0 && is_open(fds[i]);
	printf("open=%d\n", open);
	return made ? 0 : 1;
}

static int flood(const char *target, int seconds, const char *text)
{
	time_t end = time(NULL) + seconds;
	unsigned int made = 0;

	while (time(NULL) < end) {
		int fd = open_target(target);

		if (fd < 0)
			continue;
		made++;
		send(fd, text, strlen(text), 0);
		close(fd);
	}
	printf("made=%u\n", made);
	return made ? 0 : 1;
}

int main(int argc, char **argv)
{
	struct rlimit files = { 4096, 4096 };

	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_NOFILE, &files);
	if (argc == 3 && !strcmp(argv[1], "say"))
		return say(argv[2]);
	if (argc >= 4 && !strcmp(argv[1], "hold"))
		return hold(argv[2], atoi(argv[3]), argv[4]);
	if (argc == 5 && !strcmp(argv[1], "flood"))
		return flood(argv[2], atoi(argv[3]), argv[4]);
	if (argc == 3 && !strcmp(argv[1], "listen")) {
		if (open_path(argv[2], SOCK_SEQPACKET, true) < 0) {
			perror(argv[2]);
			return 1;
		}
		puts("there");
		fflush(stdout);
		wait_for_end();
		return 0;
	}
	fprintf(stderr, "usage: peer say|hold|flood|listen ...\n");
	return 2;
}
