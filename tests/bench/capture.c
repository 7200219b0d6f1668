// SPDX-License-Identifier: GPL-2.0-only
/*
 * A million packets a second, all of them captured: `echogate capture` beside the sender, on
 * whatever CPU it gets. Each packet must be accounted for: captured, or counted as lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "state.h"

#define RATE	1000000ULL
#define SUMMARY "%llu packets captured, %llu seen, %llu lost"

/* The process, and what it says. */
struct reader {
	pid_t pid;
	FILE *said;
};

static int start(struct reader *r, const struct station *s)
{
	cpu_set_t all;
	int pipes[2];

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	fflush(NULL);
	r->pid = fork();
	if (r->pid < 0)
		return -errno;
	if (!r->pid) {
		memset(&all, 0xff, sizeof(all));
		sched_setaffinity(0, sizeof(all), &all);
		dup2(pipes[1], STDERR_FILENO);
		if (setns(s->netns, CLONE_NEWNET))
			_exit(126);
		execl(b.echogate, b.echogate, "capture", STATION_DEVICE, "--direction", "in", "-w",
		      "/dev/null", NULL);
		_exit(127);
	}
	close(pipes[1]);
	r->said = fdopen(pipes[0], "r");
	return r->said ? 0 : -errno;
}

/* Its first line comes when it is ready, its last with the sums. */
static int end(struct reader *r, struct captured *c)
{
	char line[256] = "";
	const char *sums;
	int err = -EPROTO;

	kill(r->pid, SIGINT);
	while (fgets(line, sizeof(line), r->said)) {
		sums = strchr(line, ' ');
		if (sums && sscanf(sums + 1, SUMMARY, &c->captured, &c->seen, &c->lost) == 3)
			err = 0;
	}
	return err;
}

/* Sends them, and waits until the target has what it will get. */
static int send_all(struct captured *c)
{
	struct station *s = &b.stations[NATIVE];
	__u64 before, after, last = 0, waited = now() + 2 * NS;
	int err;

	err = station__received(s, &before);
	if (!err)
		err = send_paced(&groups[ECHO4_64], NATIVE, c->sent, RATE, &c->ns);
	do {
		usleep(50000);
		last = c->came;
		if (!err)
			err = station__received(s, &after);
		c->came = err ? 0 : after - before;
	} while (!err && c->came < c->sent && c->came != last && now() < waited);
	return err;
}

int measure_capture(void)
{
	struct captured *c = &b.captured;
	struct reader r = { .pid = -1 };
	char line[256];
	int err;

	if (!takes_part(&groups[ECHO4_64], NATIVE) || stop)
		return 0;
	err = start(&r, &b.stations[NATIVE]);
	if (!err && !fgets(line, sizeof(line), r.said))
		err = -EPROTO;
	c->sent = b.quick ? RATE : 3 * RATE;
	if (!err)
		err = send_all(c);
	if (r.said)
		err = end(&r, c) ?: err;
	if (r.said)
		fclose(r.said);
	if (r.pid > 0)
		waitpid(r.pid, NULL, 0);
	if (err) {
		note("capturing: %s", strerror(-err));
		return err;
	}
	c->measured = true;
	if (c->seen != c->came || c->captured + c->lost != c->seen) {
		note("capturing: of %llu packets %llu were seen, %llu captured, %llu lost",
		     (unsigned long long)c->came, c->seen, c->captured, c->lost);
		b.wrong++;
	}
	return 0;
}
