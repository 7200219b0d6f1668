// SPDX-License-Identifier: GPL-2.0-only
#include "ask.h"
#include "wire.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECT_SECONDS	5

static int connect_to(const struct sockaddr_un *daemon)
{
	struct timeval limit = { .tv_sec = CONNECT_SECONDS };
	int fd, err;

	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (!connect(fd, (const struct sockaddr *)daemon, sizeof(*daemon)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

static enum status print_answers(int fd)
{
	static char text[WIRE_MAX];
	struct answer a;
	ssize_t size;

	for (;;) {
		size = recv(fd, text, sizeof(text), 0);
		/* Turned away before all we said was read: what it said to that comes next. */
		if (size < 0 && (errno == EINTR || errno == ECONNRESET))
			continue;
		if (size < 0)
			return report(FAILED, "the daemon's answer: %s", why(errno));
		if (!size)
			return report(FAILED, "the daemon broke off; see its log, or try again");
		if (!answer__decode(text, size, &a))
			return report(FAILED, "the daemon's answer isn't understood; is it of "
				      "another version?");
		if (a.ends)
			return a.status;
		if (a.error)
			fflush(stdout);
		fwrite(a.data, 1, a.size, a.error ? stderr : stdout);
		answer__free(&a);
		if (fflush(stdout))
			return DONE;	/* nobody reads any more: main() says so */
	}
}

bool ask__instead(const struct command *self, int argc, char **argv, const char *netns,
		  enum status *st)
{
	struct request r = { .argc = argc, .argv = argv, .terminal = stdout_is_terminal };
	struct sockaddr_un daemon;
	int fd, err;

	if (is_privileged() || wire__address(&daemon, netns))
		return false;
	fd = connect_to(&daemon);
	if (fd == -EACCES && self->access == ACCESS_READ) {
		*st = report(NOT_PERMITTED, "not permitted: the daemon's socket %s is for root and "
			     "the group " WIRE_GROUP "; run it as root, or as a member",
			     daemon.sun_path);
		return true;
	}
	/* Without a daemon it is as it always was. */
	if (fd < 0)
		return false;
	argv[0] = (char *)self->name;
	r.directory = getcwd(NULL, 0);
	err = request__send(fd, &r);
	free(r.directory);
	/* Who turns us away doesn't wait for what we say, but tells why. */
	if (err && err != -EPIPE)
		*st = report(FAILED, "the daemon can't be asked: %s", why(err));
	else
		*st = print_answers(fd);
	close(fd);
	return true;
}
