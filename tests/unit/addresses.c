// SPDX-License-Identifier: GPL-2.0-only
/*
 * A table of own addresses brought in step while programs read it. Whatever comes and goes, at the
 * end it is as good as one made anew; and after each single store no address that stays is
 * missed, nor one found that neither was there nor is to be.
 */
#include "vectors/cmocka.h"

#include <stdlib.h>

/* Whatever is stored, somebody looks before the next. */
static void look(const void *place);
#define PUBLISH(place, value)	((place) = (value), look(&(place)))
#include "addrs.c"

#define POOL	3500		/* addresses that come and go, of each family */

/* What is changed; what it was before; and as it would be made anew. */
static struct eg_addrs *table, *old, *anew;
/* From which set it goes to which. */
static const struct addresses *from, *to;
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

/* Whatever it says of broadcast. */
static const struct address *find(const struct addresses *a, const struct address *key)
{
	for (size_t low = 0, high = a->count; low < high;) {
		size_t mid = (low + high) / 2;
		int d = by_place(key, &a->list[mid]);

		if (!d)
			return &a->list[mid];
		if (d < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return NULL;
}

static int setup(void **state)
{
	(void)state;
	from = NULL;
	table = calloc(1, sizeof(*table));
	anew = calloc(1, sizeof(*anew));
	old = calloc(1, sizeof(*old));
	pool = calloc(2 * POOL, sizeof(*pool));
	if (!table || !anew || !old || !pool)
		return -1;
	fill_pool();
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(table);
	free(anew);
	free(old);
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

/* An address that a program would find may be one of before or of afterwards, as that says. */
static void assert_known(const struct address *found, bool broadcast)
{
	const struct address *was = find(from, found), *is = find(to, found);

	assert_true(was || is);
	assert_true((was && was->broadcast == broadcast) || (is && is->broadcast == broadcast));
}

static void look4(__u32 n)
{
	const struct eg_addr4_bucket *b = &table->v4[n], *before = &old->v4[n];

	for (int w = 0; w < EG_ADDR4_WAYS; w++) {
		struct address a = { .family = AF_INET, .addr = { b->addr[w] } };

		if (b->addr[w])
			assert_known(&a, b->broadcast >> w & 1);
		a.addr[0] = before->addr[w];
		if (a.addr[0] && find(to, &a))
			assert_int_not_equal(eg_addr4_owner(table, a.addr[0]), EG_OWNER_NONE);
	}
}

static void look6(__u32 n)
{
	const struct eg_addr6_bucket *b = &table->v6[n], *before = &old->v6[n];

	for (int w = 0; w < EG_ADDR6_WAYS; w++) {
		struct address a = { .family = AF_INET6 };

		memcpy(a.addr, b->addr[w], sizeof(a.addr));
		/* Begun or half gone: no packet is for such an address. */
		if (a.addr[0])
			assert_known(&a, false);
		memcpy(a.addr, before->addr[w], sizeof(a.addr));
		if (a.addr[0] && find(to, &a))
			assert_true(eg_addr6_own(table, a.addr));
	}
}

static void look(const void *place)
{
	size_t at = (const char *)place - (const char *)table;

	if (at >= offsetof(struct eg_addrs, v6))
		look6((at - offsetof(struct eg_addrs, v6)) / sizeof(table->v6[0]));
	else if (at >= offsetof(struct eg_addrs, v4))
		look4((at - offsetof(struct eg_addrs, v4)) / sizeof(table->v4[0]));
}

static bool changed;

/* To another set, as the daemon does it. Returns how many find no place. */
static size_t step(const struct addresses *a)
{
	static const struct addresses none;
	struct addresses held, gone, fresh;
	size_t left_out;

	from = from ?: &none;
	to = a;
	memcpy(old, table, sizeof(*old));
	assert_int_equal(addresses__read(table, &held), 0);
	assert_int_equal(addresses__compare(&held, a, &gone, &fresh), 0);
	addresses__remove(&gone, table);
	left_out = addresses__insert(&fresh, table);
	changed = gone.count || fresh.count > left_out;
	addresses__free(&held);
	addresses__free(&gone);
	addresses__free(&fresh);
	return left_out;
}

/* From any set to any other. */
static void test_random(void **state)
{
	static const unsigned int percents[] = { 0, 1, 20, 50, 95, 100 };
	struct addresses sets[2] = {};
	size_t left_out, crowded = 0;

	(void)state;
	table->seed = rnd(&seed) | 1;
	for (int round = 0; round < 60; round++) {
		struct addresses *a = &sets[round % 2];

		free(a->list);
		draw(a, percents[rnd(&seed) % ARRAY_SIZE(percents)]);
		left_out = step(a);
		assert_in_step(a, left_out);
		assert_int_equal(step(a), left_out);
		assert_false(changed);
		/* Another seed has room. */
		if (left_out) {
			assert_int_equal(addresses__build(a, anew), 0);
			memcpy(table, anew, sizeof(*table));
			crowded++;
		}
		from = a;
	}
	assert_in_range(crowded, 1, 50);
	free(sets[0].list);
	free(sets[1].list);
}

static void assert_same(const struct addresses *a, bool wanted)
{
	bool same = !wanted;

	assert_int_equal(addresses__in_table(a, table, &same), 0);
	assert_int_equal(same, wanted);
}

/* One that is gone, and one that is missing, are seen; a hole in a bucket is room. */
static void test_missing(void **state)
{
	struct addresses all, fewer;

	(void)state;
	draw(&all, 5);
	assert_int_equal(addresses__build(&all, table), 0);
	fewer.list = malloc(all.count * sizeof(*fewer.list));
	assert_non_null(fewer.list);
	fewer.count = all.count - 1;
	for (size_t i = 0; i < all.count; i++) {
		memcpy(fewer.list, all.list, i * sizeof(*all.list));
		memcpy(fewer.list + i, all.list + i + 1, (fewer.count - i) * sizeof(*all.list));
		from = &all;
		assert_same(&fewer, false);
		assert_int_equal(step(&fewer), 0);
		assert_true(changed);
		assert_same(&fewer, true);
		assert_same(&all, false);
		from = &fewer;
		assert_int_equal(step(&all), 0);
		assert_true(changed);
		assert_same(&all, true);
	}
	assert_in_step(&all, 0);
	free(all.list);
	free(fewer.list);
}

/* Broadcast becomes local and the other way round, where it stands. */
static void test_turns(void **state)
{
	struct addresses a, b;

	(void)state;
	draw(&a, 50);
	assert_int_equal(addresses__build(&a, table), 0);
	b.list = malloc(a.count * sizeof(*b.list));
	assert_non_null(b.list);
	b.count = a.count;
	for (int round = 0; round < 20; round++) {
		memcpy(b.list, a.list, a.count * sizeof(*a.list));
		from = &b;
		for (size_t i = 0; i < a.count && a.list[i].family == AF_INET; i++)
			a.list[i].broadcast = rnd(&seed) & 1;
		assert_int_equal(step(&a), 0);
		assert_in_step(&a, 0);
	}
	free(a.list);
	free(b.list);
}

/* A place whose first word stays zero would be found before the others are there: not in place. */
static void test_zero_word(void **state)
{
	struct address odd = { .family = AF_INET6, .addr = { 0, 0, 0, htobe32(0x01020304) } };
	struct addresses a = { .list = &odd, .count = 1 }, none = {};

	(void)state;
	from = &none;
	assert_int_equal(step(&a), 1);
	assert_false(changed);
	assert_int_equal(addresses__build(&a, table), 0);
	assert_int_equal(step(&a), 0);
	assert_int_equal(owner(&odd), EG_OWNER_LOCAL);
	from = &a;
	assert_int_equal(step(&none), 0);
	assert_true(changed);
	assert_int_equal(owner(&odd), EG_OWNER_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_random, setup, teardown),
		cmocka_unit_test_setup_teardown(test_missing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(test_zero_word, setup, teardown),
	};

	return TAP_RUN("addresses", tests);
}
