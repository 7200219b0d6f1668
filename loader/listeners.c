// SPDX-License-Identifier: GPL-2.0-only
#include "listeners.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/if_ether.h>

struct listeners {
	struct listener *list;
	size_t count;
};

static int add(struct listeners *all, int family, __u32 ifindex, unsigned long inode)
{
	struct listener *more = realloc(all->list, (all->count + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	all->list = more;
	more[all->count++] = (struct listener){
		.family = family, .ifindex = ifindex, .inode = inode,
	};
	return 0;
}

/* In the place of a port stands the protocol. */
static int add_raw(struct listeners *all, int family, const char *line)
{
	unsigned int protocol, want = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	unsigned long inode;

	if (sscanf(line, " %*u: %*[0-9A-F]:%x %*s %*s %*s %*s %*s %*u %*u %lu", &protocol,
		   &inode) != 2 || protocol != want)
		return 0;
	return add(all, family, 0, inode);
}

static int add_packet(struct listeners *all, const char *line)
{
	unsigned int protocol, ifindex;
	unsigned long inode;

	if (sscanf(line, "%*s %*u %*u %x %u %*u %*u %*u %lu", &protocol, &ifindex, &inode) != 3)
		return 0;
	/* Without a protocol it only sends; with ARP's, LLDP's, ... it misses nothing. */
	if (protocol != ETH_P_ALL && protocol != ETH_P_IP && protocol != ETH_P_IPV6)
		return 0;
	return add(all, AF_PACKET, ifindex, inode);
}

static int read_table(struct listeners *all, const char *path, int family)
{
	size_t room = 0;
	char *line = NULL;
	int err = 0;
	FILE *f;

	f = fopen(path, "re");
	if (!f)
		return errno == ENOENT ? 0 : -errno;	/* a kernel without that family */
	while (!err && getline(&line, &room, f) > 0)
		err = family == AF_PACKET ? add_packet(all, line) : add_raw(all, family, line);
	free(line);
	fclose(f);
	return err;
}

/* The sockets that a process holds get its name, unless they have one. */
static void name_those_of(struct listeners *all, const char *pid)
{
	char path[300], target[64];
	unsigned long inode;
	struct dirent *e;
	ssize_t n;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%.10s/fd", pid);
	dir = opendir(path);
	if (!dir)
		return;
	while ((e = readdir(dir))) {
		n = readlinkat(dirfd(dir), e->d_name, target, sizeof(target) - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		if (sscanf(target, "socket:[%lu]", &inode) != 1)
			continue;
		for (size_t i = 0; i < all->count; i++) {
			struct listener *l = &all->list[i];

			if (l->inode != inode || l->pid)
				continue;
			l->pid = atoi(pid);
			snprintf(path, sizeof(path), "/proc/%.10s/comm", pid);
			if (read_line(path, l->process, sizeof(l->process)))
				l->process[0] = 0;
			/* A process may call itself anything. */
			for (char *p = l->process; *p; p++)
				if (!isprint((unsigned char)*p))
					*p = '?';
		}
	}
	closedir(dir);
}

static void name_all(struct listeners *all)
{
	struct dirent *e;
	DIR *dir;

	dir = opendir("/proc");
	if (!dir)
		return;
	while ((e = readdir(dir)))
		if (isdigit((unsigned char)*e->d_name))
			name_those_of(all, e->d_name);
	closedir(dir);
}

int listeners__read(struct listener **list, size_t *count)
{
	struct listeners all = {};
	int err;

	err = read_table(&all, "/proc/self/net/raw", AF_INET) ?:
	      read_table(&all, "/proc/self/net/raw6", AF_INET6) ?:
	      read_table(&all, "/proc/self/net/packet", AF_PACKET);
	if (err) {
		free(all.list);
		all = (struct listeners){};
	} else if (all.count) {
		name_all(&all);
	}
	*list = all.list;
	*count = all.count;
	return err;
}
