// SPDX-License-Identifier: GPL-2.0-only
/* Which replies were asked for, how long they took, and what is missing from rows of requests. */
#include "vectors/cmocka.h"

#include <stdlib.h>
#include <string.h>
#include <echogate/sequence.h>
#include <echogate/solicit.h>

#define SECOND 1000000000ull

static uint64_t seed = RND_SEED;
static __u64 keys[EG_PATH_KEYS];
static struct eg_echo_bucket table[EG_ECHO_BUCKETS];

static int start(void **state)
{
	(void)state;
	memset(table, 0, sizeof(table));
	for (int i = 0; i < EG_PATH_KEYS; i++)
		keys[i] = rnd(&seed);
	return 0;
}

static struct eg_echo_bucket *bucket_of(__u64 hash)
{
	return &table[eg_echo_bucket_of(hash)];
}

static __u64 hash_of(__u32 family, const __be32 *peer, const __be32 *own, __u32 rest)
{
	struct eg_echo_key k = { .peer = peer, .own = own, .family = family, .rest = rest };

	return eg_echo_hash(keys, &k);
}

/* The age of what is noted, ns; ~0: nothing is. */
static __u64 age_of(__u64 hash, __u64 now)
{
	__u64 hit = eg_echo_find(bucket_of(hash), hash);

	return hit ? eg_echo_age(bucket_of(hash)->cell[eg_first_bit(hit)], now) : ~0ull;
}

static bool see(__u64 hash)
{
	struct eg_echo_bucket *b = bucket_of(hash);
	__u32 way = eg_first_bit(eg_echo_find(b, hash));

	return eg_echo_see(b, way, b->cell[way]);
}

/* Every part of the key tells messages apart, of IPv6 every word; of IPv4 only the first. */
static void test_key(void **state)
{
	__be32 peer[4], own[4], other[4];
	__u64 hash;

	(void)state;
	for (int i = 0; i < 4; i++) {
		peer[i] = rnd(&seed);
		own[i] = rnd(&seed);
	}
	hash = hash_of(AF_INET6, peer, own, 7);
	assert_true(hash == hash_of(AF_INET6, peer, own, 7));
	assert_true(hash != hash_of(AF_INET6, peer, own, 8));
	assert_true(hash != hash_of(AF_INET, peer, own, 7));
	assert_true(hash != hash_of(AF_INET6, own, peer, 7));
	assert_true(hash != hash_of(AF_INET6, NULL, own, 7));
	for (int i = 0; i < 4; i++) {
		memcpy(other, peer, sizeof(other));
		other[i] ^= 1;
		assert_true(hash != hash_of(AF_INET6, other, own, 7));
		memcpy(other, own, sizeof(other));
		other[i] ^= 1u << 31;
		assert_true(hash != hash_of(AF_INET6, peer, other, 7));
		memcpy(other, peer, sizeof(other));
		other[i] ^= 1;
		assert_int_equal(hash_of(AF_INET, peer, own, 7) == hash_of(AF_INET, other, own, 7),
				 i != 0);
	}
	/* Nobody of a group isn't somebody whose address is zero. */
	memset(other, 0, sizeof(other));
	assert_true(hash_of(AF_INET, NULL, own, 7) != hash_of(AF_INET, other, own, 7));
}

/* Ages are right to 16 ns across the wrap of the clock, and duplicates are seen. */
static void test_age(void **state)
{
	static const __u64 starts[] = { 5, SECOND, (1ull << 43) - SECOND / 2, 1ull << 50 };

	(void)state;
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		__u64 now = starts[i], hash = rnd(&seed), took = rnd(&seed) % EG_ECHO_MAX, age;

		assert_true(age_of(hash, now) == ~0ull);
		assert_true(eg_echo_note(bucket_of(hash), hash, now));
		age = age_of(hash, now + took);
		assert_true(age + 16 > took && age < took + 16);
		assert_true(see(hash));
		assert_false(see(hash));
		assert_true(age_of(hash, now + took) == age);
		/* The same once more is a new one. */
		assert_true(eg_echo_note(bucket_of(hash), hash, now + took));
		assert_true(age_of(hash, now + took) < 16);
		assert_true(see(hash));
		assert_true(age_of(hash, now + took + 2 * EG_ECHO_MAX) > EG_ECHO_MAX);
	}
}

/* What is written by somebody else between reading and writing isn't taken for ours. */
static void test_races(void **state)
{
	struct eg_echo_bucket *b;
	__u64 hash = rnd(&seed), old;

	(void)state;
	b = bucket_of(hash);
	assert_true(eg_echo_note(b, hash, SECOND));
	old = b->cell[0];
	assert_true(eg_echo_see(b, 0, old));
	assert_false(eg_echo_see(b, 0, old));
}

/* As many as there are places stay; the oldest makes room, wherever it stands. */
static void test_room(void **state)
{
	__u64 hashes[2 * EG_ECHO_WAYS], top = rnd(&seed) << 51;

	(void)state;
	for (int i = 0; i < 2 * EG_ECHO_WAYS; i++) {
		hashes[i] = top | (__u64)i << 1;
		assert_true(eg_echo_note(bucket_of(top), hashes[i], (i + 1) * SECOND));
		for (int j = 0; j <= i; j++)
			assert_int_equal(age_of(hashes[j], 100 * SECOND) != ~0ull,
					 j > i - EG_ECHO_WAYS);
	}
	/* One written anew is no longer the oldest. */
	assert_true(eg_echo_note(bucket_of(top), hashes[EG_ECHO_WAYS], 50 * SECOND));
	assert_true(eg_echo_note(bucket_of(top), top | 100, 51 * SECOND));
	assert_true(age_of(hashes[EG_ECHO_WAYS], 51 * SECOND) != ~0ull);
	assert_true(age_of(hashes[EG_ECHO_WAYS + 1], 51 * SECOND) == ~0ull);
}

/* Thousands on their way are all known, and strangers hardly ever taken for them. */
static void test_many(void **state)
{
	unsigned int known = 0, wrong = 0;
	uint64_t again = seed;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		__u64 hash = rnd(&seed);

		eg_echo_note(bucket_of(hash), hash, SECOND + i);
	}
	for (int i = 0; i < 20000; i++)
		known += age_of(rnd(&again), 2 * SECOND) != ~0ull;
	for (int i = 0; i < 1000000; i++)
		wrong += age_of(rnd(&seed), 2 * SECOND) != ~0ull;
	assert_in_range(known, 19980, 20000);
	assert_in_range(wrong, 0, 10);
}

static void test_buckets(void **state)
{
	struct eg_rtt r = {};

	(void)state;
	assert_int_equal(eg_rtt_bucket(0), 0);
	for (int i = 0; i < EG_RTT_BUCKETS - 1; i++) {
		assert_int_equal(eg_rtt_bucket((1024ull << i) - 1), i);
		assert_int_equal(eg_rtt_bucket(1024ull << i), i + 1);
	}
	assert_int_equal(eg_rtt_bucket(EG_ECHO_MAX), EG_RTT_BUCKETS - 1);
	assert_int_equal(eg_rtt_bucket(~0ull), EG_RTT_BUCKETS - 1);
	eg_rtt_add(&r, 5000);
	eg_rtt_add(&r, 2000);
	eg_rtt_add(&r, 3000000);
	assert_int_equal(r.sum, 3007000);
	assert_int_equal(r.least, 2000);
	assert_int_equal(r.most, 3000000);
	assert_int_equal(r.bucket[1], 1);
	assert_int_equal(r.bucket[3], 1);
	assert_int_equal(r.bucket[12], 1);
}

/* Rows of numbers: "-N" is a silence of N seconds. What comes of them, in the struct's order. */
static const struct {
	const char *numbers;
	unsigned int received, missing, duplicates, reordered, restarts, strays, top;
} rows[] = {
	{ "7", 1, 0, 0, 0, 0, 0, 7 },
	{ "1 2 3 4", 4, 0, 0, 0, 0, 0, 4 },
	{ "1 2 5 6", 4, 2, 0, 0, 0, 0, 6 },
	{ "1 2 5 3 6 4", 6, 0, 0, 2, 0, 0, 6 },
	{ "1 2 5 3 3 6", 6, 1, 1, 1, 0, 0, 6 },
	{ "1 1 2 2 2 3", 6, 0, 3, 0, 0, 0, 3 },
	{ "1 2 3 1 2 3 4", 7, 0, 3, 0, 0, 0, 4 },
	/* What is older than the row is late, and was never missed. */
	{ "100 99 101 105 98", 5, 3, 0, 2, 0, 0, 105 },
	{ "100 99 99 100", 4, 0, 2, 1, 0, 0, 100 },
	/* Around the end of numbers. */
	{ "65534 65535 0 1", 4, 0, 0, 0, 0, 0, 1 },
	{ "65534 1 65535 0", 4, 0, 0, 2, 0, 0, 1 },
	{ "65535 1 1", 3, 1, 1, 0, 0, 0, 1 },
	/* As far as it may go, and one more. */
	{ "1 3000", 2, 2998, 0, 0, 0, 0, 3000 },
	{ "1 3001 2", 3, 0, 0, 0, 0, 1, 2 },
	{ "1 3001 3002 3003", 4, 0, 0, 0, 1, 0, 3003 },
	{ "1 64 2", 3, 61, 0, 1, 0, 0, 64 },
	{ "1 65 2 1", 4, 62, 0, 1, 0, 1, 65 },
	{ "1 66 2", 3, 64, 0, 0, 0, 1, 66 },
	/* The next ping: no gap of sixty thousand. */
	{ "5000 5001 1 2 3", 5, 0, 0, 0, 1, 0, 3 },
	{ "5000 5001 1 5002 2 5003", 6, 0, 0, 0, 0, 2, 5003 },
	{ "5000 1 2 2 1", 5, 0, 2, 0, 1, 0, 2 },
	{ "1 2 3 -9 1 2", 5, 0, 2, 0, 0, 0, 3 },
	{ "1 2 3 -10 1 2", 5, 0, 0, 0, 1, 0, 2 },
	/* Not the next ping, but a hole in this one. */
	{ "1 2 3 -60 64 65", 5, 60, 0, 0, 0, 0, 65 },
};

static void test_rows(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct eg_observed o = {};
		__u64 now = 100 * SECOND;
		char *at = (char *)rows[i].numbers;

		while (*at) {
			long n = strtol(at, &at, 10);

			if (n < 0)
				now += -n * SECOND;
			else
				eg_sequence_take(&o, n, now);
		}
		if (o.received != rows[i].received || o.missing != rows[i].missing ||
		    o.duplicates != rows[i].duplicates || o.reordered != rows[i].reordered ||
		    o.restarts != rows[i].restarts || o.strays != rows[i].strays ||
		    o.top != rows[i].top)
			fail_msg(
				"\"%s\": received %llu missing %llu duplicates %llu reordered %llu "
				"restarts %llu strays %llu top %u",
				rows[i].numbers, o.received, o.missing, o.duplicates, o.reordered,
				o.restarts, o.strays, o.top);
		assert_true(o.first == 100 * SECOND && o.last == now);
	}
}

/* Whatever is lost, doubled and swapped within the window is counted to the packet. */
static void test_random_rows(void **state)
{
	(void)state;
	for (int round = 0; round < 50; round++) {
		unsigned int lost = 0, doubled = 0, swapped = 0, sent = 0;
		struct eg_observed o = {};
		__u16 number = rnd(&seed);

		eg_sequence_take(&o, number++, SECOND);
		for (int i = 0; i < 100000; i++) {
			switch (rnd(&seed) % 20) {
			case 0:
				number++;
				lost++;
				continue;
			case 1:
				eg_sequence_take(&o, number, SECOND);
				eg_sequence_take(&o, number, SECOND);
				number++;
				doubled++;
				sent += 2;
				continue;
			case 2:
				eg_sequence_take(&o, number + 1, SECOND);
				eg_sequence_take(&o, number, SECOND);
				number += 2;
				swapped++;
				sent += 2;
				continue;
			default:
				eg_sequence_take(&o, number++, SECOND);
				sent++;
			}
		}
		/* That nothing is missing behind the last. */
		eg_sequence_take(&o, number, SECOND);
		assert_int_equal(o.received, sent + 2);
		assert_int_equal(o.missing, lost);
		assert_int_equal(o.duplicates, doubled);
		assert_int_equal(o.reordered, swapped);
		assert_int_equal(o.restarts + o.strays, 0);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_key, start),
		cmocka_unit_test_setup(test_age, start),
		cmocka_unit_test_setup(test_races, start),
		cmocka_unit_test_setup(test_room, start),
		cmocka_unit_test_setup(test_many, start),
		cmocka_unit_test_setup(test_buckets, start),
		cmocka_unit_test_setup(test_rows, start),
		cmocka_unit_test_setup(test_random_rows, start),
	};

	return TAP_RUN("solicit", tests);
}
