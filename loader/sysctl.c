// SPDX-License-Identifier: GPL-2.0-only
#include "sysctl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BASE	"/proc/sys/net/"

static int read_value(const char *path, char *buf, size_t size)
{
	char full[160];

	snprintf(full, sizeof(full), BASE "%s", path);
	return read_line(full, buf, size);
}

int sysctl__write(const char *path, const char *value)
{
	char full[160];
	int fd, err = 0;

	snprintf(full, sizeof(full), BASE "%s", path);
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (write(fd, value, strlen(value)) < 0)
		err = -errno;
	close(fd);
	return err;
}

long sysctl__number(const char *path, long otherwise)
{
	char text[64], *end;
	long v;

	if (read_value(path, text, sizeof(text)))
		return otherwise;
	v = strtol(text, &end, 10);
	return end == text ? otherwise : v;
}

bool sysctl__list_has(const char *path, unsigned long n)
{
	char text[4096], *p = text;

	if (read_value(path, text, sizeof(text)))
		return false;
	while (*p >= '0' && *p <= '9') {
		unsigned long first = strtoul(p, &p, 10), last = first;

		if (*p == '-')
			last = strtoul(p + 1, &p, 10);
		if (n >= first && n <= last)
			return true;
		p += *p == ',';
	}
	return false;
}
