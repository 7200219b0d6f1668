// SPDX-License-Identifier: GPL-2.0-only
#include "own.h"
#include "probe.h"
#include "rtnl.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/rtnetlink.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>

#define SECRET	 16	      /* bytes */
#define PATIENCE   1500000000ULL /* ns, for the secret to come: a neighbour is asked twice */
#define CANDIDATES 64		 /* namespaces that have the address; the first ones */

/* In the namespace the process is in. */
static bool ends_here(const union address *a)
{
	struct routing r;
	struct rtnl rt;
	int err;

	if (rtnl__open(&rt))
		return false;
	err = rtnl__route(&rt, a->sa.sa_family, address__bytes(a), NULL, 0, &r);
	rtnl__close(&rt);
	return !err && r.type == RTN_LOCAL;
}

/* What parent and child say to each other. */
struct message {
	__u16 port; /* where the secret is waited for; 0: it has come */
	char where[300];
};

struct search {
	const union address *address;
	__u8 secret[SECRET];
	int parent;
	/* Namespaces that have been asked already: most processes live in the same few. */
	ino_t *visited;
	size_t count;
	/* Those that have the address: a socket in each. */
	struct pollfd waiting[CANDIDATES];
	char where[CANDIDATES][300];
	size_t candidates;
};

/* The child: goes through the namespaces ------------------------------------------------ */

static bool is_new(struct search *s, ino_t inode)
{
	ino_t *list;

	for (size_t i = 0; i < s->count; i++)
		if (s->visited[i] == inode)
			return false;
	list = reallocarray(s->visited, s->count + 1, sizeof(*list));
	if (!list)
		return false;
	s->visited = list;
	list[s->count++] = inode;
	return true;
}

/* Waits for the secret in this namespace, and has the parent send it here. */
static void wait_here(struct search *s, const char *where)
{
	union address here = *s->address;
	socklen_t size = sizeof(here);
	struct message m = {};
	int fd;

	if (s->candidates == CANDIDATES)
		return;
	fd = socket(here.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && !bind(fd, &here.sa, address__size(&here)) &&
	    !getsockname(fd, &here.sa, &size)) {
		m.port = address__port(&here);
		copy_text(s->where[s->candidates], where, sizeof(*s->where));
		s->waiting[s->candidates++] = (struct pollfd){ .fd = fd, .events = POLLIN };
		send(s->parent, &m, sizeof(m), 0);
	} else {
		close_fd(&fd);
	}
}

static void try_namespace(struct search *s, const char *path, const char *where)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && is_new(s, st.st_ino) && !setns(fd, CLONE_NEWNET) &&
	    ends_here(s->address))
		wait_here(s, where);
	close_fd(&fd);
}

/* Those of a directory; the forms have "%s" for a name in it. */
static void try_all(struct search *s, const char *directory, const char *path_form,
		    const char *where_form)
{
	DIR *dir = opendir(directory);
	char path[512], where[300];
	struct dirent *e;

	while (dir && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), path_form, e->d_name);
		snprintf(where, sizeof(where), where_form, e->d_name);
		try_namespace(s, path, where);
	}
	if (dir)
		closedir(dir);
}

static bool has_come(const struct search *s, int fd)
{
	__u8 got[SECRET + 1];

	return recv(fd, got, sizeof(got), MSG_DONTWAIT) == SECRET &&
	       !memcmp(got, s->secret, SECRET);
}

/* Tells the parent where it has come to. */
static void wait_for_secret(struct search *s)
{
	__u64 until = monotonic_ns() + PATIENCE, now;
	struct message m = {};

	while (s->candidates && (now = monotonic_ns()) < until) {
		poll(s->waiting, s->candidates, (until - now) / 1000000 + 1);
		for (size_t i = 0; i < s->candidates; i++) {
			if (!s->waiting[i].revents || !has_come(s, s->waiting[i].fd))
				continue;
			copy_text(m.where, s->where[i], sizeof(m.where));
			send(s->parent, &m, sizeof(m), 0);
			return;
		}
	}
}

/* It doesn't come back from where it goes. */
__attribute__((noreturn)) static void go_through(struct search *s)
{
	struct stat st;

	if (!stat("/proc/self/ns/net", &st))
		is_new(s, st.st_ino);
	if (ends_here(s->address))
		wait_here(s, "this namespace");
	try_all(s, "/run/netns", "/run/netns/%s", "namespace %s");
	try_all(s, "/proc", "/proc/%s/ns/net", "the namespace of process %s");
	wait_for_secret(s);
	_exit(0);
}

/* The parent: stays where it is, and sends the secret ------------------------------------- */

static void send_secret(const struct search *s, const struct probe_options *o, __u16 port)
{
	union address to = *s->address, from = o->from;
	int fd;

	address__set_port(&to, port);
	fd = socket(to.sa.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return;
	if ((!o->interface ||
	     !setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, o->interface, strlen(o->interface))) &&
	    (from.sa.sa_family == AF_UNSPEC || !bind(fd, &from.sa, address__size(&from))))
		sendto(fd, s->secret, SECRET, 0, &to.sa, address__size(&to));
	close(fd);
}

bool own__address(const union address *a, const struct probe_options *o, char *where, size_t size)
{
	static struct search s;
	struct message m;
	bool came = false;
	int ends[2];
	pid_t pid;

	/* Through an interface even 127.0.0.1 leaves. */
	if (!o->interface && (address__is_loopback(a) || ends_here(a))) {
		copy_text(where, "this namespace", size);
		return true;
	}
	s = (struct search){ .address = a };
	if (getrandom(s.secret, sizeof(s.secret), 0) != sizeof(s.secret) ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
		return false;
	s.parent = ends[1];
	pid = fork();
	if (!pid)
		go_through(&s);
	close(ends[1]);
	while (pid > 0 && !came && recv(ends[0], &m, sizeof(m), 0) == sizeof(m)) {
		if (m.port) {
			send_secret(&s, o, m.port);
		} else {
			copy_text(where, m.where, size);
			came = true;
		}
	}
	close(ends[0]);
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return came;
}
