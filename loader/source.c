// SPDX-License-Identifier: GPL-2.0-only
#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WINDOW		100	/* columns of a long line that are shown */
#define BEFORE_CARET	50	/* of them, before the caret */

static bool before(struct place a, struct place b)
{
	return a.line != b.line ? a.line < b.line : a.column < b.column;
}

bool source__wanted(const struct source *s, enum severity severity, struct place at)
{
	const struct messages *m = &s->messages[severity];

	return m->count < MESSAGES_MAX || before(at, m->list[m->count - 1].place);
}

void source__vsay(struct source *s, enum severity severity, struct place at, const char *fmt,
		  va_list args)
{
	struct messages *m = &s->messages[severity];
	char *text;
	size_t i;

	m->total++;
	if (!source__wanted(s, severity, at) || vasprintf(&text, fmt, args) < 0)
		return;
	if (m->count == MESSAGES_MAX)
		free(m->list[--m->count].text);
	for (i = m->count++; i > 0 && before(at, m->list[i - 1].place); i--)
		m->list[i] = m->list[i - 1];
	m->list[i] = (struct message){ .place = at, .text = text };
}

void source__say(struct source *s, enum severity severity, struct place at, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	source__vsay(s, severity, at, fmt, args);
	va_end(args);
}

static bool continues(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* What a terminal would obey is not shown to it. */
static void put_text(FILE *f, const char *start, const char *end)
{
	for (; start < end; start++)
		fputc((unsigned char)*start < ' ' && *start != '\t' ? '?' :
		      *start == 0x7f ? '?' : *start, f);
}

/* A piece of the line from @from to @to, and below it a caret at @at. */
static void print_piece(enum level level, const char *from, const char *at, const char *to,
			bool begun, bool cut)
{
	char *text = NULL;
	size_t size;
	FILE *f;

	f = open_memstream(&text, &size);
	if (!f)
		return;
	fprintf(f, "    %s", begun ? "..." : "");
	put_text(f, from, to);
	fprintf(f, "%s%c    %s", cut ? "..." : "", 0, begun ? "   " : "");
	/* Tabs stay tabs, so that the caret stands where the reader sees it. */
	for (; from < at; from++)
		if (!continues(*from))
			fputc(*from == '\t' ? '\t' : ' ', f);
	fputc('^', f);
	if (!fclose(f)) {
		tell_more(level, text);
		tell_more(level, text + strlen(text) + 1);
	}
	free(text);
}

static void print_line(enum level level, const char *line, const char *end, size_t column)
{
	const char *at, *from = line, *to;

	if (end > line && end[-1] == '\r')
		end--;
	at = line + column - 1 < end ? line + column - 1 : end;
	to = end;
	if (end - line > WINDOW) {
		if (at - line > BEFORE_CARET)
			from = at - BEFORE_CARET;
		if (end - from > WINDOW)
			to = from + WINDOW;
		while (from < at && continues(*from))
			from++;
		while (to < end && continues(*to))
			to++;
	}
	print_piece(level, from, at, to, from > line, to < end);
}

enum status source__flush(struct source *s)
{
	struct messages *errors = &s->messages[ERROR], *warnings = &s->messages[WARNING];
	enum status st = errors->total ? USAGE : DONE;
	const char *line = s->text, *end, *rest = s->text + s->size;
	unsigned int number = 1;
	size_t at[SEVERITY_COUNT] = { 0 };

	while (at[ERROR] < errors->count || at[WARNING] < warnings->count) {
		bool warning = at[ERROR] == errors->count ||
			       (at[WARNING] < warnings->count &&
				before(warnings->list[at[WARNING]].place,
				       errors->list[at[ERROR]].place));
		struct message *m = &s->messages[warning].list[at[warning]++];
		enum level level = warning ? LEVEL_WARNING : LEVEL_ERROR;

		tell(level, "%s:%u:%u: %s%s", s->path, m->place.line, m->place.column,
		    warning ? "warning: " : "", m->text);
		for (; number < m->place.line; number++) {
			end = memchr(line, '\n', rest - line);
			line = end ? end + 1 : rest;
		}
		end = memchr(line, '\n', rest - line) ?: rest;
		print_line(level, line, end, m->place.column);
		free(m->text);
	}
	if (errors->total > errors->count)
		tell(LEVEL_ERROR, "%s: ... and %zu more errors", s->path,
		    errors->total - errors->count);
	if (warnings->total > warnings->count)
		tell(LEVEL_WARNING, "%s: ... and %zu more warnings", s->path,
		    warnings->total - warnings->count);
	memset(s->messages, 0, sizeof(s->messages));
	return st;
}

static struct place place_of(const struct source *s, const char *at)
{
	struct place place = { .line = 1 };
	const char *line = s->text, *end;

	while ((end = memchr(line, '\n', at - line))) {
		line = end + 1;
		place.line++;
	}
	place.column = at - line + 1;
	return place;
}

/* What no parser shall see. Takes s->memory of `size` bytes as the text. */
static enum status settle(struct source *s, size_t size)
{
	const unsigned char *head = (unsigned char *)s->memory;
	const char *nul;

	s->text = s->memory;
	s->size = size;
	if (size >= 2 && ((head[0] == 0xff && head[1] == 0xfe) ||
			  (head[0] == 0xfe && head[1] == 0xff)))
		return report(USAGE, "%s: it is UTF-16; expected plain text, save it as UTF-8",
			      s->path);
	if (size >= 3 && head[0] == 0xef && head[1] == 0xbb && head[2] == 0xbf) {
		s->text += 3;
		s->size -= 3;
	}
	nul = memchr(s->text, 0, s->size);
	if (nul) {
		source__say(s, ERROR, place_of(s, nul), "a NUL byte; expected a text file");
		return source__flush(s);
	}
	return DONE;
}

static enum status read_all(struct source *s, int fd, const char *what, size_t *size)
{
	size_t room = 0;
	ssize_t n;

	*size = 0;
	for (;;) {
		if (room - *size < 4096) {
			char *more;

			room = room ? room * 2 : 65536;
			more = realloc(s->memory, room);
			if (!more)
				return report(FAILED, "%s %s: %s", what, s->path, why(ENOMEM));
			s->memory = more;
		}
		n = read(fd, s->memory + *size, room - *size - 2);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return report(FAILED, "%s %s: %s", what, s->path, why(errno));
		if (!n)
			break;
		*size += n;
		if (*size > SOURCE_MAX)
			return report(USAGE, "%s %s: it is larger than 64 MiB", what, s->path);
	}
	memset(s->memory + *size, 0, 2);
	return DONE;
}

enum status source__read(struct source *s, const char *path, const char *what)
{
	enum status st = DONE;
	struct stat info;
	size_t size;
	int fd;

	memset(s, 0, sizeof(*s));
	s->path = strdup(path);
	if (!s->path)
		return report(FAILED, "%s %s: %s", what, path, why(ENOMEM));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		st = report(USAGE, "%s %s: %s; give the path of a readable file", what, path,
			    why(errno));
		goto cleanup;
	}
	if (fstat(fd, &info)) {
		st = report(FAILED, "%s %s: %s", what, path, why(errno));
		goto cleanup;
	}
	if (S_ISDIR(info.st_mode)) {
		st = report(USAGE, "%s %s: it is a directory; give the path of a readable file",
			    what, path);
		goto cleanup;
	}
	s->device = info.st_dev;
	s->inode = info.st_ino;
	st = read_all(s, fd, what, &size) ?: settle(s, size);
cleanup:
	close_fd(&fd);
	if (st)
		source__free(s);
	return st;
}

enum status source__copy(struct source *s, const char *path, const char *text, size_t size)
{
	enum status st;

	memset(s, 0, sizeof(*s));
	if (size > SOURCE_MAX)
		return report(USAGE, "%s: it is larger than 64 MiB", path);
	s->path = strdup(path);
	s->memory = calloc(1, size + 2);
	if (!s->path || !s->memory) {
		source__free(s);
		return report(FAILED, "%s: %s", path, why(ENOMEM));
	}
	memcpy(s->memory, text, size);
	st = settle(s, size);
	if (st)
		source__free(s);
	return st;
}

void source__free(struct source *s)
{
	for (int i = 0; i < SEVERITY_COUNT; i++)
		for (size_t j = 0; j < s->messages[i].count; j++)
			free(s->messages[i].list[j].text);
	free(s->path);
	free(s->memory);
	memset(s, 0, sizeof(*s));
}
