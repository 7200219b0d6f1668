// SPDX-License-Identifier: GPL-2.0-only
#include "netns.h"
#include "pins.h"
#include "wire.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define RUN_NETNS	"/run/netns"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE	71
#endif

static struct scope confinement;

__u64 netns__cookie_of(int socket)
{
	__u64 cookie = 0;
	socklen_t len = sizeof(cookie);

	return getsockopt(socket, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &len) ? 0 : cookie;
}

__u64 netns__cookie(void)
{
	__u64 cookie;
	int fd;

	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	cookie = netns__cookie_of(fd);
	close(fd);
	return cookie;
}

static bool all_digits(const char *s)
{
	if (!*s)
		return false;
	while (isdigit((unsigned char)*s))
		s++;
	return !*s;
}

/* Enters what @path names if it is the namespace sought. */
static int enter_if(const char *path, __u64 cookie)
{
	int fd, err;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	err = setns(fd, CLONE_NEWNET) ? -errno : 0;
	close(fd);
	if (!err && netns__cookie() != cookie)
		err = -ENOENT;
	return err;
}

/* A namespace's file, from what --netns takes. Reports. */
static enum status path_of(const char *netns, char *path, size_t size)
{
	unsigned long pid;
	enum status st;

	if (!*netns)
		return report(USAGE, "--netns: the name is empty; 'ip netns' lists them");
	if (strchr(netns, '/')) {
		snprintf(path, size, "%s", netns);
		return DONE;
	}
	snprintf(path, size, RUN_NETNS "/%s", netns);
	if (access(path, F_OK) && all_digits(netns)) {
		st = parse_number("--netns", netns, 1, INT_MAX, &pid);
		if (st)
			return st;
		snprintf(path, size, "/proc/%lu/ns/net", pid);
	}
	return DONE;
}

static enum status open_target(struct scope *s, const char *netns)
{
	char path[PATH_MAX], full[PATH_MAX];
	enum status st;

	st = path_of(netns, path, sizeof(path));
	if (st)
		return st;
	s->target = open(path, O_RDONLY | O_CLOEXEC);
	if (s->target < 0) {
		if (errno == ENOENT || errno == ENOTDIR)
			return report(FAILED,
				      "no network namespace \"%s\": %s doesn't exist; 'ip netns' "
				      "lists them",
				      netns, path);
		return report(status_of(errno), "network namespace \"%s\": %s: %s", netns, path,
			      why(errno));
	}
	/* A path is recorded so that it can be found from anywhere later. */
	if (!strchr(netns, '/') || !realpath(netns, full))
		copy_text(full, netns, sizeof(full));
	copy_text(s->name, full, sizeof(s->name));
	return DONE;
}

static void enter_or_die(int fd, __u64 cookie)
{
	__u64 now = netns__cookie();

	if (now == cookie || !setns(fd, CLONE_NEWNET))
		return;
	/* The daemon gives up the right to enter: it never leaves. */
	if (!now && errno == EPERM)
		return;
	/* It worked before with this very descriptor. */
	exit(report(status_of(errno), "network namespace lost: %s; try again", why(errno)));
}

void scope__confine(const struct scope *s, __u64 home)
{
	confinement = *s;
	confinement.home = confinement.target = -1;
	confinement.home_cookie = home;
	confinement.confined = true;
}

/* No file is opened, the name may be a stranger's: what leads to the same socket is the same. */
static enum status open_confined(struct scope *s, const char *netns)
{
	struct sockaddr_un own, other;

	if (netns && (wire__address(&own, confinement.name) || wire__address(&other, netns) ||
		      strcmp(own.sun_path, other.sun_path)))
		return report(FAILED, "--netns: \"%s\" isn't the namespace that this daemon is in "
			      "charge of; its socket is another", netns);
	*s = confinement;
	return DONE;
}

/* Of where we are; pins are told apart by it. Reports. */
static enum status find_cookie(__u64 *cookie)
{
	*cookie = netns__cookie();
	if (*cookie)
		return DONE;
	if (errno == ENOPROTOOPT)
		return report(FAILED, "this kernel gives network namespaces no cookie; "
				      "Linux 5.14 or later is needed");
	return report(status_of(errno), "the network namespace's cookie can't be read: %s",
		      why(errno));
}

enum status scope__open(struct scope *s, const char *netns)
{
	enum status st;

	*s = (struct scope)SCOPE_INIT;
	if (confinement.confined)
		return open_confined(s, netns);
	s->home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (s->home < 0)
		return report(status_of(errno),
			      "own network namespace: /proc/self/ns/net: %s; is /proc mounted?",
			      why(errno));
	st = find_cookie(&s->home_cookie);
	if (st)
		return st;
	if (netns) {
		st = open_target(s, netns);
		if (st)
			return st;
	} else {
		s->target = fcntl(s->home, F_DUPFD_CLOEXEC, 0);
		if (s->target < 0)
			return report(FAILED, "own network namespace: %s", why(errno));
	}
	pins__enter_mounts();
	/* Where we are already, nobody needs to be permitted to go. */
	if (netns && setns(s->target, CLONE_NEWNET)) {
		if (errno == EINVAL)
			return report(FAILED,
				      "\"%s\" is no network namespace; --netns takes a name "
				      "under " RUN_NETNS ", a path, or a pid",
				      netns);
		return report(status_of(errno),
			      "network namespace \"%s\" can't be entered: %s%s", netns,
			      why(errno), errno == EPERM ? "; CAP_SYS_ADMIN is needed" : "");
	}
	return find_cookie(&s->cookie);
}

void scope__close(struct scope *s)
{
	close_fd(&s->target);
	close_fd(&s->home);
}

void scope__enter(const struct scope *s)
{
	enter_or_die(s->target, s->cookie);
}

/* Any process that lives in the namespace will do. */
static int enter_by_process(__u64 cookie)
{
	struct dirent *e;
	char path[64];
	int err = -ENOENT;
	DIR *dir;

	dir = opendir("/proc");
	if (!dir)
		return -errno;
	while (err && (e = readdir(dir))) {
		if (!all_digits(e->d_name) || strlen(e->d_name) > 10)
			continue;
		snprintf(path, sizeof(path), "/proc/%.10s/ns/net", e->d_name);
		if (!enter_if(path, cookie))
			err = 0;
	}
	closedir(dir);
	return err;
}

static int enter_by_name(__u64 cookie, char *name, size_t size)
{
	char path[sizeof(RUN_NETNS) + 1 + NAME_MAX];
	struct dirent *e;
	int err = -ENOENT;
	DIR *dir;

	dir = opendir(RUN_NETNS);
	if (!dir)
		return -errno;
	while (err && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), RUN_NETNS "/%s", e->d_name);
		if (enter_if(path, cookie))
			continue;
		copy_text(name, e->d_name, size);
		err = 0;
	}
	closedir(dir);
	return err;
}

int netns__enter(const struct scope *s, __u64 cookie, const char *hint, char *name, size_t size)
{
	char path[PATH_MAX] = "";
	int err;

	if (cookie == s->cookie || (cookie == s->home_cookie && !s->confined)) {
		enter_or_die(cookie == s->cookie ? s->target : s->home, cookie);
		copy_text(name, cookie == s->cookie && *s->name ? s->name : hint, size);
		return 0;
	}
	if (strchr(hint, '/'))
		copy_text(path, hint, sizeof(path));
	else if (*hint)
		snprintf(path, sizeof(path), RUN_NETNS "/%s", hint);
	if (*path && !enter_if(path, cookie)) {
		copy_text(name, hint, size);
		return 0;
	}
	err = enter_by_name(cookie, name, size);
	if (err) {
		copy_text(name, hint, size);
		err = enter_by_process(cookie);
	}
	if (err)
		scope__enter(s);
	return err ? -ENOENT : 0;
}
