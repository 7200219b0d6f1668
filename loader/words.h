/* SPDX-License-Identifier: GPL-2.0-only */
/* Names that rules have for numbers, and what a misspelt one may have meant. */
#ifndef LOADER_WORDS_H
#define LOADER_WORDS_H

#include "ruleset.h"

/* A piece of a text; not terminated. */
struct slice {
	const char *at;
	size_t length;
};

/* Of several names for a number the first is the one that is printed. */
struct word {
	const char *name;
	int number;			/* -1: no number of its own */
	int type;			/* of a code: the ICMP type it belongs to */
};

struct words {
	const struct word *list;
	size_t count;
};

extern const struct words protocol_words, reject_words, dscp_words, flag_words, unit_words;
extern const struct words type_words[2], code_words[2];	/* ICMP, ICMPv6 */

bool slice__is(struct slice s, const char *name);

/* What stands between quotes, without its backslashes; NULL without memory. */
char *slice__unquote(struct slice s);

/* NULL: there is none. */
const struct word *words__find(const struct words *w, struct slice name);
const struct word *words__name(const struct words *w, __u32 number);

/* How many slips of the pen lie between the two; what is more than `most` is just more. */
unsigned int words__distance(struct slice a, const char *b, unsigned int most);

/* How many may be taken for a misspelling of a word so long. */
unsigned int words__tolerance(size_t length);

/* The nearest name, if it is near; NULL otherwise. */
const char *words__nearest(const struct words *w, struct slice name);

#endif
