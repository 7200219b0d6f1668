// SPDX-License-Identifier: GPL-2.0-only
/*
 * A screen full of rates. What reads them is a child, or the daemon's child, and prints the JSON
 * that --json shows; what draws them has no privileges.
 */
#include "ask.h"
#include "command.h"
#include "interrupt.h"
#include "privileges.h"
#include "producer.h"
#include "screen.h"
#include "stream.h"
#include "view.h"

#include <errno.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define INTERVAL_MAX	3600
#define COUNT_MAX	1000000000
#define ARGUMENTS	8		/* of ours, before those of the user */

struct top_options {
	const char *netns;
	bool json, once;
	struct stream_options stream;
};

struct top {
	struct view *view;
	struct look_at look;
	struct producer producer;
	bool changed;			/* there is something new to be drawn */
	bool ended;			/* by a key */
};

static const unsigned int averages[] = { 1, 2, 5, 10, 30, 60 };

static void take_line(const char *line, void *data)
{
	struct top *t = data;

	/* While it pauses, all is added up. */
	t->changed |= view__take(t->view, line, t->look.paused ? UINT_MAX : t->look.average);
}

/* Keys ---------------------------------------------------------------------------- */

static void change_average(struct look_at *l, int by)
{
	size_t i = 0;

	while (averages[i] != l->average)
		i++;
	if (by > 0 ? i + 1 < ARRAY_SIZE(averages) : i > 0)
		l->average = averages[i + by];
}

static void turn(struct top *t, size_t by)
{
	size_t count = view__interfaces(t->view) ?: 1;

	t->look.interface = (t->look.interface + by) % count;
}

static void press(struct top *t, int key)
{
	struct look_at *l = &t->look;

	t->changed = true;
	switch (key) {
	case 'q':
	case 'Q':
		t->ended = true;
		break;
	case 'p':
	case ' ':
		l->paused = !l->paused;
		break;
	case SCREEN_RIGHT:
		turn(t, 1);
		break;
	case SCREEN_LEFT:
		turn(t, (view__interfaces(t->view) ?: 1) - 1);
		break;
	case 'v':
		l->panel = (l->panel + 1) % PANEL_COUNT;
		break;
	case '1' ... '0' + PANEL_COUNT:
		l->panel = key - '1';
		break;
	case 's':
		l->sort++;
		break;
	case 'S':
		l->sort--;
		break;
	case '+':
	case '=':
		change_average(l, 1);
		break;
	case '-':
		change_average(l, -1);
		break;
	case 'h':
	case 'H':
	case '?':
		l->help = !l->help;
		break;
	}
}

/* The screen ---------------------------------------------------------------------- */

/* -errno. */
static int draw(struct top *t)
{
	struct canvas c;
	int width, height, err;

	screen__size(&width, &height);
	err = canvas__init(&c, width, height);
	if (err)
		return err;
	t->look.message = producer__said(&t->producer);
	view__draw(t->view, &t->look, &c);
	screen__show(&c);
	canvas__free(&c);
	t->changed = false;
	return 0;
}

/* Until somebody wants an end of it, or nothing more comes. -errno. */
static int follow(struct top *t)
{
	int err = draw(t), key;

	while (!err && !t->ended && !interrupted() && t->producer.out >= 0) {
		struct pollfd fds[] = {
			{ .fd = t->producer.out, .events = POLLIN },
			{ .fd = t->producer.err, .events = POLLIN },
			{ .fd = STDIN_FILENO, .events = POLLIN },
		};
		bool said = t->producer.said[0];

		/* A signal ends it, too: that of a new size comes as a key. */
		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			return -errno;
		/* Nobody is there any more to see it. */
		if (fds[2].revents & (POLLHUP | POLLERR | POLLNVAL))
			return 0;
		err = producer__read(&t->producer, take_line, t);
		t->changed |= said != !!t->producer.said[0];
		while ((key = screen__key()) != SCREEN_NONE)
			press(t, key);
		if (!err && t->changed)
			err = draw(t);
	}
	return err;
}

static enum status show_screen(struct top *t)
{
	enum status st, ended;
	bool over;
	int err;

	st = screen__open();
	if (!st) {
		err = follow(t);
		screen__close();
		if (err)
			st = report(FAILED, "top: %s", why(err));
	}
	over = t->producer.out < 0;
	ended = producer__finish(&t->producer);
	/* The daemon's child ends in order when the daemon does. */
	if (!st && !ended && over)
		ended = report(FAILED, "no more readings came: has the daemon ended? Start top "
				       "again");
	return st ?: ended;
}

/* Once ---------------------------------------------------------------------------- */

static int width_of_output(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) ||
	    size.ws_col < VIEW_WIDTH)
		return VIEW_WIDTH;
	return size.ws_col;
}

static enum status show_once(struct top *t)
{
	struct canvas c;
	enum status st;
	int err = 0;

	while (!err && !interrupted() && t->producer.out >= 0) {
		struct pollfd fds[] = {
			{ .fd = t->producer.out, .events = POLLIN },
			{ .fd = t->producer.err, .events = POLLIN },
		};

		if (poll(fds, ARRAY_SIZE(fds), -1) < 0 && errno != EINTR)
			err = -errno;
		err = err ?: producer__read(&t->producer, take_line, t);
	}
	st = producer__finish(&t->producer);
	if (!err && !st && t->changed) {
		err = view__draw_all(t->view, &t->look, width_of_output(), &c);
		if (!err) {
			canvas__print(&c, stdout);
			canvas__free(&c);
		}
	}
	return err ? report(FAILED, "top: %s", why(err)) : st;
}

/* The command --------------------------------------------------------------------- */

/* Has a child print the stream, with what it takes; we go on without. Reports. */
static enum status start(struct top *t, const struct command *self, const struct top_options *o,
			 char **names, int count)
{
	char **argv = calloc(ARGUMENTS + count + 1, sizeof(*argv)), interval[32];
	enum status st;
	int n = 0;

	if (!argv)
		return report(FAILED, "top: %s", why(ENOMEM));
	snprintf(interval, sizeof(interval), "--interval=%lu", o->stream.interval);
	argv[n++] = (char *)self->name;
	argv[n++] = "--json";
	argv[n++] = interval;
	if (o->once)
		argv[n++] = "--count=1";
	if (o->netns) {
		argv[n++] = "--netns";
		argv[n++] = (char *)o->netns;
	}
	argv[n++] = "--";
	memcpy(argv + n, names, count * sizeof(*argv));
	n += count;
	st = producer__start(&t->producer, self, n, argv);
	free(argv);
	return st ?: privileges__drop_all();
}

static enum status show(const struct command *self, const struct top_options *o, char **names,
			int count)
{
	struct top t = { .producer = PRODUCER_INIT, .look.average = 1 };
	enum status st;

	interrupt__catch();
	t.view = view__new();
	if (!t.view)
		return report(FAILED, "top: %s", why(ENOMEM));
	st = start(&t, self, o, names, count);
	if (!st) {
		setlocale(LC_CTYPE, "");
		t.look.unicode = !strcmp(nl_langinfo(CODESET), "UTF-8");
		st = o->once ? show_once(&t) : show_screen(&t);
	}
	producer__finish(&t.producer);
	view__free(t.view);
	return st;
}

static enum status print_stream(const struct command *self, const struct top_options *o, int argc,
				char **argv)
{
	struct scope scope = SCOPE_INIT;
	enum status st;

	if (ask__instead(self, argc, argv, o->netns, &st))
		return st;
	st = check_privileges() ?: scope__open(&scope, o->netns);
	if (!st)
		st = stream__run(&o->stream, &scope, argv + optind, argc - optind);
	scope__close(&scope);
	return st;
}

enum status cmd_top(const struct command *self, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "netns", required_argument, NULL, 'n' },
		{ "interval", required_argument, NULL, 'i' },
		{ "once", no_argument, NULL, 'o' },
		{ "json", no_argument, NULL, 'j' },
		{ "count", required_argument, NULL, 'c' },
		COMMON_OPTIONS
	};
	struct top_options opts = { .stream.interval = 1 };
	int o;

	while ((o = command__option(self, argc, argv, "i:c:", longs)) != OPTION_END) {
		switch (o) {
		case 'n':
			opts.netns = optarg;
			break;
		case 'i':
			if (parse_number("--interval", optarg, 1, INTERVAL_MAX,
					 &opts.stream.interval))
				return USAGE;
			break;
		case 'o':
			opts.once = true;
			break;
		case 'j':
			opts.json = true;
			break;
		case 'c':
			if (parse_number("--count", optarg, 1, COUNT_MAX, &opts.stream.count))
				return USAGE;
			break;
		default:
			return o == OPTION_HELP ? DONE : USAGE;
		}
	}
	if (opts.stream.count && (!opts.json || opts.once))
		return command__wrong(self, "--count is for --json, without --once");
	if (opts.once && opts.json)
		opts.stream.count = 1;
	if (opts.json)
		return print_stream(self, &opts, argc, argv);
	if (!opts.once && (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)))
		return report(USAGE, "top: standard input and output are to be a terminal; --once "
			      "prints text, --json goes on for programs");
	return show(self, &opts, argv + optind, argc - optind);
}
