// SPDX-License-Identifier: GPL-2.0-only
#include "charge.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define DIRECTORY	"/run/echogate"

/*
 * The namespace this process is in charge of, by its cookie, or a child's parent; 0: none. The
 * file isn't asked again: to a process its own locks don't show, and with any descriptor
 * of it that is closed they go.
 */
static __u64 ours;
static pid_t in_charge;

static void name(char *path, size_t size, __u64 cookie)
{
	snprintf(path, size, DIRECTORY "/%llu.lock", (unsigned long long)cookie);
}

static int holder(int fd)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

	return fcntl(fd, F_GETLK, &l) || l.l_type == F_UNLCK ? 0 : l.l_pid;
}

enum status charge__take(struct charge *c, __u64 cookie)
{
	struct flock l = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	struct stat held, there;

	name(c->path, sizeof(c->path), cookie);
	for (;;) {
		if (mkdir(DIRECTORY, 0755) && errno != EEXIST)
			return report(status_of(errno), DIRECTORY ": %s", why(errno));
		c->lock = open(c->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
		if (c->lock < 0) {
			if (errno == ENOENT)
				continue;	/* another's end took the directory away */
			return report(status_of(errno), "%s: %s", c->path, why(errno));
		}
		if (fcntl(c->lock, F_SETLK, &l)) {
			int err = errno, pid = holder(c->lock);

			close_fd(&c->lock);
			if (err != EAGAIN && err != EACCES)
				return report(FAILED, "%s: %s", c->path, why(err));
			return report(FAILED, "a daemon is in charge of this network namespace "
				      "already, process %d; stop that first", pid);
		}
		/* Its last holder may just have removed it. */
		if (!fstat(c->lock, &held) && !stat(c->path, &there) &&
		    held.st_ino == there.st_ino) {
			ours = cookie;
			in_charge = getpid();
			return DONE;
		}
		close_fd(&c->lock);
	}
}

void charge__release(struct charge *c)
{
	if (c->lock < 0)
		return;
	ours = 0;
	unlink(c->path);
	rmdir(DIRECTORY);		/* refused while others are in charge of others */
	close_fd(&c->lock);
}

int charge__holder(__u64 cookie)
{
	char path[64];
	int fd, pid;

	if (cookie == ours)
		return in_charge;
	name(path, sizeof(path), cookie);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return 0;
	pid = holder(fd);
	close_fd(&fd);
	return pid;
}
