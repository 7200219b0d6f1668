// SPDX-License-Identifier: GPL-2.0-only
#include "producer.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE		65536
#define LINE_LIMIT	(64 << 20)	/* bytes: what is longer is no line of ours */
#define PATIENCE_MS	3000		/* from SIGTERM to SIGKILL */

__attribute__((noreturn))
static void become(const struct command *command, int argc, char **argv, int out, int err,
		   pid_t parent)
{
	int null = open("/dev/null", O_RDONLY);
	enum status st;

	if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
	    dup2(err, STDERR_FILENO) < 0)
		_exit(FAILED);
	/* Theirs may lead elsewhere: see control.c. */
	stdout = fdopen(STDOUT_FILENO, "w");
	stderr = fdopen(STDERR_FILENO, "w");
	if (!stdout || !stderr)
		_exit(FAILED);
	setvbuf(stderr, NULL, _IONBF, 0);
	stdout_is_terminal = false;
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != parent)
		_exit(FAILED);
	optind = 0;			/* arguments begin anew */
	st = command->run(command, argc, argv);
	fflush(stdout);
	_exit(st);
}

enum status producer__start(struct producer *p, const struct command *command, int argc,
			    char **argv)
{
	int out[2] = { -1, -1 }, err[2] = { -1, -1 };
	pid_t parent = getpid();
	enum status st = DONE;

	*p = (struct producer)PRODUCER_INIT;
	fflush(stdout);
	if (pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC)) {
		st = report(FAILED, "a pipe can't be had: %s", why(errno));
		goto cleanup;
	}
	p->pid = fork();
	if (!p->pid)
		become(command, argc, argv, out[1], err[1], parent);
	if (p->pid < 0) {
		p->pid = 0;
		st = report(FAILED, "a process can't be had: %s", why(errno));
		goto cleanup;
	}
	p->out = out[0];
	p->err = err[0];
	out[0] = err[0] = -1;
	fcntl(p->out, F_SETFL, O_NONBLOCK);
	fcntl(p->err, F_SETFL, O_NONBLOCK);
cleanup:
	for (int i = 0; i < 2; i++) {
		close_fd(&out[i]);
		close_fd(&err[i]);
	}
	return st;
}

/* Reads into @to; at its end the descriptor is closed. -errno, 0: nothing now. */
static ssize_t take_piece(int *fd, char *to, size_t room)
{
	ssize_t n = *fd < 0 ? -EAGAIN : read(*fd, to, room);

	if (n < 0 && *fd >= 0)
		n = -errno;
	if (n == -EAGAIN || n == -EINTR)
		return 0;
	if (n <= 0)
		close_fd(fd);
	return n;
}

/* Keeps the last of what was said, from the beginning of a line. */
static void hear(struct producer *p)
{
	char piece[sizeof(p->said) / 2];
	size_t length = strlen(p->said);
	ssize_t n;

	while ((n = take_piece(&p->err, piece, sizeof(piece) - 1)) > 0) {
		if (length + n >= sizeof(p->said)) {
			memmove(p->said, p->said + n, length - n + 1);
			length -= n;
		}
		memcpy(p->said + length, piece, n);
		length += n;
		p->said[length] = 0;
	}
}

static void give_lines(struct producer *p, void (*take)(const char *line, void *data), void *data)
{
	char *at = p->text, *end;

	while ((end = memchr(at, '\n', p->text + p->size - at))) {
		*end = 0;
		take(at, data);
		at = end + 1;
	}
	p->size -= at - p->text;
	memmove(p->text, at, p->size);
}

int producer__read(struct producer *p, void (*take)(const char *line, void *data), void *data)
{
	ssize_t n;

	hear(p);
	for (;;) {
		if (p->room - p->size < PIECE) {
			char *text = realloc(p->text, p->room + 2 * PIECE);

			if (!text || p->room > LINE_LIMIT)
				return -ENOMEM;
			p->text = text;
			p->room += 2 * PIECE;
		}
		n = take_piece(&p->out, p->text + p->size, p->room - p->size);
		if (n <= 0)
			return n;
		p->size += n;
		give_lines(p, take, data);
	}
}

const char *producer__said(const struct producer *p)
{
	static char line[256];
	size_t length = strlen(p->said);
	const char *from;

	while (length && p->said[length - 1] == '\n')
		length--;
	if (!length)
		return NULL;
	from = memrchr(p->said, '\n', length);
	from = from ? from + 1 : p->said;
	if (!strncmp(from, "echogate: ", 10))
		from += 10;
	snprintf(line, sizeof(line), "%.*s", (int)(p->said + length - from), from);
	return line;
}

static int wait_for_end(pid_t pid)
{
	int status = 0;

	for (int ms = 0; waitpid(pid, &status, ms < PATIENCE_MS ? WNOHANG : 0) == 0; ms += 10) {
		if (ms + 10 >= PATIENCE_MS)
			kill(pid, SIGKILL);
		usleep(10000);
	}
	return status;
}

enum status producer__finish(struct producer *p)
{
	bool wanted = p->out >= 0;
	enum status st = DONE;
	int status;

	if (p->pid) {
		if (wanted)
			kill(p->pid, SIGTERM);
		status = wait_for_end(p->pid);
		hear(p);
		if (!wanted && WIFSIGNALED(status)) {
			st = report(FAILED, "the process that reads the counters ended early: %s",
				    strsignal(WTERMSIG(status)));
		} else if (!wanted && WEXITSTATUS(status)) {
			st = WEXITSTATUS(status);
			fputs(p->said, stderr);
		}
	}
	close_fd(&p->out);
	close_fd(&p->err);
	free(p->text);
	*p = (struct producer)PRODUCER_INIT;
	return st;
}
