// SPDX-License-Identifier: GPL-2.0-only
#include "hex.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OFFSET_DIGITS	8	/* of an offset, at most */

/* A text on its way to being packets. */
struct reading {
	struct hex *out;
	struct hex_fault *fault;
	size_t used;			/* of out->bytes */
	size_t start;			/* in it, of the packet that is being read */
	const char *line;
	unsigned int number;		/* of the line */
};

/* One line: what is yet to be read of it. */
struct rest {
	const char *at, *end;
};

__attribute__((format(printf, 3, 4)))
static int wrong(struct reading *r, const char *at, const char *fmt, ...)
{
	va_list args;

	r->fault->place = (struct place){ r->number, at - r->line + 1 };
	va_start(args, fmt);
	vsnprintf(r->fault->text, sizeof(r->fault->text), fmt, args);
	va_end(args);
	return -EINVAL;
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 'a' ^ 'A';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static int not_hex(struct reading *r, const char *at)
{
	if (isprint((unsigned char)*at))
		return wrong(r, at, "'%c' is not a hex digit", *at);
	return wrong(r, at, "byte 0x%02x is not a hex digit", (unsigned char)*at);
}

static int end_packet(struct reading *r)
{
	struct hex_packet *more;

	if (r->used == r->start)
		return 0;
	more = realloc(r->out->list, (r->out->count + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	r->out->list = more;
	more[r->out->count++] = (struct hex_packet){ r->out->bytes + r->start, r->used - r->start };
	r->start = r->used;
	return 0;
}

/* "12:34:56.789012 IP ...": tcpdump's line about the packet whose bytes follow. */
static bool is_time(struct rest l)
{
	static const char form[] = "00:00:00.";

	if (l.end - l.at < (int)sizeof(form) - 1)
		return false;
	for (const char *f = form; *f; f++, l.at++)
		if (*f == '0' ? !isdigit((unsigned char)*l.at) : *l.at != *f)
			return false;
	return true;
}

/* "0x0010:", which is left behind; false if there is none. */
static bool take_offset(struct rest *l, size_t *offset)
{
	const char *at = l->at + 2, *last;

	if (l->end - l->at < 4 || l->at[0] != '0' || (l->at[1] | 32) != 'x')
		return false;
	last = l->end - at > OFFSET_DIGITS ? at + OFFSET_DIGITS : l->end - 1;
	for (*offset = 0; at < last && digit(*at) >= 0; at++)
		*offset = *offset << 4 | digit(*at);
	if (at == l->at + 2 || *at != ':')
		return false;
	l->at = at + 1;
	return true;
}

static int take_bytes(struct reading *r, struct rest l, bool dump)
{
	const char *first = l.at;

	for (; l.at < l.end; l.at++) {
		if (is_blank(*l.at)) {
			/* Behind the bytes of a dump comes what they look like as text. */
			if (dump && l.at > first && is_blank(l.at[-1]) && r->used > r->start)
				return 0;
			continue;
		}
		if (*l.at == ':')
			continue;
		if (digit(*l.at) < 0)
			return not_hex(r, l.at);
		if (l.at + 1 == l.end || is_blank(l.at[1]) || l.at[1] == ':')
			return wrong(r, l.at, "half a byte: '%c' has no second digit", *l.at);
		if (digit(l.at[1]) < 0)
			return not_hex(r, l.at + 1);
		if (r->used - r->start == HEX_MAX)
			return wrong(r, l.at, "the packet is longer than %lu bytes", HEX_MAX);
		r->out->bytes[r->used++] = digit(l.at[0]) << 4 | digit(l.at[1]);
		l.at++;
	}
	return 0;
}

static int take_line(struct reading *r, struct rest l)
{
	const char *at;
	size_t offset;
	bool dump;
	int err;

	while (l.end > l.at && (is_blank(l.end[-1]) || l.end[-1] == '\r'))
		l.end--;
	while (l.at < l.end && is_blank(*l.at))
		l.at++;
	if (l.at == l.end || is_time(l))
		return end_packet(r);
	at = l.at;
	dump = take_offset(&l, &offset);
	if (dump && !offset) {
		err = end_packet(r);
		if (err)
			return err;
	}
	if (dump && offset != r->used - r->start)
		return wrong(r, at, "offset %zu, but %zu bytes stand before it", offset,
			     r->used - r->start);
	while (l.at < l.end && is_blank(*l.at))
		l.at++;
	return take_bytes(r, l, dump);
}

int hex__parse(struct hex *h, const char *text, size_t size, struct hex_fault *fault)
{
	struct reading r = { .out = h, .fault = fault };
	const char *end = text + size, *stop;
	int err = 0;

	memset(h, 0, sizeof(*h));
	h->bytes = malloc(size / 2 + 1);
	if (!h->bytes)
		return -ENOMEM;
	for (; !err && text < end; text = stop + 1) {
		stop = memchr(text, '\n', end - text) ?: end;
		r.line = text;
		r.number++;
		err = take_line(&r, (struct rest){ text, stop });
	}
	err = err ?: end_packet(&r);
	if (!err && !h->count) {
		r.number = 1;
		err = wrong(&r, r.line, "there is no packet");
	}
	return err;
}

void hex__free(struct hex *h)
{
	free(h->bytes);
	free(h->list);
	memset(h, 0, sizeof(*h));
}
