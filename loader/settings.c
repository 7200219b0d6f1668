// SPDX-License-Identifier: GPL-2.0-only
#include "settings.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct parser {
	const char *path;
	char *line;		/* without its newline and its comment */
	char *text;		/* the same, as it stands in the file */
	unsigned int number;
};

/* Shows the line with a caret under @at. */
__attribute__((format(printf, 3, 4)))
static enum status wrong(const struct parser *p, const char *at, const char *fmt, ...)
{
	char what[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	report(USAGE, "%s:%u:%d: %s", p->path, p->number, (int)(at - p->line) + 1, what);
	fprintf(stderr, "    %s\n    ", p->text);
	/* Tabs stay tabs, so that the caret stands where the reader sees it. */
	for (const char *c = p->line; c < at; c++)
		fputc(*c == '\t' ? '\t' : ' ', stderr);
	fputs("^\n", stderr);
	return USAGE;
}

static char *word(char **pos)
{
	char *start = *pos + strspn(*pos, " \t\r");
	size_t len = strcspn(start, " \t\r");

	*pos = start + len;
	return start;
}

static bool is(const char *start, const char *end, const char *text)
{
	return (size_t)(end - start) == strlen(text) && !memcmp(start, text, end - start);
}

static enum status parse_line(const struct parser *p, struct settings *s, bool *seen)
{
	char *pos = p->line, *key, *value;

	key = word(&pos);
	if (key == pos)
		return DONE;
	if (!is(key, pos, "reply-path"))
		return wrong(p, key, "unknown setting \"%.*s\"; expected: reply-path",
			     (int)(pos - key), key);
	if (*seen)
		return wrong(p, key, "reply-path is set twice; one line of it is expected");
	*seen = true;
	value = word(&pos);
	if (value == pos)
		return wrong(p, value, "reply-path has no value; expected: fib or swap");
	if (is(value, pos, "swap"))
		s->swap = true;
	else if (!is(value, pos, "fib"))
		return wrong(p, value, "unknown reply path \"%.*s\"; expected: fib or swap",
			     (int)(pos - value), value);
	value = word(&pos);
	if (value != pos)
		return wrong(p, value, "\"%.*s\" is too much; expected the end of the line",
			     (int)(pos - value), value);
	return DONE;
}

enum status settings__read(const char *path, struct settings *s)
{
	struct parser p = { .path = path };
	enum status st = DONE;
	char full[PATH_MAX];
	bool seen = false;
	struct stat info;
	size_t room = 0;
	ssize_t len;
	FILE *f;

	memset(s, 0, sizeof(*s));
	if (!path)
		return DONE;
	f = fopen(path, "re");
	if (!f)
		return report(USAGE, "configuration file %s: %s; give the path of a readable file",
			      path, why(errno));
	if (!fstat(fileno(f), &info) && S_ISDIR(info.st_mode)) {
		st = report(USAGE, "configuration file %s: it is a directory", path);
		goto cleanup;
	}
	while (!st && (len = getline(&p.text, &room, f)) >= 0) {
		p.number++;
		if (strlen(p.text) != (size_t)len) {
			st = report(USAGE, "%s:%u: a NUL byte; expected a text file", path,
				    p.number);
			goto cleanup;
		}
		p.text[strcspn(p.text, "\n")] = 0;
		p.line = strdup(p.text);
		if (!p.line) {
			st = report(FAILED, "%s: %s", path, why(ENOMEM));
			goto cleanup;
		}
		p.line[strcspn(p.line, "#")] = 0;
		st = parse_line(&p, s, &seen);
		free(p.line);
	}
	if (!st && ferror(f))
		st = report(FAILED, "%s: %s", path, why(errno));
	copy_text(s->path, realpath(path, full) ? full : path, sizeof(s->path));
cleanup:
	free(p.text);
	fclose(f);
	return st;
}
