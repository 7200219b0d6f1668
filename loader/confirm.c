// SPDX-License-Identifier: GPL-2.0-only
#include "confirm.h"
#include "attached.h"
#include "recover.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* How often a guard looks whether it is still needed, seconds. */
#define LOOK_EVERY	10

__u64 boottime(void)
{
	struct timespec t;

	clock_gettime(CLOCK_BOOTTIME, &t);
	return t.tv_sec + (t.tv_nsec > 0);
}

__u64 confirm__left(const struct eg_meta *meta)
{
	__u64 now = boottime();

	return meta->confirm_by > now ? meta->confirm_by - now : 0;
}

bool confirm__overdue(const struct eg_meta *meta)
{
	return meta->confirm_by && meta->confirm_by < boottime();
}

enum status confirm__refuse_pending(const struct instance *in, const char *name)
{
	if (in->abi != EG_ABI || !in->meta.confirm_by)
		return DONE;
	return report(FAILED, "%s: generation %llu waits for confirmation, %llu s are left; "
		      "'echogate confirm %s' keeps it, 'echogate rollback %s' drops it", name,
		      (unsigned long long)in->meta.generation,
		      (unsigned long long)confirm__left(&in->meta), name, name);
}

/* The guard -------------------------------------------------------------------- */

/* Whether some generation, also one that is still being swapped in, waits for this moment. */
static bool is_awaited(__u64 deadline)
{
	struct pin_dir *dirs;
	bool awaited = false;
	size_t count;

	if (pins__list(&dirs, &count))
		return true;	/* rather once too often */
	for (size_t i = 0; !awaited && i < count; i++) {
		struct instance in;

		if (instance__open(&in, &dirs[i]))
			awaited = true;
		else
			awaited = in.abi == EG_ABI && in.meta.confirm_by == deadline;
		instance__close(&in);
	}
	free(dirs);
	return awaited;
}

static void sleep_until(__u64 second)
{
	struct timespec t = { .tv_sec = second };

	while (clock_nanosleep(CLOCK_BOOTTIME, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static void leave_home(int line)
{
	static const int signals[] = { SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGTSTP };
	sigset_t none;
	int null;

	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_IGN);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	setsid();
	null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		dup2(null, fd);
	/* What the shell has open, down to the lock that it may hold, is not ours to keep. */
	if (line > 3)
		close_range(3, line - 1, 0);
	close_range(line + 1, ~0U, 0);
}

static void watch(int line, const char *netns)
{
	struct scope scope = SCOPE_INIT;
	__u64 deadline, now;
	int lock = -1;

	leave_home(line);
	/* The command is ready to swap; without this word it never got so far. */
	if (read(line, &deadline, sizeof(deadline)) != sizeof(deadline) ||
	    scope__open(&scope, netns) || chdir("/") ||
	    write(line, &deadline, sizeof(deadline)) != sizeof(deadline))
		_exit(FAILED);
	close_fd(&line);
	for (now = boottime(); now <= deadline; now = boottime()) {
		sleep_until(deadline - now > LOOK_EVERY ? now + LOOK_EVERY : deadline);
		/* Twice: between two looks at directories, these may change places, but once only. */
		if (!is_awaited(deadline) && !is_awaited(deadline))
			_exit(DONE);
	}
	if (!pins__lock(&lock))
		recover(&scope);
	pins__unlock(&lock);
	_exit(DONE);
}

enum status guard__start(struct guard *g, const char *netns)
{
	sigset_t all, before;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return report(FAILED, "a guard can't be started: %s", why(errno));
	/* A signal to the whole group must not find it before it has left that. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	g->pid = fork();
	if (!g->pid) {
		close(ends[0]);
		watch(ends[1], netns);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(ends[1]);
	g->line = ends[0];
	if (g->pid > 0)
		return DONE;
	close_fd(&g->line);
	return report(FAILED, "a guard can't be started: %s", why(errno));
}

enum status guard__arm(struct guard *g, __u64 deadline)
{
	__u64 echo = 0;

	if (send(g->line, &deadline, sizeof(deadline), MSG_NOSIGNAL) == sizeof(deadline) &&
	    read(g->line, &echo, sizeof(echo)) == sizeof(echo) && echo == deadline)
		return DONE;
	return report(FAILED, "the guard that would roll back has died; nothing is changed");
}

void guard__release(struct guard *g)
{
	close_fd(&g->line);
}

void guard__cancel(struct guard *g)
{
	if (g->line < 0)
		return;
	close_fd(&g->line);
	kill(g->pid, SIGKILL);
	waitpid(g->pid, NULL, 0);
}

/* The command -------------------------------------------------------------------- */

static enum status confirm_one(const struct scope *scope, struct instance *in, bool named,
			       size_t *done)
{
	unsigned long long generation = in->meta.generation;
	const char *name = in->ifname;
	int err;

	(void)scope;
	if (!in->meta.confirm_by)
		return named ? report(FAILED, "%s: nothing waits for confirmation; generation %llu "
				      "runs", name, generation) : DONE;
	in->meta.confirm_by = 0;
	err = instance__set_meta(in, &in->meta);
	if (err)
		return report(status_of(err), "%s: can't be confirmed: %s", name, why(err));
	printf("%s: generation %llu stays\n", name, generation);
	++*done;
	return DONE;
}

enum status cmd_confirm(const struct command *self, int argc, char **argv)
{
	return attached__each(self, argc, argv, confirm_one, "nothing waits for confirmation");
}
