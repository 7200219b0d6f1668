/* SPDX-License-Identifier: GPL-2.0-only */
/* Prefixes as text, and lists of them. */
#ifndef LOADER_PREFIXES_H
#define LOADER_PREFIXES_H

#include "words.h"

#define PREFIX_TEXT	64		/* room for any prefix as text */

/*
 * An address, or a prefix of one. NULL, or what is wrong with it at its byte `at`. What stands
 * behind the prefix is cleared; `host_bits` tells whether there was anything.
 */
const char *prefix__parse(struct slice text, struct prefix *p, size_t *at, bool *host_bits);

/* Without the length where it is a single address. */
void prefix__print(const struct prefix *p, char text[PREFIX_TEXT]);

/* Whether every address of `inner` is one of `outer`. */
bool prefix__contains(const struct prefix *outer, const struct prefix *inner);

/* By family, address, length. */
int prefix__compare(const void *a, const void *b);

/* ::ffff:0:0/96 or a part of it. */
bool prefix__mapped(const struct prefix *p);

/* -ENOMEM */
int prefixes__add(struct prefixes *list, const struct prefix *p);
void prefixes__free(struct prefixes *list);

/* How many stand there again; `first` is the index of the first of them. -ENOMEM. */
ssize_t prefixes__duplicates(const struct prefixes *list, size_t *first);

#endif
