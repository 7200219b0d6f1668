// SPDX-License-Identifier: GPL-2.0-only
/* Remembered paths: that they grow old in time, keep their reason, and don't collide. */
#include "vectors/cmocka.h"

#include <string.h>
#include <echogate/path.h>

static uint64_t seed = RND_SEED;
static __u64 keys[EG_PATH_KEYS];

static int draw_keys(void **state)
{
	(void)state;
	for (int i = 0; i < EG_PATH_KEYS; i++)
		keys[i] = rnd(&seed);
	return 0;
}

/* As bpf/ composes it of eight pairs. */
static __u64 hash_of(const __u32 words[16])
{
	__u64 sum = 0;

	for (int n = 0; n < 8; n++)
		sum += eg_hash_pair(keys, n, words[2 * n], words[2 * n + 1]);
	return eg_hash_final(sum);
}

static void draw(__u32 words[16])
{
	for (int i = 0; i < 16; i++)
		words[i] = rnd(&seed);
}

/* Also where jiffies wrap around, at 32 bits and at 64. */
static __u64 some_time(int i)
{
	switch (i % 3) {
	case 0:
		return rnd(&seed);
	case 1:
		return 0xffffffffull - i;
	default:
		return -(__u64)i;
	}
}

/* How many jiffies a cell of this time still lives. */
static __u32 left(__u64 hash, __u64 now, __u32 shift)
{
	__u32 cell = eg_path_cell(hash, now, shift), age = 0;

	while (age <= 1u << shift && eg_path_cell(hash, now + age, shift) == cell)
		age++;
	return age;
}

static void age_with(__u32 shift)
{
	const int count = 4000;
	__u64 lived = 0;

	for (int i = 0; i < count; i++) {
		__u64 hash = rnd(&seed), now = some_time(i);
		__u32 cell = eg_path_cell(hash, now, shift);
		__u32 age = left(hash, now, shift);

		assert_in_range(age, 1, 1u << shift);
		lived += age;
		/* Gone for long: for hundreds of epochs, it doesn't come again. */
		for (__u64 n = 0; n < 300; n++)
			assert_int_not_equal(cell,
					     eg_path_cell(hash, now + age + (n << shift), shift));
	}
	/* Starts of epochs are spread: half a life on average. */
	assert_in_range(lived / count, (1u << shift) * 45 / 100, (1u << shift) * 55 / 100);
}

static void test_age(void **state)
{
	(void)state;
	age_with(7);
	age_with(8);
	age_with(10);
}

/* Not all sources grow old at once. */
static void test_epochs_staggered(void **state)
{
	int changed[256] = { 0 };

	(void)state;
	for (int i = 0; i < 10000; i++) {
		__u64 hash = rnd(&seed);
		__u32 cell = eg_path_cell(hash, 1000000, 8);

		for (int t = 1; t <= 256; t++) {
			if (eg_path_cell(hash, 1000000 + t, 8) == cell)
				continue;
			changed[t - 1]++;
			break;
		}
	}
	for (int t = 0; t < 256; t++)
		assert_in_range(changed[t], 10, 90); /* 39 expected */
}

static void test_empty(void **state)
{
	static const struct eg_path_set empty;

	(void)state;
	for (__u32 tag = 0; tag <= EG_PATH_TAG; tag += tag < 1000 ? 1 : 997) {
		__u32 cell = tag << 6 | 63;

		assert_false(eg_path_known(&empty, cell));
		assert_int_equal(eg_path_reason(&empty, cell), EG_REASON_COUNT);
	}
	for (int i = 0; i < 100000; i++)
		assert_int_equal(eg_path_cell(rnd(&seed), rnd(&seed), 8) & 63, 63);
}

static void test_reasons(void **state)
{
	(void)state;
	for (int r = 0; r < EG_REASON_COUNT; r++) {
		for (int way = 0; way < EG_PATH_WAYS; way++) {
			struct eg_path_set set = {};
			__u32 cell = eg_path_cell(rnd(&seed), rnd(&seed), 8);

			set.cell[way] = eg_path_cell_reason(cell, r);
			assert_int_equal(eg_path_reason(&set, cell), r);
			assert_int_equal(eg_path_known(&set, cell), r == EG_REASON_NONE);
			/* Another tag's cell says nothing about this one. */
			for (int bit = 6; bit < 32; bit++) {
				assert_false(eg_path_known(&set, cell ^ 1u << bit));
				assert_int_equal(eg_path_reason(&set, cell ^ 1u << bit),
						 EG_REASON_COUNT);
			}
		}
	}
}

/* A full set of others, one with each reason, and in it the one asked for. */
static void test_full_set(void **state)
{
	(void)state;
	for (int i = 0; i < 100000; i++) {
		struct eg_path_set set;
		__u32 cell = eg_path_cell(rnd(&seed), rnd(&seed), 8);
		enum eg_reason reason = rnd(&seed) % EG_REASON_COUNT;
		int way = rnd(&seed) % EG_PATH_WAYS;

		for (int n = 0; n < EG_PATH_WAYS; n++)
			set.cell[n] = eg_path_cell_reason(cell ^ (n + 1) << (6 + i % 20),
							  rnd(&seed) % EG_REASON_COUNT);
		assert_int_equal(eg_path_reason(&set, cell), EG_REASON_COUNT);
		assert_false(eg_path_known(&set, cell));
		set.cell[way] = eg_path_cell_reason(cell, reason);
		assert_int_equal(eg_path_reason(&set, cell), reason);
	}
}

/* Chi-squared over 2^14 sets, 64 each: about 16,383, standard deviation 181. */
static void spread(const char *what, void (*next)(__u32 words[16], __u32 n))
{
	static __u32 used[1 << EG_PATH_SET_BITS];
	const __u32 mean = 64, count = mean << EG_PATH_SET_BITS;
	__u32 words[16] = { 0 };
	double chi = 0;

	memset(used, 0, sizeof(used));
	for (__u32 n = 0; n < count; n++) {
		next(words, n);
		used[eg_path_set_of(hash_of(words))]++;
	}
	for (__u32 i = 0; i < 1 << EG_PATH_SET_BITS; i++)
		chi += ((double)used[i] - mean) * ((double)used[i] - mean) / mean;
	if (chi > 16383 + 8 * 181)
		fail_msg("%s: chi-squared %.0f", what, chi);
}

static void next_source(__u32 words[16], __u32 n)
{
	words[4] = htobe32(0xc6120000 + n);
}

static void next_source_stepped(__u32 words[16], __u32 n)
{
	words[4] = htobe32(n << 10);
}

static void next_source6(__u32 words[16], __u32 n)
{
	words[6] = htobe32(n);
}

static void next_random(__u32 words[16], __u32 n)
{
	words[4] = rnd(&seed);
	words[5] = n;
}

static void test_sets_even(void **state)
{
	(void)state;
	spread("consecutive sources", next_source);
	spread("sources in steps of 1,024", next_source_stepped);
	spread("consecutive interface identifiers", next_source6);
	spread("random sources", next_random);
}

/* Each bit of what a path depends on changes set and tag, each bit of them about every other time. */
static void test_avalanche(void **state)
{
	static __u32 flips[64];
	const int rounds = 200;

	(void)state;
	memset(flips, 0, sizeof(flips));
	for (int i = 0; i < rounds; i++) {
		__u32 words[16];
		__u64 hash;

		draw_keys(NULL);
		draw(words);
		hash = hash_of(words);
		for (int bit = 0; bit < 16 * 32; bit++) {
			__u64 other;

			words[bit / 32] ^= 1u << bit % 32;
			other = hash_of(words);
			words[bit / 32] ^= 1u << bit % 32;
			assert_true(other != hash);
			for (int b = 0; b < 64; b++)
				flips[b] += (other ^ hash) >> b & 1;
		}
	}
	for (int b = 0; b < 64; b++)
		assert_in_range(flips[b], rounds * 512 * 45 / 100, rounds * 512 * 55 / 100);
}

/* Set and tag together: 40 bits; of a million paths perhaps one pair agrees by chance. */
static void test_collisions(void **state)
{
	static __u32 first[1 << 20];
	const __u32 count = 1 << 20;
	int same = 0;

	(void)state;
	memset(first, 0, sizeof(first));
	for (__u32 n = 0; n < count; n++) {
		__u32 words[16] = { [4] = htobe32(0xc6120000 + n) };
		__u64 hash = hash_of(words);
		__u32 cell = eg_path_cell(hash, 0, 8);
		/* Twenty bits choose the place, the rest is compared. */
		__u32 at = eg_path_set_of(hash) << 6 | (cell >> 6 & 63);

		same += first[at] == cell;
		first[at] = cell;
	}
	assert_in_range(same, 0, 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_age),
		cmocka_unit_test(test_epochs_staggered),
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_full_set),
		cmocka_unit_test_setup(test_sets_even, draw_keys),
		cmocka_unit_test_setup(test_avalanche, draw_keys),
		cmocka_unit_test_setup(test_collisions, draw_keys),
	};

	return TAP_RUN("path", tests);
}
