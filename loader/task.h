/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A child of the daemon, for what may take long or concerns strangers: the loop goes on meanwhile,
 * and whatever goes wrong in it is over with it. It has what the daemon had in memory, and its few
 * rights, but none of its descriptors.
 */
#ifndef LOADER_TASK_H
#define LOADER_TASK_H

#include "loop.h"

#include <sys/types.h>

#define TASK_FD	3		/* where the child finds what it was given */

struct task {
	struct watch watch;
	struct loop *loop;
	pid_t pid;				/* 0: none runs */
	void (*ended)(struct task *t, int status);	/* as waitpid() has it */
	void *owner;
};

/*
 * Has a child call @body, which returns its exit status. Stdin and stdout are /dev/null, stderr is
 * the daemon's, and TASK_FD is @fd. -errno.
 */
int task__start(struct task *t, struct loop *l, int fd, int (*body)(void *data), void *data);

/* Asks it to end, and soon makes it; ended() is called when it has. */
void task__stop(struct task *t);

/* Ends one that has nothing to finish, now; ended() isn't called. */
void task__kill(struct task *t);

/* Asks it to end, for who ends too and won't hear of it. */
void task__abandon(struct task *t);

#endif
