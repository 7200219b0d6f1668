/* SPDX-License-Identifier: GPL-2.0-only */
/* cmocka, what must stand before it, and TAP as its output. */
#ifndef TESTS_VECTORS_CMOCKA_H
#define TESTS_VECTORS_CMOCKA_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

/* Runs one group; its failures are the exit status. One group a program: TAP has one plan. */
static inline int tap_run(const char *name, const struct CMUnitTest *tests, size_t count)
{
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return !!_cmocka_run_group_tests(name, tests, count, NULL, NULL);
}

#define TAP_RUN(name, tests) tap_run(name, tests, sizeof(tests) / sizeof((tests)[0]))

/* cmocka 1.1.5 prints a skipped test as "not ok": a whole program is skipped here instead. */
static inline int tap_skip(const struct CMUnitTest *tests, size_t count, const char *why)
{
	printf("1..%zu\n", count);
	for (size_t i = 0; i < count; i++)
		printf("ok %zu - %s # SKIP %s\n", i + 1, tests[i].name, why);
	return 0;
}

/* The same numbers every time, for a failure to be seen again (xorshift64*). */
static inline uint64_t rnd(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1d;
}

#define RND_SEED 0x9e3779b97f4a7c15

#endif
