/* SPDX-License-Identifier: GPL-2.0-only */
/* Who is asked: names, addresses, files of them. */
#ifndef PROBE_HOST_H
#define PROBE_HOST_H

#include "address.h"

struct probe_options;

struct host {
	char *name;			/* as given */
	union address address;
	char text[ADDRESS_TEXT];	/* of the address */
};

struct hosts {
	struct host *list;
	size_t count;
	size_t unknown;			/* that were left out, and reported */
};

/*
 * Names, addresses, and @FILE: one a line, '#' begins a comment, "@-" is standard input. What of
 * files is to be read is read by hosts__read(), before another namespace is entered.
 */
struct names {
	char **list;
	size_t count;
};

/* Reports. */
enum status names__read(struct names *n, char **args, int count);
void names__free(struct names *n);

/*
 * Looks all of them up. One that can't be found is reported, counted in `unknown`, and left out;
 * so is one with an address that another has already. Reports; fails only if nobody is left.
 */
enum status hosts__resolve(struct hosts *h, const struct names *n, const struct probe_options *o);
void hosts__free(struct hosts *h);

#endif
