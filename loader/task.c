// SPDX-License-Identifier: GPL-2.0-only
#include "task.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define NICE		5		/* the maps come first */
#define GRACE_NS	(2 * SECOND)	/* from SIGTERM to SIGKILL */

/* What the daemon was set up for doesn't hold here. */
static void leave_daemon(int fd, pid_t parent)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		_exit(FAILED);
	if (fd != TASK_FD && dup2(fd, TASK_FD) < 0)
		_exit(FAILED);
	/* Among them may be the lock of the pins, which would outlive the daemon's hold on it. */
	close_range(TASK_FD + 1, ~0U, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setpriority(PRIO_PROCESS, 0, NICE);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(FAILED);
}

static void look(struct watch *w)
{
	struct task *t = w->owner;
	int status;

	if (!w->events)
		kill(t->pid, SIGKILL);
	if (waitpid(t->pid, &status, WNOHANG) != t->pid)
		return;
	loop__remove(t->loop, w);
	close_fd(&w->fd);
	t->pid = 0;
	t->ended(t, status);
}

static void end_at_once(struct task *t)
{
	close_fd(&t->watch.fd);
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0);
	t->pid = 0;
}

int task__start(struct task *t, struct loop *l, int fd, int (*body)(void *data), void *data)
{
	pid_t parent = getpid();
	int err;

	t->pid = fork();
	if (t->pid < 0) {
		t->pid = 0;
		return -errno;
	}
	if (!t->pid) {
		leave_daemon(fd, parent);
		_exit(body(data));
	}
	t->loop = l;
	t->watch = (struct watch){ .fd = pidfd_open(t->pid, 0), .call = look, .owner = t };
	err = t->watch.fd < 0 ? -errno : loop__add(l, &t->watch, EPOLLIN);
	if (err)
		end_at_once(t);
	return err;
}

void task__stop(struct task *t)
{
	if (!t->pid)
		return;
	kill(t->pid, SIGTERM);
	t->watch.due = monotonic_ns() + GRACE_NS;
}

void task__kill(struct task *t)
{
	if (!t->pid)
		return;
	loop__remove(t->loop, &t->watch);
	end_at_once(t);
}

void task__abandon(struct task *t)
{
	if (!t->pid)
		return;
	kill(t->pid, SIGTERM);
	loop__remove(t->loop, &t->watch);
	close_fd(&t->watch.fd);
	t->pid = 0;
}
