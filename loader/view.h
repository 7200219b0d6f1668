/* SPDX-License-Identifier: GPL-2.0-only */
/* What `top` knows from its stream, and how that is laid out on a screen of any size. */
#ifndef LOADER_VIEW_H
#define LOADER_VIEW_H

#include "canvas.h"

#define VIEW_WIDTH	80		/* no smaller screen is drawn on */
#define VIEW_HEIGHT	24

enum panel { PANEL_TYPES, PANEL_REASONS, PANEL_RULES, PANEL_CPUS, PANEL_SOURCES, PANEL_COUNT };

struct view;

struct view *view__new(void);
void view__free(struct view *v);

/*
 * An object of the stream. Rates are shown of @average objects together: then it returns true.
 * What isn't understood is left out.
 */
bool view__take(struct view *v, const char *line, unsigned int average);

/* Interfaces to choose from: if there are several, first of all their sum. */
size_t view__interfaces(const struct view *v);

/* How it is to be shown. */
struct look_at {
	size_t interface;
	enum panel panel;		/* that is shown first */
	unsigned int sort;		/* times that the order was changed */
	unsigned int average;
	bool paused, help, unicode;
	const char *message;		/* in the last line; NULL: keys */
};

void view__draw(const struct view *v, const struct look_at *l, struct canvas *c);

/* All panels below each other, as high as that takes; the canvas is made. -errno. */
int view__draw_all(const struct view *v, const struct look_at *l, int width, struct canvas *c);

/* Where a panel goes. */
struct area {
	int row, column, width, height;
};

/* Divides what is below @top of a screen; returns how many panels there are, PANEL_COUNT at most. */
int view__layout(int width, int height, int top, struct area areas[PANEL_COUNT]);

#endif
