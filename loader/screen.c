// SPDX-License-Identifier: GPL-2.0-only
#include "screen.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#define NCURSES_WIDECHAR	1
#include <curses.h>
#include <term.h>

#define ESCAPE_MS	25		/* until a lone escape is just that */

static SCREEN *screen;
static attr_t looks[LOOK_COUNT];
static short pairs[LOOK_COUNT];

/* What a process needs that can only write any more: the terminal's ways back, its settings. */
static char farewell[128];
static struct termios before;

static void crash(int signal)
{
	ssize_t n = write(STDOUT_FILENO, farewell, strlen(farewell));

	(void)n;
	tcsetattr(STDIN_FILENO, TCSANOW, &before);
	raise(signal);			/* its handler is gone: this time it is the end */
}

static void add_farewell(const char *capability)
{
	const char *sequence = tigetstr((char *)capability);

	if (sequence && sequence != (char *)-1 &&
	    strlen(farewell) + strlen(sequence) < sizeof(farewell))
		strcat(farewell, sequence);
}

static void prepare_for_worst(void)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };
	struct sigaction action = { .sa_handler = crash, .sa_flags = SA_RESETHAND | SA_NODEFER };

	farewell[0] = 0;
	add_farewell("sgr0");
	add_farewell("cnorm");
	add_farewell("rmcup");
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &action, NULL);
}

static void choose_looks(void)
{
	static const short colors[] = { COLOR_CYAN, COLOR_RED, COLOR_GREEN, COLOR_YELLOW };

	looks[LOOK_BOLD] = A_BOLD;
	looks[LOOK_DIM] = A_DIM;
	looks[LOOK_BAR] = A_REVERSE;
	looks[LOOK_CHOSEN] = A_REVERSE | A_BOLD;
	if (!has_colors() || start_color() == ERR || use_default_colors() == ERR)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(colors); i++) {
		init_pair(i + 1, colors[i], -1);
		pairs[LOOK_VERDICT + i] = i + 1;
	}
}

enum status screen__open(void)
{
	const char *term = getenv("TERM");

	tcgetattr(STDIN_FILENO, &before);
	screen = newterm(NULL, stdout, stdin);
	if (!screen)
		return report(FAILED, "the terminal can't be used: TERM is \"%s\"; set it to what "
			      "it is, or use --once", term ?: "");
	prepare_for_worst();
	cbreak();
	noecho();
	nonl();
	set_escdelay(ESCAPE_MS);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	leaveok(stdscr, TRUE);
	curs_set(0);
	choose_looks();
	return DONE;
}

void screen__close(void)
{
	if (!screen)
		return;
	curs_set(1);
	endwin();
	delscreen(screen);
	screen = NULL;
}

void screen__size(int *width, int *height)
{
	getmaxyx(stdscr, *height, *width);
}

void screen__show(const struct canvas *c)
{
	erase();
	for (int row = 0; row < c->height; row++) {
		for (int column = 0; column < c->width; column++) {
			const struct glyph *g = canvas__at(c, row, column);
			wchar_t text[] = { g->c, 0 };
			cchar_t cell;

			setcchar(&cell, text, looks[g->look], pairs[g->look], NULL);
			/* The last one of all can't be gone beyond: no error. */
			mvadd_wch(row, column, &cell);
		}
	}
	refresh();
}

int screen__key(void)
{
	int key = getch();

	switch (key) {
	case ERR:
		return SCREEN_NONE;
	case KEY_LEFT:
	case KEY_BTAB:
		return SCREEN_LEFT;
	case KEY_RIGHT:
	case '\t':
		return SCREEN_RIGHT;
	case KEY_RESIZE:
		return SCREEN_RESIZED;
	default:
		return key < 0x100 ? key : SCREEN_OTHER;
	}
}
