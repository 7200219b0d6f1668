/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Network namespaces, and the mount namespace that holds the pins. The process
 * has one thread, so entering a namespace is a plain setns().
 */
#ifndef LOADER_NETNS_H
#define LOADER_NETNS_H

#include "util.h"
#include "echogate/abi.h"

/* The namespace a command works in. */
struct scope {
	int home;			/* the caller's own */
	int target;			/* --netns, else the same namespace as home */
	__u64 home_cookie;
	__u64 cookie;			/* of the target */
	char name[EG_META_PATH];	/* as to be recorded: "" without --netns */
	bool confined;			/* nothing of others is to be shown or touched */
};

#define SCOPE_INIT	{ .home = -1, .target = -1 }

/*
 * Opens both namespaces, finds the mount namespace with the pins and enters
 * the target. @netns: name under /run/netns, path, pid, or NULL. Reports.
 *
 * Relative paths may mean something else afterwards: read files before.
 */
enum status scope__open(struct scope *s, const char *netns);
void scope__close(struct scope *s);

/* Back to the target after visits elsewhere. */
void scope__enter(const struct scope *s);

/*
 * From now on scope__open() gives the namespace of @s, in which the process is, and no other; @home
 * is the cookie of the namespace that is the caller's own.
 */
void scope__confine(const struct scope *s, __u64 home);

/* Cookie of the namespace the process is in; 0 if the kernel won't tell. */
__u64 netns__cookie(void);

/* Of a socket's; that of one that was accepted is the other end's. */
__u64 netns__cookie_of(int socket);

/*
 * Finds a living namespace by its cookie, trying @hint (a recorded --netns)
 * first, and enters it. Leaves its name, if it has one, in @name (which may be
 * the hint). -ENOENT: nobody that can be asked knows it.
 */
int netns__enter(const struct scope *s, __u64 cookie, const char *hint, char *name, size_t size);

#endif
