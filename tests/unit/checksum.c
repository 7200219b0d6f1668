// SPDX-License-Identifier: GPL-2.0-only
/* Sums against a sum that is too simple to be wrong, and every checksum a request can have. */
#include "vectors/cmocka.h"
#include "vectors/frame.h"
#include "pure.h"

static struct eg_addrs *own;

/* As memory order has it, to compare with what headers/ sums. */
static uint16_t naive(const uint8_t *p, size_t len)
{
	return htons(sum_bytes(0, p, len));
}

/* 0 and 0xffff are one number, but only the sum of nothing but zeros may be 0. */
static void same_sum(const uint8_t *p, size_t len)
{
	__u64 sum = 0;

	assert_true(eg_sum(p, len, p + len, &sum));
	assert_int_equal(eg_fold(sum), naive(p, len));
}

static void test_lengths(void **state)
{
	uint64_t seed = RND_SEED;

	(void)state;
	for (size_t len = 0; len <= EG_SUM_MAX; len += len < 1100 ? 1 : 1 + rnd(&seed) % 67) {
		for (int start = 0; start < 2; start++) {
			uint8_t *p = sharp_alloc(len, start);

			for (size_t i = 0; i < len; i++)
				p[i] = rnd(&seed) >> 56;
			same_sum(p, len);
			memset(p, 0xff, len);
			same_sum(p, len);
			memset(p, 0, len);
			same_sum(p, len);
			sharp_free(p, start);
		}
	}
}

/* Each byte counts, and in its own place. */
static void test_single_bytes(void **state)
{
	static const size_t lengths[] = { 1, 2, 3, 7, 8, 63, 64, 511, 512, 513, 1023, 1480, 9216 };

	(void)state;
	for (size_t n = 0; n < sizeof(lengths) / sizeof(lengths[0]); n++) {
		uint8_t *p = sharp_alloc(lengths[n], false);

		memset(p, 0, lengths[n]);
		for (size_t i = 0; i < lengths[n]; i++) {
			p[i] = 0x81;
			same_sum(p, lengths[n]);
			p[i] = 0;
		}
		sharp_free(p, false);
	}
}

static void test_bounds(void **state)
{
	uint8_t *p = sharp_alloc(EG_SUM_MAX + 1, false);
	__u64 sum = 0;

	(void)state;
	memset(p, 1, EG_SUM_MAX + 1);
	assert_true(eg_sum(p, EG_SUM_MAX, p + EG_SUM_MAX, &sum));
	assert_false(eg_sum(p, EG_SUM_MAX + 1, p + EG_SUM_MAX + 1, &sum));
	assert_false(eg_sum(p, 0xffffffff, p + EG_SUM_MAX + 1, &sum));
	for (size_t len = 1; len <= EG_SUM_MAX; len += len < 600 ? 1 : 61)
		assert_false(eg_sum(p, len, p + len - 1, &sum));
	sharp_free(p, false);
}

/* What was there before is kept. */
static void test_accumulates(void **state)
{
	static const uint8_t two[] = { 0x12, 0x34, 0x56, 0x78 };
	__u64 sum = 0;

	(void)state;
	assert_true(eg_sum(two, 2, two + 4, &sum));
	assert_true(eg_sum(two + 2, 2, two + 4, &sum));
	assert_int_equal(eg_fold(sum), naive(two, 4));
}

static uint16_t fold_slowly(uint64_t sum)
{
	uint16_t s = 0;

	for (int i = 0; i < 64; i += 16)
		s = sum_add(s, sum >> i & 0xffff);
	return s;
}

static void test_fold(void **state)
{
	static const uint64_t traps[] = {
		0,
		1,
		0xffff,
		0x10000,
		0x10001,
		0x1ffff,
		0x1fffe,
		0xfffeffff,
		0xffff0000,
		0xffff0001,
		0xffffffff,
		0x100000000,
		0x1ffffffff,
		0xffffffff00000000,
		0xfffffffeffffffff,
		0xffffffffffffffff,
		0xffff0000ffff0000,
		0x0000ffff0000ffff,
		0x8000800080008000,
		0xfffffffffffe0001,
		0x00010000ffff0000,
		0xffffffff0000ffff,
	};
	uint64_t seed = RND_SEED;

	(void)state;
	for (size_t i = 0; i < sizeof(traps) / sizeof(traps[0]); i++)
		for (int d = -3; d <= 3; d++)
			assert_int_equal(eg_fold(traps[i] + d), fold_slowly(traps[i] + d));
	for (int i = 0; i < 1000000; i++) {
		uint64_t sum = rnd(&seed) >> rnd(&seed) % 64;

		assert_int_equal(eg_fold(sum), fold_slowly(sum));
	}
}

static void test_fixed(void **state)
{
	uint64_t seed = RND_SEED;
	uint8_t *p = sharp_alloc(128, false);

	(void)state;
	for (int n = 0; n < 1000; n++) {
		for (int i = 0; i < 128; i++)
			p[i] = rnd(&seed) >> 56;
		assert_int_equal(eg_fold(eg_sum_fixed(p, 4)), naive(p, 4));
		assert_int_equal(eg_fold(eg_sum_fixed(p, 20)), naive(p, 20));
		assert_int_equal(eg_fold(eg_sum_fixed(p, 32)), naive(p, 32));
		assert_int_equal(eg_fold(eg_sum_fixed(p, 128)), naive(p, 128));
		assert_int_equal(eg_fold(eg_sum_bulk(p, 128)), naive(p, 128));
	}
	sharp_free(p, false);
}

/* Every request checksum, by choosing the identifier; the reply must verify, and be what RFC 1071 says. */
static void every_checksum(const struct vector *model)
{
	static struct frame request, expected;
	static struct pure got;
	struct vector v = *model;
	size_t upper = 14 + (v.family == 4 ? 20 : 40);

	for (uint32_t sum = 0; sum <= 0xffff; sum++) {
		v.sum = sum == 0xffff ? SUM_ONES : SUM_WANT;
		v.sum_value = sum;
		vector_request(&v, &request);
		assert_int_equal(get16(request.data + upper + 2), sum);
		pure_run(request.data, request.len, false, own, vector_hops(&v), sum, sum, &got);
		assert_true(got.answered);
		vector_reply(&v, sum, sum, &expected);
		if (got.len != expected.len || memcmp(got.reply, expected.data, got.len))
			fail_msg("request checksum 0x%04x: wrong reply", sum);
		assert_int_equal(
			sum_bytes(v.family == 6 ? sum_pseudo(got.reply + 14, got.len - upper) : 0,
				  got.reply + upper, got.len - upper),
			0xffff);
	}
}

static void test_every_checksum4(void **state)
{
	static const struct vector v = { .family = 4, .size = 7 };

	(void)state;
	every_checksum(&v);
}

static void test_every_checksum6(void **state)
{
	static const struct vector v = { .family = 6, .size = 12, .code = 200 };

	(void)state;
	every_checksum(&v);
}

/* Every identifier of a message that is zero otherwise: the checksums of a row, and the all-zero one. */
static void every_ident(int family)
{
	static struct frame request;
	static struct pure got;
	const struct vector v = { .family = family, .size = 0, .zero = true };
	size_t upper = 14 + (family == 4 ? 20 : 40);

	vector_request(&v, &request);
	for (uint32_t id = 0; id <= 0xffff; id++) {
		uint16_t start = family == 6 ? sum_pseudo(request.data + 14, 8) : 0;

		set16(request.data + upper + 4, id);
		put_sum(SUM_GOOD, 0, request.data + upper + 2, NULL, start, request.data + upper, 8,
			0);
		pure_run(request.data, request.len, false, own, 64, id, 0, &got);
		assert_true(got.answered);
		assert_int_equal(sum_bytes(start, got.reply + upper, 8), 0xffff);
		assert_int_equal(got.reply[upper], family == 4 ? 0 : 129);
		assert_int_equal(get16(got.reply + upper + 4), id);
		if (family == 4)
			assert_int_equal(sum_bytes(0, got.reply + 14, 20), 0xffff);
	}
}

static void test_every_ident4(void **state)
{
	(void)state;
	every_ident(4);
}

static void test_every_ident6(void **state)
{
	(void)state;
	every_ident(6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lengths),
		cmocka_unit_test(test_single_bytes),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_accumulates),
		cmocka_unit_test(test_fold),
		cmocka_unit_test(test_fixed),
		cmocka_unit_test(test_every_checksum4),
		cmocka_unit_test(test_every_checksum6),
		cmocka_unit_test(test_every_ident4),
		cmocka_unit_test(test_every_ident6),
	};

	own = own_addresses();
	return TAP_RUN("checksum", tests);
}
