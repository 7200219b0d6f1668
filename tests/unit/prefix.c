// SPDX-License-Identifier: GPL-2.0-only
/*
 * The table of prefixes, built by the loader and looked up by the code of bpf/, which is
 * compiled here with arrays for maps. Held against a scan of all prefixes.
 */
#include "vectors/cmocka.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <arpa/inet.h>

#include "loader/prefixtable.h"

/* What bpf/prefix.bpf.h takes from maps.bpf.h and libbpf; no index may be beyond the map. */
#define EG_MAPS_BPF_H
#define __noinline __attribute__((noinline))

struct map {
	const void *values;
	size_t size, count;
};

static struct eg_prefix_info eg_prefix_info;
static struct map eg_prefix4, eg_bucket4, eg_mixed4, eg_prefix6, eg_bucket6;
static size_t fetched;

static const void *bpf_map_lookup_elem(const struct map *map, const __u32 *key)
{
	assert_in_range(*key, 0, map->count - 1);
	fetched++;
	return (const char *)map->values + *key * map->size;
}

int eg_class4_among(__u32 addr, __u32 cell);
int eg_class6_among(__u64 hi, __u64 lo, __u64 lengths);
#include "../../bpf/prefix.bpf.h"

static void use(const struct prefix_table *t)
{
	eg_prefix_info = t->info;
	eg_prefix4 = (struct map){ t->top4, sizeof(*t->top4), t->top4_count };
	eg_bucket4 = (struct map){ t->buckets4, sizeof(*t->buckets4), t->bucket4_count };
	eg_mixed4 = (struct map){ t->mixed4, sizeof(*t->mixed4), t->mixed4_count };
	eg_prefix6 = (struct map){ t->top6, sizeof(*t->top6), t->top6_count };
	eg_bucket6 = (struct map){ t->buckets6, sizeof(*t->buckets6), t->bucket6_count };
}

/* Lists ---------------------------------------------------------------------- */

#define LISTS_MAX 100

static struct prefixes lists[LISTS_MAX];
static const struct prefixes *refs[LISTS_MAX];
static uint64_t seed = RND_SEED;

static uint32_t below(uint32_t n)
{
	return (rnd(&seed) >> 32) * n >> 32;
}

static bool contains(const struct prefix *p, int family, const __be32 *addr)
{
	if (p->family != family)
		return false;
	for (int bit = 0; bit < p->length; bit++)
		if ((be32toh(p->addr[bit / 32]) ^ be32toh(addr[bit / 32])) >> (31 - bit % 32) & 1)
			return false;
	return true;
}

static void add(int list, int family, const __be32 *addr, unsigned int length)
{
	struct prefixes *l = &lists[list];
	struct prefix *p;

	if (l->count == l->room) {
		l->room = l->room ? 2 * l->room : 16;
		l->list = realloc(l->list, l->room * sizeof(*l->list));
		assert_non_null(l->list);
	}
	p = &l->list[l->count++];
	*p = (struct prefix){ .family = family, .length = length };
	for (unsigned int i = 0; i < 4 && length > 32 * i; i++) {
		p->addr[i] = addr[i];
		if (length < 32 * (i + 1))
			p->addr[i] &= htobe32(~0u << (32 * (i + 1) - length));
	}
}

static void add_text(int list, const char *text, unsigned int length)
{
	int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	__be32 addr[4] = {};

	assert_int_equal(inet_pton(family, text, addr), 1);
	add(list, family, addr, length);
}

static int forget(void **state)
{
	(void)state;
	for (int i = 0; i < LISTS_MAX; i++) {
		free(lists[i].list);
		lists[i] = (struct prefixes){};
		refs[i] = &lists[i];
	}
	return 0;
}

static uint32_t look_up(int family, const __be32 *addr)
{
	return family == AF_INET ? eg_class4(addr[0]) : eg_class6(addr);
}

/* The class has the address's lists for members, and no other. */
static void check(const struct prefix_table *t, int count, int family, const __be32 *addr)
{
	uint32_t class = look_up(family, addr);
	bool any = false;

	assert_in_range(class, 0, t->class_count - 1);
	for (int l = 0; l < count; l++) {
		bool member = t->members[class * t->words + l / 64] >> l % 64 & 1, in = false;

		for (size_t i = 0; i < lists[l].count && !in; i++)
			in = contains(&lists[l].list[i], family, addr);
		if (in != member) {
			char text[INET6_ADDRSTRLEN];

			print_message("# %s, list %d: %d\n",
				      inet_ntop(family, addr, text, sizeof(text)), l, member);
		}
		assert_int_equal(in, member);
		any |= in;
	}
	assert_int_equal(any, class != 0);
}

/* One more or less than a prefix's first or last address. */
static void step(__be32 *addr, int words, int by)
{
	for (int i = words - 1; i >= 0; i--) {
		uint32_t old = be32toh(addr[i]), new = old + by;

		addr[i] = htobe32(new);
		if (by > 0 ? new > old : new < old)
			return;
	}
}

static void check_edges(const struct prefix_table *t, int count, const struct prefix *p)
{
	int words = p->family == AF_INET ? 1 : 4;
	__be32 addr[4];

	memcpy(addr, p->addr, sizeof(addr));
	check(t, count, p->family, addr);
	step(addr, words, -1);
	check(t, count, p->family, addr);
	memcpy(addr, p->addr, sizeof(addr));
	for (int bit = p->length; bit < 32 * words; bit++)
		addr[bit / 32] |= htobe32(1u << (31 - bit % 32));
	check(t, count, p->family, addr);
	step(addr, words, 1);
	check(t, count, p->family, addr);
}

/* Builds, and looks up both ends of all prefixes, what stands beside them, and chance addresses. */
static void check_all(int count)
{
	struct prefix_table t;

	assert_int_equal(prefix_table__build(refs, count, &t), 0);
	use(&t);
	for (int l = 0; l < count; l++)
		for (size_t i = 0; i < lists[l].count; i++)
			check_edges(&t, count, &lists[l].list[i]);
	for (int i = 0; i < 20; i++) {
		__be32 addr[4] = { rnd(&seed), rnd(&seed), rnd(&seed), rnd(&seed) };

		check(&t, count, AF_INET, addr);
		check(&t, count, AF_INET6, addr);
	}
	prefix_table__free(&t);
}

/* Tests ---------------------------------------------------------------------- */

static void test_empty(void **state)
{
	(void)state;
	check_all(0);
	check_all(1);
	check_all(LISTS_MAX);
}

static void test_edges(void **state)
{
	static const char *const v4[] = { "0.0.0.0", "255.255.255.255", "198.18.128.1",
					  "198.19.255.254" };
	static const char *const v6[] = { "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
					  "fd00:8000:8000:8000:8000:8000:8000:8001" };
	static const int lengths4[] = { 0, 1, 8, 15, 16, 17, 24, 31, 32 };
	static const int lengths6[] = { 0, 1, 31, 32, 33, 63, 64, 65, 127, 128 };

	(void)state;
	/* Each alone, so that there is no other length. */
	for (int a = 0; a < 4; a++) {
		for (int l = 0; l < 9; l++) {
			add_text(0, v4[a], lengths4[l]);
			check_all(1);
			forget(NULL);
		}
	}
	for (int a = 0; a < 3; a++) {
		for (int l = 0; l < 10; l++) {
			add_text(0, v6[a], lengths6[l]);
			check_all(1);
			forget(NULL);
		}
	}
	/* Then each in a list of its own, all together. */
	for (int a = 0; a < 4; a++)
		for (int l = 0; l < 9; l++)
			add_text(l, v4[a], lengths4[l]);
	for (int a = 0; a < 3; a++)
		for (int l = 0; l < 10; l++)
			add_text(9 + l, v6[a], lengths6[l]);
	check_all(19);
}

/* Every length around the same address: more than a bit each. The longer is in fewer lists. */
static void test_every_length(void **state)
{
	(void)state;
	for (int length = 0; length <= 32; length++)
		add_text(length, "198.18.171.205", length);
	for (int length = 0; length <= 128; length++)
		add_text(length % LISTS_MAX, "fd00:1:abcd:2:eeee:3:bebe:c0de", length);
	check_all(LISTS_MAX);
	/* And with some that differ in the upper half. */
	for (int length = 0; length <= 128; length++)
		add_text(length % 7, "fd00:2:abcd:2:eeee:3:bebe:c0de", length);
	check_all(LISTS_MAX);
}

/* 198.18.0.1/32 and 198.18.0.0/31 have the same key. */
static void test_twins(void **state)
{
	(void)state;
	add_text(0, "198.18.0.1", 32);
	check_all(1);
	add_text(1, "198.18.0.0", 31);
	check_all(2);
	forget(NULL);
	add_text(0, "198.18.0.0", 31);
	add_text(0, "198.18.0.0", 17);
	add_text(0, "198.18.0.0", 20);
	check_all(1);
}

/* What its cover says already needs no place. */
static void test_redundant(void **state)
{
	struct prefix_table t;

	(void)state;
	add_text(0, "198.18.0.0", 17);
	for (int i = 0; i < 1000; i++) {
		__be32 addr = htobe32(0xc6120000 + i);

		add(0, AF_INET, &addr, 32);
	}
	assert_int_equal(prefix_table__build(refs, 1, &t), 0);
	assert_int_equal(t.prefix4_count, 1001);
	assert_int_equal(t.class_count, 2);
	assert_int_equal(t.info.always4, 1 << 15);
	prefix_table__free(&t);
	check_all(1);
}

/* An address near one that was there already, so that prefixes nest and meet. */
static void near(int family, __be32 *addr)
{
	int words = family == AF_INET ? 1 : 4, l = below(LISTS_MAX), keep;
	const struct prefixes *p = &lists[l];

	for (int i = 0; i < 4; i++)
		addr[i] = i < words ? rnd(&seed) : 0;
	if (!p->count || !below(4))
		return;
	p = &lists[l];
	keep = below(32 * words + 1);
	for (int bit = 0; bit < keep; bit++) {
		__be32 mask = htobe32(1u << (31 - bit % 32));

		addr[bit / 32] = (addr[bit / 32] & ~mask) |
				 (p->list[below(p->count)].addr[bit / 32] & mask);
	}
}

static void test_random(void **state)
{
	static const uint8_t usual4[] = { 0, 8, 16, 17, 20, 24, 24, 28, 31, 32, 32 };
	static const uint8_t usual6[] = { 0, 20, 32, 33, 48, 48, 56, 64, 64, 127, 128, 128 };

	(void)state;
	for (int round = 0; round < 400; round++) {
		int count = 1 + below(round % 10 ? 5 : LISTS_MAX), prefixes = below(120);
		int families = below(3), style = below(3), one4 = below(33), one6 = below(129);

		for (int i = 0; i < prefixes; i++) {
			int family = families == 2 ? below(2) ? AF_INET : AF_INET6
						   : families ? AF_INET : AF_INET6;
			int length = family == AF_INET
				? style == 0 ? (int)below(33) : style == 1 ? usual4[below(11)] : one4
				: style == 0 ? (int)below(129) : style == 1 ? usual6[below(12)] : one6;
			__be32 addr[4];

			near(family, addr);
			for (int again = below(3); again >= 0; again--)
				add(below(count), family, addr, length);
		}
		check_all(count);
		forget(NULL);
	}
}

/* CLASS_MAX combinations of lists are as many as there may be. */
static void test_class_limit(void **state)
{
	struct prefix_table t;

	(void)state;
	for (uint32_t set = 1; set <= CLASS_MAX + 1; set++) {
		__be32 addr = htobe32(0xc6000000 + set * 7);

		for (int l = 0; l < 16; l++)
			if (set >> l & 1)
				add(l, AF_INET, &addr, 32);
		if (set < CLASS_MAX)
			continue;
		if (set > CLASS_MAX) {
			assert_int_equal(prefix_table__build(refs, 16, &t), -E2BIG);
			prefix_table__free(&t);
			return;
		}
		assert_int_equal(prefix_table__build(refs, 16, &t), 0);
		use(&t);
		assert_int_equal(t.class_count, CLASS_MAX + 1);
		for (uint32_t s = 0; s < set; s++)
			assert_int_equal(t.members[eg_class4(htobe32(0xc6000000 + s * 7))], s);
		prefix_table__free(&t);
	}
}

/* Size and cost ---------------------------------------------------------------- */

static double seconds(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec + ts.tv_nsec / 1e9;
}

struct load {
	const char *name;
	int family;
	uint8_t lengths[8]; /* one of them by chance; 0: no more */
	bool dense; /* consecutive addresses */
	size_t count;
	double fetches; /* a member's look-up may need on average */
};

static void test_load(const struct load *load)
{
	int count = 0;
	struct prefix_table t;
	double start, bytes;
	size_t held;

	while (count < 8 && load->lengths[count])
		count++;
	for (size_t i = 0; i < load->count; i++) {
		__be32 addr[4] = { rnd(&seed), rnd(&seed), rnd(&seed), rnd(&seed) };
		int length = load->lengths[below(count)];

		if (load->dense) {
			memset(addr, 0, sizeof(addr));
			addr[load->family == AF_INET ? 0 : length > 96 ? 3 : 1] = htobe32(0xc6000000 + i);
		}
		add(0, load->family, addr, length);
	}
	start = seconds();
	assert_int_equal(prefix_table__build(refs, 1, &t), 0);
	held = load->family == AF_INET ? t.prefix4_count : t.prefix6_count;
	bytes = (double)prefix_table__memory(&t) / held;
	print_message("# %s: %zu prefixes, %.2f s with sanitizers, %.1f bytes each", load->name, held,
		      seconds() - start, bytes);
	use(&t);
	fetched = 0;
	for (size_t i = 0; i < load->count; i++)
		assert_int_equal(look_up(load->family, lists[0].list[i].addr), 1);
	print_message(", %.3f fetches a member", (double)fetched / load->count);
	assert_true(fetched <= load->fetches * load->count);
	fetched = 0;
	for (size_t i = 0; i < 100000; i++) {
		__be32 addr[4] = { rnd(&seed), rnd(&seed), rnd(&seed), rnd(&seed) };

		look_up(load->family, addr);
	}
	print_message(", %.3f a stranger\n", fetched / 100000.0);
	assert_true(bytes * held <= 64.0 * held + (64 << 20));
	prefix_table__free(&t);
	forget(NULL);
}

static void test_million(void **state)
{
	/* Of dense ones a sixth may stand in their second bucket, which costs two fetches more. */
	static const struct load loads[] = {
		{ "IPv4 /32", AF_INET, { 32 }, false, 100000, 1.2 },
		{ "IPv4 /32", AF_INET, { 32 }, false, 1000000, 1.2 },
		{ "IPv4 /32, dense", AF_INET, { 32 }, true, 1000000, 1.4 },
		{ "IPv4 /24", AF_INET, { 24 }, false, 1000000, 1.2 },
		{ "IPv4 /20-/32", AF_INET, { 20, 22, 24, 24, 28, 32, 32, 32 }, false, 1000000, 5 },
		{ "IPv6 /48", AF_INET6, { 48 }, false, 1000000, 1.2 },
		{ "IPv6 /64, dense", AF_INET6, { 64 }, true, 1000000, 1.4 },
		{ "IPv6 /128", AF_INET6, { 128 }, false, 1000000, 1.2 },
		{ "IPv6 /32-/128", AF_INET6, { 32, 40, 44, 48, 56, 64, 64, 128 }, false, 1000000, 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		test_load(&loads[i]);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, forget, forget)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_empty),	TEST(test_edges),      TEST(test_every_length),
		TEST(test_twins),	TEST(test_redundant),  TEST(test_random),
		TEST(test_class_limit), TEST(test_million),
	};

	return TAP_RUN("prefix", tests);
}
