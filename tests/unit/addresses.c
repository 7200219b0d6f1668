// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of own addresses brought in step while programs read it: whatever comes and goes, at
 * the end it is as good as one that was made anew, and at no moment is an address that stays
 * missed, or one found that never was there.
 */
#include "vectors/cmocka.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <addrs.h>
#include <echogate/addr.h>

#define POOL	2000		/* addresses that come and go, of each family */

static struct eg_addrs *table, *anew;
static uint64_t seed = RND_SEED;

static struct address *pool;

/* In order; few bits differ, so that a mix of two is likely to be a third. */
static void fill_pool(void)
{
	for (size_t i = 0; i < 2 * POOL; i++) {
		struct address *a = &pool[i];

		memset(a, 0, sizeof(*a));
		a->family = i < POOL ? AF_INET : AF_INET6;
		if (i < POOL) {
			a->addr[0] = htobe32(0xc6120000 + i);
			continue;
		}
		for (int w = 0; w < 4; w++)
			a->addr[w] = htobe32(0xfd000000 >> (8 * (w > 0)) | ((i - POOL) >> (9 - 3 * w) & 7));
	}
}

static int setup(void **state)
{
	(void)state;
	table = calloc(1, sizeof(*table));
	anew = calloc(1, sizeof(*anew));
	pool = calloc(2 * POOL, sizeof(*pool));
	if (!table || !anew || !pool)
		return -1;
	fill_pool();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(table);
	free(anew);
	free(pool);
	return 0;
}

/* Of the pool, in order: each with a chance of @percent; of IPv4 every fourth is broadcast. */
static void draw(struct addresses *a, unsigned int percent)
{
	a->list = malloc(2 * POOL * sizeof(*a->list));
	assert_non_null(a->list);
	a->count = 0;
	for (size_t i = 0; i < 2 * POOL; i++) {
		if (rnd(&seed) % 100 >= percent)
			continue;
		a->list[a->count] = pool[i];
		a->list[a->count++].broadcast = i < POOL && rnd(&seed) % 4 == 0;
	}
}

static enum eg_owner owner(const struct address *a)
{
	if (a->family == AF_INET)
		return eg_addr4_owner(table, a->addr[0]);
	return eg_addr6_own(table, a->addr) ? EG_OWNER_LOCAL : EG_OWNER_NONE;
}

static enum eg_owner expected(const struct address *a)
{
	return a->broadcast ? EG_OWNER_BROADCAST : EG_OWNER_LOCAL;
}

static void assert_in_step(const struct addresses *a, size_t left_out)
{
	size_t at = 0, missing = 0;
	bool same;

	for (size_t i = 0; i < 2 * POOL; i++) {
		bool there = at < a->count && a->list[at].family == pool[i].family &&
			     !memcmp(a->list[at].addr, pool[i].addr, sizeof(pool[i].addr));

		if (!there) {
			assert_int_equal(owner(&pool[i]), EG_OWNER_NONE);
		} else if (owner(&a->list[at]) == EG_OWNER_NONE) {
			missing++;
			at++;
		} else {
			assert_int_equal(owner(&a->list[at]), expected(&a->list[at]));
			at++;
		}
	}
	assert_int_equal(missing, left_out);
	assert_int_equal(addresses__in_table(a, table, &same), 0);
	assert_true(same);
	if (!left_out)
		assert_int_equal(table->count4 + table->count6, addresses__local(a));
}

/* From any set to any other: nothing is found that isn't there, all is found that has a place. */
static void test_random(void **state)
{
	static const unsigned int percents[] = { 0, 1, 20, 50, 95, 100 };
	size_t left_out;
	bool changed = false;

	(void)state;
	memset(table, 0, sizeof(*table));
	table->seed = rnd(&seed) | 1;
	for (int round = 0; round < 300; round++) {
		struct addresses a;

		draw(&a, percents[rnd(&seed) % ARRAY_SIZE(percents)]);
		addresses__prune(&a, table, &changed);
		left_out = addresses__extend(&a, table, &changed);
		assert_in_step(&a, left_out);
		changed = false;
		assert_int_equal(addresses__prune(&a, table, &changed), 0);
		assert_int_equal(addresses__extend(&a, table, &changed), left_out);
		assert_false(changed);
		if (left_out) {
			/* Another seed may have room. */
			assert_true(addresses__build(&a, anew) <= left_out);
			memcpy(table, anew, sizeof(*table));
		}
		free(a.list);
	}
}

/* One that came into place in between doesn't hide that another is missing, nor a hole. */
static void test_missing(void **state)
{
	struct addresses a;
	bool changed = false, same;

	(void)state;
	draw(&a, 30);
	assert_int_equal(addresses__build(&a, table), 0);
	a.count--;
	assert_int_equal(addresses__in_table(&a, table, &same), 0);
	assert_false(same);
	addresses__prune(&a, table, &changed);
	a.count++;
	assert_int_equal(addresses__in_table(&a, table, &same), 0);
	assert_false(same);
	assert_int_equal(addresses__extend(&a, table, &changed), 0);
	assert_in_step(&a, 0);
	/* A hole in the middle of a bucket is room. */
	for (size_t i = 0; i < a.count; i++) {
		struct address gone = a.list[i];

		memmove(a.list + i, a.list + i + 1, (a.count - i - 1) * sizeof(gone));
		a.count--;
		assert_int_equal(addresses__prune(&a, table, &changed), 1);
		memmove(a.list + i + 1, a.list + i, (a.count - i) * sizeof(gone));
		a.list[i] = gone;
		a.count++;
		assert_int_equal(addresses__in_table(&a, table, &same), 0);
		assert_false(same);
		addresses__extend(&a, table, &changed);
	}
	assert_in_step(&a, 0);
	free(a.list);
}

/* Broadcast becomes local and the other way round, where it stands. */
static void test_turns(void **state)
{
	struct addresses a;
	bool changed = false;

	(void)state;
	draw(&a, 50);
	addresses__build(&a, table);
	for (int round = 0; round < 20; round++) {
		for (size_t i = 0; i < a.count && a.list[i].family == AF_INET; i++)
			a.list[i].broadcast = rnd(&seed) & 1;
		assert_int_equal(addresses__prune(&a, table, &changed), 0);
		addresses__extend(&a, table, &changed);
		for (size_t i = 0; i < a.count; i++)
			if (owner(&a.list[i]) != EG_OWNER_NONE)
				assert_int_equal(owner(&a.list[i]), expected(&a.list[i]));
		assert_int_equal(table->count4 + table->count6, addresses__local(&a));
	}
	free(a.list);
}

/* Words that are zero at the front would be there before the rest: not in place. */
static void test_zero_word(void **state)
{
	struct address odd = { .family = AF_INET6, .addr = { 0, 0, 0, htobe32(0x01020304) } };
	struct addresses a = { .list = &odd, .count = 1 };
	bool changed = false;

	(void)state;
	memset(table, 0, sizeof(*table));
	table->seed = 1;
	assert_int_equal(addresses__extend(&a, table, &changed), 1);
	assert_false(changed);
	assert_int_equal(addresses__build(&a, table), 0);
	assert_int_equal(addresses__prune(&a, table, &changed), 0);
	assert_int_equal(addresses__extend(&a, table, &changed), 0);
	a.count = 0;
	assert_int_equal(addresses__prune(&a, table, &changed), 1);
	assert_int_equal(owner(&odd), EG_OWNER_NONE);
}

/* A program that reads all the while: an odd half of the pool comes and goes, a quarter stays. */
struct reader {
	volatile bool stop;
	volatile unsigned long rounds;
	unsigned long missed, invented, looked;
};

static bool stays(size_t i)
{
	return i % 4 == 0;
}

static bool never(size_t i)
{
	return i % 4 == 2;
}

static void *read_all_the_while(void *data)
{
	struct reader *r = data;

	while (!r->stop) {
		for (size_t i = 0; i < 2 * POOL && !r->stop; i++) {
			enum eg_owner o = owner(&pool[i]);

			__asm__ volatile("" ::: "memory");
			r->missed += stays(i) && o != EG_OWNER_LOCAL;
			r->invented += never(i) && o != EG_OWNER_NONE;
			r->looked++;
			/* As often as a program ends. */
			r->rounds++;
		}
	}
	return NULL;
}

static void wait_for_reader(const struct reader *r)
{
	unsigned long seen = r->rounds;

	while (r->rounds < seen + 2)
		sched_yield();
}

static void test_concurrent(void **state)
{
	struct reader r = {};
	pthread_t thread;
	bool changed = false;
	struct addresses a;

	(void)state;
	a.list = malloc(2 * POOL * sizeof(*a.list));
	assert_non_null(a.list);
	memset(table, 0, sizeof(*table));
	do {
		a.count = 0;
		for (size_t i = 0; i < 2 * POOL; i++)
			if (!never(i))
				a.list[a.count++] = pool[i];
	} while (addresses__build(&a, table));
	assert_int_equal(pthread_create(&thread, NULL, read_all_the_while, &r), 0);
	for (int round = 0; round < 300; round++) {
		a.count = 0;
		for (size_t i = 0; i < 2 * POOL; i++) {
			if (!stays(i) && (never(i) || rnd(&seed) & 1))
				continue;
			a.list[a.count] = pool[i];
			a.list[a.count++].broadcast = !stays(i) && i < POOL && rnd(&seed) & 1;
		}
		if (addresses__prune(&a, table, &changed))
			wait_for_reader(&r);
		assert_int_equal(addresses__extend(&a, table, &changed), 0);
	}
	wait_for_reader(&r);
	r.stop = true;
	pthread_join(thread, NULL);
	assert_true(r.looked > 0);
	assert_int_equal(r.missed, 0);
	assert_int_equal(r.invented, 0);
	assert_in_step(&a, 0);
	free(a.list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zero_word, setup, teardown),
		cmocka_unit_test_setup_teardown(test_concurrent, setup, teardown),
	};

	return TAP_RUN("addresses", tests);
}
