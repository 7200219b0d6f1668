/* SPDX-License-Identifier: GPL-2.0-only */
/* The terminal, by ncurses. However the process ends, it is as it was before. */
#ifndef LOADER_SCREEN_H
#define LOADER_SCREEN_H

#include "canvas.h"

/* Keys that are no characters. */
enum screen_key {
	SCREEN_NONE = 0,		/* nothing was pressed */
	SCREEN_LEFT = 0x1000,
	SCREEN_RIGHT,
	SCREEN_RESIZED,			/* screen__size() says to what */
	SCREEN_OTHER,
};

/* Reports. */
enum status screen__open(void);
void screen__close(void);

void screen__size(int *width, int *height);
void screen__show(const struct canvas *c);

/* Returns at once: a character, or enum screen_key. */
int screen__key(void);

#endif
