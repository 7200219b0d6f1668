/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A screen's worth of characters: what draws needs no terminal, and what shows it decides nothing.
 * Whatever doesn't fit is cut.
 */
#ifndef LOADER_CANVAS_H
#define LOADER_CANVAS_H

#include "util.h"

#include <stdio.h>
#include <wchar.h>

enum look {
	LOOK_PLAIN,
	LOOK_BOLD,
	LOOK_DIM,
	LOOK_BAR,			/* of a title */
	LOOK_CHOSEN,
	LOOK_VERDICT,			/* + enum eg_verdict */
	LOOK_COUNT = LOOK_VERDICT + 4
};

struct glyph {
	wchar_t c;
	enum look look;
};

struct canvas {
	int width, height;
	struct glyph *glyphs;		/* row by row */
};

/* All blank. -errno. */
int canvas__init(struct canvas *c, int width, int height);
void canvas__free(struct canvas *c);

struct glyph *canvas__at(const struct canvas *c, int row, int column);

/* Nothing happens outside of the canvas. */
void canvas__set(struct canvas *c, int row, int column, enum look look, wchar_t glyph);

/*
 * Text in the locale's encoding, @room columns of it at most; what can't be printed, or not in one
 * column, becomes '?'. Returns the column behind it.
 */
int canvas__put(struct canvas *c, int row, int column, int room, enum look look, const char *text);

__attribute__((format(printf, 6, 7)))
int canvas__printf(struct canvas *c, int row, int column, int room, enum look look,
		   const char *fmt, ...);

/* The whole row from @column on. */
void canvas__paint(struct canvas *c, int row, int column, int room, enum look look);

/* As plain text, without blanks at the ends of lines. */
void canvas__print(const struct canvas *c, FILE *to);

/* A number in at most 6 columns: 999, 1.23k, 45.6M. */
const char *shorten(double value, char text[16]);

/*
 * Values as a line of bars @width wide, the last value at its right end; each bar is the mean of so
 * many values that @span of them fit. @now is the number of values ever taken, so that bars stay
 * what they are while they move. Scaled to the highest bar, which is returned.
 */
double canvas__spark(struct canvas *c, int row, int column, int width, enum look look,
		     const float *values, size_t count, size_t now, size_t span, bool unicode);

#endif
