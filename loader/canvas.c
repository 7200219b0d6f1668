// SPDX-License-Identifier: GPL-2.0-only
#include "canvas.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <wctype.h>

static const wchar_t blocks[] = L" ▁▂▃▄▅▆▇█", signs[] = L" .:-=+*#@";

#define LEVELS	8

int canvas__init(struct canvas *c, int width, int height)
{
	*c = (struct canvas){ .width = width, .height = height };
	c->glyphs = calloc((size_t)width * height ?: 1, sizeof(*c->glyphs));
	if (!c->glyphs)
		return -ENOMEM;
	for (int i = 0; i < width * height; i++)
		c->glyphs[i].c = L' ';
	return 0;
}

void canvas__free(struct canvas *c)
{
	free(c->glyphs);
	c->glyphs = NULL;
}

struct glyph *canvas__at(const struct canvas *c, int row, int column)
{
	if (row < 0 || row >= c->height || column < 0 || column >= c->width)
		return NULL;
	return &c->glyphs[row * c->width + column];
}

void canvas__set(struct canvas *c, int row, int column, enum look look, wchar_t glyph)
{
	struct glyph *at = canvas__at(c, row, column);

	if (at)
		*at = (struct glyph){ .c = glyph, .look = look };
}

int canvas__put(struct canvas *c, int row, int column, int room, enum look look, const char *text)
{
	int end = room > 0 ? column + room : column;
	mbstate_t state = {};
	wchar_t glyph;

	while (*text && column < end) {
		size_t n = mbrtowc(&glyph, text, MB_CUR_MAX, &state);

		if (n == (size_t)-1 || n == (size_t)-2) {
			memset(&state, 0, sizeof(state));
			glyph = L'?';
			n = 1;
		}
		if (!iswprint(glyph) || wcwidth(glyph) != 1)
			glyph = L'?';
		canvas__set(c, row, column++, look, glyph);
		text += n;
	}
	return column;
}

int canvas__printf(struct canvas *c, int row, int column, int room, enum look look,
		   const char *fmt, ...)
{
	char text[512];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return canvas__put(c, row, column, room, look, text);
}

void canvas__paint(struct canvas *c, int row, int column, int room, enum look look)
{
	for (int i = 0; i < room; i++) {
		struct glyph *at = canvas__at(c, row, column + i);

		if (at)
			at->look = look;
	}
}

void canvas__print(const struct canvas *c, FILE *to)
{
	for (int row = 0; row < c->height; row++) {
		const struct glyph *line = &c->glyphs[row * c->width];
		int length = c->width;

		while (length && line[length - 1].c == L' ')
			length--;
		for (int i = 0; i < length; i++)
			fprintf(to, "%lc", (wint_t)line[i].c);
		fputc('\n', to);
	}
}

const char *shorten(double value, char text[16])
{
	static const char units[] = "kMGTPE";
	const char *unit = units;

	if (value < 0)
		value = 0;
	if (value < 999.5) {
		snprintf(text, 16, "%.0f", value);
		return text;
	}
	for (value /= 1000; value >= 999.5 && unit[1]; unit++)
		value /= 1000;
	if (value > 9999)
		value = 9999;
	snprintf(text, 16, "%.*f%c", value < 9.995 ? 2 : value < 99.95 ? 1 : 0, value, *unit);
	return text;
}

/* Mean of the values that make a bar, which may not all be there. */
static double bar(const float *values, size_t count, size_t now, size_t first, size_t each)
{
	size_t oldest = now - count, n = 0;
	double sum = 0;

	for (size_t i = first; i < first + each; i++) {
		if (i < oldest || i >= now)
			continue;
		sum += values[i - oldest];
		n++;
	}
	return n ? sum / n : 0;
}

double canvas__spark(struct canvas *c, int row, int column, int width, enum look look,
		     const float *values, size_t count, size_t now, size_t span, bool unicode)
{
	const wchar_t *levels = unicode ? blocks : signs;
	size_t each, last, first;
	double highest = 0;

	if (width <= 0 || !count)
		return 0;
	each = (span + width - 1) / width ?: 1;
	last = (now - 1) / each;		/* number of the bar that grows */
	for (int i = 0; i < width; i++) {
		double value;

		if (last < (size_t)i)
			break;
		first = (last - i) * each;
		value = bar(values, count, now, first, each);
		highest = value > highest ? value : highest;
	}
	for (int i = 0; i < width && last >= (size_t)i && highest > 0; i++) {
		double value = bar(values, count, now, (last - i) * each, each);
		int level = value / highest * LEVELS + 0.5;

		/* What there is at all shows. */
		if (!level && value > 0)
			level = 1;
		canvas__set(c, row, column + width - 1 - i, look, levels[level]);
	}
	return highest;
}
