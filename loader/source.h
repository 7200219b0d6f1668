/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A text file in memory and what is to be said about it: messages are collected
 * in any order and printed in that of the text, each with its line and a caret.
 */
#ifndef LOADER_SOURCE_H
#define LOADER_SOURCE_H

#include <stdarg.h>

#include "ruleset.h"

#define SOURCE_MAX	(64UL << 20)	/* bytes */
#define MESSAGES_MAX	100		/* of errors, and as many of warnings; more are only counted */

enum severity { ERROR, WARNING, SEVERITY_COUNT };

struct message {
	struct place place;
	char *text;
};

struct messages {
	struct message list[MESSAGES_MAX];	/* by place; the first ones of the text */
	size_t count;				/* of the list */
	size_t total;
};

struct source {
	char *path;			/* as messages show it */
	char *text;			/* two NULs behind it, for flex */
	size_t size;
	char *memory;			/* the same with a byte order mark */
	__u64 device, inode;		/* 0: there is no file */
	struct messages messages[SEVERITY_COUNT];
};

/* `what` names the file in errors: "configuration file". Frees by itself on failure. Reports. */
enum status source__read(struct source *s, const char *path, const char *what);

/* Of a copy of `text`. Reports. */
enum status source__copy(struct source *s, const char *path, const char *text, size_t size);
void source__free(struct source *s);

/* Notes a message; when memory runs out, it is only counted. */
__attribute__((format(printf, 4, 5)))
void source__say(struct source *s, enum severity severity, struct place at, const char *fmt, ...);
__attribute__((format(printf, 4, 0)))
void source__vsay(struct source *s, enum severity severity, struct place at, const char *fmt,
		  va_list args);

/* Whether a message there would be printed: for those that are dear to make. */
bool source__wanted(const struct source *s, enum severity severity, struct place at);

/* Prints and forgets the messages. USAGE if there were errors. */
enum status source__flush(struct source *s);

#endif
