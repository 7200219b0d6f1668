/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The daemon's control socket: who connects has a command run by a child of the daemon, with what
 * the daemon may do: root any, members of WIRE_GROUP those that only look. wire.h has what is said
 * there.
 */
#ifndef LOADER_CONTROL_H
#define LOADER_CONTROL_H

#include "loop.h"
#include "netns.h"
#include "wire.h"

struct control {
	struct watch watch;		/* of new connections */
	struct loop *loop;
	const struct scope *scope;
	struct sockaddr_un path;
	gid_t group;			/* -1: there is none */
	struct client *clients;
	size_t count;
};

#define CONTROL_INIT	{ .watch.fd = -1 }

/* Before privileges are dropped. Without it the daemon does all else: a failure is only noted. */
void control__open(struct control *c, struct loop *l, const struct scope *scope);
void control__close(struct control *c);

#endif
