// SPDX-License-Identifier: GPL-2.0-only
#include "notify.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int line = -1;

void notify__open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	size_t length = path ? strlen(path) : 0;

	if (!length || length >= sizeof(to.sun_path))
		return;
	memcpy(to.sun_path, path, length);
	if (*path == '@')
		to.sun_path[0] = 0;	/* an abstract name, which has no end but its length */
	line = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (line >= 0 && connect(line, (struct sockaddr *)&to,
				 offsetof(struct sockaddr_un, sun_path) + length))
		close_fd(&line);
}

void notify(const char *fmt, ...)
{
	char text[1024];
	va_list args;

	if (line < 0)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	send(line, text, strlen(text), MSG_NOSIGNAL);
}

__u64 notify__watchdog(void)
{
	const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (line < 0 || !usec || (pid && strtol(pid, NULL, 10) != getpid()))
		return 0;
	return strtoull(usec, NULL, 10) * 1000;
}
