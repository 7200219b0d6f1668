// SPDX-License-Identifier: GPL-2.0-only
/* The file of a set: a prefix a line. A million of them is normal, so it has no grammar. */
#include "language.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Of one line, its newline not included. -ENOMEM. */
static int read_line_of_set(struct source *s, const char *line, const char *end,
			    unsigned int number, struct prefixes *list)
{
	struct place at = { .line = number };
	const char *start = line, *behind;
	struct prefix prefix;

	while (start < end && is_blank(*start))
		start++;
	for (behind = start; behind < end && !is_blank(*behind) && *behind != '#'; behind++)
		;
	if (behind == start)
		return 0;
	at.column = start - line + 1;
	if (!source__prefix(s, at, (struct slice){ start, behind - start }, &prefix))
		return 0;
	while (behind < end && is_blank(*behind))
		behind++;
	if (behind < end && *behind != '#') {
		at.column = behind - line + 1;
		source__say(s, ERROR, at, "text behind a prefix; expected one prefix a line");
		return 0;
	}
	return prefixes__add(list, &prefix);
}

enum status set__load(struct config *c, struct defined_set *d)
{
	const char *line, *end, *rest;
	unsigned int number = 1;
	struct source source = {};
	struct set *set = &d->set;
	char *what = NULL;
	enum status st;
	int err = 0;

	if (asprintf(&what, "%s:%u:%u: set %s: file", c->source.path, d->name_at.line,
		     d->name_at.column, set->name) < 0)
		return report(FAILED, "set %s: %s", set->name, why(ENOMEM));
	st = source__read(&source, set->path, what);
	free(what);
	if (st)
		return st;
	if (source.inode == c->source.inode && source.device == c->source.device) {
		source__say(&c->source, ERROR, d->name_at,
			    "set %s: its file is this configuration file; expected a file of prefixes",
			    set->name);
		st = source__flush(&c->source);
		goto cleanup;
	}
	line = source.text;
	rest = line + source.size;
	for (; !err && line < rest; line = end + 1, number++) {
		end = memchr(line, '\n', rest - line) ?: rest;
		err = read_line_of_set(&source, line, end, number, &set->prefixes);
	}
	if (!err && !set->prefixes.count && !source.messages[ERROR].total)
		source__say(&source, WARNING, (struct place){ 1, 1 }, "set %s is empty: nothing is in it",
			    set->name);
	err = err ?: source__duplicates(&source, (struct place){ 1, 1 }, &set->prefixes);
	st = source__flush(&source);
	if (err)
		st = report(FAILED, "%s: %s", set->path, why(err));
cleanup:
	if (st)
		prefixes__free(&set->prefixes);
	else
		set->loaded = true;
	source__free(&source);
	return st;
}
