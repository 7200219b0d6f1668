// SPDX-License-Identifier: GPL-2.0-only
/* echogate/limit.h: the places of sources, against the same said slowly. */
#include "vectors/cmocka.h"

#include <echogate/limit.h>

#define GAP   100
#define DEPTH 500

static uint64_t ahead_of(uint64_t cell, uint64_t now, uint64_t most)
{
	uint64_t ahead = (cell - now) & EG_SOURCE_TIME;

	return ahead > most ? 0 : ahead;
}

static bool take_slowly(struct eg_source_bucket *b, uint64_t hash, uint64_t now)
{
	uint64_t tag = hash << 40, ahead = 0, least = ~0ULL;
	int way = -1;

	for (int i = 0; i < EG_SOURCE_WAYS && way < 0; i++)
		if (b->cell[i] >> 40 == tag >> 40)
			way = i;
	if (way >= 0) {
		ahead = ahead_of(b->cell[way], now, DEPTH);
	} else {
		for (int i = 0; i < EG_SOURCE_WAYS; i++)
			if (ahead_of(b->cell[i], now, EG_SOURCE_TIME / 2) < least) {
				least = ahead_of(b->cell[i], now, EG_SOURCE_TIME / 2);
				way = i;
			}
	}
	if (ahead + GAP > DEPTH)
		return false;
	b->cell[way] = tag | ((now + ahead + GAP) & EG_SOURCE_TIME);
	return true;
}

/* A burst's worth passes, then one for each gap. */
static void test_one_source(void **state)
{
	struct eg_source_bucket b = {};
	uint64_t now = 123456;

	(void)state;
	for (int n = 0; n < DEPTH / GAP; n++)
		assert_true(eg_source_take(&b, 7, now, GAP, DEPTH));
	for (int n = 0; n < 3; n++) {
		assert_false(eg_source_take(&b, 7, now, GAP, DEPTH));
		assert_false(eg_source_take(&b, 7, now + GAP - 1, GAP, DEPTH));
		now += GAP;
		assert_true(eg_source_take(&b, 7, now, GAP, DEPTH));
	}
}

/* Few and many sources in a bucket, and a clock that wraps. */
static void test_many_sources(void **state)
{
	static const unsigned int counts[] = { 1, 2, 8, 9, 40 };
	uint64_t seed = RND_SEED;

	(void)state;
	for (size_t c = 0; c < sizeof(counts) / sizeof(counts[0]); c++) {
		struct eg_source_bucket fast = {}, slow = {};
		uint64_t now = EG_SOURCE_TIME - 100000;

		for (int n = 0; n < 20000; n++) {
			uint64_t hash = rnd(&seed) % counts[c] * 0x9e3779b97f4a7c15ULL + 1;

			now += rnd(&seed) % 40;
			assert_int_equal(eg_source_take(&fast, hash, now, GAP, DEPTH),
					 take_slowly(&slow, hash, now));
			assert_memory_equal(&fast, &slow, sizeof(fast));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_source),
		cmocka_unit_test(test_many_sources),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
