// SPDX-License-Identifier: GPL-2.0-only
/* The daemon's loop: who is called, in which order, and who isn't any more. */
#include "vectors/cmocka.h"

#include "loop.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define MS	1000000ULL

static struct loop loop;

/* Who was called, a letter each, and with what. */
static char called[64];
static __u32 with[64];

struct lamp {
	struct watch watch;
	char letter;
	struct watch *removes;
	bool stops, mutes;
	int again;			/* so many times more, a millisecond later */
	int line[2];			/* a pipe */
};

static void call(struct watch *w)
{
	struct lamp *l = w->owner;
	size_t n = strlen(called);

	assert_in_range(n, 0, sizeof(called) - 2);
	called[n] = l->letter;
	with[n] = w->events;
	assert_int_equal(w->due, 0);
	if (l->removes)
		loop__remove(&loop, l->removes);
	if (l->mutes && w->events) {
		assert_int_equal(loop__change(&loop, w, 0), 0);
		w->due = monotonic_ns() + MS;
	}
	if (l->again-- > 0)
		w->due = monotonic_ns() + MS;
	loop.stop = loop.stop || l->stops;
}

static int setup(void **state)
{
	(void)state;
	memset(called, 0, sizeof(called));
	loop = (struct loop)LOOP_INIT;
	return loop__open(&loop);
}

static int teardown(void **state)
{
	(void)state;
	loop__close(&loop);
	return 0;
}

/* Without a descriptor, due after some time. */
static void add_timer(struct lamp *l, char letter, __u64 ms)
{
	l->letter = letter;
	l->watch = (struct watch){ .fd = -1, .call = call, .owner = l };
	l->watch.due = monotonic_ns() + ms * MS;
	assert_int_equal(loop__add(&loop, &l->watch, 0), 0);
}

/* With one that can be read at once. */
static void add_pipe(struct lamp *l, char letter)
{
	l->letter = letter;
	assert_int_equal(pipe(l->line), 0);
	assert_int_equal(write(l->line[1], "", 1), 1);
	l->watch = (struct watch){ .fd = l->line[0], .call = call, .owner = l };
	assert_int_equal(loop__add(&loop, &l->watch, EPOLLIN), 0);
}

static void close_pipe(struct lamp *l)
{
	close(l->line[0]);
	close(l->line[1]);
}

/* What is due first comes first, in whatever order it was added; and not before. */
static void test_due(void **state)
{
	struct lamp a = {}, b = {}, c = { .stops = true };
	__u64 start = monotonic_ns();

	(void)state;
	add_timer(&c, 'c', 60);
	add_timer(&a, 'a', 10);
	add_timer(&b, 'b', 40);
	assert_int_equal(loop__run(&loop), 0);
	assert_string_equal(called, "abc");
	assert_true(monotonic_ns() - start >= 60 * MS);
	for (int i = 0; i < 3; i++)
		assert_int_equal(with[i], 0);
}

/* One that is always due leaves others their turn. */
static void test_turns(void **state)
{
	struct lamp busy = { .again = 1000000 }, stop = { .stops = true }, pipe = {};

	(void)state;
	add_timer(&busy, 'b', 0);
	add_timer(&stop, 's', 5);
	add_pipe(&pipe, 'p');
	pipe.removes = &pipe.watch;
	assert_int_equal(loop__run(&loop), 0);
	assert_non_null(strchr(called, 'p'));
	assert_int_equal(called[strlen(called) - 1], 's');
	close_pipe(&pipe);
}

/* Both are ready; the one that is called first removes both. */
static void test_remove(void **state)
{
	struct lamp a = {}, b = {}, stop = { .stops = true };

	(void)state;
	add_pipe(&a, 'a');
	add_pipe(&b, 'b');
	a.removes = &b.watch;
	b.removes = &a.watch;
	add_timer(&stop, 's', 0);
	assert_int_equal(loop__run(&loop), 0);
	assert_int_equal(strlen(called), 2);
	assert_int_equal(called[1], 's');
	assert_int_equal(with[0], EPOLLIN);
	/* Again, and one that was never there. */
	loop__remove(&loop, &a.watch);
	loop__remove(&loop, &b.watch);
	close_pipe(&a);
	close_pipe(&b);
}

/* A descriptor that isn't waited for any more, and a deadline instead. */
static void test_change(void **state)
{
	struct lamp p = { .mutes = true }, stop = { .stops = true };

	(void)state;
	add_pipe(&p, 'p');
	add_timer(&stop, 's', 200);
	assert_int_equal(loop__run(&loop), 0);
	assert_string_equal(called, "pps");
	assert_int_equal(with[0], EPOLLIN);
	assert_int_equal(with[1], 0);
	loop__remove(&loop, &p.watch);
	assert_int_equal(loop__change(&loop, &p.watch, EPOLLIN), -ENOENT);
	close_pipe(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_due, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_remove, setup, teardown),
		cmocka_unit_test_setup_teardown(test_change, setup, teardown),
	};

	return TAP_RUN("loop", tests);
}
