/* SPDX-License-Identifier: GPL-2.0-only */
/* A socket that waits for connections, and nobody else's. */
#ifndef LOADER_LISTENER_H
#define LOADER_LISTENER_H

#include "util.h"

#include <sys/socket.h>
#include <sys/un.h>

/*
 * At @path, which has its group (-1: as it is) and mode before anybody can connect. What a dead
 * process left there is replaced; where a living one listens, -EADDRINUSE. *fd doesn't block.
 * -errno.
 */
int listener__open_at(const struct sockaddr_un *path, int type, gid_t group, mode_t mode, int *fd);

/* Removes what it made there. */
void listener__close_at(const struct sockaddr_un *path, int *fd);

/* On an address. -errno. */
int listener__open_on(const struct sockaddr *address, socklen_t size, int *fd);

#endif
