// SPDX-License-Identifier: GPL-2.0-only
/* Limits: how many packets pass in a time, for a rule and for single sources. */
#include "vectors/cmocka.h"

#include <string.h>
#include <echogate/limit.h>
#include <echogate/path.h>

#define SECOND 1000000000ull

static uint64_t seed = RND_SEED;

/* Packets that pass when one comes every `every` ns from `start` on for `span` ns. */
static uint64_t passed(uint64_t start, uint64_t span, uint64_t every, uint64_t gap, uint64_t depth,
		       uint64_t batch, __u64 *tat)
{
	uint64_t count = 0, credit = 0;

	for (uint64_t now = start; now < start + span; now += every) {
		if (!credit)
			credit = eg_limit_take(now, tat, gap, depth, batch);
		if (credit) {
			credit--;
			count++;
		}
	}
	return count;
}

/* What a limit promises: a burst at once, then its rate, whatever the flood. */
static void test_rate(void **state)
{
	static const uint64_t rates[] = { 1, 50, 1000, 99999, 1000000 };

	(void)state;
	for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
		for (uint64_t burst = 1; burst <= 1000; burst *= 10) {
			uint64_t gap = SECOND / rates[i], span = gap * 5000;
			__u64 tat = 0;
			uint64_t have = passed(SECOND, span, gap / 7 + 1, gap, burst * gap, 1,
					       &tat);

			/* Without a burst, waiting for the next packet is lost. */
			assert_in_range(have, (5000 + burst) * 99 / 100, 5000 + burst);
		}
	}
}

/* Whoever keeps to the rate is never held up, and a pause gives the burst back, but no more. */
static void test_pause(void **state)
{
	uint64_t gap = SECOND / 1000, depth = 20 * gap;
	__u64 tat = 0;

	(void)state;
	assert_int_equal(passed(SECOND, SECOND, gap, gap, depth, 1, &tat), 1000);
	assert_int_equal(passed(3 * SECOND, gap, gap / 100, gap, depth, 1, &tat), 20);
	assert_int_equal(passed(100 * SECOND, gap, gap / 100, gap, depth, 1, &tat), 20);
	/* The clock of another CPU may be behind. */
	tat = 200 * SECOND;
	assert_int_equal(eg_limit_take(100 * SECOND, &tat, gap, depth, 1), 0);
	assert_int_equal(tat, 200 * SECOND);
}

/* Tokens taken in batches are neither more nor fewer. */
static void test_batch(void **state)
{
	uint64_t gap = SECOND / 100000, depth = 500 * gap;

	(void)state;
	for (uint64_t batch = 1; batch <= 64; batch *= 2) {
		__u64 tat = 0;
		uint64_t have = passed(SECOND, SECOND, gap / 3, gap, depth, batch, &tat);

		assert_in_range(have, 100000 + 500 - batch - 1, 100000 + 500 + batch);
	}
}

/* Packets of `count`, one every `every` ns from *now on, that are above the rate. */
static uint64_t above(uint64_t *now, uint64_t count, uint64_t every, __u64 *state, uint64_t gap,
		      uint64_t depth, uint64_t hold)
{
	uint64_t above = 0;

	for (; count; count--, *now += every)
		above += eg_above_take(*now, state, gap, depth, hold);
	return above;
}

/* The kernel's up to the rate, ours above, and the kernel's again well below. */
static void test_above(void **state)
{
	const uint64_t gap = SECOND / 1000, depth = 100 * gap, hold = SECOND;
	uint64_t now = 5 * SECOND;
	__u64 cell = 0;

	(void)state;
	/* Just the rate, for as long as one likes. */
	assert_int_equal(above(&now, 100000, gap, &cell, gap, depth, hold), 0);
	/* A burst beyond it, and not a packet more. */
	now += SECOND;
	assert_int_equal(above(&now, 100, 0, &cell, gap, depth, hold), 0);
	assert_false(eg_is_above(now, cell));
	assert_int_equal(above(&now, 1, 0, &cell, gap, depth, hold), 1);
	assert_true(eg_is_above(now, cell));
	/* As long as there are more than half of the rate: at once all of it, then evenly. */
	assert_int_equal(above(&now, 500000, 1000, &cell, gap, depth, hold), 500000);
	assert_int_equal(above(&now, 60000, gap, &cell, gap, depth, hold), 60000);
	assert_int_equal(above(&now, 60000, gap * 19 / 10, &cell, gap, depth, hold), 60000);
	assert_true(eg_is_above(now, cell));
	/* At a quarter of it: two seconds, 500 packets. */
	assert_in_range(above(&now, 2000, 4 * gap, &cell, gap, depth, hold), 480, 510);
	assert_false(eg_is_above(now, cell));
	/* Silence: one second. */
	assert_int_equal(above(&now, 101, 0, &cell, gap, depth, hold), 1);
	now += hold - 1;
	assert_true(eg_is_above(now, cell));
	now++;
	assert_false(eg_is_above(now, cell));
	assert_int_equal(above(&now, 1, gap, &cell, gap, depth, hold), 0);
	/* The burst was given back meanwhile. */
	now += SECOND;
	assert_int_equal(above(&now, 101, 0, &cell, gap, depth, hold), 1);
}

/* What lies between the two rates changes nothing, from whichever side it comes. */
static void test_hysteresis(void **state)
{
	const uint64_t gap = SECOND / 1000, depth = 100 * gap, hold = SECOND;
	uint64_t seed = RND_SEED;

	(void)state;
	for (int i = 0; i < 200; i++) {
		uint64_t every = gap * (105 + rnd(&seed) % 90) / 100, now = SECOND;
		__u64 below = 0, over = EG_ABOVE | (now + hold);

		assert_int_equal(above(&now, 20000, every, &below, gap, depth, hold), 0);
		now = SECOND;
		assert_int_equal(above(&now, 20000, every, &over, gap, depth, hold), 20000);
	}
}

/* A full bucket isn't written to, or a flood would have all CPUs contend for it. */
static void test_above_writes(void **state)
{
	const uint64_t gap = SECOND / 1000, depth = 100 * gap, hold = SECOND;
	__u64 cell = EG_ABOVE | (SECOND + hold), writes = 0;

	(void)state;
	for (uint64_t now = SECOND; now < 11 * SECOND; now += 1000) {
		__u64 before = cell;

		assert_true(eg_above_take(now, &cell, gap, depth, hold));
		writes += cell != before;
	}
	/* Half the rate is what drains: no more than that, of ten million. */
	assert_in_range(writes, 4000, 5100);
}

static uint64_t hash_of(uint64_t source)
{
	return eg_hash_final(source * 0x9e3779b97f4a7c15 + 1);
}

/* Each source its own, as many as the table holds. */
static void test_sources(void **state)
{
	static struct eg_source_bucket table[EG_SOURCE_BUCKETS];
	uint64_t gap = SECOND / 50 >> EG_SOURCE_SHIFT, depth = 10 * gap;
	enum { SOURCES = 20000 };
	static uint32_t count[SOURCES];
	uint64_t now = 12345;

	(void)state;
	memset(table, 0, sizeof(table));
	/* Four times the rate, five seconds: the burst and five times fifty. */
	for (int round = 0; round < 1000; round++, now += gap / 4) {
		for (int s = 0; s < SOURCES; s += round % 10 == 0 ? 1 : 100) {
			uint64_t hash = hash_of(s);

			count[s] += eg_source_take(&table[eg_source_bucket_of(hash)], hash, now,
						   gap, depth);
		}
	}
	for (int s = 0; s < SOURCES; s++) {
		if (s % 100)
			assert_int_equal(count[s], 100);	/* one in ten rounds: below the rate */
		else
			assert_in_range(count[s], 250, 260);
	}
}

/* A flood of strangers makes limits looser, never tighter, and forgets the idle first. */
static void test_crowd(void **state)
{
	static struct eg_source_bucket b;
	uint64_t gap = 1000, depth = 10 * gap, now = 1 << 20;
	int passed_one = 0;

	(void)state;
	memset(&b, 0, sizeof(b));
	for (int i = 0; i < 100; i++) {
		/* One that is over its limit, among six that are idle again each time. */
		passed_one += eg_source_take(&b, 7, now, gap, depth);
		for (int s = 0; s < 6; s++)
			assert_true(eg_source_take(&b, s + 100, now, gap, depth));
		now += gap / 2;
		/* Whoever comes once finds a place that isn't the greedy one's. */
		assert_true(eg_source_take(&b, rnd(&seed) | 1ull << 23, now, gap, depth));
		now += gap / 2;
	}
	assert_in_range(passed_one, 100, 110);
}

/* Nineteen hours later the clock has come round: nobody is held for that. */
static void test_wrap(void **state)
{
	struct eg_source_bucket b;
	uint64_t gap = 1 << 20, depth = 10 * gap;

	(void)state;
	for (uint64_t now = EG_SOURCE_TIME - 20 * gap; now < EG_SOURCE_TIME + 20 * gap;
	     now += gap / 3) {
		memset(&b, 0, sizeof(b));
		for (int i = 0; i < 10; i++)
			assert_true(eg_source_take(&b, 5, now & EG_SOURCE_TIME, gap, depth));
		assert_false(eg_source_take(&b, 5, now & EG_SOURCE_TIME, gap, depth));
		assert_true(eg_source_take(&b, 5, (now + gap) & EG_SOURCE_TIME, gap, depth));
	}
	/* What is half a day old is as good as unknown. */
	memset(&b, 0, sizeof(b));
	for (int i = 0; i < 20; i++)
		eg_source_take(&b, 5, 1000, gap, depth);
	assert_true(eg_source_take(&b, 5, 1000 + (EG_SOURCE_TIME >> 1), gap, depth));
}

/* The same said slowly */

#define TRY_GAP	  100
#define TRY_DEPTH 500

static uint64_t ahead_of(uint64_t cell, uint64_t now, uint64_t most)
{
	uint64_t ahead = (cell - now) & EG_SOURCE_TIME;

	return !cell || ahead > most ? 0 : ahead;
}

static bool take_slowly(struct eg_source_bucket *b, uint64_t hash, uint64_t now)
{
	uint64_t tag = hash << 40, ahead = 0, least = ~0ULL;
	int way = -1;

	for (int i = 0; i < EG_SOURCE_WAYS && way < 0; i++)
		if (b->cell[i] >> 40 == tag >> 40)
			way = i;
	if (way >= 0) {
		ahead = ahead_of(b->cell[way], now, TRY_DEPTH);
	} else {
		for (int i = 0; i < EG_SOURCE_WAYS; i++)
			if (ahead_of(b->cell[i], now, EG_SOURCE_HORIZON) < least) {
				least = ahead_of(b->cell[i], now, EG_SOURCE_HORIZON);
				way = i;
			}
	}
	if (ahead + TRY_GAP > TRY_DEPTH)
		return false;
	b->cell[way] = tag | ((now + ahead + TRY_GAP) & EG_SOURCE_TIME);
	return true;
}

/* Few and many sources in a bucket, and a clock that wraps. */
static void test_slowly(void **state)
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
			assert_int_equal(eg_source_take(&fast, hash, now, TRY_GAP, TRY_DEPTH),
					 take_slowly(&slow, hash, now));
			assert_memory_equal(&fast, &slow, sizeof(fast));
		}
	}
}

/* Two that share a bucket, at any time of those nineteen hours: neither takes the other's place. */
static void test_neighbours(void **state)
{
	uint64_t gap = SECOND / 50 >> EG_SOURCE_SHIFT, depth = 10 * gap;
	uint64_t step = EG_SOURCE_TIME / 61;

	(void)state;
	for (uint64_t now = 0; now < EG_SOURCE_TIME; now += step) {
		struct eg_source_bucket b = {};
		int passed[2] = {};

		/* Of which all but one place were taken eleven hours ago. */
		for (int s = 0; now / step % 2 && s < EG_SOURCE_WAYS - 1; s++)
			eg_source_take(&b, 100 + s, (now - 35 * step) & EG_SOURCE_TIME, gap, depth);
		for (int i = 0; i < 50; i++)
			passed[i & 1] += eg_source_take(&b, 5 + (i & 1), now, gap, depth);
		assert_int_equal(passed[0], 10);
		assert_int_equal(passed[1], 10);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rate),  cmocka_unit_test(test_pause),
		cmocka_unit_test(test_batch), cmocka_unit_test(test_sources),
		cmocka_unit_test(test_crowd), cmocka_unit_test(test_wrap),
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_slowly), cmocka_unit_test(test_above),
		cmocka_unit_test(test_hysteresis), cmocka_unit_test(test_above_writes),
	};

	return TAP_RUN("limit", tests);
}
