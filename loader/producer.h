/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A command of our own run by a child, for what it prints: lines on its standard output for us, and
 * on standard error for people.
 */
#ifndef LOADER_PRODUCER_H
#define LOADER_PRODUCER_H

#include "command.h"

struct producer {
	pid_t pid;			/* 0: it has ended */
	int out, err;			/* to be waited for; -1: at its end */
	char *text;			/* of a line that isn't whole yet */
	size_t size, room;
	char said[2048];		/* on standard error: the last of it */
};

#define PRODUCER_INIT	{ .out = -1, .err = -1 }

/* It ends with us. @argv: the command first, NULL at the end. Reports. */
enum status producer__start(struct producer *p, const struct command *command, int argc,
			    char **argv);

/* Takes what there is. @take gets each line, without its end. -errno. */
int producer__read(struct producer *p, void (*take)(const char *line, void *data), void *data);

/* The last line on standard error, without our name; NULL: none. Good until the next read. */
const char *producer__said(const struct producer *p);

/*
 * Waits for it if it has ended by itself, else ends it. The status that it ended with; what it
 * said is printed if that isn't DONE. Reports.
 */
enum status producer__finish(struct producer *p);

#endif
