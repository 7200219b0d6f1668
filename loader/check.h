/* SPDX-License-Identifier: GPL-2.0-only */
/* What `while` asks for, as it is written. Who finds out whether it is well is health.c. */
#ifndef LOADER_CHECK_H
#define LOADER_CHECK_H

#include "words.h"

#include <stdio.h>
#include <sys/socket.h>

/* How often checks are made, and how long one holds, unless `check every` says otherwise; ms. */
#define CHECK_EVERY	1000
#define CHECK_EVERY_MIN	100
#define CHECK_LEASES	5		/* a lease is so many times as long */
#define CHECK_LEASES_MIN 2		/* one that takes its time must not shut the gate */
#define CHECK_MAX	3600000		/* of both */

/*
 * Fills in a check from the name that is written behind its kind; relative paths start at
 * @directory. NULL, or what is wrong and what is expected; c->name is the caller's to free either
 * way. Sets *err to -ENOMEM without memory.
 */
const char *check__read(struct check *c, enum check_kind kind, const char *name,
			const char *directory, int *err);

/* As it stands in a rule, behind this. */
#define CHECK_MARK	" while "
void check__print(FILE *f, const struct check *c);

/* The same as a text of its own, the caller's to free; NULL without memory. */
char *check__text(const struct check *c);

/* What check__print() has written. -EINVAL, -ENOMEM; the name is the caller's to free either way. */
int check__parse(struct check *c, const char *text);

/* Of a tcp check. -EINVAL. */
int check__address(const char *name, struct sockaddr_storage *addr, socklen_t *length);

#endif
