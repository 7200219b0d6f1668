// SPDX-License-Identifier: GPL-2.0-only
#include "listener.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the dead: nobody is behind it. A file of another kind isn't ours to judge. */
static int clear_away(const struct sockaddr_un *path, int type)
{
	struct stat st;
	int fd, err;

	if (lstat(path->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	err = connect(fd, (const struct sockaddr *)path, sizeof(*path)) ? -errno : 0;
	close(fd);
	if (err != -ECONNREFUSED)
		return -EADDRINUSE;
	return unlink(path->sun_path) ? -errno : 0;
}

int listener__open_at(const struct sockaddr_un *path, int type, gid_t group, mode_t mode, int *fd)
{
	mode_t before;
	int err;

	err = clear_away(path, type);
	if (err)
		return err;
	*fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	before = umask(0777);
	err = bind(*fd, (const struct sockaddr *)path, sizeof(*path)) ? -errno : 0;
	umask(before);
	if (err) {
		close_fd(fd);
		return err;
	}
	if ((group != (gid_t)-1 && chown(path->sun_path, -1, group)) ||
	    chmod(path->sun_path, mode) || listen(*fd, SOMAXCONN)) {
		err = -errno;
		listener__close_at(path, fd);
	}
	return err;
}

void listener__close_at(const struct sockaddr_un *path, int *fd)
{
	if (*fd >= 0)
		unlink(path->sun_path);
	close_fd(fd);
}

int listener__open_on(const struct sockaddr *address, socklen_t size, int *fd)
{
	int one = 1, err;

	*fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return -errno;
	setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (address->sa_family == AF_INET6)
		setsockopt(*fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
	if (!bind(*fd, address, size) && !listen(*fd, SOMAXCONN))
		return 0;
	err = -errno;
	close_fd(fd);
	return err;
}
