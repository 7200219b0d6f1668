// SPDX-License-Identifier: GPL-2.0-only
/* The table of own addresses: full buckets, unused places, broadcast. */
#include "vectors/cmocka.h"

#include <stdlib.h>
#include <echogate/addr.h>

static struct eg_addrs *table;

static int clear(void **state)
{
	(void)state;
	table = calloc(1, sizeof(*table));
	if (!table)
		return -1;
	table->seed = 0xbf58476d1ce4e5b9;
	return 0;
}

static int release(void **state)
{
	(void)state;
	free(table);
	return 0;
}

/* The n-th address that falls into a bucket. */
static __be32 in_bucket4(__u32 bucket, int n)
{
	for (__u32 a = 0xc6120000;; a++)
		if (eg_addr4_bucket_of(table->seed, htobe32(a)) == bucket && !n--)
			return htobe32(a);
}

static void in_bucket6(__u32 bucket, int n, __be32 addr[4])
{
	addr[0] = htobe32(0xfd0000e6);
	addr[1] = addr[2] = 0;
	for (__u32 a = 0;; a++) {
		addr[3] = htobe32(a);
		if (eg_addr6_bucket_of(table->seed, addr) == bucket && !n--)
			return;
	}
}

static void test_empty4(void **state)
{
	uint64_t seed = RND_SEED;

	(void)state;
	assert_int_equal(eg_addr4_owner(table, 0), EG_OWNER_NONE);
	assert_int_equal(eg_addr4_owner(table, 0xffffffff), EG_OWNER_NONE);
	for (int i = 0; i < 100000; i++)
		assert_int_equal(eg_addr4_owner(table, rnd(&seed)), EG_OWNER_NONE);
}

static void test_full_bucket4(void **state)
{
	__u32 bucket = eg_addr4_bucket_of(table->seed, htobe32(0xc6120001));
	struct eg_addr4_bucket *b = &table->v4[bucket];

	(void)state;
	for (int way = 0; way < EG_ADDR4_WAYS; way++)
		b->addr[way] = in_bucket4(bucket, way);
	for (int way = 0; way < EG_ADDR4_WAYS; way++)
		assert_int_equal(eg_addr4_owner(table, b->addr[way]), EG_OWNER_LOCAL);
	for (int n = 0; n < 50; n++)
		assert_int_equal(eg_addr4_owner(table, in_bucket4(bucket, EG_ADDR4_WAYS + n)),
				 EG_OWNER_NONE);
	/* One bit aside is another address. */
	for (int bit = 0; bit < 32; bit++)
		assert_int_equal(eg_addr4_owner(table, b->addr[3] ^ 1u << bit), EG_OWNER_NONE);
	assert_int_equal(eg_addr4_owner(table, 0), EG_OWNER_NONE);
}

static void test_broadcast(void **state)
{
	__u32 bucket = eg_addr4_bucket_of(table->seed, htobe32(0xc6120001));
	struct eg_addr4_bucket *b = &table->v4[bucket];

	(void)state;
	for (int way = 0; way < EG_ADDR4_WAYS; way++)
		b->addr[way] = in_bucket4(bucket, way);
	for (__u32 set = 0; set < 1 << EG_ADDR4_WAYS; set++) {
		b->broadcast = set;
		for (int way = 0; way < EG_ADDR4_WAYS; way++)
			assert_int_equal(eg_addr4_owner(table, b->addr[way]),
					 set >> way & 1 ? EG_OWNER_BROADCAST : EG_OWNER_LOCAL);
	}
}

/* The other places of a bucket with one address are unused, and hold 0.0.0.0 or ::. */
static void test_unspecified(void **state)
{
	static const __be32 unspecified[4], almost[4][4] = {
		{ 1, 0, 0, 0 },
		{ 0, 1, 0, 0 },
		{ 0, 0, 1, 0 },
		{ 0, 0, 0, 1 },
	};

	(void)state;
	for (int i = 0; i < EG_ADDR4_BUCKETS; i++)
		table->v4[i].broadcast = 0x7f;
	assert_int_equal(eg_addr4_owner(table, 0), EG_OWNER_NONE);
	assert_false(eg_addr6_own(table, unspecified));
	for (int i = 0; i < 4; i++)
		assert_false(eg_addr6_own(table, almost[i]));
}

static void test_full_bucket6(void **state)
{
	__be32 addr[4] = { htobe32(0xfd0000e6), 0, 0, htobe32(1) };
	__u32 bucket = eg_addr6_bucket_of(table->seed, addr);
	struct eg_addr6_bucket *b = &table->v6[bucket];

	(void)state;
	for (int way = 0; way < EG_ADDR6_WAYS; way++)
		in_bucket6(bucket, way, b->addr[way]);
	for (int way = 0; way < EG_ADDR6_WAYS; way++)
		assert_true(eg_addr6_own(table, b->addr[way]));
	for (int n = 0; n < 50; n++) {
		in_bucket6(bucket, EG_ADDR6_WAYS + n, addr);
		assert_false(eg_addr6_own(table, addr));
	}
	for (int bit = 0; bit < 128; bit++) {
		memcpy(addr, b->addr[2], sizeof(addr));
		addr[bit / 32] ^= 1u << bit % 32;
		assert_false(eg_addr6_own(table, addr));
	}
}

/* All of the table full, as many of each as there are places. */
static void test_every_bucket(void **state)
{
	size_t held4 = 0, held6 = 0;

	(void)state;
	for (__u32 a = 0; a < 20000; a++) {
		__be32 addr4 = htobe32(0xc6120000 + a);
		__be32 addr6[4] = { htobe32(0xfd0000e6), 0, 0, htobe32(a) };
		struct eg_addr4_bucket *b4;
		struct eg_addr6_bucket *b6;

		b4 = &table->v4[eg_addr4_bucket_of(table->seed, addr4)];
		b6 = &table->v6[eg_addr6_bucket_of(table->seed, addr6)];
		for (int way = 0; way < EG_ADDR4_WAYS; way++) {
			if (b4->addr[way])
				continue;
			b4->addr[way] = addr4;
			held4++;
			assert_int_equal(eg_addr4_owner(table, addr4), EG_OWNER_LOCAL);
			break;
		}
		for (int way = 0; way < EG_ADDR6_WAYS; way++) {
			if (b6->addr[way][0])
				continue;
			memcpy(b6->addr[way], addr6, sizeof(addr6));
			held6++;
			assert_true(eg_addr6_own(table, addr6));
			break;
		}
	}
	/* A hash that uses only some of the buckets leaves room unused. */
	assert_in_range(held4, EG_ADDR4_BUCKETS * EG_ADDR4_WAYS * 95 / 100, 20000);
	assert_in_range(held6, EG_ADDR6_BUCKETS * EG_ADDR6_WAYS * 85 / 100, 20000);
}

/* Whatever odd seed is drawn, consecutive addresses spread: a fixed few to a bucket. */
static void test_spread(void **state)
{
	static uint16_t used[EG_ADDR6_BUCKETS];
	uint64_t seed = RND_SEED;
	size_t worst = 0;

	(void)state;
	for (int round = 0; round < 200; round++) {
		__u64 s = rnd(&seed) | 1;
		size_t crowded = 0;

		memset(used, 0, sizeof(used));
		for (__u32 a = 0; a < 2048; a++) {
			__be32 addr[4] = { htobe32(0xfd0000e6), 0, htobe32(rnd(&seed)),
					   htobe32(a) };
			__u32 b = eg_addr6_bucket_of(s, addr);

			assert_in_range(b, 0, EG_ADDR6_BUCKETS - 1);
			crowded += ++used[b] > EG_ADDR6_WAYS;
		}
		worst = crowded > worst ? crowded : worst;
	}
	/* By chance some 8 of 2,048 find a fifth in their bucket. */
	assert_in_range(worst, 0, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_empty4, clear, release),
		cmocka_unit_test_setup_teardown(test_full_bucket4, clear, release),
		cmocka_unit_test_setup_teardown(test_broadcast, clear, release),
		cmocka_unit_test_setup_teardown(test_unspecified, clear, release),
		cmocka_unit_test_setup_teardown(test_full_bucket6, clear, release),
		cmocka_unit_test_setup_teardown(test_every_bucket, clear, release),
		cmocka_unit_test_setup_teardown(test_spread, clear, release),
	};

	return TAP_RUN("addr", tests);
}
