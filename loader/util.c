// SPDX-License-Identifier: GPL-2.0-only
#include "util.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>

int verbosity;
bool stdout_is_terminal;

static char last_warning[512];

void (*log_line)(enum level level, bool more, const char *line);

static void print_line(enum level level, const char *fmt, va_list args)
{
	char line[2048];

	vsnprintf(line, sizeof(line), fmt, args);
	if (log_line) {
		log_line(level, false, line);
	} else if (level == LEVEL_INFO) {
		puts(line);
	} else {
		fflush(stdout);
		fprintf(stderr, "echogate: %s\n", line);
	}
}

enum status report(enum status status, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(LEVEL_ERROR, fmt, args);
	va_end(args);
	return status;
}

void note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(LEVEL_NOTICE, fmt, args);
	va_end(args);
}

void tell(enum level level, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	print_line(level, fmt, args);
	va_end(args);
}

void tell_more(enum level level, const char *line)
{
	if (log_line)
		log_line(level, true, line);
	else
		fprintf(stderr, "%s\n", line);
}

enum status status_of(int err)
{
	if (!err)
		return DONE;
	err = abs(err);
	return err == EPERM || err == EACCES ? NOT_PERMITTED : FAILED;
}

const char *why(int err)
{
	return strerror(abs(err));
}

enum status parse_number(const char *what, const char *text, unsigned long min, unsigned long max,
			 unsigned long *value)
{
	unsigned long v;
	char *end;

	errno = 0;
	/* strtoul() would take "-1" and " 1"; a number here starts with a digit. */
	v = strtoul(text, &end, 10);
	if (*text < '0' || *text > '9' || *end)
		return report(USAGE, "%s: \"%s\" is not a number; expected %lu to %lu", what, text,
			      min, max);
	if (errno == ERANGE || v < min || v > max)
		return report(USAGE, "%s: %s is out of range; expected %lu to %lu", what, text, min,
			      max);
	*value = v;
	return DONE;
}

enum status check_ifname(const char *name)
{
	if (!*name)
		return report(USAGE, "an interface name is empty; 'ip link' lists the interfaces");
	if (strlen(name) >= IFNAMSIZ)
		return report(USAGE,
			      "interface name \"%s\" is too long; the kernel's have %d characters "
			      "at most",
			      name, IFNAMSIZ - 1);
	if (strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, ".."))
		return report(USAGE, "\"%s\" can't be an interface name; 'ip link' lists them",
			      name);
	return DONE;
}

int read_line(const char *path, char *buf, size_t size)
{
	ssize_t n;
	int fd;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, buf, size - 1);
	if (n < 0)
		n = -errno;
	close(fd);
	if (n < 0)
		return n;
	buf[n] = 0;
	buf[strcspn(buf, "\n")] = 0;
	return 0;
}

static __u64 clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * SECOND + t.tv_nsec;
}

__u64 monotonic_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

__u64 realtime_ns(void)
{
	return clock_ns(CLOCK_REALTIME);
}

__u64 boottime_ns(void)
{
	return clock_ns(CLOCK_BOOTTIME);
}

__u64 hash_bytes(__u64 hash, const void *data, size_t size)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ p[i]) * 0x100000001b3;
	return hash;
}

void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void in6__print(const struct in6_addr *addr, char text[INET6_ADDRSTRLEN])
{
	if (IN6_IS_ADDR_V4MAPPED(addr))
		inet_ntop(AF_INET, addr->s6_addr + 12, text, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, addr, text, INET6_ADDRSTRLEN);
}

void copy_text(char *to, const char *from, size_t size)
{
	size_t n = strnlen(from, size - 1);

	memmove(to, from, n);
	to[n] = 0;
}

bool capability__held(int cap)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2] = {};

	return syscall(SYS_capget, &head, caps) ||
	       caps[CAP_TO_INDEX(cap)].effective & CAP_TO_MASK(cap);
}

static void read_privileges(bool *bpf, bool *net)
{
	*bpf = capability__held(CAP_BPF) || capability__held(CAP_SYS_ADMIN);
	*net = capability__held(CAP_NET_ADMIN);
}

const char *missing_privileges(bool bpf, bool net)
{
	if (net)
		return "CAP_BPF is";
	return bpf ? "CAP_NET_ADMIN is" : "CAP_BPF and CAP_NET_ADMIN are";
}

bool is_privileged(void)
{
	bool bpf, net;

	read_privileges(&bpf, &net);
	return bpf && net;
}

enum status check_privileges(void)
{
	bool bpf, net;

	read_privileges(&bpf, &net);
	if (bpf && net) {
		__u32 id;

		if (bpf_prog_get_next_id(0, &id) && errno == ENOSYS)
			return report(FAILED,
				      "this kernel has no bpf(); one with CONFIG_BPF_SYSCALL "
				      "is needed");
		return DONE;
	}
	return report(NOT_PERMITTED, "not permitted: %s missing; run it as root",
		      missing_privileges(bpf, net));
}

static int collect(enum libbpf_print_level level, const char *fmt, va_list args)
{
	va_list copy;
	char *line;

	if (level == LIBBPF_WARN) {
		va_copy(copy, args);
		vsnprintf(last_warning, sizeof(last_warning), fmt, copy);
		va_end(copy);
		line = strstr(last_warning, "libbpf: ");
		if (line == last_warning)
			memmove(last_warning, line + 8, strlen(line + 8) + 1);
		last_warning[strcspn(last_warning, "\n")] = 0;
	}
	/* One level quieter than libbpf's own idea: see util.h. */
	if ((level == LIBBPF_DEBUG && verbosity > 1) || (level != LIBBPF_DEBUG && verbosity > 0))
		return vfprintf(stderr, fmt, args);
	return 0;
}

void libbpf_quieten(void)
{
	libbpf_set_print(collect);
}

const char *libbpf_last_warning(void)
{
	return last_warning;
}

void libbpf_forget_warning(void)
{
	last_warning[0] = 0;
}
